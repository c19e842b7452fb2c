/* SPDX-License-Identifier: Apache-2.0
 *
 * The bridge as an occupant of the room where focus and bridges meet (XEP-0045; doc/protocols.md, Bridges and their
 * room): a client connection, presence with statistics, and the IQs a focus sends. Only occupants of the room are
 * served. Reconnects and joins again by itself. Control thread, default main context. */
#ifndef PLENUM_BRIDGE_BREWERY_H
#define PLENUM_BRIDGE_BREWERY_H

#include "bridge/stats.h"

#define BREWERY_JOIN_MS 10000  /* a join not answered in that time is tried again */
#define BREWERY_REJOIN_MS 2000 /* pause before joining again after we were put out or refused */

#define BREWERY_NOTIFY_MS 15000 /* for the answer to a notification; without one it counts as heard */
#define BREWERY_MAX_DEAF 64     /* addresses remembered that refuse notifications */

typedef struct Brewery Brewery;

typedef struct {
    const BridgeConfig *config;
    const char *version;
    /* NULL: healthy; else the reason, for health checks. */
    const char *(*unhealthy)(gpointer user);
    gpointer user;
} BreweryConfig;

/* Copies the struct; what it points to and user must outlive it. Opens nothing yet, but reserves a low descriptor
 * for the stream: make it before media sockets. */
Brewery *brewery_new(const BreweryConfig *config);
/* Connects, and stays so. b and stats must outlive it. */
void brewery_start(Brewery *br, Bridge *b, Stats *stats);
/* Something a focus must know at once has changed: presence goes out now, outside the room with the next join. */
void brewery_publish(Brewery *br);
/* Tells the focus it was made for that an endpoint is gone. A focus that refuses to hear of it (the reference
 * implementation does not know notifications) is spared the next ones while it stays in the room. */
void brewery_tell_lost(Brewery *br, const Endpoint *ep, const char *why);
bool brewery_is_joined(const Brewery *br); /* in the room now */
/* Why there is no connection to the server; NULL: there is one, or none was tried yet. */
const char *brewery_trouble(const Brewery *br);
/* Leaves the room with a word (a focus then moves participants at once) and stops connecting. The stanzas
 * leave with the main loop's next turns. */
void brewery_leave(Brewery *br);
void brewery_free(Brewery *br); /* NULL is fine */

#endif
