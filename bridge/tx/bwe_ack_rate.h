/* SPDX-License-Identifier: Apache-2.0
 *
 * The rate the receiver acknowledges: over a window of arrivals, with the longest silence taken out, and never
 * above what was sent in that time (a burst that waited somewhere arrives faster than the link is). Times shorter than
 * BWE_ACK_MIN_SPAN_US, of sending and of arriving, count as that: what has no length still has a finite rate.
 * Part of Bwe; its owner's thread. Pure. */
#ifndef PLENUM_BRIDGE_TX_BWE_ACK_RATE_H
#define PLENUM_BRIDGE_TX_BWE_ACK_RATE_H

#include <stddef.h>
#include <stdint.h>
#include "bridge/tx/bwe_packet.h"

#define BWE_ACK_MAX_PACKETS 2048 /* 0.4 s at 50 Mbit/s: some frames, or their pauses would show as changes */
#define BWE_ACK_MIN_PACKETS 10   /* below: unknown */
#define BWE_ACK_KEEP_PACKETS 20  /* kept although older than the window */
#define BWE_ACK_MIN_SPAN_US 1000
#define BWE_ACK_WINDOW_US 1000000
#define BWE_ACK_RECENT_US 250000
#define BWE_ACK_MAX_WINDOW_US 5000000

typedef struct {
    uint32_t send_us, arrival_us; /* modulo 2^32: the window is seconds */
    uint16_t bytes;
} BweAcked;

/* Zero-initialise. */
typedef struct {
    size_t first, count;
    int64_t newest_us;                 /* arrival */
    uint32_t latest_discarded_send_us; /* packets sent before it do not count for the send rate */
    bool discarded;
    BweAcked packets[BWE_ACK_MAX_PACKETS]; /* ring, by arrival */
} BweAckRate;

/* A received packet. */
void bwe_ack_rate_add(BweAckRate *a, const BwePacket *p);
/* 0 while unknown. */
int64_t bwe_ack_rate_bps(const BweAckRate *a);
/* Over the last BWE_ACK_RECENT_US only: rougher, but sees a sudden fall at once. 0 while unknown. */
int64_t bwe_ack_rate_recent_bps(const BweAckRate *a);

#endif
