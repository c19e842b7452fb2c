/* SPDX-License-Identifier: Apache-2.0
 *
 * What the current client really sends, recorded in calls of three (tests/vectors/signalling), said to the whole
 * focus. Only what the server or the focus decides is put in place of the recorded: addresses, session ids. */
#include <string.h>
#include "tests/unit/focus/focus_world.h"

/* Takes `text`. */
static char *replace(char *text, const char *from, const char *to)
{
    GString *s = g_string_new(text);
    g_free(text);
    g_string_replace(s, from, to, 0);
    return g_string_free(s, FALSE);
}

static char *load(const char *name)
{
    g_autofree char *file = g_strdup_printf("%s.xml", name);
    g_autofree char *path = g_test_build_filename(G_TEST_DIST, "tests", "vectors", "signalling", file, NULL);
    char *text = NULL;
    g_autoptr(GError) error = NULL;
    g_file_get_contents(path, &text, NULL, &error);
    g_assert_no_error(error);
    return replace(g_strstrip(text), " xmlns=\"jabber:client\"", "");
}

static Stanza *parse(const char *text)
{
    g_autoptr(GError) error = NULL;
    Stanza *s = stanza_parse(text, strlen(text), &error);
    g_assert_no_error(error);
    return s;
}

/* A recorded stanza as the server hands it on: from `from`, to `to`, about session `sid` (NULL: as recorded). */
static void say_recorded(World *w, const char *name, const char *id, const char *from, const char *to, const char *sid,
                         const char *bridge_session)
{
    g_autofree char *text = load(name);
    g_autoptr(Stanza) s = parse(text);
    stanza_set(s, "id", id);
    stanza_set(s, "from", from);
    stanza_set(s, "to", to);
    g_autofree char *out = stanza_to_string(s);
    const Stanza *jingle = stanza_find(s, "jingle", NS_JINGLE);
    const Stanza *session = jingle ? stanza_find(jingle, "bridge-session", NULL) : NULL;
    if (jingle && sid)
        out = replace(out, stanza_get(jingle, "sid"), sid);
    if (session && bridge_session)
        out = replace(out, stanza_get(session, "id"), bridge_session);
    const Stanza *conference = stanza_find(s, "conference", NS_JITSI_FOCUS);
    if (conference)
        out = replace(out, stanza_get(conference, "room"), ROOM);
    xmpp_server_say(w->server, "%s", out);
}

typedef struct {
    const char *nick;
    char *occupant, *sid, *bridge_session;
} Client;

static void client_clear(Client *c)
{
    g_free(c->occupant);
    g_free(c->sid);
    g_free(c->bridge_session);
}

/* The join presence, with what the MUC adds; then the answer to the focus's question about features, which it asks
 * once per hash of them. disco: NULL when it was asked before. */
static void join(World *w, Client *c, const char *presence, const char *disco_result)
{
    g_autofree char *text = load(presence);
    g_autoptr(Stanza) s = parse(text);
    c->nick = g_intern_string(jid_text_resource(stanza_get(s, "to")));
    c->occupant = g_strdup_printf(ROOM "/%s", c->nick);
    stanza_set(s, "from", c->occupant);
    stanza_set(s, "to", "focus@focus.d/focus");
    g_autofree char *x =
        g_strdup_printf(MUC_USER("affiliation='none' role='participant' jid='%s@d/res'", "") "</presence>", c->nick);
    g_autofree char *out = replace(stanza_to_string(s), "</presence>", x);
    xmpp_server_say(w->server, "%s", out);
    if (!disco_result)
        return;
    g_autoptr(Stanza) disco = xmpp_server_expect(w->server, match_query, NS_DISCO_INFO);
    g_assert_cmpstr(stanza_get(disco, "to"), ==, c->occupant);
    say_recorded(w, disco_result, stanza_get(disco, "id"), c->occupant, "focus@focus.d/focus", NULL, NULL);
}

