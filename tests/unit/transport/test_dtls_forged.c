/* SPDX-License-Identifier: Apache-2.0
 *
 * Handshakes while somebody sends forged datagrams from the client's address. */
#include <glib.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdio.h>
#include "bridge/transport/dtls_certificate.h"
#include "tests/unit/transport/dtls_pair.h"

static void append_u24(GByteArray *a, unsigned v)
{
    g_byte_array_append(a, (const uint8_t[]){ (uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v }, 3);
}

/* One handshake fragment in a record of its own, contents random. */
static void forge(DtlsPeer *to, unsigned type, unsigned seq, unsigned len, unsigned off, unsigned n, uint64_t record)
{
    g_autoptr(GByteArray) a = g_byte_array_new();
    g_byte_array_append(a, (const uint8_t[]){ 22, 0xfe, 0xfd, 0, 0 }, 5);
    append_u24(a, (unsigned)(record >> 24));
    append_u24(a, (unsigned)record & 0xffffff);
    g_byte_array_append(a, (const uint8_t[]){ (uint8_t)((n + 12) >> 8), (uint8_t)(n + 12), (uint8_t)type }, 3);
    append_u24(a, len);
    g_byte_array_append(a, (const uint8_t[]){ (uint8_t)(seq >> 8), (uint8_t)seq }, 2);
    append_u24(a, off);
    append_u24(a, n);
    for (unsigned i = 0; i < n; i++) {
        uint8_t byte = (uint8_t)g_test_rand_int();
        g_byte_array_append(a, &byte, 1);
    }
    dtls_peer_feed(to, a->data, a->len);
}

/* What the client sent, without the client having noticed an answer: its first flight goes to the server. */
static void say_hello(DtlsPair *p)
{
    g_autoptr(GBytes) hello = g_queue_pop_head(&p->c.out);
    dtls_peer_feed(&p->s, g_bytes_get_data(hello, NULL), g_bytes_get_size(hello));
    g_assert_cmpuint(p->s.sent, >, 0);
}

static unsigned sessions(const DtlsPeer *e)
{
    char dump[512];
    unsigned n = 0;
    dtls_dump(e->t, dump, sizeof(dump));
    g_assert_cmpint(sscanf(strstr(dump, "\"sessions\":"), "\"sessions\":%u", &n), ==, 1);
    return n;
}

static void assert_soon(DtlsPair *p, gint64 most_us)
{
    gint64 before_us = p->waited_us;
    dtls_pair_run(p, 0, 8 * G_USEC_PER_SEC, dtls_pair_is_ready);
    g_assert_true(dtls_pair_is_ready(p));
    g_assert_cmpint(p->waited_us - before_us, <, most_us);
    dtls_pair_assert_mirrored(p);
    dtls_pair_assert_data(p, &p->c, &p->s);
}

typedef struct {
    const char *name;
    unsigned type, seq, len, off, n;
    uint64_t record;
} Forgery;

static const Forgery forgeries[] = {
    { "certificate, its beginning", 11, 1, 400, 0, 100, 1 },
    { "certificate, its end", 11, 1, 400, 300, 100, 1 },
    { "certificate, another length", 11, 1, 700, 0, 350, 1 },
    { "certificate, whole", 11, 1, 30, 0, 30, 1 },
    { "key exchange, whole", 16, 2, 33, 0, 33, 2 },
    { "key exchange, one byte", 16, 2, 33, 10, 1, 2 },
    { "verify, whole", 15, 3, 75, 0, 75, 3 },
    { "verify, the beginning", 15, 3, 75, 0, 10, 3 },
    { "wrong type", 20, 1, 12, 0, 12, 1 },
    { "number from the future", 11, 9, 100, 0, 100, 1 },
    { "record number from the future", 16, 2, 33, 0, 33, 0xffffffffff },
    { "too long", 11, 1, 0xffffff, 0, 100, 1 },
    { "hello again", 1, 0, 200, 0, 200, 1 },
};

static void test_forged_flight(DtlsPair *p, gconstpointer data)
{
    const Forgery *g = data;
    say_hello(p);
    for (int i = 0; i < 20; i++)
        forge(&p->s, g->type, g->seq, g->len, g->off, g->n, g->record);
    assert_soon(p, G_USEC_PER_SEC);
    g_assert_cmpuint(sessions(&p->s), ==, 1);
}

/* All of them, again and again while the handshake runs, with loss. */
static void test_forged_all_the_time(DtlsPair *p, gconstpointer data)
{
    say_hello(p);
    for (int round = 0; round < 100 && !dtls_pair_is_ready(p); round++) {
        for (size_t i = 0; i < G_N_ELEMENTS(forgeries); i++)
            if (g_test_rand_int_range(0, 3) == 0)
                forge(&p->s, forgeries[i].type, forgeries[i].seq, forgeries[i].len, forgeries[i].off, forgeries[i].n,
                      forgeries[i].record + (uint64_t)round);
        dtls_pair_run(p, 5, 50000, dtls_pair_is_ready);
    }
    assert_soon(p, 5 * G_USEC_PER_SEC);
}

/* A whole flight of somebody else, who has a certificate and a key, and mixes it with the client's. */
static void test_forged_by_another_client(DtlsPair *p, gconstpointer data)
{
    DtlsPair other;
    dtls_pair_set_up(&other, NULL);
    dtls_pair_start(&other);
    say_hello(p);
    for (int i = 0; i < 3; i++) { /* up to its Certificate, ClientKeyExchange and CertificateVerify */
        g_autoptr(GBytes) d = g_queue_pop_head(&other.c.out);
        if (d)
            dtls_peer_feed(&other.s, g_bytes_get_data(d, NULL), g_bytes_get_size(d));
        for (GBytes *back; (back = g_queue_pop_head(&other.s.out));) {
            dtls_peer_feed(&other.c, g_bytes_get_data(back, NULL), g_bytes_get_size(back));
            g_bytes_unref(back);
        }
        for (GList *l = i ? other.c.out.head : NULL; l; l = l->next)
            dtls_peer_feed(&p->s, g_bytes_get_data(l->data, NULL), g_bytes_get_size(l->data));
        if (other.c.out.length > 0 && i > 0)
            break;
    }
    assert_soon(p, G_USEC_PER_SEC);
    g_assert_cmpuint(sessions(&p->s), ==, 1);
    dtls_pair_tear_down(&other, NULL);
}

/* The client's hello with another random, so many of them that differ. */
static void forge_hellos(DtlsPeer *to, GBytes *hello, unsigned n)
{
    static unsigned next;
    gsize len;
    const uint8_t *bytes = g_bytes_get_data(hello, &len);
    g_autofree uint8_t *forged = g_memdup2(bytes, len);
    for (unsigned i = 0; i < n; i++) {
        next++;
        memcpy(forged + 13 + 12 + 2, &next, sizeof(next));
        dtls_peer_feed(to, forged, len);
    }
}

/* Somebody else's hello, before the client's and behind it: the client is asked for the cookie when he is not the first. */
static void test_forged_hello(DtlsPair *p, gconstpointer before)
{
    gsize n;
    g_autoptr(GBytes) hello = g_queue_pop_head(&p->c.out);
    const uint8_t *bytes = g_bytes_get_data(hello, &n);
    if (before) {
        forge_hellos(&p->s, hello, 1);
        g_assert_cmpuint(p->s.sent, >, 0);
        dtls_peer_forget_sent(&p->s); /* it came before the client listened */
        unsigned sent = p->s.sent;
        dtls_peer_feed(&p->s, bytes, n);
        g_assert_cmpuint(p->s.sent, ==, sent + 1);
        g_assert_cmpuint(g_bytes_get_size(g_queue_peek_head(&p->s.out)), <, n); /* no amplifier */
    } else {
        dtls_peer_feed(&p->s, bytes, n);
        forge_hellos(&p->s, hello, 1);
    }
    assert_soon(p, G_USEC_PER_SEC);
    g_assert_cmpuint(sessions(&p->s), ==, before ? 2 : 1);
}

/* What is on its way from one to the other now, and not what is answered to it. */
static void carry(DtlsPeer *from, DtlsPeer *to)
{
    for (guint n = from->out.length; n > 0; n--) {
        g_autoptr(GBytes) d = g_queue_pop_head(&from->out);
        dtls_peer_feed(to, g_bytes_get_data(d, NULL), g_bytes_get_size(d));
    }
}

/* Hellos without end, in front of the client's and behind each of his datagrams. Some of the answers to them reach him
 * too, fewer than would make our own client give up. He is through after two round trips or three, without the help of
 * any timer, and no handshake is begun for the forged ones but the first. */
static void test_many_hellos(DtlsPair *p, gconstpointer first)
{
    gsize n;
    g_autoptr(GBytes) hello = g_queue_pop_head(&p->c.out);
    const uint8_t *bytes = g_bytes_get_data(hello, &n);
    if (first)
        dtls_peer_feed(&p->s, bytes, n);
    forge_hellos(&p->s, hello, 1000);
    if (first) {
        while (p->s.out.length > 50)
            g_bytes_unref(g_queue_pop_tail(&p->s.out));
    } else {
        dtls_peer_forget_sent(&p->s);
        dtls_peer_feed(&p->s, bytes, n);
    }
    unsigned rounds = 0;
    for (; rounds < 20 && !dtls_pair_is_ready(p); rounds++) {
        forge_hellos(&p->s, hello, 50);
        carry(&p->c, &p->s);
        carry(&p->s, &p->c);
    }
    g_assert_true(dtls_pair_is_ready(p));
    g_assert_cmpuint(rounds, ==, first ? 2 : 3);
    g_assert_cmpuint(sessions(&p->s), <=, 2);
    g_assert_cmpuint(p->s.ended + p->c.ended, ==, 0);
    dtls_pair_assert_mirrored(p);
}

/* A cookie cannot be guessed, nor used with another transport. */
static void test_wrong_cookie(DtlsPair *p, gconstpointer data)
{
    DtlsPeer other;
    gsize n;
    dtls_peer_init(&other, p->context);
    g_assert_true(dtls_start(other.t, DTLS_SERVER, g_get_monotonic_time()));
    g_autoptr(GBytes) hello = g_queue_pop_head(&p->c.out);
    forge_hellos(&other, hello, 1);
    dtls_peer_forget_sent(&other);
    forge_hellos(&other, hello, 1);
    GBytes *request = g_queue_peek_head(&other.out);
    dtls_peer_feed(&p->c, g_bytes_get_data(request, NULL), g_bytes_get_size(request));
    g_autoptr(GBytes) with = g_queue_pop_tail(&p->c.out); /* the hello with the other transport's cookie */
    const uint8_t *bytes = g_bytes_get_data(with, &n);
    g_assert_cmpuint(n, ==, g_bytes_get_size(hello) + 16);
    dtls_peer_feed(&p->s, bytes, n);
    g_assert_cmpuint(p->s.sent, ==, 0);
    dtls_peer_feed(&other, bytes, n);
    g_assert_cmpuint(other.sent, >, 2);
    g_assert_cmpuint(sessions(&other), ==, 2);
    dtls_peer_clear(&other);
}

/* A server's flight for another hello, again and again: a client cannot know, but it does not give up, and does not
 * say hello without end either. */
static void test_client_goes_on(DtlsPair *p, gconstpointer data)
{
    DtlsPeer other;
    gint64 now = g_get_monotonic_time();
    dtls_peer_init(&other, p->context);
    for (int i = 0; i < 3 * DTLS_SESSIONS_MAX; i++) {
        dtls_free(other.t);
        other.t = dtls_new(p->context, &dtls_peer_callbacks, &other, now);
        dtls_peer_forget_sent(&other);
        g_assert_true(dtls_start(other.t, DTLS_SERVER, now));
        forge_hellos(&other, g_queue_peek_tail(&p->c.out), 1);
        for (GBytes *d; (d = g_queue_pop_head(&other.out));) {
            dtls_peer_feed(&p->c, g_bytes_get_data(d, NULL), g_bytes_get_size(d));
            g_bytes_unref(d);
        }
        g_assert_cmpuint(p->c.ended, ==, 0);
    }
    g_assert_cmpuint(sessions(&p->c), ==, DTLS_SESSIONS_MAX);
    int64_t due = dtls_next_due(p->c.t, now);
    g_assert_cmpint(due, <=, g_get_monotonic_time() + DTLS_REST_US);
    dtls_peer_forget_sent(&p->c);
    dtls_on_timer(p->c.t, due);
    g_assert_cmpuint(sessions(&p->c), ==, DTLS_SESSIONS_MAX + 1);
    assert_soon(p, 2 * G_USEC_PER_SEC);
    dtls_peer_clear(&other);
}

/* A flood of what looks like a handshake delays it by no more than its own length. */
static void test_flood(DtlsPair *p, gconstpointer data)
{
    say_hello(p);
    for (unsigned i = 0; i < 3000; i++)
        forge(&p->s, 11, 1, 100 + i % 300, 0, 50, i);
    assert_soon(p, 4 * G_USEC_PER_SEC);
}

/* A client of OpenSSL's own with a key of that kind, whatever our certificates are made of. */
static SSL *foreign_client(const char *kind, char *digest, size_t cap)
{
    bool ed = strcmp(kind, "ED25519") == 0;
    EVP_PKEY *key = strcmp(kind, "RSA") == 0 ? EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048)
                    : ed                     ? EVP_PKEY_Q_keygen(NULL, NULL, "ED25519")
                                             : EVP_PKEY_Q_keygen(NULL, NULL, "EC", kind);
    X509 *x = X509_new();
    X509_gmtime_adj(X509_getm_notBefore(x), -3600);
    X509_gmtime_adj(X509_getm_notAfter(x), 3600);
    X509_set_pubkey(x, key);
    g_assert_cmpint(X509_sign(x, key, ed ? NULL : EVP_sha256()), >, 0);
    g_assert_true(dtls_certificate_digest(x, "sha-256", digest, cap));
    SSL_CTX *with = SSL_CTX_new(DTLS_client_method());
    SSL_CTX_set_options(with, SSL_OP_NO_QUERY_MTU);
    g_assert_cmpint(SSL_CTX_use_certificate(with, x) + SSL_CTX_use_PrivateKey(with, key), ==, 2);
    g_assert_cmpint(SSL_CTX_set_tlsext_use_srtp(with, "SRTP_AEAD_AES_128_GCM"), ==, 0);
    SSL *ssl = SSL_new(with);
    SSL_set_mtu(ssl, DTLS_MTU);
    SSL_set_bio(ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    SSL_set_connect_state(ssl);
    SSL_CTX_free(with);
    X509_free(x);
    EVP_PKEY_free(key);
    return ssl;
}

static void test_client_keys(DtlsPair *p, gconstpointer kind)
{
    char digest[200];
    uint8_t bytes[8000];
    SSL *client = foreign_client(kind, digest, sizeof(digest));
    g_assert_true(dtls_add_fingerprint(p->s.t, "sha-256", digest));
    dtls_fingerprints_done(p->s.t, 0);
    g_assert_true(dtls_start(p->s.t, DTLS_SERVER, g_get_monotonic_time()));
    for (int i = 0; i < 10 && !(p->s.ready && SSL_is_init_finished(client)); i++) {
        SSL_do_handshake(client);
        for (int n; (n = BIO_read(SSL_get_wbio(client), bytes, sizeof(bytes))) > 0;)
            for (int at = 0, len; at < n; at += len) { /* record by record */
                len = 13 + (bytes[at + 11] << 8 | bytes[at + 12]);
                dtls_peer_feed(&p->s, bytes + at, (size_t)len);
            }
        for (GBytes *back; (back = g_queue_pop_head(&p->s.out));) {
            BIO_write(SSL_get_rbio(client), g_bytes_get_data(back, NULL), (int)g_bytes_get_size(back));
            SSL_do_handshake(client);
            g_bytes_unref(back);
        }
    }
    g_assert_cmpuint(p->s.ready, ==, 1);
    g_assert_true(SSL_is_init_finished(client));
    SSL_free(client);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(path, set_up, data, func) g_test_add(path, DtlsPair, data, set_up, func, dtls_pair_tear_down)
#define BEGUN(path, data, func) ADD(path, dtls_pair_set_up_begun, data, func)
    for (size_t i = 0; i < G_N_ELEMENTS(forgeries); i++) {
        g_autofree char *path = g_strdup_printf("/dtls/forged flight/%s", forgeries[i].name);
        BEGUN(path, &forgeries[i], test_forged_flight);
    }
    BEGUN("/dtls/forged all the time", NULL, test_forged_all_the_time);
    BEGUN("/dtls/forged by another client", NULL, test_forged_by_another_client);
    BEGUN("/dtls/forged hello/before", GINT_TO_POINTER(true), test_forged_hello);
    BEGUN("/dtls/forged hello/behind", NULL, test_forged_hello);
    BEGUN("/dtls/many hellos/before", NULL, test_many_hellos);
    BEGUN("/dtls/many hellos/behind", GINT_TO_POINTER(true), test_many_hellos);
    BEGUN("/dtls/wrong cookie", NULL, test_wrong_cookie);
    BEGUN("/dtls/client goes on", NULL, test_client_goes_on);
    BEGUN("/dtls/flood", NULL, test_flood);
    static const char *const kinds[] = { "RSA", "P-256", "P-384", "P-521", "ED25519" };
    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
        g_autofree char *path = g_strdup_printf("/dtls/client keys/%s", kinds[i]);
        ADD(path, dtls_pair_set_up, kinds[i], test_client_keys);
    }
    return g_test_run();
}
