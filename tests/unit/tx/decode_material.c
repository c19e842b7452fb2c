/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/tx/decode_material.h"

#include "common/rtp/rtp_ext.h"

#include <string.h>

#define DD_ID 11 /* as the focus offers it */
#define PASS_GAP_US 100000
#define LATE_ONE_IN 80 /* packets, one of them late */
#define LATE_MAX 3     /* packets that may overtake one, and one more */

static void sent_free(gpointer data)
{
    Sent *s = data;
    g_free(s->bytes);
    g_free(s);
}

void material_parse(const Capture *cap, Sent *s, FrameParser *fp)
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
        material_parse(cap, s, &fp[s->eid]);
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

Receiver *receiver_new(void)
{
    Receiver *r = g_new0(Receiver, 1);
    r->packets = g_ptr_array_new_with_free_func((GDestroyNotify)g_byte_array_unref);
    r->frame_of = g_array_new(FALSE, FALSE, sizeof(guint));
    r->eid = g_array_new(FALSE, FALSE, sizeof(int));
    r->sid = g_array_new(FALSE, FALSE, sizeof(int));
    r->source_ts = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    return r;
}

void receiver_free(Receiver *r)
{
    g_ptr_array_unref(r->packets);
    g_array_unref(r->frame_of);
    g_array_unref(r->eid);
    g_array_unref(r->sid);
    g_array_unref(r->source_ts);
    g_free(r);
}

void receiver_add(Receiver *r, const Sent *s, const ProjectedPacket *out)
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

/* Microseconds from first to last, by arrival and by the clock of each encoding: the first key frame of an encoder comes
 * late, and yet the timestamps of the next pass must go on from those of this one. */
static int64_t longest(const GPtrArray *captured)
{
    const Sent *first[SOURCE_MAX_ENCODINGS] = { NULL };
    int64_t us = 0;
    for (guint i = 0; i < captured->len; i++) {
        const Sent *s = g_ptr_array_index(captured, i);
        if (!first[s->eid])
            first[s->eid] = s;
        us = MAX(us, MAX(s->us, (int64_t)(s->source_ts - first[s->eid]->source_ts) * 100 / 9));
    }
    return us;
}

void material_init(Material *m, const Capture *cap)
{
    *m = (Material){ .cap = cap, .captured = load(cap) };
    m->pass_us = longest(m->captured) + PASS_GAP_US;
    for (int e = 0; e < cap->encodings; e++)
        for (int s = 0; s < cap->sids; s++)
            m->sums[e][s] = reference(m, e, s);
}

void material_clear(Material *m)
{
    for (int e = 0; e < m->cap->encodings; e++)
        for (int s = 0; s < m->cap->sids; s++)
            g_hash_table_unref(m->sums[e][s]);
    g_ptr_array_unref(m->captured);
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

GPtrArray *material_long_stream(const Material *m, gboolean reorder)
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
