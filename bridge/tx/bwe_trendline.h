/* SPDX-License-Identifier: Apache-2.0
 *
 * Is the queue on the way growing? The slope of the smoothed queueing delay over the last groups, against a
 * threshold that adapts so that other traffic on the link cannot starve us.
 * Part of Bwe; its owner's thread. Pure. */
#ifndef PLENUM_BRIDGE_TX_BWE_TRENDLINE_H
#define PLENUM_BRIDGE_TX_BWE_TRENDLINE_H

#include <stdint.h>
#include "bridge/tx/bwe_inter_arrival.h"

#define BWE_TREND_WINDOW 20 /* groups */

typedef enum { BWE_NORMAL, BWE_OVERUSE, BWE_UNDERUSE } BweUsage;

typedef struct {
    double arrival_ms[BWE_TREND_WINDOW], delay_ms[BWE_TREND_WINDOW]; /* ring */
    unsigned points, next;
    unsigned deltas;       /* since birth, up to 1000 */
    double arrival_sum_ms; /* since the first group */
    double accumulated_ms, smoothed_ms;
    double trend;    /* ms per ms */
    double modified; /* what is compared with the threshold */
    double threshold, last_update_ms;
    double over_ms; /* send time spent above the threshold; negative: not */
    unsigned over_count;
    BweUsage usage;
} BweTrendline;

void bwe_trendline_init(BweTrendline *t);
BweUsage bwe_trendline_update(BweTrendline *t, const BweDelta *d, int64_t now_us); /* with each complete group */

#endif
