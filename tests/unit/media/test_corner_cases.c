/* SPDX-License-Identifier: Apache-2.0
 *
 * doc/robustness.md at the engine: odd but legal packets go through whole, malformed, forged and repeated
 * ones go no further and are counted. */
#include "tests/unit/media/engine_kit.h"

#include "bridge/tx/tx_allocate.h"
#include "common/rtp/rtcp_fb.h"
#include "common/rtp/rtcp_report.h"

#include <string.h>

static uint64_t drops(const Engine *f, WorkerDrop why)
{
    return f->w.totals.drops[why];
}

static size_t head(uint8_t *h, uint8_t first, uint8_t pt, uint16_t seq, uint32_t ssrc)
{
    memset(h, 0, 12);
    h[0] = first;
    h[1] = pt;
    h[2] = (uint8_t)(seq >> 8);
    h[3] = (uint8_t)seq;
    h[6] = h[2]; /* the timestamp follows the number: 256 units a packet */
    h[7] = h[3];
    for (int i = 0; i < 4; i++)
        h[8 + i] = (uint8_t)(ssrc >> (24 - 8 * i));
    return 12;
}

/* ---- one RTP packet: header as given after its first 12 bytes, payload as given ---- */

typedef struct {
    const char *name;
    uint8_t first, pt; /* of the header */
    const char *more;  /* what follows the 12 bytes of the header */
    size_t more_len;
    const char *payload;
    size_t payload_len;
    int heard; /* payload bytes that reach the other one; -1 nothing */
    int why;   /* WorkerDrop counted, -1 none */
} RtpCase;

#define BYTES(s) s, sizeof(s) - 1
#define NONE "", 0
#define VOICE BYTES("voice voice voice")

static const RtpCase rtp_cases[] = {
    { "plain", 0x80, OPUS_PT, NONE, VOICE, 17, -1 },
    { "two CSRCs", 0x82, OPUS_PT, BYTES("\0\0\0\1\0\0\0\2"), VOICE, 17, -1 },
    { "empty extension block", 0x90, OPUS_PT, BYTES("\xbe\xde\0\0"), VOICE, 17, -1 },
    { "one-byte extension, id 15 stops", 0x90, OPUS_PT, BYTES("\xbe\xde\0\1\xf0\x7f\x10\x7f"), VOICE, 17, -1 },
    { "one-byte extension, id 0 with a length", 0x90, OPUS_PT, BYTES("\xbe\xde\0\1\x01\x7f\x10\x7f"), VOICE, 17, -1 },
    { "element past the block", 0x90, OPUS_PT, BYTES("\xbe\xde\0\1\x1f\x7f\0\0"), VOICE, 17, -1 },
    { "padding between elements", 0x90, OPUS_PT, BYTES("\xbe\xde\0\1\0\0\x10\x20"), VOICE, 17, -1 },
    { "two-byte extension", 0x90, OPUS_PT, BYTES("\x10\0\0\1\1\1\x20\0"), VOICE, 17, -1 },
    { "two-byte extension of length 0", 0x90, OPUS_PT, BYTES("\x10\0\0\1\1\0\0\0"), VOICE, 17, -1 },
    { "unknown profile", 0x90, OPUS_PT, BYTES("\xab\xcd\0\1\1\2\3\4"), VOICE, 17, -1 },
    { "padding", 0xa0, OPUS_PT, NONE, BYTES("voice\0\0\0\4"), 5, -1 },
    { "padding only", 0xa0, OPUS_PT, NONE, BYTES("\0\0\0\4"), -1, -1 },
    { "padding count 0", 0xa0, OPUS_PT, NONE, BYTES("voice\0\0\0\0"), -1, WORKER_DROP_RTP_SYNTAX },
    { "padding beyond the payload", 0xa0, OPUS_PT, NONE, BYTES("voice\0\0\0\x20"), -1, WORKER_DROP_RTP_SYNTAX },
    { "no payload", 0x80, OPUS_PT, NONE, NONE, -1, -1 },
    { "RED to who takes RED", 0x80, RED_PT, NONE, BYTES("\xef\0\0\3abc"), 7, -1 },
    { "payload type not negotiated", 0x80, 99, NONE, VOICE, -1, WORKER_DROP_PAYLOAD_TYPE },
    { "video on an audio SSRC", 0x80, VP8_PT, NONE, VOICE, -1, WORKER_DROP_PAYLOAD_TYPE },
    { "RTX on an audio SSRC", 0x80, RTX_PT, NONE, VOICE, -1, WORKER_DROP_PAYLOAD_TYPE },
};

