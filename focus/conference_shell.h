/* SPDX-License-Identifier: Apache-2.0
 *
 * One conference's hands and ears: performs the actions of the pure conference in order (room, bridges,
 * Jingle, timers) and feeds it what happens as events, one at a time. Owned by the focus; control thread. */
#ifndef PLENUM_FOCUS_CONFERENCE_SHELL_H
#define PLENUM_FOCUS_CONFERENCE_SHELL_H

#include "common/xmpp/muc.h"
#include "focus/conference.h"
#include "focus/request_body.h"

typedef struct Focus Focus;
typedef struct ConferenceShell ConferenceShell;

typedef void (*ConferenceReadyFunc)(gboolean ready, gpointer user);

/* room: bare JID; asker: whose request made it, "" when not known; both copied. The focus owns it. */
ConferenceShell *conference_shell_new(Focus *focus, const char *room, const char *asker);
/* Without a word to anybody; send EV_SHUTDOWN by conference_shell_end before, if there is to be one. */
void conference_shell_free(ConferenceShell *shell);

/* A conference request: done runs exactly once, at once or when the room is joined, or not (FALSE). */
void conference_shell_request(ConferenceShell *shell, const RequestBody *body, ConferenceReadyFunc done, gpointer user);
/* From an occupant (nick): decoded requests; the ticket is taken and answered. */
void conference_shell_jingle(ConferenceShell *shell, const char *nick, const Jingle *jingle, IqTicket *ticket);
/* target: nick of who is to be muted, NULL when it is nobody here. */
void conference_shell_mute(ConferenceShell *shell, const char *nick, const char *target, ConfMuteKind kind,
                           gboolean mute, IqTicket *ticket);
/* Presence whose `from` is in the room; borrowed. FALSE: not this room's. */
gboolean conference_shell_handle_presence(ConferenceShell *shell, const Stanza *presence);

void conference_shell_disconnected(ConferenceShell *shell); /* the stream is down */
void conference_shell_connected(ConferenceShell *shell);    /* joins again */
void conference_shell_bridge_available(ConferenceShell *shell);
/* bridge: occupant JID; reachable: it still answers, and is asked to let its endpoints go. */
void conference_shell_bridge_lost(ConferenceShell *shell, const char *bridge, gboolean reachable);
/* The bridge has no such endpoint any more. */
void conference_shell_endpoint_lost(ConferenceShell *shell, const char *bridge, const Colibri2Notice *notice);
void conference_shell_end(ConferenceShell *shell); /* leaves now */

/* Borrowed. */
const char *conference_shell_room(const ConferenceShell *shell);
const char *conference_shell_asker(const ConferenceShell *shell);
const Conference *conference_shell_conference(const ConferenceShell *shell);
gboolean conference_shell_is_joining(const ConferenceShell *shell);

#endif
