/* SPDX-License-Identifier: Apache-2.0
 *
 * What an overloaded bridge does about it: it lowers the number of videos it sends to anybody, a quarter at a time, and
 * raises it again when the load has gone. Off unless [load] reduce_last_n says so. Owner: the bridge's statistics.
 * Control thread. Pure. */
#ifndef PLENUM_BRIDGE_LOAD_REDUCER_H
#define PLENUM_BRIDGE_LOAD_REDUCER_H

#include <stdint.h>

#define LOAD_REDUCER_IMPACT_US 60000000 /* what was changed shows in the load after so long */
#define LOAD_REDUCER_RECOVERY 0.8       /* stress, below which there is room again */
#define LOAD_REDUCER_NO_LIMIT 40        /* so many are as good as all */

/* Zero-initialise. */
typedef struct {
    int last_n;         /* 0: no limit */
    int64_t changed_us; /* 0: never */
} LoadReducer;

/* Each time stress was measured anew; 1 is as much as the machine should carry. `most_forwarded`: videos that the
 * endpoint with most of them is sent. now_us > 0. Returns last-n for everybody, 0 for no limit. */
int load_reducer_step(LoadReducer *r, double stress, unsigned most_forwarded, int64_t now_us);

#endif
