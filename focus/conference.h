/* SPDX-License-Identifier: Apache-2.0
 *
 * One conference from the first request to its end, as a pure state machine: events go in, actions come
 * out (doc/protocols.md, Jitsi's own protocols; XEP-0166). Reads no clock, sends nothing, logs
 * nothing. Owned by its shell, which performs the actions in order and reports what they cause as later
 * events, never from inside. Control thread.
 *
 * Time: every event carries now_ms (one monotonic clock). After each step ask conference_next_due_ms and
 * send EV_TICK then; there are no other timers.
 *
 * Members are named by their MUC nick, which is the endpoint id and the owner of their sources. */
#ifndef PLENUM_FOCUS_CONFERENCE_H
#define PLENUM_FOCUS_CONFERENCE_H

#include "common/colibri2/colibri2.h"
#include "common/jingle/jingle.h"
#include "common/xmpp/stanza_error.h"
#include "focus/offer.h"

#include <json-glib/json-glib.h>

#define CONFERENCE_MAX_MEMBERS 2000 /* further ones are not invited */
#define CONFERENCE_MAX_WAITING 64   /* conference requests held during the join; further ones: not ready */
#define CONFERENCE_MAX_DELAYS 8
#define CONFERENCE_ROOM_RETRY_MS 15000 /* whom a full bridge refused is tried again; sooner when somebody leaves */

/* --- configuration, read-only, outlives the conference -------------------------------------------- */

typedef struct {
    const char *focus_jid;        /* full JID, written as initiator */
    guint min_participants;       /* 2 */
    int64_t initial_timeout_ms;   /* 15000: nobody came */
    int64_t single_timeout_ms;    /* 20000: one is left */
    int64_t join_timeout_ms;      /* 10000: answer ready=false and give up */
    int64_t xmpp_lost_timeout_ms; /* 60000: then the conference ends */
    int64_t restart_min_ms;       /* 5000 between two; the budgets of restart and ice-restart are separate */
    guint restart_max;            /* 5 within the window */
    int64_t restart_window_ms;    /* 60000 */
    double requests_per_s;        /* 20: Jingle and mute requests of one member; each may become one to everybody */
    guint request_burst;          /* 200; beyond it resource-constraint */
    double invites_per_s;         /* 0.2: joins of one user (bare real JID) that are invited; later ones wait */
    guint invite_burst;           /* 20 */
    bool auto_owner, ice_restart, strip_simulcast, visitors;
    guint max_audio_senders, max_video_senders; /* 0: no limit */
    SourceLimits source_limits;
    struct {
        guint size; /* from so many members on */
        int64_t delay_ms;
    } source_delays[CONFERENCE_MAX_DELAYS]; /* ascending sizes; unused rows are zero */
    OfferConfig offer;
} ConferenceConfig;
#define CONFERENCE_CONFIG_DEFAULT                                                                                      \
    {                                                                                                                  \
        .focus_jid = "", .min_participants = 2, .initial_timeout_ms = 15000, .single_timeout_ms = 20000,               \
        .join_timeout_ms = 10000, .xmpp_lost_timeout_ms = 60000, .restart_min_ms = 5000, .restart_max = 5,             \
        .restart_window_ms = 60000, .requests_per_s = 20, .request_burst = 200, .invites_per_s = 0.2,                  \
        .invite_burst = 20, .auto_owner = true, .ice_restart = true, .strip_simulcast = true,                          \
        .source_limits = SOURCE_LIMITS_DEFAULT, .offer = OFFER_CONFIG_DEFAULT,                                         \
    }

/* --- events --------------------------------------------------------------------------------------- */

typedef enum {                   /* doc/protocols.md, Rooms and members */
               MEMBER_OWNER,     /* affiliation owner */
               MEMBER_MODERATOR, /* affiliation admin, or role moderator */
               MEMBER_PARTICIPANT,
               MEMBER_VISITOR, /* anything else */
} MemberRole;

typedef enum { MEMBER_USER, MEMBER_JIBRI, MEMBER_JIGASI, MEMBER_TRANSCRIBER } MemberKind; /* trusted ones only */

