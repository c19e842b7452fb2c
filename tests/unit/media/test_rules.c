/* SPDX-License-Identifier: Apache-2.0
 *
 * Rules of doc/protocols.md (Media, rule by rule) on the whole packet path: what a sender is told and asked for and
 * how, what is sent again, what a sender says of its layers, and what a new dominant speaker changes. */
#include "tests/unit/media/engine_kit.h"

#include "bridge/tx/tx_allocate.h"
#include "bridge/tx/tx_repair.h"
#include "bridge/tx/tx_state.h"
#include "common/rtp/rtcp_fb.h"
#include "common/rtp/rtcp_iter.h"
#include "common/rtp/rtcp_report.h"
#include "common/rtp/rtp_ext.h"
#include "common/rtp/rtp_write.h"
#include "common/rtp/twcc.h"

#include <string.h>
#include <sys/socket.h>

#define THIRD 2u

/* ---- 7.10, 7.2: key frames ---- */

/* PLIs and FIRs that client `who` got by now, about this SSRC. */
static void count_requests(Engine *f, unsigned who, uint32_t ssrc, unsigned *pli, unsigned *fir)
{
    Srtcp *srtcp = engine_client_srtcp(&f->client[who]);
    uint8_t in[2000];
    *pli = *fir = 0;
    for (ssize_t got; (got = recv(f->client[who].fd, in, sizeof(in), 0)) > 0;) {
        size_t len = (size_t)got;
        RtcpPacket rp;
        RtcpFb fb;
        if (in[1] < 192 || in[1] > 223)
            continue;
        g_assert_cmpint(srtcp_unprotect(srtcp, in, &len), ==, SRTP_OK);
        RtcpIter it = RTCP_ITER(in, len);
        while (rtcp_iter_next(&it, &rp)) {
            if (rp.pt != RTCP_PT_PSFB || !rtcp_fb_parse(in, &rp, &fb))
                continue;
            *pli += rp.count == RTCP_PSFB_PLI && fb.media_ssrc == ssrc;
            *fir += rp.count == RTCP_PSFB_FIR && rtcp_fir_entry(in, &fb, 0).ssrc == ssrc;
        }
    }
    srtcp_free(srtcp);
}

static void wish(Engine *f, int last_n, const char *on_stage)
{
    WorkerCommand *w = worker_command_new(WORKER_VIDEO_CONSTRAINTS, 1, 11, on_stage ? 1 : 0);
    w->video_constraints.last_n = last_n;
    w->video_constraints.default_max_height = 720;
    w->video_constraints.default_max_fps = -1;
    w->video_constraints.assumed_bandwidth_bps = 1000000000;
    if (on_stage) {
        w->video_constraints.constraints[0].on_stage = true;
        g_strlcpy(w->video_constraints.constraints[0].name, on_stage, WORKER_NAME_SIZE);
    }
    media_endpoint_set_wishes(f->client[1].ep, w);
    tx_allocate_run(f->client[1].ep, f->w.now_us += 100000);
}

static void show(Engine *f, uint16_t seq, bool key)
{
    uint8_t header[12], payload[ENGINE_PICTURE], dd[8];
    RtpHeader h = { .pt = VP8_PT, .seq = seq, .ts = seq * 3000u, .ssrc = VIDEO_SSRC(0), .marker = 1 };
    size_t n = rtp_header_write(header, sizeof(header), &h, NULL, 0, false);
    engine_picture(CODEC_VP8, key, seq, seq, 0, payload, dd);
    f->w.now_us += 33000;
    engine_give_rtp(f, 0, &f->client[0].video, header, n, payload, sizeof(payload));
}

