/* SPDX-License-Identifier: Apache-2.0
 *
 * The estimator over a virtual link: what it must reach, and how fast, when the link changes. Times in these tests
 * are virtual seconds; capacities Mbit/s. */
#include <glib.h>
#include <string.h>
#include "tests/sim/sim_world.h"

static World world;

static void world_init(double capacity_mbit, size_t queue_bytes, size_t n)
{
    sim_world_init(&world, capacity_mbit, queue_bytes, n, 0);
}

static void world_free(void)
{
    sim_world_free(&world);
}

static Seen run(double seconds)
{
    return sim_world_run(&world, seconds);
}

static void assert_steady(const Seen *s, double swing)
{
    g_assert_cmpfloat(s->target_min, >, (1 - swing) * s->target_mean);
    g_assert_cmpfloat(s->target_max, <, (1 + swing) * s->target_mean);
}

typedef struct {
    const char *name;
    double high, low;
    size_t queue_bytes;
    int64_t report_us;
    double settle; /* seconds before the first step: moves it against frames, probes and reports */
    double swing;  /* of the target about its mean on a steady link */
    int way_ms;    /* each way; 0: 30 there, 20 back */
    int jitter_ms;
} StepCase;

static const StepCase steps[] = {
    { "2.5 to 0.5", 2.5, 0.5, 64000, 100000, 20, 0.2 },
    { "2.5 to 0.5, phase 2", 2.5, 0.5, 64000, 100000, 21.3, 0.2 },
    { "2.5 to 0.5, phase 3", 2.5, 0.5, 64000, 100000, 22.77, 0.2 },
    { "2.5 to 0.5, fast reports", 2.5, 0.5, 64000, 50000, 20.5, 0.2 },
    { "2.5 to 0.5, short queue", 2.5, 0.5, 16000, 100000, 20, 0.3 }, /* too short for a slope: loss steers */
    { "2.5 to 0.5, 10 ms away", 2.5, 0.5, 64000, 100000, 20, 0.2, 10 },
    { "2.5 to 0.5, 75 ms away", 2.5, 0.5, 64000, 100000, 20, 0.2, 75 },
    { "2.5 to 0.5, 75 ms away, fast reports", 2.5, 0.5, 64000, 50000, 21.7, 0.2, 75 },
    { "2.5 to 0.5, jitter", 2.5, 0.5, 64000, 100000, 20.4, 0.2, 30, 5 },
    { "2.5 to 0.5, jitter, 75 ms away", 2.5, 0.5, 64000, 100000, 20, 0.2, 75, 5 },
    { "50 to 5, 10 ms away", 50, 5, 640000, 100000, 20, 0.2, 10 },
    { "50 to 5, 75 ms away", 50, 5, 640000, 100000, 20, 0.2, 75 },
    { "50 to 5, jitter", 50, 5, 640000, 100000, 20.4, 0.2, 30, 5 },
    { "50 to 5, jitter, 75 ms away", 50, 5, 640000, 100000, 20, 0.2, 75, 5 },
    { "50 to 5", 50, 5, 640000, 100000, 20, 0.2 },
    { "50 to 5, phase 2", 50, 5, 640000, 100000, 21.3, 0.2 },
    { "50 to 5, phase 3", 50, 5, 640000, 100000, 22.77, 0.2 },
    { "50 to 5, fast reports", 50, 5, 640000, 50000, 20.5, 0.2 },
};

