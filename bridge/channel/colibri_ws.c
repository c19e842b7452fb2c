/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/channel/colibri_ws.h"
#include <libsoup/soup.h>
#include <string.h>
#include "bridge/channel/messages.h"
#include "bridge/channel/ws_target.h"
#include "common/base/clock.h"
#include "common/base/http_listener.h"

#define WS_GOING_AWAY 1001

struct ColibriWs {
    /* set at birth */
    SoupServer *server;
    HttpListener *listener;
    char *server_id;
    const ColibriWsEvents *events;
    gpointer user;
    /* control */
    GHashTable *sockets; /* set of Socket; owned */
    guint idle_source;
};

typedef struct {
    ColibriWs *ws;
    SoupWebsocketConnection *connection;
    uint64_t endpoint; /* 0: forgotten, only the closing handshake is left */
    int64_t heard_us;
    size_t unseen; /* bytes sent since the last pong */
} Socket;

static void socket_free(gpointer data)
{
    Socket *s = data;
    g_signal_handlers_disconnect_by_data(s->connection, s);
    g_object_unref(s->connection);
    g_free(s);
}

/* ---- the carrier ---- */

static bool carrier_send(void *socket, const char *text, size_t len)
{
    Socket *s = socket;
    if (soup_websocket_connection_get_state(s->connection) != SOUP_WEBSOCKET_STATE_OPEN ||
        s->unseen + len > COLIBRI_WS_MAX_UNSEEN)
        return false;
    s->unseen += len;
    soup_websocket_connection_send_text(s->connection, text);
    return true;
}

static void carrier_close(void *socket, uint16_t code, const char *reason)
{
    Socket *s = socket;
    s->endpoint = 0;
    if (soup_websocket_connection_get_state(s->connection) == SOUP_WEBSOCKET_STATE_OPEN)
        soup_websocket_connection_close(s->connection, code, reason);
}

static const CarrierOps carrier_ops = { .send = carrier_send, .close = carrier_close };

/* ---- the connection ---- */

static void on_message(SoupWebsocketConnection *connection, gint type, GBytes *bytes, gpointer data)
{
    Socket *s = data;
    gsize len;
    const char *text = g_bytes_get_data(bytes, &len);
    s->heard_us = clock_now_us();
    if (s->endpoint && type == SOUP_WEBSOCKET_DATA_TEXT)
        s->ws->events->text(s->endpoint, text ? text : "", len, s->ws->user);
}

static void on_pong(SoupWebsocketConnection *connection, GBytes *bytes, gpointer data)
{
    Socket *s = data;
    s->heard_us = clock_now_us();
    s->unseen = 0;
}

static void on_closed(SoupWebsocketConnection *connection, gpointer data)
{
    Socket *s = data;
    uint64_t endpoint = s->endpoint;
    ColibriWs *ws = s->ws;
    g_hash_table_steal(ws->sockets, s);
    if (endpoint)
        ws->events->closed(endpoint, s, ws->user);
    socket_free(s);
}

/* Closes what has been silent for too long; a peer that is gone never answers the closing handshake. */
static gboolean on_idle_check(gpointer data)
{
    ColibriWs *ws = data;
    int64_t limit = clock_now_us() - COLIBRI_WS_IDLE_S * INT64_C(1000000);
    GHashTableIter iter;
    gpointer key;
    g_hash_table_iter_init(&iter, ws->sockets);
    while (g_hash_table_iter_next(&iter, &key, NULL)) {
        Socket *s = key;
        if (s->heard_us < limit && soup_websocket_connection_get_state(s->connection) == SOUP_WEBSOCKET_STATE_OPEN)
            soup_websocket_connection_close(s->connection, WS_GOING_AWAY, "idle");
    }
    return G_SOURCE_CONTINUE;
}

/* ---- requests ---- */

/* 0 and *status when it is not let in. */
static uint64_t authorize(ColibriWs *ws, SoupServerMessage *msg, const char *path, unsigned *status)
{
    WsTarget target;
    WsTargetStatus found =
        ws_target_parse(path, g_uri_get_query(soup_server_message_get_uri(msg)), ws->server_id, &target);
    *status = found == WS_TARGET_NOT_FOUND ? SOUP_STATUS_NOT_FOUND : SOUP_STATUS_FORBIDDEN;
    if (found != WS_TARGET_OK)
        return 0;
    uint64_t endpoint = ws->events->authorize(target.conference, target.endpoint, target.password, ws->user);
    ws_target_clear(&target);
    return endpoint;
}

static void on_early(SoupServer *server, SoupServerMessage *msg, const char *path, GHashTable *query, gpointer data)
{
    unsigned status;
    if (!authorize(data, msg, path, &status))
        soup_server_message_set_status(msg, status, NULL);
}

