/* SPDX-License-Identifier: Apache-2.0
 *
 * What feedback is worth: the packets it speaks of, and the rate at which they arrive. */
#include <glib.h>
#include "bridge/tx/bwe_ack_rate.h"
#include "bridge/tx/bwe_history.h"
#include "tests/fakes/rows.h"
#include "tests/unit/tx/bwe_test.h"

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

#define ACK_BYTES 1200
#define MBIT_OF_SPAN(n) ((n)*ACK_BYTES * 8.0 / BWE_ACK_MIN_SPAN_US)

static const AckCase acks[] = {
    { "too few", BWE_ACK_MIN_PACKETS - 1, 1000, 1000, 0, 0, 0 },
    { "steady", 300, 1200, 1200, 0, 7.9, 8.1 },
    { "link slower than we send", 300, 600, 1200, 0, 7.9, 8.1 },
    { "burst out of a buffer", 300, 1200, 100, 0, 7.9, 8.1 },
    { "arrives at one time", 50, 1200, 0, 0, 7.9, 8.1 },
    { "sent at one time", 50, 0, 1200, 0, 7.9, 8.1 },
    { "all at one time", 50, 0, 0, 0, MBIT_OF_SPAN(49), MBIT_OF_SPAN(49) }, /* the first one only begins the time */
    { "within the shortest time", 50, 10, 10, 0, MBIT_OF_SPAN(49), MBIT_OF_SPAN(49) },
    { "just over the shortest time", 50, 25, 25, 0, 380, 390 },
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
        BwePacket p = packet(START + i * c->send_gap_us, 4290 * SECOND + i * c->arrival_gap_us + late, ACK_BYTES);
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

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/tx/bwe/history", test_history);
    ADD_ROWS("/tx/bwe/acked", acks, test_ack_rate);
    g_test_add_func("/tx/bwe/acked recently", test_ack_recent);
    g_test_add_func("/tx/bwe/acked reordered", test_ack_reordered);
    g_test_add_func("/tx/bwe/acked, times made up", test_ack_times_made_up);
    return g_test_run();
}