static void test_step(gconstpointer data)
{
    const StepCase *c = data;
    world_init(c->high, c->queue_bytes, 1);
    world.flows[0].report_us = c->report_us;
    world.link.jitter_us = c->jitter_ms * 1000;
    if (c->way_ms)
        world.link.delay_us = world.flows[0].back_delay_us = c->way_ms * 1000;
    run(c->settle - 10);
    Seen before = run(10);
    g_assert_cmpfloat(before.received_mbit, >, 0.8 * c->high);
    assert_steady(&before, c->swing);

    world.link.capacity_bps = (int64_t)(c->low * MBIT);
    run(1);
    Seen after = run(0.5); /* overuse has stopped within a second */
    g_assert_cmpfloat(after.sent_mbit, <, c->low);
    run(1.5);
    after = run(0.5); /* from the third second on the queue is short */
    g_assert_cmpfloat(after.queue_max_ms, <, 100);
    after = run(6.5);
    /* On the slow link a frame takes 33 ms, and a look that is confirmed, 80 ms at twice the rate, makes 80 more. */
    double longest_ms = c->low < 1 ? 160 : 120;
    g_assert_cmpfloat(after.queue_max_ms, <, longest_ms);
    after = run(10);
    g_assert_cmpfloat(after.received_mbit, >, 0.75 * c->low);
    g_assert_cmpfloat(after.queue_max_ms, <, longest_ms);
    assert_steady(&after, c->swing);

    world.link.capacity_bps = (int64_t)(c->high * MBIT);
    after = run(5);
    g_assert_cmpfloat(after.target_max, >, 0.85 * c->high);
    after = run(10);
    g_assert_cmpfloat(after.received_mbit, >, 0.8 * c->high);
    assert_steady(&after, c->swing);
    world_free();
}

typedef struct {
    const char *name;
    double loss, least; /* received / capacity */
} LossCase;

static const LossCase losses[] = {
    { "2 percent", 0.02, 0.80 },
    { "5 percent", 0.05, 0.70 },
    { "10 percent", 0.10, 0.55 },
};

static void test_loss(gconstpointer data)
{
    const LossCase *c = data;
    world_init(2.5, 64000, 1);
    world.link.loss = c->loss;
    run(10);
    Seen s = run(60);
    g_assert_cmpfloat(s.received_mbit, >, c->least * 2.5);
    g_assert_cmpfloat(s.queue_max_ms, <, 150);
    g_assert_cmpfloat(bwe_loss(world.flows[0].bwe), >, c->loss / 2);
    g_assert_cmpfloat(bwe_loss(world.flows[0].bwe), <, c->loss * 2);
    world_free();
}

/* Two on one link, where the first had it alone for seven seconds: from half a minute after the second came on, over three
 * minutes neither gets less than 40 %. Within ten seconds it may be 30 to 70: each meets the limit at a moment of its own
 * and gives way alone, and it takes some such moments until that has evened out. */
typedef struct {
    const char *name;
    double capacity;
    int way_ms;
    uint32_t seed;
} ShareCase;

static const ShareCase shares[] = {
    { "1", 1, 30, 9 },   { "1, 10 ms away", 1, 10, 10 },   { "1, 50 ms away", 1, 50, 11 },
    { "2", 2, 30, 9 },   { "2, 10 ms away", 2, 10, 10 },   { "2, 50 ms away", 2, 50, 11 },
    { "4", 4, 30, 9 },   { "4, 10 ms away", 4, 10, 10 },   { "4, 50 ms away", 4, 50, 11 },
    { "20", 20, 30, 9 }, { "20, 10 ms away", 20, 10, 10 }, { "20, 50 ms away", 20, 50, 11 },
};

static void test_two_share(gconstpointer data)
{
    const ShareCase *c = data;
    world_init(c->capacity, (size_t)(c->capacity * 32000), 2);
    world.link.delay_us = world.flows[0].back_delay_us = world.flows[1].back_delay_us = c->way_ms * 1000;
    world.link.seed = c->seed;
    run(37);
    Seen s = run(180);
    g_assert_cmpfloat(s.share, >, 0.4);
    g_assert_cmpfloat(s.share, <, 0.6);
    g_assert_cmpfloat(s.received_mbit / s.share, >, 0.75 * c->capacity);
    world_free();
}

/* The same with many seeds and starts: how many end beyond 40/60. */
typedef struct {
    const char *name;
    double capacity, loss;
    int frame_ms[2]; /* of both flows; 0: 33 */
} ShareSeedsCase;

#define SHARE_SEEDS 20
#define SHARE_FIRST_SEED 1001 /* none that the estimator was tuned with */
#define SHARE_MARGIN 1        /* none is known to; another processor's last digits move the moments */
#define SHARE_FAR 0.35        /* none gets less */
#define FOUR_SEEDS 5

