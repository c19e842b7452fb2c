/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/media_conference.h"

#include "bridge/forward.h"
#include "bridge/media_endpoint.h"
#include "bridge/media_share.h"
#include "bridge/rx/rx_feedback.h"
#include "bridge/tx/tx_allocate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void conference_tick(void *user, int64_t now_us);

MediaConference *media_conference_new(Worker *w, const WorkerCommand *create)
{
    MediaConference *c = calloc(1, sizeof(*c));
    if (!c)
        return NULL;
    c->worker = w;
    c->handle = create->conference;
    c->home = create->conference_create.home;
    c->audio_ssrc = create->conference_create.audio_ssrc;
    c->video_ssrc = create->conference_create.video_ssrc;
    c->last_n = create->conference_create.last_n;
    c->next_speaker = 1;
    c->dominant = SPEECH_NOBODY;
    snprintf(c->name, sizeof(c->name), "%s", create->conference_create.name);
    c->speech = dominant_speaker_new(w->config->silence_events);
    if (!c->speech || !timers_reserve(&w->timers, w->n_endpoints + w->n_conferences + 8)) {
        dominant_speaker_free(c->speech);
        free(c);
        return NULL;
    }
    timer_init(&c->timer, conference_tick, c);
    worker_add_conference(w, c);
    return c;
}

void media_conference_free(MediaConference *c)
{
    Worker *w = c->worker;
    forward_discard(c);
    while (c->n_endpoints)
        media_endpoint_free(c->endpoints[c->n_endpoints - 1]);
    timer_set(&w->timers, &c->timer, TIMER_NEVER);
    worker_remove_conference(w, c);
    dominant_speaker_free(c->speech);
    free(c->endpoints);
    free(c->speech_order);
    free(c->sources);
    free(c->mirrored);
    free(c);
}

MediaEndpoint *media_conference_find(const MediaConference *c, uint64_t endpoint)
{
    for (uint32_t i = 0; i < c->n_endpoints; i++)
        if (c->endpoints[i]->handle == endpoint)
            return c->endpoints[i];
    return NULL;
}

MediaEndpoint *media_conference_find_speaker(const MediaConference *c, uint32_t speaker)
{
    for (uint32_t i = 0; speaker != SPEECH_NOBODY && i < c->n_endpoints; i++)
        if (c->endpoints[i]->speaker == speaker)
            return c->endpoints[i];
    return NULL;
}

bool media_conference_add(MediaConference *c, MediaEndpoint *ep)
{
    if (c->n_endpoints == MEDIA_ENDPOINTS_MAX)
        return false;
    if (c->n_endpoints == c->endpoint_room) {
        uint32_t room = c->endpoint_room ? c->endpoint_room * 2 : 4;
        MediaEndpoint **endpoints = realloc(c->endpoints, room * sizeof(MediaEndpoint *));
        if (!endpoints)
            return false;
        c->endpoints = endpoints;
        MediaEndpoint **order = realloc(c->speech_order, room * sizeof(MediaEndpoint *));
        if (!order)
            return false;
        c->speech_order = order;
        c->endpoint_room = room;
    }
    c->speech_order[c->n_endpoints] = ep;
    c->endpoints[c->n_endpoints++] = ep;
    ep->speaker = c->next_speaker++;
    int64_t now_us = c->worker->now_us;
    if (c->n_endpoints == 1) {
        c->next_connectivity_us = now_us + MEDIA_CONNECTIVITY_US;
        c->next_order_us = now_us + MEDIA_ORDER_US;
        c->next_second_us = now_us;
    }
    timer_at_latest(&c->worker->timers, &c->timer, c->next_connectivity_us);
    media_conference_reallocate(c, now_us);
    return true;
}

static void take_out(MediaEndpoint **list, uint32_t n, const MediaEndpoint *ep)
{
    uint32_t i = 0;
    while (i < n && list[i] != ep)
        i++;
    for (; i + 1 < n; i++)
        list[i] = list[i + 1];
}

