/* SPDX-License-Identifier: Apache-2.0 */
#include <glib.h>
#include <string.h>
#include "bridge/alloc/allocator.h"
#include "bridge/alloc/layer_hold.h"
#include "bridge/alloc/sender_demand.h"

static LayerTable three(uint32_t low, uint32_t mid, uint32_t high)
{
    return (LayerTable){ .count = 3,
                         .layer = { { LAYER_INDEX(0, 0, 0), 180, 30, low },
                                    { LAYER_INDEX(1, 0, 0), 360, 30, mid },
                                    { LAYER_INDEX(2, 0, 0), 720, 30, high } } };
}

static AllocResult run(AllocSource *s, size_t n, const ReceiverWishes *w, int last_n, int64_t available)
{
    size_t order[64];
    AllocParams params = { .available_bps = available, .allow_oversend_onstage = true };
    priority_arrange(s, n, w, last_n, order);
    return allocator_run(s, n, order, &params);
}

/* One worked by hand. */
static void test_worked_example(void)
{
    LayerTable t = three(150000, 500000, 1500000);
    AllocSource s[] = { { .name = "A", .type = VIDEO_CAMERA, .layers = &t },
                        { .name = "B", .type = VIDEO_CAMERA, .layers = &t },
                        { .name = "C", .type = VIDEO_CAMERA, .layers = &t } };
    const char *stage[] = { "A" };
    VideoConstraint c[] = { { "A", 720 } };
    ReceiverWishes w = { .last_n = -1,
                         .on_stage = stage,
                         .on_stage_n = 1,
                         .constraints = c,
                         .constraints_n = 1,
                         .default_max_height = 180 };
    AllocResult r = run(s, 3, &w, -1, 1200000);
    g_assert_cmpint(s[0].target, ==, LAYER_INDEX(1, 0, 0));
    g_assert_cmpint(s[1].target, ==, 0);
    g_assert_cmpint(s[2].target, ==, 0);
    g_assert_cmpint(s[0].ideal, ==, LAYER_INDEX(2, 0, 0));
    g_assert_cmpint(r.target_bps, ==, 800000);
    g_assert_cmpint(r.ideal_bps, ==, 1800000);
    g_assert_true(r.below_ideal);
    g_assert_false(r.oversending);
    g_assert_cmpuint(r.forwarded, ==, 3);

    r = run(s, 3, &w, -1, ALLOC_UNLIMITED);
    g_assert_cmpint(s[0].target, ==, LAYER_INDEX(2, 0, 0));
    g_assert_false(r.below_ideal);

    r = run(s, 3, &w, -1, 400000); /* on stage below its preferred layer: nobody else gets anything */
    g_assert_cmpint(s[0].target, ==, 0);
    g_assert_cmpint(s[1].target, ==, LAYER_SUSPENDED);
    g_assert_cmpint(s[1].reason, ==, FORWARD_BANDWIDTH);
    g_assert_cmpuint(r.suspended_bandwidth, ==, 2);

    r = run(s, 3, &w, -1, 0);
    g_assert_cmpuint(r.forwarded, ==, 0);
    g_assert_cmpint(s[0].reason, ==, FORWARD_BANDWIDTH);
}

static void test_order(void)
{
    LayerTable t = three(1, 2, 3);
    AllocSource s[] = { { .name = "muted", .type = VIDEO_NONE, .layers = &t },
                        { .name = "a", .type = VIDEO_CAMERA, .layers = &t },
                        { .name = "b", .type = VIDEO_CAMERA, .layers = &t },
                        { .name = "screen", .type = VIDEO_DESKTOP, .layers = &t },
                        { .name = "off", .type = VIDEO_DISABLED, .layers = &t },
                        { .name = "c", .type = VIDEO_CAMERA, .layers = &t } };
    const char *stage[] = { "screen", "muted", "nobody" }, *selected[] = { "c", "screen", "c" };
    VideoConstraint c[] = { { "a", 0 }, { "screen", 2160 } };
    ReceiverWishes w = { .last_n = 3,
                         .on_stage = stage,
                         .on_stage_n = 3,
                         .selected = selected,
                         .selected_n = 3,
                         .constraints = c,
                         .constraints_n = 2,
                         .default_max_height = 180 };
    size_t order[6], want[] = { 3, 5, 1, 2, 0, 4 };
    priority_arrange(s, 6, &w, -1, order);
    g_assert_cmpmem(order, sizeof(order), want, sizeof(want));
    g_assert_cmpint(s[3].max_height, ==, 2160);
    g_assert_true(s[3].on_stage);
    g_assert_false(s[5].on_stage);
    g_assert_cmpint(s[1].reason, ==, FORWARD_CAP); /* a {0} one uses up nothing of last-n */
    g_assert_cmpint(s[2].max_height, ==, 180);
    g_assert_cmpint(s[0].reason, ==, FORWARD_SENDER_MUTED);
    priority_arrange(s, 6, &w, 2, order);
    g_assert_cmpint(s[2].max_height, ==, 0);
    g_assert_cmpint(s[2].reason, ==, FORWARD_LAST_N);
    w.last_n = 0;
    priority_arrange(s, 6, &w, ALLOC_UNLIMITED, order);
    g_assert_cmpint(s[3].reason, ==, FORWARD_LAST_N);
    w.last_n = -1;
    w.default_max_height = 0; /* before the first message */
    w.constraints_n = 0;
    priority_arrange(s, 6, &w, ALLOC_UNLIMITED, order);
    g_assert_cmpint(s[3].reason, ==, FORWARD_CAP);
}

