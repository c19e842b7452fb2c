/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/worker_snapshot.h"

#include "bridge/media_endpoint.h"
#include "bridge/tx/tx_reason.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static int64_t ago_ms(int64_t then_us, int64_t now_us)
{
    return then_us ? (now_us - then_us) / 1000 : -1;
}

static WorkerIceState ice_state(const MediaEndpoint *ep)
{
    if (ep->ice_failed)
        return WORKER_ICE_FAILED;
    if (ep->selected)
        return WORKER_ICE_SELECTED;
    if (ep->writable)
        return WORKER_ICE_WRITABLE;
    return ep->checked ? WORKER_ICE_CHECKING : WORKER_ICE_NEW;
}

static uint32_t used_streams(const TxState *tx, WorkerKind kind)
{
    uint32_t n = 0;
    for (int i = 0; i < SLOTS_MAX; i++)
        n += tx->slot_streams[kind][i] && tx->slot_streams[kind][i]->source;
    for (uint32_t i = 0; i < tx->n_own_streams; i++)
        n += tx->own_streams[i]->source && tx->own_streams[i]->source->kind == kind;
    return n;
}

static void fill_endpoint(MediaEndpoint *ep, WorkerEndpointStats *s, int64_t now_us)
{
    const TxState *tx = ep->tx;
    s->conference = ep->conference->handle;
    s->endpoint = ep->handle;
    snprintf(s->id, sizeof(s->id), "%s", ep->id);
    s->ice = ice_state(ep);
    if (tuple_is_set(&ep->send_to))
        tuple_text(&ep->send_to, s->remote);
    s->keys = ep->srtp_tx != NULL;
    s->connected = ep->connected;
    s->rx_packets = ep->rx_packets;
    s->rx_bytes = ep->rx_bytes;
    s->tx_packets = ep->tx_packets;
    s->tx_bytes = ep->tx_bytes;
    s->rx_bps = (uint64_t)rate_window_bps(&ep->rx_rate, now_us);
    s->tx_bps = (uint64_t)rate_window_bps(&ep->tx_rate, now_us);
    s->retransmitted = ep->retransmitted;
    s->nacks_in = ep->nacks_in;
    s->nacks_out = ep->nacks_out;
    s->keyframe_requests_in = ep->keyframes_in;
    s->keyframe_requests_out = ep->keyframes_out;
    s->rtt_ms = (uint32_t)((media_endpoint_rtt_us(ep) + 999) / 1000);
    s->rx_loss = ep->rx_loss;
    s->bandwidth_bps = -1;
    s->last_packet_ms = ago_ms(ep->last_packet_us, now_us);
    s->last_speech_ms = ago_ms(ep->last_speech_us, now_us);
    s->dominant = ep->conference->dominant == ep->speaker;
    if (!tx)
        return;
    s->tx_loss = tx->loss;
    s->bandwidth_bps = tx->bwe ? bwe_target_bps(tx->bwe) : -1;
    s->has_estimator = tx->bwe != NULL;
    if (tx->bwe)
        bwe_stats(tx->bwe, &s->estimator);
    s->target_bps = tx->result.target_bps;
    s->ideal_bps = tx->result.ideal_bps;
    s->oversending = tx->result.oversending;
    s->slots_audio = used_streams(tx, WORKER_AUDIO);
    s->slots_video = used_streams(tx, WORKER_VIDEO);
}

static uint32_t encoding_height(MediaSource *s, uint8_t eid, int64_t now_us)
{
    const LayerTable *table = media_source_table(s, now_us);
    uint32_t height = 0;
    for (uint16_t i = 0; i < table->count; i++)
        if (LAYER_EID(table->layer[i].index) == eid && table->layer[i].height > height)
            height = table->layer[i].height;
    return height;
}

static size_t fill_received(MediaEndpoint *ep, WorkerStreamStats *out, int64_t now_us)
{
    size_t n = 0;
    for (uint32_t i = 0; i < ep->n_sources; i++) {
        MediaSource *s = ep->sources[i];
        for (uint8_t k = 0; k < s->n_encodings; k++) {
            WorkerStreamStats *o = &out[n++];
            const RxEncoding *e = &s->encodings[k];
            snprintf(o->name, sizeof(o->name), "%s", s->name);
            snprintf(o->owner, sizeof(o->owner), "%s", ep->id);
            o->is_video = s->kind == WORKER_VIDEO;
            o->ssrc = e->ssrc;
            o->rtx_ssrc = e->rtx_ssrc;
            o->encoding = e->eid;
            o->layer = o->target_layer = o->ideal_layer = -1;
            if (!e->state)
                continue;
            RxStream *st = &e->state->stream;
            o->height = o->is_video ? (int32_t)encoding_height(s, e->eid, now_us) : 0;
            o->packets = st->packets;
            o->bytes = st->bytes;
            o->lost = rx_stream_lost(st) > 0 ? (uint64_t)rx_stream_lost(st) : 0;
            o->retransmitted = st->recovered;
            o->bps = (uint64_t)rx_stream_bitrate_bps(st, now_us);
            o->jitter_ts = st->jitter_q4 >> 4;
        }
    }
    return n;
}

