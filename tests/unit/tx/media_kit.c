/* SPDX-License-Identifier: Apache-2.0 */
#include <limits.h>
#include <string.h>
#include "media_kit.h"

static void put16(uint8_t *p, unsigned v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}

Kit *kit_new(KitKind kind, int encodings, int temporal, guint32 seed)
{
    Kit *k = g_new0(Kit, 1);
    k->kind = kind;
    k->encodings = encodings;
    k->temporal = temporal;
    k->spatial = kind == KIT_VP8 || kind == KIT_H264 || kind == KIT_DD_L1T3 || encodings > 1 ? 1 : 3;
    k->rand = g_rand_new_with_seed(seed);
    k->frames = g_array_new(FALSE, TRUE, sizeof(KitFrame));
    k->fillers = g_array_new(FALSE, FALSE, sizeof(int64_t));
    k->out = g_array_new(FALSE, TRUE, sizeof(KitOut));
    k->delayed = g_array_new(FALSE, TRUE, sizeof(KitPacket));
    k->parsers = g_new0(FrameParser, KIT_ENCODINGS);
    k->now_us = 1000000;
    k->max_packets = 4;
    k->answer_requests = TRUE;
    for (int e = 0; e < KIT_ENCODINGS; e++) {
        k->rank[e] = (uint8_t)e;
        k->raw_picture[e] = (uint16_t)g_rand_int(k->rand);
        k->tl0[e] = (uint8_t)g_rand_int(k->rand);
        k->seq[e] = 60000 + g_rand_int_range(k->rand, 0, 5000);
        k->ts[e] = g_rand_int(k->rand);
        k->key_due[e] = TRUE;
        memset(k->last_ref[e], -1, sizeof(k->last_ref[e]));
    }
    out_stream_init(&k->os, 0x5eed, 90000, 32000, 0xfffff000);
    projection_init(&k->p, &k->os);
    k->out_top = -1;
    return k;
}

void kit_free(Kit *k)
{
    g_array_unref(k->frames);
    g_array_unref(k->fillers);
    g_array_unref(k->out);
    g_array_unref(k->delayed);
    g_rand_free(k->rand);
    g_free(k->parsers);
    g_free(k);
}

static MediaCodec kit_codec(const Kit *k)
{
    return k->kind == KIT_VP8        ? CODEC_VP8
           : k->kind == KIT_H264     ? CODEC_H264
           : k->kind <= KIT_VP9_FLEX ? CODEC_VP9
                                     : CODEC_AV1;
}

void kit_parse(Kit *k, const KitPacket *raw)
{
    MediaPacket *pkt = &k->pkt;
    memset(pkt, 0, sizeof(*pkt));
    g_assert_cmpint(rtp_view_parse(raw->bytes, raw->len, &pkt->view), ==, RTP_OK);
    pkt->data = raw->bytes;
    pkt->len = raw->len;
    pkt->arrival_us = k->now_us;
    pkt->seq = raw->seq;
    pkt->codec = (uint8_t)kit_codec(k);
    pkt->eid = k->rank[raw->eid];
    pkt->order = k->order;
    pkt->audio_level = MEDIA_LEVEL_NONE;
    const uint8_t *dd = NULL;
    size_t dd_len = 0;
    if (pkt->view.ext_profile == 0x1000) { /* two-byte elements: id, length, data */
        dd = raw->bytes + pkt->view.ext_off + 2;
        dd_len = raw->bytes[pkt->view.ext_off + 1];
        pkt->ext[MEDIA_EXT_DEPENDENCY_DESCRIPTOR] =
            (MediaExtPos){ .off = (uint16_t)(pkt->view.ext_off + 2), .len = (uint8_t)dd_len, .id = KIT_DD_ID };
    }
    frame_parser_read(&k->parsers[raw->eid], kit_codec(k), raw->bytes + pkt->view.payload_off, pkt->view.payload_len,
                      raw->seq, pkt->view.ts, pkt->view.marker, dd, dd_len, &pkt->frame);
}

