/* SPDX-License-Identifier: Apache-2.0
 *
 * Hours of a call in a second: every number of RTP goes round several times through the whole packet path, with loss,
 * reordering and repetitions, above all where it wraps. Sequence numbers and rollover counters in and out, timestamps,
 * picture ids and TL0PICIDX of VP8 and VP9, frame numbers of dependency descriptors, transport-cc both ways,
 * retransmission. */
#include "tests/unit/media/engine_kit.h"

#include "bridge/tx/tx_allocate.h"
#include "common/rtp/av1_dd.h"
#include "common/rtp/rtcp_fb.h"
#include "common/rtp/rtcp_iter.h"
#include "common/rtp/rtp_ext.h"
#include "common/rtp/rtp_write.h"
#include "common/rtp/twcc.h"
#include "common/rtp/vp8.h"
#include "common/rtp/vp9.h"

#include <string.h>
#include <sys/socket.h>

#define ROUNDS 3
#define NEAR 300 /* numbers on either side of a wrap where the network is worst */
#define TS_START 0xfffff000u
#define PICTURE_START 32700
#define FRAME_START 65400
#define TCC_IN_START 65000
#define VP9_PT 101
#define AV1_PT 102
#define H264_PT 103
#define DD_ID 7
#define PAYLOAD (ENGINE_PICTURE + 8) /* bytes; the last 8 say which packet it is */
#define STAMP ENGINE_PICTURE

typedef struct {
    MediaCodec codec;
    uint8_t pt;
} Video;

static const Video vp8 = { CODEC_VP8, VP8_PT }, vp9 = { CODEC_VP9, VP9_PT }, av1 = { CODEC_AV1, AV1_PT },
                   h264 = { CODEC_H264, H264_PT };

typedef struct {
    Engine *f;
    GRand *rand;
    const Video *video;          /* NULL: audio */
    int64_t first_out, last_out; /* unwrapped */
    int64_t first_in;
    uint32_t ts_shift;
    int picture_shift, tl0_shift; /* of AV1 the frame number's */
    DdStructure structure;
    bool has_structure;
    int tcc_out;                  /* last, -1 none */
    int64_t tcc_in, tcc_reported; /* next number sent; next number the feedback should begin with */
    uint64_t heard, sent, lost, late, feedbacks;
    Srtcp *sender_rtcp, *receiver_rtcp;
} Soak;

typedef struct {
    int64_t seq;
    uint8_t bytes[256];
    size_t len;
} Flying;

static uint16_t start_seq(void)
{
    return 65000;
}

/* Packet number i of the stream, protected: the sender sends in order. */
static void make(Soak *s, int64_t i, Flying *out)
{
    EngineClient *c = &s->f->client[0];
    uint8_t header[64], level = 30, payload[PAYLOAD] = { 0 }, dd[8];
    uint8_t tcc[2] = { (uint8_t)(s->tcc_in >> 8), (uint8_t)s->tcc_in };
    RtpExtItem items[2] = { { TCC_ID, 2, tcc }, { LEVEL_ID, 1, &level } };
    RtpHeader h = { .seq = (uint16_t)(start_seq() + i), .ts = TS_START + (uint32_t)i * (s->video ? 3000u : 960u) };
    size_t n_items = 2;
    h.pt = s->video ? s->video->pt : OPUS_PT;
    h.ssrc = s->video ? VIDEO_SSRC(0) : AUDIO_SSRC(0);
    h.marker = s->video != NULL;
    if (s->video) {
        size_t dd_len = engine_picture(s->video->codec, i == 0, (unsigned)(PICTURE_START + i), (unsigned)(200 + i),
                                       (unsigned)(FRAME_START + i), payload, dd);
        items[1] = (RtpExtItem){ DD_ID, (uint8_t)dd_len, dd };
        n_items = dd_len ? 2 : 1;
    }
    memcpy(payload + STAMP, &i, sizeof(i));
    s->tcc_in++;
    size_t n = rtp_header_write(header, sizeof(header), &h, items, n_items, false);
    out->seq = i;
    out->len = srtp_tx_protect(c->tx, s->video ? &c->video : &c->audio, header, n, payload, sizeof(payload), out->bytes,
                               sizeof(out->bytes));
    g_assert_cmpuint(out->len, >, 0);
}

