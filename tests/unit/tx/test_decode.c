/* SPDX-License-Identifier: Apache-2.0
 *
 * Decoders are never fed a broken reference: more than a minute of Chromium's streams through parser and projection
 * under random switching, suspension, re-mapping and reordering, or with loss and retransmissions on both sides, then
 * through GStreamer's decoders. Every picture has to come out bit for bit as it does when nothing is left out of its
 * encoding and the layers up to its own. */
#include <string.h>
#include "bridge/tx/rtx_cache.h"
#include "tests/unit/tx/decode_material.h"
#include "tests/unit/tx/lossy_link.h"

#define MISSED_MAX 4 /* of about 200 packets that come late */
#define LOSS_PERCENT 10
#define RTT_US 60000

static const Capture captures[] = {
    { "vp8-simulcast", CODEC_VP8, FRAME_VP8, 3, 1, { 0, 1, 64, 65, 128, 129 }, 6 },
    { "h264-simulcast", CODEC_H264, FRAME_H264, 3, 1, { 0, 64, 128 }, 3 },
    { "vp9-l3t3-key", CODEC_VP9, FRAME_VP9, 1, 3, { 0, 2, 8, 9, 10, 16, 18 }, 7 },
    { "vp9-l3t3", CODEC_VP9, FRAME_VP9, 1, 3, { 0, 2, 8, 9, 10, 16, 18 }, 7 },
    { "av1-l1t3", CODEC_AV1, FRAME_DD, 1, 1, { 0, 1, 2 }, 3 },
    { "av1-l3t3-key", CODEC_AV1, FRAME_DD, 1, 3, { 0, 2, 3, 4, 5, 6, 8 }, 7 },
};

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
    guint over;   /* late packets that came when the slot or the encoding which they were of was given up already */
    guint cut;    /* pictures without their last packet: suspended or unmapped in the middle */
} Run;

/* In order of the numbers, without the empty packets. */
static void tidy(Run *run, GArray *out)
{
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
}

/* What came out. */
static GArray *project(Run *run)
{
    GArray *out = g_array_new(FALSE, FALSE, sizeof(Forwarded));
    Projection *p = g_new0(Projection, 1);
    FrameParser *fp = g_new0(FrameParser, SOURCE_MAX_ENCODINGS);
    OutStream os, *bound = &os;
    int64_t top = -1, seen[SOURCE_MAX_ENCODINGS] = { 0 }, sent[SOURCE_MAX_ENCODINGS] = { 0 };
    const Material *m = &run->material;
    GPtrArray *stream = run->stream;
    int aim = m->cap->target_count - 1;
    out_stream_init(&os, 7, 90000, 64000, 0xffff0000);
    projection_init(p, &os);
    projection_set_target(p, m->cap->targets[m->cap->target_count - 1], FORWARD_CAP);
    for (guint i = 0, next = 30; i < stream->len; i++) {
        Sent *s = g_ptr_array_index(stream, i);
        Forwarded f = { .s = s };
        material_parse(m->cap, s, &fp[s->eid]);
        g_assert_cmpint(s->pkt.frame.kind, ==, m->cap->kind);
        if (i == next) {
            change(p, m->cap, &aim, &bound, &os);
            next += (guint)g_test_rand_int_range(5, 60);
        }
        ProjectionVerdict verdict = projection_accept(p, &s->pkt, s->us, &f.out);
        run->missed += verdict == PROJECTION_DROP && s->seq < seen[s->eid] && projection_needs_keyframe(p);
        run->over += verdict == PROJECTION_DROP && s->seq < sent[s->eid] &&
                     !(bound && p->running && p->eid == s->pkt.eid && s->seq >= p->seqs.first_in);
        seen[s->eid] = MAX(seen[s->eid], s->seq);
        if (verdict == PROJECTION_DROP)
            continue;
        sent[s->eid] = MAX(sent[s->eid], s->seq);
        f.filler = verdict == PROJECTION_FILL;
        f.seq = top < 0 ? f.out.seq : top + (int16_t)(uint16_t)(f.out.seq - (uint16_t)top);
        top = MAX(top, f.seq);
        g_array_append_val(out, f);
    }
    g_free(p);
    g_free(fp);
    tidy(run, out);
    return out;
}