/* maxFrameRate 0 turns video off as maxHeight 0 does, of all or of one source; any other says nothing. */
static void test_no_frame_rate(Engine *f, gconstpointer unused)
{
    static const struct {
        int32_t all, one; /* -2: says nothing of that source alone */
        bool shown;
    } rows[] = { { -1, -2, true }, { 0, -2, false }, { 15, -2, true }, { -1, 0, false },
                 { 0, 30, true },  { -1, 5, true },  { 0, 0, false } };
    for (uint16_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        WorkerCommand *w = worker_command_new(WORKER_VIDEO_CONSTRAINTS, 1, 11, rows[i].one == -2 ? 0 : 1);
        RtpView v;
        unsigned n = 0;
        w->video_constraints.last_n = -1;
        w->video_constraints.default_max_height = 720;
        w->video_constraints.default_max_fps = rows[i].all;
        w->video_constraints.assumed_bandwidth_bps = 1000000000;
        if (rows[i].one != -2)
            w->video_constraints.constraints[0] = (WorkerConstraint){
                .name = "c0-v0", .has_constraint = true, .max_height = 720, .max_fps = rows[i].one
            };
        media_endpoint_set_wishes(f->client[1].ep, w);
        tx_allocate_run(f->client[1].ep, f->w.now_us += 100000);
        show(f, i, true);
        while (engine_hear(f, 1, &v))
            n += v.ssrc == VIDEO_SSRC(0) && v.payload_len > 0;
        g_assert_cmpuint(n, ==, rows[i].shown);
    }
}

/* The receiver asks by PLI or FIR, alone or behind a sender report; the sender is asked by what it understands. */
static void test_request_kinds(Engine *f, gconstpointer unused)
{
    Srtcp *srtcp = engine_client_srtcp(&f->client[1]);
    RtcpSenderInfo info = { .ssrc = AUDIO_SSRC(1), .ntp = 1ull << 32, .rtp_ts = 1 };
    RtcpFirEntry entry = { .ssrc = VIDEO_SSRC(0), .seq = 1 };
    wish(f, -1, NULL);
    for (int kind = 0; kind < 6; kind++) {
        uint8_t buf[200];
        size_t n = 0;
        unsigned pli, fir;
        WorkerMedia media;
        engine_describe(&media, LEVEL_ID);
        bool sender_fir = kind % 2, asked_by_fir = kind / 2 == 1, behind_sr = kind / 2 == 2;
        if (sender_fir)
            media.payloads[2].feedback = WORKER_FB_NACK | WORKER_FB_FIR | WORKER_FB_TCC;
        media_endpoint_set_media(f->client[0].ep, &media);
        show(f, (uint16_t)(100 + kind), true);
        count_requests(f, 0, 0, &pli, &fir);
        f->w.now_us += 11000000; /* of one receiver three in ten seconds */
        if (behind_sr)
            n = rtcp_sr_build(buf, sizeof(buf), &info, NULL, 0);
        n += asked_by_fir ? rtcp_fir_build(buf + n, sizeof(buf) - n, 1, &entry, 1)
                          : rtcp_pli_build(buf + n, sizeof(buf) - n, 1, VIDEO_SSRC(0));
        engine_give_rtcp(f, 1, srtcp, buf, n);
        count_requests(f, 0, VIDEO_SSRC(0), &pli, &fir);
        g_assert_cmpuint(pli, ==, !sender_fir);
        g_assert_cmpuint(fir, ==, sender_fir);
    }
    srtcp_free(srtcp);
}

/* Client 1 tells that what it was sent last came. */
static void acknowledge(Engine *f, Srtcp *srtcp)
{
    uint8_t buf[200];
    RtpView v;
    RtpExtElement e;
    TwccHead head = { .sender_ssrc = 1, .media_ssrc = VIDEO_SSRC(0) };
    size_t consumed;
    while (engine_hear(f, 1, &v)) {
        g_assert_true(rtp_ext_find(engine_heard, &v, TCC_ID, &e));
        head.base_seq = (uint16_t)(engine_heard[e.off] << 8 | engine_heard[e.off + 1]);
    }
    engine_give_rtcp(f, 1, srtcp, buf, twcc_build(buf, sizeof(buf), &head, &f->w.now_us, 1, &consumed));
    g_assert_cmpuint(consumed, ==, 1);
}

