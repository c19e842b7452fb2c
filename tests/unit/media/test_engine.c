/* SPDX-License-Identifier: Apache-2.0
 *
 * The packet path of a worker: who hears what, floods, loudness. */
#include "tests/unit/media/engine_kit.h"

#include "bridge/rx/rx_feedback.h"
#include "bridge/worker_snapshot.h"
#include "common/rtp/rtcp_report.h"
#include "common/rtp/rtp_write.h"

#include <glib/gstdio.h>
#include <string.h>

static void test_forwards(Engine *f, gconstpointer unused)
{
    RtpView v;
    engine_speak(f, 0, 7);
    g_assert_true(engine_hear(f, 1, &v));
    g_assert_cmpuint(v.ssrc, ==, AUDIO_SSRC(0));
    g_assert_cmpuint(v.payload_len, ==, 40);
    g_assert_false(engine_hear(f, 0, &v)); /* nobody hears himself */
}

static void test_foreign_ssrc(Engine *f, gconstpointer unused)
{
    static const uint8_t voice[40] = { 1 };
    EngineClient *c = &f->client[0];
    uint8_t header[12], out[128];
    RtpView v;
    SrtpStream stream = { 0 };
    RtpHeader h = { .pt = OPUS_PT, .seq = 1, .ssrc = AUDIO_SSRC(1) }; /* the other one's */
    size_t n = rtp_header_write(header, sizeof(header), &h, NULL, 0, false);
    n = srtp_tx_protect(c->tx, &stream, header, n, voice, sizeof(voice), out, sizeof(out));
    engine_give(f, c, out, n, false);
    g_assert_false(engine_hear(f, 1, &v));
    g_assert_cmpuint(f->w.totals.drops[WORKER_DROP_SSRC], ==, 1);
}

static void test_payload_type(Engine *f, gconstpointer unused)
{
    RtpView v;
    engine_speak_as(f, 0, 99, 30, 1);     /* not negotiated */
    engine_speak_as(f, 0, VP8_PT, 30, 2); /* video on an audio source */
    g_assert_false(engine_hear(f, 1, &v));
    g_assert_cmpuint(f->w.totals.drops[WORKER_DROP_PAYLOAD_TYPE], ==, 2);
}

/* Silence goes no further than three packets, and leaves no hole behind. */
static void test_silence(Engine *f, gconstpointer unused)
{
    RtpView v;
    uint16_t first = 0;
    engine_speak(f, 0, 1);
    g_assert_true(engine_hear(f, 1, &v));
    first = v.seq;
    for (uint16_t seq = 2; seq < 20; seq++)
        engine_speak_as(f, 0, OPUS_PT, 127, seq);
    for (uint16_t i = 1; i <= 3; i++) {
        g_assert_true(engine_hear(f, 1, &v));
        g_assert_cmpuint(v.seq, ==, (uint16_t)(first + i));
    }
    g_assert_false(engine_hear(f, 1, &v));
    g_assert_cmpuint(f->w.totals.drops[WORKER_DROP_SILENCE], ==, 15);
    engine_speak(f, 0, 20);
    g_assert_true(engine_hear(f, 1, &v));
    g_assert_cmpuint(v.seq, ==, (uint16_t)(first + 4));
}

static void test_telephone_event(Engine *f, gconstpointer unused)
{
    RtpView v;
    for (uint16_t seq = 1; seq < 10; seq++)
        engine_speak_as(f, 0, OPUS_PT, 127, seq);
    while (engine_hear(f, 1, &v))
        ;
    engine_speak_as(f, 0, EVENT_PT, 127, 10);
    g_assert_true(engine_hear(f, 1, &v));
    g_assert_cmpuint(v.pt, ==, EVENT_PT);
}

