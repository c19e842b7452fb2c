/* SPDX-License-Identifier: Apache-2.0
 *
 * Inside the script reader: conference_script.c reads events, conference_script_show.c writes actions. */
#ifndef PLENUM_TESTS_FLOW_CONFERENCE_SCRIPT_PARTS_H
#define PLENUM_TESTS_FLOW_CONFERENCE_SCRIPT_PARTS_H

#include "tests/flow/conference_script.h"
#include "tests/flow/conference_world.h"

/* What the world outside remembers about a member. */
typedef struct {
    char *sid, *old_sid, *bridge_session;
    char *bridge;
    uint64_t allocate, update, restart; /* serials of the last such request */
} Peer;

struct ConferenceScript {
    ConferenceConfig config;
    Conference *c;
    World *world;
    GHashTable *peers;   /* id -> Peer */
    GHashTable *expired; /* bridge -> serial of the last expiry of the conference there */
    int64_t now_ms;
    uint64_t select, stale_select, request;
    guint ids;
    ScriptEvent last_event;
    GHashTable *asked; /* request -> how often it was asked and not answered */
};

Peer *script_peer(ConferenceScript *s, const char *id); /* made when new */
/* One action as text; remembers serials and sids for the events that refer to them. */
void script_show(ConferenceScript *s, GString *out, const ConfAction *a);

#endif
