/* SPDX-License-Identifier: Apache-2.0 */
#include "focus/focus.h"

#include <string.h>
#include "common/base/clock.h"
#include "common/base/log.h"

#define NS_PING "urn:xmpp:ping"

static const char *const focus_features[] = {
    NS_DISCO_INFO,
    "urn:xmpp:jingle:1",
    "urn:xmpp:jingle:apps:rtp:1",
    "urn:xmpp:jingle:apps:rtp:audio",
    "urn:xmpp:jingle:apps:rtp:video",
    "urn:xmpp:jingle:apps:dtls:0",
    "urn:xmpp:jingle:transports:dtls-sctp:1",
    "urn:xmpp:jingle:transports:ice-udp:1",
    NS_PING,
    NULL,
};

/* ---- conference requests ---- */

FocusRoomCheck focus_check_room(const Focus *focus, const char *text, Jid **room)
{
    *room = NULL;
    if (!text || !*text)
        return FOCUS_ROOM_MISSING;
    Jid *jid = jid_parse_room(text);
    if (jid && strlen(jid->local) <= FOCUS_MAX_ROOM_NAME &&
        (jid_is_in(jid, focus->muc) || (*focus->breakout_muc && jid_is_in(jid, focus->breakout_muc)))) {
        *room = jid;
        return FOCUS_ROOM_OK;
    }
    jid_free(jid); /* else we would join any room in the world */
    return FOCUS_ROOM_FOREIGN;
}

static const char *const refusal_names[] = {
    [FOCUS_REFUSAL_USER_RATE] = "user_rate",     [FOCUS_REFUSAL_USER_CONFERENCES] = "user_conferences",
    [FOCUS_REFUSAL_CONFERENCES] = "conferences", [FOCUS_REFUSAL_JOINS] = "joins",
    [FOCUS_REFUSAL_DRAINING] = "draining",       [FOCUS_REFUSAL_OFFLINE] = "offline",
};

/* FOCUS_N_REFUSALS: there may be one more. */
static FocusRefusal why_no_conference(const Focus *focus, const char *sender)
{
    GHashTableIter it;
    gpointer shell;
    guint joining = 0, own = 0;
    if (focus->draining)
        return FOCUS_REFUSAL_DRAINING;
    if (!xmpp_link_is_connected(focus->link))
        return FOCUS_REFUSAL_OFFLINE;
    if (g_hash_table_size(focus->shells) >= focus->config->limits.conferences)
        return FOCUS_REFUSAL_CONFERENCES;
    g_hash_table_iter_init(&it, focus->shells);
    while (g_hash_table_iter_next(&it, NULL, &shell)) {
        joining += conference_shell_is_joining(shell);
        own += *sender && strcmp(conference_shell_asker(shell), sender) == 0;
    }
    if (own >= focus->config->limits.conferences_per_user)
        return FOCUS_REFUSAL_USER_CONFERENCES;
    return joining >= focus->config->limits.joins ? FOCUS_REFUSAL_JOINS : FOCUS_N_REFUSALS;
}

static ConferenceShell *create(Focus *focus, const char *room, const char *asker)
{
    ConferenceShell *shell = conference_shell_new(focus, room, asker);
    g_hash_table_insert(focus->shells, g_strdup(room), shell);
    metric_add(focus->metrics.conferences_created, 1);
    metric_add(focus->metrics.requests_new, 1);
    return shell;
}

void focus_request(Focus *focus, const ConferenceRequest *request, ConferenceReadyFunc done, gpointer user)
{
    const char *room = request->room->bare;
    LogContext ctx = { .room = room };
    metric_add(focus->metrics.requests, 1);
    FocusRefusal refusal = FOCUS_N_REFUSALS;
    ConferenceShell *shell = focus_find(focus, room);
    if (!request_limiter_allow(focus->limiter, request->sender, clock_now_ms()))
        refusal = FOCUS_REFUSAL_USER_RATE;
    else if (!shell)
        refusal = why_no_conference(focus, request->sender);
    if (refusal != FOCUS_N_REFUSALS) {
        metric_add(focus->metrics.requests_refused[refusal], 1);
        log_warning(&ctx, "conference request of %s told to wait: %s",
                    *request->sender ? request->sender : "somebody unknown", refusal_names[refusal]);
        done(FALSE, user); /* clients take an error as final but ask again when told to wait */
        return;
    }
    if (!shell)
        shell = create(focus, room, request->sender);
    conference_shell_request(shell, request->body, done, user);
}

ConferenceShell *focus_find(const Focus *focus, const char *room)
{
    return g_hash_table_lookup(focus->shells, room);
}

static gboolean on_free_shell(gpointer shell)
{
    conference_shell_free(shell);
    return G_SOURCE_REMOVE;
}

