/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include "tests/fakes/metrics_doc.h"
#include "tests/unit/focus/focus_world.h"

/* ---- tests ---- */

static void test_call(World *w, gconstpointer data)
{
    world_start_conference(w);
    g_autoptr(Stanza) joined = xmpp_server_expect(w->server, match_presence, "conference-properties");
    g_assert_cmpstr(stanza_get(joined, "to"), ==, ROOM "/focus");
    world_join(w, "aa");
    g_autoptr(Stanza) grant = xmpp_server_expect(w->server, match_query, NS_MUC_ADMIN);
    g_assert_cmpstr(stanza_get(stanza_find(stanza_find(grant, "query", NS_MUC_ADMIN), "item", NULL), "jid"), ==,
                    "aa@d");
    xmpp_server_answer(w->server, grant, "result", "");
    g_assert_cmpuint(w->colibri_requests, ==, 0); /* nobody is invited alone */
    world_join(w, "bb");
    g_autofree char *sid_a = world_accept_offer(w, "aa", 11);
    g_autofree char *sid_b = world_accept_offer(w, "bb", 22);
    g_assert_cmpstr(sid_a, !=, sid_b);
    /* each hears of the other */
    g_autoptr(Stanza) to_a = xmpp_server_expect(w->server, match_jingle, "source-add aa");
    g_autoptr(Stanza) to_b = xmpp_server_expect(w->server, match_jingle, "source-add bb");
    g_autofree char *text = stanza_to_string(to_b);
    g_assert_nonnull(strstr(text, "\"s\":11"));
    g_autoptr(Stanza) published = xmpp_server_expect(w->server, match_presence, "key=\"bridge-count\" value=\"1\"");
    g_assert_null(stanza_find(published, "x", NS_MUC)); /* that would be a second join */
    /* somebody else's sid is nobody's */
    xmpp_server_say(
        w->server,
        "<iq type='set' id='steal' from='" ROOM
        "/bb' to='focus@focus.d/focus'><jingle xmlns='urn:xmpp:jingle:1' action='session-terminate' sid='%s'/></iq>",
        sid_a);
    xmpp_server_expect_error(w->server, "steal", STANZA_BAD_REQUEST);
    /* the last one out ends it */
    xmpp_server_say(w->server, "<presence type='unavailable' from='" ROOM "/aa' to='focus@focus.d/focus'/>");
    xmpp_server_say(w->server, "<presence type='unavailable' from='" ROOM "/bb' to='focus@focus.d/focus'/>");
    g_autoptr(Stanza) left = xmpp_server_expect(w->server, match_presence, "type=\"unavailable\"");
    g_assert_cmpstr(stanza_get(left, "to"), ==, ROOM "/focus");
    world_wait_members(w, 0);
}

