/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fakes/media_peer.h"

#include "common/rtp/rtcp_iter.h"
#include "common/rtp/rtp_write.h"

#include <arpa/inet.h>
#include <glib.h>
#include <openssl/hmac.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#define STUN_COOKIE 0x2112a442u
#define FINGERPRINT_XOR 0x5354554eu

typedef struct {
    uint8_t bytes[400];
    size_t len;
} Stun;

static void put16(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}

static void put32(uint8_t *p, uint32_t v)
{
    put16(p, v >> 16);
    put16(p + 2, v & 0xffff);
}

static uint32_t get16(const uint8_t *p)
{
    return (uint32_t)(p[0] << 8 | p[1]);
}

static uint32_t crc32_of(const uint8_t *p, size_t n)
{
    uint32_t crc = 0xffffffffu;
    while (n--) {
        crc ^= *p++;
        for (int k = 0; k < 8; k++)
            crc = crc & 1 ? crc >> 1 ^ 0xedb88320u : crc >> 1;
    }
    return ~crc;
}

static void stun_begin(Stun *s, uint16_t type, const uint8_t id[12])
{
    memset(s, 0, sizeof(*s));
    put16(s->bytes, type);
    put32(s->bytes + 4, STUN_COOKIE);
    memcpy(s->bytes + 8, id, 12);
    s->len = 20;
}

static void stun_add(Stun *s, uint16_t type, const void *value, size_t len)
{
    put16(s->bytes + s->len, type);
    put16(s->bytes + s->len + 2, (uint32_t)len);
    if (len)
        memcpy(s->bytes + s->len + 4, value, len);
    s->len += 4 + (len + 3) / 4 * 4;
}

static void stun_integrity(const uint8_t *bytes, size_t len, const char *pwd, uint8_t mac[20])
{
    uint8_t copy[600];
    unsigned mac_len = 20;
    memcpy(copy, bytes, len);
    put16(copy + 2, (uint32_t)(len + 24 - 20));
    HMAC(EVP_sha1(), pwd, (int)strlen(pwd), copy, len, mac, &mac_len);
}

static void stun_end(Stun *s, const char *pwd)
{
    uint8_t mac[20], crc[4];
    stun_integrity(s->bytes, s->len, pwd, mac);
    stun_add(s, 0x0008, mac, 20);
    put16(s->bytes + 2, (uint32_t)(s->len + 8 - 20));
    put32(crc, crc32_of(s->bytes, s->len) ^ FINGERPRINT_XOR);
    stun_add(s, 0x8028, crc, 4);
    put16(s->bytes + 2, (uint32_t)(s->len - 20));
}

static const uint8_t *stun_find(const uint8_t *p, size_t len, uint16_t type, size_t *value_len)
{
    for (size_t at = 20; at + 4 <= len; at += 4 + (get16(p + at + 2) + 3) / 4 * 4) {
        if (get16(p + at) != type)
            continue;
        *value_len = get16(p + at + 2);
        return at + 4 + *value_len <= len ? p + at + 4 : NULL;
    }
    return NULL;
}

void media_peer_send_raw(MediaPeer *p, const uint8_t *bytes, size_t len)
{
    struct sockaddr_in to = { .sin_family = AF_INET,
                              .sin_port = htons(p->bridge_port),
                              .sin_addr.s_addr = p->bridge_host ? p->bridge_host : htonl(INADDR_LOOPBACK) };
    g_assert_cmpint(sendto(p->fd, bytes, len, 0, (struct sockaddr *)&to, sizeof(to)), ==, (int)len);
}

