/* SPDX-License-Identifier: Apache-2.0
 *
 * The bridges known from the brewery: what their presence says, what we noticed ourselves, what we added lately
 * (doc/protocols.md, Bridges and their room). PURE container: presence and health results are handed in, time is a
 * parameter. One thread. */
#ifndef PLENUM_FOCUS_BRIDGE_POOL_H
#define PLENUM_FOCUS_BRIDGE_POOL_H

#include "common/xmpp/stanza.h"

#include <stdbool.h>
#include <stdint.h>

#define BRIDGE_POOL_MAX 500   /* bridges; further ones are ignored and counted */
#define BRIDGE_FULL_MS 10000  /* one that had no room for a conference gets no new one for so long */
#define BRIDGE_MAX_RECENT 256 /* endpoints added within the ramp-up that are counted one by one */

typedef struct {
    double overloaded_stress;          /* 0.8 */
    double average_participant_stress; /* 0.01, until the bridge says its own */
    int64_t rampup_ms;                 /* 20000: an added endpoint counts for so long */
    int64_t failure_reset_ms;          /* 60000: a failed bridge stays out for so long at least */
} BridgePoolConfig;
#define BRIDGE_POOL_CONFIG_DEFAULT                                                                                     \
    {                                                                                                                  \
        .overloaded_stress = 0.8, .average_participant_stress = 0.01, .rampup_ms = 20000, .failure_reset_ms = 60000,   \
    }

/* One bridge. Read freely; changed by the functions below only. */
typedef struct {
    char *jid;                                 /* occupant JID in the brewery: its identity everywhere */
    char *version;                             /* full: version-release; "" until told */
    char *region;                              /* "" until told */
    char *relay_id;                            /* "" until told */
    double stress, average_participant_stress; /* as reported */
    bool draining;                             /* assumed until told otherwise */
    bool graceful, shutting_down;              /* sticky */
    bool healthy;                              /* as reported, true until told */
    int64_t failed_at_ms;                      /* -1: operational as far as we noticed */
    int64_t full_until_ms;                     /* it had no room for a conference; 0: it never said so */
    int64_t seen_ms;                           /* last presence */
    int64_t recent_ms[BRIDGE_MAX_RECENT];      /* ring of additions */
    guint recent_at, recent_n;
} Bridge;

typedef struct BridgePool BridgePool;

BridgePool *bridge_pool_new(const BridgePoolConfig *config); /* config is copied */
void bridge_pool_free(BridgePool *pool);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BridgePool, bridge_pool_free)

typedef enum {
    BRIDGE_SEEN,    /* known already, nothing that matters to conferences */
    BRIDGE_ADDED,   /* new, or reports itself healthy again: send EV_BRIDGE_AVAILABLE to conferences */
    BRIDGE_FAILED,  /* now says that it shuts down or is unhealthy: send EV_BRIDGE_LOST (reachable) */
    BRIDGE_REFUSED, /* the pool is full */
} BridgeChange;
/* Available presence of an occupant; <stats/> inside may be absent. Numbers that are none, or negative, and texts over
 * 256 bytes change nothing. */
BridgeChange bridge_pool_presence(BridgePool *pool, const char *jid, const Stanza *presence, int64_t now_ms);
/* Unavailable. TRUE when it was known: send EV_BRIDGE_LOST (not reachable). */
bool bridge_pool_remove(BridgePool *pool, const char *jid);

/* An endpoint was placed there. Unknown ones are ignored. */
void bridge_pool_endpoint_added(BridgePool *pool, const char *jid, int64_t now_ms);
/* DO_MARK_BRIDGE of a conference, or a failed health check. Unknown ones are ignored. */
void bridge_pool_mark_failed(BridgePool *pool, const char *jid, int64_t now_ms);
void bridge_pool_mark_graceful(BridgePool *pool, const char *jid);
void bridge_pool_mark_full(BridgePool *pool, const char *jid, int64_t now_ms); /* what it has goes on */
/* A health check passed; a bridge that failed less than failure_reset_ms ago stays out. TRUE when this made it
 * operational again: send EV_BRIDGE_AVAILABLE. */
bool bridge_pool_mark_healthy(BridgePool *pool, const char *jid, int64_t now_ms);

guint bridge_pool_size(const BridgePool *pool);
const Bridge *bridge_pool_nth(const BridgePool *pool, guint i);          /* order of arrival; i < size */
const Bridge *bridge_pool_find(const BridgePool *pool, const char *jid); /* NULL */
const BridgePoolConfig *bridge_pool_config(const BridgePool *pool);

/* Neither failed as far as we noticed nor unhealthy by its own report. */
bool bridge_is_operational(const Bridge *b);
bool bridge_is_full(const Bridge *b, int64_t now_ms); /* takes no new conference now */
/* Reported stress plus what the endpoints of the last rampup_ms will add. */
double bridge_corrected_stress(const Bridge *b, const BridgePoolConfig *config, int64_t now_ms);
bool bridge_is_overloaded(const Bridge *b, const BridgePoolConfig *config, int64_t now_ms); /* by corrected stress */

#endif
