/* SPDX-License-Identifier: Apache-2.0
 *
 * Messages of clients and events of workers through conference and endpoint. */
#include <string.h>
#include "tests/unit/bridge/bridge_fixture.h"

typedef struct {
    Fixture f;
    Endpoint *a, *b, *c;
} Room;

#define SOURCES(id, a, v)                                                                                              \
    "<sources>" AUDIO(id "-a0", a) "<media-source type='video' id='" id "-v0'><source" SSMA "ssrc='" v                 \
                                   "'/></media-source></sources>"

/* Three endpoints with open data channels, a and b with sources. */
static void set_up(Room *r, const char *config)
{
    fixture_set_up(&r->f, config);
    fixture_ok(&r->f, CREATE(ENDPOINT("aa", TRANSPORT SOURCES("aa", "1", "2"))));
    fixture_ok(&r->f, MODIFY("", ENDPOINT("bb", TRANSPORT SOURCES("bb", "3", "4"))));
    fixture_ok(&r->f, MODIFY("", ENDPOINT("cc", TRANSPORT)));
    r->a = fixture_endpoint(&r->f, "aa");
    r->b = fixture_endpoint(&r->f, "bb");
    r->c = fixture_endpoint(&r->f, "cc");
    fake_transport_open_channel(r->a->transport);
    fake_transport_open_channel(r->b->transport);
    fake_transport_open_channel(r->c->transport);
}

static void expect(Endpoint *ep, const char *want)
{
    g_autofree char *got = fake_transport_heard(ep->transport);
    g_assert_cmpstr(got, ==, want);
}

static void test_open_asks_for_the_state(void)
{
    Room r;
    set_up(&r, NULL);
    g_assert_cmpuint(fake_media_count(r.f.media, WORKER_CHANNEL_UP), ==, 3);
    expect(r.a, NULL); /* no ServerHello on a data channel */
    fake_transport_say(r.a->transport, "{\"colibriClass\":\"ClientHello\"}");
    expect(r.a, "{\"colibriClass\":\"ServerHello\"}");
    fixture_tear_down(&r.f);
}

/* A conference on two workers: each endpoint's commands go to its own, and both are asked for numbers. */
static void test_two_workers(void)
{
    Room r;
    set_up(&r, NULL);
    FakeMedia *m = r.f.media;
    m->place = 1;
    fixture_ok(&r.f, MODIFY("", ENDPOINT("dd", TRANSPORT)));
    g_assert_cmpuint(m->last_worker, ==, 1);
    Endpoint *d = fixture_endpoint(&r.f, "dd");
    fake_transport_open_channel(r.a->transport);
    g_assert_cmpuint(m->last_worker, ==, 0);
    fake_transport_open_channel(d->transport);
    g_assert_cmpuint(m->last_worker, ==, 1);
    fake_media_clear(m);
    g_assert_true(bridge_request_snapshot(r.f.bridge, d->conference, NULL, 0, false));
    g_assert_cmpuint(fake_media_count(m, WORKER_SNAPSHOT), ==, 2);
    g_assert_true(bridge_request_snapshot(r.f.bridge, d->conference, r.a, 7, true));
    g_assert_cmpuint(fake_media_count(m, WORKER_SNAPSHOT), ==, 3);
    g_assert_cmpuint(m->last_worker, ==, 0);
    g_assert_true(bridge_request_snapshot(r.f.bridge, d->conference, d, 8, true));
    g_assert_cmpuint(m->last_worker, ==, 1);
    m->place = WORKERS_MAX - 1; /* as far as there can be workers */
    fixture_ok(&r.f, MODIFY("", ENDPOINT("ee", TRANSPORT)));
    Endpoint *e = fixture_endpoint(&r.f, "ee");
    fake_media_clear(m);
    g_assert_true(bridge_request_snapshot(r.f.bridge, e->conference, e, 9, true));
    g_assert_cmpuint(m->last_worker, ==, WORKERS_MAX - 1);
    g_assert_true(bridge_request_snapshot(r.f.bridge, e->conference, NULL, 0, false));
    g_assert_cmpuint(m->last_worker, ==, WORKERS_MAX - 1);
    g_assert_cmpuint(fake_media_count(m, WORKER_SNAPSHOT), ==, 3);
    m->place = 1;
    fixture_ok(&r.f, MODIFY("", "<endpoint id='dd' expire='true'/>"));
    g_assert_nonnull(fake_media_last(m, WORKER_ENDPOINT_REMOVE, 0));
    g_assert_cmpuint(m->last_worker, ==, 1);
    fixture_tear_down(&r.f);
}