void media_peer_check(MediaPeer *p)
{
    Stun s;
    uint8_t id[12], priority[4] = { 0x6e, 0, 1, 0xff }, breaker[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };
    char user[80];
    g_assert_cmpint(getrandom(id, sizeof(id), 0), ==, sizeof(id));
    g_snprintf(user, sizeof(user), "%s:%s", p->bridge.ufrag, p->ufrag);
    stun_begin(&s, 0x0001, id);
    stun_add(&s, 0x0006, user, strlen(user));
    stun_add(&s, 0x0024, priority, 4);
    stun_add(&s, p->controlling ? 0x802a : 0x8029, breaker, 8);
    if (p->controlling)
        stun_add(&s, 0x0025, NULL, 0); /* USE-CANDIDATE */
    stun_end(&s, p->server_pwd ? p->server_pwd : p->bridge.pwd);
    media_peer_send_raw(p, s.bytes, s.len);
}

static void answer_check(MediaPeer *p, const uint8_t *in, size_t len, const struct sockaddr_in *from)
{
    size_t n;
    uint8_t mac[20];
    const uint8_t *integrity = stun_find(in, len, 0x0008, &n);
    if (!integrity || n != 20) {
        p->stun_failures++;
        return;
    }
    stun_integrity(in, (size_t)(integrity - 4 - in), p->pwd, mac);
    if (memcmp(mac, integrity, 20) != 0) {
        p->stun_failures++;
        return;
    }
    if (stun_find(in, len, 0x0025, &n))
        p->nominated = true;
    uint8_t address[8] = { 0, 1 };
    put16(address + 2, ntohs(from->sin_port) ^ (STUN_COOKIE >> 16));
    put32(address + 4, ntohl(from->sin_addr.s_addr) ^ STUN_COOKIE);
    Stun s;
    stun_begin(&s, 0x0101, in + 8);
    stun_add(&s, 0x0020, address, 8);
    stun_end(&s, p->pwd);
    media_peer_send_raw(p, s.bytes, s.len);
}

void media_peer_take_stun(MediaPeer *p, const uint8_t *bytes, size_t len, const struct sockaddr_in *from)
{
    if (len < 20)
        return;
    if (bytes[0] == 0 && bytes[1] == 1)
        answer_check(p, bytes, len, from);
    else if (bytes[0] == 1 && bytes[1] == 1)
        p->answered = true;
}

static srtp_profile_t library_profile(SrtpProfile profile)
{
    return profile == SRTP_PROFILE_GCM128   ? srtp_profile_aead_aes_128_gcm
           : profile == SRTP_PROFILE_GCM256 ? srtp_profile_aead_aes_256_gcm
                                            : srtp_profile_aes128_cm_sha1_80;
}

void media_peer_library(const SrtpKeys *keys)
{
    static gsize once;
    if (!g_once_init_enter(&once))
        return;
    /* The library takes one set-up a process. Built --with-srtp=libsrtp2 the product does it, at its first session;
     * after that ours is refused, which is no harm. */
    srtp_rx_free(srtp_rx_new(keys->profile, keys->rx_key, keys->rx_salt));
    srtcp_free(srtcp_new(keys));
    srtp_init();
    g_once_init_leave(&once, 1);
}

static srtp_t library_session(SrtpProfile profile, const uint8_t *key, const uint8_t *salt, srtp_ssrc_type_t direction)
{
    static gsize initialised;
    uint8_t both[64];
    srtp_t session = NULL;
    if (g_once_init_enter(&initialised)) {
        srtp_init();
        g_once_init_leave(&initialised, 1);
    }
    srtp_policy_t policy = { .ssrc = { .type = direction }, .key = both, .window_size = 1024, .allow_repeat_tx = 1 };
    memcpy(both, key, srtp_key_len(profile));
    memcpy(both + srtp_key_len(profile), salt, srtp_salt_len(profile));
    srtp_crypto_policy_set_from_profile_for_rtp(&policy.rtp, library_profile(profile));
    srtp_crypto_policy_set_from_profile_for_rtcp(&policy.rtcp, library_profile(profile));
    g_assert_cmpint(srtp_create(&session, &policy), ==, srtp_err_status_ok);
    return session;
}

void media_peer_open_library(MediaPeer *p)
{
    const SrtpKeys *k = &p->keys;
    media_peer_library(k);
    p->tx = library_session(k->profile, k->rx_key, k->rx_salt, ssrc_any_outbound);
    p->rx = library_session(k->profile, k->tx_key, k->tx_salt, ssrc_any_inbound);
}

