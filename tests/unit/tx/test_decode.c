/* SPDX-License-Identifier: Apache-2.0
 *
 * Decoders are never fed a broken reference: more than a minute of Chromium's streams through parser and projection
 * under random switching, suspension, re-mapping and reordering, then through GStreamer's decoders. Every picture has
 * to come out bit for bit as it does when nothing is left out of its encoding and the layers up to its own.
 * tests/vectors/media/whole: as tests/vectors/media, with whole payloads; made by record.mjs there. */
#include <string.h>
#include "bridge/tx/projection.h"
#include "common/rtp/rtp_ext.h"
#include "tests/unit/tx/decode_check.h"

#define DD_ID 13
#define STREAM_US 62000000
#define PASS_GAP_US 100000
#define LATE_ONE_IN 80 /* packets, one of them late */
#define LATE_MAX 3     /* packets that may overtake one, and one more */
#define MISSED_MAX 4   /* of about 200 packets that come late */

typedef struct {
    const char *file;
    MediaCodec codec;
    FrameKind kind;
    int encodings, sids;
    int targets[7];
    int target_count;
} Capture;

static const Capture captures[] = {
    { "vp8-simulcast", CODEC_VP8, FRAME_VP8, 3, 1, { 0, 1, 64, 65, 128, 129 }, 6 },
    { "h264-simulcast", CODEC_H264, FRAME_H264, 3, 1, { 0, 64, 128 }, 3 },
    { "vp9-l3t3-key", CODEC_VP9, FRAME_VP9, 1, 3, { 0, 2, 8, 9, 10, 16, 18 }, 7 },
    { "vp9-l3t3", CODEC_VP9, FRAME_VP9, 1, 3, { 0, 2, 8, 9, 10, 16, 18 }, 7 },
    { "av1-l1t3", CODEC_AV1, FRAME_DD, 1, 1, { 0, 1, 2 }, 3 },
    { "av1-l3t3-key", CODEC_AV1, FRAME_DD, 1, 3, { 0, 2, 3, 4, 5, 6, 8 }, 7 },
};

/* One packet as the bridge receives it. */
typedef struct {
    int eid, sid;
    int64_t us, seq;
    uint32_t source_ts; /* as captured: together with the encoding it names the picture in every pass */
    gsize len;
    uint8_t *bytes;
    MediaPacket pkt;
} Sent;

typedef struct {
    const Capture *cap;
    GPtrArray *captured; /* Sent, parsed, one pass, from each encoding's first key frame on */
    int64_t pass_us;
    GHashTable *sums[SOURCE_MAX_ENCODINGS][3]; /* source ts -> DecodedFrame, of all layers up to that sid */
} Material;

static void sent_free(gpointer data)
{
    Sent *s = data;
    g_free(s->bytes);
    g_free(s);
}

static void parse(const Capture *cap, Sent *s, FrameParser *fp)
{
    RtpExtElement e;
    RtpExtIter it;
    MediaPacket *p = &s->pkt;
    memset(p, 0, sizeof(*p));
    g_assert_cmpint(rtp_view_parse(s->bytes, s->len, &p->view), ==, RTP_OK);
    p->data = s->bytes;
    p->len = s->len;
    p->arrival_us = s->us;
    p->seq = s->seq;
    p->codec = (uint8_t)cap->codec;
    p->eid = (uint8_t)s->eid;
    rtp_ext_iter_init(&it, s->bytes, &p->view);
    while (rtp_ext_next(&it, &e))
        if (e.id == DD_ID)
            p->ext[MEDIA_EXT_DEPENDENCY_DESCRIPTOR] = (MediaExtPos){ .off = (uint16_t)e.off, .len = e.len, .id = e.id };
    const MediaExtPos *dd = &p->ext[MEDIA_EXT_DEPENDENCY_DESCRIPTOR];
    frame_parser_read(fp, cap->codec, s->bytes + p->view.payload_off, p->view.payload_len, s->seq, p->view.ts,
                      p->view.marker, dd->off ? s->bytes + dd->off : NULL, dd->len, &p->frame);
    s->sid = p->frame.sid;
}

static Sent *read_line(const char *line)
{
    g_auto(GStrv) f = g_strsplit(line, " ", 4);
    if (*line == '#' || g_strv_length(f) != 4)
        return NULL;
    Sent *s = g_new0(Sent, 1);
    s->eid = atoi(f[0]);
    s->us = g_ascii_strtoll(f[1], NULL, 10);
    s->len = strlen(f[3]) / 2;
    s->bytes = g_malloc(s->len);
    for (gsize i = 0; i < s->len; i++)
        s->bytes[i] = (uint8_t)(g_ascii_xdigit_value(f[3][2 * i]) << 4 | g_ascii_xdigit_value(f[3][2 * i + 1]));
    return s;
}

