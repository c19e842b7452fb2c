/* SPDX-License-Identifier: Apache-2.0
 *
 * The estimate from delay: groups of packets, the slope, what is done about it, and the queue that is left. */
#include <glib.h>
#include "bridge/tx/bwe_aimd.h"
#include "bridge/tx/bwe_queue.h"
#include "tests/fakes/rows.h"
#include "tests/unit/tx/bwe_test.h"

/* ---- groups and slope ---- */

static void test_groups(void)
{
    BweInterArrival ia = { 0 };
    BweDelta d = { 0 };
    struct {
        int64_t send_ms, arrival_ms;
        bool complete;
        int64_t send_delta_ms, arrival_delta_ms;
    } rows[] = {
        { 0, 50, false, 0, 0 },     { 5, 55, false, 0, 0 }, /* within 5 ms: same group */
        { 20, 71, false, 0, 0 },                            /* second group; the first is complete, but alone */
        { 40, 93, true, 15, 16 },                           /* third: 20 - 5, 71 - 55 */
        { 38, 94, false, 0, 0 },                            /* sent before its group began: passed over */
        { 60, 94, false, 0, 0 },                            /* came at once with the one before: a burst, same group */
        { 100, 160, true, 40, 23 },                         /* 60 - 20, 94 - 71 */
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        BwePacket p = packet(START + rows[i].send_ms * MS, rows[i].arrival_ms * MS, 1000);
        g_assert_cmpint(bwe_inter_arrival_add(&ia, &p, START + rows[i].arrival_ms * MS, &d), ==, rows[i].complete);
        if (rows[i].complete) {
            g_assert_cmpint(d.send_us, ==, rows[i].send_delta_ms * MS);
            g_assert_cmpint(d.arrival_us, ==, rows[i].arrival_delta_ms * MS);
        }
    }
}

static void test_clock_jump(void)
{
    BweInterArrival ia = { 0 };
    BweDelta d;
    int complete = 0;
    for (int i = 0; i < 10; i++) { /* the receiver's clock jumps four seconds at the fifth */
        BwePacket p = packet(START + i * 20 * MS, i * 20 * MS + (i >= 5 ? 4 * SECOND : 0), 1000);
        if (bwe_inter_arrival_add(&ia, &p, START + i * 20 * MS, &d)) {
            complete++;
            g_assert_cmpint(d.arrival_us, ==, 20 * MS);
        }
    }
    g_assert_cmpint(complete, >, 3);
}

typedef struct {
    const char *name;
    double growth; /* ms of queue per ms */
    int groups;
    BweUsage want;
} TrendCase;

static const TrendCase trends[] = {
    { "level", 0, 200, BWE_NORMAL },          { "growing", 0.2, 100, BWE_OVERUSE },
    { "shrinking", -0.2, 100, BWE_UNDERUSE }, { "not enough groups", 0.2, BWE_TREND_WINDOW - 1, BWE_NORMAL },
    { "crawling", 0.001, 400, BWE_NORMAL },
};

static void test_trend(gconstpointer data)
{
    const TrendCase *c = data;
    BweTrendline t;
    BweUsage usage = BWE_NORMAL;
    bwe_trendline_init(&t);
    for (int i = 0; i < c->groups; i++) {
        BweDelta d = { 10 * MS, (int64_t)(10 * MS * (1 + c->growth)) };
        usage = bwe_trendline_update(&t, &d, START + i * 10 * MS);
    }
    g_assert_cmpint(usage, ==, c->want);
    g_assert_cmpfloat(t.threshold, >=, 6);
    g_assert_cmpfloat(t.threshold, <=, 600);
}

/* ---- AIMD ---- */

static void test_aimd(void)
{
    BweAimd a;
    int64_t now = START;
    bwe_aimd_init(&a, 1000000, 30000, 20000000, now);
    for (int i = 0; i < 40; i++, now += 100 * MS) /* four seconds: 8 % each */
        bwe_aimd_update(&a, BWE_NORMAL, a.bps, false, now);
    g_assert_cmpint(a.bps, >, 1300000);
    g_assert_cmpint(a.bps, <, 1400000);

    int64_t before = a.bps;
    g_assert_true(bwe_aimd_update(&a, BWE_OVERUSE, 1000000, false, now += 300 * MS));
    g_assert_cmpint(a.bps, ==, 900000 - 5000); /* of what arrived, which is far less than was aimed at */
    g_assert_false(bwe_aimd_update(&a, BWE_OVERUSE, 900000, false, now += 5 * MS)); /* too soon */
    g_assert_true(bwe_aimd_update(&a, BWE_OVERUSE, 400000, false, now));            /* unless far off */
    g_assert_cmpint(a.bps, ==, 360000 - 5000);
    before = a.bps;
    bwe_aimd_update(&a, BWE_UNDERUSE, 300000, false, now += SECOND); /* the queue drains: hold */
    g_assert_cmpint(a.bps, ==, before);
    for (int i = 0; i < 100; i++, now += 100 * MS) /* limited by the application: hold as well */
        bwe_aimd_update(&a, BWE_NORMAL, 100000, true, now);
    g_assert_cmpint(a.bps, ==, before);
    for (int i = 0; i < 1000; i++, now += 100 * MS)
        bwe_aimd_update(&a, BWE_NORMAL, 400000, false, now);
    g_assert_cmpint(a.bps, ==, 400000 + 25600); /* half a second of its steps above what arrives: no more */
    a.link.kbps = 0;
    for (int i = 0; i < 1000; i++, now += 100 * MS)
        bwe_aimd_update(&a, BWE_NORMAL, 400000, false, now);
    g_assert_cmpint(a.bps, ==, 450000); /* a link never seen full: a tenth more, and a little */

    bwe_aimd_set(&a, 50000000, now);
    g_assert_cmpint(a.bps, ==, 20000000);
    for (int i = 0; i < 100; i++, now += 300 * MS)
        bwe_aimd_update(&a, BWE_OVERUSE, 10000, false, now);
    g_assert_cmpint(a.bps, ==, 30000);
    for (int i = 0; i < 100; i++, now += 300 * MS)
        bwe_aimd_update(&a, BWE_OVERUSE, 0, false, now); /* nothing acknowledged */
    g_assert_cmpint(a.bps, ==, 30000);
}