/* A receiver that takes no packets for a whole round of sequence numbers goes on where it was: no SRTP index twice. */
static void test_no_index_twice(Engine *f, gconstpointer unused)
{
    WorkerMedia media;
    RtpView v;
    uint32_t seq = 0;
    engine_speak(f, 0, (uint16_t)++seq);
    g_assert_true(engine_hear(f, 1, &v));
    uint16_t last = v.seq;
    engine_describe(&media, LEVEL_ID);
    media.n_payloads = 0;
    media_endpoint_set_media(f->client[1].ep, &media);
    for (int i = 0; i < 40000; i++)
        engine_speak(f, 0, (uint16_t)++seq);
    g_assert_false(engine_hear(f, 1, &v));
    engine_describe(&media, LEVEL_ID);
    media_endpoint_set_media(f->client[1].ep, &media);
    engine_speak(f, 0, (uint16_t)++seq);
    g_assert_true(engine_hear(f, 1, &v));
    g_assert_cmpuint(v.seq, ==, (uint16_t)(last + 1));
}

/* What was sent may go out again under its number only as long as its header would be the same. */
static void test_media_change_forgets(Engine *f, gconstpointer unused)
{
    RtxCache cache = { 0 };
    WorkerMedia media;
    ProjectedPacket out = { .seq = 5 };
    MediaEndpoint *ep = f->client[1].ep;
    engine_speak(f, 0, 1);
    g_assert_cmpuint(ep->tx->n_own_streams, >, 0);
    TxStream *st = ep->tx->own_streams[0];
    rtx_map_put(&st->map, &out, 0, 0, &cache, 1);
    engine_describe(&media, LEVEL_ID);
    media_endpoint_set_media(ep, &media); /* the same once more */
    g_assert_nonnull(rtx_map_find(&st->map, 5));
    engine_describe(&media, LEVEL_ID + 1);
    media_endpoint_set_media(ep, &media);
    g_assert_null(rtx_map_find(&st->map, 5));
}

/* One compound with many sender reports is not multiplied by the number of receivers. */
static void test_report_flood(Engine *f, gconstpointer unused)
{
    uint8_t buf[1400];
    size_t len = 0;
    Srtcp *srtcp = engine_client_srtcp(&f->client[0]);
    engine_speak(f, 0, 1);
    engine_count_rtcp(f, 1);
    for (uint64_t i = 1; i <= 40; i++) {
        RtcpSenderInfo info = { .ssrc = AUDIO_SSRC(0), .ntp = i << 32, .rtp_ts = 960, .packet_count = 1 };
        len += rtcp_sr_build(buf + len, sizeof(buf) - len, &info, NULL, 0);
    }
    engine_give_rtcp(f, 0, srtcp, buf, len);
    g_assert_cmpuint(engine_count_rtcp(f, 1), ==, 1);
    g_assert_cmpuint(f->w.totals.limits[WORKER_LIMIT_SENDER_REPORTS], ==, 39);
    f->w.now_us += 1000000;
    engine_give_rtcp(f, 0, srtcp, buf, len);
    g_assert_cmpuint(engine_count_rtcp(f, 1), ==, 1);
    srtcp_free(srtcp);
}

/* Sender reports about somebody else's stream stop here. */
static void test_report_of_other(Engine *f, gconstpointer unused)
{
    uint8_t buf[64];
    Srtcp *srtcp = engine_client_srtcp(&f->client[1]);
    RtcpSenderInfo info = { .ssrc = AUDIO_SSRC(0), .ntp = 1ull << 32, .rtp_ts = 1 };
    engine_speak(f, 0, 1);
    engine_speak(f, 1, 1);
    engine_count_rtcp(f, 0);
    engine_count_rtcp(f, 1);
    engine_give_rtcp(f, 1, srtcp, buf, rtcp_sr_build(buf, sizeof(buf), &info, NULL, 0));
    g_assert_cmpuint(engine_count_rtcp(f, 0) + engine_count_rtcp(f, 1), ==, 0);
    srtcp_free(srtcp);
}

