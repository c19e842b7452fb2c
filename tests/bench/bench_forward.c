/* SPDX-License-Identifier: Apache-2.0
 *
 * How close the bridge comes to what the machine can forward. In one process, pass by pass, alternately: (a) the raw
 * loop and (b) the real workers, fed through their real sockets with the same packets for the same receivers. The
 * score is the median over passes of CPU time (a) / CPU time (b), of the forwarding threads alone. */
#include "tests/bench/bench_room.h"

#include <glib.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PASSES_MAX 99

typedef struct {
    const char *scene;
    RoomShape shape;
    unsigned workers;
    double goal;
    /* results */
    double ratio, bridge_ns, raw_ns;
    uint64_t lost, compared, different;
    uint32_t p50_us, p99_us;
    double calls, datagrams_per_run;
} Case;

static int passes = 15;
static int forwards = 10000; /* packets out per pass */
static char *out_file;
static char *only;

static GOptionEntry options[] = {
    { "passes", 'p', 0, G_OPTION_ARG_INT, &passes, "passes of each kind (15)", "N" },
    { "forwards", 'f', 0, G_OPTION_ARG_INT, &forwards, "packets out per pass (10000)", "N" },
    { "out", 'o', 0, G_OPTION_ARG_FILENAME, &out_file, "write results as JSON", "FILE" },
    { "only", 0, 0, G_OPTION_ARG_STRING, &only, "cases whose name contains this", "TEXT" },
    { 0 }
};

static int64_t bridge_cpu_ns(Workers *w)
{
    int64_t sum = 0;
    for (unsigned i = 0; i < workers_count(w); i++) {
        WorkerEvent *ev = bench_snapshot(w, i);
        sum += (int64_t)ev->snapshot.totals.busy_us * 1000;
        worker_event_free(ev);
    }
    return sum;
}

