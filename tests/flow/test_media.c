/* SPDX-License-Identifier: Apache-2.0
 *
 * The media engine over loopback: hand-made clients around real workers, everything they get decrypted by libsrtp2. */
#include "common/rtp/rtcp_fb.h"
#include "common/rtp/rtcp_report.h"
#include "common/rtp/twcc.h"
#include "common/rtp/rtp_ext.h"
#include "common/rtp/vp8.h"
#include "tests/fakes/media_hall.h"

#include <glib.h>
#include <string.h>

typedef struct {
    MediaHall hall;
} Fixture;

typedef struct {
    SrtpProfile profile;
    bool rewriting;
    unsigned workers, worker;
    bool spread; /* each peer on another worker */
} Shape;

#define AUDIO_SSRC 0x11110001u
#define VIDEO_SSRC 0x22220001u
#define VIDEO_RTX 0x33330001u

static void set_up(Fixture *f, gconstpointer data)
{
    const Shape *shape = data;
    media_hall_init(&f->hall, shape->workers ? shape->workers : 1, shape->worker, 0);
    f->hall.spread = shape->spread;
}

static void tear_down(Fixture *f, gconstpointer data)
{
    media_hall_clear(&f->hall);
}

static MediaPeer *join(Fixture *f, const Shape *shape, const char *id)
{
    PeerOptions o = { .profile = shape->profile, .ssrc_rewriting = shape->rewriting, .mid = shape->rewriting };
    return media_hall_join(&f->hall, id, &o);
}

static void send_audio(MediaPeer *p, uint16_t seq, int level)
{
    uint8_t payload[40];
    memset(payload, (int)seq, sizeof(payload));
    PeerRtp rtp = { .pt = PEER_PT_OPUS,
                    .seq = seq,
                    .ts = seq * 960u,
                    .ssrc = AUDIO_SSRC,
                    .level = level,
                    .tcc = -1,
                    .payload = payload,
                    .payload_len = sizeof(payload) };
    media_peer_send_rtp(p, &rtp);
}

/* One packet a frame. VP8 descriptor with 15-bit picture id and TL0PICIDX; key frames are 320x180. */
static void send_video(MediaPeer *p, uint32_t ssrc, uint16_t seq, bool key, int tcc)
{
    uint8_t payload[1000] = { 0x90, 0xe0, (uint8_t)(0x80 | (seq >> 8 & 0x7f)), (uint8_t)seq, (uint8_t)seq, 0x20 };
    memset(payload + 6, (int)seq, sizeof(payload) - 6);
    payload[6] = key ? 0x10 : 0x11; /* P bit: inter frame */
    if (key)
        memcpy(payload + 9, (uint8_t[]){ 0x9d, 0x01, 0x2a, 320 & 0xff, 320 >> 8, 180, 0 }, 7);
    PeerRtp rtp = { .pt = PEER_PT_VP8,
                    .marker = 1,
                    .seq = seq,
                    .ts = seq * 3000u,
                    .ssrc = ssrc,
                    .level = -1,
                    .tcc = tcc,
                    .payload = payload,
                    .payload_len = sizeof(payload) };
    media_peer_send_rtp(p, &rtp);
}

static uint64_t dropped(Fixture *f, WorkerDrop why)
{
    return media_hall_totals(&f->hall).drops[why];
}

