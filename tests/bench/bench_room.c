/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/bench_room.h"

#include "common/rtp/rtp_write.h"
#include "tests/bench/load_body.h"
#include "tests/bench/send_run.h"

#include <arpa/inet.h>
#include <glib.h>
#include <poll.h>
#include <string.h>

#define WAIT_MS 500
#define READ_BATCH 64
#define BODY_OFF 16 /* before it are the descriptor, which is rewritten, and the codec's header */

static uint32_t room_ssrc(const BenchRoom *r, int mode)
{
    return (uint32_t)(r->sender.conference << 8) | (uint32_t)(mode + 1);
}

static uint8_t room_pt(const BenchRoom *r)
{
    return r->shape.video ? PEER_PT_VP8 : PEER_PT_OPUS;
}

static uint32_t room_ts(const BenchRoom *r, uint32_t frame)
{
    return frame * (r->shape.video ? 3000 : 960);
}

/* VP8: each burst is a frame. */
static void fill_payload(BenchRoom *r, int mode, unsigned i, uint8_t *payload)
{
    memset(payload, 0, BODY_OFF);
    load_body_fill(payload + BODY_OFF, r->shape.payload - BODY_OFF, r->number[mode]++);
    if (!r->shape.video)
        return;
    uint16_t pic = (uint16_t)(r->frame[mode] & 0x7fff);
    const uint8_t descriptor[] = { (uint8_t)(0x80 | (i == 0 ? 0x10 : 0)),
                                   0xe0,
                                   (uint8_t)(0x80 | pic >> 8),
                                   (uint8_t)pic,
                                   (uint8_t)r->frame[mode],
                                   0x20 };
    memcpy(payload, descriptor, sizeof(descriptor));
    bool key = r->keyframe;
    payload[6] = key ? 0x10 : 0x11;
    if (key && i == 0)
        memcpy(payload + 9, (const uint8_t[]){ 0x9d, 0x01, 0x2a, 0x00, 0x05, 0xd0, 0x02 }, 7);
}

static size_t make_packet(BenchRoom *r, int mode, unsigned i, uint8_t *out, size_t cap)
{
    uint8_t header[32], payload[1500], level = 40;
    uint16_t seq = r->seq[mode]++;
    uint8_t tcc[2] = { (uint8_t)(seq >> 8), (uint8_t)seq };
    RtpExtItem item = r->shape.video ? (RtpExtItem){ PEER_EXT_TCC, 2, tcc } : (RtpExtItem){ PEER_EXT_LEVEL, 1, &level };
    RtpHeader h = { .pt = room_pt(r),
                    .marker = r->shape.video && i + 1 == r->shape.burst,
                    .seq = seq,
                    .ts = room_ts(r, r->frame[mode]),
                    .ssrc = room_ssrc(r, mode) };
    size_t header_len = rtp_header_write(header, sizeof(header), &h, &item, 1, false);
    fill_payload(r, mode, i, payload);
    return srtp_tx_protect(r->tx, &r->streams[mode], header, header_len, payload, r->shape.payload, out, cap);
}

static void feed(BenchRoom *r, int mode)
{
    static uint8_t wire[ROOM_BURST_MAX * 1600];
    size_t used = 0, one = 0;
    for (unsigned i = 0; i < r->shape.burst; i++) {
        one = make_packet(r, mode, i, wire + used, sizeof(wire) - used);
        used += one;
    }
    r->frame[mode]++;
    send_run(r->sender.fd, htonl(INADDR_LOOPBACK), mode == ROOM_RAW ? raw_loop_port(r->raw) : r->sender.bridge_port,
             wire, used, one);
    r->fed[mode] += r->shape.burst;
    r->expected[mode] += (uint64_t)r->shape.burst * r->shape.receivers;
}

/* All of a packet that was sent, with the numbers that follow from the first one's. */
static void compare(BenchRoom *r, const uint8_t *wire, size_t len)
{
    uint8_t plain[1600];
    RtpView v;
    uint32_t number;
    int n = (int)len;
    memcpy(plain, wire, len);
    bool first = r->compared++ == 0;
    if (srtp_unprotect(r->reference, plain, &n) != srtp_err_status_ok ||
        rtp_view_parse(plain, (size_t)n, &v) != RTP_OK || v.payload_len != r->shape.payload ||
        !load_body_read(plain + v.payload_off + BODY_OFF, v.payload_len - BODY_OFF, &number)) {
        r->different++;
        return;
    }
    uint16_t seq_shift = (uint16_t)(v.seq - number);
    uint32_t ts_shift = v.ts - room_ts(r, number / r->shape.burst);
    if (first) {
        r->seq_shift = seq_shift;
        r->ts_shift = ts_shift;
    }
    r->different += seq_shift != r->seq_shift || ts_shift != r->ts_shift;
}

