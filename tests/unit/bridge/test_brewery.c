/* SPDX-License-Identifier: Apache-2.0
 *
 * The bridge in the room of bridges, against a server of a few lines in the same process: it lets the client
 * log in and bind, and plays the room with one focus in it. */
#include <gio/gio.h>
#include <string.h>
#include "bridge/brewery.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/xmpp/disco.h"
#include "common/xmpp/muc.h"
#include "tests/fakes/stanza_cutter.h"
#include "tests/unit/bridge/bridge_fixture.h"

#define ROOM "brewery@internal.d"
#define SELF "bridge@auth.d/b1"
#define FOCUS ROOM "/focus"
#define LIMIT_MS 20000

typedef struct {
    Fixture f;
    Brewery *brewery;
    Stats *stats;
    Metrics *metrics;
    const char *sick;
    /* the server */
    GSocketService *service;
    GSocketConnection *peer;
    GString *raw;
    char buffer[65536];
    guint streams;       /* headers on this connection */
    gboolean deaf, open; /* deaf: joins are not answered; open: logged in and bound */
    GPtrArray *got;      /* Stanza not looked at by the test, oldest first */
} World;

static void say(World *w, const char *format, ...) G_GNUC_PRINTF(2, 3);
static void say(World *w, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    g_autofree char *text = g_strdup_vprintf(format, ap);
    va_end(ap);
    g_output_stream_write_all(g_io_stream_get_output_stream(G_IO_STREAM(w->peer)), text, strlen(text), NULL, NULL,
                              NULL);
}

/* ---- the server ---- */

#define MUC_USER(item, status) "<x xmlns='http://jabber.org/protocol/muc#user'><item " item "/>" status "</x>"
#define OWNER "affiliation='owner' role='moderator'"

static void open_stream(World *w)
{
    static const char *const features[] = {
        "<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>PLAIN</mechanism></mechanisms>",
        "<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/>",
    };
    g_string_truncate(w->raw, 0);
    say(w,
        "<?xml version='1.0'?><stream:stream xmlns:stream='http://etherx.jabber.org/streams' xmlns='jabber:client' "
        "version='1.0' id='abc' from='auth.d'><stream:features>%s</stream:features>",
        features[MIN(w->streams, 1)]);
    w->streams++;
}

/* TRUE: nothing for the test. */
static gboolean serve(World *w, const Stanza *s)
{
    if (strcmp(stanza_name(s), "auth") == 0) {
        g_assert_cmpstr(stanza_get(s, "mechanism"), ==, "PLAIN");
        say(w, "<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>");
        return TRUE;
    }
    if (stanza_find(s, "bind", NULL)) {
        say(w,
            "<iq type='result' id='%s'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><jid>" SELF "</jid></bind></iq>",
            stanza_get(s, "id"));
        w->open = TRUE;
        return TRUE;
    }
    if (strcmp(stanza_name(s), "presence") == 0 && stanza_find(s, "x", NS_MUC) && !w->deaf)
        say(w,
            "<presence from='" FOCUS "' to='" SELF
            "'>" MUC_USER("affiliation='admin' role='moderator'", "") "</presence>"
                                                                      "<presence from='%s' to='" SELF "'>" MUC_USER(
                                                                          OWNER, "<status code='110'/>") "</presence>",
            stanza_get(s, "to"));
    return FALSE;
}

static void read_more(World *w);

static void on_bytes(GObject *source, GAsyncResult *result, gpointer user)
{
    gssize n = g_input_stream_read_finish(G_INPUT_STREAM(source), result, NULL);
    World *w = g_object_get_data(source, "world");
    Stanza *s;
    if (n <= 0 || !w)
        return;
    g_string_append_len(w->raw, w->buffer, n);
    if (strstr(w->raw->str, "<stream:stream"))
        open_stream(w);
    while ((s = stanza_cut(w->raw))) {
        if (serve(w, s))
            stanza_free(s);
        else
            g_ptr_array_add(w->got, s);
    }
    read_more(w);
}

static void read_more(World *w)
{
    GInputStream *in = g_io_stream_get_input_stream(G_IO_STREAM(w->peer));
    g_object_set_data(G_OBJECT(in), "world", w);
    g_input_stream_read_async(in, w->buffer, sizeof(w->buffer), G_PRIORITY_DEFAULT, NULL, on_bytes, NULL);
}