static void test_audio(Fixture *f, gconstpointer data)
{
    const Shape *shape = data;
    MediaPeer *a = join(f, shape, "aaaaaaaa"), *b = join(f, shape, "bbbbbbbb"), *c = join(f, shape, "cccccccc");
    media_peer_sources(a, AUDIO_SSRC, NULL, NULL, 0);
    media_hall_settle(&f->hall);
    for (uint16_t seq = 65530; seq != 30; seq++) {
        send_audio(a, seq, 40);
        media_hall_run(&f->hall, 2);
    }
    media_hall_await(&f->hall, b, 0, 36);
    media_hall_await(&f->hall, c, 0, 36);
    MediaPeer *receivers[] = { b, c };
    for (int r = 0; r < 2; r++) {
        uint32_t ssrc = AUDIO_SSRC;
        if (shape->rewriting)
            ssrc = media_hall_slot(&f->hall, receivers[r], "aaaaaaaa-a0", NULL);
        g_assert_cmpuint(ssrc, !=, 0);
        const PeerPacket *last = NULL;
        g_assert_cmpuint(media_peer_count(receivers[r], ssrc, &last), ==, 36);
        g_assert_cmpuint(receivers[r]->undecryptable, ==, 0);
        g_assert_cmpuint(last->view.pt, ==, PEER_PT_OPUS);
        g_assert_cmpuint(last->view.payload_len, ==, 40);
        g_assert_cmpuint(last->data[last->view.payload_off], ==, 29);
        RtpExtElement e;
        g_assert_true(rtp_ext_find(last->data, &last->view, PEER_EXT_LEVEL, &e));
        g_assert_cmpuint(last->data[e.off], ==, 40);
        g_assert_cmpint(rtp_ext_find(last->data, &last->view, PEER_EXT_MID, &e), ==, shape->rewriting);
        for (size_t i = 1; i < receivers[r]->n_packets; i++)
            if (!receivers[r]->packets[i].rtcp && !receivers[r]->packets[i - 1].rtcp)
                g_assert_cmpuint(receivers[r]->packets[i].view.seq, ==,
                                 (uint16_t)(receivers[r]->packets[i - 1].view.seq + 1));
    }
    g_assert_cmpuint(media_peer_count(a, AUDIO_SSRC, NULL), ==, 0);
}

static void test_silence(Fixture *f, gconstpointer data)
{
    const Shape *shape = data;
    MediaPeer *a = join(f, shape, "aaaaaaaa"), *b = join(f, shape, "bbbbbbbb");
    media_peer_sources(a, AUDIO_SSRC, NULL, NULL, 0);
    media_hall_settle(&f->hall);
    for (uint16_t seq = 0; seq < 30; seq++) {
        send_audio(a, seq, seq >= 10 && seq < 20 ? 127 : 30);
        media_hall_run(&f->hall, 2);
    }
    media_hall_await(&f->hall, b, 0, 23);
    /* 10 spoken, 3 of the silence, 10 spoken; numbers without a hole. */
    g_assert_cmpuint(b->n_packets, ==, 23);
    for (size_t i = 1; i < b->n_packets; i++)
        g_assert_cmpuint(b->packets[i].view.seq, ==, (uint16_t)(b->packets[i - 1].view.seq + 1));
    g_assert_cmpuint(dropped(f, WORKER_DROP_SILENCE), ==, 7);
}

