/* SPDX-License-Identifier: Apache-2.0
 *
 * The passive controlling ICE agent of one endpoint (RFC 8445, consent RFC 7675): it gathers nothing, answers
 * authenticated checks on the shared sockets, checks back, nominates, keeps consent, follows a peer whose
 * address changes, and restarts in place with a second set of credentials. A state machine over bytes: no
 * sockets, no clock, no locks. Messages are built and authenticated by libnice's STUN API (an IceStun per
 * worker). Owner: the endpoint; worker thread.
 *
 * How a worker uses it: STUN requests are looked up by ufrag (stun_peek), responses by tuple. The worker's
 * tuple table follows the events: ICE_EV_TUPLE_ADDED (authenticated: responses may come from here),
 * ICE_EV_TUPLE_VALID (DTLS and SRTP accepted from here), ICE_EV_TUPLE_REMOVED. Outgoing media and DTLS go to
 * ice_agent_send_tuple. Nothing is ever sent for a datagram that did not authenticate. */
#ifndef PLENUM_BRIDGE_TRANSPORT_ICE_AGENT_H
#define PLENUM_BRIDGE_TRANSPORT_ICE_AGENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "bridge/transport/tuple.h"

#define ICE_TUPLES_MAX 8        /* remote tuples of one generation; the oldest unused one gives way */
#define ICE_LOCAL_UFRAG_MAX 32  /* characters; also STUN_PEEK_UFRAG_MAX */
#define ICE_PREFIX_MAX 12       /* characters of ours in front of a ufrag */
#define ICE_PWD_LEN 24          /* of our passwords: 144 random bits */
#define ICE_REMOTE_TEXT_MAX 256 /* remote ufrag and pwd, RFC 8839 5.4 */
#define ICE_REQUESTS_PER_S 50   /* authenticated requests answered per tuple, bursts of twice that */
#define ICE_DATAGRAM_MAX 400    /* bytes of the longest message we build */
#define ICE_OUT_MAX 8           /* datagrams, and events, of one call; what is left is due at once */

/* Our half of the credentials: control makes them (they go into signalling) and posts them to the worker. */
typedef struct {
    char ufrag[ICE_LOCAL_UFRAG_MAX + 1];
    char pwd[ICE_PWD_LEN + 1];
} IceCredentials;
/* prefix (may be ""; [A-Za-z0-9+/], at most ICE_PREFIX_MAX) names the worker; 8 random characters follow.
 * False when the prefix is bad or the system has no randomness. Any thread. */
bool ice_credentials_make(const char *prefix, IceCredentials *out);

typedef enum {
    ICE_EV_TUPLE_ADDED,      /* first authenticated request, or a remote candidate we check; may repeat */
    ICE_EV_TUPLE_VALID,      /* our check on it succeeded: accept DTLS and SRTP from it */
    ICE_EV_TUPLE_REMOVED,    /* evicted, failed for good, or its generation ended */
    ICE_EV_WRITABLE,         /* first valid tuple ever: DTLS may start */
    ICE_EV_SELECTED,         /* media goes to this tuple from now on (first valid one, later the nominated one) */
    ICE_EV_CONSENT_LOST,     /* stop sending: no answer for ICE_CONSENT_US; checks go on if the peer returns */
    ICE_EV_FAILED,           /* every tuple failed for ICE_FAIL_US with none ever valid */
    ICE_EV_RESTARTED,        /* the pending generation took over; the old ufrag answers 3 s more */
    ICE_EV_GENERATION_ENDED, /* drop the ufrag in `ufrag`: old one after a restart, or a pending one timed out */
} IceEventType;

#define ICE_CONSENT_US 30000000
#define ICE_FAIL_US 15000000

typedef struct {
    IceEventType type;
    unsigned generation;
    Tuple tuple;                         /* of the tuple events and WRITABLE */
    char ufrag[ICE_LOCAL_UFRAG_MAX + 1]; /* of GENERATION_ENDED and RESTARTED (the new one), else "" */
} IceEvent;

typedef struct {
    Tuple to;
    uint16_t len;
    uint8_t bytes[ICE_DATAGRAM_MAX];
} IceDatagram;

/* What one call wants done, in order. The caller clears it before each call (ice_out_clear); 4 KB, reusable. */
typedef struct {
    unsigned n_datagrams, n_events;
    IceDatagram datagrams[ICE_OUT_MAX];
    IceEvent events[ICE_OUT_MAX];
} IceOut;
static inline void ice_out_clear(IceOut *out)
{
    out->n_datagrams = out->n_events = 0;
}