/* Whoever is heard from another address after a silence has lost the pictures meanwhile: key frames of what it is sent.
 * Without a silence, or without a wish, of nothing. */
static void test_moved(Engine *f, gconstpointer unused)
{
    Srtcp *srtcp = engine_client_srtcp(&f->client[1]);
    const uint64_t *requests = &f->w.totals.keyframe_requests_out;
    uint16_t seq = 1;
    wish(f, -1, NULL);
    show(f, seq++, true);
    for (int i = 0; i < 10; i++) {
        show(f, seq++, false);
        acknowledge(f, srtcp);
    }
    uint64_t before = *requests;
    tx_repair_moved(f->client[1].ep, f->w.now_us + 100000);
    g_assert_cmpuint(*requests, ==, before);
    for (int i = 0; i < 30; i++)
        show(f, seq++, false);
    tx_repair_moved(f->client[1].ep, f->w.now_us);
    g_assert_cmpuint(*requests, ==, before + 1);
    show(f, seq++, true);
    wish(f, 0, NULL);
    tx_repair_moved(f->client[1].ep, f->w.now_us += 3000000);
    tx_repair_moved(f->client[0].ep, f->w.now_us); /* who is sent nothing */
    g_assert_cmpuint(*requests, ==, before + 1);
    srtcp_free(srtcp);
}

/* ---- 7.5, 7.9: reports and retransmission ---- */

/* Reports that client `who` got by now, of one block each, about this SSRC. */
static unsigned count_reports(Engine *f, unsigned who, uint32_t ssrc)
{
    Srtcp *srtcp = engine_client_srtcp(&f->client[who]);
    uint8_t in[2000];
    unsigned n = 0;
    for (ssize_t got; (got = recv(f->client[who].fd, in, sizeof(in), 0)) > 0;) {
        size_t len = (size_t)got;
        RtcpPacket rp;
        RtcpReport report;
        if (in[1] != RTCP_PT_RR)
            continue;
        g_assert_cmpint(srtcp_unprotect(srtcp, in, &len), ==, SRTP_OK);
        RtcpIter it = RTCP_ITER(in, len);
        g_assert_true(rtcp_iter_next(&it, &rp) && rtcp_report_parse(in, &rp, &report));
        g_assert_cmpuint(report.block_count, ==, 1);
        g_assert_cmpuint(report.sender.ssrc, ==, f->conference->video_ssrc);
        n += rtcp_report_block(in, &report, 0).ssrc == ssrc;
    }
    srtcp_free(srtcp);
    return n;
}

/* Two a second while packets come, about nobody else, and none once they have stopped. */
static void test_reception_reports(Engine *f, gconstpointer unused)
{
    unsigned n = 0;
    for (uint16_t seq = 0; seq < 200; seq++) {
        engine_speak(f, 0, seq);
        timers_run(&f->w.timers, f->w.now_us, 64);
        n += count_reports(f, 0, AUDIO_SSRC(0));
    }
    g_assert_cmpuint(n, >=, 7);
    g_assert_cmpuint(n, <=, 9);
    for (int i = 0; i < 200; i++) {
        timers_run(&f->w.timers, f->w.now_us += 20000, 64);
        n = i < 50 ? 0 : n + count_reports(f, 0, AUDIO_SSRC(0));
    }
    g_assert_cmpuint(n, ==, 0);
    g_assert_cmpuint(count_reports(f, 1, AUDIO_SSRC(0)), ==, 0);
}

