/* SPDX-License-Identifier: Apache-2.0 */
#include <glib.h>
#include "bridge/tx/paced_queue.h"
#include "bridge/tx/padding.h"
#include "tests/fakes/rows.h"

#define SECOND 1000000LL

static void test_pacer(void)
{
    Pacer p;
    int64_t now = 5 * SECOND;
    pacer_init(&p, 8000000, 2000, now); /* a byte a microsecond */
    g_assert_cmpuint(pacer_budget(&p, now), ==, 0);
    g_assert_cmpuint(pacer_budget(&p, now + 1500), ==, 1500);
    g_assert_cmpuint(pacer_budget(&p, now + SECOND), ==, 2000); /* no more than the burst is saved */
    now += SECOND;
    pacer_sent(&p, 5000, now);
    g_assert_cmpuint(pacer_budget(&p, now), ==, 0);
    g_assert_cmpint(pacer_next_us(&p, now), ==, now + 3000);
    g_assert_cmpint(pacer_next_us(&p, now + 2999), ==, now + 3000);
    g_assert_cmpint(pacer_next_us(&p, now + 3000), ==, now + 3000);
    g_assert_cmpint(pacer_next_us(&p, now - SECOND), ==, now - SECOND); /* time that falls changes nothing */
}

static void test_pacer_debt(void)
{
    Pacer p;
    pacer_init(&p, 8000, 0, 0);
    pacer_sent(&p, 1000000, 0); /* a thousand seconds' worth: forgiven down to half a second */
    g_assert_cmpint(pacer_next_us(&p, 0), ==, PACER_MAX_DEBT_US);
    pacer_set_rate(&p, 0, 0);
    g_assert_cmpint(pacer_next_us(&p, 0), ==, 0); /* half a second at rate 0 is nothing owed */
    pacer_sent(&p, 1, 0);
    g_assert_cmpint(pacer_next_us(&p, SECOND), ==, SECOND);
    pacer_init(&p, 10000000000, 1000000, 0);
    g_assert_cmpuint(pacer_budget(&p, INT64_MAX / 2), ==, 1250000000); /* the burst of a second, no more */
}

/* However unevenly it is asked, a second gets its rate. */
static void test_pacer_rate(void)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(1);
    Pacer p;
    int64_t now = 0;
    uint64_t sent = 0;
    pacer_init(&p, 2500000, 5000, now);
    while (now < 20 * SECOND) {
        if (pacer_next_us(&p, now) <= now) {
            size_t bytes = (size_t)g_rand_int_range(rand, 50, 1200);
            pacer_sent(&p, bytes, now);
            sent += bytes;
        }
        now += g_rand_int_range(rand, 1, 1500);
    }
    g_assert_cmpfloat(sent * 8 / 20.0, >, 2.45e6);
    g_assert_cmpfloat(sent * 8 / 20.0, <, 2.52e6);
}

/* Bursts of any size at any time, an estimate that moves: everything leaves, in order, none waits longer than it may,
 * and what leaves in any tenth of a second is what the rate allows, unless there was hurry. */
static void test_paced_queue(void)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(7);
    g_autofree PacedQueue *q = g_new(PacedQueue, 1);
    PacedPacket p;
    uint16_t in = 0, out = 0;
    int64_t now = SECOND, estimate = 1000000, window_us = now, highest = estimate;
    size_t window_bytes = 0;
    bool hurried = false;
    paced_queue_init(q, now);
    paced_queue_begin(q, now);
    g_assert_false(paced_queue_holds(q)); /* without an estimate nothing waits */
    g_assert_cmpint(paced_queue_next_us(q, now), ==, INT64_MAX);
    paced_queue_set(q, estimate, 0, now);
    for (int i = 0; i < 200000; i++, now += g_rand_int_range(rand, 100, 4000)) {
        if (g_rand_int_range(rand, 0, 500) == 0) {
            estimate = g_rand_int_range(rand, 30000, 5000000);
            paced_queue_set(q, estimate, 0, now);
        }
        highest = MAX(highest, MAX(estimate, PACED_MIN_BPS));
        int burst = g_rand_int_range(rand, 0, 50) == 0 ? g_rand_int_range(rand, 1, 80) : 0;
        for (; burst > 0; burst--) {
            p = (PacedPacket){ .since_us = now, .seq = in++, .bytes = 1200 };
            paced_queue_begin(q, now);
            if (!paced_queue_holds(q)) {
                g_assert_cmpuint(p.seq, ==, out++);
                paced_queue_sent(q, p.bytes);
                window_bytes += p.bytes;
                continue;
            }
            if (q->count == PACED_MAX) {
                PacedPacket oldest;
                g_assert_false(paced_queue_push(q, p));
                g_assert_true(paced_queue_pop(q, &oldest));
                g_assert_cmpuint(oldest.seq, ==, out++);
                paced_queue_sent(q, oldest.bytes);
                hurried = true;
            }
            g_assert_true(paced_queue_push(q, p));
        }
        while (paced_queue_pop_due(q, now, &p)) {
            g_assert_cmpuint(p.seq, ==, out++);
            g_assert_cmpint(now - p.since_us, <=, PACED_LIMIT_US + 5000);
            paced_queue_sent(q, p.bytes);
            window_bytes += p.bytes;
        }
        hurried |= q->count > 0 && q->pacer.rate_bps > q->rate_bps;
        int64_t next_us = paced_queue_next_us(q, now);
        g_assert_true(q->count ? next_us >= now + PACED_STEP_US && next_us < now + SECOND : next_us == INT64_MAX);
        if (now - window_us < SECOND / 10)
            continue;
        double most = PACED_FACTOR * (double)highest * (double)(now - window_us) / 8e6;
        if (!hurried)
            g_assert_cmpfloat((double)window_bytes, <=, most + MAX(PACED_BURST_BYTES, most / 10) + 2 * 1200);
        hurried = q->count > 0 && q->pacer.rate_bps > q->rate_bps;
        window_us = now;
        window_bytes = 0;
        highest = MAX(estimate, PACED_MIN_BPS);
    }
    g_assert_cmpuint(q->held, >, 10000);
    paced_queue_set(q, 0, 0, now); /* switched off: what waits still goes first */
    for (; q->count > 0; out++) {
        g_assert_true(paced_queue_holds(q));
        g_assert_true(paced_queue_pop_due(q, now, &p));
        g_assert_cmpuint(p.seq, ==, out);
    }
    g_assert_cmpuint(out, ==, in);
    g_assert_cmpuint(q->bytes, ==, 0);
}

