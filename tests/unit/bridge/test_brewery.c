/* SPDX-License-Identifier: Apache-2.0
 *
 * The bridge in the room of bridges, against a fake server; the test plays the room with one focus in it. */
#include <string.h>
#include "bridge/brewery.h"
#include "common/base/log.h"
#include "common/xmpp/disco.h"
#include "common/xmpp/muc.h"
#include "tests/fakes/await.h"
#include "tests/fakes/xmpp_server.h"
#include "tests/unit/bridge/bridge_fixture.h"

#define ROOM "brewery@internal.d"
#define SELF "bridge@auth.d/b1"
#define FOCUS ROOM "/focus"

typedef struct {
    Fixture f;
    Brewery *brewery;
    Stats *stats;
    Metrics *metrics;
    const char *sick;
    XmppServer *server;
} World;

/* ---- the room ---- */

#define MUC_USER(item, status) "<x xmlns='http://jabber.org/protocol/muc#user'><item " item "/>" status "</x>"
#define OWNER "affiliation='owner' role='moderator'"

/* Whoever joins finds a focus there; the test may look at the join too. */
static gboolean play_room(const Stanza *s, gpointer user)
{
    const World *w = user;
    if (strcmp(stanza_name(s), "presence") == 0 && stanza_find(s, "x", NS_MUC))
        xmpp_server_say(w->server,
                        "<presence from='" FOCUS "' to='" SELF
                        "'>" MUC_USER("affiliation='admin' role='moderator'",
                                      "") "</presence>"
                                          "<presence from='%s' to='" SELF
                                          "'>" MUC_USER(OWNER, "<status code='110'/>") "</presence>",
                        stanza_get(s, "to"));
    return FALSE;
}

/* ---- the test's side ---- */

static char *expect_result(World *w, const char *id)
{
    g_autoptr(Stanza) s = xmpp_server_expect(w->server, match_answer, id);
    g_assert_cmpstr(stanza_get(s, "type"), ==, "result");
    return stanza_to_string(s);
}

static const char *unhealthy(gpointer user)
{
    return ((World *)user)->sick;
}

static void set_up(World *w, gconstpointer data)
{
    static const XmppServerScript script = { .mode = XMPP_LINK_CLIENT, .jid = SELF, .secret = "secret" };
    w->server = xmpp_server_new(&script, play_room, w);
    g_autofree char *text = g_strdup_printf("[xmpp]\nport = %u\ndomain = auth.d\nmuc = " ROOM "\nnickname = b1\n"
                                            "presence_interval = 1\n",
                                            xmpp_server_port(w->server));
    fixture_set_up(&w->f, text);
    ((BridgeConfig *)w->f.env.config)->xmpp.password = "secret";
    w->metrics = metrics_new("t_");
    w->stats = stats_new(w->f.bridge, &(StatsConfig){ "1.2", 1, NULL, unhealthy, w }, w->metrics);
    w->brewery = brewery_new(&(BreweryConfig){ w->f.env.config, "1.2", unhealthy, w });
    brewery_start(w->brewery, w->f.bridge, w->stats);
}

static void set_up_joined(World *w, gconstpointer data)
{
    set_up(w, data);
    AWAIT(brewery_is_joined(w->brewery));
}

static void tear_down(World *w, gconstpointer data)
{
    brewery_free(w->brewery);
    stats_free(w->stats);
    fixture_tear_down(&w->f);
    metrics_free(w->metrics);
    xmpp_server_free(w->server);
}

/* ---- tests ---- */

