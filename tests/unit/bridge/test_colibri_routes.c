/* SPDX-License-Identifier: Apache-2.0
 *
 * COLIBRI2 against the bridge: answers, errors, effects on the workers. */
#include <string.h>
#include "tests/fakes/rows.h"
#include "tests/unit/bridge/bridge_fixture.h"

typedef struct {
    const char *name;
    const char *before[3]; /* requests that must succeed */
    const char *request;
    unsigned status;
    const char *has[4]; /* parts of the answer */
    const char *lacks;
} Case;

#define BOTH CREATE(ENDPOINT("a1", TRANSPORT)), MODIFY("", ENDPOINT("b2", TRANSPORT))
#define NO_TRANSPORT "<endpoint id='a1' create='true'>" CAPS "</endpoint>"

static const Case cases[] = {
    { "create with endpoint",
      { 0 },
      CREATE(ENDPOINT("a1", TRANSPORT)),
      200,
      { "<endpoint id=\"a1\">", "setup=\"actpass\"", "port=\"5000\"", "jvb-v0" },
      "web-socket" },
    { "candidates of the public list",
      { 0 },
      CREATE(ENDPOINT("a1", TRANSPORT)),
      200,
      { "203.0.113.9", "type=\"srflx\"", "rel-addr=\"192.0.2.1\"" },
      "type=\"host\"" },
    { "private addresses on demand",
      { 0 },
      CREATE(ENDPOINT("a1", "<capability name='private-address-connectivity'/>" TRANSPORT)),
      200,
      { "203.0.113.9", "ip=\"192.0.2.1\"" },
      NULL },
    { "no data channel asked for",
      { 0 },
      CREATE(ENDPOINT("a1", "<transport ice-controlling='true'/>")),
      200,
      { "ufrag=" },
      "sctp" },
    { "create twice",
      { CREATE(ENDPOINT("a1", TRANSPORT)) },
      CREATE(ENDPOINT("b2", TRANSPORT)),
      409,
      { "<conflict", "conference_already_exists" },
      NULL },
    { "unknown conference",
      { 0 },
      MODIFY("", ENDPOINT("a1", TRANSPORT)),
      404,
      { "<item-not-found", "conference_not_found", "Conference not found for ID: m1" },
      NULL },
    { "unknown endpoint",
      { BOTH },
      MODIFY("", "<endpoint id='zz'><transport/></endpoint>"),
      404,
      { "<item-not-found", "unknown_endpoint", "id=\"zz\"" },
      NULL },
    { "endpoint exists", { BOTH }, MODIFY("", ENDPOINT("a1", TRANSPORT)), 409, { "<conflict" }, "reason" },
    { "no transport", { 0 }, CREATE(NO_TRANSPORT), 400, { "<bad-request" }, "reason" },
    { "source names are mandatory",
      { 0 },
      CREATE("<endpoint id='a1' create='true'>" TRANSPORT "</endpoint>"),
      400,
      { "Source name support is mandatory." },
      NULL },
    { "name is no JID",
      { 0 },
      MODIFY("create='true' name='x y'", ENDPOINT("a1", TRANSPORT)),
      400,
      { "Invalid conference name (not a JID)" },
      NULL },
    { "visitor with sources",
      { 0 },
      CREATE("<endpoint id='a1' create='true' muc-role='visitor'>" CAPS TRANSPORT
             "<sources>" AUDIO("a1-a0", "5") "</sources></endpoint>"),
      400,
      { "<bad-request" },
      NULL },
    { "visitor",
      { 0 },
      CREATE("<endpoint id='a1' create='true' muc-role='visitor'>" CAPS TRANSPORT "</endpoint>"),
      200,
      { "ufrag=" },
      NULL },
    { "sctp role client",
      { 0 },
      CREATE(ENDPOINT("a1", "<transport><sctp role='client'/></transport>")),
      501,
      { "<feature-not-implemented" },
      NULL },
    { "sctp port",
      { 0 },
      CREATE(ENDPOINT("a1", "<transport><sctp port='5001'/></transport>")),
      400,
      { "<bad-request" },
      NULL },
    { "endpoint and relay",
      { 0 },
      CREATE(ENDPOINT("a1", TRANSPORT) "<relay id='r' create='true'/>"),
      501,
      { "feature_not_implemented" },
      NULL },
    { "two creations in one",
      { 0 },
      CREATE(ENDPOINT("a1", TRANSPORT) ENDPOINT("b2", TRANSPORT)),
      501,
      { "feature_not_implemented" },
      NULL },
    { "relay",
      { CREATE(ENDPOINT("a1", TRANSPORT)) },
      MODIFY("", "<relay id='r' create='true'/>"),
      501,
      { "feature_not_implemented" },
      NULL },
    { "unknown relay",
      { CREATE(ENDPOINT("a1", TRANSPORT)) },
      MODIFY("", "<relay id='r'/>"),
      400,
      { "<bad-request" },
      NULL },
    { "unknown relay expires",
      { CREATE(ENDPOINT("a1", TRANSPORT)) },
      MODIFY("", "<relay id='r' expire='true'/>"),
      200,
      { "<relay id=\"r\" expire=\"true\"" },
      NULL },
    { "exporters",
      { CREATE(ENDPOINT("a1", TRANSPORT)) },
      MODIFY("", "<connects><connect id='x' url='wss://x/' protocol='mediajson' type='recorder' "
                 "audio='true' create='true'/>"
                 "</connects>"),
      501,
      { "feature_not_implemented" },
      NULL },
    { "plain update has no transport",
      { BOTH },
      MODIFY("", "<endpoint id='a1'><transport><transport "
                 "xmlns='urn:xmpp:jingle:transports:ice-udp:1' ufrag='abcd' "
                 "pwd='0123456789012345678901'/></transport></endpoint>"),
      200,
      { "<endpoint id=\"a1\"" },
      "ufrag" },
    { "expire both",
      { BOTH },
      MODIFY("", "<endpoint id='a1' expire='true'/><endpoint id='b2' expire='true'/>"),
      200,
      { "<endpoint id=\"a1\" expire=\"true\"", "<endpoint id=\"b2\" expire=\"true\"" },
      NULL },
    { "expire an unknown one",
      { BOTH },
      MODIFY("", "<endpoint id='zz' expire='true'/>"),
      200,
      { "<endpoint id=\"zz\" expire=\"true\"" },
      NULL },
    { "mute an unknown one",
      { BOTH },
      MODIFY("", "<endpoint id='zz'><force-mute audio='true'/></endpoint>"),
      200,
      { "<endpoint id=\"zz\"" },
      NULL },
    { "emptied conference is gone",
      { BOTH, MODIFY("", "<endpoint id='a1' expire='true'/><endpoint id='b2' expire='true'/>") },
      MODIFY("", ""),
      404,
      { "conference_not_found" },
      NULL },
    { "expired conference is gone",
      { BOTH, MODIFY("expire='true'", "") },
      MODIFY("", ""),
      404,
      { "conference_not_found" },
      NULL },
    { "failed first endpoint leaves no conference", { 0 }, CREATE(NO_TRANSPORT), 400, { "<bad-request" }, NULL },
    { "ssrc of another",
      { BOTH, MODIFY("", "<endpoint id='a1'><sources>" AUDIO("a1-a0", "77") "</sources></endpoint>") },
      MODIFY("", "<endpoint id='b2'><sources>" AUDIO("b2-a0", "77") "</sources></endpoint>"),
      400,
      { "<bad-request" },
      NULL },
    { "ssrc twice in one endpoint",
      { BOTH },
      MODIFY("", "<endpoint id='b2'><sources>" AUDIO("b2-a0", "77") AUDIO("b2-a1", "77") "</sources></endpoint>"),
      400,
      { "<bad-request" },
      NULL },
    { "restart before ICE is refused",
      { BOTH },
      MODIFY("", "<endpoint id='a1'><transport ice-restart='true'/></endpoint>"),
      200,
      { "<endpoint id=\"a1\"" },
      "ufrag" },
    { "id with a slash", { 0 }, CREATE(ENDPOINT("a/b", TRANSPORT)), 400, { "<bad-request" }, NULL },
    { "id with a slash, nothing asked", { 0 }, CREATE("<endpoint id='a/b'/>"), 400, { "<bad-request" }, NULL },
    { "id too long",
      { 0 },
      CREATE(ENDPOINT("0123456789012345678901234567890123456789012345678901234567890123", TRANSPORT)),
      400,
      { "<bad-request" },
      NULL },
    { "unknown child", { BOTH }, MODIFY("", "<trace xmlns='urn:x'/>"), 200, { "<conference-modified" }, NULL },
    { "not xml", { 0 }, "hello", 400, { "<bad-request" }, NULL },
    { "other element", { 0 }, "<iq/>", 400, { "<bad-request" }, NULL },
    { "no meeting-id",
      { 0 },
      "<conference-modify xmlns='jitsi:colibri2' create='true'/>",
      400,
      { "<bad-request" },
      NULL },
};