void media_conference_remove(MediaConference *c, MediaEndpoint *ep)
{
    take_out(c->endpoints, c->n_endpoints, ep);
    take_out(c->speech_order, c->n_endpoints, ep);
    c->n_endpoints--;
    /* Its wishes no longer count. */
    for (uint32_t i = 0; i < c->n_sources; i++)
        if (c->sources[i])
            media_source_set_demand(c->sources[i], ep->handle, 0);
    loudest_remove(&c->loudest, ep->speaker);
    if (media_conference_is_home(c)) {
        bool listed = dominant_speaker_remove(c->speech, ep->speaker);
        c->dominant = dominant_speaker_current(c->speech);
        c->silent = c->silent && c->dominant != SPEECH_NOBODY;
        if (listed && c->n_endpoints)
            media_conference_tell_speaker(c, NULL);
        if (listed)
            media_share_speech(c);
    }
    if (c->n_endpoints == 0)
        timer_set(&c->worker->timers, &c->timer, TIMER_NEVER);
    media_conference_reallocate(c, c->worker->now_us);
}

bool media_conference_add_source(MediaConference *c, MediaSource *s)
{
    uint32_t i = 0;
    while (i < c->n_sources && c->sources[i])
        i++;
    if (i == MEDIA_SOURCES_MAX)
        return false;
    if (i == c->source_room) {
        uint32_t room = c->source_room ? c->source_room * 2 : 8;
        MediaSource **sources = realloc(c->sources, room * sizeof(MediaSource *));
        if (!sources)
            return false;
        c->sources = sources;
        c->source_room = room;
    }
    c->sources[i] = s;
    s->index = i;
    if (i == c->n_sources)
        c->n_sources++;
    media_conference_reallocate(c, c->worker->now_us);
    return true;
}

void media_conference_remove_source(MediaConference *c, MediaSource *s)
{
    for (uint32_t i = 0; i < c->n_endpoints; i++)
        tx_state_forget(c->endpoints[i], s);
    c->sources[s->index] = NULL;
    while (c->n_sources && !c->sources[c->n_sources - 1])
        c->n_sources--;
    media_conference_reallocate(c, c->worker->now_us);
}

void media_conference_reallocate(MediaConference *c, int64_t at_us)
{
    for (uint32_t i = 0; i < c->n_endpoints; i++)
        tx_allocate_soon(c->endpoints[i], at_us);
}

size_t media_conference_recent(const MediaConference *c, uint32_t *out)
{
    if (media_conference_is_home(c))
        return dominant_speaker_recent(c->speech, out);
    memcpy(out, c->told_recent, c->n_told_recent * sizeof(*out));
    return c->n_told_recent;
}

/* Most recent speakers first, then those with video that is on, each group in order of joining. */
void media_conference_update_order(MediaConference *c)
{
    uint32_t recent[SPEECH_RECENT];
    size_t n_recent = media_conference_recent(c, recent);
    uint32_t n = 0;
    bool changed = false;
    for (int pass = 0; pass < 3; pass++) {
        for (uint32_t i = 0; i < (pass == 0 ? n_recent : c->n_endpoints); i++) {
            MediaEndpoint *ep = pass == 0 ? media_conference_find_speaker(c, recent[i]) : c->endpoints[i];
            if (!ep)
                continue;
            bool is_recent = false;
            for (size_t r = 0; r < n_recent; r++)
                is_recent |= recent[r] == ep->speaker;
            bool has_video = false;
            for (uint32_t s = 0; s < ep->n_sources; s++)
                has_video |= ep->sources[s]->kind == WORKER_VIDEO && video_type_enabled(ep->sources[s]->alloc_type);
            int belongs = is_recent && has_video ? 0 : has_video ? 1 : 2;
            if (belongs != pass)
                continue;
            changed |= c->speech_order[n] != ep;
            c->speech_order[n++] = ep;
        }
    }
    if (changed)
        media_conference_reallocate(c, c->worker->now_us);
}

