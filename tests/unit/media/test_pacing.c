/* SPDX-License-Identifier: Apache-2.0
 *
 * A key frame toward a slow receiver: what goes at once, what waits, what overtakes it, and what becomes of it. */
#include "bridge/tx/tx_allocate.h"
#include "bridge/tx/tx_slots.h"
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
    wish->video_constraints.default_max_fps = -1;
    wish->video_constraints.assumed_bandwidth_bps = -1;
    media_endpoint_set_wishes(f->client[1].ep, wish);
    for (int i = 0; i < 2; i++)
        tx_allocate_run(f->client[1].ep, f->w.now_us += 1000 * MS);
    g_assert_true(tx_slots_flows(f->client[1].ep)); /* as with the first packet */
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

static void show_packet(Engine *f, uint16_t first_seq, unsigned i, unsigned n, bool key)
{
    uint8_t header[12], payload[PAYLOAD] = { 0 };
    RtpHeader h = { .pt = VP8_PT, .seq = (uint16_t)(first_seq + i), .ts = first_seq * 90u, .ssrc = VIDEO_SSRC(0) };
    h.marker = i == n - 1;
    size_t len = rtp_header_write(header, sizeof(header), &h, NULL, 0, false);
    payload[0] = i == 0 ? 0x90 : 0x80; /* extended; begins the picture */
    payload[1] = 0x80;                 /* with picture id */
    payload[2] = 0x80 | (uint8_t)(first_seq >> 8 & 0x7f);
    payload[3] = (uint8_t)first_seq;
    if (i == 0)
        memcpy(payload + 4, key ? "\x10\x02\x00\x9d\x01\x2a\x80\x02\x68\x01" : "\x11\x02\x00", key ? 10 : 3);
    engine_give_rtp(f, 0, &f->client[0].video, header, len, payload, sizeof(payload));
}

