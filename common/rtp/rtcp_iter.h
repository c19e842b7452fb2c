/* SPDX-License-Identifier: Apache-2.0
 *
 * Walks a compound RTCP packet (RFC 3550 6.1; reduced-size of RFC 5506 welcome): the first packet need not be
 * a report, unknown types are handed out like all others and the caller passes over them. Pure; any thread. */
#ifndef PLENUM_COMMON_RTP_RTCP_ITER_H
#define PLENUM_COMMON_RTP_RTCP_ITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RTCP_HEADER_SIZE 4

enum {
    RTCP_PT_SR = 200,
    RTCP_PT_RR = 201,
    RTCP_PT_SDES = 202,
    RTCP_PT_BYE = 203,
    RTCP_PT_APP = 204,
    RTCP_PT_RTPFB = 205, /* RFC 4585 */
    RTCP_PT_PSFB = 206,
    RTCP_PT_XR = 207
};

enum { RTCP_RTPFB_NACK = 1, RTCP_RTPFB_TRANSPORT_CC = 15 };
enum { RTCP_PSFB_PLI = 1, RTCP_PSFB_FIR = 4, RTCP_PSFB_AFB = 15 };

/* One packet of the compound. Offsets count from the start of the compound. */
typedef struct {
    uint8_t pt, count;         /* count: reports, sources, or feedback format; 0..31 */
    size_t off, len;           /* the whole packet, its 4-byte header and padding included */
    size_t body_off, body_len; /* after the 4-byte header; padding excluded */
    uint8_t padding_len;       /* 0 when there is none */
} RtcpPacket;

typedef struct {
    const uint8_t *buf; /* borrowed */
    size_t len, pos;
    bool failed; /* ended at a malformed packet; those before it are good */
} RtcpIter;

#define RTCP_ITER(b, n)                                                                                                \
    {                                                                                                                  \
        .buf = (b), .len = (n)                                                                                         \
    }

/* Next packet, or false at the end (*out untouched): of the bytes, or at a packet of wrong version, past the end, or
 * with impossible padding. */
bool rtcp_iter_next(RtcpIter *it, RtcpPacket *out);

#endif
