/* SPDX-License-Identifier: Apache-2.0
 *
 * STUN messages authenticated and built by libnice's STUN API. The StunAgent's own table of transactions is
 * not used: it has 200 places, and ours live with their tuples. Worker thread, one IceStun each. */
#ifndef PLENUM_BRIDGE_TRANSPORT_ICE_STUN_H
#define PLENUM_BRIDGE_TRANSPORT_ICE_STUN_H

#include "bridge/transport/ice_agent.h"
#include "bridge/transport/ice_message.h"

/* FINGERPRINT and MESSAGE-INTEGRITY of a request under our password. A failure is silent towards the peer,
 * so the time the comparison takes cannot be observed. */
bool ice_stun_verify_request(IceStun *s, const uint8_t *buf, size_t len, const char *pwd);
/* The same for a response (success or error) under the remote password. */
bool ice_stun_verify_response(IceStun *s, const uint8_t *buf, size_t len, const char *pwd);

/* Replies to the request verified last; buf are its bytes. False: does not fit (never with our sizes). */
bool ice_stun_reply(IceStun *s, const uint8_t *buf, size_t len, const char *pwd, const Tuple *from, IceDatagram *out);
/* The same with an error code (300..699, RFC 8489 14.8); m: for 420, whose unknown attributes it names. */
bool ice_stun_reply_error(IceStun *s, const uint8_t *buf, size_t len, const char *pwd, const Tuple *from, int code,
                          const IceMessage *m, IceDatagram *out);

typedef struct {
    const uint8_t *transaction; /* ICE_TRANSACTION_BYTES */
    const char *local_ufrag, *remote_ufrag, *remote_pwd;
    uint64_t tie_breaker;
    bool controlling, use_candidate;
} IceCheck;
/* A Binding request. Same check, same bytes. False: does not fit (never with our sizes). */
bool ice_stun_check(IceStun *s, const IceCheck *check, const Tuple *to, IceDatagram *out);

#endif