static int64_t unwrap(Kit *k, uint16_t raw)
{
    int64_t seq = k->out_top < 0 ? raw : k->out_top + (int16_t)(uint16_t)(raw - (uint16_t)k->out_top);
    k->out_top = MAX(k->out_top, seq);
    return seq;
}

static void record(Kit *k, const KitPacket *raw, const ProjectedPacket *pp)
{
    uint8_t payload[400];
    size_t n = k->pkt.view.payload_len;
    memcpy(payload, raw->bytes + k->pkt.view.payload_off, n);
    g_assert_cmpuint(pp->patch_len, <=, PROJECTION_PATCH_MAX);
    g_assert_cmpuint(pp->patch_len, <=, n);
    memcpy(payload, pp->patch, pp->patch_len);
    KitOut o = { .uid = raw->uid,
                 .part = raw->part,
                 .eid = raw->eid,
                 .picture_id = -1,
                 .tl0 = -1,
                 .ts = pp->ts,
                 .marker = pp->marker,
                 .order = k->out->len,
                 .epoch = k->epoch,
                 .now_us = k->now_us };
    g_assert_cmpuint(pp->ssrc, ==, k->os.ssrc);
    o.seq = unwrap(k, pp->seq);
    if (k->kind == KIT_VP8) {
        Vp8View v;
        g_assert_true(vp8_parse(payload, n, &v));
        o.picture_id = v.picture_id;
        o.tl0 = v.tl0;
        o.tid = v.tid;
    } else if (k->kind <= KIT_VP9_FLEX) {
        Vp9View v;
        g_assert_true(vp9_parse(payload, n, &v));
        o.picture_id = v.picture_id;
        o.tl0 = v.has_tl0 ? v.tl0 : -1;
        o.tid = v.tid;
    } else if (k->kind != KIT_H264) {
        static DdStructure fresh;
        g_assert_cmpuint(pp->dd_len, >=, 3);
        DdStatus status = dd_parse(pp->dd, pp->dd_len, k->dd_known ? &k->dd_structure : NULL, &fresh, &o.dd);
        if (k->lost + k->late == 0)
            g_assert_cmpint(status, ==, DD_OK);
        if (status == DD_OK && o.dd.has_structure) {
            k->dd_structure = fresh;
            k->dd_known = TRUE;
        }
        o.has_dd = status == DD_OK;
        o.picture_id = o.dd.frame_number;
    }
    g_array_append_val(k->out, o);
}

ProjectionVerdict kit_feed(Kit *k, const KitPacket *raw)
{
    ProjectedPacket pp;
    memset(&pp, 0xee, sizeof(pp)); /* whatever is not written must not matter */
    kit_parse(k, raw);
    if (k->layers)
        k->layer_changes += source_layers_packet(k->layers, &k->pkt);
    ProjectionVerdict v = projection_accept(&k->p, &k->pkt, k->now_us, &pp);
    KitFrame *f = &g_array_index(k->frames, KitFrame, raw->uid);
    if (k->running != (k->p.running && k->p.out) || k->start_id != k->p.start_id || k->running_eid != k->p.eid)
        k->epoch++;
    k->running = k->p.running && k->p.out;
    k->start_id = k->p.start_id;
    k->running_eid = k->p.eid;
    if (v == PROJECTION_ACCEPT) {
        record(k, raw, &pp);
    } else {
        f->refused_epoch = k->epoch;
        f->filled |= v == PROJECTION_FILL;
    }
    if (v == PROJECTION_FILL) {
        int64_t seq = unwrap(k, pp.seq);
        g_assert_cmpuint(pp.ssrc, ==, k->os.ssrc);
        g_assert_cmpint(pp.marker + pp.patch_len + pp.dd_len, ==, 0);
        g_array_append_val(k->fillers, seq);
    }
    if (projection_needs_keyframe(&k->p)) {
        k->keyframe_requests++;
        int ms = (int)(k->now_us / 1000);
        if (k->answer_requests && ms - k->last_request_ms > 200) {
            k->last_request_ms = ms;
            for (int e = 0; e < k->encodings; e++)
                k->key_due[e] = TRUE;
        }
    }
    return v;
}