/* ---- the same with loss before and behind the bridge ---- */

typedef struct {
    const Material *m;
    Projection p;
    FrameParser fp[SOURCE_MAX_ENCODINGS];
    OutStream os, *bound;
    int64_t top;
    LossyLink *up, *down;
    GHashTable *sent; /* encoding and sequence number -> Sent */
    PacketPool pool;
    RtxCache cache;
    RtxMap map;
    GHashTable *forwarded; /* sequence number -> Forwarded, the latest of that number */
    GArray *out;           /* Forwarded, as it arrives */
} Road;

static gpointer sent_key(unsigned eid, uint16_t seq)
{
    return GUINT_TO_POINTER(eid << 16 | seq);
}

static gpointer sender_repeats(gpointer user, unsigned eid, uint16_t seq)
{
    return g_hash_table_lookup(((Road *)user)->sent, sent_key(eid, seq));
}

/* From the cache, by what is noted about this receiver: the same packet as the first time, or none. */
static gpointer bridge_repeats(gpointer user, unsigned unused, uint16_t seq)
{
    Road *r = user;
    ProjectedPacket again = { 0 };
    Forwarded *f = g_hash_table_lookup(r->forwarded, GUINT_TO_POINTER(seq));
    RtxEntry *e = rtx_map_find(&r->map, seq);
    Packet *packet = e ? rtx_cache_get(&r->cache, e->index) : NULL;
    if (!packet || !rtx_map_restore(&r->map, e, &again))
        return NULL;
    g_assert_nonnull(f);
    g_assert_cmpmem(packet->data, packet->len, f->s->bytes, f->s->len);
    g_assert_cmpuint(again.ts, ==, f->out.ts);
    g_assert_cmpuint(again.marker, ==, f->out.marker);
    g_assert_cmpmem(again.patch, again.patch_len, f->out.patch, f->out.patch_len);
    g_assert_cmpmem(again.dd, again.dd_len, f->out.dd, f->out.dd_len);
    return f;
}

static void receiver_hears(gpointer user, gpointer item, int64_t now_us)
{
    g_array_append_vals(((Road *)user)->out, item, 1);
}

static void remember(Road *r, const Forwarded *f, int64_t now_us)
{
    Packet *packet = packet_new(&r->pool);
    g_assert_cmpuint(f->s->len, <=, PACKET_ROOM);
    memcpy(packet->data, f->s->bytes, f->s->len);
    packet->len = (uint32_t)f->s->len;
    packet->now_us = now_us;
    uint32_t index = rtx_cache_put(&r->cache, &r->pool, packet);
    rtx_map_put(&r->map, &f->out, 0, index, &r->cache, (uint32_t)(now_us / 1000));
    packet_unref(&r->pool, packet);
}

static void bridge_hears(gpointer user, gpointer item, int64_t now_us)
{
    Road *r = user;
    Sent *s = item;
    Forwarded f = { .s = s };
    s->us = now_us;
    material_parse(r->m->cap, s, &r->fp[s->eid]);
    lossy_link_run(r->down, now_us);
    ProjectionVerdict verdict = projection_accept(&r->p, &s->pkt, now_us, &f.out);
    if (verdict == PROJECTION_DROP)
        return;
    f.filler = verdict == PROJECTION_FILL;
    f.seq = r->top < 0 ? f.out.seq : r->top + (int16_t)(uint16_t)(f.out.seq - (uint16_t)r->top);
    r->top = MAX(r->top, f.seq);
    remember(r, &f, now_us);
    Forwarded *copy = g_memdup2(&f, sizeof(f));
    g_hash_table_insert(r->forwarded, GUINT_TO_POINTER(f.out.seq), copy);
    lossy_link_send(r->down, 0, f.seq, copy, now_us);
}

