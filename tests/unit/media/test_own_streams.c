/* SPDX-License-Identifier: Apache-2.0
 *
 * Receivers that know each source by its own SSRC, in a conference where people come and go all day: SSRCs without
 * end, the same ones again, with other RTX partners. No SRTP index is used twice. */
#include "tests/unit/media/engine_kit.h"

#include "bridge/tx/own_streams.h"
#include "bridge/tx/tx_allocate.h"
#include "common/rtp/rtcp_fb.h"
#include "common/rtp/rtp_write.h"

#define FIRST_SSRC 0x10000u
#define GUESTS 1300 /* more than there are streams */

/* ---- sound: one guest after the other ---- */

/* Client 0 speaks under that SSRC and nothing else; returns the number it went out under. */
static uint16_t guest_speaks(Engine *f, uint32_t ssrc)
{
    static const uint8_t voice[20] = { 9 };
    EngineClient *c = &f->client[0];
    WorkerSource s = { .name = "c0-a0", .kind = WORKER_AUDIO, .n_encodings = 1, .encodings = { { .ssrc = ssrc } } };
    uint8_t header[12];
    SrtpStream stream = { 0 };
    RtpHeader h = { .pt = OPUS_PT, .seq = 1, .ssrc = ssrc };
    RtpView v;
    f->w.now_us += 20000;
    media_endpoint_set_sources(c->ep, &s, 1);
    srtp_rx_forget(c->ep->srtp_rx, ssrc); /* each guest's first packet */
    engine_give_rtp(f, 0, &stream, header, rtp_header_write(header, sizeof(header), &h, NULL, 0, false), voice,
                    sizeof(voice));
    g_assert_true(engine_hear(f, 1, &v));
    g_assert_cmpuint(v.ssrc, ==, ssrc);
    srtp_rx_forget(f->client[1].rx, ssrc);
    return v.seq;
}

static void test_guests(Engine *f, gconstpointer unused)
{
    const TxState *tx = f->client[1].ep->tx;
    uint16_t first[GUESTS];
    for (unsigned i = 0; i < GUESTS; i++) {
        first[i] = guest_speaks(f, FIRST_SSRC + i);
        g_assert_cmpuint(tx->n_own_streams, <=, OWN_STREAMS_UNLOADED + 2);
    }
    for (unsigned i = 0; i < GUESTS; i += 50) /* those of long ago, and of lately */
        g_assert_cmpuint(guest_speaks(f, FIRST_SSRC + i), ==, (uint16_t)(first[i] + 1));
    for (unsigned i = GUESTS - 3; i < GUESTS; i++)
        g_assert_cmpuint(guest_speaks(f, FIRST_SSRC + i), ==, (uint16_t)(first[i] + 1));
    /* New keys: nothing of it counts any more. */
    g_assert_cmpuint(tx->spent.n, >, GUESTS - 100);
    media_endpoint_set_keys(f->client[1].ep, &f->client[1].keys);
    g_assert_cmpuint(tx->spent.n, ==, 0);
}

/* A number past the first wrap: its rollover counter comes back as well, or nobody could decrypt it. */
static void test_rollover(Engine *f, gconstpointer unused)
{
    static const uint8_t voice[20] = { 9 };
    EngineClient *c = &f->client[0];
    SrtpStream stream = { 0 };
    WorkerSource s = { .name = "c0-a0", .kind = WORKER_AUDIO, .n_encodings = 1, .encodings = { { .ssrc = 77 } } };
    RtpView v;
    uint16_t last = 0;
    media_endpoint_set_sources(c->ep, &s, 1);
    for (uint32_t i = 0; i < 70000; i++) {
        uint8_t header[12];
        RtpHeader h = { .pt = OPUS_PT, .seq = (uint16_t)i, .ts = i * 960, .ssrc = 77 };
        f->w.now_us += 20000;
        engine_give_rtp(f, 0, &stream, header, rtp_header_write(header, sizeof(header), &h, NULL, 0, false), voice,
                        sizeof(voice));
        g_assert_true(engine_hear(f, 1, &v));
        last = v.seq;
    }
    for (unsigned i = 0; i < 2 * OWN_STREAMS_UNLOADED; i++)
        guest_speaks(f, FIRST_SSRC + i);
    uint8_t header[12];
    RtpHeader h = { .pt = OPUS_PT, .seq = 4464, .ts = 1, .ssrc = 77 };
    media_endpoint_set_sources(c->ep, &s, 1);
    engine_give_rtp(f, 0, &stream, header, rtp_header_write(header, sizeof(header), &h, NULL, 0, false), voice,
                    sizeof(voice));
    g_assert_true(engine_hear(f, 1, &v)); /* decrypts with the rollover counter that the receiver has kept */
    g_assert_cmpuint(v.seq, ==, (uint16_t)(last + 1));
}

