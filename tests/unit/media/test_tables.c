/* SPDX-License-Identifier: Apache-2.0
 *
 * The worker's small containers: tuple table against a plain list, timer heap against sorting, packet pool counts, the
 * delay histogram's edges, when a worker sleeps to gather packets. */
#include "bridge/packet_pool.h"
#include "bridge/worker_delay.h"
#include "bridge/worker_gather.h"
#include "bridge/worker_timers.h"
#include "bridge/worker_stats.h"
#include "bridge/worker_tuples.h"
#include "tests/fakes/metrics_doc.h"

#include <glib.h>
#include <stdlib.h>

static Tuple tuple_of(unsigned n)
{
    Tuple t = { .ip = { 10, 0, (uint8_t)(n >> 8), (uint8_t)n }, .port = (uint16_t)(1000 + n % 7), .family = 4 };
    return t;
}

#define TUPLES 3000

static void test_tuples_random(void)
{
    TupleTable t;
    bool in[TUPLES] = { false };
    unsigned used = 0;
    g_assert_true(tuple_table_init(&t, WORKER_TUPLES_MAX, 0x1234567));
    for (int step = 0; step < 60000; step++) {
        unsigned n = (unsigned)g_test_rand_int_range(0, TUPLES);
        Tuple key = tuple_of(n);
        if (g_test_rand_bit()) {
            TupleEntry *e = tuple_table_put(&t, &key);
            g_assert_nonnull(e);
            if (!in[n])
                used++;
            in[n] = true;
            e->used_us = n;
        } else {
            tuple_table_remove(&t, &key);
            if (in[n])
                used--;
            in[n] = false;
        }
        g_assert_cmpuint(t.used, ==, used);
    }
    for (unsigned n = 0; n < TUPLES; n++) {
        Tuple key = tuple_of(n);
        const TupleEntry *e = tuple_table_find(&t, &key);
        g_assert_true((e != NULL) == in[n]);
        if (e)
            g_assert_cmpint(e->used_us, ==, n);
    }
    tuple_table_clear(&t);
}

static void test_tuples_limit(void)
{
    TupleTable t;
    g_assert_true(tuple_table_init(&t, 100, 7));
    for (unsigned n = 0; n < 150; n++) {
        Tuple key = tuple_of(n);
        g_assert_true((tuple_table_put(&t, &key) != NULL) == (n < 100));
    }
    g_assert_cmpuint(t.refused, ==, 50);
    Tuple known = tuple_of(5);
    g_assert_nonnull(tuple_table_put(&t, &known));
    tuple_table_clear(&t);
}

static void test_tuples_sweeps(void)
{
    TupleTable t;
    struct MediaEndpoint *a = (struct MediaEndpoint *)&t, *b = (struct MediaEndpoint *)&a;
    g_assert_true(tuple_table_init(&t, 10000, 99));
    for (unsigned n = 0; n < 900; n++) {
        Tuple key = tuple_of(n);
        TupleEntry *e = tuple_table_put(&t, &key);
        e->endpoint = n % 3 == 0 ? a : n % 3 == 1 ? b : NULL;
        e->used_us = n;
    }
    tuple_table_remove_endpoint(&t, a);
    g_assert_cmpuint(t.used, ==, 600);
    tuple_table_expire_foreign(&t, 450); /* only entries without an endpoint */
    g_assert_cmpuint(t.used, ==, 450);
    for (unsigned n = 0; n < 900; n++) {
        Tuple key = tuple_of(n);
        g_assert_true((tuple_table_find(&t, &key) != NULL) == (n % 3 == 1 || (n % 3 == 2 && n >= 450)));
    }
    tuple_table_clear(&t);
}

static int64_t fired_at;
static unsigned fired;

static void on_timer(void *user, int64_t now_us)
{
    const Timer *t = user;
    g_assert_cmpuint(t->place, ==, 0); /* taken out before the call */
    fired_at = now_us;
    fired++;
}

#define TIMERS 200

