/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/bench_list.h"

#include <stdio.h>
#include <string.h>

#define SPREAD_VIDEO "v-spread"
#define SPREAD_AUDIO "a-spread"
#define N_OF(array) (sizeof(array) / sizeof((array)[0]))

static const SrtpProfile profiles[] = { SRTP_PROFILE_CM80, SRTP_PROFILE_GCM128 };

/* 720p in 8 packets a frame, sent by three every 5 ms as Chromium's pacer does; single packets where the rate is low. */
static const SceneShape shapes[] = {
    { .name = "mixed",
      .kind = SCENE_MIXED,
      .estimate = true,
      .rooms = 1,
      .people = 10,
      .senders = 10,
      .chunk = 3,
      .chunk_us = 5000,
      .payload = 1200,
      .last_n = 5,
      .nack_percent = 1 },
    { .name = BENCH_HALF,
      .rooms = 1,
      .people = 11,
      .senders = 1,
      .per_frame = 8,
      .chunk = 8,
      .frame_us = 1000,
      .payload = 1200 },
    { .name = "sparse",
      .estimate = true,
      .rooms = 20,
      .people = 3,
      .senders = 3,
      .per_frame = 4,
      .chunk = 1,
      .frame_us = 40000,
      .chunk_us = 10000,
      .payload = 1200 },
    { .name = "room50",
      .estimate = true,
      .rooms = 1,
      .people = 51,
      .senders = 1,
      .per_frame = 8,
      .chunk = 1,
      .frame_us = 32000,
      .chunk_us = 4000,
      .payload = 1200 },
    { .name = BENCH_STORM,
      .rooms = 1,
      .people = 11,
      .senders = 1,
      .per_frame = 8,
      .chunk = 8,
      .frame_us = 1000,
      .payload = 1200 },
};

const SceneShape *bench_list_scene(const char *name)
{
    for (size_t i = 0; i < N_OF(shapes); i++)
        if (strcmp(shapes[i].name, name) == 0)
            return &shapes[i];
    return NULL;
}

bool bench_list_is_spread(const BenchCase *c)
{
    return strcmp(c->scene, SPREAD_VIDEO) == 0 || strcmp(c->scene, SPREAD_AUDIO) == 0;
}

static const char *short_name(SrtpProfile p)
{
    return p == SRTP_PROFILE_CM80 ? "CM80" : "GCM128";
}

/* The next burst is sent when the last has arrived. */
static BenchCase burst(const char *scene, bool video, unsigned receivers, SrtpProfile profile, unsigned workers)
{
    BenchCase c = { .scene = scene,
                    .receivers = receivers,
                    .burst = video ? 8 : 1,
                    .workers = workers,
                    .payload = video ? 1200 : 120,
                    .profile = profile,
                    .goal = !video           ? 0.8
                            : receivers == 1 ? 0.6
                                             : 0.7 };
    snprintf(c.name, sizeof(c.name), "%s-%u-%s-w%u", scene, receivers, short_name(profile), workers);
    return c;
}

static size_t list_bursts(BenchCase *cases, size_t cap)
{
    static const unsigned receivers[] = { 1, 10, 50 };
    size_t n = 0;
    for (unsigned workers = 1; workers <= 2; workers++)
        for (int video = 1; video >= 0; video--)
            for (size_t p = 0; p < N_OF(profiles); p++)
                for (size_t r = 0; r < N_OF(receivers) && n < cap; r++)
                    cases[n++] = burst(video ? "video" : "audio", video, receivers[r], profiles[p], workers);
    for (int video = 1; video >= 0; video--)
        for (size_t p = 0; p < N_OF(profiles) && n < cap; p++)
            cases[n++] = burst(video ? SPREAD_VIDEO : SPREAD_AUDIO, video, 50, profiles[p], 2);
    return n;
}

static BenchCase paced(const SceneShape *shape, SrtpProfile profile)
{
    BenchCase c = { .scene = shape->name,
                    .workers = 1,
                    .receivers = shape->last_n ? shape->last_n : shape->people - 1,
                    .burst = shape->chunk,
                    .payload = shape->payload,
                    .profile = profile,
                    .goal = shape->kind == SCENE_MIXED ? 0.7 : 0 };
    snprintf(c.name, sizeof(c.name), "%s-%s-w1", c.scene, short_name(profile));
    return c;
}

size_t bench_list(BenchCase *cases, size_t cap, size_t *bursts)
{
    size_t n = *bursts = list_bursts(cases, cap);
    for (size_t i = 0; i < N_OF(shapes); i++)
        for (size_t p = 0; p < N_OF(profiles) && n < cap; p++)
            cases[n++] = paced(&shapes[i], profiles[p]);
    return n;
}