static void test_video(Fixture *f, gconstpointer data)
{
    const Shape *shape = data;
    uint32_t ssrcs[] = { VIDEO_SSRC }, rtx[] = { VIDEO_RTX };
    MediaPeer *a = join(f, shape, "aaaaaaaa"), *b = join(f, shape, "bbbbbbbb");
    media_peer_sources(a, 0, ssrcs, rtx, 1);
    media_peer_wish(b, 720);
    media_hall_await_video(&f->hall, b);
    /* Until a key frame has come, nothing is sent, and one is asked for. */
    for (uint16_t seq = 100; seq < 105; seq++)
        send_video(a, VIDEO_SSRC, seq, false, seq);
    g_assert_cmpuint(media_hall_await_rtcp(&f->hall, a, RTCP_PT_PSFB, RTCP_PSFB_PLI, 1), >=, 1);
    media_hall_settle(&f->hall);
    g_assert_cmpuint(b->n_packets, ==, 0);
    for (uint16_t seq = 105; seq < 155; seq++) {
        send_video(a, VIDEO_SSRC, seq, seq == 105, seq);
        media_hall_run(&f->hall, 4);
    }
    uint32_t ssrc = shape->rewriting ? media_hall_slot(&f->hall, b, "aaaaaaaa-v0", NULL) : VIDEO_SSRC;
    const PeerPacket *last = NULL;
    g_assert_cmpuint(ssrc, !=, 0);
    media_hall_await(&f->hall, b, ssrc, 50);
    g_assert_cmpuint(media_peer_count(b, ssrc, &last), ==, 50);
    g_assert_cmpuint(b->undecryptable, ==, 0);
    g_assert_cmpuint(last->view.payload_len, ==, 1000);
    g_assert_cmpuint(last->view.marker, ==, 1);
    g_assert_cmpuint(last->data[last->view.payload_off + 900], ==, 154);
    Vp8View v;
    g_assert_true(vp8_parse(last->data + last->view.payload_off, last->view.payload_len, &v));
    g_assert_cmpuint(v.picture_id_bits, ==, 15);
    RtpExtElement e;
    g_assert_true(rtp_ext_find(last->data, &last->view, PEER_EXT_TCC, &e));
    g_assert_cmpuint((unsigned)(last->data[e.off] << 8 | last->data[e.off + 1]), >=, 50);
    /* The sender gets transport-cc feedback and reports. */
    g_assert_cmpuint(media_hall_await_rtcp(&f->hall, a, RTCP_PT_RTPFB, RTCP_RTPFB_TRANSPORT_CC, 1), >=, 1);
    g_assert_nonnull(media_hall_last(&f->hall, WORKER_EV_FORWARDED_SOURCES, b));
    g_assert_cmpstr(media_hall_last(&f->hall, WORKER_EV_FORWARDED_SOURCES, b)->names.entries[0].name, ==,
                    "aaaaaaaa-v0");
    const WorkerEvent *ev = media_hall_last(&f->hall, WORKER_EV_SOURCE_CONSTRAINTS, a);
    g_assert_nonnull(ev);
    g_assert_cmpint(ev->source_constraint.max_height, ==, 720);
    g_assert_cmpuint(media_hall_await_rtcp(&f->hall, a, RTCP_PT_RR, -1, 1), >=, 1);
}

static void test_wrong_ssrc(Fixture *f, gconstpointer data)
{
    const Shape *shape = data;
    MediaPeer *a = join(f, shape, "aaaaaaaa"), *b = join(f, shape, "bbbbbbbb"), *c = join(f, shape, "cccccccc");
    media_peer_sources(a, AUDIO_SSRC, NULL, NULL, 0);
    media_hall_settle(&f->hall);
    for (uint16_t seq = 0; seq < 5; seq++)
        send_audio(b, seq, 20); /* a's SSRC, sent by b */
    media_hall_run(&f->hall, 50);
    g_assert_cmpuint(c->n_packets, ==, 0);
    g_assert_cmpuint(dropped(f, WORKER_DROP_SSRC), ==, 5);
    /* b cannot claim it by signalling either. */
    media_peer_sources(b, AUDIO_SSRC, NULL, NULL, 0);
    for (uint16_t seq = 5; seq < 10; seq++)
        send_audio(b, seq, 20);
    media_hall_run(&f->hall, 50);
    g_assert_cmpuint(c->n_packets, ==, 0);
}

static void test_not_authentic(Fixture *f, gconstpointer data)
{
    const Shape *shape = data;
    MediaPeer *a = join(f, shape, "aaaaaaaa"), *b = join(f, shape, "bbbbbbbb");
    media_peer_sources(a, AUDIO_SSRC, NULL, NULL, 0);
    media_hall_settle(&f->hall);
    uint8_t payload[30] = { 0 }, wire[200];
    PeerRtp rtp = { .pt = PEER_PT_OPUS,
                    .seq = 1,
                    .ssrc = AUDIO_SSRC,
                    .level = 20,
                    .tcc = -1,
                    .payload = payload,
                    .payload_len = sizeof(payload) };
    size_t len = media_peer_protect(a, &rtp, wire, sizeof(wire));
    wire[len - 1] ^= 1;
    media_peer_send_raw(a, wire, len);
    wire[len - 1] ^= 1;
    media_peer_send_raw(a, wire, len);
    media_peer_send_raw(a, wire, len); /* replayed */
    media_hall_await(&f->hall, b, 0, 1);
    g_assert_cmpuint(b->n_packets, ==, 1);
    g_assert_cmpuint(dropped(f, WORKER_DROP_SRTP), ==, 2);
    /* Nothing at all from an address that no check came from. */
    MediaPeer stranger = *a;
    stranger.fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    media_peer_send_raw(&stranger, wire, len);
    media_peer_send_raw(&stranger, (const uint8_t[]){ 22, 254, 253, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }, 14);
    media_hall_run(&f->hall, 50);
    g_assert_cmpuint(dropped(f, WORKER_DROP_UNKNOWN_TUPLE), ==, 2);
    g_assert_cmpuint(media_hall_count(&f->hall, WORKER_EV_DTLS, NULL), ==, 0);
    close(stranger.fd);
}