static void test_refusals(World *w, gconstpointer data)
{
    world_ask_conference(w, "none", "");
    xmpp_server_expect_error(w->server, "none", STANZA_BAD_REQUEST);
    world_ask_conference(w, "foreign", "room='demo@conference.evil'");
    xmpp_server_expect_error(w->server, "foreign", STANZA_BAD_REQUEST);
    g_autofree char *name = g_strnfill(FOCUS_MAX_ROOM_NAME + 1, 'r');
    g_autofree char *too_long = g_strdup_printf("room='%s@conference.d'", name);
    world_ask_conference(w, "long", too_long);
    xmpp_server_expect_error(w->server, "long", STANZA_BAD_REQUEST);
    world_ask_conference(w, "resource", "room='" ROOM "/nick'");
    xmpp_server_expect_error(w->server, "resource", STANZA_BAD_REQUEST);
    xmpp_server_say(w->server, "<iq type='get' id='what' from='u@d/r' to='focus.d'><q xmlns='urn:nobody'/></iq>");
    xmpp_server_expect_error(w->server, "what", STANZA_SERVICE_UNAVAILABLE);
    xmpp_server_say(
        w->server,
        "<iq type='set' id='jin' from='" ROOM
        "/x' to='focus@focus.d/focus'><jingle xmlns='urn:xmpp:jingle:1' action='session-accept' sid='1'/></iq>");
    xmpp_server_expect_error(w->server, "jin", STANZA_BAD_REQUEST);
    xmpp_server_say(w->server,
                    "<iq type='set' id='out' from='u@d/r' to='focus.d'><logout xmlns='http://jitsi.org/protocol/focus' "
                    "session-id='1'/></iq>");
    xmpp_server_expect_error(w->server, "out", STANZA_NOT_ACCEPTABLE);
    world_start_conference(w);
    /* an address that is nobody's place in the room */
    xmpp_server_say(w->server,
                    "<iq type='set' id='real' from='u@d/r' to='focus@focus.d/focus'><jingle xmlns='urn:xmpp:jingle:1' "
                    "action='session-terminate' sid='1'/></iq>");
    xmpp_server_expect_error(w->server, "real", STANZA_BAD_REQUEST);
    xmpp_server_say(w->server, "<iq type='set' id='realmute' from='u@d/r' to='focus@focus.d/focus'><mute "
                               "xmlns='http://jitsi.org/jitmeet/audio' jid='" ROOM "/aa'>true</mute></iq>");
    xmpp_server_expect_error(w->server, "realmute", STANZA_ITEM_NOT_FOUND);
    xmpp_server_say(
        w->server,
        "<iq type='get' id='url' from='u@d/r' to='focus.d'><login-url xmlns='http://jitsi.org/protocol/focus' "
        "room='" ROOM "'/></iq>");
    xmpp_server_expect_error(w->server, "url", STANZA_BAD_REQUEST); /* no machine-uid */
    xmpp_server_say(w->server, "<iq type='set' id='act' from='" ROOM
                               "/x' to='focus@focus.d/focus'><jingle xmlns='urn:xmpp:jingle:1' sid='1'/></iq>");
    xmpp_server_expect_error(w->server, "act", STANZA_BAD_REQUEST);
}

static void test_mute(World *w, gconstpointer data)
{
#define MUTE(id, from, jid, text)                                                                                      \
    "<iq type='set' id='" id "' from='" from                                                                           \
    "' to='focus@focus.d/focus'><mute xmlns='http://jitsi.org/jitmeet/audio' " jid ">" text "</mute></iq>"
    xmpp_server_say(w->server, MUTE("m0", ROOM "/aa", "jid='" ROOM "/bb'", "true"));
    xmpp_server_expect_error(w->server, "m0", STANZA_ITEM_NOT_FOUND);
    world_start_conference(w);
    world_join(w, "aa");
    world_join(w, "bb");
    g_autofree char *a = world_accept_offer(w, "aa", 11), *b = world_accept_offer(w, "bb", 22);
    xmpp_server_say(w->server, MUTE("m1", ROOM "/aa", "", "true"));
    xmpp_server_expect_error(w->server, "m1", STANZA_BAD_REQUEST);
    xmpp_server_say(w->server, MUTE("m2", ROOM "/aa", "jid='" ROOM "/bb'", "perhaps"));
    xmpp_server_expect_error(w->server, "m2", STANZA_BAD_REQUEST);
    xmpp_server_say(w->server, MUTE("m3", ROOM "/aa", "jid='" ROOM "/bb'", "true"));
    xmpp_server_expect_error(w->server, "m3", STANZA_NOT_ALLOWED); /* no moderator yet */
    xmpp_server_say(w->server, "<presence from='" ROOM "/aa' to='focus@focus.d/focus'>" MUC_USER(
                                   "affiliation='owner' role='moderator' jid='aa@d/res'", "") "</presence>");
    xmpp_server_say(w->server, MUTE("m4", ROOM "/aa", "jid='" ROOM "/bb'", "true"));
    g_autoptr(Stanza) ok = xmpp_server_expect(w->server, match_answer, "m4");
    g_assert_cmpstr(stanza_get(ok, "type"), ==, "result");
    g_autoptr(Stanza) told = xmpp_server_expect(w->server, match_child, "mute");
    g_assert_cmpstr(stanza_get(told, "to"), ==, ROOM "/bb");
    g_assert_cmpstr(stanza_get(stanza_find(told, "mute", NULL), "actor"), ==, ROOM "/aa");
    xmpp_server_say(w->server, MUTE("m5", ROOM "/aa", "jid='other@conference.d/bb'", "true"));
    g_autoptr(Stanza) elsewhere = xmpp_server_expect(w->server, match_answer, "m5");
    g_assert_cmpstr(stanza_get(elsewhere, "type"), ==, "error");
}

