/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/tx/tx_slots.h"

#include "bridge/tx/own_streams.h"
#include "bridge/tx/tx_allocate.h"
#include "bridge/tx/tx_pace.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void tx_slots_ready(MediaEndpoint *ep)
{
    int64_t now_us = media_endpoint_worker(ep)->now_us;
    if (!ep->tx)
        ep->tx = tx_state_new(ep, now_us);
    tx_allocate_soon(ep, now_us);
}

static bool make_estimator(MediaEndpoint *ep)
{
    TxState *tx = ep->tx;
    const Worker *w = media_endpoint_worker(ep);
    BweConfig config = BWE_CONFIG_DEFAULT;
    if (w->config->start_bps)
        config.start_bps = w->config->start_bps;
    if (w->config->max_bps)
        config.max_bps = w->config->max_bps;
    config.transport_cc = ep->tcc_video;
    if (!tx->pace && (tx->pace = malloc(sizeof(*tx->pace))))
        paced_queue_init(tx->pace, w->now_us);
    Bwe *bwe = tx->pace ? bwe_new(&config, w->now_us) : NULL;
    if (!bwe)
        return false;
    bwe_free(tx->bwe);
    tx->bwe = bwe;
    tx->bwe_has_tcc = ep->tcc_video;
    tx->next_bwe_us = w->now_us + BWE_TICK_US;
    media_endpoint_wake(ep, tx->next_bwe_us);
    return true;
}

int64_t tx_slots_start_bps(const MediaEndpoint *ep)
{
    const BweConfig usual = BWE_CONFIG_DEFAULT;
    int64_t configured = media_endpoint_worker(ep)->config->start_bps;
    return configured ? configured : usual.start_bps;
}

bool tx_slots_flows(MediaEndpoint *ep)
{
    if (ep->tx->bwe)
        return true;
    if (!make_estimator(ep))
        return false;
    tx_pace_set(ep, media_endpoint_worker(ep)->now_us);
    return true;
}

void tx_slots_media_changed(MediaEndpoint *ep)
{
    /* An estimator is made for one kind of feedback. */
    if (ep->tx && ep->tx->bwe && ep->tx->bwe_has_tcc != ep->tcc_video)
        make_estimator(ep);
    tx_allocate_soon(ep, media_endpoint_worker(ep)->now_us);
}

static void new_indices(TxStream *st)
{
    if (!st)
        return;
    st->srtp = (SrtpStream){ 0 };
    st->srtp_rtx = (SrtpStream){ 0 };
}

void tx_slots_new_keys(MediaEndpoint *ep)
{
    TxState *tx = ep->tx;
    tx_pace_clear(ep);
    for (int k = 0; k < 2; k++)
        for (int i = 0; i < SLOTS_MAX; i++)
            new_indices(tx->slot_streams[k][i]);
    own_streams_new_keys(tx);
    tx->dummy_srtp = (SrtpStream){ 0 };
    tx_state_forget_sent(tx);
}

/* An SSRC that means nothing else toward this receiver: not ours for feedback, not what it sends itself. */
static uint32_t fresh_ssrc(MediaEndpoint *ep)
{
    const MediaConference *c = ep->conference;
    bool rtx;
    for (;;) {
        uint32_t ssrc = worker_random(c->worker);
        if (ssrc && ssrc != c->audio_ssrc && ssrc != c->video_ssrc && !media_endpoint_ssrc(ep, ssrc) &&
            !tx_state_find_stream(ep->tx, ssrc, &rtx))
            return ssrc;
    }
}

static void fresh_pair(void *user, uint32_t *ssrc, uint32_t *rtx_ssrc)
{
    MediaEndpoint *ep = user;
    *ssrc = fresh_ssrc(ep);
    do
        *rtx_ssrc = fresh_ssrc(ep);
    while (*rtx_ssrc == *ssrc);
}

static void fill_entry(const MediaEndpoint *ep, WorkerSlotEntry *e, const MediaSource *s, const SsrcSlot *slot)
{
    snprintf(e->source, sizeof(e->source), "%s", s->name);
    snprintf(e->owner, sizeof(e->owner), "%s", s->owner->id);
    e->ssrc = slot->ssrc;
    e->rtx_ssrc = s->kind == WORKER_VIDEO ? slot->rtx_ssrc : 0;
    e->video_type = s->video_type;
    if (ep->mid)
        snprintf(e->mid, sizeof(e->mid), "%s", slot->mid);
}

static MediaSource *find_by_ssrc(const MediaConference *c, uint32_t ssrc)
{
    for (uint32_t i = 0; i < c->n_sources; i++)
        if (c->sources[i] && media_source_ssrc(c->sources[i]) == ssrc)
            return c->sources[i];
    return NULL;
}

static void tell_slots(MediaEndpoint *ep, WorkerKind kind, const uint16_t *places, size_t n, bool complete)
{
    Worker *w = media_endpoint_worker(ep);
    const SsrcSlots *slots = ep->tx->slots[kind];
    WorkerEvent *ev =
        worker_event_new(w, kind == WORKER_VIDEO ? WORKER_EV_VIDEO_SLOTS : WORKER_EV_AUDIO_SLOTS, NULL, ep, n);
    ev->n = 0;
    ev->slots.complete = complete;
    for (size_t i = 0; i < n; i++) {
        const SsrcSlot *slot = &slots->slot[places[i]];
        const MediaSource *s = find_by_ssrc(ep->conference, slot->source);
        if (s)
            fill_entry(ep, &ev->slots.entries[ev->n++], s, slot);
    }
    worker_emit(w, ev);
}

