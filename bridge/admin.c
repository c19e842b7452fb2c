/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/admin.h"
#include <string.h>
#include "bridge/channel/json_text.h"
#include "bridge/colibri_routes.h"
#include "bridge/dump.h"

struct Admin {
    Bridge *bridge;
    Stats *stats;
    Captures *captures;  /* NULL: not configured */
    GHashTable *waiting; /* snapshot id -> Waiting; owned */
    uint64_t last_id;
};

/* An endpoint's dump that waits for its streams. */
typedef struct {
    Admin *admin;
    uint64_t id, endpoint;
    HttpRequest *request;
    guint timeout;
} Waiting;

/* ---- statistics, drain, COLIBRI2 ---- */

static void on_stats(HttpRequest *req, gpointer user)
{
    g_autofree char *json = stats_json(((Admin *)user)->stats);
    http_request_reply_json(req, 200, json);
}

static void reply_drain(HttpRequest *req, const Admin *a)
{
    http_request_reply_json(req, 200, bridge_is_draining(a->bridge) ? "{\"drain\":true}" : "{\"drain\":false}");
}

static void on_drain(HttpRequest *req, gpointer user)
{
    reply_drain(req, user);
}

static void on_drain_enable(HttpRequest *req, gpointer user)
{
    bridge_set_drain(((Admin *)user)->bridge, true);
    reply_drain(req, user);
}

static void on_drain_disable(HttpRequest *req, gpointer user)
{
    bridge_set_drain(((Admin *)user)->bridge, false);
    reply_drain(req, user);
}

static void on_shutdown(HttpRequest *req, gpointer user)
{
    gsize len;
    bool graceful = false;
    const char *body = http_request_body(req, &len);
    if (json_text_check(body, len) != JSON_OK ||
        !json_span_bool(json_member(json_text_root(body, len), "graceful-shutdown"), &graceful) || !graceful) {
        http_request_reply_text(req, 400,
                                "expected {\"graceful-shutdown\":true}; to end at once, send SIGTERM twice\n");
        return;
    }
    bridge_shut_down(((Admin *)user)->bridge);
    http_request_reply_json(req, 200, "{\"graceful-shutdown\":true}");
}

static void on_colibri2(HttpRequest *req, gpointer user)
{
    gsize len;
    unsigned status;
    const char *body = http_request_body(req, &len);
    g_autofree char *answer = colibri_routes_post(((Admin *)user)->bridge, body ? body : "", len, &status);
    http_request_reply(req, status, "application/xml", answer, strlen(answer));
}

/* ---- conferences ---- */

static Conference *find_conference(const Admin *a, const char *id)
{
    Conference *c = bridge_find_id(a->bridge, id);
    return c ? c : bridge_find_meeting(a->bridge, id);
}

static void add_conference(Conference *c, gpointer json)
{
    dump_conference(json, c, false);
}

static void add_conference_full(Conference *c, gpointer json)
{
    dump_conference(json, c, true);
}

static void reply_all(HttpRequest *req, Admin *a)
{
    const char *full = http_request_query(req, "full");
    g_autoptr(JsonBuilder) json = json_builder_new();
    json_builder_begin_object(json);
    json_builder_set_member_name(json, "conferences");
    json_builder_begin_array(json);
    bridge_each(a->bridge, full && strcmp(full, "true") == 0 ? add_conference_full : add_conference, json);
    json_builder_end_array(json);
    json_builder_end_object(json);
    g_autofree char *text = dump_text(json);
    http_request_reply_json(req, 200, text);
}

static void reply_conference(HttpRequest *req, Conference *c)
{
    g_autoptr(JsonBuilder) json = json_builder_new();
    dump_conference(json, c, true);
    g_autofree char *text = dump_text(json);
    http_request_reply_json(req, 200, text);
}

/* ---- one endpoint: its streams come from the worker ---- */

static void reply_endpoint(HttpRequest *req, const Endpoint *ep, const WorkerEvent *ev)
{
    g_autoptr(JsonBuilder) json = json_builder_new();
    json_builder_begin_object(json);
    json_builder_set_member_name(json, "endpoint");
    dump_endpoint(json, ep, true);
    if (ev)
        dump_streams(json, ev);
    json_builder_end_object(json);
    g_autofree char *text = dump_text(json);
    http_request_reply_json(req, 200, text);
}

static void waiting_free(gpointer data)
{
    Waiting *w = data;
    if (w->timeout)
        g_source_remove(w->timeout);
    if (w->request)
        http_request_reply_text(w->request, 503, "shutting down\n");
    g_free(w);
}

