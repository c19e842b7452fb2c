/* SPDX-License-Identifier: Apache-2.0
 *
 * Inside the conference (PURE, control thread): its parts, and what its files ask of each other. Only
 * focus/conference*.c include this. conference.c tells the life of room and members; conference_session.c who is
 * invited and how sessions end; conference_bridge.c what passes between it and bridges; conference_jingle.c what
 * clients ask; conference_sources.c who is told of whose sources. */
#ifndef PLENUM_FOCUS_CONFERENCE_PARTS_H
#define PLENUM_FOCUS_CONFERENCE_PARTS_H

#include "focus/conference.h"
#include "focus/rate_limit.h"
#include "focus/request_limiter.h"
#include "focus/source_signaling.h"
#include "focus/token_bucket.h"

#define NEVER INT64_C(-1)
#define OLD_SIDS 4         /* replaced sessions a member's late requests are still recognised by */
#define OWNER_BRIDGE "jvb" /* owner of the bridge's own sources, as clients know it */

/* The conference on one bridge. */
typedef struct {
    char *jid, *region;
    char *id;            /* bridge-session id that clients echo */
    SourceSet *feedback; /* the bridge's own sources with msid, and spare ones; NULL until the first allocation */
    uint64_t born;       /* serial: answers to earlier requests are about an older session on that bridge */
    bool created;        /* the create was sent */
} BridgeSession;

typedef enum {
    MEMBER_IDLE,       /* no session; see wants_bridge */
    MEMBER_SELECTING,  /* to be invited, no bridge yet */
    MEMBER_ALLOCATING, /* the bridge was asked for an endpoint */
    MEMBER_PENDING,    /* session-initiate is out */
    MEMBER_ACTIVE,     /* session-accept came */
    MEMBER_ENDED,      /* had a session, will not be invited again on its own account */
    MEMBER_N_STATES,
} MemberState;

typedef struct {
    char *id;                           /* nick */
    char *real_jid, *region, *stats_id; /* "" when unknown */
    MemberRole role;
    MemberKind kind;
    bool diarize, is_visitor; /* is_visitor: by the first presence, for good */
    guint audio_senders, video_senders;
    bool features_known, grant_sent;
    PeerFeatures features;

    MemberState state;
    bool wants_bridge; /* IDLE only: invite when a bridge turns up */
    bool wants_room;   /* IDLE only: the conference's bridge is full; one after the other, when it may have room */
    bool is_admitted;  /* its join was counted against its user's budget of invitations */
    bool was_put_off;  /* because of that budget */
    bool was_invited;  /* start-muted applies to the first invite only */
    uint64_t serial;   /* of the request whose answer moves the state on */
    uint64_t restart_serial; /* of an ICE restart on its way; 0: none */
    BridgeSession *bridge;   /* ALLOCATING, PENDING, ACTIVE */
    char *sid;               /* PENDING, ACTIVE, ENDED; NULL before */
    char *old_sids[OLD_SIDS];
    guint next_old_sid;
    bool offer_acked, offer_in_doubt; /* in_doubt: the stream broke before the ack */
    int32_t generation;               /* last ICE generation relayed to the client */
    IceTransport *transport;          /* the client's, as last sent to the bridge */
    char *bridge_ufrag;               /* of the endpoint's first transport: which endpoint a notice is about */
    RateLimit restarts, ice_restarts, failures, losses;
    TokenBucket requests;

    SourceSignaling *signaling; /* PENDING, ACTIVE and not rewriting; else NULL */
    int64_t flush_due_ms;       /* NEVER: nothing scheduled */
} Member;

struct Conference {
    const ConferenceConfig *config; /* set at birth */
    char *room;
    ConferenceMakeId make_id;
    void *make_id_user;

    ConfState state;
    char *meeting_id; /* "" until joined */
    bool breakout, rtcstats, offline;
    int start_audio_muted, start_video_muted; /* 0: none */
    GArray *waiting;                          /* of uint64_t: requests held until the join is done */
    GPtrArray *members;                       /* of Member, order of joining */
    GPtrArray *bridges;                       /* of BridgeSession, first one first */
    GPtrArray *bridge_jids;                   /* of char*, borrowed from bridges, NULL-terminated */
    uint64_t serial;                          /* last one given out */
    uint64_t selecting;                       /* serial of the selection on its way; 0: none */
    char *held_bridge, *held_region;          /* selected, but our earlier conference there is still being closed */
    GHashTable *closing;  /* bridge JID -> serial (as gpointer) of the last expiry of the conference there */
    uint64_t lost_serial; /* requests up to this one may have died with the stream */
    SourceMap *sources;   /* as the members signalled them, validated */
    SourceMap *shown;     /* the same as others see them: simulcast stripped */
    bool no_bridge;       /* the last selection found none */
    ConfPresence published;
    bool is_published;
    int64_t join_due_ms, initial_due_ms, single_due_ms, offline_due_ms;
    int64_t room_due_ms;   /* whom full bridges refused: next try */
    int64_t admit_due_ms;  /* who joined too often: next try */
    RequestLimiter *joins; /* of each user, by bare real JID */
    ConfPutOff put_off;

