/* SPDX-License-Identifier: Apache-2.0
 *
 * What a datagram on the shared UDP port is (RFC 7983), and which agent a STUN request is for. Only cheap
 * looks at a few bytes: nothing here authenticates. Pure; any thread. */
#ifndef PLENUM_BRIDGE_TRANSPORT_DEMUX_H
#define PLENUM_BRIDGE_TRANSPORT_DEMUX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A datagram longer than this never came from a peer of ours and is not looked at further. */
#define DEMUX_MAX_DATAGRAM 1500

typedef enum { DEMUX_STUN, DEMUX_DTLS, DEMUX_RTP, DEMUX_RTCP, DEMUX_OTHER } DemuxKind;

/* First bytes only: STUN has two zero bits and the magic cookie; DTLS starts with 20..63; RTP and RTCP have
 * version 2, and RTCP a second byte of 192..223 (RFC 5761 4). The smallest header of each kind (STUN 20,
 * DTLS 13, RTP 12, RTCP 8 bytes) is guaranteed to be there; anything else, or too long, is DEMUX_OTHER. */
static inline DemuxKind demux_kind(const uint8_t *buf, size_t len)
{
    if (len < 8 || len > DEMUX_MAX_DATAGRAM)
        return DEMUX_OTHER;
    uint8_t b0 = buf[0], b1 = buf[1];
    if (b0 >= 128 && b0 <= 191) {
        if (b1 >= 192 && b1 <= 223)
            return DEMUX_RTCP;
        return len >= 12 ? DEMUX_RTP : DEMUX_OTHER;
    }
    if (b0 >= 20 && b0 <= 63)
        return len >= 13 ? DEMUX_DTLS : DEMUX_OTHER;
    if (b0 <= 3 && len >= 20 && buf[4] == 0x21 && buf[5] == 0x12 && buf[6] == 0xa4 && buf[7] == 0x42)
        return DEMUX_STUN;
    return DEMUX_OTHER;
}

typedef enum {
    STUN_PEEK_REQUEST,  /* Binding request: *ufrag_off/_len are set; look the agent up by ufrag */
    STUN_PEEK_RESPONSE, /* Binding success or error response: look the agent up by tuple */
    STUN_PEEK_DROP,     /* indication, other method, broken framing, no USERNAME with a ':' */
} StunPeek;

/* Longest part of USERNAME before ':' that is reported: longer ones are no ufrag of ours. */
#define STUN_PEEK_UFRAG_MAX 32

/* For DEMUX_STUN. Finds the part of USERNAME before ':' (our ufrag) without validating anything else; the
 * offset is into buf, 1..STUN_PEEK_UFRAG_MAX bytes, all of [A-Za-z0-9+/]. Total over all inputs; looks at no
 * more than 32 attributes. */
StunPeek stun_peek(const uint8_t *buf, size_t len, size_t *ufrag_off, size_t *ufrag_len);

#endif
