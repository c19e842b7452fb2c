/* SPDX-License-Identifier: Apache-2.0
 *
 * Properties of every projection under random switching, loss and reordering, and the rules one by one. */
#include <string.h>
#include "media_kit.h"

typedef struct {
    const char *name;
    KitKind kind;
    int encodings, temporal;
} Shape;

static const Shape shapes[] = {
    { "vp8-one", KIT_VP8, 1, 3 },
    { "vp8-simulcast", KIT_VP8, 3, 2 },
    { "vp8-simulcast-t3", KIT_VP8, 3, 3 },
    { "vp9-svc", KIT_VP9_SVC, 1, 3 },
    { "vp9-ksvc", KIT_VP9_KSVC, 1, 3 },
    { "vp9-flexible", KIT_VP9_FLEX, 1, 3 },
    { "vp9-simulcast", KIT_VP9_KSVC, 3, 2 },
    { "av1-l1t3", KIT_DD_L1T3, 1, 3 },
    { "av1-ksvc", KIT_DD_KSVC, 1, 3 },
    { "av1-svc", KIT_DD_SVC, 1, 3 },
    { "av1-simulcast", KIT_DD_L1T3, 3, 3 },
    { "h264", KIT_H264, 1, 1 },
    { "h264-simulcast", KIT_H264, 3, 1 },
};

static int random_layer(Kit *k)
{
    int eid = g_rand_int_range(k->rand, 0, k->encodings);
    if (k->kind >= KIT_DD_L1T3 && k->kind <= KIT_DD_SVC)
        return eid << 6 | g_rand_int_range(k->rand, 0, 3 * k->spatial);
    return LAYER_INDEX(eid, g_rand_int_range(k->rand, 0, k->spatial), g_rand_int_range(k->rand, 0, k->temporal));
}

/* Half a minute, in which the receiver wants something else every now and then. */
static void change_at_random(Kit *k, gboolean rebind)
{
    projection_set_target(&k->p, random_layer(k), FORWARD_CAP);
    for (int i = 0; i < 900; i++) {
        kit_tick(k);
        double dice = g_rand_double(k->rand);
        if (dice < 0.04)
            projection_set_target(&k->p, random_layer(k), FORWARD_BANDWIDTH);
        else if (dice < 0.05)
            projection_set_target(&k->p, LAYER_SUSPENDED, FORWARD_BANDWIDTH);
        else if (rebind && dice < 0.06)
            projection_bind(&k->p, k->p.out ? NULL : &k->os);
    }
    kit_flush(k);
}

/* Packets that came out. */
static guint run(const Shape *s, guint32 seed, double loss, double reorder, gboolean rebind)
{
    Kit *k = kit_new(s->kind, s->encodings, s->temporal, seed);
    k->loss = loss;
    k->same_templates = seed & 4;
    k->reorder = reorder;
    change_at_random(k, rebind);
    guint out = k->out->len;
    kit_check_numbers(k, loss + reorder == 0);
    kit_check_decodable(k);
    kit_check_without_holes(k);
    kit_free(k);
    return out;
}

static void test_clean(gconstpointer shape)
{
    for (guint32 seed = 1; seed <= 5; seed++)
        g_assert_cmpuint(run(shape, seed, 0, 0, FALSE), >, 200);
}

static void test_rebind(gconstpointer shape)
{
    for (guint32 seed = 11; seed <= 13; seed++)
        g_assert_cmpuint(run(shape, seed, 0, 0, TRUE), >, 200);
}

static void test_bad_network(gconstpointer shape)
{
    guint out = 0;
    for (guint32 seed = 21; seed <= 44; seed++)
        out += run(shape, seed, seed & 1 ? 0.03 : 0, 0.05, seed % 4 > 1);
    g_assert_cmpuint(out, >, 24 * 200);
}

typedef struct {
    double loss, reorder, take_back;
} Weather;

/* Half a minute each; counts the packets that a receiver could use. Chromium's template ids: after five unheard of
 * structures others would mean frames of the one before them. */
static guint endure(const Shape *s, guint32 seed, const Weather *w, gboolean same_templates, gboolean rebind)
{
    Kit *k = kit_new(s->kind, s->encodings, s->temporal, seed);
    k->loss = w->loss;
    k->reorder = w->reorder;
    k->take_back = w->take_back;
    k->same_templates = same_templates;
    change_at_random(k, rebind);
    guint used = kit_check_without_holes(k);
    kit_free(k);
    return used;
}

