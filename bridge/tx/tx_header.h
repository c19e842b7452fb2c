/* SPDX-License-Identifier: Apache-2.0
 *
 * The RTP header of a packet for one receiver (RFC 3550 5.1, RFC 8285), with the extensions that ext_policy.h says: a
 * descriptor as the projection rewrote it, else none; mid when the slot has one; a transport-cc number on video, and on
 * audio where the receiver takes it there.
 *
 * Worker thread, no allocation. */
#ifndef PLENUM_BRIDGE_TX_TX_HEADER_H
#define PLENUM_BRIDGE_TX_TX_HEADER_H

#include "bridge/media_endpoint.h"

#define TX_HEADER_MAX 384 /* bytes: fixed part, the longest descriptor, the small elements */

typedef struct {
    uint32_t ssrc, ts;
    uint16_t seq;
    uint8_t pt, marker;
    bool padding;             /* sets the P bit */
    const MediaPacket *media; /* whose extensions pass; NULL: none */
    const uint8_t *dd;        /* dependency descriptor; NULL: none */
    uint8_t dd_len;
    uint8_t mid_len; /* 0: no mid */
    const char *mid;
    bool has_tcc;
    uint16_t tcc;
} TxHeader;

/* Writes at most TX_HEADER_MAX bytes, returns how many. Where the receiver cannot take two-byte headers, elements
 * that would need them are left out. */
size_t tx_header_write(const MediaEndpoint *receiver, const TxHeader *h, int64_t now_us, uint8_t *out);

#endif
