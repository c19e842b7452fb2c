/* SPDX-License-Identifier: Apache-2.0
 *
 * The public listener: WebSockets (RFC 6455) of clients, /colibri-ws/SERVER/CONFERENCE/ENDPOINT?pwd=PASSWORD
 * (doc/protocols.md, Bridge channel). Text frames only, no compression (a small frame must not become a large message).
 * Control thread, default main context. */
#ifndef PLENUM_BRIDGE_CHANNEL_COLIBRI_WS_H
#define PLENUM_BRIDGE_CHANNEL_COLIBRI_WS_H

#include <glib.h>
#include "bridge/channel/carrier.h"

#define COLIBRI_WS_PING_S 15
#define COLIBRI_WS_IDLE_S 60                    /* nothing heard, not even a pong: closed */
#define COLIBRI_WS_MAX_WAITING 512              /* connections that have not shown a password; more are closed */
#define COLIBRI_WS_WAIT_S 10                    /* for it */
#define COLIBRI_WS_MAX_UNSEEN (8 * 1024 * 1024) /* bytes sent since the last pong: beyond it sends are refused */

/* Endpoints are named by their handle, nonzero. */
typedef struct {
    /* 0: no such conference or endpoint, or another password; answered 403. Called twice per socket. */
    uint64_t (*authorize)(const char *conference_id, const char *endpoint_id, const char *password, gpointer user);
    void (*opened)(uint64_t endpoint, Carrier socket, gpointer user);
    void (*text)(uint64_t endpoint, const char *text, size_t len, gpointer user);
    void (*closed)(uint64_t endpoint, const void *socket, gpointer user); /* not after Carrier.close */
    void (*refused)(gpointer user); /* a connection, for the limits above; may be NULL */
} ColibriWsEvents;

typedef struct ColibriWs ColibriWs;
/* address numeric; port 0: any free one. Texts and events are copied; user must outlive it. NULL and *error when it
 * cannot listen. */
ColibriWs *colibri_ws_new(const char *address, guint16 port, const char *server_id, const ColibriWsEvents *events,
                          gpointer user, GError **error);
guint16 colibri_ws_port(const ColibriWs *ws);    /* that it really listens on */
guint colibri_ws_n_sockets(const ColibriWs *ws); /* WebSockets now */
guint colibri_ws_n_waiting(const ColibriWs *ws); /* connections that are none yet */
/* Closes every socket without a word to its endpoint. NULL is fine. */
void colibri_ws_free(ColibriWs *ws);

#endif