/* Key frames that take back what was not sent yet of the picture before them: a frame without an end, and no number
 * missing. The head of the key frame may be what comes late. */
static void test_taken_back(gconstpointer shape)
{
    static const Weather weather = { .loss = 0.03, .reorder = 0.1, .take_back = 0.1 };
    guint used = 0;
    for (guint32 seed = 101; seed <= 160; seed++)
        used += endure(shape, seed, &weather, seed & 2, FALSE);
    g_test_message("%u packets a run", used / 60);
    g_assert_cmpuint(used, >, 60 * 400);
}

/* Nearly a third comes late, by seconds, so that much has been forgotten by then. */
static void test_very_late(gconstpointer shape)
{
    static const Weather weather = { .loss = 0.02, .reorder = 0.3 };
    guint used = 0;
    for (guint32 seed = 51; seed <= 90; seed++)
        used += endure(shape, seed, &weather, TRUE, seed & 1);
    g_test_message("%u packets a run", used / 40);
    g_assert_cmpuint(used, >, 40 * 100);
}

/* Without any wish for less, everything arrives and nothing is asked for after the first key frame. */
static void test_everything(gconstpointer data)
{
    const Shape *s = data;
    Kit *k = kit_new(s->kind, s->encodings, s->temporal, 31);
    int top = s->kind == KIT_DD_KSVC || s->kind == KIT_DD_SVC ? 8
              : s->kind == KIT_DD_L1T3                        ? (s->encodings - 1) << 6 | 2
                                       : LAYER_INDEX(s->encodings - 1, k->spatial - 1, s->temporal - 1);
    projection_set_target(&k->p, top, FORWARD_CAP);
    g_assert_true(projection_needs_keyframe(&k->p));
    for (int i = 0; i < 100; i++)
        kit_tick(k);
    g_assert_cmpint(k->keyframe_requests, ==, 0);
    g_assert_cmpint(projection_current_layer(&k->p), ==, top);
    g_assert_cmpint(kit_count(k, 0, s->encodings - 1, k->spatial - 1, -1), ==, 100);
    g_assert_cmpint(projection_reason(&k->p, k->now_us), ==, FORWARD_OK);
    for (guint i = 0; i < k->out->len; i++) { /* the marker ends every picture, once */
        const KitOut *o = &g_array_index(k->out, KitOut, i), *next = &g_array_index(k->out, KitOut, i + 1);
        if (i + 1 < k->out->len && o->eid == k->encodings - 1)
            g_assert_cmpint(o->marker, ==, o->ts != next->ts);
    }
    kit_check_numbers(k, TRUE);
    kit_free(k);
}

/* Lower targets end their pictures with a marker too, though the sender set it on a layer that was left out. */
static void test_markers(gconstpointer data)
{
    const Shape *s = data;
    Kit *k = kit_new(s->kind, s->encodings, s->temporal, 32);
    gboolean dd = s->kind == KIT_DD_KSVC || s->kind == KIT_DD_SVC;
    projection_set_target(&k->p, dd ? 5 : LAYER_INDEX(0, k->spatial > 1 ? 1 : 0, s->temporal - 1), FORWARD_CAP);
    for (int i = 0; i < 60; i++)
        kit_tick(k);
    for (guint i = 0; i + 1 < k->out->len; i++) {
        const KitOut *o = &g_array_index(k->out, KitOut, i), *next = &g_array_index(k->out, KitOut, i + 1);
        g_assert_cmpint(o->marker, ==, o->ts != next->ts);
    }
    if (k->spatial > 1) {
        g_assert_cmpint(kit_count(k, 0, 0, 1, -1), ==, 60);
        g_assert_cmpint(kit_count(k, 0, 0, 2, -1), ==, 0);
        int base = kit_count(k, 0, 0, 0, -1);
        g_assert_cmpint(base, ==, s->kind == KIT_VP9_SVC || s->kind == KIT_DD_SVC ? 60 : 1); /* key picture only */
    }
    kit_free(k);
}

