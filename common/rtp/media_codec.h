/* SPDX-License-Identifier: Apache-2.0
 *
 * The media codecs a bridge tells apart, by the encoding name of their rtpmap (RFC 8866 6.6). Pure; any thread. */
#ifndef PLENUM_COMMON_RTP_MEDIA_CODEC_H
#define PLENUM_COMMON_RTP_MEDIA_CODEC_H

#include <stdbool.h>

typedef enum {
    CODEC_UNKNOWN,
    CODEC_OPUS,
    CODEC_RED,             /* RFC 2198; audio in this system */
    CODEC_TELEPHONE_EVENT, /* RFC 4733 */
    CODEC_VP8,
    CODEC_VP9,
    CODEC_AV1,
    CODEC_H264,
    CODEC_RTX, /* RFC 4588 */
    CODEC_COUNT
} MediaCodec;

/* Name as in a payload-type element or rtpmap ("VP8", "opus"), letter case ignored; CODEC_UNKNOWN for others and
 * NULL. */
MediaCodec media_codec_from_name(const char *name);
/* Canonical spelling; "unknown" for CODEC_UNKNOWN and values outside the enum. */
const char *media_codec_name(MediaCodec codec);
/* VP8, VP9, AV1, H264. */
bool media_codec_is_video(MediaCodec codec);

#endif
