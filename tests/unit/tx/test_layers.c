/* SPDX-License-Identifier: Apache-2.0
 *
 * FrameParser numbering and SourceLayers, fed by the senders of media_kit. */
#include <math.h>
#include <string.h>
#include "media_kit.h"

static void read_vp8(FrameParser *fp, int64_t seq, uint32_t ts, unsigned picture_id, uint8_t tl0, FrameInfo *f)
{
    uint8_t b[] = { 0x90, 0xe0, (uint8_t)(0x80 | picture_id >> 8), (uint8_t)picture_id, tl0, 0, 0x11 };
    frame_parser_read(fp, CODEC_VP8, b, sizeof(b), seq, ts, true, NULL, 0, f);
}

static void test_numbering(void)
{
    FrameParser *fp = g_new0(FrameParser, 1);
    FrameInfo f;
    frame_parser_init(fp);
    struct {
        int64_t seq;
        uint32_t ts;
        unsigned pic;
        uint8_t tl0;
        int64_t id;
        int want_tl0;
        gboolean reset;
    } steps[] = {
        { 100, 0xfffffff0, 0x7ffe, 254, 0x7ffe, 254, FALSE },
        { 101, 3000, 0x7fff, 255, 0x7fff, 255, FALSE },
        { 104, 9000, 1, 1, 0x8001, 1, FALSE },      /* wrapped */
        { 103, 6000, 0, 0, 0x8000, 0, FALSE },      /* late */
        { 105, 12000, 400, 9, 0x8190, 9, FALSE },   /* lost many */
        { 107, 18000, 5001, 78, 0x8385, 10, TRUE }, /* started over, its own numbers jump; */
        { 106, 15000, 5000, 77, 0x8384, 9, FALSE }, /* late, none of those before */
        { 108, 21000, 4000, 3, 0x857a, 11, TRUE },  /* backwards */
        { 109, 24000, 4000, 4, 0x876f, 12, TRUE },  /* same id, another timestamp */
        { 110, 24000, 4000, 4, 0x876f, 12, FALSE },
    };
    for (gsize i = 0; i < G_N_ELEMENTS(steps); i++) {
        read_vp8(fp, steps[i].seq, steps[i].ts, steps[i].pic, steps[i].tl0, &f);
        g_assert_cmpint(f.kind, ==, FRAME_VP8);
        g_assert_cmpint(f.id, ==, steps[i].id);
        g_assert_cmpint(f.tl0, ==, steps[i].want_tl0);
        g_assert_cmpint(f.after_reset, ==, steps[i].reset);
    }
    read_vp8(fp, 102, 5000, 20000, 0, &f); /* from before the jump: its place is unknown */
    g_assert_cmpint(f.kind, ==, FRAME_OPAQUE);
    g_free(fp);
}

static void test_seven_bits(void)
{
    FrameParser *fp = g_new0(FrameParser, 1);
    FrameInfo f;
    int64_t last = 0;
    for (int i = 0; i < 1000; i++) { /* 7-bit ids, nine in ten pictures lost */
        uint8_t b[] = { 0x90, 0x80, (uint8_t)(i * 10 % 128), 0x11 };
        frame_parser_read(fp, CODEC_VP8, b, sizeof(b), 100 + i * 10, (uint32_t)i * 30000, true, NULL, 0, &f);
        g_assert_cmpint(f.id - last, ==, i ? 10 : 0);
        last = f.id;
    }
    g_free(fp);
}

static void test_codec_change(void)
{
    FrameParser *fp = g_new0(FrameParser, 1);
    FrameInfo f;
    read_vp8(fp, 10, 0, 9000, 1, &f);
    uint8_t vp9[] = { 0xac, 0x80, 0x01, 0x00, 0x07, 0x82 };
    frame_parser_read(fp, CODEC_VP9, vp9, sizeof(vp9), 11, 3000, true, NULL, 0, &f);
    g_assert_cmpint(f.kind, ==, FRAME_VP9);
    g_assert_cmpint(f.id, ==, 9501);
    g_assert_true(f.keyframe && f.start && f.end && f.after_reset);
    uint8_t h264[] = { 0x65, 0x88 };
    frame_parser_read(fp, CODEC_H264, h264, sizeof(h264), 12, 6000, true, NULL, 0, &f);
    g_assert_cmpint(f.kind, ==, FRAME_H264);
    g_assert_cmpint(f.id, ==, 90009502); /* timestamps: 1000 s for what is late */
    frame_parser_read(fp, CODEC_UNKNOWN, h264, sizeof(h264), 13, 6000, true, NULL, 0, &f);
    g_assert_cmpint(f.kind, ==, FRAME_OPAQUE);
    frame_parser_read(fp, CODEC_H264, h264, 0, 14, 9000, true, NULL, 0, &f);
    g_assert_cmpint(f.kind, ==, FRAME_OPAQUE);
    g_free(fp);
}