/* Everybody is here at once: nothing in use is taken away, what has been silent for long is. */
static void test_crowd(Engine *f, gconstpointer unused)
{
    MediaEndpoint *ep = f->client[1].ep;
    TxState *tx = ep->tx;
    int64_t now_us = f->w.now_us;
    MediaSource *crowd = g_new0(MediaSource, OWN_STREAMS_MAX + 1);
    for (unsigned i = 0; i <= OWN_STREAMS_MAX; i++) {
        crowd[i] = (MediaSource){ .kind = WORKER_AUDIO, .index = UINT32_MAX, .n_encodings = 1 };
        crowd[i].encodings[0].ssrc = FIRST_SSRC + i;
    }
    for (unsigned i = 0; i < OWN_STREAMS_MAX; i++) {
        TxStream *st = own_streams_get(ep, &crowd[i], now_us);
        g_assert_nonnull(st);
        st->source = &crowd[i];
        st->out.last_ts_us = now_us + i;
        g_assert_true(own_streams_get(ep, &crowd[i], now_us) == st);
    }
    g_assert_null(own_streams_get(ep, &crowd[OWN_STREAMS_MAX], now_us + OWN_STREAMS_IDLE_US - 1));
    g_assert_nonnull(own_streams_get(ep, &crowd[OWN_STREAMS_MAX], now_us + OWN_STREAMS_IDLE_US));
    g_assert_cmpuint(tx->n_own_streams, ==, OWN_STREAMS_MAX);
    bool rtx;
    g_assert_null(tx_state_find_stream(tx, FIRST_SSRC, &rtx)); /* silent for longest */
    g_assert_nonnull(tx_state_find_stream(tx, FIRST_SSRC + 1, &rtx));
    for (unsigned i = 0; i < tx->n_own_streams; i++)
        tx->own_streams[i]->source = NULL;
    g_free(crowd);
}

/* ---- pictures: RTX partners ---- */

typedef struct {
    Engine *f;
    Srtcp *srtcp;
    SrtpStream video;
    uint16_t seq;
} Camera;

static void signal_video(Camera *m, uint32_t ssrc, uint32_t rtx)
{
    WorkerSource s = {
        .name = "c0-v0", .kind = WORKER_VIDEO, .n_encodings = 1, .encodings = { { .ssrc = ssrc, .rtx_ssrc = rtx } }
    };
    media_endpoint_set_sources(m->f->client[0].ep, &s, 1);
    tx_allocate_run(m->f->client[1].ep, m->f->w.now_us += 100000);
}

/* A key frame reaches client 1, who misses it: it comes again on the RTX SSRC, whose number this returns. */
static uint16_t repeat(Camera *m, uint32_t ssrc, uint32_t rtx)
{
    Engine *f = m->f;
    uint8_t header[12], dd[8], payload[ENGINE_PICTURE], nack[64];
    RtpHeader h = { .pt = VP8_PT, .marker = 1, .seq = ++m->seq, .ts = m->seq * 3000u, .ssrc = ssrc };
    RtpView v;
    engine_picture(CODEC_VP8, true, m->seq, m->seq, 0, payload, dd);
    f->w.now_us += 500000;
    engine_give_rtp(f, 0, &m->video, header, rtp_header_write(header, sizeof(header), &h, NULL, 0, false), payload,
                    sizeof(payload));
    g_assert_true(engine_hear(f, 1, &v));
    g_assert_cmpuint(v.ssrc, ==, ssrc);
    uint16_t missing = v.seq;
    while (engine_hear(f, 1, &v))
        ;
    engine_give_rtcp(f, 1, m->srtcp, nack, rtcp_nack_build(nack, sizeof(nack), 1, ssrc, &missing, 1));
    g_assert_true(engine_hear(f, 1, &v));
    g_assert_cmpuint(v.ssrc, ==, rtx);
    g_assert_cmpuint(v.pt, ==, RTX_PT);
    g_assert_cmpuint(engine_heard[v.payload_off] << 8 | engine_heard[v.payload_off + 1], ==, missing);
    return v.seq;
}

static void test_other_partner(Engine *f, gconstpointer unused)
{
    Camera m = { .f = f, .srtcp = engine_client_srtcp(&f->client[1]) };
    WorkerCommand *w = worker_command_new(WORKER_VIDEO_CONSTRAINTS, 1, 11, 0);
    w->video_constraints.last_n = -1;
    w->video_constraints.default_max_height = 720;
    w->video_constraints.default_max_fps = -1;
    w->video_constraints.assumed_bandwidth_bps = -1;
    media_endpoint_set_wishes(f->client[1].ep, w);
    signal_video(&m, VIDEO_SSRC(0), RTX_SSRC(0));
    uint16_t last = repeat(&m, VIDEO_SSRC(0), RTX_SSRC(0));
    signal_video(&m, VIDEO_SSRC(0), 7777);
    repeat(&m, VIDEO_SSRC(0), 7777);
    /* The first one again: its numbers go on. */
    signal_video(&m, VIDEO_SSRC(0), RTX_SSRC(0));
    g_assert_cmpuint(repeat(&m, VIDEO_SSRC(0), RTX_SSRC(0)), ==, (uint16_t)(last + 1));
    /* What was RTX carries pictures now, and the other way round: neither index starts over. */
    bool rtx;
    uint16_t pictures = tx_state_find_stream(f->client[1].ep->tx, VIDEO_SSRC(0), &rtx)->srtp.highest_seq;
    m.video = (SrtpStream){ 0 };
    signal_video(&m, RTX_SSRC(0), VIDEO_SSRC(0));
    srtp_rx_forget(f->client[0].ep->srtp_rx, RTX_SSRC(0));
    g_assert_cmpuint(repeat(&m, RTX_SSRC(0), VIDEO_SSRC(0)), ==, (uint16_t)(pictures + 1));
    g_assert_cmpuint(tx_state_find_stream(f->client[1].ep->tx, RTX_SSRC(0), &rtx)->srtp.highest_seq, ==,
                     (uint16_t)(last + 2));
    srtcp_free(m.srtcp);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define OWN(name, function)                                                                                            \
    g_test_add("/media/own streams/" name, Engine, NULL, engine_set_up, function, engine_tear_down)
    OWN("guests", test_guests);
    OWN("rollover", test_rollover);
    OWN("crowd", test_crowd);
    OWN("other partner", test_other_partner);
#undef OWN
    return g_test_run();
}
