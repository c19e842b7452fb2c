/* SPDX-License-Identifier: Apache-2.0
 *
 * COLIBRI2 (namespace jitsi:colibri2), XML <-> structs both ways: the focus writes requests and reads
 * answers, the bridge reads requests and writes answers; this one codec serves both (doc/protocols.md, COLIBRI2).
 * PURE. Every object owns what is below it; the caller frees what a _new, _copy, _parse, _build or _check returns, and
 * NULL is fine for every _free. Strings are copied. Any thread, one at a time. Unknown children are ignored. */
#ifndef PLENUM_COMMON_COLIBRI2_COLIBRI2_H
#define PLENUM_COMMON_COLIBRI2_COLIBRI2_H

#include "common/jingle/ice_transport.h"
#include "common/jingle/jingle_ns.h"
#include "common/jingle/media_desc.h"
#include "common/jingle/source_set.h"
#include "common/xmpp/stanza_error.h"

/* Limits of one request; a parser refuses more (BAD_REQUEST). */
#define COLIBRI2_MAX_ENDPOINTS 1000
#define COLIBRI2_MAX_RELAYS 32
#define COLIBRI2_MAX_CONNECTS 32
#define COLIBRI2_MAX_MEDIA_SOURCES 64 /* of one endpoint */
#define COLIBRI2_MAX_CAPABILITIES 32
#define COLIBRI2_MAX_MEDIAS 8 /* of one endpoint or relay */
#define COLIBRI2_MAX_ID 256   /* bytes of meeting-id, endpoint and relay ids */
#define COLIBRI2_NO_LAST_N (-1)
#define COLIBRI2_SCTP_PORT 5000

/* --- errors ------------------------------------------------------------------------------------- */

typedef enum {
    COLIBRI2_REASON_NONE, /* no colibri2 <error/> child */
    COLIBRI2_REASON_UNSPECIFIED,
    COLIBRI2_REASON_CONFERENCE_ALREADY_EXISTS,
    COLIBRI2_REASON_CONFERENCE_NOT_FOUND,
    COLIBRI2_REASON_FEATURE_NOT_IMPLEMENTED,
    COLIBRI2_REASON_GRACEFUL_SHUTDOWN,
    COLIBRI2_REASON_UNKNOWN_ENDPOINT,
} Colibri2Reason;
const char *colibri2_reason_name(Colibri2Reason r); /* "conference_not_found"; static */

typedef struct {
    StanzaCondition condition;
    Colibri2Reason reason;
    char *text;        /* NULL when absent */
    char *endpoint_id; /* with UNKNOWN_ENDPOINT; NULL otherwise */
} Colibri2Error;

Colibri2Error *colibri2_error_new(StanzaCondition c, Colibri2Reason r, const char *format, ...) G_GNUC_PRINTF(3, 4);
void colibri2_error_free(Colibri2Error *e);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Colibri2Error, colibri2_error_free)
/* The stanza <error/> element (a tree of its own, fit for an IqReply). */
Stanza *colibri2_error_build(const Colibri2Error *e);
/* Reads the <error/> child of a stanza of type error; total: whatever is there gives an error. */
Colibri2Error *colibri2_error_parse(const Stanza *stanza);

/* --- pieces ------------------------------------------------------------------------------------- */

typedef enum { SCTP_ROLE_NONE, SCTP_ROLE_CLIENT, SCTP_ROLE_SERVER } SctpRole;

typedef struct {
    bool ice_controlling, use_unique_port, ice_restart;
    IceTransport *ice; /* NULL when absent */
    bool has_sctp;
    SctpRole sctp_role; /* NONE when absent */
    int32_t sctp_port;  /* -1 when absent */
} Colibri2Transport;

typedef struct {
    char *id;       /* source name; never NULL */
    MediaKind kind; /* audio or video */
    bool synthetic;
    SourceSet *set; /* never NULL; sources without msid */
} Colibri2MediaSource;

typedef struct {
    GPtrArray *media_sources; /* of Colibri2MediaSource */
} Colibri2Sources;

Colibri2Sources *colibri2_sources_new(void);
Colibri2Sources *colibri2_sources_copy(const Colibri2Sources *s);
void colibri2_sources_free(Colibri2Sources *s);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Colibri2Sources, colibri2_sources_free)
/* Adds an empty media-source and returns it, owned by s. */
Colibri2MediaSource *colibri2_sources_add(Colibri2Sources *s, MediaKind kind, const char *id);
/* One media-source per name; a nameless source gets the name <owner>-<a|v>0. */
Colibri2Sources *colibri2_sources_from_set(const SourceSet *set, const char *owner);
/* All in one set; a nameless source takes its media-source's id as name. */
SourceSet *colibri2_sources_to_set(const Colibri2Sources *s);

typedef enum {
    COLIBRI2_ROLE_UNSET,
    COLIBRI2_ROLE_OWNER,
    COLIBRI2_ROLE_MODERATOR,
    COLIBRI2_ROLE_PARTICIPANT,
    COLIBRI2_ROLE_VISITOR,
    COLIBRI2_ROLE_NONE,
} Colibri2MucRole;

#define COLIBRI2_CAP_SOURCE_NAMES "source-names"
#define COLIBRI2_CAP_SSRC_REWRITING "ssrc-rewriting"
#define COLIBRI2_CAP_MID_DEMUX "rtp-mid-demux"
#define COLIBRI2_CAP_PRIVATE_ADDRESSES "private-address-connectivity"

