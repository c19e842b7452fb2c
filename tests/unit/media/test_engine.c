/* SPDX-License-Identifier: Apache-2.0
 *
 * The packet path of a worker without its thread: encrypted packets go in as from the network, what comes out is read
 * from the clients' sockets and decrypted. */
#include "bridge/forward.h"
#include "bridge/media_endpoint.h"
#include "bridge/rx/rx_path.h"
#include "bridge/tx/tx_allocate.h"
#include "bridge/worker_snapshot.h"
#include "common/rtp/rtcp_report.h"
#include "common/rtp/rtp_view.h"
#include "common/rtp/rtp_write.h"

#include <arpa/inet.h>
#include <glib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CLIENTS 2
#define OPUS_PT 111
#define EVENT_PT 126
#define VP8_PT 100
#define LEVEL_ID 1
#define AUDIO_SSRC(i) (1000u + (i))
#define VIDEO_SSRC(i) (2000u + (i))

typedef struct {
    int fd;
    Tuple at;
    SrtpKeys keys; /* as the bridge has them */
    SrtpTx *tx;
    SrtpRx *rx;
    SrtpStream audio;
    MediaEndpoint *ep;
} Client;

typedef struct {
    Workers group;
    Worker w;
    int out;
    MediaConference *conference;
    Client client[CLIENTS];
} Fixture;

static int udp(Tuple *at)
{
    struct sockaddr_in sa = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof(sa);
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    g_assert_cmpint(bind(fd, (struct sockaddr *)&sa, len), ==, 0);
    g_assert_cmpint(getsockname(fd, (struct sockaddr *)&sa, &len), ==, 0);
    g_assert_true(tuple_from_sockaddr((struct sockaddr *)&sa, len, 0, at));
    return fd;
}

static void describe(WorkerMedia *m, uint8_t level_id)
{
    *m = (WorkerMedia){ .n_payloads = 3,
                        .payloads = {
                            { .pt = OPUS_PT, .kind = WORKER_AUDIO, .codec = CODEC_OPUS, .clock_hz = 48000 },
                            { .pt = EVENT_PT, .kind = WORKER_AUDIO, .codec = CODEC_TELEPHONE_EVENT, .clock_hz = 48000 },
                            { .pt = VP8_PT,
                              .kind = WORKER_VIDEO,
                              .codec = CODEC_VP8,
                              .clock_hz = 90000,
                              .feedback = WORKER_FB_NACK | WORKER_FB_PLI | WORKER_FB_TCC } } };
    m->extension_ids[RTP_EXT_AUDIO_LEVEL] = level_id;
    m->extension_ids[RTP_EXT_TRANSPORT_CC] = 5;
}

static void signal_sources(Client *c, unsigned i)
{
    WorkerSource sources[2] = {
        { .kind = WORKER_AUDIO, .n_encodings = 1, .encodings = { { .ssrc = AUDIO_SSRC(i) } } },
        { .kind = WORKER_VIDEO, .n_encodings = 1, .encodings = { { .ssrc = VIDEO_SSRC(i) } } },
    };
    g_snprintf(sources[0].name, sizeof(sources[0].name), "c%u-a0", i);
    g_snprintf(sources[1].name, sizeof(sources[1].name), "c%u-v0", i);
    media_endpoint_set_sources(c->ep, sources, 2);
    g_assert_cmpuint(c->ep->n_sources, ==, 2);
}

static void join(Fixture *f, unsigned i)
{
    Client *c = &f->client[i];
    WorkerMedia media;
    WorkerCommand *create = worker_command_new(WORKER_ENDPOINT_CREATE, 1, 10 + i, 0);
    c->fd = udp(&c->at);
    g_snprintf(create->endpoint_create.id, sizeof(create->endpoint_create.id), "c%u", i);
    create->endpoint_create.initial_last_n = -1;
    g_assert_true(worker_ice_credentials(0, &create->endpoint_create.ice));
    c->ep = media_endpoint_new(f->conference, create);
    worker_command_free(create);
    g_assert_nonnull(c->ep);
    describe(&media, LEVEL_ID);
    media_endpoint_set_media(c->ep, &media);
    c->keys.profile = SRTP_PROFILE_GCM128;
    memset(c->keys.rx_key, 0x10 + (int)i, sizeof(c->keys.rx_key));
    memset(c->keys.tx_key, 0x20 + (int)i, sizeof(c->keys.tx_key));
    c->tx = srtp_tx_new(c->keys.profile, c->keys.rx_key, c->keys.rx_salt);
    c->rx = srtp_rx_new(c->keys.profile, c->keys.tx_key, c->keys.tx_salt);
    c->ep->send_to = c->at;
    media_endpoint_set_keys(c->ep, &c->keys);
    g_assert_true(c->ep->ready);
    signal_sources(c, i);
}

