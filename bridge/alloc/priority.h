/* SPDX-License-Identifier: Apache-2.0
 *
 * First half of bandwidth allocation: in which order one receiver's sources are served, and how tall each may be.
 * Plain functions over the caller's arrays; reads no clock. Any one thread. */
#ifndef PLENUM_BRIDGE_ALLOC_PRIORITY_H
#define PLENUM_BRIDGE_ALLOC_PRIORITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "bridge/alloc/last_n.h"
#include "bridge/rx/source_layers.h"
#include "bridge/tx/forward_reason.h"

#define ALLOC_UNLIMITED (-1) /* as height, last-n or bandwidth */

typedef enum { VIDEO_NONE, VIDEO_DISABLED, VIDEO_CAMERA, VIDEO_DESKTOP, VIDEO_DESKTOP_HIGH_FPS } VideoType;

/* Is there a picture to send? */
static inline bool video_type_enabled(VideoType type)
{
    return type >= VIDEO_CAMERA;
}

typedef struct {
    const char *source; /* source name */
    int max_height;     /* pixels; 0 nothing, ALLOC_UNLIMITED */
} VideoConstraint;

/* What a receiver asked for; all strings and arrays borrowed for the call. */
typedef struct {
    int last_n;                                    /* ALLOC_UNLIMITED or >= 0 */
    const char *const *on_stage, *const *selected; /* source names in the client's order */
    size_t on_stage_n, selected_n;
    const VideoConstraint *constraints;
    size_t constraints_n;
    int default_max_height; /* 0 before the first ReceiverVideoConstraints message */
} ReceiverWishes;

/* One source this receiver could get, and what comes out for it. */
typedef struct {
    /* in */
    const char *name;
    VideoType type;
    const LayerTable *layers;
    /* out of priority_arrange */
    int max_height; /* effective: 0 nothing, ALLOC_UNLIMITED */
    bool on_stage;
    /* out of allocator_run */
    int target, ideal; /* layer index or LAYER_SUSPENDED */
    uint32_t target_bps, ideal_bps;
    ForwardReason reason; /* why target is suspended; FORWARD_OK otherwise */
    bool held;            /* layer_hold_settle: the ideal layer was allocated, less is applied */
} AllocSource;

/* `sources` in speech order (most recent dominant speaker's first, owners with enabled video before others), all of
 * other endpoints. Writes the service order, as indexes into sources, to order[n]; fills max_height, on_stage, and
 * reason (FORWARD_CAP, _LAST_N, _SENDER_MUTED, or _OK when wanted). `bridge_last_n`: the smallest of every limit
 * that is not the receiver's own (config, load, conference size, SSRC limit), or ALLOC_UNLIMITED. */
void priority_arrange(AllocSource *sources, size_t n, const ReceiverWishes *wishes, int bridge_last_n, size_t *order);

/* Last-n for a conference of `source_count` + 1: `steps` sorted by size, the entry with the largest size not above it
 * counts. ALLOC_UNLIMITED when none applies. */
int priority_size_limit(const LastNStep *steps, size_t n, size_t source_count);

#endif
