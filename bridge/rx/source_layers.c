/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include "bridge/rx/source_layers.h"

#define RATE_BUCKETS 4         /* of LAYER_RATE_BUCKETS: the rate follows the last 2 s */
#define RATE_MIN_US 500000     /* a shorter time says nothing about a rate */
#define INTER_LAYER_US 1000000 /* full SVC until so long without inter-layer prediction */

static int find(const SourceLayers *sl, int index)
{
    if (index < 0 || LAYER_EID(index) >= SOURCE_MAX_ENCODINGS)
        return -1;
    return sl->slot[LAYER_EID(index)][index & 63];
}

static void reindex(SourceLayers *sl)
{
    memset(sl->slot, -1, sizeof(sl->slot));
    for (int i = 0; i < sl->count; i++)
        sl->slot[LAYER_EID(sl->layer[i].entry.index)][sl->layer[i].entry.index & 63] = (int8_t)i;
}

/* Layer with this index, added in its place when it is new; -1 when the table is full. */
static int ensure(SourceLayers *sl, int index, unsigned height, float fps)
{
    int i = find(sl, index);
    if (i < 0) {
        if (sl->count == SOURCE_MAX_LAYERS)
            return -1;
        for (i = 0; i < sl->count && sl->layer[i].entry.index < index;)
            i++;
        memmove(&sl->layer[i + 1], &sl->layer[i], (size_t)(sl->count - i) * sizeof(sl->layer[0]));
        memset(&sl->layer[i], 0, sizeof(sl->layer[0]));
        sl->layer[i].entry.index = (int16_t)index;
        sl->count++;
        reindex(sl);
    }
    sl->layer[i].entry.height = (uint16_t)height;
    sl->layer[i].entry.fps = fps;
    return i;
}

static void remove_where(SourceLayers *sl, int eid, unsigned keep_spatial, unsigned keep_temporal,
                         unsigned keep_targets)
{
    int kept = 0;
    for (int i = 0; i < sl->count; i++) {
        int index = sl->layer[i].entry.index;
        bool out = LAYER_EID(index) == eid && (keep_targets ? (unsigned)LAYER_TARGET(index) >= keep_targets
                                                            : (unsigned)LAYER_SID(index) >= keep_spatial ||
                                                                  (unsigned)LAYER_TID(index) >= keep_temporal);
        if (!out)
            sl->layer[kept++] = sl->layer[i];
    }
    sl->count = (uint16_t)kept;
    reindex(sl);
}

static float default_fps(unsigned tid, unsigned temporal)
{
    float fps = 30;
    for (; tid + 1 < temporal; tid++)
        fps /= 2;
    return fps;
}

void source_layers_init(SourceLayers *sl, int encodings)
{
    memset(sl, 0, sizeof(*sl));
    memset(sl->slot, -1, sizeof(sl->slot));
    sl->encodings = encodings < 1 ? 1 : encodings > SOURCE_MAX_ENCODINGS ? SOURCE_MAX_ENCODINGS : encodings;
    for (int e = 0; e < sl->encodings; e++) {
        sl->spatial[e] = 1;
        sl->temporal[e] = 3;
        for (unsigned t = 0; t < 3; t++)
            ensure(sl, LAYER_INDEX(e, 0, (int)t), 180u << e, default_fps(t, 3));
    }
}

/* Brings the layers of one encoding to a grid of spatial x temporal; heights[] may hold 0 for "as before". */
static bool set_grid(SourceLayers *sl, int eid, unsigned spatial, unsigned temporal, const uint16_t *heights)
{
    bool changed = sl->spatial[eid] != spatial || sl->temporal[eid] != temporal || sl->targets[eid];
    if (changed)
        remove_where(sl, eid, spatial, temporal, 0);
    for (unsigned s = 0; s < spatial; s++) {
        for (unsigned t = 0; t < temporal; t++) {
            int index = LAYER_INDEX(eid, (int)s, (int)t), i = find(sl, index);
            unsigned before = i >= 0 ? sl->layer[i].entry.height : 180u << (unsigned)(eid + (int)s);
            unsigned height = heights && heights[s] ? heights[s] : before;
            changed |= i < 0 || height != before;
            ensure(sl, index, height, default_fps(t, temporal));
        }
    }
    sl->spatial[eid] = (uint8_t)spatial;
    sl->temporal[eid] = (uint8_t)temporal;
    sl->targets[eid] = 0;
    return changed;
}

