/* SPDX-License-Identifier: Apache-2.0
 *
 * The listening socket of an HTTP server, with limits that libsoup does not have: how many connections wait at
 * once, and for how long. A connection waits until it is settled (a WebSocket whose client was recognised) or
 * closed; those of a server that settles nothing wait for good, and only their number and idleness are limited.
 * One request a connection: libsoup does not keep those alive that it did not accept itself, and the answer
 * says so. Owned by whoever owns the server. Control thread, default main context. */
#ifndef PLENUM_COMMON_BASE_HTTP_LISTENER_H
#define PLENUM_COMMON_BASE_HTTP_LISTENER_H

#include <libsoup/soup.h>

typedef struct {
    guint max_waiting; /* further ones are closed at once, and counted */
    guint max_wait_s;  /* not settled by then: closed, and counted; 0: no limit */
    guint max_idle_s;  /* nothing came and nothing could be sent: closed */
    /* One was turned away or closed because of a limit; may be NULL. */
    void (*refused)(gpointer user);
    gpointer user;
} HttpListenerConfig;

typedef struct HttpListener HttpListener;

/* Copies the configuration and listens; server is borrowed and must outlive it. NULL and *error. */
HttpListener *http_listener_new(SoupServer *server, GSocketAddress *address, const HttpListenerConfig *config,
                                GError **error);
guint16 http_listener_port(const HttpListener *l);
/* The connection with this remote address counts no longer. */
void http_listener_settle(HttpListener *l, GSocketAddress *remote);
guint http_listener_waiting(const HttpListener *l);
/* Listens no more; connections that are open stay so. */
void http_listener_free(HttpListener *l);

#endif
