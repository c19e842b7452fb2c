/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/load_client.h"

#include "common/rtp/rtcp_fb.h"
#include "common/rtp/rtcp_report.h"
#include "common/rtp/rtp_ext.h"
#include "common/rtp/rtp_write.h"
#include "tests/bench/load_body.h"
#include "tests/bench/send_run.h"

#include <arpa/inet.h>
#include <glib.h>
#include <string.h>
#include <time.h>

#define BATCH 64
#define ROOM 1600
#define SAMPLE_EVERY 13 /* packets; no divisor of the usual bursts */
/* Behind by so many frames, and HELD_UP_US at most: more is not made up for. No sender has several frames on the wire at
 * once, and what those would wait behind each other is not the server's delay. */
#define HELD_UP_FRAMES 2
#define HELD_UP_US 100000
#define STAMP_OFF 16 /* of the time stamp in the payload, behind descriptor and VP8 header */
#define BODY_OFF 24

static uint32_t random_below(LoadClient *c, uint32_t n)
{
    c->random ^= c->random << 13;
    c->random ^= c->random >> 7;
    c->random ^= c->random << 17;
    return (uint32_t)(c->random >> 33) % n;
}

static uint64_t wall_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

void load_client_start(LoadClient *c, uint32_t feedback_ssrc, int64_t now_us)
{
    int big = 8 * 1024 * 1024, on = 1;
    setsockopt(c->peer.fd, SOL_SOCKET, SO_RCVBUFFORCE, &big, sizeof(big));
    setsockopt(c->peer.fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on));
    c->random = (feedback_ssrc + 1) * 0x9e3779b97f4a7c15u;
    for (int i = 0; i < 16; i++) /* neighbours' seeds resemble each other: walk apart */
        random_below(c, 2);
    c->feedback_ssrc = feedback_ssrc;
    c->tx = srtp_tx_new(c->peer.keys.profile, c->peer.keys.rx_key, c->peer.keys.rx_salt);
    c->twcc = twcc_log_new();
    c->until_sample = 1;
    c->feedback_us = now_us + random_below(c, LOAD_FEEDBACK_US);
    c->report_us = now_us + random_below(c, LOAD_REPORT_US);
    for (unsigned i = 0; i < c->n_streams; i++) {
        LoadStream *s = &c->streams[i];
        s->frame_at_us = s->next_us = now_us + random_below(c, (uint32_t)s->frame_us);
        s->wants_key = s->video;
    }
}

void load_client_clear(LoadClient *c)
{
    srtp_tx_free(c->tx);
    twcc_log_free(c->twcc);
    media_peer_clear(&c->peer);
}

/* ---- sending ---- */

static void fill_payload(const LoadStream *s, int mode, unsigned i, uint8_t *payload)
{
    memset(payload, 0, BODY_OFF);
    load_body_fill(payload + BODY_OFF, s->payload - BODY_OFF, s->ssrc[mode] << 16 | s->seq[mode]);
    if (s->video) {
        uint16_t pic = (uint16_t)(s->frame & 0x7fff);
        const uint8_t descriptor[] = { (uint8_t)(0x80 | (i == 0 ? 0x10 : 0)),
                                       0xe0,
                                       (uint8_t)(0x80 | pic >> 8),
                                       (uint8_t)pic,
                                       (uint8_t)s->frame,
                                       0x20 };
        const uint8_t size[] = {
            0x9d, 0x01, 0x2a, (uint8_t)s->width, (uint8_t)(s->width >> 8), (uint8_t)s->height, (uint8_t)(s->height >> 8)
        };
        memcpy(payload, descriptor, sizeof(descriptor));
        payload[6] = s->key ? 0x10 : 0x11;
        if (s->key && i == 0)
            memcpy(payload + 9, size, sizeof(size));
    }
    uint64_t now = wall_ns();
    memcpy(payload + STAMP_OFF, &now, sizeof(now));
}

