/* SPDX-License-Identifier: Apache-2.0
 *
 * Bits per second over the last second, in twenty buckets. Plain data, embedded by its owner; the owner's thread.
 * Pure. */
#ifndef PLENUM_BRIDGE_RX_RATE_WINDOW_H
#define PLENUM_BRIDGE_RX_RATE_WINDOW_H

#include <stdint.h>

#define RATE_WINDOW_BUCKETS 20
#define RATE_WINDOW_BUCKET_US 50000

/* Zero-initialise. */
typedef struct {
    int64_t bucket_no;                   /* number of the newest bucket: now_us / RATE_WINDOW_BUCKET_US */
    uint32_t bytes[RATE_WINDOW_BUCKETS]; /* ring by bucket number */
    uint64_t sum;                        /* of all buckets */
} RateWindow;

/* now_us >= 0 and never falls. */
void rate_window_add(RateWindow *w, uint32_t bytes, int64_t now_us);
/* Over the whole window, so a stream younger than a second reads low. */
int64_t rate_window_bps(RateWindow *w, int64_t now_us);

#endif
