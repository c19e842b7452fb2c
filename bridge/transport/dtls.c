/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/transport/dtls.h"
#include <ctype.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/srtp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>
#include "bridge/transport/dtls_private.h"
#include "bridge/transport/dtls_record.h"

#define TIMEOUT_MAX_US 3000000
#define EXPORT_LABEL "EXTRACTOR-dtls_srtp"
#define WRITE_MAX (DTLS_MTU - 64) /* record header, explicit nonce and tag fit beside it */

static const char *const end_names[] = {
    [DTLS_CLOSED_BY_PEER] = "closed-by-peer",         [DTLS_FAILED_HANDSHAKE] = "failed-handshake",
    [DTLS_FAILED_FINGERPRINT] = "failed-fingerprint", [DTLS_FAILED_TIMEOUT] = "failed-timeout",
    [DTLS_FAILED_PROFILE] = "failed-profile",
};

const char *dtls_end_name(DtlsEnd e)
{
    return (unsigned)e < sizeof(end_names) / sizeof(end_names[0]) ? end_names[e] : "?";
}

/* ---- the datagram BIO: reads the one datagram at hand, writes through the callback ---- */

static int bio_read(BIO *b, char *out, int size)
{
    DtlsTransport *t = BIO_get_data(b);
    BIO_clear_retry_flags(b);
    if (!t->in) {
        BIO_set_retry_read(b);
        return -1;
    }
    int n = (int)t->in_len < size ? (int)t->in_len : size;
    memcpy(out, t->in, (size_t)n);
    t->in = NULL;
    return n;
}

/* An alert in the clear would tell the peer to give up because of something a third party may have sent: it
 * is kept back until we give up ourselves. */
static int bio_write(BIO *b, const char *bytes, int n)
{
    DtlsTransport *t = BIO_get_data(b);
    const uint8_t *p = (const uint8_t *)bytes;
    BIO_clear_retry_flags(b);
    if (t->priming)
        return n;
    if (dtls_record_is_clear_alert(p, (size_t)n)) {
        t->alert_len = (size_t)n <= sizeof(t->alert) ? (size_t)n : 0;
        memcpy(t->alert, p, t->alert_len);
        return n;
    }
    if (t->flight)
        dtls_flight_sent(t->flight, p, (size_t)n);
    if (!t->ended)
        t->cb.send(t->user, p, (size_t)n);
    return n;
}

static long bio_ctrl(BIO *b, int cmd, long num, void *ptr)
{
    switch (cmd) {
    case BIO_CTRL_FLUSH:
    case BIO_CTRL_DGRAM_SET_NEXT_TIMEOUT:
        return 1;
    default: /* pending, MTU questions: none */
        return 0;
    }
}

static int bio_create(BIO *b)
{
    BIO_set_init(b, 1);
    return 1;
}

/* ---- context ---- */

DtlsContext *dtls_context_new(int64_t now_us)
{
    DtlsContext *ctx = calloc(1, sizeof(*ctx));
    if (!ctx)
        return NULL;
    ctx->refs = 1;
    ctx->certificate = dtls_certificate_new(now_us);
    ctx->bio = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "plenum datagram");
    if (!ctx->certificate || !ctx->bio || !BIO_meth_set_read(ctx->bio, bio_read) ||
        !BIO_meth_set_write(ctx->bio, bio_write) || !BIO_meth_set_ctrl(ctx->bio, bio_ctrl) ||
        !BIO_meth_set_create(ctx->bio, bio_create)) {
        dtls_context_free(ctx);
        return NULL;
    }
    return ctx;
}

void dtls_context_free(DtlsContext *ctx)
{
    if (!ctx || --ctx->refs > 0)
        return;
    dtls_certificate_unref(ctx->certificate);
    BIO_meth_free(ctx->bio);
    free(ctx);
}

/* ---- life ---- */

DtlsTransport *dtls_new(DtlsContext *ctx, const DtlsCallbacks *cb, void *user, int64_t now_us)
{
    if (now_us - ctx->certificate->created_us >= DTLS_CERTIFICATE_US) {
        DtlsCertificate *fresh = dtls_certificate_new(now_us);
        if (fresh) { /* else the old one has days left */
            dtls_certificate_unref(ctx->certificate);
            ctx->certificate = fresh;
        }
    }
    DtlsTransport *t = calloc(1, sizeof(*t));
    if (!t)
        return NULL;
    ctx->refs++;
    t->ctx = ctx;
    t->certificate = dtls_certificate_ref(ctx->certificate);
    t->cb = *cb;
    t->user = user;
    return t;
}

