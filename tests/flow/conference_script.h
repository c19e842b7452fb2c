/* SPDX-License-Identifier: Apache-2.0
 *
 * Scripts for the conference's state machine that anyone can read: one line an event, and after "->" the
 * actions it must cause, all of them, in order. "-" means none.
 *
 *   joined b            -> select a
 *   selected x          -> create a@x, allocate b@x, publish
 *   allocated a         -> invite a [jvb]
 *
 * Members are letters, bridges are x, y, z. Events:
 *   request N | room-joined [breakout] [not-owner] | room-failed | room-lost | not-owner | shutdown
 *   joined M [owner|moderator|visitor] [jibri|jigasi] [nojid] [region=R]    changed M [...] [audio=N] [video=N]
 *   left M [switching] | features M [json] [rewriting] [audio-only] [unknown] [no-sctp] [audio-mute]
 *   came M ...: joined and features in one line
 *   selected B | no-bridge | bridge-available | bridge-lost B [reachable]         ("stale" before: an old serial)
 *   allocated M [no-sctp] [no-transport] [passive] [again] | alloc-timeout M | alloc-bad M
 *   alloc-error M CONDITION [REASON] | update-error M CONDITION [REASON] | update-timeout M | update-bad M
 *   updated M | expired B [error|timeout|bad] | restarted-error M CONDITION [REASON] | restarted-timeout M
 *   restarted-bad M | restarted M [gen=N] [none] | endpoint-lost M [older] [nameless] [elsewhere]
 *   invited M ok|error|timeout|bad
 *   accept M SOURCES... | add M ... | remove M ... | info M | trickle M [none] | terminate M [restart] [elsewhere]
 *   ice-restart M [elsewhere] | ice-failed M | jingle M ACTION
 *                                   (M' is M's session before; M? an unknown one; M@N: M writes with N's)
 *   mute M TARGET [off] [video|desktop] | after MS | xmpp-lost | xmpp-back
 * Sources: "v5/m" video SSRC 5 msid M-m ("v5" alone: msid of its own), "a6", "F1,2", "S1,2". */
#ifndef PLENUM_TESTS_FLOW_CONFERENCE_SCRIPT_H
#define PLENUM_TESTS_FLOW_CONFERENCE_SCRIPT_H

#include "focus/conference.h"

typedef struct ConferenceScript ConferenceScript;

ConferenceScript *script_new(const ConferenceConfig *config);
void script_free(ConferenceScript *s);
Conference *script_conference(ConferenceScript *s);
/* Performs one event (without "->"); what came of it as text, "-" for nothing. The caller frees it. */
char *script_event(ConferenceScript *s, const char *event);
/* Runs all lines but empty ones; fails the test at the first that differs, and goes no further. */
void script_run(ConferenceScript *s, const char *lines);
/* The lines in a script of their own; in the end no request is without its answer. NULL: the default configuration. */
void script_play(const ConferenceConfig *config, const char *lines);
/* What the last event was; of "came" the second one. Fields its type does not have are 0. */
typedef struct {
    ConfEventType type;
    ConfColibri colibri;
    ConfOutcome outcome;
    JingleAction jingle;
    ConfMuteKind mute_kind;
    char member[4]; /* "" when it has none */
} ScriptEvent;
ScriptEvent script_last_event(const ConferenceScript *s);
/* Requests not answered and requests answered twice so far: both must stay 0. */
int script_unanswered(const ConferenceScript *s);
/* How many of owner's sources this client has been told of. */
guint script_n_told(const ConferenceScript *s, const char *client, const char *owner);

#endif