static void test_case(gconstpointer data)
{
    const Case *c = data;
    Fixture f;
    unsigned status;
    fixture_set_up(&f, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(c->before) && c->before[i]; i++)
        fixture_ok(&f, c->before[i]);
    g_autofree char *answer = fixture_post(&f, c->request, &status);
    g_test_message("%u %s", status, answer);
    g_assert_cmpuint(status, ==, c->status);
    for (size_t i = 0; i < G_N_ELEMENTS(c->has) && c->has[i]; i++)
        g_assert_nonnull(strstr(answer, c->has[i]));
    if (c->lacks)
        g_assert_null(strstr(answer, c->lacks));
    g_assert_nonnull(strstr(answer, status == 200 ? "<conference-modified" : "<error"));
    fixture_tear_down(&f);
}

static void test_failed_creation_leaves_nothing(Fixture *f, gconstpointer data)
{
    unsigned status;
    g_free(fixture_post(f, CREATE(NO_TRANSPORT), &status));
    g_assert_cmpuint(bridge_n_conferences(f->bridge), ==, 0);
    fixture_ok(f, CREATE(ENDPOINT("a1", TRANSPORT)));
    /* b2 is made, then its sources are refused: it may be created again */
    g_free(fixture_post(
        f, MODIFY("", ENDPOINT("b2", TRANSPORT "<sources>" AUDIO("b2-a0", "7") AUDIO("b2-a1", "7") "</sources>")),
        &status));
    g_assert_cmpuint(status, ==, 400);
    g_assert_cmpuint(bridge_n_endpoints(f->bridge), ==, 1);
    fixture_ok(f, MODIFY("", ENDPOINT("b2", TRANSPORT)));
}