static WorkerEvent *speaker_event(const MediaConference *c, const MediaEndpoint *only)
{
    uint32_t recent[SPEECH_RECENT];
    size_t n = media_conference_recent(c, recent);
    if (n == 0)
        return NULL;
    const MediaEndpoint *dominant = media_conference_find_speaker(c, c->dominant);
    size_t first = dominant && recent[0] == dominant->speaker ? 1 : 0;
    WorkerEvent *ev = worker_event_new(c->worker, WORKER_EV_DOMINANT_SPEAKER, c, only, n - first);
    ev->n = 0;
    ev->speaker.silence = c->silent;
    if (dominant)
        snprintf(ev->speaker.dominant, sizeof(ev->speaker.dominant), "%s", dominant->id);
    for (size_t i = first; i < n; i++) {
        const MediaEndpoint *ep = media_conference_find_speaker(c, recent[i]);
        if (ep)
            snprintf(ev->speaker.previous[ev->n++].id, WORKER_ID_SIZE, "%s", ep->id);
    }
    return ev;
}

void media_conference_tell_speaker(MediaConference *c, const MediaEndpoint *only)
{
    WorkerEvent *ev = speaker_event(c, only);
    if (ev)
        worker_emit(c->worker, ev);
}

static int64_t longest_rtt(const MediaConference *c, const MediaEndpoint *except)
{
    int64_t longest_us = 0;
    for (uint32_t i = 0; i < c->n_endpoints; i++)
        if (c->endpoints[i] != except && c->endpoints[i]->ready && media_endpoint_rtt_us(c->endpoints[i]) > longest_us)
            longest_us = media_endpoint_rtt_us(c->endpoints[i]);
    return longest_us;
}

/* A new speaker is about to be shown large: its key frame is asked for before the receivers do. */
static void prepare_keyframe(MediaConference *c, const MediaEndpoint *speaker, int64_t now_us)
{
    bool camera_on_stage = false;
    c->ahead_of = SPEECH_NOBODY;
    for (uint32_t i = 0; i < c->n_endpoints; i++)
        camera_on_stage |= c->endpoints[i] != speaker && tx_allocate_has_camera_on_stage(c->endpoints[i]);
    if (c->n_endpoints <= 2 || !camera_on_stage)
        return;
    c->ahead_of = speaker->speaker;
    c->ahead_us = keyframe_ahead_us(longest_rtt(c, speaker), media_endpoint_rtt_us(speaker), now_us);
    timer_at_latest(&c->worker->timers, &c->timer, c->ahead_us);
}

static void tick_ahead(MediaConference *c, int64_t now_us)
{
    const MediaEndpoint *speaker = media_conference_find_speaker(c, c->ahead_of);
    c->ahead_of = SPEECH_NOBODY;
    for (uint32_t i = 0; speaker && i < speaker->n_sources; i++)
        if (speaker->sources[i]->kind == WORKER_VIDEO && speaker->sources[i]->alloc_type == VIDEO_CAMERA)
            rx_feedback_ask_keyframe(speaker->sources[i], now_us);
}

static void on_new_dominant(MediaConference *c, int64_t now_us)
{
    media_conference_update_order(c);
    MediaEndpoint *speaker = media_conference_find_speaker(c, c->dominant);
    if (!speaker)
        return;
    speaker->last_speech_us = now_us;
    prepare_keyframe(c, speaker, now_us);
}

void media_conference_told_speech(MediaConference *c, const uint32_t *recent, size_t n, uint32_t dominant, bool silent)
{
    bool same = n == c->n_told_recent && memcmp(recent, c->told_recent, n * sizeof(*recent)) == 0;
    if (media_conference_is_home(c))
        return;
    c->silent = silent;
    if (same && dominant == c->dominant)
        return;
    bool other = dominant != c->dominant;
    memcpy(c->told_recent, recent, n * sizeof(*recent));
    c->n_told_recent = n;
    c->dominant = dominant;
    if (other)
        on_new_dominant(c, c->worker->now_us);
    else
        media_conference_update_order(c);
}

static void tick_speech(MediaConference *c, int64_t now_us)
{
    if (!media_conference_is_home(c))
        return;
    switch (dominant_speaker_tick(c->speech, now_us / 1000)) {
    case SPEECH_NO_CHANGE:
        break;
    case SPEECH_DOMINANT_CHANGED:
        c->dominant = dominant_speaker_current(c->speech);
        c->silent = false;
        media_conference_tell_speaker(c, NULL);
        media_share_speech(c);
        on_new_dominant(c, now_us);
        break;
    case SPEECH_SILENCE:
        c->silent = true;
        media_conference_tell_speaker(c, NULL);
        media_share_speech(c);
        break;
    }
}