void tx_slots_tell_all(MediaEndpoint *ep)
{
    for (int kind = 1; ep->tx && ep->ssrc_rewriting && kind >= 0; kind--) {
        const SsrcSlots *slots = ep->tx->slots[kind];
        uint16_t places[SLOTS_MAX];
        size_t n = 0;
        for (uint16_t i = 0; i < SLOTS_MAX; i++)
            if (slots->slot[i].source != SLOT_SOURCE_NONE)
                places[n++] = i;
        if (n)
            tell_slots(ep, (WorkerKind)kind, places, n, true);
    }
}

/* The stream of a slot, made or renewed: SSRCs that were forgotten leave their stream behind. */
static TxStream *slot_stream(MediaEndpoint *ep, WorkerKind kind, int place)
{
    SsrcSlot *slot = &ep->tx->slots[kind]->slot[place];
    TxStream **at = &ep->tx->slot_streams[kind][place];
    if (*at && (*at)->out.ssrc != slot->ssrc) {
        tx_state_drop_stream(ep->tx, *at);
        *at = NULL;
    }
    if (!*at) {
        *at = tx_stream_new(media_endpoint_worker(ep), slot->ssrc, kind == WORKER_VIDEO ? slot->rtx_ssrc : 0,
                            kind == WORKER_VIDEO ? TX_CLOCK_VIDEO : TX_CLOCK_AUDIO, ep->mid ? slot->mid : NULL);
        if (*at)
            (*at)->used_us = &slot->used_us;
    }
    return *at;
}

TxAudio *tx_slots_new_audio(MediaEndpoint *ep, TxSource *t, MediaSource *s)
{
    t->source = s;
    t->audio = calloc(1, sizeof(*t->audio));
    if (t->audio)
        t->audio->wanted = media_endpoint_wants_audio(ep, s);
    return t->audio;
}

TxStream *tx_slots_audio(MediaEndpoint *ep, MediaSource *s, int64_t now_us)
{
    TxStream *st;
    if (ep->ssrc_rewriting) {
        bool changed;
        int place = ssrc_slots_touch(ep->tx->slots[WORKER_AUDIO], media_source_ssrc(s), now_us,
                                     (SlotSsrcSource){ fresh_pair, ep }, &changed);
        if (place < 0)
            return NULL;
        uint16_t told = (uint16_t)place;
        if (changed)
            tell_slots(ep, WORKER_AUDIO, &told, 1, false);
        st = slot_stream(ep, WORKER_AUDIO, place);
    } else {
        st = own_streams_get(ep, s, now_us);
    }
    if (st)
        st->source = s;
    return st;
}

static bool make_video(TxSource *t)
{
    if (t->video)
        return true;
    if (!(t->video = calloc(1, sizeof(*t->video))))
        return false;
    projection_init(&t->video->projection, NULL);
    t->video->target = t->video->ideal = LAYER_SUSPENDED;
    t->video->sr_eid = 0xff;
    return true;
}

/* Nobody's projection writes the stream's numbers any more. */
static void unbind_video(TxState *tx, TxStream *st)
{
    TxVideo *before = st->source->index < tx->n_sources ? tx->by_source[st->source->index].video : NULL;
    if (before && before->stream == st) {
        projection_bind(&before->projection, NULL);
        before->stream = NULL;
    }
    rtx_map_clear(&st->map);
    st->source = NULL;
}

/* The stream carries this source from now on. */
static void bind_video(MediaEndpoint *ep, MediaSource *s, TxStream *st)
{
    TxSource *t = tx_state_source(ep->tx, s);
    if (!t || !make_video(t))
        return;
    if (st->source && st->source != s)
        unbind_video(ep->tx, st);
    st->source = s;
    t->video->stream = st;
    projection_bind(&t->video->projection, &st->out);
}

/* A wanted source that has a slot gets the slot's stream. */
static void bind_slot(MediaEndpoint *ep, MediaSource *s)
{
    const TxSource *t = s->index < ep->tx->n_sources ? &ep->tx->by_source[s->index] : NULL;
    if (t && t->video && t->video->stream)
        return;
    int place = ssrc_slots_find(ep->tx->slots[WORKER_VIDEO], media_source_ssrc(s));
    TxStream *st = place >= 0 ? slot_stream(ep, WORKER_VIDEO, place) : NULL;
    if (st)
        bind_video(ep, s, st);
}

void tx_slots_video(MediaEndpoint *ep, MediaSource *const *sources, size_t n_wanted, size_t n, int64_t now_us)
{
    if (!ep->ssrc_rewriting) {
        for (size_t i = 0; i < n_wanted; i++) {
            TxStream *st = own_streams_get(ep, sources[i], now_us);
            if (st && (st->source != sources[i]))
                bind_video(ep, sources[i], st);
        }
        return;
    }
    uint16_t changed[SLOTS_MAX];
    uint32_t *ids = malloc((n ? n : 1) * sizeof(*ids));
    if (!ids)
        return;
    for (size_t i = 0; i < n; i++)
        ids[i] = media_source_ssrc(sources[i]);
    size_t n_changed = ssrc_slots_assign(ep->tx->slots[WORKER_VIDEO], ids, n_wanted, n, now_us,
                                         (SlotSsrcSource){ fresh_pair, ep }, changed);
    free(ids);
    /* Told before the first packet can leave: both go through the same worker, in this order. */
    if (n_changed)
        tell_slots(ep, WORKER_VIDEO, changed, n_changed, false);
    for (size_t i = 0; i < n_changed; i++) {
        TxStream *st = ep->tx->slot_streams[WORKER_VIDEO][changed[i]];
        if (st && st->source)
            unbind_video(ep->tx, st);
    }
    for (size_t i = 0; i < n_wanted; i++)
        bind_slot(ep, sources[i]);
}
