/* SPDX-License-Identifier: Apache-2.0 */
#include <glib.h>
#include <openssl/ssl.h>
#include "bridge/transport/dtls.h"
#include "bridge/transport/dtls_certificate.h"
#include "bridge/transport/dtls_record.h"
#include "tests/fakes/bytes.h"
#include "tests/fakes/rows.h"
#include "tests/unit/transport/dtls_pair.h"

static void test_handshake(DtlsPair *p, gconstpointer data)
{
    uint8_t big[DTLS_MTU] = { 7 };
    g_assert_false(dtls_start(p->s.t, DTLS_SERVER, 0));
    g_assert_false(dtls_write(p->c.t, big, 5));
    dtls_pair_run(p, 0, 5 * G_USEC_PER_SEC, dtls_pair_is_ready);
    g_assert_cmpuint(p->s.ready, ==, 1);
    g_assert_cmpuint(p->c.ready, ==, 1);
    g_assert_cmpint(p->s.keys.profile, ==, SRTP_PROFILE_GCM128);
    dtls_pair_assert_mirrored(p);
    dtls_pair_assert_data(p, &p->s, &p->c), dtls_pair_assert_data(p, &p->c, &p->s);
    g_string_truncate(p->s.data, 0);
    g_assert_true(dtls_write(p->c.t, big, DTLS_MTU - 64));
    g_assert_false(dtls_write(p->c.t, big, DTLS_MTU));
    dtls_pair_run(p, 0, G_USEC_PER_SEC, dtls_pair_is_quiet);
    g_assert_cmpuint(p->s.data->len, ==, DTLS_MTU - 64);
    g_assert_cmpuint(MAX(p->s.longest, p->c.longest), <=, DTLS_MTU);
    g_assert_cmpint(dtls_next_due(p->s.t, g_get_monotonic_time()), ==, INT64_MAX);
    char dump[512];
    g_assert_cmpint(dtls_dump(p->s.t, dump, sizeof(dump)), ==, (int)strlen(dump));
    g_assert_nonnull(strstr(dump, "\"ready\""));
    dtls_close(p->c.t);
    dtls_pair_run(p, 0, G_USEC_PER_SEC, dtls_pair_has_ended);
    g_assert_cmpuint(p->s.ended, ==, 1);
    g_assert_cmpint(p->s.why, ==, DTLS_CLOSED_BY_PEER);
    g_assert_cmpuint(p->c.ended, ==, 0);
    g_assert_false(dtls_write(p->s.t, big, 5));
}

static void test_loss(void)
{
    for (unsigned every = 3; every < 7; every++) {
        DtlsPair p;
        dtls_pair_set_up_begun(&p, NULL);
        dtls_pair_run(&p, every, 15 * G_USEC_PER_SEC, dtls_pair_is_ready);
        g_assert_true(dtls_pair_is_ready(&p));
        g_assert_cmpint(p.waited_us, <, 6 * G_USEC_PER_SEC); /* the fast first timeout */
        dtls_pair_assert_mirrored(&p);
        dtls_pair_tear_down(&p, NULL);
    }
}

static void test_wrong_fingerprint(DtlsPair *p, gconstpointer data)
{
    DtlsPair other; /* of another certificate */
    dtls_pair_set_up(&other, NULL);
    dtls_peer_trust(&p->s, &other.c), dtls_peer_trust(&p->c, &p->s);
    dtls_pair_start(p);
    dtls_pair_run(p, 0, 5 * G_USEC_PER_SEC, dtls_pair_has_ended);
    g_assert_cmpuint(p->s.ready, ==, 0);
    g_assert_cmpint(p->s.why, ==, DTLS_FAILED_FINGERPRINT);
    g_assert_cmpuint(p->s.ended, ==, 1);
    g_assert_cmpint(dtls_next_due(p->s.t, 0), ==, INT64_MAX);
    dtls_pair_tear_down(&other, NULL);
}