static void test_join(World *w, gconstpointer data)
{
    g_autoptr(Stanza) join = xmpp_server_expect(w->server, match_presence, "protocol/muc\"");
    g_assert_cmpstr(stanza_get(join, "to"), ==, ROOM "/b1");
    g_autoptr(Stanza) form =
        xmpp_server_expect(w->server, match_child, "query"); /* it owns the room, so it sets it up */
    g_assert_cmpstr(stanza_get(form, "to"), ==, ROOM);
    for (int i = 0; i < 2; i++) { /* and again every second */
        g_autoptr(Stanza) update = xmpp_server_expect(w->server, match_presence, "protocol/colibri");
        g_autofree char *text = stanza_to_string(update);
        g_assert_null(stanza_find(update, "x", NS_MUC)); /* that would be a second join */
        g_assert_nonnull(strstr(text, "name=\"drain\" value=\"false\""));
        g_assert_nonnull(strstr(text, "name=\"healthy\" value=\"true\""));
        g_assert_nonnull(strstr(text, "name=\"version\" value=\"1.2\""));
        g_assert_nonnull(strstr(text, "name=\"stress_level\""));
        g_assert_nonnull(strstr(text, "name=\"graceful_shutdown\" value=\"false\""));
    }
    bridge_set_drain(w->f.bridge, true);
    brewery_publish(w->brewery); /* what main does on this event: at once */
    g_autoptr(Stanza) drains = xmpp_server_expect(w->server, match_presence, "name=\"drain\" value=\"true\"");
}

#define IQ(type, id, from, inside) "<iq type='" type "' id='" id "' from='" from "' to='" SELF "'>" inside "</iq>"
#define HEALTH "<healthcheck xmlns='http://jitsi.org/protocol/healthcheck'/>"

static void test_questions(World *w, gconstpointer data)
{
    xmpp_server_say(w->server, IQ("get", "h1", FOCUS, HEALTH));
    g_autofree char *healthy = expect_result(w, "h1");
    w->sick = "no media workers";
    xmpp_server_say(w->server, IQ("get", "h2", FOCUS, HEALTH));
    xmpp_server_expect_error(w->server, "h2", STANZA_INTERNAL_SERVER_ERROR);
    xmpp_server_say(w->server, IQ("get", "h3", "stranger@d/x", HEALTH));
    xmpp_server_expect_error(w->server, "h3", STANZA_FORBIDDEN);
    xmpp_server_say(w->server, IQ("get", "v1", FOCUS, "<query xmlns='jabber:iq:version'/>"));
    g_autofree char *version = expect_result(w, "v1");
    g_assert_nonnull(strstr(version, "<version>1.2</version>"));
    xmpp_server_say(w->server, IQ("get", "p1", FOCUS, "<ping xmlns='urn:xmpp:ping'/>"));
    g_autofree char *pong = expect_result(w, "p1");
    xmpp_server_say(w->server, IQ("get", "d1", FOCUS, "<query xmlns='http://jabber.org/protocol/disco#info'/>"));
    g_autofree char *features = expect_result(w, "d1");
    g_assert_nonnull(strstr(features, "http://jitsi.org/protocol/healthcheck"));
    g_assert_nonnull(strstr(features, "urn:xmpp:jingle:transports:ice-udp:1"));
    xmpp_server_say(w->server, IQ("get", "q1", FOCUS, "<nonsense xmlns='urn:nobody'/>"));
    xmpp_server_expect_error(w->server, "q1", STANZA_SERVICE_UNAVAILABLE);
}

static void test_conference_modify(World *w, gconstpointer data)
{
    xmpp_server_say(w->server, IQ("set", "c1", ROOM "/stranger",
                                  CREATE(ENDPOINT("a1", TRANSPORT)))); /* nobody of that nick is there */
    xmpp_server_expect_error(w->server, "c1", STANZA_FORBIDDEN);
    xmpp_server_say(w->server, IQ("set", "c2", "user@d/focus", CREATE(ENDPOINT("a1", TRANSPORT))));
    xmpp_server_expect_error(w->server, "c2", STANZA_FORBIDDEN);
    g_assert_cmpuint(bridge_n_conferences(w->f.bridge), ==, 0);
    xmpp_server_say(
        w->server, IQ("get", "c3", FOCUS, CREATE(ENDPOINT("a1", TRANSPORT)))); /* get or set, as the reference has it */
    g_autofree char *made = expect_result(w, "c3");
    g_assert_nonnull(strstr(made, "conference-modified"));
    g_assert_cmpstr(fixture_endpoint(&w->f, "a1")->conference->focus, ==, FOCUS);
    xmpp_server_say(w->server, IQ("set", "c4", FOCUS, MODIFY("", "<endpoint id='zz'><sources/></endpoint>")));
    xmpp_server_expect_error(w->server, "c4", STANZA_ITEM_NOT_FOUND);
    xmpp_server_say(w->server, IQ("set", "c5", FOCUS, "<conference-modify xmlns='jitsi:colibri2'/>"));
    xmpp_server_expect_error(w->server, "c5", STANZA_BAD_REQUEST);
}