static void drop(World *w)
{
    if (!w->peer)
        return;
    g_object_set_data(G_OBJECT(g_io_stream_get_input_stream(G_IO_STREAM(w->peer))), "world", NULL);
    g_socket_shutdown(g_socket_connection_get_socket(w->peer), TRUE, TRUE, NULL);
    g_clear_object(&w->peer);
    w->open = FALSE;
}

static gboolean on_incoming(GSocketService *service, GSocketConnection *connection, GObject *source, gpointer user)
{
    World *w = user;
    drop(w);
    w->peer = g_object_ref(connection);
    w->streams = 0;
    g_string_truncate(w->raw, 0);
    read_more(w);
    return TRUE;
}

/* ---- the test's side ---- */

static gboolean on_limit(gpointer what)
{
    g_error("the bridge did not do it: %s", (const char *)what);
    return G_SOURCE_REMOVE;
}

typedef bool (*Match)(const Stanza *s, const char *arg);

static bool is_presence(const Stanza *s, const char *text)
{
    g_autofree char *all = stanza_to_string(s);
    return strcmp(stanza_name(s), "presence") == 0 && strstr(all, text);
}

static bool is_answer(const Stanza *s, const char *id)
{
    const char *type = stanza_get(s, "type");
    return strcmp(stanza_name(s), "iq") == 0 && g_strcmp0(stanza_get(s, "id"), id) == 0 &&
           g_strcmp0(type, "get") != 0 && g_strcmp0(type, "set") != 0;
}

static bool has_child(const Stanza *s, const char *name)
{
    return stanza_find(s, name, NULL) != NULL;
}

static Stanza *find(World *w, Match match, const char *arg)
{
    for (guint i = 0; i < w->got->len; i++)
        if (match(w->got->pdata[i], arg))
            return g_ptr_array_steal_index(w->got, i);
    return NULL;
}

static Stanza *expect(World *w, Match match, const char *arg)
{
    guint limit = g_timeout_add(LIMIT_MS, on_limit, (gpointer)arg);
    Stanza *s;
    while (!(s = find(w, match, arg)))
        g_main_context_iteration(NULL, TRUE);
    g_source_remove(limit);
    return s;
}

static void expect_error(World *w, const char *id, StanzaCondition condition)
{
    g_autoptr(Stanza) s = expect(w, is_answer, id);
    StanzaErrorInfo info;
    stanza_error_read(s, &info);
    g_assert_cmpstr(stanza_get(s, "type"), ==, "error");
    g_assert_cmpstr(stanza_condition_name(info.condition), ==, stanza_condition_name(condition));
    stanza_error_info_clear(&info);
}

static char *expect_result(World *w, const char *id)
{
    g_autoptr(Stanza) s = expect(w, is_answer, id);
    g_assert_cmpstr(stanza_get(s, "type"), ==, "result");
    return stanza_to_string(s);
}

static void wait_joined(World *w)
{
    guint limit = g_timeout_add(LIMIT_MS, on_limit, (gpointer) "join");
    while (!brewery_is_joined(w->brewery))
        g_main_context_iteration(NULL, TRUE);
    g_source_remove(limit);
}

static const char *unhealthy(gpointer user)
{
    return ((World *)user)->sick;
}

static void set_up(World *w, gconstpointer data)
{
    w->raw = g_string_new(NULL);
    w->got = g_ptr_array_new_with_free_func((GDestroyNotify)stanza_free);
    w->service = g_socket_service_new();
    guint16 port = g_socket_listener_add_any_inet_port(G_SOCKET_LISTENER(w->service), NULL, NULL);
    g_signal_connect(w->service, "incoming", G_CALLBACK(on_incoming), w);
    g_autofree char *text = g_strdup_printf("[xmpp]\nport = %u\ndomain = auth.d\nmuc = " ROOM "\nnickname = b1\n"
                                            "presence_interval = 1\n",
                                            port);
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
    wait_joined(w);
}

static void tear_down(World *w, gconstpointer data)
{
    brewery_free(w->brewery);
    stats_free(w->stats);
    fixture_tear_down(&w->f);
    metrics_free(w->metrics);
    drop(w);
    g_signal_handlers_disconnect_by_data(w->service, w);
    g_socket_service_stop(w->service);
    g_socket_listener_close(G_SOCKET_LISTENER(w->service));
    g_object_unref(w->service);
    fixture_turn();
    g_string_free(w->raw, TRUE);
    g_ptr_array_unref(w->got);
}