static void finish(Waiting *w, const WorkerEvent *ev)
{
    const Endpoint *ep = bridge_find_endpoint(w->admin->bridge, w->endpoint);
    HttpRequest *req = g_steal_pointer(&w->request);
    if (ep)
        reply_endpoint(req, ep, ev);
    else
        http_request_reply_text(req, 404, "the endpoint has just left\n");
    g_hash_table_remove(w->admin->waiting, &w->id);
}

static gboolean on_snapshot_timeout(gpointer data)
{
    Waiting *w = data;
    w->timeout = 0;
    finish(w, NULL);
    return G_SOURCE_REMOVE;
}

void admin_on_snapshot(Admin *a, const WorkerEvent *ev)
{
    Waiting *w = ev->snapshot.id ? g_hash_table_lookup(a->waiting, &ev->snapshot.id) : NULL;
    if (w)
        finish(w, ev);
}

static void reply_endpoint_later(HttpRequest *req, Admin *a, const Conference *c, const Endpoint *ep)
{
    uint64_t id = ++a->last_id;
    if (g_hash_table_size(a->waiting) >= ADMIN_MAX_WAITING || !bridge_request_snapshot(a->bridge, c, ep, id, true)) {
        reply_endpoint(req, ep, NULL);
        return;
    }
    Waiting *w = g_new0(Waiting, 1);
    *w = (Waiting){ .admin = a, .id = id, .endpoint = ep->handle, .request = req };
    w->timeout = g_timeout_add(ADMIN_SNAPSHOT_MS, on_snapshot_timeout, w);
    g_hash_table_insert(a->waiting, &w->id, w);
}

/* ---- paths ---- */

typedef struct {
    Conference *c;
    Endpoint *ep;
    const char *action; /* "" when none */
} Target;

/* CONF, CONF/endpoints/EP[/ACTION] (or CONF/EP with `plain`). False: answered 404. */
static bool find_target(HttpRequest *req, const Admin *a, bool plain, char **part, Target *t)
{
    unsigned n = g_strv_length(part), at = plain ? 1 : 2;
    *t = (Target){ .action = "" };
    t->c = find_conference(a, part[0]);
    bool right = t->c && (n == 1 || (n > at && (plain || strcmp(part[1], "endpoints") == 0)));
    if (right && n > at) {
        t->ep = conference_find(t->c, part[at]);
        right = t->ep && n <= at + 2;
        t->action = n == at + 2 ? part[at + 1] : "";
    }
    if (!right)
        http_request_reply_text(req, 404, "no such conference or endpoint\n");
    return right;
}

static void show(HttpRequest *req, Admin *a, bool plain)
{
    const char *rest = http_request_rest(req);
    Target t;
    if (!rest[0]) {
        reply_all(req, a);
        return;
    }
    g_auto(GStrv) part = g_strsplit(rest, "/", 6);
    if (!find_target(req, a, plain, part, &t))
        return;
    if (t.action[0])
        http_request_reply_text(req, 405, "actions are done by POST\n");
    else if (t.ep)
        reply_endpoint_later(req, a, t.c, t.ep);
    else
        reply_conference(req, t.c);
}

static void on_debug(HttpRequest *req, gpointer user)
{
    show(req, user, true);
}

static void on_conferences(HttpRequest *req, gpointer user)
{
    show(req, user, false);
}

/* ---- captures ---- */

static void put_capture(JsonBuilder *json, const CaptureInfo *info)
{
    json_builder_begin_object(json);
    json_builder_set_member_name(json, "file");
    json_builder_add_string_value(json, info->path);
    json_builder_set_member_name(json, "running");
    json_builder_add_boolean_value(json, info->running);
    json_builder_set_member_name(json, "packets");
    json_builder_add_int_value(json, (gint64)info->packets);
    json_builder_set_member_name(json, "bytes");
    json_builder_add_int_value(json, (gint64)info->bytes);
    json_builder_set_member_name(json, "dropped");
    json_builder_add_int_value(json, (gint64)info->dropped);
    json_builder_end_object(json);
}

static void on_captures(HttpRequest *req, gpointer user)
{
    const Admin *a = user;
    CaptureInfo info[CAPTURES_MAX];
    size_t n = a->captures ? captures_list(a->captures, info) : 0;
    g_autoptr(JsonBuilder) json = json_builder_new();
    json_builder_begin_object(json);
    json_builder_set_member_name(json, "captures");
    json_builder_begin_array(json);
    for (size_t i = 0; i < n; i++)
        put_capture(json, &info[i]);
    json_builder_end_array(json);
    json_builder_end_object(json);
    g_autofree char *text = dump_text(json);
    http_request_reply_json(req, 200, text);
}