/* Not before what was sent could have come by itself, not twice in a round trip, and all of it within a budget. */
static void test_repair_limits(Engine *f, gconstpointer unused)
{
    Srtcp *srtcp = engine_client_srtcp(&f->client[1]);
    const WorkerTotals *t = &f->w.totals;
    uint8_t nack[64];
    uint16_t seqs[16];
    RtpView v;
    unsigned n = 0;
    wish(f, -1, NULL);
    for (uint16_t i = 0; i < 16; i++)
        show(f, i, i == 0);
    while (engine_hear(f, 1, &v))
        if (v.ssrc == VIDEO_SSRC(0) && n < G_N_ELEMENTS(seqs))
            seqs[n++] = v.seq;
    g_assert_cmpuint(n, ==, 16);
    f->client[1].ep->tx->rtt_us = 200000;
    f->w.now_us += 50000;
    size_t one = rtcp_nack_build(nack, sizeof(nack), 1, VIDEO_SSRC(0), &seqs[15], 1);
    engine_give_rtcp(f, 1, srtcp, nack, one);
    g_assert_cmpuint(t->retransmitted, ==, 0);
    f->w.now_us += 150000;
    engine_give_rtcp(f, 1, srtcp, nack, one);
    g_assert_cmpuint(t->retransmitted, ==, 1);
    engine_give_rtcp(f, 1, srtcp, nack, one);
    g_assert_cmpuint(t->retransmitted, ==, 1);
    f->w.now_us += 200000;
    engine_give_rtcp(f, 1, srtcp, nack, one);
    g_assert_cmpuint(t->retransmitted, ==, 2);
    f->client[1].ep->tx->rtt_us = 0; /* not known: only the budget holds */
    size_t all = rtcp_nack_build(nack, sizeof(nack), 1, VIDEO_SSRC(0), seqs, 16);
    for (int i = 0; i < 1000; i++)
        engine_give_rtcp(f, 1, srtcp, nack, all);
    g_assert_cmpuint(t->retransmitted, >, 16);
    g_assert_cmpuint(t->retransmitted, <, 8000);
    srtcp_free(srtcp);
}

/* What RTX brings is the packet that was lost, but for its padding; and it leaves the packet as it was for the next. */
static void test_repair_is_whole(Engine *f, gconstpointer unused)
{
    enum { ORIENTATION_ID = 4, BYTES = 60 };
    Srtcp *srtcp = engine_client_srtcp(&f->client[1]);
    WorkerMedia media;
    for (unsigned i = 0; i < CLIENTS; i++) {
        engine_describe(&media, LEVEL_ID);
        media.extension_ids[RTP_EXT_VIDEO_ORIENTATION] = ORIENTATION_ID;
        media_endpoint_set_media(f->client[i].ep, &media);
    }
    wish(f, -1, NULL);
    uint8_t header[64], payload[BYTES + 5] = { 0 }, dd[8], orientation = 0x0b;
    RtpHeader h = { .pt = VP8_PT, .marker = 1, .padding = true, .seq = 700, .ts = 9000, .ssrc = VIDEO_SSRC(0) };
    RtpExtItem item = { ORIENTATION_ID, 1, &orientation };
    size_t n = rtp_header_write(header, sizeof(header), &h, &item, 1, false);
    engine_picture(CODEC_VP8, true, 1, 1, 0, payload, dd);
    for (unsigned i = ENGINE_PICTURE; i < BYTES; i++)
        payload[i] = (uint8_t)(i * 7);
    payload[BYTES + 4] = 5; /* bytes of padding */
    engine_give_rtp(f, 0, &f->client[0].video, header, n, payload, sizeof(payload));
    RtpView v;
    RtpExtElement e;
    g_assert_true(engine_hear(f, 1, &v));
    g_assert_cmpuint(v.ssrc, ==, VIDEO_SSRC(0));
    uint16_t missing = v.seq, last = 0;
    uint32_t ts = v.ts;
    uint8_t first[BYTES];
    g_assert_cmpuint(v.payload_len, ==, BYTES);
    memcpy(first, engine_heard + v.payload_off, BYTES);
    for (int round = 0; round < 3; round++) {
        uint8_t nack[64];
        f->w.now_us += 300000;
        while (engine_hear(f, 1, &v))
            ;
        engine_give_rtcp(f, 1, srtcp, nack, rtcp_nack_build(nack, sizeof(nack), 1, VIDEO_SSRC(0), &missing, 1));
        g_assert_true(engine_hear(f, 1, &v));
        g_assert_cmpuint(v.ssrc, ==, RTX_SSRC(0));
        g_assert_cmpuint(v.pt, ==, RTX_PT);
        g_assert_true(round == 0 || v.seq == (uint16_t)(last + 1));
        last = v.seq;
        g_assert_cmpuint(v.ts, ==, ts);
        g_assert_cmpuint(v.marker, ==, 1);
        g_assert_cmpuint(v.padding_len, ==, 0);
        g_assert_cmpuint(engine_heard[0] & 0x20, ==, 0); /* P went with the padding */
        g_assert_true(rtp_ext_find(engine_heard, &v, ORIENTATION_ID, &e));
        g_assert_cmpuint(engine_heard[e.off], ==, orientation);
        g_assert_true(rtp_ext_find(engine_heard, &v, TCC_ID, &e));
        g_assert_cmpuint(v.payload_len, ==, 2 + BYTES);
        g_assert_cmpuint(engine_heard[v.payload_off] << 8 | engine_heard[v.payload_off + 1], ==, missing);
        g_assert_cmpmem(engine_heard + v.payload_off + 2, BYTES, first, BYTES);
        g_assert_false(engine_hear(f, 1, &v));
    }
    srtcp_free(srtcp);
}