/* ---- tests ---- */

static void test_join(World *w, gconstpointer data)
{
    g_autoptr(Stanza) join = expect(w, is_presence, "protocol/muc\"");
    g_assert_cmpstr(stanza_get(join, "to"), ==, ROOM "/b1");
    g_autoptr(Stanza) form = expect(w, has_child, "query"); /* it owns the room, so it sets it up */
    g_assert_cmpstr(stanza_get(form, "to"), ==, ROOM);
    for (int i = 0; i < 2; i++) { /* and again every second */
        g_autoptr(Stanza) update = expect(w, is_presence, "protocol/colibri");
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
    g_autoptr(Stanza) drains = expect(w, is_presence, "name=\"drain\" value=\"true\"");
}

#define IQ(type, id, from, inside) "<iq type='" type "' id='" id "' from='" from "' to='" SELF "'>" inside "</iq>"
#define HEALTH "<healthcheck xmlns='http://jitsi.org/protocol/healthcheck'/>"

static void test_questions(World *w, gconstpointer data)
{
    say(w, IQ("get", "h1", FOCUS, HEALTH));
    g_autofree char *healthy = expect_result(w, "h1");
    w->sick = "no media workers";
    say(w, IQ("get", "h2", FOCUS, HEALTH));
    expect_error(w, "h2", STANZA_INTERNAL_SERVER_ERROR);
    say(w, IQ("get", "h3", "stranger@d/x", HEALTH));
    expect_error(w, "h3", STANZA_FORBIDDEN);
    say(w, IQ("get", "v1", FOCUS, "<query xmlns='jabber:iq:version'/>"));
    g_autofree char *version = expect_result(w, "v1");
    g_assert_nonnull(strstr(version, "<version>1.2</version>"));
    say(w, IQ("get", "p1", FOCUS, "<ping xmlns='urn:xmpp:ping'/>"));
    g_autofree char *pong = expect_result(w, "p1");
    say(w, IQ("get", "d1", FOCUS, "<query xmlns='http://jabber.org/protocol/disco#info'/>"));
    g_autofree char *features = expect_result(w, "d1");
    g_assert_nonnull(strstr(features, "http://jitsi.org/protocol/healthcheck"));
    g_assert_nonnull(strstr(features, "urn:xmpp:jingle:transports:ice-udp:1"));
    say(w, IQ("get", "q1", FOCUS, "<nonsense xmlns='urn:nobody'/>"));
    expect_error(w, "q1", STANZA_SERVICE_UNAVAILABLE);
}

static void test_conference_modify(World *w, gconstpointer data)
{
    say(w, IQ("set", "c1", ROOM "/stranger", CREATE(ENDPOINT("a1", TRANSPORT)))); /* nobody of that nick is there */
    expect_error(w, "c1", STANZA_FORBIDDEN);
    say(w, IQ("set", "c2", "user@d/focus", CREATE(ENDPOINT("a1", TRANSPORT))));
    expect_error(w, "c2", STANZA_FORBIDDEN);
    g_assert_cmpuint(bridge_n_conferences(w->f.bridge), ==, 0);
    say(w, IQ("get", "c3", FOCUS, CREATE(ENDPOINT("a1", TRANSPORT)))); /* get or set, as the reference has it */
    g_autofree char *made = expect_result(w, "c3");
    g_assert_nonnull(strstr(made, "conference-modified"));
    g_assert_cmpstr(fixture_endpoint(&w->f, "a1")->conference->focus, ==, FOCUS);
    say(w, IQ("set", "c4", FOCUS, MODIFY("", "<endpoint id='zz'><sources/></endpoint>")));
    expect_error(w, "c4", STANZA_ITEM_NOT_FOUND);
    say(w, IQ("set", "c5", FOCUS, "<conference-modify xmlns='jitsi:colibri2'/>"));
    expect_error(w, "c5", STANZA_BAD_REQUEST);
}

static void lose(World *w, const char *id)
{
    brewery_tell_lost(w->brewery, fixture_endpoint(&w->f, id), "consent lost");
}

/* A focus that knows notifications is told each time; one that does not, once for its stay. */
static void test_notifications(World *w, gconstpointer data)
{
    const BridgeCounters *counters = &w->f.env.counters;
    say(w, IQ("set", "c1", FOCUS, CREATE(ENDPOINT("a1", TRANSPORT))));
    g_autofree char *made = expect_result(w, "c1");
    lose(w, "a1");
    g_autoptr(Stanza) told = expect(w, has_child, "conference-notification");
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
    say(w, IQ("error", "%s", FOCUS, "<error type='cancel'><item-not-found xmlns='" NS_STANZAS "'/></error>"),
        stanza_get(told, "id"));
    while (counters->notifications_refused < 1)
        g_main_context_iteration(NULL, TRUE);
    lose(w, "a1");
    g_autoptr(Stanza) again = expect(w, has_child, "conference-notification");
    say(w, IQ("error", "%s", FOCUS, "<error type='cancel'><feature-not-implemented xmlns='" NS_STANZAS "'/></error>"),
        stanza_get(again, "id"));
    while (counters->notifications_refused < 2)
        g_main_context_iteration(NULL, TRUE);
    lose(w, "a1");
    g_assert_cmpuint(counters->notifications_sent, ==, 2);
    /* another one comes in its place */
    say(w, "<presence type='unavailable' from='" FOCUS "' to='" SELF
           "'>" MUC_USER("affiliation='admin' role='none'", "") "</presence>");
    say(w,
        "<presence from='" FOCUS "' to='" SELF "'>" MUC_USER("affiliation='admin' role='moderator'", "") "</presence>");
    say(w, IQ("get", "p1", FOCUS, "<ping xmlns='urn:xmpp:ping'/>"));
    g_autofree char *pong = expect_result(w, "p1");
    lose(w, "a1");
    g_autoptr(Stanza) third = expect(w, has_child, "conference-notification");
    g_assert_cmpuint(counters->notifications_sent, ==, 3);
}

/* Nobody to tell: asked by HTTP, or by a focus that is gone. */
static void test_nobody_to_tell(World *w, gconstpointer data)
{
    fixture_ok(&w->f, CREATE(ENDPOINT("a1", TRANSPORT)));
    lose(w, "a1");
    fixture_ok(&w->f, MODIFY("expire='true'", ""));
    say(w, IQ("set", "c1", FOCUS, CREATE(ENDPOINT("a1", TRANSPORT))));
    g_autofree char *made = expect_result(w, "c1");
    say(w, "<presence type='unavailable' from='" FOCUS "' to='" SELF
           "'>" MUC_USER("affiliation='admin' role='none'", "") "</presence>");
    say(w, IQ("get", "p1", "auth.d", "<ping xmlns='urn:xmpp:ping'/>"));
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
        g_ptr_array_set_size(w->got, 0);
        drop(w);
        for (int i = 0; i < 5; i++) {
            brewery_publish(w->brewery);
            g_main_context_iteration(NULL, FALSE);
        }
        lose(w, "a1"); /* nobody hears it */
        guint limit = g_timeout_add(LIMIT_MS, on_limit, (gpointer) "say anything");
        while (w->got->len == 0) {
            brewery_publish(w->brewery);
            g_main_context_iteration(NULL, TRUE);
        }
        g_source_remove(limit);
        g_autofree char *first = stanza_to_string(w->got->pdata[0]);
        g_test_message("%s", first);
        g_assert_true(has_child(w->got->pdata[0], "x"));
        g_assert_nonnull(strstr(first, NS_MUC "\""));
        wait_joined(w);
    }
    g_assert_cmpuint(bridge_n_endpoints(w->f.bridge), ==, 1);
    g_autoptr(Stanza) update = expect(w, is_presence, "protocol/colibri");
}

static void test_kicked(World *w, gconstpointer data)
{
    g_ptr_array_set_size(w->got, 0);
    say(w, "<presence type='unavailable' from='" ROOM "/b1' to='" SELF
           "'>" MUC_USER("affiliation='none' role='none'", "<status code='110'/><status code='307'/>") "</presence>");
    g_autoptr(Stanza) join = expect(w, is_presence, "protocol/muc\""); /* after BREWERY_REJOIN_MS */
    wait_joined(w);
}

static void test_leave(World *w, gconstpointer data)
{
    brewery_leave(w->brewery);
    g_autoptr(Stanza) goodbye = expect(w, is_presence, "type=\"unavailable\"");
    g_ptr_array_set_size(w->got, 0);
    brewery_publish(w->brewery);
    for (int i = 0; i < 50; i++)
        g_main_context_iteration(NULL, FALSE);
    g_assert_null(find(w, is_presence, "")); /* not in again by accident */
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
