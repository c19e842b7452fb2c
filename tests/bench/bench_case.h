/* SPDX-License-Identifier: Apache-2.0
 *
 * One line of the table and one element of `cases` in bench.json: what was measured, and under which shape. Also what
 * all kinds of cases share: workers to measure, their CPU clock. Bench thread. */
#ifndef PLENUM_TESTS_BENCH_BENCH_CASE_H
#define PLENUM_TESTS_BENCH_BENCH_CASE_H

#include "bridge/worker_api.h"
#include "tests/bench/count_calls.h"

#include <stdio.h>

#define BENCH_HEAP_IDLE (100 * 1024) /* goals, bytes per endpoint */
#define BENCH_HEAP_ACTIVE (1024 * 1024)

typedef struct {
    char name[64];
    const char *scene;
    unsigned receivers, burst, workers; /* receivers of each packet; packets sent back to back */
    size_t payload;                     /* bytes */
    SrtpProfile profile;
    double goal; /* of ratio; 0: none */
    /* results */
    bool done, failed;
    const char *missed;       /* which goal it misses, in words; NULL: none */
    double ratio;             /* CPU time of the raw loop / of the bridge, the median of the passes; 0: no raw loop */
    double bridge_ns, raw_ns; /* CPU per forwarded packet */
    double busy;              /* fraction of a core the workers used while they forwarded */
    double fwd_per_s;         /* packets forwarded per second of wall clock, paced scenes */
    uint64_t lost, compared, different, asked, answered, asked_again;
    uint32_t p50_us, p99_us, p999_us; /* receive to send */
    uint32_t raw_p50_us, raw_p99_us;
    double calls, waits, copied_kernel, copied_user; /* per forwarded packet: system calls, waits among them; bytes */
    double packets_per_run;
    /* scene "storm": the delays above are those while it lasts */
    uint32_t before_p50_us, before_p99_us, before_p999_us;
    double handshakes_per_s, handshake_us, join_us; /* of wall clock; control's CPU for one handshake, and for its two
                                                        COLIBRI2 requests */
} BenchCase;

typedef struct {
    size_t heap_idle, heap_active; /* bytes per endpoint */
    int passes;
    bool quick, priority; /* real-time priority of all threads */
    bool awake;           /* awake.h */
    double load_average;  /* of the machine, before the start */
} BenchConditions;

void bench_case_head(void);
void bench_case_print(const BenchCase *c);
/* At the end: the rows that miss a goal or failed, by name. Returns how many. */
size_t bench_case_print_missed(const BenchConditions *k, const BenchCase *cases, size_t n);

Workers *bench_workers_start(unsigned n, bool trust_bwe);
int64_t bench_workers_cpu_ns(Workers *w);

/* Counts what the workers call and copy from begin to end, and writes it per packet into *c. */
typedef struct {
    CallCounts calls;
    uint64_t datagrams, runs;
} BenchCounting;
void bench_counting_begin(BenchCounting *b, Workers *w);
void bench_counting_end(const BenchCounting *b, Workers *w, BenchCase *c, uint64_t packets);

#endif
