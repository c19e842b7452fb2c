/* SPDX-License-Identifier: Apache-2.0 */
#include "common/rtp/rtcp_fb.h"
#include "common/rtp/reader.h"
#include "common/rtp/rtcp_build.h"

#define REMB_ID 0x52454d42 /* "REMB" */

bool rtcp_fb_parse(const uint8_t *buf, const RtcpPacket *p, RtcpFb *out)
{
    if (p->pt != RTCP_PT_RTPFB && p->pt != RTCP_PT_PSFB)
        return false;
    Reader r = READER(buf, p->body_off + p->body_len);
    r.pos = p->body_off;
    RtcpFb fb = { .sender_ssrc = reader_u32(&r), .media_ssrc = reader_u32(&r) };
    if (r.failed)
        return false;
    fb.fci_off = r.pos;
    fb.fci_len = reader_left(&r);
    *out = fb;
    return true;
}

static Reader fci_reader(const uint8_t *buf, const RtcpFb *fb, size_t off)
{
    Reader r = READER(buf, fb->fci_off + fb->fci_len);
    r.pos = fb->fci_off;
    reader_skip(&r, off);
    return r;
}

static void begin_fb(Writer *w, uint8_t pt, uint8_t format, uint32_t sender_ssrc, uint32_t media_ssrc)
{
    rtcp_begin(w, pt, format);
    writer_u32(w, sender_ssrc);
    writer_u32(w, media_ssrc);
}

size_t rtcp_nack_count(const RtcpFb *fb)
{
    return fb->fci_len / 4;
}

RtcpNackItem rtcp_nack_item(const uint8_t *buf, const RtcpFb *fb, size_t i)
{
    Reader r = fci_reader(buf, fb, 4 * i);
    RtcpNackItem item = { .pid = reader_u16(&r) };
    item.blp = reader_u16(&r);
    return item;
}

size_t rtcp_nack_item_seqs(RtcpNackItem item, uint16_t out[RTCP_NACK_ITEM_SEQS])
{
    size_t n = 0;
    out[n++] = item.pid;
    for (unsigned bit = 0; bit < 16; bit++)
        if (item.blp >> bit & 1)
            out[n++] = (uint16_t)(item.pid + bit + 1);
    return n;
}

size_t rtcp_nack_build(uint8_t *out, size_t cap, uint32_t sender_ssrc, uint32_t media_ssrc, const uint16_t *seqs,
                       size_t n)
{
    if (n == 0)
        return 0;
    Writer w = WRITER(out, cap);
    begin_fb(&w, RTCP_PT_RTPFB, RTCP_RTPFB_NACK, sender_ssrc, media_ssrc);
    for (size_t i = 0; i < n && !w.failed;) {
        RtcpNackItem item = { .pid = seqs[i++] };
        for (; i < n; i++) {
            uint16_t ahead = (uint16_t)(seqs[i] - item.pid - 1);
            if (ahead >= 16)
                break;
            item.blp |= (uint16_t)(1u << ahead);
        }
        writer_u16(&w, item.pid);
        writer_u16(&w, item.blp);
    }
    return rtcp_finish(&w);
}

size_t rtcp_pli_build(uint8_t *out, size_t cap, uint32_t sender_ssrc, uint32_t media_ssrc)
{
    Writer w = WRITER(out, cap);
    begin_fb(&w, RTCP_PT_PSFB, RTCP_PSFB_PLI, sender_ssrc, media_ssrc);
    return rtcp_finish(&w);
}

size_t rtcp_fir_count(const RtcpFb *fb)
{
    return fb->fci_len / 8;
}

RtcpFirEntry rtcp_fir_entry(const uint8_t *buf, const RtcpFb *fb, size_t i)
{
    Reader r = fci_reader(buf, fb, 8 * i);
    RtcpFirEntry e = { .ssrc = reader_u32(&r) };
    e.seq = reader_u8(&r);
    return e;
}

size_t rtcp_fir_build(uint8_t *out, size_t cap, uint32_t sender_ssrc, const RtcpFirEntry *entries, size_t n)
{
    if (n == 0)
        return 0;
    Writer w = WRITER(out, cap);
    begin_fb(&w, RTCP_PT_PSFB, RTCP_PSFB_FIR, sender_ssrc, 0);
    for (size_t i = 0; i < n && !w.failed; i++) {
        writer_u32(&w, entries[i].ssrc);
        writer_u8(&w, entries[i].seq);
        writer_u24(&w, 0);
    }
    return rtcp_finish(&w);
}

bool rtcp_remb_parse(const uint8_t *buf, const RtcpFb *fb, RtcpRemb *out)
{
    Reader r = fci_reader(buf, fb, 0);
    uint32_t id = reader_u32(&r);
    RtcpRemb v = { .ssrc_count = reader_u8(&r) };
    uint32_t rate = reader_u24(&r);
    unsigned exponent = rate >> 18;
    uint64_t mantissa = rate & 0x3ffff;
    v.ssrcs_off = r.pos;
    reader_skip(&r, 4 * (size_t)v.ssrc_count);
    if (r.failed || id != REMB_ID)
        return false;
    v.bitrate_bps = mantissa << exponent;
    if (v.bitrate_bps >> exponent != mantissa)
        return false;
    *out = v;
    return true;
}

uint32_t rtcp_remb_ssrc(const uint8_t *buf, const RtcpRemb *remb, size_t i)
{
    Reader r = READER(buf + remb->ssrcs_off + 4 * i, 4);
    return reader_u32(&r);
}

size_t rtcp_remb_build(uint8_t *out, size_t cap, uint32_t sender_ssrc, uint64_t bitrate_bps, const uint32_t *ssrcs,
                       size_t n)
{
    if (n > 255)
        return 0;
    uint32_t exponent = 0;
    while (bitrate_bps >> exponent > 0x3ffff)
        exponent++;
    Writer w = WRITER(out, cap);
    begin_fb(&w, RTCP_PT_PSFB, RTCP_PSFB_AFB, sender_ssrc, 0);
    writer_u32(&w, REMB_ID);
    writer_u8(&w, (uint8_t)n);
    writer_u24(&w, exponent << 18 | (uint32_t)(bitrate_bps >> exponent));
    for (size_t i = 0; i < n; i++)
        writer_u32(&w, ssrcs[i]);
    return rtcp_finish(&w);
}