static size_t make_packet(LoadClient *c, LoadStream *s, int mode, unsigned i, uint8_t *out, size_t cap)
{
    uint8_t header[32], payload[1500], level = 40;
    uint16_t tcc_seq = s->video ? c->tcc[mode]++ : 0;
    uint8_t tcc[2] = { (uint8_t)(tcc_seq >> 8), (uint8_t)tcc_seq };
    RtpExtItem item = s->video ? (RtpExtItem){ c->ext_tcc, 2, tcc } : (RtpExtItem){ PEER_EXT_LEVEL, 1, &level };
    RtpHeader h = { .pt = s->video ? c->pt_video : c->pt_audio,
                    .marker = s->video && i + 1 == s->per_frame,
                    .seq = s->seq[mode]++,
                    .ts = s->ts,
                    .ssrc = s->ssrc[mode] };
    size_t header_len = rtp_header_write(header, sizeof(header), &h, &item, 1, false);
    fill_payload(s, mode, i, payload);
    return srtp_tx_protect(c->tx, &s->srtp[mode], header, header_len, payload, s->payload, out, cap);
}

static void send_chunk(LoadClient *c, LoadStream *s, int mode)
{
    static uint8_t wire[LOAD_CHUNK_MAX * ROOM];
    size_t used = 0, one = 0;
    unsigned n = s->per_frame - s->at < s->chunk ? s->per_frame - s->at : s->chunk;
    for (unsigned i = 0; i < n; i++) {
        one = make_packet(c, s, mode, s->at + i, wire + used, sizeof(wire) - used);
        used += one;
    }
    in_addr_t host = mode == LOAD_SERVER && c->peer.bridge_host ? c->peer.bridge_host : htonl(INADDR_LOOPBACK);
    send_run(c->peer.fd, host, c->port[mode], wire, used, one);
    s->at += n;
    s->packets += n;
    s->octets += n * (uint32_t)s->payload;
    c->counts[mode].sent += n;
    c->counts[mode].expected += (uint64_t)n * s->copies;
}

static void begin_frame(LoadStream *s, int64_t now_us)
{
    s->key = s->wants_key;
    s->wants_key = false;
    s->ts = (uint32_t)(s->video ? now_us * 9 / 100 : now_us * 6 / 125); /* 90 and 48 kHz */
}

static int64_t held_up_us(const LoadStream *s)
{
    return HELD_UP_FRAMES * s->frame_us < HELD_UP_US ? HELD_UP_FRAMES * s->frame_us : HELD_UP_US;
}

int64_t load_client_send(LoadClient *c, int mode, int64_t now_us)
{
    int64_t next = INT64_MAX;
    for (unsigned i = 0; i < c->n_streams; i++) {
        LoadStream *s = &c->streams[i];
        if (now_us - s->next_us > held_up_us(s)) { /* keep the phase: clients are not in step */
            int64_t skipped = (now_us - s->next_us + s->frame_us - 1) / s->frame_us * s->frame_us;
            s->frame_at_us += skipped;
            s->next_us += skipped;
        }
        while (s->next_us <= now_us) {
            if (s->at == 0)
                begin_frame(s, now_us);
            send_chunk(c, s, mode);
            if (s->at == s->per_frame) {
                s->at = 0;
                s->frame++;
                s->frame_at_us += s->frame_us;
                s->next_us = s->frame_at_us;
            } else {
                s->next_us += s->chunk_us;
            }
        }
        next = s->next_us < next ? s->next_us : next;
    }
    return next;
}

/* ---- asking again ---- */

static void send_nack(LoadClient *c, uint32_t ssrc, uint16_t seq)
{
    uint8_t buf[64];
    size_t len = rtcp_nack_build(buf, sizeof(buf), c->feedback_ssrc, ssrc, &seq, 1);
    media_peer_send_rtcp(&c->peer, buf, len);
}

static void ask_again(LoadClient *c, uint32_t ssrc, uint16_t seq, int64_t now_us)
{
    unsigned at = c->n_pending++ % LOAD_PENDING;
    c->pending[at].ssrc = ssrc;
    c->pending[at].seq = seq;
    c->pending[at].open = true;
    c->pending[at].asks = 1;
    c->pending[at].next_us = now_us + LOAD_ASK_US;
    send_nack(c, ssrc, seq);
    c->counts[LOAD_SERVER].asked++;
}

