/* SPDX-License-Identifier: Apache-2.0
 *
 * Case "storm": a room is forwarded at half of what a core can do, and 200 people join other rooms at once. Bench
 * thread. */
#ifndef PLENUM_TESTS_BENCH_BENCH_STORM_H
#define PLENUM_TESTS_BENCH_BENCH_STORM_H

#include "tests/bench/bench_case.h"

/* full_ns: CPU per packet of a worker that is never idle. At most 16 storms, each after calm_us without one. priority:
 * go before other work on the machine. */
void bench_storm_run(BenchCase *c, double full_ns, int storms, int64_t calm_us, bool priority);

#endif
