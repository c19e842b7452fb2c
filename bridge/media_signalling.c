/* SPDX-License-Identifier: Apache-2.0
 *
 * What an endpoint sends and what it wants, as signalled: its sources and their SSRCs, its wishes for video and
 * audio, and everything it is told when its message channel opens. */
#include "bridge/media_endpoint.h"
#include "bridge/media_share.h"

#include "bridge/tx/tx_allocate.h"
#include "bridge/tx/tx_slots.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void ssrc_enter(MediaEndpoint *ep, uint32_t ssrc, MediaSource *s, RxEncoding *e, bool is_rtx)
{
    if (ssrc == 0 || media_endpoint_ssrc(ep, ssrc))
        return;
    uint32_t i = media_ssrc_hash(ssrc);
    while (ep->ssrcs[i & ep->ssrc_mask].ssrc)
        i++;
    ep->ssrcs[i & ep->ssrc_mask] = (SsrcEntry){ .ssrc = ssrc, .is_rtx = is_rtx, .source = s, .encoding = e };
}

static void rebuild_ssrcs(MediaEndpoint *ep)
{
    uint32_t n = 0, size = 8;
    for (uint32_t i = 0; i < ep->n_sources; i++)
        n += 2u * ep->sources[i]->n_encodings;
    while (size < 2 * n)
        size *= 2;
    free(ep->ssrcs);
    ep->ssrcs = n ? calloc(size, sizeof(*ep->ssrcs)) : NULL;
    ep->ssrc_mask = size - 1;
    if (!ep->ssrcs)
        return;
    for (uint32_t i = 0; i < ep->n_sources; i++) {
        MediaSource *s = ep->sources[i];
        for (uint8_t e = 0; e < s->n_encodings; e++) {
            ssrc_enter(ep, s->encodings[e].ssrc, s, &s->encodings[e], false);
            ssrc_enter(ep, s->encodings[e].rtx_ssrc, s, &s->encodings[e], true);
        }
    }
}

static void remove_source(MediaEndpoint *ep, uint32_t i)
{
    MediaSource *s = ep->sources[i];
    /* The rollover counter of an SSRC is kept in case it is signalled again, but not for ever new ones. */
    for (uint8_t e = 0; ep->srtp_rx && e < s->n_encodings && srtp_rx_streams(ep->srtp_rx) > SRTP_STREAMS_MAX / 2; e++) {
        srtp_rx_forget(ep->srtp_rx, s->encodings[e].ssrc);
        srtp_rx_forget(ep->srtp_rx, s->encodings[e].rtx_ssrc);
    }
    ep->sources[i] = ep->sources[--ep->n_sources];
    media_conference_remove_source(ep->conference, s);
    if (ep->mirror)
        media_share_index(ep->conference);
    media_source_free(s);
}

/* An SSRC that somebody else in the conference sends with, or that is ours, would misdirect feedback. */
static bool ssrcs_are_free(const MediaEndpoint *ep, const WorkerSource *spec)
{
    const MediaConference *c = ep->conference;
    for (uint8_t e = 0; e < spec->n_encodings && e < WORKER_ENCODINGS_MAX; e++) {
        uint32_t both[2] = { spec->encodings[e].ssrc, spec->encodings[e].rtx_ssrc };
        for (int k = 0; k < 2; k++) {
            if (both[k] == 0)
                continue;
            if (both[k] == c->audio_ssrc || both[k] == c->video_ssrc)
                return false;
            for (uint32_t i = 0; i < c->n_endpoints; i++)
                if (media_endpoint_ssrc(c->endpoints[i], both[k]))
                    return false;
        }
    }
    return true;
}

void media_endpoint_set_sources(MediaEndpoint *ep, const WorkerSource *sources, size_t n)
{
    if (n > WORKER_SOURCES_MAX)
        n = WORKER_SOURCES_MAX;
    bool kept[WORKER_SOURCES_MAX] = { false };
    for (uint32_t i = ep->n_sources; i-- > 0;) {
        bool stays = false;
        for (size_t k = 0; k < n && !stays; k++) {
            stays = !kept[k] && media_source_matches(ep->sources[i], &sources[k]);
            kept[k] |= stays;
        }
        if (!stays)
            remove_source(ep, i);
    }
    rebuild_ssrcs(ep);
    for (size_t k = 0; k < n; k++) {
        if (kept[k] || (ep->visitor && n) || !ssrcs_are_free(ep, &sources[k]))
            continue;
        MediaSource *s = media_source_new(ep, &sources[k]);
        if (!s)
            continue;
        if (!media_conference_add_source(ep->conference, s)) {
            media_source_free(s);
            continue;
        }
        ep->sources[ep->n_sources++] = s;
        media_endpoint_count_subscribers(s);
        rebuild_ssrcs(ep);
        if (ep->mirror) {
            media_share_index(ep->conference);
            if (s->subscribers)
                media_share_subscribed(s);
        }
    }
    if (n)
        media_conference_update_order(ep->conference);
}

