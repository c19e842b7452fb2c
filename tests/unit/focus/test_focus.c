/* SPDX-License-Identifier: Apache-2.0
 *
 * The whole focus but for main(), against a server of a few lines in the same process: it answers the
 * component handshake, plays the rooms (joins, owner forms) and one bridge with the real codec; the test
 * speaks for the clients. */
#include <gio/gio.h>
#include <string.h>
#include "common/base/clock.h"
#include "common/base/log.h"
#include "focus/focus.h"

#define BREWERY "jvbbrewery@internal.d"
#define BRIDGE BREWERY "/b1"
#define ROOM "demo@conference.d"

typedef struct {
    /* server */
    GSocketService *service;
    GSocketConnection *peer;
    GString *raw;   /* bytes not yet taken apart */
    GPtrArray *got; /* Stanza the focus sent, not yet looked at by the test */
    char buffer[65536];
    gboolean open, bridge_silent, refuse_join, deaf_rooms;
    const char *present; /* presence of others that a join to the room shows */
    guint colibri_requests, joins;
    /* focus */
    GMainLoop *loop;
    Config *config;
    Focus *focus;
} World;

/* ---- the server ---- */

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

static void answer(World *w, const Stanza *iq, const char *type, const char *payload)
{
    say(w, "<iq type='%s' id='%s' from='%s' to='%s'>%s</iq>", type, stanza_get(iq, "id"), stanza_get(iq, "to"),
        stanza_get(iq, "from"), payload);
}

#define MUC_USER(item, status) "<x xmlns='http://jabber.org/protocol/muc#user'><item " item "/>" status "</x>"
#define OWNER "affiliation='owner' role='moderator'"
#define GUEST(n) "affiliation='none' role='participant' jid='" n "@d/res'"

static void say_bridge(World *w, const char *type)
{
    say(w,
        "<presence from='" BRIDGE "' to='focus@focus.d/focus' %s>" MUC_USER(
            "affiliation='owner' role='moderator' jid='b@auth.d/1'",
            "") "<stats xmlns='http://jitsi.org/protocol/colibri'><stat name='version' value='1'/><stat "
                "name='stress_level' value='0.1'/>"
                "<stat name='drain' value='false'/><stat name='healthy' value='true'/></stats></presence>",
        type);
}

/* Allocations get a transport; everything else an empty answer. */
static void play_bridge(World *w, const Stanza *iq)
{
    const Stanza *payload = stanza_find(iq, "conference-modify", NS_COLIBRI2);
    if (!payload) {
        answer(w, iq, "result", "");
        return;
    }
    w->colibri_requests++;
    if (w->bridge_silent)
        return;
    g_autoptr(Colibri2Modify) m = colibri2_modify_parse(payload, NULL);
    g_assert_nonnull(m);
    g_autoptr(Colibri2Modified) out = colibri2_modified_new();
    for (guint i = 0; i < m->endpoints->len; i++) {
        const Colibri2Endpoint *e = m->endpoints->pdata[i];
        if (!e->create)
            continue;
        Colibri2Endpoint *answered = colibri2_modified_add_endpoint(out, e->id);
        answered->transport = colibri2_transport_new();
        answered->transport->has_sctp = e->transport && e->transport->has_sctp;
        answered->transport->sctp_port = 5000;
        answered->transport->ice = ice_transport_new();
        ice_transport_set_credentials(answered->transport->ice, "ufrag", "password-password-pass");
        ice_transport_add_fingerprint(answered->transport->ice, "sha-1",
                                      "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33", DTLS_ACTPASS);
        ice_transport_add_candidate(answered->transport->ice, ICE_HOST, "1", "udp", "127.0.0.1", 10000, 1);
    }
    Stanza *built = colibri2_modified_build(out);
    g_autofree char *text = stanza_to_string(built);
    stanza_free(built);
    answer(w, iq, "result", text);
}

