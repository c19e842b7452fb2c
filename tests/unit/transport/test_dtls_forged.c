/* SPDX-License-Identifier: Apache-2.0
 *
 * Handshakes while somebody sends forged datagrams from the client's address. */
#include <glib.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdio.h>
#include "bridge/transport/dtls_certificate.h"
#include "tests/unit/transport/dtls_ends.h"

static void append_u24(GByteArray *a, unsigned v)
{
    g_byte_array_append(a, (const uint8_t[]){ (uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v }, 3);
}

/* One handshake fragment in a record of its own, contents random. */
static void forge(End *to, unsigned type, unsigned seq, unsigned len, unsigned off, unsigned n, uint64_t record)
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
        uint8_t byte = (uint8_t)g_random_int();
        g_byte_array_append(a, &byte, 1);
    }
    feed(to, a->data, a->len);
}

/* What the client sent, without the client having noticed an answer: its first flight goes to the server. */
static void say_hello(End *s, End *c)
{
    trust(s, c), trust(c, s);
    start(s, c);
    g_autoptr(GBytes) hello = g_queue_pop_head(&c->out);
    feed(s, g_bytes_get_data(hello, NULL), g_bytes_get_size(hello));
    g_assert_cmpuint(s->sent, >, 0);
}

static unsigned sessions(const End *e)
{
    char dump[512];
    unsigned n = 0;
    dtls_dump(e->t, dump, sizeof(dump));
    g_assert_cmpint(sscanf(strstr(dump, "\"sessions\":"), "\"sessions\":%u", &n), ==, 1);
    return n;
}