MediaSource *media_endpoint_find_source(const MediaEndpoint *ep, const char *name)
{
    for (uint32_t i = 0; i < ep->n_sources; i++)
        if (strcmp(ep->sources[i]->name, name) == 0)
            return ep->sources[i];
    return NULL;
}

void media_endpoint_set_wishes(MediaEndpoint *ep, WorkerCommand *wishes)
{
    worker_command_free(ep->wishes);
    ep->wishes = wishes;
    tx_allocate_soon(ep, media_endpoint_worker(ep)->now_us);
}

typedef enum { SUBSCRIPTION_SILENT, SUBSCRIPTION_INCLUDED, SUBSCRIPTION_EXCLUDED } Subscription;

/* What a subscription says about this very source. */
static Subscription subscription_to(const WorkerCommand *a, const MediaSource *s)
{
    Subscription found = SUBSCRIPTION_SILENT;
    for (size_t i = 0; a && i < a->n; i++) {
        if (strcmp(a->audio_subscription.names[i].name, s->name) != 0)
            continue;
        if (a->audio_subscription.names[i].exclude)
            return SUBSCRIPTION_EXCLUDED;
        found = SUBSCRIPTION_INCLUDED;
    }
    return found;
}

bool media_endpoint_wants_audio(const MediaEndpoint *ep, const MediaSource *s)
{
    const WorkerCommand *a = ep->audio_wishes;
    Subscription named = subscription_to(a, s);
    return named == SUBSCRIPTION_INCLUDED ||
           (named == SUBSCRIPTION_SILENT && !s->synthetic && (!a || a->audio_subscription.all));
}

/* Only the loudness filter asks, so nothing is counted without it. */
static void count_subscriber(MediaEndpoint *ep, const WorkerCommand *wishes, int by)
{
    const MediaConference *c = ep->conference;
    if (!c->worker->config->loudest || !wishes || wishes->n == 0)
        return;
    for (uint32_t i = 0; i < c->n_sources; i++) {
        MediaSource *s = c->sources[i];
        if (s && s->kind == WORKER_AUDIO && s->owner != ep && subscription_to(wishes, s) == SUBSCRIPTION_INCLUDED) {
            s->subscribers += (uint32_t)by;
            if (s->owner->mirror)
                media_share_subscribed(s);
        }
    }
}

void media_endpoint_count_subscribers(MediaSource *s)
{
    const MediaConference *c = s->owner->conference;
    s->subscribers = 0;
    for (uint32_t i = 0; c->worker->config->loudest && s->kind == WORKER_AUDIO && i < c->n_endpoints; i++)
        s->subscribers +=
            c->endpoints[i] != s->owner && subscription_to(c->endpoints[i]->audio_wishes, s) == SUBSCRIPTION_INCLUDED;
}

void media_endpoint_set_audio_wishes(MediaEndpoint *ep, WorkerCommand *wishes)
{
    count_subscriber(ep, ep->audio_wishes, -1);
    count_subscriber(ep, wishes, 1);
    worker_command_free(ep->audio_wishes);
    ep->audio_wishes = wishes;
    for (uint32_t i = 0; ep->tx && i < ep->tx->n_sources; i++) {
        TxSource *t = &ep->tx->by_source[i];
        if (t->source && t->audio)
            t->audio->wanted = media_endpoint_wants_audio(ep, t->source);
    }
}

static void tell_inactive(MediaEndpoint *ep)
{
    const MediaConference *c = ep->conference;
    for (uint32_t i = 0; i < c->n_endpoints; i++) {
        const MediaEndpoint *about = c->endpoints[i];
        if (about == ep || about->connected || about->visitor)
            continue;
        WorkerEvent *ev = worker_event_new(c->worker, WORKER_EV_CONNECTIVITY, c, ep, 0);
        snprintf(ev->connectivity.about, sizeof(ev->connectivity.about), "%s", about->id);
        ev->connectivity.active = false;
        worker_emit(c->worker, ev);
    }
}

void media_endpoint_tell_all(MediaEndpoint *ep)
{
    for (uint32_t i = 0; i < ep->n_sources; i++)
        /* A source nobody has asked for yet is not switched off: the others' wishes may still be on their way. */
        if (ep->sources[i]->kind == WORKER_VIDEO && ep->sources[i]->told_height != WORKER_TOLD_NOTHING)
            media_source_tell_demand(ep->sources[i]);
    tx_allocate_tell_forwarded(ep);
    tx_slots_tell_all(ep);
    tell_inactive(ep);
    media_conference_tell_speaker(ep->conference, ep);
}