typedef struct {
    const char *real_jid; /* full; "" or NULL while unknown */
    const char *region;   /* "" or NULL when absent */
    const char *stats_id; /* "" or NULL when absent */
    MemberRole role;
    MemberKind kind;
    bool diarize;
    guint audio_senders, video_senders; /* unmuted sources of its SourceInfo */
} MemberInfo;

typedef enum {
    EV_REQUEST,          /* request, rtcstats, start_*_muted of the first one: a conference IQ for this room */
    EV_ROOM_JOINED,      /* meeting_id, breakout, owner: joined and configured. Occupants follow as EV_MEMBER_JOINED */
    EV_ROOM_FAILED,      /* the join was refused or timed out */
    EV_ROOM_LOST,        /* kicked, destroyed, gone */
    EV_OWNERSHIP,        /* owner: our own affiliation changed */
    EV_MEMBER_JOINED,    /* member, info */
    EV_MEMBER_CHANGED,   /* member, info: any later presence */
    EV_MEMBER_LEFT,      /* member, switching_room */
    EV_FEATURES,         /* member, features: once per join, PEER_FEATURES_UNKNOWN when disco failed */
    EV_BRIDGE_SELECTED,  /* member, serial, bridge, bridge_region: answer to DO_SELECT_BRIDGE */
    EV_BRIDGE_NONE,      /* member, serial: the other answer */
    EV_BRIDGE_AVAILABLE, /* a bridge appeared or works again */
    EV_BRIDGE_LOST,      /* bridge, reachable: left the brewery, failed its health check, shuts down */
    EV_COLIBRI_ANSWER,   /* the answer to a DO_COLIBRI: bridge, member, serial, colibri, outcome, modified or error */
    EV_ENDPOINT_LOST,    /* bridge, member, ufrag (NULL: not told), text: the bridge has no such endpoint any more */
    EV_INITIATE_ANSWER,  /* member, sid, outcome: the answer to a DO_JINGLE with session-initiate */
    EV_JINGLE,           /* member, jingle, request: from this occupant, decoded; DO_REPLY follows */
    EV_MUTE,             /* member, target, mute_kind, mute, request: a mute IQ; DO_REPLY follows */
    EV_TICK,             /* conference_next_due_ms is reached */
    EV_XMPP_LOST,        /* the stream to the server broke: nothing is sent until EV_XMPP_BACK */
    EV_XMPP_BACK,        /* back in the room (rejoined), occupants already reconciled by joined and left */
    EV_SHUTDOWN,         /* leave now */
    EV_N_TYPES
} ConfEventType;

typedef enum { OUTCOME_RESULT, OUTCOME_ERROR, OUTCOME_TIMEOUT, OUTCOME_BAD /* a result nobody can read */ } ConfOutcome;
typedef enum { COLIBRI_ALLOCATE, COLIBRI_UPDATE, COLIBRI_ICE_RESTART, COLIBRI_EXPIRE } ConfColibri;
typedef enum { MUTE_AUDIO, MUTE_VIDEO, MUTE_DESKTOP } ConfMuteKind;

/* Everything is borrowed for the call. Fields a type does not name are ignored. */
typedef struct {
    ConfEventType type;
    int64_t now_ms;
    const char *member; /* endpoint id = nick */
    const MemberInfo *info;
    PeerFeatures features;
    uint64_t request; /* the shell's name for an IQ to answer; never 0 */
    uint64_t serial;  /* of the action this answers */
    const char *meeting_id;
    const char *bridge, *bridge_region; /* occupant JID in the brewery; region "" or NULL when unknown */
    ConfColibri colibri;
    ConfOutcome outcome;
    const Colibri2Modified *modified; /* OUTCOME_RESULT */
    const Colibri2Error *error;       /* OUTCOME_ERROR */
    const char *ufrag, *text;
    const char *sid;
    const Jingle *jingle;
    const char *target; /* nick; NULL or unknown: not a member */
    ConfMuteKind mute_kind;
    bool mute;
    bool owner, breakout, switching_room, reachable;
    bool rtcstats;                            /* rtcstatsEnabled of the request; true unless it said false */
    int start_audio_muted, start_video_muted; /* limits of the request; 0: none */
} ConfEvent;

