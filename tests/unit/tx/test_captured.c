/* SPDX-License-Identifier: Apache-2.0
 *
 * What Chromium's encoders really send, through parser, layer table and projection. tests/vectors/media: one packet a
 * line, "<encoding> <time, us> <payload bytes> <hex of the packet, payload cut short>", padding-only packets left out
 * and closed up. Extensions have the ids that the focus offers; the plain ones are without dependency descriptors. */
#include <string.h>
#include "bridge/tx/projection.h"
#include "common/rtp/rtp_ext.h"
#include "common/rtp/vla.h"

#include <glib.h>

#define DD_ID 11
#define VLA_ID 12

typedef struct {
    int eid;
    int64_t us;
    uint8_t *bytes;
    gsize len;
} Captured;

typedef struct {
    const char *file;
    MediaCodec codec;
    FrameKind kind;
    int encodings;
    int targets[6]; /* layer indexes to try */
    int target_count;
} Capture;

static const Capture captures[] = {
    { "vp8-simulcast-l1t3", CODEC_VP8, FRAME_DD, 3, { 0, 1, 2, 64, 66, 130 }, 6 },
    { "vp8-simulcast-plain", CODEC_VP8, FRAME_VP8, 3, { 0, 1, 2, 64, 66, 130 }, 6 },
    { "vp9-l1t3-plain", CODEC_VP9, FRAME_VP9, 1, { 0, 1, 2 }, 3 },
    { "h264-simulcast-plain", CODEC_H264, FRAME_H264, 3, { 0, 64, 128 }, 3 },
    { "vp9-l3t3-key", CODEC_VP9, FRAME_VP9, 1, { 0, 2, 8, 10, 16, 18 }, 6 },
    { "vp9-l3t3", CODEC_VP9, FRAME_VP9, 1, { 0, 2, 8, 10, 16, 18 }, 6 },
    { "av1-l3t3-key", CODEC_AV1, FRAME_DD, 1, { 0, 2, 3, 5, 6, 8 }, 6 },
    { "av1-l1t3", CODEC_AV1, FRAME_DD, 1, { 0, 1, 2 }, 3 },
    { "av1-simulcast-l1t3", CODEC_AV1, FRAME_DD, 3, { 0, 2, 64, 66, 128, 130 }, 6 },
    { "h264-simulcast-l1t3", CODEC_H264, FRAME_DD, 3, { 0, 2, 64, 66, 128, 130 }, 6 },
};

static void captured_free(gpointer data)
{
    Captured *c = data;
    g_free(c->bytes);
    g_free(c);
}

static GPtrArray *load(const char *name)
{
    g_autofree char *file = g_strdup_printf("%s.txt", name);
    g_autofree char *path = g_getenv("CAPTURES")
                                ? g_build_filename(g_getenv("CAPTURES"), file, NULL)
                                : g_test_build_filename(G_TEST_DIST, "tests", "vectors", "media", file, NULL);
    g_autofree char *text = NULL;
    g_autoptr(GError) error = NULL;
    g_file_get_contents(path, &text, NULL, &error);
    g_assert_no_error(error);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    GPtrArray *out = g_ptr_array_new_with_free_func(captured_free);
    for (char **l = lines; *l; l++) {
        g_auto(GStrv) f = g_strsplit(*l, " ", 4);
        if (**l == '#' || g_strv_length(f) != 4)
            continue;
        Captured *c = g_new0(Captured, 1);
        c->eid = atoi(f[0]);
        c->us = g_ascii_strtoll(f[1], NULL, 10);
        c->len = strlen(f[3]) / 2;
        c->bytes = g_malloc(c->len);
        for (gsize i = 0; i < c->len; i++)
            c->bytes[i] = (uint8_t)(g_ascii_xdigit_value(f[3][2 * i]) << 4 | g_ascii_xdigit_value(f[3][2 * i + 1]));
        g_ptr_array_add(out, c);
    }
    g_assert_cmpuint(out->len, >, 50);
    return out;
}

typedef struct {
    Projection p;
    OutStream os;
    FrameParser parser[SOURCE_MAX_ENCODINGS];
    SourceLayers layers;
    int64_t seq[SOURCE_MAX_ENCODINGS];
    /* receiver */
    DdStructure structure;
    gboolean structure_known;
    GHashTable *have; /* frame numbers, or picture id * 8 + sid, that came out */
    int64_t top_seq;
    uint32_t top_ts;
    int top_marker, unmarked, frames, keys, top_pic, top_tl0;
} Replay;