static void tell_connectivity(MediaConference *c, const MediaEndpoint *about)
{
    if (about->visitor)
        return;
    WorkerEvent *ev = worker_event_new(c->worker, WORKER_EV_CONNECTIVITY, c, NULL, 0);
    snprintf(ev->connectivity.about, sizeof(ev->connectivity.about), "%s", about->id);
    ev->connectivity.active = about->connected;
    worker_emit(c->worker, ev);
}

static void tick_connectivity(MediaConference *c, int64_t now_us)
{
    for (uint32_t i = 0; i < c->n_endpoints; i++) {
        MediaEndpoint *ep = c->endpoints[i];
        if (ep->mirror)
            continue;
        int64_t consent = ice_agent_last_consent_us(ep->ice), request = ice_agent_last_request_us(ep->ice);
        int64_t seen = ep->last_packet_us > consent ? ep->last_packet_us : consent;
        if (request > seen)
            seen = request;
        bool connected = seen ? now_us - seen < MEDIA_SILENCE_US : now_us - ep->created_us < MEDIA_FIRST_PACKET_US;
        if (connected != ep->connected) {
            ep->connected = connected;
            tell_connectivity(c, ep);
            media_share_connected(ep);
        }
        bool idle = seen ? now_us - seen > MEDIA_IDLE_US : now_us - ep->created_us > MEDIA_NEVER_ACTIVE_US;
        if (idle && !ep->idle_told) {
            ep->idle_told = true;
            worker_emit_plain(c->worker, WORKER_EV_ENDPOINT_IDLE, ep);
        }
    }
}

static void tick_second(MediaConference *c, int64_t now_us)
{
    int64_t rtt_us = longest_rtt(c, NULL);
    bool changed = false;
    for (uint32_t i = 0; i < c->n_sources; i++) {
        MediaSource *s = c->sources[i];
        if (!s)
            continue;
        rtx_cache_rtt(&s->cache, rtt_us);
        rtx_cache_expire(&s->cache, &c->worker->pool, now_us);
        if (s->layers && source_layers_tick(s->layers, now_us)) {
            s->table_us = 0;
            changed = true;
        }
    }
    if (changed)
        media_conference_reallocate(c, now_us);
}

static void conference_tick(void *user, int64_t now_us)
{
    MediaConference *c = user;
    tick_speech(c, now_us);
    if (c->ahead_of != SPEECH_NOBODY && now_us >= c->ahead_us)
        tick_ahead(c, now_us);
    if (now_us >= c->next_connectivity_us) {
        c->next_connectivity_us = now_us + MEDIA_CONNECTIVITY_US;
        tick_connectivity(c, now_us);
    }
    if (now_us >= c->next_second_us) {
        c->next_second_us = now_us + 1000000;
        tick_second(c, now_us);
        media_share_repeat(c);
    }
    if (now_us >= c->next_order_us) {
        c->next_order_us = now_us + MEDIA_ORDER_US;
        media_conference_update_order(c);
    }
    int64_t due = c->next_connectivity_us;
    int64_t speech_ms = dominant_speaker_next_due(c->speech, now_us / 1000);
    if (speech_ms != INT64_MAX && speech_ms * 1000 < due)
        due = speech_ms * 1000;
    if (c->ahead_of != SPEECH_NOBODY && c->ahead_us < due)
        due = c->ahead_us;
    timer_at_latest(&c->worker->timers, &c->timer, due > now_us ? due : now_us + 1000);
}

size_t media_conference_heard(MediaConference *c, const MediaSource *s, uint8_t level, int64_t now_us)
{
    uint32_t speaker = s->owner->speaker;
    if (s->synthetic)
        return 0;
    if (media_conference_is_home(c)) {
        dominant_speaker_level(c->speech, speaker, level, now_us / 1000);
        timer_at_latest(&c->worker->timers, &c->timer, now_us + SPEECH_DECISION_MS * 1000);
    }
    return c->worker->config->loudest ? loudest_level(&c->loudest, speaker, level, now_us / 1000) : 0;
}
