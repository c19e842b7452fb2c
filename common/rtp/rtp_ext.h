/* SPDX-License-Identifier: Apache-2.0
 *
 * RTP header extensions (RFC 8285): walk, find, build, and the extensions a conference meets. One-byte and
 * two-byte blocks; a block of another profile has no elements here and travels untouched. Pure; any thread. */
#ifndef PLENUM_COMMON_RTP_RTP_EXT_H
#define PLENUM_COMMON_RTP_RTP_EXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "common/rtp/rtp_view.h"

#define RTP_EXT_PROFILE_ONE_BYTE 0xbede
#define RTP_EXT_PROFILE_TWO_BYTE 0x1000 /* the low four bits are application bits */
#define RTP_EXT_BLOCK_HEADER 4          /* bytes: profile and length in words */
#define RTP_EXT_ONE_BYTE_MAX_ID 14
#define RTP_EXT_ONE_BYTE_MAX_LEN 16

/* Extensions known by URI; the id each has in a packet comes from signalling. */
typedef enum {
    RTP_EXT_UNKNOWN,
    RTP_EXT_AUDIO_LEVEL,  /* RFC 6464 */
    RTP_EXT_MID,          /* RFC 8843 */
    RTP_EXT_RID,          /* RFC 8852 */
    RTP_EXT_REPAIRED_RID, /* RFC 8852 */
    RTP_EXT_TOFFSET,      /* RFC 5450 */
    RTP_EXT_ABS_SEND_TIME,
    RTP_EXT_VIDEO_CONTENT_TYPE,
    RTP_EXT_VIDEO_LAYERS,      /* video-layers-allocation00 */
    RTP_EXT_VIDEO_ORIENTATION, /* 3GPP CVO */
    RTP_EXT_TRANSPORT_CC,
    RTP_EXT_FRAME_MARKING,
    RTP_EXT_DEPENDENCY_DESCRIPTOR, /* AV1 RTP spec, appendix A */
    RTP_EXT_COLOR_SPACE,
    RTP_EXT_TYPE_COUNT
} RtpExtType;

/* RTP_EXT_UNKNOWN for a URI (or NULL) not in the table. Exact match. */
RtpExtType rtp_ext_type_from_uri(const char *uri);
/* NULL for RTP_EXT_UNKNOWN and values out of range. */
const char *rtp_ext_uri(RtpExtType type);

typedef struct {
    uint8_t id;  /* 1..14, or 1..255 in a two-byte block */
    uint8_t len; /* bytes; 1..16, or 0..255 in a two-byte block */
    size_t off;  /* of the data, from the start of the packet */
} RtpExtElement;

typedef struct {
    const uint8_t *buf; /* borrowed */
    size_t pos, end;
    bool two_byte;
} RtpExtIter;

/* `v` is the view of `buf`. Then call rtp_ext_next until false. */
void rtp_ext_iter_init(RtpExtIter *it, const uint8_t *buf, const RtpView *v);
/* Padding is skipped. Ends at the block's end, at one-byte id 15, at one-byte id 0 with a length
 * (RFC 8285 4.2 orders both), and at an element that would leave the block. */
bool rtp_ext_next(RtpExtIter *it, RtpExtElement *out);
/* First element with this id (1..255; 0 is never found). False leaves *out untouched. */
bool rtp_ext_find(const uint8_t *buf, const RtpView *v, uint8_t id, RtpExtElement *out);

/* One element to write. `data` is borrowed and must not overlap the output; it may be NULL to reserve
 * `len` zero bytes that are filled in later. */
typedef struct {
    uint8_t id, len;
    const uint8_t *data;
} RtpExtItem;

/* Bytes the block will take, block header and padding to a word included: 0 for no items,
 * SIZE_MAX when it cannot be written: id 0, or it needs two-byte elements and they are not allowed. */
size_t rtp_ext_block_size(const RtpExtItem *items, size_t n, bool two_byte_allowed);
/* Writes the block, one-byte if every id is 1..14 and every length 1..16, else two-byte. False, with nothing
 * promised about `out`, when it does not fit or cannot be written; *written is 0 for no items. */
bool rtp_ext_block_write(uint8_t *out, size_t cap, const RtpExtItem *items, size_t n, bool two_byte_allowed,
                         size_t *written);

typedef struct {
    uint8_t level; /* -dBov: 0 loudest .. 127 silence */
    bool voice;
} RtpAudioLevel;

/* RFC 6464: the first byte counts, more are ignored (RFC 8285 two-byte form pads). False for len 0, *out untouched. */
bool rtp_ext_audio_level(const uint8_t *data, size_t len, RtpAudioLevel *out);
/* abs-send-time: 24 bits, 6.18 fixed point seconds, of a clock with any origin; now_us >= 0. */
void rtp_ext_abs_send_time_encode(int64_t now_us, uint8_t out[3]);

#endif