static const PeerPacket *find_seq(const MediaPeer *p, uint32_t ssrc, uint16_t seq)
{
    for (size_t i = 0; i < p->n_packets; i++)
        if (!p->packets[i].rtcp && p->packets[i].view.ssrc == ssrc && p->packets[i].view.seq == seq)
            return &p->packets[i];
    return NULL;
}

static const PeerPacket *first_of(const MediaPeer *p, uint32_t ssrc)
{
    for (size_t i = 0; i < p->n_packets; i++)
        if (!p->packets[i].rtcp && p->packets[i].view.ssrc == ssrc)
            return &p->packets[i];
    g_assert_not_reached();
}

/* The retransmission of that number. */
static const PeerPacket *find_rtx(const MediaPeer *p, uint32_t rtx_ssrc, uint16_t seq)
{
    for (size_t i = 0; i < p->n_packets; i++) {
        const PeerPacket *r = &p->packets[i];
        const uint8_t *body = r->data + r->view.payload_off;
        if (!r->rtcp && r->view.ssrc == rtx_ssrc && (body[0] << 8 | body[1]) == seq)
            return r;
    }
    return NULL;
}

static void test_repair(Fixture *f, gconstpointer data)
{
    const Shape *shape = data;
    uint32_t ssrcs[] = { VIDEO_SSRC }, rtx[] = { VIDEO_RTX }, rtx_out = VIDEO_RTX;
    MediaPeer *a = join(f, shape, "aaaaaaaa"), *b = join(f, shape, "bbbbbbbb");
    media_peer_sources(a, 0, ssrcs, rtx, 1);
    media_peer_wish(b, 720);
    media_hall_await_video(&f->hall, b);
    for (uint16_t seq = 0; seq < 20; seq++) {
        if (seq != 10 && seq != 12)
            send_video(a, VIDEO_SSRC, seq, seq == 0, seq);
        media_hall_run(&f->hall, 3);
    }
    /* The bridge asked for what it missed. */
    uint32_t ssrc = VIDEO_SSRC;
    if (shape->rewriting)
        ssrc = media_hall_slot(&f->hall, b, "aaaaaaaa-v0", &rtx_out);
    g_assert_cmpuint(media_hall_await_rtcp(&f->hall, a, RTCP_PT_RTPFB, RTCP_RTPFB_NACK, 2), >=, 2);
    g_assert_cmpuint(media_hall_await(&f->hall, b, ssrc, 18), ==, 18);
    /* It comes as RTX, and goes on as if it had been late. */
    uint8_t payload[300] = { 0, 10, 0x90, 0xe0, 0x80, 10, 10, 0x20, 0x11 };
    PeerRtp again = { .pt = PEER_PT_VP8_RTX,
                      .marker = 1,
                      .seq = 5000,
                      .ts = 10 * 3000,
                      .ssrc = VIDEO_RTX,
                      .level = -1,
                      .tcc = 20,
                      .payload = payload,
                      .payload_len = sizeof(payload) };
    media_peer_send_rtp(a, &again);
    media_hall_await(&f->hall, b, ssrc, 19);
    const PeerPacket *late = NULL;
    g_assert_cmpuint(media_peer_count(b, ssrc, &late), ==, 19);
    uint16_t first = first_of(b, ssrc)->view.seq;
    g_assert_cmpuint(late->view.seq, ==, (uint16_t)(first + 10));
    g_assert_cmpuint(late->view.payload_len, ==, 298);
    /* The receiver misses two: they come as RTX on the slot's second SSRC, with the number they had and what the
     * projection had written into their descriptor. */
    uint8_t nack[64];
    uint16_t missing[] = { (uint16_t)(first + 3), (uint16_t)(first + 5) };
    media_hall_run(&f->hall, 200);
    for (size_t i = 0; i < b->n_packets; i++) /* what came as padding does not count */
        if (!b->packets[i].rtcp && b->packets[i].view.ssrc == rtx_out)
            b->packets[i].view.ssrc = 0;
    size_t len = rtcp_nack_build(nack, sizeof(nack), 1, ssrc, missing, 2);
    /* Padding comes on the same SSRC, whenever it is due. What does not come is asked for again, as receivers do. */
    for (int i = 0; i < 3000 && !(find_rtx(b, rtx_out, missing[0]) && find_rtx(b, rtx_out, missing[1])); i++) {
        if (i % 10 == 0)
            media_peer_send_rtcp(b, nack, len);
        media_hall_run(&f->hall, 20);
    }
    for (int i = 0; i < 2; i++) {
        const PeerPacket *r = find_rtx(b, rtx_out, missing[i]), *original = find_seq(b, ssrc, missing[i]);
        g_assert_nonnull(r);
        g_assert_nonnull(original);
        g_assert_cmpuint(r->view.pt, ==, PEER_PT_VP8_RTX);
        g_assert_cmpuint(r->view.ts, ==, original->view.ts);
        g_assert_cmpmem(r->data + r->view.payload_off + 2, r->view.payload_len - 2,
                        original->data + original->view.payload_off, original->view.payload_len);
    }
    g_assert_cmpuint(b->undecryptable, ==, 0);
}