    int64_t now_ms; /* during a step */
    GArray *out;    /* during a step */
};

/* --- conference.c */
Member *conf_member_find(const Conference *c, const char *id); /* NULL is nobody */
bool member_has_session(const Member *m);                      /* PENDING or ACTIVE */
bool member_is_invited(const Member *m);                       /* SELECTING to ACTIVE */
bool conf_is_running(const Conference *c);                     /* READY or ACTIVE */
uint64_t conf_next_serial(Conference *c);

/* --- conference_session.c */
guint conf_count_invited(const Conference *c);
/* newcomer NULL: everybody who has no session and may have one. */
void conf_invite_if_enough(Conference *c, Member *newcomer);
void conf_admit_waiting(Conference *c); /* those who joined too often, as far as their budgets allow now */
/* Starts over from whatever state: needs bridge, then offer. */
void conf_invite(Conference *c, Member *m);
/* The session is over and another will follow: requests about it are answered so, and it cannot be accepted. */
void conf_retire_sid(Member *m);
/* Takes down the member's session: sources, session, endpoint. The state is then ENDED (or IDLE, without a
 * session). expire: tell the bridge. reason NONE: the client knows. */
void conf_end_session(Conference *c, Member *m, bool expire, JingleReason reason, const char *text);
/* Ends the session without a word of why to the client and invites anew; expire: tell the bridge. */
void conf_reinvite(Conference *c, Member *m, bool expire);
void conf_initiate_answer(Conference *c, const ConfEvent *ev);
void conf_bridge_available(Conference *c); /* for those who had to wait for one */
/* Tries one of those whose bridge had no room, or all when there is no bridge now; the timer goes on while anybody
 * waits. */
void conf_try_room(Conference *c);
void conf_end_idle_sessions(Conference *c); /* the last one was alone for too long */

/* --- conference_bridge.c */
void conf_find_bridge(Conference *c, Member *m); /* SELECTING: onto the conference's bridge, or ask for one */
void conf_bridge_selected(Conference *c, const ConfEvent *ev);
void conf_bridge_none(Conference *c, const ConfEvent *ev);
void conf_bridge_lost(Conference *c, const char *jid, bool reachable);
void conf_colibri_answer(Conference *c, const ConfEvent *ev);
void conf_endpoint_lost(Conference *c, const ConfEvent *ev);
/* transport: what the client signalled, NULL to leave it; last_n -1: leave. Sources always go along when
 * with_sources. */
void conf_update_endpoint(Conference *c, Member *m, const IceTransport *transport, bool with_sources, int32_t last_n);
void conf_restart_ice(Conference *c, Member *m);
void conf_leave_bridge(Conference *c, Member *m, bool expire); /* also expires the conference there, when the last */
void conf_expire_everything(Conference *c);
void bridge_session_free(void *p);

/* --- conference_jingle.c */
void conf_jingle(Conference *c, const ConfEvent *ev);
void conf_mute(Conference *c, const ConfEvent *ev);
void conf_send_offer(Conference *c, Member *m, const IceTransport *transport, uint16_t sctp_port);
void conf_terminate(Conference *c, Member *m, JingleReason reason, const char *text);
void conf_relay_restart(Conference *c, Member *m, const IceTransport *transport);

/* --- conference_owner.c */
void conf_elect_owner(Conference *c); /* auto-owner; does nothing when there is one, or one is on the way */

/* --- conference_sources.c */
/* What m may be told in its offer: the bridge's sources and, unless the bridge rewrites, everybody else's. */
SourceMap *conf_sources_for(const Conference *c, const Member *m);
/* owner's sources changed in c->sources: tell the others, in time. */
void conf_sources_changed(Conference *c, const char *owner, bool tell_removal);
void conf_flush_sources(Conference *c, Member *m);
void conf_schedule_flush(Conference *c, Member *m, int64_t due_ms);

/* --- conference_view.c */
/* Appends an action: strings are copied, modify and jingle are taken. */
void conf_act(Conference *c, ConfAction action);
#define act(c, ...) conf_act(c, (ConfAction){ __VA_ARGS__ })

#endif
