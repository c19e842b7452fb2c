/* SPDX-License-Identifier: Apache-2.0
 *
 * The focus: its connection, the conferences by room, the bridges; it takes conference requests and hands
 * each stanza to whom it concerns. One per process, control thread. Parents free children: Focus owns
 * everything below, children hold a plain pointer back. */
#ifndef PLENUM_FOCUS_FOCUS_H
#define PLENUM_FOCUS_FOCUS_H

#include "common/base/http_admin.h"
#include "common/base/metrics.h"
#include "common/xmpp/disco.h"
#include "common/xmpp/xmpp_link.h"
#include "focus/bridge_brewery.h"
#include "focus/conference_shell.h"
#include "focus/focus_config.h"
#include "focus/request_limiter.h"

#define FOCUS_NICK "focus"      /* clients tell a bridge session from P2P by it */
#define FOCUS_MAX_ROOM_NAME 512 /* bytes before the @; people's rooms have fewer, and logs and states hold them */

/* Why a conference request is told to wait; as label of conference_requests_refused. */
typedef enum {
    FOCUS_REFUSAL_USER_RATE,        /* [limits] requests, request_burst */
    FOCUS_REFUSAL_USER_CONFERENCES, /* [limits] conferences_per_user */
    FOCUS_REFUSAL_CONFERENCES,      /* [limits] conferences */
    FOCUS_REFUSAL_JOINS,            /* [limits] joins */
    FOCUS_REFUSAL_DRAINING,
    FOCUS_REFUSAL_OFFLINE, /* no XMPP server */
    FOCUS_N_REFUSALS
} FocusRefusal;

typedef struct {
    Metric *conferences, *conferences_created, *largest_conference, *participants, *participants_current;
    Metric *requests, *requests_new, *requests_refused[FOCUS_N_REFUSALS], *xmpp_disconnects, *healthy,
        *restart_requested, *participants_moved, *participants_lost, *participants_refused, *put_off_budget,
        *put_off_no_room;
    Metric *bridge_count, *bridge_operational, *bridge_in_shutdown, *bridge_lost, *bridge_refused;
    Metric *dropped_in, *dropped_out, *stray_answers, *iq_waiting, *iq_held, *iq_refused;
} FocusMetrics;

struct Focus {
    /* set at birth */
    const FocusConfig *config;
    GMainLoop *loop;
    char *component, *muc, *breakout_muc, *brewery_room; /* domains and the room, defaults filled in */
    char *jid, *bare_jid;                                /* full and bare address towards clients */
    const char *from; /* jid as a component, NULL as a client: then the connection's own */
    ConferenceConfig conference_config;
    FocusMetrics metrics;
    /* parts */
    Metrics *registry;
    XmppLink *link;
    IqRouter *router;
    Disco *disco;
    CapsCache *caps;
    RequestLimiter *limiter;
    BridgeBrewery *brewery;
    HttpAdmin *http; /* NULL: no listener */
    /* control */
    GHashTable *shells; /* room -> ConferenceShell, owned */
    gboolean draining;
    guint64 largest;
};

/* Connects and listens. config (checked) and loop are borrowed. NULL and *error: an address that cannot be listened
 * on. */
Focus *focus_new(const FocusConfig *config, GMainLoop *loop, GError **error);
/* No new conferences; quits the loop when the last one has ended. */
void focus_drain(Focus *focus);
/* Ends every conference, tells the rooms as far as the main loop lets it now, and frees. NULL is fine. */
void focus_free(Focus *focus);

/* A conference request, however it came. */
typedef struct {
    const Jid *room;         /* checked by focus_check_room */
    const char *sender;      /* whose limits count; "": not known, all of those share one token bucket */
    const RequestBody *body; /* its room is `room` */
} ConferenceRequest;

typedef enum { FOCUS_ROOM_OK, FOCUS_ROOM_MISSING, FOCUS_ROOM_FOREIGN } FocusRoomCheck;
/* Is it a room we serve? *room is the caller's, NULL unless OK. */
FocusRoomCheck focus_check_room(const Focus *focus, const char *text, Jid **room);
/* done runs exactly once, perhaps before the call returns, with ready as the client is to be told. */
void focus_request(Focus *focus, const ConferenceRequest *request, ConferenceReadyFunc done, gpointer user);

/* The conference of a room (bare JID, normalised); borrowed; NULL. */
ConferenceShell *focus_find(const Focus *focus, const char *room);
/* From a shell: it has ended. Freed later, from the main loop. */
void focus_forget(Focus *focus, ConferenceShell *shell);
/* StanzaSend of everything below: takes the stanza. */
void focus_send(Stanza *stanza, gpointer focus);
/* NULL: ready for calls; else what is missing, static. */
const char *focus_not_ready(const Focus *focus);

/* conference_routes.c, jingle_routes.c, bridge_routes.c, admin.c: their rows. */
void conference_routes_add(Focus *focus);
void conference_routes_add_http(Focus *focus);
void jingle_routes_add(Focus *focus);
void bridge_routes_add(Focus *focus);
gboolean focus_admin_open(Focus *focus, GError **error);

#endif
