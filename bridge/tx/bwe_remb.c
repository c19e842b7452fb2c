/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/tx/bwe_remb.h"
#include <math.h>
#include <stdbool.h>

#define ARRIVED                                                                                                        \
    0.75          /* told / sent: from here on all that was sent has arrived (0.85 of it, and audio may count or not) */
#define KEPT 1.1  /* times what is sent, during the grace */
#define LOST 0.02 /* with more lost than this the path is at its end, whatever arrives */
#define STALE_GROWTH 1.25 /* per second */

static int64_t clamp(const BweRemb *r, double bps)
{
    return bps < (double)r->min_bps ? r->min_bps : bps > (double)r->max_bps ? r->max_bps : (int64_t)bps;
}

void bwe_remb_init(BweRemb *r, int64_t start_bps, int64_t min_bps, int64_t max_bps, int64_t now_us)
{
    *r = (BweRemb){ .start_bps = start_bps, .min_bps = min_bps, .max_bps = max_bps, .updated_us = now_us };
    r->bps = clamp(r, (double)start_bps);
}

void bwe_remb_sent(BweRemb *r, size_t bytes, int64_t now_us)
{
    rate_window_add(&r->sent, (uint32_t)bytes, now_us);
}

/* The estimate as the last report and the grace have it. */
static void settle(BweRemb *r, double loss, int64_t now_us)
{
    int64_t sent_bps = rate_window_bps(&r->sent, now_us);
    double kept = KEPT * (double)sent_bps;
    bool arrives = (double)r->told_bps >= ARRIVED * (double)sent_bps && loss <= LOST;
    if ((double)r->told_bps >= kept || !arrives) {
        r->below_since_us = 0;
        r->bps = clamp(r, (double)r->told_bps);
        return;
    }
    if (r->below_since_us == 0) {
        r->below_since_us = now_us > 0 ? now_us : 1;
        r->before_bps = r->bps;
    }
    bool grace = now_us - r->below_since_us <= BWE_REMB_GRACE_US;
    r->bps = clamp(r, grace ? fmin(kept, (double)r->before_bps) : (double)r->told_bps);
}

void bwe_remb_told(BweRemb *r, int64_t bps, double loss, int64_t now_us)
{
    r->told_bps = bps;
    r->told_us = now_us > 0 ? now_us : 1;
    settle(r, loss, now_us);
}

void bwe_remb_tick(BweRemb *r, double loss, int64_t now_us)
{
    int64_t elapsed_us = now_us - r->updated_us;
    r->updated_us = now_us;
    if (r->told_us == 0)
        return;
    if (now_us - r->told_us <= BWE_REMB_STALE_US) {
        if (r->below_since_us)
            settle(r, loss, now_us);
        return;
    }
    if (elapsed_us <= 0 || r->bps >= r->start_bps)
        return;
    double grown = (double)r->bps * pow(STALE_GROWTH, fmin((double)elapsed_us / 1e6, 1));
    r->bps = clamp(r, fmin(grown, (double)r->start_bps));
}
