/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/brewery.h"
#include <string.h>
#include <unistd.h>
#include "bridge/colibri_routes.h"
#include "common/xmpp/disco.h"
#include "common/xmpp/muc.h"
#include "common/xmpp/xmpp_link.h"

#define NS_COLIBRI "http://jitsi.org/protocol/colibri"
#define NS_HEALTHCHECK "http://jitsi.org/protocol/healthcheck"
#define NS_VERSION "jabber:iq:version"
#define NS_PING "urn:xmpp:ping"
#define BREWERY_NAME "Plenum"
#define BREWERY_NODE "https://plenum.invalid/bridge"
#define CONFIG_FORM_MS 10000

static const char *const features[] = { NS_DISCO_INFO,
                                        NS_HEALTHCHECK,
                                        NS_VERSION,
                                        NS_PING,
                                        "urn:xmpp:jingle:apps:dtls:0",
                                        "urn:xmpp:jingle:transports:ice-udp:1",
                                        NULL };

struct Brewery {
    /* set at birth */
    BreweryConfig config;
    LogContext log;
    char *nick, *jid;
    XmppLink *link;
    IqRouter *router;
    Disco *disco;
    MucRoom *room;
    /* set by brewery_start */
    Bridge *bridge;
    Stats *stats;
    /* control */
    guint presence_source, rejoin_source;
    GHashTable *deaf; /* set of addresses that refused a notification */
    bool leaving;
};

static void send_stanza(Stanza *stanza, gpointer user)
{
    xmpp_link_send(((Brewery *)user)->link, stanza);
}

/* ---- presence ---- */

static Stanza *stats_element(const Brewery *br)
{
    g_autoptr(GArray) list = stats_list(br->stats);
    Stanza *root = stanza_new("stats", NS_COLIBRI);
    for (guint i = 0; i < list->len; i++) {
        const Stat *one = &g_array_index(list, Stat, i);
        stanza_child(root, "stat", NULL, "name", one->name, "value", one->value, NULL);
    }
    return root;
}

static void set_presence(Brewery *br)
{
    GPtrArray *elements = g_ptr_array_new();
    g_ptr_array_add(elements, disco_caps_element(br->disco));
    g_ptr_array_add(elements, stats_element(br));
    muc_room_set_extensions(br->room, elements); /* taken; sent at once when joined */
}

void brewery_publish(Brewery *br)
{
    if (br->stats && !br->leaving)
        set_presence(br);
}

static gboolean on_presence_due(gpointer data)
{
    brewery_publish(data);
    return G_SOURCE_CONTINUE;
}

/* ---- the room ---- */

static void join(Brewery *br)
{
    if (br->leaving || !xmpp_link_is_connected(br->link))
        return;
    set_presence(br);
    muc_room_join(br->room, NULL, BREWERY_JOIN_MS);
}

static gboolean on_rejoin(gpointer data)
{
    Brewery *br = data;
    br->rejoin_source = 0;
    join(br);
    return G_SOURCE_REMOVE;
}

static void on_joined(MucRoom *room, gpointer user)
{
    Brewery *br = user;
    log_info(&br->log, "joined %s as %s", muc_room_jid(room), br->nick);
    if (muc_room_own_affiliation(room) == MUC_AFFILIATION_OWNER) /* we made it: it may still be locked */
        muc_room_submit_config(room, CONFIG_FORM_MS, NULL, NULL, "muc#roomconfig_whois", "anyone", NULL);
    brewery_publish(br);
}

static void on_out(MucRoom *room, MucOut why, StanzaCondition condition, gpointer user)
{
    static const char *const texts[] = { "left", "refused", "no answer to the join", "put out", "destroyed", "gone" };
    Brewery *br = user;
    if (br->leaving)
        return;
    log_warning(&br->log, "out of %s: %s%s%s", muc_room_jid(room), (size_t)why < G_N_ELEMENTS(texts) ? texts[why] : "?",
                why == MUC_OUT_REFUSED ? ", " : "", why == MUC_OUT_REFUSED ? stanza_condition_name(condition) : "");
    if (br->rejoin_source == 0)
        br->rejoin_source = g_timeout_add(BREWERY_REJOIN_MS, on_rejoin, br);
}

