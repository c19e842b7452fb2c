/* SPDX-License-Identifier: Apache-2.0
 *
 * What bridges and clients would know after each action, to catch the conference contradicting itself
 * whatever happens to it: it must not create an endpoint that it has, update one that it has not, invite a
 * client that is in a session, or tell it of a source twice. Watches events and actions; judges with
 * g_error. */
#ifndef PLENUM_TESTS_FLOW_CONFERENCE_WORLD_H
#define PLENUM_TESTS_FLOW_CONFERENCE_WORLD_H

#include "focus/conference.h"

typedef struct World World;

World *world_new(void);
void world_free(World *w);
/* Before the event is handed to the conference. */
void world_event(World *w, const ConfEvent *ev);
/* Each action, in order. `told`: the sources a message carries. */
void world_action(World *w, const ConfAction *a, const SourceMap *told);
/* How many of owner's sources this client has been told of in its session; 0 without one. */
guint world_n_told(const World *w, const char *client, const char *owner);

#endif