/* Where the link was full the rate rises in equal steps, so a second overuse comes later than the first. */
static void test_aimd_link_known(void)
{
    BweAimd known, unknown;
    int64_t now = START;
    bwe_aimd_init(&known, 10000000, 30000, 20000000, now);
    bwe_aimd_update(&known, BWE_OVERUSE, 10000000, false, now += SECOND);
    bwe_aimd_init(&unknown, known.bps, 30000, 20000000, now);
    for (int i = 0; i < 20; i++) {
        now += 100 * MS;
        bwe_aimd_update(&known, BWE_NORMAL, known.bps, false, now);
        bwe_aimd_update(&unknown, BWE_NORMAL, unknown.bps, false, now);
    }
    g_assert_cmpint(known.bps, >, 8995000);
    g_assert_cmpint(known.bps, <, 8995000 + 600000);
    g_assert_cmpint(unknown.bps, >, 8995000 + 1000000);
    BweAimd slower = known;
    slower.step_factor = 0.5;
    int64_t before = known.bps;
    bwe_aimd_update(&known, BWE_NORMAL, known.bps, false, now += 100 * MS);
    bwe_aimd_update(&slower, BWE_NORMAL, slower.bps, false, now);
    g_assert_cmpint(slower.bps, >, before);
    g_assert_cmpint(llabs(2 * (slower.bps - before) - (known.bps - before)), <=, 2);
    for (int i = 0; i < 20; i++) /* arrivals far above: it is another link */
        bwe_aimd_update(&known, BWE_NORMAL, 15000000, false, now += 100 * MS);
    g_assert_cmpfloat(known.link.kbps, ==, 0);
}

/* ---- queue ---- */

static void test_queue(void)
{
    BweQueue q;
    int64_t now = START;
    bwe_queue_init(&q);
    g_assert_cmpint(bwe_queue_delay_us(&q), ==, 0);
    bwe_queue_update(&q, -5 * SECOND, now); /* clocks differ */
    g_assert_cmpint(bwe_queue_delay_us(&q), ==, 0);
    bwe_queue_update(&q, -5 * SECOND + 200 * MS, now += 100 * MS);
    g_assert_cmpint(bwe_queue_delay_us(&q), ==, 200 * MS);
    g_assert_cmpfloat(bwe_queue_factor(&q, now), ==, 1); /* not ours */
    bwe_queue_suspect(&q, now);
    g_assert_cmpfloat(bwe_queue_factor(&q, now), <, 0.8);
    g_assert_cmpfloat(bwe_queue_factor(&q, now), >=, BWE_QUEUE_MIN_FACTOR);
    g_assert_cmpfloat(bwe_queue_factor(&q, now + BWE_QUEUE_DRAIN_US), ==, 1);
    bwe_queue_update(&q, -5 * SECOND + 100 * SECOND, now);
    g_assert_cmpfloat(bwe_queue_factor(&q, now), ==, BWE_QUEUE_MIN_FACTOR);
    for (int i = 0; i < 110; i++) /* what stands for ten seconds is the way */
        bwe_queue_update(&q, -4 * SECOND, now += 100 * MS);
    g_assert_cmpint(bwe_queue_delay_us(&q), ==, 0);
}

/* Long without falling: it stands. */
static void test_queue_stands(void)
{
    BweQueue q;
    int64_t now = SECOND;
    bwe_queue_init(&q);
    bwe_queue_update(&q, 20 * MS, now);
    bwe_queue_update(&q, 20 * MS + BWE_QUEUE_LONG_US + MS, now += 100 * MS);
    g_assert_false(bwe_queue_stands(&q, now));
    bwe_queue_update(&q, 20 * MS + BWE_QUEUE_LONG_US + 2 * MS, now += BWE_QUEUE_STANDS_US);
    g_assert_true(bwe_queue_stands(&q, now));
    for (int64_t queue_us = 400 * MS; queue_us > BWE_QUEUE_LONG_US; queue_us = queue_us * 8 / 10) { /* runs empty */
        bwe_queue_update(&q, 20 * MS + queue_us, now += 150 * MS);
        if (queue_us < 40 * MS + BWE_QUEUE_LONG_US)
            g_assert_false(bwe_queue_stands(&q, now));
    }
    bwe_queue_update(&q, 20 * MS, now += 100 * MS);
    g_assert_false(bwe_queue_stands(&q, now + SECOND));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/tx/bwe/groups", test_groups);
    g_test_add_func("/tx/bwe/clock jump", test_clock_jump);
    ADD_ROWS("/tx/bwe/trend", trends, test_trend);
    g_test_add_func("/tx/bwe/aimd", test_aimd);
    g_test_add_func("/tx/bwe/aimd, link known", test_aimd_link_known);
    g_test_add_func("/tx/bwe/queue", test_queue);
    g_test_add_func("/tx/bwe/queue stands", test_queue_stands);
    return g_test_run();
}
