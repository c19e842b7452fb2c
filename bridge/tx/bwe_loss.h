/* SPDX-License-Identifier: Apache-2.0
 *
 * The loss side of the estimate: a model in which every path loses a little by itself ("inherent loss") and
 * everything sent above its bandwidth. Of a few candidate bandwidths the one wins that explains the observed
 * losses best. So random loss costs little rate and a full queue without delay signal costs much.
 * Part of Bwe; its owner's thread. Pure. */
#ifndef PLENUM_BRIDGE_TX_BWE_LOSS_H
#define PLENUM_BRIDGE_TX_BWE_LOSS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "bridge/tx/bwe_packet.h"

#define BWE_LOSS_OBSERVATIONS 15
#define BWE_LOSS_READY 3               /* observations needed */
#define BWE_LOSS_OBSERVATION_US 250000 /* send time each covers, at least */

typedef enum {
    BWE_LOSS_DELAY_BASED, /* loss sets no limit */
    BWE_LOSS_INCREASING,  /* limited by loss, recovering */
    BWE_LOSS_DECREASING
} BweLossState;

typedef struct {
    double lost_kb, kb, send_kbps;
} BweLossObservation;

typedef struct {
    /* set at birth */
    double min_kbps, max_kbps;
    /* worker */
    BweLossObservation observations[BWE_LOSS_OBSERVATIONS]; /* ring by number */
    unsigned count;                                         /* since birth */
    BweSpan partial;
    int64_t last_observation_us; /* send time; 0 none */
    double kbps, inherent;       /* the winning candidate */
    double average;              /* loss, 0..1 */
    double random, excess;       /* loss that does not count; average of the rest */
    double result_kbps;          /* what was last returned */
    double window_limit_kbps;    /* while limited: not above this within the current window */
    int64_t window_us;
    double hold_kbps;
    int64_t hold_until_us, hold_for_us;
    BweLossState state;
} BweLoss;

/* Ranges as in BweConfig. */
void bwe_loss_init(BweLoss *l, int64_t start_bps, int64_t min_bps, int64_t max_bps);
/* News about n packets; delay_bps is the delay-based estimate, acked_bps 0 when unknown. Returns the estimate, never
 * above delay_bps. `random`: the share of losses that says nothing (bwe_random_loss.h); acked_bps is without them. */
int64_t bwe_loss_update(BweLoss *l, const BwePacket *packets, size_t n, int64_t delay_bps, int64_t acked_bps, bool alr,
                        double random, int64_t now_us);
/* A probe measured this. */
void bwe_loss_set(BweLoss *l, int64_t bps);
/* The rate fell sharply for another reason: losses at the old one say nothing about the new one. */
void bwe_loss_forget(BweLoss *l, int64_t bps);

#endif