static GArray *project_lossy(Run *run)
{
    const Material *m = &run->material;
    GPtrArray *stream = run->stream;
    int aim = m->cap->target_count - 1;
    Road *r = g_new0(Road, 1);
    r->m = m;
    r->top = -1;
    r->bound = &r->os;
    r->up = lossy_link_new(LOSS_PERCENT, RTT_US, (LossyLinkEnds){ sender_repeats, bridge_hears, r });
    r->down = lossy_link_new(LOSS_PERCENT, RTT_US, (LossyLinkEnds){ bridge_repeats, receiver_hears, r });
    r->sent = g_hash_table_new(NULL, NULL);
    r->forwarded = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    r->out = g_array_new(FALSE, FALSE, sizeof(Forwarded));
    packet_pool_init(&r->pool, 2 * RTX_CACHE_MAX);
    out_stream_init(&r->os, 7, 90000, 64000, 0xffff0000);
    projection_init(&r->p, &r->os);
    projection_set_target(&r->p, m->cap->targets[m->cap->target_count - 1], FORWARD_CAP);
    for (guint i = 0, next = 30; i < stream->len; i++) {
        Sent *s = g_ptr_array_index(stream, i);
        if (i == next) {
            change(&r->p, m->cap, &aim, &r->bound, &r->os);
            next += (guint)g_test_rand_int_range(5, 60);
        }
        lossy_link_run(r->up, s->us);
        g_hash_table_insert(r->sent, sent_key((unsigned)s->eid, (uint16_t)s->seq), s);
        lossy_link_send(r->up, (unsigned)s->eid, s->seq, s, s->us);
    }
    g_test_message("%s: %u packets lost on the way up, %u on the way down", m->cap->file, lossy_link_lost(r->up),
                   lossy_link_lost(r->down));
    g_assert_cmpuint(lossy_link_lost(r->up), >, stream->len * LOSS_PERCENT / 200);
    GArray *out = r->out;
    tidy(run, out);
    lossy_link_free(r->up);
    lossy_link_free(r->down);
    g_hash_table_unref(r->sent);
    g_hash_table_unref(r->forwarded);
    rtx_cache_clear(&r->cache, &r->pool);
    rtx_map_clear(&r->map);
    packet_pool_clear(&r->pool);
    g_free(r);
    return out;
}

/* ---- what the receiver makes of it ---- */

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

typedef enum { IN_ORDER, REORDERED, LOSSY } Weather;

