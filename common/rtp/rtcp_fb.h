/* SPDX-License-Identifier: Apache-2.0
 *
 * RTCP feedback: generic NACK and PLI (RFC 4585 6.2.1, 6.3.1), FIR (RFC 5104 4.3.1) and REMB
 * (draft-alvestrand-rmcat-remb-03). Parsers take the RtcpPacket an RtcpIter gave and the same buffer, and write *out
 * only for true; whether type and format are the ones meant, the caller has seen. Builders write one whole RTCP
 * packet and return its length in bytes, 0 when it does not fit. Pure; any thread. */
#ifndef PLENUM_COMMON_RTP_RTCP_FB_H
#define PLENUM_COMMON_RTP_RTCP_FB_H

#include "common/rtp/rtcp_iter.h"

#define RTCP_NACK_ITEM_SEQS 17 /* numbers one PID + BLP pair can name */

/* What all feedback packets share. */
typedef struct {
    uint32_t sender_ssrc, media_ssrc;
    size_t fci_off, fci_len; /* feedback control information, from the start of the compound */
} RtcpFb;

/* Any RTPFB or PSFB (RFC 4585 6.1). False for another type or a body below 8 bytes. */
bool rtcp_fb_parse(const uint8_t *buf, const RtcpPacket *p, RtcpFb *out);

typedef struct {
    uint16_t pid, blp;
} RtcpNackItem;

/* Number of PID + BLP pairs; a tail of less than four bytes is passed over. */
size_t rtcp_nack_count(const RtcpFb *fb);
/* i < rtcp_nack_count(). */
RtcpNackItem rtcp_nack_item(const uint8_t *buf, const RtcpFb *fb, size_t i);
/* The item as numbers, pid first; returns how many (1..17). */
size_t rtcp_nack_item_seqs(RtcpNackItem item, uint16_t out[RTCP_NACK_ITEM_SEQS]);
/* `seqs` ascending in wrapping order, no duplicates. n 0 writes nothing. */
size_t rtcp_nack_build(uint8_t *out, size_t cap, uint32_t sender_ssrc, uint32_t media_ssrc, const uint16_t *seqs,
                       size_t n);

/* RFC 4585 6.3.1. */
size_t rtcp_pli_build(uint8_t *out, size_t cap, uint32_t sender_ssrc, uint32_t media_ssrc);

typedef struct {
    uint32_t ssrc;
    uint8_t seq;
} RtcpFirEntry;

/* FIR names its targets in the entries; the header's media SSRC is 0. A tail of less than eight bytes is passed
 * over. */
size_t rtcp_fir_count(const RtcpFb *fb);
/* i < rtcp_fir_count(). */
RtcpFirEntry rtcp_fir_entry(const uint8_t *buf, const RtcpFb *fb, size_t i);
/* n 0 writes nothing. */
size_t rtcp_fir_build(uint8_t *out, size_t cap, uint32_t sender_ssrc, const RtcpFirEntry *entries, size_t n);

typedef struct {
    uint64_t bitrate_bps;
    uint8_t ssrc_count; /* really there */
    size_t ssrcs_off;   /* from the start of the compound, 4 bytes each */
} RtcpRemb;

/* A PSFB/15 whose FCI starts with "REMB". False for other application feedback, a count beyond the body, or a
 * rate beyond 64 bits. */
bool rtcp_remb_parse(const uint8_t *buf, const RtcpFb *fb, RtcpRemb *out);
/* i < r->ssrc_count. */
uint32_t rtcp_remb_ssrc(const uint8_t *buf, const RtcpRemb *r, size_t i);
/* The rate is rounded down to an 18-bit mantissa. n 0..255, else 0 is returned. */
size_t rtcp_remb_build(uint8_t *out, size_t cap, uint32_t sender_ssrc, uint64_t bitrate_bps, const uint32_t *ssrcs,
                       size_t n);

#endif