static gboolean play_room(World *w, const Stanza *s)
{
    const char *to = stanza_get(s, "to");
    if (strcmp(stanza_name(s), "presence") == 0) {
        if (stanza_find(s, "x", NS_MUC)) {
            w->joins++;
            if (g_str_has_prefix(to, BREWERY))
                say_bridge(w, "");
            if (w->present && g_str_has_prefix(to, ROOM))
                say(w, "%s", w->present);
            if (w->refuse_join && g_str_has_prefix(to, ROOM))
                say(w,
                    "<presence type='error' from='%s' to='focus@focus.d/focus'><error type='auth'><forbidden "
                    "xmlns='" NS_STANZAS "'/></error></presence>",
                    to);
            else if (!w->deaf_rooms || g_str_has_prefix(to, BREWERY))
                say(w,
                    "<presence from='%s' to='focus@focus.d/focus'>" MUC_USER(OWNER,
                                                                             "<status code='110'/>") "</presence>",
                    to);
        }
        return FALSE; /* the test may look at it too */
    }
    const Stanza *form = stanza_find(s, "query", NS_MUC_OWNER);
    if (form) {
        answer(w, s, "result",
               strcmp(stanza_get(s, "type"), "get") == 0
                   ? "<query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data' type='form'><field "
                     "var='muc#roominfo_meetingId'><value>m-1</value></field></x></query>"
                   : "");
        return TRUE;
    }
    if (strcmp(to, BRIDGE) == 0) {
        play_bridge(w, s);
        return TRUE;
    }
    return FALSE;
}

/* Cuts whole stanzas off the front: elements at depth 0 behind the stream header. */
static void take_apart(World *w)
{
    for (;;) {
        int depth = 0;
        gboolean quoted = FALSE, whole = FALSE;
        gsize end = 0;
        for (gsize i = 0; i < w->raw->len && !whole; i++) {
            const char *p = w->raw->str + i;
            if (*p == '"')
                quoted = !quoted;
            if (quoted)
                continue;
            if (*p == '<')
                depth += p[1] == '/' ? -1 : 1;
            if (*p == '>') {
                depth -= p[-1] == '/';
                whole = depth == 0;
                end = i + 1;
            }
        }
        if (!whole)
            return;
        g_autoptr(GError) error = NULL;
        Stanza *s = stanza_parse(w->raw->str, end, &error);
        g_assert_no_error(error);
        g_string_erase(w->raw, 0, (gssize)end);
        if (!play_room(w, s))
            g_ptr_array_add(w->got, s);
        else
            stanza_free(s);
    }
}

static void read_more(World *w);