static void test_late_fingerprint(DtlsPair *p, gconstpointer data)
{
    dtls_peer_trust(&p->c, &p->s);
    dtls_pair_start(p);
    dtls_pair_run(p, 0, 5 * G_USEC_PER_SEC, dtls_pair_is_client_ready);
    g_assert_cmpuint(p->c.ready, ==, 1);
    g_assert_cmpuint(p->s.ready, ==, 0); /* no keys before the certificate is known to be right */
    for (int i = 0; i < DTLS_EARLY_MAX + 10; i++)
        g_assert_true(dtls_write(p->c.t, (const uint8_t *)"x", 1));
    dtls_pair_run(p, 0, G_USEC_PER_SEC, dtls_pair_is_quiet);
    g_assert_cmpuint(p->s.data->len, ==, 0);
    dtls_peer_trust(&p->s, &p->c);
    g_assert_cmpuint(p->s.ready, ==, 1);
    g_assert_cmpuint(p->s.data->len, ==, DTLS_EARLY_MAX); /* held back, bounded */
    dtls_pair_assert_mirrored(p);
    dtls_pair_assert_data(p, &p->c, &p->s);
}

static void test_strongest_decides(DtlsPair *p, gconstpointer data)
{
    char wrong[64 * 3];
    dtls_pair_start(p);
    dtls_pair_run(p, 0, 5 * G_USEC_PER_SEC, dtls_pair_is_quiet);
    DtlsCertificate *unused = dtls_certificate_new(0);
    const X509 *x = SSL_CTX_get0_certificate(unused->ssl);
    g_assert_true(dtls_certificate_digest(x, "sha-512", wrong, sizeof(wrong)));
    dtls_certificate_unref(unused);
    g_assert_true(dtls_add_fingerprint(p->s.t, "sha-256", dtls_fingerprint(p->c.t)));
    g_assert_true(dtls_add_fingerprint(p->s.t, "SHA-512", wrong)); /* the weaker one being right does not help */
    dtls_fingerprints_done(p->s.t, 0);
    g_assert_cmpint(p->s.why, ==, DTLS_FAILED_FINGERPRINT);
    g_assert_cmpuint(p->s.ended, ==, 1);
    dtls_pair_tear_down(p, NULL);
    dtls_pair_set_up(p, NULL); /* which ones are taken at all */
    g_assert_false(dtls_add_fingerprint(p->s.t, "sha-1", "AA:BB"));
    g_assert_false(dtls_add_fingerprint(p->s.t, "sha-256", "AA:BB"));
    g_assert_false(dtls_add_fingerprint(p->s.t, "sha-256-and-more", dtls_fingerprint(p->s.t)));
    g_autofree char *bad = g_strdup(dtls_fingerprint(p->s.t));
    bad[4] = 'G';
    g_assert_false(dtls_add_fingerprint(p->s.t, "sha-256", bad));
    g_autofree char *lower = g_ascii_strdown(dtls_fingerprint(p->s.t), -1);
    for (int i = 0; i < DTLS_FINGERPRINTS_MAX; i++)
        g_assert_true(dtls_add_fingerprint(p->s.t, "sha-256", lower));
    g_assert_false(dtls_add_fingerprint(p->s.t, "sha-256", lower));
}