/* 34 KB of record buffers that a data channel needs for a moment every few seconds. OpenSSL 3.0 allocates
 * them again by itself for reading, but not for writing DTLS: every entry that may write takes them first. */
static void buffers_take(DtlsTransport *t)
{
    if (t->connected)
        SSL_alloc_buffers(t->ssl);
}

static void buffers_release(DtlsTransport *t)
{
    if (t->connected && !t->processing)
        SSL_free_buffers(t->ssl); /* refuses while something is pending in them */
}

static void held_clear(DtlsTransport *t)
{
    while (t->held) {
        Held *h = t->held;
        t->held = h->next;
        free(h);
    }
    t->n_held = 0;
}

static void held_add(DtlsTransport *t, const uint8_t *bytes, size_t len)
{
    Held *h = t->n_held < DTLS_EARLY_MAX ? malloc(sizeof(*h) + len) : NULL;
    if (!h) {
        t->dropped++;
        return;
    }
    h->next = NULL;
    h->len = len;
    memcpy(h->bytes, bytes, len);
    Held **end = &t->held;
    while (*end)
        end = &(*end)->next;
    *end = h;
    t->n_held++;
}

static void end(DtlsTransport *t, DtlsEnd why)
{
    if (t->ended)
        return;
    t->ended = true;
    t->ready = false;
    held_clear(t);
    t->cb.ended(t->user, why);
}

void dtls_free(DtlsTransport *t)
{
    if (!t)
        return;
    t->ended = true; /* nothing is sent from here on */
    dtls_rivals_clear(t);
    SSL_free(t->ssl);
    dtls_flight_free(t->flight);
    held_clear(t);
    free(t->fingerprints);
    dtls_certificate_unref(t->certificate);
    dtls_context_free(t->ctx);
    free(t);
}

const char *dtls_fingerprint(const DtlsTransport *t)
{
    return t->certificate->fingerprint;
}

bool dtls_is_started(const DtlsTransport *t)
{
    return t->ssl != NULL;
}

bool dtls_is_ready(const DtlsTransport *t)
{
    return t->ready;
}

/* ---- fingerprints ---- */

bool dtls_add_fingerprint(DtlsTransport *t, const char *hash, const char *value)
{
    char name[8] = "";
    for (size_t i = 0; i < sizeof(name) - 1 && hash[i]; i++)
        name[i] = (char)tolower((unsigned char)hash[i]);
    unsigned bytes = strlen(hash) == strlen(name) ? dtls_certificate_hash_bytes(name) : 0;
    if (bytes == 0 || !dtls_certificate_value_ok(value, bytes) || t->n_fingerprints >= DTLS_FINGERPRINTS_MAX)
        return false;
    if (!t->fingerprints && !(t->fingerprints = calloc(DTLS_FINGERPRINTS_MAX, sizeof(*t->fingerprints))))
        return false;
    Fingerprint *f = &t->fingerprints[t->n_fingerprints++];
    memcpy(f->hash, name, sizeof(name));
    for (size_t i = 0; value[i]; i++)
        f->value[i] = (char)toupper((unsigned char)value[i]);
    return true;
}

static bool peer_matches(const DtlsTransport *t)
{
    const char *strongest = "";
    char digest[DIGEST_TEXT_MAX];
    for (unsigned i = 0; i < t->n_fingerprints; i++)
        if (dtls_certificate_hash_bytes(t->fingerprints[i].hash) > dtls_certificate_hash_bytes(strongest))
            strongest = t->fingerprints[i].hash;
    X509 *peer = SSL_get0_peer_certificate(t->ssl);
    if (!peer || !*strongest || !dtls_certificate_digest(peer, strongest, digest, sizeof(digest)))
        return false;
    for (unsigned i = 0; i < t->n_fingerprints; i++)
        if (strcmp(t->fingerprints[i].hash, strongest) == 0 && strcmp(t->fingerprints[i].value, digest) == 0)
            return true;
    return false;
}

