/* SPDX-License-Identifier: Apache-2.0
 *
 * The estimate from loss, and the loss that is there whatever is sent. */
#include <glib.h>
#include <math.h>
#include "bridge/rx/twcc_log.h"
#include "bridge/tx/bwe_loss.h"
#include "bridge/tx/bwe_random_loss.h"
#include "tests/fakes/rows.h"
#include "tests/unit/tx/bwe_test.h"

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

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD_ROWS("/tx/bwe/loss", losses, test_loss);
    g_test_add_func("/tx/bwe/loss recovers", test_loss_recovers);
    ADD_ROWS("/tx/bwe/random loss", randoms, test_random_loss);
    return g_test_run();
}
