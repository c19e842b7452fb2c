/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>
#include "common/rtp/media_codec.h"

static const char *const names[CODEC_COUNT] = {
    [CODEC_UNKNOWN] = "unknown", [CODEC_OPUS] = "opus",
    [CODEC_RED] = "red",         [CODEC_TELEPHONE_EVENT] = "telephone-event",
    [CODEC_VP8] = "VP8",         [CODEC_VP9] = "VP9",
    [CODEC_AV1] = "AV1",         [CODEC_H264] = "H264",
    [CODEC_RTX] = "rtx",
};

/* Encoding names are ASCII; the C library's comparison would follow the locale. */
static bool same_name(const char *a, const char *b)
{
    for (;; a++, b++) {
        unsigned char x = (unsigned char)*a, y = (unsigned char)*b;
        x = x >= 'A' && x <= 'Z' ? x + 32 : x;
        y = y >= 'A' && y <= 'Z' ? y + 32 : y;
        if (x != y)
            return false;
        if (!x)
            return true;
    }
}

MediaCodec media_codec_from_name(const char *name)
{
    for (int c = CODEC_UNKNOWN + 1; name && c < CODEC_COUNT; c++)
        if (same_name(name, names[c]))
            return (MediaCodec)c;
    return CODEC_UNKNOWN;
}

const char *media_codec_name(MediaCodec codec)
{
    return (unsigned)codec < CODEC_COUNT ? names[codec] : names[CODEC_UNKNOWN];
}

bool media_codec_is_video(MediaCodec codec)
{
    return codec == CODEC_VP8 || codec == CODEC_VP9 || codec == CODEC_AV1 || codec == CODEC_H264;
}