static void set_up(Fixture *f, gconstpointer unused)
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
    w->fds[0] = f->out = udp(&own);
    w->n_fds = 1;
    packet_pool_init(&w->pool, PACKET_POOL_MAX);
    w->batch = send_batch_new(w->fds, 1, false, &w->totals);
    w->stun = ice_stun_new();
    g_assert_true(tuple_table_init(&w->tuples, 1024, 1));
    f->conference = media_conference_new(w, 1, 0xa0a0, 0xb0b0, -1, "test");
    for (unsigned i = 0; i < CLIENTS; i++)
        join(f, i);
}

static unsigned drain(Fixture *f, WorkerEventType type)
{
    WorkerEvent *ev;
    unsigned n = 0;
    while (mailbox_take(f->group.events, &ev)) {
        n += ev->type == type;
        worker_event_free(ev);
    }
    return n;
}

static void tear_down(Fixture *f, gconstpointer unused)
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
    drain(f, WORKER_EV_SNAPSHOT);
    mailbox_free(f->group.events);
    close(f->out);
    for (unsigned i = 0; i < CLIENTS; i++) {
        close(f->client[i].fd);
        srtp_tx_free(f->client[i].tx);
        srtp_rx_free(f->client[i].rx);
    }
}

static void give(Fixture *f, Client *from, const uint8_t *bytes, size_t len, bool rtcp)
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

/* One audio packet of client `from`, 20 ms after the last. */
static void speak_as(Fixture *f, unsigned from, uint8_t pt, uint8_t level, uint16_t seq)
{
    static const uint8_t voice[40] = { 1, 2, 3 };
    Client *c = &f->client[from];
    uint8_t header[64], out[256];
    RtpHeader h = { .pt = pt, .seq = seq, .ts = seq * 960u, .ssrc = AUDIO_SSRC(from) };
    RtpExtItem item = { LEVEL_ID, 1, &level };
    size_t n = rtp_header_write(header, sizeof(header), &h, &item, 1, false);
    n = srtp_tx_protect(c->tx, &c->audio, header, n, voice, sizeof(voice), out, sizeof(out));
    g_assert_cmpuint(n, >, 0);
    f->w.now_us += 20000;
    give(f, c, out, n, false);
}

static void speak(Fixture *f, unsigned from, uint16_t seq)
{
    speak_as(f, from, OPUS_PT, 30, seq);
}

/* The next packet of RTP client `to` got, as a view; false: none. Anything that does not decrypt fails the test. */
static bool hear(Fixture *f, unsigned to, RtpView *v)
{
    static uint8_t in[2000];
    ssize_t n;
    while ((n = recv(f->client[to].fd, in, sizeof(in), 0)) > 0) {
        size_t len = (size_t)n;
        if (in[1] >= 192 && in[1] <= 223)
            continue;
        g_assert_cmpint(srtp_rx_unprotect(f->client[to].rx, in, &len, NULL), ==, SRTP_OK);
        g_assert_cmpint(rtp_view_parse(in, len, v), ==, RTP_OK);
        return true;
    }
    return false;
}

static unsigned count_rtcp(Fixture *f, unsigned to)
{
    uint8_t in[2000];
    unsigned n = 0;
    while (recv(f->client[to].fd, in, sizeof(in), 0) > 0)
        n += in[1] >= 192 && in[1] <= 223;
    return n;
}

static void test_forwards(Fixture *f, gconstpointer unused)
{
    RtpView v;
    speak(f, 0, 7);
    g_assert_true(hear(f, 1, &v));
    g_assert_cmpuint(v.ssrc, ==, AUDIO_SSRC(0));
    g_assert_cmpuint(v.payload_len, ==, 40);
    g_assert_false(hear(f, 0, &v)); /* nobody hears himself */
}

static void test_foreign_ssrc(Fixture *f, gconstpointer unused)
{
    static const uint8_t voice[40] = { 1 };
    Client *c = &f->client[0];
    uint8_t header[12], out[128];
    RtpView v;
    SrtpStream stream = { 0 };
    RtpHeader h = { .pt = OPUS_PT, .seq = 1, .ssrc = AUDIO_SSRC(1) }; /* the other one's */
    size_t n = rtp_header_write(header, sizeof(header), &h, NULL, 0, false);
    n = srtp_tx_protect(c->tx, &stream, header, n, voice, sizeof(voice), out, sizeof(out));
    give(f, c, out, n, false);
    g_assert_false(hear(f, 1, &v));
    g_assert_cmpuint(f->w.totals.drops[WORKER_DROP_SSRC], ==, 1);
}

