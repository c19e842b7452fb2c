/* SPDX-License-Identifier: Apache-2.0
 *
 * Two ends of a DTLS transport and the wire between them, for tests. `ctx` is made by main. */
#ifndef PLENUM_TESTS_TRANSPORT_DTLS_ENDS_H
#define PLENUM_TESTS_TRANSPORT_DTLS_ENDS_H

#include <glib.h>
#include "bridge/transport/dtls.h"
#include "tests/unit/transport/hex.h"

typedef struct End {
    DtlsTransport *t;
    GQueue out; /* GBytes this end sent */
    SrtpKeys keys;
    GString *data;
    unsigned ready, ended, sent;
    size_t longest;
    DtlsEnd why;
} End;

static DtlsContext *ctx;

static inline void on_send(void *user, const uint8_t *datagram, size_t len)
{
    End *e = user;
    g_queue_push_tail(&e->out, g_bytes_new(datagram, len));
    e->sent++;
    e->longest = MAX(e->longest, len);
}

static inline void on_ready(void *user, const SrtpKeys *keys)
{
    End *e = user;
    e->keys = *keys;
    e->ready++;
}

static inline void on_data(void *user, const uint8_t *bytes, size_t len)
{
    End *e = user;
    g_assert_cmpuint(e->ready, ==, 1);
    g_string_append_len(e->data, (const char *)bytes, (gssize)len);
}

static inline void on_ended(void *user, DtlsEnd why)
{
    End *e = user;
    e->ended++;
    e->why = why;
}

static const DtlsCallbacks callbacks = { on_send, on_ready, on_data, on_ended };

static inline void end_init(End *e)
{
    memset(e, 0, sizeof(*e));
    g_queue_init(&e->out);
    e->data = g_string_new(NULL);
    e->t = dtls_new(ctx, &callbacks, e, g_get_monotonic_time());
}

static inline void end_clear(End *e)
{
    dtls_free(e->t);
    g_queue_clear_full(&e->out, (GDestroyNotify)g_bytes_unref);
    g_string_free(e->data, TRUE);
}

static inline void trust(End *e, const End *peer)
{
    g_assert_true(dtls_add_fingerprint(e->t, "sha-256", dtls_fingerprint(peer->t)));
    dtls_fingerprints_done(e->t, g_get_monotonic_time());
}

static inline void feed(End *e, const void *bytes, size_t len)
{
    uint8_t *copy = exact(bytes, len);
    dtls_on_datagram(e->t, copy, len, g_get_monotonic_time());
    free(copy);
}

/* Carries datagrams both ways until both ends are quiet and `done`, or time is over. One in lose_every is lost. */
static inline void run(End *a, End *b, unsigned lose_every, gint64 max_us, bool (*done)(const End *, const End *))
{
    gint64 until = g_get_monotonic_time() + max_us;
    unsigned random = 1 + lose_every;
    while (g_get_monotonic_time() < until) {
        End *ends[2] = { a, b };
        bool moved = false;
        for (int i = 0; i < 2; i++) {
            g_autoptr(GBytes) d = g_queue_pop_head(&ends[i]->out);
            gint64 now = g_get_monotonic_time();
            if (d) {
                moved = true;
                random = random * 1664525 + 1013904223;
                if (!lose_every || (random >> 16) % lose_every != 0)
                    feed(ends[!i], g_bytes_get_data(d, NULL), g_bytes_get_size(d));
            }
            if (dtls_next_due(ends[i]->t, now) <= now)
                dtls_on_timer(ends[i]->t, now);
        }
        if (!moved) {
            if (done(a, b))
                return;
            g_usleep(2000);
        }
    }
}

static inline bool both_ready(const End *a, const End *b)
{
    return a->ready && b->ready;
}

static inline bool any_ended(const End *a, const End *b)
{
    return a->ended || b->ended;
}

static inline bool quiet(const End *a, const End *b)
{
    return true;
}

static inline void start(End *server, End *client)
{
    gint64 now = g_get_monotonic_time();
    g_assert_true(dtls_start(server->t, DTLS_SERVER, now));
    g_assert_true(dtls_start(client->t, DTLS_CLIENT, now));
}

static inline void assert_mirrored(const End *a, const End *b)
{
    g_assert_cmpint(a->keys.profile, ==, b->keys.profile);
    g_assert_cmpmem(a->keys.tx_key, SRTP_KEY_MAX_BYTES, b->keys.rx_key, SRTP_KEY_MAX_BYTES);
    g_assert_cmpmem(a->keys.rx_key, SRTP_KEY_MAX_BYTES, b->keys.tx_key, SRTP_KEY_MAX_BYTES);
    g_assert_cmpmem(a->keys.tx_salt, SRTP_SALT_MAX_BYTES, b->keys.rx_salt, SRTP_SALT_MAX_BYTES);
    g_assert_cmpmem(a->keys.rx_salt, SRTP_SALT_MAX_BYTES, b->keys.tx_salt, SRTP_SALT_MAX_BYTES);
    g_assert_true(memcmp(a->keys.rx_key, a->keys.tx_key, 16) != 0);
}

static inline void assert_data(End *a, End *b)
{
    g_string_truncate(b->data, 0);
    g_assert_true(dtls_write(a->t, (const uint8_t *)"hello", 5));
    run(a, b, 0, G_USEC_PER_SEC, quiet);
    g_assert_cmpstr(b->data->str, ==, "hello");
}

#endif
