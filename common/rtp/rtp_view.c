/* SPDX-License-Identifier: Apache-2.0 */
#include "common/rtp/rtp_view.h"
#include "common/rtp/reader.h"

RtpStatus rtp_view_parse(const uint8_t *buf, size_t len, RtpView *out)
{
    Reader r = READER(buf, len);
    uint8_t b0 = reader_u8(&r), b1 = reader_u8(&r);
    RtpView v = { .marker = b1 >> 7, .pt = b1 & 0x7f, .csrc_count = b0 & 0x0f };
    v.seq = reader_u16(&r);
    v.ts = reader_u32(&r);
    v.ssrc = reader_u32(&r);
    reader_skip(&r, 4 * (size_t)v.csrc_count);
    if (b0 & 0x10) {
        v.ext_profile = reader_u16(&r);
        v.ext_len = 4 * (size_t)reader_u16(&r);
        v.ext_off = r.pos;
        reader_skip(&r, v.ext_len);
    }
    if (r.failed)
        return RTP_TRUNCATED; /* one check covers every read above */
    if (b0 >> 6 != 2)
        return RTP_BAD_VERSION;
    v.payload_off = r.pos;
    v.payload_len = len - r.pos;
    if (b0 & 0x20) {
        if (v.payload_len == 0)
            return RTP_BAD_PADDING;
        v.padding_len = buf[len - 1];
        if (v.padding_len == 0 || v.padding_len > v.payload_len)
            return RTP_BAD_PADDING;
        v.payload_len -= v.padding_len;
    }
    *out = v;
    return RTP_OK;
}
