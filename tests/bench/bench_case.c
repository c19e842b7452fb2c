/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/bench_case.h"

#include "tests/bench/bench_room.h"

#include <glib.h>

static const char *profile_name(SrtpProfile p)
{
    return p == SRTP_PROFILE_CM80 ? "CM80" : "GCM128";
}

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
    printf("%-9s %4u %7s %5zu %5u %2u | %7.2f %7.2f", c->scene, c->receivers, profile_name(c->profile), c->payload,
           c->burst, c->workers, c->raw_ns / 1000, c->bridge_ns / 1000);
    print_ratio(c->ratio, c->goal);
    printf(" %9.0f %5lu %6u %6u %6u | %6.3f %6.0f %6.0f", 1e9 / c->bridge_ns, c->lost, c->p50_us, c->p99_us, c->p999_us,
           c->calls, c->copied_kernel, c->copied_user);
    if (c->asked)
        printf("  %lu of %lu NACKed came", c->answered, c->asked);
    if (c->busy > 0)
        printf("  %.0f fwd/s at %.0f %% of a core", c->fwd_per_s, c->busy * 100);
    if (c->different || c->compared == 0)
        printf("  OUTPUT DIFFERS");
    else if (c->goal > 0 && c->ratio < c->goal)
        printf("  below goal");
    printf("\n");
    fflush(stdout);
}

static void write_case(FILE *f, const BenchConditions *k, const BenchCase *c)
{
    fprintf(f, "{\"scene\":\"%s\",\"receivers\":%u,\"payload\":%zu,\"burst\":%u,\"profile\":\"%s\",\"workers\":%u,",
            c->scene, c->receivers, c->payload, c->burst, profile_name(c->profile), c->workers);
    if (c->ratio > 0)
        fprintf(f, "\"ratio\":%.3f,", c->ratio);
    else
        fprintf(f, "\"ratio\":null,");
    fprintf(f, "\"lost\":%lu,\"fwd_per_s_core\":%.0f,\"p50_us\":%u,\"p99_us\":%u,", c->lost, 1e9 / c->bridge_ns,
            c->p50_us, c->p99_us);
    if (c->p999_us) /* paced scenes */
        fprintf(f, "\"p999_us\":%u,\"raw_p50_us\":%u,\"raw_p99_us\":%u,", c->p999_us, c->raw_p50_us, c->raw_p99_us);
    fprintf(f, "\"heap_idle\":%zu,\"heap_active\":%zu,", k->heap_idle, k->heap_active);
    fprintf(f,
            "\"goal\":%.2f,\"cpu_us_per_packet\":%.3f,\"raw_cpu_us_per_packet\":%.3f,\"busy\":%.3f,\"fwd_per_s\":%.0f,",
            c->goal, c->bridge_ns / 1000, c->raw_ns / 1000, c->busy, c->fwd_per_s);
    fprintf(f, "\"compared\":%lu,\"different\":%lu,\"nacked\":%lu,\"answered\":%lu,", c->compared, c->different,
            c->asked, c->answered);
    fprintf(f, "\"syscalls_per_packet\":%.4f,\"kernel_bytes_per_packet\":%.1f,\"user_bytes_per_packet\":%.1f,",
            c->calls, c->copied_kernel, c->copied_user);
    fprintf(f, "\"waits_per_packet\":%.4f,\"packets_per_run\":%.2f}", c->waits, c->packets_per_run);
}

void bench_json_write(FILE *f, const BenchConditions *k, const BenchCase *cases, size_t n)
{
    bool first = true;
    fprintf(f,
            "{\"passes\":%d,\"quick\":%s,\"load_average\":%.2f,\"realtime\":%s,\"heap_idle\":%zu,\"heap_active\":%zu,"
            "\"cases\":[",
            k->passes, k->quick ? "true" : "false", k->load_average, k->priority ? "true" : "false", k->heap_idle,
            k->heap_active);
    for (size_t i = 0; i < n; i++) {
        if (!cases[i].done)
            continue;
        fprintf(f, "%s\n", first ? "" : ",");
        write_case(f, k, &cases[i]);
        first = false;
    }
    fprintf(f, "\n]}\n");
}

Workers *bench_workers_start(unsigned n)
{
    char error[200] = "";
    WorkersConfig config = { .count = n, .n_addresses = 1, .trust_bwe = false, .gso = true };
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
