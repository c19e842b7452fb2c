/* SPDX-License-Identifier: Apache-2.0 */
#include <limits.h>
#include <stdlib.h>
#include "bridge/alloc/allocator.h"

#define UNLIMITED_BPS (INT64_MAX / 4)

/* Layers one source may be given, worst first; positions in it are what the loop moves along. */
typedef struct {
    LayerEntry layer[SOURCE_MAX_LAYERS];
    int count, preferred, oversend; /* -1 none */
    int target;
} Candidates;

static int64_t rate(const Candidates *c, int position)
{
    return position < 0 ? 0 : c->layer[position].rate_bps;
}

/* In order of height: by index, as a sender that signals its encodings the other way round (Firefox with the older
 * library) has the tallest first. */
static void add(Candidates *c, const LayerEntry *l)
{
    int at = c->count++;
    for (; at > 0 && c->layer[at - 1].height > l->height; at--)
        c->layer[at] = c->layer[at - 1];
    c->layer[at] = *l;
}

static bool any_active(const LayerTable *t)
{
    for (int i = 0; i < t->count; i++)
        if (t->layer[i].rate_bps > 0)
            return true;
    return false;
}

static bool fits(int height, int max_height)
{
    return max_height < 0 || height <= max_height;
}

static void camera_candidates(Candidates *c, const AllocSource *s)
{
    const LayerTable *t = s->layers;
    bool active = any_active(t), large = s->max_height < 0 || s->max_height > ALLOC_THUMBNAIL_HEIGHT;
    int min_height = INT_MAX, preferred_height = large ? ALLOC_ONSTAGE_HEIGHT : -1;
    float max_fps = 0, preferred_fps = large ? ALLOC_ONSTAGE_FPS : -1;
    for (int i = 0; i < t->count; i++) {
        if (active && t->layer[i].rate_bps == 0)
            continue; /* a lower one that nothing comes in for is no way out */
        min_height = t->layer[i].height < min_height ? t->layer[i].height : min_height;
        max_fps = t->layer[i].fps > max_fps ? t->layer[i].fps : max_fps;
    }
    if (max_fps > 0 && max_fps < preferred_fps)
        preferred_fps = max_fps;
    for (int i = 0; i < t->count; i++) {
        const LayerEntry *l = &t->layer[i];
        bool smooth = l->fps <= 0 || l->fps >= preferred_fps;
        if (active && l->rate_bps == 0)
            continue;
        if (l->height < preferred_height || (fits(l->height, s->max_height) && smooth) || l->height == min_height)
            add(c, l);
    }
    int ceiling = preferred_height > min_height ? preferred_height : min_height;
    for (int i = 0; i < c->count; i++)
        if (c->layer[i].height <= ceiling)
            c->preferred = i;
}

static void screen_candidates(Candidates *c, const AllocSource *s, bool allow_oversend)
{
    const LayerTable *t = s->layers;
    bool active = any_active(t);
    int lowest = -1;
    for (int i = 0; i < t->count; i++) {
        const LayerEntry *l = &t->layer[i];
        if (active && l->rate_bps == 0)
            continue;
        if (lowest < 0 || l->height < lowest)
            lowest = l->height;
        if (fits(l->height, s->max_height))
            add(c, l);
    }
    for (int i = 0; i < t->count && c->count < SOURCE_MAX_LAYERS; i++) { /* all are too tall: the least tall ones */
        const LayerEntry *l = &t->layer[i];
        if (fits(lowest, s->max_height) || l->height != lowest || (active && l->rate_bps == 0))
            continue;
        c->layer[c->count++] = *l;
        if (!s->on_stage && l->fps <= 0)
            break;
    }
    c->preferred = c->count - 1;
    if (!s->on_stage || !allow_oversend)
        return;
    for (int i = 0; i < c->count; i++) {
        const LayerEntry *l = &c->layer[i];
        if (c->oversend < 0 || l->height > c->layer[c->oversend].height ||
            (l->height == c->layer[c->oversend].height && l->rate_bps < c->layer[c->oversend].rate_bps))
            c->oversend = i;
    }
}