/* Encodings without a packet so far are unused simulcast SSRCs of a sender that makes layers in one stream. */
static bool drop_unseen(SourceLayers *sl)
{
    bool changed = false;
    for (int e = 0; e < sl->encodings; e++)
        if (!sl->seen[e] && sl->spatial[e]) {
            remove_where(sl, e, 0, 0, 0);
            sl->spatial[e] = sl->temporal[e] = 0;
            changed = true;
        }
    return changed;
}

static bool read_vp9(SourceLayers *sl, int eid, const FrameInfo *f, int64_t now_us)
{
    const Vp9View *v = &f->u.vp9;
    bool changed = false;
    if (v->has_ss) {
        uint16_t heights[VP9_MAX_SPATIAL];
        for (int s = 0; s < VP9_MAX_SPATIAL; s++)
            heights[s] = v->ss.width[s] < v->ss.height[s] ? v->ss.width[s] : v->ss.height[s];
        unsigned temporal = v->ss.temporal_count ? v->ss.temporal_count : sl->temporal[eid];
        changed = set_grid(sl, eid, v->ss.spatial_count, temporal ? temporal : 1, heights);
        if (v->ss.spatial_count > 1)
            changed |= drop_unseen(sl);
    } else if (f->tid >= sl->temporal[eid]) { /* flexible mode shows its temporal layers as it goes */
        changed = set_grid(sl, eid, sl->spatial[eid] ? sl->spatial[eid] : 1, f->tid + 1u, NULL);
    }
    if (v->inter_layer && v->inter_picture) {
        sl->inter_layer[eid] = true;
        sl->inter_layer_us[eid] = now_us;
    } else if (now_us - sl->inter_layer_us[eid] > INTER_LAYER_US) {
        sl->inter_layer[eid] = false;
    }
    return changed;
}

static float target_fps(const DdStructure *s, unsigned target)
{
    /* Templates stand for frames of one period: the share of them this target holds, of the most any holds. */
    int own = 0, most = 1;
    for (unsigned t = 0; t < s->target_count; t++) {
        int n = 0;
        for (int i = 0; i < s->template_count; i++)
            n += dd_dti(s->templates[i].dti, t) != DTI_NOT_PRESENT && s->templates[i].sid == s->target_sid[t];
        most = n > most ? n : most;
        own = t == target ? n : own;
    }
    return 30.0f * (float)own / (float)most;
}

static bool read_dd(SourceLayers *sl, int eid, const FrameInfo *f)
{
    const DdStructure *s = f->structure;
    if (!s)
        return false;
    bool changed = false;
    if (f->keyframe || sl->active_targets[eid] != f->active_targets || !sl->targets[eid]) {
        changed = sl->targets[eid] != s->target_count || sl->active_targets[eid] != f->active_targets;
        if (changed)
            remove_where(sl, eid, 0, 0, 0);
        for (unsigned t = 0; t < s->target_count; t++) {
            unsigned sid = s->target_sid[t], height = s->width[sid] < s->height[sid] ? s->width[sid] : s->height[sid];
            if (!height && f->keyframe && s->spatial_count == 1)
                height = f->height;
            if (!(f->active_targets >> t & 1))
                continue;
            int i = find(sl, eid << 6 | (int)t);
            changed |= i < 0 || (height && sl->layer[i].entry.height != height);
            if (!height)
                height = i >= 0 ? sl->layer[i].entry.height : 180u << (unsigned)(eid + (int)sid);
            ensure(sl, eid << 6 | (int)t, height, target_fps(s, t));
        }
        sl->targets[eid] = s->target_count;
        sl->active_targets[eid] = f->active_targets;
        sl->spatial[eid] = s->spatial_count;
        sl->temporal[eid] = 1;
        if (s->spatial_count > 1)
            changed |= drop_unseen(sl);
    }
    return changed;
}

