/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/bench_case.h"

#include "tests/bench/bench_json.h"
#include "tests/bench/bench_room.h"

#include <glib.h>

void bench_case_head(void)
{
    printf("%-9s %4s %7s %5s %5s %2s | %7s %7s %7s %5s | %9s %5s %6s %6s %6s | %6s %6s %6s\n", "scene", "N", "profile",
           "bytes", "burst", "w", "raw us", "ours us", "ratio", "goal", "fwd/s*cpu", "lost", "p50us", "p99us", "p99.9",
           "calls", "kernB", "userB");
}

static void print_ratio(double ratio, double goal)
{
    if (ratio > 0)
        printf(" %6.1f%%", ratio * 100);
    else
        printf(" %7s", "-");
    if (goal > 0)
        printf(" %4.0f%% |", goal * 100);
    else
        printf(" %5s |", "-");
}

void bench_case_print(const BenchCase *c)
{
    printf("%-9s %4u %7s %5zu %5u %2u |", c->scene, c->receivers, bench_profile_name(c->profile), c->payload, c->burst,
           c->workers);
    if (c->raw_ns > 0)
        printf(" %7.2f", c->raw_ns / 1000);
    else
        printf(" %7s", "-");
    printf(" %7.2f", c->bridge_ns / 1000);
    print_ratio(c->ratio, c->goal);
    printf(" %9.0f %5lu %6u %6u %6u | %6.3f %6.0f %6.0f", 1e9 / c->bridge_ns, c->lost, c->p50_us, c->p99_us, c->p999_us,
           c->calls, c->copied_kernel, c->copied_user);
    if (c->asked)
        printf("  %lu of %lu NACKed came (%lu asked for again)", c->answered, c->asked, c->asked_again);
    if (c->busy > 0)
        printf("  %.0f fwd/s at %.0f %% of a core", c->fwd_per_s, c->busy * 100);
    if (c->raw_p99_us)
        printf("; raw loop's p50/p99 %u/%u us", c->raw_p50_us, c->raw_p99_us);
    if (c->handshakes_per_s > 0)
        printf("\n%-9s %.0f DTLS handshakes/s, control's CPU %.0f us for each and %.0f us for its requests; before the "
               "storm p50/p99/p99.9 %u/%u/%u us",
               "", c->handshakes_per_s, c->handshake_us, c->join_us, c->before_p50_us, c->before_p99_us,
               c->before_p999_us);
    if (c->different || c->compared == 0)
        printf("  OUTPUT DIFFERS");
    else if (c->missed)
        printf("  MISSED: %s", c->missed);
    printf("\n");
    fflush(stdout);
}

static size_t print_heap(const char *what, size_t bytes, size_t goal)
{
    if (bytes <= goal)
        return 0;
    printf("  heap per %s endpoint: %.1f KB, goal %.0f KB\n", what, (double)bytes / 1024, (double)goal / 1024);
    return 1;
}

size_t bench_case_print_missed(const BenchConditions *k, const BenchCase *cases, size_t n)
{
    size_t missed = 0, run = 0;
    printf("\n");
    for (size_t i = 0; i < n; i++) {
        const BenchCase *c = &cases[i];
        run += c->done;
        if (!c->done || (!c->missed && !c->failed))
            continue;
        missed++;
        printf("  %s: %s\n", c->name, c->missed ? c->missed : "failed");
    }
    missed += print_heap("idle", k->heap_idle, BENCH_HEAP_IDLE);
    missed += print_heap("active", k->heap_active, BENCH_HEAP_ACTIVE);
    printf("%zu rows, %zu of them or of the heap figures miss a goal\n", run, missed);
    return missed;
}

Workers *bench_workers_start(unsigned n, bool trust_bwe)
{
    char error[200] = "";
    WorkersConfig config = { .count = n, .n_addresses = 1, .trust_bwe = trust_bwe, .gso = true };
    g_assert_true(tuple_parse("127.0.0.1", 0, 0, &config.addresses[0]));
    Workers *w = workers_new(&config, error, sizeof(error));
    if (!w)
        g_error("%s", error);
    return w;
}

int64_t bench_workers_cpu_ns(Workers *w)
{
    int64_t sum = 0;
    for (unsigned i = 0; i < workers_count(w); i++) {
        WorkerEvent *ev = bench_snapshot(w, i);
        sum += (int64_t)ev->snapshot.totals.busy_us * 1000;
        worker_event_free(ev);
    }
    return sum;
}

static void runs(Workers *w, uint64_t *datagrams, uint64_t *n)
{
    *datagrams = *n = 0;
    for (unsigned i = 0; i < workers_count(w); i++) {
        WorkerEvent *ev = bench_snapshot(w, i);
        *datagrams += ev->snapshot.totals.tx_datagrams;
        *n += ev->snapshot.totals.tx_runs;
        worker_event_free(ev);
    }
}

void bench_counting_begin(BenchCounting *b, Workers *w)
{
    runs(w, &b->datagrams, &b->runs);
    b->calls = count_calls_now();
    count_calls_enable(true);
}

void bench_counting_end(const BenchCounting *b, Workers *w, BenchCase *c, uint64_t packets)
{
    uint64_t datagrams, n;
    count_calls_enable(false);
    CallCounts now = count_calls_now();
    runs(w, &datagrams, &n);
    if (packets == 0 || n == b->runs)
        return;
    double p = (double)packets;
    c->calls = (double)(now.calls - b->calls.calls) / p;
    c->waits = (double)(now.waits - b->calls.waits) / p;
    c->copied_kernel = (double)(now.kernel_bytes - b->calls.kernel_bytes) / p;
    c->copied_user = (double)(now.user_bytes - b->calls.user_bytes) / p;
    c->packets_per_run = (double)(datagrams - b->datagrams) / (double)(n - b->runs);
}