static void test_size_limit(void)
{
    const LastNStep steps[] = { { 20, 20 }, { 50, 5 } };
    g_assert_cmpint(priority_size_limit(steps, 2, 18), ==, ALLOC_UNLIMITED);
    g_assert_cmpint(priority_size_limit(steps, 2, 19), ==, 20);
    g_assert_cmpint(priority_size_limit(steps, 2, 200), ==, 5);
    g_assert_cmpint(priority_size_limit(NULL, 0, 200), ==, ALLOC_UNLIMITED);
}

static int one(VideoType type, const LayerTable *t, int max_height, gboolean on_stage, int64_t available,
               AllocResult *r)
{
    AllocSource s = { .name = "s", .type = type, .layers = t };
    const char *stage[] = { "s" };
    ReceiverWishes w = { .last_n = -1, .on_stage = stage, .on_stage_n = on_stage, .default_max_height = max_height };
    *r = run(&s, 1, &w, -1, available);
    return s.target;
}

static void test_camera_layers(void)
{
    AllocResult r;
    /* three temporal layers per height */
    LayerTable t = { .count = 6 };
    for (int i = 0; i < 6; i++)
        t.layer[i] = (LayerEntry){ (int16_t)LAYER_INDEX(i / 3, 0, i % 3), (uint16_t)(180 << i / 3),
                                   7.5f * (float)(1 << i % 3), (uint32_t)(50000 + 50000 * i) };
    g_assert_cmpint(one(VIDEO_CAMERA, &t, 180, FALSE, ALLOC_UNLIMITED, &r), ==, LAYER_INDEX(0, 0, 2));
    g_assert_cmpint(one(VIDEO_CAMERA, &t, 360, FALSE, ALLOC_UNLIMITED, &r), ==, LAYER_INDEX(1, 0, 2));
    g_assert_cmpint(one(VIDEO_CAMERA, &t, 360, TRUE, 250000, &r), ==, LAYER_INDEX(0, 0, 2)); /* no jerky 360p */
    g_assert_cmpint(one(VIDEO_CAMERA, &t, 90, FALSE, ALLOC_UNLIMITED, &r), ==,
                    LAYER_INDEX(0, 0, 2)); /* the least there is */
    for (int i = 3; i < 6; i++)
        t.layer[i].rate_bps = 0; /* the sender stopped it */
    g_assert_cmpint(one(VIDEO_CAMERA, &t, 720, TRUE, ALLOC_UNLIMITED, &r), ==, LAYER_INDEX(0, 0, 2));
    g_assert_false(r.below_ideal);
    for (int i = 0; i < 3; i++)
        t.layer[i].rate_bps = 0; /* nothing came yet: aim high, it costs nothing so far */
    g_assert_cmpint(one(VIDEO_CAMERA, &t, 720, TRUE, 100000, &r), ==, LAYER_INDEX(1, 0, 2));
    t.count = 0;
    g_assert_cmpint(one(VIDEO_CAMERA, &t, 720, TRUE, ALLOC_UNLIMITED, &r), ==, LAYER_SUSPENDED);
}

