/* SPDX-License-Identifier: Apache-2.0 */
#include "common/base/http_admin.h"

#include <gio/gio.h>
#include <libsoup/soup.h>
#include <string.h>
#include "common/base/config.h"
#include "common/base/http_listener.h"

#define OPENMETRICS "application/openmetrics-text; version=1.0.0; charset=utf-8"

typedef struct {
    char *method, *path;   /* method NULL: any; path without the star */
    gboolean folder, open; /* open: no token needed */
    HttpHandler handler;
    gpointer user;
} Route;

struct HttpRequest {
    HttpAdmin *admin;
    SoupServerMessage *msg; /* owned while paused */
    const char *path, *rest;
    GHashTable *query; /* borrowed from libsoup during the handler, then a copy of ours */
    gboolean paused, gone;
};

struct HttpAdmin {
    SoupServer *server;
    HttpListener *listener;
    char *token, *name, *version;
    Metrics *metrics;
    Metric *refused; /* NULL: no metrics */
    const char *(*health)(gpointer user);
    const char *(*ready)(gpointer user);
    gpointer user;
    GPtrArray *routes;
    GPtrArray *pending; /* HttpRequest not answered yet */
};

static void route_free(gpointer p)
{
    Route *r = p;
    g_free(r->method);
    g_free(r->path);
    g_free(r);
}

/* ---- one request ---- */

static void on_finished(SoupServerMessage *msg, gpointer user)
{
    HttpRequest *req = user;
    req->gone = TRUE; /* the client left; the answer, when it comes, goes nowhere */
}

static void request_end(HttpRequest *req)
{
    g_ptr_array_remove_fast(req->admin->pending, req);
    g_signal_handlers_disconnect_by_data(req->msg, req);
    if (req->paused && !req->gone)
        soup_server_message_unpause(req->msg);
    g_object_unref(req->msg);
    g_hash_table_unref(req->query);
    g_free((char *)req->path);
    g_free(req);
}

void http_request_reply(HttpRequest *req, unsigned status, const char *content_type, const char *body, gsize len)
{
    if (!req->gone) {
        soup_server_message_set_status(req->msg, status, NULL);
        if (content_type)
            soup_server_message_set_response(req->msg, content_type, SOUP_MEMORY_COPY, body, len);
    }
    request_end(req);
}

void http_request_reply_text(HttpRequest *req, unsigned status, const char *text)
{
    http_request_reply(req, status, "text/plain; charset=utf-8", text, strlen(text));
}

void http_request_reply_json(HttpRequest *req, unsigned status, const char *json)
{
    http_request_reply(req, status, "application/json", json, strlen(json));
}

void http_request_set_header(HttpRequest *req, const char *name, const char *value)
{
    if (!req->gone)
        soup_message_headers_replace(soup_server_message_get_response_headers(req->msg), name, value);
}

const char *http_request_method(const HttpRequest *req)
{
    return soup_server_message_get_method(req->msg);
}

const char *http_request_path(const HttpRequest *req)
{
    return req->path;
}

const char *http_request_rest(const HttpRequest *req)
{
    return req->rest;
}

const char *http_request_query(const HttpRequest *req, const char *key)
{
    return g_hash_table_lookup(req->query, key);
}

const char *http_request_header(const HttpRequest *req, const char *name)
{
    return soup_message_headers_get_one(soup_server_message_get_request_headers(req->msg), name);
}

const char *http_request_body(const HttpRequest *req, gsize *len)
{
    SoupMessageBody *body = soup_server_message_get_request_body(req->msg);
    g_bytes_unref(soup_message_body_flatten(body)); /* makes data contiguous and NUL-terminated */
    *len = (gsize)body->length;
    return body->length ? (const char *)body->data : "";
}

/* ---- finding the handler ---- */

static gboolean path_matches(const Route *r, const char *path)
{
    size_t len = strlen(r->path);
    return r->folder ? strncmp(path, r->path, len) == 0 : strcmp(path, r->path) == 0;
}

static gboolean method_matches(const Route *r, const char *method)
{
    return !r->method || strcmp(r->method, method) == 0 ||
           (strcmp(r->method, "GET") == 0 && strcmp(method, "HEAD") == 0);
}

/* The longest path that matches decides; *known tells 405 from 404. */
static const Route *find_route(const HttpAdmin *admin, const char *method, const char *path, gboolean *known)
{
    const Route *best = NULL;
    size_t best_len = 0;
    *known = FALSE;
    for (guint i = 0; i < admin->routes->len; i++) {
        const Route *r = g_ptr_array_index(admin->routes, i);
        if (!path_matches(r, path))
            continue;
        *known = TRUE;
        size_t len = strlen(r->path) * 2 + !r->folder;
        if (method_matches(r, method) && (!best || len > best_len)) {
            best = r;
            best_len = len;
        }
    }
    return best;
}

static gboolean token_matches(const char *given, const char *want)
{
    size_t n = strlen(given);
    unsigned char diff = n != strlen(want);
    for (size_t i = 0; i < strlen(want); i++) /* the time taken tells nothing about how far they agree */
        diff |= (unsigned char)((i < n ? given[i] : 0) ^ want[i]);
    return diff == 0;
}

