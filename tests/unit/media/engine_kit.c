/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/media/engine_kit.h"

#include "bridge/forward.h"
#include "bridge/rx/rx_path.h"
#include "common/rtp/rtp_write.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

uint8_t engine_heard[2000];

int engine_udp(Tuple *at)
{
    struct sockaddr_in sa = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof(sa);
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    g_assert_cmpint(bind(fd, (struct sockaddr *)&sa, len), ==, 0);
    g_assert_cmpint(getsockname(fd, (struct sockaddr *)&sa, &len), ==, 0);
    g_assert_true(tuple_from_sockaddr((struct sockaddr *)&sa, len, 0, at));
    return fd;
}

void engine_describe(WorkerMedia *m, uint8_t level_id)
{
    *m = (WorkerMedia){
        .n_payloads = 5,
        .payloads = { { .pt = OPUS_PT, .kind = WORKER_AUDIO, .codec = CODEC_OPUS, .clock_hz = 48000 },
                      { .pt = EVENT_PT, .kind = WORKER_AUDIO, .codec = CODEC_TELEPHONE_EVENT, .clock_hz = 48000 },
                      { .pt = VP8_PT,
                        .kind = WORKER_VIDEO,
                        .codec = CODEC_VP8,
                        .clock_hz = 90000,
                        .feedback = WORKER_FB_NACK | WORKER_FB_PLI | WORKER_FB_TCC },
                      { .pt = RTX_PT, .kind = WORKER_VIDEO, .codec = CODEC_RTX, .clock_hz = 90000, .apt = VP8_PT },
                      { .pt = RED_PT, .kind = WORKER_AUDIO, .codec = CODEC_RED, .clock_hz = 48000 } }
    };
    m->extension_ids[RTP_EXT_AUDIO_LEVEL] = level_id;
    m->extension_ids[RTP_EXT_TRANSPORT_CC] = TCC_ID;
}

void engine_signal_sources(EngineClient *c, unsigned i)
{
    WorkerSource sources[2] = {
        { .kind = WORKER_AUDIO, .n_encodings = 1, .encodings = { { .ssrc = AUDIO_SSRC(i) } } },
        { .kind = WORKER_VIDEO, .n_encodings = 1, .encodings = { { .ssrc = VIDEO_SSRC(i), .rtx_ssrc = RTX_SSRC(i) } } },
    };
    g_snprintf(sources[0].name, sizeof(sources[0].name), "c%u-a0", i);
    g_snprintf(sources[1].name, sizeof(sources[1].name), "c%u-v0", i);
    media_endpoint_set_sources(c->ep, sources, 2);
    g_assert_cmpuint(c->ep->n_sources, ==, 2);
}

static void join(Engine *f, unsigned i)
{
    EngineClient *c = &f->client[i];
    WorkerMedia media;
    WorkerCommand *create = worker_command_new(WORKER_ENDPOINT_CREATE, 1, 10 + i, 0);
    c->fd = engine_udp(&c->at);
    g_snprintf(create->endpoint_create.id, sizeof(create->endpoint_create.id), "c%u", i);
    create->endpoint_create.initial_last_n = -1;
    g_assert_true(worker_ice_credentials(0, &create->endpoint_create.ice));
    c->ice = create->endpoint_create.ice;
    c->ep = media_endpoint_new(f->conference, create);
    worker_command_free(create);
    g_assert_nonnull(c->ep);
    engine_describe(&media, LEVEL_ID);
    media_endpoint_set_media(c->ep, &media);
    c->keys.profile = SRTP_PROFILE_GCM128;
    memset(c->keys.rx_key, 0x10 + (int)i, sizeof(c->keys.rx_key));
    memset(c->keys.tx_key, 0x20 + (int)i, sizeof(c->keys.tx_key));
    c->tx = srtp_tx_new(c->keys.profile, c->keys.rx_key, c->keys.rx_salt);
    c->rx = srtp_rx_new(c->keys.profile, c->keys.tx_key, c->keys.tx_salt);
    c->ep->send_to = c->at;
    media_endpoint_set_keys(c->ep, &c->keys);
    g_assert_true(c->ep->ready);
    engine_signal_sources(c, i);
}

