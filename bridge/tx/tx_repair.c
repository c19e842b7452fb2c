/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/tx/tx_repair.h"

#include "bridge/rx/rx_feedback.h"
#include "bridge/tx/tx_allocate.h"
#include "bridge/tx/tx_header.h"
#include "bridge/tx/tx_pace.h"
#include "bridge/tx/tx_path.h"
#include "common/rtp/rtx.h"

#include <string.h>

#define RTX_MARGIN_US 5000       /* a packet that can still arrive by itself is not sent again: RTT less this.. */
#define RTX_WAIT_MAX_US 250000   /* ..and this at most: the RTT may be that of a queue which is gone */
#define RTX_BURST_US 500000      /* retransmission budget saved up at most */
#define MOVED_SILENT_US 500000   /* twice the longest interval of Chromium's feedback */
#define PADDING_BURST_PACKETS 64 /* of one call */
#define PADDING_TS_STEP 3000

static void note_sent(MediaEndpoint *ep, uint16_t tcc, size_t bytes, int64_t now_us)
{
    if (!ep->tx->bwe)
        return;
    bwe_on_sent(ep->tx->bwe, tcc, bytes + SRTP_OVERHEAD, now_us, bwe_probe_id(ep->tx->bwe));
    paced_queue_sent(ep->tx->pace, bytes + SRTP_OVERHEAD);
}

/* On the stream's RTX SSRC: each time with a number of its own, so no SRTP index is used twice. Returns bytes sent. */
static size_t send_rtx(MediaEndpoint *ep, TxStream *st, const RtxEntry *e, Packet *p, uint8_t rtx_pt, int64_t now_us)
{
    ProjectedPacket out;
    if (e->held || !rtx_map_restore(&st->map, e, &out))
        return 0;
    TxHeader h = { .ssrc = st->rtx_ssrc,
                   .ts = out.ts,
                   .seq = ++st->rtx_seq,
                   .pt = rtx_pt,
                   .marker = out.marker,
                   .media = e->filler ? NULL : &p->media,
                   .dd = out.dd,
                   .dd_len = out.dd_len,
                   .mid = st->mid,
                   .mid_len = st->mid_len,
                   .has_tcc = ep->tcc_video };
    if (h.has_tcc)
        h.tcc = tx_path_next_tcc(ep->tx);
    uint8_t header[TX_HEADER_MAX];
    size_t header_len = tx_header_write(ep, &h, now_us, header);
    /* The original number goes in front of the payload: for the moment of encryption it takes the place of the last two
     * bytes of the packet's own header, which may be an extension that is still needed. */
    uint8_t *osn = (uint8_t *)tx_path_payload(p, out.patch, out.patch_len) - RTX_OSN_SIZE;
    uint8_t kept[RTX_OSN_SIZE] = { osn[0], osn[1] };
    osn[0] = (uint8_t)(e->seq >> 8);
    osn[1] = (uint8_t)e->seq;
    size_t len = RTX_OSN_SIZE + (e->filler ? 0 : p->media.view.payload_len);
    bool sent = tx_path_send(ep, &st->srtp_rtx, header, header_len, osn, len);
    osn[0] = kept[0];
    osn[1] = kept[1];
    if (!sent)
        return 0;
    note_sent(ep, h.tcc, header_len + len, now_us);
    return header_len + len;
}

