/* SPDX-License-Identifier: Apache-2.0
 *
 * A key frame toward a slow receiver: what goes at once, what waits, what overtakes it, and what becomes of it. */
#include "bridge/tx/tx_allocate.h"
#include "bridge/tx/tx_state.h"
#include "common/rtp/rtcp_fb.h"
#include "common/rtp/rtp_ext.h"
#include "common/rtp/rtp_write.h"
#include "tests/unit/media/engine_kit.h"

#include <string.h>

#define MS 1000
#define SLOW_BPS 400000
#define PAYLOAD 1100

/* Client 1 wants client 0's video; its estimate is SLOW_BPS and nothing ever changes it. */
static void set_up(Engine *f, gconstpointer trusted)
{
    engine_set_up(f, NULL);
    f->group.config.trust_bwe = trusted == NULL;
    f->group.config.start_bps = SLOW_BPS;
    WorkerCommand *wish = worker_command_new(WORKER_VIDEO_CONSTRAINTS, 1, 11, 0);
    wish->video_constraints.last_n = -1;
    wish->video_constraints.default_max_height = 720;
    wish->video_constraints.assumed_bandwidth_bps = -1;
    media_endpoint_set_wishes(f->client[1].ep, wish);
    for (int i = 0; i < 2; i++) /* the first one makes the estimator */
        tx_allocate_run(f->client[1].ep, f->w.now_us += 1000 * MS);
    g_assert_nonnull(f->client[1].ep->tx->pace);
    g_assert_true(f->client[1].ep->tx->pace->on == (trusted == NULL));
}

/* Packets of client 0's video that client 1 got by now; they must go on where the last ones ended. */
typedef struct {
    unsigned media, rtx, audio;
    bool started;
    uint16_t seq, tcc;
} Got;

static void take(Engine *f, Got *g)
{
    RtpView v;
    RtpExtElement e;
    while (engine_hear(f, 1, &v)) {
        if (v.ssrc == AUDIO_SSRC(0)) {
            g->audio++;
            continue;
        }
        g_assert_true(rtp_ext_find(engine_heard, &v, TCC_ID, &e));
        uint16_t tcc = (uint16_t)(engine_heard[e.off] << 8 | engine_heard[e.off + 1]);
        if (g->started)
            g_assert_cmpuint(tcc, ==, (uint16_t)(g->tcc + 1));
        g->tcc = tcc;
        if (v.ssrc == VIDEO_SSRC(0)) {
            if (g->media)
                g_assert_cmpuint(v.seq, ==, (uint16_t)(g->seq + 1));
            g->seq = v.seq;
            g->media++;
        } else if (v.ssrc == RTX_SSRC(0)) {
            g->rtx++;
        }
        g->started = true;
    }
}

/* One VP8 picture in `n` packets, all at this moment. */
static void show(Engine *f, Got *g, uint16_t first_seq, unsigned n, bool key)
{
    uint8_t header[12], payload[PAYLOAD] = { 0 };
    for (unsigned i = 0; i < n; i++) {
        RtpHeader h = { .pt = VP8_PT, .seq = (uint16_t)(first_seq + i), .ts = first_seq * 90u, .ssrc = VIDEO_SSRC(0) };
        h.marker = i == n - 1;
        size_t len = rtp_header_write(header, sizeof(header), &h, NULL, 0, false);
        memset(payload, 0, 20);
        payload[0] = i == 0 ? 0x90 : 0x80; /* extended; begins the picture */
        payload[1] = 0x80;                 /* with picture id */
        payload[2] = 0x80 | (uint8_t)(first_seq >> 8 & 0x7f);
        payload[3] = (uint8_t)first_seq;
        if (i == 0)
            memcpy(payload + 4, key ? "\x10\x02\x00\x9d\x01\x2a\x80\x02\x68\x01" : "\x11\x02\x00", key ? 10 : 3);
        engine_give_rtp(f, 0, &f->client[0].video, header, len, payload, sizeof(payload));
        take(f, g); /* or the socket is full */
    }
}

static void wait_ms(Engine *f, Got *g, int ms)
{
    for (int i = 0; i < ms; i++) {
        f->w.now_us += MS;
        timers_run(&f->w.timers, f->w.now_us, 64);
        send_batch_flush(f->w.batch);
        take(f, g);
    }
}

static void test_burst(Engine *f, gconstpointer unused)
{
    Got g = { 0 };
    show(f, &g, 100, 30, true);
    g_assert_cmpuint(g.media, >=, 3);
    g_assert_cmpuint(g.media, <=, 5);
    g_assert_cmpuint(f->client[1].ep->tx->pace->count, ==, 30 - g.media);
    wait_ms(f, &g, 100); /* PACED_FACTOR times the estimate: a packet in 17 ms */
    g_assert_cmpuint(g.media, >=, 9);
    g_assert_cmpuint(g.media, <=, 12);
    wait_ms(f, &g, (int)(660 / PACED_FACTOR) - 100);
    g_assert_cmpuint(g.media, ==, 30);
    g_assert_cmpuint(f->w.totals.drops[WORKER_DROP_PACER], ==, 0);
    for (uint16_t seq = 200; seq < 230; seq += 3) { /* evenly, at 3 / 0.1 s: nothing waits */
        wait_ms(f, &g, 100);
        show(f, &g, seq, 3, false);
        g_assert_cmpuint(f->client[1].ep->tx->pace->count, ==, 0);
    }
}