static void test_screen_layers(void)
{
    AllocResult r;
    LayerTable t = {
        .count = 2, .layer = { { LAYER_INDEX(0, 0, 0), 720, 5, 400000 }, { LAYER_INDEX(1, 0, 0), 1080, 30, 1500000 } }
    };
    g_assert_cmpint(one(VIDEO_DESKTOP, &t, 2160, TRUE, ALLOC_UNLIMITED, &r), ==, LAYER_INDEX(1, 0, 0));
    g_assert_cmpint(one(VIDEO_DESKTOP, &t, 180, FALSE, ALLOC_UNLIMITED, &r), ==,
                    LAYER_INDEX(0, 0, 0)); /* all too tall */
    g_assert_cmpint(one(VIDEO_DESKTOP, &t, 2160, TRUE, 1100000, &r), ==,
                    LAYER_INDEX(1, 0, 0)); /* 400k too much, allowed */
    g_assert_true(r.oversending);
    g_assert_cmpint(one(VIDEO_DESKTOP, &t, 2160, TRUE, 900000, &r), ==, LAYER_INDEX(0, 0, 0));
    g_assert_false(r.oversending);
    g_assert_cmpint(one(VIDEO_DESKTOP, &t, 2160, FALSE, 1100000, &r), ==, LAYER_INDEX(0, 0, 0));
    g_assert_cmpint(one(VIDEO_DESKTOP, &t, 2160, TRUE, 0, &r), ==, LAYER_INDEX(0, 0, 0)); /* 400k of 0 + 500k */
    t.layer[1].rate_bps = 300000; /* the better one costs less */
    g_assert_cmpint(one(VIDEO_DESKTOP, &t, 2160, FALSE, 450000, &r), ==, LAYER_INDEX(1, 0, 0));
}

/* Never above the bandwidth unless it says so; more bandwidth never serves the first source worse. */
static void test_random(void)
{
    g_autoptr(GRand) r = g_rand_new_with_seed(1);
    for (int round = 0; round < 2000; round++) {
        enum { N = 12 };
        LayerTable t[N];
        AllocSource s[N];
        char names[N][4];
        VideoConstraint c[N];
        for (int i = 0; i < N; i++) {
            uint32_t low = (uint32_t)g_rand_int_range(r, 0, 200000);
            t[i] = three(low, low * 3, low * 9);
            t[i].count = (uint16_t)g_rand_int_range(r, 0, 4);
            g_snprintf(names[i], sizeof(names[i]), "%d", i);
            s[i] = (AllocSource){ .name = names[i], .type = (VideoType)g_rand_int_range(r, 0, 5), .layers = &t[i] };
            c[i] = (VideoConstraint){ names[i], g_rand_int_range(r, -1, 800) };
        }
        const char *stage[] = { names[g_rand_int_range(r, 0, N)] };
        ReceiverWishes w = { .last_n = g_rand_int_range(r, -1, N),
                             .on_stage = stage,
                             .on_stage_n = (gsize)g_rand_int_range(r, 0, 2),
                             .constraints = c,
                             .constraints_n = N,
                             .default_max_height = 180 };
        int64_t available = g_rand_int_range(r, 0, 4000000);
        AllocResult a = run(s, N, &w, -1, available);
        int64_t sum = 0;
        uint32_t forwarded = 0;
        for (int i = 0; i < N; i++) {
            sum += s[i].target_bps;
            forwarded += s[i].target >= 0;
            g_assert_cmpint(s[i].target, <=, s[i].ideal);
            g_assert_cmpint(s[i].reason == FORWARD_OK, ==, s[i].target >= 0);
            if (s[i].max_height == 0)
                g_assert_cmpint(s[i].target, ==, LAYER_SUSPENDED);
        }
        g_assert_cmpint(sum, ==, a.target_bps);
        g_assert_cmpuint(forwarded, ==, a.forwarded);
        if (w.last_n >= 0)
            g_assert_cmpuint(forwarded, <=, (guint)w.last_n);
        if (!a.oversending)
            g_assert_cmpint(sum, <=, available);
        else
            g_assert_cmpint(sum, <=, available + ALLOC_OVERSEND_BPS);
        AllocSource more[N];
        memcpy(more, s, sizeof(s));
        size_t order[N];
        priority_arrange(more, N, &w, -1, order);
        run(more, N, &w, -1, available + 1000000);
        g_assert_cmpint(more[order[0]].target, >=, s[order[0]].target);
    }
}

