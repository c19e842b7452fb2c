/* SPDX-License-Identifier: Apache-2.0 */
#include "common/base/http_listener.h"

#include "common/base/clock.h"

typedef struct {
    HttpListener *listener;        /* NULL: it is gone */
    GSocketConnection *connection; /* not a reference: told when it goes */
    GSocketAddress *remote;
    int64_t since_ms;
    gboolean settled;
} Waiter;

struct HttpListener {
    /* set at birth */
    SoupServer *server;
    HttpListenerConfig config;
    GSocketService *service;
    guint16 port;
    /* control */
    GHashTable *waiters; /* set of Waiter: open connections */
    guint waiting;       /* those that are not settled */
    guint sweep;
};

static void refuse(HttpListener *l)
{
    if (l->config.refused)
        l->config.refused(l->config.user);
}

static void settle(Waiter *w)
{
    if (!w->settled)
        w->listener->waiting--;
    w->settled = TRUE;
}

/* The connection object is being destroyed: whoever served it is done with it. */
static void on_gone(gpointer waiter, GObject *connection)
{
    Waiter *w = waiter;
    if (w->listener) {
        settle(w);
        g_hash_table_remove(w->listener->waiters, w);
    }
    g_object_unref(w->remote);
    g_free(w);
}

static gboolean on_incoming(GSocketService *service, GSocketConnection *connection, GObject *source, gpointer user)
{
    HttpListener *l = user;
    g_autoptr(GSocketAddress) local = g_socket_connection_get_local_address(connection, NULL);
    GSocketAddress *remote = g_socket_connection_get_remote_address(connection, NULL);
    if (!local || !remote || l->waiting >= l->config.max_waiting) {
        g_clear_object(&remote);
        g_io_stream_close(G_IO_STREAM(connection), NULL, NULL);
        refuse(l);
        return TRUE;
    }
    Waiter *w = g_new0(Waiter, 1);
    *w = (Waiter){ .listener = l, .connection = connection, .remote = remote, .since_ms = clock_now_ms() };
    g_hash_table_add(l->waiters, w);
    l->waiting++;
    g_object_weak_ref(G_OBJECT(connection), on_gone, w);
    g_socket_set_timeout(g_socket_connection_get_socket(connection), l->config.max_idle_s);
    soup_server_accept_iostream(l->server, G_IO_STREAM(connection), local, remote, NULL);
    return TRUE;
}

static gboolean on_sweep(gpointer user)
{
    HttpListener *l = user;
    int64_t limit_ms = clock_now_ms() - (int64_t)l->config.max_wait_s * 1000;
    GHashTableIter it;
    gpointer key;
    g_hash_table_iter_init(&it, l->waiters);
    while (g_hash_table_iter_next(&it, &key, NULL)) {
        Waiter *w = key;
        if (w->settled || w->since_ms > limit_ms)
            continue;
        settle(w);
        refuse(l);
        /* Its server notices by the failing read, and lets go of it. */
        g_socket_shutdown(g_socket_connection_get_socket(w->connection), TRUE, TRUE, NULL);
    }
    return G_SOURCE_CONTINUE;
}

static void on_started(SoupServer *server, SoupServerMessage *msg, gpointer user)
{
    soup_message_headers_replace(soup_server_message_get_response_headers(msg), "Connection", "close");
}

HttpListener *http_listener_new(SoupServer *server, GSocketAddress *address, const HttpListenerConfig *config,
                                GError **error)
{
    GSocketAddress *bound = NULL;
    GSocketService *service = g_socket_service_new();
    if (!g_socket_listener_add_address(G_SOCKET_LISTENER(service), address, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP,
                                       NULL, &bound, error)) {
        g_object_unref(service);
        return NULL;
    }
    HttpListener *l = g_new0(HttpListener, 1);
    l->server = server;
    l->config = *config;
    l->service = service;
    l->port = g_inet_socket_address_get_port(G_INET_SOCKET_ADDRESS(bound));
    g_object_unref(bound);
    l->waiters = g_hash_table_new(NULL, NULL);
    if (config->max_wait_s)
        l->sweep = g_timeout_add_seconds(1, on_sweep, l);
    g_signal_connect(service, "incoming", G_CALLBACK(on_incoming), l);
    g_signal_connect(server, "request-started", G_CALLBACK(on_started), l);
    return l;
}

guint16 http_listener_port(const HttpListener *l)
{
    return l->port;
}

static gboolean is_same(GSocketAddress *a, GSocketAddress *b)
{
    GInetSocketAddress *x = G_INET_SOCKET_ADDRESS(a), *y = G_INET_SOCKET_ADDRESS(b);
    return g_inet_socket_address_get_port(x) == g_inet_socket_address_get_port(y) &&
           g_inet_address_equal(g_inet_socket_address_get_address(x), g_inet_socket_address_get_address(y));
}

void http_listener_settle(HttpListener *l, GSocketAddress *remote)
{
    GHashTableIter it;
    gpointer key;
    if (!remote || !G_IS_INET_SOCKET_ADDRESS(remote))
        return;
    g_hash_table_iter_init(&it, l->waiters);
    while (g_hash_table_iter_next(&it, &key, NULL)) {
        Waiter *w = key;
        if (is_same(w->remote, remote))
            settle(w);
    }
}

guint http_listener_waiting(const HttpListener *l)
{
    return l->waiting;
}

void http_listener_free(HttpListener *l)
{
    GHashTableIter it;
    gpointer key;
    if (!l)
        return;
    if (l->sweep)
        g_source_remove(l->sweep);
    g_signal_handlers_disconnect_by_data(l->server, l);
    g_signal_handlers_disconnect_by_data(l->service, l);
    g_socket_service_stop(l->service);
    g_socket_listener_close(G_SOCKET_LISTENER(l->service));
    g_object_unref(l->service);
    g_hash_table_iter_init(&it, l->waiters);
    while (g_hash_table_iter_next(&it, &key, NULL))
        ((Waiter *)key)->listener = NULL;
    g_hash_table_unref(l->waiters);
    g_free(l);
}
