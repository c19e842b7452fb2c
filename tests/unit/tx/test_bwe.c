/* SPDX-License-Identifier: Apache-2.0
 *
 * The parts of the bandwidth estimator, one by one; how they work together is in tests/sim. */
#include <glib.h>
#include <math.h>
#include <string.h>
#include "bridge/rx/twcc_log.h"
#include "bridge/tx/bwe.h"
#include "bridge/tx/bwe_ack_rate.h"
#include "bridge/tx/bwe_aimd.h"
#include "bridge/tx/bwe_alr.h"
#include "bridge/tx/bwe_history.h"
#include "bridge/tx/bwe_loss.h"
#include "bridge/tx/bwe_probe.h"
#include "bridge/tx/bwe_queue.h"
#include "bridge/tx/bwe_random_loss.h"

#define MS 1000LL
#define SECOND 1000000LL
#define START (100 * SECOND)

static BwePacket packet(int64_t send_us, int64_t arrival_us, uint16_t bytes)
{
    return (BwePacket){ .send_us = send_us, .arrival_us = arrival_us, .bytes = bytes };
}

/* ---- history ---- */

static void test_history(void)
{
    BweHistory *h = g_new0(BweHistory, 1);
    BwePacket p;
    g_assert_cmpint(bwe_history_told(h, 5, true, 0, &p), ==, BWE_TOLD_UNKNOWN);
    bwe_history_sent(h, 65535, 1000, 0, false, START);
    bwe_history_sent(h, 0, 2000, 7, false, START + 1);
    g_assert_cmpint(bwe_history_told(h, 1, true, START, &p), ==, BWE_TOLD_UNKNOWN); /* not sent yet */
    g_assert_cmpint(bwe_history_told(h, 0, true, START + 2, &p), ==, BWE_TOLD_NEWS);
    g_assert_cmpint(p.send_us, ==, START + 1);
    g_assert_cmpuint(p.bytes, ==, 2000);
    g_assert_cmpuint(p.probe, ==, 7);
    g_assert_cmpint(bwe_history_told(h, 0, true, START + 2, &p), ==, BWE_TOLD_BEFORE);
    g_assert_cmpint(bwe_history_told(h, 0, false, START + 2, &p), ==, BWE_TOLD_BEFORE);
    g_assert_cmpint(bwe_history_told(h, 65535, false, START + 2, &p), ==, BWE_TOLD_NEWS);
    g_assert_cmpint(bwe_history_told(h, 65535, false, START + 2, &p), ==, BWE_TOLD_BEFORE);
    g_assert_cmpint(bwe_history_told(h, 65535, true, START + 2, &p), ==, BWE_TOLD_NEWS); /* it was only late */
    bwe_history_sent(h, 1, 70000, 0, false, START);
    g_assert_cmpint(bwe_history_told(h, 1, true, START + BWE_HISTORY_AGE_US + 1, &p), ==, BWE_TOLD_UNKNOWN);
    g_assert_cmpint(bwe_history_told(h, 1, true, START, &p), ==, BWE_TOLD_NEWS);
    g_assert_cmpuint(p.bytes, ==, UINT16_MAX);
    for (int i = 2; i < BWE_HISTORY_SIZE + 2; i++) /* the slot of 2 belongs to another now */
        bwe_history_sent(h, (uint16_t)i, 10, 0, false, START);
    bwe_history_sent(h, (uint16_t)(BWE_HISTORY_SIZE + 2), 10, 0, false, START);
    g_assert_cmpint(bwe_history_told(h, 2, true, START, &p), ==, BWE_TOLD_UNKNOWN);
    g_assert_cmpint(bwe_history_told(h, 3, true, START, &p), ==, BWE_TOLD_NEWS);
    g_free(h);
}

/* ---- acknowledged rate ---- */