/* Without RTX: the same bytes once more, the transport-cc number of the first time included. */
static size_t send_again(MediaEndpoint *ep, TxStream *st, const RtxEntry *e, Packet *p, int64_t now_us)
{
    ProjectedPacket out;
    Worker *w = media_endpoint_worker(ep);
    /* abs-send-time would differ, and with it the ciphertext under an index already used. */
    if ((ep->ext_id[RTP_EXT_ABS_SEND_TIME] && !ep->tcc_video) || !rtx_map_restore(&st->map, e, &out))
        return 0;
    TxHeader h = { .ssrc = st->out.ssrc,
                   .ts = out.ts,
                   .seq = e->seq,
                   .pt = p->media.view.pt,
                   .marker = out.marker,
                   .padding = e->filler,
                   .media = e->filler ? NULL : &p->media,
                   .dd = out.dd,
                   .dd_len = out.dd_len,
                   .mid = st->mid,
                   .mid_len = st->mid_len,
                   .has_tcc = ep->tcc_video,
                   .tcc = e->tcc };
    uint8_t header[TX_HEADER_MAX];
    size_t header_len = tx_header_write(ep, &h, now_us, header);
    const uint8_t *payload = e->filler ? tx_path_filler : tx_path_payload(p, out.patch, out.patch_len);
    size_t payload_len = e->filler ? TX_FILLER_BYTES : p->media.view.payload_len;
    uint8_t *room = send_batch_reserve(w->batch);
    size_t len =
        srtp_tx_reprotect(ep->srtp_tx, &st->srtp, header, header_len, payload, payload_len, room, SEND_BATCH_DATAGRAM);
    if (len)
        send_batch_commit(w->batch, &ep->send_to, len);
    if (ep->tx->pace)
        paced_queue_sent(ep->tx->pace, len);
    return len;
}

static bool has_budget(MediaEndpoint *ep, int64_t now_us)
{
    TxState *tx = ep->tx;
    int64_t rate_bps = tx->bwe ? bwe_target_bps(tx->bwe) / TX_RTX_BYTES_PER_S : 0;
    if (rate_bps < TX_RTX_MIN_BPS)
        rate_bps = TX_RTX_MIN_BPS;
    int64_t elapsed_us = now_us - tx->rtx_budget_us;
    if (elapsed_us > RTX_BURST_US)
        elapsed_us = RTX_BURST_US;
    tx->rtx_budget += rate_bps * elapsed_us / 8000000;
    tx->rtx_budget_us = now_us;
    if (tx->rtx_budget > rate_bps * RTX_BURST_US / 8000000)
        tx->rtx_budget = rate_bps * RTX_BURST_US / 8000000;
    return tx->rtx_budget > 0;
}

static bool sent_too_lately(const TxState *tx, const RtxEntry *e, int64_t now_us)
{
    if (tx->rtt_us == 0)
        return false;
    int64_t wait_us =
        tx->rtt_us * 9 / 10 < tx->rtt_us - RTX_MARGIN_US ? tx->rtt_us * 9 / 10 : tx->rtt_us - RTX_MARGIN_US;
    if (wait_us > RTX_WAIT_MAX_US)
        wait_us = RTX_WAIT_MAX_US;
    return (int64_t)(uint32_t)((uint32_t)(now_us / 1000) - e->sent_ms) * 1000 < wait_us;
}

void tx_repair_nack(MediaEndpoint *ep, uint32_t ssrc, const uint16_t *seqs, size_t n, int64_t now_us)
{
    WorkerTotals *t = &media_endpoint_worker(ep)->totals;
    bool rtx;
    TxStream *st = tx_state_find_stream(ep->tx, ssrc, &rtx);
    ep->nacks_in += n;
    t->nacks_in += n;
    if (!st || rtx || !st->source || !ep->ready || !ep->payloads)
        return;
    for (size_t i = 0; i < n; i++) {
        RtxEntry *e = rtx_map_find(&st->map, seqs[i]);
        Packet *p = e ? rtx_cache_get(&st->source->cache, e->index) : NULL;
        if (!p) {
            t->cache_misses++;
            continue;
        }
        t->cache_hits++;
        if (e->held || sent_too_lately(ep->tx, e, now_us) || !has_budget(ep, now_us))
            continue;
        uint8_t rtx_pt = ep->payloads[p->media.view.pt].rtx_pt;
        size_t sent =
            rtx_pt != 0xff && st->rtx_ssrc ? send_rtx(ep, st, e, p, rtx_pt, now_us) : send_again(ep, st, e, p, now_us);
        if (sent == 0)
            continue;
        e->sent_ms = (uint32_t)(now_us / 1000);
        ep->tx->rtx_budget -= (int64_t)sent;
        st->retransmitted++;
        ep->retransmitted++;
        t->retransmitted++;
    }
}