/* The first NACK may be lost, or come so early that the server takes the packet to be under way still. */
static void ask_for_pending(LoadClient *c, int64_t now_us)
{
    for (unsigned i = 0; i < LOAD_PENDING && i < c->n_pending; i++) {
        if (!c->pending[i].open || c->pending[i].asks == LOAD_ASKS_MAX || now_us < c->pending[i].next_us)
            continue;
        c->pending[i].asks++;
        c->pending[i].next_us = now_us + LOAD_ASK_US;
        send_nack(c, c->pending[i].ssrc, c->pending[i].seq);
        c->counts[LOAD_SERVER].asked_again++;
    }
}

/* ---- reports ---- */

static uint64_t ntp_now(void)
{
    uint64_t ns = wall_ns();
    return (ns / 1000000000u + 2208988800u) << 32 | (ns % 1000000000u << 32) / 1000000000u;
}

static size_t blocks_of(const LoadClient *c, unsigned from, int64_t now_us, RtcpReportBlock *blocks)
{
    size_t n = 0;
    for (unsigned i = from; i < c->n_sources && n < RTCP_MAX_REPORT_BLOCKS; i++) {
        const LoadSource *s = &c->sources[i];
        if (!s->media)
            continue;
        uint32_t dlsr = s->lsr ? (uint32_t)((now_us - s->lsr_us) * 65536 / 1000000) : 0;
        blocks[n++] = (RtcpReportBlock){ .ssrc = s->ssrc, .highest_seq = s->highest, .lsr = s->lsr, .dlsr = dlsr };
    }
    return n;
}

static void send_reports(LoadClient *c, int64_t now_us)
{
    uint8_t buf[1400];
    size_t used = 0;
    RtcpReportBlock blocks[RTCP_MAX_REPORT_BLOCKS];
    size_t n = blocks_of(c, 0, now_us, blocks);
    for (unsigned i = 0; i < c->n_streams; i++) {
        const LoadStream *s = &c->streams[i];
        RtcpSenderInfo info = { s->ssrc[LOAD_SERVER], ntp_now(), s->ts, s->packets, s->octets };
        used += rtcp_sr_build(buf + used, sizeof(buf) - used, &info, blocks, i == 0 ? n : 0);
    }
    if (c->n_streams == 0)
        used += rtcp_rr_build(buf, sizeof(buf), c->feedback_ssrc, blocks, n);
    used += rtcp_sdes_build(buf + used, sizeof(buf) - used, c->n_streams ? c->streams[0].ssrc[0] : c->feedback_ssrc,
                            "load");
    media_peer_send_rtcp(&c->peer, buf, used);
    c->counts[LOAD_SERVER].reports++;
}

void load_client_report(LoadClient *c, int64_t now_us)
{
    if (now_us >= c->feedback_us) {
        uint8_t buf[1200];
        size_t len;
        c->feedback_us = now_us + LOAD_FEEDBACK_US;
        while ((len = twcc_log_build(c->twcc, buf, sizeof(buf), c->feedback_ssrc, c->n_sources ? c->sources[0].ssrc : 0,
                                     now_us)) > 0) {
            media_peer_send_rtcp(&c->peer, buf, len);
            c->counts[LOAD_SERVER].feedback++;
        }
    }
    ask_for_pending(c, now_us);
    if (now_us >= c->report_us) {
        c->report_us = now_us + LOAD_REPORT_US;
        send_reports(c, now_us);
    }
}

/* ---- receiving ---- */

static LoadSource *source_of(LoadClient *c, uint32_t ssrc)
{
    for (unsigned i = 0; i < c->n_sources; i++)
        if (c->sources[i].ssrc == ssrc)
            return &c->sources[i];
    if (c->n_sources == LOAD_SOURCES_MAX)
        return NULL;
    LoadSource *s = &c->sources[c->n_sources++];
    *s = (LoadSource){ .ssrc = ssrc };
    return s;
}

