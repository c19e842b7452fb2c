/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/tx/tx_state.h"

#include "bridge/media_conference.h"
#include "bridge/media_endpoint.h"
#include "bridge/tx/tx_pace.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

TxStream *tx_stream_new(Worker *w, uint32_t ssrc, uint32_t rtx_ssrc, uint32_t clock_hz, const char *mid)
{
    TxStream *st = calloc(1, sizeof(*st));
    if (!st)
        return NULL;
    /* Below 2^15, so that loss around the first wrap cannot mislead the receiver's rollover counter. */
    out_stream_init(&st->out, ssrc, clock_hz, (uint16_t)(worker_random(w) & 0x7fff), worker_random(w));
    st->rtx_ssrc = rtx_ssrc;
    st->rtx_seq = (uint16_t)(worker_random(w) & 0x7fff);
    snprintf(st->mid, sizeof(st->mid), "%s", mid ? mid : "");
    st->mid_len = (uint8_t)strlen(st->mid);
    return st;
}

void tx_stream_free(TxStream *st)
{
    if (st)
        rtx_map_clear(&st->map);
    free(st);
}

TxState *tx_state_new(MediaEndpoint *ep, int64_t now_us)
{
    Worker *w = media_endpoint_worker(ep);
    TxState *tx = calloc(1, sizeof(*tx));
    if (!tx)
        return NULL;
    if (ep->ssrc_rewriting) {
        for (int k = 0; k < 2; k++) {
            tx->slots[k] = malloc(sizeof(*tx->slots[k]));
            if (!tx->slots[k]) {
                tx_state_free(tx);
                return NULL;
            }
            ssrc_slots_init(tx->slots[k], k == WORKER_AUDIO ? 'a' : 'v', SLOTS_MAX);
        }
    }
    tx->tcc_seq = 1;
    tx->allocated_for_bps = ALLOC_UNLIMITED;
    tx->allocate_at_us = now_us;
    tx->next_probe_us = INT64_MAX;
    tx->next_bandwidth_us = now_us + MEDIA_BANDWIDTH_US;
    tx->rtx_budget_us = now_us;
    tx->dummy_seq = (uint16_t)(worker_random(w) & 0x7fff);
    tx->dummy_ts = worker_random(w);
    return tx;
}

static void free_source(TxSource *t)
{
    free(t->video);
    free(t->audio);
    *t = (TxSource){ 0 };
}

void tx_state_free(TxState *tx)
{
    if (!tx)
        return;
    for (uint32_t i = 0; i < tx->n_sources; i++)
        free_source(&tx->by_source[i]);
    for (int k = 0; k < 2; k++) {
        for (int i = 0; i < SLOTS_MAX; i++)
            tx_stream_free(tx->slot_streams[k][i]);
        free(tx->slots[k]);
    }
    for (uint32_t i = 0; i < tx->n_own_streams; i++)
        tx_stream_free(tx->own_streams[i]);
    free(tx->own_streams);
    spent_ssrcs_clear(&tx->spent);
    free(tx->by_source);
    bwe_free(tx->bwe);
    free(tx->pace);
    free(tx->forwarded);
    free(tx);
}

TxSource *tx_state_source(TxState *tx, const MediaSource *s)
{
    if (s->index >= tx->n_sources) {
        uint32_t n = s->index + 8;
        TxSource *grown = realloc(tx->by_source, n * sizeof(*grown));
        if (!grown)
            return NULL;
        memset(grown + tx->n_sources, 0, (n - tx->n_sources) * sizeof(*grown));
        tx->by_source = grown;
        tx->n_sources = n;
    }
    TxSource *t = &tx->by_source[s->index];
    t->source = s;
    return t;
}

void tx_state_drop_stream(TxState *tx, TxStream *st)
{
    for (uint32_t i = 0; st && i < tx->n_sources; i++) {
        TxSource *t = &tx->by_source[i];
        if (t->audio && t->audio->stream == st)
            t->audio->stream = NULL;
        if (t->video && t->video->stream == st) {
            projection_bind(&t->video->projection, NULL);
            t->video->stream = NULL;
        }
    }
    tx_pace_forget(tx, st);
    tx_stream_free(st);
}

/* The stream goes on by itself; whatever it carries next continues its numbers. */
static void unload(TxStream *st, const MediaSource *s)
{
    if (st && st->source == s) {
        st->source = NULL;
        rtx_map_clear(&st->map);
    }
}

void tx_state_forget(MediaEndpoint *ep, MediaSource *s)
{
    TxState *tx = ep->tx;
    if (!tx)
        return;
    if (s->index < tx->n_sources && tx->by_source[s->index].source == s) {
        TxSource *t = &tx->by_source[s->index];
        if (t->video) {
            projection_bind(&t->video->projection, NULL);
            unload(t->video->stream, s);
        }
        free_source(t);
    }
    for (int i = 0; i < SLOTS_MAX; i++)
        unload(tx->slot_streams[s->kind][i], s);
    if (tx->slots[s->kind]) {
        int slot = ssrc_slots_remove(tx->slots[s->kind], media_source_ssrc(s));
        if (slot >= 0) { /* its SSRCs are never used again toward this receiver */
            tx_state_drop_stream(tx, tx->slot_streams[s->kind][slot]);
            tx->slot_streams[s->kind][slot] = NULL;
        }
    }
    /* Pass mode: the stream keeps its numbers and SRTP state, in case the same SSRC is signalled again. */
    for (uint32_t i = 0; i < tx->n_own_streams; i++)
        unload(tx->own_streams[i], s);
}

void tx_state_forget_sent(TxState *tx)
{
    for (int k = 0; tx && k < 2; k++)
        for (int i = 0; i < SLOTS_MAX; i++)
            if (tx->slot_streams[k][i])
                rtx_map_clear(&tx->slot_streams[k][i]->map);
    for (uint32_t i = 0; tx && i < tx->n_own_streams; i++)
        rtx_map_clear(&tx->own_streams[i]->map);
}

TxStream *tx_state_find_stream(TxState *tx, uint32_t ssrc, bool *rtx)
{
    TxStream *const *lists[3] = { tx->slot_streams[0], tx->slot_streams[1], tx->own_streams };
    uint32_t lengths[3] = { SLOTS_MAX, SLOTS_MAX, tx->n_own_streams };
    for (int l = 0; l < 3; l++) {
        for (uint32_t i = 0; i < lengths[l]; i++) {
            TxStream *st = lists[l][i];
            if (!st || (st->out.ssrc != ssrc && (st->rtx_ssrc != ssrc || ssrc == 0)))
                continue;
            *rtx = st->out.ssrc != ssrc;
            return st;
        }
    }
    return NULL;
}