static void test_temporal(gconstpointer data)
{
    const Shape *s = data;
    if (s->temporal != 3)
        return;
    Kit *k = kit_new(s->kind, 1, 3, 33);
    projection_set_target(&k->p, 0, FORWARD_CAP);
    for (int i = 0; i < 80; i++)
        kit_tick(k);
    g_assert_cmpint(kit_count(k, 0, 0, 0, -1), ==, 20);
    int from = (int)k->out->len;
    projection_set_target(&k->p, 2, FORWARD_CAP); /* the same for both kinds of index */
    for (int i = 0; i < 80; i++)
        kit_tick(k);
    g_assert_cmpint(kit_count(k, from, 0, 0, -1), >=, 76);
    g_assert_cmpint(k->keyframe_requests, ==, 0);
    kit_check_decodable(k);
    kit_check_numbers(k, TRUE);
    kit_free(k);
}

/* From any spatial layer to any other, asking for a key frame where that is the only way. */
static void test_spatial(gconstpointer data)
{
    const Shape *s = data;
    if (s->encodings > 1 || s->kind < KIT_VP9_SVC || s->kind == KIT_DD_L1T3 || s->kind > KIT_DD_SVC)
        return;
    gboolean dd = s->kind == KIT_DD_KSVC || s->kind == KIT_DD_SVC;
    static const int walk[] = { 0, 2, 1, 2, 0, 1, 2, 1, 0, 2 };
    Kit *k = kit_new(s->kind, 1, 3, 34);
    for (guint i = 0; i < G_N_ELEMENTS(walk); i++) {
        int target = dd ? walk[i] * 3 + 2 : LAYER_INDEX(0, walk[i], 2);
        projection_set_target(&k->p, target, FORWARD_CAP);
        for (int n = 0; n < 45; n++)
            kit_tick(k);
        int now = projection_current_layer(&k->p);
        g_assert_cmpint(dd ? now / 3 : LAYER_SID(now), ==, walk[i]);
    }
    kit_check_numbers(k, TRUE);
    kit_check_decodable(k);
    kit_free(k);
}

static void test_key_gate(void)
{
    Kit *k = kit_new(KIT_VP8, 3, 2, 1);
    for (int e = 0; e < 3; e++)
        k->key_due[e] = FALSE, k->since_key[e] = 2, k->last_ref[e][0][0] = 0;
    g_array_set_size(k->frames, 1);
    k->answer_requests = FALSE;
    projection_set_target(&k->p, LAYER_INDEX(2, 0, 1), FORWARD_CAP);
    for (int i = 0; i < 20; i++)
        kit_tick(k);
    g_assert_cmpuint(k->out->len, ==, 0);
    g_assert_true(projection_needs_keyframe(&k->p));
    g_assert_cmpint(projection_reason(&k->p, k->now_us), ==, FORWARD_WAITING_KEYFRAME);
    g_assert_cmpint(projection_reason(&k->p, k->now_us + 3000000), ==, FORWARD_NO_PACKETS);
    k->answer_requests = TRUE;
    kit_tick(k);
    kit_tick(k);
    g_assert_cmpint(projection_current_layer(&k->p) >> 6, ==, 2); /* climbs 0, 1, 2 with one group of key frames */
    g_assert_false(projection_needs_keyframe(&k->p));
    kit_check_numbers(k, TRUE);
    kit_free(k);
}

/* The best encoding stops (the sender adapted): fall back at the next key frame, without waiting for the allocator. */
static void test_encoding_stops(void)
{
    Kit *k = kit_new(KIT_VP8, 3, 2, 2);
    projection_set_target(&k->p, LAYER_INDEX(2, 0, 1), FORWARD_CAP);
    for (int i = 0; i < 30; i++)
        kit_tick(k);
    g_assert_cmpint(projection_current_layer(&k->p) >> 6, ==, 2);
    k->encodings = 2;
    for (int i = 0; i < 30; i++)
        kit_tick(k);
    g_assert_cmpint(projection_current_layer(&k->p) >> 6, ==, 1);
    k->encodings = 3;
    for (int i = 0; i < 30; i++)
        kit_tick(k);
    g_assert_cmpint(projection_current_layer(&k->p) >> 6, ==, 2);
    kit_check_numbers(k, TRUE);
    kit_check_decodable(k);
    kit_free(k);
}