/* Freed from the main loop: the shell is somewhere below us on the stack. A new conference for the room may
 * begin meanwhile. */
void focus_forget(Focus *focus, ConferenceShell *shell)
{
    if (g_hash_table_lookup(focus->shells, conference_shell_room(shell)) != shell)
        return;
    g_hash_table_remove(focus->shells, conference_shell_room(shell));
    g_idle_add_full(G_PRIORITY_HIGH, on_free_shell, shell, NULL);
    if (focus->draining && g_hash_table_size(focus->shells) == 0)
        g_main_loop_quit(focus->loop);
}

/* ---- the connection ---- */

/* Conferences may end, and so leave the table, while they are told. */
static void each_shell(Focus *focus, void (*func)(ConferenceShell *shell))
{
    g_autoptr(GList) shells = g_hash_table_get_values(focus->shells);
    for (GList *l = shells; l; l = l->next)
        func(l->data);
}

static void on_connected(gpointer user)
{
    Focus *focus = user;
    log_notice(NULL, "connected as %s", xmpp_link_jid(focus->link));
    if (!focus->from) {
        Stanza *presence = stanza_new("presence", NULL);
        xmpp_link_send(focus->link, presence); /* else the server keeps what is sent to our bare address */
    }
    bridge_brewery_connected(focus->brewery);
    each_shell(focus, conference_shell_connected);
}

static void on_disconnected(const char *reason, gpointer user)
{
    Focus *focus = user;
    log_warning(NULL, "no connection to the XMPP server: %s", reason);
    metric_add(focus->metrics.xmpp_disconnects, 1);
    bridge_brewery_disconnected(focus->brewery);
    each_shell(focus, conference_shell_disconnected);
}

static void on_presence(Focus *focus, const Stanza *presence)
{
    const char *from = stanza_get(presence, "from");
    if (!from)
        return;
    g_autofree char *room = jid_text_bare(from);
    ConferenceShell *shell = focus_find(focus, room);
    if (shell)
        conference_shell_handle_presence(shell, presence);
    else
        bridge_brewery_handle(focus->brewery, presence);
}

static void on_stanza(const Stanza *stanza, gpointer user)
{
    Focus *focus = user;
    if (iq_router_handle(focus->router, stanza))
        return;
    if (strcmp(stanza_name(stanza), "presence") == 0)
        on_presence(focus, stanza);
}

void focus_send(Stanza *stanza, gpointer user)
{
    Focus *focus = user;
    xmpp_link_send(focus->link, stanza);
}

static IqReply on_ping(const IqRequest *req, gpointer user)
{
    return iq_ok();
}

/* ---- bridges ---- */

static void on_bridge_available(gpointer user)
{
    each_shell(user, conference_shell_bridge_available);
}

static void on_bridge_lost(const char *bridge, gboolean reachable, gpointer user)
{
    Focus *focus = user;
    g_autoptr(GList) shells = g_hash_table_get_values(focus->shells);
    g_autofree char *jid = g_strdup(bridge); /* its owner may forget it meanwhile */
    for (GList *l = shells; l; l = l->next)
        conference_shell_bridge_lost(l->data, jid, reachable);
}

const char *focus_not_ready(const Focus *focus)
{
    if (!xmpp_link_is_connected(focus->link))
        return xmpp_link_trouble(focus->link) ? xmpp_link_trouble(focus->link) : "not connected to the XMPP server";
    if (focus->draining)
        return "draining";
    if (!bridge_brewery_is_joined(focus->brewery))
        return "not in the bridges' room";
    if (bridge_brewery_operational(focus->brewery) == 0)
        return "no bridge works";
    return NULL;
}

/* ---- metrics ---- */

static void collect(gpointer user)
{
    Focus *focus = user;
    FocusMetrics *m = &focus->metrics;
    guint64 people = 0;
    GHashTableIter it;
    gpointer shell;
    g_hash_table_iter_init(&it, focus->shells);
    while (g_hash_table_iter_next(&it, NULL, &shell)) {
        guint n = conference_n_members(conference_shell_conference(shell));
        people += n;
        focus->largest = MAX(focus->largest, n);
    }
    BridgePool *pool = bridge_brewery_pool(focus->brewery);
    guint ending = 0;
    for (guint i = 0; i < bridge_pool_size(pool); i++)
        ending += bridge_pool_nth(pool, i)->graceful || bridge_pool_nth(pool, i)->shutting_down;
    metric_set(m->conferences, g_hash_table_size(focus->shells));
    metric_set(m->largest_conference, (int64_t)focus->largest);
    metric_set(m->participants_current, (int64_t)people);
    metric_set(m->healthy, focus_not_ready(focus) == NULL);
    metric_set(m->bridge_count, bridge_pool_size(pool));
    metric_set(m->bridge_operational, bridge_brewery_operational(focus->brewery));
    metric_set(m->bridge_in_shutdown, ending);
    metric_set(m->bridge_lost, (int64_t)bridge_brewery_lost(focus->brewery));
    metric_set(m->dropped_in, (int64_t)xmpp_link_dropped_in(focus->link));
    metric_set(m->dropped_out, (int64_t)xmpp_link_dropped_out(focus->link));
    metric_set(m->stray_answers, (int64_t)iq_router_strays(focus->router));
    metric_set(m->bridge_refused, (int64_t)bridge_brewery_refused(focus->brewery));
    metric_set(m->iq_waiting, iq_router_waiting(focus->router));
    metric_set(m->iq_held, iq_router_held(focus->router));
    metric_set(m->iq_refused, (int64_t)iq_router_refused(focus->router));
}