/* Reads what one receiver has; returns how many packets of media. */
static size_t drain(BenchRoom *r, MediaPeer *p, int mode)
{
    static uint8_t in[READ_BATCH][1600];
    static struct mmsghdr msgs[READ_BATCH];
    static struct iovec iov[READ_BATCH];
    static struct sockaddr_in from[READ_BATCH];
    size_t media = 0;
    for (;;) {
        for (int i = 0; i < READ_BATCH; i++) {
            iov[i] = (struct iovec){ in[i], sizeof(in[i]) };
            msgs[i].msg_hdr = (struct msghdr){
                .msg_iov = &iov[i], .msg_iovlen = 1, .msg_name = &from[i], .msg_namelen = sizeof(from[i])
            };
        }
        int n = recvmmsg(p->fd, msgs, READ_BATCH, MSG_DONTWAIT, NULL);
        for (int i = 0; i < n; i++) {
            const uint8_t *b = in[i];
            if (b[0] < 128) {
                media_peer_take_stun(p, b, msgs[i].msg_len, &from[i]);
            } else if ((b[1] & 0x7f) == room_pt(r) && !(b[0] & 0x20)) {
                media++;
                if (r->sample && mode == ROOM_BRIDGE && p == &r->receivers[0])
                    compare(r, b, msgs[i].msg_len);
            }
        }
        if (n < READ_BATCH)
            return media;
    }
}

void bench_rooms_burst(BenchRoom *const *rooms, size_t n, int mode)
{
    static struct pollfd fds[2 * RAW_PEERS_MAX];
    uint64_t left = 0;
    for (size_t k = 0; k < n; k++) {
        feed(rooms[k], mode);
        left += (uint64_t)rooms[k]->shape.burst * rooms[k]->shape.receivers;
    }
    gint64 end = g_get_monotonic_time() + WAIT_MS * 1000;
    while (left > 0 && g_get_monotonic_time() < end) {
        size_t at = 0;
        for (size_t k = 0; k < n; k++)
            for (unsigned i = 0; i < rooms[k]->shape.receivers; i++)
                fds[at++] = (struct pollfd){ .fd = rooms[k]->receivers[i].fd, .events = POLLIN };
        poll(fds, at, 10);
        at = 0;
        for (size_t k = 0; k < n; k++) {
            for (unsigned i = 0; i < rooms[k]->shape.receivers; i++) {
                if (!(fds[at++].revents & POLLIN))
                    continue;
                size_t got = drain(rooms[k], &rooms[k]->receivers[i], mode);
                rooms[k]->received[mode] += got;
                left -= got < left ? got : left;
            }
        }
    }
    for (size_t k = 0; k < n; k++) {
        drain(rooms[k], &rooms[k]->sender, mode); /* feedback and checks */
        rooms[k]->missing[mode] = rooms[k]->expected[mode] - rooms[k]->received[mode];
    }
}

void bench_drop_events(Workers *w)
{
    WorkerEvent *ev;
    while ((ev = workers_next_event(w)))
        worker_event_free(ev);
}

WorkerEvent *bench_snapshot(Workers *w, unsigned worker)
{
    static uint64_t id;
    WorkerCommand *c = worker_command_new(WORKER_SNAPSHOT, 0, 0, 0);
    c->snapshot.id = ++id;
    workers_post(w, worker, c);
    for (;;) {
        WorkerEvent *ev = workers_next_event(w);
        if (!ev)
            g_usleep(200);
        else if (ev->type == WORKER_EV_SNAPSHOT && ev->snapshot.id == id)
            return ev;
        else
            worker_event_free(ev);
    }
}

static uint64_t handed_over(Workers *w)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < workers_count(w); i++) {
        WorkerEvent *ev = bench_snapshot(w, i);
        sum += ev->snapshot.totals.handed_over;
        worker_event_free(ev);
    }
    return sum;
}

static void connect_peer(MediaPeer *p, Workers *w)
{
    int big = 8 * 1024 * 1024;
    setsockopt(p->fd, SOL_SOCKET, SO_RCVBUFFORCE, &big, sizeof(big));
    for (int i = 0; i < 500 && !p->nominated; i++) {
        if (i % 50 == 0)
            media_peer_check(p);
        g_usleep(1000);
        media_peer_pump(p);
        bench_drop_events(w);
    }
    g_assert_true(p->nominated);
}

/* The kernel's hash may take the sender's datagrams to another worker, which then hands them over: a path of its own
 * that is not measured here. Such a sender leaves, and another tries with a new socket. */
