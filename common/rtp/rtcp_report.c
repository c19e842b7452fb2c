/* SPDX-License-Identifier: Apache-2.0 */
#include "common/rtp/rtcp_report.h"
#include "common/rtp/reader.h"
#include "common/rtp/rtcp_build.h"

#define SDES_CNAME 1

bool rtcp_report_parse(const uint8_t *buf, const RtcpPacket *p, RtcpReport *out)
{
    if (p->pt != RTCP_PT_SR && p->pt != RTCP_PT_RR)
        return false;
    Reader r = READER(buf, p->body_off + p->body_len);
    r.pos = p->body_off;
    RtcpReport v = { .sender.ssrc = reader_u32(&r), .block_count = p->count };
    if (p->pt == RTCP_PT_SR) {
        v.sender.ntp = (uint64_t)reader_u32(&r) << 32;
        v.sender.ntp |= reader_u32(&r);
        v.sender.rtp_ts = reader_u32(&r);
        v.sender.packet_count = reader_u32(&r);
        v.sender.octet_count = reader_u32(&r);
    }
    v.blocks_off = r.pos;
    reader_skip(&r, (size_t)v.block_count * RTCP_REPORT_BLOCK_SIZE);
    if (r.failed)
        return false;
    *out = v;
    return true;
}

RtcpReportBlock rtcp_report_block(const uint8_t *buf, const RtcpReport *report, size_t i)
{
    Reader r = READER(buf + report->blocks_off + i * RTCP_REPORT_BLOCK_SIZE, RTCP_REPORT_BLOCK_SIZE);
    RtcpReportBlock b = { .ssrc = reader_u32(&r), .fraction_lost = reader_u8(&r) };
    uint32_t lost = reader_u24(&r);
    b.cumulative_lost = lost & 0x800000 ? (int32_t)lost - 0x1000000 : (int32_t)lost;
    b.highest_seq = reader_u32(&r);
    b.jitter = reader_u32(&r);
    b.lsr = reader_u32(&r);
    b.dlsr = reader_u32(&r);
    return b;
}

static void write_blocks(Writer *w, const RtcpReportBlock *blocks, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const RtcpReportBlock *b = &blocks[i];
        int32_t lost = b->cumulative_lost > 0x7fffff    ? 0x7fffff
                       : b->cumulative_lost < -0x800000 ? -0x800000
                                                        : b->cumulative_lost;
        writer_u32(w, b->ssrc);
        writer_u8(w, b->fraction_lost);
        writer_u24(w, (uint32_t)lost & 0xffffff);
        writer_u32(w, b->highest_seq);
        writer_u32(w, b->jitter);
        writer_u32(w, b->lsr);
        writer_u32(w, b->dlsr);
    }
}

size_t rtcp_sr_build(uint8_t *out, size_t cap, const RtcpSenderInfo *s, const RtcpReportBlock *blocks, size_t n)
{
    if (n > RTCP_MAX_REPORT_BLOCKS)
        return 0;
    Writer w = WRITER(out, cap);
    rtcp_begin(&w, RTCP_PT_SR, (uint8_t)n);
    writer_u32(&w, s->ssrc);
    writer_u32(&w, (uint32_t)(s->ntp >> 32));
    writer_u32(&w, (uint32_t)s->ntp);
    writer_u32(&w, s->rtp_ts);
    writer_u32(&w, s->packet_count);
    writer_u32(&w, s->octet_count);
    write_blocks(&w, blocks, n);
    return rtcp_finish(&w);
}

size_t rtcp_rr_build(uint8_t *out, size_t cap, uint32_t sender_ssrc, const RtcpReportBlock *blocks, size_t n)
{
    if (n > RTCP_MAX_REPORT_BLOCKS)
        return 0;
    Writer w = WRITER(out, cap);
    rtcp_begin(&w, RTCP_PT_RR, (uint8_t)n);
    writer_u32(&w, sender_ssrc);
    write_blocks(&w, blocks, n);
    return rtcp_finish(&w);
}

size_t rtcp_sdes_build(uint8_t *out, size_t cap, uint32_t ssrc, const char *cname)
{
    size_t len = strlen(cname);
    if (len == 0 || len > 255)
        return 0;
    Writer w = WRITER(out, cap);
    rtcp_begin(&w, RTCP_PT_SDES, 1);
    writer_u32(&w, ssrc);
    writer_u8(&w, SDES_CNAME);
    writer_u8(&w, (uint8_t)len);
    writer_bytes(&w, (const uint8_t *)cname, len);
    writer_zeros(&w, 4 - w.pos % 4); /* at least the terminating one */
    return rtcp_finish(&w);
}
