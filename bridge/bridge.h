/* SPDX-License-Identifier: Apache-2.0
 *
 * All conferences of this process: found by meeting-id, internal id or handle; their limits; drain and shutdown
 * (doc/man/plenum-bridge.8, SIGNALS). Events of the workers and messages of WebSockets enter here and are handed to
 * the conference or endpoint they are about. Control thread, default main context. */
#ifndef PLENUM_BRIDGE_BRIDGE_H
#define PLENUM_BRIDGE_BRIDGE_H

#include "bridge/conference.h"

#define BRIDGE_SWEEP_MS 5000
#define BRIDGE_LEAVE_US 60000000 /* for the focus to move those who are here, once we are shutting down */

typedef enum {
    BRIDGE_RUNNING,
    BRIDGE_GRACEFUL,      /* no new conferences; those here go on */
    BRIDGE_SHUTTING_DOWN, /* few are left, or it took too long: the focus moves who is here, then we exit */
} BridgeState;

typedef struct Bridge Bridge;

typedef struct {
    void (*state_changed)(gpointer user); /* drain or BridgeState: publish it at once */
    /* Shutting down, and nobody is here any more or BRIDGE_LEAVE_US have passed: exit. Once. */
    void (*empty)(gpointer user);
    void (*snapshot)(const WorkerEvent *ev, gpointer user); /* WORKER_EV_SNAPSHOT; endpoints have taken theirs */
    /* We let this endpoint go by ourselves, and whoever asked for it does not know. It is about to be freed. */
    void (*endpoint_lost)(const Endpoint *ep, const char *why, gpointer user);
    gpointer user;
} BridgeEvents; /* each may be NULL */

#define BRIDGE_SUPERSEDED_US 20000000 /* a conference whose focus began anew ends after so long at the latest */

/* env is borrowed and must outlive it, events are copied. */
Bridge *bridge_new(BridgeEnv *env, const BridgeEvents *events);
/* Ends every conference. NULL is fine. */
void bridge_free(Bridge *b);

/* One conference-modify, parsed: the answer, or NULL and the error to send. focus: the address it came
 * from; NULL: none that could be told of anything. */
Colibri2Modified *bridge_modify(Bridge *b, const char *focus, const Colibri2Modify *request, Colibri2Error **error);
/* An event from a worker; borrowed. */
void bridge_on_event(Bridge *b, const WorkerEvent *ev);

/* Borrowed until the next request or event; NULL: there is none. */
Conference *bridge_find_id(const Bridge *b, const char *internal_id);
Conference *bridge_find_meeting(const Bridge *b, const char *meeting_id);
Conference *bridge_find_handle(const Bridge *b, uint64_t handle);
Endpoint *bridge_find_endpoint(const Bridge *b, uint64_t handle);
/* `each` may not make or end conferences. */
void bridge_each(const Bridge *b, void (*each)(Conference *c, gpointer user), gpointer user);
unsigned bridge_n_conferences(const Bridge *b);
unsigned bridge_n_endpoints(const Bridge *b);
BridgeEnv *bridge_env(const Bridge *b); /* borrowed */

/* Asks the workers for fresh numbers of a conference or of one endpoint (NULL: all of it), with its streams or
 * not; the answer comes as a snapshot with that id (1..), of a conference one from each worker it is on. False: an
 * inbox is full. */
bool bridge_request_snapshot(Bridge *b, const Conference *c, const Endpoint *ep, uint64_t id, bool streams);

/* Drain: what the focus is told, that it put no new conferences here; requests are served all the same. */
bool bridge_is_draining(const Bridge *b);
void bridge_set_drain(Bridge *b, bool drain);
BridgeState bridge_state(const Bridge *b);
/* From now on no new conference. Shutting down begins when graceful_min_participants or fewer are left, or after
 * graceful_timeout; then `empty`. */
void bridge_shut_down(Bridge *b);
/* What time brings, every BRIDGE_SWEEP_MS by itself. now_us: of clock_now_us. */
void bridge_sweep(Bridge *b, int64_t now_us);
/* Frees it with its endpoints. why: for the log. */
void bridge_end_conference(Bridge *b, Conference *c, const char *why);

/* ---- for conferences ---- */

bool bridge_has_room(const Bridge *b);                 /* for one more endpoint */
uint64_t bridge_next_handle(Bridge *b);                /* never used before in this process */
void bridge_register(Bridge *b, Endpoint *ep);         /* now found by its handle */
void bridge_unregister(Bridge *b, const Endpoint *ep); /* and no longer; before it is freed */
/* Expires the endpoint once the stack is unwound: safe inside callbacks of its own transport. */
void bridge_expire_later(Bridge *b, Endpoint *ep, const char *why);
/* A message channel of ep is open: what its client had in a conference that this one supersedes says nothing more. */
void bridge_endpoint_has_channel(Bridge *b, const Endpoint *ep);
/* DTLS of ep is up: what its client had in a conference that this one supersedes is over. */
void bridge_endpoint_ready(Bridge *b, const Endpoint *ep);

#endif