static void test_limits(Fixture *f, gconstpointer data)
{
    unsigned status;
    fixture_ok(f, CREATE(ENDPOINT("a1", TRANSPORT)));
    g_autofree char *second =
        fixture_post(f, "<conference-modify xmlns='jitsi:colibri2' meeting-id='m2' create='true'/>", &status);
    g_assert_cmpuint(status, ==, 503);
    g_assert_null(strstr(second, "reason"));
    g_assert_nonnull(strstr(second, "resource-constraint"));
    g_assert_nonnull(strstr(second, "No room for another conference"));
    fixture_ok(f, MODIFY("", ENDPOINT("b2", TRANSPORT)));
    g_autofree char *third = fixture_post(f, MODIFY("", ENDPOINT("c3", TRANSPORT)), &status);
    g_assert_cmpuint(status, ==, 503);
    g_assert_nonnull(strstr(third, "resource-constraint"));
    g_assert_nonnull(strstr(third, "No room for another endpoint"));
    g_free(fixture_post(f,
                        MODIFY("", "<endpoint id='a1'><sources>" AUDIO("1", "1") AUDIO("2", "2") AUDIO("3", "3")
                                       AUDIO("4", "4") "</sources></endpoint>"),
                        &status));
    g_assert_cmpuint(status, ==, 400);
    fixture_ok(f, MODIFY("", "<endpoint id='a1'><sources>" AUDIO("1", "1") AUDIO("2", "2")
                                 AUDIO("3", "3") "</sources></endpoint>"));
}