/* Alerts in the clear, nonsense and a broken ClientHello, before, during and after the handshake. */
static void test_forged(DtlsPair *p, gconstpointer data)
{
    static const uint8_t alert[] = { 21, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 9, 0, 2, 2, 40 };
    static const uint8_t close[] = { 21, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 9, 0, 2, 1, 0 };
    GBytes *hello = g_queue_peek_head(&p->c.out);
    gsize n;
    const uint8_t *bytes = g_bytes_get_data(hello, &n);
    static const size_t spoil[] = { 13, 25, 27, 13 + 12 + 2 + 32 }; /* message type, version, random, id length */
    for (size_t i = 0; i < G_N_ELEMENTS(spoil); i++) {
        uint8_t *copy = bytes_exact(bytes, n);
        copy[spoil[i]] ^= 0x55;
        dtls_peer_feed(&p->s, copy, n);
        free(copy);
    }
    g_assert_cmpuint(p->s.ended, ==, 0);
    dtls_peer_forget_sent(&p->s); /* what it told the forger */
    for (int round = 0; round < 30 && !dtls_pair_is_ready(p); round++) {
        DtlsPeer *ends[2] = { &p->s, &p->c };
        for (int i = 0; i < 2; i++) {
            uint8_t noise[64];
            dtls_peer_feed(ends[i], alert, sizeof(alert));
            dtls_peer_feed(ends[i], close, sizeof(close));
            for (size_t j = 0; j < sizeof(noise); j++)
                noise[j] = (uint8_t)g_test_rand_int();
            dtls_peer_feed(ends[i], noise, sizeof(noise));
            dtls_peer_feed(ends[i], "", 0);
        }
        dtls_pair_run(p, 0, 100000, dtls_pair_is_ready);
    }
    g_assert_true(dtls_pair_is_ready(p));
    for (int i = 0; i < 2000; i++) { /* established: records of every type and epoch, contents random */
        uint8_t forged[64];
        for (size_t j = 0; j < sizeof(forged); j++)
            forged[j] = (uint8_t)g_test_rand_int();
        memcpy(forged,
               (uint8_t[]){ (uint8_t)(20 + i % 5), 0xfe, 0xfd, 0, (uint8_t)(i / 5 % 3), 0, 0, 0, 0, 0, 100, 0, 51 },
               13);
        dtls_peer_feed(&p->s, forged, sizeof(forged));
        dtls_peer_feed(&p->c, forged, sizeof(forged));
    }
    dtls_peer_feed(&p->s, alert, sizeof(alert)), dtls_peer_feed(&p->s, close, sizeof(close));
    g_assert_cmpuint(p->s.ended + p->c.ended, ==, 0);
    dtls_peer_forget_sent(&p->s);
    dtls_peer_forget_sent(&p->c);
    dtls_pair_assert_data(p, &p->s, &p->c), dtls_pair_assert_data(p, &p->c, &p->s);
}

/* Hellos that no handshake can go on from, as many as somebody likes to send: the good one is taken all the same. */
static void test_bad_hellos(DtlsPair *p, gconstpointer data)
{
    const bool good_follows = GPOINTER_TO_INT(data);
    GBytes *hello = g_queue_peek_head(&p->c.out);
    gsize n;
    const uint8_t *bytes = g_bytes_get_data(hello, &n);
    uint8_t *copy = bytes_exact(bytes, n);
    copy[13 + 12 + 2 + 32] = 0xff; /* session id longer than the message */
    for (int i = 0; i < 100; i++)
        dtls_peer_feed(&p->s, copy, n);
    g_assert_cmpuint(p->s.ended, ==, 0);
    g_assert_cmpuint(p->s.sent, ==, 0);
    if (good_follows) {
        dtls_pair_run(p, 0, 8 * G_USEC_PER_SEC, dtls_pair_is_ready);
        g_assert_true(dtls_pair_is_ready(p));
        g_assert_cmpint(p->waited_us, <, 4 * G_USEC_PER_SEC);
        dtls_pair_assert_data(p, &p->c, &p->s);
    } else {
        gint64 now = g_get_monotonic_time();
        g_assert_cmpint(dtls_next_due(p->c.t, now), <=, now + DTLS_FIRST_TIMEOUT_US);
        dtls_on_timer(p->s.t, now + DTLS_HANDSHAKE_US);
        dtls_on_timer(p->c.t, now + DTLS_HANDSHAKE_US);
        g_assert_cmpuint(p->s.ended, ==, 1);
        g_assert_cmpint(p->s.why, ==, DTLS_FAILED_HANDSHAKE);
        g_assert_cmpuint(p->s.sent, ==, 1); /* one alert, at the very end */
        g_assert_cmpint(p->c.why, ==, DTLS_FAILED_TIMEOUT);
    }
    free(copy);
}

/* Every byte of a hello changed in some ways, then the hello itself. */
static void test_every_byte_of_hello(DtlsPair *p, gconstpointer data)
{
    gsize n;
    g_autoptr(GBytes) hello = g_queue_pop_head(&p->c.out);
    const uint8_t *bytes = g_bytes_get_data(hello, &n);
    for (gsize i = 0; i < n; i++) {
        DtlsPeer one;
        dtls_peer_init(&one, p->context);
        g_assert_true(dtls_start(one.t, DTLS_SERVER, g_get_monotonic_time()));
        g_autofree uint8_t *bad = bytes_exact(bytes, n);
        for (int k = 0; k < DTLS_RIVALS_MAX; k++) { /* some of them are answered, and so many are kept beside */
            bad[i] = bytes[i] ^ (uint8_t)(1 << (3 * k));
            dtls_peer_feed(&one, bad, n);
        }
        unsigned before = i >= 5 && i < 11 ? 0 : one.sent; /* the record's number: they were the hello itself */
        dtls_peer_feed(&one, bytes, n);
        g_assert_cmpuint(one.ended, ==, 0);
        g_assert_cmpuint(one.sent, >, before); /* the good one has its answer */
        dtls_peer_clear(&one);
    }
}

