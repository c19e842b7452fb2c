/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/bench_scenes.h"

#include "tests/bench/bench_room.h"
#include "tests/bench/load_scene.h"

#include <glib.h>
#include <string.h>

#define PASSES_MAX 99

/* 720p in 8 packets a frame, sent by three every 5 ms as Chromium's pacer does; single packets where the rate is low. */
static const SceneShape shapes[] = {
    { .name = "mixed",
      .kind = SCENE_MIXED,
      .rooms = 1,
      .people = 10,
      .senders = 10,
      .chunk = 3,
      .chunk_us = 5000,
      .payload = 1200,
      .last_n = 5,
      .nack_percent = 1 },
    { .name = "half",
      .rooms = 1,
      .people = 11,
      .senders = 1,
      .per_frame = 8,
      .chunk = 8,
      .frame_us = 1000,
      .payload = 1200 },
    { .name = "sparse",
      .rooms = 20,
      .people = 3,
      .senders = 3,
      .per_frame = 4,
      .chunk = 1,
      .frame_us = 40000,
      .chunk_us = 10000,
      .payload = 1200 },
    { .name = "room50",
      .rooms = 1,
      .people = 51,
      .senders = 1,
      .per_frame = 8,
      .chunk = 1,
      .frame_us = 32000,
      .chunk_us = 4000,
      .payload = 1200 },
};

size_t bench_scenes_list(BenchCase *cases, size_t cap)
{
    static const SrtpProfile profiles[] = { SRTP_PROFILE_CM80, SRTP_PROFILE_GCM128 };
    static const char *const names[] = { "CM80", "GCM128" };
    size_t n = 0;
    for (size_t i = 0; i < G_N_ELEMENTS(shapes); i++) {
        for (size_t k = 0; k < G_N_ELEMENTS(profiles) && n < cap; k++) {
            BenchCase *c = &cases[n++];
            *c = (BenchCase){ .scene = shapes[i].name,
                              .workers = 1,
                              .receivers = shapes[i].people - 1,
                              .burst = shapes[i].chunk,
                              .payload = shapes[i].payload,
                              .profile = profiles[k] };
            if (shapes[i].last_n)
                c->receivers = shapes[i].last_n;
            g_snprintf(c->name, sizeof(c->name), "%s-%s-w1", c->scene, names[k]);
        }
    }
    return n;
}

static const SceneShape *shape_of(const BenchCase *c)
{
    for (size_t i = 0; i < G_N_ELEMENTS(shapes); i++)
        if (strcmp(shapes[i].name, c->scene) == 0)
            return &shapes[i];
    g_assert_not_reached();
}

static void conclude(BenchCase *c, LoadScene *s, double wall_s)
{
    LoadCounts n = load_scene_counts(s, LOAD_SERVER);
    c->lost = n.expected > n.received ? n.expected - n.received : 0;
    c->compared = n.compared;
    c->different = n.different;
    c->asked = n.asked;
    c->answered = n.answered;
    c->fwd_per_s = (double)n.received / wall_s;
    c->busy = c->bridge_ns * c->fwd_per_s / 1e9;
    c->p50_us = samples_quantile(&s->delays[LOAD_SERVER], 0.5);
    c->p99_us = samples_quantile(&s->delays[LOAD_SERVER], 0.99);
    c->raw_p50_us = samples_quantile(&s->delays[LOAD_RAW], 0.5);
    c->raw_p99_us = samples_quantile(&s->delays[LOAD_RAW], 0.99);
    c->p999_us = samples_quantile(&s->delays[LOAD_SERVER], 0.999);
    c->failed = c->lost || c->different || c->compared == 0 || n.received > n.expected;
    /* The raw loop hears no feedback and repairs nothing: in calm scenes its ratio is told, not judged. */
    c->failed |= shape_of(c)->kind == SCENE_MIXED && c->ratio < 0.5;
    c->done = true;
}

static void count(BenchCase *c, LoadScene *s, int64_t pass_us)
{
    BenchCounting counting;
    uint64_t had = load_scene_counts(s, LOAD_SERVER).received;
    bench_counting_begin(&counting, s->workers);
    load_scene_run(s, LOAD_SERVER, pass_us);
    bench_counting_end(&counting, s->workers, c, load_scene_counts(s, LOAD_SERVER).received - had);
}

void bench_scenes_heap(BenchConditions *k)
{
    static LoadScene scene;
    SceneShape shape = shapes[0];
    shape.blind = true;
    shape.nack_percent = 0;
    shape.profile = SRTP_PROFILE_GCM128;
    Workers *w = bench_workers_start(1);
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
    SceneShape shape = *shape_of(c);
    shape.profile = c->profile;
    if (full_ns > 0) /* one frame fills half the time to the next */
        shape.frame_us = (int64_t)(2 * full_ns * shape.per_frame * (shape.people - 1) / 1000);
    Workers *w = bench_workers_start(c->workers);
    load_scene_open(&scene, w, &shape);
    for (int pass = 0; pass < passes; pass++) {
        for (int m = 0; m < LOAD_MODES; m++) {
            int mode = (pass + m) % LOAD_MODES;
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
