/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/tx/tx_path.h"

#include "bridge/tx/tx_header.h"
#include "bridge/tx/tx_pace.h"
#include "bridge/tx/tx_repair.h"
#include "bridge/tx/tx_slots.h"
#include "common/rtp/red.h"

#include <stdlib.h>
#include <string.h>

const uint8_t tx_path_filler[TX_FILLER_BYTES] = { [TX_FILLER_BYTES - 1] = TX_FILLER_BYTES };

uint16_t tx_path_next_tcc(TxState *tx)
{
    return tx->tcc_seq++;
}

const uint8_t *tx_path_payload(Packet *p, const uint8_t *patch, uint8_t patch_len)
{
    uint8_t *payload = p->data + (p->media.data - p->data) + p->media.view.payload_off;
    if (patch_len == 0 && !p->patched)
        return payload;
    size_t kept = p->media.view.payload_len < sizeof(p->prefix) ? p->media.view.payload_len : sizeof(p->prefix);
    memcpy(payload, p->prefix, kept);
    if (patch_len > 0)
        memcpy(payload, patch, patch_len < kept ? patch_len : kept);
    p->patched = patch_len > 0;
    return payload;
}

bool tx_path_send(MediaEndpoint *r, SrtpStream *srtp, const uint8_t *header, size_t header_len, const uint8_t *payload,
                  size_t payload_len)
{
    Worker *w = media_endpoint_worker(r);
    uint8_t *room = send_batch_reserve(w->batch);
    size_t len = srtp_tx_protect(r->srtp_tx, srtp, header, header_len, payload, payload_len, room, SEND_BATCH_DATAGRAM);
    if (len == 0) {
        w->totals.drops[WORKER_DROP_SEND]++;
        return false;
    }
    send_batch_commit(w->batch, &r->send_to, len);
    w->totals.tx_rtp++;
    w->totals.tx_rtp_bytes += len;
    r->tx_packets++;
    r->tx_bytes += len;
    return true;
}

static void count(MediaEndpoint *r, TxStream *st, size_t payload_len, int64_t now_us)
{
    st->packets++;
    st->octets += payload_len;
    rate_window_add(&st->rate, (uint32_t)payload_len, now_us);
    r->tx_round_bytes += (uint32_t)payload_len;
}

/* A receiver that did not negotiate RED gets the newest block alone (RFC 2198). */
static bool without_red(const MediaEndpoint *r, const uint8_t **payload, size_t *len, uint8_t *pt)
{
    RedPrimary primary;
    if (!red_primary(*payload, *len, &primary) || r->payloads[primary.pt].kind != WORKER_AUDIO + 1)
        return false;
    *payload += primary.off;
    *len = primary.len;
    *pt = primary.pt;
    return true;
}

static void start_audio(TxAudio *a, const MediaPacket *m, int64_t now_us)
{
    const OutStream *os = &a->stream->out;
    a->running = true;
    a->start_seq = m->seq;
    a->seq_shift = m->seq - (os->last_seq + 1);
    a->ts_shift = out_stream_next_ts(os, now_us) - m->view.ts;
}

