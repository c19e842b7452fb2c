/* SPDX-License-Identifier: Apache-2.0
 *
 * How close the bridge comes to what the machine can forward. In one process, pass by pass, alternately: (a) the raw
 * loop and (b) the real workers, fed through their real sockets with the same packets for the same receivers. The
 * score is the median over passes of CPU time (a) / CPU time (b), of the forwarding threads alone. */
#include "tests/bench/awake.h"
#include "tests/bench/bench_case.h"
#include "tests/bench/bench_json.h"
#include "tests/bench/bench_list.h"
#include "tests/bench/bench_room.h"
#include "tests/bench/bench_scenes.h"
#include "tests/bench/bench_storm.h"
#include "tests/bench/count_calls.h"
#include "tests/bench/load_scene.h"
#include "tests/bench/samples.h"

#include <glib.h>
#include <malloc.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define PASSES_MAX 99

static int passes = 15;
static int forwards = 10000; /* packets out per pass */
static gboolean quick, ordinary, halting;
static char *out_file;
static char *only;
static BenchCase cases[BENCH_CASES_MAX];
static size_t n_bursts; /* the first so many of them: bursts in lock-step */

static GOptionEntry options[] = {
    { "passes", 'p', 0, G_OPTION_ARG_INT, &passes, "passes of each kind (15); a third of it in real time", "N" },
    { "forwards", 'f', 0, G_OPTION_ARG_INT, &forwards, "packets out per pass (10000)", "N" },
    { "quick", 'q', 0, G_OPTION_ARG_NONE, &quick, "few and short passes, four minutes in all", NULL },
    { "ordinary", 0, 0, G_OPTION_ARG_NONE, &ordinary, "no real-time priority: whatever else runs here takes part",
      NULL },
    { "halting", 0, 0, G_OPTION_ARG_NONE, &halting, "processors may halt when idle (awake.h)", NULL },
    { "out", 'o', 0, G_OPTION_ARG_FILENAME, &out_file, "write results as JSON", "FILE" },
    { "only", 0, 0, G_OPTION_ARG_STRING, &only, "cases whose name contains this", "TEXT" },
    { 0 }
};

static int64_t raw_cpu_ns(BenchRoom *const *rooms, size_t n)
{
    int64_t sum = 0;
    for (size_t k = 0; k < n; k++)
        sum += raw_loop_cpu_ns(rooms[k]->raw);
    return sum;
}

/* One more pass, not timed: what the workers call and copy, and how long packets stay inside them. */
static void count(BenchCase *c, Workers *w, BenchRoom *const *rooms, size_t n, int bursts)
{
    BenchCounting counting;
    uint64_t packets = 0;
    bench_counting_begin(&counting, w);
    for (int i = 0; i < bursts; i++) {
        for (size_t k = 0; k < n; k++)
            packets += (uint64_t)rooms[k]->shape.burst * rooms[k]->shape.receivers;
        bench_rooms_burst(rooms, n, ROOM_BRIDGE);
    }
    bench_counting_end(&counting, w, c, packets);
    WorkerEvent *ev = bench_snapshot(w, 0);
    c->p50_us = ev->snapshot.totals.delay_p50_us;
    c->p99_us = ev->snapshot.totals.delay_p99_us;
    worker_event_free(ev);
}

static void run_case(BenchCase *c, const RoomShape *shape)
{
    static BenchRoom storage[2];
    BenchRoom *rooms[2] = { &storage[0], &storage[1] };
    double ratio[PASSES_MAX], bridge[PASSES_MAX], raw[PASSES_MAX];
    Workers *w = bench_workers_start(c->workers, false);
    size_t n = shape->spread ? 1 : c->workers;
    for (size_t k = 0; k < n; k++)
        bench_room_open(rooms[k], w, (unsigned)k, 100 * (k + 1), shape);
    uint64_t per_burst = (uint64_t)shape->burst * shape->receivers * n;
    int bursts = (int)((uint64_t)forwards / per_burst);
    if (bursts < 50)
        bursts = 50;
    for (size_t k = 0; k < n; k++)
        for (int m = 0; m < 2; m++)
            rooms[k]->expected[m] = rooms[k]->received[m] = 0;
    for (int pass = 0; pass < passes; pass++) {
        int64_t ns[2];
        for (int m = 0; m < 2; m++) {
            int mode = (pass + m) % 2; /* whoever is first pays for the other's cold caches: take turns */
            int64_t before = mode == ROOM_RAW ? raw_cpu_ns(rooms, n) : bench_workers_cpu_ns(w);
            for (int i = 0; i < bursts; i++) {
                for (size_t k = 0; k < n; k++)
                    rooms[k]->sample = i % 16 == 0;
                bench_rooms_burst(rooms, n, mode);
            }
            ns[mode] = (mode == ROOM_RAW ? raw_cpu_ns(rooms, n) : bench_workers_cpu_ns(w)) - before;
            bench_drop_events(w);
        }
        bridge[pass] = (double)ns[ROOM_BRIDGE] / (double)(per_burst * (uint64_t)bursts);
        raw[pass] = (double)ns[ROOM_RAW] / (double)(per_burst * (uint64_t)bursts);
        ratio[pass] = (double)ns[ROOM_RAW] / (double)ns[ROOM_BRIDGE];
    }
    c->ratio = samples_median(ratio, (size_t)passes);
    c->bridge_ns = samples_median(bridge, (size_t)passes);
    c->raw_ns = samples_median(raw, (size_t)passes);
    count(c, w, rooms, n, bursts);
    c->done = true;
    for (size_t k = 0; k < n; k++) {
        c->lost += rooms[k]->missing[ROOM_BRIDGE];
        c->compared += rooms[k]->compared;
        c->different += rooms[k]->different;
        bench_room_close(rooms[k]);
    }
    c->failed = c->lost || c->different || c->compared == 0 || c->ratio < 0.5;
    if (c->ratio < c->goal)
        c->missed = "ratio";
    workers_free(w);
}