static void test_endpoint_message(void)
{
    Room r;
    set_up(&r, NULL);
    fake_transport_say(r.a->transport,
                       "{\"colibriClass\":\"EndpointMessage\",\"to\":\"\",\"from\":\"bb\",\"msgPayload\":{}}");
    expect(r.a, NULL);
    expect(r.b, "{\"colibriClass\":\"EndpointMessage\",\"to\":\"\",\"from\":\"aa\",\"msgPayload\":{}}");
    expect(r.c, "{\"colibriClass\":\"EndpointMessage\",\"to\":\"\",\"from\":\"aa\",\"msgPayload\":{}}");
    fake_transport_say(r.a->transport, "{\"colibriClass\":\"EndpointMessage\",\"to\":\"bb\"}");
    expect(r.b, "{\"from\":\"aa\",\"colibriClass\":\"EndpointMessage\",\"to\":\"bb\"}");
    expect(r.c, NULL);
    fake_transport_say(r.a->transport, "{\"colibriClass\":\"EndpointMessage\",\"to\":\"aa\"}"); /* never back */
    fake_transport_say(r.a->transport, "{\"colibriClass\":\"EndpointMessage\",\"to\":\"zz\"}");
    expect(r.a, NULL);
    expect(r.b, NULL);
    fixture_tear_down(&r.f);
}