/* While the wanted encoding runs well, key frames of lower ones do not pull the picture down. */
static void test_no_flicker(void)
{
    Kit *k = kit_new(KIT_VP8, 3, 2, 3);
    projection_set_target(&k->p, LAYER_INDEX(2, 0, 1), FORWARD_CAP);
    for (int i = 0; i < 30; i++)
        kit_tick(k);
    int from = (int)k->out->len;
    for (int e = 0; e < 3; e++)
        k->key_due[e] = TRUE;
    for (int i = 0; i < 30; i++)
        kit_tick(k);
    g_assert_cmpint(kit_count(k, from, 2, -1, -1), ==, 30);
    g_assert_cmpint(kit_count(k, from, 0, -1, -1) + kit_count(k, from, 1, -1, -1), ==, 0);
    kit_free(k);
}

/* A slot goes to another source and back: one stream, numbers and wall clock unbroken. */
static void test_remap(void)
{
    Kit *a = kit_new(KIT_VP8, 1, 2, 4), *b = kit_new(KIT_VP8, 1, 3, 5);
    projection_set_target(&a->p, 2, FORWARD_CAP);
    for (int i = 0; i < 50; i++)
        kit_tick(a);
    KitOut before = g_array_index(a->out, KitOut, a->out->len - 1);
    projection_bind(&a->p, NULL);
    g_assert_cmpint(projection_reason(&a->p, a->now_us), ==, FORWARD_UNMAPPED);
    b->now_us = a->now_us + 1000000;
    b->os.ssrc = a->os.ssrc;
    projection_bind(&b->p, &a->os);
    projection_set_target(&b->p, 2, FORWARD_CAP);
    for (int i = 0; i < 50; i++)
        kit_tick(b);
    KitOut after = g_array_index(b->out, KitOut, 0);
    g_assert_cmpuint((uint16_t)after.seq, ==, (uint16_t)(before.seq + 1));
    g_assert_cmpint(after.picture_id, ==, (before.picture_id + 1) & 0x7fff);
    g_assert_cmpint(after.tl0, ==, (before.tl0 + (before.tid == 0 || TRUE)) & 0xff);
    int64_t elapsed_us = after.now_us - before.now_us;
    g_assert_cmpint((int32_t)(after.ts - before.ts) - elapsed_us * 9 / 100, <=, 90);
    g_assert_cmpint((int32_t)(after.ts - before.ts) - elapsed_us * 9 / 100, >=, -90);
    /* both descriptors end on one picture id line */
    g_assert_cmpint(a->os.last_picture_id, ==, g_array_index(b->out, KitOut, b->out->len - 1).picture_id);
    kit_free(a);
    kit_free(b);
}

static void test_dd_template_ids(void)
{
    Kit *k = kit_new(KIT_DD_L1T3, 3, 3, 6);
    k->os.next_template_id = 62;
    projection_set_target(&k->p, 2 << 6 | 1, FORWARD_CAP);
    uint8_t expect = 62;
    for (int i = 0; i < 200; i++) {
        if (i % 40 == 0)
            k->key_due[0] = k->key_due[1] = k->key_due[2] = TRUE;
        kit_tick(k);
    }
    for (guint i = 0; i < k->out->len; i++) {
        const KitOut *o = &g_array_index(k->out, KitOut, i);
        g_assert_true(o->has_dd);
        if (o->dd.has_structure) {
            g_assert_cmpuint(o->dd.template_id, ==, expect); /* its first template */
            expect = (uint8_t)((expect + 4) % 64);
            g_assert_cmpint(o->dd.has_active_mask, ==, o->eid == 2); /* lower encodings on the way up: all */
            if (o->eid == 2)
                g_assert_cmphex(o->dd.active_mask, ==, 3); /* targets 0 and 1, not 2 */
        }
    }
    kit_check_numbers(k, TRUE);
    kit_free(k);
}

/* It turns out that the encodings were listed highest first: the next key frames begin with the right one, and the
 * numbers go on. */