static void post_media(MediaPeer *p, const PeerOptions *o)
{
    WorkerCommand *c = worker_command_new(WORKER_MEDIA, p->conference, p->handle, 0);
    WorkerMedia *m = &c->media;
    uint8_t fb = WORKER_FB_NACK | WORKER_FB_PLI | WORKER_FB_FIR | (o->without_tcc ? 0 : WORKER_FB_TCC);
    WorkerPayload payloads[] = {
        { .pt = PEER_PT_OPUS, .kind = WORKER_AUDIO, .codec = CODEC_OPUS, .clock_hz = 48000 },
        { .pt = PEER_PT_VP8, .kind = WORKER_VIDEO, .codec = CODEC_VP8, .clock_hz = 90000, .feedback = fb },
        { .pt = PEER_PT_VP9, .kind = WORKER_VIDEO, .codec = CODEC_VP9, .clock_hz = 90000, .feedback = fb },
        { .pt = PEER_PT_VP8_RTX, .kind = WORKER_VIDEO, .codec = CODEC_RTX, .clock_hz = 90000, .apt = PEER_PT_VP8 },
        { .pt = PEER_PT_VP9_RTX, .kind = WORKER_VIDEO, .codec = CODEC_RTX, .clock_hz = 90000, .apt = PEER_PT_VP9 },
    };
    c->media.n_payloads = o->without_rtx ? 3 : 5;
    memcpy(c->media.payloads, payloads, sizeof(payloads));
    c->media.extension_ids[RTP_EXT_AUDIO_LEVEL] = PEER_EXT_LEVEL;
    if (!o->without_tcc)
        c->media.extension_ids[RTP_EXT_TRANSPORT_CC] = PEER_EXT_TCC;
    c->media.extension_ids[RTP_EXT_MID] = PEER_EXT_MID;
    if (o->all_codecs) {
        m->payloads[m->n_payloads++] = (WorkerPayload){
            .pt = PEER_PT_AV1, .kind = WORKER_VIDEO, .codec = CODEC_AV1, .clock_hz = 90000, .feedback = fb
        };
        m->payloads[m->n_payloads++] = (WorkerPayload){
            .pt = PEER_PT_H264, .kind = WORKER_VIDEO, .codec = CODEC_H264, .clock_hz = 90000, .feedback = fb
        };
    }
    if (o->descriptors) {
        m->extension_ids[RTP_EXT_DEPENDENCY_DESCRIPTOR] = PEER_EXT_DESCRIPTOR;
        m->allow_mixed = true;
    }
    workers_post(p->workers, p->worker, c);
}