static void test_forged_messages(void)
{
    static const char *const texts[] = {
        "{\"colibriClass\":\"EndpointStats\",\"colibriClass\":"
        "\"DominantSpeakerEndpointChangeEvent\"}",
        "{\"colibriClass\":\"EndpointMessage\",\"\\u0063olibriClass\":\"VideoSourcesMap\",\"to\":"
        "\"\"}",
        "{\"colibriClass\":\"EndpointMessage\",\"to\":\"\",\"from\":\"aa\",\"from\":\"bb\"}",
        "{\"colibriClass\":\"VideoSourcesMap\",\"mappedSources\":[]}",
        "nonsense",
    };
    Room r;
    set_up(&r, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
        fake_transport_say(r.a->transport, texts[i]);
    expect(r.b, NULL);
    g_assert_cmpuint(r.f.env.counters.messages_bad, ==, 4);
    fixture_tear_down(&r.f);
}

static void test_visitor_is_mute(void)
{
    Room r;
    set_up(&r, NULL);
    fixture_ok(&r.f, MODIFY("", "<endpoint id='vv' create='true' muc-role='visitor'>" CAPS TRANSPORT "</endpoint>"));
    Endpoint *v = fixture_endpoint(&r.f, "vv");
    fake_transport_open_channel(v->transport);
    fake_transport_say(v->transport, "{\"colibriClass\":\"EndpointMessage\",\"to\":\"\"}");
    fake_transport_say(v->transport, "{\"colibriClass\":\"EndpointStats\"}");
    expect(r.a, NULL);
    fake_transport_say(r.a->transport, "{\"colibriClass\":\"EndpointMessage\",\"to\":\"vv\"}");
    expect(v, "{\"from\":\"aa\",\"colibriClass\":\"EndpointMessage\",\"to\":\"vv\"}");
    fixture_tear_down(&r.f);
}

static void test_stats_filter(void)
{
    Room r;
    set_up(&r, "[media]\nstats_filter_threshold = 2\n");
    fake_transport_say(r.a->transport, "{\"colibriClass\":\"EndpointStats\",\"x\":1}");
    expect(r.b, NULL); /* three are here, nobody looks at aa */
    fake_transport_say(r.b->transport,
                       "{\"colibriClass\":\"ReceiverVideoConstraints\",\"onStageSources\":[\"aa-v0\"]}");
    fake_transport_say(r.a->transport, "{\"colibriClass\":\"EndpointStats\",\"x\":1}");
    expect(r.b, "{\"from\":\"aa\",\"colibriClass\":\"EndpointStats\",\"x\":1}");
    expect(r.c, NULL);
    WorkerEvent *ev = fake_event(WORKER_EV_DOMINANT_SPEAKER, r.a->conference->handle, 0, 0, 0);
    g_strlcpy(ev->speaker.dominant, "aa", sizeof(ev->speaker.dominant));
    bridge_on_event(r.f.bridge, ev);
    g_free(ev);
    expect(r.c, "{\"colibriClass\":\"DominantSpeakerEndpointChangeEvent\","
                "\"dominantSpeakerEndpoint\":\"aa\","
                "\"previousSpeakers\":[],\"silence\":false}");
    fake_transport_say(r.a->transport, "{\"colibriClass\":\"EndpointStats\",\"x\":1}");
    expect(r.c, "{\"from\":\"aa\",\"colibriClass\":\"EndpointStats\",\"x\":1}");
    fixture_tear_down(&r.f);
}

static void test_rate_limit(void)
{
    Room r;
    set_up(&r, "[limits]\nmessages = 1\nmessage_burst = 5\n");
    for (int i = 0; i < 20; i++)
        fake_transport_say(r.a->transport, "{\"colibriClass\":\"EndpointMessage\",\"to\":\"bb\"}");
    int heard = 0;
    for (char *text; (text = fake_transport_heard(r.b->transport)); heard++)
        g_free(text);
    g_assert_cmpint(heard, ==, 5);
    g_assert_cmpuint(r.f.env.counters.messages_limited, ==, 15);
    fixture_tear_down(&r.f);
}

static void test_worker_events(void)
{
    Room r;
    set_up(&r, NULL);
    uint64_t conf = r.a->conference->handle;
    WorkerEvent *ev = fake_event(WORKER_EV_VIDEO_SLOTS, conf, r.a->handle, 1, sizeof(WorkerSlotEntry));
    WorkerSlotEntry *slot = &ev->slots.entries[0];
    g_strlcpy(slot->source, "bb-v0", sizeof(slot->source));
    g_strlcpy(slot->owner, "bb", sizeof(slot->owner));
    slot->ssrc = 4000000000u;
    slot->rtx_ssrc = 4000000001u;
    bridge_on_event(r.f.bridge, ev);
    expect(r.a, "{\"colibriClass\":\"VideoSourcesMap\",\"mappedSources\":[{\"source\":\"bb-v0\","
                "\"owner\":\"bb\","
                "\"ssrc\":4000000000,\"rtx\":4000000001,\"videoType\":\"CAMERA\"}]}");
    ev->type = WORKER_EV_AUDIO_SLOTS;
    g_strlcpy(slot->mid, "a0", sizeof(slot->mid));
    bridge_on_event(r.f.bridge, ev);
    expect(r.a, "{\"colibriClass\":\"AudioSourcesMap\",\"mappedSources\":[{\"source\":\"bb-v0\","
                "\"owner\":\"bb\","
                "\"ssrc\":4000000000,\"mid\":\"a0\"}]}");
    g_free(ev);
    ev = fake_event(WORKER_EV_SOURCE_CONSTRAINTS, conf, r.a->handle, 0, 0);
    g_strlcpy(ev->source_constraint.source, "aa-v0", sizeof(ev->source_constraint.source));
    ev->source_constraint.max_height = 360;
    bridge_on_event(r.f.bridge, ev);
    expect(r.a, "{\"colibriClass\":\"SenderSourceConstraints\",\"sourceName\":\"aa-v0\","
                "\"maxHeight\":360}");
    g_free(ev);
    ev = fake_event(WORKER_EV_FORWARDED_SOURCES, conf, r.a->handle, 0, 0);
    bridge_on_event(r.f.bridge, ev);
    expect(r.a, "{\"colibriClass\":\"ForwardedSources\",\"forwardedSources\":[]}");
    g_free(ev);
    ev = fake_event(WORKER_EV_CONNECTIVITY, conf, 0, 0, 0);
    g_strlcpy(ev->connectivity.about, "bb", sizeof(ev->connectivity.about));
    bridge_on_event(r.f.bridge, ev);
    expect(r.c, "{\"colibriClass\":\"EndpointConnectivityStatusChangeEvent\",\"endpoint\":\"bb\","
                "\"active\":\"false\"}");
    g_assert_cmpuint(r.f.env.counters.endpoints_disconnected, ==, 1);
    g_free(ev);
    ev = fake_event(WORKER_EV_BANDWIDTH, conf, r.c->handle, 0, 0);
    ev->bandwidth.bps = 1234567;
    bridge_on_event(r.f.bridge, ev);
    expect(r.c, "{\"colibriClass\":\"ConnectionStats\",\"estimatedDownlinkBandwidth\":1234567}");
    ev->endpoint = 999; /* gone */
    bridge_on_event(r.f.bridge, ev);
    g_free(ev);
    fixture_tear_down(&r.f);
}

static void test_commands_of_messages(void)
{
    Room r;
    set_up(&r, NULL);
    fake_transport_say(r.a->transport,
                       "{\"colibriClass\":\"ReceiverAudioSubscription\",\"all\":true,\"include\":[\"x\"],"
                       "\"exclude\":[\"y\",\"z\"]}");
    const WorkerCommand *c = fake_media_last(r.f.media, WORKER_AUDIO_SUBSCRIPTION, r.a->handle);
    g_assert_cmpuint(c->n, ==, 3);
    g_assert_true(c->audio_subscription.all);
    g_assert_false(c->audio_subscription.names[0].exclude);
    g_assert_true(c->audio_subscription.names[2].exclude);
    g_assert_cmpstr(c->audio_subscription.names[2].name, ==, "z");
    fake_transport_say(r.a->transport, "{\"colibriClass\":\"SourceVideoTypeMessage\",\"sourceName\":\"aa-v0\","
                                       "\"videoType\":\"desktop\"}");
    c = fake_media_last(r.f.media, WORKER_SOURCE_VIDEO_TYPE, r.a->handle);
    g_assert_cmpstr(c->video_type.source, ==, "aa-v0");
    g_assert_cmpint(c->video_type.type, ==, WORKER_VIDEO_DESKTOP);
    fake_transport_say(r.a->transport, "{\"colibriClass\":\"VideoTypeMessage\",\"videoType\":\"none\"}");
    c = fake_media_last(r.f.media, WORKER_SOURCE_VIDEO_TYPE, r.a->handle);
    g_assert_cmpstr(c->video_type.source, ==, "aa-v0");
    g_assert_cmpint(c->video_type.type, ==, WORKER_VIDEO_NONE);
    fixture_tear_down(&r.f);
}

static void tell_type(Room *r, const char *source, const char *type)
{
    g_autofree char *text = g_strdup_printf(
        "{\"colibriClass\":\"SourceVideoTypeMessage\",\"sourceName\":\"%s\",\"videoType\":\"%s\"}", source, type);
    fake_transport_say(r->a->transport, text);
}

/* What the worker was given last, and what control has of it. */
static void expect_type(Room *r, const char *source, WorkerVideoType type)
{
    const WorkerCommand *c = fake_media_last(r->f.media, WORKER_SOURCES, r->a->handle);
    unsigned found = 0;
    for (size_t i = 0; i < c->n; i++) {
        if (strcmp(c->sources.sources[i].name, source) != 0)
            continue;
        g_assert_cmpint(c->sources.sources[i].video_type, ==, type);
        g_assert_cmpint(r->a->sources[i].video_type, ==, type);
        found++;
    }
    g_assert_cmpuint(found, ==, 1);
}

#define SHARE(type)                                                                                                    \
    "<sources>" AUDIO("aa-a0", "1") "<media-source type='video' id='aa-v0'><source" SSMA "ssrc='2'/></media-source>"   \
                                    "<media-source type='video' id='aa-v1'><source" SSMA "ssrc='7' videoType='" type   \
                                    "'/></media-source></sources>"

/* A type told before its source is signalled is applied with it, and no later update of sources takes it back. */
static void test_video_types(void)
{
    Room r;
    set_up(&r, NULL);
    tell_type(&r, "aa-v0", "none");
    g_assert_cmpint(r.a->sources[1].video_type, ==, WORKER_VIDEO_NONE);
    tell_type(&r, "aa-v1", "desktop_high_fps");
    fixture_ok(&r.f, MODIFY("", "<endpoint id='aa'>" SHARE("desktop") "</endpoint>"));
    expect_type(&r, "aa-v0", WORKER_VIDEO_NONE);
    expect_type(&r, "aa-v1", WORKER_VIDEO_DESKTOP_HIGH_FPS);
    tell_type(&r, "aa-v0", "camera");
    fixture_ok(&r.f, MODIFY("", "<endpoint id='aa'>" SHARE("desktop") "</endpoint>"));
    expect_type(&r, "aa-v0", WORKER_VIDEO_CAMERA);
    expect_type(&r, "aa-v1", WORKER_VIDEO_DESKTOP_HIGH_FPS);
    for (unsigned i = 0; i < 3 * ENDPOINT_TOLD_TYPES; i++) { /* names without end */
        g_autofree char *name = g_strdup_printf("x-v%u", i);
        tell_type(&r, name, "desktop");
        g_assert_cmpuint(g_hash_table_size(r.a->told_types), <=, ENDPOINT_TOLD_TYPES);
        r.a->messages = rate_limit_new(20, 100, 0); /* not what is looked at here */
    }
    fixture_ok(&r.f, MODIFY("", "<endpoint id='aa'>" SHARE("desktop") "</endpoint>"));
    expect_type(&r, "aa-v1", WORKER_VIDEO_DESKTOP_HIGH_FPS);
    fixture_tear_down(&r.f);
}

/* ---- a WebSocket beside it ---- */

typedef struct {
    GString *log;
    bool refuse;
} FakeSocket;

static bool socket_send(void *socket, const char *text, size_t len)
{
    FakeSocket *s = socket;
    if (!s->refuse)
        g_string_append_printf(s->log, "%.*s\n", (int)len, text);
    return !s->refuse;
}

static void socket_close(void *socket, uint16_t code, const char *reason)
{
    g_string_append_printf(((FakeSocket *)socket)->log, "close %u %s\n", code, reason);
}

static const CarrierOps socket_ops = { .send = socket_send, .close = socket_close };

static void test_web_socket(void)
{
    Room r;
    FakeSocket one = { g_string_new(NULL), false }, two = { g_string_new(NULL), false };
    set_up(&r, NULL);
    fake_media_clear(r.f.media);
    endpoint_web_socket_opened(r.a, (Carrier){ &socket_ops, &one });
    g_assert_cmpstr(one.log->str, ==, "{\"colibriClass\":\"ServerHello\"}\n");
    g_assert_nonnull(fake_media_last(r.f.media, WORKER_CHANNEL_UP, r.a->handle));
    endpoint_web_socket_opened(r.a, (Carrier){ &socket_ops, &two });
    g_assert_true(g_str_has_suffix(one.log->str, "close 1000 replaced\n"));
    endpoint_web_socket_closed(r.a, &one); /* of the replaced one: nothing changes */
    g_string_truncate(two.log, 0);
    fake_transport_say(r.b->transport, "{\"colibriClass\":\"EndpointMessage\",\"to\":\"aa\"}");
    g_assert_cmpuint(two.log->len, >, 0); /* the one that opened last is used */
    expect(r.a, NULL);
    fake_transport_say(r.a->transport, "{\"colibriClass\":\"ClientHello\"}"); /* now the data channel spoke last */
    expect(r.a, "{\"colibriClass\":\"ServerHello\"}");
    g_string_truncate(two.log, 0);
    fixture_ok(&r.f, MODIFY("", "<endpoint id='aa' expire='true'/>"));
    g_assert_cmpstr(two.log->str, ==, "close 1001 endpoint closed\n");
    g_string_free(one.log, TRUE);
    g_string_free(two.log, TRUE);
    fixture_tear_down(&r.f);
}

/* State that could not be sent is asked for again in whole. */
static void test_resync(void)
{
    Room r;
    set_up(&r, NULL);
    fake_media_clear(r.f.media);
    fake_transport_set_full(r.a->transport, true);
    endpoint_tell(r.a, g_strdup("{}"));
    endpoint_tell(r.a, g_strdup("{}"));
    g_assert_cmpuint(r.f.env.counters.messages_unsent, ==, 2);
    for (int i = 0; i < 30 && !fake_media_last(r.f.media, WORKER_CHANNEL_UP, r.a->handle); i++) {
        g_usleep(50000);
        fixture_turn();
    }
    g_assert_cmpuint(fake_media_count(r.f.media, WORKER_CHANNEL_UP), ==, 1);
    fixture_tear_down(&r.f);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_log_set_always_fatal(G_LOG_FATAL_MASK | G_LOG_LEVEL_CRITICAL);
    g_test_add_func("/bridge/channel/two workers", test_two_workers);
    g_test_add_func("/bridge/channel/open asks for the state", test_open_asks_for_the_state);
    g_test_add_func("/bridge/channel/endpoint message", test_endpoint_message);
    g_test_add_func("/bridge/channel/forged messages", test_forged_messages);
    g_test_add_func("/bridge/channel/visitor is mute", test_visitor_is_mute);
    g_test_add_func("/bridge/channel/stats filter", test_stats_filter);
    g_test_add_func("/bridge/channel/rate limit", test_rate_limit);
    g_test_add_func("/bridge/channel/worker events", test_worker_events);
    g_test_add_func("/bridge/channel/commands of messages", test_commands_of_messages);
    g_test_add_func("/bridge/channel/video types", test_video_types);
    g_test_add_func("/bridge/channel/web socket", test_web_socket);
    g_test_add_func("/bridge/channel/resync", test_resync);
    return g_test_run();
}
