/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include "tests/fakes/stanza_cutter.h"
#include "tests/unit/focus/focus_world.h"

/* ---- the server ---- */

void world_say(World *w, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    g_autofree char *text = g_strdup_vprintf(format, ap);
    va_end(ap);
    g_output_stream_write_all(g_io_stream_get_output_stream(G_IO_STREAM(w->peer)), text, strlen(text), NULL, NULL,
                              NULL);
}

void world_answer(World *w, const Stanza *iq, const char *type, const char *payload)
{
    world_say(w, "<iq type='%s' id='%s' from='%s' to='%s'>%s</iq>", type, stanza_get(iq, "id"), stanza_get(iq, "to"),
              stanza_get(iq, "from"), payload);
}

void world_say_bridge(World *w, const char *type)
{
    world_say(w,
              "<presence from='" BRIDGE "' to='focus@focus.d/focus' %s>" MUC_USER(
                  "affiliation='owner' role='moderator' jid='b@auth.d/1'",
                  "") "<stats xmlns='http://jitsi.org/protocol/colibri'><stat name='version' value='1'/><stat "
                      "name='stress_level' value='0.1'/>"
                      "<stat name='drain' value='false'/><stat name='healthy' value='true'/></stats></presence>",
              type);
}

/* Allocations and ICE restarts get a transport; everything else an empty answer. */
static void play_bridge(World *w, const Stanza *iq)
{
    const Stanza *payload = stanza_find(iq, "conference-modify", NS_COLIBRI2);
    if (!payload) {
        world_answer(w, iq, "result", "");
        return;
    }
    w->colibri_requests++;
    g_autofree char *asked = stanza_to_string(payload);
    g_string_append(w->colibri, asked);
    if (w->bridge_silent)
        return;
    g_autoptr(Colibri2Modify) m = colibri2_modify_parse(payload, NULL);
    g_assert_nonnull(m);
    g_autoptr(Colibri2Modified) out = colibri2_modified_new();
    for (guint i = 0; i < m->endpoints->len; i++) {
        const Colibri2Endpoint *e = m->endpoints->pdata[i];
        gboolean restart = e->transport && e->transport->ice_restart;
        if (!e->create && !restart)
            continue;
        Colibri2Endpoint *answered = colibri2_modified_add_endpoint(out, e->id);
        answered->transport = colibri2_transport_new();
        answered->transport->has_sctp = e->transport && e->transport->has_sctp;
        answered->transport->sctp_port = 5000;
        answered->transport->ice = ice_transport_new();
        if (restart)
            answered->transport->ice->ice_generation = 1;
        ice_transport_set_credentials(answered->transport->ice, restart ? "ufrag1" : "ufrag", "password-password-pass");
        ice_transport_add_fingerprint(answered->transport->ice, "sha-1",
                                      "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33", DTLS_ACTPASS);
        ice_transport_add_candidate(answered->transport->ice, ICE_HOST, "1", "udp", "127.0.0.1", 10000, 1);
    }
    Stanza *built = colibri2_modified_build(out);
    g_autofree char *text = stanza_to_string(built);
    stanza_free(built);
    world_answer(w, iq, "result", text);
}

static gboolean play_room(World *w, const Stanza *s)
{
    const char *to = stanza_get(s, "to");
    if (strcmp(stanza_name(s), "presence") == 0) {
        if (stanza_find(s, "x", NS_MUC)) {
            w->joins++;
            if (g_str_has_prefix(to, BREWERY))
                world_say_bridge(w, "");
            if (w->present && g_str_has_prefix(to, ROOM))
                world_say(w, "%s", w->present);
            if (w->refuse_join && g_str_has_prefix(to, ROOM))
                world_say(w,
                          "<presence type='error' from='%s' to='focus@focus.d/focus'><error type='auth'><forbidden "
                          "xmlns='" NS_STANZAS "'/></error></presence>",
                          to);
            else if (!w->deaf_rooms || g_str_has_prefix(to, BREWERY))
                world_say(w,
                          "<presence from='%s' to='focus@focus.d/focus'>" MUC_USER(
                              OWNER, "<status code='110'/>") "</presence>",
                          to);
        }
        return FALSE; /* the test may look at it too */
    }
    const Stanza *form = stanza_find(s, "query", NS_MUC_OWNER);
    if (form) {
        world_answer(w, s, "result",
                     strcmp(stanza_get(s, "type"), "get") == 0
                         ? "<query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data' "
                           "type='form'><field var='muc#roominfo_meetingId'><value>m-1</value></field></x></query>"
                         : "");
        return TRUE;
    }
    const char *type = stanza_get(s, "type");
    if (strcmp(to, BRIDGE) == 0 && strcmp(stanza_name(s), "iq") == 0 && strcmp(type, "result") != 0 &&
        strcmp(type, "error") != 0) {
        play_bridge(w, s);
        return TRUE;
    }
    return FALSE;
}

