/* SPDX-License-Identifier: Apache-2.0
 *
 * The room where focus and bridges meet (doc/protocols.md, Bridges and their room; XEP-0045): feeds the bridge pool
 * from presence and health checks, and tells conferences what became of their bridges. Control thread. */
#ifndef PLENUM_FOCUS_BRIDGE_BREWERY_H
#define PLENUM_FOCUS_BRIDGE_BREWERY_H

#include "common/xmpp/muc.h"
#include "focus/bridge_pool.h"

#define BREWERY_JOIN_MS 10000
#define BREWERY_REJOIN_MIN_MS 500 /* pause before the next attempt after a refusal; doubles */
#define BREWERY_REJOIN_MAX_MS 10000
#define BREWERY_PRESENCE_MS 45000 /* without health checks, a bridge that is silent for so long counts as failed */

typedef struct {
    void (*available)(gpointer user);                                    /* a bridge appeared or works again */
    void (*lost)(const char *bridge, gboolean reachable, gpointer user); /* its conferences must move */
} BreweryEvents;

typedef struct {
    const char *room, *nick, *from; /* from: NULL for a client */
    BridgePoolConfig pool;
    gboolean health_checks;
    guint health_interval_ms, health_retry_ms, reply_timeout_ms;
    guint presence_ms; /* BREWERY_PRESENCE_MS; used without health_checks */
} BreweryConfig;

typedef struct BridgeBrewery BridgeBrewery;

/* Joins nothing yet. Strings of config are copied; router, send_user and user must outlive it. */
BridgeBrewery *bridge_brewery_new(IqRouter *router, StanzaSend send, gpointer send_user, const BreweryConfig *config,
                                  const BreweryEvents *events, gpointer user);
void bridge_brewery_free(BridgeBrewery *b);         /* without a word to the server; NULL is fine */
void bridge_brewery_connected(BridgeBrewery *b);    /* joins, or joins again */
void bridge_brewery_disconnected(BridgeBrewery *b); /* nothing is sent until connected; what is known stays */
void bridge_brewery_leave(BridgeBrewery *b);
/* Presence whose `from` is in the room; borrowed. FALSE: not this room's. */
gboolean bridge_brewery_handle(BridgeBrewery *b, const Stanza *presence);
gboolean bridge_brewery_is_joined(const BridgeBrewery *b);
BridgePool *bridge_brewery_pool(BridgeBrewery *b);        /* borrowed */
guint bridge_brewery_operational(const BridgeBrewery *b); /* bridges that work now */
guint64 bridge_brewery_lost(const BridgeBrewery *b);      /* bridges that left or failed, since birth */
guint64 bridge_brewery_refused(const BridgeBrewery *b);   /* presences of bridges above BRIDGE_POOL_MAX, since birth */

#endif
