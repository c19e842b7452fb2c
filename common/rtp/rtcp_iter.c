/* SPDX-License-Identifier: Apache-2.0 */
#include "common/rtp/rtcp_iter.h"
#include "common/rtp/reader.h"

bool rtcp_iter_next(RtcpIter *it, RtcpPacket *out)
{
    if (it->failed || it->pos == it->len)
        return false;
    Reader r = READER(it->buf, it->len);
    r.pos = it->pos;
    uint8_t b0 = reader_u8(&r);
    RtcpPacket p = { .pt = reader_u8(&r), .count = b0 & 0x1f, .off = it->pos };
    p.body_len = 4 * (size_t)reader_u16(&r);
    p.body_off = r.pos;
    p.len = RTCP_HEADER_SIZE + p.body_len;
    reader_skip(&r, p.body_len);
    it->failed = r.failed || b0 >> 6 != 2;
    if (!it->failed && b0 & 0x20) {
        /* RFC 3550 6.4.1: a multiple of four; others have been seen and do no harm */
        p.padding_len = p.body_len ? it->buf[r.pos - 1] : 0;
        it->failed = p.padding_len == 0 || p.padding_len > p.body_len;
        p.body_len -= it->failed ? 0 : p.padding_len;
    }
    if (it->failed)
        return false;
    it->pos = r.pos;
    *out = p;
    return true;
}
