/* SPDX-License-Identifier: Apache-2.0
 *
 * Streams with a dependency descriptor (AV1 RTP specification, Appendix A): the layer forwarded is a decode target, and
 * each frame says what it means to it. Frame numbers keep their distances; template ids are moved so that those of
 * the structures one receiver sees one after the other do not overlap. */
#include "bridge/tx/projection_codec.h"

/* Best active target that is not above the wished one; the lowest active one when there is none. */
static unsigned active_target(const DdStructure *s, uint32_t active, unsigned wish)
{
    if (wish >= s->target_count)
        wish = s->target_count - 1u;
    for (unsigned t = wish + 1; t-- > 0;)
        if (active >> t & 1)
            return t;
    for (unsigned t = wish + 1; t < s->target_count; t++)
        if (active >> t & 1)
            return t;
    return wish;
}

/* Whether any frame but a key frame lets a receiver of `from` go over to `to`. */
static bool can_switch(const DdStructure *s, unsigned from, unsigned to)
{
    for (int i = 0; i < s->template_count; i++) {
        const DdTemplate *t = &s->templates[i];
        bool inter_picture = false; /* those of a key picture refer at most to layers below, in the same picture */
        for (int k = 0; k < t->fdiff_count; k++)
            inter_picture |= t->fdiff[k] > t->sid;
        if (inter_picture && dd_dti(t->dti, from) == DTI_SWITCH && dd_dti(t->dti, to) == DTI_SWITCH)
            return true;
    }
    return false;
}

/* `strict`: a frame never seen does not count as forwarded. Those that a late one refers to may have been seen and
 * forgotten since. */
static bool has_references(const Projection *p, const FrameInfo *f, bool late, bool strict)
{
    for (int i = 0; i < f->u.dd.fdiff_count; i++) {
        int64_t id = f->id - f->u.dd.fdiff[i];
        const ProjectionFrame *ref = projection_frame(p, id);
        if (ref ? ref->fate != FATE_FORWARD : strict || (late && projection_forgot(p, id)))
            return false;
    }
    return true;
}

/* Those not seen yet may still come. */
static void await_references(Projection *p, const FrameInfo *f)
{
    for (int i = 0; i < f->u.dd.fdiff_count; i++)
        if (f->id - f->u.dd.fdiff[i] >= p->start_id)
            projection_await(p, f->id - f->u.dd.fdiff[i]);
}

/* The picture has ended for the receiver with a layer below this one. */
static bool is_behind_marker(const Projection *p, const MediaPacket *pkt)
{
    for (int k = 1; k < DD_MAX_SPATIAL; k++) {
        const ProjectionFrame *below = projection_frame(p, pkt->frame.id - k);
        if (below && below->marked && below->ts == pkt->view.ts)
            return true;
    }
    return false;
}

static void new_structure(Projection *p, const FrameInfo *f)
{
    const DdStructure *s = f->structure;
    p->template_shift_before = p->template_shift;
    p->template_since = f->id;
    p->template_offset = s->template_offset;
    p->template_count = s->template_count;
    p->template_shift = (uint8_t)((p->out->next_template_id - s->template_offset) & 63);
    p->out->next_template_id = (uint8_t)((p->out->next_template_id + s->template_count) & 63);
    p->mask_due = true;
}

/* A late key frame that changes nothing about the templates of the frames which have overtaken it. */
static bool repeats_structure(const Projection *p, const FrameInfo *f)
{
    return f->id > p->template_since && f->structure->template_offset == p->template_offset &&
           f->structure->template_count == p->template_count;
}

