/* SPDX-License-Identifier: Apache-2.0
 *
 * What video a client wants, merged from its partial updates (ReceiverVideoConstraints; doc/protocols.md, Bridge
 * channel), in the form its worker takes. PURE. Owner: the endpoint; control thread. */
#ifndef PLENUM_BRIDGE_RECEIVER_WISHES_H
#define PLENUM_BRIDGE_RECEIVER_WISHES_H

#include "bridge/channel/messages.h"
#include "bridge/worker_api.h"

typedef struct {
    bool told;                     /* a ReceiverVideoConstraints has come */
    int32_t last_n;                /* -1: all */
    int64_t assumed_bandwidth_bps; /* as the client said; -1: none */
    VideoConstraint default_constraint;
    char **selected, **on_stage; /* NULL: none */
    NamedConstraint *constraints;
    size_t n_constraints;
} ReceiverWishes;

/* Before the first update nothing is wanted (maxHeight 0). */
void receiver_wishes_init(ReceiverWishes *w);
void receiver_wishes_clear(ReceiverWishes *w); /* frees what it holds */
/* Applies the update; lists and maps in it are moved out of it. */
void receiver_wishes_merge(ReceiverWishes *w, ReceiverVideoConstraints *update);
/* The command that tells the worker all of it. A name stands once, on-stage ones first, then selected ones,
 * then others with a constraint; at most WORKER_CONSTRAINTS_MAX. assumed_limit_bps 0: clients may assume
 * nothing. The caller posts it. */
WorkerCommand *receiver_wishes_command(const ReceiverWishes *w, uint64_t conference, uint64_t endpoint,
                                       int64_t assumed_limit_bps);
/* Is that source on stage or selected? */
bool receiver_wishes_has(const ReceiverWishes *w, const char *source);

#endif