void tx_repair_moved(MediaEndpoint *ep, int64_t now_us)
{
    TxState *tx = ep->tx;
    if (!tx || !tx->bwe || now_us - bwe_feedback_us(tx->bwe) < MOVED_SILENT_US)
        return;
    bwe_moved(tx->bwe, now_us);
    tx_repair_estimate(ep, now_us);
    for (uint32_t i = 0; i < tx->n_sources; i++) {
        TxVideo *v = tx->by_source[i].source ? tx->by_source[i].video : NULL;
        if (v && v->stream && v->stream->source && projection_target(&v->projection) >= 0 &&
            keyframe_asker_needs(&v->asker, now_us))
            rx_feedback_ask_keyframe(v->stream->source, now_us);
    }
}

/* RTP that carries nothing but padding, on the feedback SSRC, which no receiver plays. */
static size_t send_dummy(MediaEndpoint *ep, int64_t now_us)
{
    static const uint8_t padding[PADDING_MAX_PACKET] = { [PADDING_MAX_PACKET - 1] = PADDING_MAX_PACKET };
    TxState *tx = ep->tx;
    if (ep->padding_pt == 0xff)
        return 0;
    TxHeader h = { .ssrc = ep->conference->video_ssrc,
                   .ts = tx->dummy_ts,
                   .seq = ++tx->dummy_seq,
                   .pt = ep->padding_pt,
                   .padding = true,
                   .has_tcc = ep->tcc_video };
    if (h.has_tcc)
        h.tcc = tx_path_next_tcc(tx);
    uint8_t header[TX_HEADER_MAX];
    size_t header_len = tx_header_write(ep, &h, now_us, header);
    if (!tx_path_send(ep, &tx->dummy_srtp, header, header_len, padding, sizeof(padding)))
        return 0;
    note_sent(ep, h.tcc, header_len + sizeof(padding), now_us);
    return header_len + sizeof(padding);
}

/* The stream that sent last: what it sent is still worth something to the receiver if it was lost. */
static TxStream *newest_stream(const TxState *tx)
{
    TxStream *best = NULL;
    for (uint32_t i = 0; i < tx->n_sources; i++) {
        const TxSource *t = &tx->by_source[i];
        if (!t->source || !t->video || !t->video->stream || !t->video->stream->rtx_ssrc || !t->video->stream->map.size)
            continue;
        if (!best || t->video->stream->out.last_ts_us > best->out.last_ts_us)
            best = t->video->stream;
    }
    return best;
}

/* Sends at least `bytes` of padding if it can; returns what it sent. What is left of `small` bytes or less is made of
 * small packets. */
static size_t send_padding(MediaEndpoint *ep, size_t bytes, size_t small, int64_t now_us)
{
    TxStream *st = newest_stream(ep->tx);
    size_t sent = 0;
    uint16_t back = 0;
    for (int i = 0; i < PADDING_BURST_PACKETS && sent < bytes; i++) {
        size_t one = 0;
        RtxEntry *e = st && bytes - sent > small ? rtx_map_find(&st->map, (uint16_t)(st->map.newest - back)) : NULL;
        back++;
        Packet *p = e && st->source ? rtx_cache_get(&st->source->cache, e->index) : NULL;
        if (p && !e->filler && ep->payloads[p->media.view.pt].rtx_pt != 0xff)
            one = send_rtx(ep, st, e, p, ep->payloads[p->media.view.pt].rtx_pt, now_us);
        if (one == 0)
            one = send_dummy(ep, now_us);
        if (one == 0)
            break;
        sent += one;
    }
    ep->tx->dummy_ts += PADDING_TS_STEP;
    media_endpoint_worker(ep)->totals.padding_bytes += sent;
    return sent;
}

