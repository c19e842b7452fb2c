/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/focus/focus_world.h"
#include <string.h>

/* ---- behind the server ---- */

void world_say_bridge(World *w, const char *attributes)
{
    xmpp_server_say(w->server,
                    "<presence from='" BRIDGE "' to='focus@focus.d/focus' %s>" MUC_USER(
                        "affiliation='owner' role='moderator' jid='b@auth.d/1'",
                        "") "<stats xmlns='http://jitsi.org/protocol/colibri'><stat name='version' value='1'/><stat "
                            "name='stress_level' value='0.1'/>"
                            "<stat name='drain' value='false'/><stat name='healthy' value='true'/></stats></presence>",
                    attributes);
}

/* Allocations and ICE restarts get a transport; everything else an empty answer. */
static void play_bridge(World *w, const Stanza *iq)
{
    const Stanza *payload = stanza_find(iq, "conference-modify", NS_COLIBRI2);
    if (!payload) {
        xmpp_server_answer(w->server, iq, "result", "");
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
        if (e->create && w->bridge_full) {
            xmpp_server_answer(w->server, iq, "error",
                               "<error type='wait'><resource-constraint xmlns='" NS_STANZAS "'/></error>");
            return;
        }
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
    xmpp_server_answer(w->server, iq, "result", text);
}

/* TRUE: nothing for the test. */
static gboolean play(const Stanza *s, gpointer user)
{
    World *w = user;
    const char *to = stanza_get(s, "to");
    if (strcmp(stanza_name(s), "presence") == 0) {
        if (stanza_find(s, "x", NS_MUC)) {
            w->joins++;
            if (g_str_has_prefix(to, BREWERY))
                world_say_bridge(w, "");
            if (w->present && g_str_has_prefix(to, ROOM))
                xmpp_server_say(w->server, "%s", w->present);
            if (w->refuse_join && g_str_has_prefix(to, ROOM))
                xmpp_server_say(
                    w->server,
                    "<presence type='error' from='%s' to='focus@focus.d/focus'><error type='auth'><forbidden "
                    "xmlns='" NS_STANZAS "'/></error></presence>",
                    to);
            else if (!w->deaf_rooms || g_str_has_prefix(to, BREWERY))
                xmpp_server_say(w->server,
                                "<presence from='%s' to='focus@focus.d/focus'>" MUC_USER(
                                    OWNER, "<status code='110'/>") "</presence>",
                                to);
        }
        return FALSE; /* the test may look at it too */
    }
    const Stanza *form = stanza_find(s, "query", NS_MUC_OWNER);
    if (form) {
        xmpp_server_answer(
            w->server, s, "result",
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

/* ---- the test's side ---- */

gboolean match_jingle(const Stanza *s, const char *action_to)
{
    const Stanza *j = stanza_find(s, "jingle", NS_JINGLE);
    g_autofree char *both =
        j ? g_strdup_printf("%s %s", stanza_get(j, "action"), jid_text_resource(stanza_get(s, "to"))) : NULL;
    return both && strcmp(both, action_to) == 0;
}

/* ---- clients ---- */

void world_ask_conference(World *w, const char *id, const char *attributes)
{
    xmpp_server_say(
        w->server,
        "<iq type='set' id='%s' from='u@d/r' to='focus.d'><conference xmlns='http://jitsi.org/protocol/focus' "
        "%s/></iq>",
        id, attributes);
}

char *world_conference_ready(World *w, const char *id)
{
    g_autoptr(Stanza) s = xmpp_server_expect(w->server, match_answer, id);
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
    xmpp_server_say(w->server,
                    "<presence from='" ROOM "/%s' to='focus@focus.d/focus'><SourceInfo>{}</SourceInfo>" MUC_USER(
                        "affiliation='none' role='participant' jid='%s@d/res'", "") "</presence>",
                    nick, nick);
    g_autoptr(Stanza) disco = xmpp_server_expect(w->server, match_query, NS_DISCO_INFO);
    xmpp_server_answer(w->server, disco, "result", WORLD_FEATURES);
}

void world_leave(World *w, const char *nick)
{
    xmpp_server_say(w->server, "<presence type='unavailable' from='" ROOM "/%s' to='focus@focus.d/focus'/>", nick);
}

/* Accepts the offer like a client with one microphone. Returns the sid. */
char *world_accept_offer(World *w, const char *nick, guint ssrc)
{
    g_autofree char *what = g_strdup_printf("session-initiate %s", nick);
    g_autoptr(Stanza) offer = xmpp_server_expect(w->server, match_jingle, what);
    char *sid = g_strdup(stanza_get(stanza_find(offer, "jingle", NS_JINGLE), "sid"));
    xmpp_server_answer(w->server, offer, "result", "");
    xmpp_server_say(w->server,
                    "<iq type='set' id='acc-%s' from='" ROOM
                    "/%s' to='focus@focus.d/focus'><jingle xmlns='urn:xmpp:jingle:1' action='session-accept' sid='%s'>"
                    "<content name='audio'><description xmlns='urn:xmpp:jingle:apps:rtp:1' media='audio'><source "
                    "xmlns='urn:xmpp:jingle:apps:rtp:ssma:0' ssrc='%u' name='%s-a0'>"
                    "<parameter name='msid' value='s-%s t'/></source></description><transport "
                    "xmlns='urn:xmpp:jingle:transports:ice-udp:1' ufrag='u' pwd='p'/></content></jingle></iq>",
                    nick, nick, sid, ssrc, nick, nick);
    g_autofree char *id = g_strdup_printf("acc-%s", nick);
    g_autoptr(Stanza) ack = xmpp_server_expect(w->server, match_answer, id);
    g_assert_cmpstr(stanza_get(ack, "type"), ==, "result");
    return sid;
}

void world_wait_members(World *w, guint n)
{
    const ConferenceShell *shell;
    AWAIT_FOR((shell = focus_find(w->focus, ROOM)) ? conference_n_members(conference_shell_conference(shell)) == n
                                                   : n == 0,
              "the number of members");
}

void world_set_up(World *w, gconstpointer data)
{
    static const XmppServerScript script = { .mode = XMPP_LINK_COMPONENT, .jid = "focus.d", .secret = "secret" };
    w->server = xmpp_server_new(&script, play, w);
    w->colibri = g_string_new(NULL);
    w->loop = g_main_loop_new(NULL, FALSE);
    g_autofree char *text = g_strdup_printf("[xmpp]\nport=%u\ndomain=d\nreply_timeout=30000\n"
                                            "[conference]\njoin_timeout=30000\n"
                                            "[http]\nprivate=127.0.0.1:0\n"
                                            "[limits]\nconferences=3\nrequest_burst=6\nrequests=0.01\n",
                                            xmpp_server_port(w->server));
    g_autoptr(GError) error = NULL;
    w->config = config_load_text(focus_options, focus_options_n, sizeof(FocusConfig), "test", text, &error);
    g_assert_no_error(error);
    FocusConfig *config = (FocusConfig *)config_values(w->config);
    config->xmpp.secret = "secret";
    g_assert_true(focus_config_check(config, &error));
    w->focus = focus_new(config, w->loop, &error);
    g_assert_no_error(error);
    AWAIT(!focus_not_ready(w->focus));
}

void world_tear_down(World *w, gconstpointer data)
{
    focus_free(w->focus);
    xmpp_server_free(w->server);
    config_free(w->config);
    g_main_loop_unref(w->loop);
    g_string_free(w->colibri, TRUE);
}