/* Transport-cc with runs of lost packets: 40 bytes name 65535 of them. */
static void test_feedback_flood(Engine *f, gconstpointer unused)
{
    uint8_t fb[40] = { 0x8f, 205, 0, 9, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0xff, 0xff };
    uint8_t buf[36 * 40];
    Srtcp *srtcp = engine_client_srtcp(&f->client[1]);
    f->client[1].ep->tx->bwe = bwe_new(&(BweConfig)BWE_CONFIG_DEFAULT, f->w.now_us);
    for (int i = 0; i < 9; i++) {
        fb[20 + 2 * i] = 0x1f; /* a run of 8191 not received */
        fb[21 + 2 * i] = 0xff;
    }
    for (int i = 0; i < 36; i++)
        memcpy(buf + i * 40, fb, 40);
    engine_give_rtcp(f, 1, srtcp, buf, 36 * 40);
    g_assert_cmpuint(f->w.totals.drops[WORKER_DROP_FEEDBACK], ==, 35);
    g_assert_cmpuint(f->w.totals.limits[WORKER_LIMIT_TWCC_SENT], ==, 0xffff); /* none of them was ever sent */
    f->w.now_us += 1000000;
    engine_give_rtcp(f, 1, srtcp, buf, 40);
    g_assert_cmpuint(f->w.totals.drops[WORKER_DROP_FEEDBACK], ==, 35);
    srtcp_free(srtcp);
}

static void test_dtls_flood(Engine *f, gconstpointer unused)
{
    static const uint8_t record[20] = { 22 };
    engine_drain(f, WORKER_EV_DTLS);
    for (int i = 0; i < MEDIA_DTLS_PER_S + 10; i++)
        media_endpoint_on_dtls(f->client[0].ep, record, sizeof(record));
    g_assert_cmpuint(engine_drain(f, WORKER_EV_DTLS), ==, MEDIA_DTLS_PER_S);
    g_assert_cmpuint(f->w.totals.drops[WORKER_DROP_DTLS], ==, 10);
    f->w.now_us += 1000000;
    media_endpoint_on_dtls(f->client[0].ep, record, sizeof(record));
    g_assert_cmpuint(engine_drain(f, WORKER_EV_DTLS), ==, 1);
}

/* SSRCs that come and go do not fill the table of SRTP streams for good. */
static void test_ever_new_ssrcs(Engine *f, gconstpointer unused)
{
    EngineClient *c = &f->client[0];
    RtpView v;
    unsigned heard = 0;
    for (unsigned i = 0; i < 2 * SRTP_STREAMS_MAX; i++) {
        WorkerSource s = {
            .name = "c0-a0", .kind = WORKER_AUDIO, .n_encodings = 1, .encodings = { { .ssrc = 5000 + i } }
        };
        uint8_t header[12], out[128], voice[20] = { 9 };
        SrtpStream stream = { 0 };
        RtpHeader h = { .pt = OPUS_PT, .seq = 1, .ssrc = 5000 + i };
        media_endpoint_set_sources(c->ep, &s, 1);
        size_t n = rtp_header_write(header, sizeof(header), &h, NULL, 0, false);
        n = srtp_tx_protect(c->tx, &stream, header, n, voice, sizeof(voice), out, sizeof(out));
        engine_give(f, c, out, n, false);
        for (; engine_hear(f, 1, &v); heard++)
            srtp_rx_forget(f->client[1].rx, v.ssrc); /* the listener's table is as small */
    }
    g_assert_cmpuint(f->w.totals.drops[WORKER_DROP_SRTP], ==, 0);
    g_assert_cmpuint(heard, ==, 2 * SRTP_STREAMS_MAX);
}

/* With loudest-N on, who is quieter than N others is not passed on, and leaves no hole. */
static void test_loudest(Engine *f, gconstpointer unused)
{
    RtpView v;
    f->group.config.loudest = 1;
    engine_speak_as(f, 1, OPUS_PT, 60, 1);
    g_assert_true(engine_hear(f, 0, &v));
    uint16_t first = v.seq;
    engine_speak_as(f, 0, OPUS_PT, 20, 1); /* louder */
    g_assert_true(engine_hear(f, 1, &v));
    engine_speak_as(f, 1, OPUS_PT, 60, 2);
    g_assert_false(engine_hear(f, 0, &v));
    g_assert_cmpuint(f->w.totals.drops[WORKER_DROP_QUIETER], ==, 1);
    f->w.now_us += 1000000;
    engine_speak_as(f, 1, OPUS_PT, 60, 3); /* the other has stopped */
    g_assert_true(engine_hear(f, 0, &v));
    g_assert_cmpuint(v.seq, ==, (uint16_t)(first + 1));
}

