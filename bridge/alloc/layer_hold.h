/* SPDX-License-Identifier: Apache-2.0
 *
 * Calm between the allocator's wish and what is applied: every raise of a picture's height costs its sender a key
 * frame for all its receivers, and an estimate that swings about a layer's rate would ask for one with each swing.
 *
 *   going down, or the wish of the receiver itself (another constraint, brought on stage)    at once
 *   up, because of bandwidth or a new layer, not on stage    once wanted for LAYER_HOLD_TILE_US without a break
 *   up again after a raise that bandwidth took back within LAYER_HOLD_RELAPSE_US, anywhere   the longer the more often
 *
 *   to nothing, because of bandwidth, on stage    once nothing fitted for LAYER_HOLD_OFF_US; until then the least tall layer
 *
 * What bandwidth shut off entirely comes back by the rule of relapses alone. Owner: one receiver's state of one source.
 * Plain data; any one thread. Pure. */
#ifndef PLENUM_BRIDGE_ALLOC_LAYER_HOLD_H
#define PLENUM_BRIDGE_ALLOC_LAYER_HOLD_H

#include "bridge/alloc/allocator.h"

#define LAYER_HOLD_TILE_US 2000000
#define LAYER_HOLD_RELAPSE_US 10000000 /* a raise that lasted so long was no mistake */
#define LAYER_HOLD_FIRST_US 1000000    /* waited after the first relapse; doubles up to.. */
#define LAYER_HOLD_MOST_US 16000000
#define LAYER_HOLD_OFF_US 3000000  /* while a queue is drained the estimate falls below what the link carries */
#define LAYER_HOLD_WISH_US 5000000 /* a sender may take so long to make a layer that somebody asks for */

/* Start with { .applied = LAYER_SUSPENDED }. */
typedef struct {
    int applied;          /* layer index */
    int max_height;       /* constraint then */
    bool on_stage, known; /* known: applied once */
    int64_t wished_us;    /* the receiver's wish changed */
    int64_t wanted_us;    /* better than applied is wanted since; 0 it is not */
    int64_t raised_us;    /* last raise that was not the receiver's wish; 0 none */
    int64_t wait_us;      /* because of relapses; 0 none */
    int64_t off_us;       /* nothing fits since; 0 something does */
} LayerHold;

/* After allocator_run. Returns the layer to apply, and writes it and its rate to *s, and s->held: the ideal layer was
 * allocated, less is applied for the sake of calm. Where that is more than was
 * allocated, r->target_bps knows. *again_us is when a raise that waits is due, INT64_MAX without. */
int layer_hold_settle(LayerHold *h, AllocSource *s, AllocResult *r, int64_t now_us, int64_t *again_us);

#endif
