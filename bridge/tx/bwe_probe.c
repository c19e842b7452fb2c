/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/tx/bwe_probe.h"
#include <string.h>

#define MAX_SPAN_US 1000000
#define MAX_RATIO 2
#define SATURATED 0.9 /* received / sent */
#define MIN_SHARE_PCT 70
#define GOLDEN_US 30902 /* of BWE_PROBE_AFTER_US: steps of it, modulo the whole, spread evenly however many */

static void drop_first(BweProbe *p)
{
    p->count--;
    memmove(p->clusters, p->clusters + 1, p->count * sizeof(p->clusters[0]));
}

static bool runs(const BweCluster *c)
{
    return c->started_us > 0 && c->ended_us == 0;
}

void bwe_probe_add(BweProbe *p, BweProbeReason reason, int64_t rate_bps, int64_t now_us)
{
    if (p->count == BWE_PROBE_QUEUE)
        return;
    if (++p->last_id > UINT8_MAX)
        p->last_id = 1; /* the history keeps eight bits, 0 is none */
    p->clusters[p->count++] =
        (BweCluster){ .id = p->last_id, .reason = reason, .rate_bps = rate_bps, .queued_us = now_us > 0 ? now_us : 1 };
    p->last_rate_bps = rate_bps;
    p->last_queued_us = now_us > 0 ? now_us : 1;
}

void bwe_probe_cancel(BweProbe *p)
{
    p->count = 0;
}

uint16_t bwe_probe_running(const BweProbe *p)
{
    return p->count > 0 && runs(&p->clusters[0]) ? p->clusters[0].id : 0;
}

/* When the next burst is due so that the average since the start is the rate. */
static int64_t next_burst_us(const BweCluster *c)
{
    return c->started_us + (int64_t)(c->sent_bytes * 8000000 / (uint64_t)c->rate_bps);
}

static int64_t begin_us(const BweCluster *c, int64_t now_us)
{
    bool look = c->reason == BWE_PROBE_PERIODIC || c->reason == BWE_PROBE_CONFIRM;
    return now_us + (look ? (int64_t)c->id * GOLDEN_US % BWE_PROBE_AFTER_US : 0);
}

size_t bwe_probe_bytes_due(BweProbe *p, size_t packet_bytes, int64_t now_us, int64_t *again_us)
{
    *again_us = INT64_MAX;
    if (p->count == 0 || p->clusters[0].ended_us > 0)
        return 0;
    BweCluster *c = &p->clusters[0];
    if (c->started_us == 0) {
        if (c->begin_us == 0) {
            if (packet_bytes < BWE_PROBE_TRIGGER)
                return 0; /* starts in the wake of video only: with nothing to send, nothing to find out */
            c->begin_us = begin_us(c, now_us);
        }
        if (now_us < c->begin_us) {
            *again_us = c->begin_us;
            return 0;
        }
        c->started_us = now_us > 0 ? now_us : 1;
        int64_t length_us = c->reason == BWE_PROBE_CONFIRM ? BWE_PROBE_CONFIRM_US : BWE_PROBE_US;
        c->goal_bytes = (size_t)(c->rate_bps * length_us / 8000000);
    }
    int64_t due_us = next_burst_us(c);
    if (now_us - due_us > BWE_PROBE_LATE_US) {
        drop_first(p); /* too slow to measure anything */
        return 0;
    }
    if (due_us > now_us) {
        *again_us = due_us;
        return 0;
    }
    size_t burst = (size_t)(c->rate_bps * BWE_PROBE_BURST_US / 8000000);
    *again_us = now_us + BWE_PROBE_BURST_US;
    return burst > 0 ? burst : 1;
}

/* So slow that the usual number of large packets would be much longer than a cluster. */
static bool slow(const BweCluster *c)
{
    return c->goal_bytes < 5 * 1000;
}

void bwe_probe_packet_sent(BweProbe *p, uint16_t id, size_t bytes, int64_t now_us)
{
    if (p->count == 0 || p->clusters[0].id != id || !runs(&p->clusters[0]))
        return;
    BweCluster *c = &p->clusters[0];
    c->sent_bytes += bytes;
    c->sent_packets++;
    if (c->sent_bytes >= c->goal_bytes && c->sent_packets >= (slow(c) ? BWE_PROBE_PACKETS_SLOW : BWE_PROBE_PACKETS)) {
        c->ended_us = now_us > 0 ? now_us : 1;
        p->sent++;
    }
}

static void measure(BweCluster *c, const BwePacket *packet)
{
    if (c->got_packets == 0 || packet->send_us < c->first_send_us)
        c->first_send_us = packet->send_us;
    if (c->got_packets == 0 || packet->send_us >= c->last_send_us) {
        c->last_send_us = packet->send_us;
        c->last_send_bytes = packet->bytes;
    }
    if (c->got_packets == 0 || packet->arrival_us < c->first_arrival_us) {
        c->first_arrival_us = packet->arrival_us;
        c->first_arrival_bytes = packet->bytes;
    }
    if (c->got_packets == 0 || packet->arrival_us > c->last_arrival_us)
        c->last_arrival_us = packet->arrival_us;
    c->got_packets++;
    c->got_bytes += packet->bytes;
}

void bwe_probe_received(BweProbe *p, const BwePacket *packet)
{
    if (p->count > 0 && p->clusters[0].id == packet->probe)
        measure(&p->clusters[0], packet);
}

int64_t bwe_probe_result(BweProbe *p, BweProbeReason *reason, int64_t *probed_bps, bool *saturated)
{
    if (p->count == 0)
        return 0;
    const BweCluster *c = &p->clusters[0];
    if (c->ended_us == 0 || c->got_packets * 100 < c->sent_packets * MIN_SHARE_PCT ||
        c->got_bytes * 100 < c->sent_bytes * MIN_SHARE_PCT)
        return 0;
    int64_t send_span = c->last_send_us - c->first_send_us, arrival_span = c->last_arrival_us - c->first_arrival_us;
    int64_t bps = 0;
    *reason = c->reason;
    *probed_bps = c->rate_bps;
    if (send_span > 0 && send_span <= MAX_SPAN_US && arrival_span > 0 && arrival_span <= MAX_SPAN_US) {
        int64_t sent = (int64_t)((c->got_bytes - c->last_send_bytes) * 8000000 / (uint64_t)send_span);
        int64_t got = (int64_t)((c->got_bytes - c->first_arrival_bytes) * 8000000 / (uint64_t)arrival_span);
        *saturated = got < SATURATED * sent;
        if (got <= MAX_RATIO * sent)
            bps = *saturated ? (int64_t)(BWE_PROBE_UTILISATION * got) : got < sent ? got : sent;
    }
    p->measured += bps > 0;
    drop_first(p);
    return bps;
}

void bwe_probe_tick(BweProbe *p, int64_t now_us)
{
    if (p->count == 0)
        return;
    const BweCluster *c = &p->clusters[0];
    int64_t since = c->ended_us ? c->ended_us : c->started_us ? c->started_us : c->queued_us;
    if (now_us - since > BWE_PROBE_WAIT_US)
        drop_first(p);
}
