/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/tx/tx_pace.h"

#include "bridge/tx/tx_path.h"

#define HEADER_BYTES 40 /* about, and the tag */

bool tx_pace_hold(MediaEndpoint *ep, TxStream *st, Packet *p, const ProjectedPacket *out, int64_t now_us)
{
    PacedQueue *q = ep->tx->pace;
    RtxEntry *e = rtx_map_find(&st->map, out->seq);
    if (!e)
        return false;
    if (q->count == PACED_MAX) {
        media_endpoint_worker(ep)->totals.limits[WORKER_LIMIT_PACED]++;
        tx_pace_give(ep, 1, now_us);
    }
    PacedPacket one = { .packet = p,
                        .stream = st,
                        .since_us = now_us,
                        .seq = out->seq,
                        .bytes = (uint16_t)(p->media.view.payload_len + HEADER_BYTES) };
    if (!paced_queue_push(q, one))
        return false;
    packet_ref(p);
    e->held = 1;
    return true;
}

/* Returns bytes sent. */
static size_t send_one(MediaEndpoint *ep, const PacedPacket *one, int64_t now_us)
{
    TxStream *st = one->stream;
    Packet *p = one->packet;
    Worker *w = media_endpoint_worker(ep);
    ProjectedPacket out;
    RtxEntry *e = st ? rtx_map_find(&st->map, one->seq) : NULL;
    size_t sent = 0;
    if (e && e->held && rtx_map_restore(&st->map, e, &out)) {
        out.ssrc = st->out.ssrc;
        e->held = 0;
        e->sent_ms = (uint32_t)(now_us / 1000);
        sent = tx_path_send_video(ep, st, p, &out, now_us, &e->tcc);
        if (st->source)
            rtx_cache_waited(&st->source->cache, now_us - one->since_us, now_us);
    } else {
        w->totals.drops[WORKER_DROP_PACER]++; /* its source or its stream is gone, or the headers changed */
    }
    packet_unref(&w->pool, p);
    return sent;
}

size_t tx_pace_give(MediaEndpoint *ep, size_t bytes, int64_t now_us)
{
    PacedQueue *q = ep->tx->pace;
    PacedPacket one;
    size_t sent = 0;
    while (q && sent < bytes && paced_queue_pop(q, &one))
        sent += send_one(ep, &one, now_us);
    return sent;
}

int64_t tx_pace_release(MediaEndpoint *ep, int64_t now_us)
{
    PacedQueue *q = ep->tx->pace;
    PacedPacket one;
    if (!q || q->count == 0)
        return INT64_MAX;
    while (paced_queue_pop_due(q, now_us, &one))
        send_one(ep, &one, now_us);
    tx_path_end(ep, now_us);
    return paced_queue_next_us(q, now_us);
}

void tx_pace_set(MediaEndpoint *ep, int64_t now_us)
{
    TxState *tx = ep->tx;
    if (tx->pace && tx->bwe)
        paced_queue_set(tx->pace, tx->estimate_rules ? bwe_target_bps(tx->bwe) : 0, bwe_queue_us(tx->bwe), now_us);
}

void tx_pace_forget(TxState *tx, const TxStream *st)
{
    PacedQueue *q = tx->pace;
    for (uint32_t i = 0; q && i < q->count; i++) {
        PacedPacket *one = &q->ring[(q->head + i) % PACED_MAX];
        if (one->stream == st)
            one->stream = NULL;
    }
}

void tx_pace_clear(MediaEndpoint *ep)
{
    Worker *w = media_endpoint_worker(ep);
    PacedPacket one;
    while (ep->tx && ep->tx->pace && paced_queue_pop(ep->tx->pace, &one)) {
        packet_unref(&w->pool, one.packet);
        w->totals.drops[WORKER_DROP_PACER]++;
    }
}