/* Feedback about what has no retransmission and no key frames, about the bridge's own and about nobody's. */
static void test_feedback_about_others(Engine *f, gconstpointer unused)
{
    const uint32_t about[] = { AUDIO_SSRC(0), AUDIO_SSRC(1), RTX_SSRC(0), 0, 0xa0a0, 0xb0b0, 0xffffffff };
    Srtcp *srtcp = engine_client_srtcp(&f->client[1]);
    unsigned pli, fir;
    wish(f, -1, NULL);
    show(f, 1, true);
    engine_speak(f, 0, 1);
    engine_speak(f, 1, 1);
    count_requests(f, 0, 0, &pli, &fir);
    for (size_t i = 0; i < G_N_ELEMENTS(about); i++) {
        uint8_t buf[64];
        f->w.now_us += 11000000; /* no limit is near */
        uint16_t seqs[] = { 0, 1, 65535 };
        RtcpFirEntry entry = { .ssrc = about[i], .seq = 1 };
        engine_give_rtcp(f, 1, srtcp, buf, rtcp_nack_build(buf, sizeof(buf), 1, about[i], seqs, 3));
        engine_give_rtcp(f, 1, srtcp, buf, rtcp_pli_build(buf, sizeof(buf), 1, about[i]));
        engine_give_rtcp(f, 1, srtcp, buf, rtcp_fir_build(buf, sizeof(buf), 1, &entry, 1));
    }
    g_assert_cmpuint(f->w.totals.retransmitted, ==, 0);
    g_assert_cmpuint(engine_count_rtcp(f, 0), ==, 0); /* the sender is told nothing at all */
    uint8_t buf[64];
    f->w.now_us += 11000000;
    engine_give_rtcp(f, 1, srtcp, buf, rtcp_pli_build(buf, sizeof(buf), 1, VIDEO_SSRC(0)));
    count_requests(f, 0, VIDEO_SSRC(0), &pli, &fir);
    g_assert_cmpuint(pli, ==, 1); /* as it is of what has key frames */
    engine_speak(f, 0, 2);
    RtpView v;
    g_assert_true(engine_hear(f, 1, &v));
    srtcp_free(srtcp);
}

/* ---- 8.2: what a sender says of its layers ---- */

#define VLA_ID 12
#define ENCODINGS 3

