/* SPDX-License-Identifier: Apache-2.0
 *
 * The rule by which a conference grows over several workers: where the next endpoint shall live. Endpoints never move,
 * so the rule only ever speaks about newcomers. Pure.
 *
 * The load of a worker is the CPU time its thread took in the last second, plus a share for everyone who was placed
 * there too lately to be part of that; but no less than its endpoints of this conference will cost when they all show
 * themselves, which is too late to find out: a room of hundreds joins muted. Load below the limit: the conference's home, else the least loaded worker that
 * has a share of it already, else the least loaded of all, which gets one. Everything above the limit: the least
 * loaded of those that have a share, or the least loaded of all when that has clearly less to do. */
#ifndef PLENUM_BRIDGE_WORKER_SPREAD_H
#define PLENUM_BRIDGE_WORKER_SPREAD_H

#include <stdint.h>

#define SPREAD_LEAST 8    /* a conference of fewer endpoints stays together */
#define SPREAD_NEWCOMER 3 /* per mille of a core that a newcomer is expected to cost at least */
#define SPREAD_SHOWING                                                                                                 \
    10 /* per mille that an endpoint costs in a large conference with cameras on: the bench's `mixed` */
#define SPREAD_CLEARLY 100 /* per mille: so much less load is worth another share */
#define SPREAD_SETTLED_S 3 /* newcomers are part of the measured load after so many seconds */

typedef struct {
    uint32_t busy;      /* measured, per mille of a core */
    uint32_t endpoints; /* that live there, of all conferences */
    uint32_t newcomers; /* of these, those not in `busy` yet */
    uint32_t here;      /* of these, those of the conference that grows */
} SpreadWorker;

/* Per mille; may exceed 1000. */
uint32_t spread_load(const SpreadWorker *w);
/* n workers, 1..WORKERS_MAX; `shares` has a bit for each that has a share of the conference, `size` endpoints
 * altogether; `limit` of the load per mille, 0: never spread. Returns the worker, below n. */
unsigned spread_choose(const SpreadWorker *workers, unsigned n, unsigned home, uint32_t shares, uint32_t size,
                       uint32_t limit);

#endif
