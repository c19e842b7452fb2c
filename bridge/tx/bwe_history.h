/* SPDX-License-Identifier: Apache-2.0
 *
 * What was sent under which transport-cc number: a ring by sequence. Part of Bwe; its owner's thread. Pure. */
#ifndef PLENUM_BRIDGE_TX_BWE_HISTORY_H
#define PLENUM_BRIDGE_TX_BWE_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "bridge/tx/bwe_packet.h"
#include "common/rtp/rtp_seq.h"

#define BWE_HISTORY_SIZE 8192       /* packets; 1.6 s at 50 Mbit/s */
#define BWE_HISTORY_AGE_US 10000000 /* feedback about older packets is of no use */

typedef struct {
    int64_t send_us;
    uint32_t seq; /* unwrapped, low 32 bits: tells a slot's tenant from its predecessor */
    uint16_t bytes;
    uint8_t probe;                /* low 8 bits of the cluster id */
    uint8_t state : 2, audio : 1; /* state: 0 free, sent, told lost, told received */
} BweSent;

/* Zero-initialise. */
typedef struct {
    RtpSeqUnwrapper seq;
    BweSent ring[BWE_HISTORY_SIZE];
} BweHistory;

/* bytes up to 65535, of more that many; numbers rise by one a packet. */
void bwe_history_sent(BweHistory *h, uint16_t seq, size_t bytes, uint16_t probe, bool audio, int64_t now_us);

typedef enum {
    BWE_TOLD_NEWS,   /* *out is to be used */
    BWE_TOLD_BEFORE, /* nothing new about this packet */
    BWE_TOLD_UNKNOWN /* never sent, or too long ago */
} BweTold;

/* Feedback names `seq`. Fills all of *out but arrival_us. A packet told lost may be told received later. */
BweTold bwe_history_told(BweHistory *h, uint16_t seq, bool received, int64_t now_us, BwePacket *out);

/* What was sent so far is not told of any more; the numbers go on. */
void bwe_history_forget(BweHistory *h);

#endif