/* Bytes off to end of a hello in one datagram, as a fragment of its own. */
static void feed_piece(DtlsPeer *to, const uint8_t *hello, unsigned off, unsigned end, unsigned flip)
{
    const unsigned n = end - off;
    uint8_t piece[DTLS_MTU];
    memcpy(piece, hello, 25);
    piece[11] = (uint8_t)((n + 12) >> 8), piece[12] = (uint8_t)(n + 12);
    piece[20] = (uint8_t)(off >> 8), piece[21] = (uint8_t)off;
    piece[23] = (uint8_t)(n >> 8), piece[24] = (uint8_t)n;
    memcpy(piece + 25, hello + 25 + off, n);
    if (flip)
        piece[25 + flip - off] ^= 0x55;
    dtls_peer_feed(to, piece, 25 + n);
}

typedef struct {
    const char *name;
    struct {
        unsigned from, to, flip; /* per cent of the hello; a byte of it that is forged */
    } pieces[8];
    unsigned repeats; /* of the client, before it is answered */
} PiecesCase;

static const PiecesCase pieces[] = {
    { "two", { { 0, 50 }, { 50, 100 } }, 0 },
    { "overlapping", { { 0, 60 }, { 40, 100 } }, 0 },
    { "forged end before", { { 50, 100, 60 }, { 0, 50 }, { 50, 100 } }, 0 },
    { "forged end between", { { 0, 50 }, { 50, 100, 60 }, { 50, 100 } }, 1 },
    { "forged end behind", { { 0, 50 }, { 50, 100 }, { 50, 100, 60 } }, 0 },
    { "forged beginning", { { 0, 50, 20 }, { 0, 50 }, { 50, 100 } }, 0 },
    { "forged middle", { { 0, 30 }, { 20, 60, 25 }, { 30, 100 } }, 1 },
    { "wrong order", { { 50, 100 }, { 0, 50 } }, 1 },
};

/* A hello in pieces, some of them forged. */
static void test_pieces(DtlsPair *p, gconstpointer data)
{
    const PiecesCase *k = data;
    g_autoptr(GBytes) hello = g_queue_pop_head(&p->c.out);
    gsize n;
    const uint8_t *bytes = g_bytes_get_data(hello, &n);
    n -= 25;
    for (size_t i = 0; i < G_N_ELEMENTS(k->pieces) && k->pieces[i].to; i++)
        feed_piece(&p->s, bytes, k->pieces[i].from * n / 100, k->pieces[i].to * n / 100, k->pieces[i].flip * n / 100);
    for (unsigned i = 0; i < k->repeats; i++) {
        dtls_peer_forget_sent(&p->s); /* what it told the forger */
        feed_piece(&p->s, bytes, 0, n / 2, 0);
        feed_piece(&p->s, bytes, n / 2, n, 0);
    }
    g_assert_cmpuint(p->s.sent, >, 0);
    dtls_pair_run(p, 0, 8 * G_USEC_PER_SEC, dtls_pair_is_ready);
    g_assert_true(dtls_pair_is_ready(p));
    g_assert_cmpuint(p->s.ended, ==, 0);
}

static void test_early_datagrams(DtlsPair *p, gconstpointer data)
{
    dtls_pair_trust(p);
    g_assert_true(dtls_start(p->c.t, DTLS_CLIENT, g_get_monotonic_time()));
    dtls_pair_run(p, 0, 20000, dtls_pair_is_quiet); /* the server does not know yet that it is one */
    g_assert_cmpuint(p->s.sent, ==, 0);
    g_assert_true(dtls_start(p->s.t, DTLS_SERVER, g_get_monotonic_time()));
    g_assert_cmpuint(p->s.sent, >, 0); /* answers what it held, without waiting for a repetition */
    dtls_pair_run(p, 0, 5 * G_USEC_PER_SEC, dtls_pair_is_ready);
    g_assert_true(dtls_pair_is_ready(p));
}