static void start_capture(HttpRequest *req, Admin *a, Endpoint *ep)
{
    char error[256];
    guint64 seconds = CAPTURE_SECONDS_DEFAULT;
    const char *given = http_request_query(req, "seconds");
    if (given && !g_ascii_string_to_unsigned(given, 10, 1, CAPTURE_SECONDS_MAX, &seconds, NULL)) {
        http_request_reply_text(req, 400, "seconds: 1 to " G_STRINGIFY(CAPTURE_SECONDS_MAX) "\n");
        return;
    }
    Capture *capture = captures_start(a->captures, ep->id, ep->handle, (unsigned)seconds, error, sizeof(error));
    if (!capture) {
        g_autofree char *text = g_strdup_printf("%s\n", error);
        http_request_reply_text(req, 503, text);
        return;
    }
    WorkerCommand *command = endpoint_command(ep, WORKER_CAPTURE, 0);
    command->capture.to = capture;
    endpoint_post(ep, command);
    CaptureInfo info[CAPTURES_MAX];
    size_t n = captures_list(a->captures, info);
    g_autoptr(JsonBuilder) json = json_builder_new();
    put_capture(json, &info[n - 1]);
    g_autofree char *text = dump_text(json);
    http_request_reply_json(req, 202, text);
}

/* True: answered. */
static bool capture_action(HttpRequest *req, Admin *a, Endpoint *ep, const char *action)
{
    bool begins = strcmp(action, "capture") == 0, ends = strcmp(action, "capture-end") == 0;
    if (!ep || (!begins && !ends))
        return false;
    if (!a->captures)
        http_request_reply_text(req, 403, "[debug] capture_directory is not set\n");
    else if (begins)
        start_capture(req, a, ep);
    else if (captures_end(a->captures, ep->handle))
        http_request_reply_json(req, 202, "{}");
    else
        http_request_reply_text(req, 404, "no capture of this endpoint is running\n");
    return true;
}

static void on_action(HttpRequest *req, gpointer user)
{
    Admin *a = user;
    Target t;
    g_auto(GStrv) part = g_strsplit(http_request_rest(req), "/", 6);
    if (!find_target(req, a, false, part, &t))
        return;
    if (capture_action(req, a, t.ep, t.action))
        return;
    if (t.ep && strcmp(t.action, "keyframe") == 0) {
        endpoint_post(t.ep, endpoint_command(t.ep, WORKER_REQUEST_KEYFRAME, 0));
    } else if (t.ep && strcmp(t.action, "expire") == 0) {
        bridge_expire_later(a->bridge, t.ep, "by the administrator");
    } else {
        http_request_reply_text(req, 404, "no such action\n");
        return;
    }
    http_request_reply_json(req, 202, "{}");
}

/* ---- life ---- */

Admin *admin_new(HttpAdmin *http, Bridge *b, Stats *stats)
{
    Admin *a = g_new0(Admin, 1);
    *a = (Admin){ .bridge = b, .stats = stats };
    a->waiting = g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL, waiting_free);
    http_admin_route(http, "GET", "/colibri/stats", on_stats, a);
    http_admin_route(http, "GET", "/colibri/drain", on_drain, a);
    http_admin_route(http, "POST", "/colibri/drain/enable", on_drain_enable, a);
    http_admin_route(http, "POST", "/colibri/drain/disable", on_drain_disable, a);
    http_admin_route(http, "POST", "/colibri/shutdown", on_shutdown, a);
    http_admin_route(http, "POST", "/colibri2", on_colibri2, a);
    http_admin_route(http, "GET", "/debug", on_debug, a);
    http_admin_route(http, "GET", "/debug/*", on_debug, a);
    http_admin_route(http, "GET", "/v1/conferences", on_conferences, a);
    http_admin_route(http, "GET", "/v1/conferences/*", on_conferences, a);
    http_admin_route(http, "POST", "/v1/conferences/*", on_action, a);
    http_admin_route(http, "GET", "/v1/captures", on_captures, a);
    return a;
}

void admin_set_captures(Admin *a, Captures *captures)
{
    a->captures = captures;
}

void admin_free(Admin *a)
{
    if (!a)
        return;
    g_hash_table_unref(a->waiting);
    g_free(a);
}
