/* SPDX-License-Identifier: Apache-2.0
 *
 * A bottleneck in virtual time: drop-tail queue in front of a link of changing capacity, then a fixed delay,
 * random loss and jitter that keeps order. Deterministic for a given seed. */
#ifndef PLENUM_TESTS_SIM_SIM_LINK_H
#define PLENUM_TESTS_SIM_SIM_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SIM_LINK_PACKETS 16384 /* in the queue and on the way */

typedef struct {
    int64_t at_us; /* entered the queue; then: arrives */
    uint16_t seq, bytes;
    int flow;
    bool marker;
} SimPacket;

typedef struct {
    /* set by the test, also on the way */
    int64_t capacity_bps, delay_us, jitter_us;
    size_t queue_bytes;
    double loss;
    /* inside */
    uint32_t seed;
    int64_t free_us, last_arrival_us;
    size_t waiting_bytes;
    SimPacket queue[SIM_LINK_PACKETS], wire[SIM_LINK_PACKETS]; /* rings */
    size_t queue_head, queue_count, wire_head, wire_count;
    uint64_t dropped, lost;
} SimLink;

void sim_link_init(SimLink *l, int64_t capacity_bps, int64_t delay_us, size_t queue_bytes, uint32_t seed);
/* False: the queue was full. */
bool sim_link_send(SimLink *l, const SimPacket *p, int64_t now_us);
/* Next packet that has arrived by now_us. */
bool sim_link_receive(SimLink *l, int64_t now_us, SimPacket *out);
/* What a packet sent now would wait. */
int64_t sim_link_queue_us(const SimLink *l);
/* 0 <= x < 1. */
double sim_random(uint32_t *seed);

#endif
