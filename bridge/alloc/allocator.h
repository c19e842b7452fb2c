/* SPDX-License-Identifier: Apache-2.0
 *
 * Second half of bandwidth allocation: given order and heights (priority.h), shares out the bandwidth toward one
 * receiver. Plain functions over the caller's arrays; no clock. Any one thread. */
#ifndef PLENUM_BRIDGE_ALLOC_ALLOCATOR_H
#define PLENUM_BRIDGE_ALLOC_ALLOCATOR_H

#include "bridge/alloc/priority.h"

#define ALLOC_ONSTAGE_HEIGHT 360 /* preferred for a camera that may be taller than ALLOC_THUMBNAIL_HEIGHT */
#define ALLOC_ONSTAGE_FPS 30
#define ALLOC_THUMBNAIL_HEIGHT 180
#define ALLOC_OVERSEND_BPS 500000 /* a screen share on stage may exceed the estimate by this */
#define ALLOC_PERIOD_MS 5000      /* allocate at least this often */
#define ALLOC_CHANGE_PERCENT 15   /* an estimate that moved less does not count */

typedef struct {
    int64_t available_bps; /* trusted estimate, or ALLOC_UNLIMITED */
    bool allow_oversend_onstage;
} AllocParams;

typedef struct {
    int64_t target_bps, ideal_bps;
    bool oversending;
    bool below_ideal;   /* some source could be better with more bandwidth: probe */
    uint32_t forwarded; /* sources with a target */
    uint32_t suspended_bandwidth;
} AllocResult;

/* After priority_arrange with the same arrays. Fills target, ideal, rates and reason of every source. */
AllocResult allocator_run(AllocSource *sources, size_t n, const size_t *order, const AllocParams *params);

/* True when an estimate is far enough from the last one used to allocate again; either may be ALLOC_UNLIMITED. */
bool allocator_estimate_changed(int64_t used_bps, int64_t now_bps);

#endif