static void send_audio(MediaEndpoint *r, TxState *tx, TxSource *t, Packet *p)
{
    const MediaPacket *m = &p->media;
    TxAudio *a = t->audio;
    if (!a && !(a = tx_slots_new_audio(r, t, p->source)))
        return;
    if (!a->wanted) {
        a->running = false;
        return;
    }
    if (!a->stream || a->stream->source != p->source) {
        a->running = false;
        if (!(a->stream = tx_slots_audio(r, p->source, p->now_us))) {
            a->unmapped_us = p->now_us;
            media_endpoint_worker(r)->totals.limits[WORKER_LIMIT_SLOTS]++;
            return;
        }
    }
    if (!a->running || m->seq - a->seq_shift - a->stream->out.last_seq > PROJECTION_SEQ_JUMP)
        start_audio(a, m, p->now_us);
    if (m->seq < a->start_seq)
        return; /* from before this receiver's stream began */
    uint8_t pt = m->view.pt;
    const uint8_t *payload = tx_path_payload(p, NULL, 0);
    size_t payload_len = m->view.payload_len;
    if (r->payloads[pt].kind != WORKER_AUDIO + 1 &&
        (m->codec != CODEC_RED || !without_red(r, &payload, &payload_len, &pt))) {
        t->unknown_pt_us = p->now_us;
        return;
    }
    TxStream *st = a->stream;
    OutStream *os = &st->out;
    int64_t seq = m->seq - a->seq_shift;
    TxHeader h = { .ssrc = os->ssrc,
                   .ts = m->view.ts + a->ts_shift,
                   .seq = (uint16_t)seq,
                   .pt = pt,
                   .marker = m->view.marker,
                   .media = m,
                   .mid = st->mid,
                   .mid_len = st->mid_len,
                   .has_tcc = r->tcc_audio && (!tx->bwe || bwe_takes_audio(tx->bwe)) };
    if (h.has_tcc)
        h.tcc = tx_path_next_tcc(tx);
    uint8_t header[TX_HEADER_MAX];
    size_t header_len = tx_header_write(r, &h, p->now_us, header);
    if (!tx_path_send(r, &st->srtp, header, header_len, payload, payload_len))
        return;
    a->sent_us = p->now_us;
    if (seq > os->last_seq) {
        os->last_seq = seq;
        os->last_ts = h.ts;
        os->last_ts_us = p->now_us;
        os->started = true;
    }
    if (st->used_us)
        *st->used_us = p->now_us;
    if (tx->bwe) {
        size_t bytes = header_len + payload_len + SRTP_OVERHEAD;
        paced_queue_sent(tx->pace, bytes);
        if (h.has_tcc)
            bwe_on_audio_sent(tx->bwe, h.tcc, bytes, p->now_us);
    }
    count(r, st, payload_len, p->now_us);
    tx->last_media_us = p->now_us;
}

size_t tx_path_send_video(MediaEndpoint *r, TxStream *st, Packet *p, const ProjectedPacket *out, int64_t now_us,
                          uint16_t *tcc)
{
    TxState *tx = r->tx;
    const MediaPacket *m = &p->media;
    TxHeader h = { .ssrc = out->ssrc,
                   .ts = out->ts,
                   .seq = out->seq,
                   .pt = m->view.pt,
                   .marker = out->marker,
                   .media = m,
                   .dd = out->dd,
                   .dd_len = out->dd_len,
                   .mid = st->mid,
                   .mid_len = st->mid_len,
                   .has_tcc = r->tcc_video };
    if (h.has_tcc)
        h.tcc = tx_path_next_tcc(tx);
    *tcc = h.tcc;
    uint8_t header[TX_HEADER_MAX];
    size_t header_len = tx_header_write(r, &h, now_us, header);
    const uint8_t *payload = tx_path_payload(p, out->patch, out->patch_len);
    if (!tx_path_send(r, &st->srtp, header, header_len, payload, m->view.payload_len))
        return 0;
    size_t bytes = header_len + m->view.payload_len + SRTP_OVERHEAD;
    if (tx->bwe) {
        bwe_on_sent(tx->bwe, h.tcc, bytes, now_us, bwe_probe_id(tx->bwe));
        paced_queue_sent(tx->pace, bytes);
    }
    count(r, st, m->view.payload_len, now_us);
    tx->last_media_us = now_us;
    tx->round_video = m->view.payload_len > tx->round_video ? (uint32_t)m->view.payload_len : tx->round_video;
    return bytes;
}

/* So that it can be sent again, or later. */
static void remember(MediaEndpoint *r, TxStream *st, Packet *p, const ProjectedPacket *out, uint16_t tcc)
{
    MediaSource *s = p->source;
    if (!p->cached) {
        p->cached = true;
        p->cache_index = rtx_cache_put(&s->cache, &media_endpoint_worker(r)->pool, p);
    }
    rtx_map_put(&st->map, out, tcc, p->cache_index, &s->cache, (uint32_t)(p->now_us / 1000));
}

