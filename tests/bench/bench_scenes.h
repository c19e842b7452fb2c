/* SPDX-License-Identifier: Apache-2.0
 *
 * Cases in real time: paced clients that answer as Chromium does. Bench thread. */
#ifndef PLENUM_TESTS_BENCH_BENCH_SCENES_H
#define PLENUM_TESTS_BENCH_BENCH_SCENES_H

#include "tests/bench/bench_case.h"

/* `passes` of each kind, each pass_us long. full_ns: CPU per packet of a worker that is never idle, for "half". */
void bench_scenes_run(BenchCase *c, double full_ns, int passes, int64_t pass_us);
/* Ten people: joined and silent, then each sending three layers and audio. */
void bench_scenes_heap(BenchConditions *k);

#endif