static void through_network(Kit *k, const KitPacket *raw)
{
    KitFrame *f = &g_array_index(k->frames, KitFrame, raw->uid);
    if (g_rand_double(k->rand) < k->loss) {
        f->lost++;
        k->lost++;
        return;
    }
    if (g_rand_double(k->rand) < k->reorder) {
        k->late++;
        g_array_append_val(k->delayed, *raw);
        return;
    }
    kit_feed(k, raw);
    while (k->delayed->len && g_rand_double(k->rand) < 0.3) {
        KitPacket p = g_array_index(k->delayed, KitPacket, 0);
        g_array_remove_index(k->delayed, 0);
        kit_feed(k, &p);
    }
}

void kit_flush(Kit *k)
{
    for (guint i = 0; i < k->delayed->len; i++)
        kit_feed(k, &g_array_index(k->delayed, KitPacket, i));
    g_array_set_size(k->delayed, 0);
}

/* Descriptor bits, for building dependency descriptors. */
typedef struct {
    uint8_t p[300];
    size_t n;
} BitsOut;

static void bits(BitsOut *b, unsigned v, int n)
{
    for (int i = n - 1; i >= 0; i--, b->n++) {
        if (b->n % 8 == 0)
            b->p[b->n / 8] = 0;
        if (v >> i & 1)
            b->p[b->n / 8] |= (uint8_t)(0x80 >> b->n % 8);
    }
}

typedef struct {
    int sid, tid;
    const char *dti;
    int fdiff[3];
} KitTemplate;

/* The structures libwebrtc's encoders announce. */
static const KitTemplate l1t3[] = {
    { 0, 0, "SSS", { 0 } },
    { 0, 0, "SSS", { 4 } },
    { 0, 1, "-DS", { 2 } },
    { 0, 2, "--D", { 1 } },
};
static const KitTemplate ksvc[] = {
    /* L3T3_KEY, one template per use */
    { 0, 0, "SSSSSSSSS", { 0 } },  { 0, 0, "SSS------", { 12 } }, { 0, 1, "-DS------", { 6 } },
    { 0, 2, "--D------", { 3 } },  { 1, 0, "---SSSSSS", { 1 } },  { 1, 0, "---SSS---", { 12 } },
    { 1, 1, "----DS---", { 6 } },  { 1, 2, "-----D---", { 3 } },  { 2, 0, "------SSS", { 1 } },
    { 2, 0, "------SSS", { 12 } }, { 2, 1, "-------DS", { 6 } },  { 2, 2, "--------D", { 3 } },
};
static const KitTemplate svc[] = {
    /* L3T3 */
    { 0, 0, "SSSSSSSSS", { 0 } },     { 0, 0, "SSSSSSSSS", { 12 } },   { 0, 1, "-DS-RR-RR", { 6 } },
    { 0, 2, "--D--R--R", { 3 } },     { 1, 0, "---SSSSSS", { 1 } },    { 1, 0, "---SSSSSS", { 12, 1 } },
    { 1, 1, "----DS-RR", { 6, 1 } },  { 1, 2, "-----D--R", { 3, 1 } }, { 2, 0, "------SSS", { 1 } },
    { 2, 0, "------SSS", { 12, 1 } }, { 2, 1, "-------DS", { 6, 1 } }, { 2, 2, "--------D", { 3, 1 } },
};

static const KitTemplate *dd_templates(const Kit *k, int *n, int *targets)
{
    *targets = k->spatial == 1 ? 3 : 9;
    *n = k->spatial == 1 ? 4 : 12;
    return k->spatial == 1 ? l1t3 : k->kind == KIT_DD_KSVC ? ksvc : svc;
}

