/* SPDX-License-Identifier: Apache-2.0
 *
 * bench.json: one object with the conditions and `cases`, an element for each case that was run (doc/performance.md).
 * Links without the bridge. Bench thread. */
#ifndef PLENUM_TESTS_BENCH_BENCH_JSON_H
#define PLENUM_TESTS_BENCH_BENCH_JSON_H

#include "tests/bench/bench_case.h"

/* "CM80" or "GCM128". */
const char *bench_profile_name(SrtpProfile p);
void bench_json_write(FILE *f, const BenchConditions *k, const BenchCase *cases, size_t n);

#endif