static bool read_layers(SourceLayers *sl, int eid, const FrameInfo *f, int64_t now_us)
{
    uint16_t height = f->height;
    switch ((FrameKind)f->kind) {
    case FRAME_VP8:
        if (f->tid >= sl->temporal[eid])
            return set_grid(sl, eid, 1, f->tid + 1u, height ? &height : NULL);
        return height && set_grid(sl, eid, 1, sl->temporal[eid], &height);
    case FRAME_VP9:
        return read_vp9(sl, eid, f, now_us);
    case FRAME_DD:
        return read_dd(sl, eid, f);
    case FRAME_H264:
    case FRAME_AV1_PLAIN:
        return sl->temporal[eid] != 1 || height ? set_grid(sl, eid, 1, 1, height ? &height : NULL) : false;
    default:
        return false;
    }
}

/* Moves a layer's window on to the bucket of now_us, emptying what was skipped. */
static void roll(SourceLayers *sl, int i, int64_t now_us)
{
    int64_t no = now_us / LAYER_RATE_BUCKET_US, skip = no - sl->layer[i].bucket_no;
    if (skip <= 0)
        return;
    for (int64_t k = 1; k <= skip && k <= LAYER_RATE_BUCKETS; k++)
        sl->layer[i].bytes[(uint64_t)(sl->layer[i].bucket_no + k) % LAYER_RATE_BUCKETS] = 0;
    if (skip >= LAYER_RATE_BUCKETS)
        sl->layer[i].active = false;
    sl->layer[i].bucket_no = no;
}

static bool count_bytes(SourceLayers *sl, int i, size_t len, int64_t now_us)
{
    if (i < 0)
        return false;
    roll(sl, i, now_us);
    bool woke = !sl->layer[i].active;
    if (woke)
        sl->layer[i].first_us = now_us;
    sl->layer[i].active = true;
    sl->layer[i].bytes[(uint64_t)sl->layer[i].bucket_no % LAYER_RATE_BUCKETS] += (uint32_t)len;
    return woke;
}

bool source_layers_packet(SourceLayers *sl, const MediaPacket *pkt)
{
    const FrameInfo *f = &pkt->frame;
    int eid = pkt->eid;
    int64_t now_us = pkt->arrival_us;
    if (eid >= sl->encodings)
        return false;
    bool changed = f->kind != sl->kind[eid] && f->kind != FRAME_OPAQUE;
    if (f->kind != FRAME_OPAQUE)
        sl->kind[eid] = f->kind;
    sl->seen[eid] = true;
    changed |= read_layers(sl, eid, f, now_us);
    if (sl->kind[eid] == FRAME_DD) {
        for (unsigned t = 0; f->kind == FRAME_DD && f->structure && t < f->u.dd.target_count; t++)
            if (dd_dti(f->u.dd.dti, t) != DTI_NOT_PRESENT)
                changed |= count_bytes(sl, find(sl, eid << 6 | (int)t), pkt->len, now_us);
        return changed;
    }
    int sid = f->kind == FRAME_VP9 ? f->sid : 0, tid = f->kind == FRAME_OPAQUE ? 0 : f->tid;
    changed |= count_bytes(sl, find(sl, LAYER_INDEX(eid, sid, tid)), pkt->len, now_us);
    return changed;
}

void source_layers_renumber(SourceLayers *sl, const uint8_t rank[SOURCE_MAX_ENCODINGS])
{
    SourceLayers before = *sl;
    for (int e = 0; e < SOURCE_MAX_ENCODINGS; e++) {
        int to = rank[e];
        sl->kind[to] = before.kind[e];
        sl->seen[to] = before.seen[e];
        sl->spatial[to] = before.spatial[e];
        sl->temporal[to] = before.temporal[e];
        sl->targets[to] = before.targets[e];
        sl->active_targets[to] = before.active_targets[e];
        sl->inter_layer[to] = before.inter_layer[e];
        sl->inter_layer_us[to] = before.inter_layer_us[e];
    }
    sl->count = 0;
    for (int to = 0; to < SOURCE_MAX_ENCODINGS; to++) { /* sorted by index again */
        for (int i = 0; i < before.count; i++) {
            int index = before.layer[i].entry.index;
            if (rank[LAYER_EID(index)] != to)
                continue;
            sl->layer[sl->count] = before.layer[i];
            sl->layer[sl->count++].entry.index = (int16_t)(to << 6 | LAYER_TARGET(index));
        }
    }
    reindex(sl);
}