static const ShareSeedsCase share_seeds[] = {
    { "1", 1, 0 },
    { "2.5", 2.5, 0 },
    { "4", 4, 0 },
    { "20", 20, 0 },
    { "1, loss", 1, 0.02 },
    { "2.5, loss", 2.5, 0.02 },
    { "4, loss", 4, 0.02 },
    { "20, loss", 20, 0.02 },
    { "2.5, 25 frames/s", 2.5, 0, { 40, 40 } },
    { "20, 25 frames/s", 20, 0, { 40, 40 } },
    { "2.5, 25 and 30 frames/s", 2.5, 0, { 40, 0 } },
    { "2.5, 15 frames/s", 2.5, 0, { 67, 67 } },
    { "20, 15 frames/s", 20, 0, { 67, 67 } },
};

static void start_later(SimFlow *f, int64_t us)
{
    f->start_us += us;
    f->next_frame_us += us;
    f->next_tick_us += us;
    f->next_report_us += us;
}

static void test_seeds_share(gconstpointer data)
{
    static const int64_t after_s[] = { 0, 5, 20 }; /* and the seven seconds that the second flow has anyway */
    const ShareSeedsCase *c = data;
    unsigned beyond = 0;
    double least = 1, most = 0, used = 1;
    for (uint32_t seed = SHARE_FIRST_SEED; seed < SHARE_FIRST_SEED + SHARE_SEEDS; seed++) {
        int64_t later_s = after_s[seed % G_N_ELEMENTS(after_s)];
        sim_world_init(&world, c->capacity, (size_t)(c->capacity * 32000), 2, seed);
        world.link.loss = c->loss;
        for (size_t i = 0; i < G_N_ELEMENTS(c->frame_ms); i++)
            if (c->frame_ms[i])
                world.flows[i].frame_us = c->frame_ms[i] * 1000;
        start_later(&world.flows[1], later_s * SECOND);
        run(37 + (double)later_s);
        Seen s = run(180);
        beyond += s.share < 0.4 || s.share > 0.6;
        least = MIN(least, s.share);
        most = MAX(most, s.share);
        used = MIN(used, s.received_mbit / s.share / c->capacity);
        world_free();
    }
    g_test_message("| %s | %u | %.2f .. %.2f | %.0f |", c->name, SHARE_SEEDS - beyond, least, most, 100 * used);
    g_assert_cmpuint(beyond, <=, SHARE_MARGIN);
    g_assert_cmpfloat(least, >, SHARE_FAR);
    g_assert_cmpfloat(most, <, 1 - SHARE_FAR);
    g_assert_cmpfloat(used, >, 0.85 * (1 - c->loss));
}

/* Four on one link, each seven seconds after the one before: over three minutes all have about a quarter. */
static void test_four_share(gconstpointer data)
{
    double capacity = *(const double *)data, least = 1, most = 0;
    for (uint32_t seed = SHARE_FIRST_SEED; seed < SHARE_FIRST_SEED + FOUR_SEEDS; seed++) {
        uint64_t before[SIM_FLOWS], all = 0;
        sim_world_init(&world, capacity, (size_t)(capacity * 32000), SIM_FLOWS, seed);
        run(60);
        for (size_t i = 0; i < SIM_FLOWS; i++)
            before[i] = world.flows[i].received_bytes;
        run(180);
        for (size_t i = 0; i < SIM_FLOWS; i++)
            all += world.flows[i].received_bytes - before[i];
        for (size_t i = 0; i < SIM_FLOWS; i++) {
            double share = (double)(world.flows[i].received_bytes - before[i]) / (double)all;
            least = MIN(least, share);
            most = MAX(most, share);
        }
        world_free();
    }
    g_test_message("four at %g Mbit/s: %.2f .. %.2f", capacity, least, most);
    g_assert_cmpfloat(least, >, 0.15);
    g_assert_cmpfloat(most, <, 0.35);
}

