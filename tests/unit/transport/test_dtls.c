/* SPDX-License-Identifier: Apache-2.0 */
#include <glib.h>
#include <openssl/ssl.h>
#include "bridge/transport/dtls.h"
#include "bridge/transport/dtls_certificate.h"
#include "bridge/transport/dtls_record.h"
#include "tests/unit/transport/dtls_ends.h"

static void test_handshake(void)
{
    End s, c;
    uint8_t big[DTLS_MTU] = { 7 };
    end_init(&s), end_init(&c);
    trust(&s, &c), trust(&c, &s);
    start(&s, &c);
    g_assert_false(dtls_start(s.t, DTLS_SERVER, 0));
    g_assert_false(dtls_write(c.t, big, 5));
    run(&s, &c, 0, 5 * G_USEC_PER_SEC, both_ready);
    g_assert_cmpuint(s.ready, ==, 1);
    g_assert_cmpuint(c.ready, ==, 1);
    g_assert_cmpint(s.keys.profile, ==, SRTP_PROFILE_GCM128);
    assert_mirrored(&s, &c);
    assert_data(&s, &c), assert_data(&c, &s);
    g_string_truncate(s.data, 0);
    g_assert_true(dtls_write(c.t, big, DTLS_MTU - 64));
    g_assert_false(dtls_write(c.t, big, DTLS_MTU));
    run(&s, &c, 0, G_USEC_PER_SEC, quiet);
    g_assert_cmpuint(s.data->len, ==, DTLS_MTU - 64);
    g_assert_cmpuint(MAX(s.longest, c.longest), <=, DTLS_MTU);
    g_assert_cmpint(dtls_next_due(s.t, g_get_monotonic_time()), ==, INT64_MAX);
    char dump[512];
    g_assert_cmpint(dtls_dump(s.t, dump, sizeof(dump)), ==, (int)strlen(dump));
    g_assert_nonnull(strstr(dump, "\"ready\""));
    dtls_close(c.t);
    run(&s, &c, 0, G_USEC_PER_SEC, any_ended);
    g_assert_cmpuint(s.ended, ==, 1);
    g_assert_cmpint(s.why, ==, DTLS_CLOSED_BY_PEER);
    g_assert_cmpuint(c.ended, ==, 0);
    g_assert_false(dtls_write(s.t, big, 5));
    end_clear(&s), end_clear(&c);
}

static void test_loss(void)
{
    for (unsigned every = 3; every < 7; every++) {
        End s, c;
        gint64 begin = g_get_monotonic_time();
        end_init(&s), end_init(&c);
        trust(&s, &c), trust(&c, &s);
        start(&s, &c);
        run(&s, &c, every, 15 * G_USEC_PER_SEC, both_ready);
        g_assert_true(s.ready && c.ready);
        g_assert_cmpint(g_get_monotonic_time() - begin, <, 6 * G_USEC_PER_SEC); /* the fast first timeout */
        assert_mirrored(&s, &c);
        end_clear(&s), end_clear(&c);
    }
}

static void test_wrong_fingerprint(void)
{
    End s, c, other;
    end_init(&s), end_init(&c);
    DtlsContext *stranger = dtls_context_new(g_get_monotonic_time());
    memset(&other, 0, sizeof(other));
    other.t = dtls_new(stranger, &callbacks, &other, g_get_monotonic_time());
    trust(&s, &other), trust(&c, &s);
    start(&s, &c);
    run(&s, &c, 0, 5 * G_USEC_PER_SEC, any_ended);
    g_assert_cmpuint(s.ready, ==, 0);
    g_assert_cmpint(s.why, ==, DTLS_FAILED_FINGERPRINT);
    g_assert_cmpuint(s.ended, ==, 1);
    g_assert_cmpint(dtls_next_due(s.t, 0), ==, INT64_MAX);
    end_clear(&s), end_clear(&c);
    dtls_free(other.t);
    dtls_context_free(stranger);
}

static void test_late_fingerprint(void)
{
    End s, c;
    end_init(&s), end_init(&c);
    trust(&c, &s);
    start(&s, &c);
    run(&s, &c, 0, 500000, both_ready);
    g_assert_cmpuint(c.ready, ==, 1);
    g_assert_cmpuint(s.ready, ==, 0); /* no keys before the certificate is known to be right */
    for (int i = 0; i < DTLS_EARLY_MAX + 10; i++)
        g_assert_true(dtls_write(c.t, (const uint8_t *)"x", 1));
    run(&s, &c, 0, G_USEC_PER_SEC, quiet);
    g_assert_cmpuint(s.data->len, ==, 0);
    trust(&s, &c);
    g_assert_cmpuint(s.ready, ==, 1);
    g_assert_cmpuint(s.data->len, ==, DTLS_EARLY_MAX); /* held back, bounded */
    assert_mirrored(&s, &c);
    assert_data(&c, &s);
    end_clear(&s), end_clear(&c);
}

