/* SPDX-License-Identifier: Apache-2.0
 *
 * H.264 RTP payloads (RFC 6184): which NAL units a packet carries or starts, as far as forwarding needs it.
 * A view, no copy. Pure; any thread. */
#ifndef PLENUM_COMMON_RTP_H264_H
#define PLENUM_COMMON_RTP_H264_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    uint8_t nal_type;               /* of the packet: 1..23, 24 STAP-A, 28 FU-A ... */
    uint16_t width, height;         /* pixels from an SPS that fits in this packet; 0 when there is none */
    bool has_sps, has_pps, has_idr; /* has_idr: also the start or any later fragment of a FU-A of an IDR slice */
    bool starts_nal;                /* not a later fragment */
    bool starts_au;                 /* begins with AUD, SPS, or the first slice of a picture (first_mb_in_slice 0) */
} H264View;

/* Reads an RTP payload (without padding). False: empty, or an aggregate or fragment that is cut short; *out is written
 * only for true. */
bool h264_parse(const uint8_t *payload, size_t len, H264View *out);

#endif
