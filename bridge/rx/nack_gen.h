/* SPDX-License-Identifier: Apache-2.0
 *
 * Which packets of one video SSRC to ask for again (RFC 4585 6.2.1). Only for payload types that negotiated
 * nack; audio is never asked for. Feed it the numbers as they were on the wire, recovered ones included.
 * Owner: the endpoint's receive state. Worker thread. Plain data, about 6 KB, no allocation. Pure. */
#ifndef PLENUM_BRIDGE_RX_NACK_GEN_H
#define PLENUM_BRIDGE_RX_NACK_GEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NACK_GEN_MAX_GAP 100        /* a hole this wide is not asked for; a key frame will be */
#define NACK_GEN_MAX_MISSING 500    /* per SSRC; the oldest are given up first */
#define NACK_GEN_MAX_TRIES 10       /* requests per packet */
#define NACK_GEN_MAX_AGE_US 1000000 /* after which a packet comes too late to help */
#define NACK_GEN_INTERVAL_US 150000 /* between requests while the RTT is unknown */
#define NACK_GEN_MIN_INTERVAL_US 20000

typedef struct {
    uint32_t first_ms, last_ms; /* when missed, when asked for last; modulo 2^32 */
    uint16_t seq;
    uint8_t tries;
} NackMissing;

/* Zero-initialise. */
typedef struct {
    bool started, hole; /* hole: see nack_gen_take_hole */
    int64_t highest;
    uint16_t count;
    NackMissing missing[NACK_GEN_MAX_MISSING]; /* ascending */
    uint64_t requested;                        /* numbers, since birth; repeated ones count again */
    uint64_t gave_up;                          /* numbers, since nack_gen_take_gave_up */
} NackGen;

/* `seq` unwrapped (rx_stream). Returns how many numbers to ask for at once, newest gap only, ascending into `out`. */
size_t nack_gen_received(NackGen *g, int64_t seq, int64_t now_us, uint16_t out[NACK_GEN_MAX_GAP]);
/* What is still missing and was last asked for an interval ago (the RTT, at least NACK_GEN_MIN_INTERVAL_US;
 * NACK_GEN_INTERVAL_US for rtt_us 0 = unknown), ascending. What is half an interval short of it joins in, so that
 * requests stay together. Returns the count, 0 when nothing is due. */
size_t nack_gen_due(NackGen *g, int64_t now_us, int64_t rtt_us, uint16_t out[NACK_GEN_MAX_MISSING]);
/* A key frame begins at `seq`: what was lost before it is of no use any more. */
void nack_gen_keyframe(NackGen *g, int64_t seq);
/* True once after numbers were given up: pictures stay broken until a key frame comes. */
bool nack_gen_take_hole(NackGen *g);
/* How many numbers a limit above gave up since the last call; not those a key frame made useless. Each time there is a
 * hole, so that looking then is enough. */
static inline uint64_t nack_gen_take_gave_up(NackGen *g)
{
    uint64_t n = g->gave_up;
    g->gave_up = 0;
    return n;
}
/* When nack_gen_due is worth calling, now_us or later; INT64_MAX while nothing is missing. */
int64_t nack_gen_due_at_us(const NackGen *g, int64_t rtt_us, int64_t now_us);

#endif