static void take_rtcp(LoadClient *c, uint8_t *bytes, size_t size, int64_t now_us)
{
    int len = (int)size;
    for (unsigned i = 0; c->blind && i < c->n_streams; i++)
        c->streams[i].wants_key = c->streams[i].video;
    if (c->blind)
        return;
    if (srtp_unprotect_rtcp(c->peer.rx, bytes, &len) != srtp_err_status_ok) {
        c->peer.undecryptable++;
        return;
    }
    RtcpIter it = RTCP_ITER(bytes, (size_t)len);
    RtcpPacket p;
    while (rtcp_iter_next(&it, &p)) {
        RtcpReport report;
        RtcpFb fb;
        if (p.pt == RTCP_PT_SR && rtcp_report_parse(bytes, &p, &report)) {
            LoadSource *s = source_of(c, report.sender.ssrc);
            if (s) {
                s->lsr = rtcp_compact_ntp(report.sender.ntp);
                s->lsr_us = now_us;
            }
        } else if (p.pt == RTCP_PT_PSFB && (p.count == RTCP_PSFB_PLI || p.count == RTCP_PSFB_FIR) &&
                   rtcp_fb_parse(bytes, &p, &fb)) {
            c->counts[LOAD_SERVER].keyframes_asked++;
            for (unsigned i = 0; i < c->n_streams; i++) /* one encoder: all layers at once */
                c->streams[i].wants_key = c->streams[i].video;
        }
    }
}

static bool decrypt(LoadClient *c, const uint8_t *wire, size_t size, uint8_t *plain, RtpView *v)
{
    int len = (int)size;
    memcpy(plain, wire, size);
    return srtp_unprotect(c->peer.rx, plain, &len) == srtp_err_status_ok &&
           rtp_view_parse(plain, (size_t)len, v) == RTP_OK;
}

/* RFC 4588: the first two bytes name the packet repaired. */
static void take_rtx(LoadClient *c, const uint8_t *wire, size_t size)
{
    uint8_t plain[ROOM];
    RtpView v;
    if (!decrypt(c, wire, size, plain, &v) || v.payload_len < 2)
        return;
    uint16_t seq = (uint16_t)(plain[v.payload_off] << 8 | plain[v.payload_off + 1]);
    for (unsigned i = 0; i < LOAD_PENDING; i++) {
        if (c->pending[i].open && c->pending[i].seq == seq) {
            c->pending[i].open = false;
            c->counts[LOAD_SERVER].answered++;
            return;
        }
    }
}

/* Later samples are later packets, of each stream that a source was made of. */
static bool is_next(LoadSource *s, uint32_t number)
{
    bool later = !s || number >> 16 != s->number >> 16 || (int16_t)(number - s->number) > 0;
    if (s)
        s->number = number;
    return later;
}

static void take_sample(LoadClient *c, int mode, const uint8_t *wire, size_t size, uint64_t arrived_ns)
{
    uint8_t plain[ROOM];
    RtpView v;
    LoadCounts *n = &c->counts[mode];
    n->compared++;
    if (!decrypt(c, wire, size, plain, &v) || v.payload_len <= BODY_OFF) {
        n->different++;
        return;
    }
    uint32_t number;
    if (!load_body_read(plain + v.payload_off + BODY_OFF, v.payload_len - BODY_OFF, &number) ||
        (mode == LOAD_SERVER && !is_next(source_of(c, v.ssrc), number)))
        n->different++;
    uint64_t sent_ns;
    memcpy(&sent_ns, plain + v.payload_off + STAMP_OFF, sizeof(sent_ns));
    if (c->delays && arrived_ns >= sent_ns)
        samples_add(c->delays, (uint32_t)((arrived_ns - sent_ns) / 1000));
}