static void test_worker_full(Fixture *f, gconstpointer data)
{
    unsigned status;
    f->media->full = true;
    g_autofree char *answer = fixture_post(f, CREATE(ENDPOINT("a1", TRANSPORT)), &status);
    g_assert_cmpuint(status, ==, 503);
    g_assert_nonnull(strstr(answer, "resource-constraint"));
    g_assert_cmpuint(bridge_n_conferences(f->bridge), ==, 0);
    f->media->full = false;
    fixture_ok(f, CREATE(ENDPOINT("a1", TRANSPORT)));
}

static void test_feedback_ssrc_is_taken(Fixture *f, gconstpointer data)
{
    unsigned status;
    fixture_ok(f, CREATE(ENDPOINT("a1", TRANSPORT)));
    g_autofree char *xml =
        g_strdup_printf(MODIFY("", "<endpoint id='a1'><sources>" AUDIO("a1-a0", "%u") "</sources></endpoint>"),
                        bridge_find_meeting(f->bridge, "m1")->video_ssrc);
    g_free(fixture_post(f, xml, &status));
    g_assert_cmpuint(status, ==, 400);
}

/* Sources are replaced: what is no longer listed may be another's. */
static void test_sources_replace(Fixture *f, gconstpointer data)
{
    fixture_ok(f, CREATE(ENDPOINT("a1", TRANSPORT)));
    fixture_ok(f, MODIFY("", ENDPOINT("b2", TRANSPORT)));
    fixture_ok(f, MODIFY("", "<endpoint id='a1'><sources>" AUDIO("a1-a0", "77") "</sources></endpoint>"));
    uint64_t a1 = fixture_endpoint(f, "a1")->handle;
    const WorkerCommand *c = fake_media_last(f->media, WORKER_SOURCES, a1);
    g_assert_cmpuint(c->n, ==, 1);
    g_assert_cmpstr(c->sources.sources[0].name, ==, "a1-a0");
    g_assert_cmpuint(c->sources.sources[0].encodings[0].ssrc, ==, 77);
    fake_media_clear(f->media);
    fixture_ok(f, MODIFY("", "<endpoint id='a1'><force-mute audio='true'/></endpoint>")); /* absent: unchanged */
    g_assert_null(fake_media_last(f->media, WORKER_SOURCES, a1));
    c = fake_media_last(f->media, WORKER_FORCE_MUTE, a1);
    g_assert_true(c->force_mute.audio && !c->force_mute.video);
    fixture_ok(f, MODIFY("", "<endpoint id='a1'><sources/></endpoint>")); /* empty: cleared */
    g_assert_cmpuint(fake_media_last(f->media, WORKER_SOURCES, a1)->n, ==, 0);
    fixture_ok(f, MODIFY("", "<endpoint id='b2'><sources>" AUDIO("b2-a0", "77") "</sources></endpoint>"));
}

#define ICE_UDP                                                                                                        \
    "<transport><transport xmlns='urn:xmpp:jingle:transports:ice-udp:1' ufrag='abcd' "                                 \
    "pwd='0123456789012345678901' "
#define FP                                                                                                             \
    "<fingerprint xmlns='urn:xmpp:jingle:apps:dtls:0' hash='sha-256' setup='active'>"                                  \
    "01:23:45:67:89:AB:CD:EF:01:23:45:67:89:AB:CD:EF:01:23:45:67:89:AB:CD:EF:01:23:45:67:89:AB:"                       \
    "CD:EF</fingerprint>"
