/* SPDX-License-Identifier: Apache-2.0
 *
 * What projection.c asks of each codec's part; private to projection*.c. */
#ifndef PLENUM_BRIDGE_TX_PROJECTION_CODEC_H
#define PLENUM_BRIDGE_TX_PROJECTION_CODEC_H

#include "bridge/tx/projection.h"

typedef enum {
    FATE_UNKNOWN,
    FATE_FORWARD,
    FATE_REJECT,
    FATE_AWAITED, /* not seen yet, but a frame that refers to it has overtaken it and went out */
    FATE_MISSED   /* it was awaited, and could not go out when it came */
} ProjectionFate;

typedef struct {
    /* A frame of the running encoding that is seen for the first time: forward it? `late`: newer packets have
     * already been handled, so the running state must not follow this one. */
    bool (*decide)(Projection *p, const MediaPacket *pkt, bool late, int64_t now_us);
    /* Numbers inside payload or extension for a packet that goes out. False: it cannot go out after all. */
    bool (*write)(Projection *p, const MediaPacket *pkt, ProjectedPacket *out);
    /* A new epoch begins with this packet. */
    void (*begin)(Projection *p, const MediaPacket *pkt);
    /* A late frame that does not go out: may frames that did need it? */
    bool (*is_missed)(const Projection *p, const MediaPacket *pkt);
    /* ProjectionFrame.layer of a frame that was decided about in order. */
    uint8_t (*layer)(const Projection *p, const MediaPacket *pkt);
    int reach; /* how many frames behind a late one (VP9: pictures) is_missed looks at */
} ProjectionCodec;

extern const ProjectionCodec projection_vp8, projection_vp9, projection_dd;

/* Frames counted as frames[] has room for them: VP9 pictures have eight layers in their keys, and here those they have had. */
static inline int64_t projection_place(const Projection *p, int64_t key)
{
    return p->kind == FRAME_VP9 ? (key >> 3) * p->sids + (key & 7) : key;
}

static inline size_t projection_slot(const Projection *p, int64_t key)
{
    return (uint64_t)projection_place(p, key) % PROJECTION_FRAMES;
}

/* Fate of an earlier frame of this epoch, FATE_UNKNOWN when it was never seen or is forgotten. */
static inline const ProjectionFrame *projection_frame(const Projection *p, int64_t key)
{
    const ProjectionFrame *f = &p->frames[projection_slot(p, key)];
    return f->fate != FATE_UNKNOWN && f->fate != FATE_AWAITED && f->key == key ? f : NULL;
}

/* Newer frames have taken the place where this one's fate was kept. */
static inline bool projection_forgot(const Projection *p, int64_t key)
{
    const ProjectionFrame *f = &p->frames[projection_slot(p, key)];
    return f->fate != FATE_UNKNOWN && f->key > key;
}

/* ProjectionFrame.layer for a late frame, which is judged as its neighbours were, whatever is aimed for by now: else
 * the picture would be cut in another way than what has gone out of it. First its own picture, then those before. */
static inline uint8_t projection_layer_then(const Projection *p, int64_t key, uint32_t ts)
{
    const ProjectionFrame *before = NULL;
    for (int k = 1; k <= VP9_MAX_SPATIAL || (!before && k < PROJECTION_FRAMES); k++) {
        const ProjectionFrame *near[] = { projection_frame(p, key - k), projection_frame(p, key + k) };
        for (int i = 0; i < 2; i++)
            if (near[i] && near[i]->ts == ts)
                return near[i]->layer;
        if (!before && near[0])
            before = near[0];
    }
    return before ? before->layer : 0;
}

/* Did a frame that refers to this one, which itself has not come or not gone out, go out? */
static inline bool projection_awaits(const Projection *p, int64_t key)
{
    const ProjectionFrame *f = &p->frames[projection_slot(p, key)];
    return (f->fate == FATE_AWAITED || f->fate == FATE_MISSED) && f->key == key;
}

/* A frame that refers to this one goes out. */
static inline void projection_await(Projection *p, int64_t key)
{
    ProjectionFrame *f = &p->frames[projection_slot(p, key)];
    if (f->fate == FATE_UNKNOWN || f->key < key)
        *f = (ProjectionFrame){ .key = key, .fate = FATE_AWAITED };
}

/* Highest temporal layer wanted of the running encoding: all while it is below the one aimed for, the base layer
 * alone while it is above. */
static inline int projection_tid_limit(const Projection *p)
{
    int aim = LAYER_EID(p->unit_target);
    return p->eid < aim ? 7 : p->eid > aim ? 0 : LAYER_TID(p->unit_target);
}

/* A key frame is needed to get nearer to the target, unless one has only just come. */
static inline void projection_want_keyframe(Projection *p, int64_t now_us)
{
    if (now_us - p->group_us > PROJECTION_SWITCH_US)
        p->needs_keyframe = true;
}

/* First number of an epoch: goes on after what the stream sent last, or keeps the sender's at its very first. */
static inline int64_t projection_first(int32_t last, int64_t in)
{
    return last < 0 ? in : (int64_t)last + 1;
}

/* Raises *last to `value` modulo 2^bits when that is newer (bits 1..31). */
static inline void projection_raise(int32_t *last, uint32_t value, unsigned bits)
{
    uint32_t mask = (1u << bits) - 1, ahead = (value - (uint32_t)*last) & mask;
    if (*last < 0 || (ahead != 0 && ahead <= mask / 2))
        *last = (int32_t)(value & mask);
}

/* Puts a picture id of 7 or 15 bits (0: there is none) into the patch, which has the descriptor already. */
static inline void projection_patch_picture_id(Projection *p, ProjectedPacket *out, unsigned bits, unsigned off,
                                               int64_t id)
{
    if (bits == 0)
        return;
    if (bits == 15) {
        out->patch[off] = (uint8_t)(0x80 | (id >> 8 & 0x7f));
        out->patch[off + 1] = (uint8_t)id;
    } else {
        out->patch[off] = id & 0x7f;
    }
    projection_raise(&p->out->last_picture_id, (uint32_t)id, 15);
}

/* Puts TL0PICIDX, the sender's `tl0` shifted, into the patch. */
static inline void projection_patch_tl0(Projection *p, ProjectedPacket *out, unsigned off, uint8_t tl0)
{
    out->patch[off] = (uint8_t)(tl0 + p->tl0_shift);
    projection_raise(&p->out->last_tl0, out->patch[off], 8);
}

#endif