typedef struct {
    const char *name;
    PaddingInput in;
    int64_t want_bps;
} PaddingCase;

static const PaddingCase paddings[] = {
    { "up to the estimate", { 3000000, 500000, 1500000, true }, 1000000 },
    { "all at their ideal", { 3000000, 500000, 1500000, false }, 0 },
    { "estimate suffices", { 1500000, 500000, 1500000, true }, 0 },
    { "oversending already", { 3000000, 2000000, 1500000, true }, 0 },
    { "nothing is sent", { 3000000, 0, 30000, true }, 30000 },
};

static void test_padding_rate(gconstpointer data)
{
    const PaddingCase *c = data;
    g_assert_cmpint(padding_rate_bps(&c->in), ==, c->want_bps);
}

static void test_padding_due(void)
{
    Padding p = { 0 };
    uint64_t sum = 0;
    g_assert_cmpuint(padding_due(&p, 100001, sum, 0), ==, 0);
    for (int64_t now = PADDING_PERIOD_US; now <= 30 * SECOND; now += PADDING_PERIOD_US)
        sum += padding_due(&p, 100001, sum, now);
    g_assert_cmpuint(sum, ==, 30 * 100001 / 8); /* no byte lost to rounding */
    g_assert_cmpuint(padding_due(&p, 0, sum, 31 * SECOND), ==, 0);
    g_assert_cmpuint(padding_due(&p, 8000000, sum, 32 * SECOND), <=, 8 * PADDING_SAVED_US / 8); /* after a stall */
    g_assert_cmpuint(padding_due(&p, INT64_MAX, sum, 40 * SECOND), ==, PADDING_MAX_BURST);
    g_assert_cmpuint(padding_due(&p, 8000000, sum, 39 * SECOND), <=, 8 * PADDING_SAVED_US / 8); /* time that falls */
    g_assert_cmpuint(padding_due(&p, 8000000, 0, 40 * SECOND), ==, 0); /* a counter that falls */
}

/* Sent in whole packets, the rate is still the rate. */
static void test_padding_packets(void)
{
    Padding p = { 0 };
    uint64_t sum = 0;
    for (int64_t now = 0; now <= 30 * SECOND; now += PADDING_PERIOD_US)
        for (size_t due = padding_due(&p, 200000, sum, now), sent = 0; sent < due; sent += 1200)
            sum += 1200;
    g_assert_cmpuint(sum, >, 30 * 200000 / 8 - 1200);
    g_assert_cmpuint(sum, <, 30 * 200000 / 8 + 1200);
}

/* Beside media of half the rate: the rest, and after a key frame nothing until that is made up for. */
static void test_padding_beside_media(void)
{
    Padding p = { 0 };
    uint64_t sum = 0, padded = 0;
    padding_due(&p, 800000, 0, 0);
    for (int i = 1; i <= 2000; i++) {
        sum += 750; /* of 1500 */
        size_t due = padding_due(&p, 800000, sum, i * PADDING_PERIOD_US);
        sum += due;
        padded += due;
    }
    g_assert_cmpuint(padded, ==, 2000 * 750);
    sum += 15000;
    for (int i = 2001; i <= 2010; i++)
        g_assert_cmpuint(padding_due(&p, 800000, sum, i * PADDING_PERIOD_US), ==, 0);
    g_assert_cmpuint(padding_due(&p, 800000, sum, 2011 * PADDING_PERIOD_US), ==, 1500);
    sum += 1500 + 1000000; /* what was sent without being asked is not held against us for ever */
    for (int i = 2012; i <= 2030; i++)
        g_assert_cmpuint(padding_due(&p, 800000, sum, i * PADDING_PERIOD_US), ==, 0);
    for (int i = 2031; i <= 2034; i++)
        sum += padding_due(&p, 800000, sum, i * PADDING_PERIOD_US);
    g_assert_cmpuint(padding_due(&p, 800000, sum, 2035 * PADDING_PERIOD_US), ==, 1500);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/tx/pacer/queue", test_paced_queue);
    g_test_add_func("/tx/pacer/budget", test_pacer);
    g_test_add_func("/tx/pacer/debt", test_pacer_debt);
    g_test_add_func("/tx/pacer/rate", test_pacer_rate);
    ADD_ROWS("/tx/padding", paddings, test_padding_rate);
    g_test_add_func("/tx/padding/due", test_padding_due);
    g_test_add_func("/tx/padding/beside media", test_padding_beside_media);
    g_test_add_func("/tx/padding/whole packets", test_padding_packets);
    return g_test_run();
}