static void speak_case(Engine *f, const RtpCase *c, uint16_t seq)
{
    uint8_t h[64];
    size_t n = head(h, c->first, c->pt, seq, AUDIO_SSRC(0));
    memcpy(h + n, c->more, c->more_len);
    engine_give_rtp(f, 0, &f->client[0].audio, h, n + c->more_len, c->payload, c->payload_len);
}

/* Each between two plain packets, whose numbers tell whether it left a hole. */
static void test_rtp(Engine *f, gconstpointer data)
{
    const RtpCase *c = data;
    const RtpCase *plain = &rtp_cases[0];
    RtpView v;
    uint64_t before[WORKER_DROPS];
    speak_case(f, plain, 100);
    g_assert_true(engine_hear(f, 1, &v));
    uint16_t first = v.seq;
    memcpy(before, f->w.totals.drops, sizeof(before));
    speak_case(f, c, 101);
    bool heard = engine_hear(f, 1, &v);
    g_assert_cmpint(heard ? (int)v.payload_len : -1, ==, c->heard);
    if (heard) {
        g_assert_cmpmem(engine_heard + v.payload_off, v.payload_len, c->payload, (size_t)c->heard);
        g_assert_cmpuint(v.pt, ==, c->pt);
        g_assert_cmphex(engine_heard[0] & 0x2f, ==, 0); /* neither padding nor CSRCs are claimed */
    }
    for (int i = 0; i < WORKER_DROPS; i++)
        g_assert_cmpuint(f->w.totals.drops[i] - before[i], ==, i == c->why);
    speak_case(f, plain, 102);
    g_assert_true(engine_hear(f, 1, &v));
    bool swallowed = !heard && c->why < 0;
    g_assert_cmpuint((uint16_t)(v.seq - first), ==, swallowed ? 1 : 2);
}

/* RED toward somebody without it: the newest block alone; broken blocks nowhere. */
static void test_red_opened(Engine *f, gconstpointer unused)
{
    static const struct {
        const char *bytes;
        size_t len;
        int heard;
    } rows[] = {
        { BYTES("\x6fvoice"), 5 }, /* primary alone */
        { BYTES("\xef\0\0\3\x6f"
                "old"
                "newer"),
          5 }, /* one redundant block */
        { BYTES("\xef\0\0\x40\x6f"
                "old"),
          -1 },                     /* its length is beyond the end */
        { BYTES("\xef\0"), -1 },    /* its header is cut */
        { BYTES("\x63voice"), -1 }, /* a payload type nobody knows */
    };
    WorkerMedia media;
    engine_describe(&media, LEVEL_ID);
    media.n_payloads = 4; /* RED is the last */
    media_endpoint_set_media(f->client[1].ep, &media);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        RtpCase c = { "", 0x80, RED_PT, NONE, rows[i].bytes, rows[i].len, 0, 0 };
        RtpView v;
        speak_case(f, &c, (uint16_t)(10 + i));
        bool heard = engine_hear(f, 1, &v);
        g_assert_cmpint(heard ? (int)v.payload_len : -1, ==, rows[i].heard);
        if (heard) {
            g_assert_cmpuint(v.pt, ==, OPUS_PT);
            g_assert_cmpmem(engine_heard + v.payload_off, 5, rows[i].bytes + rows[i].len - 5, 5);
        }
    }
}

/* Levels are read from two-byte headers too: silence is silence. */
static void test_two_byte_level(Engine *f, gconstpointer unused)
{
    RtpCase silent = { "", 0x90, OPUS_PT, BYTES("\x10\0\0\1\1\1\x7f\0"), VOICE, 0, 0 };
    for (uint16_t seq = 1; seq <= 10; seq++)
        speak_case(f, &silent, seq);
    g_assert_cmpuint(drops(f, WORKER_DROP_SILENCE), ==, 7);
}

