/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/rx/rx_feedback.h"

#include "bridge/media_share.h"
#include "common/rtp/rtcp_fb.h"

#define ROOM 1400 /* bytes of one RTCP datagram before protection */

void rx_feedback_nack(MediaEndpoint *ep, uint32_t ssrc, const uint16_t *seqs, size_t n)
{
    uint8_t buf[ROOM + SRTCP_OVERHEAD];
    size_t len = rtcp_nack_build(buf, ROOM, ep->conference->video_ssrc, ssrc, seqs, n);
    if (len == 0)
        return;
    ep->nacks_out += n;
    media_endpoint_worker(ep)->totals.nacks_out += n;
    media_endpoint_send_rtcp(ep, buf, len, sizeof(buf));
}

void rx_feedback_gave_up(MediaEndpoint *ep, NackGen *nacks)
{
    media_endpoint_worker(ep)->totals.limits[WORKER_LIMIT_MISSING] += nack_gen_take_gave_up(nacks);
}

void rx_feedback_transport_cc(MediaEndpoint *ep, int64_t now_us)
{
    uint8_t buf[ROOM + SRTCP_OVERHEAD];
    size_t len;
    media_endpoint_worker(ep)->totals.limits[WORKER_LIMIT_TWCC_RECEIVED] += twcc_log_take_jumps(ep->twcc);
    while ((len = twcc_log_build(ep->twcc, buf, ROOM, ep->conference->video_ssrc, ep->twcc_ssrc, now_us)) > 0)
        media_endpoint_send_rtcp(ep, buf, len, sizeof(buf));
}

static void send_report(MediaEndpoint *ep, const RtcpReportBlock *blocks, size_t n)
{
    uint8_t buf[ROOM + SRTCP_OVERHEAD];
    size_t len = rtcp_rr_build(buf, ROOM, ep->conference->video_ssrc, blocks, n);
    media_endpoint_send_rtcp(ep, buf, len, sizeof(buf));
}

/* Of all its packets together, by the gaps in their transport-cc numbers: what RTX repaired was lost all the same. A
 * late packet takes back the loss that an earlier report had counted. */
static float loss_by_gaps(MediaEndpoint *ep)
{
    TwccLogLoss now = twcc_log_loss(ep->twcc), before = ep->rx_counted;
    int64_t received = (int64_t)(now.received - before.received), lost = (int64_t)(now.lost - before.lost);
    ep->rx_counted = now;
    return lost > 0 && received >= 0 ? (float)lost / (float)(lost + received) : 0;
}

void rx_feedback_report(MediaEndpoint *ep, int64_t now_us)
{
    RtcpReportBlock blocks[RTCP_MAX_REPORT_BLOCKS];
    size_t n = 0;
    float worst = 0;
    for (uint32_t i = 0; i < ep->n_sources; i++) {
        MediaSource *s = ep->sources[i];
        for (uint8_t k = 0; k < s->n_encodings; k++) {
            RxEncodingState *st = s->encodings[k].state;
            RxStream *streams[2] = { st ? &st->stream : NULL, st && st->rtx.ssrc ? &st->rtx : NULL };
            for (int r = 0; r < 2; r++) {
                if (!streams[r] || !rx_stream_report(streams[r], now_us, &blocks[n]))
                    continue;
                if (r == 0 && (float)blocks[n].fraction_lost / 256 > worst)
                    worst = (float)blocks[n].fraction_lost / 256;
                if (++n == RTCP_MAX_REPORT_BLOCKS) {
                    send_report(ep, blocks, n);
                    n = 0;
                }
            }
        }
    }
    ep->rx_loss = ep->twcc ? loss_by_gaps(ep) : worst;
    if (n)
        send_report(ep, blocks, n);
}

static uint8_t video_feedback(const MediaEndpoint *ep)
{
    uint8_t all = 0;
    for (int pt = 0; ep->payloads && pt < 128; pt++)
        all |= ep->payloads[pt].kind == WORKER_VIDEO + 1 ? ep->payloads[pt].feedback : 0;
    return all;
}

static void send_keyframe_request(MediaSource *s)
{
    MediaEndpoint *ep = s->owner;
    uint8_t buf[64 + SRTCP_OVERHEAD];
    uint8_t feedback = video_feedback(ep);
    size_t len;
    if (feedback & WORKER_FB_FIR && !(feedback & WORKER_FB_PLI)) {
        RtcpFirEntry entry = { .ssrc = media_source_ssrc(s), .seq = s->keyframes.fir_seq++ };
        len = rtcp_fir_build(buf, 64, ep->conference->video_ssrc, &entry, 1);
    } else {
        len = rtcp_pli_build(buf, 64, ep->conference->video_ssrc, media_source_ssrc(s));
    }
    ep->keyframes_out++;
    media_endpoint_worker(ep)->totals.keyframe_requests_out++;
    media_endpoint_send_rtcp(ep, buf, len, sizeof(buf));
}

void rx_feedback_ask_keyframe(MediaSource *s, int64_t now_us)
{
    if (s->owner->mirror) {
        media_share_ask_keyframe(s, now_us);
        return;
    }
    if (!s->owner->ready || !video_type_enabled(s->alloc_type))
        return;
    if (keyframe_requester_ask(&s->keyframes, now_us))
        send_keyframe_request(s);
    else
        media_endpoint_wake(s->owner, keyframe_requester_due_us(&s->keyframes));
}

void rx_feedback_repeat(MediaEndpoint *ep, int64_t now_us)
{
    for (uint32_t i = 0; i < ep->n_sources; i++)
        if (ep->sources[i]->kind == WORKER_VIDEO && ep->sources[i]->keyframes.unanswered)
            rx_feedback_ask_keyframe(ep->sources[i], now_us);
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

int64_t rx_feedback_tick(MediaEndpoint *ep, int64_t now_us)
{
    uint16_t missing[NACK_GEN_MAX_MISSING];
    int64_t next = INT64_MAX, rtt_us = media_endpoint_rtt_us(ep);
    for (uint32_t i = 0; i < ep->n_sources; i++) {
        MediaSource *s = ep->sources[i];
        if (s->kind != WORKER_VIDEO)
            continue;
        if (keyframe_requester_tick(&s->keyframes, now_us))
            send_keyframe_request(s);
        next = earlier(next, keyframe_requester_due_us(&s->keyframes));
        for (uint8_t k = 0; k < s->n_encodings; k++) {
            RxEncodingState *st = s->encodings[k].state;
            if (!st || !st->video || st->video->nacks.count == 0)
                continue;
            size_t n = nack_gen_due(&st->video->nacks, now_us, rtt_us, missing);
            if (n)
                rx_feedback_nack(ep, s->encodings[k].ssrc, missing, n);
            if (nack_gen_take_hole(&st->video->nacks)) {
                rx_feedback_gave_up(ep, &st->video->nacks);
                rx_feedback_ask_keyframe(s, now_us);
                next = earlier(next, keyframe_requester_due_us(&s->keyframes));
            }
            next = earlier(next, nack_gen_due_at_us(&st->video->nacks, rtt_us, now_us));
        }
    }
    return next;
}
