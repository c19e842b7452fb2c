/* SPDX-License-Identifier: Apache-2.0
 *
 * Where things are inside one RTP packet (RFC 3550 5.1, header extension block of RFC 8285). A view holds
 * offsets and decoded fields, no pointers and no copies. Pure; any thread. */
#ifndef PLENUM_COMMON_RTP_RTP_VIEW_H
#define PLENUM_COMMON_RTP_RTP_VIEW_H

#include <stddef.h>
#include <stdint.h>

typedef struct {
    size_t payload_off, payload_len; /* bytes; padding excluded */
    size_t ext_off, ext_len;         /* RFC 8285 elements, without the 4-byte block header; ext_len 0 when absent */
    uint16_t ext_profile, seq;       /* ext_profile 0 when there is no extension block */
    uint32_t ts, ssrc;
    uint8_t pt, marker;              /* 0..127; 0 or 1 */
    uint8_t csrc_count, padding_len; /* padding_len counts its own length byte */
} RtpView;

typedef enum { RTP_OK, RTP_TRUNCATED, RTP_BAD_VERSION, RTP_BAD_PADDING } RtpStatus;

/* RFC 3550 5.1. Accepts any bytes; writes *out only for RTP_OK. */
RtpStatus rtp_view_parse(const uint8_t *buf, size_t len, RtpView *out);

#endif