bool source_layers_tick(SourceLayers *sl, int64_t now_us)
{
    bool changed = false;
    for (int i = 0; i < sl->count; i++) {
        bool before = sl->layer[i].active;
        roll(sl, i, now_us);
        uint64_t sum = 0;
        for (int k = 0; k < LAYER_RATE_BUCKETS; k++)
            sum += sl->layer[i].bytes[k];
        sl->layer[i].active = sum > 0;
        changed |= before && !sl->layer[i].active;
    }
    return changed;
}

/* What came in for this layer alone; 0 once nothing came for the whole window. */
static uint64_t own_rate(const SourceLayers *sl, int i, int64_t now_us)
{
    int64_t now_no = now_us / LAYER_RATE_BUCKET_US;
    uint64_t recent = 0, all = 0;
    for (int k = 0; k < LAYER_RATE_BUCKETS; k++) {
        int64_t no = sl->layer[i].bucket_no - k;
        if (no < 0 || now_no - no >= LAYER_RATE_BUCKETS)
            break;
        uint32_t bytes = sl->layer[i].bytes[(uint64_t)no % LAYER_RATE_BUCKETS];
        all += bytes;
        if (now_no - no <= RATE_BUCKETS)
            recent += bytes;
    }
    if (all == 0)
        return 0;
    int64_t window = RATE_BUCKETS * LAYER_RATE_BUCKET_US + now_us % LAYER_RATE_BUCKET_US;
    int64_t lived = now_us - sl->layer[i].first_us;
    window = lived < window ? lived : window;
    uint64_t rate = recent * 8 * 1000000 / (uint64_t)(window > RATE_MIN_US ? window : RATE_MIN_US);
    return rate > 0 ? rate : 1; /* slow, but alive */
}

/* Temporal layers may be there in name only: a stream without them comes as tid 0, and its receivers get all of it
 * whichever layer they are given. So a layer lives when its spatial layer does. */
static bool layer_lives(const SourceLayers *sl, int index, int64_t now_us)
{
    for (int t = 0; t <= LAYER_TID(index); t++) {
        int k = find(sl, LAYER_INDEX(LAYER_EID(index), LAYER_SID(index), t));
        if (k >= 0 && own_rate(sl, k, now_us) > 0)
            return true;
    }
    return false;
}

/* Everything a receiver of layer i gets. Decode targets are counted whole already. */
static uint64_t full_rate(const SourceLayers *sl, int i, int64_t now_us)
{
    int index = sl->layer[i].entry.index, eid = LAYER_EID(index);
    uint64_t sum = own_rate(sl, i, now_us);
    if (sl->kind[eid] == FRAME_DD)
        return sum;
    if (!layer_lives(sl, index, now_us))
        return 0;
    int lowest_sid = sl->inter_layer[eid] ? 0 : LAYER_SID(index);
    for (int s = lowest_sid; s <= LAYER_SID(index); s++)
        for (int t = 0; t <= LAYER_TID(index); t++) {
            int k = find(sl, LAYER_INDEX(eid, s, t));
            if (k >= 0 && k != i)
                sum += own_rate(sl, k, now_us);
        }
    return sum;
}

static uint32_t clamp_rate(uint64_t rate)
{
    return rate > UINT32_MAX ? UINT32_MAX : (uint32_t)rate;
}

void source_layers_snapshot(const SourceLayers *sl, int64_t now_us, LayerTable *out)
{
    out->count = sl->count;
    for (int i = 0; i < sl->count; i++) {
        out->layer[i] = sl->layer[i].entry;
        out->layer[i].rate_bps = clamp_rate(full_rate(sl, i, now_us));
    }
}

uint32_t source_layers_rate(const SourceLayers *sl, int index, int64_t now_us)
{
    int i = find(sl, index);
    return i < 0 ? 0 : clamp_rate(full_rate(sl, i, now_us));
}