/* Packets of the time before a new structure are still read by the old one when they come late. */
static void test_structures(void)
{
    Kit *k = kit_new(KIT_DD_L1T3, 1, 3, 1);
    for (int i = 0; i < 40; i++) {
        k->key_due[0] = i % 8 == 0;
        kit_tick(k);
        g_assert_cmpint(k->pkt.frame.kind, ==, FRAME_DD);
        g_assert_nonnull(k->pkt.frame.structure);
        g_assert_cmpint(k->pkt.frame.tid, ==, g_array_index(k->frames, KitFrame, i).tid);
    }
    k->reorder = 0.3;
    for (int i = 0; i < 400; i++) {
        k->key_due[0] = i % 8 == 0;
        kit_tick(k);
    }
    g_assert_cmpint(k->late, >, 100);
    /* lost structure: known to be unknown */
    uint8_t dd[] = { 0xc7, 0x12, 0x34 };
    FrameParser *fp = g_new0(FrameParser, 1);
    FrameInfo f;
    frame_parser_read(fp, CODEC_AV1, dd, 3, 5, 6, true, dd, sizeof(dd), &f);
    g_assert_cmpint(f.kind, ==, FRAME_DD);
    g_assert_null(f.structure);
    g_assert_false(f.keyframe);
    g_free(fp);
    kit_free(k);
}

/* However many key frames bring the structure that is known already, a packet from before all of them is read. */
static void test_structure_repeated(void)
{
    for (int same = 0; same < 2; same++) {
        Kit *k = kit_new(KIT_DD_L1T3, 1, 3, 1);
        k->same_templates = same;
        k->max_packets = 1;
        kit_tick(k);
        k->reorder = 1;
        kit_tick(k);
        k->reorder = 0;
        KitPacket late = g_array_index(k->delayed, KitPacket, 0);
        g_array_set_size(k->delayed, 0);
        for (int i = 0; i < 2 * FRAME_STRUCTURES; i++) {
            k->key_due[0] = TRUE;
            kit_tick(k);
        }
        kit_parse(k, &late);
        g_assert_cmpint(k->pkt.frame.structure != NULL, ==, same);
        kit_free(k);
    }
}

static int find(const LayerTable *t, int index)
{
    for (int i = 0; i < t->count; i++)
        if (t->layer[i].index == index)
            return i;
    return -1;
}

/* So many pictures; returns the changes SourceLayers told of. */
static int feed(Kit *k, SourceLayers *sl, int pictures)
{
    int before = k->layer_changes;
    k->layers = sl;
    k->max_packets = 1;
    for (int i = 0; i < pictures; i++)
        kit_tick(k);
    return k->layer_changes - before;
}