static Stanza *take_offer(World *w, Client *c)
{
    g_autofree char *what = g_strdup_printf("session-initiate %s", c->nick);
    Stanza *offer = xmpp_server_expect(w->server, match_jingle, what);
    const Stanza *jingle = stanza_find(offer, "jingle", NS_JINGLE);
    g_free(c->sid);
    g_free(c->bridge_session);
    c->sid = g_strdup(stanza_get(jingle, "sid"));
    c->bridge_session = g_strdup(stanza_get(stanza_find(jingle, "bridge-session", NULL), "id"));
    xmpp_server_answer(w->server, offer, "result", "");
    return offer;
}

/* Says it in the client's session; the focus must take it. */
static void say_jingle(World *w, const Client *c, const char *name)
{
    say_recorded(w, name, name, c->occupant, "focus@focus.d/focus", c->sid, c->bridge_session);
    g_autoptr(Stanza) answer = xmpp_server_expect(w->server, match_answer, name);
    if (strcmp(stanza_get(answer, "type"), "result") != 0) {
        g_autofree char *text = stanza_to_string(answer);
        g_error("%s: %s", name, text);
    }
}

/* Each SSRC that the recorded stanza names was told to the bridge since the last call. */
static void bridge_knows_sources_of(World *w, const char *name)
{
    g_autofree char *text = load(name);
    guint n = 0;
    for (const char *p = text; (p = strstr(p, "<source ")); p++) {
        const char *ssrc = strstr(p, "ssrc=\"");
        g_assert_nonnull(ssrc);
        g_autofree char *attribute = g_strndup(ssrc, strcspn(ssrc + 6, "\"") + 7);
        if (!strstr(w->colibri->str, attribute))
            g_error("%s: the bridge does not know %s", name, attribute);
        n++;
    }
    g_assert_cmpuint(n, >, 0);
    g_string_truncate(w->colibri, 0);
}

static void ask(World *w)
{
    say_recorded(w, "conference", "conf", "u@d/r", "focus.d", NULL, NULL);
    g_autoptr(Stanza) ready = xmpp_server_expect(w->server, match_answer, "conf");
    const Stanza *conference = stanza_find(ready, "conference", NS_JITSI_FOCUS);
    g_assert_nonnull(conference);
    g_assert_cmpstr(stanza_get(conference, "ready"), ==, "true");
    g_assert_cmpstr(stanza_get(conference, "focusjid"), ==, "focus@focus.d");
}

static void start(World *w, Client *ada, Client *bob)
{
    ask(w);
    join(w, ada, "presence-ada", "disco-result");
    join(w, bob, "presence-bob", NULL);
    g_autoptr(Stanza) a = take_offer(w, ada), b = take_offer(w, bob);
    g_autofree char *offer = stanza_to_string(a);
    g_assert_nonnull(strstr(offer, "name=\"AV1\""));
    g_assert_nonnull(strstr(offer, "name=\"data\""));
    g_string_truncate(w->colibri, 0);
    say_jingle(w, ada, "session-accept-ada");
    bridge_knows_sources_of(w, "session-accept-ada");
    say_jingle(w, bob, "session-accept-bob");
    bridge_knows_sources_of(w, "session-accept-bob");
    /* each hears of the other, in the encoding that the client announced */
    g_autofree char *what = g_strdup_printf("source-add %s", ada->nick),
                    *name = g_strdup_printf("\"%s-v0\"", bob->nick);
    g_autoptr(Stanza) add = xmpp_server_expect(w->server, match_jingle, what);
    g_autofree char *text = stanza_to_string(add);
    g_assert_nonnull(strstr(text, "http://jitsi.org/jitmeet\">{\"sources\":"));
    g_assert_nonnull(strstr(text, name));
}

static void test_sources(World *w, gconstpointer data)
{
    Client ada = { 0 }, bob = { 0 };
    start(w, &ada, &bob);
    say_jingle(w, &ada, "source-add");
    bridge_knows_sources_of(w, "source-add");
    say_recorded(w, "source-add", "twice", ada.occupant, "focus@focus.d/focus", ada.sid, NULL);
    xmpp_server_expect_error(w->server, "twice", STANZA_BAD_REQUEST);
    client_clear(&ada);
    client_clear(&bob);
}