static void assert_soon(End *s, End *c, gint64 most_us)
{
    gint64 begin = g_get_monotonic_time();
    run(s, c, 0, 8 * G_USEC_PER_SEC, both_ready);
    g_assert_true(s->ready && c->ready);
    g_assert_cmpint(g_get_monotonic_time() - begin, <, most_us);
    assert_mirrored(s, c);
    assert_data(c, s);
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

static void test_forged_flight(gconstpointer data)
{
    const Forgery *g = data;
    End s, c;
    end_init(&s), end_init(&c);
    say_hello(&s, &c);
    for (int i = 0; i < 20; i++)
        forge(&s, g->type, g->seq, g->len, g->off, g->n, g->record);
    assert_soon(&s, &c, G_USEC_PER_SEC);
    g_assert_cmpuint(sessions(&s), ==, 1);
    end_clear(&s), end_clear(&c);
}

/* All of them, again and again while the handshake runs, with loss. */
static void test_forged_all_the_time(void)
{
    End s, c;
    end_init(&s), end_init(&c);
    say_hello(&s, &c);
    for (int round = 0; round < 100 && !both_ready(&s, &c); round++) {
        for (size_t i = 0; i < G_N_ELEMENTS(forgeries); i++)
            if (g_random_int() % 3 == 0)
                forge(&s, forgeries[i].type, forgeries[i].seq, forgeries[i].len, forgeries[i].off, forgeries[i].n,
                      forgeries[i].record + (uint64_t)round);
        run(&s, &c, 5, 50000, both_ready);
    }
    assert_soon(&s, &c, 5 * G_USEC_PER_SEC);
    end_clear(&s), end_clear(&c);
}

/* A whole flight of somebody else, who has a certificate and a key, and mixes it with the client's. */
static void test_forged_by_another_client(void)
{
    End s, c, other, other_server;
    end_init(&s), end_init(&c), end_init(&other), end_init(&other_server);
    say_hello(&s, &c);
    start(&other_server, &other);
    for (int i = 0; i < 3; i++) { /* up to its Certificate, ClientKeyExchange and CertificateVerify */
        g_autoptr(GBytes) d = g_queue_pop_head(&other.out);
        if (d)
            feed(&other_server, g_bytes_get_data(d, NULL), g_bytes_get_size(d));
        for (GBytes *back; (back = g_queue_pop_head(&other_server.out));) {
            feed(&other, g_bytes_get_data(back, NULL), g_bytes_get_size(back));
            g_bytes_unref(back);
        }
        for (GList *l = i ? other.out.head : NULL; l; l = l->next)
            feed(&s, g_bytes_get_data(l->data, NULL), g_bytes_get_size(l->data));
        if (other.out.length > 0 && i > 0)
            break;
    }
    assert_soon(&s, &c, G_USEC_PER_SEC);
    g_assert_cmpuint(sessions(&s), ==, 1);
    end_clear(&s), end_clear(&c), end_clear(&other), end_clear(&other_server);
}

static void forget_sent(End *e)
{
    g_queue_clear_full(&e->out, (GDestroyNotify)g_bytes_unref);
    g_queue_init(&e->out);
}

/* The client's hello with another random, so many of them that differ. */
static void forge_hellos(End *to, GBytes *hello, unsigned n)
{
    static unsigned next;
    gsize len;
    const uint8_t *bytes = g_bytes_get_data(hello, &len);
    g_autofree uint8_t *forged = g_memdup2(bytes, len);
    for (unsigned i = 0; i < n; i++) {
        next++;
        memcpy(forged + 13 + 12 + 2, &next, sizeof(next));
        feed(to, forged, len);
    }
}

/* Somebody else's hello, before the client's and behind it: the client is asked for the cookie when he is not the first. */
static void test_forged_hello(gconstpointer before)
{
    End s, c;
    gsize n;
    end_init(&s), end_init(&c);
    trust(&s, &c), trust(&c, &s);
    start(&s, &c);
    g_autoptr(GBytes) hello = g_queue_pop_head(&c.out);
    const uint8_t *bytes = g_bytes_get_data(hello, &n);
    if (before) {
        forge_hellos(&s, hello, 1);
        g_assert_cmpuint(s.sent, >, 0);
        forget_sent(&s); /* it came before the client listened */
        unsigned sent = s.sent;
        feed(&s, bytes, n);
        g_assert_cmpuint(s.sent, ==, sent + 1);
        g_assert_cmpuint(g_bytes_get_size(g_queue_peek_head(&s.out)), <, n); /* no amplifier */
    } else {
        feed(&s, bytes, n);
        forge_hellos(&s, hello, 1);
    }
    assert_soon(&s, &c, G_USEC_PER_SEC);
    g_assert_cmpuint(sessions(&s), ==, before ? 2 : 1);
    end_clear(&s), end_clear(&c);
}

/* Hellos without end, in front of the client's and behind each of his datagrams; what they are answered reaches him too.
 * He is through after one round trip more, and no handshake is begun for the forged ones but the first. */
static void test_many_hellos(gconstpointer first)
{
    End s, c;
    gsize n;
    end_init(&s), end_init(&c);
    trust(&s, &c), trust(&c, &s);
    start(&s, &c);
    g_autoptr(GBytes) hello = g_queue_pop_head(&c.out);
    const uint8_t *bytes = g_bytes_get_data(hello, &n);
    if (first)
        feed(&s, bytes, n);
    forge_hellos(&s, hello, 1000);
    if (!first) {
        forget_sent(&s);
        feed(&s, bytes, n);
    }
    gint64 begin = g_get_monotonic_time();
    while (!both_ready(&s, &c) && g_get_monotonic_time() - begin < 8 * G_USEC_PER_SEC) {
        forge_hellos(&s, hello, 50);
        run(&s, &c, 0, 2000, both_ready);
    }
    g_assert_true(s.ready && c.ready);
    g_assert_cmpint(g_get_monotonic_time() - begin, <, 2 * G_USEC_PER_SEC);
    g_assert_cmpuint(sessions(&s), <=, 2);
    g_assert_cmpuint(s.ended + c.ended, ==, 0);
    assert_mirrored(&s, &c);
    end_clear(&s), end_clear(&c);
}

/* A cookie cannot be guessed, nor used with another transport. */
static void test_wrong_cookie(void)
{
    End s, other, c;
    gsize n;
    end_init(&s), end_init(&other), end_init(&c);
    trust(&s, &c), trust(&c, &s);
    start(&s, &c);
    g_assert_true(dtls_start(other.t, DTLS_SERVER, g_get_monotonic_time()));
    g_autoptr(GBytes) hello = g_queue_pop_head(&c.out);
    forge_hellos(&other, hello, 1);
    forget_sent(&other);
    forge_hellos(&other, hello, 1);
    GBytes *request = g_queue_peek_head(&other.out);
    feed(&c, g_bytes_get_data(request, NULL), g_bytes_get_size(request));
    g_autoptr(GBytes) with = g_queue_pop_tail(&c.out); /* the hello with the other transport's cookie */
    const uint8_t *bytes = g_bytes_get_data(with, &n);
    g_assert_cmpuint(n, ==, g_bytes_get_size(hello) + 16);
    feed(&s, bytes, n);
    g_assert_cmpuint(s.sent, ==, 0);
    feed(&other, bytes, n);
    g_assert_cmpuint(other.sent, >, 2);
    g_assert_cmpuint(sessions(&other), ==, 2);
    end_clear(&s), end_clear(&other), end_clear(&c);
}

/* A server's flight for another hello, again and again: a client cannot know, but it does not give up, and does not
 * say hello without end either. */
static void test_client_goes_on(void)
{
    End s, c, other;
    gint64 now = g_get_monotonic_time();
    end_init(&s), end_init(&c), end_init(&other);
    trust(&s, &c), trust(&c, &s);
    start(&s, &c);
    for (int i = 0; i < 3 * DTLS_SESSIONS_MAX; i++) {
        dtls_free(other.t);
        other.t = dtls_new(ctx, &callbacks, &other, now);
        forget_sent(&other);
        g_assert_true(dtls_start(other.t, DTLS_SERVER, now));
        forge_hellos(&other, g_queue_peek_tail(&c.out), 1);
        for (GBytes *d; (d = g_queue_pop_head(&other.out));) {
            feed(&c, g_bytes_get_data(d, NULL), g_bytes_get_size(d));
            g_bytes_unref(d);
        }
        g_assert_cmpuint(c.ended, ==, 0);
    }
    g_assert_cmpuint(sessions(&c), ==, DTLS_SESSIONS_MAX);
    int64_t due = dtls_next_due(c.t, now);
    g_assert_cmpint(due, <=, g_get_monotonic_time() + DTLS_REST_US);
    forget_sent(&c);
    dtls_on_timer(c.t, due);
    g_assert_cmpuint(sessions(&c), ==, DTLS_SESSIONS_MAX + 1);
    assert_soon(&s, &c, 2 * G_USEC_PER_SEC);
    end_clear(&s), end_clear(&c), end_clear(&other);
}

/* A flood of what looks like a handshake delays it by no more than its own length. */
static void test_flood(void)
{
    End s, c;
    end_init(&s), end_init(&c);
    say_hello(&s, &c);
    for (unsigned i = 0; i < 3000; i++)
        forge(&s, 11, 1, 100 + i % 300, 0, 50, i);
    assert_soon(&s, &c, 4 * G_USEC_PER_SEC);
    end_clear(&s), end_clear(&c);
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

static void test_client_keys(gconstpointer kind)
{
    End s;
    char digest[200];
    uint8_t bytes[8000];
    end_init(&s);
    SSL *client = foreign_client(kind, digest, sizeof(digest));
    g_assert_true(dtls_add_fingerprint(s.t, "sha-256", digest));
    dtls_fingerprints_done(s.t, 0);
    g_assert_true(dtls_start(s.t, DTLS_SERVER, g_get_monotonic_time()));
    for (int i = 0; i < 10 && !(s.ready && SSL_is_init_finished(client)); i++) {
        SSL_do_handshake(client);
        for (int n; (n = BIO_read(SSL_get_wbio(client), bytes, sizeof(bytes))) > 0;)
            for (int at = 0, len; at < n; at += len) { /* record by record */
                len = 13 + (bytes[at + 11] << 8 | bytes[at + 12]);
                feed(&s, bytes + at, (size_t)len);
            }
        for (GBytes *back; (back = g_queue_pop_head(&s.out));) {
            BIO_write(SSL_get_rbio(client), g_bytes_get_data(back, NULL), (int)g_bytes_get_size(back));
            SSL_do_handshake(client);
            g_bytes_unref(back);
        }
    }
    g_assert_cmpuint(s.ready, ==, 1);
    g_assert_true(SSL_is_init_finished(client));
    SSL_free(client);
    end_clear(&s);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ctx = dtls_context_new(g_get_monotonic_time());
    for (size_t i = 0; i < G_N_ELEMENTS(forgeries); i++) {
        g_autofree char *path = g_strdup_printf("/dtls/forged flight/%s", forgeries[i].name);
        g_test_add_data_func(path, &forgeries[i], test_forged_flight);
    }
    g_test_add_func("/dtls/forged all the time", test_forged_all_the_time);
    g_test_add_func("/dtls/forged by another client", test_forged_by_another_client);
    g_test_add_data_func("/dtls/forged hello/before", GINT_TO_POINTER(true), test_forged_hello);
    g_test_add_data_func("/dtls/forged hello/behind", NULL, test_forged_hello);
    g_test_add_data_func("/dtls/many hellos/before", NULL, test_many_hellos);
    g_test_add_data_func("/dtls/many hellos/behind", GINT_TO_POINTER(true), test_many_hellos);
    g_test_add_func("/dtls/wrong cookie", test_wrong_cookie);
    g_test_add_func("/dtls/client goes on", test_client_goes_on);
    g_test_add_func("/dtls/flood", test_flood);
    g_test_add_data_func("/dtls/client keys/RSA", "RSA", test_client_keys);
    g_test_add_data_func("/dtls/client keys/P-256", "P-256", test_client_keys);
    g_test_add_data_func("/dtls/client keys/P-384", "P-384", test_client_keys);
    g_test_add_data_func("/dtls/client keys/P-521", "P-521", test_client_keys);
    g_test_add_data_func("/dtls/client keys/ED25519", "ED25519", test_client_keys);
    int r = g_test_run();
    dtls_context_free(ctx);
    return r;
}