static void test_new_order(void)
{
    Kit *k = kit_new(KIT_VP8, 3, 2, 21);
    projection_set_target(&k->p, LAYER_INDEX(0, 0, 1), FORWARD_CAP);
    for (int i = 0; i < 30; i++)
        kit_tick(k);
    int from = (int)k->out->len;
    g_assert_cmpint(kit_count(k, 0, 0, -1, -1), ==, 30);
    for (int e = 0; e < 3; e++)
        k->rank[e] = (uint8_t)(2 - e);
    k->order++;
    for (int i = 0; i < 30; i++)
        kit_tick(k);
    g_assert_cmpint(kit_count(k, from, 0, -1, -1), ==, 0);
    g_assert_cmpint(kit_count(k, from, 2, -1, -1), >=, 28); /* the one that is eid 0 now */
    g_assert_cmpint(projection_current_layer(&k->p) >> 6, ==, 0);
    projection_set_target(&k->p, LAYER_INDEX(2, 0, 1), FORWARD_CAP);
    for (int i = 0; i < 30; i++)
        kit_tick(k);
    g_assert_cmpint(projection_current_layer(&k->p) >> 6, ==, 2);
    g_assert_cmpint(g_array_index(k->out, KitOut, k->out->len - 1).eid, ==, 0);
    kit_check_numbers(k, TRUE);
    kit_check_decodable(k);
    kit_free(k);
}

static void test_sr(void)
{
    Kit *k = kit_new(KIT_VP8, 3, 2, 7);
    projection_set_target(&k->p, LAYER_INDEX(1, 0, 1), FORWARD_CAP);
    uint32_t ts;
    g_assert_false(projection_map_sr(&k->p, 1, 1000, &ts));
    for (int i = 0; i < 10; i++)
        kit_tick(k);
    g_assert_false(projection_map_sr(&k->p, 0, 1000, &ts));
    g_assert_false(projection_map_sr(&k->p, 2, 1000, &ts));
    g_assert_true(projection_map_sr(&k->p, 1, k->ts[1] - 2970, &ts));
    g_assert_cmpuint(ts, ==, g_array_index(k->out, KitOut, k->out->len - 1).ts);
    kit_free(k);
}

/* Suspended for a while on the same encoding: the sender's clock goes on counting. */
static void test_resume_clock(void)
{
    Kit *k = kit_new(KIT_VP8, 1, 2, 8);
    projection_set_target(&k->p, 1, FORWARD_CAP);
    for (int i = 0; i < 10; i++)
        kit_tick(k);
    uint32_t last = g_array_index(k->out, KitOut, k->out->len - 1).ts;
    int from = (int)k->out->len;
    projection_set_target(&k->p, LAYER_SUSPENDED, FORWARD_LAST_N);
    for (int i = 0; i < 10; i++)
        kit_tick(k);
    g_assert_cmpint((int)k->out->len, ==, from);
    g_assert_cmpint(projection_reason(&k->p, k->now_us), ==, FORWARD_LAST_N);
    g_assert_false(projection_needs_keyframe(&k->p));
    projection_set_target(&k->p, 1, FORWARD_CAP);
    k->key_due[0] = TRUE;
    kit_tick(k);
    g_assert_cmpuint(g_array_index(k->out, KitOut, from).ts - last, ==, 11 * 2970);
    kit_check_numbers(k, TRUE);
    kit_free(k);
}

static void test_malformed(void)
{
    Kit *k = kit_new(KIT_VP8, 1, 2, 9);
    projection_set_target(&k->p, 1, FORWARD_CAP);
    for (int i = 0; i < 5; i++)
        kit_tick(k);
    KitPacket bad = { .eid = 0, .uid = 0, .seq = k->seq[0]++, .len = 12, .bytes = { 0x80, 100 } };
    g_assert_cmpint(kit_feed(k, &bad), ==, PROJECTION_DROP);
    for (int i = 0; i < 5; i++)
        kit_tick(k);
    kit_check_numbers(k, TRUE);
    kit_free(k);
}

static void test_sender_restart(void)
{
    Kit *k = kit_new(KIT_VP8, 1, 2, 10);
    projection_set_target(&k->p, 1, FORWARD_CAP);
    for (int i = 0; i < 20; i++)
        kit_tick(k);
    k->raw_picture[0] += 9000;
    k->tl0[0] += 77;
    k->ts[0] += 0x7000000;
    k->key_due[0] = TRUE;
    for (int i = 0; i < 20; i++)
        kit_tick(k);
    g_assert_cmpint(kit_count(k, 0, -1, -1, -1), ==, 40);
    kit_check_numbers(k, TRUE);
    kit_free(k);
}

