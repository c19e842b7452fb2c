/* SPDX-License-Identifier: Apache-2.0 */
#include <glib.h>
#include <string.h>
#include "bridge/alloc/allocator.h"
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

/* 9.8 of the fact sheet. */
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
    g_assert_cmpint(allocator_padding_bps(&r, 1200000), ==, 400000);
    g_assert_cmpint(allocator_padding_bps(&r, 1900000), ==, 0);
    g_assert_cmpint(allocator_padding_bps(&r, ALLOC_UNLIMITED), ==, 0);
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

static void test_settle(void)
{
    AllocHold h = { LAYER_SUSPENDED, 0 };
    AllocSource s = { .target = 2 };
    g_assert_cmpint(allocator_settle(&h, &s, 1000), ==, 2); /* from nothing to something: at once */
    s.target = 64;
    g_assert_cmpint(allocator_settle(&h, &s, 2000), ==, 2);
    g_assert_cmpint(allocator_settle(&h, &s, 3999), ==, 2);
    s.target = 2; /* the wish was taken back: the wait starts again */
    g_assert_cmpint(allocator_settle(&h, &s, 3999), ==, 2);
    s.target = 64;
    g_assert_cmpint(allocator_settle(&h, &s, 4000), ==, 2);
    g_assert_cmpint(allocator_settle(&h, &s, 6000), ==, 64);
    s.target = 1;
    g_assert_cmpint(allocator_settle(&h, &s, 6001), ==, 1);
    s.target = 128;
    s.on_stage = true;
    g_assert_cmpint(allocator_settle(&h, &s, 6002), ==, 128);
    s.target = LAYER_SUSPENDED;
    g_assert_cmpint(allocator_settle(&h, &s, 6003), ==, LAYER_SUSPENDED);
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
    g_test_add_func("/alloc/settle", test_settle);
    g_test_add_func("/alloc/sender-demand", test_demand);
    return g_test_run();
}