static void on_bytes(GObject *source, GAsyncResult *result, gpointer user)
{
    gssize n = g_input_stream_read_finish(G_INPUT_STREAM(source), result, NULL);
    World *w = g_object_get_data(source, "world");
    if (n <= 0 || !w)
        return;
    g_string_append_len(w->raw, w->buffer, n);
    if (w->open) {
        take_apart(w);
    } else if (strstr(w->raw->str, "</handshake>")) {
        w->open = TRUE;
        g_string_truncate(w->raw, 0);
        say(w, "<handshake/>");
    } else if (strstr(w->raw->str, "<stream:stream") && !strstr(w->raw->str, "<handshake")) {
        say(w, "<?xml version='1.0'?><stream:stream xmlns:stream='http://etherx.jabber.org/streams' "
               "xmlns='jabber:component:accept' id='abc' from='focus.d'>");
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
}

static gboolean on_incoming(GSocketService *service, GSocketConnection *connection, GObject *source, gpointer user)
{
    World *w = user;
    drop(w);
    w->peer = g_object_ref(connection);
    w->open = FALSE;
    g_string_truncate(w->raw, 0);
    read_more(w);
    return TRUE;
}

/* ---- the test's side ---- */

static gboolean on_limit(gpointer user)
{
    g_error("the focus did not do it: %s", (const char *)user);
    return G_SOURCE_REMOVE;
}

typedef gboolean (*Match)(const Stanza *s, const char *arg);

static Stanza *find_got(World *w, Match match, const char *arg)
{
    for (guint i = 0; i < w->got->len; i++)
        if (match(w->got->pdata[i], arg))
            return g_ptr_array_steal_index(w->got, i);
    return NULL;
}

/* The next stanza of that kind; earlier ones stay for later. */
static Stanza *expect(World *w, Match match, const char *arg)
{
    guint limit = g_timeout_add(10000, on_limit, (gpointer)arg);
    Stanza *s;
    while (!(s = find_got(w, match, arg)))
        g_main_context_iteration(NULL, TRUE);
    g_source_remove(limit);
    return s;
}

static gboolean is_answer(const Stanza *s, const char *id)
{
    return strcmp(stanza_name(s), "iq") == 0 && g_strcmp0(stanza_get(s, "id"), id) == 0;
}

static gboolean is_jingle(const Stanza *s, const char *action_to)
{
    const Stanza *j = stanza_find(s, "jingle", NS_JINGLE);
    g_autofree char *both =
        j ? g_strdup_printf("%s %s", stanza_get(j, "action"), jid_text_resource(stanza_get(s, "to"))) : NULL;
    return both && strcmp(both, action_to) == 0;
}

static gboolean is_presence_with(const Stanza *s, const char *text)
{
    g_autofree char *xml = stanza_to_string(s);
    return strcmp(stanza_name(s), "presence") == 0 && strstr(xml, text);
}

static gboolean is_child(const Stanza *s, const char *name)
{
    return stanza_find(s, name, NULL) != NULL;
}

static gboolean is_query(const Stanza *s, const char *ns)
{
    return stanza_find(s, "query", ns) != NULL;
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

static void ask_conference(World *w, const char *id, const char *attributes)
{
    say(w,
        "<iq type='set' id='%s' from='u@d/r' to='focus.d'><conference xmlns='http://jitsi.org/protocol/focus' "
        "%s/></iq>",
        id, attributes);
}

static char *conference_ready(World *w, const char *id)
{
    g_autoptr(Stanza) s = expect(w, is_answer, id);
    const Stanza *c = stanza_find(s, "conference", NS_JITSI_FOCUS);
    g_assert_nonnull(c);
    g_assert_cmpstr(stanza_get(c, "focusjid"), ==, "focus@focus.d");
    return g_strdup(stanza_get(c, "ready"));
}

static void start_conference(World *w)
{
    ask_conference(w, "c1", "room='" ROOM "'");
    g_autofree char *ready = conference_ready(w, "c1");
    g_assert_cmpstr(ready, ==, "true");
}

#define FEATURES                                                                                                       \
    "<query xmlns='http://jabber.org/protocol/disco#info'><feature var='urn:xmpp:jingle:apps:rtp:audio'/>"             \
    "<feature var='urn:xmpp:jingle:apps:rtp:video'/><feature var='urn:xmpp:jingle:transports:dtls-sctp:1'/>"           \
    "<feature var='http://jitsi.org/json-encoded-sources'/><feature var='http://jitsi.org/source-name'/></query>"

static void join(World *w, const char *nick)
{
    say(w,
        "<presence from='" ROOM "/%s' to='focus@focus.d/focus'><SourceInfo>{}</SourceInfo>" MUC_USER(
            "affiliation='none' role='participant' jid='%s@d/res'", "") "</presence>",
        nick, nick);
    g_autoptr(Stanza) disco = expect(w, is_query, NS_DISCO_INFO);
    answer(w, disco, "result", FEATURES);
}

/* Accepts the offer like a client with one microphone. Returns the sid. */
static char *accept_offer(World *w, const char *nick, guint ssrc)
{
    g_autofree char *what = g_strdup_printf("session-initiate %s", nick);
    g_autoptr(Stanza) offer = expect(w, is_jingle, what);
    char *sid = g_strdup(stanza_get(stanza_find(offer, "jingle", NS_JINGLE), "sid"));
    answer(w, offer, "result", "");
    say(w,
        "<iq type='set' id='acc-%s' from='" ROOM
        "/%s' to='focus@focus.d/focus'><jingle xmlns='urn:xmpp:jingle:1' action='session-accept' sid='%s'>"
        "<content name='audio'><description xmlns='urn:xmpp:jingle:apps:rtp:1' media='audio'><source "
        "xmlns='urn:xmpp:jingle:apps:rtp:ssma:0' ssrc='%u' name='%s-a0'>"
        "<parameter name='msid' value='s-%s t'/></source></description><transport "
        "xmlns='urn:xmpp:jingle:transports:ice-udp:1' ufrag='u' pwd='p'/></content></jingle></iq>",
        nick, nick, sid, ssrc, nick, nick);
    g_autofree char *id = g_strdup_printf("acc-%s", nick);
    g_autoptr(Stanza) ack = expect(w, is_answer, id);
    g_assert_cmpstr(stanza_get(ack, "type"), ==, "result");
    return sid;
}

static void set_up(World *w, gconstpointer data)
{
    w->raw = g_string_new(NULL);
    w->got = g_ptr_array_new_with_free_func((GDestroyNotify)stanza_free);
    w->service = g_socket_service_new();
    guint16 port = g_socket_listener_add_any_inet_port(G_SOCKET_LISTENER(w->service), NULL, NULL);
    g_signal_connect(w->service, "incoming", G_CALLBACK(on_incoming), w);
    w->loop = g_main_loop_new(NULL, FALSE);
    g_autofree char *text = g_strdup_printf(
        "[xmpp]\nport=%u\ndomain=d\nreply_timeout=1000\n[conference]\njoin_timeout=1000\n[http]\nprivate=127.0.0.1:0\n"
        "[limits]\nconferences=3\nrequest_burst=6\nrequests=0.01\n",
        port);
    g_autoptr(GError) error = NULL;
    w->config = config_load_text(focus_options, focus_options_n, sizeof(FocusConfig), "test", text, &error);
    g_assert_no_error(error);
    FocusConfig *config = (FocusConfig *)config_values(w->config);
    config->xmpp.secret = "secret";
    g_assert_true(focus_config_check(config, &error));
    w->focus = focus_new(config, w->loop, &error);
    g_assert_no_error(error);
    guint limit = g_timeout_add(10000, on_limit, (gpointer) "become ready");
    while (focus_not_ready(w->focus))
        g_main_context_iteration(NULL, TRUE);
    g_source_remove(limit);
}

static void tear_down(World *w, gconstpointer data)
{
    focus_free(w->focus);
    drop(w);
    g_socket_service_stop(w->service);
    g_socket_listener_close(G_SOCKET_LISTENER(w->service));
    g_object_unref(w->service);
    while (g_main_context_iteration(NULL, FALSE))
        ;
    config_free(w->config);
    g_main_loop_unref(w->loop);
    g_ptr_array_unref(w->got);
    g_string_free(w->raw, TRUE);
}

/* ---- tests ---- */

static void wait_members(World *w, guint n)
{
    guint limit = g_timeout_add(10000, on_limit, (gpointer) "count members");
    const ConferenceShell *shell;
    while ((shell = focus_find(w->focus, ROOM)) ? conference_n_members(conference_shell_conference(shell)) != n : n > 0)
        g_main_context_iteration(NULL, TRUE);
    g_source_remove(limit);
}

static void test_call(World *w, gconstpointer data)
{
    start_conference(w);
    g_autoptr(Stanza) joined = expect(w, is_presence_with, "conference-properties");
    g_assert_cmpstr(stanza_get(joined, "to"), ==, ROOM "/focus");
    join(w, "aa");
    g_autoptr(Stanza) grant = expect(w, is_query, NS_MUC_ADMIN);
    g_assert_cmpstr(stanza_get(stanza_find(stanza_find(grant, "query", NS_MUC_ADMIN), "item", NULL), "jid"), ==,
                    "aa@d");
    answer(w, grant, "result", "");
    g_assert_cmpuint(w->colibri_requests, ==, 0); /* nobody is invited alone */
    join(w, "bb");
    g_autofree char *sid_a = accept_offer(w, "aa", 11);
    g_autofree char *sid_b = accept_offer(w, "bb", 22);
    g_assert_cmpstr(sid_a, !=, sid_b);
    /* each hears of the other */
    g_autoptr(Stanza) to_a = expect(w, is_jingle, "source-add aa");
    g_autoptr(Stanza) to_b = expect(w, is_jingle, "source-add bb");
    g_autofree char *text = stanza_to_string(to_b);
    g_assert_nonnull(strstr(text, "\"s\":11"));
    g_autoptr(Stanza) published = expect(w, is_presence_with, "key=\"bridge-count\" value=\"1\"");
    g_assert_null(stanza_find(published, "x", NS_MUC)); /* that would be a second join */
    /* somebody else's sid is nobody's */
    say(w,
        "<iq type='set' id='steal' from='" ROOM
        "/bb' to='focus@focus.d/focus'><jingle xmlns='urn:xmpp:jingle:1' action='session-terminate' sid='%s'/></iq>",
        sid_a);
    expect_error(w, "steal", STANZA_BAD_REQUEST);
    /* the last one out ends it */
    say(w, "<presence type='unavailable' from='" ROOM "/aa' to='focus@focus.d/focus'/>");
    say(w, "<presence type='unavailable' from='" ROOM "/bb' to='focus@focus.d/focus'/>");
    g_autoptr(Stanza) left = expect(w, is_presence_with, "type=\"unavailable\"");
    g_assert_cmpstr(stanza_get(left, "to"), ==, ROOM "/focus");
    wait_members(w, 0);
}

static void test_refusals(World *w, gconstpointer data)
{
    ask_conference(w, "none", "");
    expect_error(w, "none", STANZA_BAD_REQUEST);
    ask_conference(w, "foreign", "room='demo@conference.evil'");
    expect_error(w, "foreign", STANZA_BAD_REQUEST);
    g_autofree char *name = g_strnfill(FOCUS_MAX_ROOM_NAME + 1, 'r');
    g_autofree char *too_long = g_strdup_printf("room='%s@conference.d'", name);
    ask_conference(w, "long", too_long);
    expect_error(w, "long", STANZA_BAD_REQUEST);
    ask_conference(w, "resource", "room='" ROOM "/nick'");
    expect_error(w, "resource", STANZA_BAD_REQUEST);
    say(w, "<iq type='get' id='what' from='u@d/r' to='focus.d'><q xmlns='urn:nobody'/></iq>");
    expect_error(w, "what", STANZA_SERVICE_UNAVAILABLE);
    say(w, "<iq type='set' id='jin' from='" ROOM
           "/x' to='focus@focus.d/focus'><jingle xmlns='urn:xmpp:jingle:1' action='session-accept' sid='1'/></iq>");
    expect_error(w, "jin", STANZA_BAD_REQUEST);
    say(w, "<iq type='set' id='out' from='u@d/r' to='focus.d'><logout xmlns='http://jitsi.org/protocol/focus' "
           "session-id='1'/></iq>");
    expect_error(w, "out", STANZA_NOT_ACCEPTABLE);
    start_conference(w);
    /* an address that is nobody's place in the room */
    say(w, "<iq type='set' id='real' from='u@d/r' to='focus@focus.d/focus'><jingle xmlns='urn:xmpp:jingle:1' "
           "action='session-terminate' sid='1'/></iq>");
    expect_error(w, "real", STANZA_BAD_REQUEST);
    say(w, "<iq type='set' id='realmute' from='u@d/r' to='focus@focus.d/focus'><mute "
           "xmlns='http://jitsi.org/jitmeet/audio' jid='" ROOM "/aa'>true</mute></iq>");
    expect_error(w, "realmute", STANZA_ITEM_NOT_FOUND);
    say(w, "<iq type='get' id='url' from='u@d/r' to='focus.d'><login-url xmlns='http://jitsi.org/protocol/focus' "
           "room='" ROOM "'/></iq>");
    expect_error(w, "url", STANZA_BAD_REQUEST); /* no machine-uid */
    say(w, "<iq type='set' id='act' from='" ROOM
           "/x' to='focus@focus.d/focus'><jingle xmlns='urn:xmpp:jingle:1' sid='1'/></iq>");
    expect_error(w, "act", STANZA_BAD_REQUEST);
}

static void test_mute(World *w, gconstpointer data)
{
#define MUTE(id, from, jid, text)                                                                                      \
    "<iq type='set' id='" id "' from='" from                                                                           \
    "' to='focus@focus.d/focus'><mute xmlns='http://jitsi.org/jitmeet/audio' " jid ">" text "</mute></iq>"
    say(w, MUTE("m0", ROOM "/aa", "jid='" ROOM "/bb'", "true"));
    expect_error(w, "m0", STANZA_ITEM_NOT_FOUND);
    start_conference(w);
    join(w, "aa");
    join(w, "bb");
    g_autofree char *a = accept_offer(w, "aa", 11), *b = accept_offer(w, "bb", 22);
    say(w, MUTE("m1", ROOM "/aa", "", "true"));
    expect_error(w, "m1", STANZA_BAD_REQUEST);
    say(w, MUTE("m2", ROOM "/aa", "jid='" ROOM "/bb'", "perhaps"));
    expect_error(w, "m2", STANZA_BAD_REQUEST);
    say(w, MUTE("m3", ROOM "/aa", "jid='" ROOM "/bb'", "true"));
    expect_error(w, "m3", STANZA_NOT_ALLOWED); /* no moderator yet */
    say(w, "<presence from='" ROOM "/aa' to='focus@focus.d/focus'>" MUC_USER(
               "affiliation='owner' role='moderator' jid='aa@d/res'", "") "</presence>");
    say(w, MUTE("m4", ROOM "/aa", "jid='" ROOM "/bb'", "true"));
    g_autoptr(Stanza) ok = expect(w, is_answer, "m4");
    g_assert_cmpstr(stanza_get(ok, "type"), ==, "result");
    g_autoptr(Stanza) told = expect(w, is_child, "mute");
    g_assert_cmpstr(stanza_get(told, "to"), ==, ROOM "/bb");
    g_assert_cmpstr(stanza_get(stanza_find(told, "mute", NULL), "actor"), ==, ROOM "/aa");
    say(w, MUTE("m5", ROOM "/aa", "jid='other@conference.d/bb'", "true"));
    g_autoptr(Stanza) elsewhere = expect(w, is_answer, "m5");
    g_assert_cmpstr(stanza_get(elsewhere, "type"), ==, "error");
}

static void test_join_fails(World *w, gconstpointer data)
{
    w->refuse_join = TRUE;
    ask_conference(w, "c1", "room='" ROOM "'");
    g_autofree char *refused = conference_ready(w, "c1");
    g_assert_cmpstr(refused, ==, "false");
    w->refuse_join = FALSE;
    w->deaf_rooms = TRUE;
    int64_t since_ms = clock_now_ms();
    ask_conference(w, "c2", "room='" ROOM "'");
    ask_conference(w, "c3", "room='" ROOM "'"); /* held as well */
    g_autofree char *late = conference_ready(w, "c2"), *late_too = conference_ready(w, "c3");
    g_assert_cmpstr(late, ==, "false");
    g_assert_cmpstr(late_too, ==, "false");
    g_assert_cmpint(clock_now_ms() - since_ms, >=, 900);
    w->deaf_rooms = FALSE;
    start_conference(w);
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
        ask_conference(w, id, attributes);
        g_autofree char *ready = conference_ready(w, id);
        g_assert_cmpstr(ready, ==, want[i]);
    }
    focus_drain(w->focus);
    say(w, "<iq type='set' id='d1' from='other@d/r' to='focus.d'><conference xmlns='http://jitsi.org/protocol/focus' "
           "room='new@conference.d'/></iq>");
    g_autofree char *drained = conference_ready(w, "d1");
    g_assert_cmpstr(drained, ==, "false");
    say(w, "<iq type='set' id='d2' from='other@d/r' to='focus.d'><conference xmlns='http://jitsi.org/protocol/focus' "
           "room='r1@conference.d'/></iq>");
    g_autofree char *running = conference_ready(w, "d2");
    g_assert_cmpstr(running, ==, "true");
}

static void test_bridge_lost(World *w, gconstpointer data)
{
    start_conference(w);
    join(w, "aa");
    join(w, "bb");
    g_autofree char *a = accept_offer(w, "aa", 11), *b = accept_offer(w, "bb", 22);
    say_bridge(w, "type='unavailable'");
    g_autoptr(Stanza) end_a = expect(w, is_jingle, "session-terminate aa");
    g_autoptr(Stanza) end_b = expect(w, is_jingle, "session-terminate bb");
    g_autoptr(Stanza) down = expect(w, is_presence_with, "bridgeNotAvailable");
    say_bridge(w, "");
    g_autofree char *a2 = accept_offer(w, "aa", 11), *b2 = accept_offer(w, "bb", 22);
    g_assert_cmpstr(a, !=, a2);
    g_assert_cmpstr(b, !=, b2);
}

static void test_silent_bridge(World *w, gconstpointer data)
{
    w->bridge_silent = TRUE;
    start_conference(w);
    join(w, "aa");
    join(w, "bb");
    g_autoptr(Stanza) down = expect(w, is_presence_with, "bridgeNotAvailable"); /* after the answer's deadline */
    g_assert_cmpstr(focus_not_ready(w->focus), ==, "no bridge works");
}

/* The stream breaks, one leaves and one comes meanwhile: the call of the third is not touched. */
static void test_reconnect(World *w, gconstpointer data)
{
    start_conference(w);
    join(w, "aa");
    join(w, "bb");
    g_autofree char *a = accept_offer(w, "aa", 11), *b = accept_offer(w, "bb", 22);
    w->present = "<presence from='" ROOM "/aa' to='focus@focus.d/focus'>" MUC_USER(
        GUEST("aa"), "") "</presence>"
                         "<presence from='" ROOM
                         "/cc' to='focus@focus.d/focus'>" MUC_USER(GUEST("cc"), "") "</presence>";
    guint joins = w->joins;
    drop(w);
    g_autoptr(Stanza) disco = expect(w, is_query, NS_DISCO_INFO);
    g_assert_cmpstr(stanza_get(disco, "to"), ==, ROOM "/cc");
    answer(w, disco, "result", FEATURES);
    g_autofree char *c = accept_offer(w, "cc", 33);
    g_assert_cmpuint(w->joins, ==, joins + 2);
    wait_members(w, 2);
    g_assert_null(find_got(w, is_jingle, "session-terminate aa"));
    g_assert_null(find_got(w, is_jingle, "session-initiate aa"));
    /* and if nobody is left, it is over */
    w->present = NULL;
    drop(w);
    wait_members(w, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    log_init("test", LOG_LEVEL_ERROR, FALSE);
#define ADD(name, func) g_test_add("/focus/whole/" name, World, NULL, set_up, func, tear_down)
    ADD("call", test_call);
    ADD("refusals", test_refusals);
    ADD("mute", test_mute);
    ADD("join fails", test_join_fails);
    ADD("limits", test_limits);
    ADD("bridge lost", test_bridge_lost);
    ADD("silent bridge", test_silent_bridge);
    ADD("reconnect", test_reconnect);
    return g_test_run();
}