static GPtrArray *load(const Capture *cap)
{
    g_autofree char *file = g_strdup_printf("%s.txt", cap->file);
    g_autofree char *path = g_test_build_filename(G_TEST_DIST, "tests", "vectors", "media", "whole", file, NULL);
    g_autofree char *text = NULL;
    g_autoptr(GError) error = NULL;
    g_file_get_contents(path, &text, NULL, &error);
    g_assert_no_error(error);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    GPtrArray *out = g_ptr_array_new_with_free_func(sent_free);
    FrameParser fp[SOURCE_MAX_ENCODINGS] = { 0 };
    int64_t seq[SOURCE_MAX_ENCODINGS] = { 0 };
    gboolean started[SOURCE_MAX_ENCODINGS] = { 0 };
    for (char **l = lines; *l; l++) {
        Sent *s = read_line(*l);
        if (!s)
            continue;
        s->seq = ++seq[s->eid]; /* padding-only packets are left out of the file */
        parse(cap, s, &fp[s->eid]);
        started[s->eid] |= s->pkt.frame.keyframe && s->pkt.frame.start;
        s->source_ts = s->pkt.view.ts;
        if (started[s->eid])
            g_ptr_array_add(out, s);
        else
            sent_free(s);
    }
    g_assert_cmpuint(out->len, >, 40);
    return out;
}

/* ---- what the decoder is given, and what comes out ---- */

typedef struct {
    GPtrArray *packets; /* GByteArray */
    GArray *frame_of;   /* guint */
    GArray *eid, *sid;  /* int, of each frame */
    GArray *source_ts;  /* uint32_t, of each frame */
    gboolean in_frame;
} Receiver;

static Receiver *receiver_new(void)
{
    Receiver *r = g_new0(Receiver, 1);
    r->packets = g_ptr_array_new_with_free_func((GDestroyNotify)g_byte_array_unref);
    r->frame_of = g_array_new(FALSE, FALSE, sizeof(guint));
    r->eid = g_array_new(FALSE, FALSE, sizeof(int));
    r->sid = g_array_new(FALSE, FALSE, sizeof(int));
    r->source_ts = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    return r;
}

static void receiver_free(Receiver *r)
{
    g_ptr_array_unref(r->packets);
    g_array_unref(r->frame_of);
    g_array_unref(r->eid);
    g_array_unref(r->sid);
    g_array_unref(r->source_ts);
    g_free(r);
}

/* The packet as it goes out, without header extensions and padding; payload type 96, own sequence numbers. */
static void receiver_add(Receiver *r, const Sent *s, const ProjectedPacket *out)
{
    uint8_t head[12] = { 0x80,
                         (uint8_t)(96 | (out->marker ? 0x80 : 0)),
                         (uint8_t)(r->packets->len >> 8),
                         (uint8_t)r->packets->len,
                         (uint8_t)(out->ts >> 24),
                         (uint8_t)(out->ts >> 16),
                         (uint8_t)(out->ts >> 8),
                         (uint8_t)out->ts,
                         0,
                         0,
                         0,
                         7 };
    GByteArray *p = g_byte_array_new();
    g_byte_array_append(p, head, sizeof(head));
    g_byte_array_append(p, s->bytes + s->pkt.view.payload_off, (guint)s->pkt.view.payload_len);
    memcpy(p->data + sizeof(head), out->patch, out->patch_len);
    if (!r->in_frame) {
        g_array_append_val(r->eid, s->eid);
        g_array_append_val(r->sid, s->sid);
        g_array_append_val(r->source_ts, s->source_ts);
    }
    guint frame = r->eid->len - 1;
    if (r->in_frame && g_array_index(r->sid, int, frame) < s->sid)
        g_array_index(r->sid, int, frame) = s->sid;
    g_assert_cmpuint(g_array_index(r->source_ts, uint32_t, frame), ==, s->source_ts);
    g_ptr_array_add(r->packets, p);
    g_array_append_val(r->frame_of, frame);
    r->in_frame = !out->marker;
}

