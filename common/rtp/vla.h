/* SPDX-License-Identifier: Apache-2.0
 *
 * Video layers allocation (http://www.webrtc.org/experiments/rtp-hdrext/video-layers-allocation00): which streams and
 * layers of a source the sender makes now, at what rates, and at times how large. Pure; any thread. */
#ifndef PLENUM_COMMON_RTP_VLA_H
#define PLENUM_COMMON_RTP_VLA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VLA_STREAMS 4
#define VLA_SPATIAL 4
#define VLA_TEMPORAL 4

typedef struct {
    uint8_t temporal;            /* layers, 1..4; 0: this spatial layer is not sent, and all else is 0 */
    uint32_t kbps[VLA_TEMPORAL]; /* target of this temporal layer and those below */
    uint16_t width, height;      /* pixels - 1, as on the wire; only with has_sizes */
    uint8_t fps;                 /* only with has_sizes */
} VlaLayer;

typedef struct {
    uint8_t stream;  /* that this packet belongs to, by the sender's numbering */
    uint8_t streams; /* 1..4; 0: nothing is sent */
    bool has_sizes;
    VlaLayer layer[VLA_STREAMS][VLA_SPATIAL];
} VlaView;

/* `len` bytes of the element. False: cut, or more layers than there can be. Accepts any bytes; *out is written whole
 * for true only. */
bool vla_parse(const uint8_t *bytes, size_t len, VlaView *out);
/* Some layer of it has a target rate. Any `stream`; one there is not: false. */
bool vla_stream_is_sent(const VlaView *v, unsigned stream);
/* Pixels, min(width, height) of the largest layer of a stream; 0: not said, not sent, or no such stream. */
unsigned vla_stream_height(const VlaView *v, unsigned stream);

#endif