static void find_candidates(Candidates *c, const AllocSource *s, bool allow_oversend)
{
    c->count = 0;
    c->preferred = c->oversend = c->target = -1;
    if (s->max_height == 0 || !s->layers || s->layers->count == 0 || !video_type_enabled(s->type))
        return;
    if (s->type == VIDEO_CAMERA)
        camera_candidates(c, s);
    else
        screen_candidates(c, s, allow_oversend);
}

/* One step up for one source. Returns what it costs more than before. */
static int64_t improve(Candidates *c, bool on_stage, int64_t remaining, bool allow_oversend)
{
    int64_t before = rate(c, c->target), max = remaining + before;
    if (c->count == 0)
        return 0;
    if (c->target < 0 && c->preferred >= 0 && on_stage) {
        while (c->target < c->preferred && rate(c, c->target + 1) <= max)
            c->target++;
    } else if (c->target + 1 < c->count && rate(c, c->target + 1) < max) {
        c->target++;
    }
    for (int i = c->count - 1; c->target >= 0 && i > c->target; i--) /* better and no dearer */
        if (rate(c, i) <= rate(c, c->target)) {
            c->target = i;
            i = c->count;
        }
    if (allow_oversend && c->target < c->oversend)
        for (int i = c->oversend; i > c->target; i--)
            if (rate(c, i) <= max + ALLOC_OVERSEND_BPS)
                c->target = i;
    return rate(c, c->target) - before;
}

static void share_out(Candidates *all, const AllocSource *sources, size_t n, const size_t *order, int64_t available,
                      bool *oversending)
{
    int64_t remaining = available, before;
    do {
        before = remaining;
        for (size_t k = 0; k < n; k++) {
            const AllocSource *s = &sources[order[k]];
            Candidates *c = &all[k];
            if (s->max_height == 0)
                continue;
            remaining -= improve(c, s->on_stage, remaining, k == 0);
            if (remaining < 0)
                *oversending = true;
            if (s->on_stage && c->target < c->preferred)
                break; /* nobody below gets anything before it has its preferred layer */
        }
    } while (remaining != before);
}

static void write_result(AllocSource *s, const Candidates *c, AllocResult *r)
{
    s->target = c->target >= 0 ? c->layer[c->target].index : LAYER_SUSPENDED;
    s->target_bps = (uint32_t)rate(c, c->target);
    s->ideal = c->count ? c->layer[c->count - 1].index : LAYER_SUSPENDED;
    s->ideal_bps = (uint32_t)rate(c, c->count - 1);
    r->target_bps += s->target_bps;
    r->ideal_bps += s->ideal_bps;
    r->below_ideal |= c->target < c->count - 1;
    if (c->target >= 0) {
        r->forwarded++;
    } else if (s->max_height != 0) { /* priority_arrange has told the reason of the others */
        s->reason = c->count ? FORWARD_BANDWIDTH : FORWARD_NO_PACKETS;
        r->suspended_bandwidth += c->count > 0;
    }
}

AllocResult allocator_run(AllocSource *sources, size_t n, const size_t *order, const AllocParams *params)
{
    AllocResult r = { 0 };
    Candidates *all = n ? malloc(n * sizeof(*all)) : NULL;
    Candidates none = { .preferred = -1, .oversend = -1, .target = -1 };
    for (size_t k = 0; all && k < n; k++)
        find_candidates(&all[k], &sources[order[k]], params->allow_oversend_onstage);
    if (all)
        share_out(all, sources, n, order, params->available_bps < 0 ? UNLIMITED_BPS : params->available_bps,
                  &r.oversending);
    for (size_t k = 0; k < n; k++)
        write_result(&sources[order[k]], all ? &all[k] : &none, &r);
    free(all);
    return r;
}

bool allocator_estimate_changed(int64_t used_bps, int64_t now_bps)
{
    if (used_bps < 0 || now_bps < 0)
        return (used_bps < 0) != (now_bps < 0);
    int64_t moved = now_bps > used_bps ? now_bps - used_bps : used_bps - now_bps;
    return moved > used_bps / 100 * ALLOC_CHANGE_PERCENT;
}