/* JSA-2022-0001: payloads of end-to-end encrypted calls are nobody's business. */
static void test_payload_untouched(Engine *f, gconstpointer unused)
{
    uint8_t payload[1100];
    for (uint16_t seq = 1; seq < 200; seq++) {
        RtpView v;
        for (size_t i = 0; i < sizeof(payload); i++)
            payload[i] = (uint8_t)g_test_rand_int();
        RtpCase c = {
            "", 0x80, OPUS_PT, NONE, (const char *)payload, (size_t)g_test_rand_int_range(1, sizeof(payload) + 1), 0, 0
        };
        speak_case(f, &c, seq);
        g_assert_true(engine_hear(f, 1, &v));
        g_assert_cmpmem(engine_heard + v.payload_off, v.payload_len, payload, c.payload_len);
    }
}

/* ---- before and behind SRTP ---- */

static void test_srtp_envelope(Engine *f, gconstpointer unused)
{
    EngineClient *c = &f->client[0];
    uint8_t h[16], out[128];
    RtpView v;
    size_t n = srtp_tx_protect(c->tx, &c->audio, h, head(h, 0x80, OPUS_PT, 1, AUDIO_SSRC(0)), h, 12, out, sizeof(out));
    for (size_t cut = 12; cut < n; cut++) /* every shorter one */
        engine_give(f, c, out, cut, false);
    g_assert_cmpuint(drops(f, WORKER_DROP_SRTP), ==, n - 12);
    engine_give(f, c, out, n, false);
    g_assert_true(engine_hear(f, 1, &v));
    engine_give(f, c, out, n, false); /* repeated */
    g_assert_false(engine_hear(f, 1, &v));
    g_assert_cmpuint(drops(f, WORKER_DROP_SRTP), ==, n - 12 + 1);
    out[0] |= 0x0f; /* CSRCs beyond the packet */
    engine_give(f, c, out, n, false);
    g_assert_cmpuint(drops(f, WORKER_DROP_SRTP), ==, n - 12 + 2);
    uint8_t rtcp[14] = { 0x80, 201, 0, 1, 0, 0, 0, 1 }; /* shorter than header, index and tag */
    for (size_t len = 8; len <= sizeof(rtcp); len++)
        engine_give(f, c, rtcp, len, true);
    g_assert_cmpuint(drops(f, WORKER_DROP_SRTCP), ==, 7);
}

/* Nobody's state is made before a packet has proven itself. */
static void test_unproven_makes_no_state(Engine *f, gconstpointer unused)
{
    uint8_t h[64] = { 0 };
    head(h, 0x80, OPUS_PT, 1, AUDIO_SSRC(0));
    engine_give(f, &f->client[0], h, sizeof(h), false);
    MediaSource *s = media_endpoint_find_source(f->client[0].ep, "c0-a0");
    g_assert_null(s->encodings[0].state);
    g_assert_cmpuint(srtp_rx_streams(f->client[0].ep->srtp_rx), ==, 0);
    g_assert_cmpint(f->client[0].ep->last_packet_us, ==, 0);
}

/* ---- SSRCs ---- */

static void test_spoofed_ssrc(Engine *f, gconstpointer unused)
{
    static const struct {
        uint32_t ssrc;
        uint8_t pt;
    } rows[] = {
        { AUDIO_SSRC(1), OPUS_PT }, { VIDEO_SSRC(1), VP8_PT }, { RTX_SSRC(1), RTX_PT }, { 0xa0a0, OPUS_PT },
        { 0xb0b0, VP8_PT },         { 0x12345678, OPUS_PT },   { 0, OPUS_PT },
    };
    RtpView v;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        uint8_t h[12];
        SrtpStream stream = { 0 };
        engine_give_rtp(f, 0, &stream, h, head(h, 0x80, rows[i].pt, 1, rows[i].ssrc), "x", 1);
        g_assert_cmpuint(drops(f, WORKER_DROP_SSRC), ==, i + 1);
    }
    g_assert_false(engine_hear(f, 1, &v));
    g_assert_cmpuint(srtp_rx_streams(f->client[0].ep->srtp_rx), ==, 0);
}