static void test_plain_repair(Fixture *f, gconstpointer data)
{
    const Shape *shape = data;
    uint32_t ssrcs[] = { VIDEO_SSRC };
    PeerOptions o = { .profile = shape->profile, .ssrc_rewriting = shape->rewriting, .without_rtx = true };
    MediaPeer *a = join(f, shape, "aaaaaaaa"), *b = media_hall_join(&f->hall, "bbbbbbbb", &o);
    media_peer_sources(a, 0, ssrcs, NULL, 1);
    media_peer_wish(b, 720);
    media_hall_await_video(&f->hall, b);
    for (uint16_t seq = 0; seq < 10; seq++) {
        send_video(a, VIDEO_SSRC, seq, seq == 0, -1);
        media_hall_run(&f->hall, 3);
    }
    uint32_t ssrc = shape->rewriting ? media_hall_slot(&f->hall, b, "aaaaaaaa-v0", NULL) : VIDEO_SSRC;
    g_assert_cmpuint(media_hall_await(&f->hall, b, ssrc, 10), ==, 10);
    uint16_t missing = (uint16_t)(first_of(b, ssrc)->view.seq + 4);
    uint8_t nack[64];
    media_peer_send_rtcp(b, nack, rtcp_nack_build(nack, sizeof(nack), 1, ssrc, &missing, 1));
    for (int i = 0; i < 100 && b->undecryptable == 0; i++)
        media_hall_run(&f->hall, 20);
    /* The same index again: the library refuses it as a replay, which shows that it is the same packet. */
    g_assert_cmpuint(b->undecryptable, ==, 1);
    g_assert_cmpuint(media_peer_count(b, ssrc, NULL), ==, 10);
}