/* ---- keys ---- */

/* RFC 5764 4.2: client key, server key, client salt, server salt. */
static bool export_keys(const DtlsTransport *t, SrtpKeys *keys)
{
    const SRTP_PROTECTION_PROFILE *profile = SSL_get_selected_srtp_profile(t->ssl);
    uint8_t m[2 * (SRTP_KEY_MAX_BYTES + SRTP_SALT_MAX_BYTES)];
    memset(keys, 0, sizeof(*keys));
    if (!profile)
        return false;
    keys->profile = (SrtpProfile)profile->id; /* both are the registry's numbers */
    size_t k = srtp_key_len(keys->profile), s = srtp_salt_len(keys->profile), server = t->role == DTLS_SERVER;
    if (k == 0 ||
        SSL_export_keying_material(t->ssl, m, 2 * (k + s), EXPORT_LABEL, strlen(EXPORT_LABEL), NULL, 0, 0) != 1)
        return false;
    memcpy(keys->tx_key, m + server * k, k);
    memcpy(keys->rx_key, m + !server * k, k);
    memcpy(keys->tx_salt, m + 2 * k + server * s, s);
    memcpy(keys->rx_salt, m + 2 * k + !server * s, s);
    OPENSSL_cleanse(m, sizeof(m));
    return true;
}

/* Once the handshake is complete and the signalled fingerprints are known, whichever comes last. */
static void judge(DtlsTransport *t)
{
    SrtpKeys keys;
    if (!t->connected || !t->fingerprints_done || t->ready || t->ended)
        return;
    buffers_take(t);
    if (!peer_matches(t)) {
        SSL_shutdown(t->ssl);
        end(t, DTLS_FAILED_FINGERPRINT);
        return;
    }
    if (!export_keys(t, &keys)) {
        SSL_shutdown(t->ssl);
        end(t, DTLS_FAILED_PROFILE);
        return;
    }
    t->ready = true;
    t->cb.ready(t->user, &keys);
    srtp_keys_wipe(&keys);
    while (t->held && !t->ended) {
        Held *h = t->held;
        t->held = h->next;
        t->n_held--;
        t->cb.data(t->user, h->bytes, h->len);
        free(h);
    }
}

void dtls_fingerprints_done(DtlsTransport *t, int64_t now_us)
{
    t->fingerprints_done = t->n_fingerprints > 0;
    judge(t);
}

/* ---- the session ---- */

static unsigned timer(SSL *ssl, unsigned timer_us)
{
    if (timer_us == 0)
        return DTLS_FIRST_TIMEOUT_US;
    return timer_us * 2 < TIMEOUT_MAX_US ? timer_us * 2 : TIMEOUT_MAX_US;
}

/* The library has sent its request for the cookie: we did that long ago, and the hello with it is here. */
static bool prime(DtlsTransport *t, SSL *ssl)
{
    uint8_t primer[DTLS_COOKIE_PRIMER_BYTES];
    dtls_cookie_primer(primer);
    SSL_set_options(ssl, SSL_OP_COOKIE_EXCHANGE);
    t->in = primer;
    t->in_len = sizeof(primer);
    t->priming = true;
    ERR_clear_error();
    int r = SSL_do_handshake(ssl);
    bool waits = r <= 0 && SSL_get_error(ssl, r) == SSL_ERROR_WANT_READ && !t->in;
    ERR_clear_error();
    t->priming = false;
    t->in = NULL;
    return waits;
}

bool dtls_session_new(DtlsTransport *t, bool asked)
{
    SSL *ssl = SSL_new(t->certificate->ssl);
    BIO *bio = ssl ? BIO_new(t->ctx->bio) : NULL;
    DtlsFlight *flight = bio && t->role == DTLS_SERVER ? dtls_flight_new(asked) : NULL;
    if (!bio || (t->role == DTLS_SERVER && !flight)) {
        BIO_free(bio);
        SSL_free(ssl);
        return false;
    }
    BIO_set_data(bio, t);
    SSL_set_bio(ssl, bio, bio);
    SSL_set_app_data(ssl, t->cookie);
    SSL_set_mtu(ssl, DTLS_MTU);
    DTLS_set_timer_cb(ssl, timer);
    if (t->role == DTLS_SERVER)
        SSL_set_accept_state(ssl);
    else
        SSL_set_connect_state(ssl);
    if (asked && !prime(t, ssl)) {
        SSL_free(ssl);
        dtls_flight_free(flight);
        return false;
    }
    dtls_flight_free(t->flight);
    t->flight = flight;
    SSL_free(t->ssl);
    t->ssl = ssl;
    t->sessions++;
    return true;
}