static void dd_structure(BitsOut *b, const KitTemplate *t, int n, int targets, int spatial, int offset)
{
    bits(b, (unsigned)offset, 6);
    bits(b, (unsigned)targets - 1, 5);
    for (int i = 0; i < n; i++)
        bits(b, i + 1 == n ? 3 : t[i + 1].sid != t[i].sid ? 2 : t[i + 1].tid != t[i].tid ? 1 : 0, 2);
    for (int i = 0; i < n; i++)
        for (int j = 0; j < targets; j++)
            bits(b, (unsigned)(strchr("-DSR", t[i].dti[j]) - "-DSR"), 2);
    for (int i = 0; i < n; i++) {
        for (int j = 0; j < 3 && t[i].fdiff[j]; j++)
            bits(b, 0x10u | (unsigned)(t[i].fdiff[j] - 1), 5);
        bits(b, 0, 1);
    }
    bits(b, 0, targets == 3 ? 2 : 3); /* no chains: ns(4), ns(10) */
    bits(b, 1, 1);
    for (int s = 0; s < spatial; s++) {
        bits(b, (320u << s) - 1, 16);
        bits(b, (180u << s) - 1, 16);
    }
}

/* Temporal layer of the n-th picture after a key frame. */
static int pattern(int temporal, int n)
{
    static const int t3[] = { 0, 2, 1, 2 };
    return temporal == 3 ? t3[n % 4] : temporal == 2 ? n % 2 : 0;
}

static size_t rtp_header(uint8_t *b, int64_t seq, uint32_t ts, int eid, int marker, const BitsOut *dd)
{
    memset(b, 0, 12);
    b[0] = dd ? 0x90 : 0x80;
    b[1] = (uint8_t)(100 | marker << 7);
    put16(b + 2, (unsigned)seq & 0xffff);
    put16(b + 4, ts >> 16);
    put16(b + 6, ts & 0xffff);
    b[11] = (uint8_t)(eid + 1);
    if (!dd)
        return 12;
    size_t len = (dd->n + 7) / 8, words = (2 + len + 3) / 4;
    memset(b + 12, 0, 4 + 4 * words);
    put16(b + 12, 0x1000);
    put16(b + 14, (unsigned)words);
    b[16] = KIT_DD_ID;
    b[17] = (uint8_t)len;
    memcpy(b + 18, dd->p, len);
    return 16 + 4 * words;
}

static size_t vp8_payload(uint8_t *b, const Kit *k, const KitFrame *f, gboolean first)
{
    size_t n = 0;
    b[n++] = (uint8_t)(0x80 | (first ? 0x10 : 0));
    b[n++] = 0xe0;
    put16(b + n, 0x8000u | (k->raw_picture[f->eid] & 0x7fff));
    n += 2;
    b[n++] = k->tl0[f->eid];
    gboolean sync = f->tid > 0 && f->refs == 1 && g_array_index(k->frames, KitFrame, f->ref[0]).tid == 0;
    b[n++] = (uint8_t)(f->tid << 6 | sync << 5);
    const uint8_t key[] = { 0x10, 0, 0, 0x9d, 0x01, 0x2a, 0x40, 0x01, 0xb4, 0x00 };
    memcpy(b + n, key, sizeof(key));
    if (!f->key)
        b[n] |= 1;
    return n + sizeof(key);
}

static size_t vp9_payload(uint8_t *b, const Kit *k, const KitFrame *f, gboolean key_picture, gboolean first,
                          gboolean last)
{
    gboolean flex = k->kind == KIT_VP9_FLEX, inter = !key_picture,
             lower = f->sid > 0 && (key_picture || k->kind == KIT_VP9_SVC);
    gboolean upper_needs = f->sid + 1 < k->spatial && (key_picture || k->kind == KIT_VP9_SVC);
    gboolean ss = key_picture && f->sid == 0 && first;
    size_t n = 0;
    b[n++] = (uint8_t)(0xa0 | inter << 6 | flex << 4 | first << 3 | last << 2 | ss << 1 | !upper_needs);
    put16(b + n, 0x8000u | (k->raw_picture[f->eid] & 0x7fff));
    n += 2;
    b[n++] = (uint8_t)(f->tid << 5 | f->sid << 1 | lower);
    if (!flex)
        b[n++] = k->tl0[f->eid];
    if (flex && inter)
        b[n++] = (uint8_t)((f->tid == 0                       ? (k->temporal == 3 ? 4 : k->temporal)
                            : f->tid == 1 && k->temporal == 3 ? 2
                                                              : 1)
                           << 1);
    if (ss) {
        b[n++] = (uint8_t)((k->spatial - 1) << 5 | 0x18);
        for (int s = 0; s < k->spatial; s++, n += 4) {
            put16(b + n, 320u << s);
            put16(b + n + 2, 180u << s);
        }
        b[n++] = (uint8_t)k->temporal;
        for (int t = 0; t < k->temporal; t++)
            b[n++] = (uint8_t)(t << 5);
    }
    b[n++] = 0x82;
    return n;
}

