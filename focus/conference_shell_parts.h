/* SPDX-License-Identifier: Apache-2.0
 *
 * Inside the conference's shell (control thread); only focus/conference_{shell,actions,room}.c include this. conference_shell.c
 * steps the conference and takes what others ask; conference_actions.c performs its actions and waits for their
 * answers; conference_room.c tells it who is in the room. */
#ifndef PLENUM_FOCUS_CONFERENCE_SHELL_PARTS_H
#define PLENUM_FOCUS_CONFERENCE_SHELL_PARTS_H

#include "common/base/log.h"
#include "focus/conference_shell.h"
#include "focus/focus.h"
#include "focus/member_presence.h"

typedef struct {
    ConferenceShell *shell;
    char *nick;
    MemberPresence presence;
    guint caps_lookup; /* 0: none on its way */
} ShellMember;

/* An answer the conference owes to somebody: one of the two. */
typedef struct {
    ConferenceReadyFunc ready;
    gpointer user;
    IqTicket *ticket;
} Held;

/* An IQ of ours whose answer becomes an event. */
typedef struct {
    ConferenceShell *shell;
    guint number;
    ConfEventType type; /* EV_COLIBRI_ANSWER or EV_INITIATE_ANSWER */
    char *bridge, *member, *sid;
    uint64_t serial;
    ConfColibri colibri;
} Call;

/* A selection made while actions were being performed: told to the conference after them. */
typedef struct {
    char *member, *bridge, *region; /* bridge NULL: none */
    uint64_t serial;
} Selected;

struct ConferenceShell {
    /* set at birth */
    Focus *focus;
    char *room, *document, *asker;
    LogContext log;
    /* control */
    Conference *conf;
    MucRoom *muc;
    GHashTable *members; /* nick -> ShellMember */
    GHashTable *held;    /* request -> Held */
    GHashTable *calls;   /* set of Call */
    GQueue selected;
    uint64_t last_request;
    guint timer, publish;
    ConfPutOff put_off; /* as counted so far */
    guint config_left;  /* answers of the room still missing before it counts as joined */
    char *meeting_id;
    gboolean breakout, configured, stepping, leaving, ended; /* leaving: what the room says then is our own doing */
};

/* --- conference_shell.c */
/* The only way into the conference. Never nested: what actions cause comes back from the main loop, or is queued. */
void shell_step(ConferenceShell *s, ConfEvent ev);
/* One of the two: `ready` for a conference request, `reply` (NULL: item-not-found) of the action for a ticket. */
void shell_answer(const Held *h, gboolean ready, IqReply (*reply)(const ConfAction *a), const ConfAction *a);

/* --- conference_actions.c */
void shell_perform(ConferenceShell *s, const ConfAction *a);
void shell_count_jingle(Focus *focus, JingleAction action, const char *way); /* "sent", "received" */
/* Of a selection that was told, or will not be. */
void shell_selected_free(Selected *sel);
/* Forgets the IQs on their way, and our presence that was about to go out. */
void shell_cancel(ConferenceShell *s);

/* --- conference_room.c */
extern const MucEvents shell_room_events; /* user: the shell */
void shell_member_free(gpointer member);

#endif