/* What a client sends lies in the file as it was before it was encrypted; RTCP too, and only his. */
static void test_capture(Engine *f, gconstpointer unused)
{
    g_autofree char *bytes = NULL, *directory = g_dir_make_tmp("plenum-capture-XXXXXX", NULL);
    char error[200];
    gsize len;
    CaptureInfo info[CAPTURES_MAX];
    Captures *captures = captures_new(directory);
    Srtcp *srtcp = engine_client_srtcp(&f->client[0]);
    Capture *c = captures_start(captures, "c0", 10, 60, error, sizeof(error));
    g_assert_nonnull(c);
    f->client[0].ep->capture = c;
    for (uint16_t seq = 1; seq <= 5; seq++) {
        engine_speak(f, 0, seq);
        engine_speak(f, 1, seq);
    }
    engine_give_rtcp(f, 0, srtcp, (const uint8_t[]){ 0x80, 201, 0, 1, 0, 0, 0, 9 }, 8);
    media_endpoint_free(f->client[0].ep); /* lets go of it */
    for (int i = 0; i < 12000 && (captures_list(captures, info), info[0].running); i++)
        g_usleep(5000);
    g_assert_cmpuint(info[0].packets, ==, 6);
    g_assert_true(g_file_get_contents(info[0].path, &bytes, &len, NULL));
    g_assert_cmpuint(len, ==, 24 + 5 * (16 + 28 + 20 + 40) + 16 + 28 + 8);
    const char *first = bytes + 24 + 16 + 28;
    g_assert_cmpuint((uint8_t)first[1], ==, OPUS_PT);
    g_assert_cmpmem(first + 20, 3, "\1\2\3", 3);
    g_assert_cmpmem(bytes + len - 8, 2, "\x80\xc9", 2);
    g_unlink(info[0].path);
    g_rmdir(directory);
    captures_free(captures);
    srtcp_free(srtcp);
}

static void subscribe(Engine *f, unsigned who, const char *name, bool exclude)
{
    WorkerCommand *c = worker_command_new(WORKER_AUDIO_SUBSCRIPTION, 1, 10 + who, name ? 1 : 0);
    c->audio_subscription.all = true;
    if (name) {
        g_strlcpy(c->audio_subscription.names[0].name, name, sizeof(c->audio_subscription.names[0].name));
        c->audio_subscription.names[0].exclude = exclude;
    }
    media_endpoint_set_audio_wishes(f->client[who].ep, c);
}

/* Whoever somebody asked for by name is heard, however quiet; also when the wish came before the source. */
static void test_loudest_subscribed(Engine *f, gconstpointer unused)
{
    RtpView v;
    uint16_t seq = 1;
    f->group.config.loudest = 1;
    MediaSource *s = media_endpoint_find_source(f->client[1].ep, "c1-a0");
    engine_speak_as(f, 0, OPUS_PT, 20, seq);
    g_assert_true(engine_hear(f, 1, &v)); /* c0 is dominant, and the loudest */
    engine_speak_as(f, 1, OPUS_PT, 60, seq++);
    g_assert_false(engine_hear(f, 0, &v));
    subscribe(f, 0, "c1-a0", false);
    g_assert_cmpuint(s->subscribers, ==, 1);
    engine_speak_as(f, 1, OPUS_PT, 60, seq++);
    g_assert_true(engine_hear(f, 0, &v));
    subscribe(f, 0, "c1-a0", true);
    g_assert_cmpuint(s->subscribers, ==, 0);
    engine_speak_as(f, 1, OPUS_PT, 60, seq++);
    g_assert_false(engine_hear(f, 0, &v));
    subscribe(f, 0, "c1-a0", false);
    media_endpoint_set_sources(f->client[1].ep, NULL, 0);
    engine_signal_sources(&f->client[1], 1);
    s = media_endpoint_find_source(f->client[1].ep, "c1-a0");
    g_assert_cmpuint(s->subscribers, ==, 1);
    engine_speak_as(f, 0, OPUS_PT, 20, 2);
    engine_speak_as(f, 1, OPUS_PT, 60, seq++);
    g_assert_true(engine_hear(f, 0, &v));
    subscribe(f, 0, NULL, false);
    g_assert_cmpuint(s->subscribers, ==, 0);
    subscribe(f, 1, "c1-a0", false); /* his own wish for himself counts for nothing */
    g_assert_cmpuint(s->subscribers, ==, 0);
}