/* The newest frame of this spatial layer with a temporal layer not above `tid`. */
static int newest(const Kit *k, int eid, int sid, int tid)
{
    int best = -1;
    for (int t = 0; t <= tid; t++)
        if (k->last_ref[eid][sid][t] > best)
            best = k->last_ref[eid][sid][t];
    return best;
}

static void add_refs(Kit *k, KitFrame *f, gboolean key_picture)
{
    gboolean full = k->kind == KIT_VP9_SVC || k->kind == KIT_DD_SVC;
    if (f->key)
        return;
    if (!key_picture) /* the base layer depends on itself alone, the others on what is newest below or beside them */
        f->ref[f->refs++] = newest(k, f->eid, f->sid, f->tid == 0 ? 0 : f->tid == k->temporal - 1 ? f->tid - 1 : 0);
    if (f->sid > 0 && (key_picture || full))
        f->ref[f->refs++] = f->uid - 1;
    for (int i = 0; i < f->refs; i++)
        g_assert_cmpint(f->ref[i], >=, 0);
}

static void send_frame(Kit *k, int eid, int sid, int tid, gboolean key_picture)
{
    KitFrame f = { .uid = (int)k->frames->len,
                   .eid = eid,
                   .sid = sid,
                   .tid = tid,
                   .key = key_picture && sid == 0,
                   .packets = g_rand_int_range(k->rand, 1, k->max_packets + 1),
                   .first_seq = k->seq[eid] };
    add_refs(k, &f, key_picture);
    g_array_append_val(k->frames, f);
    k->last_ref[eid][sid][tid] = f.uid;
    for (int i = 0; i < f.packets; i++) {
        if (k->sent_before-- <= 0) {
            KitFrame *made = &g_array_index(k->frames, KitFrame, f.uid);
            made->taken_back++;
            made->lost++;
            continue;
        }
        KitPacket raw = { .eid = eid, .uid = f.uid, .part = i, .seq = k->seq[eid]++ };
        gboolean first = i == 0, last = i + 1 == f.packets;
        BitsOut dd = { .n = 0 };
        if (k->kind >= KIT_DD_L1T3 && k->kind <= KIT_DD_SVC) {
            int n, targets, want = sid * 4 + (key_picture ? 0 : tid + 1);
            const KitTemplate *t = dd_templates(k, &n, &targets);
            bits(&dd, first, 1);
            bits(&dd, last, 1);
            bits(&dd, (unsigned)(k->template_offset[eid] + want) % 64, 6);
            bits(&dd, k->raw_picture[eid], 16);
            if (f.key && first) {
                bits(&dd, 0x10, 5);
                dd_structure(&dd, t, n, targets, k->spatial, k->template_offset[eid]);
            }
        }
        raw.len = rtp_header(raw.bytes, raw.seq, k->ts[eid], eid, last && sid + 1 == k->spatial, dd.n ? &dd : NULL);
        uint8_t *b = raw.bytes + raw.len;
        if (k->kind == KIT_VP8) {
            raw.len += vp8_payload(b, k, &f, first);
        } else if (k->kind <= KIT_VP9_FLEX) {
            raw.len += vp9_payload(b, k, &f, key_picture, first, last);
        } else if (k->kind == KIT_H264) {
            const uint8_t sps[] = { 24, 0, 4, 0x67, 0x42, 0xc0, 0x1f, 0, 2, 0x68, 0xce };
            const uint8_t fu[] = { 28, (uint8_t)((first ? 0x80 : 0) | (f.key ? 5 : 1)), 0x88, 0x84 };
            gboolean parameters = f.key && first;
            memcpy(b, parameters ? sps : fu, parameters ? sizeof(sps) : sizeof(fu));
            raw.len += parameters ? sizeof(sps) : sizeof(fu);
        } else {
            b[0] = (uint8_t)((f.key && first ? 0x08 : 0) | (first ? 0 : 0x80) | 0x10);
            b[1] = 0x32;
            raw.len += 2;
        }
        through_network(k, &raw);
    }
}