/* Pictures of the whole encoding, all layers up to `sid`. */
static GHashTable *reference(const Material *m, int eid, int sid)
{
    Receiver *r = receiver_new();
    for (guint i = 0; i < m->captured->len; i++) {
        const Sent *s = g_ptr_array_index(m->captured, i), *next = NULL;
        if (s->eid != eid || s->sid > sid)
            continue;
        for (guint k = i + 1; k < m->captured->len && !next; k++) {
            const Sent *n = g_ptr_array_index(m->captured, k);
            next = n->eid == eid && n->sid <= sid ? n : NULL;
        }
        ProjectedPacket out = { .ts = s->source_ts, .marker = !next || next->source_ts != s->source_ts };
        receiver_add(r, s, &out);
    }
    g_autofree DecodedFrame *frames = g_new(DecodedFrame, r->eid->len);
    g_assert_cmpint(decode_check_run(m->cap->codec, r->packets, r->frame_of, r->eid->len, frames), ==, 0);
    GHashTable *sums = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    for (guint i = 0; i < r->eid->len; i++) {
        g_assert_true(frames[i].decoded);
        g_hash_table_insert(sums, GUINT_TO_POINTER(g_array_index(r->source_ts, uint32_t, i)),
                            g_memdup2(&frames[i], sizeof(frames[i])));
    }
    receiver_free(r);
    return sums;
}

static void material_init(Material *m, const Capture *cap)
{
    *m = (Material){ .cap = cap, .captured = load(cap) };
    const Sent *last = g_ptr_array_index(m->captured, m->captured->len - 1);
    m->pass_us = last->us + PASS_GAP_US;
    for (int e = 0; e < cap->encodings; e++)
        for (int s = 0; s < cap->sids; s++)
            m->sums[e][s] = reference(m, e, s);
}

static void material_clear(Material *m)
{
    for (int e = 0; e < m->cap->encodings; e++)
        for (int s = 0; s < m->cap->sids; s++)
            g_hash_table_unref(m->sums[e][s]);
    g_ptr_array_unref(m->captured);
}

/* How many decoded pictures differ from the sender's, or did not come out at all. */
static guint wrong(const Material *m, const Receiver *r, const DecodedFrame *frames)
{
    guint n = 0;
    for (guint i = 0; i < r->eid->len; i++) {
        int eid = g_array_index(r->eid, int, i), sid = g_array_index(r->sid, int, i);
        const DecodedFrame *want =
            g_hash_table_lookup(m->sums[eid][sid], GUINT_TO_POINTER(g_array_index(r->source_ts, uint32_t, i)));
        g_assert_nonnull(want);
        if (frames[i].decoded && frames[i].sum == want->sum)
            continue;
        if (n++ < 5)
            g_test_message("frame %u of %u, encoding %d layer %d: %s", i, r->eid->len, eid, sid,
                           frames[i].decoded ? "another picture" : "no picture");
    }
    return n;
}

/* ---- a minute of it ---- */

/* Numbers inside the payload and the descriptor go on over the passes, so that it looks like one long stream. */
static void renumber(const Capture *cap, Sent *s, unsigned pictures, unsigned tl0s)
{
    const RtpView *v = &s->pkt.view;
    uint8_t *p = s->bytes + v->payload_off;
    unsigned off = 0, tl0_off = 0, raw = 0;
    if (s->pkt.frame.kind == FRAME_DD) {
        uint8_t *dd = s->bytes + s->pkt.ext[MEDIA_EXT_DEPENDENCY_DESCRIPTOR].off;
        raw = (unsigned)(dd[1] << 8 | dd[2]) + pictures;
        dd[1] = (uint8_t)(raw >> 8);
        dd[2] = (uint8_t)raw;
        return;
    }
    if (cap->codec == CODEC_VP8) {
        off = s->pkt.frame.u.vp8.picture_id_off;
        tl0_off = s->pkt.frame.u.vp8.tl0_off;
        raw = s->pkt.frame.u.vp8.picture_id + pictures;
    } else if (cap->codec == CODEC_VP9) {
        off = s->pkt.frame.u.vp9.picture_id_off;
        tl0_off = s->pkt.frame.u.vp9.tl0_off;
        raw = s->pkt.frame.u.vp9.picture_id + pictures;
    }
    if (off) {
        p[off] = (uint8_t)(0x80 | (raw >> 8 & 0x7f));
        p[off + 1] = (uint8_t)raw;
    }
    if (tl0_off)
        p[tl0_off] = (uint8_t)(p[tl0_off] + tl0s);
}

