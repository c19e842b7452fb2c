/* SPDX-License-Identifier: Apache-2.0
 *
 * RTCP from a client (RFC 3550 6, RFC 4585): reports and feedback about what we sent end here; sender reports and
 * key-frame requests go on, translated. */
#include "bridge/media_share.h"
#include "bridge/rx/rx_feedback.h"
#include "bridge/rx/rx_path.h"
#include "bridge/tx/tx_repair.h"
#include "bridge/tx/tx_reports.h"
#include "common/rtp/rtcp_fb.h"

#define RTT_MAX_US 7000000
#define DLSR_MAX_US 300000000
#define SR_INTERVAL_US 50000 /* of one stream: what comes more often is not passed on, each would go to everybody */

/* Our own reports carry no time of ours, so the round trip comes from sender reports we passed on: the receiver names
 * the last one it saw and how long it waited. */
static void take_block(MediaEndpoint *ep, const RtcpReportBlock *b, int64_t now_us)
{
    TxState *tx = ep->tx;
    bool rtx;
    TxStream *st = tx_state_find_stream(tx, b->ssrc, &rtx);
    if (!st || rtx)
        return;
    st->lost = b->cumulative_lost > 0 ? (uint32_t)b->cumulative_lost : 0;
    st->jitter_ts = b->jitter;
    if ((float)b->fraction_lost / 256 > tx->loss)
        tx->loss = (float)b->fraction_lost / 256;
    if (b->lsr == 0)
        return;
    int64_t dlsr_us = (int64_t)b->dlsr * 1000000 / 65536;
    for (unsigned i = 0; i < TX_SR_HISTORY; i++) {
        if (st->reports[i].sent_us == 0 || st->reports[i].compact_ntp != b->lsr)
            continue;
        int64_t rtt_us = now_us - st->reports[i].sent_us - dlsr_us;
        if (rtt_us < 0 || rtt_us > RTT_MAX_US || dlsr_us > DLSR_MAX_US)
            continue;
        tx->rtt_us = rtt_us ? rtt_us : 1;
        if (tx->bwe)
            bwe_on_rtt(tx->bwe, tx->rtt_us, now_us);
        return;
    }
}

static void on_report(MediaEndpoint *ep, const uint8_t *buf, const RtcpPacket *rp, int64_t now_us)
{
    RtcpReport report;
    if (!rtcp_report_parse(buf, rp, &report))
        return;
    if (ep->tx && report.block_count)
        ep->tx->loss = 0; /* the worst of this report counts */
    for (size_t i = 0; ep->tx && i < report.block_count; i++) {
        RtcpReportBlock block = rtcp_report_block(buf, &report, i);
        take_block(ep, &block, now_us);
    }
    if (rp->pt != RTCP_PT_SR)
        return;
    const SsrcEntry *e = media_endpoint_ssrc(ep, report.sender.ssrc);
    if (!e || e->is_rtx || !e->encoding->state)
        return;
    rx_stream_sender_report(&e->encoding->state->stream, report.sender.ntp, now_us);
    if (e->encoding->sr_us && now_us - e->encoding->sr_us < SR_INTERVAL_US) {
        media_endpoint_worker(ep)->totals.limits[WORKER_LIMIT_SENDER_REPORTS]++;
        return;
    }
    e->encoding->sr_ntp = report.sender.ntp;
    e->encoding->sr_ts = report.sender.rtp_ts;
    e->encoding->sr_us = now_us;
    if (!ep->visitor)
        tx_reports_forward(e->source, e->encoding, now_us);
    if (!ep->visitor && e->source->shares)
        media_share_report(e->source, e->encoding);
}

static void on_keyframe_request(MediaEndpoint *ep, uint32_t ssrc, int64_t now_us)
{
    bool rtx;
    ep->keyframes_in++;
    media_endpoint_worker(ep)->totals.keyframe_requests_in++;
    TxStream *st = ep->tx ? tx_state_find_stream(ep->tx, ssrc, &rtx) : NULL;
    if (!st || rtx || !st->source || st->source->kind != WORKER_VIDEO)
        return;
    TxSource *t = tx_state_source(ep->tx, st->source);
    if (t && t->video && keyframe_asker_allows(&t->video->asker, ep->tx->rtt_us, now_us))
        rx_feedback_ask_keyframe(st->source, now_us);
}