static void probe(MediaEndpoint *ep, size_t media_bytes, int64_t now_us)
{
    TxState *tx = ep->tx;
    size_t due = bwe_probe_due(tx->bwe, media_bytes, now_us, &tx->next_probe_us);
    if (due == 0 || !ep->ready || !ep->tcc_video)
        return;
    size_t given = tx_pace_give(ep, due, now_us);
    if (given < due)
        send_padding(ep, due - given, BWE_PROBE_LARGE, now_us);
}

void tx_repair_after_video(MediaEndpoint *ep, size_t largest, int64_t now_us)
{
    TxState *tx = ep->tx;
    if (!tx->bwe)
        return;
    probe(ep, largest, now_us);
    /* A receiver that was idle has no timer running. */
    if (tx->next_probe_us < ep->timer.due_us)
        media_endpoint_wake(ep, tx->next_probe_us);
    if (tx->next_bwe_us < ep->timer.due_us)
        media_endpoint_wake(ep, tx->next_bwe_us);
}

void tx_repair_estimate(MediaEndpoint *ep, int64_t now_us)
{
    TxState *tx = ep->tx;
    tx_pace_set(ep, now_us);
    tx_allocate_padding(ep, now_us);
    if (media_endpoint_worker(ep)->config->trust_bwe &&
        allocator_estimate_changed(tx->allocated_for_bps, bwe_target_bps(tx->bwe)))
        tx_allocate_soon(ep, now_us);
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static void tell_bandwidth(MediaEndpoint *ep)
{
    Worker *w = media_endpoint_worker(ep);
    WorkerEvent *ev = worker_event_new(w, WORKER_EV_BANDWIDTH, NULL, ep, 0);
    ev->bandwidth.bps = bwe_target_bps(ep->tx->bwe);
    worker_emit(w, ev);
}

int64_t tx_repair_tick(MediaEndpoint *ep, int64_t now_us)
{
    TxState *tx = ep->tx;
    if (!tx->bwe)
        return TIMER_NEVER;
    if (now_us >= tx->next_bandwidth_us) {
        tx->next_bandwidth_us = now_us + MEDIA_BANDWIDTH_US;
        tell_bandwidth(ep);
    }
    /* Nothing sent for a while, and nothing held back either: the estimator sleeps until video flows again. */
    if (now_us - tx->last_media_us > MEDIA_ACTIVE_US && !tx->padding_bps) {
        tx->next_bwe_us = now_us;
        return tx->next_bandwidth_us;
    }
    if (now_us >= tx->next_bwe_us) {
        tx->next_bwe_us = now_us + BWE_TICK_US;
        bwe_tick(tx->bwe, now_us);
        tx_repair_estimate(ep, now_us);
    }
    if (now_us >= tx->next_probe_us)
        probe(ep, 0, now_us);
    int64_t next = earlier(earlier(tx->next_bwe_us, tx->next_probe_us), tx->next_bandwidth_us);
    if (tx->padding_bps && (ep->tcc_video || ep->remb)) {
        if (now_us >= tx->next_padding_us) {
            tx->next_padding_us = now_us + PADDING_PERIOD_US;
            size_t due = padding_due(&tx->padding, bwe_target_bps(tx->bwe), bwe_sent_bytes(tx->bwe), now_us);
            if (tx->pace->count)
                due = 0; /* there is media to send */
            size_t sent = due ? send_padding(ep, due, PADDING_MAX_PACKET, now_us) : 0;
            if (sent) /* with every video held back, only padding can start a probe */
                probe(ep, PADDING_MAX_PACKET, now_us);
        }
        next = earlier(next, earlier(tx->next_padding_us, tx->next_probe_us));
    }
    return next;
}