static void test_estimate(void)
{
    g_assert_false(allocator_estimate_changed(1000000, 1150000));
    g_assert_true(allocator_estimate_changed(1000000, 1150001));
    g_assert_true(allocator_estimate_changed(1000000, 849999));
    g_assert_true(allocator_estimate_changed(ALLOC_UNLIMITED, 1));
    g_assert_false(allocator_estimate_changed(ALLOC_UNLIMITED, ALLOC_UNLIMITED));
}

/* A sender whose only living layers are taller than the receiver may have: it gets the least tall one, as with JVB, and
 * never nothing. Heights and rates as the table shows them; 0 kbit/s: nothing comes in for it. */
typedef struct {
    const char *name;
    VideoType type;
    int max_height;
    struct {
        int height, fps, kbps;
    } layers[4];
    int target, ideal; /* places in layers; -1 none */
} CapCase;

static const CapCase caps[] = {
    { "one layer above the cap", VIDEO_CAMERA, 180, { { 720, 30, 900 } }, 0, 0 },
    { "only the highest encoding runs", VIDEO_CAMERA, 180, { { 180, 30, 0 }, { 360, 30, 0 }, { 720, 30, 900 } }, 2, 2 },
    { "nothing measured yet", VIDEO_CAMERA, 180, { { 180, 30, 0 }, { 360, 30, 0 }, { 720, 30, 0 } }, 0, 0 },
    { "two above the cap", VIDEO_CAMERA, 180, { { 180, 30, 0 }, { 360, 30, 400 }, { 720, 30, 900 } }, 1, 1 },
    { "temporal layers above the cap",
      VIDEO_CAMERA,
      180,
      { { 720, 8, 300 }, { 720, 15, 500 }, { 720, 30, 900 } },
      2,
      2 },
    { "slow layers above the cap", VIDEO_CAMERA, 180, { { 720, 5, 300 }, { 1080, 5, 500 } }, 0, 0 },
    { "highest first", VIDEO_CAMERA, 720, { { 360, 30, 89 }, { 180, 30, 92 }, { 90, 30, 62 } }, 0, 0 },
    { "highest first, capped", VIDEO_CAMERA, 180, { { 720, 30, 900 }, { 360, 30, 400 }, { 180, 30, 150 } }, 2, 2 },
    { "screen above the cap", VIDEO_DESKTOP, 180, { { 720, 5, 0 }, { 1080, 5, 900 } }, 1, 1 },
    { "nothing is wanted", VIDEO_CAMERA, 0, { { 720, 30, 900 } }, -1, -1 },
};

static int place_of(const LayerTable *t, int index)
{
    for (int i = 0; i < t->count; i++)
        if (t->layer[i].index == index)
            return i;
    return -1;
}

static void test_cap(gconstpointer data)
{
    const CapCase *c = data;
    LayerTable t = { 0 };
    for (; t.count < 4 && c->layers[t.count].height; t.count++)
        t.layer[t.count] = (LayerEntry){ (int16_t)LAYER_INDEX(t.count, 0, 0), (uint16_t)c->layers[t.count].height,
                                         (float)c->layers[t.count].fps, (uint32_t)c->layers[t.count].kbps * 1000 };
    AllocSource s = { .name = "a", .type = c->type, .layers = &t };
    VideoConstraint wish = { "a", c->max_height };
    const char *stage[] = { "a" };
    for (int on_stage = 0; on_stage < 2; on_stage++) {
        ReceiverWishes w = {
            .last_n = -1, .constraints = &wish, .constraints_n = 1, .on_stage = stage, .on_stage_n = (size_t)on_stage
        };
        run(&s, 1, &w, -1, ALLOC_UNLIMITED);
        g_assert_cmpint(place_of(&t, s.target), ==, c->target);
        g_assert_cmpint(place_of(&t, s.ideal), ==, c->ideal);
        g_assert_cmpint(s.reason, ==, c->target < 0 ? FORWARD_CAP : FORWARD_OK);
    }
}

/* What an estimate of 89 kbit/s carries of a Firefox that signals 360p, 180p, 90p in this order. */
static void test_highest_first(void)
{
    LayerTable t = { .count = 3, .layer = { { 0, 360, 30, 95000 }, { 64, 180, 30, 92000 }, { 128, 90, 30, 62000 } } };
    AllocSource s = { .name = "a", .type = VIDEO_CAMERA, .layers = &t };
    const char *stage[] = { "a" };
    ReceiverWishes w = { .last_n = -1, .on_stage = stage, .on_stage_n = 1, .default_max_height = 720 };
    run(&s, 1, &w, -1, 89000);
    g_assert_cmpint(s.target, ==, 128);
    g_assert_cmpint(s.ideal, ==, 0);
    run(&s, 1, &w, -1, 200000);
    g_assert_cmpint(s.target, ==, 0);
}

