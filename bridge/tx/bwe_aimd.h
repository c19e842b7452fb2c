/* SPDX-License-Identifier: Apache-2.0
 *
 * Turns the state of the queue into a rate: additive or multiplicative increase, multiplicative decrease from what
 * the receiver got, and a memory of where the link was full. Part of Bwe; its owner's thread. Pure. */
#ifndef PLENUM_BRIDGE_TX_BWE_AIMD_H
#define PLENUM_BRIDGE_TX_BWE_AIMD_H

#include <stdbool.h>
#include <stdint.h>
#include "bridge/tx/bwe_trendline.h"

#define BWE_BACKOFF 0.9

typedef struct {
    double kbps;      /* average of what was acknowledged at overuse; 0 unknown */
    double deviation; /* normalised */
} BweLinkCapacity;

typedef struct {
    int64_t min_bps, max_bps;
    int64_t bps;
    enum { BWE_AIMD_HOLD, BWE_AIMD_INCREASE } state;
    BweLinkCapacity link;
    int64_t rtt_us;
    double step_factor;               /* of the steps where the link is known; 1 to begin with */
    int64_t changed_us, decreased_us; /* decreased_us -1: never */
} BweAimd;

/* Ranges as in BweConfig. */
void bwe_aimd_init(BweAimd *a, int64_t start_bps, int64_t min_bps, int64_t max_bps, int64_t now_us);
/* Once per feedback. acked_bps 0: unknown. Returns true when it decreased. */
bool bwe_aimd_update(BweAimd *a, BweUsage usage, int64_t acked_bps, bool alr, int64_t now_us);
/* A probe measured this. */
void bwe_aimd_set(BweAimd *a, int64_t bps, int64_t now_us);

#endif