/* --- actions -------------------------------------------------------------------------------------- */

typedef enum {
    DO_JOIN_ROOM,
    DO_REPLY_REQUEST, /* request, ready: the conference IQ */
    DO_REPLY,         /* request, ok; else condition, text (NULL: none) */
    DO_GRANT_OWNER,   /* member, jid (bare real JID) */
    DO_PUBLISH,       /* conference_presence changed: send our presence again */
    DO_SELECT_BRIDGE, /* member, serial, region: EV_BRIDGE_SELECTED or EV_BRIDGE_NONE must follow */
    DO_COLIBRI,       /* bridge, member, serial, colibri, modify: send; requests of one bridge stay in order */
    DO_MARK_BRIDGE,   /* bridge, mark */
    DO_JINGLE,        /* member, jingle: iq set to that occupant. Only session-initiate's answer is reported */
    DO_MUTE,          /* member (whom to tell), actor, mute_kind, mute */
    DO_LEAVE_ROOM,
    DO_END, /* always last: free the conference */
} ConfActionType;

typedef enum { BRIDGE_MARK_FAILED, BRIDGE_MARK_GRACEFUL, BRIDGE_MARK_FULL } ConfBridgeMark;

typedef struct {
    ConfActionType type;
    char *member;
    uint64_t request, serial;
    bool ready, ok;
    StanzaCondition condition;
    char *text;
    char *jid;
    char *region;
    char *bridge;
    ConfColibri colibri;
    Colibri2Modify *modify;
    ConfBridgeMark mark;
    Jingle *jingle;
    char *actor;
    ConfMuteKind mute_kind;
    bool mute;
} ConfAction;

/* An empty list whose elements free what they own. */
GArray *conference_actions_new(void);

/* --- the machine ---------------------------------------------------------------------------------- */

typedef struct Conference Conference;

/* Makes unguessable text, used for Jingle sids and bridge-session ids; the caller frees it. */
typedef char *(*ConferenceMakeId)(void *user);

/* room: bare JID; copied. Nothing happens before the first event. */
Conference *conference_new(const ConferenceConfig *config, const char *room, ConferenceMakeId make_id, void *user);
void conference_free(Conference *c); /* without actions; NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Conference, conference_free)

/* The only function that changes a Conference. Appends actions to `out`. After DO_END only requests, Jingle and
 * mutes still get their (refusing) answer. */
void conference_step(Conference *c, const ConfEvent *ev, GArray *out);
/* When EV_TICK is due; -1: not at all. May be in the past. */
int64_t conference_next_due_ms(const Conference *c);

/* --- looking ------------------------------------------------------------------------------------- */

/* The variable part of our presence (3.3). */
typedef struct {
    guint bridge_count;
    bool bridge_not_available, audio_limit_reached, video_limit_reached;
} ConfPresence;
ConfPresence conference_presence(const Conference *c);

typedef enum { CONF_NEW, CONF_JOINING, CONF_READY, CONF_ACTIVE, CONF_END, CONF_N_STATES } ConfState;
ConfState conference_state(const Conference *c);
const char *conference_room(const Conference *c);
const char *conference_meeting_id(const Conference *c); /* "" until joined */
guint conference_n_members(const Conference *c);
/* JIDs of its bridges, first one first; NULL-terminated, borrowed until the next step. */
const char *const *conference_bridges(const Conference *c);
/* Endpoints it has on that bridge. */
guint conference_n_on_bridge(const Conference *c, const char *bridge);
/* Invitations put off, since birth: joins over their user's budget, each once; and answers of bridges without room. */
typedef struct {
    guint over_budget, no_room;
} ConfPutOff;
ConfPutOff conference_put_off(const Conference *c);
/* State as JSON for the admin page; the caller owns it. */
JsonNode *conference_dump(const Conference *c);

/* Static texts. */
const char *conference_event_name(ConfEventType type);   /* "member-joined" */
const char *conference_action_name(ConfActionType type); /* "select-bridge" */
const char *conference_state_name(ConfState state);      /* as in the dump: "joining" */
const char *conference_member_state_name(guint i);       /* the i-th there is: "pending"; NULL behind the last */

#endif
