/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/bench_storm.h"

#include "common/base/clock.h"
#include "tests/bench/bench_list.h"
#include "tests/bench/bench_room.h"
#include "tests/bench/load_scene.h"
#include "tests/bench/storm_control.h"

#include <glib.h>
#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>

#define JOINS 200
#define PEOPLE 10 /* of a room */
#define STORMS_MAX 16
#define STORM_US 10000000 /* at most */
#define HASTE (-20)       /* a nice value */

/* The media is driven by the bench's thread; this one says when the storm is over. */
typedef struct {
    StormClients *clients;
    _Atomic bool over;
} Watch;

static void *watch_main(void *user)
{
    Watch *watch = user;
    int64_t end_us = clock_now_us() + STORM_US;
    while (storm_clients_ready(watch->clients) < JOINS && clock_now_us() < end_us)
        g_usleep(1000);
    watch->over = true;
    return NULL;
}

typedef struct {
    int64_t wall_us, cpu_ns, requests_ns;
    unsigned ready;
} Storm;

static void storm(LoadScene *scene, StormControl *control, StormClients *clients, Storm *sum)
{
    Watch watch = { .clients = clients };
    storm_clients_set_port(clients, workers_port(scene->workers));
    pthread_t thread;
    int64_t cpu = storm_control_cpu_ns(control), requests = storm_control_requests_ns(control);
    int64_t start_us = clock_now_us();
    storm_control_join(control, watch.clients, JOINS, PEOPLE);
    g_assert_cmpint(pthread_create(&thread, NULL, watch_main, &watch), ==, 0);
    scene->stop = &watch.over;
    load_scene_run(scene, LOAD_SERVER, STORM_US);
    scene->stop = NULL;
    pthread_join(thread, NULL);
    sum->wall_us += storm_clients_ready_us(watch.clients) - start_us;
    requests = storm_control_requests_ns(control) - requests;
    sum->requests_ns += requests;
    sum->cpu_ns += storm_control_cpu_ns(control) - cpu - requests;
    sum->ready += storm_clients_ready(watch.clients);
    storm_control_leave(control);
}

/* The generator, which has real-time priority, and the people who join keep to the first processor, the bridge to the
 * others: what is measured is how control and workers get along, not who of them sat behind the generator. */
typedef struct {
    cpu_set_t all, outside, bridge;
} Places;

static Places find_places(void)
{
    Places p;
    int first = 0;
    CPU_ZERO(&p.outside);
    sched_getaffinity(0, sizeof(p.all), &p.all);
    p.bridge = p.all;
    if (CPU_COUNT(&p.all) < 2) {
        p.outside = p.all;
        return p;
    }
    while (!CPU_ISSET(first, &p.all))
        first++;
    CPU_SET(first, &p.outside);
    CPU_CLR(first, &p.bridge);
    return p;
}

/* This thread, and those it starts from now on. */
static void go_to(const cpu_set_t *cpus)
{
    sched_setaffinity(0, sizeof(*cpus), cpus);
}

/* In the daemon the workers and control have the same priority, so here too: with a real-time one, control could not
 * take time from the workers. Against whatever else the machine does both are as nice as allowed. */
static Workers *start_workers(void)
{
    struct sched_param was, ordinary = { 0 };
    int policy = sched_getscheduler(0);
    sched_getparam(0, &was);
    sched_setscheduler(0, SCHED_OTHER, &ordinary);
    Workers *w = bench_workers_start(1, false);
    sched_setscheduler(0, policy, &was);
    return w;
}

static void conclude(BenchCase *c, LoadScene *s, const Storm *sum, int storms)
{
    LoadCounts n = load_scene_counts(s, LOAD_SERVER);
    unsigned joins = JOINS * (unsigned)storms;
    c->lost = n.expected > n.received ? n.expected - n.received : 0;
    c->compared = n.compared;
    c->different = n.different;
    c->handshakes_per_s = sum->wall_us ? sum->ready * 1e6 / (double)sum->wall_us : 0;
    c->handshake_us = sum->ready ? (double)sum->cpu_ns / 1000 / sum->ready : 0;
    c->join_us = (double)sum->requests_ns / 1000 / joins;
    if (c->p99_us > BENCH_DELAY_GOAL_US)
        c->missed = "p99 above 1 ms";
    c->failed = c->lost || c->different || c->compared == 0 || sum->ready < joins;
    c->done = true;
}

void bench_storm_run(BenchCase *c, double full_ns, int storms, int64_t calm_us, bool priority)
{
    static LoadScene scene;
    static Samples before, during;
    SceneShape shape = *bench_list_scene(c->scene);
    Storm sum = { 0 };
    StormClients *clients[STORMS_MAX];
    Places places = find_places();
    go_to(&places.outside);
    for (int i = 0; i < storms; i++)
        clients[i] = storm_clients_new(JOINS);
    samples_clear(&before);
    samples_clear(&during);
    shape.profile = c->profile;
    shape.frame_us = (int64_t)(2 * full_ns * shape.per_frame * (shape.people - 1) / 1000);
    int nice_before = getpriority(PRIO_PROCESS, 0);
    if (priority)
        setpriority(PRIO_PROCESS, 0, HASTE); /* of this thread, and of those it starts */
    go_to(&places.bridge);
    Workers *w = start_workers();
    go_to(&places.outside);
    load_scene_open(&scene, w, &shape);
    int64_t cpu = bench_workers_cpu_ns(w);
    uint64_t had = load_scene_counts(&scene, LOAD_SERVER).received;
    load_scene_run(&scene, LOAD_SERVER, calm_us);
    uint64_t got = load_scene_counts(&scene, LOAD_SERVER).received - had;
    c->bridge_ns = got ? (double)(bench_workers_cpu_ns(w) - cpu) / (double)got : 0;
    c->fwd_per_s = (double)got * 1e6 / (double)calm_us;
    c->busy = c->bridge_ns * c->fwd_per_s / 1e9;
    go_to(&places.bridge);
    StormControl *control = storm_control_new(w);
    go_to(&places.outside);
    scene.events_elsewhere = true;
    for (int i = 0; i < storms; i++) {
        scene.into = &before;
        load_scene_run(&scene, LOAD_SERVER, calm_us);
        scene.into = &during;
        storm(&scene, control, clients[i], &sum);
        storm_clients_free(clients[i]);
    }
    scene.into = NULL;
    scene.events_elsewhere = false;
    storm_control_free(control);
    setpriority(PRIO_PROCESS, 0, nice_before);
    c->before_p50_us = samples_quantile(&before, 0.5);
    c->before_p99_us = samples_quantile(&before, 0.99);
    c->before_p999_us = samples_quantile(&before, 0.999);
    c->p50_us = samples_quantile(&during, 0.5);
    c->p99_us = samples_quantile(&during, 0.99);
    c->p999_us = samples_quantile(&during, 0.999);
    conclude(c, &scene, &sum, storms);
    load_scene_close(&scene);
    workers_free(w);
    go_to(&places.all);
}
