/* SPDX-License-Identifier: Apache-2.0
 *
 * What GET /v1/conferences/.../endpoints/... shows of streams is what was measured: packets through the engine, its
 * snapshot, the JSON made of that. */
#include "tests/unit/media/dump_kit.h"
#include "tests/unit/media/engine_kit.h"

#include "bridge/tx/tx_allocate.h"
#include "bridge/worker_snapshot.h"
#include "common/rtp/rtcp_report.h"
#include "common/rtp/rtp_write.h"

#define PICTURE_BYTES 500
#define VOICE_BYTES 40 /* engine_speak */

/* The worker's answer about client i, as the admin interface gets it. */
static WorkerEvent *snapshot_of(Engine *f, unsigned i)
{
    WorkerCommand *request = worker_command_new(WORKER_SNAPSHOT, 1, 10 + i, 0);
    WorkerEvent *ev;
    request->snapshot.streams = true;
    engine_drain(f, WORKER_EV_SNAPSHOT);
    worker_snapshot(&f->w, f->conference, request, f->w.now_us);
    worker_command_free(request);
    g_assert_true(mailbox_take(f->group.events, &ev));
    g_assert_cmpint(ev->type, ==, WORKER_EV_SNAPSHOT);
    return ev;
}

static JsonNode *dumped(Engine *f, unsigned i)
{
    WorkerEvent *ev = snapshot_of(f, i);
    JsonNode *streams = dump_kit_streams(ev);
    worker_event_free(ev);
    return streams;
}

static int64_t number(JsonNode *all, const char *direction, const char *name, const char *member)
{
    JsonArray *streams = json_node_get_array(all);
    for (guint i = 0; i < json_array_get_length(streams); i++) {
        JsonObject *s = json_array_get_object_element(streams, i);
        if (g_str_equal(json_object_get_string_member(s, "name"), name) &&
            g_str_equal(json_object_get_string_member(s, "direction"), direction))
            return json_object_get_int_member(s, member);
    }
    g_assert_not_reached();
}

static void show(Engine *f, uint16_t seq)
{
    uint8_t header[12], payload[PICTURE_BYTES] = { 0 }, dd[8];
    RtpHeader h = { .pt = VP8_PT, .seq = seq, .ts = seq * 3600u, .ssrc = VIDEO_SSRC(0), .marker = 1 };
    size_t n = rtp_header_write(header, sizeof(header), &h, NULL, 0, false);
    engine_picture(CODEC_VP8, seq == 0, seq, seq, 0, payload, dd);
    engine_give_rtp(f, 0, &f->client[0].video, header, n, payload, sizeof(payload));
}

/* 25 pictures and 50 packets of sound a second. */
static void seconds(Engine *f, unsigned from, unsigned to)
{
    for (unsigned i = 25 * from; i < 25 * to; i++) {
        RtpView v;
        engine_speak(f, 0, (uint16_t)(2 * i));
        engine_speak(f, 0, (uint16_t)(2 * i + 1));
        show(f, (uint16_t)i);
        while (engine_hear(f, 1, &v))
            ;
    }
}

static void wish(Engine *f)
{
    WorkerCommand *w = worker_command_new(WORKER_VIDEO_CONSTRAINTS, 1, 11, 0);
    w->video_constraints.last_n = -1;
    w->video_constraints.default_max_height = 720;
    w->video_constraints.default_max_fps = -1;
    w->video_constraints.assumed_bandwidth_bps = 1000000000;
    media_endpoint_set_wishes(f->client[1].ep, w);
    tx_allocate_run(f->client[1].ep, f->w.now_us += 100000);
}

static void report(Engine *f, Srtcp *srtcp, int32_t video_lost, int32_t audio_lost)
{
    uint8_t buf[100];
    RtcpReportBlock blocks[] = { { .ssrc = VIDEO_SSRC(0), .cumulative_lost = video_lost, .jitter = 90 },
                                 { .ssrc = AUDIO_SSRC(0), .cumulative_lost = audio_lost, .jitter = 7 } };
    engine_give_rtcp(f, 1, srtcp, buf, rtcp_rr_build(buf, sizeof(buf), VIDEO_SSRC(1), blocks, G_N_ELEMENTS(blocks)));
}