static void test_jitter(gconstpointer data)
{
    world_init(2.5, 64000, 1);
    world.link.jitter_us = *(const int *)data * 1000;
    run(10);
    Seen s = run(60);
    g_assert_cmpfloat(s.received_mbit, >, 0.8 * 2.5);
    g_assert_cmpfloat(s.target_max, <, 1.2 * 2.5); /* no probe believed that the jitter made look fast */
    g_assert_cmpfloat(s.queue_max_ms, <, 150);
    world_free();
}

/* What a forwarder really has: three layers, and padding to find out whether the next would fit. */
static void test_layers(void)
{
    world_init(0.8, 32000, 1);
    SimFlow *f = &world.flows[0];
    f->layers_bps[0] = 150000;
    f->layers_bps[1] = 500000;
    f->layers_bps[2] = 2500000;
    run(10);
    unsigned changes = f->layer_changes;
    Seen s = run(30); /* the middle one fits, the highest never will */
    g_assert_cmpint(f->layer, ==, 1);
    g_assert_cmpuint(f->layer_changes, ==, changes);
    g_assert_cmpfloat(s.queue_max_ms, <, 150);
    world.link.capacity_bps = 4000000;
    run(5);
    g_assert_cmpint(f->layer, ==, 2);
    run(3);
    uint64_t padding = f->padding_bytes;
    BweStats before, after;
    bwe_stats(f->bwe, &before);
    changes = f->layer_changes;
    s = run(30);
    bwe_stats(f->bwe, &after);
    g_assert_cmpuint(f->layer_changes, ==, changes);
    g_assert_cmpuint(f->padding_bytes, ==, padding); /* everything is there: nothing is sent to find out more */
    g_assert_cmpuint(after.probes_sent, ==, before.probes_sent);
    world.link.capacity_bps = 300000;
    run(3);
    g_assert_cmpint(f->layer, ==, 0);
    s = run(10);
    g_assert_cmpint(f->layer, ==, 0);
    g_assert_cmpfloat(s.queue_max_ms, <, 200);
    world_free();
}

/* The same steps with what a forwarder really has: the allocator, its hold, the paced queue, key frames. */
typedef struct {
    const char *name;
    double high, low;
    int64_t layers_bps[SIM_LAYERS];
    int at_high, at_low; /* layers; -1: not even the lowest fits */
    size_t queue_bytes;
    int way_ms, jitter_ms;
} LayerCase;

static const LayerCase layer_steps[] = {
    { "2.5 to 0.5", 2.5, 0.5, { 150000, 350000, 1800000 }, 2, 1, 64000, 30 },
    { "2.5 to 0.5, jitter", 2.5, 0.5, { 150000, 350000, 1800000 }, 2, 1, 64000, 30, 5 },
    { "2.5 to 0.5, 75 ms away", 2.5, 0.5, { 150000, 350000, 1800000 }, 2, 1, 64000, 75 },
    { "2.5 to 0.25", 2.5, 0.25, { 150000, 500000, 1800000 }, 2, 0, 64000, 30 },
    { "50 to 5", 50, 5, { 500000, 3500000, 18000000 }, 2, 1, 640000, 30 },
    { "50 to 5, jitter", 50, 5, { 500000, 3500000, 18000000 }, 2, 1, 640000, 30, 5 },
    { "2.5 to nearly nothing", 2.5, 0.08, { 150000, 500000, 1800000 }, 2, -1, 16000, 30 },
};

static void test_layer_steps(gconstpointer data)
{
    const LayerCase *c = data;
    world_init(c->high, c->queue_bytes, 1);
    SimFlow *f = &world.flows[0];
    memcpy(f->layers_bps, c->layers_bps, sizeof(f->layers_bps));
    f->key_factor = 6;
    world.link.jitter_us = c->jitter_ms * 1000;
    world.link.delay_us = f->back_delay_us = c->way_ms * 1000;
    run(10);
    g_assert_cmpint(f->layer, ==, c->at_high);
    unsigned raises = f->raises;
    run(10);
    g_assert_cmpuint(f->raises, ==, raises);
    world.link.capacity_bps = (int64_t)(c->low * MBIT);
    run(1);
    Seen s = run(0.5);
    if (c->at_low > 0) /* otherwise seconds of queue, and no word of it until they are over */
        g_assert_cmpfloat(s.sent_mbit, <, c->low);
    run(8.5);
    raises = f->raises;
    s = run(10);
    g_assert_cmpint(f->layer, ==, c->at_low);
    g_assert_cmpuint(f->raises, <=, raises + 1); /* no layer up and down again and again */
    g_assert_cmpfloat(s.queue_max_ms, <, c->at_low < 0 ? 1000 : 200);
    world.link.capacity_bps = (int64_t)(c->high * MBIT);
    run(c->at_low < 0 ? 10 : 5);
    g_assert_cmpint(f->layer, ==, c->at_high);
    raises = f->raises;
    run(10);
    g_assert_cmpuint(f->raises, ==, raises);
    world_free();
}

