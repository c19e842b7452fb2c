/* SPDX-License-Identifier: Apache-2.0
 *
 * What feedback says about one sent packet, as the parts of the estimator pass it on. Pure. */
#ifndef PLENUM_BRIDGE_TX_BWE_PACKET_H
#define PLENUM_BRIDGE_TX_BWE_PACKET_H

#include <stdbool.h>
#include <stdint.h>
#include "common/rtp/twcc.h"

typedef struct {
    int64_t send_us;    /* our clock */
    int64_t arrival_us; /* the receiver's clock, any origin; TWCC_NOT_RECEIVED when lost */
    uint16_t bytes;
    uint16_t probe; /* cluster it was sent in, 0 for none */
    bool audio;
} BwePacket;

static inline bool bwe_packet_received(const BwePacket *p)
{
    return p->arrival_us != TWCC_NOT_RECEIVED;
}

#endif