/* ---- layer_hold ---- */

typedef struct {
    double at_s;
    int target, max_height;
    bool on_stage;
    int applied;
    double again_s; /* 0: nothing waits */
} HoldStep;

typedef struct {
    const char *name;
    HoldStep steps[12];
} HoldCase;

/* Layers: 0 is 180p, 1 the same with more frames, 64 360p, 128 720p. */
static const HoldCase holds[] = {
    { "a tile rises when it was wanted for two seconds",
      { { 1, 0, 720, false, 0 },
        { 10, 64, 720, false, 0, 12 },
        { 11.9, 64, 720, false, 0, 12 },
        { 12, 64, 720, false, 64 },
        { 13, 0, 720, false, 0 } } },
    { "a wish taken back waits anew",
      { { 1, 0, 720, false, 0 },
        { 10, 64, 720, false, 0, 12 },
        { 11, 0, 720, false, 0 },
        { 12, 64, 720, false, 0, 14 } } },
    { "more frames cost no key frame", { { 1, 0, 720, false, 0 }, { 10, 1, 720, false, 1 } } },
    { "on stage, at once", { { 1, 0, 720, true, 0 }, { 10, 128, 720, true, 128 } } },
    { "brought on stage", { { 1, 0, 720, false, 0 }, { 10, 128, 720, true, 128 } } },
    { "a larger tile is the receiver's wish",
      { { 1, 0, 180, false, 0 },
        { 10, 0, 720, false, 0 }, /* the sender does not make it yet */
        { 11, 128, 720, false, 128 } } },
    { "relapses wait longer and longer",
      { { 1, 64, 720, true, 64 },
        { 10, 128, 720, true, 128 }, /* the first raise for bandwidth */
        { 12, 64, 720, true, 64 },
        { 13, 128, 720, true, 64, 14 },
        { 14, 128, 720, true, 128 },
        { 15, 64, 720, true, 64 },
        { 16, 128, 720, true, 64, 18 },
        { 18, 128, 720, true, 128 },
        { 29, 64, 720, true, 64 }, /* it lasted: forgiven */
        { 30, 128, 720, true, 128 } } },
    { "shut off and back",
      { { 1, 64, 720, false, 64 },
        { 10, -1, 720, false, -1 },
        { 11, 0, 720, false, 0 },
        { 12, -1, 720, false, -1 },
        { 13, 0, 720, false, -1, 14 },
        { 14, 0, 720, false, 0 } } },
    { "on stage it hangs on",
      { { 1, 64, 720, true, 64 },
        { 10, -1, 720, true, 0, 13 },
        { 12.5, 64, 720, true, 64 },
        { 14, -1, 720, true, 0, 17 },
        { 17, -1, 720, true, -1 },
        { 17.1, 0, 720, true, -1, 18.1 } } }, /* a relapse */
    { "a layer that is gone", { { 1, 64, 720, false, 64 }, { 10, 192, 720, false, 192 }, { 11, 64, 720, false, 64 } } },
};

static void test_hold(gconstpointer data)
{
    const HoldCase *c = data;
    LayerTable t = { .count = 4,
                     .layer = { { 0, 180, 8, 1 }, { 1, 180, 30, 2 }, { 64, 360, 30, 3 }, { 128, 720, 30, 4 } } };
    LayerHold h = { .applied = LAYER_SUSPENDED };
    for (size_t i = 0; i < G_N_ELEMENTS(c->steps) && c->steps[i].at_s > 0; i++) {
        const HoldStep *step = &c->steps[i];
        AllocSource s = { .layers = &t,
                          .target = step->target,
                          .reason = step->target < 0 ? FORWARD_BANDWIDTH : FORWARD_OK,
                          .ideal = 128,
                          .max_height = step->max_height,
                          .on_stage = step->on_stage };
        AllocResult r = { 0 };
        int64_t again_us;
        g_test_message("step %zu, at %.1f", i, step->at_s);
        g_assert_cmpint(layer_hold_settle(&h, &s, &r, (int64_t)(step->at_s * 1e6), &again_us), ==, step->applied);
        g_assert_cmpint(r.target_bps, ==, s.target_bps);
        bool held = step->target == 128 && step->applied < 128;
        g_assert_cmpint(s.held, ==, held);
        g_assert_cmpint(s.reason, ==,
                        s.target >= 0 && step->target >= 0 ? FORWARD_OK
                        : held                             ? FORWARD_HOLD
                                                           : FORWARD_BANDWIDTH);
        g_assert_cmpint(again_us, ==, step->again_s > 0 ? (int64_t)(step->again_s * 1e6) : INT64_MAX);
    }
}