/* A source whose SSRC is somebody else's, or ours, does not come into being; the owner goes on. */
static void test_ssrc_conflict(Engine *f, gconstpointer unused)
{
    const uint32_t taken[] = { AUDIO_SSRC(0), VIDEO_SSRC(0), RTX_SSRC(0), 0xa0a0, 0xb0b0 };
    RtpView v;
    for (size_t i = 0; i < G_N_ELEMENTS(taken); i++) {
        WorkerSource s = { .name = "c1-v0", .kind = WORKER_VIDEO, .n_encodings = 1 };
        s.encodings[0] = (WorkerEncoding){ taken[i], 7001 };
        media_endpoint_set_sources(f->client[1].ep, &s, 1);
        g_assert_cmpuint(f->client[1].ep->n_sources, ==, 0);
        s.encodings[0] = (WorkerEncoding){ 7000, taken[i] };
        media_endpoint_set_sources(f->client[1].ep, &s, 1);
        g_assert_cmpuint(f->client[1].ep->n_sources, ==, 0);
    }
    engine_speak(f, 0, 1);
    g_assert_true(engine_hear(f, 1, &v));
    g_assert_cmpuint(v.ssrc, ==, AUDIO_SSRC(0));
}

/* Forced mute closes every SSRC of that kind, leaves no hole, and opens again. */
static void test_forced_mute(Engine *f, gconstpointer unused)
{
    RtpView v;
    engine_speak(f, 0, 1);
    g_assert_true(engine_hear(f, 1, &v));
    uint16_t first = v.seq;
    media_endpoint_set_mute(f->client[0].ep, true, false);
    for (uint16_t seq = 2; seq < 12; seq++)
        engine_speak(f, 0, seq);
    g_assert_false(engine_hear(f, 1, &v));
    g_assert_cmpuint(drops(f, WORKER_DROP_MUTED), ==, 10);
    media_endpoint_set_mute(f->client[0].ep, false, true);
    engine_speak(f, 0, 12);
    g_assert_true(engine_hear(f, 1, &v));
    g_assert_cmpuint(v.seq, ==, (uint16_t)(first + 1));
    uint8_t h[12];
    static const uint8_t key[] = { 0x10, 0, 0, 0, 0x9d, 1, 0x2a, 0x40, 1, 0xb4, 0 };
    engine_give_rtp(f, 0, &f->client[0].video, h, head(h, 0x80, 0x80 | VP8_PT, 1, VIDEO_SSRC(0)), key, sizeof(key));
    g_assert_cmpuint(drops(f, WORKER_DROP_MUTED), ==, 11);
}

/* ---- RTX and video payloads ---- */

static void test_rtx_of_nothing(Engine *f, gconstpointer unused)
{
    uint8_t h[12];
    static const uint8_t key[] = { 0x10, 0, 0, 0, 0x9d, 1, 0x2a, 0x40, 1, 0xb4, 0 };
    engine_give_rtp(f, 0, &f->client[0].video, h, head(h, 0x80, 0x80 | VP8_PT, 1, VIDEO_SSRC(0)), key, sizeof(key));
    for (size_t len = 0; len <= 2; len++) /* nothing, half a number, a number and nothing behind it */
        engine_give_rtp(f, 0, &f->client[0].rtx, h, head(h, 0x80, RTX_PT, (uint16_t)(1 + len), RTX_SSRC(0)), "\0\2",
                        len);
    g_assert_cmpuint(drops(f, WORKER_DROP_RTX), ==, 2);
    engine_give_rtp(f, 0, &f->client[0].rtx, h, head(h, 0x80, RTX_PT, 9, RTX_SSRC(0)), "\0\1xyz", 5); /* not missing */
    g_assert_cmpuint(drops(f, WORKER_DROP_RTX), ==, 3);
    engine_give_rtp(f, 0, &f->client[0].rtx, h, head(h, 0x80, VP8_PT, 10, RTX_SSRC(0)), "\0\3xyz", 5); /* no RTX type */
    g_assert_cmpuint(drops(f, WORKER_DROP_PAYLOAD_TYPE), ==, 1);
}