static void test_payload_type(Fixture *f, gconstpointer unused)
{
    RtpView v;
    speak_as(f, 0, 99, 30, 1);     /* not negotiated */
    speak_as(f, 0, VP8_PT, 30, 2); /* video on an audio source */
    g_assert_false(hear(f, 1, &v));
    g_assert_cmpuint(f->w.totals.drops[WORKER_DROP_PAYLOAD_TYPE], ==, 2);
}

/* Silence goes no further than three packets, and leaves no hole behind. */
static void test_silence(Fixture *f, gconstpointer unused)
{
    RtpView v;
    uint16_t first = 0;
    speak(f, 0, 1);
    g_assert_true(hear(f, 1, &v));
    first = v.seq;
    for (uint16_t seq = 2; seq < 20; seq++)
        speak_as(f, 0, OPUS_PT, 127, seq);
    for (uint16_t i = 1; i <= 3; i++) {
        g_assert_true(hear(f, 1, &v));
        g_assert_cmpuint(v.seq, ==, (uint16_t)(first + i));
    }
    g_assert_false(hear(f, 1, &v));
    g_assert_cmpuint(f->w.totals.drops[WORKER_DROP_SILENCE], ==, 15);
    speak(f, 0, 20);
    g_assert_true(hear(f, 1, &v));
    g_assert_cmpuint(v.seq, ==, (uint16_t)(first + 4));
}

static void test_telephone_event(Fixture *f, gconstpointer unused)
{
    RtpView v;
    for (uint16_t seq = 1; seq < 10; seq++)
        speak_as(f, 0, OPUS_PT, 127, seq);
    while (hear(f, 1, &v))
        ;
    speak_as(f, 0, EVENT_PT, 127, 10);
    g_assert_true(hear(f, 1, &v));
    g_assert_cmpuint(v.pt, ==, EVENT_PT);
}

/* A receiver that takes no packets for a whole round of sequence numbers goes on where it was: no SRTP index twice. */
static void test_no_index_twice(Fixture *f, gconstpointer unused)
{
    WorkerMedia media;
    RtpView v;
    uint32_t seq = 0;
    speak(f, 0, (uint16_t)++seq);
    g_assert_true(hear(f, 1, &v));
    uint16_t last = v.seq;
    describe(&media, LEVEL_ID);
    media.n_payloads = 0;
    media_endpoint_set_media(f->client[1].ep, &media);
    for (int i = 0; i < 40000; i++)
        speak(f, 0, (uint16_t)++seq);
    g_assert_false(hear(f, 1, &v));
    describe(&media, LEVEL_ID);
    media_endpoint_set_media(f->client[1].ep, &media);
    speak(f, 0, (uint16_t)++seq);
    g_assert_true(hear(f, 1, &v));
    g_assert_cmpuint(v.seq, ==, (uint16_t)(last + 1));
}

/* What was sent may go out again under its number only as long as its header would be the same. */
static void test_media_change_forgets(Fixture *f, gconstpointer unused)
{
    RtxCache cache = { 0 };
    WorkerMedia media;
    ProjectedPacket out = { .seq = 5 };
    MediaEndpoint *ep = f->client[1].ep;
    speak(f, 0, 1);
    g_assert_cmpuint(ep->tx->n_own_streams, >, 0);
    TxStream *st = ep->tx->own_streams[0];
    rtx_map_put(&st->map, &out, 0, 0, &cache, 1);
    describe(&media, LEVEL_ID);
    media_endpoint_set_media(ep, &media); /* the same once more */
    g_assert_nonnull(rtx_map_find(&st->map, 5));
    describe(&media, LEVEL_ID + 1);
    media_endpoint_set_media(ep, &media);
    g_assert_null(rtx_map_find(&st->map, 5));
}

static void give_rtcp(Fixture *f, unsigned from, Srtcp *srtcp, const uint8_t *bytes, size_t len)
{
    uint8_t buf[1500];
    memcpy(buf, bytes, len);
    g_assert_cmpint(srtcp_protect(srtcp, buf, &len, sizeof(buf)), ==, SRTP_OK);
    give(f, &f->client[from], buf, len, true);
}