static void test_strongest_decides(void)
{
    End s, c;
    char sha512[64 * 3], wrong[64 * 3];
    end_init(&s), end_init(&c);
    start(&s, &c);
    run(&s, &c, 0, 500000, quiet);
    DtlsCertificate *unused = dtls_certificate_new(0);
    const X509 *x = SSL_CTX_get0_certificate(unused->ssl);
    g_assert_true(dtls_certificate_digest(x, "sha-512", wrong, sizeof(wrong)));
    dtls_certificate_unref(unused);
    g_assert_true(dtls_add_fingerprint(s.t, "sha-256", dtls_fingerprint(c.t)));
    g_assert_true(dtls_add_fingerprint(s.t, "SHA-512", wrong)); /* the weaker one being right does not help */
    dtls_fingerprints_done(s.t, 0);
    g_assert_cmpint(s.why, ==, DTLS_FAILED_FINGERPRINT);
    g_assert_cmpuint(s.ended, ==, 1);
    end_clear(&s), end_clear(&c);
    memset(sha512, 'A', sizeof(sha512));
    end_init(&s);
    g_assert_false(dtls_add_fingerprint(s.t, "sha-1", "AA:BB"));
    g_assert_false(dtls_add_fingerprint(s.t, "sha-256", "AA:BB"));
    g_assert_false(dtls_add_fingerprint(s.t, "sha-256-and-more", dtls_fingerprint(s.t)));
    g_autofree char *bad = g_strdup(dtls_fingerprint(s.t));
    bad[4] = 'G';
    g_assert_false(dtls_add_fingerprint(s.t, "sha-256", bad));
    g_autofree char *lower = g_ascii_strdown(dtls_fingerprint(s.t), -1);
    for (int i = 0; i < DTLS_FINGERPRINTS_MAX; i++)
        g_assert_true(dtls_add_fingerprint(s.t, "sha-256", lower));
    g_assert_false(dtls_add_fingerprint(s.t, "sha-256", lower));
    end_clear(&s);
}

/* Alerts in the clear, nonsense and a broken ClientHello, before, during and after the handshake. */
static void test_forged(void)
{
    static const uint8_t alert[] = { 21, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 9, 0, 2, 2, 40 };
    static const uint8_t close[] = { 21, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 9, 0, 2, 1, 0 };
    End s, c;
    end_init(&s), end_init(&c);
    trust(&s, &c), trust(&c, &s);
    start(&s, &c);
    GBytes *hello = g_queue_peek_head(&c.out);
    gsize n;
    const uint8_t *bytes = g_bytes_get_data(hello, &n);
    static const size_t spoil[] = { 13, 25, 27, 13 + 12 + 2 + 32 }; /* message type, version, random, id length */
    for (size_t i = 0; i < G_N_ELEMENTS(spoil); i++) {
        uint8_t *copy = exact(bytes, n);
        copy[spoil[i]] ^= 0x55;
        feed(&s, copy, n);
        free(copy);
    }
    g_assert_cmpuint(s.ended, ==, 0);
    g_queue_clear_full(&s.out, (GDestroyNotify)g_bytes_unref); /* what it told the forger */
    for (int round = 0; round < 30 && !both_ready(&s, &c); round++) {
        End *ends[2] = { &s, &c };
        for (int i = 0; i < 2; i++) {
            uint8_t noise[64];
            feed(ends[i], alert, sizeof(alert));
            feed(ends[i], close, sizeof(close));
            for (size_t j = 0; j < sizeof(noise); j++)
                noise[j] = (uint8_t)g_random_int();
            feed(ends[i], noise, sizeof(noise));
            feed(ends[i], "", 0);
        }
        run(&s, &c, 0, 100000, both_ready);
    }
    g_assert_true(s.ready && c.ready);
    for (int i = 0; i < 2000; i++) { /* established: records of every type and epoch, contents random */
        uint8_t forged[64];
        for (size_t j = 0; j < sizeof(forged); j++)
            forged[j] = (uint8_t)g_random_int();
        memcpy(forged,
               (uint8_t[]){ (uint8_t)(20 + i % 5), 0xfe, 0xfd, 0, (uint8_t)(i / 5 % 3), 0, 0, 0, 0, 0, 100, 0, 51 },
               13);
        feed(&s, forged, sizeof(forged));
        feed(&c, forged, sizeof(forged));
    }
    feed(&s, alert, sizeof(alert)), feed(&s, close, sizeof(close));
    g_assert_cmpuint(s.ended + c.ended, ==, 0);
    g_queue_clear_full(&s.out, (GDestroyNotify)g_bytes_unref);
    g_queue_clear_full(&c.out, (GDestroyNotify)g_bytes_unref);
    assert_data(&s, &c), assert_data(&c, &s);
    end_clear(&s), end_clear(&c);
}