static void check_tcc_out(Soak *s, const RtpView *v)
{
    RtpExtIter it;
    RtpExtElement e;
    rtp_ext_iter_init(&it, engine_heard, v);
    while (v->ext_len && rtp_ext_next(&it, &e)) {
        if (e.id != TCC_ID)
            continue;
        int now = engine_heard[e.off] << 8 | engine_heard[e.off + 1];
        if (s->tcc_out >= 0)
            g_assert_cmpint(now, ==, (s->tcc_out + 1) & 0xffff);
        s->tcc_out = now;
    }
}

static int frame_number(Soak *s, const RtpView *v)
{
    DdView dd;
    RtpExtIter it;
    RtpExtElement e;
    DdStructure fresh;
    rtp_ext_iter_init(&it, engine_heard, v);
    while (rtp_ext_next(&it, &e) && e.id != DD_ID)
        ;
    g_assert_cmpuint(e.id, ==, DD_ID);
    g_assert_cmpint(dd_parse(engine_heard + e.off, e.len, s->has_structure ? &s->structure : NULL, &fresh, &dd), ==,
                    DD_OK);
    if (dd.has_structure) {
        s->structure = fresh;
        s->has_structure = true;
    }
    return dd.frame_number;
}

/* The numbers inside are as far from what was sent as they were at first. */
static void check_picture(Soak *s, const RtpView *v, int64_t i, bool first)
{
    const uint8_t *payload = engine_heard + v->payload_off;
    Vp8View of_vp8;
    Vp9View of_vp9;
    int picture = 0, tl0 = 0;
    switch (s->video->codec) {
    case CODEC_VP8:
        g_assert_true(vp8_parse(payload, v->payload_len, &of_vp8));
        picture = (int)(of_vp8.picture_id - (PICTURE_START + i)) & 0x7fff;
        tl0 = (int)(of_vp8.tl0 - (200 + i)) & 0xff;
        break;
    case CODEC_VP9:
        g_assert_true(vp9_parse(payload, v->payload_len, &of_vp9));
        picture = (int)(of_vp9.picture_id - (PICTURE_START + i)) & 0x7fff;
        tl0 = (int)(of_vp9.tl0 - (200 + i)) & 0xff;
        break;
    case CODEC_AV1:
        picture = (int)(frame_number(s, v) - (FRAME_START + i)) & 0xffff;
        break;
    default: /* H.264 has none */
        break;
    }
    if (first) {
        s->picture_shift = picture;
        s->tl0_shift = tl0;
    }
    g_assert_cmpint(picture, ==, s->picture_shift);
    g_assert_cmpint(tl0, ==, s->tl0_shift);
}

/* What client 1 got: the packet that was sent as number `i`. */
static void check_heard(Soak *s, const RtpView *v)
{
    int64_t i, out;
    const uint8_t *payload = engine_heard + v->payload_off;
    g_assert_cmpuint(v->payload_len, ==, PAYLOAD);
    memcpy(&i, payload + STAMP, sizeof(i));
    bool first = s->heard++ == 0;
    if (first) {
        s->first_in = i;
        s->first_out = s->last_out = v->seq;
        s->ts_shift = v->ts - (TS_START + (uint32_t)i * (s->video ? 3000u : 960u));
    }
    out = s->last_out + (int16_t)(uint16_t)(v->seq - (uint16_t)s->last_out);
    s->last_out = MAX(s->last_out, out);
    g_assert_cmpint(out - s->first_out, ==, i - s->first_in); /* a loss stays a loss, nothing moves */
    g_assert_cmpuint(v->ts, ==, TS_START + (uint32_t)i * (s->video ? 3000u : 960u) + s->ts_shift);
    if (s->video)
        check_picture(s, v, i, first);
}

/* Receiver 1 says that it lacks what it got last: it comes again, under its old number, on the RTX stream. */
static void check_repair(Soak *s)
{
    uint8_t nack[64];
    uint16_t seq = (uint16_t)s->last_out;
    RtpView v;
    size_t n = rtcp_nack_build(nack, sizeof(nack), 1, VIDEO_SSRC(0), &seq, 1);
    s->f->w.now_us += 500000; /* more than any round trip */
    engine_give_rtcp(s->f, 1, s->receiver_rtcp, nack, n);
    g_assert_true(engine_hear(s->f, 1, &v));
    check_tcc_out(s, &v);
    g_assert_cmpuint(v.ssrc, ==, RTX_SSRC(0));
    g_assert_cmpuint(v.payload_len, ==, PAYLOAD + 2);
    g_assert_cmpuint((uint16_t)(engine_heard[v.payload_off] << 8 | engine_heard[v.payload_off + 1]), ==, seq);
}