typedef struct {
    const char *name;
    int n;
    int64_t send_gap_us, arrival_gap_us;
    int pause_at; /* this packet and all after it arrive half a second later */
    double least_mbit, most_mbit;
} AckCase;

static const AckCase acks[] = {
    { "too few", BWE_ACK_MIN_PACKETS - 1, 1000, 1000, 0, 0, 0 },
    { "steady", 300, 1200, 1200, 0, 7.9, 8.1 },
    { "link slower than we send", 300, 600, 1200, 0, 7.9, 8.1 },
    { "burst out of a buffer", 300, 1200, 100, 0, 7.9, 8.1 },
    { "all at one time", 50, 0, 0, 0, 0.1, 1000 },
    { "a pause of the link", 100, 1200, 1200, 50, 7.9, 8.3 },
    { "few a second", 60, 100000, 100000, 0, 0.09, 0.1 },
    { "more than fit", 10000, 240, 240, 0, 39.5, 40.5 },
};

static void test_ack_rate(gconstpointer data)
{
    const AckCase *c = data;
    static BweAckRate a;
    a = (BweAckRate){ 0 };
    for (int i = 0; i < c->n; i++) {
        int64_t late = c->pause_at && i >= c->pause_at ? SECOND / 2 : 0;
        BwePacket p = packet(START + i * c->send_gap_us, 4290 * SECOND + i * c->arrival_gap_us + late, 1200);
        bwe_ack_rate_add(&a, &p);
    }
    double mbit = bwe_ack_rate_bps(&a) / 1e6;
    g_assert_cmpfloat(mbit, >=, c->least_mbit);
    g_assert_cmpfloat(mbit, <=, c->most_mbit);
}

static void test_ack_recent(void)
{
    static BweAckRate a;
    for (int i = 0; i < 800; i++) { /* 8 Mbit/s, and the last 300 ms a tenth of it */
        int64_t slow = i > 770 ? (i - 770) * 10800LL : 0;
        BwePacket p = packet(START + i * 1200, START + i * 1200 + slow, 1200);
        bwe_ack_rate_add(&a, &p);
    }
    g_assert_cmpfloat(bwe_ack_rate_recent_bps(&a) / 1e6, <, 0.9);
    g_assert_cmpfloat(bwe_ack_rate_recent_bps(&a) / 1e6, >, 0.7);
    g_assert_cmpfloat(bwe_ack_rate_bps(&a) / 1e6, >, 5);
}

/* A receiver can name any time: half of the 32 bits the window keeps, and back. */
static void test_ack_times_made_up(void)
{
    static BweAckRate a;
    static const int64_t jumps[] = { 0, 1LL << 31, -(1LL << 31), 1LL << 32, 5000000, -5000000, 1LL << 40, 0 };
    for (int i = 0; i < 800; i++) {
        BwePacket p = packet(START + i * 1000, START + i * 1000 + jumps[i % 100 < 50 ? i / 100 : i % 8], 1000);
        bwe_ack_rate_add(&a, &p);
        g_assert_cmpint(bwe_ack_rate_bps(&a), >=, 0);
        g_assert_cmpint(bwe_ack_rate_recent_bps(&a), >=, 0);
    }
    for (int i = 800; i < 1600; i++) { /* sense again: so is the rate */
        BwePacket p = packet(START + i * 1000, START + i * 1000, 1000);
        bwe_ack_rate_add(&a, &p);
    }
    g_assert_cmpint(bwe_ack_rate_bps(&a), >, 7900000);
    g_assert_cmpint(bwe_ack_rate_bps(&a), <, 8100000);
}

