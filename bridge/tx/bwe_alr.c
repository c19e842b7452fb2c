/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/tx/bwe_alr.h"
#include <math.h>

void bwe_alr_set_target(BweAlr *a, int64_t target_bps)
{
    a->target_bps = target_bps;
}

void bwe_alr_tick(BweAlr *a, int64_t now_us)
{
    double rate = BWE_ALR_USAGE * a->target_bps / 8; /* bytes per second */
    double most = rate * BWE_ALR_WINDOW_US / 1e6;
    if (a->updated_us > 0)
        a->budget_bytes += rate * (now_us - a->updated_us) / 1e6;
    a->updated_us = now_us;
    a->budget_bytes = fmax(-most, fmin(most, a->budget_bytes));
    double left = most > 0 ? a->budget_bytes / most : 0;
    if (!a->limited && left > BWE_ALR_START) {
        a->limited = true;
    } else if (a->limited && left < BWE_ALR_STOP) {
        a->limited = false;
        a->ended_us = now_us;
    }
}

void bwe_alr_sent(BweAlr *a, size_t bytes, int64_t now_us)
{
    a->budget_bytes -= (double)bytes;
    bwe_alr_tick(a, now_us);
}
