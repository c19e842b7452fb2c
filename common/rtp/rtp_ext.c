/* SPDX-License-Identifier: Apache-2.0 */
#include "common/rtp/rtp_ext.h"
#include <string.h>
#include "common/rtp/writer.h"

static const char *const uris[RTP_EXT_TYPE_COUNT] = {
    [RTP_EXT_AUDIO_LEVEL] = "urn:ietf:params:rtp-hdrext:ssrc-audio-level",
    [RTP_EXT_MID] = "urn:ietf:params:rtp-hdrext:sdes:mid",
    [RTP_EXT_RID] = "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id",
    [RTP_EXT_REPAIRED_RID] = "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id",
    [RTP_EXT_TOFFSET] = "urn:ietf:params:rtp-hdrext:toffset",
    [RTP_EXT_ABS_SEND_TIME] = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time",
    [RTP_EXT_VIDEO_CONTENT_TYPE] = "http://www.webrtc.org/experiments/rtp-hdrext/video-content-type",
    [RTP_EXT_VIDEO_LAYERS] = "http://www.webrtc.org/experiments/rtp-hdrext/video-layers-allocation00",
    [RTP_EXT_VIDEO_ORIENTATION] = "urn:3gpp:video-orientation",
    [RTP_EXT_TRANSPORT_CC] = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
    [RTP_EXT_FRAME_MARKING] = "http://tools.ietf.org/html/draft-ietf-avtext-framemarking-07",
    [RTP_EXT_DEPENDENCY_DESCRIPTOR] =
        "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension",
    [RTP_EXT_COLOR_SPACE] = "http://www.webrtc.org/experiments/rtp-hdrext/color-space",
};

RtpExtType rtp_ext_type_from_uri(const char *uri)
{
    for (int i = 1; uri && i < RTP_EXT_TYPE_COUNT; i++)
        if (strcmp(uris[i], uri) == 0)
            return (RtpExtType)i;
    return RTP_EXT_UNKNOWN;
}

const char *rtp_ext_uri(RtpExtType type)
{
    return (unsigned)type < RTP_EXT_TYPE_COUNT ? uris[type] : NULL;
}

void rtp_ext_iter_init(RtpExtIter *it, const uint8_t *buf, const RtpView *v)
{
    bool two_byte = (v->ext_profile & 0xfff0) == RTP_EXT_PROFILE_TWO_BYTE;
    bool known = two_byte || v->ext_profile == RTP_EXT_PROFILE_ONE_BYTE;
    *it = (RtpExtIter){ .buf = buf, .pos = v->ext_off, .end = v->ext_off, .two_byte = two_byte };
    if (known)
        it->end += v->ext_len;
}

bool rtp_ext_next(RtpExtIter *it, RtpExtElement *out)
{
    while (it->pos < it->end && it->buf[it->pos] == 0)
        it->pos++; /* padding: one zero byte in both forms; in the two-byte form it has no length */
    size_t left = it->end - it->pos;
    uint8_t id = 0, len = 0;
    size_t head = it->two_byte ? 2 : 1;
    if (left >= head) {
        const uint8_t *p = it->buf + it->pos;
        id = it->two_byte ? p[0] : p[0] >> 4;
        len = it->two_byte ? p[1] : (uint8_t)((p[0] & 0x0f) + 1);
    }
    if (left < head || head + len > left || id == 0 || (!it->two_byte && id == 15)) {
        it->pos = it->end; /* nothing after this can be trusted */
        return false;
    }
    *out = (RtpExtElement){ .id = id, .len = len, .off = it->pos + head };
    it->pos += head + len;
    return true;
}

bool rtp_ext_find(const uint8_t *buf, const RtpView *v, uint8_t id, RtpExtElement *out)
{
    RtpExtIter it;
    RtpExtElement e;
    rtp_ext_iter_init(&it, buf, v);
    while (rtp_ext_next(&it, &e)) {
        if (e.id == id) {
            *out = e;
            return true;
        }
    }
    return false;
}

static bool needs_two_byte(const RtpExtItem *items, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (items[i].id > RTP_EXT_ONE_BYTE_MAX_ID || items[i].len == 0 || items[i].len > RTP_EXT_ONE_BYTE_MAX_LEN)
            return true;
    return false;
}

size_t rtp_ext_block_size(const RtpExtItem *items, size_t n, bool two_byte_allowed)
{
    if (n == 0)
        return 0;
    bool two_byte = needs_two_byte(items, n);
    if (two_byte && !two_byte_allowed)
        return SIZE_MAX;
    size_t size = 0;
    for (size_t i = 0; i < n; i++) {
        if (items[i].id == 0)
            return SIZE_MAX;
        size += (two_byte ? 2u : 1u) + items[i].len;
    }
    size = (size + 3) & ~(size_t)3;
    return size / 4 > 0xffff ? SIZE_MAX : RTP_EXT_BLOCK_HEADER + size;
}

bool rtp_ext_block_write(uint8_t *out, size_t cap, const RtpExtItem *items, size_t n, bool two_byte_allowed,
                         size_t *written)
{
    size_t size = rtp_ext_block_size(items, n, two_byte_allowed);
    if (size > cap)
        return false;
    *written = size;
    if (size == 0)
        return true;
    bool two_byte = needs_two_byte(items, n);
    Writer w = WRITER(out, size);
    writer_u16(&w, two_byte ? RTP_EXT_PROFILE_TWO_BYTE : RTP_EXT_PROFILE_ONE_BYTE);
    writer_u16(&w, (uint16_t)((size - RTP_EXT_BLOCK_HEADER) / 4));
    for (size_t i = 0; i < n; i++) {
        if (two_byte) {
            writer_u8(&w, items[i].id);
            writer_u8(&w, items[i].len);
        } else {
            writer_u8(&w, (uint8_t)(items[i].id << 4 | (items[i].len - 1)));
        }
        if (items[i].data)
            writer_bytes(&w, items[i].data, items[i].len);
        else
            writer_zeros(&w, items[i].len);
    }
    writer_zeros(&w, size - w.pos);
    return true;
}

bool rtp_ext_audio_level(const uint8_t *data, size_t len, RtpAudioLevel *out)
{
    if (len == 0)
        return false;
    *out = (RtpAudioLevel){ .level = data[0] & 0x7f, .voice = data[0] >> 7 };
    return true;
}

void rtp_ext_abs_send_time_encode(int64_t now_us, uint8_t out[3])
{
    uint64_t seconds = (uint64_t)now_us / 1000000, us = (uint64_t)now_us % 1000000;
    uint32_t fixed = (uint32_t)((seconds & 0x3f) << 18 | (us << 18) / 1000000);
    out[0] = (uint8_t)(fixed >> 16);
    out[1] = (uint8_t)(fixed >> 8);
    out[2] = (uint8_t)fixed;
}