static void parse(Replay *r, const Capture *cap, const Captured *c, MediaPacket *pkt)
{
    RtpExtElement e;
    RtpExtIter it;
    memset(pkt, 0, sizeof(*pkt));
    g_assert_cmpint(rtp_view_parse(c->bytes, c->len, &pkt->view), ==, RTP_OK);
    int64_t *top = &r->seq[c->eid];
    *top = *top ? *top + (int16_t)(uint16_t)(pkt->view.seq - (uint16_t)*top) : 65536 + pkt->view.seq;
    pkt->data = c->bytes;
    pkt->len = c->len;
    pkt->arrival_us = c->us;
    pkt->seq = *top;
    pkt->codec = (uint8_t)cap->codec;
    pkt->eid = (uint8_t)c->eid;
    rtp_ext_iter_init(&it, c->bytes, &pkt->view);
    while (rtp_ext_next(&it, &e))
        if (e.id == DD_ID)
            pkt->ext[MEDIA_EXT_DEPENDENCY_DESCRIPTOR] =
                (MediaExtPos){ .off = (uint16_t)e.off, .len = e.len, .id = e.id };
    const MediaExtPos *dd = &pkt->ext[MEDIA_EXT_DEPENDENCY_DESCRIPTOR];
    frame_parser_read(&r->parser[c->eid], cap->codec, c->bytes + pkt->view.payload_off, pkt->view.payload_len, pkt->seq,
                      pkt->view.ts, pkt->view.marker, dd->off ? c->bytes + dd->off : NULL, dd->len, &pkt->frame);
}

static void need(Replay *r, int64_t key, const char *what)
{
    if (!g_hash_table_contains(r->have, GSIZE_TO_POINTER((gsize)key + 1)))
        g_error("%s %d was not forwarded", what, (int)key);
}

/* The receiver's decoder: everything a frame refers to must have come. */
static void receive(Replay *r, const MediaPacket *pkt, const ProjectedPacket *out)
{
    uint8_t payload[64];
    size_t n = MIN(pkt->view.payload_len, sizeof(payload));
    memcpy(payload, pkt->data + pkt->view.payload_off, n);
    memcpy(payload, out->patch, out->patch_len);
    gboolean first = r->top_seq < 0, new_frame = first || out->ts != r->top_ts;
    int64_t seq = first ? out->seq : r->top_seq + (int16_t)(uint16_t)(out->seq - (uint16_t)r->top_seq);
    if (!first) { /* Chromium cuts frames short when a key frame overtakes them: such a wound stays visible */
        g_assert_cmpint(seq, >=, r->top_seq + 1);
        g_assert_cmpint(seq, <=, r->top_seq + 2 - r->top_marker);
    }
    if (new_frame && !first) {
        g_assert_cmpint((int32_t)(out->ts - r->top_ts), >, 0);
        r->unmarked += !r->top_marker;
    } else if (!first) {
        g_assert_cmpint(r->top_marker, ==, 0); /* nothing of a picture comes after its marker */
    }
    r->frames += new_frame;
    r->keys += pkt->frame.keyframe && pkt->frame.start;
    int64_t key = -1;
    if (pkt->frame.kind == FRAME_VP8) {
        Vp8View v;
        g_assert_true(vp8_parse(payload, n, &v));
        if (new_frame && !first) {
            g_assert_cmpint(v.picture_id, ==, (r->top_pic + 1) & 0x7fff);
            g_assert_cmpint(v.tl0, ==, (r->top_tl0 + (v.tid == 0)) & 0xff);
        }
        r->top_pic = v.picture_id;
        r->top_tl0 = v.tl0;
    } else if (pkt->frame.kind == FRAME_VP9) {
        Vp9View v;
        g_assert_true(vp9_parse(payload, n, &v));
        key = v.picture_id * 8 + v.sid;
        if (v.start && v.inter_layer)
            need(r, key - 1, "layer below");
        for (int i = 0; v.start && i < v.p_diff_count; i++)
            need(r, ((v.picture_id - v.p_diff[i]) & 0x7fff) * 8 + v.sid, "picture layer");
        if (v.start && v.inter_picture)
            g_assert_true(v.p_diff_count > 0 || !v.flexible);
    } else if (pkt->frame.kind == FRAME_DD) {
        static DdStructure fresh;
        DdView v;
        g_assert_cmpint(dd_parse(out->dd, out->dd_len, r->structure_known ? &r->structure : NULL, &fresh, &v), ==,
                        DD_OK);
        if (v.has_structure) {
            r->structure = fresh;
            r->structure_known = TRUE;
        }
        key = v.frame_number;
        for (int i = 0; i < v.fdiff_count; i++)
            need(r, (v.frame_number - v.fdiff[i]) & 0xffff, "frame");
    }
    if (key >= 0 && pkt->frame.end)
        g_hash_table_add(r->have, GSIZE_TO_POINTER((gsize)key + 1));
    r->top_seq = seq;
    r->top_ts = out->ts;
    r->top_marker = out->marker;
}

static Replay *replay(const Capture *cap, GPtrArray *packets, const int *targets, int target_count, int change_every)
{
    Replay *r = g_new0(Replay, 1);
    out_stream_init(&r->os, 7, 90000, 32760, 0xfffffff0);
    projection_init(&r->p, &r->os);
    projection_set_target(&r->p, targets[0], FORWARD_CAP);
    source_layers_init(&r->layers, cap->encodings);
    r->have = g_hash_table_new(NULL, NULL);
    r->top_seq = -1;
    for (guint i = 0; i < packets->len; i++) {
        const Captured *c = g_ptr_array_index(packets, i);
        MediaPacket pkt;
        ProjectedPacket out;
        parse(r, cap, c, &pkt);
        g_assert_cmpint(pkt.frame.kind, ==, cap->kind);
        g_assert_false(pkt.frame.after_reset);
        source_layers_packet(&r->layers, &pkt);
        if (change_every && i % (guint)change_every == (guint)change_every - 1)
            projection_set_target(&r->p, targets[i / (guint)change_every % (guint)target_count], FORWARD_CAP);
        if (projection_accept(&r->p, &pkt, c->us, &out) == PROJECTION_ACCEPT)
            receive(r, &pkt, &out);
    }
    return r;
}