/* Transport-cc feedback to the sender: one row of numbers without a gap, over every wrap. */
static void read_feedback(Soak *s)
{
    uint8_t in[2000];
    for (ssize_t got; (got = recv(s->f->client[0].fd, in, sizeof(in), 0)) > 0;) {
        size_t len = (size_t)got;
        RtcpPacket rp;
        TwccView v;
        if (in[1] < 192 || in[1] > 223)
            continue;
        g_assert_cmpint(srtcp_unprotect(s->sender_rtcp, in, &len), ==, SRTP_OK);
        RtcpIter it = RTCP_ITER(in, len);
        while (rtcp_iter_next(&it, &rp)) {
            if (rp.pt != RTCP_PT_RTPFB || rp.count != RTCP_RTPFB_TRANSPORT_CC)
                continue;
            g_assert_true(twcc_parse(in, &rp, &v));
            int64_t base = s->tcc_reported + (int16_t)(uint16_t)(v.base_seq - (uint16_t)s->tcc_reported);
            if (s->feedbacks++) /* late packets may be told of once more */
                g_assert_true(base <= s->tcc_reported && base > s->tcc_reported - 64);
            s->tcc_reported = MAX(s->tcc_reported, base + v.status_count);
        }
    }
}

static bool is_near_wrap(Soak *s, int64_t i)
{
    int64_t at = (start_seq() + i) & 0xffff, picture = (PICTURE_START + i) & 0x7fff;
    int64_t frame = (FRAME_START + i) & 0xffff;
    if (s->video == &av1 && (frame < NEAR || frame > 65536 - NEAR))
        return true;
    return at < NEAR || at > 65536 - NEAR || (s->video && (picture < NEAR || picture > 32768 - NEAR));
}

static void deliver(Soak *s, Flying *p)
{
    RtpView v;
    Engine *f = s->f;
    uint8_t again[256];
    memcpy(again, p->bytes, p->len);
    f->w.now_us += s->video ? 8000 : 5000; /* faster than life */
    engine_give(f, &f->client[0], p->bytes, p->len, false);
    while (engine_hear(f, 1, &v)) {
        check_tcc_out(s, &v);
        if (v.ssrc == (s->video ? VIDEO_SSRC(0) : AUDIO_SSRC(0)))
            check_heard(s, &v);
    }
    if (g_rand_int_range(s->rand, 0, 50) == 0) {
        engine_give(f, &f->client[0], again, p->len, false); /* the network repeats it; we do not */
        while (engine_hear(f, 1, &v)) {
            check_tcc_out(s, &v);
            g_assert_cmpuint(v.ssrc, !=, s->video ? VIDEO_SSRC(0) : AUDIO_SSRC(0));
        }
    }
    if (s->video && g_rand_int_range(s->rand, 0, is_near_wrap(s, p->seq) ? 20 : 2000) == 0)
        check_repair(s);
    read_feedback(s);
}