/* Descriptors cut at every byte: nothing comes out of them, nobody stumbles. */
static void test_cut_descriptors(Engine *f, gconstpointer unused)
{
    static const uint8_t whole[] = { 0x90, 0xe0, 0x80, 1, 5, 0x20, 0, 0, 0, 0x9d, 1, 0x2a, 0x40, 1, 0xb4, 0 };
    RtpView v;
    WorkerCommand *wish = worker_command_new(WORKER_VIDEO_CONSTRAINTS, 1, 11, 0);
    wish->video_constraints.last_n = -1;
    wish->video_constraints.default_max_height = 720;
    wish->video_constraints.default_max_fps = -1;
    wish->video_constraints.assumed_bandwidth_bps = -1;
    media_endpoint_set_wishes(f->client[1].ep, wish);
    for (uint16_t len = 1; len <= sizeof(whole); len++) {
        uint8_t h[12];
        tx_allocate_run(f->client[1].ep, f->w.now_us += 30000);
        engine_give_rtp(f, 0, &f->client[0].video, h, head(h, 0x80, 0x80 | VP8_PT, len, VIDEO_SSRC(0)), whole, len);
        bool heard = engine_hear(f, 1, &v);
        g_assert_cmpint(heard, ==, len > 6); /* what has a whole descriptor and something behind it is a frame */
        if (heard)
            break;
    }
}

/* One VP8 frame in one packet, numbered `i`. */
static void give_frame(Engine *f, uint16_t i, uint8_t tid, bool sync)
{
    uint8_t h[12];
    uint8_t frame[] = {
        0x90, 0xe0, 0x80, (uint8_t)i, (uint8_t)(i / 2), (uint8_t)(tid << 6 | sync << 5), i > 0, 0, 0, 0x9d, 1, 0x2a,
        0x40, 1,    0xb4, 0
    };
    engine_give_rtp(f, 0, &f->client[0].video, h, head(h, 0x80, 0x80 | VP8_PT, i, VIDEO_SSRC(0)), frame, sizeof(frame));
}

/* The empty packet `number` is missed: where there is RTX it comes under that, else as it came before, byte for byte. */
static void miss_filler(Engine *f, uint16_t number, const uint8_t *datagram, size_t len)
{
    uint8_t nack[64], again[200];
    RtpView v;
    Srtcp *srtcp = engine_client_srtcp(&f->client[1]);
    f->w.now_us += 300000;
    engine_give_rtcp(f, 1, srtcp, nack, rtcp_nack_build(nack, sizeof(nack), 1, VIDEO_SSRC(0), &number, 1));
    srtcp_free(srtcp);
    if (f->client[1].ep->payloads[VP8_PT].rtx_pt == 0xff) {
        g_assert_cmpint(recv(f->client[1].fd, again, sizeof(again), 0), ==, (ssize_t)len);
        g_assert_cmpmem(again, len, datagram, len);
    } else {
        g_assert_true(engine_hear(f, 1, &v));
        g_assert_cmpuint(v.ssrc, ==, RTX_SSRC(0));
        g_assert_cmpuint(v.pt, ==, RTX_PT);
        g_assert_cmpuint(v.payload_len, ==, 2);
        g_assert_cmpuint(engine_heard[v.payload_off] << 8 | engine_heard[v.payload_off + 1], ==, number);
    }
    g_assert_cmpint(recv(f->client[1].fd, again, sizeof(again), 0), <, 0);
    g_assert_cmpuint(f->w.totals.retransmitted, ==, 1);
}

