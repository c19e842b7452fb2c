/* SPDX-License-Identifier: Apache-2.0
 *
 * What a projection does with packets that come late, rule by rule; test_projection has the properties. */
#include "media_kit.h"

typedef struct {
    const char *name;
    KitKind kind;
} Shape;

static const Shape shapes[] = {
    { "vp8", KIT_VP8 },           { "vp9-svc", KIT_VP9_SVC },
    { "vp9-ksvc", KIT_VP9_KSVC }, { "vp9-flexible", KIT_VP9_FLEX },
    { "av1-l1t3", KIT_DD_L1T3 },  { "av1-ksvc", KIT_DD_KSVC },
    { "av1-svc", KIT_DD_SVC },
};

/* What was delayed of one spatial layer arrives; -1: of all. Of the newest picture first. */
static void arrive(Kit *k, int sid)
{
    for (guint i = k->delayed->len; i-- > 0;) {
        KitPacket raw = g_array_index(k->delayed, KitPacket, i);
        if (sid >= 0 && g_array_index(k->frames, KitFrame, raw.uid).sid != sid)
            continue;
        g_array_remove_index(k->delayed, i);
        kit_feed(k, &raw);
    }
}

static gint by_seq(gconstpointer a, gconstpointer b)
{
    return ((const KitOut *)a)->seq < ((const KitOut *)b)->seq ? -1 : 1;
}

static void check_markers(Kit *k)
{
    g_autoptr(GArray) out = g_array_copy(k->out);
    g_array_sort(out, by_seq);
    for (guint i = 0; i + 1 < out->len; i++) {
        const KitOut *o = &g_array_index(out, KitOut, i), *next = &g_array_index(out, KitOut, i + 1);
        g_assert_cmpint(o->marker, ==, o->ts != next->ts);
    }
}

/* The sender's numbers jump, and the key frame that they jump with is overtaken: what is late still has numbers of its
 * own, other than those of the frames before. */
static void test_restart_overtaken(gconstpointer data)
{
    const Shape *s = data;
    Kit *k = kit_new(s->kind, 1, 3, 41);
    k->max_packets = 1;
    k->same_templates = TRUE;
    projection_set_target(&k->p, s->kind >= KIT_DD_L1T3 ? 1 : LAYER_INDEX(0, 0, 1), FORWARD_CAP);
    for (int i = 0; i < 21; i++)
        kit_tick(k);
    k->raw_picture[0] += 9000;
    k->tl0[0] += 77;
    k->key_due[0] = TRUE;
    k->reorder = 1;
    for (int i = 0; i < 3; i++)
        kit_tick(k);
    arrive(k, -1);
    k->reorder = 0;
    for (int i = 0; i < 40; i++)
        kit_tick(k);
    g_assert_cmpint(k->keyframe_requests, >, 0);
    g_assert_cmpint(kit_count(k, (int)k->out->len - 8, 0, 0, -1), ==, 8);
    kit_check_numbers(k, FALSE);
    kit_check_decodable(k);
    kit_free(k);
}

/* A picture that comes when another layer is forwarded already is cut as those around it were. */
static void test_layer(gconstpointer data)
{
    const Shape *s = data;
    gboolean dd = s->kind >= KIT_DD_L1T3, full = s->kind == KIT_VP9_SVC || s->kind == KIT_DD_SVC;
    for (int from = 0; from < 3; from++) {
        int to = (from + 1) % 3;
        Kit *k = kit_new(s->kind, 1, 3, 42);
        projection_set_target(&k->p, dd ? from * 3 + 2 : LAYER_INDEX(0, from, 2), FORWARD_CAP);
        for (int i = 0; i < 20; i++)
            kit_tick(k);
        k->reorder = 1;
        kit_tick(k); /* T0 */
        kit_tick(k); /* T2 */
        k->reorder = 0;
        k->same_templates = TRUE;
        projection_set_target(&k->p, dd ? to * 3 + 2 : LAYER_INDEX(0, to, 2), FORWARD_CAP);
        k->key_due[0] = TRUE;
        kit_tick(k);
        g_assert_cmpint(projection_current_layer(&k->p), ==, dd ? to * 3 + 2 : LAYER_INDEX(0, to, 0));
        int before = (int)k->out->len;
        kit_flush(k);
        for (int sid = 0; sid < 3; sid++)
            g_assert_cmpint(kit_count(k, before, 0, sid, -1) > 0, ==, sid == from || (full && sid < from));
        for (int i = 0; i < 9; i++)
            kit_tick(k);
        g_assert_cmpint(k->keyframe_requests, ==, 0);
        check_markers(k);
        kit_check_numbers(k, TRUE);
        kit_check_decodable(k);
        kit_free(k);
    }
}

/* Where the layer below is not sent along, its frames of the past are no reason to go down to it, and one that has not
 * come yet is none either: it would not go out. */