/* The names of the reference implementation, so that dashboards and autoscalers go on working. */
static void make_metrics(Focus *focus)
{
#define GAUGE(name, help) metrics_gauge(focus->registry, name, help, NULL, NULL)
#define COUNTER(name, help) metrics_counter(focus->registry, name, help, NULL, NULL)
#define PUT_OFF(reason)                                                                                                \
    metrics_counter(focus->registry, "invitations_put_off",                                                            \
                    "Invitations put off because the user joins too often (budget), or a bridge had no room.",         \
                    "reason", reason)
    focus->registry = metrics_new("jitsi_jicofo_");
    focus->metrics = (FocusMetrics){
        .conferences = GAUGE("conferences", "Conferences running now."),
        .conferences_created = COUNTER("conferences_created", "Conferences made since the start."),
        .largest_conference = GAUGE("largest_conference", "Most participants seen in one conference since the start."),
        .participants =
            COUNTER("participants", "Participants that joined since the start; who comes again counts again."),
        .participants_current = GAUGE("participants_current", "Participants in all conferences now."),
        .requests = COUNTER("conference_requests", "Conference requests by XMPP and HTTP."),
        .requests_new = COUNTER("conference_requests_new", "Conference requests that made a conference."),
        .xmpp_disconnects = COUNTER("xmpp_disconnects", "Losses of the XMPP stream and failed attempts."),
        .healthy = GAUGE("healthy", "1: calls can be made. 0: not; /about/ready says why."),
        .restart_requested =
            COUNTER("participants_restart_requested", "New sessions that clients asked for because theirs had failed."),
        .participants_moved = COUNTER("participants_moved", "Participants moved off a bridge that failed or left."),
        .participants_lost =
            COUNTER("participants_lost", "Participants invited anew because the bridge heard nothing of them."),
        .participants_refused = COUNTER("participants_refused", "Participants not invited: their room is too full."),
        .put_off_budget = PUT_OFF("budget"),
        .put_off_no_room = PUT_OFF("no_room"),
        .bridge_count = GAUGE("bridge_selector_bridge_count", "Bridges in the bridges' room now."),
        .bridge_operational = GAUGE("bridge_selector_bridge_count_operational", "Bridges of them that work."),
        .bridge_in_shutdown =
            GAUGE("bridge_selector_bridge_count_in_shutdown", "Bridges of them that are shutting down."),
        .bridge_lost = COUNTER("bridge_selector_lost_bridges", "Bridges that left or failed since the start."),
        .bridge_refused =
            COUNTER("bridge_selector_refused_bridges", "Presences of bridges not used: there are too many."),
        .dropped_in =
            COUNTER("stanzas_dropped_in", "Received stanzas over the limits of size and depth; requests are answered."),
        .dropped_out = COUNTER("stanzas_dropped_out", "Stanzas not sent: there was no connection to the XMPP server."),
        .stray_answers = COUNTER("stray_answers", "Answers nobody had asked for."),
        .iq_waiting = GAUGE("iq_waiting", "IQ requests sent that are not answered yet."),
        .iq_held = GAUGE("iq_held", "IQ requests received that are not answered yet."),
        .iq_refused = COUNTER("iq_refused", "IQ requests over the limits of those not answered yet, both ways."),
    };
    for (guint i = 0; i < FOCUS_N_REFUSALS; i++)
        focus->metrics.requests_refused[i] =
            metrics_counter(focus->registry, "conference_requests_refused", "Conference requests told to wait.",
                            "reason", refusal_names[i]);
    metrics_on_collect(focus->registry, collect, focus);
#undef GAUGE
#undef COUNTER
#undef PUT_OFF
}

/* ---- life ---- */

static char *or_derived(const char *given, const char *prefix, const char *domain)
{
    return *given ? g_strdup(given) : g_strconcat(prefix, domain, NULL);
}

