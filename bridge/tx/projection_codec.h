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
    FATE_AWAITED /* not seen yet, but a frame that refers to it has overtaken it and went out */
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
} ProjectionCodec;

extern const ProjectionCodec projection_vp8, projection_vp9, projection_dd;

/* Fate of an earlier frame of this epoch, FATE_UNKNOWN when it was never seen or is forgotten. */
static inline const ProjectionFrame *projection_frame(const Projection *p, int64_t key)
{
    const ProjectionFrame *f = &p->frames[(uint64_t)key % PROJECTION_FRAMES];
    return f->fate != FATE_UNKNOWN && f->fate != FATE_AWAITED && f->key == key ? f : NULL;
}

/* Did a frame that refers to this one, which has not come yet, go out? */
static inline bool projection_awaits(const Projection *p, int64_t key)
{
    const ProjectionFrame *f = &p->frames[(uint64_t)key % PROJECTION_FRAMES];
    return f->fate == FATE_AWAITED && f->key == key;
}

/* A frame that refers to this one goes out. */
static inline void projection_await(Projection *p, int64_t key)
{
    ProjectionFrame *f = &p->frames[(uint64_t)key % PROJECTION_FRAMES];
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
