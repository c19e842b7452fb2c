/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/media_source.h"

#include "bridge/media_conference.h"
#include "bridge/media_endpoint.h"
#include "bridge/media_share.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static VideoType allocator_type(WorkerVideoType type)
{
    switch (type) {
    case WORKER_VIDEO_CAMERA:
        return VIDEO_CAMERA;
    case WORKER_VIDEO_DESKTOP:
        return VIDEO_DESKTOP;
    case WORKER_VIDEO_DESKTOP_HIGH_FPS:
        return VIDEO_DESKTOP_HIGH_FPS;
    case WORKER_VIDEO_NONE:
        return VIDEO_NONE;
    case WORKER_VIDEO_DISABLED:
        break;
    }
    return VIDEO_DISABLED;
}

MediaSource *media_source_new(MediaEndpoint *owner, const WorkerSource *spec)
{
    if (spec->n_encodings < 1 || spec->n_encodings > WORKER_ENCODINGS_MAX || spec->encodings[0].ssrc == 0)
        return NULL;
    MediaSource *s = calloc(1, sizeof(*s));
    if (!s)
        return NULL;
    s->owner = owner;
    s->kind = spec->kind;
    s->synthetic = spec->synthetic;
    s->told_height = WORKER_TOLD_NOTHING;
    s->video_type = spec->video_type;
    s->alloc_type = owner->muted[WORKER_VIDEO] ? VIDEO_NONE : allocator_type(spec->video_type);
    snprintf(s->name, sizeof(s->name), "%s", spec->name);
    s->shares = spec->kind == WORKER_AUDIO && !owner->mirror ? owner->conference->shares : 0;
    s->n_encodings = spec->kind == WORKER_AUDIO ? 1 : spec->n_encodings;
    for (uint8_t i = 0; i < s->n_encodings; i++) {
        s->encodings[i].ssrc = spec->encodings[i].ssrc;
        s->encodings[i].rtx_ssrc = spec->encodings[i].rtx_ssrc;
        s->encodings[i].eid = i;
    }
    layer_order_init(&s->order, s->n_encodings);
    return s;
}

bool media_source_matches(const MediaSource *s, const WorkerSource *spec)
{
    if (strcmp(s->name, spec->name) != 0 || s->kind != spec->kind || s->synthetic != spec->synthetic)
        return false;
    if (s->kind == WORKER_VIDEO && s->n_encodings != spec->n_encodings)
        return false;
    for (uint8_t i = 0; i < s->n_encodings; i++)
        if (s->encodings[i].ssrc != spec->encodings[i].ssrc || s->encodings[i].rtx_ssrc != spec->encodings[i].rtx_ssrc)
            return false;
    return true;
}

void media_source_free(MediaSource *s)
{
    Worker *w = media_endpoint_worker(s->owner);
    for (uint8_t i = 0; i < s->n_encodings; i++)
        rx_encoding_clear(&s->encodings[i]);
    rtx_cache_clear(&s->cache, &w->pool);
    sender_demand_clear(&s->demand);
    free(s->layers);
    free(s);
}

void media_source_set_video_type(MediaSource *s, WorkerVideoType type)
{
    VideoType before = s->alloc_type;
    s->video_type = type;
    s->alloc_type = s->owner->muted[WORKER_VIDEO] ? VIDEO_NONE : allocator_type(type);
    if (before == s->alloc_type)
        return;
    MediaConference *c = s->owner->conference;
    if (video_type_enabled(before) != video_type_enabled(s->alloc_type))
        media_conference_update_order(c);
    media_conference_reallocate(c, c->worker->now_us);
}

const LayerTable *media_source_table(MediaSource *s, int64_t now_us)
{
    if (s->table_us == now_us)
        return &s->table;
    if (s->layers) {
        source_layers_snapshot(s->layers, now_us, &s->table);
        s->table_us = now_us;
    } else if (s->table.count == 0) {
        SourceLayers expected;
        source_layers_init(&expected, s->n_encodings);
        source_layers_snapshot(&expected, now_us, &s->table);
    }
    return &s->table;
}

void media_source_tell_demand(MediaSource *s)
{
    if (s->owner->mirror) {
        media_share_demand(s);
        return;
    }
    Worker *w = media_endpoint_worker(s->owner);
    WorkerEvent *ev = worker_event_new(w, WORKER_EV_SOURCE_CONSTRAINTS, NULL, s->owner, 0);
    s->told_height = sender_demand_height(&s->demand);
    snprintf(ev->source_constraint.source, sizeof(ev->source_constraint.source), "%s", s->name);
    ev->source_constraint.max_height = s->told_height;
    worker_emit(w, ev);
}

void media_source_set_demand(MediaSource *s, uint64_t receiver, int32_t max_height)
{
    if (s->kind == WORKER_VIDEO && sender_demand_set(&s->demand, receiver, max_height))
        media_source_tell_demand(s);
}