/* A client that leaves takes its sources out of everybody's tables; the rest goes on. */
static void test_leave(Engine *f, gconstpointer unused)
{
    RtpView v;
    engine_speak(f, 0, 1);
    engine_speak(f, 1, 1);
    g_assert_true(engine_hear(f, 1, &v));
    media_endpoint_free(f->client[0].ep);
    engine_speak(f, 1, 2);
    g_assert_false(engine_hear(f, 1, &v));
    g_assert_cmpuint(f->conference->n_endpoints, ==, 1);
    g_assert_cmpuint(f->conference->n_sources, <=, 4);
}

static void film(Engine *f, uint16_t seq, bool keyframe);

/* A call between two that goes past the bridge: keys, sources and wishes are there, nothing flows. What costs memory or
 * time begins with the first picture, which goes through all the same. */
static void test_warm(Engine *f, gconstpointer unused)
{
    RtpView v;
    for (unsigned i = 0; i < CLIENTS; i++) {
        WorkerCommand *w = worker_command_new(WORKER_VIDEO_CONSTRAINTS, 1, 10 + i, 0);
        w->video_constraints.last_n = -1;
        w->video_constraints.default_max_height = 720;
        w->video_constraints.default_max_fps = -1;
        w->video_constraints.assumed_bandwidth_bps = -1;
        media_endpoint_set_wishes(f->client[i].ep, w);
    }
    for (int i = 0; i < 3000; i++)
        timers_run(&f->w.timers, f->w.now_us += 20000, 64);
    for (unsigned i = 0; i < CLIENTS; i++) {
        const MediaEndpoint *ep = f->client[i].ep;
        g_assert_true(ep->ready);
        g_assert_null(ep->tx->bwe);
        g_assert_null(ep->tx->pace);
        g_assert_null(ep->twcc);
        g_assert_null(ep->early);
        for (unsigned k = 0; k < ep->n_sources; k++) {
            g_assert_null(ep->sources[k]->layers);
            g_assert_null(ep->sources[k]->encodings[0].state);
            g_assert_null(ep->sources[k]->cache.ring);
        }
        g_assert_cmpint(f->w.now_us - ep->tx->allocated_us, >, 50000000); /* once, for its wish */
        g_assert_true(ep->tx->allocate_at_us == INT64_MAX);
    }
    engine_speak(f, 0, 1);
    g_assert_true(engine_hear(f, 1, &v));
    g_assert_null(f->client[1].ep->tx->bwe); /* sound alone is not measured */
    film(f, 1, true);
    g_assert_true(engine_hear(f, 1, &v));
    g_assert_cmpuint(v.ssrc, ==, VIDEO_SSRC(0));
    g_assert_nonnull(f->client[1].ep->tx->bwe);
    g_assert_nonnull(f->client[1].ep->tx->pace);
    g_assert_null(f->client[0].ep->tx->bwe); /* nothing is sent to him */
}

static void film(Engine *f, uint16_t seq, bool keyframe)
{
    uint8_t header[12], payload[30] = { 0x10, keyframe ? 0 : 1, 0, 0, 0x9d, 0x01, 0x2a, 0x40, 0x01, 0xb4, 0 };
    RtpHeader h = { .pt = VP8_PT, .marker = 1, .seq = seq, .ts = seq * 3000u, .ssrc = VIDEO_SSRC(0) };
    size_t n = rtp_header_write(header, sizeof(header), &h, NULL, 0, false);
    f->w.now_us += 33000;
    engine_give_rtp(f, 0, &f->client[0].video, header, n, payload, sizeof(payload));
}