static gboolean set_up(Run *run, const Capture *cap, Weather weather)
{
    const char *missing = decode_check_missing(cap->codec);
    if (missing) {
        g_test_skip(missing);
        return FALSE;
    }
    *run = (Run){ .receiver = receiver_new() };
    material_init(&run->material, cap);
    run->stream = material_long_stream(&run->material, weather == REORDERED);
    GArray *out = weather == LOSSY ? project_lossy(run) : project(run);
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

static void decode(const Capture *cap, Weather weather)
{
    Run run;
    guint shown[SOURCE_MAX_ENCODINGS][3] = { 0 };
    if (!set_up(&run, cap, weather))
        return;
    const Receiver *r = run.receiver;
    g_autofree DecodedFrame *frames = g_new(DecodedFrame, r->eid->len);
    int complaints = decode_check_run(cap->codec, r->packets, r->frame_of, r->eid->len, frames);
    for (guint i = 0; i < r->eid->len; i++)
        shown[g_array_index(r->eid, int, i)][g_array_index(r->sid, int, i)]++;
    for (int e = 0; e < cap->encodings; e++)
        for (int s = 0; s < cap->sids; s++) {
            g_test_message("%s encoding %d layer %d: %u frames", cap->file, e, s, shown[e][s]);
            g_assert_cmpuint(shown[e][s], >, weather == IN_ORDER ? 10 : 0);
        }
    g_assert_cmpuint(wrong(&run.material, r, frames), ==, 0);
    g_assert_cmpint(complaints, ==, 0);
    g_test_message("%s: %u holes, %u filled, %u missed, %u too late, %u pictures cut", cap->file, run.holes,
                   run.fillers, run.missed, run.over, run.cut);
    if (weather != LOSSY) { /* else there are those of packets lost again and again */
        g_assert_cmpuint(run.holes, <=, run.cut + run.missed + run.over);
        g_assert_cmpuint(run.holes, <=, run.cut + (weather == REORDERED ? MISSED_MAX : 0));
    }
    g_assert_cmpuint(r->eid->len, >, weather == LOSSY ? 40 : 100);
    tear_down(&run);
}

static void test_in_order(gconstpointer data)
{
    decode(data, IN_ORDER);
}

static void test_reordered(gconstpointer data)
{
    decode(data, REORDERED);
}

static void test_lossy(gconstpointer data)
{
    decode(data, LOSSY);
}

/* Whether the descriptor of `s` says that it needs `ref`. */
static bool refers(const Sent *s, const Sent *ref)
{
    const FrameInfo *f = &s->pkt.frame, *r = &ref->pkt.frame;
    bool found = false;
    if (f->kind == FRAME_DD) {
        for (int i = 0; i < f->u.dd.fdiff_count; i++)
            found |= f->id - f->u.dd.fdiff[i] == r->id;
        return found;
    }
    for (int i = 0; i < f->u.vp9.p_diff_count; i++)
        found |= r->sid == f->sid && f->id - f->u.vp9.p_diff[i] == r->id;
    return found || (f->u.vp9.inter_layer && r->id == f->id && r->sid + 1 == f->sid);
}

static bool same_frame(const Sent *a, const Sent *b)
{
    return a->pkt.frame.id == b->pkt.frame.id && a->sid == b->sid;
}

/* The frame of packet `last`, and what it needs; nothing else. */
static Receiver *minimal(const GPtrArray *captured, guint last)
{
    g_autofree bool *need = g_new0(bool, captured->len);
    Receiver *r = receiver_new();
    for (guint i = last + 1; i-- > 0;) {
        const Sent *s = captured->pdata[i];
        for (guint k = i; k <= last && !need[i]; k++)
            need[i] = k == last ? same_frame(s, captured->pdata[k]) : need[k] && refers(captured->pdata[k], s);
        need[i] |= refers(captured->pdata[last], s);
    }
    for (guint i = 0; i <= last; i++) {
        const Sent *s = captured->pdata[i];
        ProjectedPacket out = { .ts = s->source_ts, .marker = 1 };
        for (guint k = i + 1; k <= last; k++)
            out.marker &= !need[k] || ((const Sent *)captured->pdata[k])->source_ts != s->source_ts;
        if (need[i])
            receiver_add(r, s, &out);
    }
    return r;
}

/* That descriptors tell the truth, which all the rest builds upon: each frame comes out right of the frames alone that
 * it is said to need. */
static void test_told(gconstpointer data)
{
    const Capture *cap = data;
    Material m;
    if (decode_check_missing(cap->codec)) {
        g_test_skip(decode_check_missing(cap->codec));
        return;
    }
    material_init(&m, cap);
    for (guint i = 0; i < m.captured->len; i++) {
        const Sent *s = m.captured->pdata[i];
        if (!s->pkt.frame.end)
            continue;
        Receiver *r = minimal(m.captured, i);
        guint n = r->eid->len;
        g_autofree DecodedFrame *frames = g_new(DecodedFrame, n);
        g_assert_cmpint(decode_check_run(cap->codec, r->packets, r->frame_of, n, frames), ==, 0);
        const DecodedFrame *want = g_hash_table_lookup(m.sums[s->eid][s->sid], GUINT_TO_POINTER(s->source_ts));
        g_assert_true(frames[n - 1].decoded);
        g_assert_cmphex(frames[n - 1].sum, ==, want->sum);
        receiver_free(r);
    }
    material_clear(&m);
}

/* The check itself: one frame in the middle left out, sequence numbers closed up, is seen. */
static void test_notices(gconstpointer data)
{
    const Capture *cap = data;
    Run run;
    if (!set_up(&run, cap, IN_ORDER))
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
        g_autofree char *lossy = g_strdup_printf("/decode/%s/lossy", captures[i].file);
        g_autofree char *notices = g_strdup_printf("/decode/%s/notices", captures[i].file);
        g_test_add_data_func(in_order, &captures[i], test_in_order);
        g_test_add_data_func(reordered, &captures[i], test_reordered);
        g_test_add_data_func(lossy, &captures[i], test_lossy);
        if (captures[i].kind == FRAME_DD || captures[i].codec == CODEC_VP9) {
            g_autofree char *told = g_strdup_printf("/decode/%s/told", captures[i].file);
            g_test_add_data_func(told, &captures[i], test_told);
        }
        g_test_add_data_func(notices, &captures[i], test_notices);
    }
    return g_test_run();
}