static void replay_free(Replay *r)
{
    g_hash_table_unref(r->have);
    g_free(r);
}

static void test_targets(gconstpointer data)
{
    const Capture *cap = data;
    g_autoptr(GPtrArray) packets = load(cap->file);
    int frames = 0;
    for (int t = 0; t < cap->target_count; t++) {
        Replay *r = replay(cap, packets, &cap->targets[t], 1, 0);
        g_assert_cmpint(r->frames, >, 5);
        g_assert_cmpint(r->keys, >, 0);
        g_test_message("%s target %d: %d frames, %d key, %d unmarked, layer %d", cap->file, cap->targets[t], r->frames,
                       r->keys, r->unmarked, projection_current_layer(&r->p));
        if (t > 0 && LAYER_EID(cap->targets[t]) == LAYER_EID(cap->targets[t - 1]) &&
            LAYER_SID(cap->targets[t]) == LAYER_SID(cap->targets[t - 1]) && cap->kind != FRAME_DD)
            g_assert_cmpint(r->frames, >=, frames);
        frames = r->frames;
        replay_free(r);
    }
}

static void test_changing(gconstpointer data)
{
    const Capture *cap = data;
    g_autoptr(GPtrArray) packets = load(cap->file);
    for (int every = 7; every < 90; every += 20) {
        Replay *r = replay(cap, packets, cap->targets, cap->target_count, every);
        g_assert_cmpint(r->frames, >, 5);
        replay_free(r);
    }
}

static void test_layers(gconstpointer data)
{
    const Capture *cap = data;
    g_autoptr(GPtrArray) packets = load(cap->file);
    Replay *r = replay(cap, packets, cap->targets, 1, 0);
    const Captured *last = g_ptr_array_index(packets, packets->len - 1);
    LayerTable t;
    source_layers_snapshot(&r->layers, last->us, &t);
    g_assert_cmpuint(t.count, >=, 3);
    gboolean any = FALSE;
    for (int i = 0; i < t.count; i++) {
        g_test_message("%s layer %d: %u px %.1f fps %u bit/s", cap->file, t.layer[i].index, t.layer[i].height,
                       (double)t.layer[i].fps, t.layer[i].rate_bps);
        any |= t.layer[i].rate_bps > 0;
    }
    g_assert_true(any);
    replay_free(r);
}

/* What Chromium says of its layers is what its pictures are, whichever encoding says it. */
static void test_said(gconstpointer data)
{
    const Capture *cap = data;
    g_autoptr(GPtrArray) packets = load(cap->file);
    g_autofree Replay *r = g_new0(Replay, 1);
    unsigned said = 0, compared = 0;
    for (guint i = 0; i < packets->len; i++) {
        const Captured *c = g_ptr_array_index(packets, i);
        MediaPacket pkt;
        RtpExtElement e;
        VlaView v;
        parse(r, cap, c, &pkt);
        if (!rtp_ext_find(c->bytes, &pkt.view, VLA_ID, &e))
            continue;
        g_assert_true(vla_parse(c->bytes + e.off, e.len, &v));
        said++;
        g_assert_cmpuint(v.streams, <=, cap->encodings);
        g_assert_true(vla_stream_is_sent(&v, v.stream));
        g_assert_cmpuint(v.stream, ==, c->eid);
        if (cap->encodings == 1 || !pkt.frame.height || !v.has_sizes)
            continue;
        compared++;
        g_assert_cmpuint(vla_stream_height(&v, v.stream), ==, pkt.frame.height);
    }
    g_test_message("%s: said %u times, compared %u", cap->file, said, compared);
    g_assert_cmpuint(said, >, 2);
    bool shows_size = cap->codec != CODEC_H264 || cap->kind != FRAME_DD; /* Chromium's descriptor of H.264 does not */
    g_assert_true(cap->encodings == 1 || (compared > 2) == shows_size);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(captures); i++) {
        g_autofree char *targets = g_strdup_printf("/captured/%s/targets", captures[i].file);
        g_autofree char *changing = g_strdup_printf("/captured/%s/changing", captures[i].file);
        g_autofree char *layers = g_strdup_printf("/captured/%s/layers", captures[i].file);
        g_test_add_data_func(targets, &captures[i], test_targets);
        g_test_add_data_func(changing, &captures[i], test_changing);
        g_autofree char *said = g_strdup_printf("/captured/%s/said", captures[i].file);
        g_test_add_data_func(layers, &captures[i], test_layers);
        g_test_add_data_func(said, &captures[i], test_said);
    }
    return g_test_run();
}