/* What one pass adds to the numbers of an encoding. */
typedef struct {
    unsigned pictures, tl0s;
} Extent;

static void measure(const Material *m, Extent *x)
{
    int64_t first[SOURCE_MAX_ENCODINGS], last[SOURCE_MAX_ENCODINGS];
    uint8_t tl0_first[SOURCE_MAX_ENCODINGS], tl0_last[SOURCE_MAX_ENCODINGS];
    memset(first, 0xff, sizeof(first));
    for (guint i = 0; i < m->captured->len; i++) {
        const Sent *s = g_ptr_array_index(m->captured, i);
        if (first[s->eid] < 0) {
            first[s->eid] = s->pkt.frame.id;
            tl0_first[s->eid] = s->pkt.frame.tl0;
        }
        last[s->eid] = s->pkt.frame.id;
        tl0_last[s->eid] = s->pkt.frame.tl0;
        x[s->eid] = (Extent){ (unsigned)(last[s->eid] - first[s->eid] + 1),
                              (uint8_t)(tl0_last[s->eid] - tl0_first[s->eid] + 1) };
    }
}

/* All passes, in the order they arrive: some packets late, none lost. Every fourth pass starts as after a restart
 * of the sender: the numbers inside jump, those of RTP go on. */
static GPtrArray *long_stream(const Material *m, gboolean reorder)
{
    GPtrArray *out = g_ptr_array_new_with_free_func(sent_free);
    Extent x[SOURCE_MAX_ENCODINGS];
    unsigned pictures[SOURCE_MAX_ENCODINGS] = { 0 }, tl0s[SOURCE_MAX_ENCODINGS] = { 0 };
    int64_t seq[SOURCE_MAX_ENCODINGS];
    measure(m, x);
    for (int e = 0; e < SOURCE_MAX_ENCODINGS; e++)
        seq[e] = 65536 + g_test_rand_int_range(0, 65536);
    for (int64_t pass = 0, at = 0; at < STREAM_US; pass++, at += m->pass_us) {
        for (guint i = 0; i < m->captured->len; i++) {
            const Sent *s = g_ptr_array_index(m->captured, i);
            Sent *copy = g_memdup2(s, sizeof(*s));
            copy->bytes = g_memdup2(s->bytes, s->len);
            copy->us = s->us + at;
            copy->seq = seq[s->eid]++;
            uint32_t ts = s->source_ts + (uint32_t)(at * 9 / 100);
            copy->bytes[2] = (uint8_t)(copy->seq >> 8);
            copy->bytes[3] = (uint8_t)copy->seq;
            for (int k = 0; k < 4; k++)
                copy->bytes[4 + k] = (uint8_t)(ts >> (24 - 8 * k));
            renumber(m->cap, copy, pictures[s->eid], tl0s[s->eid]);
            g_ptr_array_add(out, copy);
        }
        for (int e = 0; e < m->cap->encodings; e++) {
            pictures[e] += pass % 4 == 3 ? 7001 : x[e].pictures;
            tl0s[e] += pass % 4 == 3 ? 93 : x[e].tl0s;
        }
    }
    for (guint i = 0; reorder && i + LATE_MAX < out->len; i++) {
        if (g_test_rand_int_range(0, LATE_ONE_IN) || i % m->captured->len + LATE_MAX >= m->captured->len)
            continue;
        for (int k = 0, n = g_test_rand_int_range(1, LATE_MAX); k < n; k++) {
            gpointer late = out->pdata[i + (guint)k];
            out->pdata[i + (guint)k] = out->pdata[i + (guint)k + 1];
            out->pdata[i + (guint)k + 1] = late;
        }
    }
    return out;
}

typedef struct {
    int64_t seq; /* out, unwrapped */
    bool filler; /* an empty packet in the place of one that came late for nothing */
    int fillers; /* between the packet before and this one */
    const Sent *s;
    ProjectedPacket out;
} Forwarded;

static int by_seq(gconstpointer a, gconstpointer b)
{
    const Forwarded *x = a, *y = b;
    return x->seq < y->seq ? -1 : x->seq > y->seq;
}

/* The wishes of one receiver change every now and then. */
static void change(Projection *p, const Capture *cap, int *aim, OutStream **bound, OutStream *streams)
{
    int dice = g_test_rand_int_range(0, 20);
    if (dice == 0) {
        projection_set_target(p, LAYER_SUSPENDED, FORWARD_LAST_N);
    } else if (dice == 1) {
        *bound = *bound ? NULL : streams;
        projection_bind(p, *bound);
    } else {
        *aim = (*aim + g_test_rand_int_range(1, 4)) % cap->target_count; /* none is forgotten for long */
        projection_set_target(p, cap->targets[*aim], FORWARD_CAP);
    }
    if (!*bound && dice > 10)
        projection_bind(p, *bound = streams);
}