static void take_apart(World *w)
{
    Stanza *s;
    while ((s = stanza_cut(w->raw))) {
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
        world_say(w, "<handshake/>");
    } else if (strstr(w->raw->str, "<stream:stream") && !strstr(w->raw->str, "<handshake")) {
        world_say(w, "<?xml version='1.0'?><stream:stream xmlns:stream='http://etherx.jabber.org/streams' "
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

void world_drop(World *w)
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
    world_drop(w);
    w->peer = g_object_ref(connection);
    w->open = FALSE;
    g_string_truncate(w->raw, 0);
    read_more(w);
    return TRUE;
}

/* ---- the test's side ---- */

gboolean world_on_limit(gpointer user)
{
    g_error("the focus did not do it: %s", (const char *)user);
    return G_SOURCE_REMOVE;
}

Stanza *world_find(World *w, Match match, const char *arg)
{
    for (guint i = 0; i < w->got->len; i++)
        if (match(w->got->pdata[i], arg))
            return g_ptr_array_steal_index(w->got, i);
    return NULL;
}

/* The next stanza of that kind; earlier ones stay for later. */
Stanza *world_expect(World *w, Match match, const char *arg)
{
    guint limit = g_timeout_add(10000, world_on_limit, (gpointer)arg);
    Stanza *s;
    while (!(s = world_find(w, match, arg)))
        g_main_context_iteration(NULL, TRUE);
    g_source_remove(limit);
    return s;
}

gboolean match_answer(const Stanza *s, const char *id)
{
    return strcmp(stanza_name(s), "iq") == 0 && g_strcmp0(stanza_get(s, "id"), id) == 0;
}

gboolean match_jingle(const Stanza *s, const char *action_to)
{
    const Stanza *j = stanza_find(s, "jingle", NS_JINGLE);
    g_autofree char *both =
        j ? g_strdup_printf("%s %s", stanza_get(j, "action"), jid_text_resource(stanza_get(s, "to"))) : NULL;
    return both && strcmp(both, action_to) == 0;
}

gboolean match_presence(const Stanza *s, const char *text)
{
    g_autofree char *xml = stanza_to_string(s);
    return strcmp(stanza_name(s), "presence") == 0 && strstr(xml, text);
}

gboolean match_child(const Stanza *s, const char *name)
{
    return stanza_find(s, name, NULL) != NULL;
}

gboolean match_query(const Stanza *s, const char *ns)
{
    return stanza_find(s, "query", ns) != NULL;
}

void world_expect_error(World *w, const char *id, StanzaCondition condition)
{
    g_autoptr(Stanza) s = world_expect(w, match_answer, id);
    StanzaErrorInfo info;
    stanza_error_read(s, &info);
    g_assert_cmpstr(stanza_get(s, "type"), ==, "error");
    g_assert_cmpstr(stanza_condition_name(info.condition), ==, stanza_condition_name(condition));
    g_assert_cmpstr(info.text, !=, ""); /* says why */
    stanza_error_info_clear(&info);
}

/* ---- clients ---- */

void world_ask_conference(World *w, const char *id, const char *attributes)
{
    world_say(w,
              "<iq type='set' id='%s' from='u@d/r' to='focus.d'><conference xmlns='http://jitsi.org/protocol/focus' "
              "%s/></iq>",
              id, attributes);
}

char *world_conference_ready(World *w, const char *id)
{
    g_autoptr(Stanza) s = world_expect(w, match_answer, id);
    const Stanza *c = stanza_find(s, "conference", NS_JITSI_FOCUS);
    g_assert_nonnull(c);
    g_assert_cmpstr(stanza_get(c, "focusjid"), ==, "focus@focus.d");
    return g_strdup(stanza_get(c, "ready"));
}

void world_start_conference(World *w)
{
    world_ask_conference(w, "c1", "room='" ROOM "'");
    g_autofree char *ready = world_conference_ready(w, "c1");
    g_assert_cmpstr(ready, ==, "true");
}

void world_join(World *w, const char *nick)
{
    world_say(w,
              "<presence from='" ROOM "/%s' to='focus@focus.d/focus'><SourceInfo>{}</SourceInfo>" MUC_USER(
                  "affiliation='none' role='participant' jid='%s@d/res'", "") "</presence>",
              nick, nick);
    g_autoptr(Stanza) disco = world_expect(w, match_query, NS_DISCO_INFO);
    world_answer(w, disco, "result", WORLD_FEATURES);
}

/* Accepts the offer like a client with one microphone. Returns the sid. */
char *world_accept_offer(World *w, const char *nick, guint ssrc)
{
    g_autofree char *what = g_strdup_printf("session-initiate %s", nick);
    g_autoptr(Stanza) offer = world_expect(w, match_jingle, what);
    char *sid = g_strdup(stanza_get(stanza_find(offer, "jingle", NS_JINGLE), "sid"));
    world_answer(w, offer, "result", "");
    world_say(w,
              "<iq type='set' id='acc-%s' from='" ROOM
              "/%s' to='focus@focus.d/focus'><jingle xmlns='urn:xmpp:jingle:1' action='session-accept' sid='%s'>"
              "<content name='audio'><description xmlns='urn:xmpp:jingle:apps:rtp:1' media='audio'><source "
              "xmlns='urn:xmpp:jingle:apps:rtp:ssma:0' ssrc='%u' name='%s-a0'>"
              "<parameter name='msid' value='s-%s t'/></source></description><transport "
              "xmlns='urn:xmpp:jingle:transports:ice-udp:1' ufrag='u' pwd='p'/></content></jingle></iq>",
              nick, nick, sid, ssrc, nick, nick);
    g_autofree char *id = g_strdup_printf("acc-%s", nick);
    g_autoptr(Stanza) ack = world_expect(w, match_answer, id);
    g_assert_cmpstr(stanza_get(ack, "type"), ==, "result");
    return sid;
}

void world_wait_members(World *w, guint n)
{
    guint limit = g_timeout_add(10000, world_on_limit, (gpointer) "count members");
    const ConferenceShell *shell;
    while ((shell = focus_find(w->focus, ROOM)) ? conference_n_members(conference_shell_conference(shell)) != n : n > 0)
        g_main_context_iteration(NULL, TRUE);
    g_source_remove(limit);
}

void world_set_up(World *w, gconstpointer data)
{
    w->raw = g_string_new(NULL);
    w->colibri = g_string_new(NULL);
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
    guint limit = g_timeout_add(10000, world_on_limit, (gpointer) "become ready");
    while (focus_not_ready(w->focus))
        g_main_context_iteration(NULL, TRUE);
    g_source_remove(limit);
}

void world_tear_down(World *w, gconstpointer data)
{
    focus_free(w->focus);
    world_drop(w);
    g_socket_service_stop(w->service);
    g_socket_listener_close(G_SOCKET_LISTENER(w->service));
    g_object_unref(w->service);
    while (g_main_context_iteration(NULL, FALSE))
        ;
    config_free(w->config);
    g_main_loop_unref(w->loop);
    g_ptr_array_unref(w->got);
    g_string_free(w->raw, TRUE);
    g_string_free(w->colibri, TRUE);
}