/* An endpoint of a request, of an answer, or of a relay's list. */
typedef struct {
    char *id; /* never NULL */
    bool create, expire, diarize;
    char *stats_id; /* NULL when absent */
    Colibri2MucRole muc_role;
    GPtrArray *capabilities;      /* of char* */
    GPtrArray *medias;            /* of MediaDesc */
    Colibri2Transport *transport; /* NULL when absent */
    Colibri2Sources *sources;     /* NULL when absent; empty clears */
    bool has_force_mute, force_mute_audio, force_mute_video;
    int32_t initial_last_n; /* COLIBRI2_NO_LAST_N when absent */
} Colibri2Endpoint;

Colibri2Transport *colibri2_transport_new(void);
void colibri2_transport_free(Colibri2Transport *t);
Colibri2Endpoint *colibri2_endpoint_new(const char *id);
void colibri2_endpoint_free(Colibri2Endpoint *e);
void colibri2_endpoint_add_capability(Colibri2Endpoint *e, const char *name);
bool colibri2_endpoint_has_capability(const Colibri2Endpoint *e, const char *name);

typedef struct {
    char *id;      /* the other bridge's relay id; never NULL */
    char *mesh_id; /* NULL when absent */
    bool create, expire;
    GPtrArray *medias;            /* of MediaDesc */
    Colibri2Transport *transport; /* NULL when absent */
    GPtrArray *endpoints;         /* of Colibri2Endpoint; NULL when absent */
} Colibri2Relay;

Colibri2Relay *colibri2_relay_new(const char *id);
void colibri2_relay_free(Colibri2Relay *r);

/* An exporter connection; only what is needed to answer correctly. */
typedef struct {
    char *id, *url, *protocol, *type; /* never NULL ("" when absent) */
    bool audio, video, create, expire;
} Colibri2Connect;

/* --- request ------------------------------------------------------------------------------------ */

typedef struct {
    char *meeting_id; /* never NULL */
    char *name;       /* room JID, NULL when absent */
    bool create, expire;
    bool rtcstats_enabled; /* default true */
    GPtrArray *endpoints;  /* of Colibri2Endpoint */
    GPtrArray *relays;     /* of Colibri2Relay */
    GPtrArray *connects;   /* of Colibri2Connect; NULL when there is no <connects/> */
} Colibri2Modify;

Colibri2Modify *colibri2_modify_new(const char *meeting_id);
void colibri2_modify_free(Colibri2Modify *m);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Colibri2Modify, colibri2_modify_free)
Colibri2Endpoint *colibri2_modify_add_endpoint(Colibri2Modify *m, const char *id); /* owned by m */
Colibri2Relay *colibri2_modify_add_relay(Colibri2Modify *m, const char *id);       /* owned by m */

/* <conference-modify/>; *error is a JINGLE_ERROR (bad-request). */
Colibri2Modify *colibri2_modify_parse(const Stanza *s, GError **error);
Stanza *colibri2_modify_build(const Colibri2Modify *m); /* a tree of its own */

/* The checks before any processing. NULL when fine; else the error to answer, owned by the
 * caller. Needs no state; whether the conference exists is the bridge's own question. */
Colibri2Error *colibri2_modify_check(const Colibri2Modify *m);
/* The checks of one new endpoint that need no state: transport, source-names, visitor's
 * sources, SCTP role and port. NULL when fine; else as above. */
Colibri2Error *colibri2_endpoint_check_new(const Colibri2Endpoint *e);
/* True when unknown endpoints and relays are silently accepted: the request creates and changes nothing. */
bool colibri2_modify_accepts_unknown(const Colibri2Modify *m);

/* --- answer ------------------------------------------------------------------------------------- */

typedef struct {
    GPtrArray *endpoints;     /* of Colibri2Endpoint: id, expire, transport are written */
    GPtrArray *relays;        /* of Colibri2Relay: id, expire, transport are written */
    Colibri2Sources *sources; /* feedback sources; NULL when absent */
} Colibri2Modified;

Colibri2Modified *colibri2_modified_new(void);
void colibri2_modified_free(Colibri2Modified *m);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Colibri2Modified, colibri2_modified_free)
Colibri2Endpoint *colibri2_modified_add_endpoint(Colibri2Modified *m, const char *id); /* owned by m */
Colibri2Relay *colibri2_modified_add_relay(Colibri2Modified *m, const char *id);       /* owned by m */
Colibri2Endpoint *colibri2_modified_find(const Colibri2Modified *m, const char *id);   /* NULL */
/* <conference-modified/>; *error is a JINGLE_ERROR. */
Colibri2Modified *colibri2_modified_parse(const Stanza *s, GError **error);
Stanza *colibri2_modified_build(const Colibri2Modified *m);

/* --- notification ------------------------------------------------------------------------------- */

/* What a bridge says unasked, in an iq set to whom it has the conference from: an endpoint is no longer there. */
typedef struct {
    char *endpoint_id; /* never NULL */
    char *type;        /* "ice_failed", the only one of endpoints; never NULL */
    char *description; /* for the log; NULL when absent */
    char *ufrag;       /* ours: of its first transport, tells two endpoints of one id apart; NULL when absent */
} Colibri2Notice;

typedef struct {
    char *meeting_id;   /* never NULL */
    GPtrArray *notices; /* of Colibri2Notice */
} Colibri2Notification;

#define COLIBRI2_ICE_FAILED "ice_failed"

Colibri2Notification *colibri2_notification_new(const char *meeting_id);
void colibri2_notification_free(Colibri2Notification *n);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Colibri2Notification, colibri2_notification_free)
/* description and ufrag may be NULL. */
void colibri2_notification_add(Colibri2Notification *n, const char *endpoint_id, const char *type,
                               const char *description, const char *ufrag);
/* <conference-notification/>; *error is a JINGLE_ERROR (bad-request). */
Colibri2Notification *colibri2_notification_parse(const Stanza *s, GError **error);
Stanza *colibri2_notification_build(const Colibri2Notification *n); /* a tree of its own */

#endif