static void send_picture(Kit *k, int eid)
{
    gboolean key = k->key_due[eid];
    if (key) {
        k->since_key[eid] = 0;
        if (k->pictures[eid] && !k->same_templates)
            k->template_offset[eid] = (uint8_t)((k->template_offset[eid] + (k->spatial == 1 ? 4 : 12)) % 64);
    }
    k->key_due[eid] = !key && k->take_back > 0 && g_rand_double(k->rand) < k->take_back;
    k->sent_before = k->key_due[eid] ? g_rand_int_range(k->rand, 0, k->spatial * k->max_packets) : INT_MAX;
    int tid = pattern(k->temporal, k->since_key[eid]++);
    if (tid == 0)
        k->tl0[eid]++;
    for (int sid = 0; sid < k->spatial; sid++) {
        send_frame(k, eid, sid, tid, key);
        if (k->kind >= KIT_DD_L1T3)
            k->raw_picture[eid]++; /* a frame number */
    }
    if (k->kind < KIT_DD_L1T3)
        k->raw_picture[eid]++;
    k->pictures[eid]++;
    k->ts[eid] += 2970;
}

void kit_tick(Kit *k)
{
    k->now_us += 33000;
    for (int e = 0; e < k->encodings; e++)
        send_picture(k, e);
}

static gint by_seq(gconstpointer a, gconstpointer b)
{
    const KitOut *x = a, *y = b;
    return x->seq < y->seq ? -1 : x->seq > y->seq;
}

void kit_check_numbers(Kit *k, gboolean clean)
{
    g_autoptr(GArray) s = g_array_copy(k->out);
    int64_t missing = 0;
    g_array_sort(s, by_seq);
    for (guint i = 1; i < s->len; i++) {
        const KitOut *a = &g_array_index(s, KitOut, i - 1), *b = &g_array_index(s, KitOut, i);
        const KitFrame *fa = &g_array_index(k->frames, KitFrame, a->uid),
                       *fb = &g_array_index(k->frames, KitFrame, b->uid);
        g_assert_cmpint(a->seq, <, b->seq); /* no number twice */
        missing += b->seq - a->seq - 1;
        if (a->uid == b->uid) {
            g_assert_cmpint(a->part, <, b->part);
            g_assert_cmpuint(a->ts, ==, b->ts);
            g_assert_cmpint(a->picture_id, ==, b->picture_id);
        } else {
            g_assert_true(fa->eid != fb->eid || fa->uid < fb->uid); /* order kept */
            int32_t step = (int32_t)(b->ts - a->ts);
            gboolean same_picture = fa->eid == fb->eid && fb->sid > fa->sid && fb->uid - fa->uid == fb->sid - fa->sid;
            if (same_picture)
                g_assert_cmpint(step, ==, 0);
            else
                g_assert_cmpint(step, >, 0);
            g_assert_cmpint(step, <, 90000 * 60);
        }
        if (k->kind == KIT_VP8 && clean && a->uid != b->uid) { /* picture ids and TL0PICIDX without a hole */
            g_assert_cmpint((b->picture_id - a->picture_id) & 0x7fff, ==, 1);
            g_assert_cmpint((b->tl0 - a->tl0) & 0xff, ==, b->tid == 0 ? 1 : 0);
        }
    }
    for (guint i = 0; i < k->fillers->len; i++) {
        KitOut filler = { .seq = g_array_index(k->fillers, int64_t, i) };
        g_assert_false(g_array_binary_search(s, &filler, by_seq, NULL));
        g_assert_false(i > 0 && filler.seq == g_array_index(k->fillers, int64_t, i - 1));
    }
    missing -= k->fillers->len;
    if (clean)
        g_assert_cmpint(missing, ==, 0);
    else
        g_assert_cmpint(missing, <=, k->lost + (k->lost ? k->late : 0) + 8);
}

