/* SPDX-License-Identifier: Apache-2.0
 *
 * The whole focus but for main(), against a fake server behind which the rooms (joins, owner forms) and one bridge are
 * played, with the real codec; the test speaks for the clients. */
#ifndef PLENUM_TESTS_FOCUS_WORLD_H
#define PLENUM_TESTS_FOCUS_WORLD_H

#include "common/base/clock.h"
#include "common/base/log.h"
#include "focus/focus.h"
#include "tests/fakes/await.h"
#include "tests/fakes/xmpp_server.h"

#define BREWERY "jvbbrewery@internal.d"
#define BRIDGE BREWERY "/b1"
#define ROOM "demo@conference.d"

typedef struct {
    XmppServer *server;
    gboolean bridge_silent, bridge_full, refuse_join, deaf_rooms; /* full: no place for one more endpoint */
    const char *present;                                          /* presence of others that a join to the room shows */
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

/* The bridge's presence, with these attributes more. */
void world_say_bridge(World *w, const char *attributes);
gboolean match_jingle(const Stanza *s, const char *action_to); /* "session-initiate nick" */

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
void world_leave(World *w, const char *nick);
/* Accepts the offer like a client with one microphone; the sid, which the caller frees. */
char *world_accept_offer(World *w, const char *nick, guint ssrc);
void world_wait_members(World *w, guint n); /* of ROOM; 0: it is gone */

/* GTest fixture; data is not used. */
void world_set_up(World *w, gconstpointer data);
void world_tear_down(World *w, gconstpointer data);

#endif
