/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/bench_scenes.h"

#include "tests/bench/bench_list.h"
#include "tests/bench/bench_room.h"
#include "tests/bench/load_scene.h"

#include <glib.h>
#include <string.h>

#define PASSES_MAX 99
/* Where the generator was held up, a large layer counts as silent for a moment, and a picture of a smaller one comes
 * beside all of the large: one packet in so many at most. */
#define EXTRA_SHARE 500

static void conclude(BenchCase *c, LoadScene *s, double wall_s)
{
    LoadCounts n = load_scene_counts(s, LOAD_SERVER);
    c->lost = n.expected > n.received ? n.expected - n.received : 0;
    c->compared = n.compared;
    c->different = n.different;
    c->asked = n.asked;
    c->answered = n.answered;
    c->asked_again = n.asked_again;
    c->fwd_per_s = (double)n.received / wall_s;
    c->busy = c->bridge_ns * c->fwd_per_s / 1e9;
    c->p50_us = samples_quantile(&s->delays[LOAD_SERVER], 0.5);
    c->p99_us = samples_quantile(&s->delays[LOAD_SERVER], 0.99);
    c->raw_p50_us = samples_quantile(&s->delays[LOAD_RAW], 0.5);
    c->raw_p99_us = samples_quantile(&s->delays[LOAD_RAW], 0.99);
    c->p999_us = samples_quantile(&s->delays[LOAD_SERVER], 0.999);
    c->failed = c->lost || c->different || c->compared == 0 || n.answered < n.asked ||
                n.received > n.expected + n.expected / EXTRA_SHARE;
    /* The raw loop hears no feedback and repairs nothing: in calm scenes its ratio is told, not judged. */
    c->failed |= bench_list_scene(c->scene)->kind == SCENE_MIXED && c->ratio < 0.5;
    if (c->lost)
        c->missed = "packets lost";
    else if (c->goal > 0 && c->ratio < c->goal)
        c->missed = "ratio";
    else if (strcmp(c->scene, BENCH_HALF) == 0 && c->p99_us > BENCH_DELAY_GOAL_US)
        c->missed = "p99 above 1 ms";
    else if (strcmp(c->scene, "sparse") == 0 && c->bridge_ns > BENCH_SPARSE_GOAL_US * 1000)
        c->missed = "more than 8 us of CPU for a packet";
    c->done = true;
}

static void count(BenchCase *c, LoadScene *s, int64_t pass_us)
{
    BenchCounting counting;
    load_scene_settle(s);
    uint64_t had = load_scene_counts(s, LOAD_SERVER).received;
    bench_counting_begin(&counting, s->workers);
    load_scene_run(s, LOAD_SERVER, pass_us);
    bench_counting_end(&counting, s->workers, c, load_scene_counts(s, LOAD_SERVER).received - had);
}

void bench_scenes_heap(BenchConditions *k)
{
    static LoadScene scene;
    SceneShape shape = *bench_list_scene("mixed");
    shape.blind = true;
    shape.nack_percent = 0;
    shape.profile = SRTP_PROFILE_GCM128;
    Workers *w = bench_workers_start(1, shape.estimate);
    load_scene_open(&scene, w, &shape);
    k->heap_idle = scene.heap_idle;
    k->heap_active = scene.heap_active;
    load_scene_close(&scene);
    workers_free(w);
}

void bench_scenes_run(BenchCase *c, double full_ns, int passes, int64_t pass_us)
{
    static LoadScene scene;
    double ratio[PASSES_MAX], ns[LOAD_MODES][PASSES_MAX];
    SceneShape shape = *bench_list_scene(c->scene);
    shape.profile = c->profile;
    if (full_ns > 0) /* one frame fills half the time to the next */
        shape.frame_us = (int64_t)(2 * full_ns * shape.per_frame * (shape.people - 1) / 1000);
    Workers *w = bench_workers_start(c->workers, shape.estimate);
    load_scene_open(&scene, w, &shape);
    for (int pass = 0; pass < passes; pass++) {
        for (int m = 0; m < LOAD_MODES; m++) {
            int mode = (pass + m) % LOAD_MODES;
            if (mode == LOAD_SERVER)
                load_scene_settle(&scene);
            uint64_t had = load_scene_counts(&scene, mode).received;
            int64_t before = mode == LOAD_RAW ? raw_loop_cpu_ns(scene.raw) : bench_workers_cpu_ns(w);
            load_scene_run(&scene, mode, pass_us);
            int64_t after = mode == LOAD_RAW ? raw_loop_cpu_ns(scene.raw) : bench_workers_cpu_ns(w);
            uint64_t got = load_scene_counts(&scene, mode).received - had;
            ns[mode][pass] = got ? (double)(after - before) / (double)got : 0;
        }
        ratio[pass] = ns[LOAD_SERVER][pass] > 0 ? ns[LOAD_RAW][pass] / ns[LOAD_SERVER][pass] : 0;
    }
    c->ratio = samples_median(ratio, (size_t)passes);
    c->bridge_ns = samples_median(ns[LOAD_SERVER], (size_t)passes);
    c->raw_ns = samples_median(ns[LOAD_RAW], (size_t)passes);
    count(c, &scene, pass_us);
    conclude(c, &scene, (double)(passes + 1) * (double)pass_us / 1e6);
    load_scene_close(&scene);
    workers_free(w);
}