static void test_timers(void)
{
    TimerHeap h = { 0 };
    static Timer timers[TIMERS];
    int64_t due[TIMERS];
    g_assert_true(timers_reserve(&h, TIMERS));
    g_assert_cmpint(timers_next(&h), ==, TIMER_NEVER);
    for (int i = 0; i < TIMERS; i++) {
        timer_init(&timers[i], on_timer, &timers[i]);
        due[i] = TIMER_NEVER;
    }
    for (int step = 0; step < 20000; step++) {
        int i = g_test_rand_int_range(0, TIMERS);
        due[i] = g_test_rand_int_range(0, 10) == 0 ? TIMER_NEVER : g_test_rand_int_range(0, 100000);
        timer_set(&h, &timers[i], due[i]);
        int64_t least = TIMER_NEVER;
        for (int k = 0; k < TIMERS; k++)
            least = MIN(least, due[k]);
        g_assert_cmpint(timers_next(&h), ==, least);
    }
    unsigned set = 0;
    for (int k = 0; k < TIMERS; k++)
        set += due[k] != TIMER_NEVER;
    fired = 0;
    timers_run(&h, 50000, 10);
    g_assert_cmpuint(fired, ==, 10); /* a round has its limit */
    timers_run(&h, 100000, 1000);
    g_assert_cmpuint(fired, ==, set);
    g_assert_cmpint(fired_at, ==, 100000);
    g_assert_cmpint(timers_next(&h), ==, TIMER_NEVER);
    timer_set(&h, &timers[0], 100);
    timer_at_latest(&h, &timers[0], 200);
    g_assert_cmpint(timers_next(&h), ==, 100);
    timer_at_latest(&h, &timers[0], 50);
    g_assert_cmpint(timers_next(&h), ==, 50);
    timers_clear(&h);
}

static void test_pool(void)
{
    PacketPool pool;
    Packet *p[300];
    packet_pool_init(&pool, 256);
    for (int i = 0; i < 256; i++) {
        p[i] = packet_new(&pool);
        g_assert_nonnull(p[i]);
        g_assert_cmpuint(p[i]->refs, ==, 1);
        for (int k = 0; k < i; k++)
            g_assert_true(p[k] != p[i]);
    }
    g_assert_null(packet_new(&pool));
    g_assert_cmpuint(pool.refused, ==, 1);
    packet_ref(p[7]);
    packet_unref(&pool, p[7]);
    g_assert_cmpuint(pool.used, ==, 256);
    for (int i = 0; i < 256; i++)
        packet_unref(&pool, p[i]);
    g_assert_cmpuint(pool.used, ==, 0);
    g_assert_cmpuint(pool.total, <, 256); /* slabs went back, some are kept in reserve */
    g_assert_cmpuint(pool.total, >, 0);
    g_assert_nonnull(p[0] = packet_new(&pool));
    packet_unref(&pool, p[0]);
    packet_pool_clear(&pool);
}

static void test_delay(void)
{
    WorkerDelay d = { 0 };
    g_assert_cmpuint(worker_delay_quantile(&d, 0.5), ==, 0);
    for (int i = 0; i < 99; i++)
        worker_delay_add(&d, 100, 1);
    worker_delay_add(&d, 5000, 1);
    g_assert_cmpuint(worker_delay_quantile(&d, 0.5), >=, 100);
    g_assert_cmpuint(worker_delay_quantile(&d, 0.5), <, 125);
    g_assert_cmpuint(worker_delay_quantile(&d, 0.999), >=, 5000);
    g_assert_cmpuint(worker_delay_quantile(&d, 0.999), <, 6250);
    /* Every value lies in the bin whose upper edge is not below it, and not far above. */
    for (int64_t us = 0; us < 300000; us += 1 + us / 50) {
        WorkerDelay one = { 0 };
        worker_delay_add(&one, us, 1);
        uint32_t edge = worker_delay_quantile(&one, 0.5);
        g_assert_cmpint(edge, >=, us);
        g_assert_cmpint(edge, <=, us + us / 4);
    }
    worker_delay_add(&d, INT64_MAX, 1);
    worker_delay_add(&d, -5, 1);
}

