/* SPDX-License-Identifier: Apache-2.0
 *
 * One received media packet as the rest of the bridge sees it: decrypted, RTX undone, parsed once. Everything
 * downstream (layers, projections, header rewriting) reads this and never the wire again.
 * Filled by the receive path, borrowed for one batch. Worker thread; read-only once filled. */
#ifndef PLENUM_BRIDGE_RX_MEDIA_PACKET_H
#define PLENUM_BRIDGE_RX_MEDIA_PACKET_H

#include "bridge/rx/frame_info.h"

/* Header extensions whose position the receive path notes; the egress path decides which to copy. */
typedef enum {
    MEDIA_EXT_AUDIO_LEVEL,           /* RFC 6464 */
    MEDIA_EXT_VIDEO_ORIENTATION,     /* urn:3gpp:video-orientation */
    MEDIA_EXT_DEPENDENCY_DESCRIPTOR, /* copied only as the projection rewrites it */
    MEDIA_EXT_COLOR_SPACE,
    MEDIA_EXT_VLA, /* video-layers-allocation00; read here, sent to nobody */
    MEDIA_EXT_COUNT
} MediaExt;

typedef struct {
    uint16_t off; /* of the element's data from MediaPacket.data; 0 = the packet has none */
    uint8_t len, id;
} MediaExtPos;

#define MEDIA_LEVEL_NONE 0xff /* no audio level on this packet */

typedef struct {
    const uint8_t *data; /* whole RTP packet, header included, plain text */
    size_t len;
    RtpView view; /* view.ssrc is the primary or encoding SSRC, never RTX */
    int64_t arrival_us;
    /* Unwrapped per SSRC, starting anywhere >= 0. What the receive path itself swallowed (padding-only packets,
     * silence) is already closed up, so a hole here is a real loss. */
    int64_t seq;
    uint8_t codec;       /* MediaCodec */
    uint8_t eid;         /* place of this SSRC among its source's encodings, 0 = lowest */
    uint8_t order;       /* counts how often the source's eids were dealt out anew, mod 256 */
    uint8_t audio_level; /* 0 loudest .. 127 silent, MEDIA_LEVEL_NONE */
    MediaExtPos ext[MEDIA_EXT_COUNT];
    FrameInfo frame; /* video only */
} MediaPacket;

#endif