static void open_sender(BenchRoom *r, unsigned worker, uint64_t conference, const PeerOptions *o)
{
    for (uint64_t handle = conference << 8;; handle += 128) {
        uint64_t before = handed_over(r->workers);
        media_peer_init(&r->sender, r->workers, worker, conference, handle, "sender", o);
        connect_peer(&r->sender, r->workers);
        if (handed_over(r->workers) == before)
            return;
        workers_post(r->workers, worker, worker_command_new(WORKER_ENDPOINT_REMOVE, conference, handle, 0));
        media_peer_clear(&r->sender);
    }
}

static void open_reference(BenchRoom *r)
{
    uint8_t key[64];
    const SrtpKeys *k = &r->receivers[0].keys;
    srtp_policy_t policy = { .ssrc = { .type = ssrc_any_inbound }, .key = key, .window_size = 1024 };
    srtp_profile_t profile =
        k->profile == SRTP_PROFILE_GCM128 ? srtp_profile_aead_aes_128_gcm : srtp_profile_aes128_cm_sha1_80;
    media_peer_library(k);
    memcpy(key, k->tx_key, srtp_key_len(k->profile));
    memcpy(key + srtp_key_len(k->profile), k->tx_salt, srtp_salt_len(k->profile));
    srtp_crypto_policy_set_from_profile_for_rtp(&policy.rtp, profile);
    srtp_crypto_policy_set_from_profile_for_rtcp(&policy.rtcp, profile);
    g_assert_cmpint(srtp_create(&r->reference, &policy), ==, srtp_err_status_ok);
}

static RawPeer raw_peer(const MediaPeer *p)
{
    RawPeer raw = { .keys = &p->keys };
    socklen_t len = sizeof(raw.at);
    g_assert_cmpint(getsockname(p->fd, (struct sockaddr *)&raw.at, &len), ==, 0);
    return raw;
}

void bench_room_open(BenchRoom *r, Workers *workers, unsigned worker, uint64_t conference, const RoomShape *shape)
{
    PeerOptions o = { .profile = shape->profile, .ssrc_rewriting = true, .without_library = true };
    RawPeer raw[RAW_PEERS_MAX];
    char id[16];
    *r = (BenchRoom){ .shape = *shape, .workers = workers };
    WorkerCommand *c = worker_command_new(WORKER_CONFERENCE_CREATE, conference, 0, 0);
    c->conference_create.audio_ssrc = PEER_FEEDBACK_AUDIO;
    c->conference_create.video_ssrc = PEER_FEEDBACK_VIDEO;
    c->conference_create.last_n = -1;
    workers_post(workers, worker, c);
    open_sender(r, worker, conference, &o);
    for (unsigned i = 0; i < shape->receivers; i++) {
        MediaPeer *p = &r->receivers[i];
        g_snprintf(id, sizeof(id), "receiver%u", i);
        unsigned on = shape->spread ? (worker + i) % workers_count(workers) : worker;
        media_peer_init(p, workers, on, conference, (conference << 8) + i + 1, id, &o);
        connect_peer(p, workers);
        media_peer_wish(p, 720);
        raw[i + 1] = raw_peer(p);
    }
    uint32_t video = room_ssrc(r, ROOM_BRIDGE), rtx = video + 0x10;
    media_peer_sources(&r->sender, shape->video ? 0 : video, &video, &rtx, shape->video ? 1 : 0);
    r->tx = srtp_tx_new(shape->profile, r->sender.keys.rx_key, r->sender.keys.rx_salt);
    raw[0] = raw_peer(&r->sender);
    r->raw = raw_loop_new(raw, shape->receivers + 1);
    raw_loop_route(r->raw, room_ssrc(r, ROOM_RAW), 0, ((uint64_t)1 << (shape->receivers + 1)) - 2);
    raw_loop_start(r->raw);
    open_reference(r);
    g_usleep(100000);
    r->keyframe = true;
    bench_rooms_burst(&r, 1, ROOM_BRIDGE);
    r->keyframe = false;
    for (int i = 0; i < 50; i++) { /* start-up probes pass */
        bench_rooms_burst(&r, 1, ROOM_BRIDGE);
        bench_drop_events(workers);
        g_usleep(5000);
    }
}

void bench_room_close(BenchRoom *r)
{
    workers_post(r->workers, r->sender.worker,
                 worker_command_new(WORKER_CONFERENCE_REMOVE, r->sender.conference, 0, 0));
    raw_loop_free(r->raw);
    srtp_tx_free(r->tx);
    srtp_dealloc(r->reference);
    media_peer_clear(&r->sender);
    for (unsigned i = 0; i < r->shape.receivers; i++)
        media_peer_clear(&r->receivers[i]);
    bench_drop_events(r->workers);
}
