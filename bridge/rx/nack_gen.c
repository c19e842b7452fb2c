/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/rx/nack_gen.h"
#include <string.h>
#include "common/rtp/rtp_seq.h"

static void drop_oldest(NackGen *g, size_t n)
{
    g->hole |= n > 0;
    g->count = (uint16_t)(g->count - n);
    memmove(g->missing, g->missing + n, g->count * sizeof(g->missing[0]));
}

static void give_up_oldest(NackGen *g, size_t n)
{
    g->gave_up += n;
    drop_oldest(g, n);
}

static void drop_expired(NackGen *g, uint32_t now_ms)
{
    size_t n = 0; /* ascending numbers were missed in ascending time */
    while (n < g->count && now_ms - g->missing[n].first_ms > NACK_GEN_MAX_AGE_US / 1000)
        n++;
    if (n)
        give_up_oldest(g, n);
}

static void forget(NackGen *g, uint16_t seq)
{
    size_t lo = 0, hi = g->count;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (rtp_seq_diff(g->missing[mid].seq, seq) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    if (lo == g->count || g->missing[lo].seq != seq)
        return;
    g->count--;
    memmove(g->missing + lo, g->missing + lo + 1, (g->count - lo) * sizeof(g->missing[0]));
}

size_t nack_gen_received(NackGen *g, int64_t seq, int64_t now_us, uint16_t out[NACK_GEN_MAX_GAP])
{
    uint32_t now_ms = (uint32_t)(now_us / 1000);
    if (!g->started) {
        g->started = true;
        g->highest = seq;
        return 0;
    }
    if (seq <= g->highest) {
        forget(g, (uint16_t)seq);
        return 0;
    }
    int64_t gap = seq - g->highest - 1;
    int64_t first = g->highest + 1;
    g->highest = seq;
    if (gap == 0)
        return 0;
    if (gap >= NACK_GEN_MAX_GAP) {
        give_up_oldest(g, g->count);
        g->gave_up += (uint64_t)gap;
        g->hole = true;
        return 0;
    }
    drop_expired(g, now_ms);
    if (g->count + gap > NACK_GEN_MAX_MISSING)
        give_up_oldest(g, (size_t)(g->count + gap - NACK_GEN_MAX_MISSING));
    for (int64_t i = 0; i < gap; i++) {
        out[i] = (uint16_t)(first + i);
        g->missing[g->count++] = (NackMissing){ .seq = out[i], .first_ms = now_ms, .last_ms = now_ms, .tries = 1 };
    }
    g->requested += (uint64_t)gap;
    return (size_t)gap;
}

static uint32_t interval_ms(int64_t rtt_us)
{
    int64_t us = rtt_us <= 0                         ? NACK_GEN_INTERVAL_US
                 : rtt_us < NACK_GEN_MIN_INTERVAL_US ? NACK_GEN_MIN_INTERVAL_US
                 : rtt_us > NACK_GEN_MAX_AGE_US      ? NACK_GEN_MAX_AGE_US
                                                     : rtt_us;
    return (uint32_t)(us / 1000);
}

size_t nack_gen_due(NackGen *g, int64_t now_us, int64_t rtt_us, uint16_t out[NACK_GEN_MAX_MISSING])
{
    uint32_t now_ms = (uint32_t)(now_us / 1000), interval = interval_ms(rtt_us);
    bool due = false;
    size_t n = 0, kept = 0;
    for (size_t i = 0; i < g->count && !due; i++)
        due = now_ms - g->missing[i].last_ms >= interval;
    if (!due)
        return 0;
    drop_expired(g, now_ms);
    for (size_t i = 0; i < g->count; i++) {
        NackMissing m = g->missing[i];
        if (now_ms - m.last_ms >= (interval + 1) / 2) {
            if (m.tries >= NACK_GEN_MAX_TRIES) {
                g->gave_up++;
                g->hole = true;
                continue;
            }
            m.tries++;
            m.last_ms = now_ms;
            out[n++] = m.seq;
        }
        g->missing[kept++] = m;
    }
    g->count = (uint16_t)kept;
    g->requested += n;
    return n;
}

void nack_gen_keyframe(NackGen *g, int64_t seq)
{
    size_t n = 0;
    while (n < g->count && rtp_seq_diff(g->missing[n].seq, (uint16_t)seq) < 0)
        n++;
    drop_oldest(g, n);
    g->hole = false;
}

bool nack_gen_take_hole(NackGen *g)
{
    bool hole = g->hole;
    g->hole = false;
    return hole;
}

int64_t nack_gen_due_at_us(const NackGen *g, int64_t rtt_us, int64_t now_us)
{
    uint32_t now_ms = (uint32_t)(now_us / 1000), interval = interval_ms(rtt_us), longest = 0;
    if (g->count == 0)
        return INT64_MAX;
    for (size_t i = 0; i < g->count; i++) {
        uint32_t since = now_ms - g->missing[i].last_ms;
        longest = since > longest ? since : longest;
    }
    return longest >= interval ? now_us : (now_us / 1000 + interval - longest) * 1000;
}