static void test_join_fails(World *w, gconstpointer data)
{
    w->refuse_join = TRUE;
    world_ask_conference(w, "c1", "room='" ROOM "'");
    g_autofree char *refused = world_conference_ready(w, "c1");
    g_assert_cmpstr(refused, ==, "false");
    w->refuse_join = FALSE;
    w->deaf_rooms = TRUE;
    FocusConfig *config = (FocusConfig *)config_values(w->config);
    config->conference.join_timeout_ms = w->focus->conference_config.join_timeout_ms = 1000;
    int64_t since_ms = clock_now_ms();
    world_ask_conference(w, "c2", "room='" ROOM "'");
    world_ask_conference(w, "c3", "room='" ROOM "'"); /* held as well */
    g_autofree char *late = world_conference_ready(w, "c2"), *late_too = world_conference_ready(w, "c3");
    g_assert_cmpstr(late, ==, "false");
    g_assert_cmpstr(late_too, ==, "false");
    g_assert_cmpint(clock_now_ms() - since_ms, >=, 900);
    w->deaf_rooms = FALSE;
    config->conference.join_timeout_ms = w->focus->conference_config.join_timeout_ms = 30000;
    world_start_conference(w);
}

static gint64 refused(World *w, const char *reason)
{
    return metric_get(metrics_counter(w->focus->registry, "conference_requests_refused", "", "reason", reason));
}

static void test_limits(World *w, gconstpointer data)
{
    const char *rooms[] = { "r1", "r2", "r3", "r4", "r1", "r1", "r1" };
    const char *want[] = {
        "true", "true", "true", "false", "true", "true", "false"
    }; /* 3 rooms; 6 requests of one user */
    for (guint i = 0; i < G_N_ELEMENTS(rooms); i++) {
        g_autofree char *attributes = g_strdup_printf("room='%s@conference.d'", rooms[i]);
        g_autofree char *id = g_strdup_printf("l%u", i);
        world_ask_conference(w, id, attributes);
        g_autofree char *ready = world_conference_ready(w, id);
        g_assert_cmpstr(ready, ==, want[i]);
    }
    g_assert_cmpint(refused(w, "conferences"), ==, 1);
    g_assert_cmpint(refused(w, "user_rate"), ==, 1);
    focus_drain(w->focus);
    xmpp_server_say(w->server, "<iq type='set' id='d1' from='other@d/r' to='focus.d'><conference "
                               "xmlns='http://jitsi.org/protocol/focus' room='new@conference.d'/></iq>");
    g_autofree char *drained = world_conference_ready(w, "d1");
    g_assert_cmpstr(drained, ==, "false");
    xmpp_server_say(w->server, "<iq type='set' id='d2' from='other@d/r' to='focus.d'><conference "
                               "xmlns='http://jitsi.org/protocol/focus' room='r1@conference.d'/></iq>");
    g_autofree char *running = world_conference_ready(w, "d2");
    g_assert_cmpstr(running, ==, "true");
    g_assert_cmpint(refused(w, "draining"), ==, 1);
}

/* Rooms of one user are counted apart from those of all; who comes to a room that is there is not counted. */
static void test_user_conferences(World *w, gconstpointer data)
{
    FocusConfig *config = (FocusConfig *)config_values(w->config);
    static const struct {
        const char *from, *room, *ready;
    } rows[] = {
        { "u@d/r", "r1", "true" },  { "u@d/other", "r2", "false" }, /* another device of the same user */
        { "v@d/r", "r2", "true" },  { "u@d/r", "r2", "true" },
        { "v@d/r", "r3", "false" }, { "w@d/r", "r3", "true" },
    };
    config->limits.conferences_per_user = 1;
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *id = g_strdup_printf("u%u", i);
        xmpp_server_say(
            w->server,
            "<iq type='set' id='%s' from='%s' to='focus.d'><conference xmlns='http://jitsi.org/protocol/focus' "
            "room='%s@conference.d'/></iq>",
            id, rows[i].from, rows[i].room);
        g_autofree char *ready = world_conference_ready(w, id);
        g_assert_cmpstr(ready, ==, rows[i].ready);
    }
    g_assert_cmpint(refused(w, "user_conferences"), ==, 2);
    config->limits.conferences_per_user = 100;
}

