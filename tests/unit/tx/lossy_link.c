/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/tx/lossy_link.h"

#include "bridge/rx/nack_gen.h"

typedef struct {
    int64_t due_us, seq;
    unsigned stream;
} Request;

struct LossyLink {
    int loss_percent;
    int64_t rtt_us;
    LossyLinkEnds ends;
    NackGen asking[LOSSY_LINK_STREAMS];
    GQueue *requests;     /* Request, soonest first */
    GHashTable *received; /* stream and number */
    guint lost;
};

LossyLink *lossy_link_new(int loss_percent, int64_t rtt_us, LossyLinkEnds ends)
{
    LossyLink *l = g_new0(LossyLink, 1);
    l->loss_percent = loss_percent;
    l->rtt_us = rtt_us;
    l->ends = ends;
    l->requests = g_queue_new();
    l->received = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    return l;
}

static void ask(LossyLink *l, unsigned stream, const uint16_t *seqs, size_t n, int64_t now_us)
{
    for (size_t i = 0; i < n; i++) {
        Request *r = g_new(Request, 1);
        int64_t highest = l->asking[stream].highest;
        *r =
            (Request){ .due_us = now_us + l->rtt_us, .seq = highest - (uint16_t)(highest - seqs[i]), .stream = stream };
        g_queue_push_tail(l->requests, r);
    }
}

static void transmit(LossyLink *l, unsigned stream, int64_t seq, gpointer item, int64_t now_us)
{
    uint16_t missing[NACK_GEN_MAX_GAP];
    gint64 key = (gint64)stream << 48 | seq;
    if (g_test_rand_int_range(0, 100) < l->loss_percent) {
        l->lost++;
        return;
    }
    if (!g_hash_table_add(l->received, g_memdup2(&key, sizeof(key))))
        return;
    ask(l, stream, missing, nack_gen_received(&l->asking[stream], seq, now_us, missing), now_us);
    l->ends.arrive(l->ends.user, item, now_us);
}

void lossy_link_send(LossyLink *l, unsigned stream, int64_t seq, gpointer item, int64_t now_us)
{
    g_assert_cmpuint(stream, <, LOSSY_LINK_STREAMS);
    transmit(l, stream, seq, item, now_us);
}

void lossy_link_run(LossyLink *l, int64_t now_us)
{
    uint16_t due[NACK_GEN_MAX_MISSING];
    for (Request *r; (r = g_queue_peek_head(l->requests)) && r->due_us <= now_us;) {
        gpointer item = l->ends.again(l->ends.user, r->stream, (uint16_t)r->seq);
        g_queue_pop_head(l->requests);
        if (item)
            transmit(l, r->stream, r->seq, item, r->due_us);
        g_free(r);
    }
    for (unsigned s = 0; s < LOSSY_LINK_STREAMS; s++)
        ask(l, s, due, nack_gen_due(&l->asking[s], now_us, l->rtt_us, due), now_us);
}

guint lossy_link_lost(const LossyLink *l)
{
    return l->lost;
}

void lossy_link_free(LossyLink *l)
{
    g_queue_free_full(l->requests, g_free);
    g_hash_table_unref(l->received);
    g_free(l);
}
