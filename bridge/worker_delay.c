/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/worker_delay.h"

static uint32_t bin_of(uint64_t us)
{
    if (us < 4)
        return (uint32_t)us;
    uint32_t log2 = 63 - (uint32_t)__builtin_clzll(us);
    uint32_t bin = (log2 - 1) * 4 + (uint32_t)(us >> (log2 - 2) & 3);
    return bin < WORKER_DELAY_BINS ? bin : WORKER_DELAY_BINS - 1;
}

static uint32_t upper_edge(uint32_t bin)
{
    if (bin < 4)
        return bin;
    uint32_t log2 = bin / 4 + 1;
    return (uint32_t)(((uint64_t)(bin % 4) + 5) << (log2 - 2)) - 1;
}

void worker_delay_add(WorkerDelay *d, int64_t delay_us, uint32_t packets)
{
    d->bins[bin_of(delay_us > 0 ? (uint64_t)delay_us : 0)] += packets;
    d->count += packets;
}

uint32_t worker_delay_quantile(const WorkerDelay *d, double q)
{
    if (d->count == 0)
        return 0;
    uint64_t want = (uint64_t)(q * (double)d->count), seen = 0;
    for (uint32_t i = 0; i < WORKER_DELAY_BINS; i++) {
        seen += d->bins[i];
        if (seen > want || (seen == d->count && seen >= want))
            return upper_edge(i);
    }
    return upper_edge(WORKER_DELAY_BINS - 1);
}