static void test_ack_reordered(void)
{
    static BweAckRate in_order, shuffled;
    for (int i = 0; i < 400; i++) {
        BwePacket p = packet(START + i * 1000, START + i * 1000, 1000);
        BwePacket q = packet(START + (i ^ 3) * 1000, START + (i ^ 3) * 1000, 1000);
        bwe_ack_rate_add(&in_order, &p);
        bwe_ack_rate_add(&shuffled, &q);
    }
    g_assert_cmpint(bwe_ack_rate_bps(&in_order), ==, bwe_ack_rate_bps(&shuffled));
}

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
    BweAimd alone = known; /* half the step, where nobody else is on the link */
    alone.alone = true;
    int64_t before = known.bps;
    bwe_aimd_update(&known, BWE_NORMAL, known.bps, false, now += 100 * MS);
    bwe_aimd_update(&alone, BWE_NORMAL, alone.bps, false, now);
    g_assert_cmpint(alone.bps, >, before);
    g_assert_cmpint(llabs(2 * (alone.bps - before) - (known.bps - before)), <=, 2);
    for (int i = 0; i < 20; i++) /* arrivals far above: it is another link */
        bwe_aimd_update(&known, BWE_NORMAL, 15000000, false, now += 100 * MS);
    g_assert_cmpfloat(known.link.kbps, ==, 0);
}

/* ---- loss ---- */

typedef struct {
    const char *name;
    double loss, send_mbit; /* send_mbit 0: what the estimate says */
    double link_mbit;       /* what is sent above is lost; 0: none */
    double least_mbit, most_mbit;
} LossCase;

static const LossCase losses[] = {
    { "none", 0, 0, 0, 5, 5 },
    { "1 percent", 0.01, 0, 0, 4.5, 5 },
    { "3 percent", 0.03, 0, 0, 2.5, 5 },
    { "10 percent of a fast path", 0.10, 0, 0, 1.5, 2.6 },
    { "30 percent", 0.30, 0, 0, 0.1, 0.8 },
    { "full link", 0, 0, 2, 1.7, 2.6 },
    { "full link that loses 2 percent", 0.02, 0, 2, 1.6, 2.6 },
    { "little is sent", 0, 0.5, 0, 5, 5 },
};

static void test_loss(gconstpointer data)
{
    const LossCase *c = data;
    BweLoss l;
    int64_t now = START, bps = 5000000;
    double lost_due = 0;
    bwe_loss_init(&l, bps, 30000, 20000000);
    for (int i = 0; i < 300; i++) { /* 30 s, a report each 100 ms */
        BwePacket packets[512];
        double send_bps = c->send_mbit > 0 ? c->send_mbit * 1e6 : (double)bps;
        size_t n = (size_t)(send_bps * 0.1 / 8 / 1000) + 1, got = 0;
        double over = c->link_mbit > 0 ? fmax(0, 1 - c->link_mbit * 1e6 / send_bps) : 0;
        for (size_t k = 0; k < n; k++) {
            lost_due += c->loss + (1 - c->loss) * over;
            bool lost = lost_due >= 1;
            lost_due -= lost;
            got += !lost;
            packets[k] = packet(now + (int64_t)(k * 100 * MS / n), lost ? TWCC_NOT_RECEIVED : now, 1000);
        }
        now += 100 * MS;
        bps = bwe_loss_update(&l, packets, n, 5000000, (int64_t)(got * 80000), c->send_mbit > 0, 0, now);
        g_assert_cmpint(bps, <=, 5000000);
        g_assert_cmpint(bps, >=, 30000);
    }
    g_assert_cmpfloat(bps / 1e6, >=, c->least_mbit);
    g_assert_cmpfloat(bps / 1e6, <=, c->most_mbit);
}

static void test_loss_recovers(void)
{
    BweLoss l;
    int64_t now = START, bps = 5000000, low = 0;
    bwe_loss_init(&l, bps, 30000, 20000000);
    for (int i = 0; i < 400; i++) {
        BwePacket packets[100];
        size_t n = (size_t)(bps / 80000) + 1;
        size_t got = 0;
        for (size_t k = 0; k < n; k++) {
            bool lost = i < 50 && k % 4 == 0;
            got += !lost;
            packets[k] = packet(now + (int64_t)(k * 100 * MS / n), lost ? TWCC_NOT_RECEIVED : now, 1000);
        }
        now += 100 * MS;
        bps = bwe_loss_update(&l, packets, n, 5000000, (int64_t)(got * 80000), false, 0, now);
        if (i == 49)
            low = bps;
    }
    g_assert_cmpint(low, <, 2000000);
    g_assert_cmpint(bps, ==, 5000000);
    g_assert_cmpint(l.state, ==, BWE_LOSS_DELAY_BASED);
}