static void test_bridge_lost(World *w, gconstpointer data)
{
    world_start_conference(w);
    world_join(w, "aa");
    world_join(w, "bb");
    g_autofree char *a = world_accept_offer(w, "aa", 11), *b = world_accept_offer(w, "bb", 22);
    world_say_bridge(w, "type='unavailable'");
    g_autoptr(Stanza) end_a = xmpp_server_expect(w->server, match_jingle, "session-terminate aa");
    g_autoptr(Stanza) end_b = xmpp_server_expect(w->server, match_jingle, "session-terminate bb");
    g_autoptr(Stanza) down = xmpp_server_expect(w->server, match_presence, "bridgeNotAvailable");
    world_say_bridge(w, "");
    g_autofree char *a2 = world_accept_offer(w, "aa", 11), *b2 = world_accept_offer(w, "bb", 22);
    g_assert_cmpstr(a, !=, a2);
    g_assert_cmpstr(b, !=, b2);
}

/* Its network is gone, the bridge says so: whoever it is about is invited again, nobody else notices. */
static void test_endpoint_lost(World *w, gconstpointer data)
{
#define NOTICE(id, from, meeting, endpoint, more)                                                                      \
    "<iq type='set' id='" id "' from='" from "' to='focus@focus.d/focus'><conference-notification "                    \
    "xmlns='jitsi:colibri2' meeting-id='" meeting "'><notification id='" endpoint "' type='ice_failed' " more          \
    "/></conference-notification></iq>"
    world_start_conference(w);
    world_join(w, "aa");
    world_join(w, "bb");
    g_autofree char *a = world_accept_offer(w, "aa", 11), *b = world_accept_offer(w, "bb", 22);
    xmpp_server_say(w->server, NOTICE("n1", ROOM "/bb", "m-1", "aa", ""));
    xmpp_server_expect_error(w->server, "n1", STANZA_FORBIDDEN); /* no bridge */
    xmpp_server_say(w->server, NOTICE("n2", BRIDGE, "m-2", "aa", ""));
    xmpp_server_expect_error(w->server, "n2", STANZA_ITEM_NOT_FOUND);
    xmpp_server_say(w->server,
                    "<iq type='set' id='n3' from='" BRIDGE "' to='focus@focus.d/focus'><conference-notification "
                    "xmlns='jitsi:colibri2'/></iq>");
    xmpp_server_expect_error(w->server, "n3", STANZA_BAD_REQUEST);
    xmpp_server_say(w->server, NOTICE("n4", BRIDGE, "m-1", "aa", "ufrag='earlier'")); /* the endpoint before */
    g_autoptr(Stanza) stale = xmpp_server_expect(w->server, match_answer, "n4");
    g_assert_cmpstr(stanza_get(stale, "type"), ==, "result");
    g_assert_null(xmpp_server_find(w->server, match_jingle, "session-terminate aa"));
    xmpp_server_say(w->server, NOTICE("n5", BRIDGE, "m-1", "aa", "ufrag='ufrag' description='consent lost'"));
    g_autoptr(Stanza) ok = xmpp_server_expect(w->server, match_answer, "n5");
    g_assert_cmpstr(stanza_get(ok, "type"), ==, "result");
    g_autoptr(Stanza) over = xmpp_server_expect(w->server, match_jingle, "session-terminate aa");
    g_autofree char *text = stanza_to_string(over);
    g_assert_nonnull(strstr(text, "connectivity-error"));
    g_assert_nonnull(strstr(text, "consent lost"));
    g_autofree char *again = world_accept_offer(w, "aa", 11);
    g_assert_cmpstr(again, !=, a);
    g_assert_null(xmpp_server_find(w->server, match_jingle, "session-terminate bb"));
}

static void test_silent_bridge(World *w, gconstpointer data)
{
    w->bridge_silent = TRUE;
    world_start_conference(w);
    ((FocusConfig *)config_values(w->config))->xmpp.reply_timeout_ms = 1000;
    world_join(w, "aa");
    world_join(w, "bb");
    g_autoptr(Stanza) down =
        xmpp_server_expect(w->server, match_presence, "bridgeNotAvailable"); /* after the answer's deadline */
    g_assert_cmpstr(focus_not_ready(w->focus), ==, "no bridge works");
}