static void test_sent(Engine *f, gconstpointer unused)
{
    Srtcp *srtcp = engine_client_srtcp(&f->client[1]);
    wish(f);
    seconds(f, 0, 2);
    g_autoptr(JsonNode) before = dumped(f, 1);
    g_assert_cmpint(number(before, "tx", "c0-v0", "packets"), ==, 50);
    g_assert_cmpint(number(before, "tx", "c0-v0", "bytes"), ==, 50 * PICTURE_BYTES);
    g_assert_cmpint(number(before, "tx", "c0-v0", "bps"), >, 25 * PICTURE_BYTES * 8 * 9 / 10);
    g_assert_cmpint(number(before, "tx", "c0-v0", "bps"), <=, 25 * PICTURE_BYTES * 8);
    g_assert_cmpint(number(before, "tx", "c0-a0", "bps"), >, 50 * VOICE_BYTES * 8 * 9 / 10);
    g_assert_cmpint(number(before, "tx", "c0-a0", "bps"), <=, 50 * VOICE_BYTES * 8);
    g_assert_cmpint(number(before, "tx", "c0-v0", "lost"), ==, 0); /* nobody has said so */

    report(f, srtcp, 5, -1);
    seconds(f, 2, 3);
    g_autoptr(JsonNode) after = dumped(f, 1);
    g_assert_cmpint(number(after, "tx", "c0-v0", "lost"), ==, 5);
    g_assert_cmpint(number(after, "tx", "c0-v0", "jitter_ts"), ==, 90);
    g_assert_cmpint(number(after, "tx", "c0-a0", "lost"), ==, 0); /* copies can make it negative */
    g_assert_cmpint(number(after, "tx", "c0-a0", "jitter_ts"), ==, 7);

    report(f, srtcp, 8, 2);
    f->w.now_us += 1100000; /* and then nothing comes */
    g_autoptr(JsonNode) quiet = dumped(f, 1);
    g_assert_cmpint(number(quiet, "tx", "c0-v0", "lost"), ==, 8);
    g_assert_cmpint(number(quiet, "tx", "c0-a0", "lost"), ==, 2);
    g_assert_cmpint(number(quiet, "tx", "c0-v0", "bps"), ==, 0);
    g_assert_cmpint(number(quiet, "tx", "c0-a0", "bps"), ==, 0);
    g_assert_cmpint(number(quiet, "tx", "c0-v0", "bytes"), ==, 75 * PICTURE_BYTES);
    srtcp_free(srtcp);
}

/* One number in five is missing, of whichever stream: rx_loss counts it by the gaps in transport-cc, for each report's
 * interval anew. */
static void test_loss_by_gaps(Engine *f, gconstpointer unused)
{
    EngineClient *c = &f->client[0];
    for (unsigned i = 0; i < 200; i++) {
        uint16_t number = (uint16_t)(65500 + (i < 100 ? i + i / 4 : i + 25));
        uint8_t header[64], tcc[2] = { (uint8_t)(number >> 8), (uint8_t)number }, voice[20] = { 1 };
        RtpExtItem item = { TCC_ID, 2, tcc };
        RtpHeader h = { .pt = OPUS_PT, .seq = (uint16_t)i, .ts = i * 960, .ssrc = AUDIO_SSRC(0) };
        size_t n = rtp_header_write(header, sizeof(header), &h, &item, 1, false);
        timers_run(&f->w.timers, f->w.now_us += 20000, 64);
        engine_give_rtp(f, 0, &c->audio, header, n, voice, sizeof(voice));
        if (i != 99 && i != 199)
            continue;
        WorkerEvent *ev = snapshot_of(f, 0);
        g_assert_cmpfloat(ev->snapshot.endpoints[0].rx_loss, >=, i == 99 ? 0.15 : 0);
        g_assert_cmpfloat(ev->snapshot.endpoints[0].rx_loss, <=, i == 99 ? 0.25 : 0);
        worker_event_free(ev);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add("/media/stream stats/sent", Engine, NULL, engine_set_up, test_sent, engine_tear_down);
    g_test_add("/media/stream stats/loss by gaps", Engine, NULL, engine_set_up, test_loss_by_gaps, engine_tear_down);
    return g_test_run();
}