typedef struct {
    int64_t after_us; /* the wake-up before */
    unsigned datagrams;
    bool sleeps;
} GatherStep;

static void follow(WorkerGather *g, const GatherStep *steps, size_t n, int64_t *now_us)
{
    for (size_t i = 0; i < n; i++) {
        *now_us += steps[i].after_us;
        int64_t until = worker_gather_until_us(g, *now_us, steps[i].datagrams);
        g_assert_cmpint(until, ==, steps[i].sleeps ? *now_us + WORKER_GATHER_US : 0);
    }
}

static void test_gather(void)
{
    static const GatherStep
        busy[] = {
            { 0, 1, false },   { 100, 1, false }, { 100, 1, false }, { 100, 2, false },
            { 100, 1, true },                                        /* four soon after another */
            { 500, 3, true },  { 510, 5, true },  { 500, 8, false }, /* a full one needs no company */
            { 100, 3, false }, { 100, 1, false }, { 100, 1, false }, { 100, 1, true },
            { 500, 1, true },  { 500, 0, true },  { 500, 2, true },  { 500, 1, true },
            { 500, 1, true },  { 500, 1, false }, /* three in vain */
        };
    static const GatherStep calm[] = {
        { 20000, 1, false }, { 20000, 1, false }, { 20000, 2, false }, { 600, 1, false }, { 700, 1, false },
        { 100, 1, false },   { 100, 1, false },   { 100, 0, false },   { 100, 1, false }, { 900, 1, false },
        { 100, 1, false },   { 100, 1, false },   { 100, 1, false },   { 900, 2, false }, /* the row was broken */
    };
    WorkerGather g = { 0 };
    int64_t now_us = 1000000;
    follow(&g, busy, G_N_ELEMENTS(busy), &now_us);
    g = (WorkerGather){ 0 };
    follow(&g, calm, G_N_ELEMENTS(calm), &now_us);
}

/* One client that sends when it has been answered: a sleep gathers nothing, and must stay rare. */
static void test_gather_in_vain(void)
{
    WorkerGather g = { 0 };
    unsigned slept = 0;
    int64_t now_us = 1000000;
    for (int i = 0; i < 6800; i++) {
        int64_t until = worker_gather_until_us(&g, now_us, 1);
        slept += until != 0;
        now_us = until ? until : now_us + 50;
    }
    g_assert_cmpuint(slept, >, 0);
    g_assert_cmpuint(slept, <=, WORKER_GATHER_VAIN * (6800 / WORKER_GATHER_RETRY + 1));
}

static const char *drop_name(unsigned i)
{
    return worker_drop_name((WorkerDrop)i);
}

/* The label of dropped_packets is explained to operators, each of its values. */
static void test_drop_names(void)
{
    metrics_doc_check_names("## Why packets are dropped", drop_name, WORKER_DROPS);
}

static const char *limit_name(unsigned i)
{
    return worker_limit_name((WorkerLimit)i);
}

static void test_limit_names(void)
{
    metrics_doc_check_names("## Which limits were reached", limit_name, WORKER_LIMITS);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/tables/tuples/random", test_tuples_random);
    g_test_add_func("/tables/tuples/limit", test_tuples_limit);
    g_test_add_func("/tables/tuples/sweeps", test_tuples_sweeps);
    g_test_add_func("/tables/timers", test_timers);
    g_test_add_func("/tables/pool", test_pool);
    g_test_add_func("/tables/delay", test_delay);
    g_test_add_func("/tables/drop_names", test_drop_names);
    g_test_add_func("/tables/limit_names", test_limit_names);
    g_test_add_func("/media/gather/rounds", test_gather);
    g_test_add_func("/media/gather/in_vain", test_gather_in_vain);
    return g_test_run();
}
