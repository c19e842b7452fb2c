/* SPDX-License-Identifier: Apache-2.0
 *
 * An ICE agent of ours, and a peer made by hand that answers what the agent sends; a fixture of GTest. In virtual time. */
#ifndef PLENUM_TESTS_TRANSPORT_ICE_PEER_H
#define PLENUM_TESTS_TRANSPORT_ICE_PEER_H

#include <glib.h>
#include "bridge/transport/ice_generation.h"
#include "bridge/transport/ice_stun.h"

#define S 1000000 /* a second */
#define PEER_UFRAG "peer"
#define PEER_PWD "peerpasswordpeerpassword"

typedef struct {
    IceStun *stun;
    IceCredentials cred; /* the agent's */
    IceAgent *a;
    IceOut out;
    int64_t now;
    unsigned count[ICE_EV_GENERATION_ENDED + 1]; /* events seen */
    IceEvent last[ICE_EV_GENERATION_ENDED + 1];
    IceDatagram checks[64];
    unsigned n_checks, replies;
    bool mute;          /* the peer answers nothing */
    uint16_t dead_port; /* the peer answers nothing from this port */
    uint16_t only_port; /* if set, it answers from nowhere else */
} IcePeer;

/* The peer's address with that port. */
Tuple ice_peer_at(uint16_t port);

void ice_peer_set_up(IcePeer *p, gconstpointer data);
void ice_peer_tear_down(IcePeer *p, gconstpointer data);

/* A request of the peer to the agent of these credentials; its length. */
size_t ice_peer_build_request(IcePeer *p, const IceCredentials *cred, bool controlling, uint64_t tie,
                              bool use_candidate, uint8_t out[ICE_DATAGRAM_MAX]);
/* Bytes arrive at the agent; what it sends is answered. */
IceDrop ice_peer_deliver(IcePeer *p, const Tuple *from, const uint8_t *bytes, size_t len);
/* A request of the controlled peer arrives from that port; as: to an agent of other credentials, who takes it. */
IceDrop ice_peer_request(IcePeer *p, uint16_t port, bool use_candidate);
void ice_peer_request_as(IcePeer *p, const IceCredentials *cred, uint16_t port);
/* Answers a check with success under the peer's password. */
void ice_peer_answer(IcePeer *p, const IceDatagram *check);
/* Takes what the agent has put out: events are counted, checks answered. */
void ice_peer_drain(IcePeer *p);
/* Time passes, the agent is woken when it wants to be. */
void ice_peer_tick_until(IcePeer *p, int64_t until);
/* The agent is told the peer's credentials. */
void ice_peer_make_known(IcePeer *p);
/* The port the agent sends media to; 0: none yet. */
uint16_t ice_peer_send_port(const IcePeer *p);

#endif