/* The receiver waits for a number that nothing will come under: an empty packet ends that. */
static void send_filler(MediaEndpoint *r, TxState *tx, TxStream *st, Packet *p, const ProjectedPacket *out)
{
    TxHeader h = { .ssrc = out->ssrc,
                   .ts = out->ts,
                   .seq = out->seq,
                   .pt = p->media.view.pt,
                   .padding = true,
                   .mid = st->mid,
                   .mid_len = st->mid_len,
                   .has_tcc = r->tcc_video };
    if (h.has_tcc)
        h.tcc = tx_path_next_tcc(tx);
    uint8_t header[TX_HEADER_MAX];
    size_t header_len = tx_header_write(r, &h, p->now_us, header);
    if (!tx_path_send(r, &st->srtp, header, header_len, tx_path_filler, TX_FILLER_BYTES))
        return;
    if (h.has_tcc)
        bwe_on_sent(tx->bwe, h.tcc, header_len + TX_FILLER_BYTES + SRTP_OVERHEAD, p->now_us, bwe_probe_id(tx->bwe));
    st->packets++;
    media_endpoint_worker(r)->totals.numbers_filled++;
    remember(r, st, p, out, h.tcc);
    RtxEntry *e = rtx_map_find(&st->map, out->seq);
    if (e)
        e->filler = 1;
}

static void send_video(MediaEndpoint *r, TxState *tx, TxSource *t, Packet *p)
{
    const MediaPacket *m = &p->media;
    TxVideo *v = t->video;
    TxStream *st = v->stream;
    ProjectedPacket out;
    uint16_t tcc;
    /* Before the projection: numbers it gives out must leave, or they run away from the SRTP index. */
    if (r->payloads[m->view.pt].kind != WORKER_VIDEO + 1) {
        t->unknown_pt_us = p->now_us;
        return;
    }
    if (!tx->bwe) { /* the first of all */
        if (!tx_slots_flows(r))
            return;
        paced_queue_begin(tx->pace, p->now_us);
    }
    ProjectionVerdict verdict = projection_accept(&v->projection, m, p->now_us, &out);
    if (projection_needs_keyframe(&v->projection))
        p->source->wants_keyframe |= keyframe_asker_needs(&v->asker, p->now_us);
    if (verdict == PROJECTION_FILL)
        send_filler(r, tx, st, p, &out);
    if (verdict != PROJECTION_ACCEPT)
        return;
    if (paced_queue_holds(tx->pace)) {
        remember(r, st, p, &out, 0);
        if (tx_pace_hold(r, st, p, &out, p->now_us))
            return;
    }
    if (tx_path_send_video(r, st, p, &out, p->now_us, &tcc))
        remember(r, st, p, &out, tcc);
}

/* Rates are kept per batch: one window update for each receiver, not one a packet. */
void tx_path_end(MediaEndpoint *r, int64_t now_us)
{
    TxState *tx = r->tx;
    if (r->tx_round_bytes) {
        rate_window_add(&r->tx_rate, r->tx_round_bytes, now_us);
        r->tx_round_bytes = 0;
    }
    if (tx->round_video) {
        uint32_t largest = tx->round_video;
        tx->round_video = 0;
        tx_repair_after_video(r, largest, now_us);
    }
}

void tx_path_batch(MediaEndpoint *r, Packet *const *batch, uint32_t n)
{
    TxState *tx = r->tx;
    if (!tx || !r->payloads || n == 0)
        return;
    if (tx->bwe)
        paced_queue_begin(tx->pace, batch[0]->now_us);
    for (uint32_t i = 0; i < n; i++) {
        Packet *p = batch[i];
        MediaSource *s = p->source;
        if (s->owner == r && !s->synthetic)
            continue;
        TxSource *t = s->index < tx->n_sources ? &tx->by_source[s->index] : tx_state_source(tx, s);
        if (!t)
            continue;
        if (s->kind == WORKER_AUDIO)
            send_audio(r, tx, t, p);
        else if (t->video && t->video->stream)
            send_video(r, tx, t, p);
    }
    tx_path_end(r, batch[0]->now_us);
    if (tx->bwe && tx->pace->count)
        media_endpoint_wake(r, paced_queue_next_us(tx->pace, batch[0]->now_us));
}