/* One VP8 picture in `n` packets, all at this moment. */
static void show(Engine *f, Got *g, uint16_t first_seq, unsigned n, bool key)
{
    for (unsigned i = 0; i < n; i++) {
        show_packet(f, first_seq, i, n, key);
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
    g_assert_cmpuint(f->w.totals.limits[WORKER_LIMIT_PACED], >, 0);
    g_assert_cmpuint(f->w.totals.limits[WORKER_LIMIT_PACED], <=, g.media);
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

static unsigned ask(Engine *f, Srtcp *srtcp, Got *g, uint16_t from, unsigned n)
{
    unsigned before = g->rtx;
    for (unsigned i = 0; i < n; i++)
        nack(f, srtcp, (uint16_t)(from + i));
    take(f, g);
    return g->rtx - before;
}

/* What left after a second in the queue can be asked for as long as what left at once: it is no older to the receiver. */
static void test_nack_of_late(Engine *f, gconstpointer unused)
{
    Got g = { 0 };
    Srtcp *srtcp = engine_client_srtcp(&f->client[1]);
    f->client[1].ep->tx->rtt_us = 200 * MS;
    show(f, &g, 100, 240, true);
    wait_ms(f, &g, PACED_LIMIT_US / MS);
    uint16_t last = g.seq;
    g_assert_cmpuint(g.media, ==, 240);
    for (uint16_t i = 0; i < 10; i++) { /* the source goes on, and its oldest packets are forgotten */
        show(f, &g, (uint16_t)(400 + i), 1, false);
        wait_ms(f, &g, 50);
    }
    g_assert_cmpuint(ask(f, srtcp, &g, (uint16_t)(last - 9), 10), ==, 10);
    g_assert_cmpuint(ask(f, srtcp, &g, (uint16_t)(last - 9), 10), ==, 0); /* they are on their way */
    for (uint16_t i = 0; i < 60; i++) {
        show(f, &g, (uint16_t)(500 + i), 1, false);
        wait_ms(f, &g, 50);
    }
    g_assert_cmpuint(ask(f, srtcp, &g, (uint16_t)(last - 9), 10), ==, 0); /* nobody needs them any more */
    g_assert_cmpint(f->client[0].ep->sources[1]->cache.head - f->client[0].ep->sources[1]->cache.tail, <, 40);
    srtcp_free(srtcp);
}

/* The round trip of reports is that of the queue when they came: it does not hold up what is asked for for long. */
static void test_nack_after_queue(Engine *f, gconstpointer unused)
{
    Got g = { 0 };
    Srtcp *srtcp = engine_client_srtcp(&f->client[1]);
    show(f, &g, 100, 3, true);
    f->client[1].ep->tx->rtt_us = 1800 * MS;
    for (int round = 0; round < 2; round++) { /* the repetition is lost too */
        wait_ms(f, &g, 200);
        g_assert_cmpuint(ask(f, srtcp, &g, g.seq, 1), ==, 0);
        wait_ms(f, &g, 60);
        g_assert_cmpuint(ask(f, srtcp, &g, g.seq, 1), ==, 1);
    }
    srtcp_free(srtcp);
}

/* A receiver behind a link that is narrow and loses a fifth of all, asked for or not; it asks as browsers do, ten times,
 * once in a round trip. Nearly all of what was lost must reach him. */
#define LOST_MAX 2000
#define ROUND_TRIP 150 /* ms */

typedef struct {
    uint16_t seq;
    int64_t next_us;
    unsigned tries;
    bool there;
} Missing;

typedef struct {
    Missing missing[LOST_MAX];
    unsigned n, got;
    GRand *rand;
} Asker;

static void receive(Engine *f, Asker *a)
{
    RtpView v;
    while (engine_hear(f, 1, &v)) {
        bool lost = g_rand_int_range(a->rand, 0, 5) == 0;
        if (v.ssrc == VIDEO_SSRC(0)) {
            a->got++;
            if (lost && a->n < LOST_MAX)
                a->missing[a->n++] = (Missing){ .seq = v.seq, .next_us = f->w.now_us + ROUND_TRIP * MS };
        } else if (v.ssrc == RTX_SSRC(0) && !lost) {
            uint16_t seq = (uint16_t)(engine_heard[v.payload_off] << 8 | engine_heard[v.payload_off + 1]);
            for (unsigned i = 0; i < a->n; i++)
                a->missing[i].there |= a->missing[i].seq == seq;
        }
    }
}

static void test_collapsed(Engine *f, gconstpointer unused)
{
    Asker a = { .rand = g_rand_new_with_seed(7) };
    Srtcp *srtcp = engine_client_srtcp(&f->client[1]);
    unsigned asked = 0, there = 0;
    f->client[1].ep->tx->rtt_us = 1500 * MS;            /* as it was when the queue was full */
    for (uint16_t ms = 0, seq = 100; ms < 5500; ms++) { /* without reports the estimate holds for three seconds */
        if (ms % 100 == 0 && ms < 3000) { /* 90 kbit/s, and two large key frames, which wait in the queue */
            unsigned n = ms == 0 ? 2 : ms == 1500 || ms == 2700 ? 25 : 1;
            for (unsigned i = 0; i < n; i++) {
                show_packet(f, seq, i, n, n > 1);
                receive(f, &a);
            }
            seq = (uint16_t)(seq + n);
        }
        f->w.now_us += MS;
        timers_run(&f->w.timers, f->w.now_us, 64);
        send_batch_flush(f->w.batch);
        receive(f, &a);
        for (unsigned i = 0; i < a.n; i++) {
            Missing *m = &a.missing[i];
            if (m->there || m->tries == 10 || f->w.now_us < m->next_us)
                continue;
            m->tries++;
            m->next_us = f->w.now_us + ROUND_TRIP * MS;
            nack(f, srtcp, m->seq);
            asked++;
        }
        receive(f, &a);
    }
    for (unsigned i = 0; i < a.n; i++)
        there += a.missing[i].there;
    g_test_message("%u packets, %u lost, %u asked for, %u repeated, %u reached him", a.got, a.n, asked,
                   (unsigned)f->client[1].ep->retransmitted, there);
    g_assert_cmpuint(a.n, >, a.got / 10);
    g_assert_cmpuint(there, >, a.n * 95 / 100);
    g_rand_free(a.rand);
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

/* The estimate may be as high as is configured; without configuration high enough for a receiver of 50 Mbit/s. */
static void test_range(Engine *f, gconstpointer unused)
{
    static const struct {
        int64_t start_bps, max_bps, want_bps;
    } rows[] = { { 50000000, 0, 50000000 }, { 150000000, 200000000, 150000000 }, { 3000000, 3000000, 3000000 } };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        f->group.config.start_bps = rows[i].start_bps;
        f->group.config.max_bps = rows[i].max_bps;
        f->client[1].ep->tx->bwe_has_tcc = false; /* made again */
        tx_slots_media_changed(f->client[1].ep);
        g_assert_cmpint(bwe_target_bps(f->client[1].ep->tx->bwe), ==, rows[i].want_bps);
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
    ADD("nack of what waited long", NULL, test_nack_of_late);
    ADD("nack after a queue", NULL, test_nack_after_queue);
    ADD("narrow and lossy", NULL, test_collapsed);
    ADD("source leaves", NULL, test_source_leaves);
    ADD("receiver leaves", NULL, test_receiver_leaves);
    ADD("estimate not trusted", GINT_TO_POINTER(1), test_not_trusted);
    ADD("audio numbers", NULL, test_audio_numbers);
    ADD("range of the estimate", NULL, test_range);
    return g_test_run();
}