/* Hellos that no handshake can go on from, as many as somebody likes to send: the good one is taken all the same. */
static void test_bad_hellos(gconstpointer data)
{
    const bool good_follows = GPOINTER_TO_INT(data);
    End s, c;
    end_init(&s), end_init(&c);
    trust(&s, &c), trust(&c, &s);
    start(&s, &c);
    GBytes *hello = g_queue_peek_head(&c.out);
    gsize n;
    const uint8_t *bytes = g_bytes_get_data(hello, &n);
    uint8_t *copy = exact(bytes, n);
    copy[13 + 12 + 2 + 32] = 0xff; /* session id longer than the message */
    for (int i = 0; i < 100; i++)
        feed(&s, copy, n);
    g_assert_cmpuint(s.ended, ==, 0);
    g_assert_cmpuint(s.sent, ==, 0);
    if (good_follows) {
        gint64 begin = g_get_monotonic_time();
        run(&s, &c, 0, 8 * G_USEC_PER_SEC, both_ready);
        g_assert_true(s.ready && c.ready);
        g_assert_cmpint(g_get_monotonic_time() - begin, <, 4 * G_USEC_PER_SEC);
        assert_data(&c, &s);
    } else {
        gint64 now = g_get_monotonic_time();
        g_assert_cmpint(dtls_next_due(c.t, now), <=, now + DTLS_FIRST_TIMEOUT_US);
        dtls_on_timer(s.t, now + DTLS_HANDSHAKE_US);
        dtls_on_timer(c.t, now + DTLS_HANDSHAKE_US);
        g_assert_cmpuint(s.ended, ==, 1);
        g_assert_cmpint(s.why, ==, DTLS_FAILED_HANDSHAKE);
        g_assert_cmpuint(s.sent, ==, 1); /* one alert, at the very end */
        g_assert_cmpint(c.why, ==, DTLS_FAILED_TIMEOUT);
    }
    free(copy);
    end_clear(&s), end_clear(&c);
}

/* Every byte of a hello changed in some ways, then the hello itself. */
static void test_every_byte_of_hello(void)
{
    End s, c;
    gsize n;
    end_init(&s), end_init(&c);
    trust(&s, &c), trust(&c, &s);
    start(&s, &c);
    g_autoptr(GBytes) hello = g_queue_pop_head(&c.out);
    const uint8_t *bytes = g_bytes_get_data(hello, &n);
    for (gsize i = 0; i < n; i++) {
        End one;
        end_init(&one);
        g_assert_true(dtls_start(one.t, DTLS_SERVER, g_get_monotonic_time()));
        g_autofree uint8_t *bad = exact(bytes, n);
        for (int k = 0; k < DTLS_RIVALS_MAX; k++) { /* some of them are answered, and so many are kept beside */
            bad[i] = bytes[i] ^ (uint8_t)(1 << (3 * k));
            feed(&one, bad, n);
        }
        unsigned before = i >= 5 && i < 11 ? 0 : one.sent; /* the record's number: they were the hello itself */
        feed(&one, bytes, n);
        g_assert_cmpuint(one.ended, ==, 0);
        g_assert_cmpuint(one.sent, >, before); /* the good one has its answer */
        end_clear(&one);
    }
    end_clear(&s), end_clear(&c);
}