#define CANDIDATE(ip, protocol)                                                                                        \
    "<candidate component='1' foundation='1' generation='0' id='x' ip='" ip                                            \
    "' port='4000' priority='1' protocol='" protocol "' type='host'/>"

static void test_transport_update(Fixture *f, gconstpointer data)
{
    fixture_ok(f, CREATE(ENDPOINT("a1", TRANSPORT)));
    fixture_ok(f,
               MODIFY("", "<endpoint id='a1'>" ICE_UDP ">" FP CANDIDATE("192.0.2.55", "udp") CANDIDATE("x.local", "udp")
                              CANDIDATE("192.0.2.56", "tcp") "</transport></transport></endpoint>"));
    Endpoint *ep = fixture_endpoint(f, "a1");
    const WorkerCommand *c = fake_media_last(f->media, WORKER_REMOTE_ICE, ep->handle);
    g_assert_cmpstr(c->remote_ice.ufrag, ==, "abcd");
    g_assert_cmpuint(c->remote_ice.generation, ==, 0);
    g_assert_cmpuint(c->n, ==, 1); /* no names, no TCP */
    g_assert_cmpuint(fake_transport_fingerprints(ep->transport), ==, 1);
    g_assert_false(fake_transport_is_client(ep->transport));
    g_assert_false(fake_transport_started(ep->transport));
    WorkerEvent *ev = fake_event(WORKER_EV_ICE_WRITABLE, c->conference, ep->handle, 0, 0);
    bridge_on_event(f->bridge, ev);
    g_free(ev);
    g_assert_true(fake_transport_started(ep->transport));
}

static void test_ice_restart(Fixture *f, gconstpointer data)
{
    unsigned status;
    static const char restart[] = MODIFY("", "<endpoint id='a1'><transport ice-restart='true'/></endpoint>");
    fixture_ok(f, CREATE(ENDPOINT("a1", TRANSPORT)));
    Endpoint *ep = fixture_endpoint(f, "a1");
    g_autofree char *old_ufrag = g_strdup(ep->ice.ufrag);
    ep->writable = true;
    g_autofree char *first = fixture_post(f, restart, &status);
    g_assert_nonnull(strstr(first, "ice-generation=\"1\""));
    g_assert_null(strstr(first, old_ufrag));
    g_autofree char *again = fixture_post(f, restart, &status);
    g_assert_cmpstr(first, ==, again); /* the same pending transport */
    g_assert_cmpuint(fake_media_count(f->media, WORKER_ICE_RESTART), ==, 1);
    fixture_ok(f, MODIFY("", "<endpoint id='a1'>" ICE_UDP "ice-generation='7'/></transport></endpoint>")); /* stale */
    g_assert_null(fake_media_last(f->media, WORKER_REMOTE_ICE, 0));
    fixture_ok(f, MODIFY("", "<endpoint id='a1'>" ICE_UDP "ice-generation='1'/></transport></endpoint>"));
    g_assert_cmpuint(fake_media_last(f->media, WORKER_REMOTE_ICE, 0)->remote_ice.generation, ==, 1);
    WorkerEvent *ev = fake_event(WORKER_EV_ICE_RESTARTED, ep->conference->handle, ep->handle, 0, 0);
    bridge_on_event(f->bridge, ev);
    g_free(ev);
    g_autofree char *second = fixture_post(f, restart, &status);
    g_assert_nonnull(strstr(second, "ice-generation=\"2\""));
}

