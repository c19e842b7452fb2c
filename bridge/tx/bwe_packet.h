/* SPDX-License-Identifier: Apache-2.0
 *
 * What feedback says about one sent packet, as the parts of the estimator pass it on. Pure. */
#ifndef PLENUM_BRIDGE_TX_BWE_PACKET_H
#define PLENUM_BRIDGE_TX_BWE_PACKET_H

#include <stdbool.h>
#include <stddef.h>
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

/* What was sent, and lost of it, in kilobytes, from the first to the last sending. Zero-initialise; first_us 0:
 * nothing. */
typedef struct {
    double kb, lost_kb;
    int64_t first_us, last_us;
} BweSpan;

/* News about n packets, in any order. */
static inline void bwe_span_add(BweSpan *s, const BwePacket *packets, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const BwePacket *p = &packets[i];
        s->kb += p->bytes / 1000.0;
        if (!bwe_packet_received(p))
            s->lost_kb += p->bytes / 1000.0;
        if (s->first_us == 0 || p->send_us < s->first_us)
            s->first_us = p->send_us;
        if (p->send_us > s->last_us)
            s->last_us = p->send_us;
    }
}

#endif