/* ---- application limit, queue ---- */

static void test_alr(void)
{
    BweAlr a = { 0 };
    int64_t now = START;
    bwe_alr_set_target(&a, 1000000);
    bwe_alr_tick(&a, now);
    for (int i = 0; i < 100; i++, now += 10 * MS)
        bwe_alr_sent(&a, 1200, now); /* 960 kbit/s */
    g_assert_false(a.limited);
    for (int i = 0; i < 150; i++, now += 10 * MS)
        bwe_alr_sent(&a, 300, now); /* 240 kbit/s */
    g_assert_true(a.limited);
    g_assert_cmpint(a.ended_us, ==, 0);
    for (int i = 0; i < 60; i++, now += 10 * MS)
        bwe_alr_sent(&a, 1100, now); /* a moment at 88 %: not out yet */
    g_assert_true(a.limited);
    for (int i = 0; i < 200; i++, now += 10 * MS)
        bwe_alr_sent(&a, 1900, now);
    g_assert_false(a.limited);
    g_assert_cmpint(a.ended_us, >, 0);
}

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

/* ---- probing ---- */

/* Sends a cluster of `rate`; each packet takes `service_us` on the link. Returns what was measured. */
static int64_t probe(int64_t rate_bps, int64_t service_us, int lose_every, bool *saturated)
{
    BweProbe p = { 0 };
    int64_t now = START, again = 0, free_us = 0, result;
    BwePacket sent[200];
    size_t n = 0;
    bwe_probe_add(&p, BWE_PROBE_PERIODIC, rate_bps, now);
    g_assert_cmpuint(bwe_probe_bytes_due(&p, 0, now, &again), ==, 0); /* waits for a video packet */
    g_assert_cmpuint(bwe_probe_bytes_due(&p, BWE_PROBE_TRIGGER - 1, now, &again), ==, 0);
    g_assert_cmpuint(bwe_probe_running(&p), ==, 0);
    size_t due = bwe_probe_bytes_due(&p, BWE_PROBE_TRIGGER, now, &again);
    g_assert_cmpuint(due, >, 0);
    uint16_t id = bwe_probe_running(&p);
    g_assert_cmpuint(id, !=, 0);
    while (bwe_probe_running(&p)) {
        for (size_t out = 0; out < due && bwe_probe_running(&p); out += 1200) {
            g_assert_cmpuint(n, <, G_N_ELEMENTS(sent));
            free_us = MAX(free_us, now) + service_us;
            sent[n] = packet(now, free_us, 1200);
            sent[n++].probe = id;
            bwe_probe_packet_sent(&p, id, 1200, now);
        }
        due = bwe_probe_bytes_due(&p, 0, now, &again);
        if (due == 0 && again != INT64_MAX)
            now = again;
    }
    g_assert_cmpint(now - START, <=, MAX(30 * MS, 5 * 1200 * 8 * SECOND / rate_bps));
    for (size_t i = 0; i < n; i++)
        if (lose_every == 0 || i % (size_t)lose_every != 0)
            bwe_probe_received(&p, &sent[i]);
    BweProbeReason reason;
    int64_t probed;
    result = bwe_probe_result(&p, &reason, &probed, saturated);
    if (result > 0) {
        g_assert_cmpint(probed, ==, rate_bps);
        g_assert_cmpint(reason, ==, BWE_PROBE_PERIODIC);
    }
    g_assert_cmpuint(p.sent, ==, 1);
    return result;
}