static void on_occupant_left(MucRoom *room, const MucOccupant *o, const Stanza *unavailable, gpointer user)
{
    g_hash_table_remove(((Brewery *)user)->deaf, o->jid);
}

static const MucEvents muc_events = { .joined = on_joined, .out = on_out, .occupant_left = on_occupant_left };

const char *brewery_trouble(const Brewery *br)
{
    return xmpp_link_trouble(br->link);
}

bool brewery_is_joined(const Brewery *br)
{
    return br && xmpp_link_is_connected(br->link) && muc_room_is_joined(br->room);
}

/* ---- requests ---- */

static bool is_occupant(const Brewery *br, const char *from)
{
    g_autofree char *room = jid_text_bare(from);
    return g_ascii_strcasecmp(room, muc_room_jid(br->room)) == 0 &&
           muc_room_occupant(br->room, jid_text_resource(from)) != NULL;
}

static IqReply on_conference_modify(const IqRequest *req, gpointer user)
{
    Brewery *br = user;
    g_autoptr(Colibri2Error) error = NULL;
    if (!is_occupant(br, req->from))
        return iq_error(STANZA_FORBIDDEN, "Only occupants of the bridges' room are served");
    Stanza *answer = colibri_routes_modify(br->bridge, req->from, req->payload, &error);
    if (answer)
        return iq_result(answer);
    return (IqReply){ IQ_REPLY_ERROR, colibri2_error_build(error) };
}

static IqReply on_healthcheck(const IqRequest *req, gpointer user)
{
    Brewery *br = user;
    if (!is_occupant(br, req->from))
        return iq_error(STANZA_FORBIDDEN, "for members of the bridges' room only");
    const char *problem = br->config.unhealthy ? br->config.unhealthy(br->config.user) : NULL;
    return problem ? iq_error(STANZA_INTERNAL_SERVER_ERROR, problem) : iq_ok();
}

static IqReply on_version(const IqRequest *req, gpointer user)
{
    Brewery *br = user;
    Stanza *query = stanza_new("query", NS_VERSION);
    stanza_set_text(stanza_child(query, "name", NULL, NULL), BREWERY_NAME);
    stanza_set_text(stanza_child(query, "version", NULL, NULL), br->config.version);
    stanza_set_text(stanza_child(query, "os", NULL, NULL), "Linux");
    return iq_result(query);
}

static IqReply on_ping(const IqRequest *req, gpointer user)
{
    return iq_ok();
}

/* ---- notifications ---- */

/* One that was sent. */
typedef struct {
    Brewery *brewery;
    char *focus;
} Told;

/* item-not-found: it knows what a notification is, but has ended that conference. */
static void on_told(IqOutcome outcome, const Stanza *answer, gpointer user)
{
    Told *told = user;
    Brewery *br = told->brewery;
    if (outcome == IQ_ERROR) {
        StanzaErrorInfo info;
        stanza_error_read(answer, &info);
        if (br->bridge)
            bridge_env(br->bridge)->counters.notifications_refused++;
        if (info.condition != STANZA_ITEM_NOT_FOUND && g_hash_table_size(br->deaf) < BREWERY_MAX_DEAF) {
            log_info(&br->log, "%s does not take notifications: %s", told->focus,
                     stanza_condition_name(info.condition));
            g_hash_table_add(br->deaf, g_strdup(told->focus));
        }
        stanza_error_info_clear(&info);
    }
    g_free(told->focus);
    g_free(told);
}

void brewery_tell_lost(Brewery *br, const Endpoint *ep, const char *why)
{
    const char *focus = ep->conference->focus;
    if (!focus || !brewery_is_joined(br) || !is_occupant(br, focus) || g_hash_table_contains(br->deaf, focus))
        return;
    g_autoptr(Colibri2Notification) n = colibri2_notification_new(ep->conference->meeting_id);
    colibri2_notification_add(n, ep->id, COLIBRI2_ICE_FAILED, why, ep->first_ufrag);
    Told *told = g_new0(Told, 1);
    *told = (Told){ br, g_strdup(focus) };
    bridge_env(br->bridge)->counters.notifications_sent++;
    iq_router_request(br->router, "set", NULL, focus, colibri2_notification_build(n), BREWERY_NOTIFY_MS, on_told, told);
}