/* The stream breaks, one leaves and one comes meanwhile: the call of the third is not touched. */
static void test_reconnect(World *w, gconstpointer data)
{
    world_start_conference(w);
    world_join(w, "aa");
    world_join(w, "bb");
    g_autofree char *a = world_accept_offer(w, "aa", 11), *b = world_accept_offer(w, "bb", 22);
    w->present = "<presence from='" ROOM "/aa' to='focus@focus.d/focus'>" MUC_USER(
        GUEST("aa"), "") "</presence>"
                         "<presence from='" ROOM
                         "/cc' to='focus@focus.d/focus'>" MUC_USER(GUEST("cc"), "") "</presence>";
    guint joins = w->joins;
    xmpp_server_drop(w->server);
    g_autoptr(Stanza) disco = xmpp_server_expect(w->server, match_query, NS_DISCO_INFO);
    g_assert_cmpstr(stanza_get(disco, "to"), ==, ROOM "/cc");
    xmpp_server_answer(w->server, disco, "result", WORLD_FEATURES);
    g_autofree char *c = world_accept_offer(w, "cc", 33);
    g_assert_cmpuint(w->joins, ==, joins + 2);
    world_wait_members(w, 2);
    g_assert_null(xmpp_server_find(w->server, match_jingle, "session-terminate aa"));
    g_assert_null(xmpp_server_find(w->server, match_jingle, "session-initiate aa"));
    /* and if nobody is left, it is over */
    w->present = NULL;
    xmpp_server_drop(w->server);
    world_wait_members(w, 0);
}

/* An operator reads nothing but this: each metric has a type and a sentence. */
static void test_metrics_text(World *w, gconstpointer data)
{
    world_start_conference(w);
    world_join(w, "aa");
    world_join(w, "bb");
    g_autofree char *a = world_accept_offer(w, "aa", 11);
    /* one of each that is made when first needed */
    xmpp_server_say(w->server, "<iq type='set' id='nobody' from='" ROOM "/aa' to='focus@focus.d/focus'><jingle "
                               "xmlns='urn:xmpp:jingle:1' action='session-terminate' sid='none'/></iq>");
    xmpp_server_expect_error(w->server, "nobody", STANZA_BAD_REQUEST);
    g_autofree char *text = metrics_to_openmetrics(w->focus->registry);
    metrics_doc_check(text, "jitsi_jicofo_");
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    guint n = 0;
    for (char **line = lines; *line; line++) {
        g_auto(GStrv) words = g_strsplit(*line, " ", 4);
        if (!g_str_has_prefix(*line, "# TYPE "))
            continue;
        g_autofree char *help = g_strdup_printf("# HELP %s ", words[2]);
        const char *found = strstr(text, help);
        if (!found)
            g_error("no HELP for %s", words[2]);
        g_autofree char *sentence = g_strndup(found + strlen(help), strcspn(found + strlen(help), "\n"));
        g_assert_cmpuint(strlen(sentence), >, 10);
        g_assert_true(g_str_has_suffix(sentence, "."));
        n++;
    }
    g_assert_cmpuint(n, >, 20);
    g_assert_nonnull(strstr(text, "# HELP jitsi_jicofo_jingle_session_accept_received Jingle requests received"));
    g_assert_nonnull(strstr(text, "conference_requests_refused_total{reason=\"joins\"} 0"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    log_init("test", LOG_LEVEL_ERROR, FALSE);
#define ADD(name, func) g_test_add("/focus/whole/" name, World, NULL, world_set_up, func, world_tear_down)
    ADD("call", test_call);
    ADD("refusals", test_refusals);
    ADD("mute", test_mute);
    ADD("join fails", test_join_fails);
    ADD("limits", test_limits);
    ADD("limits of one user", test_user_conferences);
    ADD("bridge lost", test_bridge_lost);
    ADD("endpoint lost", test_endpoint_lost);
    ADD("silent bridge", test_silent_bridge);
    ADD("reconnect", test_reconnect);
    ADD("metrics text", test_metrics_text);
    return g_test_run();
}