static void test_probe(void)
{
    bool saturated;
    int64_t bps = probe(5000000, 0, 0, &saturated);
    g_assert_cmpint(bps, >, 4000000);
    g_assert_cmpint(bps, <, 7000000);
    g_assert_false(saturated);
    bps = probe(5000000, 4800, 0, &saturated); /* a link of 2 Mbit/s */
    g_assert_cmpint(bps, ==, 1900000);
    g_assert_true(saturated);
    bps = probe(500000, 0, 0, &saturated); /* slow: five packets at least */
    g_assert_cmpint(bps, >, 400000);
    g_assert_cmpint(bps, <, 700000);
    g_assert_cmpint(probe(20000000, 0, 3, &saturated), ==, 0); /* too much of it lost */
    g_assert_cmpint(probe(20000000, 0, 9, &saturated), >, 0);
}

static void test_probe_late(void)
{
    BweProbe p = { 0 };
    int64_t again;
    bwe_probe_add(&p, BWE_PROBE_INITIAL, 1000000, START);
    bwe_probe_add(&p, BWE_PROBE_INITIAL, 2000000, START);
    bwe_probe_add(&p, BWE_PROBE_INITIAL, 3000000, START); /* no room: ignored */
    g_assert_cmpuint(p.count, ==, 2);
    g_assert_cmpuint(bwe_probe_bytes_due(&p, 1000, START, &again), >, 0);
    g_assert_cmpuint(bwe_probe_bytes_due(&p, 0, START + BWE_PROBE_LATE_US + 1, &again), ==, 0);
    g_assert_cmpuint(p.count, ==, 1); /* given up; the next waits for its packet */
    g_assert_cmpuint(bwe_probe_running(&p), ==, 0);
    bwe_probe_tick(&p, START + BWE_PROBE_WAIT_US);
    g_assert_cmpuint(p.count, ==, 1);
    bwe_probe_tick(&p, START + BWE_PROBE_WAIT_US + 1);
    g_assert_cmpuint(p.count, ==, 0);
}

/* ---- the whole ---- */

static void test_remb(void)
{
    BweConfig config = BWE_CONFIG_DEFAULT;
    BweStats stats;
    Bwe *b = bwe_new(&config, START);
    bwe_on_remb(b, 700000, START);
    g_assert_cmpint(bwe_target_bps(b), ==, 2500000); /* transport-cc was negotiated */
    bwe_stats(b, &stats);
    g_assert_cmpuint(stats.remb_ignored, ==, 1);
    bwe_free(b);

    config.transport_cc = false;
    b = bwe_new(&config, START);
    int64_t again;
    g_assert_cmpuint(bwe_probe_due(b, 1200, START, &again), ==, 0); /* nothing would be measured */
    g_assert_cmpint(bwe_target_bps(b), ==, 2500000);
    bwe_on_remb(b, 700000, START);
    g_assert_cmpint(bwe_target_bps(b), ==, 700000);
    bwe_tick(b, START + SECOND);
    g_assert_cmpint(bwe_target_bps(b), ==, 700000);
    bwe_on_remb(b, 1, START);
    g_assert_cmpint(bwe_target_bps(b), ==, 30000);
    bwe_on_remb(b, UINT64_MAX, START);
    g_assert_cmpint(bwe_target_bps(b), ==, config.max_bps);
    bwe_free(b);
}

/* What a Firefox on a busy machine really said of a stream of 63 kbit/s on a link without limit: one overuse, so 57
 * kbit/s, less than the stream. The bridge held the stream back, and with nothing arriving nothing more was said. */
typedef struct {
    const char *name;
    double loss, growth;    /* growth: of what is told, each second */
    int sent_bps, told_bps; /* told each second, from the third on */
    int end_s;              /* then nothing is sent any more, and nothing told; 0 never */
    int at_3, at_6, at_10, at_20;
} RembCase;