typedef struct {
    Material material;
    GPtrArray *stream;
    Receiver *receiver;
    guint holes; /* sequence numbers that never came */
    guint fillers;
    guint missed; /* late packets left out while a key frame is asked for: frames which refer to them had gone out */
    guint cut;    /* pictures without their last packet: suspended or unmapped in the middle */
} Run;

/* What came out, in order of its numbers, without the empty packets. */
static GArray *project(Run *run)
{
    GArray *out = g_array_new(FALSE, FALSE, sizeof(Forwarded));
    Projection *p = g_new0(Projection, 1);
    FrameParser *fp = g_new0(FrameParser, SOURCE_MAX_ENCODINGS);
    OutStream os, *bound = &os;
    int64_t top = -1, seen[SOURCE_MAX_ENCODINGS] = { 0 };
    const Material *m = &run->material;
    GPtrArray *stream = run->stream;
    int aim = m->cap->target_count - 1;
    out_stream_init(&os, 7, 90000, 64000, 0xffff0000);
    projection_init(p, &os, m->cap->codec);
    projection_set_target(p, m->cap->targets[m->cap->target_count - 1], FORWARD_CAP);
    for (guint i = 0, next = 30; i < stream->len; i++) {
        Sent *s = g_ptr_array_index(stream, i);
        Forwarded f = { .s = s };
        parse(m->cap, s, &fp[s->eid]);
        g_assert_cmpint(s->pkt.frame.kind, ==, m->cap->kind);
        if (i == next) {
            change(p, m->cap, &aim, &bound, &os);
            next += (guint)g_test_rand_int_range(5, 60);
        }
        ProjectionVerdict verdict = projection_accept(p, &s->pkt, s->us, &f.out);
        run->missed += verdict == PROJECTION_DROP && s->seq < seen[s->eid] && projection_needs_keyframe(p);
        seen[s->eid] = MAX(seen[s->eid], s->seq);
        if (verdict == PROJECTION_DROP)
            continue;
        f.filler = verdict == PROJECTION_FILL;
        f.seq = top < 0 ? f.out.seq : top + (int16_t)(uint16_t)(f.out.seq - (uint16_t)top);
        top = MAX(top, f.seq);
        g_array_append_val(out, f);
    }
    g_free(p);
    g_free(fp);
    g_array_sort(out, by_seq);
    for (guint i = 1; i < out->len; i++)
        g_assert_cmpint(g_array_index(out, Forwarded, i - 1).seq, <, g_array_index(out, Forwarded, i).seq);
    for (guint i = 0; i < out->len;) {
        Forwarded *f = &g_array_index(out, Forwarded, i);
        if (!f->filler) {
            i++;
            continue;
        }
        if (i + 1 < out->len)
            f[1].fillers = f->fillers + 1;
        run->fillers++;
        g_array_remove_index(out, i);
    }
    return out;
}

/* Numbers between this packet and the one before it that nothing came under. */
static int64_t hole_before(const Forwarded *f)
{
    return f->seq - f[-1].seq - 1 - f->fillers;
}

static bool begins_anew(const Forwarded *f)
{
    return f->s->pkt.frame.keyframe && f->s->pkt.frame.start && f->s->sid == 0;
}

/* As a browser's jitter buffer: whole pictures only, and after a hole nothing before the next key frame. */
static void receive(Run *run, const GArray *out)
{
    bool waiting = true;
    for (guint i = 0, end; i < out->len; i = end) {
        const Forwarded *f = &g_array_index(out, Forwarded, i);
        bool whole = true;
        for (end = i + 1; end < out->len && f[end - i].out.ts == f->out.ts; end++) {
            g_assert_cmpint(f[end - i - 1].out.marker, ==, 0);
            whole &= hole_before(&f[end - i]) == 0;
            run->holes += (guint)hole_before(&f[end - i]);
        }
        if (i > 0) {
            g_assert_cmpint((int32_t)(f->out.ts - f[-1].out.ts), >, 0);
            waiting |= hole_before(f) != 0;
            run->holes += (guint)hole_before(f);
        }
        whole &= f[end - i - 1].out.marker;
        run->cut += !f[end - i - 1].out.marker;
        waiting = !whole || (waiting && !begins_anew(f));
        for (guint k = i; k < end && !waiting; k++)
            receiver_add(run->receiver, f[k - i].s, &f[k - i].out);
    }
}

