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
    guint max_idle_s;  /* nothing came and nothing could be sent: closed; 0: no limit */
    /* One was turned away or closed because of a limit; may be NULL. */
    void (*refused)(gpointer user);
    gpointer user;
} HttpListenerConfig;

typedef struct HttpListener HttpListener;

/* Copies the configuration and listens; server is borrowed and must outlive it. address: IPv4 or IPv6, port 0: any free
 * one. NULL and *error of GIO: in use, not allowed, not ours. */
HttpListener *http_listener_new(SoupServer *server, GSocketAddress *address, const HttpListenerConfig *config,
                                GError **error);
guint16 http_listener_port(const HttpListener *l); /* that it really listens on */
/* The connection with this remote address counts no longer. NULL, or one that is not ours, changes nothing. */
void http_listener_settle(HttpListener *l, GSocketAddress *remote);
guint http_listener_waiting(const HttpListener *l); /* connections not settled */
/* Listens no more; connections that are open stay so. NULL is fine. */
void http_listener_free(HttpListener *l);

#endif