/* Whether the network lost part of this frame, or some of it came when the epoch that it is needed in was over. Then
 * its numbers stay open, so that the receiver knows. */
static gboolean excused(const KitFrame *f, int epoch)
{
    return f->lost > 0 || (f->refused_epoch > epoch && !f->filled);
}

void kit_check_decodable(Kit *k)
{
    g_autofree int *out = g_new0(int, k->frames->len);   /* packets of each frame that came out, */
    g_autofree int *epoch = g_new0(int, k->frames->len); /* and in which epoch */
    for (guint i = 0; i < k->out->len; i++) {
        const KitOut *o = &g_array_index(k->out, KitOut, i);
        out[o->uid]++;
        epoch[o->uid] = o->epoch;
    }
    for (guint i = 0; i < k->frames->len; i++) {
        const KitFrame *f = &g_array_index(k->frames, KitFrame, i);
        if (!out[i])
            continue;
        for (int r = 0; r < f->refs; r++) {
            const KitFrame *ref = &g_array_index(k->frames, KitFrame, f->ref[r]);
            if (out[ref->uid] != ref->packets && !excused(ref, epoch[i]))
                g_error("frame %d (e%d s%d t%d) needs %d (s%d t%d), which was left out", f->uid, f->eid, f->sid, f->tid,
                        ref->uid, ref->sid, ref->tid);
        }
        if (out[i] != f->packets && !excused(f, epoch[i]))
            g_error("frame %d: %d of %d packets", f->uid, out[i], f->packets);
    }
}

/* Everything that has a number, in the order of the numbers; empty packets have uid -1. */
static GArray *as_numbered(Kit *k)
{
    GArray *s = g_array_copy(k->out);
    for (guint i = 0; i < k->fillers->len; i++) {
        KitOut filler = { .seq = g_array_index(k->fillers, int64_t, i), .uid = -1 };
        g_array_append_val(s, filler);
    }
    g_array_sort(s, by_seq);
    return s;
}

static void check_follows(Kit *k, const KitOut *last, const KitOut *o)
{
    const KitFrame *before = &g_array_index(k->frames, KitFrame, last->uid);
    if (last->uid == o->uid ? o->part == last->part + 1
                            : o->part == 0 && last->part + 1 == before->packets - before->taken_back)
        return;
    g_error("packet %d of frame %d follows packet %d of frame %d", o->part, o->uid, last->part, last->uid);
}

guint kit_check_without_holes(Kit *k)
{
    g_autoptr(GArray) s = as_numbered(k);
    g_autofree gboolean *came = g_new0(gboolean, k->frames->len);
    guint used = 0;
    const KitOut *last = NULL; /* NULL: a key frame is waited for */
    for (guint i = 0; i < s->len; i++) {
        const KitOut *o = &g_array_index(s, KitOut, i);
        if (i > 0 && o->seq != o[-1].seq + 1)
            last = NULL;
        if (o->uid < 0)
            continue;
        const KitFrame *f = &g_array_index(k->frames, KitFrame, o->uid);
        gboolean begins = f->key && o->part == 0;
        if (last)
            check_follows(k, last, o);
        else if (!begins)
            continue;
        if (begins)
            memset(came, 0, k->frames->len * sizeof(*came));
        for (int r = 0; r < f->refs; r++)
            if (!came[f->ref[r]])
                g_error("frame %d (e%d s%d t%d) needs %d, and without a hole that did not come", f->uid, f->eid, f->sid,
                        f->tid, f->ref[r]);
        came[o->uid] = TRUE;
        last = o;
        used++;
    }
    return used;
}

int kit_count(Kit *k, int from, int eid, int sid, int tid)
{
    int n = 0, last = -1;
    for (guint i = (guint)from; i < k->out->len; i++) {
        const KitOut *o = &g_array_index(k->out, KitOut, i);
        const KitFrame *f = &g_array_index(k->frames, KitFrame, o->uid);
        if (o->uid != last && (eid < 0 || f->eid == eid) && (sid < 0 || f->sid == sid) && (tid < 0 || f->tid == tid))
            n++;
        last = o->uid;
    }
    return n;
}
