/* SPDX-License-Identifier: Apache-2.0
 *
 * One conference on this bridge, from its creation to its end: who is here, which SSRC is whose, who hears
 * whose messages. It begins on one worker, and may spread over others. Requests about it arrive on one thread and are
 * carried out to the end one after the other, so they are in order by themselves. Owned by the Bridge. Control thread.
 *
 * Its life:  conference_new -> conference_modify ... -> (empty, expired or ended) -> conference_free
 * Closing order: channels of each endpoint, its transport, ENDPOINT_REMOVE; then CONFERENCE_REMOVE. */
#ifndef PLENUM_BRIDGE_CONFERENCE_H
#define PLENUM_BRIDGE_CONFERENCE_H

#include "bridge/endpoint.h"

#define CONFERENCE_EMPTY_US 20000000 /* an empty one ends when older than this */
#define CONFERENCE_ID_SIZE 13        /* internal id: 12 hex digits */
#define CONFERENCE_SPEAKERS_MAX 16   /* recent speakers remembered */

typedef struct Conference {
    /* set at birth */
    BridgeEnv *env;
    struct Bridge *bridge;
    uint64_t handle;
    unsigned worker;                 /* its home */
    char id[CONFERENCE_ID_SIZE];     /* in WebSocket URLs and debug paths */
    char *meeting_id, *name;         /* name NULL: not given */
    char *focus;                     /* address of who asked for it; NULL: not by XMPP */
    uint32_t audio_ssrc, video_ssrc; /* feedback sources jvb-a0, jvb-v0 */
    int64_t created_us;
    LogContext log;
    /* control */
    GHashTable *endpoints; /* id -> Endpoint */
    GHashTable *ssrcs;     /* SSRC -> Endpoint that claimed it */
    unsigned endpoints_seen;
    int64_t superseded_us;                       /* its focus made a conference of the same name anew; 0: it did not */
    char *speakers[CONFERENCE_SPEAKERS_MAX + 1]; /* dominant first; NULL-terminated */
} Conference;

/* Posts CONFERENCE_CREATE. id: CONFERENCE_ID_SIZE - 1 characters; texts are copied, name and focus may be NULL.
 * NULL: the worker's inbox is full. */
Conference *conference_new(struct Bridge *bridge, BridgeEnv *env, uint64_t handle, const char *id,
                           const char *meeting_id, const char *name, const char *focus);
/* Carries out a checked request on an existing conference (conference_modify.c). NULL and *error; earlier
 * effects stay. created: this request made the conference. */
Colibri2Modified *conference_modify(Conference *c, const Colibri2Modify *request, bool created, Colibri2Error **error);
void conference_free(Conference *c); /* with its endpoints; posts the removals */

Endpoint *conference_find(const Conference *c, const char *id); /* NULL */
unsigned conference_size(const Conference *c);                  /* endpoints */
/* Gives ep these SSRCs instead of those it has. False when one is another's or the bridge's: *taken. Takes
 * ssrcs only on success. */
bool conference_claim_ssrcs(Conference *c, Endpoint *ep, GArray *ssrcs, uint32_t *taken);
/* Takes it out and frees it. why: for the log. Not from inside a callback of its transport (bridge_expire_later). */
void conference_expire_endpoint(Conference *c, Endpoint *ep, const char *why);

/* An event of the conference as a whole (endpoint 0). */
void conference_on_event(Conference *c, const WorkerEvent *ev);
/* To every endpoint but `except` (NULL: none). */
void conference_broadcast(Conference *c, const Endpoint *except, const char *text);
/* EndpointStats of `from` to those who want them. */
void conference_send_stats(Conference *c, const Endpoint *from, const char *text);

/* Every few seconds: endpoints without a channel are noted. True: empty or superseded for long enough, end it. */
bool conference_sweep(Conference *c, int64_t now_us);

#endif