void media_peer_init(MediaPeer *p, Workers *workers, unsigned worker, uint64_t conference, uint64_t handle,
                     const char *id, const PeerOptions *o)
{
    struct sockaddr_in any = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    *p = (MediaPeer){ .workers = workers,
                      .worker = worker,
                      .conference = conference,
                      .handle = handle,
                      .bridge_port = workers_port(workers) };
    g_strlcpy(p->id, id, sizeof(p->id));
    p->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    g_assert_cmpint(p->fd, >=, 0);
    g_assert_cmpint(bind(p->fd, (struct sockaddr *)&any, sizeof(any)), ==, 0);
    /* What a busy test does not read at once is not lost, as far as the system lets it. */
    int room = 4 * 1024 * 1024;
    if (setsockopt(p->fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)) < 0)
        setsockopt(p->fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
    g_assert_true(worker_ice_credentials(worker, &p->bridge));
    g_snprintf(p->ufrag, sizeof(p->ufrag), "p%04x", (unsigned)handle & 0xffff);
    g_strlcpy(p->pwd, "a-peer-password-of-24-ch", sizeof(p->pwd));
    for (char *at = p->pwd; *at; at++)
        if (*at == '-')
            *at = '+';

    WorkerCommand *c = worker_command_new(WORKER_ENDPOINT_CREATE, conference, handle, 0);
    g_strlcpy(c->endpoint_create.id, id, sizeof(c->endpoint_create.id));
    c->endpoint_create.ice = p->bridge;
    c->endpoint_create.ssrc_rewriting = o->ssrc_rewriting;
    c->endpoint_create.mid = o->mid;
    c->endpoint_create.visitor = o->visitor;
    c->endpoint_create.initial_last_n = -1;
    workers_post(workers, worker, c);

    c = worker_command_new(WORKER_REMOTE_ICE, conference, handle, 0);
    g_strlcpy(c->remote_ice.ufrag, p->ufrag, sizeof(c->remote_ice.ufrag));
    g_strlcpy(c->remote_ice.pwd, p->pwd, sizeof(c->remote_ice.pwd));
    workers_post(workers, worker, c);
    post_media(p, o);

    p->keys.profile = o->profile;
    g_assert_cmpint(getrandom(p->keys.rx_key, sizeof(p->keys.rx_key), 0), >, 0);
    g_assert_cmpint(getrandom(p->keys.rx_salt, sizeof(p->keys.rx_salt), 0), >, 0);
    g_assert_cmpint(getrandom(p->keys.tx_key, sizeof(p->keys.tx_key), 0), >, 0);
    g_assert_cmpint(getrandom(p->keys.tx_salt, sizeof(p->keys.tx_salt), 0), >, 0);
    if (!o->without_library)
        media_peer_open_library(p);
    c = worker_command_new(WORKER_SRTP_KEYS, conference, handle, 0);
    c->srtp_keys = p->keys;
    workers_post(workers, worker, c);
}

static void keep(MediaPeer *p, const PeerPacket *packet)
{
    if (p->n_packets == p->room) {
        p->room = p->room ? p->room * 2 : 64;
        p->packets = g_renew(PeerPacket, p->packets, p->room);
    }
    p->packets[p->n_packets++] = *packet;
}

static void take_media(MediaPeer *p, PeerPacket *packet)
{
    int len = (int)packet->len;
    packet->rtcp = packet->data[1] >= 192 && packet->data[1] <= 223;
    srtp_err_status_t status =
        packet->rtcp ? srtp_unprotect_rtcp(p->rx, packet->data, &len) : srtp_unprotect(p->rx, packet->data, &len);
    if (status != srtp_err_status_ok) {
        p->undecryptable++;
        return;
    }
    packet->len = (size_t)len;
    if (!packet->rtcp)
        g_assert_cmpint(rtp_view_parse(packet->data, packet->len, &packet->view), ==, RTP_OK);
    keep(p, packet);
}

size_t media_peer_pump(MediaPeer *p)
{
    PeerPacket packet;
    struct sockaddr_in from;
    socklen_t from_len = sizeof(from);
    size_t taken = 0;
    for (ssize_t n; (n = recvfrom(p->fd, packet.data, sizeof(packet.data), 0, (struct sockaddr *)&from, &from_len)) > 0;
         taken++) {
        packet.len = (size_t)n;
        if (packet.data[0] >= 128 && p->rx)
            take_media(p, &packet);
        else
            media_peer_take_stun(p, packet.data, packet.len, &from);
    }
    return taken;
}

void media_peer_sources(MediaPeer *p, uint32_t audio_ssrc, const uint32_t *video_ssrcs, const uint32_t *rtx_ssrcs,
                        uint8_t encodings)
{
    WorkerCommand *c = worker_command_new(WORKER_SOURCES, p->conference, p->handle, 2);
    c->n = 0;
    if (audio_ssrc) {
        WorkerSource *s = &c->sources.sources[c->n++];
        g_snprintf(s->name, sizeof(s->name), "%s-a0", p->id);
        s->kind = WORKER_AUDIO;
        s->n_encodings = 1;
        s->encodings[0].ssrc = audio_ssrc;
    }
    if (encodings) {
        WorkerSource *s = &c->sources.sources[c->n++];
        g_snprintf(s->name, sizeof(s->name), "%s-v0", p->id);
        s->kind = WORKER_VIDEO;
        s->n_encodings = encodings;
        for (uint8_t i = 0; i < encodings; i++)
            s->encodings[i] = (WorkerEncoding){ video_ssrcs[i], rtx_ssrcs ? rtx_ssrcs[i] : 0 };
    }
    workers_post(p->workers, p->worker, c);
}