static void test_simulcast(void)
{
    Kit *k = kit_new(KIT_VP8, 3, 3, 2);
    SourceLayers sl;
    LayerTable t;
    source_layers_init(&sl, 3);
    source_layers_snapshot(&sl, 0, &t);
    g_assert_cmpint(t.count, ==, 9);
    g_assert_cmpint(t.layer[find(&t, LAYER_INDEX(2, 0, 2))].height, ==, 720);
    g_assert_cmpint(t.layer[0].rate_bps, ==, 0);
    g_assert_cmpint(feed(k, &sl, 1), ==, 3); /* each encoding's first */
    int changes = feed(k, &sl, 3);
    g_assert_cmpint(changes, ==, 6); /* two more temporal layers each */
    g_assert_cmpint(feed(k, &sl, 200), ==, 0);
    source_layers_snapshot(&sl, k->now_us, &t);
    g_assert_cmpint(t.count, ==, 9);
    int low = find(&t, LAYER_INDEX(0, 0, 0)), all = find(&t, LAYER_INDEX(0, 0, 2));
    double full = (double)k->pkt.len * 8 / 0.033;
    g_assert_cmpfloat(fabs(t.layer[all].rate_bps - full), <, full * 0.1);
    g_assert_cmpfloat(fabs(t.layer[low].rate_bps - full / 4), <, full * 0.05);
    g_assert_cmpuint(source_layers_rate(&sl, LAYER_INDEX(0, 0, 2), k->now_us), ==, t.layer[all].rate_bps);
    g_assert_cmpuint(source_layers_rate(&sl, LAYER_INDEX(0, 5, 2), k->now_us), ==, 0);
    g_assert_cmpuint(source_layers_rate(&sl, -1, k->now_us), ==, 0);
    g_assert_cmpuint(t.layer[all].height, ==, 180); /* from the key frame: 320x180 */
    k->encodings = 2;                               /* the best one stops */
    g_assert_cmpint(feed(k, &sl, 150), ==, 0);
    g_assert_true(source_layers_tick(&sl, k->now_us));
    g_assert_false(source_layers_tick(&sl, k->now_us));
    g_assert_cmpuint(source_layers_rate(&sl, LAYER_INDEX(2, 0, 2), k->now_us), ==, 0);
    k->encodings = 3;
    g_assert_cmpint(feed(k, &sl, 1), ==, 1); /* back again */
    kit_free(k);
}

static void test_svc(gconstpointer data)
{
    KitKind kind = (KitKind)GPOINTER_TO_INT(data);
    Kit *k = kit_new(kind, 1, 3, 3);
    SourceLayers sl;
    LayerTable t;
    source_layers_init(&sl, 3);
    g_assert_cmpint(feed(k, &sl, 1), >=, 1);
    source_layers_snapshot(&sl, k->now_us, &t);
    g_assert_cmpint(t.count, ==, 9); /* the two other SSRCs are unused simulcast ones */
    feed(k, &sl, 4);
    g_assert_cmpint(feed(k, &sl, 200), ==, 0);
    source_layers_snapshot(&sl, k->now_us, &t);
    gboolean dd = kind >= KIT_DD_L1T3;
    int top = find(&t, dd ? 8 : LAYER_INDEX(0, 2, 2)), base = find(&t, dd ? 2 : LAYER_INDEX(0, 0, 2));
    g_assert_cmpint(top, >=, 0);
    g_assert_cmpint(base, >=, 0);
    g_assert_cmpuint(t.layer[top].height, ==, 720);
    g_assert_cmpuint(t.layer[base].height, ==, 180);
    g_assert_cmpfloat(t.layer[top].fps, ==, 30);
    double ratio = (double)t.layer[top].rate_bps / t.layer[base].rate_bps;
    if (kind == KIT_VP9_SVC || kind == KIT_DD_SVC)
        g_assert_cmpfloat(fabs(ratio - 3), <, 0.2); /* lower layers are part of it */
    else
        g_assert_cmpfloat(fabs(ratio - 1), <, 0.2);
    kit_free(k);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/frame_info/numbering", test_numbering);
    g_test_add_func("/frame_info/seven-bits", test_seven_bits);
    g_test_add_func("/frame_info/codec-change", test_codec_change);
    g_test_add_func("/frame_info/structures", test_structures);
    g_test_add_func("/frame_info/structure-repeated", test_structure_repeated);
    g_test_add_func("/source_layers/simulcast", test_simulcast);
    g_test_add_data_func("/source_layers/vp9-svc", GINT_TO_POINTER(KIT_VP9_SVC), test_svc);
    g_test_add_data_func("/source_layers/vp9-ksvc", GINT_TO_POINTER(KIT_VP9_KSVC), test_svc);
    g_test_add_data_func("/source_layers/av1-ksvc", GINT_TO_POINTER(KIT_DD_KSVC), test_svc);
    g_test_add_data_func("/source_layers/av1-svc", GINT_TO_POINTER(KIT_DD_SVC), test_svc);
    return g_test_run();
}
