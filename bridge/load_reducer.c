/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/load_reducer.h"

static int set(LoadReducer *r, int last_n, int64_t now_us)
{
    r->last_n = last_n;
    r->changed_us = now_us;
    return last_n;
}

int load_reducer_step(LoadReducer *r, double stress, unsigned most_forwarded, int64_t now_us)
{
    if (r->changed_us && now_us - r->changed_us < LOAD_REDUCER_IMPACT_US)
        return r->last_n;
    if (stress >= 1 && most_forwarded > 0) {
        int less = (int)(most_forwarded * 3 / 4);
        less = less > 1 ? less : 1;
        return r->last_n == 0 || less < r->last_n ? set(r, less, now_us) : r->last_n;
    }
    if (r->last_n == 0 || stress >= LOAD_REDUCER_RECOVERY)
        return r->last_n;
    int more = r->last_n * 5 / 4;
    more = more > r->last_n ? more : r->last_n + 1;
    return set(r, more < LOAD_REDUCER_NO_LIMIT ? more : 0, now_us);
}