/* Bytes off to end of a hello in one datagram, as a fragment of its own. */
static void feed_piece(End *to, const uint8_t *hello, unsigned off, unsigned end, unsigned flip)
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
    feed(to, piece, 25 + n);
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
static void test_pieces(gconstpointer data)
{
    const PiecesCase *k = data;
    End s, c;
    end_init(&s), end_init(&c);
    trust(&s, &c), trust(&c, &s);
    start(&s, &c);
    g_autoptr(GBytes) hello = g_queue_pop_head(&c.out);
    gsize n;
    const uint8_t *bytes = g_bytes_get_data(hello, &n);
    n -= 25;
    for (size_t i = 0; i < G_N_ELEMENTS(k->pieces) && k->pieces[i].to; i++)
        feed_piece(&s, bytes, k->pieces[i].from * n / 100, k->pieces[i].to * n / 100, k->pieces[i].flip * n / 100);
    for (unsigned i = 0; i < k->repeats; i++) {
        g_queue_clear_full(&s.out, (GDestroyNotify)g_bytes_unref); /* what it told the forger */
        feed_piece(&s, bytes, 0, n / 2, 0);
        feed_piece(&s, bytes, n / 2, n, 0);
    }
    g_assert_cmpuint(s.sent, >, 0);
    run(&s, &c, 0, 8 * G_USEC_PER_SEC, both_ready);
    g_assert_true(s.ready && c.ready);
    g_assert_cmpuint(s.ended, ==, 0);
    end_clear(&s), end_clear(&c);
}

static void test_early_datagrams(void)
{
    End s, c;
    end_init(&s), end_init(&c);
    trust(&s, &c), trust(&c, &s);
    g_assert_true(dtls_start(c.t, DTLS_CLIENT, g_get_monotonic_time()));
    run(&s, &c, 0, 20000, quiet); /* the server does not know yet that it is one */
    g_assert_cmpuint(s.sent, ==, 0);
    g_assert_true(dtls_start(s.t, DTLS_SERVER, g_get_monotonic_time()));
    g_assert_cmpuint(s.sent, >, 0); /* answers what it held, without waiting for a repetition */
    run(&s, &c, 0, 5 * G_USEC_PER_SEC, both_ready);
    g_assert_true(s.ready && c.ready);
    end_clear(&s), end_clear(&c);
}

static void test_rotation(void)
{
    int64_t now = 5;
    DtlsContext *own = dtls_context_new(now);
    End e = { 0 };
    DtlsTransport *a = dtls_new(own, &callbacks, &e, now), *b = dtls_new(own, &callbacks, &e, now + 1000);
    DtlsTransport *later = dtls_new(own, &callbacks, &e, now + DTLS_CERTIFICATE_US);
    g_assert_cmpstr(dtls_fingerprint(a), ==, dtls_fingerprint(b));
    g_assert_cmpstr(dtls_fingerprint(a), !=, dtls_fingerprint(later));
    g_assert_cmpuint(strlen(dtls_fingerprint(a)), ==, 95);
    dtls_context_free(own); /* transports keep what they need */
    g_assert_true(dtls_start(a, DTLS_CLIENT, now));
    g_queue_clear_full(&e.out, (GDestroyNotify)g_bytes_unref);
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
    uint8_t *in = from_hex(c->in, &n), *expected = from_hex(c->out, &want), *out = malloc(n ? n : 1);
    size_t got = dtls_records_filter(in, n, out);
    g_assert_cmpmem(out, got, expected, want);
    free(in), free(expected), free(out);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ctx = dtls_context_new(g_get_monotonic_time());
    for (size_t i = 0; i < G_N_ELEMENTS(filters); i++) {
        g_autofree char *path = g_strdup_printf("/dtls/records/%s", filters[i].name);
        g_test_add_data_func(path, &filters[i], test_filter);
    }
    g_test_add_func("/dtls/handshake", test_handshake);
    g_test_add_func("/dtls/loss", test_loss);
    g_test_add_func("/dtls/wrong fingerprint", test_wrong_fingerprint);
    g_test_add_func("/dtls/late fingerprint", test_late_fingerprint);
    g_test_add_func("/dtls/strongest decides", test_strongest_decides);
    g_test_add_func("/dtls/forged", test_forged);
    g_test_add_data_func("/dtls/bad hellos/good follows", GINT_TO_POINTER(true), test_bad_hellos);
    g_test_add_data_func("/dtls/bad hellos/nothing else", GINT_TO_POINTER(false), test_bad_hellos);
    g_test_add_func("/dtls/every byte of hello", test_every_byte_of_hello);
    for (size_t i = 0; i < G_N_ELEMENTS(pieces); i++) {
        g_autofree char *path = g_strdup_printf("/dtls/hello in pieces/%s", pieces[i].name);
        g_test_add_data_func(path, &pieces[i], test_pieces);
    }
    g_test_add_func("/dtls/early datagrams", test_early_datagrams);
    g_test_add_func("/dtls/rotation", test_rotation);
    int r = g_test_run();
    dtls_context_free(ctx);
    return r;
}