static void test_pli(Fixture *f, gconstpointer data)
{
    const Shape *shape = data;
    uint32_t ssrcs[] = { VIDEO_SSRC }, rtx[] = { VIDEO_RTX };
    MediaPeer *a = join(f, shape, "aaaaaaaa"), *b = join(f, shape, "bbbbbbbb");
    media_peer_sources(a, 0, ssrcs, rtx, 1);
    media_peer_wish(b, 720);
    media_hall_await_video(&f->hall, b);
    for (uint16_t seq = 0; seq < 5; seq++)
        send_video(a, VIDEO_SSRC, seq, seq == 0, seq);
    media_hall_await(&f->hall, b, shape->rewriting ? media_hall_slot(&f->hall, b, "aaaaaaaa-v0", NULL) : VIDEO_SSRC, 5);
    media_hall_run(&f->hall, 300); /* whatever was asked for at the start is past */
    uint32_t ssrc = shape->rewriting ? media_hall_slot(&f->hall, b, "aaaaaaaa-v0", NULL) : VIDEO_SSRC;
    size_t before = media_peer_count_rtcp(a, RTCP_PT_PSFB, RTCP_PSFB_PLI);
    uint8_t pli[32];
    for (int i = 0; i < 3; i++) /* one goes on, the others are too soon */
        media_peer_send_rtcp(b, pli, rtcp_pli_build(pli, sizeof(pli), 1, ssrc));
    media_hall_await_rtcp(&f->hall, a, RTCP_PT_PSFB, RTCP_PSFB_PLI, before + 1);
    media_hall_run(&f->hall, 30);
    g_assert_cmpuint(media_peer_count_rtcp(a, RTCP_PT_PSFB, RTCP_PSFB_PLI), ==, before + 1);
    const PeerPacket *last = &a->packets[a->n_packets - 1];
    while (last->data[1] != RTCP_PT_PSFB)
        last--;
    g_assert_cmpuint((uint32_t)last->data[8] << 24 | (uint32_t)last->data[9] << 16 | (uint32_t)last->data[10] << 8 |
                         last->data[11],
                     ==, VIDEO_SSRC);
}

static void test_sender_report(Fixture *f, gconstpointer data)
{
    const Shape *shape = data;
    MediaPeer *a = join(f, shape, "aaaaaaaa"), *b = join(f, shape, "bbbbbbbb");
    media_peer_sources(a, AUDIO_SSRC, NULL, NULL, 0);
    media_hall_settle(&f->hall);
    for (uint16_t seq = 0; seq < 7; seq++)
        send_audio(a, seq, 20);
    media_hall_await(&f->hall, b, 0, 7);
    RtcpSenderInfo info = {
        .ssrc = AUDIO_SSRC, .ntp = 0x1234567890abcdefu, .rtp_ts = 6 * 960, .packet_count = 999, .octet_count = 99999
    };
    uint8_t sr[64];
    media_peer_send_rtcp(a, sr, rtcp_sr_build(sr, sizeof(sr), &info, NULL, 0));
    media_hall_await_rtcp(&f->hall, b, RTCP_PT_SR, -1, 1);
    uint32_t ssrc = shape->rewriting ? media_hall_slot(&f->hall, b, "aaaaaaaa-a0", NULL) : AUDIO_SSRC;
    const PeerPacket *last = NULL;
    g_assert_cmpuint(media_peer_count(b, ssrc, &last), ==, 7);
    g_assert_cmpuint(media_peer_count_rtcp(b, RTCP_PT_SR, -1), ==, 1);
    const PeerPacket *report = &b->packets[b->n_packets - 1];
    while (report->data[1] != RTCP_PT_SR)
        report--;
    RtcpIter it = RTCP_ITER(report->data, report->len);
    RtcpPacket rp;
    RtcpReport r;
    g_assert_true(rtcp_iter_next(&it, &rp));
    g_assert_true(rtcp_report_parse(report->data, &rp, &r));
    g_assert_cmpuint(r.sender.ssrc, ==, ssrc);
    g_assert_cmpuint(r.sender.ntp, ==, info.ntp);
    g_assert_cmpuint(r.sender.rtp_ts, ==, last->view.ts);
    g_assert_cmpuint(r.sender.packet_count, ==, 7);
    g_assert_cmpuint(r.sender.octet_count, ==, 7 * 40);
    /* The receiver's report about it yields the round trip. */
    RtcpReportBlock block = { .ssrc = ssrc, .lsr = rtcp_compact_ntp(info.ntp), .dlsr = 0 };
    uint8_t rr[64];
    media_peer_send_rtcp(b, rr, rtcp_rr_build(rr, sizeof(rr), 1, &block, 1));
    const WorkerEvent *ev = media_hall_snapshot(&f->hall, b);
    for (int i = 0; i < 100 && ev->snapshot.endpoints[0].rtt_ms == 0; i++) {
        media_hall_run(&f->hall, 20);
        ev = media_hall_snapshot(&f->hall, b);
    }
    g_assert_cmpuint(ev->n, ==, 1);
    g_assert_cmpuint(ev->snapshot.endpoints[0].rtt_ms, >, 0);
}

