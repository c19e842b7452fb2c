/* SPDX-License-Identifier: Apache-2.0
 *
 * The whole focus but for main(), against a server of a few lines in the same process: it answers the
 * component handshake, plays the rooms (joins, owner forms) and one bridge with the real codec; the test
 * speaks for the clients. Waiting has a limit, then the test ends. */
#ifndef PLENUM_TESTS_FOCUS_WORLD_H
#define PLENUM_TESTS_FOCUS_WORLD_H

#include <gio/gio.h>
#include "common/base/clock.h"
#include "common/base/log.h"
#include "focus/focus.h"

#define BREWERY "jvbbrewery@internal.d"
#define BRIDGE BREWERY "/b1"
#define ROOM "demo@conference.d"

typedef struct {
    /* server */
    GSocketService *service;
    GSocketConnection *peer;
    GString *raw;   /* bytes not yet taken apart */
    GPtrArray *got; /* Stanza the focus sent, not yet looked at by the test */
    char buffer[65536];
    gboolean open, bridge_silent, refuse_join, deaf_rooms;
    const char *present; /* presence of others that a join to the room shows */
    guint colibri_requests, joins;
    GString *colibri; /* text of all requests to the bridge */
    /* focus */
    GMainLoop *loop;
    Config *config;
    Focus *focus;
} World;

#define MUC_USER(item, status) "<x xmlns='http://jabber.org/protocol/muc#user'><item " item "/>" status "</x>"
#define OWNER "affiliation='owner' role='moderator'"
#define GUEST(n) "affiliation='none' role='participant' jid='" n "@d/res'"

/* From the server to the focus. */
void world_say(World *w, const char *format, ...) G_GNUC_PRINTF(2, 3);
void world_say_bridge(World *w, const char *type);
void world_answer(World *w, const Stanza *iq, const char *type, const char *payload);
/* The stream breaks. */
void world_drop(World *w);

/* What the focus sent and nobody has looked at yet. */
typedef gboolean (*Match)(const Stanza *s, const char *arg);
gboolean match_answer(const Stanza *s, const char *id);
gboolean match_jingle(const Stanza *s, const char *action_to); /* "session-initiate nick" */
gboolean match_presence(const Stanza *s, const char *text);
gboolean match_child(const Stanza *s, const char *name);
gboolean match_query(const Stanza *s, const char *ns);
/* The next stanza of that kind, or NULL; earlier ones stay for later. */
Stanza *world_find(World *w, Match match, const char *arg);
/* The same, waited for. */
Stanza *world_expect(World *w, Match match, const char *arg);
/* The answer is that error, with a reason. */
void world_expect_error(World *w, const char *id, StanzaCondition condition);

/* What clients answer to disco. */
#define WORLD_FEATURES                                                                                                 \
    "<query xmlns='http://jabber.org/protocol/disco#info'><feature var='urn:xmpp:jingle:apps:rtp:audio'/>"             \
    "<feature var='urn:xmpp:jingle:apps:rtp:video'/><feature var='urn:xmpp:jingle:transports:dtls-sctp:1'/>"           \
    "<feature var='http://jitsi.org/json-encoded-sources'/><feature var='http://jitsi.org/source-name'/></query>"
/* The user u@d/r asks for a conference: room='...' and other attributes. */
void world_ask_conference(World *w, const char *id, const char *attributes);
/* The answer's `ready`, waited for; the caller frees it. */
char *world_conference_ready(World *w, const char *id);
void world_start_conference(World *w); /* of ROOM */
void world_join(World *w, const char *nick);
/* Accepts the offer like a client with one microphone; the sid, which the caller frees. */
char *world_accept_offer(World *w, const char *nick, guint ssrc);
void world_wait_members(World *w, guint n); /* of ROOM; 0: it is gone */

/* GTest fixture; data is not used. */
void world_set_up(World *w, gconstpointer data);
void world_tear_down(World *w, gconstpointer data);
gboolean world_on_limit(gpointer what);

#endif
