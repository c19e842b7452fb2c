/* SPDX-License-Identifier: Apache-2.0
 *
 * Writes an RTP header (RFC 3550 5.1) with an RFC 8285 block. No CSRCs: a forwarder that rewrites SSRCs has
 * none to name. Pure; any thread. */
#ifndef PLENUM_COMMON_RTP_RTP_WRITE_H
#define PLENUM_COMMON_RTP_RTP_WRITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "common/rtp/rtp_ext.h"

#define RTP_HEADER_SIZE 12

typedef struct {
    uint8_t pt, marker; /* 0..127; 0 or 1 */
    bool padding;       /* sets the P bit; the caller appends the padding and its count byte */
    uint16_t seq;
    uint32_t ts, ssrc;
} RtpHeader;

/* Writes header and extension block, returns their length: the payload follows there. 0 when `cap` is too
 * small or the items cannot be written (rtp_ext_block_size). */
size_t rtp_header_write(uint8_t *out, size_t cap, const RtpHeader *h, const RtpExtItem *items, size_t n,
                        bool two_byte_allowed);
/* The same, ending exactly at out + payload_off: in front of a payload that stays where it is. Returns the
 * offset where the packet starts; SIZE_MAX when the room does not suffice. */
size_t rtp_header_write_before(uint8_t *out, size_t payload_off, const RtpHeader *h, const RtpExtItem *items, size_t n,
                               bool two_byte_allowed);

/* Change single fields of a packet whose view was RTP_OK; pt 0..127, of more the low seven bits. */
void rtp_set_pt(uint8_t *packet, uint8_t pt);
void rtp_set_marker(uint8_t *packet, bool marker);
void rtp_set_seq(uint8_t *packet, uint16_t seq);
void rtp_set_ts(uint8_t *packet, uint32_t ts);
void rtp_set_ssrc(uint8_t *packet, uint32_t ssrc);

#endif
