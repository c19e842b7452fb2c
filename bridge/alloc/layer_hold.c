/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/alloc/layer_hold.h"

/* -1: there is no such layer, or nothing comes in for it. */
static int height(const AllocSource *s, int index)
{
    if (index == LAYER_SUSPENDED)
        return 0;
    for (int i = 0; s->layers && i < s->layers->count; i++)
        if (s->layers->layer[i].index == index && s->layers->layer[i].rate_bps > 0)
            return s->layers->layer[i].height;
    return -1;
}

static bool wish_changed(LayerHold *h, const AllocSource *s)
{
    bool changed = !h->known || h->max_height != s->max_height || h->on_stage != s->on_stage;
    h->known = true;
    h->max_height = s->max_height;
    h->on_stage = s->on_stage;
    return changed;
}

static int apply(LayerHold *h, int target)
{
    h->applied = target;
    h->wanted_us = 0;
    return target;
}

static int least(const AllocSource *s)
{
    const LayerEntry *best = NULL;
    for (int i = 0; s->layers && i < s->layers->count; i++) {
        const LayerEntry *l = &s->layers->layer[i];
        if (l->rate_bps > 0 && (!best || l->height < best->height))
            best = l;
    }
    return best ? best->index : LAYER_SUSPENDED;
}

/* Nothing fits what is on stage: not yet for long enough to end the picture. */
static bool hangs_on(LayerHold *h, const AllocSource *s, int64_t now_us, int64_t *again_us)
{
    if (s->target >= 0 || s->reason != FORWARD_BANDWIDTH || !s->on_stage || h->applied < 0) {
        h->off_us = 0;
        return false;
    }
    if (h->off_us == 0)
        h->off_us = now_us > 0 ? now_us : 1;
    *again_us = h->off_us + LAYER_HOLD_OFF_US;
    return now_us < *again_us;
}

static int lower(LayerHold *h, const AllocSource *s, int64_t now_us)
{
    bool relapse = h->raised_us > 0 && now_us - h->raised_us < LAYER_HOLD_RELAPSE_US && s->target != s->ideal;
    if (relapse)
        h->wait_us = h->wait_us == 0                       ? LAYER_HOLD_FIRST_US
                     : h->wait_us * 2 < LAYER_HOLD_MOST_US ? h->wait_us * 2
                                                           : LAYER_HOLD_MOST_US;
    h->raised_us = 0;
    return apply(h, s->target);
}

static int settle(LayerHold *h, const AllocSource *s, int64_t now_us, int64_t *again_us)
{
    *again_us = INT64_MAX;
    if (h->raised_us > 0 && now_us - h->raised_us >= LAYER_HOLD_RELAPSE_US)
        h->wait_us = 0;
    if (wish_changed(h, s)) {
        h->wished_us = now_us;
        h->raised_us = 0;
        return apply(h, s->target);
    }
    if (hangs_on(h, s, now_us, again_us)) {
        h->wanted_us = 0;
        return h->applied = least(s);
    }
    *again_us = INT64_MAX;
    int before = height(s, h->applied), after = height(s, s->target);
    if (s->target < 0 || (before > 0 && after > 0 && after < before))
        return lower(h, s, now_us);
    if (before < 0 || after < 0 || after == before)
        return apply(h, s->target);
    bool shut_off = h->applied == LAYER_SUSPENDED, wished = now_us - h->wished_us < LAYER_HOLD_WISH_US;
    int64_t wait_us = s->on_stage || shut_off || wished ? 0 : LAYER_HOLD_TILE_US;
    if (h->wait_us > wait_us)
        wait_us = h->wait_us;
    if (h->wanted_us == 0)
        h->wanted_us = now_us > 0 ? now_us : 1;
    if (now_us - h->wanted_us < wait_us) {
        *again_us = h->wanted_us + wait_us;
        return h->applied;
    }
    h->raised_us = now_us > 0 ? now_us : 1;
    return apply(h, s->target);
}

int layer_hold_settle(LayerHold *h, AllocSource *s, AllocResult *r, int64_t now_us, int64_t *again_us)
{
    int wanted = s->target;
    uint32_t bps = 0;
    s->target = settle(h, s, now_us, again_us);
    for (int i = 0; s->layers && i < s->layers->count; i++)
        if (s->layers->layer[i].index == s->target)
            bps = s->layers->layer[i].rate_bps;
    if (bps > s->target_bps)
        r->target_bps += bps - s->target_bps; /* or padding would fill the same room */
    s->target_bps = bps;
    s->held = wanted == s->ideal && s->target != wanted;
    if (wanted >= 0 && s->target < 0)
        s->reason = s->held ? FORWARD_HOLD : FORWARD_BANDWIDTH;
    return s->target;
}