static const RembCase rembs[] = {
    { "overuse, then rising", 0, 1.08, 63000, 57000, 0, 69300, 71800, 97700, 211000 },
    { "rises too late", 0, 1, 63000, 57000, 0, 69300, 69300, 57000, 57000 },
    { "held back, and silent", 0, 1, 63000, 57000, 8, 69300, 69300, 57000, 530000 },
    { "much less than is sent", 0, 1, 1000000, 300000, 0, 300000, 300000, 300000, 300000 },
    { "packets are lost", 0.05, 1, 63000, 57000, 0, 57000, 57000, 57000, 57000 },
    { "more than is sent", 0, 1, 63000, 100000, 0, 100000, 100000, 100000, 100000 },
};

static void test_remb_believed(gconstpointer data)
{
    const RembCase *c = data;
    BweConfig config = BWE_CONFIG_DEFAULT;
    config.transport_cc = false;
    Bwe *b = bwe_new(&config, START);
    for (int ms = 0; ms <= 20000; ms += 25) {
        int64_t now_us = START + ms * MS;
        bool flows = c->end_s == 0 || ms < c->end_s * 1000;
        if (flows)
            bwe_on_sent(b, 0, (size_t)c->sent_bps / 8 / 40, now_us, BWE_NO_PROBE);
        bwe_on_report_loss(b, c->loss);
        if (flows && ms >= 3000 && ms % 1000 == 0)
            bwe_on_remb(b, (uint64_t)(c->told_bps * pow(c->growth, ms / 1000 - 3)), now_us);
        bwe_tick(b, now_us);
        int64_t target = bwe_target_bps(b);
        int expected = ms == 3100    ? c->at_3
                       : ms == 6000  ? c->at_6
                       : ms == 10000 ? c->at_10
                       : ms == 20000 ? c->at_20
                                     : 0;
        if (expected) {
            g_test_message("%d ms: %d expected, %d", ms, expected, (int)target);
            g_assert_cmpint(target, >=, expected * 9LL / 10);
            g_assert_cmpint(target, <=, expected * 11LL / 10);
        }
        if (ms < 3000)
            g_assert_cmpint(target, ==, config.start_bps);
    }
    bwe_free(b);
}

/* Over the wraps of number and reference time, and with numbers that were never sent. */
static void test_wraps(void)
{
    BweConfig config = BWE_CONFIG_DEFAULT;
    Bwe *b = bwe_new(&config, START);
    TwccLog *log = twcc_log_new();
    BweStats stats;
    uint16_t seq = 65000;
    uint8_t buf[TWCC_LOG_MAX_PACKET];
    int64_t turn_us = 0x1000000LL * TWCC_REFERENCE_US, offset = turn_us - START - 5 * SECOND;
    for (int64_t now = START; now < START + 10 * SECOND; now += 4 * MS) {
        bwe_on_sent(b, seq, 1200, now, BWE_NO_PROBE);
        if (!twcc_log_packet(log, seq++, false, now + 20 * MS + offset))
            continue;
        size_t len = twcc_log_build(log, buf, sizeof(buf), 1, 2, now + 20 * MS + offset);
        RtcpIter it = RTCP_ITER(buf, len);
        RtcpPacket p;
        TwccView v;
        g_assert_true(rtcp_iter_next(&it, &p) && twcc_parse(buf, &p, &v));
        bwe_on_feedback(b, buf, &v, now + 40 * MS);
        bwe_on_feedback(b, buf, &v, now + 40 * MS); /* a copy changes nothing */
        bwe_tick(b, now + 40 * MS);
    }
    bwe_stats(b, &stats);
    g_assert_cmpuint(stats.unmatched, ==, 0);
    g_assert_cmpint(stats.target_bps, >=, 2400000); /* no false overuse at a wrap */
    g_assert_cmpint(stats.acked_bps, >, 2300000);
    g_assert_cmpint(stats.acked_bps, <, 2500000);
    g_assert_cmpint(stats.rtt_us, >=, 39 * MS);
    g_assert_cmpint(stats.rtt_us, <=, 41 * MS);
    g_assert_cmpint(stats.queue_us, <, 1 * MS);
    bwe_on_rtt(b, 77 * MS, START + 10 * SECOND);
    g_assert_cmpint(bwe_rtt_us(b), ==, 77 * MS);
    twcc_log_packet(log, (uint16_t)(seq + 1000), false, START + 12 * SECOND + offset);
    size_t len = twcc_log_build(log, buf, sizeof(buf), 1, 2, START + 12 * SECOND + offset);
    RtcpIter it = RTCP_ITER(buf, len);
    RtcpPacket p;
    TwccView v;
    g_assert_true(rtcp_iter_next(&it, &p) && twcc_parse(buf, &p, &v));
    bwe_on_feedback(b, buf, &v, START + 12 * SECOND);
    bwe_stats(b, &stats);
    g_assert_cmpuint(stats.unmatched, >, 0);
    bwe_free(b);
    twcc_log_free(log);
}