static bool dd_decide(Projection *p, const MediaPacket *pkt, bool late, int64_t now_us)
{
    const FrameInfo *f = &pkt->frame;
    const DdView *v = &f->u.dd;
    const DdStructure *s = f->structure;
    unsigned dt = late ? projection_layer_then(p, f->id, pkt->view.ts) : p->dt;
    if (!s || (dt >= s->target_count && !f->keyframe)) {
        if (!late)
            projection_want_keyframe(p, now_us); /* the structure was lost */
        return false;
    }
    int aim = LAYER_EID(p->unit_target);
    unsigned wish = p->eid < aim ? DD_MAX_TARGETS - 1 : p->eid > aim ? 0 : (unsigned)LAYER_TARGET(p->unit_target);
    unsigned wanted = active_target(s, f->active_targets, wish);
    if (late && f->keyframe && !repeats_structure(p, f))
        return false; /* frames after it were numbered and judged without it */
    if (f->keyframe && !late) {
        p->dt = (uint8_t)wanted;
        new_structure(p, f);
    } else if (!late && wanted != p->dt && !p->unit_marked) {
        if (dd_dti(v->dti, wanted) == DTI_SWITCH && has_references(p, f, late, true)) {
            p->dt = (uint8_t)wanted;
            p->mask_due = true;
        } else if (!can_switch(s, p->dt, wanted)) {
            projection_want_keyframe(p, now_us);
        }
    }
    DdIndication dti = dd_dti(v->dti, late ? dt : p->dt);
    if (late && is_behind_marker(p, pkt))
        return false;
    if (dti == DTI_NOT_PRESENT || (!late && p->eid > aim && dti == DTI_DISCARDABLE))
        return false;
    if (has_references(p, f, late, false)) {
        await_references(p, f);
        return true;
    }
    if (dti != DTI_DISCARDABLE && !late)
        projection_want_keyframe(p, now_us);
    return false;
}

static void dd_begin(Projection *p, const MediaPacket *pkt)
{
    const FrameInfo *f = &pkt->frame;
    seq_map_start(&p->pics, f->id, projection_first(p->out->last_frame_number, f->id));
    p->template_shift = 0;
}

/* Targets the receiver can still decode: no layer above the forwarded one. */
static uint32_t target_mask(const FrameInfo *f, unsigned dt)
{
    const DdStructure *s = f->structure;
    uint32_t mask = 0;
    for (unsigned t = 0; t < s->target_count; t++)
        if (s->target_sid[t] <= s->target_sid[dt] && s->target_tid[t] <= s->target_tid[dt])
            mask |= 1u << t;
    return mask & f->active_targets;
}

static bool dd_write(Projection *p, const MediaPacket *pkt, ProjectedPacket *out)
{
    const FrameInfo *f = &pkt->frame;
    const DdView *v = &f->u.dd;
    const MediaExtPos *ext = &pkt->ext[MEDIA_EXT_DEPENDENCY_DESCRIPTOR];
    const ProjectionFrame *frame = projection_frame(p, f->id);
    unsigned dt = frame ? frame->layer : p->dt;
    int64_t number;
    if (!f->structure || dt >= f->structure->target_count || !seq_map_accept(&p->pics, f->id, &number))
        return false;
    DdRewrite rw = { .frame_number = (uint16_t)number };
    rw.template_delta = f->id >= p->template_since ? p->template_shift : p->template_shift_before;
    if (v->has_structure || v->has_active_mask || (p->mask_due && v->start)) {
        uint32_t all = f->structure->target_count < 32 ? (1u << f->structure->target_count) - 1 : UINT32_MAX;
        rw.mask = target_mask(f, dt);
        rw.write_mask = !v->has_structure || rw.mask != all; /* a new structure begins with all of them */
        p->mask_due &= dt != p->dt;                          /* a late frame tells of what was */
    }
    size_t len = dd_rewrite(pkt->data + ext->off, ext->len, v, &rw, out->dd, sizeof(out->dd));
    if (len == 0)
        return false;
    out->dd_len = (uint8_t)len;
    if (f->end && f->sid == f->structure->target_sid[dt])
        out->marker = 1;
    projection_raise(&p->out->last_frame_number, rw.frame_number, 16);
    return true;
}

static bool dd_is_missed(const Projection *p, const MediaPacket *pkt)
{
    return projection_awaits(p, pkt->frame.id);
}

static uint8_t dd_layer(const Projection *p, const MediaPacket *pkt)
{
    return p->dt;
}

const ProjectionCodec projection_dd = { dd_decide, dd_write, dd_begin, dd_is_missed, dd_layer, 0 };
