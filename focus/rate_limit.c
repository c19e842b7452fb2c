/* SPDX-License-Identifier: Apache-2.0 */
#include "focus/rate_limit.h"

bool rate_limit_allow(RateLimit *r, int64_t now_ms, int64_t min_ms, guint max, int64_t window_ms)
{
    guint recent = 0;
    for (guint i = 0; i < r->n; i++) {
        if (now_ms - r->at_ms[i] < min_ms)
            return false;
        recent += now_ms - r->at_ms[i] < window_ms;
    }
    if (recent >= MIN(max, RATE_LIMIT_MAX))
        return false;
    r->at_ms[r->next] = now_ms;
    r->next = (r->next + 1) % RATE_LIMIT_MAX;
    r->n = MIN(r->n + 1, RATE_LIMIT_MAX);
    return true;
}