/* Highest first, said before any picture has shown it: believed, unless a picture shows something else. */
static void test_said_heights(Engine *f, gconstpointer contradicted)
{
    static const uint16_t heights[ENCODINGS] = { 720, 360, 180 };
    WorkerSource source = { .name = "c0-v0", .kind = WORKER_VIDEO, .n_encodings = ENCODINGS };
    SrtpStream streams[ENCODINGS] = { 0 };
    WorkerMedia media;
    engine_describe(&media, LEVEL_ID);
    media.extension_ids[RTP_EXT_VIDEO_LAYERS] = VLA_ID;
    media.allow_mixed = true;
    media_endpoint_set_media(f->client[0].ep, &media);
    for (uint32_t e = 0; e < ENCODINGS; e++)
        source.encodings[e].ssrc = 8000 + e;
    media_endpoint_set_sources(f->client[0].ep, &source, 1);
    for (uint32_t e = 0; e < ENCODINGS; e++) {
        uint8_t header[64], payload[ENGINE_PICTURE], dd[8];
        uint8_t vla[20] = { (uint8_t)(e << 6 | (ENCODINGS - 1) << 4 | 1), 0, 90, 60, 30 };
        for (int i = 0; i < ENCODINGS; i++) {
            unsigned height = heights[i] - 1u, width = heights[i] * 16u / 9 - 1;
            memcpy(vla + 5 + 5 * i,
                   (uint8_t[]){ (uint8_t)(width >> 8), (uint8_t)width, (uint8_t)(height >> 8), (uint8_t)height, 30 },
                   5);
        }
        RtpExtItem item = { VLA_ID, sizeof(vla), vla };
        RtpHeader h = { .pt = VP8_PT, .seq = 7, .ts = 3000, .ssrc = 8000 + e, .marker = 1 };
        size_t n = rtp_header_write(header, sizeof(header), &h, &item, 1, true);
        engine_picture(CODEC_VP8, contradicted && e == 0, e, e, 0, payload, dd); /* a key frame is of 180 lines */
        engine_give_rtp(f, 0, &streams[e], header, n, payload, sizeof(payload));
    }
    const MediaSource *s = f->client[0].ep->sources[0];
    for (uint8_t e = 0; e < ENCODINGS; e++)
        g_assert_cmpuint(s->encodings[e].eid, ==, contradicted ? e : ENCODINGS - 1 - e);
    g_assert_true(s->vla_differs == (contradicted != NULL));
}

/* ---- 10.3: a new dominant speaker ---- */

/* A third participant, who is not connected yet: "c2" with audio and video. */
static MediaEndpoint *join_third(Engine *f)
{
    WorkerSource sources[2] = {
        { .name = "c2-a0", .kind = WORKER_AUDIO, .n_encodings = 1, .encodings = { { .ssrc = AUDIO_SSRC(THIRD) } } },
        { .name = "c2-v0", .kind = WORKER_VIDEO, .n_encodings = 1, .encodings = { { .ssrc = VIDEO_SSRC(THIRD) } } },
    };
    WorkerCommand *create = worker_command_new(WORKER_ENDPOINT_CREATE, 1, 10 + THIRD, 0);
    g_strlcpy(create->endpoint_create.id, "c2", sizeof(create->endpoint_create.id));
    create->endpoint_create.initial_last_n = -1;
    g_assert_true(worker_ice_credentials(0, &create->endpoint_create.ice));
    MediaEndpoint *ep = media_endpoint_new(f->conference, create);
    worker_command_free(create);
    g_assert_nonnull(ep);
    media_endpoint_set_sources(ep, sources, 2);
    g_assert_cmpuint(ep->n_sources, ==, 2);
    return ep;
}

/* So long does `who` talk and the others not. */
static void talk(Engine *f, MediaEndpoint *who, int ms)
{
    for (int t = 0; t < ms; t += 20) {
        f->w.now_us += 20000;
        for (uint32_t i = 0; i < f->conference->n_endpoints; i++) {
            MediaEndpoint *ep = f->conference->endpoints[i];
            uint8_t level = ep != who ? 90 : t % 260 < 200 ? 20 : 70;
            media_conference_heard(f->conference, ep->sources[0], level, f->w.now_us);
        }
        timers_run(&f->w.timers, f->w.now_us, 64);
        send_batch_flush(f->w.batch);
    }
}

