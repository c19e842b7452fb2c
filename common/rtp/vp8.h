/* SPDX-License-Identifier: Apache-2.0
 *
 * VP8 payload descriptor (RFC 7741 4.2) and the few header bits that tell a key frame and its size
 * (RFC 6386 9.1). A view: offsets and decoded fields, no copy. Pure; any thread. */
#ifndef PLENUM_COMMON_RTP_VP8_H
#define PLENUM_COMMON_RTP_VP8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    uint16_t picture_id;             /* meaningful when picture_id_bits > 0 */
    uint16_t width, height;          /* pixels; 0 unless this packet starts a key frame */
    uint8_t desc_len;                /* bytes of payload descriptor, 1..6 */
    uint8_t picture_id_bits;         /* 0 (absent), 7 or 15 */
    uint8_t picture_id_off, tl0_off; /* offset of the field in the payload; 0 when absent */
    uint8_t tl0, tid, keyidx;        /* TL0PICIDX; temporal layer 0..3; 0..31 */
    bool has_tl0, has_tid, has_keyidx;
    bool layer_sync;    /* Y: depends only on the base temporal layer */
    bool non_reference; /* N: no other frame needs this one */
    bool start;         /* S with partition 0: the first packet of a frame */
    bool keyframe;      /* only ever true together with start */
} Vp8View;

/* Reads an RTP payload (without padding). False: the descriptor is cut short, or nothing follows it;
 * *out is written only for true. */
bool vp8_parse(const uint8_t *payload, size_t len, Vp8View *out);

#endif