/* What one core forwards when it is always busy: ten receivers of video. */
static const BenchCase *fully_loaded(SrtpProfile profile)
{
    static BenchCase own;
    for (size_t i = 0; i < n_bursts; i++)
        if (cases[i].done && cases[i].receivers == 10 && cases[i].workers == 1 && cases[i].payload == 1200 &&
            cases[i].profile == profile)
            return &cases[i];
    own = (BenchCase){ .receivers = 10, .burst = 8, .workers = 1, .payload = 1200, .profile = profile };
    RoomShape shape = { true, own.receivers, own.burst, own.payload, profile, false };
    run_case(&own, &shape);
    return &own;
}

static bool run(BenchCase *c, bool burst)
{
    if (only && !strstr(c->name, only))
        return true;
    if (burst) {
        RoomShape shape = { c->payload > 500, c->receivers, c->burst, c->payload, c->profile, bench_list_is_spread(c) };
        run_case(c, &shape);
    } else if (strcmp(c->scene, BENCH_STORM) == 0) {
        bench_storm_run(c, fully_loaded(c->profile)->bridge_ns, quick ? 3 : 6, quick ? 500000 : 1000000, !ordinary);
    } else {
        const BenchCase *full = strcmp(c->scene, BENCH_HALF) == 0 ? fully_loaded(c->profile) : NULL;
        bench_scenes_run(c, full ? full->bridge_ns : 0,
                         quick        ? 3
                         : passes < 9 ? 3
                                      : passes / 3,
                         quick ? 1000000 : 2000000);
    }
    bench_case_print(c);
    return !c->failed;
}

/* The threads started from here on inherit it: other work on the machine then takes caches and memory from what is
 * measured, but no time. */
static bool ask_for_priority(void)
{
    struct sched_param p = { .sched_priority = 5 };
    return !ordinary && sched_setscheduler(0, SCHED_RR, &p) == 0;
}

/* In a process of its own: only with a single arena does mallinfo2 see every thread's memory, and with one the threads
 * would wait for each other in the cases. */
static void measure_heap(BenchConditions *k)
{
    int ends[2], status = 1;
    g_assert_cmpint(pipe(ends), ==, 0);
    pid_t child = fork();
    if (child == 0) {
        mallopt(M_ARENA_MAX, 1);
        bench_scenes_heap(k);
        _exit(write(ends[1], k, sizeof(*k)) == sizeof(*k) ? 0 : 1);
    }
    close(ends[1]);
    ssize_t n = read(ends[0], k, sizeof(*k));
    waitpid(child, &status, 0);
    close(ends[0]);
    if (n != sizeof(*k) || status != 0)
        g_error("the heap could not be measured");
}

static double load_average(void)
{
    double load = 0;
    return getloadavg(&load, 1) == 1 ? load : -1;
}

int main(int argc, char **argv)
{
    g_autoptr(GOptionContext) context = g_option_context_new("- CPU per forwarded packet against the raw loop");
    g_autoptr(GError) error = NULL;
    g_option_context_add_main_entries(context, options, NULL);
    if (!g_option_context_parse(context, &argc, &argv, &error)) {
        fprintf(stderr, "%s\n", error->message);
        return 2;
    }
    passes = CLAMP(quick ? 5 : passes, 1, PASSES_MAX);
    count_calls_exclude_this_thread();
    prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0); /* of this thread: the generator's pace */
    size_t n = bench_list(cases, BENCH_CASES_MAX, &n_bursts);
    BenchConditions k = {
        .passes = passes, .quick = quick, .load_average = load_average(), .priority = ask_for_priority()
    };
    measure_heap(&k);
    k.awake = !halting && awake_start();
    printf("heap per endpoint: idle %.1f KB, active %.1f KB; load average %.1f; %s priority; processors %s\n\n",
           (double)k.heap_idle / 1024, (double)k.heap_active / 1024, k.load_average,
           k.priority ? "real-time" : "ordinary", k.awake ? "kept awake" : "halt when idle");
    bench_case_head();
    bool good = true;
    for (size_t i = 0; i < n; i++)
        good &= run(&cases[i], i < n_bursts);
    bench_case_print_missed(&k, cases, n);
    if (out_file) {
        FILE *f = fopen(out_file, "w");
        if (!f) {
            perror(out_file);
            return 2;
        }
        bench_json_write(f, &k, cases, n);
        fclose(f);
    }
    return good ? 0 : 1;
}
