/* SPDX-License-Identifier: Apache-2.0
 *
 * The compound walk and every RTCP parser over any bytes. Properties: packets tile the input up to where the
 * walk ends; what a parser accepted builds and parses to the same again. */
#include <stdlib.h>
#include <string.h>
#include "common/rtp/rtcp_fb.h"
#include "common/rtp/rtcp_report.h"
#include "common/rtp/rtp_seq.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(x)                                                                                                       \
    do {                                                                                                               \
        if (!(x))                                                                                                      \
            abort();                                                                                                   \
    } while (0)

static uint8_t out[300000];

static RtcpPacket only_packet(size_t len)
{
    RtcpIter it = RTCP_ITER(out, len);
    RtcpPacket p;
    CHECK(len > 0 && rtcp_iter_next(&it, &p) && p.len == len);
    return p;
}

static void check_report(const uint8_t *data, const RtcpPacket *p)
{
    RtcpReport r, again;
    if (!rtcp_report_parse(data, p, &r))
        return;
    RtcpReportBlock blocks[RTCP_MAX_REPORT_BLOCKS], b;
    for (size_t i = 0; i < r.block_count; i++)
        blocks[i] = rtcp_report_block(data, &r, i);
    size_t len = p->pt == RTCP_PT_SR ? rtcp_sr_build(out, sizeof(out), &r.sender, blocks, r.block_count)
                                     : rtcp_rr_build(out, sizeof(out), r.sender.ssrc, blocks, r.block_count);
    RtcpPacket q = only_packet(len);
    CHECK(rtcp_report_parse(out, &q, &again) && again.block_count == r.block_count);
    CHECK(again.sender.ntp == r.sender.ntp && again.sender.octet_count == r.sender.octet_count);
    for (size_t i = 0; i < r.block_count; i++) {
        b = rtcp_report_block(out, &again, i);
        CHECK(b.ssrc == blocks[i].ssrc && b.cumulative_lost == blocks[i].cumulative_lost && b.dlsr == blocks[i].dlsr &&
              b.fraction_lost == blocks[i].fraction_lost);
    }
}

static void check_nack(const uint8_t *data, const RtcpFb *fb)
{
    uint16_t seqs[RTCP_NACK_ITEM_SEQS], got[RTCP_NACK_ITEM_SEQS];
    RtcpFb again;
    for (size_t i = 0; i < rtcp_nack_count(fb); i++) {
        RtcpNackItem item = rtcp_nack_item(data, fb, i);
        size_t n = rtcp_nack_item_seqs(item, seqs);
        RtcpPacket q = only_packet(rtcp_nack_build(out, sizeof(out), fb->sender_ssrc, fb->media_ssrc, seqs, n));
        CHECK(rtcp_fb_parse(out, &q, &again) && rtcp_nack_count(&again) == 1);
        CHECK(rtcp_nack_item_seqs(rtcp_nack_item(out, &again, 0), got) == n);
        CHECK(memcmp(seqs, got, n * sizeof(seqs[0])) == 0);
    }
}

static void check_psfb(const uint8_t *data, const RtcpFb *fb)
{
    RtcpRemb remb, again;
    RtcpFb fb2;
    for (size_t i = 0; i < rtcp_fir_count(fb); i++)
        (void)rtcp_fir_entry(data, fb, i);
    if (!rtcp_remb_parse(data, fb, &remb))
        return;
    uint32_t ssrcs[255];
    for (size_t i = 0; i < remb.ssrc_count; i++)
        ssrcs[i] = rtcp_remb_ssrc(data, &remb, i);
    RtcpPacket q =
        only_packet(rtcp_remb_build(out, sizeof(out), fb->sender_ssrc, remb.bitrate_bps, ssrcs, remb.ssrc_count));
    CHECK(rtcp_fb_parse(out, &q, &fb2) && rtcp_remb_parse(out, &fb2, &again));
    CHECK(again.bitrate_bps == remb.bitrate_bps && again.ssrc_count == remb.ssrc_count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    RtcpIter it = RTCP_ITER(data, size);
    RtcpPacket p;
    size_t end = 0;
    while (rtcp_iter_next(&it, &p)) {
        RtcpFb fb;
        CHECK(p.off == end && p.body_off == p.off + RTCP_HEADER_SIZE);
        end += p.len;
        CHECK(end <= size && p.body_off + p.body_len + p.padding_len == end);
        check_report(data, &p);
        if (rtcp_fb_parse(data, &p, &fb)) {
            CHECK(fb.fci_off + fb.fci_len + p.padding_len == end);
            if (p.pt == RTCP_PT_RTPFB)
                check_nack(data, &fb);
            else
                check_psfb(data, &fb);
        }
    }
    CHECK(it.failed || end == size);
    return 0;
}