static void test_audio_overtakes(Engine *f, gconstpointer unused)
{
    Got g = { 0 };
    show(f, &g, 100, 30, true);
    engine_speak(f, 0, 1);
    take(f, &g);
    g_assert_cmpuint(g.audio, ==, 1);
    g_assert_cmpuint(g.media, <, 30);
    wait_ms(f, &g, (int)(675 / PACED_FACTOR));
    g_assert_cmpuint(g.media, ==, 30);
}

/* As much as 2 s of it: in a second it is gone, all of it. */
static void test_limit(Engine *f, gconstpointer unused)
{
    Got g = { 0 };
    show(f, &g, 100, 240, true);
    wait_ms(f, &g, 500);
    g_assert_cmpuint(g.media, <, 160);
    wait_ms(f, &g, PACED_LIMIT_US / MS - 500 + 10);
    g_assert_cmpuint(g.media, ==, 240);
}

static void test_overflow(Engine *f, gconstpointer unused)
{
    Got g = { 0 };
    for (unsigned i = 0; i < 6; i++) {
        show(f, &g, (uint16_t)(100 + 100 * i), 100, i == 0);
    }
    g_assert_cmpuint(g.media, ==, 600 - PACED_MAX);
    wait_ms(f, &g, PACED_LIMIT_US / MS + 10);
    g_assert_cmpuint(g.media, ==, 600);
}

static void nack(Engine *f, Srtcp *srtcp, uint16_t seq)
{
    uint8_t buf[200];
    size_t len = rtcp_nack_build(buf, sizeof(buf), 1, VIDEO_SSRC(0), &seq, 1);
    engine_give_rtcp(f, 1, srtcp, buf, len);
}

/* What was never sent cannot be asked for again: its number would be used up twice. */
static void test_nack_of_held(Engine *f, gconstpointer unused)
{
    Got g = { 0 };
    Srtcp *srtcp = engine_client_srtcp(&f->client[1]);
    show(f, &g, 100, 30, true);
    unsigned at_once = g.media, before = g.rtx; /* a probe may have sent some */
    nack(f, srtcp, (uint16_t)(g.seq + 1));
    take(f, &g);
    g_assert_cmpuint(g.media, ==, at_once);
    g_assert_cmpuint(g.rtx, ==, before);
    nack(f, srtcp, g.seq); /* this one was */
    take(f, &g);
    g_assert_cmpuint(g.rtx, ==, before + 1);
    wait_ms(f, &g, (int)(675 / PACED_FACTOR));
    g_assert_cmpuint(g.media, ==, 30);
    before = g.rtx;
    nack(f, srtcp, g.seq);
    take(f, &g);
    g_assert_cmpuint(g.rtx, ==, before + 1);
    srtcp_free(srtcp);
}

/* The source leaves while its packets wait: they are forgotten, and nothing is left of them (engine_tear_down). */
static void test_source_leaves(Engine *f, gconstpointer unused)
{
    Got g = { 0 };
    show(f, &g, 100, 30, true);
    unsigned at_once = g.media;
    media_endpoint_set_sources(f->client[0].ep, NULL, 0);
    wait_ms(f, &g, 400);
    g_assert_cmpuint(g.media, ==, at_once);
    g_assert_cmpuint(f->w.totals.drops[WORKER_DROP_PACER], ==, 30 - at_once);
}

static void test_receiver_leaves(Engine *f, gconstpointer unused)
{
    Got g = { 0 };
    show(f, &g, 100, 30, true);
    g_assert_cmpuint(f->client[1].ep->tx->pace->count, >, 0);
}

static void test_not_trusted(Engine *f, gconstpointer unused)
{
    Got g = { 0 };
    show(f, &g, 100, 240, true);
    g_assert_cmpuint(g.media, ==, 240);
}

/* With transport-cc on audio its packets carry numbers of the one sequence; without, none. */
static void test_audio_numbers(Engine *f, gconstpointer unused)
{
    WorkerMedia media;
    RtpView v;
    RtpExtElement e;
    engine_speak(f, 0, 1);
    g_assert_true(engine_hear(f, 1, &v));
    g_assert_false(rtp_ext_find(engine_heard, &v, TCC_ID, &e));
    engine_describe(&media, LEVEL_ID);
    media.payloads[0].feedback = WORKER_FB_TCC;
    media_endpoint_set_media(f->client[1].ep, &media);
    for (uint16_t seq = 2; seq < 5; seq++) {
        engine_speak(f, 0, seq);
        g_assert_true(engine_hear(f, 1, &v));
        g_assert_cmpuint(v.ssrc, ==, AUDIO_SSRC(0));
        g_assert_true(rtp_ext_find(engine_heard, &v, TCC_ID, &e));
        g_assert_cmpuint(engine_heard[e.off] << 8 | engine_heard[e.off + 1], ==, seq - 1);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name, data, func) g_test_add("/media/pacing/" name, Engine, data, set_up, func, engine_tear_down)
    ADD("burst", NULL, test_burst);
    ADD("audio overtakes", NULL, test_audio_overtakes);
    ADD("time limit", NULL, test_limit);
    ADD("overflow", NULL, test_overflow);
    ADD("nack of what waits", NULL, test_nack_of_held);
    ADD("source leaves", NULL, test_source_leaves);
    ADD("receiver leaves", NULL, test_receiver_leaves);
    ADD("estimate not trusted", GINT_TO_POINTER(1), test_not_trusted);
    ADD("audio numbers", NULL, test_audio_numbers);
    return g_test_run();
}
