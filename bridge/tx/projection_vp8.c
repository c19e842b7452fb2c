/* SPDX-License-Identifier: Apache-2.0
 *
 * VP8 (RFC 7741): temporal layers inside the running encoding; picture ids closed up over rejected frames. */
#include <string.h>
#include "bridge/tx/projection_codec.h"

#define PREDECESSORS 16 /* frames looked back for the one a frame may depend on */

/* A frame of a higher temporal layer may refer to the nearest base frame and, unless it is marked as a layer sync, to
 * the frames of its own and the layers between since that mark: encoders keep a buffer of their own for them. So the
 * nearest of both kinds must have been forwarded. Frames never seen are taken for lost, not for left out. */
static bool has_references(const Projection *p, const FrameInfo *f)
{
    bool has_base = false;
    if (f->u.vp8.layer_sync)
        return true;
    for (int k = 1; k <= PREDECESSORS; k++) {
        const ProjectionFrame *prev = projection_frame(p, f->id - k);
        if (!prev || prev->tid > f->tid || (prev->tid == 0 && has_base))
            continue;
        if (prev->fate != FATE_FORWARD)
            return false;
        if (prev->tid > 0)
            return true;
        has_base = true;
    }
    return true;
}

/* Who refers to whom is not said: any later frame of this layer or one above it may have. */
static bool vp8_is_missed(const Projection *p, const MediaPacket *pkt)
{
    const FrameInfo *f = &pkt->frame;
    for (int k = 1; k <= PREDECESSORS; k++) {
        const ProjectionFrame *next = projection_frame(p, f->id + k);
        if (next && next->fate == FATE_FORWARD && (f->tid == 0 || next->tid >= f->tid))
            return true;
    }
    return false;
}

static bool vp8_decide(Projection *p, const MediaPacket *pkt, bool late, int64_t now_us)
{
    const FrameInfo *f = &pkt->frame;
    int limit = projection_tid_limit(p);
    if (late && f->tid > limit && vp8_is_missed(p, pkt)) /* wanted then, and frames went out upon it */
        limit = projection_layer_then(p, f->id, pkt->view.ts);
    if (f->tid > limit)
        return false;
    if (!late && p->tid > limit)
        p->tid = (uint8_t)limit;
    if (f->tid > 0 && !has_references(p, f))
        return false;
    if (!late && f->tid > p->tid)
        p->tid = f->tid;
    return true;
}

static void vp8_begin(Projection *p, const MediaPacket *pkt)
{
    const FrameInfo *f = &pkt->frame;
    seq_map_start(&p->pics, f->id, projection_first(p->out->last_picture_id, f->id));
    p->tl0_shift = p->out->last_tl0 < 0 ? 0 : (uint8_t)(p->out->last_tl0 + 1 - f->tl0);
}

static bool vp8_write(Projection *p, const MediaPacket *pkt, ProjectedPacket *out)
{
    const Vp8View *v = &pkt->frame.u.vp8;
    int64_t pic;
    if (!seq_map_accept(&p->pics, pkt->frame.id, &pic))
        return false;
    if (v->picture_id_bits == 0 && !v->has_tl0)
        return true;
    memcpy(out->patch, pkt->data + pkt->view.payload_off, v->desc_len);
    out->patch_len = v->desc_len;
    projection_patch_picture_id(p, out, v->picture_id_bits, v->picture_id_off, pic);
    if (v->has_tl0)
        projection_patch_tl0(p, out, v->tl0_off, pkt->frame.tl0);
    return true;
}

static uint8_t vp8_layer(const Projection *p, const MediaPacket *pkt)
{
    return (uint8_t)projection_tid_limit(p);
}

const ProjectionCodec projection_vp8 = { vp8_decide, vp8_write, vp8_begin, vp8_is_missed, vp8_layer, PREDECESSORS };
