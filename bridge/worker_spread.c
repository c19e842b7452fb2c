/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/worker_spread.h"

#include <stdbool.h>

uint32_t spread_load(const SpreadWorker *w)
{
    uint32_t settled = w->endpoints > w->newcomers ? w->endpoints - w->newcomers : 0;
    uint32_t each = settled ? w->busy / settled : 0;
    uint32_t load = w->busy + w->newcomers * (each > SPREAD_NEWCOMER ? each : SPREAD_NEWCOMER);
    return load > w->here * SPREAD_SHOWING ? load : w->here * SPREAD_SHOWING;
}

static unsigned least(const SpreadWorker *workers, unsigned n, uint32_t among, unsigned otherwise)
{
    unsigned best = otherwise;
    bool found = false;
    for (unsigned i = 0; i < n; i++) {
        if (!(among >> i & 1) || (found && spread_load(&workers[i]) >= spread_load(&workers[best])))
            continue;
        best = i;
        found = true;
    }
    return best;
}

unsigned spread_choose(const SpreadWorker *workers, unsigned n, unsigned home, uint32_t shares, uint32_t size,
                       uint32_t limit)
{
    if (limit == 0 || n < 2 || size < SPREAD_LEAST || spread_load(&workers[home]) < limit)
        return home;
    unsigned with_share = least(workers, n, shares, home), any = least(workers, n, UINT32_MAX, home);
    uint32_t load = spread_load(&workers[with_share]), least_load = spread_load(&workers[any]);
    if (load < limit)
        return with_share;
    return least_load < limit || least_load + SPREAD_CLEARLY <= load ? any : with_share;
}