/* The library of 2022 beside the current one; it takes its sources back while P2P is up. */
static void test_old_client(World *w, gconstpointer data)
{
    Client ada = { 0 }, old = { 0 };
    ask(w);
    join(w, &ada, "presence-ada", "disco-result");
    join(w, &old, "2022-presence", "2022-disco-result");
    g_autoptr(Stanza) a = take_offer(w, &ada), b = take_offer(w, &old);
    say_jingle(w, &ada, "session-accept-ada");
    g_string_truncate(w->colibri, 0);
    say_jingle(w, &old, "2022-session-accept");
    bridge_knows_sources_of(w, "2022-session-accept");
    say_jingle(w, &old, "2022-transport-info");
    say_jingle(w, &old, "2022-source-remove");
    g_string_truncate(w->colibri, 0);
    say_jingle(w, &old, "2022-source-add");
    bridge_knows_sources_of(w, "2022-source-add");
    say_recorded(w, "2022-source-add", "twice", old.occupant, "focus@focus.d/focus", old.sid, NULL);
    xmpp_server_expect_error(w->server, "twice", STANZA_BAD_REQUEST);
    say_recorded(w, "2022-source-add", "not mine", ada.occupant, "focus@focus.d/focus", ada.sid, NULL);
    xmpp_server_expect_error(w->server, "not mine", STANZA_BAD_REQUEST);
    client_clear(&ada);
    client_clear(&old);
}

static void test_ice_restart(World *w, gconstpointer data)
{
    Client ada = { 0 }, bob = { 0 };
    start(w, &ada, &bob);
    say_jingle(w, &ada, "session-info-ice-restart");
    g_autofree char *what = g_strdup_printf("transport-info %s", ada.nick);
    g_autoptr(Stanza) info = xmpp_server_expect(w->server, match_jingle, what);
    g_autofree char *text = stanza_to_string(info);
    g_assert_nonnull(strstr(text, "ice-generation=\"1\""));
    g_assert_nonnull(strstr(text, "ufrag=\"ufrag1\""));
    xmpp_server_answer(w->server, info, "result", "");
    g_string_truncate(w->colibri, 0);
    say_jingle(w, &ada, "transport-info-ice-restart");
    g_autofree char *said = load("transport-info-ice-restart");
    const char *ufrag = strstr(said, "ufrag=\"");
    g_assert_nonnull(ufrag);
    g_autofree char *attribute = g_strndup(ufrag, strcspn(ufrag + 7, "\"") + 8);
    g_assert_nonnull(strstr(w->colibri->str, attribute));
    g_assert_null(xmpp_server_find(w->server, match_jingle, "session-initiate")); /* the session is kept */
    say_recorded(w, "session-info-ice-restart", "other", bob.occupant, "focus@focus.d/focus", bob.sid, "nobody's");
    xmpp_server_expect_error(w->server, "other", STANZA_ITEM_NOT_FOUND);
    client_clear(&ada);
    client_clear(&bob);
}

static void test_session_restart(World *w, gconstpointer data)
{
    Client ada = { 0 }, bob = { 0 };
    start(w, &ada, &bob);
    g_autofree char *old = g_strdup(ada.sid);
    say_jingle(w, &ada, "session-terminate-restart");
    g_autoptr(Stanza) offer = take_offer(w, &ada);
    g_assert_cmpstr(ada.sid, !=, old);
    g_string_truncate(w->colibri, 0);
    say_jingle(w, &ada, "session-accept-ada");
    bridge_knows_sources_of(w, "session-accept-ada");
    /* an answer to the session that is over */
    say_recorded(w, "session-accept-ada", "late", ada.occupant, "focus@focus.d/focus", old, NULL);
    xmpp_server_expect_error(w->server, "late", STANZA_GONE);
    client_clear(&ada);
    client_clear(&bob);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    log_init("test", LOG_LEVEL_ERROR, FALSE);
#define ADD(name, func) g_test_add("/focus/client/" name, World, NULL, world_set_up, func, world_tear_down)
    ADD("sources", test_sources);
    ADD("client of 2022", test_old_client);
    ADD("ice restart", test_ice_restart);
    ADD("session restart", test_session_restart);
    return g_test_run();
}