/* A frame comes late, and the layer it belongs to is not wanted any more: an empty packet takes its place. */
static void test_late_and_unwanted(Engine *f, gconstpointer without_rtx)
{
    RtpView v;
    uint8_t filler[200];
    if (without_rtx) {
        WorkerMedia media;
        engine_describe(&media, LEVEL_ID);
        for (uint32_t i = 0; i < media.n_payloads; i++)
            if (media.payloads[i].pt == RTX_PT)
                media.payloads[i] = media.payloads[--media.n_payloads];
        media_endpoint_set_media(f->client[1].ep, &media);
    }
    WorkerCommand *wish = worker_command_new(WORKER_VIDEO_CONSTRAINTS, 1, 11, 0);
    wish->video_constraints.last_n = -1;
    wish->video_constraints.default_max_height = 720;
    wish->video_constraints.default_max_fps = -1;
    wish->video_constraints.assumed_bandwidth_bps = -1;
    media_endpoint_set_wishes(f->client[1].ep, wish);
    tx_allocate_run(f->client[1].ep, f->w.now_us += 30000);
    MediaSource *s = media_endpoint_find_source(f->client[0].ep, "c0-v0");
    Projection *p = &f->client[1].ep->tx->by_source[s->index].video->projection;
    projection_set_target(p, LAYER_INDEX(0, 0, 1), FORWARD_CAP);
    give_frame(f, 0, 0, false);
    g_assert_true(engine_hear(f, 1, &v));
    uint16_t first = v.seq;
    give_frame(f, 2, 0, false);
    g_assert_true(engine_hear(f, 1, &v));
    g_assert_cmpuint((uint16_t)(v.seq - first), ==, 2);
    projection_set_target(p, LAYER_INDEX(0, 0, 0), FORWARD_CAP);
    give_frame(f, 3, 1, true); /* in order and unwanted: nothing, and no hole */
    g_assert_false(engine_hear(f, 1, &v));
    give_frame(f, 1, 1, true);
    ssize_t len = recv(f->client[1].fd, filler, sizeof(filler), MSG_PEEK);
    g_assert_cmpint(len, >, 12);
    g_assert_true(engine_hear(f, 1, &v));
    g_assert_cmpuint((uint16_t)(v.seq - first), ==, 1);
    g_assert_cmpuint(v.payload_len, ==, 0);
    g_assert_cmphex(engine_heard[0] & 0x20, ==, 0x20);
    g_assert_cmpuint(v.marker, ==, 0);
    g_assert_cmpuint(f->w.totals.numbers_filled, ==, 1);
    g_assert_false(projection_needs_keyframe(p));
    miss_filler(f, (uint16_t)(first + 1), filler, (size_t)len);
    give_frame(f, 4, 0, false);
    g_assert_true(engine_hear(f, 1, &v));
    g_assert_cmpuint((uint16_t)(v.seq - first), ==, 3);
}

/* Firefox lists the encodings of a camera highest first: who may have 180 lines gets those all the same, and who may
 * have 720 gets the best there is. */
static void test_highest_first(Engine *f, gconstpointer unused)
{
    static const int heights[] = { 720, 360, 180 };
    MediaEndpoint *receiver = f->client[1].ep;
    WorkerSource s = { .name = "c0-v0", .kind = WORKER_VIDEO, .n_encodings = 3 };
    SrtpStream streams[3] = { { 0 } };
    for (uint32_t e = 0; e < 3; e++)
        s.encodings[e].ssrc = 8000 + e;
    media_endpoint_set_sources(f->client[0].ep, &s, 1);
    for (int limit = 180; limit <= 720; limit *= 4) {
        WorkerCommand *wish = worker_command_new(WORKER_VIDEO_CONSTRAINTS, 1, 11, 0);
        wish->video_constraints.last_n = -1;
        wish->video_constraints.default_max_height = limit;
        wish->video_constraints.default_max_fps = -1;
        wish->video_constraints.assumed_bandwidth_bps = 100000000;
        media_endpoint_set_wishes(receiver, wish);
        unsigned last = 0, got[3] = { 0 };
        for (uint16_t i = 0; i < 60; i++) { /* a key frame every half second */
            for (uint32_t e = 0; e < 3; e++) {
                RtpView v;
                uint8_t h[12], n = (uint8_t)(heights[e] / 180);
                uint16_t seq = (uint16_t)(limit * 10 + i);
                unsigned height = (unsigned)heights[e], width = height * 16 / 9;
                uint8_t frame[] = { 0x90,
                                    0xe0,
                                    (uint8_t)(0x80 | seq >> 8),
                                    (uint8_t)seq,
                                    (uint8_t)seq,
                                    0,
                                    i % 15 != 0,
                                    0,
                                    0,
                                    0x9d,
                                    1,
                                    0x2a,
                                    (uint8_t)width,
                                    (uint8_t)(width >> 8),
                                    (uint8_t)height,
                                    (uint8_t)(height >> 8),
                                    n };
                engine_give_rtp(f, 0, &streams[e], h, head(h, 0x80, 0x80 | VP8_PT, seq, 8000 + e), frame,
                                sizeof(frame));
                while (engine_hear(f, 1, &v)) {
                    if (v.payload_len != sizeof(frame))
                        continue; /* a probe */
                    last = engine_heard[v.payload_off + sizeof(frame) - 1] * 180u;
                    got[last == 720 ? 0 : last == 360 ? 1 : 2]++;
                }
            }
            tx_allocate_run(receiver, f->w.now_us += 33000);
        }
        g_assert_cmpuint(last, ==, (unsigned)limit);
        g_assert_cmpuint(got[limit == 720 ? 0 : 2], >, 30);
        g_assert_cmpuint(got[limit == 720 ? 2 : 0], <, 30);
    }
    MediaSource *source = media_endpoint_find_source(f->client[0].ep, "c0-v0");
    g_assert_cmpuint(source->encodings[0].eid, ==, 2);
    g_assert_cmpuint(source->encodings[2].eid, ==, 0);
    g_assert_cmpuint(source->orders, ==, 1);
}

