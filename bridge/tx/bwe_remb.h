/* SPDX-License-Identifier: Apache-2.0
 *
 * What a receiver without transport-cc says by REMB, and how far to believe it. Its number is made of what reached
 * it: at most one and a half times that, and after it saw overuse, rightly or not, 0.85 of that. So of a path on
 * which little is sent it says little, and of one on which nothing is sent it says nothing more: taken at its word
 * it would close a stream that the path carries, for good. Part of Bwe; its owner's thread. Pure. */
#ifndef PLENUM_BRIDGE_TX_BWE_REMB_H
#define PLENUM_BRIDGE_TX_BWE_REMB_H

#include <stddef.h>
#include <stdint.h>

#include "bridge/rx/rate_window.h"

#define BWE_REMB_GRACE_US 4000000 /* so long a report that all we send arrives does not push us below what we send */
#define BWE_REMB_STALE_US 3000000 /* reports come every second while packets do; older ones bind less and less */

typedef struct {
    /* set at birth */
    int64_t start_bps, min_bps, max_bps;
    /* worker */
    int64_t bps;               /* the estimate */
    int64_t told_bps, told_us; /* last report; 0 none yet */
    int64_t below_since_us,
        before_bps;     /* reports are below what we send since, and the estimate then; 0 they are not */
    int64_t updated_us; /* of bwe_remb_tick */
    RateWindow sent;
} BweRemb;

/* Ranges as in BweConfig. */
void bwe_remb_init(BweRemb *r, int64_t start_bps, int64_t min_bps, int64_t max_bps, int64_t now_us);
void bwe_remb_sent(BweRemb *r, size_t bytes, int64_t now_us); /* with headers */
/* `loss` as the receiver reports it, 0..1. */
void bwe_remb_told(BweRemb *r, int64_t bps, double loss, int64_t now_us);
void bwe_remb_tick(BweRemb *r, double loss, int64_t now_us); /* every BWE_TICK_US: moves bps */

#endif
