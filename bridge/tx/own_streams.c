/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/tx/own_streams.h"

#include <stdlib.h>

/* Frees a stream; its indices are remembered. False: that is impossible, so it stays. */
static bool retire(TxState *tx, uint32_t i)
{
    TxStream *st = tx->own_streams[i];
    if (!spent_ssrcs_put(&tx->spent, st->out.ssrc, &st->srtp) ||
        !spent_ssrcs_put(&tx->spent, st->rtx_ssrc, &st->srtp_rtx))
        return false;
    tx->own_streams[i] = tx->own_streams[--tx->n_own_streams];
    tx_state_drop_stream(tx, st);
    return true;
}

static bool is_wanted(const TxState *tx, const TxStream *st)
{
    const MediaSource *s = st->source;
    const TxVideo *v = s && s->index < tx->n_sources ? tx->by_source[s->index].video : NULL;
    return v && v->stream == st && v->max_height != 0;
}

/* The stream silent for longest of those without a source, or of all that nobody misses. */
static bool retire_oldest(TxState *tx, bool unloaded, int64_t now_us)
{
    uint32_t best = UINT32_MAX;
    for (uint32_t i = 0; i < tx->n_own_streams; i++) {
        const TxStream *st = tx->own_streams[i];
        if (unloaded ? st->source != NULL : is_wanted(tx, st) || now_us - st->out.last_ts_us < OWN_STREAMS_IDLE_US)
            continue;
        if (best == UINT32_MAX || st->out.last_ts_us < tx->own_streams[best]->out.last_ts_us)
            best = i;
    }
    return best != UINT32_MAX && retire(tx, best);
}

static void make_room(TxState *tx, int64_t now_us)
{
    uint32_t unloaded = 0;
    for (uint32_t i = 0; i < tx->n_own_streams; i++)
        unloaded += tx->own_streams[i]->source == NULL;
    while (unloaded > OWN_STREAMS_UNLOADED && retire_oldest(tx, true, now_us))
        unloaded--;
    if (tx->n_own_streams == OWN_STREAMS_MAX && !retire_oldest(tx, true, now_us))
        retire_oldest(tx, false, now_us);
}

/* Nobody else sends with it: an SSRC that was another source's RTX before, say, takes its indices along. */
static bool claim(TxState *tx, uint32_t ssrc, const TxStream *owner)
{
    for (uint32_t i = tx->n_own_streams; i-- > 0;) {
        const TxStream *st = tx->own_streams[i];
        if (st != owner && (st->out.ssrc == ssrc || st->rtx_ssrc == ssrc) && (st->source || !retire(tx, i)))
            return false;
    }
    return true;
}

static void set_rtx(MediaEndpoint *ep, TxStream *st, uint32_t ssrc)
{
    TxState *tx = ep->tx;
    if (ssrc && (ssrc == st->out.ssrc || !claim(tx, ssrc, st)))
        ssrc = 0;
    if (st->rtx_ssrc == ssrc || !spent_ssrcs_put(&tx->spent, st->rtx_ssrc, &st->srtp_rtx))
        return;
    st->rtx_ssrc = ssrc;
    st->srtp_rtx = (SrtpStream){ 0 };
    st->rtx_seq = (uint16_t)(worker_random(media_endpoint_worker(ep)) & 0x7fff);
    if (ssrc && spent_ssrcs_take(&tx->spent, ssrc, &st->srtp_rtx))
        st->rtx_seq = st->srtp_rtx.highest_seq;
}

static TxStream *add(MediaEndpoint *ep, uint32_t ssrc, uint32_t clock_hz, int64_t now_us)
{
    TxState *tx = ep->tx;
    make_room(tx, now_us);
    if (tx->n_own_streams == OWN_STREAMS_MAX || !claim(tx, ssrc, NULL))
        return NULL;
    TxStream **grown = realloc(tx->own_streams, (tx->n_own_streams + 1) * sizeof(TxStream *));
    if (!grown)
        return NULL;
    tx->own_streams = grown;
    TxStream *st = tx_stream_new(media_endpoint_worker(ep), ssrc, 0, clock_hz, NULL);
    if (!st)
        return NULL;
    if (spent_ssrcs_take(&tx->spent, ssrc, &st->srtp))
        st->out.last_seq = (int64_t)st->srtp.roc << 16 | st->srtp.highest_seq;
    tx->own_streams[tx->n_own_streams++] = st;
    return st;
}

/* One that had the other kind of source is taken for somebody else's. */
static TxStream *find(const TxState *tx, uint32_t ssrc, uint32_t clock_hz)
{
    for (uint32_t i = 0; i < tx->n_own_streams; i++)
        if (tx->own_streams[i]->out.ssrc == ssrc && tx->own_streams[i]->out.clock_rate == clock_hz)
            return tx->own_streams[i];
    return NULL;
}

TxStream *own_streams_get(MediaEndpoint *ep, const MediaSource *s, int64_t now_us)
{
    bool video = s->kind == WORKER_VIDEO;
    uint32_t clock_hz = video ? TX_CLOCK_VIDEO : TX_CLOCK_AUDIO;
    TxStream *st = find(ep->tx, media_source_ssrc(s), clock_hz);
    if (st && st->source == s)
        return st;
    if (!st && !(st = add(ep, media_source_ssrc(s), clock_hz, now_us)))
        return NULL;
    set_rtx(ep, st, video ? s->encodings[0].rtx_ssrc : 0);
    return st;
}

void own_streams_new_keys(TxState *tx)
{
    for (uint32_t i = 0; i < tx->n_own_streams; i++) {
        tx->own_streams[i]->srtp = (SrtpStream){ 0 };
        tx->own_streams[i]->srtp_rtx = (SrtpStream){ 0 };
    }
    spent_ssrcs_clear(&tx->spent);
}