/* ---- RTCP ---- */

static void test_rtcp(Engine *f, gconstpointer unused)
{
    static const struct {
        const char *name;
        uint8_t bytes[40];
        size_t len;
    } rows[] = {
        { "XR", { 0x80, 207, 0, 3, 0, 0, 7, 0xd1, 4, 0, 0, 2, 1, 2, 3, 4 }, 16 },
        { "BYE", { 0x81, 203, 0, 1, 0, 0, 3, 0xe8 }, 8 },
        { "BYE, reason beyond", { 0x81, 203, 0, 2, 0, 0, 3, 0xe8, 0xff, 'b', 'y', 'e' }, 12 },
        { "SDES without terminator", { 0x81, 202, 0, 2, 0, 0, 3, 0xe8, 1, 2, 'a', 'b' }, 12 },
        { "APP", { 0x80, 204, 0, 2, 0, 0, 3, 0xe8, 'n', 'a', 'm', 'e' }, 12 },
        { "unknown type", { 0x80, 199, 0, 1, 0, 0, 3, 0xe8 }, 8 },
        { "RR count beyond the body", { 0x9f, 201, 0, 1, 0, 0, 3, 0xe8 }, 8 },
        { "SR cut", { 0x80, 200, 0, 3, 0, 0, 3, 0xe8, 1, 2, 3, 4, 5, 6, 7, 8 }, 16 },
        { "NACK without items", { 0x81, 205, 0, 2, 0, 0, 0, 1, 0, 0, 7, 0xd1 }, 12 },
        { "transport-cc cut", { 0x8f, 205, 0, 3, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0xff, 0xff }, 16 },
        { "REMB count beyond", { 0x8f, 206, 0, 4, 0, 0, 0, 1, 0, 0, 0, 0, 'R', 'E', 'M', 'B', 0xff, 0, 0, 1 }, 20 },
    };
    Srtcp *srtcp = engine_client_srtcp(&f->client[1]);
    RtpView v;
    engine_speak(f, 0, 1);
    g_assert_true(engine_hear(f, 1, &v));
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        /* alone, and in front of a PLI, which must still be found */
        uint8_t compound[80];
        uint64_t before = f->w.totals.keyframe_requests_in;
        g_test_message("%s", rows[i].name);
        engine_give_rtcp(f, 1, srtcp, rows[i].bytes, rows[i].len);
        memcpy(compound, rows[i].bytes, rows[i].len);
        size_t n = rtcp_pli_build(compound + rows[i].len, sizeof(compound) - rows[i].len, 1, VIDEO_SSRC(0));
        engine_give_rtcp(f, 1, srtcp, compound, rows[i].len + n);
        g_assert_cmpuint(f->w.totals.keyframe_requests_in, ==, before + 1);
        engine_speak(f, 0, (uint16_t)(2 + i)); /* the call goes on, whoever said goodbye */
        g_assert_true(engine_hear(f, 1, &v));
    }
    /* a length beyond the end ends the compound; what came before it counted */
    uint8_t beyond[24];
    size_t n = rtcp_pli_build(beyond, sizeof(beyond), 1, VIDEO_SSRC(0));
    memcpy(beyond + n, (uint8_t[]){ 0x80, 201, 0xff, 0xff, 0, 0, 0, 1 }, 8);
    uint64_t before = f->w.totals.keyframe_requests_in;
    engine_give_rtcp(f, 1, srtcp, beyond, n + 8);
    g_assert_cmpuint(f->w.totals.keyframe_requests_in, ==, before + 1);
    g_assert_cmpuint(drops(f, WORKER_DROP_SRTCP), ==, 0);
    srtcp_free(srtcp);
}