/* An estimate that swings about the rate of a layer, as a link of just that rate makes it: four raises in a minute,
 * where every crossing would make thirty. */
static void test_hold_swing(void)
{
    LayerTable t = three(150000, 500000, 1500000);
    LayerHold h = { .applied = LAYER_SUSPENDED };
    const char *stage[] = { "a" };
    ReceiverWishes w = { .last_n = -1, .on_stage = stage, .on_stage_n = 1, .default_max_height = 720 };
    unsigned raises = 0, crossings = 0;
    int before = -1, wished = -1;
    for (int s = 0; s < 120; s++) {
        AllocSource a = { .name = "a", .type = VIDEO_CAMERA, .layers = &t };
        AllocResult r = { 0 };
        int64_t again_us;
        run(&a, 1, &w, -1, s & 1 ? 1700000 : 1300000);
        crossings += wished >= 0 && a.target > wished;
        wished = a.target;
        int now = layer_hold_settle(&h, &a, &r, 1000000 + s * 500000LL, &again_us);
        raises += before >= 0 && now > before;
        before = now;
    }
    g_assert_cmpuint(crossings, >=, 55);
    g_assert_cmpuint(raises, <=, 4);
}

static void test_demand(void)
{
    SenderDemand d = { 0 };
    g_assert_false(sender_demand_set(&d, 5, 0));
    g_assert_true(sender_demand_set(&d, 5, 180));
    g_assert_true(sender_demand_set(&d, 3, 720));
    g_assert_false(sender_demand_set(&d, 9, 360));
    g_assert_cmpint(sender_demand_height(&d), ==, 720);
    g_assert_true(sender_demand_set(&d, 9, -1));
    g_assert_cmpint(sender_demand_height(&d), ==, -1);
    g_assert_true(sender_demand_set(&d, 9, 0));
    g_assert_true(sender_demand_set(&d, 3, 0));
    g_assert_cmpint(sender_demand_height(&d), ==, 180);
    g_assert_true(sender_demand_set(&d, 5, 0));
    g_assert_cmpint(sender_demand_height(&d), ==, 0);
    for (uint64_t i = 0; i < SENDER_DEMAND_MAX; i++)
        sender_demand_set(&d, i * 7919 % 100003, 180);
    g_assert_cmpint(sender_demand_height(&d), ==, 180);
    g_assert_true(sender_demand_set(&d, 1000000, 90)); /* no room to remember it: rather too much than too little */
    g_assert_cmpint(sender_demand_height(&d), ==, -1);
    g_assert_true(sender_demand_set(&d, 0, 0));
    g_assert_cmpint(sender_demand_height(&d), ==, 180);
    sender_demand_clear(&d);
    g_assert_cmpint(sender_demand_height(&d), ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/alloc/worked-example", test_worked_example);
    g_test_add_func("/alloc/order", test_order);
    g_test_add_func("/alloc/size-limit", test_size_limit);
    g_test_add_func("/alloc/camera-layers", test_camera_layers);
    g_test_add_func("/alloc/screen-layers", test_screen_layers);
    g_test_add_func("/alloc/random", test_random);
    g_test_add_func("/alloc/estimate", test_estimate);
    for (size_t i = 0; i < G_N_ELEMENTS(caps); i++) {
        g_autofree char *path = g_strconcat("/alloc/cap/", caps[i].name, NULL);
        g_test_add_data_func(path, &caps[i], test_cap);
    }
    g_test_add_func("/alloc/highest-first", test_highest_first);
    for (size_t i = 0; i < G_N_ELEMENTS(holds); i++) {
        g_autofree char *path = g_strconcat("/alloc/hold/", holds[i].name, NULL);
        g_test_add_data_func(path, &holds[i], test_hold);
    }
    g_test_add_func("/alloc/hold-swing", test_hold_swing);
    g_test_add_func("/alloc/sender-demand", test_demand);
    return g_test_run();
}