/* With room for one, the one who speaks is seen. */
static void test_speaker_is_seen(Engine *f, gconstpointer unused)
{
    MediaEndpoint *third = join_third(f);
    const TxState *tx = f->client[1].ep->tx;
    wish(f, 1, NULL);
    talk(f, NULL, 1000);
    for (int turn = 0; turn < 4; turn++) {
        talk(f, turn % 2 ? third : f->client[0].ep, 4000);
        g_assert_cmpuint(tx->n_forwarded, ==, 1);
        g_assert_cmpstr(tx->forwarded[0].name, ==, turn % 2 ? "c2-v0" : "c0-v0");
    }
    talk(f, f->client[1].ep, 4000); /* who watches does not see himself: the one who spoke last stays */
    g_assert_cmpuint(tx->n_forwarded, ==, 1);
    g_assert_cmpstr(tx->forwarded[0].name, ==, "c2-v0");
}

/* A key frame is asked for before anybody who has a camera on stage needs one; of who is not seen so, none. */
static void test_speaker_prepares(Engine *f, gconstpointer staged)
{
    unsigned pli, fir;
    MediaEndpoint *third = join_third(f);
    wish(f, -1, staged ? "c0-v0" : NULL);
    talk(f, third, 4000);
    for (uint16_t i = 0; i < 10; i++)
        show(f, i, i == 0);
    for (int i = 0; i < 3; i++) {
        talk(f, NULL, 200);
        show(f, (uint16_t)(10 + i), false);
    }
    count_requests(f, 0, VIDEO_SSRC(0), &pli, &fir);
    talk(f, f->client[0].ep, 3000);
    count_requests(f, 0, VIDEO_SSRC(0), &pli, &fir);
    g_assert_cmpuint(pli, ==, staged != NULL);
    g_assert_cmpuint(fir, ==, 0);
}

/* .. and so that it comes when the farthest of them has heard of the new speaker: he is 250 ms nearer. */
static void test_speaker_prepares_later(Engine *f, gconstpointer unused)
{
    unsigned pli = 0, fir;
    MediaEndpoint *third = join_third(f);
    wish(f, -1, "c0-v0");
    talk(f, third, 4000);
    for (uint16_t i = 0; i < 10; i++)
        show(f, i, i == 0);
    talk(f, NULL, 400);
    f->client[0].ep->tx->rtt_us = 50000;
    f->client[1].ep->tx->rtt_us = 300000;
    count_requests(f, 0, VIDEO_SSRC(0), &pli, &fir);
    for (int i = 0; i < 200 && f->conference->dominant != f->client[0].ep->speaker; i++)
        talk(f, f->client[0].ep, 20);
    g_assert_cmpuint(f->conference->dominant, ==, f->client[0].ep->speaker);
    int64_t since_us = f->w.now_us;
    for (pli = 0; pli == 0 && f->w.now_us - since_us < 1000000;) {
        talk(f, f->client[0].ep, 20);
        count_requests(f, 0, VIDEO_SSRC(0), &pli, &fir);
    }
    g_assert_cmpuint(pli, ==, 1);
    g_assert_cmpint(f->w.now_us - since_us, >=, 220000);
    g_assert_cmpint(f->w.now_us - since_us, <=, 320000);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define RULE(name, function, data)                                                                                     \
    g_test_add("/media/rules/" name, Engine, data, engine_set_up, function, engine_tear_down)
    RULE("request kinds", test_request_kinds, NULL);
    RULE("moved", test_moved, NULL);
    RULE("no frame rate", test_no_frame_rate, NULL);
    RULE("reception reports", test_reception_reports, NULL);
    RULE("repair limits", test_repair_limits, NULL);
    RULE("repair is whole", test_repair_is_whole, NULL);
    RULE("feedback about others", test_feedback_about_others, NULL);
    RULE("said heights/alone", test_said_heights, NULL);
    RULE("said heights/contradicted", test_said_heights, "");
    RULE("speaker is seen", test_speaker_is_seen, NULL);
    RULE("speaker prepares/on stage", test_speaker_prepares, "");
    RULE("speaker prepares/when receivers are far", test_speaker_prepares_later, NULL);
    RULE("speaker prepares/nobody on stage", test_speaker_prepares, NULL);
    return g_test_run();
}
