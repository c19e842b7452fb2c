/* SPDX-License-Identifier: Apache-2.0
 *
 * The <jingle/> payload (XEP-0166 with Jitsi's additions), XML <-> struct both ways:
 * jingle_parse(jingle_build(x)) equals x. PURE. A Jingle owns everything below it. Lenient reader: contents
 * in any order and with repeated names, creator and senders optional, unknown children ignored. */
#ifndef PLENUM_COMMON_JINGLE_JINGLE_H
#define PLENUM_COMMON_JINGLE_JINGLE_H

#include "common/jingle/ice_transport.h"
#include "common/jingle/jingle_ns.h"
#include "common/jingle/media_desc.h"
#include "common/jingle/source_map.h"
#include "common/jingle/source_set.h"

#define JINGLE_MAX_CONTENTS 256 /* one per m-line: a big call has many */

typedef enum {
    JINGLE_UNKNOWN, /* an action this reader does not know: answer feature-not-implemented */
    JINGLE_SESSION_INITIATE,
    JINGLE_SESSION_ACCEPT,
    JINGLE_SESSION_INFO,
    JINGLE_SESSION_TERMINATE,
    JINGLE_SOURCE_ADD,    /* alias addsource */
    JINGLE_SOURCE_REMOVE, /* alias removesource */
    JINGLE_TRANSPORT_INFO,
    JINGLE_TRANSPORT_ACCEPT,
    JINGLE_TRANSPORT_REJECT,
    JINGLE_TRANSPORT_REPLACE,
    JINGLE_CONTENT_ADD,
    JINGLE_CONTENT_MODIFY,
    JINGLE_CONTENT_REMOVE,
    JINGLE_DESCRIPTION_INFO,
} JingleAction;
const char *jingle_action_name(JingleAction action); /* as written; static */

typedef enum {
    JINGLE_REASON_NONE,
    JINGLE_REASON_SUCCESS,
    JINGLE_REASON_EXPIRED,
    JINGLE_REASON_GENERAL_ERROR,
    JINGLE_REASON_GONE,
    JINGLE_REASON_CONNECTIVITY_ERROR,
    JINGLE_REASON_SECURITY_ERROR,
    JINGLE_REASON_CANCEL,
    JINGLE_REASON_DECLINE,
    JINGLE_REASON_TIMEOUT,
    JINGLE_REASON_OTHER, /* any other name on the wire; written as undefined */
} JingleReason;
const char *jingle_reason_name(JingleReason reason); /* as written; static */

typedef struct {
    char *name;              /* may repeat; never NULL ("" when absent) */
    char *creator;           /* NULL when absent */
    char *senders;           /* NULL when absent */
    MediaDesc *description;  /* NULL when absent; kind from @media, else from the content's name */
    SourceSet *sources;      /* of the description; never NULL */
    IceTransport *transport; /* NULL when absent */
    int32_t initial_last_n;  /* -1 when absent */
} JingleContent;

typedef struct {
    JingleAction action;
    char *sid;              /* "" when absent */
    char *initiator;        /* NULL when absent; never trust it */
    char *responder;        /* NULL when absent; never trust it */
    GPtrArray *contents;    /* of JingleContent, document order */
    char *group_semantics;  /* "BUNDLE"; NULL when there is no group */
    GPtrArray *group_names; /* of char*: content names in the group */

    JingleReason reason;
    char *reason_text; /* NULL when absent */

    bool has_bridge_session;
    char *bridge_session_id;     /* NULL when absent */
    char *bridge_session_region; /* NULL when absent */
    bool restart, ice_restart;   /* attributes of bridge-session */
    char *ice_state;             /* legacy session-info; NULL when absent */

    bool has_startmuted, startmuted_audio, startmuted_video;
    char *json_message; /* text, not parsed; NULL when absent */
} Jingle;

/* The caller frees what new and parse return. free: NULL is fine. One thread at a time. */
Jingle *jingle_new(JingleAction action, const char *sid);
void jingle_free(Jingle *j);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Jingle, jingle_free)
bool jingle_equal(const Jingle *a, const Jingle *b);

/* Adds a content, owned by j. description and transport may be NULL and are taken over. */
JingleContent *jingle_add_content(Jingle *j, const char *name, MediaDesc *description, IceTransport *transport);
void jingle_set_bundle(Jingle *j); /* group BUNDLE over the contents added so far */

/* <jingle/> -> struct. NULL and *error: BAD_REQUEST "Missing 'action'" without an action, over JINGLE_MAX_CONTENTS, or
 * what its parts refuse. */
Jingle *jingle_parse(const Stanza *s, GError **error);
/* A tree of its own, to be put into an IQ. */
Stanza *jingle_build(const Jingle *j);

/* First transport in document order, borrowed; NULL when none. */
const IceTransport *jingle_first_transport(const Jingle *j);
/* Sources of all contents together; the caller owns the result. */
SourceSet *jingle_collect_sources(const Jingle *j);
int32_t jingle_initial_last_n(const Jingle *j); /* -1 when absent */
/* Adds XML sources of every owner in m to j: into the first content of the media kind, which is created
 * with a bare description when there is none. For receivers without json-encoded-sources. */
void jingle_add_sources_xml(Jingle *j, const SourceMap *m);

#endif