static void take_rtp(LoadClient *c, int mode, const uint8_t *wire, size_t size, uint64_t arrived_ns, int64_t now_us)
{
    RtpView v;
    RtpExtElement tcc;
    uint8_t pt = wire[1] & 0x7f, unpadded[ROOM];
    if (size < 12)
        return;
    if (wire[0] & 0x20) /* how much padding there is stands in the encrypted part */
        wire = memcpy(unpadded, wire, size), unpadded[0] &= (uint8_t)~0x20;
    if (rtp_view_parse(wire, size, &v) != RTP_OK)
        return;
    if (mode == LOAD_SERVER && rtp_ext_find(wire, &v, c->ext_tcc, &tcc) && tcc.len == 2)
        twcc_log_packet(c->twcc, (uint16_t)(wire[tcc.off] << 8 | wire[tcc.off + 1]), false, now_us);
    if (wire == unpadded)
        return; /* a probe */
    if (pt == c->pt_rtx) {
        if (!c->blind)
            take_rtx(c, wire, size);
        return;
    }
    if (pt != c->pt_video && pt != c->pt_audio)
        return;
    LoadCounts *n = &c->counts[mode];
    n->received++;
    n->bytes += size;
    if (mode == LOAD_SERVER) {
        LoadSource *s = source_of(c, v.ssrc);
        if (s) {
            if (!s->media || (int16_t)(v.seq - (uint16_t)s->highest) > 0)
                s->highest = s->media ? s->highest + (uint16_t)(v.seq - (uint16_t)s->highest) : v.seq;
            s->media = true;
        }
        if (pt == c->pt_video && c->nack_percent && random_below(c, 100) < c->nack_percent)
            ask_again(c, v.ssrc, v.seq, now_us);
    }
    if (!c->blind && --c->until_sample == 0) {
        c->until_sample = SAMPLE_EVERY;
        take_sample(c, mode, wire, size, arrived_ns);
    }
}

static uint64_t stamp_of(struct msghdr *m)
{
    for (struct cmsghdr *h = CMSG_FIRSTHDR(m); h; h = CMSG_NXTHDR(m, h)) {
        if (h->cmsg_level == SOL_SOCKET && h->cmsg_type == SCM_TIMESTAMPNS) {
            struct timespec t;
            memcpy(&t, CMSG_DATA(h), sizeof(t));
            return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
        }
    }
    return 0;
}

void load_client_read(LoadClient *c, int mode, int64_t now_us)
{
    static uint8_t in[BATCH][ROOM];
    static struct mmsghdr msgs[BATCH];
    static struct iovec iov[BATCH];
    static struct sockaddr_in from[BATCH];
    static char control[BATCH][128];
    for (;;) {
        for (int i = 0; i < BATCH; i++) {
            iov[i] = (struct iovec){ in[i], ROOM };
            msgs[i].msg_hdr = (struct msghdr){ .msg_iov = &iov[i],
                                               .msg_iovlen = 1,
                                               .msg_name = &from[i],
                                               .msg_namelen = sizeof(from[i]),
                                               .msg_control = control[i],
                                               .msg_controllen = sizeof(control[i]) };
        }
        int n = recvmmsg(c->peer.fd, msgs, BATCH, MSG_DONTWAIT, NULL);
        for (int i = 0; i < n; i++) {
            uint8_t *b = in[i];
            size_t len = msgs[i].msg_len;
            if (b[0] < 4 && c->dtls) { /* a server of its own: it is where its checks come from */
                c->peer.bridge_host = from[i].sin_addr.s_addr;
                c->peer.bridge_port = c->port[LOAD_SERVER] = ntohs(from[i].sin_port);
            }
            if (b[0] < 4)
                media_peer_take_stun(&c->peer, b, len, &from[i]);
            else if (b[0] >= 20 && b[0] < 64 && c->dtls)
                c->dtls(c->user, b, len);
            else if (b[0] >= 128 && !c->peer.rx)
                continue; /* before the handshake is over */
            else if (b[0] >= 128 && b[1] >= 192 && b[1] <= 223)
                take_rtcp(c, b, len, now_us);
            else if (b[0] >= 128)
                take_rtp(c, mode, b, len, stamp_of(&msgs[i].msg_hdr), now_us);
        }
        if (n < BATCH)
            return;
    }
}
