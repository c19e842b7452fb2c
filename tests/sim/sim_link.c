/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/sim_link.h"
#include <stdlib.h>

void sim_link_init(SimLink *l, int64_t capacity_bps, int64_t delay_us, size_t queue_bytes, uint32_t seed)
{
    *l = (SimLink){
        .capacity_bps = capacity_bps, .delay_us = delay_us, .queue_bytes = queue_bytes, .seed = seed ? seed : 1
    };
}

double sim_random(uint32_t *seed)
{
    *seed ^= *seed << 13; /* xorshift */
    *seed ^= *seed >> 17;
    *seed ^= *seed << 5;
    return *seed / 4294967296.0;
}

/* Moves what the link has served by now to the wire. */
static void serve(SimLink *l, int64_t now_us)
{
    while (l->queue_count > 0) {
        SimPacket *p = &l->queue[l->queue_head];
        int64_t start_us = l->free_us > p->at_us ? l->free_us : p->at_us;
        int64_t done_us = start_us + p->bytes * 8000000LL / l->capacity_bps;
        if (done_us > now_us)
            return;
        l->free_us = done_us;
        l->waiting_bytes -= p->bytes;
        int64_t arrival_us = done_us + l->delay_us + (int64_t)(sim_random(&l->seed) * l->jitter_us);
        if (arrival_us < l->last_arrival_us)
            arrival_us = l->last_arrival_us;
        if (sim_random(&l->seed) < l->loss) {
            l->lost++;
        } else {
            if (l->wire_count == SIM_LINK_PACKETS)
                abort();
            SimPacket *w = &l->wire[(l->wire_head + l->wire_count++) % SIM_LINK_PACKETS];
            *w = *p;
            w->at_us = l->last_arrival_us = arrival_us;
        }
        l->queue_head = (l->queue_head + 1) % SIM_LINK_PACKETS;
        l->queue_count--;
    }
}

bool sim_link_send(SimLink *l, const SimPacket *p, int64_t now_us)
{
    serve(l, now_us);
    if (l->waiting_bytes + p->bytes > l->queue_bytes || l->queue_count == SIM_LINK_PACKETS) {
        l->dropped++;
        return false;
    }
    SimPacket *q = &l->queue[(l->queue_head + l->queue_count++) % SIM_LINK_PACKETS];
    *q = *p;
    q->at_us = now_us;
    l->waiting_bytes += p->bytes;
    return true;
}

bool sim_link_receive(SimLink *l, int64_t now_us, SimPacket *out)
{
    serve(l, now_us);
    if (l->wire_count == 0 || l->wire[l->wire_head].at_us > now_us)
        return false;
    *out = l->wire[l->wire_head];
    l->wire_head = (l->wire_head + 1) % SIM_LINK_PACKETS;
    l->wire_count--;
    return true;
}

int64_t sim_link_queue_us(const SimLink *l)
{
    return (int64_t)(l->waiting_bytes * 8000000 / (uint64_t)l->capacity_bps);
}