static void fill_sent(const MediaEndpoint *ep, MediaSource *s, WorkerStreamStats *o, int64_t now_us)
{
    static const TxSource none;
    const TxState *tx = ep->tx;
    const TxSource *t =
        tx && s->index < tx->n_sources && tx->by_source[s->index].source == s ? &tx->by_source[s->index] : &none;
    TxStream *st = t->video ? t->video->stream : t->audio ? t->audio->stream : NULL;
    snprintf(o->name, sizeof(o->name), "%s", s->name);
    snprintf(o->owner, sizeof(o->owner), "%s", s->owner->id);
    o->is_tx = true;
    o->is_video = s->kind == WORKER_VIDEO;
    o->layer = o->target_layer = o->ideal_layer = -1;
    if (t->video) {
        o->layer = (int16_t)projection_current_layer(&t->video->projection);
        o->target_layer = t->video->target;
        o->ideal_layer = t->video->ideal;
        o->height = t->video->max_height;
    }
    o->reason = tx_reason(ep, s, now_us);
    if (st && st->source == s) {
        o->ssrc = st->out.ssrc;
        o->rtx_ssrc = st->rtx_ssrc;
        o->packets = st->packets;
        o->bytes = st->octets;
        o->bps = (uint64_t)rate_window_bps(&st->rate, now_us);
        o->lost = st->lost;
        o->jitter_ts = st->jitter_ts;
        o->retransmitted = st->retransmitted;
    }
}

/* All that it sends, and all that the others have for it, whether sent to it or not. */
static void fill_streams(MediaEndpoint *ep, WorkerEvent *ev, int64_t now_us)
{
    const MediaConference *c = ep->conference;
    size_t room = (size_t)ep->n_sources * WORKER_ENCODINGS_MAX + c->n_sources + 1;
    WorkerStreamStats *out = calloc(room, sizeof(*out));
    if (!out)
        return;
    size_t n = fill_received(ep, out, now_us);
    for (uint32_t i = 0; i < c->n_sources; i++) {
        MediaSource *s = c->sources[i];
        if (s && (s->owner != ep || s->synthetic))
            fill_sent(ep, s, &out[n++], now_us);
    }
    ev->snapshot.streams = out;
    ev->snapshot.n_streams = n;
}

static void fill_totals(Worker *w, WorkerTotals *t, int64_t now_us)
{
    struct timespec cpu;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &cpu);
    w->totals.busy_us = (uint64_t)cpu.tv_sec * 1000000 + (uint64_t)cpu.tv_nsec / 1000;
    w->totals.conferences = 0; /* of those it is the home of */
    w->totals.endpoints = w->n_endpoints;
    if (w->delay.count) { /* the running ten seconds are fresher than the last full ones */
        w->totals.delay_p50_us = worker_delay_quantile(&w->delay, 0.5);
        w->totals.delay_p99_us = worker_delay_quantile(&w->delay, 0.99);
    }
    packet_pool_fetch(&w->pool);
    w->totals.pool_buffers = w->pool.total;
    w->totals.pool_in_use = w->pool.used;
    w->totals.drops[WORKER_DROP_POOL] = w->pool.refused;
    w->totals.limits[WORKER_LIMIT_TUPLES] = w->tuples.refused;
    w->totals.active_endpoints = w->totals.most_forwarded = 0;
    for (size_t i = 0; i < WORKER_CONFERENCE_BUCKETS; i++)
        for (const MediaConference *c = w->conferences[i]; c; c = c->next) {
            w->totals.conferences += media_conference_is_home(c);
            for (uint32_t k = 0; k < c->n_endpoints; k++) {
                const MediaEndpoint *ep = c->endpoints[k];
                w->totals.active_endpoints += ep->last_packet_us && now_us - ep->last_packet_us < MEDIA_ACTIVE_US;
                if (ep->tx && ep->tx->n_forwarded > w->totals.most_forwarded)
                    w->totals.most_forwarded = ep->tx->n_forwarded;
            }
        }
    *t = w->totals;
}

void worker_snapshot(Worker *w, const MediaConference *conf, const WorkerCommand *request, int64_t now_us)
{
    MediaEndpoint *one = conf && request->endpoint ? media_conference_find(conf, request->endpoint) : NULL;
    if (one && one->mirror)
        one = NULL;
    size_t n = one ? 1 : conf && !request->endpoint ? conf->n_endpoints : 0;
    WorkerEvent *ev = worker_event_new(w, WORKER_EV_SNAPSHOT, conf, NULL, n);
    ev->conference = request->conference;
    ev->endpoint = request->endpoint;
    ev->snapshot.id = request->snapshot.id;
    fill_totals(w, &ev->snapshot.totals, now_us);
    ev->n = 0;
    for (size_t i = 0; i < n; i++) {
        MediaEndpoint *ep = one ? one : conf->endpoints[i];
        if (!ep->mirror)
            fill_endpoint(ep, &ev->snapshot.endpoints[ev->n++], now_us);
    }
    if (one && request->snapshot.streams)
        fill_streams(one, ev, now_us);
    worker_emit(w, ev);
}
