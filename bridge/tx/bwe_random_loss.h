/* SPDX-License-Identifier: Apache-2.0
 *
 * Which share of the packets the path loses whatever is sent: a radio's losses, say. What is lost while nothing
 * waits on the way, and no more of it when more is sent, is no sign of too much; all else is. Where the path drops
 * what is too much without ever holding it back, more sent brings no more to arrive: then none of it is random.
 * While it is sent at one rate nothing tells the two apart, and the share does not grow. Part of Bwe; its owner's
 * thread. Pure. */
#ifndef PLENUM_BRIDGE_TX_BWE_RANDOM_LOSS_H
#define PLENUM_BRIDGE_TX_BWE_RANDOM_LOSS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "bridge/tx/bwe_packet.h"

#define BWE_RANDOM_PERIODS 24
#define BWE_RANDOM_PERIOD_US 250000 /* send time each covers, at least */
#define BWE_RANDOM_QUEUE_US 20000   /* above it, packets wait */
#define BWE_RANDOM_MOST 0.2         /* never forgiven more */

typedef struct {
    double kb, lost_kb, kbps;
    bool queued;
} BweRandomPeriod;

/* Zero-initialise. */
typedef struct {
    BweRandomPeriod periods[BWE_RANDOM_PERIODS]; /* ring by number */
    unsigned count;
    BweSpan partial;
    bool queued;  /* during it */
    double share; /* 0..BWE_RANDOM_MOST */
} BweRandomLoss;

/* News about n packets, and what packets wait on the way. */
void bwe_random_loss_update(BweRandomLoss *r, const BwePacket *packets, size_t n, int64_t queue_us);
/* What was acknowledged, as it would be without random loss. */
int64_t bwe_random_loss_restore_bps(const BweRandomLoss *r, int64_t acked_bps);

#endif
