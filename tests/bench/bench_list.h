/* SPDX-License-Identifier: Apache-2.0
 *
 * Which cases there are: one line of the table each. Data only: links without the bridge. Any thread. */
#ifndef PLENUM_TESTS_BENCH_BENCH_LIST_H
#define PLENUM_TESTS_BENCH_BENCH_LIST_H

#include "tests/bench/bench_case.h"
#include "tests/bench/load_scene.h"

#define BENCH_CASES_MAX 64
#define BENCH_STORM "storm"
#define BENCH_HALF "half"
#define BENCH_DELAY_GOAL_US 1000 /* p99 of "half" and "storm" */
#define BENCH_SPARSE_GOAL_US 8   /* of CPU per forwarded packet */

/* Name, shape and goal of every case; returns how many (at most `cap`). Those in lock-step come first: *bursts. */
size_t bench_list(BenchCase *cases, size_t cap, size_t *bursts);
/* The paced scene of that name; NULL: there is none. */
const SceneShape *bench_list_scene(const char *name);
/* One room on all workers. */
bool bench_list_is_spread(const BenchCase *c);

#endif
