/* SPDX-License-Identifier: Apache-2.0
 *
 * Sender and receiver reports, BYE, and the walk over SDES chunks (RFC 3550 6.4-6.6). Parsers take the RtcpPacket an
 * RtcpIter gave and the same buffer, and write *out only for true; builders write one whole RTCP packet and return
 * its length in bytes, 0 when `cap` is too small or a count out of range. Pure; any thread. */
#ifndef PLENUM_COMMON_RTP_RTCP_REPORT_H
#define PLENUM_COMMON_RTP_RTCP_REPORT_H

#include "common/rtp/rtcp_iter.h"

#define RTCP_MAX_REPORT_BLOCKS 31
#define RTCP_REPORT_BLOCK_SIZE 24
#define RTCP_SR_SIZE 28 /* without blocks */
#define RTCP_RR_SIZE 8

typedef struct {
    uint32_t ssrc;
    uint8_t fraction_lost;   /* 1/256 */
    int32_t cumulative_lost; /* 24 bits on the wire, signed; builders clamp */
    uint32_t highest_seq;    /* cycles in the upper half */
    uint32_t jitter;         /* clock-rate units */
    uint32_t lsr, dlsr;      /* compact NTP; 1/65536 s. 0 when no SR was seen */
} RtcpReportBlock;

typedef struct {
    uint32_t ssrc;
    uint64_t ntp; /* 32.32 fixed point seconds since 1900 */
    uint32_t rtp_ts, packet_count, octet_count;
} RtcpSenderInfo;

typedef struct {
    RtcpSenderInfo sender; /* only ssrc is set for an RR */
    uint8_t block_count;   /* blocks that are really there */
    size_t blocks_off;     /* from the start of the compound */
} RtcpReport;

/* SR or RR by p->pt. False for another type, or when the body is shorter than its counts say. */
bool rtcp_report_parse(const uint8_t *buf, const RtcpPacket *p, RtcpReport *out);
/* i < r->block_count, of the report just parsed from `buf`. */
RtcpReportBlock rtcp_report_block(const uint8_t *buf, const RtcpReport *r, size_t i);

/* n 0..RTCP_MAX_REPORT_BLOCKS. */
size_t rtcp_sr_build(uint8_t *out, size_t cap, const RtcpSenderInfo *s, const RtcpReportBlock *blocks, size_t n);
size_t rtcp_rr_build(uint8_t *out, size_t cap, uint32_t sender_ssrc, const RtcpReportBlock *blocks, size_t n);

/* The middle 32 bits of an NTP time, as LSR holds them. */
static inline uint32_t rtcp_compact_ntp(uint64_t ntp)
{
    return (uint32_t)(ntp >> 16);
}

/* One chunk with a CNAME (1..255 bytes). */
size_t rtcp_sdes_build(uint8_t *out, size_t cap, uint32_t ssrc, const char *cname);

#endif
