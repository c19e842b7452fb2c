/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/tx/tx_reason.h"

static bool lately(int64_t then_us, int64_t now_us)
{
    return then_us && now_us - then_us <= PROJECTION_IDLE_US;
}

/* A constraint keeps the receiver from a taller picture that comes in. */
static bool is_capped(const TxVideo *v, MediaSource *s, int64_t now_us)
{
    const LayerTable *t = media_source_table(s, now_us);
    int ideal = 0, tallest = 0;
    for (uint16_t i = 0; i < t->count; i++) {
        const LayerEntry *l = &t->layer[i];
        if (l->rate_bps > 0 && l->height > tallest)
            tallest = l->height;
        if (l->index == v->ideal)
            ideal = l->height;
    }
    return v->max_height >= 0 && tallest > v->max_height && tallest > ideal;
}

/* What flows below its ideal layer is held down by bandwidth, or because bandwidth for it has not been there for long, unless
 * the switch up only waits for its key frame. */
static ForwardReason why_video(const TxSource *t, MediaSource *s, int64_t now_us)
{
    const TxVideo *v = t->video;
    if (!v)
        return t->reason == FORWARD_OK ? FORWARD_UNMAPPED : t->reason;
    ForwardReason reason = projection_reason(&v->projection, now_us);
    if (reason == FORWARD_NO_PACKETS && lately(t->unknown_pt_us, now_us))
        return FORWARD_CODEC;
    if (reason != FORWARD_OK)
        return reason;
    if (v->target != v->ideal)
        return v->held ? FORWARD_HOLD : FORWARD_BANDWIDTH;
    if (projection_needs_keyframe(&v->projection))
        return FORWARD_WAITING_KEYFRAME;
    return is_capped(v, s, now_us) ? FORWARD_CAP : FORWARD_OK;
}

static ForwardReason why_audio(const MediaEndpoint *receiver, const TxSource *t, const MediaSource *s, int64_t now_us)
{
    const TxAudio *a = t ? t->audio : NULL;
    if (a ? !a->wanted : !media_endpoint_wants_audio(receiver, s))
        return FORWARD_CAP;
    if (s->owner->muted[WORKER_AUDIO])
        return FORWARD_SENDER_MUTED;
    if (a && lately(a->sent_us, now_us))
        return FORWARD_OK;
    if (t && lately(t->unknown_pt_us, now_us))
        return FORWARD_CODEC;
    if (a && lately(a->unmapped_us, now_us))
        return FORWARD_UNMAPPED;
    return lately(s->quiet_us, now_us) ? FORWARD_QUIET : FORWARD_NO_PACKETS;
}

ForwardReason tx_reason(const MediaEndpoint *receiver, MediaSource *s, int64_t now_us)
{
    const TxState *tx = receiver->tx;
    const TxSource *t = tx && s->index < tx->n_sources ? &tx->by_source[s->index] : NULL;
    if (t && t->source != s)
        t = NULL;
    if (!receiver->ready)
        return FORWARD_NOT_CONNECTED;
    if (s->kind == WORKER_AUDIO)
        return why_audio(receiver, t, s, now_us);
    return t ? why_video(t, s, now_us) : FORWARD_UNMAPPED;
}