static void test_failures_expire(void)
{
    static const WorkerEventType types[] = { WORKER_EV_ICE_FAILED, WORKER_EV_CONSENT_LOST, WORKER_EV_ENDPOINT_IDLE };
    for (size_t i = 0; i < G_N_ELEMENTS(types); i++) {
        Fixture f;
        fixture_set_up(&f, NULL);
        fixture_ok(&f, CREATE(ENDPOINT("a1", TRANSPORT)));
        Endpoint *ep = fixture_endpoint(&f, "a1");
        WorkerEvent *ev = fake_event(types[i], ep->conference->handle, ep->handle, 0, 0);
        bridge_on_event(f.bridge, ev);
        bridge_on_event(f.bridge, ev);
        g_free(ev);
        fixture_turn();
        g_assert_cmpuint(bridge_n_endpoints(f.bridge), ==, 0);
        g_assert_cmpuint(bridge_n_conferences(f.bridge), ==, 1); /* 20 s are not over */
        g_assert_cmpuint(fake_media_count(f.media, WORKER_ENDPOINT_REMOVE), ==, 1);
        static const char *const told[] = { "a1:ICE failed;", "a1:consent lost;", "a1:inactive;" };
        g_assert_cmpstr(f.lost->str, ==, told[i]); /* once */
        fixture_tear_down(&f);
    }
}

static void test_dtls_failure_expires(Fixture *f, gconstpointer data)
{
    fixture_ok(f, CREATE(ENDPOINT("a1", TRANSPORT)));
    fake_transport_fail(fixture_endpoint(f, "a1")->transport);
    fixture_turn();
    g_assert_cmpuint(bridge_n_endpoints(f->bridge), ==, 0);
    g_assert_cmpuint(f->env.counters.dtls_failed, ==, 1);
}

/* What the focus asks for needs no telling. */
static void test_asked_is_not_told(Fixture *f, gconstpointer data)
{
    fixture_ok(f, CREATE(ENDPOINT("a1", TRANSPORT)));
    fixture_ok(f, MODIFY("", "<endpoint id='a1' expire='true'/>"));
    fixture_turn();
    g_assert_cmpstr(f->lost->str, ==, "");
}

static void test_web_socket_url(Fixture *f, gconstpointer data)
{
    unsigned status;
    g_autofree char *answer = fixture_post(f, CREATE(ENDPOINT("a1", TRANSPORT)), &status);
    Endpoint *ep = fixture_endpoint(f, "a1");
    g_autofree char *url = g_strdup_printf("url=\"wss://meet.example:443/colibri-ws/s1/%s/a1?pwd=%s\"",
                                           ep->conference->id, ep->ws_password);
    g_assert_nonnull(strstr(answer, url));
    g_assert_nonnull(strstr(answer, "wss://b.example/colibri-ws/s1/"));
    g_assert_cmpuint(strlen(ep->ws_password), ==, 24);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_log_set_always_fatal(G_LOG_FATAL_MASK | G_LOG_LEVEL_CRITICAL);
#define ADD(name, config, func) g_test_add("/bridge/colibri/" name, Fixture, config, fixture_set_up, func, fixture_end)
    ADD_ROWS("/bridge/colibri", cases, test_case);
    ADD("failed creation leaves nothing", NULL, test_failed_creation_leaves_nothing);
    ADD("limits", "[limits]\nconferences = 1\nendpoints_per_conference = 2\nssrcs_per_endpoint = 3\n", test_limits);
    ADD("full worker", NULL, test_worker_full);
    ADD("feedback ssrc is taken", NULL, test_feedback_ssrc_is_taken);
    ADD("sources replace", NULL, test_sources_replace);
    ADD("transport update", NULL, test_transport_update);
    ADD("ice restart", NULL, test_ice_restart);
    g_test_add_func("/bridge/colibri/failures expire", test_failures_expire);
    ADD("dtls failure expires", NULL, test_dtls_failure_expires);
    ADD("asked is not told", NULL, test_asked_is_not_told);
    ADD("web socket url", "[websocket]\nenabled = true\ndomains = meet.example:443; b.example\nserver_id = s1\n",
        test_web_socket_url);
    return g_test_run();
}
