/* SPDX-License-Identifier: Apache-2.0
 *
 * Video on its way to one receiver that would come in a burst too large for its downlink: what exceeds the budget waits
 * here, first in first out. A key frame forwarded as fast as it came in overflows the short queue of a slow link, and
 * its loss costs another key frame.
 *
 *   rate      PACED_FACTOR times the estimate; PACED_FACTOR_QUEUED while packets wait on the way already
 *   at once   up to PACED_BURST_US at that rate, PACED_BURST_BYTES at least, so that what is sent evenly never waits
 *   audio, retransmissions    never wait, but count
 *   padding   only when nothing waits
 *   waiting   PACED_LIMIT_US at most: the rate rises so far that the oldest leaves in time (as GoogCC's pacer does)
 *   full      nothing is dropped, as each packet has its number already: the oldest leaves at once
 *
 * One allocation at birth. Owner: the receiver's transmit state. Worker thread. Pure. */
#ifndef PLENUM_BRIDGE_TX_PACED_QUEUE_H
#define PLENUM_BRIDGE_TX_PACED_QUEUE_H

#include "bridge/tx/pacer.h"

#define PACED_FACTOR 1.35
#define PACED_FACTOR_QUEUED 1.15
#define PACED_QUEUED_US 25000 /* on the way */
#define PACED_MIN_BPS 300000
#define PACED_BURST_US 10000
#define PACED_BURST_BYTES 4000
#define PACED_LIMIT_US 1000000
#define PACED_STEP_US 2000 /* least time between two calls for what waits */
#define PACED_MAX 512      /* packets; 2 s at 2.5 Mbit/s */

/* The owner's: the queue only keeps it. */
typedef struct {
    void *packet, *stream;
    int64_t since_us;
    uint16_t seq, bytes;
} PacedPacket;

typedef struct {
    Pacer pacer;
    bool on;
    int64_t rate_bps; /* without the hurry of what waits long */
    uint32_t head, count;
    size_t bytes;
    uint64_t held; /* packets that ever waited */
    PacedPacket ring[PACED_MAX];
} PacedQueue;

/* Starts switched off: nothing waits. */
void paced_queue_init(PacedQueue *q, int64_t now_us);
/* estimate_bps: 0 switches off. path_queue_us: what packets wait on the way. */
void paced_queue_set(PacedQueue *q, int64_t estimate_bps, int64_t path_queue_us, int64_t now_us);

/* Before the packets of one batch. */
static inline void paced_queue_begin(PacedQueue *q, int64_t now_us)
{
    if (q->on)
        pacer_budget(&q->pacer, now_us);
}
/* Must the next video packet wait? */
static inline bool paced_queue_holds(const PacedQueue *q)
{
    return q->count > 0 || (q->on && q->pacer.budget < 0);
}
/* Bytes went out. */
static inline void paced_queue_sent(PacedQueue *q, size_t bytes)
{
    if (q->on)
        q->pacer.budget -= (int64_t)bytes * 8 * 1000000;
}

/* False: full, take one out first. */
bool paced_queue_push(PacedQueue *q, PacedPacket p);
/* The oldest, whatever the budget; false: none. The caller sends it and says so. */
bool paced_queue_pop(PacedQueue *q, PacedPacket *out);
/* The same if it may go now. */
bool paced_queue_pop_due(PacedQueue *q, int64_t now_us, PacedPacket *out);
/* When to ask again; INT64_MAX when nothing waits. */
int64_t paced_queue_next_us(PacedQueue *q, int64_t now_us);

#endif
