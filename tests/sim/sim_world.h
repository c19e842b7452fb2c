/* SPDX-License-Identifier: Apache-2.0
 *
 * A link, the flows on it and other people's traffic, in virtual time; and what a stretch of that time looked like.
 * The same seed gives the same run, to the bit. */
#ifndef PLENUM_TESTS_SIM_SIM_WORLD_H
#define PLENUM_TESTS_SIM_SIM_WORLD_H

#include "tests/sim/sim_flow.h"

#define SECOND 1000000LL
#define SIM_EPOCH_US (1 * SECOND) /* virtual time starts here */
#define MBIT 1e6
#define SIM_FLOWS 4
#define SIM_SENT_US 250000 /* the sent rate is watched over so long */

typedef struct {
    SimLink link;
    SimFlow flows[SIM_FLOWS];
    size_t n;
    int64_t now_us;
    double cross_bps;  /* constant cross traffic .. */
    bool cross_frames; /* .. or of such a mean: frames of a camera, of random size, 25 a second */
    double cross_due_bytes;
    int64_t cross_frame_us;
    uint32_t seed;
} World;

/* Estimators are configured as the bridge's are without configuration. Flow i starts i * 7 s after the beginning.
 * Seed 0: everything begins at its usual moment. */
void sim_world_init(World *w, double capacity_mbit, size_t queue_bytes, size_t n, uint32_t seed);
void sim_world_free(World *w);

typedef struct {
    double sent_mbit, received_mbit;            /* of flow 0, average */
    double target_mean, target_min, target_max; /* Mbit/s, of flow 0 */
    double queue_max_ms, queue_long;            /* share of the time with 100 ms or more */
    double short_s; /* from the beginning of the stretch until the queue was first below 100 ms */
    double share;   /* received by flow 0 / by all */
} Seen;

Seen sim_world_run(World *w, double seconds);

#endif