static void lose(World *w, const char *id)
{
    brewery_tell_lost(w->brewery, fixture_endpoint(&w->f, id), "consent lost");
}

/* A focus that knows notifications is told each time; one that does not, once for its stay. */
static void test_notifications(World *w, gconstpointer data)
{
    const BridgeCounters *counters = &w->f.env.counters;
    xmpp_server_say(w->server, IQ("set", "c1", FOCUS, CREATE(ENDPOINT("a1", TRANSPORT))));
    g_autofree char *made = expect_result(w, "c1");
    lose(w, "a1");
    g_autoptr(Stanza) told = xmpp_server_expect(w->server, match_child, "conference-notification");
    g_assert_cmpstr(stanza_get(told, "to"), ==, FOCUS);
    g_assert_cmpstr(stanza_get(told, "type"), ==, "set");
    g_autoptr(GError) error = NULL;
    g_autoptr(Colibri2Notification) n =
        colibri2_notification_parse(stanza_find(told, "conference-notification", NULL), &error);
    g_assert_no_error(error);
    const Colibri2Notice *one = n->notices->pdata[0];
    g_assert_cmpstr(n->meeting_id, ==, "m1");
    g_assert_cmpstr(one->endpoint_id, ==, "a1");
    g_assert_cmpstr(one->type, ==, COLIBRI2_ICE_FAILED);
    g_assert_cmpstr(one->description, ==, "consent lost");
    g_assert_cmpstr(one->ufrag, ==, fixture_endpoint(&w->f, "a1")->first_ufrag);
    /* the conference is over there: that is no refusal to listen */
    xmpp_server_say(w->server,
                    IQ("error", "%s", FOCUS, "<error type='cancel'><item-not-found xmlns='" NS_STANZAS "'/></error>"),
                    stanza_get(told, "id"));
    AWAIT(counters->notifications_refused >= 1);
    lose(w, "a1");
    g_autoptr(Stanza) again = xmpp_server_expect(w->server, match_child, "conference-notification");
    xmpp_server_say(
        w->server,
        IQ("error", "%s", FOCUS, "<error type='cancel'><feature-not-implemented xmlns='" NS_STANZAS "'/></error>"),
        stanza_get(again, "id"));
    AWAIT(counters->notifications_refused >= 2);
    lose(w, "a1");
    g_assert_cmpuint(counters->notifications_sent, ==, 2);
    /* another one comes in its place */
    xmpp_server_say(w->server, "<presence type='unavailable' from='" FOCUS "' to='" SELF
                               "'>" MUC_USER("affiliation='admin' role='none'", "") "</presence>");
    xmpp_server_say(w->server, "<presence from='" FOCUS "' to='" SELF
                               "'>" MUC_USER("affiliation='admin' role='moderator'", "") "</presence>");
    xmpp_server_say(w->server, IQ("get", "p1", FOCUS, "<ping xmlns='urn:xmpp:ping'/>"));
    g_autofree char *pong = expect_result(w, "p1");
    lose(w, "a1");
    g_autoptr(Stanza) third = xmpp_server_expect(w->server, match_child, "conference-notification");
    g_assert_cmpuint(counters->notifications_sent, ==, 3);
}