static void test_no_climb(gconstpointer data)
{
    const Shape *s = data;
    gboolean dd = s->kind >= KIT_DD_L1T3;
    Kit *k = kit_new(s->kind, 1, 3, 43);
    k->answer_requests = FALSE;
    projection_set_target(&k->p, dd ? 5 : LAYER_INDEX(0, 1, 2), FORWARD_CAP);
    for (int i = 0; i < 4; i++)
        kit_tick(k);
    int before = (int)k->out->len;
    k->reorder = 1;
    kit_tick(k); /* T0 */
    arrive(k, 2);
    arrive(k, 1);
    k->reorder = 0;
    projection_set_target(&k->p, dd ? 2 : LAYER_INDEX(0, 0, 2), FORWARD_CAP);
    kit_tick(k);
    kit_tick(k);
    arrive(k, 0);
    for (int i = 0; i < 9; i++)
        kit_tick(k);
    g_assert_cmpint(kit_count(k, before, 0, 0, -1), ==, 0);
    g_assert_cmpint(kit_count(k, before, 0, 1, -1), ==, 12);
    g_assert_true(projection_needs_keyframe(&k->p));
    check_markers(k);
    kit_check_decodable(k);
    kit_free(k);
}

/* A late packet that cannot be understood may be part of a frame that went out: its number stays open. */
static void test_malformed(void)
{
    Kit *k = kit_new(KIT_VP8, 1, 2, 44);
    projection_set_target(&k->p, 1, FORWARD_CAP);
    for (int i = 0; i < 5; i++)
        kit_tick(k);
    KitPacket bad = { .seq = k->seq[0]++, .len = 12, .bytes = { 0x80, 100 } };
    kit_tick(k);
    g_assert_false(projection_needs_keyframe(&k->p));
    g_assert_cmpint(kit_feed(k, &bad), ==, PROJECTION_DROP);
    g_assert_true(projection_needs_keyframe(&k->p));
    kit_free(k);
}

/* The second of three packets, in order: what went out of its frame has a hole, and none of another frame has. */
static void test_malformed_within(void)
{
    for (int within = 0; within < 2; within++) {
        Kit *k = kit_new(KIT_VP8, 1, 2, 45);
        k->max_packets = 1;
        projection_set_target(&k->p, 1, FORWARD_CAP);
        for (int i = 0; i < 5; i++)
            kit_tick(k);
        KitPacket bad = { .seq = k->seq[0]++, .len = 12, .bytes = { 0x80, 100 } };
        k->p.prev_end = !within; /* as if more of the frame had been announced */
        g_assert_cmpint(kit_feed(k, &bad), ==, PROJECTION_DROP);
        g_assert_cmpint(projection_needs_keyframe(&k->p), ==, within);
        int64_t before = k->out_top;
        kit_tick(k);
        g_assert_cmpint(k->out_top - before, ==, 1 + within);
        kit_free(k);
    }
}

/* The structure that a late packet was made by has been forgotten, after the rest of its frame went out: nobody is told
 * that nothing is lost. */
static void test_structure_forgotten(void)
{
    Kit *k = kit_new(KIT_DD_L1T3, 1, 3, 46);
    projection_set_target(&k->p, 2, FORWARD_CAP);
    kit_tick(k);
    k->reorder = 1;
    do
        kit_tick(k);
    while (g_array_index(k->frames, KitFrame, k->frames->len - 1).packets < 3);
    k->reorder = 0;
    guint head_at = k->delayed->len - 3;
    KitPacket head = g_array_index(k->delayed, KitPacket, head_at);
    while (head.part != 0)
        head = g_array_index(k->delayed, KitPacket, --head_at);
    g_array_remove_index(k->delayed, head_at);
    kit_flush(k);
    for (int i = 0; i < 2 * FRAME_STRUCTURES; i++) {
        k->key_due[0] = TRUE;
        kit_tick(k);
    }
    g_assert_false(projection_needs_keyframe(&k->p));
    g_assert_cmpint(kit_feed(k, &head), ==, PROJECTION_DROP);
    g_assert_null(k->pkt.frame.structure);
    g_assert_true(projection_needs_keyframe(&k->p));
    kit_check_without_holes(k);
    kit_free(k);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(shapes); i++) {
        const Shape *s = &shapes[i];
        g_autofree char *restart = g_strdup_printf("/late/restart-overtaken/%s", s->name);
        g_autofree char *layer = g_strdup_printf("/late/layer/%s", s->name);
        g_autofree char *climb = g_strdup_printf("/late/no-climb/%s", s->name);
        gboolean one =
            s->kind == KIT_DD_KSVC || s->kind == KIT_VP9_KSVC || s->kind == KIT_VP9_FLEX; /* layer at a time */
        g_test_add_data_func(restart, s, test_restart_overtaken);
        if (one || s->kind == KIT_DD_SVC || s->kind == KIT_VP9_SVC)
            g_test_add_data_func(layer, s, test_layer);
        if (one)
            g_test_add_data_func(climb, s, test_no_climb);
    }
    g_test_add_func("/late/malformed", test_malformed);
    g_test_add_func("/late/malformed-within", test_malformed_within);
    g_test_add_func("/late/structure-forgotten", test_structure_forgotten);
    return g_test_run();
}