/* A link of about the rate of a layer: there the estimate swings about it, and the layer is not taken up each time. */
static void test_hover(gconstpointer data)
{
    double capacity = *(const double *)data;
    for (uint32_t seed = 1001; seed < 1006; seed++) {
        sim_world_init(&world, capacity, (size_t)(capacity * 25000), 1, seed);
        SimFlow *f = &world.flows[0];
        f->layers_bps[0] = 150000;
        f->layers_bps[1] = 500000;
        f->layers_bps[2] = 1900000;
        f->key_factor = 4;
        run(20);
        unsigned raises = f->raises;
        run(60);
        g_assert_cmpuint(f->raises, <=, raises + 5);
        if (capacity < 1.85 || capacity > 1.95)
            g_assert_cmpint(f->layer, ==, capacity < 1.85 ? 1 : 2);
        world_free();
    }
}

/* Key frames of 20 frames' size every three seconds, from a sender that paces by what it sends in all, toward a link with
 * a quarter of a second of queue: forwarded as they come they overflow it, paced they do not. */
static void test_key_frames(gconstpointer data)
{
    bool unpaced = *(const bool *)data;
    world_init(0.6, 16000, 1);
    SimFlow *f = &world.flows[0];
    f->layers_bps[0] = 100000;
    f->layers_bps[1] = 250000;
    f->layers_bps[2] = 1500000;
    f->key_factor = 20;
    f->key_every_us = 3 * SECOND;
    f->unpaced = unpaced;
    run(20);
    uint64_t dropped = world.link.dropped;
    run(40);
    g_test_message("dropped %d, waited %d ms", (int)(world.link.dropped - dropped), (int)(f->waited_us / 1000));
    if (unpaced) {
        g_assert_cmpuint(world.link.dropped - dropped, >, 20);
    } else {
        g_assert_cmpuint(world.link.dropped - dropped, ==, 0);
        g_assert_cmpint(f->layer, ==, 1);
        g_assert_cmpint(f->waited_us, >, 20000);
        g_assert_cmpint(f->waited_us, <, 600000);
    }
    world_free();
}

static void test_cross_traffic(void)
{
    world_init(2.5, 64000, 1);
    run(20);
    world.cross_bps = 1.5 * MBIT;
    run(3);
    Seen s = run(12);
    g_assert_cmpfloat(s.queue_max_ms, <, 150);
    g_assert_cmpfloat(s.received_mbit, >, 0.6);
    g_assert_cmpfloat(s.received_mbit, <, 1.05);
    world.cross_bps = 0;
    run(5);
    s = run(10);
    g_assert_cmpfloat(s.received_mbit, >, 0.8 * 2.5);
    world_free();
}

static void test_feedback_lost(void)
{
    world_init(2.5, 64000, 1);
    world.flows[0].back_loss = 0.2;
    run(10);
    Seen s = run(30);
    g_assert_cmpfloat(s.received_mbit, >, 0.75 * 2.5);
    world.flows[0].back_loss = 1; /* and then none at all */
    run(10);
    s = run(1);
    g_assert_cmpfloat(s.target_mean, <, 0.5);
    world.flows[0].back_loss = 0;
    run(10);
    s = run(10);
    g_assert_cmpfloat(s.received_mbit, >, 0.7 * 2.5);
    world_free();
}

