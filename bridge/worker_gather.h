/* SPDX-License-Identifier: Apache-2.0
 *
 * When single packets come so fast that each wakes the thread again at once, waking costs more than forwarding. Then the
 * thread sleeps a moment after each round, and finds several. Streams that are rare, or come in full batches, are taken
 * at once. Pure; owner: a worker, its thread only. */
#ifndef PLENUM_BRIDGE_WORKER_GATHER_H
#define PLENUM_BRIDGE_WORKER_GATHER_H

#include <stdbool.h>
#include <stdint.h>

#define WORKER_GATHER_US 500  /* from one wake-up to the next: the longest a packet waits for others */
#define WORKER_GATHER_FULL 8  /* datagrams of one round that need no company */
#define WORKER_GATHER_AFTER 4 /* rounds in a row, each soon after the other, before it is tried */
#define WORKER_GATHER_VAIN 3  /* sleeps in a row that brought one datagram or none */
#define WORKER_GATHER_RETRY                                                                                            \
    64 /* rounds before the next try after that: who waits for an answer sends no more meanwhile */

typedef struct {
    int64_t woke_us;
    int32_t close_rounds; /* in a row; below zero: not to be tried for a while */
    uint32_t in_vain;     /* sleeps in a row */
    bool gathering;
} WorkerGather;

/* The round that began at woke_us brought so many datagrams. Returns until when to sleep before the next one; 0: look
 * at once. */
static inline int64_t worker_gather_until_us(WorkerGather *g, int64_t woke_us, unsigned datagrams)
{
    bool close = woke_us - g->woke_us < WORKER_GATHER_US;
    g->woke_us = woke_us;
    if (g->gathering) {
        g->in_vain = datagrams < 2 ? g->in_vain + 1 : 0;
        g->gathering = datagrams < WORKER_GATHER_FULL && g->in_vain < WORKER_GATHER_VAIN;
        if (g->in_vain == WORKER_GATHER_VAIN)
            g->close_rounds = -WORKER_GATHER_RETRY;
    } else if (!close || datagrams >= WORKER_GATHER_FULL) {
        g->close_rounds = g->close_rounds < 0 ? g->close_rounds + 1 : 0;
    } else if (datagrams > 0 && ++g->close_rounds >= WORKER_GATHER_AFTER) {
        g->close_rounds = 0;
        g->in_vain = 0;
        g->gathering = true;
    }
    return g->gathering ? woke_us + WORKER_GATHER_US : 0;
}

#endif