/* Senders of RTCP come and go: 256 at a time are remembered, and the counter tells of the rest. */
static void test_rtcp_senders(Engine *f, gconstpointer unused)
{
    Srtcp *srtcp = engine_client_srtcp(&f->client[0]);
    for (unsigned i = 0; i < SRTP_STREAMS_MAX + 40; i++) {
        uint8_t rr[8] = { 0x80, 201, 0, 1, 9, 9, (uint8_t)(i >> 8), (uint8_t)i };
        engine_give_rtcp(f, 0, srtcp, rr, sizeof(rr));
    }
    g_assert_cmpuint(f->w.totals.rtcp_senders_evicted, ==, 40);
    g_assert_cmpuint(drops(f, WORKER_DROP_SRTCP), ==, 0);
    srtcp_free(srtcp);
}

/* ---- 13.5: where numbers begin; 13.1: what is held before the keys ---- */

static void test_first_numbers(Engine *f, gconstpointer unused)
{
    RtpView v;
    for (unsigned i = 0; i < 100; i++) {
        WorkerSource s = { .name = "c0-a0", .kind = WORKER_AUDIO, .n_encodings = 1 };
        uint8_t h[12];
        SrtpStream stream = { 0 };
        s.encodings[0].ssrc = 6000 + i;
        media_endpoint_set_sources(f->client[0].ep, &s, 1);
        engine_give_rtp(f, 0, &stream, h, head(h, 0x80, OPUS_PT, (uint16_t)(65000 + 7 * i), 6000 + i), "x", 1);
        g_assert_true(engine_hear(f, 1, &v));
        g_assert_cmpuint(v.seq, <, 32768);
    }
}

static void test_early_packets(Engine *f, gconstpointer unused)
{
    EngineClient *c = &f->client[0];
    RtpView v;
    unsigned heard = 0;
    WorkerCommand *create = worker_command_new(WORKER_ENDPOINT_CREATE, 1, 99, 0);
    g_strlcpy(create->endpoint_create.id, "late", sizeof(create->endpoint_create.id));
    g_assert_true(worker_ice_credentials(0, &create->endpoint_create.ice));
    media_endpoint_free(c->ep);
    c->ep = media_endpoint_new(f->conference, create);
    worker_command_free(create);
    for (uint16_t seq = 1; seq <= MEDIA_EARLY_MAX + 10; seq++)
        engine_speak(f, 0, seq);
    g_assert_cmpuint(c->ep->n_early, ==, MEDIA_EARLY_MAX);
    g_assert_cmpuint(drops(f, WORKER_DROP_NO_KEYS), ==, 10);
    WorkerMedia media;
    engine_describe(&media, LEVEL_ID);
    media_endpoint_set_media(c->ep, &media);
    engine_signal_sources(c, 0);
    c->ep->send_to = c->at;
    media_endpoint_set_keys(c->ep, &c->keys);
    while (engine_hear(f, 1, &v))
        heard++;
    g_assert_cmpuint(heard, ==, MEDIA_EARLY_MAX);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(Engine *, gconstpointer);
        gconstpointer data;
    } tests[] = {
        { "red-opened", test_red_opened },
        { "two-byte-level", test_two_byte_level },
        { "payload-untouched", test_payload_untouched },
        { "srtp-envelope", test_srtp_envelope },
        { "unproven-makes-no-state", test_unproven_makes_no_state },
        { "spoofed-ssrc", test_spoofed_ssrc },
        { "ssrc-conflict", test_ssrc_conflict },
        { "forced-mute", test_forced_mute },
        { "rtx-of-nothing", test_rtx_of_nothing },
        { "cut-descriptors", test_cut_descriptors },
        { "late-and-unwanted", test_late_and_unwanted },
        { "late-and-unwanted, no RTX", test_late_and_unwanted, "without" },
        { "highest-first", test_highest_first },
        { "rtcp", test_rtcp },
        { "rtcp-senders", test_rtcp_senders },
        { "first-numbers", test_first_numbers },
        { "early-packets", test_early_packets },
    };
    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(rtp_cases); i++) {
        g_autofree char *path = g_strdup_printf("/media/corner-cases/rtp/%s", rtp_cases[i].name);
        g_test_add(path, Engine, &rtp_cases[i], engine_set_up, test_rtp, engine_tear_down);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(tests); i++) {
        g_autofree char *path = g_strdup_printf("/media/corner-cases/%s", tests[i].name);
        g_test_add(path, Engine, tests[i].data, engine_set_up, tests[i].run, engine_tear_down);
    }
    return g_test_run();
}