/* Nobody has a body to send here: one is refused, and never collected, however long it is. */
static void on_headers(SoupServerMessage *msg, gpointer data)
{
    SoupMessageHeaders *headers = soup_server_message_get_request_headers(msg);
    SoupEncoding encoding = soup_message_headers_get_encoding(headers);
    if (encoding == SOUP_ENCODING_NONE ||
        (encoding == SOUP_ENCODING_CONTENT_LENGTH && soup_message_headers_get_content_length(headers) == 0))
        return;
    soup_message_body_set_accumulate(soup_server_message_get_request_body(msg), FALSE);
    soup_message_headers_replace(soup_server_message_get_response_headers(msg), "Connection", "close");
    soup_server_message_set_status(msg, SOUP_STATUS_REQUEST_ENTITY_TOO_LARGE, NULL);
}

static void on_started(SoupServer *server, SoupServerMessage *msg, gpointer data)
{
    g_signal_connect(msg, "got-headers", G_CALLBACK(on_headers), NULL);
}

static void on_web_socket(SoupServer *server, SoupServerMessage *msg, const char *path,
                          SoupWebsocketConnection *connection, gpointer data)
{
    ColibriWs *ws = data;
    unsigned status;
    uint64_t endpoint = authorize(ws, msg, path, &status);
    if (!endpoint) { /* it went away during the upgrade */
        soup_websocket_connection_close(connection, WS_GOING_AWAY, "endpoint closed");
        return;
    }
    Socket *s = g_new0(Socket, 1);
    *s = (Socket){ .ws = ws, .connection = g_object_ref(connection), .endpoint = endpoint, .heard_us = clock_now_us() };
    soup_websocket_connection_set_max_incoming_payload_size(connection, MESSAGE_MAX_BYTES);
    soup_websocket_connection_set_keepalive_interval(connection, COLIBRI_WS_PING_S);
    g_signal_connect(connection, "message", G_CALLBACK(on_message), s);
    g_signal_connect(connection, "pong", G_CALLBACK(on_pong), s);
    g_signal_connect(connection, "closed", G_CALLBACK(on_closed), s);
    g_hash_table_add(ws->sockets, s);
    http_listener_settle(ws->listener, soup_server_message_get_remote_address(msg));
    ws->events->opened(endpoint, (Carrier){ &carrier_ops, s }, ws->user);
}

/* ---- life ---- */

static void on_refused(gpointer data)
{
    ColibriWs *ws = data;
    if (ws->events->refused)
        ws->events->refused(ws->user);
}

ColibriWs *colibri_ws_new(const char *address, guint16 port, const char *server_id, const ColibriWsEvents *events,
                          gpointer user, GError **error)
{
    g_autoptr(GSocketAddress) where = g_inet_socket_address_new_from_string(address, port);
    if (!where) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "%s is no numeric address", address);
        return NULL;
    }
    ColibriWs *ws = g_new0(ColibriWs, 1);
    *ws = (ColibriWs){
        .server = soup_server_new("server-header", "plenum-bridge", NULL),
        .server_id = g_strdup(server_id),
        .events = events,
        .user = user,
        .sockets = g_hash_table_new_full(NULL, NULL, socket_free, NULL),
    };
    soup_server_remove_websocket_extension(ws->server, SOUP_TYPE_WEBSOCKET_EXTENSION_DEFLATE);
    g_signal_connect(ws->server, "request-started", G_CALLBACK(on_started), NULL);
    soup_server_add_early_handler(ws->server, WS_PATH, on_early, ws, NULL);
    soup_server_add_websocket_handler(ws->server, WS_PATH, NULL, NULL, on_web_socket, ws, NULL);
    ws->idle_source = g_timeout_add_seconds(COLIBRI_WS_PING_S, on_idle_check, ws);
    const HttpListenerConfig limits = { .max_waiting = COLIBRI_WS_MAX_WAITING,
                                        .max_wait_s = COLIBRI_WS_WAIT_S,
                                        .max_idle_s = COLIBRI_WS_IDLE_S,
                                        .refused = on_refused,
                                        .user = ws };
    ws->listener = http_listener_new(ws->server, where, &limits, error);
    if (ws->listener)
        return ws;
    colibri_ws_free(ws);
    return NULL;
}

guint16 colibri_ws_port(const ColibriWs *ws)
{
    return http_listener_port(ws->listener);
}

guint colibri_ws_n_waiting(const ColibriWs *ws)
{
    return http_listener_waiting(ws->listener);
}

guint colibri_ws_n_sockets(const ColibriWs *ws)
{
    return g_hash_table_size(ws->sockets);
}

void colibri_ws_free(ColibriWs *ws)
{
    if (!ws)
        return;
    g_source_remove(ws->idle_source);
    g_hash_table_unref(ws->sockets);
    http_listener_free(ws->listener);
    soup_server_disconnect(ws->server);
    g_object_unref(ws->server);
    g_free(ws->server_id);
    g_free(ws);
}
