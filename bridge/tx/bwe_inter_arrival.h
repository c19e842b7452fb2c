/* SPDX-License-Identifier: Apache-2.0
 *
 * Gathers packets sent together into groups and compares how far apart consecutive groups were sent with how far
 * apart they arrived. Part of Bwe; its owner's thread. Pure. */
#ifndef PLENUM_BRIDGE_TX_BWE_INTER_ARRIVAL_H
#define PLENUM_BRIDGE_TX_BWE_INTER_ARRIVAL_H

#include <stdbool.h>
#include <stdint.h>
#include "bridge/tx/bwe_packet.h"

#define BWE_GROUP_US 5000     /* sent within this: one group */
#define BWE_BURST_GAP_US 5000 /* arrived this close although sent further apart: a burst, one group */
#define BWE_BURST_MAX_US 100000
#define BWE_ARRIVAL_JUMP_US 3000000 /* receiver's clock against ours */
#define BWE_REORDERED_GROUPS 3

typedef struct {
    int64_t first_send_us, send_us;       /* of its first and its last sent packet */
    int64_t first_arrival_us, arrival_us; /* first, and completed */
    int64_t system_us;                    /* when we heard of the last */
    bool valid;
} BweGroup;

/* Zero-initialise. */
typedef struct {
    BweGroup current, previous;
    unsigned reordered;
} BweInterArrival;

typedef struct {
    int64_t send_us, arrival_us; /* between the last two complete groups */
} BweDelta;

/* Packets in order of arrival. True when a group became complete and *out is set. */
bool bwe_inter_arrival_add(BweInterArrival *ia, const BwePacket *p, int64_t now_us, BweDelta *out);
void bwe_inter_arrival_reset(BweInterArrival *ia);

#endif