static void on_payload_feedback(MediaEndpoint *ep, const uint8_t *buf, const RtcpPacket *rp, int64_t now_us)
{
    RtcpFb fb;
    RtcpRemb remb;
    if (!rtcp_fb_parse(buf, rp, &fb))
        return;
    switch (rp->count) {
    case RTCP_PSFB_PLI:
        on_keyframe_request(ep, fb.media_ssrc, now_us);
        break;
    case RTCP_PSFB_FIR:
        for (size_t i = 0; i < rtcp_fir_count(&fb); i++)
            on_keyframe_request(ep, rtcp_fir_entry(buf, &fb, i).ssrc, now_us);
        break;
    case RTCP_PSFB_AFB:
        if (ep->tx && ep->tx->bwe && rtcp_remb_parse(buf, &fb, &remb)) {
            bwe_on_report_loss(ep->tx->bwe, ep->tx->loss);
            bwe_on_remb(ep->tx->bwe, remb.bitrate_bps, now_us);
            tx_repair_estimate(ep, now_us);
        }
        break;
    default:
        break;
    }
}

/* A datagram of feedback can name millions of packets; nobody was sent so many. */
static bool within(MediaEndpoint *ep, uint32_t numbers, int64_t now_us)
{
    if (now_us - ep->feedback_since_us >= 1000000) {
        ep->feedback_since_us = now_us;
        ep->feedback_numbers = 0;
    }
    if (ep->feedback_numbers + numbers > MEDIA_FEEDBACK_PER_S) {
        media_endpoint_worker(ep)->totals.drops[WORKER_DROP_FEEDBACK]++;
        return false;
    }
    ep->feedback_numbers += numbers;
    return true;
}

static void on_transport_feedback(MediaEndpoint *ep, const uint8_t *buf, const RtcpPacket *rp, int64_t now_us)
{
    if (rp->count == RTCP_RTPFB_TRANSPORT_CC) {
        TwccView v;
        if (ep->tx && ep->tx->bwe && twcc_parse(buf, rp, &v) && within(ep, v.status_count, now_us)) {
            uint64_t before = bwe_unmatched(ep->tx->bwe);
            bwe_on_feedback(ep->tx->bwe, buf, &v, now_us);
            media_endpoint_worker(ep)->totals.limits[WORKER_LIMIT_TWCC_SENT] += bwe_unmatched(ep->tx->bwe) - before;
            tx_repair_estimate(ep, now_us);
        }
        return;
    }
    RtcpFb fb;
    if (rp->count != RTCP_RTPFB_NACK || !ep->tx || !rtcp_fb_parse(buf, rp, &fb) ||
        !within(ep, (uint32_t)rtcp_nack_count(&fb), now_us))
        return;
    uint16_t seqs[RTCP_NACK_ITEM_SEQS];
    for (size_t i = 0; i < rtcp_nack_count(&fb); i++) {
        size_t n = rtcp_nack_item_seqs(rtcp_nack_item(buf, &fb, i), seqs);
        tx_repair_nack(ep, fb.media_ssrc, seqs, n, now_us);
    }
}

void rx_path_rtcp(MediaEndpoint *ep, Packet *p, const Tuple *from)
{
    Worker *w = media_endpoint_worker(ep);
    w->totals.rx_rtcp++;
    if (!ep->srtcp) {
        rx_path_hold(ep, p);
        return;
    }
    size_t len = p->len;
    if (srtcp_unprotect(ep->srtcp, p->data, &len) != SRTP_OK) {
        w->totals.drops[WORKER_DROP_SRTCP]++;
        return;
    }
    w->totals.rtcp_senders_evicted += srtcp_take_evicted(ep->srtcp);
    media_endpoint_alive(ep, from, p->now_us);
    media_endpoint_capture(ep, p->data, len, true, p->now_us);
    RtcpIter it = RTCP_ITER(p->data, len);
    RtcpPacket rp;
    while (rtcp_iter_next(&it, &rp)) {
        switch (rp.pt) {
        case RTCP_PT_SR:
        case RTCP_PT_RR:
            on_report(ep, p->data, &rp, p->now_us);
            break;
        case RTCP_PT_RTPFB:
            on_transport_feedback(ep, p->data, &rp, p->now_us);
            break;
        case RTCP_PT_PSFB:
            on_payload_feedback(ep, p->data, &rp, p->now_us);
            break;
        default: /* SDES, BYE, APP, XR and the unknown end here */
            break;
        }
    }
}