static void name_everything(Focus *focus)
{
    const FocusConfig *c = focus->config;
    focus->component = or_derived(c->xmpp.component, "focus.", c->xmpp.domain);
    focus->muc = or_derived(c->xmpp.muc, "conference.", c->xmpp.domain);
    focus->breakout_muc = g_strdup(c->xmpp.breakout_muc);
    focus->brewery_room = or_derived(c->bridge.brewery, "jvbbrewery@internal.", c->xmpp.domain);
    focus->bare_jid = c->xmpp.mode == FOCUS_MODE_COMPONENT
                          ? g_strconcat("focus@", focus->component, NULL)
                          : or_derived(c->xmpp.username, "focus@auth.", c->xmpp.domain);
    focus->jid = g_strconcat(focus->bare_jid, "/focus", NULL);
    focus->from = c->xmpp.mode == FOCUS_MODE_COMPONENT ? focus->jid : NULL;
    focus->conference_config = focus_config_conference(c, focus->jid);
}

static void make_link(Focus *focus)
{
    const FocusConfig *c = focus->config;
    gboolean component = c->xmpp.mode == FOCUS_MODE_COMPONENT;
    XmppLinkConfig config = { .mode = component ? XMPP_LINK_COMPONENT : XMPP_LINK_CLIENT,
                              .host = c->xmpp.host,
                              .port = (guint16)c->xmpp.port,
                              .jid = component ? focus->component : focus->jid,
                              .password = component ? c->xmpp.secret : c->xmpp.password,
                              .tls = (XmppLinkTls)c->xmpp.tls,
                              .ca_file = c->xmpp.ca_file };
    XmppLinkEvents events = { on_connected, on_disconnected, on_stanza };
    focus->link = xmpp_link_new(&config, &events, focus);
}

static void make_brewery(Focus *focus)
{
    const FocusConfig *c = focus->config;
    BreweryConfig config = { .room = focus->brewery_room,
                             .nick = FOCUS_NICK,
                             .from = focus->from,
                             .pool = focus_config_pool(c),
                             .health_checks = c->bridge.health_checks,
                             .health_interval_ms = (guint)c->bridge.health_interval_ms,
                             .health_retry_ms = (guint)c->bridge.health_retry_ms,
                             .reply_timeout_ms = (guint)c->xmpp.reply_timeout_ms,
                             .presence_ms = BREWERY_PRESENCE_MS };
    BreweryEvents events = { on_bridge_available, on_bridge_lost };
    focus->brewery = bridge_brewery_new(focus->router, focus_send, focus, &config, &events, focus);
}

Focus *focus_new(const FocusConfig *config, GMainLoop *loop, GError **error)
{
    Focus *focus = g_new0(Focus, 1);
    focus->config = config;
    focus->loop = loop;
    name_everything(focus);
    make_metrics(focus);
    focus->shells = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    focus->limiter = request_limiter_new(config->limits.requests_per_s, (guint)config->limits.request_burst);
    make_link(focus);
    focus->router = iq_router_new(focus_send, focus);
    focus->caps = caps_cache_new();
    focus->disco =
        disco_new(focus->router, "conference", "focus", "Plenum focus", "http://jitsi.org/jicofo", focus_features);
    iq_router_add(focus->router, "get", NS_PING, "ping", on_ping, NULL);
    conference_routes_add(focus);
    jingle_routes_add(focus);
    bridge_routes_add(focus);
    make_brewery(focus);
    if (*config->http.private_listener && !focus_admin_open(focus, error)) {
        focus_free(focus);
        return NULL;
    }
    xmpp_link_start(focus->link);
    return focus;
}

void focus_drain(Focus *focus)
{
    focus->draining = TRUE;
    if (g_hash_table_size(focus->shells) == 0)
        g_main_loop_quit(focus->loop);
}

/* Rooms and bridges are told first, which also answers whoever waits; then the parts go, users before used. */
void focus_free(Focus *focus)
{
    if (!focus)
        return;
    focus->draining = TRUE;
    each_shell(focus, conference_shell_end);
    bridge_brewery_leave(focus->brewery);
    for (int i = 0; i < 1000 && g_main_context_iteration(NULL, FALSE); i++)
        ; /* ended conferences are freed here, and what they sent goes out */
    http_admin_free(focus->http);
    xmpp_link_stop(focus->link);
    bridge_brewery_free(focus->brewery);
    disco_free(focus->disco);
    iq_router_free(focus->router);
    caps_cache_free(focus->caps);
    g_hash_table_unref(focus->shells);
    xmpp_link_free(focus->link);
    request_limiter_free(focus->limiter);
    metrics_free(focus->registry);
    g_free(focus->component);
    g_free(focus->muc);
    g_free(focus->breakout_muc);
    g_free(focus->brewery_room);
    g_free(focus->bare_jid);
    g_free(focus->jid);
    g_free(focus);
}