/* Nobody to tell: asked by HTTP, or by a focus that is gone. */
static void test_nobody_to_tell(World *w, gconstpointer data)
{
    fixture_ok(&w->f, CREATE(ENDPOINT("a1", TRANSPORT)));
    lose(w, "a1");
    fixture_ok(&w->f, MODIFY("expire='true'", ""));
    xmpp_server_say(w->server, IQ("set", "c1", FOCUS, CREATE(ENDPOINT("a1", TRANSPORT))));
    g_autofree char *made = expect_result(w, "c1");
    xmpp_server_say(w->server, "<presence type='unavailable' from='" FOCUS "' to='" SELF
                               "'>" MUC_USER("affiliation='admin' role='none'", "") "</presence>");
    xmpp_server_say(w->server, IQ("get", "p1", "auth.d", "<ping xmlns='urn:xmpp:ping'/>"));
    g_autofree char *pong = expect_result(w, "p1");
    lose(w, "a1");
    g_assert_cmpuint(w->f.env.counters.notifications_sent, ==, 0);
}

/* The server restarts: whatever happens meanwhile, the first word on the new stream is the join; statistics sent
 * ahead of it would be refused, and taken for the join's refusal. Conferences go on. */
static void test_reconnect(World *w, gconstpointer data)
{
    fixture_ok(&w->f, CREATE(ENDPOINT("a1", TRANSPORT)));
    for (int round = 0; round < 3; round++) {
        xmpp_server_forget(w->server);
        xmpp_server_drop(w->server);
        for (int i = 0; i < 5; i++) {
            brewery_publish(w->brewery);
            g_main_context_iteration(NULL, FALSE);
        }
        lose(w, "a1"); /* nobody hears it */
        const GPtrArray *unseen = xmpp_server_unseen(w->server);
        AWAIT((brewery_publish(w->brewery), unseen->len > 0));
        g_autofree char *first = stanza_to_string(unseen->pdata[0]);
        g_test_message("%s", first);
        g_assert_true(match_child(unseen->pdata[0], "x"));
        g_assert_nonnull(strstr(first, NS_MUC "\""));
        AWAIT(brewery_is_joined(w->brewery));
    }
    g_assert_cmpuint(bridge_n_endpoints(w->f.bridge), ==, 1);
    g_autoptr(Stanza) update = xmpp_server_expect(w->server, match_presence, "protocol/colibri");
}

static void test_kicked(World *w, gconstpointer data)
{
    xmpp_server_forget(w->server);
    xmpp_server_say(w->server, "<presence type='unavailable' from='" ROOM "/b1' to='" SELF
                               "'>" MUC_USER("affiliation='none' role='none'",
                                             "<status code='110'/><status code='307'/>") "</presence>");
    g_autoptr(Stanza) join =
        xmpp_server_expect(w->server, match_presence, "protocol/muc\""); /* after BREWERY_REJOIN_MS */
    AWAIT(brewery_is_joined(w->brewery));
}

static void test_leave(World *w, gconstpointer data)
{
    brewery_leave(w->brewery);
    g_autoptr(Stanza) goodbye = xmpp_server_expect(w->server, match_presence, "type=\"unavailable\"");
    xmpp_server_forget(w->server);
    brewery_publish(w->brewery);
    xmpp_server_say(w->server, IQ("get", "p1", "auth.d", "<ping xmlns='urn:xmpp:ping'/>"));
    g_autoptr(Stanza) later = xmpp_server_expect(w->server, match_answer, "p1");
    g_assert_null(xmpp_server_find(w->server, match_presence, "")); /* not in again by accident */
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    log_init("test", LOG_LEVEL_ERROR, FALSE);
#define ADD(name, func) g_test_add("/bridge/brewery/" name, World, NULL, set_up_joined, func, tear_down)
    g_test_add("/bridge/brewery/join", World, NULL, set_up, test_join, tear_down);
    ADD("questions", test_questions);
    ADD("conference-modify", test_conference_modify);
    ADD("notifications", test_notifications);
    ADD("nobody to tell", test_nobody_to_tell);
    ADD("reconnect", test_reconnect);
    ADD("kicked", test_kicked);
    ADD("leave", test_leave);
    return g_test_run();
}
