/* SPDX-License-Identifier: Apache-2.0
 *
 * VP9 (RFC 9628): spatial and temporal layers of one encoding, SVC with inter-layer prediction on every picture or on
 * key pictures only, flexible mode, and simulcast. Pictures are never closed up, only layer frames inside them, so
 * picture ids keep their distances. */
#include <string.h>
#include "bridge/tx/projection_codec.h"

#define PREDECESSORS 8 /* pictures looked back for the one a frame may depend on */

static const ProjectionFrame *layer_frame(const Projection *p, int64_t id, int sid)
{
    return projection_frame(p, id * 8 + sid);
}

static int aimed_sid(const Projection *p)
{
    int aim = LAYER_EID(p->unit_target);
    int sid = p->eid < aim ? VP9_MAX_SPATIAL - 1 : p->eid > aim ? p->sid : LAYER_SID(p->unit_target);
    return sid < p->layers ? sid : p->layers - 1;
}

/* How a frame is asked about its references. One never seen counts as forwarded, unless STRICT. In order, the running
 * state says whether the base of a layer went out; of a LATE frame's base it knows nothing, and its references may have
 * been seen and forgotten since. */
typedef enum { IN_ORDER, LATE, STRICT } Asked;

/* References inside the same spatial layer, as far as the temporal structure is concerned. */
static bool has_temporal_references(const Projection *p, const FrameInfo *f, Asked how)
{
    const Vp9View *v = &f->u.vp9;
    bool strict = how == STRICT;
    if (v->flexible) {
        for (int i = 0; i < v->p_diff_count; i++) {
            int64_t key = (f->id - v->p_diff[i]) * 8 + f->sid;
            const ProjectionFrame *ref = projection_frame(p, key);
            if (ref ? ref->fate != FATE_FORWARD : strict || (how == LATE && projection_forgot(p, key)))
                return false;
        }
        return true;
    }
    if (!v->inter_picture || (how == IN_ORDER && (f->tid == 0 || v->switching_up)))
        return true;
    for (int k = 1; k <= PREDECESSORS; k++) {
        const ProjectionFrame *prev = layer_frame(p, f->id - k, f->sid);
        if (!prev && (strict || (how == LATE && projection_forgot(p, (f->id - k) * 8 + f->sid))))
            return false;
        if (prev && prev->tid <= (f->tid == 0 || v->switching_up ? 0 : f->tid))
            return prev->fate == FATE_FORWARD;
    }
    return !strict;
}

static bool has_references(const Projection *p, const FrameInfo *f, Asked how)
{
    const Vp9View *v = &f->u.vp9;
    bool strict = how == STRICT;
    if (v->inter_picture && !strict && !(p->forwarded_sids >> f->sid & 1))
        return false;
    if (v->inter_layer) {
        const ProjectionFrame *below = layer_frame(p, f->id, f->sid - 1);
        if (below ? below->fate != FATE_FORWARD : strict || !(p->forwarded_sids >> (f->sid - 1) & 1))
            return false;
    }
    return has_temporal_references(p, f, how);
}

/* Those not seen yet may still come; only flexible mode says which. */
static void await_references(Projection *p, const FrameInfo *f)
{
    const Vp9View *v = &f->u.vp9;
    if (!v->flexible)
        return;
    for (int i = 0; i < v->p_diff_count; i++)
        if (f->id - v->p_diff[i] >= p->start_id)
            projection_await(p, (f->id - v->p_diff[i]) * 8 + f->sid);
    if (v->inter_layer)
        projection_await(p, f->id * 8 + f->sid - 1);
}

/* Moves the running spatial layer when this frame is nearer to the aim and certainly can be decoded: what is missing of
 * a layer that was not forwarded will not go out when it comes. */
static void climb(Projection *p, const FrameInfo *f, int aim, bool can, int64_t now_us)
{
    bool up = f->sid > p->sid && f->sid <= aim, down = f->sid < p->sid && f->sid >= aim;
    if (!up && !down)
        return;
    if (!can && f->start)
        projection_want_keyframe(p, now_us);
    else if (can && !p->unit_marked && has_references(p, f, STRICT))
        p->sid = f->sid;
}

/* The picture has ended for the receiver with a layer below this one. */
static bool is_behind_marker(const Projection *p, const FrameInfo *f)
{
    for (int sid = 0; sid < f->sid; sid++) {
        const ProjectionFrame *below = layer_frame(p, f->id, sid);
        if (below && below->marked)
            return true;
    }
    return false;
}

/* A late base frame does not go out: its layer cannot go on from here, unless it has gone on meanwhile. */
static void leave_out_base(Projection *p, const FrameInfo *f)
{
    for (int k = 1; k <= PREDECESSORS; k++) {
        const ProjectionFrame *next = layer_frame(p, f->id + k, f->sid);
        if (next && next->tid == 0)
            return;
    }
    p->forwarded_sids &= (uint8_t) ~(1u << f->sid);
}

/* A layer comes for the first time: each picture takes more places. */
static void make_room(Projection *p, unsigned sids)
{
    ProjectionFrame old[PROJECTION_FRAMES];
    memcpy(old, p->frames, sizeof(old));
    memset(p->frames, 0, sizeof(p->frames));
    p->sids = (uint8_t)sids;
    for (int i = 0; i < PROJECTION_FRAMES; i++) {
        ProjectionFrame *f = &p->frames[projection_slot(p, old[i].key)];
        if (old[i].fate != FATE_UNKNOWN && (f->fate == FATE_UNKNOWN || f->key < old[i].key))
            *f = old[i];
    }
}

