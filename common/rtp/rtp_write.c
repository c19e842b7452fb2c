/* SPDX-License-Identifier: Apache-2.0 */
#include "common/rtp/rtp_write.h"
#include "common/rtp/writer.h"

size_t rtp_header_write(uint8_t *out, size_t cap, const RtpHeader *h, const RtpExtItem *items, size_t n,
                        bool two_byte_allowed)
{
    Writer w = WRITER(out, cap);
    size_t ext_len = 0;
    writer_u8(&w, (uint8_t)(0x80 | (h->padding ? 0x20 : 0) | (n ? 0x10 : 0)));
    writer_u8(&w, (uint8_t)((h->marker ? 0x80 : 0) | (h->pt & 0x7f)));
    writer_u16(&w, h->seq);
    writer_u32(&w, h->ts);
    writer_u32(&w, h->ssrc);
    if (w.failed || !rtp_ext_block_write(out + w.pos, cap - w.pos, items, n, two_byte_allowed, &ext_len))
        return 0;
    return w.pos + ext_len;
}

size_t rtp_header_write_before(uint8_t *out, size_t payload_off, const RtpHeader *h, const RtpExtItem *items, size_t n,
                               bool two_byte_allowed)
{
    size_t ext_len = rtp_ext_block_size(items, n, two_byte_allowed);
    if (ext_len > payload_off || payload_off - ext_len < RTP_HEADER_SIZE)
        return SIZE_MAX;
    size_t start = payload_off - ext_len - RTP_HEADER_SIZE;
    rtp_header_write(out + start, payload_off - start, h, items, n, two_byte_allowed);
    return start;
}

void rtp_set_pt(uint8_t *packet, uint8_t pt)
{
    packet[1] = (uint8_t)((packet[1] & 0x80) | (pt & 0x7f));
}

void rtp_set_marker(uint8_t *packet, bool marker)
{
    packet[1] = (uint8_t)((packet[1] & 0x7f) | (marker ? 0x80 : 0));
}

void rtp_set_seq(uint8_t *packet, uint16_t seq)
{
    packet[2] = (uint8_t)(seq >> 8);
    packet[3] = (uint8_t)seq;
}

static void set_u32(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)(v >> 24);
    p[1] = (uint8_t)(v >> 16);
    p[2] = (uint8_t)(v >> 8);
    p[3] = (uint8_t)v;
}

void rtp_set_ts(uint8_t *packet, uint32_t ts)
{
    set_u32(packet + 4, ts);
}

void rtp_set_ssrc(uint8_t *packet, uint32_t ssrc)
{
    set_u32(packet + 8, ssrc);
}