/* Pictures that nobody can send again: the sender is asked for a key frame, not only by those who watch. */
static void test_hole(Engine *f, gconstpointer unused)
{
    MediaEndpoint *ep = f->client[0].ep;
    WorkerTotals *told = &f->w.totals;
    film(f, 1, true);
    film(f, 2, false);
    g_assert_cmpuint(told->keyframe_requests_out, ==, 0);
    film(f, 2 + NACK_GEN_MAX_GAP + 1, false); /* too wide */
    g_assert_cmpuint(told->nacks_out, ==, 0);
    g_assert_cmpuint(told->keyframe_requests_out, ==, 1);
    g_assert_cmpuint(told->limits[WORKER_LIMIT_MISSING], ==, NACK_GEN_MAX_GAP);
    film(f, 104, true);
    film(f, 106, false); /* asked for until it is hopeless */
    for (int i = 0; i < 40; i++)
        rx_feedback_tick(ep, f->w.now_us += 50000);
    g_assert_cmpuint(told->nacks_out, >, 1);
    g_assert_cmpuint(told->keyframe_requests_out, ==, 2);
    g_assert_cmpuint(told->limits[WORKER_LIMIT_MISSING], ==, NACK_GEN_MAX_GAP + 1);

    rx_feedback_repeat(ep, f->w.now_us += 1000000); /* the client has moved: its old address was told in vain */
    g_assert_cmpuint(told->keyframe_requests_out, ==, 3);
    film(f, 107, true);
    rx_feedback_repeat(ep, f->w.now_us += 1000000); /* nothing is owed */
    g_assert_cmpuint(told->keyframe_requests_out, ==, 3);
}

/* A full table of addresses: refused, and told in the worker's numbers. */
static void test_addresses(Engine *f, gconstpointer unused)
{
    Tuple one;
    WorkerEvent *ev;
    uint64_t told = UINT64_MAX;
    f->w.tuples.limit = f->w.tuples.used;
    g_assert_true(tuple_parse("192.0.2.77", 4444, 0, &one));
    g_assert_null(tuple_table_put(&f->w.tuples, &one));
    WorkerCommand *ask = worker_command_new(WORKER_SNAPSHOT, 1, 0, 0);
    engine_drain(f, WORKER_EV_SNAPSHOT);
    worker_snapshot(&f->w, NULL, ask, f->w.now_us);
    worker_command_free(ask);
    while (mailbox_take(f->group.events, &ev)) {
        if (ev->type == WORKER_EV_SNAPSHOT)
            told = ev->snapshot.totals.limits[WORKER_LIMIT_TUPLES];
        worker_event_free(ev);
    }
    g_assert_cmpuint(told, ==, 1);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(Engine *, gconstpointer);
    } tests[] = {
        { "forwards", test_forwards },
        { "foreign-ssrc", test_foreign_ssrc },
        { "payload-type", test_payload_type },
        { "silence", test_silence },
        { "telephone-event", test_telephone_event },
        { "no-index-twice", test_no_index_twice },
        { "media-change-forgets", test_media_change_forgets },
        { "report-flood", test_report_flood },
        { "report-of-other", test_report_of_other },
        { "feedback-flood", test_feedback_flood },
        { "dtls-flood", test_dtls_flood },
        { "ever-new-ssrcs", test_ever_new_ssrcs },
        { "leave", test_leave },
        { "warm", test_warm },
        { "capture", test_capture },
        { "loudest", test_loudest },
        { "loudest-subscribed", test_loudest_subscribed },
        { "hole", test_hole },
        { "addresses", test_addresses },
    };
    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(tests); i++) {
        g_autofree char *path = g_strdup_printf("/media/engine/%s", tests[i].name);
        g_test_add(path, Engine, NULL, engine_set_up, tests[i].run, engine_tear_down);
    }
    return g_test_run();
}