typedef enum {
    ICE_DROP_NONE,         /* it was used */
    ICE_DROP_MALFORMED,    /* framing, FINGERPRINT not last or wrong, no MESSAGE-INTEGRITY or PRIORITY */
    ICE_DROP_UNKNOWN_USER, /* USERNAME is none of this agent's */
    ICE_DROP_UNAUTHORIZED, /* MESSAGE-INTEGRITY does not verify */
    ICE_DROP_UNMATCHED,    /* response to nothing we sent from and to this tuple */
    ICE_DROP_NOT_USED,     /* indications, other methods */
    ICE_DROP_RATE,         /* over ICE_REQUESTS_PER_S */
    ICE_DROP_REASONS,
} IceDrop;
const char *ice_drop_name(IceDrop d); /* static */

/* libnice's message context: one per worker thread, shared by all its agents (13 KB). */
typedef struct IceStun IceStun;
IceStun *ice_stun_new(void);       /* NULL: no memory */
void ice_stun_free(IceStun *stun); /* NULL is fine */

typedef struct IceAgent IceAgent;

/* Costs about 290 bytes of heap until the first authenticated request or remote candidate (+1 KB then). Generation 0,
 * controlling. NULL: no memory. */
IceAgent *ice_agent_new(const IceCredentials *local, int64_t now_us);
void ice_agent_free(IceAgent *a); /* NULL is fine */

/* One STUN datagram (DEMUX_STUN). */
IceDrop ice_agent_on_stun(IceAgent *a, IceStun *stun, const Tuple *from, const uint8_t *buf, size_t len, int64_t now_us,
                          IceOut *out);
/* Anything authentic (DTLS, SRTP) came from here: the path is alive in that direction. Cheap; call it per
 * batch, not per packet. */
void ice_agent_on_media(IceAgent *a, const Tuple *from, int64_t now_us);
/* Does what is due. Call it at or after ice_agent_next_due. */
void ice_agent_on_tick(IceAgent *a, IceStun *stun, int64_t now_us, IceOut *out);
/* INT64_MAX when nothing is planned (an idle agent costs no timer). */
int64_t ice_agent_next_due(const IceAgent *a);

/* The peer's credentials for a generation; checks of waiting tuples become due at once (on_tick). Same values again: no
 * effect; other values for a generation that has them: refused. False: unknown generation, bad length (4..256, 22..256)
 * or characters, or refused. */
bool ice_agent_set_remote(IceAgent *a, unsigned generation, const char *ufrag, const char *pwd, int64_t now_us);
/* A remote candidate (host, srflx, relay; numeric UDP) reached from our socket t->socket. It is checked as
 * soon as the credentials are known. False: unknown generation, or ICE_TUPLES_MAX reached. */
bool ice_agent_add_candidate(IceAgent *a, unsigned generation, const Tuple *t, int64_t now_us, IceOut *out);

/* In-place restart, make before break (RFC 8445 9): a second generation with fresh credentials answers
 * beside the current one and takes over when it validates a tuple. Returns its generation, or 0 when the
 * agent was never writable, a restart is already pending (ice_agent_pending_generation tells which), or the
 * last one took over less than 3 s ago.
 * The pending one is given up after 20 s. */
unsigned ice_agent_restart(IceAgent *a, const IceCredentials *local, int64_t now_us);
unsigned ice_agent_generation(const IceAgent *a);
unsigned ice_agent_pending_generation(const IceAgent *a); /* 0: none */

/* Where to send: the selected tuple, before that the first valid one; false without consent or tuple. */
bool ice_agent_send_tuple(const IceAgent *a, Tuple *out);
bool ice_agent_is_valid(const IceAgent *a, const Tuple *t); /* DTLS and SRTP accepted from t? */
bool ice_agent_is_controlling(const IceAgent *a);
int64_t ice_agent_last_request_us(const IceAgent *a); /* last authenticated request; 0 never */
int64_t ice_agent_last_consent_us(const IceAgent *a); /* last answer to a check of ours; 0 never */

/* State as one JSON object, no secrets; returns the length snprintf would. */
int ice_agent_dump(const IceAgent *a, char *out, size_t cap);

#endif