void engine_set_up(Engine *f, gconstpointer unused)
{
    Tuple own;
    memset(f, 0, sizeof(*f));
    f->group.count = 1;
    f->group.events = mailbox_new(sizeof(WorkerEvent *), 4096);
    f->group.config.n_addresses = 1;
    Worker *w = &f->w;
    f->group.workers[0] = w;
    w->group = &f->group;
    w->config = &f->group.config;
    w->random = 12345;
    w->now_us = 1000000;
    w->fds[0] = f->out = engine_udp(&own);
    w->n_fds = 1;
    packet_pool_init(&w->pool, PACKET_POOL_MAX);
    w->batch = send_batch_new(w->fds, 1, false, &w->totals);
    w->stun = ice_stun_new();
    g_assert_true(tuple_table_init(&w->tuples, 1024, 1));
    WorkerCommand *create = worker_command_new(WORKER_CONFERENCE_CREATE, 1, 0, 0);
    create->conference_create.audio_ssrc = 0xa0a0;
    create->conference_create.video_ssrc = 0xb0b0;
    create->conference_create.last_n = -1;
    f->conference = media_conference_new(w, create);
    worker_command_free(create);
    for (unsigned i = 0; i < CLIENTS; i++)
        join(f, i);
}

unsigned engine_drain(Engine *f, WorkerEventType type)
{
    WorkerEvent *ev;
    unsigned n = 0;
    while (mailbox_take(f->group.events, &ev)) {
        n += ev->type == type;
        worker_event_free(ev);
    }
    return n;
}

void engine_tear_down(Engine *f, gconstpointer unused)
{
    Worker *w = &f->w;
    media_conference_free(f->conference);
    g_assert_cmpuint(w->pool.used, ==, 0);
    g_assert_cmpuint(w->n_endpoints, ==, 0);
    packet_pool_clear(&w->pool);
    send_batch_free(w->batch);
    ice_stun_free(w->stun);
    tuple_table_clear(&w->tuples);
    timers_clear(&w->timers);
    engine_drain(f, WORKER_EV_SNAPSHOT);
    mailbox_free(f->group.events);
    close(f->out);
    for (unsigned i = 0; i < CLIENTS; i++) {
        close(f->client[i].fd);
        srtp_tx_free(f->client[i].tx);
        srtp_rx_free(f->client[i].rx);
    }
}

void engine_give(Engine *f, EngineClient *from, const uint8_t *bytes, size_t len, bool rtcp)
{
    Packet *p = packet_new(&f->w.pool);
    memcpy(p->data, bytes, len);
    p->len = len;
    p->now_us = f->w.now_us;
    if (rtcp)
        rx_path_rtcp(from->ep, p, &from->at);
    else
        rx_path_rtp(from->ep, p, &from->at);
    packet_unref(&f->w.pool, p);
    int64_t now_us = f->w.now_us;
    forward_batches(&f->w);
    send_batch_flush(f->w.batch);
    f->w.now_us = now_us; /* time is the test's */
}

void engine_give_rtp(Engine *f, unsigned from, SrtpStream *stream, const uint8_t *header, size_t header_len,
                     const void *payload, size_t payload_len)
{
    EngineClient *c = &f->client[from];
    uint8_t out[1800];
    size_t n = srtp_tx_protect(c->tx, stream, header, header_len, payload, payload_len, out, sizeof(out));
    g_assert_cmpuint(n, >, 0);
    engine_give(f, c, out, n, false);
}