static Workers *start_workers(unsigned n)
{
    char error[200] = "";
    WorkersConfig config = { .count = n, .n_addresses = 1, .trust_bwe = false, .gso = true };
    g_assert_true(tuple_parse("127.0.0.1", 0, 0, &config.addresses[0]));
    Workers *w = workers_new(&config, error, sizeof(error));
    if (!w)
        g_error("%s", error);
    return w;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static double median(double *v, int n)
{
    qsort(v, (size_t)n, sizeof(*v), by_value);
    return n % 2 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
}

static int64_t raw_cpu_ns(BenchRoom *const *rooms, size_t n)
{
    int64_t sum = 0;
    for (size_t k = 0; k < n; k++)
        sum += raw_loop_cpu_ns(rooms[k]->raw);
    return sum;
}

static void run_case(Case *c)
{
    static BenchRoom storage[2];
    BenchRoom *rooms[2] = { &storage[0], &storage[1] };
    double ratio[PASSES_MAX], bridge[PASSES_MAX], raw[PASSES_MAX];
    Workers *w = start_workers(c->workers);
    size_t n = c->workers;
    for (size_t k = 0; k < n; k++)
        bench_room_open(rooms[k], w, (unsigned)k, 100 * (k + 1), &c->shape);
    uint64_t per_burst = (uint64_t)c->shape.burst * c->shape.receivers * n;
    int bursts = (int)((uint64_t)forwards / per_burst);
    if (bursts < 50)
        bursts = 50;
    for (size_t k = 0; k < n; k++)
        for (int m = 0; m < 2; m++)
            rooms[k]->expected[m] = rooms[k]->received[m] = 0;
    WorkerEvent *start = bench_snapshot(w, 0);
    for (int pass = 0; pass < passes; pass++) {
        int64_t ns[2];
        for (int m = 0; m < 2; m++) {
            int mode = (pass + m) % 2; /* whoever is first pays for the other's cold caches: take turns */
            int64_t before = mode == ROOM_RAW ? raw_cpu_ns(rooms, n) : bridge_cpu_ns(w);
            for (int i = 0; i < bursts; i++) {
                for (size_t k = 0; k < n; k++)
                    rooms[k]->sample = i % 16 == 0;
                bench_rooms_burst(rooms, n, mode);
            }
            ns[mode] = (mode == ROOM_RAW ? raw_cpu_ns(rooms, n) : bridge_cpu_ns(w)) - before;
            bench_drop_events(w);
        }
        bridge[pass] = (double)ns[ROOM_BRIDGE] / (double)(per_burst * (uint64_t)bursts);
        raw[pass] = (double)ns[ROOM_RAW] / (double)(per_burst * (uint64_t)bursts);
        ratio[pass] = (double)ns[ROOM_RAW] / (double)ns[ROOM_BRIDGE];
    }
    WorkerEvent *end = bench_snapshot(w, 0);
    const WorkerTotals *a = &start->snapshot.totals, *b = &end->snapshot.totals;
    c->ratio = median(ratio, passes);
    c->bridge_ns = median(bridge, passes);
    c->raw_ns = median(raw, passes);
    c->p50_us = b->delay_p50_us;
    c->p99_us = b->delay_p99_us;
    c->calls = (double)(b->tx_calls - a->tx_calls) / (double)(b->tx_datagrams - a->tx_datagrams);
    c->datagrams_per_run = (double)(b->tx_datagrams - a->tx_datagrams) / (double)(b->tx_runs - a->tx_runs);
    worker_event_free(start);
    worker_event_free(end);
    for (size_t k = 0; k < n; k++) {
        c->lost += rooms[k]->missing[ROOM_BRIDGE];
        c->compared += rooms[k]->compared;
        c->different += rooms[k]->different;
        bench_room_close(rooms[k]);
    }
    workers_free(w);
}

static size_t heap_bytes(void)
{
    struct mallinfo2 m = mallinfo2();
    return m.uordblks + m.hblkhd;
}

/* Ten people: joined and silent, then each sending 260 video packets a second for two seconds to one of them. */
static void measure_heap(size_t *idle, size_t *active)
{
    static BenchRoom rooms[4];
    RoomShape shape = { .video = true, .receivers = 10, .burst = 8, .payload = 1200, .profile = SRTP_PROFILE_GCM128 };
    Workers *w = start_workers(1);
    PeerOptions o = { .profile = SRTP_PROFILE_GCM128, .ssrc_rewriting = true, .without_library = true };
    static MediaPeer peers[50];
    WorkerCommand *c = worker_command_new(WORKER_CONFERENCE_CREATE, 5, 0, 0);
    workers_post(w, 0, c);
    worker_event_free(bench_snapshot(w, 0));
    size_t before = heap_bytes();
    for (unsigned i = 0; i < 50; i++)
        media_peer_init(&peers[i], w, 0, 5, 5000 + i, "idle", &o);
    worker_event_free(bench_snapshot(w, 0));
    *idle = (heap_bytes() - before) / 50;
    for (unsigned i = 0; i < 50; i++)
        media_peer_clear(&peers[i]);
    workers_post(w, 0, worker_command_new(WORKER_CONFERENCE_REMOVE, 5, 0, 0));
    worker_event_free(bench_snapshot(w, 0));
    before = heap_bytes();
    bench_room_open(&rooms[0], w, 0, 900, &shape);
    BenchRoom *one = &rooms[0];
    for (int i = 0; i < 65; i++) {
        bench_rooms_burst(&one, 1, ROOM_BRIDGE);
        g_usleep(1000000 / 33);
        bench_drop_events(w);
    }
    worker_event_free(bench_snapshot(w, 0));
    *active = (heap_bytes() - before - sizeof(RawLoop *)) / 11;
    bench_room_close(one);
    workers_free(w);
}

static void write_json(FILE *f, const Case *cases, size_t n, size_t idle, size_t active)
{
    fprintf(f, "{\"passes\":%d,\"heap_idle\":%zu,\"heap_active\":%zu,\"cases\":[", passes, idle, active);
    bool first = true;
    for (size_t i = 0; i < n; i++) {
        const Case *c = &cases[i];
        if (c->bridge_ns == 0)
            continue;
        fprintf(f, "%s\n{\"scene\":\"%s\",\"receivers\":%u,\"payload\":%zu,\"burst\":%u,\"profile\":\"%s\",\"workers\":%u,"
                   "\"ratio\":%.3f,\"goal\":%.2f,\"lost\":%lu,\"fwd_per_s_core\":%.0f,\"raw_fwd_per_s_core\":%.0f,"
                   "\"p50_us\":%u,\"p99_us\":%u,\"heap_idle\":%zu,\"heap_active\":%zu,\"compared\":%lu,\"different\":%lu,"
                   "\"syscalls_per_packet\":%.4f,\"packets_per_run\":%.2f}",
                first ? "" : ",", c->scene, c->shape.receivers, c->shape.payload, c->shape.burst,
                c->shape.profile == SRTP_PROFILE_CM80 ? "CM80" : "GCM128", c->workers, c->ratio, c->goal, c->lost,
                1e9 / c->bridge_ns, 1e9 / c->raw_ns, c->p50_us, c->p99_us, idle, active, c->compared, c->different,
                c->calls, c->datagrams_per_run);
        first = false;
    }
    fprintf(f, "\n]}\n");
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
    passes = CLAMP(passes, 1, PASSES_MAX);
    mallopt(M_ARENA_MAX, 1); /* so that mallinfo2 sees every thread's memory */
    Case cases[64];
    size_t n = 0;
    static const unsigned receivers[] = { 1, 10, 50 };
    static const SrtpProfile profiles[] = { SRTP_PROFILE_CM80, SRTP_PROFILE_GCM128 };
    for (unsigned workers = 1; workers <= 2; workers++)
        for (int video = 1; video >= 0; video--)
            for (int p = 0; p < 2; p++)
                for (int r = 0; r < 3; r++)
                    cases[n++] = (Case){ .scene = video ? "video" : "audio", .workers = workers,
                                         .goal = !video ? 0.8 : receivers[r] == 1 ? 0.6 : 0.7,
                                         .shape = { video != 0, receivers[r], video ? 8 : 1, video ? 1200 : 120,
                                                    profiles[p] } };
    size_t idle = 0, active = 0;
    measure_heap(&idle, &active);
    printf("heap per endpoint: idle %.1f KB, active %.1f KB\n\n", (double)idle / 1024, (double)active / 1024);
    printf("%-6s %4s %7s %6s %7s | %8s %8s %7s %5s | %9s %5s %6s %6s %6s\n", "scene", "N", "profile", "burst", "workers",
           "raw ns", "ours ns", "ratio", "goal", "fwd/s", "lost", "p50us", "p99us", "calls");
    bool good = true;
    for (size_t i = 0; i < n; i++) {
        Case *c = &cases[i];
        char name[64];
        const char *profile = c->shape.profile == SRTP_PROFILE_CM80 ? "CM80" : "GCM128";
        snprintf(name, sizeof(name), "%s-%u-%s-w%u", c->scene, c->shape.receivers, profile, c->workers);
        if (only && !strstr(name, only))
            continue;
        run_case(c);
        printf("%-6s %4u %7s %6u %7u | %8.0f %8.0f %6.1f%% %4.0f%% | %9.0f %5lu %6u %6u %6.3f%s\n", c->scene,
               c->shape.receivers, profile, c->shape.burst, c->workers, c->raw_ns, c->bridge_ns, c->ratio * 100,
               c->goal * 100, 1e9 / c->bridge_ns, c->lost, c->p50_us, c->p99_us, c->calls,
               c->different || c->compared == 0 ? "  OUTPUT DIFFERS" : c->ratio < c->goal ? "  below goal" : "");
        fflush(stdout);
        good &= c->lost == 0 && c->different == 0 && c->compared > 0 && c->ratio >= 0.5;
    }
    if (out_file) {
        FILE *f = fopen(out_file, "w");
        if (!f) {
            perror(out_file);
            return 2;
        }
        write_json(f, cases, n, idle, active);
        fclose(f);
    }
    return good ? 0 : 1;
}
