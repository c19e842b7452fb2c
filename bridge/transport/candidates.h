/* SPDX-License-Identifier: Apache-2.0
 *
 * Which ICE candidates the bridge offers: its interface addresses, and the public ones a static NAT announces
 * for them (RFC 8445 5.1). Made once at start; control thread. */
#ifndef PLENUM_BRIDGE_TRANSPORT_CANDIDATES_H
#define PLENUM_BRIDGE_TRANSPORT_CANDIDATES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "bridge/transport/tuple.h"

#define CANDIDATES_MAX 32
#define CANDIDATE_ANNOUNCED_MAX 16

typedef enum { CANDIDATE_HOST, CANDIDATE_SRFLX } CandidateType;

typedef struct {
    CandidateType type;
    Tuple addr;     /* what the peer sends to */
    Tuple base;     /* SRFLX: the interface address behind it, else equal to addr */
    bool hide_base; /* SRFLX: signal rel-addr 0.0.0.0 port 9 (the base is private and not offered) */
    uint32_t priority;
    char foundation[12];
} LocalCandidate;

/* Static mapping: packets to `public` arrive at `local`. local unset (family 0): any interface address of
 * the same family. public.port 0: the port of the base. */
typedef struct {
    Tuple local, public;
} AnnouncedAddress;

typedef struct {
    uint16_t port;
    bool ipv4, ipv6;
    bool loopback;     /* also offer 127.0.0.1 and ::1 (tests, single-machine set-ups) */
    bool link_local;   /* also fe80::/10 and 169.254/16 */
    bool hide_private; /* leave host candidates with private addresses out when an announced one covers them */
    const AnnouncedAddress *announced;
    size_t n_announced;
    const Tuple *only; /* if n_only > 0: no other interface addresses (ports ignored) */
    size_t n_only;
} CandidateOptions;

/* Pure part: from a list of interface addresses (ports ignored). Order: best priority first. Returns how many. */
size_t candidates_from_addresses(const CandidateOptions *opt, const Tuple *addrs, size_t n_addrs,
                                 LocalCandidate out[CANDIDATES_MAX]);
/* Asks the system (getifaddrs; interfaces that are up), then the above. 0 when there is none. */
size_t candidates_gather(const CandidateOptions *opt, LocalCandidate out[CANDIDATES_MAX]);

/* RFC 1918, RFC 6598 (100.64/10), fc00::/7, loopback and link-local. */
bool candidate_is_private(const Tuple *t);

#endif