static void test_longer_path(void)
{
    world_init(2.5, 64000, 1);
    run(20);
    world.link.delay_us += 100000;
    run(10);
    Seen s = run(15);
    g_assert_cmpfloat(s.received_mbit, >, 0.75 * 2.5);
    world_free();
}

/* A source that sends little: the estimate must not fall to what it sends, and stays below what probes can know. */
static void test_little_to_send(void)
{
    world_init(5, 64000, 1);
    world.flows[0].source_max_bps = 300000;
    run(10);
    Seen s = run(30);
    g_assert_cmpfloat(s.target_min, >, 2);
    g_assert_cmpfloat(s.target_max, <, 6.5);
    g_assert_cmpfloat(s.queue_max_ms, <, 60); /* a probe's */
    BweStats before, after;
    bwe_stats(world.flows[0].bwe, &before);
    g_assert_true(before.alr);
    bwe_set_wanted_bps(world.flows[0].bwe, 1500000); /* known to suffice: nothing more to look for */
    run(20);
    bwe_stats(world.flows[0].bwe, &after);
    g_assert_cmpuint(after.probes_sent, ==, before.probes_sent);
    world_free();
}

/* A first estimate far above the link is corrected before the queue grows old. */
static void test_slow_start(void)
{
    world_init(0.3, 32000, 1);
    run(3);
    Seen s = run(17);
    g_assert_cmpfloat(s.queue_max_ms, <, 250);
    g_assert_cmpfloat(s.received_mbit, >, 0.7 * 0.3);
    world_free();
}

static void test_fast_start(void)
{
    world_init(20, 640000, 1);
    run(2);
    Seen s = run(3);
    g_assert_cmpfloat(s.target_min, >, 0.75 * 20);
    world_free();
}

#define ADD(prefix, rows, func)                                                                                        \
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {                                                                  \
        g_autofree char *path = g_strdup_printf(prefix "/%s", rows[i].name);                                           \
        g_test_add_data_func(path, &rows[i], func);                                                                    \
    }

int main(int argc, char **argv)
{
    static const int jitters[] = { 10, 30 }; /* ms */
    static const double four[] = { 4, 20 };  /* Mbit/s */
    g_test_init(&argc, &argv, NULL);
    ADD("/sim/bwe/step", steps, test_step);
    ADD("/sim/bwe/loss", losses, test_loss);
    ADD("/sim/bwe/two share", shares, test_two_share);
    ADD("/sim/bwe/seeds share", share_seeds, test_seeds_share);
    g_test_add_data_func("/sim/bwe/four share 4", &four[0], test_four_share);
    g_test_add_data_func("/sim/bwe/four share 20", &four[1], test_four_share);
    g_test_add_data_func("/sim/bwe/jitter 10", &jitters[0], test_jitter);
    g_test_add_data_func("/sim/bwe/jitter 30", &jitters[1], test_jitter);
    g_test_add_func("/sim/bwe/layers", test_layers);
    ADD("/sim/bwe/layer steps", layer_steps, test_layer_steps);
    static const double hovers[] = { 1.8, 1.9, 2.1 };
    g_test_add_data_func("/sim/bwe/hover/below", &hovers[0], test_hover);
    g_test_add_data_func("/sim/bwe/hover/at", &hovers[1], test_hover);
    g_test_add_data_func("/sim/bwe/hover/above", &hovers[2], test_hover);
    static const bool unpaced[] = { false, true };
    g_test_add_data_func("/sim/bwe/key frames", &unpaced[0], test_key_frames);
    g_test_add_data_func("/sim/bwe/key frames, unpaced", &unpaced[1], test_key_frames);
    g_test_add_func("/sim/bwe/cross traffic", test_cross_traffic);
    g_test_add_func("/sim/bwe/feedback lost", test_feedback_lost);
    g_test_add_func("/sim/bwe/longer path", test_longer_path);
    g_test_add_func("/sim/bwe/little to send", test_little_to_send);
    g_test_add_func("/sim/bwe/slow start", test_slow_start);
    g_test_add_func("/sim/bwe/fast start", test_fast_start);
    return g_test_run();
}