static bool begin_anew(DtlsTransport *t)
{
    bool ok = dtls_session_new(t, false);
    if (ok && t->role == DTLS_CLIENT)
        SSL_do_handshake(t->ssl);
    ERR_clear_error();
    return ok;
}

/* The handshake met something it cannot go on with. Whoever sent that: a new one may still succeed, until the deadline.
 * As long as no client has proven himself it costs no try, so that no number of bad hellos keeps a good one waiting; a
 * peer who fails again and again in what only he can have said is given one try a second. */
static void spoilt(DtlsTransport *t, int64_t now_us)
{
    bool proven = !t->flight || dtls_flight_is_proven(t->flight);
    ERR_clear_error();
    if (dtls_rivals_return(t))
        return;
    if ((proven && t->sessions >= DTLS_SESSIONS_MAX) || !begin_anew(t)) {
        t->rest_until_us = now_us + DTLS_REST_US;
    } else if (!proven) {
        t->sessions--;
        t->hellos++;
    }
}

static void handshake(DtlsTransport *t, int64_t now_us)
{
    ERR_clear_error();
    int r = SSL_do_handshake(t->ssl);
    if (r == 1) {
        t->connected = true;
        dtls_flight_free(t->flight);
        t->flight = NULL;
        judge(t);
    } else if (SSL_get_error(t->ssl, r) != SSL_ERROR_WANT_READ) {
        spoilt(t, now_us);
    }
    ERR_clear_error();
}

static void read_data(DtlsTransport *t)
{
    uint8_t bytes[DTLS_RECEIVE_MAX];
    while (!t->ended) {
        ERR_clear_error();
        int n = SSL_read(t->ssl, bytes, sizeof(bytes));
        if (n <= 0)
            break;
        if (t->ready)
            t->cb.data(t->user, bytes, (size_t)n);
        else
            held_add(t, bytes, (size_t)n);
    }
    if (!t->ended && (SSL_get_shutdown(t->ssl) & SSL_RECEIVED_SHUTDOWN))
        end(t, DTLS_CLOSED_BY_PEER);
    ERR_clear_error(); /* anything else is a bad record, and those change nothing */
}

/* Nobody needs so many datagrams for a handshake: each may cost a signature. */
static bool too_many(DtlsTransport *t, int64_t now_us)
{
    if (now_us - t->datagrams_us >= 1000000) {
        t->datagrams_us = now_us;
        t->datagrams = 0;
    }
    return !t->connected && ++t->datagrams > DTLS_HANDSHAKE_DATAGRAMS_PER_S;
}

static void process(DtlsTransport *t, const uint8_t *buf, size_t len, int64_t now_us)
{
    uint8_t records[DTLS_RECEIVE_MAX], proven[3 * DTLS_RECEIVE_MAX + DTLS_FLIGHT_ROOM];
    const uint8_t *in = records;
    size_t n = t->rest_until_us ? 0 : dtls_records_filter(buf, len, records);
    if (n == 0 || !dtls_rivals_hello(t, records, n, now_us) || too_many(t, now_us)) {
        t->dropped++;
        return;
    }
    if (t->flight) {
        in = proven;
        n = dtls_rivals_hear(t, records, n, proven, sizeof(proven));
        if (n == 0)
            return;
    }
    t->in = in;
    t->in_len = n;
    t->processing = true;
    buffers_take(t);
    if (!t->connected)
        handshake(t, now_us);
    if (t->connected && !t->ended)
        read_data(t); /* also repeats our last flight when the peer lost it */
    t->in = NULL;
    t->processing = false;
    buffers_release(t);
}

