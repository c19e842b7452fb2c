/* SPDX-License-Identifier: Apache-2.0
 *
 * VP9 payload descriptor (RFC 9628 4.2). A view: offsets and decoded fields, no copy. Pure; any thread. */
#ifndef PLENUM_COMMON_RTP_VP9_H
#define PLENUM_COMMON_RTP_VP9_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VP9_MAX_SPATIAL 8
#define VP9_MAX_TEMPORAL 8
#define VP9_MAX_REFS 3

/* Scalability structure (4.2.1), carried on key frames. */
typedef struct {
    uint16_t width[VP9_MAX_SPATIAL], height[VP9_MAX_SPATIAL]; /* pixels; 0 when Y is not set */
    uint8_t spatial_count;                                    /* 1..8 */
    uint8_t temporal_count; /* 1 + the highest tid of the group description; 0 when there is none */
    uint8_t group_len;      /* N_G, 0 when there is none */
} Vp9Structure;

typedef struct {
    Vp9Structure ss;                            /* valid when has_ss */
    uint16_t picture_id;                        /* meaningful when picture_id_bits > 0 */
    uint16_t desc_len;                          /* bytes of payload descriptor */
    uint8_t picture_id_bits;                    /* 0 (absent), 7 or 15 */
    uint8_t picture_id_off, tl0_off;            /* offset of the field in the payload; 0 when absent */
    uint8_t tl0, tid, sid;                      /* TL0PICIDX; temporal 0..7; spatial 0..7 */
    uint8_t p_diff[VP9_MAX_REFS], p_diff_count; /* flexible mode only */
    bool has_layers, has_tl0, has_ss;
    bool inter_picture; /* P: predicted from an earlier picture */
    bool flexible;      /* F */
    bool start, end;    /* B, E: first and last packet of this layer frame */
    bool not_ref_upper; /* Z: not used by a higher spatial layer of this picture */
    bool switching_up;  /* U */
    bool inter_layer;   /* D: predicted from the layer frame below, same picture */
} Vp9View;

/* Reads an RTP payload (without padding). False: cut short, a reserved value, or nothing after the
 * descriptor; *out is written only for true. */
bool vp9_parse(const uint8_t *payload, size_t len, Vp9View *out);

/* A picture that starts a decodable sequence: its base layer frame without inter-picture prediction. */
static inline bool vp9_is_keyframe(const Vp9View *v)
{
    return !v->inter_picture && v->sid == 0 && !v->inter_layer;
}

#endif
