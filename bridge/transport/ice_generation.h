/* SPDX-License-Identifier: Apache-2.0
 *
 * One generation of an ICE agent: a pair of credentials, the tuples seen under them, their checks, and which
 * of them carries media. ice_agent owns up to three (previous, current, pending). Worker thread.
 *
 * States of a tuple:   NEW --check--> CHECKING --answer--> VALID --no answer, error--> FAILED
 *                      FAILED, VALID --request from there--> checked again when that helps */
#ifndef PLENUM_BRIDGE_TRANSPORT_ICE_GENERATION_H
#define PLENUM_BRIDGE_TRANSPORT_ICE_GENERATION_H

#include "bridge/transport/ice_agent.h"
#include "bridge/transport/ice_message.h"

#define ICE_CHECK_GIVE_UP_US 5000000
#define ICE_CONSENT_PERIOD_US 5000000 /* times 0.8 to 1.2 (RFC 7675 5.1) */
#define ICE_SETTLE_US 50000           /* between the first valid tuple and nominating the best one */
#define ICE_SILENT_US 3000000         /* after this a selected tuple may lose its place */
#define ICE_TUPLE_IDLE_US 60000000    /* an unselected tuple is forgotten */
#define ICE_ROLE_CONFLICTS_MAX 8      /* 487 answers in a row from one tuple */
#define ICE_RATE_BURST_US 2000000     /* 2 s worth of ICE_REQUESTS_PER_S at once */

typedef enum { ICE_TUPLE_NEW, ICE_TUPLE_CHECKING, ICE_TUPLE_VALID, ICE_TUPLE_FAILED } IceTupleState;

typedef struct {
    Tuple addr;
    int64_t check_us;    /* when the check in flight was first sent */
    int64_t next_us;     /* its next transmission, or the end of waiting */
    int64_t heard_us;    /* last authentic thing from there */
    int64_t answered_us; /* last answer to a check of ours; 0 never */
    int64_t rate_us;     /* requests are paid for up to here */
    uint32_t priority;
    uint8_t transaction[ICE_TRANSACTION_BYTES];
    uint8_t state, sends, conflicts;
    bool in_flight, nominating, check_controlling;
    bool peer_nominated; /* USE-CANDIDATE came from there */
} IceTuple;

typedef struct {
    IceCredentials local;
    char *remote_ufrag, *remote_pwd; /* NULL until signalled */
    IceTuple *tuples;                /* NULL until needed; ICE_TUPLES_MAX places */
    uint8_t n_tuples;
    int8_t send, selected; /* index, -1 none; send is selected or, before that, the first valid one */
    unsigned number;
    int64_t created_us;
    int64_t first_valid_us; /* 0 never */
    int64_t consent_us;     /* next consent check */
    int64_t nominate_us;    /* when to nominate the best tuple; INT64_MAX nothing to nominate */
    int64_t failed_us;      /* since when every tuple has failed; 0 not so */
} IceGeneration;

/* What a generation needs from its agent and for one call. */
typedef struct {
    IceStun *stun;
    int64_t now_us;
    IceOut *out;
    bool controlling;
    uint64_t tie_breaker;
} IceCall;

/* The most a waiting endpoint costs; the tuples come with the first authenticated request. */
_Static_assert(sizeof(IceGeneration) <= 176, "an idle generation must stay small");
_Static_assert(sizeof(IceTuple) * ICE_TUPLES_MAX <= 1024, "eight tuples in a kilobyte");

/* NULL: no memory. free: NULL is fine. find: NULL: not among its tuples. */
IceGeneration *ice_generation_new(const IceCredentials *local, unsigned number, int64_t now_us);
void ice_generation_free(IceGeneration *g);

IceTuple *ice_generation_find(const IceGeneration *g, const Tuple *addr);
/* A new tuple; evicts the least useful one when evict is set. NULL: full, or no memory. Emits ADDED. */
IceTuple *ice_generation_add(IceGeneration *g, const Tuple *addr, bool evict, IceCall *c);
/* Takes tuple i out. Emits REMOVED. */
void ice_generation_remove(IceGeneration *g, unsigned i, IceCall *c);

/* Another check, if none is in flight and the remote credentials are known. */
void ice_generation_check(IceGeneration *g, IceTuple *t, bool nominate, IceCall *c);
/* An authenticated request came from t: check back, or move to it when the selected one is silent. */
void ice_generation_requested(IceGeneration *g, IceTuple *t, bool use_candidate, IceCall *c);
/* The check in flight on t was answered with success. True: g's first valid tuple ever. */
bool ice_generation_answered(IceGeneration *g, IceTuple *t, IceCall *c);
/* The check in flight on t was answered with an error; new_role: it is worth trying in the agent's new role. */
void ice_generation_refused(IceGeneration *g, IceTuple *t, bool new_role, IceCall *c);
/* Retransmissions, consent, nomination, forgetting. */
void ice_generation_tick(IceGeneration *g, IceCall *c);
int64_t ice_generation_next_due(const IceGeneration *g, bool controlling); /* INT64_MAX: nothing planned */

/* Into c->out; t, ufrag NULL: none. What does not fit any more comes with the next call. */
void ice_emit(IceCall *c, IceEventType type, const IceGeneration *g, const Tuple *t, const char *ufrag);

#endif
