/* SPDX-License-Identifier: Apache-2.0
 *
 * Which frame a video packet belongs to, and what a forwarder must know of that frame, the same for every
 * codec. Filled once per received packet by the FrameParser of its encoding (SSRC). ISO C, no allocation.
 * Owner: the receive state of one encoding. Worker thread. */
#ifndef PLENUM_BRIDGE_RX_FRAME_INFO_H
#define PLENUM_BRIDGE_RX_FRAME_INFO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "common/rtp/av1_dd.h"
#include "common/rtp/h264.h"
#include "common/rtp/media_codec.h"
#include "common/rtp/rtp_view.h"
#include "common/rtp/vp8.h"
#include "common/rtp/vp9.h"

#define FRAME_STRUCTURES 4 /* different dependency structures kept per encoding, for packets that come late */

/* What the packet's layers were read from; it also picks the projection's behaviour. */
typedef enum {
    FRAME_OPAQUE, /* not parsed: unknown codec, or a payload that makes no sense */
    FRAME_VP8,
    FRAME_VP9,
    FRAME_DD,        /* AV1 or H.264 with a dependency descriptor; VP8, VP9 without picture ids too */
    FRAME_H264,      /* no descriptor: one layer per encoding */
    FRAME_AV1_PLAIN, /* AV1 without descriptor: one layer per encoding */
} FrameKind;

typedef struct {
    /* Counts frames in decoding order, never falls while sequence numbers rise: unwrapped picture id, frame
     * number or timestamp, carried on over a sender's restart. VP9: of the picture, shared by its layers. */
    int64_t id;
    uint8_t kind;     /* FrameKind */
    uint8_t tl0;      /* TL0PICIDX as the sender counts it, carried on over restarts likewise; VP8, VP9 */
    uint8_t sid, tid; /* 0 where the codec says nothing */
    bool keyframe;    /* decodable without any earlier frame. VP8, DD and H.264 show it on the first packet only */
    bool start, end;  /* first, last packet of the (layer) frame */
    bool after_reset; /* id was re-based here: the sender's own numbers jumped */
    uint16_t height;  /* min(width, height) in pixels when this packet says so, else 0 */
    uint32_t active_targets;      /* FRAME_DD: decode targets the sender keeps active; all ones when it never said */
    const DdStructure *structure; /* FRAME_DD: in force for this packet, NULL when it was lost; lives in the
                                   * FrameParser, valid for the current batch */
    union {
        Vp8View vp8;
        Vp9View vp9;
        DdView dd;
        H264View h264;
    } u;
} FrameInfo;

/* Fields private. About 7 KB. */
typedef struct {
    uint8_t codec;         /* MediaCodec */
    uint8_t kind, id_bits; /* of the running numbering */
    uint8_t tl0_add;
    bool started, top_end, tl0_seen;
    uint8_t top_tl0; /* as sent on, before the next reset */
    uint32_t top_raw, top_ts;
    int64_t top_id, top_seq;
    int structure_next; /* ring position of the next structure */
    bool structure_set[FRAME_STRUCTURES];
    int64_t structure_seq[FRAME_STRUCTURES]; /* sequence number that first carried it */
    uint32_t active_mask[FRAME_STRUCTURES];
    DdStructure structure[FRAME_STRUCTURES];
} FrameParser;

void frame_parser_init(FrameParser *fp); /* of one encoding, before its first packet */

/* `payload` without padding and RTX header; `seq` unwrapped; `dd` the dependency-descriptor element, NULL when
 * absent. Always fills *out; what cannot be understood becomes FRAME_OPAQUE. A changed codec starts afresh. */
void frame_parser_read(FrameParser *fp, MediaCodec codec, const uint8_t *payload, size_t len, int64_t seq, uint32_t ts,
                       bool marker, const uint8_t *dd, size_t dd_len, FrameInfo *out);

#endif