/* Audio has numbers too, half of all packets here. A receiver that reports it: it counts. One that leaves it out, as a
 * browser with transport-cc on video alone: nothing is taken for lost, and soon it is known. */
static void test_audio(gconstpointer data)
{
    bool reported = *(const bool *)data;
    BweConfig config = BWE_CONFIG_DEFAULT;
    Bwe *b = bwe_new(&config, START);
    TwccLog *log = twcc_log_new();
    BweStats stats;
    uint8_t buf[TWCC_LOG_MAX_PACKET];
    uint16_t seq = 1;
    for (int64_t now = START; now < START + 5 * SECOND; now += 5 * MS, seq++) {
        bool audio = (seq & 1) && bwe_takes_audio(b);
        if (audio)
            bwe_on_audio_sent(b, seq, 600, now);
        else
            bwe_on_sent(b, seq, 600, now, BWE_NO_PROBE);
        if ((audio && !reported) || !twcc_log_packet(log, seq, false, now + 20 * MS))
            continue;
        size_t len = twcc_log_build(log, buf, sizeof(buf), 1, 2, now + 20 * MS);
        RtcpIter it = RTCP_ITER(buf, len);
        RtcpPacket p;
        TwccView v;
        g_assert_true(rtcp_iter_next(&it, &p) && twcc_parse(buf, &p, &v));
        bwe_on_feedback(b, buf, &v, now + 40 * MS);
        bwe_tick(b, now + 40 * MS);
        g_assert_cmpfloat(bwe_loss(b), ==, 0);
        g_assert_cmpint(bwe_target_bps(b), >=, 2400000);
    }
    bwe_stats(b, &stats);
    g_assert_true(bwe_takes_audio(b) == reported);
    g_assert_cmpint(stats.acked_bps, >, 900000); /* all of it; without audio, later packets went as video here */
    g_assert_cmpint(stats.acked_bps, <, 1000000);
    bwe_free(b);
    twcc_log_free(log);
}

#define ADD(prefix, rows, func)                                                                                        \
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {                                                                  \
        g_autofree char *path = g_strdup_printf(prefix "/%s", rows[i].name);                                           \
        g_test_add_data_func(path, &rows[i], func);                                                                    \
    }

/* What is lost whatever is sent is found out; what is lost because too much is sent, or from a queue, is not it. */
typedef struct {
    const char *name;
    double random, link_mbit; /* link_mbit: what comes above is dropped at once; 0 no limit */
    double low_mbit, high_mbit;
    int64_t queue_us;
    double least, most; /* of the share */
} RandomCase;