static gboolean is_authorised(const HttpAdmin *admin, SoupServerMessage *msg, const Route *route)
{
    if (!admin->token || (route && route->open))
        return TRUE;
    const char *value = soup_message_headers_get_one(soup_server_message_get_request_headers(msg), "Authorization");
    return value && g_ascii_strncasecmp(value, "Bearer ", 7) == 0 && token_matches(value + 7, admin->token);
}

static void refuse(SoupServerMessage *msg, unsigned status, const char *text)
{
    soup_server_message_set_status(msg, status, NULL);
    soup_server_message_set_response(msg, "text/plain; charset=utf-8", SOUP_MEMORY_COPY, text, strlen(text));
}

static GHashTable *copy_query(GHashTable *query)
{
    GHashTable *copy = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    GHashTableIter it;
    gpointer k, v;
    if (query)
        for (g_hash_table_iter_init(&it, query); g_hash_table_iter_next(&it, &k, &v);)
            g_hash_table_insert(copy, g_strdup(k), g_strdup(v));
    return copy;
}

static void on_request(SoupServer *server, SoupServerMessage *msg, const char *path, GHashTable *query, gpointer user)
{
    HttpAdmin *admin = user;
    gboolean known;
    if (soup_server_message_get_status(msg) == SOUP_STATUS_REQUEST_ENTITY_TOO_LARGE)
        return;
    const Route *route = find_route(admin, soup_server_message_get_method(msg), path, &known);
    if (!is_authorised(admin, msg, route)) {
        soup_message_headers_replace(soup_server_message_get_response_headers(msg), "WWW-Authenticate", "Bearer");
        refuse(msg, SOUP_STATUS_UNAUTHORIZED, "bearer token needed\n");
        return;
    }
    if (!route) {
        refuse(msg, known ? SOUP_STATUS_METHOD_NOT_ALLOWED : SOUP_STATUS_NOT_FOUND,
               known ? "method not allowed\n" : "not found\n");
        return;
    }
    if (admin->pending->len >= HTTP_ADMIN_MAX_PENDING) {
        refuse(msg, SOUP_STATUS_SERVICE_UNAVAILABLE, "too many requests waiting\n");
        return;
    }
    HttpRequest *req = g_new0(HttpRequest, 1);
    req->admin = admin;
    req->msg = g_object_ref(msg);
    req->path = g_strdup(path);
    req->rest = route->folder ? req->path + strlen(route->path) : "";
    req->query = copy_query(query);
    g_ptr_array_add(admin->pending, req);
    g_signal_connect(msg, "finished", G_CALLBACK(on_finished), req);
    /* Paused before the handler runs, so an answer at once and one later take the same way. */
    soup_server_message_pause(msg);
    req->paused = TRUE;
    route->handler(req, route->user);
}

/* Bodies are bounded while they come in, not after. */
static void on_chunk(SoupServerMessage *msg, GBytes *chunk, gpointer user)
{
    SoupMessageBody *body = soup_server_message_get_request_body(msg);
    if (body->length <= HTTP_ADMIN_MAX_BODY)
        return;
    soup_message_body_set_accumulate(body, FALSE);
    soup_message_body_truncate(body);
    if (soup_server_message_get_status(msg) == 0)
        refuse(msg, SOUP_STATUS_REQUEST_ENTITY_TOO_LARGE, "body too large\n");
}

static void on_headers(SoupServerMessage *msg, gpointer user)
{
    goffset len = soup_message_headers_get_content_length(soup_server_message_get_request_headers(msg));
    if (len > HTTP_ADMIN_MAX_BODY) {
        soup_message_headers_replace(soup_server_message_get_response_headers(msg), "Connection", "close");
        refuse(msg, SOUP_STATUS_REQUEST_ENTITY_TOO_LARGE, "body too large\n");
    }
}

static void on_started(SoupServer *server, SoupServerMessage *msg, gpointer user)
{
    g_signal_connect(msg, "got-headers", G_CALLBACK(on_headers), user);
    g_signal_connect(msg, "got-chunk", G_CALLBACK(on_chunk), user);
}

/* ---- the routes everybody has ---- */

static void reply_state(HttpRequest *req, const char *trouble)
{
    http_request_reply_text(req, trouble ? 503 : 200, trouble ? trouble : "OK");
}

static void on_health(HttpRequest *req, gpointer user)
{
    const HttpAdmin *admin = user;
    reply_state(req, admin->health ? admin->health(admin->user) : NULL);
}

static void on_ready(HttpRequest *req, gpointer user)
{
    const HttpAdmin *admin = user;
    reply_state(req, admin->ready ? admin->ready(admin->user) : NULL);
}

