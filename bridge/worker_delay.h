/* SPDX-License-Identifier: Apache-2.0
 *
 * How long packets stay inside a worker, from the wake-up that read them to the flush that sent them: a histogram of
 * powers of two with four steps each, so a percentile is at most a fifth off. Pure; one thread. */
#ifndef PLENUM_BRIDGE_WORKER_DELAY_H
#define PLENUM_BRIDGE_WORKER_DELAY_H

#include <stdint.h>

#define WORKER_DELAY_BINS 96

typedef struct {
    uint64_t count, bins[WORKER_DELAY_BINS];
} WorkerDelay;

/* `packets` of one batch took delay_us each; below 0 counts as 0, what is too long for a bin in the last. */
void worker_delay_add(WorkerDelay *d, int64_t delay_us, uint32_t packets);
/* 0..1, for example 0.99; the upper edge of the bin; 0 when empty. */
uint32_t worker_delay_quantile(const WorkerDelay *d, double q);

#endif