static void test_removal(Fixture *f, gconstpointer data)
{
    const Shape *shape = data;
    MediaPeer *a = join(f, shape, "aaaaaaaa"), *b = join(f, shape, "bbbbbbbb"), *c = join(f, shape, "cccccccc");
    uint32_t ssrcs[] = { VIDEO_SSRC }, rtx[] = { VIDEO_RTX };
    media_peer_sources(a, AUDIO_SSRC, ssrcs, rtx, 1);
    media_peer_wish(b, 720);
    media_peer_wish(c, 720);
    media_hall_await_video(&f->hall, b);
    media_hall_await_video(&f->hall, c);
    for (uint16_t seq = 0; seq < 20; seq++) {
        send_audio(a, seq, 20);
        send_video(a, VIDEO_SSRC, seq, seq == 0, seq);
        if (seq == 10) {
            media_hall_await(&f->hall, b, media_hall_slot(&f->hall, b, "aaaaaaaa-a0", NULL), 11);
            workers_post(f->hall.workers, f->hall.worker,
                         worker_command_new(WORKER_ENDPOINT_REMOVE, f->hall.conference, b->handle, 0));
            media_hall_settle(&f->hall);
        }
        media_hall_run(&f->hall, 3);
    }
    size_t audio = 0; /* what it gets besides is video, padding and reports */
    for (size_t i = 0; i < b->n_packets; i++)
        audio += !b->packets[i].rtcp && b->packets[i].view.pt == PEER_PT_OPUS;
    g_assert_cmpuint(audio, ==, 11);
    workers_post(f->hall.workers, f->hall.worker,
                 worker_command_new(WORKER_ENDPOINT_REMOVE, f->hall.conference, a->handle, 0));
    media_hall_settle(&f->hall);
    media_hall_run(&f->hall, 30);
    size_t before = c->n_packets;
    send_audio(a, 21, 20);
    media_hall_run(&f->hall, 50);
    g_assert_cmpuint(c->n_packets, ==, before);
    g_assert_cmpuint(media_hall_totals(&f->hall).endpoints, ==, 1);
    workers_post(f->hall.workers, f->hall.worker,
                 worker_command_new(WORKER_CONFERENCE_REMOVE, f->hall.conference, 0, 0));
    media_hall_run(&f->hall, 30);
    WorkerTotals t = media_hall_totals(&f->hall);
    g_assert_cmpuint(t.endpoints, ==, 0);
    g_assert_cmpuint(t.conferences, ==, 0);
    g_assert_cmpuint(t.pool_in_use, <=, 64 * shape->workers); /* the receive vectors */
}

/* Each peer's socket lands on some worker by the kernel's hash: with enough of them, most cross. */
static void test_foreign_worker(Fixture *f, gconstpointer data)
{
    const Shape *shape = data;
    MediaPeer *peers[8];
    char id[16];
    for (int i = 0; i < 8; i++) {
        g_snprintf(id, sizeof(id), "peer%04d", i);
        peers[i] = join(f, shape, id);
    }
    media_peer_sources(peers[0], AUDIO_SSRC, NULL, NULL, 0);
    media_hall_settle(&f->hall);
    for (uint16_t seq = 0; seq < 50; seq++) {
        send_audio(peers[0], seq, 20);
        media_hall_run(&f->hall, 2);
    }
    for (int i = 1; i < 8; i++)
        g_assert_cmpuint(media_hall_await(&f->hall, peers[i], 0, 50), ==, 50);
    g_assert_cmpuint(media_hall_totals(&f->hall).handed_over, >, 0);
}