static void on_version(HttpRequest *req, gpointer user)
{
    const HttpAdmin *admin = user;
    g_autofree char *os = g_get_os_info(G_OS_INFO_KEY_PRETTY_NAME);
    g_autofree char *json = g_strdup_printf("{\"name\":\"%s\",\"version\":\"%s\",\"os\":\"%s\"}", admin->name,
                                            admin->version, os && !strpbrk(os, "\"\\") ? os : "Linux");
    http_request_reply_json(req, 200, json);
}

static void on_metrics(HttpRequest *req, gpointer user)
{
    const HttpAdmin *admin = user;
    g_autofree char *text = metrics_to_openmetrics(admin->metrics);
    http_request_reply(req, 200, OPENMETRICS, text, strlen(text));
}

/* ---- life ---- */

static void add_route(HttpAdmin *admin, const char *method, const char *path, gboolean open, HttpHandler handler,
                      gpointer user)
{
    Route *r = g_new0(Route, 1);
    r->method = g_strdup(method);
    r->folder = g_str_has_suffix(path, "/*");
    r->path = g_strndup(path, strlen(path) - r->folder);
    r->open = open;
    r->handler = handler;
    r->user = user;
    g_ptr_array_add(admin->routes, r);
}

void http_admin_route(HttpAdmin *admin, const char *method, const char *path, HttpHandler handler, gpointer user)
{
    add_route(admin, method, path, FALSE, handler, user);
}

void http_admin_route_open(HttpAdmin *admin, const char *method, const char *path, HttpHandler handler, gpointer user)
{
    add_route(admin, method, path, TRUE, handler, user);
}

static void on_refused(gpointer user)
{
    const HttpAdmin *admin = user;
    if (admin->refused)
        metric_add(admin->refused, 1);
}

gboolean http_admin_check(const char *address, const char *token, GError **error)
{
    g_autoptr(GInetAddress) ip = g_inet_address_new_from_string(address);
    if ((ip && g_inet_address_get_is_loopback(ip)) || (token && *token))
        return TRUE;
    g_set_error(error, CONFIG_ERROR, CONFIG_ERROR_VALUE,
                "[http] private: %s is not loopback, so a bearer token is needed: set token_file", address);
    return FALSE;
}

static gboolean start_listening(HttpAdmin *admin, const HttpAdminConfig *config, GError **error)
{
    g_autoptr(GSocketAddress) address = g_inet_socket_address_new_from_string(config->address, config->port);
    if (!address) {
        g_set_error(error, CONFIG_ERROR, CONFIG_ERROR_VALUE, "[http] private: \"%s\" is not a numeric address",
                    config->address);
        return FALSE;
    }
    if (!http_admin_check(config->address, config->token, error))
        return FALSE;
    const HttpListenerConfig limits = {
        .max_waiting = HTTP_ADMIN_MAX_CONNECTIONS, .max_idle_s = HTTP_ADMIN_IDLE_S, .refused = on_refused, .user = admin
    };
    admin->listener = http_listener_new(admin->server, address, &limits, error);
    if (!admin->listener) {
        g_prefix_error(error, "[http] private = %s:%u: ", config->address, config->port);
        return FALSE;
    }
    return TRUE;
}

HttpAdmin *http_admin_new(const HttpAdminConfig *config, GError **error)
{
    HttpAdmin *admin = g_new0(HttpAdmin, 1);
    admin->server = soup_server_new("server-header", config->name, NULL);
    admin->token = config->token && *config->token ? g_strdup(config->token) : NULL;
    admin->name = g_strdup(config->name);
    admin->version = g_strdup(config->version);
    admin->metrics = config->metrics;
    admin->health = config->health;
    admin->ready = config->ready;
    admin->user = config->user;
    admin->routes = g_ptr_array_new_with_free_func(route_free);
    admin->pending = g_ptr_array_new();
    g_signal_connect(admin->server, "request-started", G_CALLBACK(on_started), admin);
    soup_server_add_handler(admin->server, NULL, on_request, admin, NULL);
    http_admin_route_open(admin, "GET", "/about/health", on_health, admin);
    http_admin_route_open(admin, "GET", "/about/ready", on_ready, admin);
    http_admin_route(admin, "GET", "/about/version", on_version, admin);
    if (admin->metrics) {
        admin->refused = metrics_counter(admin->metrics, "http_connections_refused",
                                         "Connections to this listener closed because too many were open.", NULL, NULL);
        http_admin_route(admin, "GET", "/metrics", on_metrics, admin);
    }
    if (!start_listening(admin, config, error)) {
        http_admin_free(admin);
        return NULL;
    }
    return admin;
}

guint16 http_admin_port(const HttpAdmin *admin)
{
    return http_listener_port(admin->listener);
}

void http_admin_free(HttpAdmin *admin)
{
    if (!admin)
        return;
    while (admin->pending->len > 0)
        http_request_reply_text(g_ptr_array_index(admin->pending, 0), 503, "ending\n");
    http_listener_free(admin->listener);
    soup_server_disconnect(admin->server);
    g_object_unref(admin->server);
    g_ptr_array_unref(admin->routes);
    g_ptr_array_unref(admin->pending);
    g_free(admin->token);
    g_free(admin->name);
    g_free(admin->version);
    g_free(admin);
}