static void soak(Engine *f, const Video *video)
{
    Soak s = { .f = f, .rand = g_rand_new_with_seed(video ? 5 : 6), .video = video, .tcc_out = -1 };
    Flying held[4];
    unsigned n_held = 0;
    s.tcc_in = s.tcc_reported = TCC_IN_START;
    s.sender_rtcp = engine_client_srtcp(&f->client[0]);
    s.receiver_rtcp = engine_client_srtcp(&f->client[1]);
    for (int64_t i = 0; i < ROUNDS * 65536 + 2000; i++) {
        Flying p;
        make(&s, i, &p);
        s.sent++;
        int worst = is_near_wrap(&s, i) ? 12 : 150, dice = i > 10 ? g_rand_int_range(s.rand, 0, worst) : worst;
        if (dice == 0) {
            s.lost++;
            continue;
        }
        if (dice == 1 && n_held < G_N_ELEMENTS(held)) {
            held[n_held++] = p;
            continue;
        }
        deliver(&s, &p);
        if (n_held && g_rand_int_range(s.rand, 0, 4) == 0) {
            deliver(&s, &held[0]);
            memmove(&held[0], &held[1], --n_held * sizeof(held[0]));
            s.late++;
        }
    }
    while (n_held)
        deliver(&s, &held[--n_held]);
    g_test_message("%" G_GUINT64_FORMAT " sent, %" G_GUINT64_FORMAT " lost, %" G_GUINT64_FORMAT
                   " late, %" G_GUINT64_FORMAT " transport-cc reports, %" G_GUINT64_FORMAT " sent again",
                   s.sent, s.lost, s.late, s.feedbacks, f->w.totals.retransmitted);
    g_assert_cmpuint(s.heard, ==, s.sent - s.lost);
    g_assert_cmpuint(s.late, >, 300);
    g_assert_cmpint(s.last_out - s.first_out, >, ROUNDS * 65536);
    g_assert_cmpuint(f->w.totals.drops[WORKER_DROP_SRTP], >, 1000); /* the repeated ones */
    g_assert_cmpuint(f->w.totals.drops[WORKER_DROP_SRTP] + s.heard, <, s.sent * 2);
    if (video) {
        g_assert_cmpuint(f->w.totals.retransmitted, >, 50);
        g_assert_cmpint(s.tcc_out, >=, 0); /* there were some to check */
    }
    if (video || s.feedbacks)
        g_assert_cmpint(s.tcc_reported, >, TCC_IN_START + ROUNDS * 65536);
    g_assert_cmpuint(f->w.totals.drops[WORKER_DROP_SEND] + f->w.totals.drops[WORKER_DROP_SRTCP], ==, 0);
    srtcp_free(s.sender_rtcp);
    srtcp_free(s.receiver_rtcp);
    g_rand_free(s.rand);
}

static void test_audio(Engine *f, gconstpointer unused)
{
    soak(f, NULL);
}

static void test_video(Engine *f, gconstpointer video)
{
    WorkerMedia media;
    engine_describe(&media, LEVEL_ID);
    media.extension_ids[RTP_EXT_DEPENDENCY_DESCRIPTOR] = DD_ID;
    const Video *others[] = { &vp9, &av1, &h264 };
    for (size_t i = 0; i < G_N_ELEMENTS(others); i++) {
        WorkerPayload *p = &media.payloads[media.n_payloads++], *rtx = &media.payloads[media.n_payloads++];
        *p = (WorkerPayload){ .pt = others[i]->pt,
                              .kind = WORKER_VIDEO,
                              .codec = others[i]->codec,
                              .clock_hz = 90000,
                              .feedback = WORKER_FB_NACK | WORKER_FB_PLI | WORKER_FB_TCC };
        *rtx = (WorkerPayload){
            .pt = (uint8_t)(p->pt + 16), .kind = WORKER_VIDEO, .codec = CODEC_RTX, .clock_hz = 90000, .apt = p->pt
        };
    }
    for (unsigned i = 0; i < CLIENTS; i++)
        media_endpoint_set_media(f->client[i].ep, &media);
    WorkerCommand *wish = worker_command_new(WORKER_VIDEO_CONSTRAINTS, 1, 11, 0);
    wish->video_constraints.last_n = -1;
    wish->video_constraints.default_max_height = 720;
    wish->video_constraints.default_max_fps = -1;
    wish->video_constraints.assumed_bandwidth_bps = -1;
    media_endpoint_set_wishes(f->client[1].ep, wish);
    tx_allocate_run(f->client[1].ep, f->w.now_us += 100000);
    soak(f, video);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add("/media/wraps/audio", Engine, NULL, engine_set_up, test_audio, engine_tear_down);
    g_test_add("/media/wraps/video", Engine, &vp8, engine_set_up, test_video, engine_tear_down);
    g_test_add("/media/wraps/vp9", Engine, &vp9, engine_set_up, test_video, engine_tear_down);
    g_test_add("/media/wraps/av1", Engine, &av1, engine_set_up, test_video, engine_tear_down);
    g_test_add("/media/wraps/h264", Engine, &h264, engine_set_up, test_video, engine_tear_down);
    return g_test_run();
}