static gboolean set_up(Run *run, const Capture *cap, gboolean reorder)
{
    const char *missing = decode_check_missing(cap->codec);
    if (missing) {
        g_test_skip(missing);
        return FALSE;
    }
    *run = (Run){ .receiver = receiver_new() };
    material_init(&run->material, cap);
    run->stream = long_stream(&run->material, reorder);
    GArray *out = project(run);
    receive(run, out);
    g_array_unref(out);
    return TRUE;
}

static void tear_down(Run *run)
{
    receiver_free(run->receiver);
    g_ptr_array_unref(run->stream);
    material_clear(&run->material);
}

static void decode(const Capture *cap, gboolean reorder)
{
    Run run;
    guint shown[SOURCE_MAX_ENCODINGS][3] = { 0 };
    if (!set_up(&run, cap, reorder))
        return;
    const Receiver *r = run.receiver;
    g_autofree DecodedFrame *frames = g_new(DecodedFrame, r->eid->len);
    int complaints = decode_check_run(cap->codec, r->packets, r->frame_of, r->eid->len, frames);
    for (guint i = 0; i < r->eid->len; i++)
        shown[g_array_index(r->eid, int, i)][g_array_index(r->sid, int, i)]++;
    for (int e = 0; e < cap->encodings; e++)
        for (int s = 0; s < cap->sids; s++) {
            g_test_message("%s encoding %d layer %d: %u frames", cap->file, e, s, shown[e][s]);
            g_assert_cmpuint(shown[e][s], >, reorder ? 0 : 10);
        }
    g_assert_cmpuint(wrong(&run.material, r, frames), ==, 0);
    g_assert_cmpint(complaints, ==, 0);
    g_test_message("%s: %u holes, %u filled, %u missed, %u pictures cut", cap->file, run.holes, run.fillers, run.missed,
                   run.cut);
    g_assert_cmpuint(run.holes, <=, run.cut + run.missed);
    g_assert_cmpuint(run.holes, <=, run.cut + (reorder ? MISSED_MAX : 0));
    g_assert_cmpuint(r->eid->len, >, reorder ? 100 : 200);
    tear_down(&run);
}

static void test_in_order(gconstpointer data)
{
    decode(data, FALSE);
}

static void test_reordered(gconstpointer data)
{
    decode(data, TRUE);
}

/* The check itself: one frame in the middle left out, sequence numbers closed up, is seen. */
static void test_notices(gconstpointer data)
{
    const Capture *cap = data;
    Run run;
    if (!set_up(&run, cap, FALSE))
        return;
    Receiver *r = run.receiver;
    g_autofree DecodedFrame *frames = g_new(DecodedFrame, r->eid->len);
    guint victim = 2, seq = 1;
    for (guint i = 0; i < r->packets->len;) {
        GByteArray *p = g_ptr_array_index(r->packets, i);
        if (g_array_index(r->frame_of, guint, i) == victim) {
            g_ptr_array_remove_index(r->packets, i);
            g_array_remove_index(r->frame_of, i);
            continue;
        }
        p->data[2] = (uint8_t)(seq >> 8);
        p->data[3] = (uint8_t)seq++;
        i++;
    }
    decode_check_run(cap->codec, r->packets, r->frame_of, r->eid->len, frames);
    g_assert_cmpuint(wrong(&run.material, r, frames), >, 1); /* not the missing one alone */
    tear_down(&run);
}

/* With more than 2048 quarks, and GStreamer makes more, GLib gives its first table of them up for good: readers
 * may still be looking at it. The table was allocated when the dynamic linker loaded the library. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "fast_unwind_on_malloc=0";
}

const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:ld-linux\n";
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(captures); i++) {
        g_autofree char *in_order = g_strdup_printf("/decode/%s/in-order", captures[i].file);
        g_autofree char *reordered = g_strdup_printf("/decode/%s/reordered", captures[i].file);
        g_autofree char *notices = g_strdup_printf("/decode/%s/notices", captures[i].file);
        g_test_add_data_func(in_order, &captures[i], test_in_order);
        g_test_add_data_func(reordered, &captures[i], test_reordered);
        g_test_add_data_func(notices, &captures[i], test_notices);
    }
    return g_test_run();
}