void media_peer_wish(MediaPeer *p, int32_t max_height)
{
    WorkerCommand *c = worker_command_new(WORKER_VIDEO_CONSTRAINTS, p->conference, p->handle, 0);
    c->video_constraints.last_n = -1;
    c->video_constraints.default_max_height = max_height;
    c->video_constraints.default_max_fps = -1;
    c->video_constraints.assumed_bandwidth_bps = -1;
    workers_post(p->workers, p->worker, c);
}

size_t media_peer_protect(MediaPeer *p, const PeerRtp *rtp, uint8_t *out, size_t cap)
{
    RtpExtItem items[2];
    size_t n = 0;
    uint8_t level = (uint8_t)rtp->level, tcc[2] = { (uint8_t)(rtp->tcc >> 8), (uint8_t)rtp->tcc };
    if (rtp->level >= 0)
        items[n++] = (RtpExtItem){ PEER_EXT_LEVEL, 1, &level };
    if (rtp->tcc >= 0)
        items[n++] = (RtpExtItem){ PEER_EXT_TCC, 2, tcc };
    RtpHeader head = { .pt = rtp->pt, .marker = rtp->marker, .seq = rtp->seq, .ts = rtp->ts, .ssrc = rtp->ssrc };
    size_t at = rtp_header_write(out, cap, &head, items, n, false);
    g_assert_cmpuint(at, >, 0);
    g_assert_cmpuint(at + rtp->payload_len + SRTP_MAX_TRAILER_LEN, <=, cap);
    memcpy(out + at, rtp->payload, rtp->payload_len);
    int len = (int)(at + rtp->payload_len);
    g_assert_cmpint(srtp_protect(p->tx, out, &len), ==, srtp_err_status_ok);
    return (size_t)len;
}

void media_peer_send_rtp(MediaPeer *p, const PeerRtp *rtp)
{
    uint8_t out[2048];
    size_t len = media_peer_protect(p, rtp, out, sizeof(out));
    media_peer_send_raw(p, out, len);
}

void media_peer_send_rtcp(MediaPeer *p, const uint8_t *rtcp, size_t n)
{
    uint8_t out[2048];
    int len = (int)n;
    memcpy(out, rtcp, n);
    g_assert_cmpint(srtp_protect_rtcp(p->tx, out, &len), ==, srtp_err_status_ok);
    media_peer_send_raw(p, out, (size_t)len);
}

void media_peer_forget_packets(MediaPeer *p)
{
    p->n_packets = 0;
}

size_t media_peer_count(const MediaPeer *p, uint32_t ssrc, const PeerPacket **last)
{
    size_t n = 0;
    for (size_t i = 0; i < p->n_packets; i++) {
        if (p->packets[i].rtcp || p->packets[i].view.ssrc != ssrc)
            continue;
        n++;
        if (last)
            *last = &p->packets[i];
    }
    return n;
}

size_t media_peer_count_rtcp(const MediaPeer *p, uint8_t pt, int count)
{
    size_t n = 0;
    for (size_t i = 0; i < p->n_packets; i++) {
        RtcpIter it = RTCP_ITER(p->packets[i].data, p->packets[i].len);
        RtcpPacket rp;
        while (p->packets[i].rtcp && rtcp_iter_next(&it, &rp))
            n += rp.pt == pt && (count < 0 || rp.count == count);
    }
    return n;
}

void media_peer_clear(MediaPeer *p)
{
    close(p->fd);
    if (p->tx)
        srtp_dealloc(p->tx);
    if (p->rx)
        srtp_dealloc(p->rx);
    g_free(p->packets);
}