static Srtcp *client_srtcp(const Client *c)
{
    SrtpKeys turned = { .profile = c->keys.profile };
    memcpy(turned.rx_key, c->keys.tx_key, sizeof(turned.rx_key));
    memcpy(turned.tx_key, c->keys.rx_key, sizeof(turned.tx_key));
    return srtcp_new(&turned);
}

/* One compound with many sender reports is not multiplied by the number of receivers. */
static void test_report_flood(Fixture *f, gconstpointer unused)
{
    uint8_t buf[1400];
    size_t len = 0;
    Srtcp *srtcp = client_srtcp(&f->client[0]);
    speak(f, 0, 1);
    count_rtcp(f, 1);
    for (uint64_t i = 1; i <= 40; i++) {
        RtcpSenderInfo info = { .ssrc = AUDIO_SSRC(0), .ntp = i << 32, .rtp_ts = 960, .packet_count = 1 };
        len += rtcp_sr_build(buf + len, sizeof(buf) - len, &info, NULL, 0);
    }
    give_rtcp(f, 0, srtcp, buf, len);
    g_assert_cmpuint(count_rtcp(f, 1), ==, 1);
    f->w.now_us += 1000000;
    give_rtcp(f, 0, srtcp, buf, len);
    g_assert_cmpuint(count_rtcp(f, 1), ==, 1);
    srtcp_free(srtcp);
}

/* Sender reports about somebody else's stream stop here. */
static void test_report_of_other(Fixture *f, gconstpointer unused)
{
    uint8_t buf[64];
    Srtcp *srtcp = client_srtcp(&f->client[1]);
    RtcpSenderInfo info = { .ssrc = AUDIO_SSRC(0), .ntp = 1ull << 32, .rtp_ts = 1 };
    speak(f, 0, 1);
    speak(f, 1, 1);
    count_rtcp(f, 0);
    count_rtcp(f, 1);
    give_rtcp(f, 1, srtcp, buf, rtcp_sr_build(buf, sizeof(buf), &info, NULL, 0));
    g_assert_cmpuint(count_rtcp(f, 0) + count_rtcp(f, 1), ==, 0);
    srtcp_free(srtcp);
}

/* Transport-cc with runs of lost packets: 40 bytes name 65535 of them. */
static void test_feedback_flood(Fixture *f, gconstpointer unused)
{
    uint8_t fb[40] = { 0x8f, 205, 0, 9, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0xff, 0xff };
    uint8_t buf[36 * 40];
    Srtcp *srtcp = client_srtcp(&f->client[1]);
    f->client[1].ep->tx->bwe = bwe_new(&(BweConfig)BWE_CONFIG_DEFAULT, f->w.now_us);
    for (int i = 0; i < 9; i++) {
        fb[20 + 2 * i] = 0x1f; /* a run of 8191 not received */
        fb[21 + 2 * i] = 0xff;
    }
    for (int i = 0; i < 36; i++)
        memcpy(buf + i * 40, fb, 40);
    give_rtcp(f, 1, srtcp, buf, 36 * 40);
    g_assert_cmpuint(f->w.totals.drops[WORKER_DROP_FEEDBACK], ==, 35);
    f->w.now_us += 1000000;
    give_rtcp(f, 1, srtcp, buf, 40);
    g_assert_cmpuint(f->w.totals.drops[WORKER_DROP_FEEDBACK], ==, 35);
    srtcp_free(srtcp);
}

static void test_dtls_flood(Fixture *f, gconstpointer unused)
{
    static const uint8_t record[20] = { 22 };
    drain(f, WORKER_EV_DTLS);
    for (int i = 0; i < MEDIA_DTLS_PER_S + 10; i++)
        media_endpoint_on_dtls(f->client[0].ep, record, sizeof(record));
    g_assert_cmpuint(drain(f, WORKER_EV_DTLS), ==, MEDIA_DTLS_PER_S);
    g_assert_cmpuint(f->w.totals.drops[WORKER_DROP_DTLS], ==, 10);
    f->w.now_us += 1000000;
    media_endpoint_on_dtls(f->client[0].ep, record, sizeof(record));
    g_assert_cmpuint(drain(f, WORKER_EV_DTLS), ==, 1);
}

/* SSRCs that come and go do not fill the table of SRTP streams for good. */
static void test_ever_new_ssrcs(Fixture *f, gconstpointer unused)
{
    Client *c = &f->client[0];
    RtpView v;
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
        give(f, c, out, n, false);
    }
    g_assert_cmpuint(f->w.totals.drops[WORKER_DROP_SRTP], ==, 0);
    while (hear(f, 1, &v))
        ;
}

