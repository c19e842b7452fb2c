/* SPDX-License-Identifier: Apache-2.0
 *
 * One audio or video source of an endpoint: its encodings (SSRCs), their receive state, layers, retransmission
 * cache, and who wants how much of it. Receive state comes into being with the first packet.
 * Owner: the endpoint that sends it; worker thread. */
#ifndef PLENUM_BRIDGE_MEDIA_SOURCE_H
#define PLENUM_BRIDGE_MEDIA_SOURCE_H

#include "bridge/alloc/priority.h"
#include "bridge/alloc/sender_demand.h"
#include "bridge/rx/keyframe_requester.h"
#include "bridge/rx/layer_order.h"
#include "bridge/rx/rx_encoding.h"
#include "bridge/rx/source_layers.h"
#include "bridge/tx/rtx_cache.h"
#include "bridge/worker.h"

struct MediaSource {
    /* set at birth */
    MediaEndpoint *owner;
    uint32_t index; /* in the conference */
    WorkerKind kind;
    bool synthetic;
    char name[WORKER_NAME_SIZE];
    uint8_t n_encodings;
    RxEncoding encodings[WORKER_ENCODINGS_MAX];
    /* worker */
    WorkerVideoType video_type;
    VideoType alloc_type; /* the same for the allocator, forced mute included */
    LayerOrder order;     /* video: what says which encoding is the lowest */
    bool vla_differs;     /* what the sender says of its layers is not what it sends */
    uint8_t orders;       /* how often that changed, mod 256 */
    SourceLayers *layers; /* video, from the first packet on */
    LayerTable table;     /* as of table_us */
    int64_t table_us;
    KeyframeRequester keyframes;
    SenderDemand demand;
    int32_t told_height;  /* last SenderSourceConstraints; WORKER_TOLD_NOTHING before the first */
    uint32_t subscribers; /* audio: endpoints that asked for it by name */
    uint32_t shares;      /* other workers with receivers for it, a bit each; 0 for a mirror */
    uint32_t subscribing; /* audio: other workers where somebody asked for it by name, a bit each */
    uint8_t silent_run;   /* audio: consecutive packets of level 127, saturating */
    int64_t quiet_us;     /* audio: last packet held back as silence or as quieter than others; 0 none */
    bool wants_keyframe;  /* some receiver missed one in this batch */
    RtxCache cache;       /* video: packets forwarded lately, all encodings */
};

#define WORKER_TOLD_NOTHING (-2)

/* Primary SSRC: names the source in slots and in feedback toward its sender. */
static inline uint32_t media_source_ssrc(const MediaSource *s)
{
    return s->encodings[0].ssrc;
}

/* The encoding that has this eid; NULL: none. */
static inline const RxEncoding *media_source_encoding(const MediaSource *s, unsigned eid)
{
    for (uint8_t i = 0; i < s->n_encodings; i++)
        if (s->encodings[i].eid == eid)
            return &s->encodings[i];
    return NULL;
}

/* NULL: no memory, or impossible (no encoding, SSRC 0). Not yet part of the conference. */
MediaSource *media_source_new(MediaEndpoint *owner, const WorkerSource *spec);
/* True when spec describes the same streams, so that the source can stay as it is. */
bool media_source_matches(const MediaSource *s, const WorkerSource *spec);
void media_source_free(MediaSource *s);

/* Receivers allocate anew when it changed. */
void media_source_set_video_type(MediaSource *s, WorkerVideoType type);
/* Layers as of now, made at most once per call of now_us; before the first packet those that may come. */
const LayerTable *media_source_table(MediaSource *s, int64_t now_us);
/* Receiver's effective height (pixels, 0 nothing, -1 unlimited); tells the sender when the greatest wish changed. */
void media_source_set_demand(MediaSource *s, uint64_t receiver, int32_t max_height);
/* The greatest wish to the sender, whether it changed or not. */
void media_source_tell_demand(MediaSource *s);

#endif
