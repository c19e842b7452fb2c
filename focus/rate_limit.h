/* SPDX-License-Identifier: Apache-2.0
 *
 * A budget: at least so long between two events, at most so many within a window. PURE value; zero is an
 * unused budget. */
#ifndef PLENUM_FOCUS_RATE_LIMIT_H
#define PLENUM_FOCUS_RATE_LIMIT_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#define RATE_LIMIT_MAX 16 /* events remembered; larger maxima are cut to this */

typedef struct {
    int64_t at_ms[RATE_LIMIT_MAX]; /* ring of those allowed */
    guint next, n;
} RateLimit;

/* Whether one more is allowed now; if so it is counted. max 0 allows nothing; min_ms, window_ms >= 0; now_ms never
 * falls. */
bool rate_limit_allow(RateLimit *r, int64_t now_ms, int64_t min_ms, guint max, int64_t window_ms);

#endif