static bool vp9_decide(Projection *p, const MediaPacket *pkt, bool late, int64_t now_us)
{
    const FrameInfo *f = &pkt->frame;
    const Vp9View *v = &f->u.vp9;
    if (f->sid >= p->sids)
        make_room(p, f->sid + 1u);
    if (v->has_ss && !late)
        p->layers = v->ss.spatial_count;
    if (f->keyframe && !late) {
        p->sid = 0;
        p->tid = f->tid;
        p->forwarded_sids = 1;
        p->climbed_id = f->id;
        return true;
    }
    uint8_t then = late ? projection_layer_then(p, f->id * 8 + f->sid, pkt->view.ts) : 0;
    int limit = late ? then & 15 : projection_tid_limit(p), aim = aimed_sid(p);
    if (f->tid > limit)
        return false;
    bool can =
        has_references(p, f, late ? LATE : IN_ORDER) || (late && has_references(p, f, STRICT)); /* now, or then */
    if (!late) {
        if (p->tid > limit)
            p->tid = (uint8_t)limit;
        climb(p, f, aim, can, now_us);
    }
    int sid = late ? then >> 4 : p->sid;
    bool forward = can && (f->sid == sid || (f->sid < sid && !v->not_ref_upper));
    if (forward)
        await_references(p, f);
    if (late) {
        forward = forward && !is_behind_marker(p, f);
        if (!forward && f->tid == 0)
            leave_out_base(p, f);
        return forward;
    }
    if (f->tid == 0)
        p->forwarded_sids = (uint8_t)((p->forwarded_sids & ~(1u << f->sid)) | (unsigned)forward << f->sid);
    if (forward && f->tid > p->tid)
        p->tid = f->tid;
    return forward;
}

static void vp9_begin(Projection *p, const MediaPacket *pkt)
{
    const FrameInfo *f = &pkt->frame;
    seq_map_start(&p->pics, f->id, projection_first(p->out->last_picture_id, f->id));
    p->tl0_shift = p->out->last_tl0 < 0 ? 0 : (uint8_t)(p->out->last_tl0 + 1 - f->tl0);
    p->layers = f->u.vp9.has_layers ? VP9_MAX_SPATIAL : 1; /* until a scalability structure says */
    p->forwarded_sids = 0;
    p->climbed_id = f->id - 1;
    p->sids = f->sid + 1;
}

/* A frame that comes late may lie below one that went out when more was aimed for. */
static bool is_top(const Projection *p, const FrameInfo *f)
{
    for (int sid = f->sid + 1; sid < p->layers; sid++) {
        const ProjectionFrame *above = layer_frame(p, f->id, sid);
        if (above && above->fate == FATE_FORWARD)
            return false;
    }
    return true;
}

static bool vp9_write(Projection *p, const MediaPacket *pkt, ProjectedPacket *out)
{
    const FrameInfo *f = &pkt->frame;
    const Vp9View *v = &f->u.vp9;
    int64_t pic;
    if (!seq_map_accept(&p->pics, f->id, &pic))
        return false;
    /* Leaving out upper layers takes the sender's marker away with them. */
    const ProjectionFrame *frame = layer_frame(p, f->id, f->sid);
    if (f->end && frame && f->sid == frame->layer >> 4 && is_top(p, f))
        out->marker = 1;
    size_t patch = v->tl0_off ? v->tl0_off + 1u : v->picture_id_off ? v->picture_id_off + 2u : 0;
    if (v->picture_id_bits == 7 && !v->tl0_off)
        patch = v->picture_id_off + 1u;
    memcpy(out->patch, pkt->data + pkt->view.payload_off, patch);
    out->patch_len = (uint8_t)patch;
    projection_patch_picture_id(p, out, v->picture_id_bits, v->picture_id_off, pic);
    if (v->has_tl0)
        projection_patch_tl0(p, out, v->tl0_off, f->tl0);
    return true;
}

/* Outside flexible mode who refers to whom is not said: in this spatial layer any later frame of this temporal layer or
 * one above it may have, up to the next key picture, and layers above it of the same picture unless the sender rules
 * that out. */
static bool vp9_is_missed(const Projection *p, const MediaPacket *pkt)
{
    const FrameInfo *f = &pkt->frame;
    if (f->u.vp9.flexible)
        return projection_awaits(p, f->id * 8 + f->sid);
    for (int s = f->sid; s < (f->u.vp9.not_ref_upper ? f->sid + 1 : VP9_MAX_SPATIAL); s++) {
        for (int k = s == f->sid; k <= PREDECESSORS; k++) {
            const ProjectionFrame *next = layer_frame(p, f->id + k, s);
            if (k && next && next->fresh)
                break;
            if (next && next->fate == FATE_FORWARD && (f->tid == 0 || next->tid >= f->tid))
                return true;
        }
    }
    return false;
}

static uint8_t vp9_layer(const Projection *p, const MediaPacket *pkt)
{
    int sid = pkt->frame.id == p->climbed_id ? aimed_sid(p) : p->sid;
    return (uint8_t)(sid << 4 | projection_tid_limit(p));
}

const ProjectionCodec projection_vp9 = { vp9_decide, vp9_write, vp9_begin, vp9_is_missed, vp9_layer, PREDECESSORS };