static void test_rotation(void)
{
    int64_t now = 5;
    DtlsContext *own = dtls_context_new(now);
    DtlsPeer e = { 0 };
    DtlsTransport *a = dtls_new(own, &dtls_peer_callbacks, &e, now),
                  *b = dtls_new(own, &dtls_peer_callbacks, &e, now + 1000);
    DtlsTransport *later = dtls_new(own, &dtls_peer_callbacks, &e, now + DTLS_CERTIFICATE_US);
    g_assert_cmpstr(dtls_fingerprint(a), ==, dtls_fingerprint(b));
    g_assert_cmpstr(dtls_fingerprint(a), !=, dtls_fingerprint(later));
    g_assert_cmpuint(strlen(dtls_fingerprint(a)), ==, 95);
    dtls_context_free(own); /* transports keep what they need */
    g_assert_true(dtls_start(a, DTLS_CLIENT, now));
    dtls_peer_forget_sent(&e);
    dtls_free(a), dtls_free(b), dtls_free(later);
}

typedef struct {
    const char *name, *in, *out;
} FilterCase;

#define HELLO "16fefd 0000 000000000001 0002 aabb"
static const FilterCase filters[] = {
    { "empty", "", "" },
    { "handshake", HELLO, HELLO },
    { "clear alert", "15fefd 0000 000000000001 0002 0228", "" },
    { "protected alert", "15fefd 0001 000000000001 0002 0228", "15fefd 0001 000000000001 0002 0228" },
    { "alert between", HELLO "15fefd 0000 000000000001 0002 0228" HELLO, HELLO HELLO },
    { "past the end", HELLO "16fefd 0000 000000000001 0003 aabb", HELLO },
    { "half a header", HELLO "16fefd 0000", HELLO },
    { "heartbeat", "18fefd 0001 000000000001 0001 01" HELLO, HELLO },
    { "tls version", "160303 0000 000000000001 0001 01" HELLO, HELLO },
    { "dtls 1.0 record", "16feff 0000 000000000001 0001 01", "16feff 0000 000000000001 0001 01" },
};

static void test_filter(gconstpointer data)
{
    const FilterCase *c = data;
    size_t n, want;
    uint8_t *in = bytes_from_hex(c->in, &n), *expected = bytes_from_hex(c->out, &want), *out = malloc(n ? n : 1);
    size_t got = dtls_records_filter(in, n, out);
    g_assert_cmpmem(out, got, expected, want);
    free(in), free(expected), free(out);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD_ROWS("/dtls/records", filters, test_filter);
#define ADD(path, set_up, data, func) g_test_add(path, DtlsPair, data, set_up, func, dtls_pair_tear_down)
#define BEGUN(path, data, func) ADD(path, dtls_pair_set_up_begun, data, func)
    BEGUN("/dtls/handshake", NULL, test_handshake);
    g_test_add_func("/dtls/loss", test_loss);
    ADD("/dtls/wrong fingerprint", dtls_pair_set_up, NULL, test_wrong_fingerprint);
    ADD("/dtls/late fingerprint", dtls_pair_set_up, NULL, test_late_fingerprint);
    ADD("/dtls/strongest decides", dtls_pair_set_up, NULL, test_strongest_decides);
    BEGUN("/dtls/forged", NULL, test_forged);
    BEGUN("/dtls/bad hellos/good follows", GINT_TO_POINTER(true), test_bad_hellos);
    BEGUN("/dtls/bad hellos/nothing else", GINT_TO_POINTER(false), test_bad_hellos);
    BEGUN("/dtls/every byte of hello", NULL, test_every_byte_of_hello);
    for (size_t i = 0; i < G_N_ELEMENTS(pieces); i++) {
        g_autofree char *path = g_strdup_printf("/dtls/hello in pieces/%s", pieces[i].name);
        BEGUN(path, &pieces[i], test_pieces);
    }
    ADD("/dtls/early datagrams", dtls_pair_set_up, NULL, test_early_datagrams);
    g_test_add_func("/dtls/rotation", test_rotation);
    return g_test_run();
}