/* With loudest-N on, who is quieter than N others is not passed on, and leaves no hole. */
static void test_loudest(Fixture *f, gconstpointer unused)
{
    RtpView v;
    f->group.config.loudest = 1;
    speak_as(f, 1, OPUS_PT, 60, 1);
    g_assert_true(hear(f, 0, &v));
    uint16_t first = v.seq;
    speak_as(f, 0, OPUS_PT, 20, 1); /* louder */
    g_assert_true(hear(f, 1, &v));
    speak_as(f, 1, OPUS_PT, 60, 2);
    g_assert_false(hear(f, 0, &v));
    g_assert_cmpuint(f->w.totals.drops[WORKER_DROP_QUIETER], ==, 1);
    f->w.now_us += 1000000;
    speak_as(f, 1, OPUS_PT, 60, 3); /* the other has stopped */
    g_assert_true(hear(f, 0, &v));
    g_assert_cmpuint(v.seq, ==, (uint16_t)(first + 1));
}

static void expect_reason(Fixture *f, unsigned of, unsigned source, const char *reason)
{
    WorkerCommand *ask = worker_command_new(WORKER_SNAPSHOT, 1, 10 + of, 0);
    WorkerEvent *ev;
    char name[16], found[20] = "not listed";
    g_snprintf(name, sizeof(name), "c%u-v0", source);
    ask->snapshot.streams = true;
    drain(f, WORKER_EV_SNAPSHOT);
    worker_snapshot(&f->w, f->conference, ask);
    worker_command_free(ask);
    while (mailbox_take(f->group.events, &ev)) {
        for (size_t i = 0; ev->type == WORKER_EV_SNAPSHOT && i < ev->snapshot.n_streams; i++)
            if (ev->snapshot.streams[i].is_tx && strcmp(ev->snapshot.streams[i].name, name) == 0)
                g_strlcpy(found, forward_reason_name(ev->snapshot.streams[i].reason), sizeof(found));
        worker_event_free(ev);
    }
    g_assert_cmpstr(found, ==, reason);
}

/* For each video that a receiver does not get the snapshot says why. */
static void test_reasons(Fixture *f, gconstpointer unused)
{
    MediaEndpoint *ep = f->client[1].ep;
    MediaSource *s = media_endpoint_find_source(f->client[0].ep, "c0-v0");
    WorkerCommand *wish = worker_command_new(WORKER_VIDEO_CONSTRAINTS, 1, 11, 0);
    wish->video_constraints.last_n = -1;
    wish->video_constraints.default_max_height = 0;
    wish->video_constraints.assumed_bandwidth_bps = -1;
    media_endpoint_set_wishes(ep, wish);
    tx_allocate_run(ep, f->w.now_us += 1000000);
    expect_reason(f, 1, 0, "cap");
    ep->wishes->video_constraints.default_max_height = 720;
    ep->wishes->video_constraints.last_n = 0;
    tx_allocate_run(ep, f->w.now_us += 1000000);
    expect_reason(f, 1, 0, "last_n");
    ep->wishes->video_constraints.last_n = -1;
    tx_allocate_run(ep, f->w.now_us += 1000000);
    expect_reason(f, 1, 0, "no_packets");
    media_source_set_video_type(s, WORKER_VIDEO_NONE);
    tx_allocate_run(ep, f->w.now_us += 1000000);
    expect_reason(f, 1, 0, "sender_muted");
}

/* A client that leaves takes its sources out of everybody's tables; the rest goes on. */
static void test_leave(Fixture *f, gconstpointer unused)
{
    RtpView v;
    speak(f, 0, 1);
    speak(f, 1, 1);
    g_assert_true(hear(f, 1, &v));
    media_endpoint_free(f->client[0].ep);
    speak(f, 1, 2);
    g_assert_false(hear(f, 1, &v));
    g_assert_cmpuint(f->conference->n_endpoints, ==, 1);
    g_assert_cmpuint(f->conference->n_sources, <=, 4);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(Fixture *, gconstpointer);
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
        { "loudest", test_loudest },
        { "reasons", test_reasons },
    };
    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(tests); i++) {
        g_autofree char *path = g_strdup_printf("/media/engine/%s", tests[i].name);
        g_test_add(path, Fixture, NULL, set_up, tests[i].run, tear_down);
    }
    return g_test_run();
}
