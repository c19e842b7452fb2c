/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/rx/rate_window.h"
#include <string.h>

static void advance(RateWindow *w, int64_t now_us)
{
    int64_t no = now_us / RATE_WINDOW_BUCKET_US;
    if (no - w->bucket_no >= RATE_WINDOW_BUCKETS) {
        *w = (RateWindow){ .bucket_no = no };
        return;
    }
    while (w->bucket_no < no) {
        uint32_t *oldest = &w->bytes[++w->bucket_no % RATE_WINDOW_BUCKETS];
        w->sum -= *oldest;
        *oldest = 0;
    }
}

void rate_window_add(RateWindow *w, uint32_t bytes, int64_t now_us)
{
    advance(w, now_us);
    w->bytes[w->bucket_no % RATE_WINDOW_BUCKETS] += bytes;
    w->sum += bytes;
}

int64_t rate_window_bps(RateWindow *w, int64_t now_us)
{
    advance(w, now_us);
    return (int64_t)(w->sum * 8 * 1000000 / ((uint64_t)RATE_WINDOW_BUCKETS * RATE_WINDOW_BUCKET_US));
}