static const RandomCase randoms[] = {
    { "none", 0, 0, 1, 1.5, 0, 0, 0 },
    { "2 percent", 0.02, 0, 1, 1.5, 0, 0.01, 0.03 },
    { "10 percent", 0.1, 0, 1, 1.5, 0, 0.08, 0.12 },
    { "10 percent, one rate", 0.1, 0, 1, 1, 0, 0, 0 }, /* nothing to compare: it may be a queue that is always full */
    { "half", 0.5, 0, 1, 1.5, 0, 0, 0 },
    { "queue", 0.1, 0, 1, 1.5, 50000, 0, 0 },
    { "policed", 0, 1, 0.9, 1.25, 0, 0, 0 },
};

static void test_random_loss(gconstpointer data)
{
    const RandomCase *c = data;
    BweRandomLoss r = { 0 };
    int64_t now_us = SECOND;
    double lost = 0;
    for (int period = 0; period < 60; period++) {
        double mbit = period / 4 % 2 ? c->high_mbit : c->low_mbit;
        double above = c->link_mbit > 0 && mbit > c->link_mbit ? 1 - c->link_mbit / mbit : 0;
        int64_t end_us = now_us + 260 * MS, gap_us = (int64_t)(1000 * 8 / mbit);
        for (; now_us < end_us; now_us += gap_us) {
            BwePacket p = { .send_us = now_us, .bytes = 1000, .arrival_us = now_us + 20 * MS };
            lost += c->random + above;
            if (lost >= 1) {
                lost -= 1;
                p.arrival_us = TWCC_NOT_RECEIVED;
            }
            bwe_random_loss_update(&r, &p, 1, c->queue_us);
        }
    }
    g_assert_cmpfloat(r.share, >=, c->least);
    g_assert_cmpfloat(r.share, <=, c->most);
    g_assert_cmpint(bwe_random_loss_restore_bps(&r, 900000), >=, (int64_t)(900000 / (1 - c->least)));
    g_assert_cmpint(bwe_random_loss_restore_bps(&r, 0), ==, 0);
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
    g_test_add_func("/tx/bwe/history", test_history);
    ADD("/tx/bwe/acked", acks, test_ack_rate);
    g_test_add_func("/tx/bwe/acked recently", test_ack_recent);
    g_test_add_func("/tx/bwe/acked reordered", test_ack_reordered);
    g_test_add_func("/tx/bwe/acked, times made up", test_ack_times_made_up);
    g_test_add_func("/tx/bwe/groups", test_groups);
    g_test_add_func("/tx/bwe/clock jump", test_clock_jump);
    ADD("/tx/bwe/trend", trends, test_trend);
    g_test_add_func("/tx/bwe/aimd", test_aimd);
    g_test_add_func("/tx/bwe/aimd, link known", test_aimd_link_known);
    ADD("/tx/bwe/loss", losses, test_loss);
    g_test_add_func("/tx/bwe/loss recovers", test_loss_recovers);
    g_test_add_func("/tx/bwe/alr", test_alr);
    g_test_add_func("/tx/bwe/queue", test_queue);
    g_test_add_func("/tx/bwe/probe", test_probe);
    g_test_add_func("/tx/bwe/probe late", test_probe_late);
    g_test_add_func("/tx/bwe/remb", test_remb);
    ADD("/tx/bwe/remb believed", rembs, test_remb_believed);
    g_test_add_func("/tx/bwe/wraps", test_wraps);
    static const bool reports[] = { false, true };
    g_test_add_data_func("/tx/bwe/audio left out", &reports[0], test_audio);
    g_test_add_data_func("/tx/bwe/audio", &reports[1], test_audio);
    for (size_t i = 0; i < G_N_ELEMENTS(randoms); i++) {
        g_autofree char *path = g_strdup_printf("/tx/bwe/random loss/%s", randoms[i].name);
        g_test_add_data_func(path, &randoms[i], test_random_loss);
    }
    g_test_add_func("/tx/bwe/queue stands", test_queue_stands);
    return g_test_run();
}
