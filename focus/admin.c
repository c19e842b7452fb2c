/* SPDX-License-Identifier: Apache-2.0
 *
 * The focus over HTTP (doc/man/plenum-focus.8): health, version and metrics come from the shared listener; here
 * are statistics, state dumps and the conference request. */
#include <config.h>
#include "common/base/listen_address.h"
#include "common/base/clock.h"
#include "common/base/json_members.h"
#include "focus/focus.h"

static void reply_builder(HttpRequest *req, JsonBuilder *b)
{
    g_autoptr(JsonNode) root = json_builder_get_root(b);
    g_autofree char *text = json_to_string(root, FALSE);
    http_request_reply_json(req, 200, text);
}

/* ---- /stats: the keys autoscalers read ---- */

static void on_stats(HttpRequest *req, gpointer user)
{
    Focus *focus = user;
    const FocusMetrics *m = &focus->metrics;
    g_free(metrics_to_json(focus->registry)); /* runs the collectors */
    g_autoptr(JsonBuilder) b = json_builder_new();
    json_builder_begin_object(b);
    json_add_int(b, "conferences", metric_get(m->conferences));
    json_add_int(b, "participants", metric_get(m->participants_current));
    json_add_int(b, "largest_conference", metric_get(m->largest_conference));
    json_add_int(b, "total_conferences_created", metric_get(m->conferences_created));
    json_add_int(b, "total_participants", metric_get(m->participants));
    json_builder_set_member_name(b, "bridge_selector");
    json_builder_begin_object(b);
    json_add_int(b, "bridge_count", metric_get(m->bridge_count));
    json_add_int(b, "operational_bridge_count", metric_get(m->bridge_operational));
    json_add_int(b, "in_shutdown_bridge_count", metric_get(m->bridge_in_shutdown));
    json_add_int(b, "lost_bridges", metric_get(m->bridge_lost));
    json_builder_end_object(b);
    json_add_text(b, "version", PACKAGE_VERSION);
    json_builder_end_object(b);
    reply_builder(req, b);
}

/* ---- state ---- */

static void add_bridges(JsonBuilder *b, Focus *focus)
{
    BridgePool *pool = bridge_brewery_pool(focus->brewery);
    int64_t now_ms = clock_now_ms();
    json_builder_begin_array(b);
    for (guint i = 0; i < bridge_pool_size(pool); i++) {
        const Bridge *bridge = bridge_pool_nth(pool, i);
        json_builder_begin_object(b);
        json_add_text(b, "jid", bridge->jid);
        json_add_text(b, "version", bridge->version);
        json_add_text(b, "region", bridge->region);
        json_add_real(b, "stress", bridge->stress);
        json_add_real(b, "corrected_stress", bridge_corrected_stress(bridge, bridge_pool_config(pool), now_ms));
        json_add_bool(b, "operational", bridge_is_operational(bridge));
        json_add_bool(b, "draining", bridge->draining);
        json_add_bool(b, "graceful_shutdown", bridge->graceful);
        json_add_bool(b, "shutting_down", bridge->shutting_down);
        json_add_int(b, "last_presence_ms_ago", now_ms - bridge->seen_ms);
        json_builder_end_object(b);
    }
    json_builder_end_array(b);
}

static int by_room(gconstpointer a, gconstpointer b)
{
    return g_strcmp0(conference_shell_room(a), conference_shell_room(b));
}

static void add_conferences(JsonBuilder *b, Focus *focus)
{
    GList *shells = g_list_sort(g_hash_table_get_values(focus->shells), by_room);
    json_builder_begin_array(b);
    for (GList *l = shells; l; l = l->next)
        json_builder_add_value(b, conference_dump(conference_shell_conference(l->data)));
    json_builder_end_array(b);
    g_list_free(shells);
}

static void on_conferences(HttpRequest *req, gpointer user)
{
    g_autoptr(JsonBuilder) b = json_builder_new();
    add_conferences(b, user);
    reply_builder(req, b);
}

static void on_conference(HttpRequest *req, gpointer user)
{
    const ConferenceShell *shell = focus_find(user, http_request_rest(req));
    if (!shell) {
        http_request_reply_text(req, 404, "no such conference\n");
        return;
    }
    g_autoptr(JsonNode) root = conference_dump(conference_shell_conference(shell));
    g_autofree char *text = json_to_string(root, TRUE);
    http_request_reply_json(req, 200, text);
}

static void on_bridges(HttpRequest *req, gpointer user)
{
    g_autoptr(JsonBuilder) b = json_builder_new();
    add_bridges(b, user);
    reply_builder(req, b);
}

static void on_debug(HttpRequest *req, gpointer user)
{
    Focus *focus = user;
    const char *trouble = focus_not_ready(focus);
    g_autoptr(JsonBuilder) b = json_builder_new();
    json_builder_begin_object(b);
    json_add_bool(b, "connected", xmpp_link_is_connected(focus->link));
    json_add_bool(b, "draining", focus->draining);
    json_add_text(b, "ready", trouble ? trouble : "yes");
    json_add_text(b, "jid", focus->jid);
    json_add_text(b, "muc", focus->muc);
    json_add_text(b, "brewery", focus->brewery_room);
    json_add_int(b, "requests_waiting", iq_router_waiting(focus->router));
    json_add_int(b, "senders_remembered", request_limiter_size(focus->limiter));
    json_builder_set_member_name(b, "bridges");
    add_bridges(b, focus);
    json_builder_set_member_name(b, "conferences");
    add_conferences(b, focus);
    json_builder_end_object(b);
    reply_builder(req, b);
}

/* ---- the listener ---- */

static const char *health(gpointer user)
{
    const Focus *focus = user;
    return xmpp_link_is_connected(focus->link) ? NULL : "not connected to the XMPP server";
}

static const char *ready(gpointer user)
{
    return focus_not_ready(user);
}

gboolean focus_admin_open(Focus *focus, GError **error)
{
    g_autofree char *address = NULL;
    guint16 port = 0;
    listen_address_parse(focus->config->http.private_listener, &address, &port); /* checked with the configuration */
    HttpAdminConfig config = { .address = address,
                               .port = port,
                               .token = focus->config->http.token,
                               .name = "plenum-focus",
                               .version = PACKAGE_VERSION,
                               .metrics = focus->registry,
                               .health = health,
                               .ready = ready,
                               .user = focus };
    focus->http = http_admin_new(&config, error);
    if (!focus->http)
        return FALSE;
    http_admin_route(focus->http, "GET", "/stats", on_stats, focus);
    http_admin_route(focus->http, "GET", "/debug", on_debug, focus);
    http_admin_route(focus->http, "GET", "/debug/conferences", on_conferences, focus);
    http_admin_route(focus->http, "GET", "/debug/conference/*", on_conference, focus);
    http_admin_route(focus->http, "GET", "/v1/conferences", on_conferences, focus);
    http_admin_route(focus->http, "GET", "/v1/conferences/*", on_conference, focus);
    http_admin_route(focus->http, "GET", "/v1/bridges", on_bridges, focus);
    conference_routes_add_http(focus);
    return TRUE;
}