/* ---- the stream ---- */

static void on_connected(gpointer user)
{
    Brewery *br = user;
    log_info(&br->log, "connected to XMPP as %s", xmpp_link_jid(br->link));
    join(br);
}

static void on_disconnected(const char *reason, gpointer user)
{
    Brewery *br = user;
    bridge_env(br->bridge)->counters.xmpp_disconnects++;
    muc_room_suspend(br->room); /* statistics sent ahead of the next join would be refused, and taken for its refusal */
    log_warning(&br->log, "XMPP: %s; conferences go on, connecting again", reason);
}

static void on_stanza(const Stanza *stanza, gpointer user)
{
    Brewery *br = user;
    if (strcmp(stanza_name(stanza), "iq") == 0)
        iq_router_handle(br->router, stanza);
    else if (strcmp(stanza_name(stanza), "presence") == 0)
        muc_room_handle(br->room, stanza);
}

static const XmppLinkEvents link_events = { .connected = on_connected,
                                            .disconnected = on_disconnected,
                                            .stanza = on_stanza };

/* ---- life ---- */

static char *make_nick(const BridgeConfig *config)
{
    char host[64] = "bridge";
    if (config->xmpp.nickname[0])
        return g_strdup(config->xmpp.nickname);
    gethostname(host, sizeof(host) - 1);
    host[strcspn(host, ".")] = 0;
    return g_strdup_printf("%s-%06x", host, g_random_int() & 0xffffff);
}

Brewery *brewery_new(const BreweryConfig *config)
{
    const BridgeConfig *c = config->config;
    Brewery *br = g_new0(Brewery, 1);
    br->config = *config;
    br->nick = make_nick(c);
    br->deaf = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    br->jid = g_strdup_printf("%s@%s/%s", c->xmpp.username, c->xmpp.domain, br->nick);
    br->log = (LogContext){ .bridge = br->nick };
    br->link = xmpp_link_new(
        &(XmppLinkConfig){
            .mode = XMPP_LINK_CLIENT,
            .host = c->xmpp.host,
            .port = (guint16)c->xmpp.port,
            .jid = br->jid,
            .password = c->xmpp.password,
            .tls = (XmppLinkTls)c->xmpp.tls,
            .ca_file = c->xmpp.ca_file[0] ? c->xmpp.ca_file : NULL,
        },
        &link_events, br);
    br->router = iq_router_new(send_stanza, br);
    br->disco = disco_new(br->router, "component", "conference", BREWERY_NAME, BREWERY_NODE, features);
    br->room = muc_room_new(br->router, send_stanza, br, c->xmpp.muc, br->nick, NULL, &muc_events, br);
    iq_router_add(br->router, NULL, NS_COLIBRI2, "conference-modify", on_conference_modify, br);
    iq_router_add(br->router, NULL, NS_HEALTHCHECK, "healthcheck", on_healthcheck, br);
    iq_router_add(br->router, "get", NS_VERSION, "query", on_version, br);
    iq_router_add(br->router, "get", NS_PING, "ping", on_ping, br);
    return br;
}

void brewery_start(Brewery *br, Bridge *b, Stats *stats)
{
    br->bridge = b;
    br->stats = stats;
    br->presence_source =
        g_timeout_add_seconds((guint)br->config.config->xmpp.presence_interval_s, on_presence_due, br);
    xmpp_link_start(br->link);
}

void brewery_leave(Brewery *br)
{
    if (br->leaving)
        return;
    br->leaving = true;
    if (brewery_is_joined(br))
        muc_room_leave(br->room);
}

void brewery_free(Brewery *br)
{
    if (!br)
        return;
    if (br->presence_source)
        g_source_remove(br->presence_source);
    if (br->rejoin_source)
        g_source_remove(br->rejoin_source);
    br->leaving = true;
    xmpp_link_stop(br->link);
    muc_room_free(br->room);
    disco_free(br->disco);
    iq_router_free(br->router);
    xmpp_link_free(br->link);
    g_hash_table_unref(br->deaf);
    g_free(br->nick);
    g_free(br->jid);
    g_free(br);
}