/* One VP8 frame in one packet; Chromium's pattern of two temporal layers: base, sync, base, not sync. */
static ProjectionVerdict feed_vp8(Projection *p, int64_t id, bool key, uint8_t tid, bool sync)
{
    uint8_t bytes[40] = { 0x80 };
    ProjectedPacket out;
    MediaPacket pkt = { .data = bytes, .len = sizeof(bytes), .seq = id, .codec = CODEC_VP8 };
    pkt.view =
        (RtpView){ .payload_off = 12, .payload_len = 28, .seq = (uint16_t)id, .ts = (uint32_t)id * 3000, .marker = 1 };
    pkt.frame = (FrameInfo){
        .id = id, .kind = FRAME_VP8, .tl0 = (uint8_t)(id / 2), .tid = tid, .keyframe = key, .start = true, .end = true
    };
    pkt.frame.u.vp8 = (Vp8View){ .picture_id = (uint16_t)id,
                                 .desc_len = 6,
                                 .picture_id_bits = 15,
                                 .picture_id_off = 2,
                                 .tl0_off = 4,
                                 .tid = tid,
                                 .has_tl0 = true,
                                 .has_tid = true,
                                 .layer_sync = sync,
                                 .start = true,
                                 .keyframe = key };
    return projection_accept(p, &pkt, id * 33333, &out);
}

/* A layer above the base begins with a frame marked as its sync: another may refer to one that was left out. */
static void test_vp8_layer_sync(void)
{
    static const struct {
        uint8_t tid;
        bool sync;
        int target;
        ProjectionVerdict want;
    } frames[] = {
        { 0, false, 0, PROJECTION_ACCEPT }, { 1, true, 0, PROJECTION_DROP },    { 0, false, 0, PROJECTION_ACCEPT },
        { 1, false, 1, PROJECTION_DROP },   { 0, false, 1, PROJECTION_ACCEPT }, { 1, true, 1, PROJECTION_ACCEPT },
        { 0, false, 1, PROJECTION_ACCEPT }, { 1, false, 1, PROJECTION_ACCEPT },
    };
    OutStream os;
    Projection *p = g_new0(Projection, 1);
    out_stream_init(&os, 7, 90000, 1, 1);
    projection_init(p, &os);
    for (gsize i = 0; i < G_N_ELEMENTS(frames); i++) {
        projection_set_target(p, frames[i].target, FORWARD_CAP);
        g_assert_cmpint(feed_vp8(p, 1000 + (int64_t)i, i == 0, frames[i].tid, frames[i].sync), ==, frames[i].want);
    }
    g_free(p);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    static const struct {
        const char *name;
        void (*run)(gconstpointer);
    } properties[] = {
        { "everything", test_everything },   { "markers", test_markers },     { "temporal", test_temporal },
        { "spatial", test_spatial },         { "clean", test_clean },         { "rebind", test_rebind },
        { "bad-network", test_bad_network }, { "very-late", test_very_late }, { "taken-back", test_taken_back },
    };
    for (gsize p = 0; p < G_N_ELEMENTS(properties); p++)
        for (gsize i = 0; i < G_N_ELEMENTS(shapes); i++) {
            g_autofree char *path = g_strdup_printf("/projection/%s/%s", properties[p].name, shapes[i].name);
            g_test_add_data_func(path, &shapes[i], properties[p].run);
        }
    g_test_add_func("/projection/key-gate", test_key_gate);
    g_test_add_func("/projection/encoding-stops", test_encoding_stops);
    g_test_add_func("/projection/no-flicker", test_no_flicker);
    g_test_add_func("/projection/remap", test_remap);
    g_test_add_func("/projection/dd-template-ids", test_dd_template_ids);
    g_test_add_func("/projection/new-order", test_new_order);
    g_test_add_func("/projection/sender-report", test_sr);
    g_test_add_func("/projection/resume-clock", test_resume_clock);
    g_test_add_func("/projection/malformed", test_malformed);
    g_test_add_func("/projection/sender-restart", test_sender_restart);
    g_test_add_func("/projection/vp8-layer-sync", test_vp8_layer_sync);
    return g_test_run();
}