bool dtls_start(DtlsTransport *t, DtlsRole role, int64_t now_us)
{
    if (t->ssl || t->ended)
        return false;
    t->role = role;
    if (RAND_bytes(t->cookie, sizeof(t->cookie)) != 1 || !dtls_session_new(t, false))
        return false;
    t->deadline_us = now_us + DTLS_HANDSHAKE_US;
    if (role == DTLS_CLIENT)
        handshake(t, now_us);
    Held *early = t->held;
    t->held = NULL;
    t->n_held = 0;
    while (early) {
        Held *h = early;
        early = h->next;
        if (!t->ended)
            process(t, h->bytes, h->len, now_us);
        free(h);
    }
    return true;
}

void dtls_on_datagram(DtlsTransport *t, const uint8_t *buf, size_t len, int64_t now_us)
{
    if (t->ended || len > DTLS_RECEIVE_MAX) {
        t->dropped++;
        return;
    }
    if (t->ssl)
        process(t, buf, len, now_us);
    else
        held_add(t, buf, len);
}

void dtls_on_timer(DtlsTransport *t, int64_t now_us)
{
    if (!t->ssl || t->ended)
        return;
    if (!t->ready && now_us >= t->deadline_us) {
        if (t->alert_len)
            t->cb.send(t->user, t->alert, t->alert_len);
        end(t, t->alert_len ? DTLS_FAILED_HANDSHAKE : DTLS_FAILED_TIMEOUT);
        return;
    }
    if (t->rest_until_us) {
        if (now_us >= t->rest_until_us) {
            t->rest_until_us = begin_anew(t) ? 0 : now_us + DTLS_REST_US;
        }
        return;
    }
    ERR_clear_error();
    buffers_take(t);
    if (DTLSv1_handle_timeout(t->ssl) < 0 && !t->connected) { /* OpenSSL has repeated the flight a dozen times */
        if (t->flight)
            spoilt(t, now_us); /* nobody answers: another client may still come, until the deadline */
        else
            end(t, DTLS_FAILED_TIMEOUT);
    }
    ERR_clear_error();
    buffers_release(t);
}

int64_t dtls_next_due(const DtlsTransport *t, int64_t now_us)
{
    struct timeval tv;
    if (!t->ssl || t->ended)
        return INT64_MAX;
    int64_t due = t->ready ? INT64_MAX : t->deadline_us;
    if (t->rest_until_us)
        return t->rest_until_us < due ? t->rest_until_us : due;
    if (DTLSv1_get_timeout(t->ssl, &tv)) {
        int64_t at = now_us + (int64_t)tv.tv_sec * 1000000 + tv.tv_usec;
        due = at < due ? at : due;
    }
    return due;
}

bool dtls_write(DtlsTransport *t, const uint8_t *bytes, size_t len)
{
    if (!t->ready || len == 0 || len > WRITE_MAX)
        return false;
    ERR_clear_error();
    buffers_take(t);
    bool ok = SSL_write(t->ssl, bytes, (int)len) == (int)len;
    ERR_clear_error();
    buffers_release(t);
    return ok;
}

void dtls_close(DtlsTransport *t)
{
    if (t->connected && !t->ended) {
        ERR_clear_error();
        buffers_take(t);
        SSL_shutdown(t->ssl);
        ERR_clear_error();
    }
    t->ended = true;
    t->ready = false;
    held_clear(t);
}

int dtls_dump(const DtlsTransport *t, char *out, size_t cap)
{
    const char *state = t->ended       ? "ended"
                        : t->ready     ? "ready"
                        : t->connected ? "awaiting-fingerprint"
                        : t->ssl       ? "handshake"
                                       : "new";
    const char *cipher = t->connected ? SSL_get_cipher_name(t->ssl) : "";
    const SRTP_PROTECTION_PROFILE *p = t->connected ? SSL_get_selected_srtp_profile(t->ssl) : NULL;
    return snprintf(out, cap,
                    "{\"state\":\"%s\",\"role\":\"%s\",\"cipher\":\"%s\",\"srtp\":\"%s\",\"fingerprints\":%u,"
                    "\"sessions\":%u,\"asked\":%u,\"dropped\":%u}",
                    state, t->role == DTLS_SERVER ? "server" : "client", cipher, p ? p->name : "", t->n_fingerprints,
                    t->sessions + t->hellos, t->asked, t->dropped);
}