static void test_dtls_passes(Fixture *f, gconstpointer data)
{
    const Shape *shape = data;
    MediaPeer *a = join(f, shape, "aaaaaaaa");
    uint8_t hello[20] = { 22, 254, 253, 1, 2, 3 };
    media_peer_send_raw(a, hello, sizeof(hello));
    const WorkerEvent *ev = media_hall_wait(&f->hall, WORKER_EV_DTLS, a, 60000);
    g_assert_nonnull(ev);
    g_assert_cmpmem(ev->dtls.bytes, ev->n, hello, sizeof(hello));
    g_assert_nonnull(media_hall_last(&f->hall, WORKER_EV_FIRST_CHECK, a));
    g_assert_nonnull(media_hall_last(&f->hall, WORKER_EV_ICE_WRITABLE, a));
    WorkerCommand *c = worker_command_new(WORKER_DTLS_SEND, f->hall.conference, a->handle, 30);
    c->dtls_send.bytes[0] = 22;
    workers_post(f->hall.workers, f->hall.worker, c);
    uint8_t in[100];
    for (int i = 0; i < 30000; i++) {
        ssize_t n = recv(a->fd, in, sizeof(in), 0);
        if (n == 30 && in[0] == 22)
            return;
        g_usleep(2000);
    }
    g_assert_not_reached();
}

#define FLOW(name, function, shape) g_test_add("/media/" name, Fixture, shape, set_up, function, tear_down)

int main(int argc, char **argv)
{
    static const Shape cm = { SRTP_PROFILE_CM80, true, 1, 0 }, gcm = { SRTP_PROFILE_GCM128, true, 1, 0 };
    static const Shape gcm256 = { SRTP_PROFILE_GCM256, true, 1, 0 }, pass = { SRTP_PROFILE_GCM128, false, 1, 0 };
    static const Shape three = { SRTP_PROFILE_GCM128, true, 3, 1 };
    static const Shape spread2 = { SRTP_PROFILE_GCM128, true, 2, 0, true },
                       spread3 = { SRTP_PROFILE_CM80, true, 3, 1, true };
    static const Shape spread_pass = { SRTP_PROFILE_GCM128, false, 3, 2, true };
    g_test_init(&argc, &argv, NULL);
    FLOW("dtls passes", test_dtls_passes, &gcm);
    FLOW("audio/cm80", test_audio, &cm);
    FLOW("audio/gcm128", test_audio, &gcm);
    FLOW("audio/gcm256", test_audio, &gcm256);
    FLOW("audio/pass mode", test_audio, &pass);
    FLOW("silence", test_silence, &gcm);
    FLOW("video/cm80", test_video, &cm);
    FLOW("video/gcm128", test_video, &gcm);
    FLOW("video/pass mode", test_video, &pass);
    FLOW("wrong ssrc", test_wrong_ssrc, &gcm);
    FLOW("not authentic", test_not_authentic, &gcm);
    FLOW("repair/slots", test_repair, &gcm);
    FLOW("repair/cm80", test_repair, &cm);
    FLOW("repair/pass mode", test_repair, &pass);
    FLOW("repair/without rtx", test_plain_repair, &gcm);
    FLOW("pli", test_pli, &gcm);
    FLOW("sender report/slots", test_sender_report, &gcm);
    FLOW("sender report/pass mode", test_sender_report, &pass);
    FLOW("removal", test_removal, &gcm);
    FLOW("foreign worker", test_foreign_worker, &three);
    FLOW("foreign worker/video", test_video, &three);
    FLOW("spread/audio", test_audio, &spread2);
    FLOW("spread/audio/three workers", test_audio, &spread3);
    FLOW("spread/audio/pass mode", test_audio, &spread_pass);
    FLOW("spread/silence", test_silence, &spread2);
    FLOW("spread/video", test_video, &spread2);
    FLOW("spread/video/pass mode", test_video, &spread_pass);
    FLOW("spread/wrong ssrc", test_wrong_ssrc, &spread3);
    FLOW("spread/repair", test_repair, &spread2);
    FLOW("spread/repair/pass mode", test_repair, &spread_pass);
    FLOW("spread/repair/without rtx", test_plain_repair, &spread2);
    FLOW("spread/pli", test_pli, &spread2);
    FLOW("spread/sender report", test_sender_report, &spread2);
    FLOW("spread/sender report/pass mode", test_sender_report, &spread_pass);
    FLOW("spread/removal", test_removal, &spread3);
    FLOW("spread/removal/two workers", test_removal, &spread2);
    FLOW("spread/many", test_foreign_worker, &spread3);
    return g_test_run();
}