size_t engine_picture(MediaCodec codec, bool key, unsigned picture_id, unsigned tl0, unsigned frame_number,
                      uint8_t payload[ENGINE_PICTURE], uint8_t dd[8])
{
    const uint8_t high = (uint8_t)(0x80 | (picture_id >> 8 & 0x7f)), low = (uint8_t)picture_id;
    const uint8_t vp8[] = { 0x90, 0xe0, high, low, (uint8_t)tl0, 0x20, !key, 0, 0, 0x9d, 1, 0x2a, 0x40, 1, 0xb4, 0 };
    const uint8_t vp9[] = { key ? 0xac : 0xec, high, low, 0x00, (uint8_t)tl0, 0x82, 0x49 };
    const uint8_t h264[] = { key ? 0x65 : 0x61, 0x88, 0x84 };
    const uint8_t av1[] = { 0x10, 0x30 };
    const uint8_t structure[] = { 0xc0, (uint8_t)(frame_number >> 8), (uint8_t)frame_number, 0x80, 0x00, 0xe0 };
    memset(payload, 0, ENGINE_PICTURE);
    switch (codec) {
    case CODEC_VP8:
        memcpy(payload, vp8, sizeof(vp8));
        return 0;
    case CODEC_VP9:
        memcpy(payload, vp9, sizeof(vp9));
        return 0;
    case CODEC_H264:
        memcpy(payload, h264, sizeof(h264));
        return 0;
    default:
        memcpy(payload, av1, sizeof(av1));
        memcpy(dd, structure, sizeof(structure));
        return key ? sizeof(structure) : 3;
    }
}

void engine_speak_as(Engine *f, unsigned from, uint8_t pt, uint8_t level, uint16_t seq)
{
    static const uint8_t voice[40] = { 1, 2, 3 };
    EngineClient *c = &f->client[from];
    uint8_t header[64];
    RtpHeader h = { .pt = pt, .seq = seq, .ts = seq * 960u, .ssrc = AUDIO_SSRC(from) };
    RtpExtItem item = { LEVEL_ID, 1, &level };
    size_t n = rtp_header_write(header, sizeof(header), &h, &item, 1, false);
    f->w.now_us += 20000;
    engine_give_rtp(f, from, &c->audio, header, n, voice, sizeof(voice));
}

void engine_speak(Engine *f, unsigned from, uint16_t seq)
{
    engine_speak_as(f, from, OPUS_PT, 30, seq);
}

bool engine_hear(Engine *f, unsigned to, RtpView *v)
{
    uint8_t *in = engine_heard;
    ssize_t n;
    while ((n = recv(f->client[to].fd, in, sizeof(engine_heard), 0)) > 0) {
        size_t len = (size_t)n;
        if (in[1] >= 192 && in[1] <= 223)
            continue;
        g_assert_cmpint(srtp_rx_unprotect(f->client[to].rx, in, &len, NULL), ==, SRTP_OK);
        g_assert_cmpint(rtp_view_parse(in, len, v), ==, RTP_OK);
        return true;
    }
    return false;
}

unsigned engine_count_rtcp(Engine *f, unsigned to)
{
    uint8_t in[2000];
    unsigned n = 0;
    while (recv(f->client[to].fd, in, sizeof(in), 0) > 0)
        n += in[1] >= 192 && in[1] <= 223;
    return n;
}

void engine_give_rtcp(Engine *f, unsigned from, Srtcp *srtcp, const uint8_t *bytes, size_t len)
{
    uint8_t buf[1500];
    memcpy(buf, bytes, len);
    g_assert_cmpint(srtcp_protect(srtcp, buf, &len, sizeof(buf)), ==, SRTP_OK);
    engine_give(f, &f->client[from], buf, len, true);
}

Srtcp *engine_client_srtcp(const EngineClient *c)
{
    SrtpKeys turned = { .profile = c->keys.profile };
    memcpy(turned.rx_key, c->keys.tx_key, sizeof(turned.rx_key));
    memcpy(turned.tx_key, c->keys.rx_key, sizeof(turned.tx_key));
    return srtcp_new(&turned);
}
