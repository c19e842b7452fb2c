/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fakes/bytes.h"
#include "tests/unit/transport/dtls_pair.h"

#define STEP_US 2000

static void on_send(void *user, const uint8_t *datagram, size_t len)
{
    DtlsPeer *e = user;
    g_queue_push_tail(&e->out, g_bytes_new(datagram, len));
    e->sent++;
    e->longest = MAX(e->longest, len);
}

static void on_ready(void *user, const SrtpKeys *keys)
{
    DtlsPeer *e = user;
    e->keys = *keys;
    e->ready++;
}

static void on_data(void *user, const uint8_t *bytes, size_t len)
{
    DtlsPeer *e = user;
    g_assert_cmpuint(e->ready, ==, 1);
    g_string_append_len(e->data, (const char *)bytes, (gssize)len);
}

static void on_ended(void *user, DtlsEnd why)
{
    DtlsPeer *e = user;
    e->ended++;
    e->why = why;
}

const DtlsCallbacks dtls_peer_callbacks = { on_send, on_ready, on_data, on_ended };

void dtls_peer_init(DtlsPeer *e, DtlsContext *context)
{
    memset(e, 0, sizeof(*e));
    g_queue_init(&e->out);
    e->data = g_string_new(NULL);
    e->t = dtls_new(context, &dtls_peer_callbacks, e, g_get_monotonic_time());
}

void dtls_peer_clear(DtlsPeer *e)
{
    dtls_free(e->t);
    g_queue_clear_full(&e->out, (GDestroyNotify)g_bytes_unref);
    g_string_free(e->data, TRUE);
}

void dtls_peer_trust(DtlsPeer *e, const DtlsPeer *other)
{
    g_assert_true(dtls_add_fingerprint(e->t, "sha-256", dtls_fingerprint(other->t)));
    dtls_fingerprints_done(e->t, g_get_monotonic_time());
}

void dtls_peer_feed(DtlsPeer *e, const void *bytes, size_t len)
{
    uint8_t *copy = bytes_exact(bytes, len);
    dtls_on_datagram(e->t, copy, len, g_get_monotonic_time());
    free(copy);
}

void dtls_peer_forget_sent(DtlsPeer *e)
{
    g_queue_clear_full(&e->out, (GDestroyNotify)g_bytes_unref);
    g_queue_init(&e->out);
}

void dtls_pair_set_up(DtlsPair *p, gconstpointer data)
{
    p->waited_us = 0;
    p->context = dtls_context_new(g_get_monotonic_time());
    dtls_peer_init(&p->s, p->context);
    dtls_peer_init(&p->c, p->context);
}

void dtls_pair_set_up_begun(DtlsPair *p, gconstpointer data)
{
    dtls_pair_set_up(p, data);
    dtls_pair_trust(p);
    dtls_pair_start(p);
}

void dtls_pair_tear_down(DtlsPair *p, gconstpointer data)
{
    dtls_peer_clear(&p->s);
    dtls_peer_clear(&p->c);
    dtls_context_free(p->context);
}

void dtls_pair_trust(DtlsPair *p)
{
    dtls_peer_trust(&p->s, &p->c);
    dtls_peer_trust(&p->c, &p->s);
}

void dtls_pair_start(DtlsPair *p)
{
    gint64 now = g_get_monotonic_time();
    g_assert_true(dtls_start(p->s.t, DTLS_SERVER, now));
    g_assert_true(dtls_start(p->c.t, DTLS_CLIENT, now));
}

void dtls_pair_run(DtlsPair *p, unsigned lose_every, gint64 max_us, bool (*done)(const DtlsPair *p))
{
    gint64 until = g_get_monotonic_time() + max_us;
    unsigned random = 1 + lose_every;
    while (g_get_monotonic_time() < until) {
        DtlsPeer *ends[2] = { &p->s, &p->c };
        bool moved = false;
        for (int i = 0; i < 2; i++) {
            g_autoptr(GBytes) d = g_queue_pop_head(&ends[i]->out);
            gint64 now = g_get_monotonic_time();
            if (d) {
                moved = true;
                random = random * 1664525 + 1013904223;
                if (!lose_every || (random >> 16) % lose_every != 0)
                    dtls_peer_feed(ends[!i], g_bytes_get_data(d, NULL), g_bytes_get_size(d));
            }
            if (dtls_next_due(ends[i]->t, now) <= now)
                dtls_on_timer(ends[i]->t, now);
        }
        if (!moved) {
            if (done(p))
                return;
            g_usleep(STEP_US);
            p->waited_us += STEP_US;
        }
    }
}

bool dtls_pair_is_ready(const DtlsPair *p)
{
    return p->s.ready && p->c.ready;
}

bool dtls_pair_is_client_ready(const DtlsPair *p)
{
    return p->c.ready;
}

bool dtls_pair_has_ended(const DtlsPair *p)
{
    return p->s.ended || p->c.ended;
}

bool dtls_pair_is_quiet(const DtlsPair *p)
{
    return true;
}

void dtls_pair_assert_mirrored(const DtlsPair *p)
{
    const SrtpKeys *a = &p->s.keys, *b = &p->c.keys;
    g_assert_cmpint(a->profile, ==, b->profile);
    g_assert_cmpmem(a->tx_key, SRTP_KEY_MAX_BYTES, b->rx_key, SRTP_KEY_MAX_BYTES);
    g_assert_cmpmem(a->rx_key, SRTP_KEY_MAX_BYTES, b->tx_key, SRTP_KEY_MAX_BYTES);
    g_assert_cmpmem(a->tx_salt, SRTP_SALT_MAX_BYTES, b->rx_salt, SRTP_SALT_MAX_BYTES);
    g_assert_cmpmem(a->rx_salt, SRTP_SALT_MAX_BYTES, b->tx_salt, SRTP_SALT_MAX_BYTES);
    g_assert_true(memcmp(a->rx_key, a->tx_key, 16) != 0);
}

void dtls_pair_assert_data(DtlsPair *p, DtlsPeer *from, DtlsPeer *to)
{
    g_string_truncate(to->data, 0);
    g_assert_true(dtls_write(from->t, (const uint8_t *)"hello", 5));
    dtls_pair_run(p, 0, G_USEC_PER_SEC, dtls_pair_is_quiet);
    g_assert_cmpstr(to->data->str, ==, "hello");
}
