/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include "bridge/tx/projection_codec.h"

/* Codecs without layers of their own: every frame of the running encoding goes out, nothing inside is numbered. */
static bool plain_decide(Projection *p, const MediaPacket *pkt, bool late, int64_t now_us)
{
    return true;
}

static bool plain_write(Projection *p, const MediaPacket *pkt, ProjectedPacket *out)
{
    return true;
}

static void plain_begin(Projection *p, const MediaPacket *pkt)
{
}

static bool plain_is_missed(const Projection *p, const MediaPacket *pkt)
{
    return true;
}

static uint8_t plain_layer(const Projection *p, const MediaPacket *pkt)
{
    return 0;
}

static const ProjectionCodec projection_plain = { plain_decide,    plain_write, plain_begin,
                                                  plain_is_missed, plain_layer, 0 };

static const ProjectionCodec *codec_of(const Projection *p)
{
    switch ((FrameKind)p->kind) {
    case FRAME_VP8:
        return &projection_vp8;
    case FRAME_VP9:
        return &projection_vp9;
    case FRAME_DD:
        return &projection_dd;
    default:
        return &projection_plain;
    }
}

static int64_t frame_key(const FrameInfo *f)
{
    return f->kind == FRAME_VP9 ? f->id * 8 + f->sid : f->id;
}

void projection_init(Projection *p, OutStream *out)
{
    memset(p, 0, sizeof(*p));
    p->out = out;
    p->target = LAYER_SUSPENDED;
    p->why_suspended = FORWARD_CAP;
    p->group_us = p->last_packet_us = p->last_accept_us = INT64_MIN / 2;
    for (int i = 0; i < SOURCE_MAX_ENCODINGS; i++)
        p->seen_top[i] = INT64_MIN / 2;
}

/* The epoch is over; going on takes a key frame. */
static void stop(Projection *p)
{
    p->running = false;
    p->needs_keyframe = p->out && p->target >= 0;
}

void projection_set_target(Projection *p, int layer_index, ForwardReason why_suspended)
{
    p->target = layer_index >= 0 ? layer_index : LAYER_SUSPENDED;
    p->why_suspended = why_suspended;
    if (p->target < 0)
        p->needs_keyframe = false; /* a running frame is finished first */
    else if (!p->running)
        p->needs_keyframe = p->out != NULL;
}

void projection_bind(Projection *p, OutStream *out)
{
    if (p->out == out)
        return;
    p->out = out;
    p->ts_known = false;
    stop(p);
    p->tail = false;
}

/* Where timestamps go on: by the sender's clock when the same encoding resumes, otherwise by wall clock. */
static void begin_ts(Projection *p, const MediaPacket *pkt, int64_t now_us)
{
    const OutStream *os = p->out;
    uint32_t expect = out_stream_next_ts(os, now_us), same = pkt->view.ts + p->ts_shift;
    int32_t off = (int32_t)(same - expect);
    bool close = off > -(int32_t)(os->clock_rate / 2) && off < (int32_t)(os->clock_rate / 2);
    if (!(p->ts_known && p->eid == pkt->eid && close && (int32_t)(same - os->last_ts) > 0))
        p->ts_shift = expect - pkt->view.ts;
    p->ts_known = true;
}

static void begin(Projection *p, const MediaPacket *pkt, int64_t now_us)
{
    if (p->running && p->eid != pkt->eid)
        p->seen_top[p->eid] = p->seqs.top_in; /* a late key frame of what was left cannot bring it back */
    begin_ts(p, pkt, now_us);
    /* A frame that was cut off stays recognisable as cut off. */
    seq_map_start(&p->seqs, pkt->seq, p->out->last_seq + 1 + p->out->frame_open);
    p->running = p->tail = true;
    p->needs_keyframe = false;
    p->eid = pkt->eid;
    p->sid = p->tid = p->dt = 0;
    p->other_frames = 0;
    p->start_id = pkt->frame.id;
    p->unit_ts = pkt->view.ts;
    p->unit_target = p->target;
    p->unit_marked = false;
    p->prev_fate = FATE_UNKNOWN;
    p->prev_key = frame_key(&pkt->frame);
    memset(p->frames, 0, sizeof(p->frames));
    codec_of(p)->begin(p, pkt);
}

/* The last step for every packet that goes out. */
static ProjectionVerdict send_out(Projection *p, const MediaPacket *pkt, int64_t seq, int64_t now_us,
                                  ProjectedPacket *out)
{
    OutStream *os = p->out;
    out->ssrc = os->ssrc;
    out->seq = (uint16_t)seq;
    out->ts = pkt->view.ts + p->ts_shift;
    if (seq > os->last_seq || !os->started) {
        os->last_seq = seq;
        os->frame_open = !out->marker;
    }
    if ((int32_t)(out->ts - os->last_ts) > 0 || !os->started) {
        os->last_ts = out->ts;
        os->last_ts_us = now_us;
    }
    os->started = true;
    p->unit_marked |= out->marker && out->ts == p->unit_ts + p->ts_shift;
    p->last_accept_us = now_us;
    return PROJECTION_ACCEPT;
}

/* Else its place among the others is told by time alone. */
static bool is_numbered(const FrameInfo *f)
{
    return f->kind == FRAME_DD || (f->kind == FRAME_VP8 && f->u.vp8.picture_id_bits) ||
           (f->kind == FRAME_VP9 && f->u.vp9.picture_id_bits);
}

/* So far behind that what became of it, or of the frames after it, is forgotten. */
static bool is_forgotten(const Projection *p, const FrameInfo *f)
{
    int64_t key = frame_key(f), behind = projection_place(p, p->prev_key) - projection_place(p, key);
    int reach = codec_of(p)->reach * (f->kind == FRAME_VP9 ? p->sids : 1);
    return is_numbered(f) && (projection_forgot(p, key) || behind + reach >= PROJECTION_FRAMES);
}

/* May a late packet that does not go out leave the receiver something to wait for? */
static bool is_missed(const Projection *p, const MediaPacket *pkt)
{
    return pkt->frame.kind != p->kind || is_forgotten(p, &pkt->frame) || codec_of(p)->is_missed(p, pkt);
}

/* Of a frame that goes out, but what has to be written into this packet is forgotten: as if it had been lost. */
static ProjectionVerdict lose(Projection *p, const MediaPacket *pkt)
{
    int64_t seq;
    if (pkt->seq > p->seqs.top_in)
        seq_map_accept(&p->seqs, pkt->seq, &seq);
    p->needs_keyframe = p->target >= 0;
    return PROJECTION_DROP;
}

/* Not to be sent; nothing is left open where it was in order. */
static ProjectionVerdict leave_out(Projection *p, const MediaPacket *pkt, ProjectedPacket *out)
{
    int64_t seq;
    if (pkt->seq > p->seqs.top_in || !seq_map_accept(&p->seqs, pkt->seq, &seq)) {
        seq_map_withhold(&p->seqs, pkt->seq);
        return PROJECTION_DROP;
    }
    if (is_missed(p, pkt)) { /* better a hole than a picture made of the wrong ones */
        p->needs_keyframe = p->target >= 0;
        return PROJECTION_DROP;
    }
    out->ssrc = p->out->ssrc;
    out->seq = (uint16_t)seq;
    out->ts = pkt->view.ts + p->ts_shift;
    out->marker = out->patch_len = out->dd_len = 0;
    if (seq > p->out->last_seq) /* what came after it in order was left out as well */
        p->out->last_seq = seq;
    return PROJECTION_FILL;
}

/* Far from everything numbered so far: the sender or its receive state started over. */
static bool is_new_stream(const Projection *p, int64_t seq)
{
    int64_t d = seq - p->seqs.top_in;
    return d > PROJECTION_SEQ_JUMP || d < -PROJECTION_SEQ_JUMP;
}

/* A key frame of any encoding came: it begins a group, or belongs to the one that began just before. */
static void note_keyframe(Projection *p, int64_t now_us)
{
    if (now_us - p->group_us > PROJECTION_SWITCH_US)
        p->group_us = now_us;
    p->needs_keyframe = false;
}

/* A packet of an encoding that is not forwarded. Is it the start of a key frame to go on with? */
static bool may_switch(Projection *p, const MediaPacket *pkt, int64_t now_us)
{
    const FrameInfo *f = &pkt->frame;
    int e = pkt->eid;
    if (p->target < 0 || e >= SOURCE_MAX_ENCODINGS)
        return false;
    int aim = LAYER_EID(p->target);
    if (f->kind == FRAME_OPAQUE)
        return e == aim; /* nothing to wait for */
    /* Frames that need this key frame have already been refused, and their numbers would stay open: too late for it. */
    bool missed = pkt->seq <= p->seen_top[e] && p->seen_top[e] - pkt->seq < PROJECTION_SEQ_JUMP;
    if (f->keyframe && f->start && !missed) {
        note_keyframe(p, now_us);
        bool stalled = p->other_frames >= PROJECTION_STALL / 2;
        return e <= aim && (!p->running || e > p->eid || p->eid > aim || stalled);
    }
    if (p->running && f->start && e < p->eid && p->other_frames < PROJECTION_STALL)
        p->other_frames++;
    bool nearer = p->running && ((e > p->eid && e <= aim) || (e < p->eid && e >= aim));
    if (nearer || !p->running || p->other_frames == PROJECTION_STALL)
        projection_want_keyframe(p, now_us);
    return false;
}

static ProjectionVerdict refuse_other(Projection *p, const MediaPacket *pkt)
{
    if (pkt->eid < SOURCE_MAX_ENCODINGS &&
        (pkt->seq > p->seen_top[pkt->eid] || p->seen_top[pkt->eid] - pkt->seq > PROJECTION_SEQ_JUMP))
        p->seen_top[pkt->eid] = pkt->seq;
    return PROJECTION_DROP;
}

/* Nothing can lie between two frames with these keys. */
static bool adjacent(const Projection *p, int64_t key)
{
    if (p->kind == FRAME_VP9)
        return key == p->prev_key + 1 ||
               ((key & 7) == 0 && key >> 3 == (p->prev_key >> 3) + 1 && (p->prev_key & 7) + 1 >= p->layers);
    return key == p->prev_key + 1;
}

/* Numbers missing just before this packet: those that must belong to rejected frames are closed up, the rest
 * are losses and stay visible. What is missing behind a frame that did not end need not be its end: before a key frame
 * Chromium's pacer takes back what it has not sent yet, and the numbers go on with the key frame. */
static void close_holes(Projection *p, const MediaPacket *pkt, int64_t key, ProjectionFate fate)
{
    if (pkt->seq == p->seqs.top_in + 1)
        return;
    bool was_rejected = p->prev_fate == FATE_REJECT, is_rejected = fate == FATE_REJECT;
    if (was_rejected &&
        ((is_rejected && key == p->prev_key) || ((is_rejected || pkt->frame.start) && adjacent(p, key)))) {
        seq_map_withhold_through(&p->seqs, pkt->seq - 1);
        return;
    }
    if (is_rejected && !pkt->frame.start && key != p->prev_key && pkt->seq > p->seqs.top_in + 1)
        seq_map_withhold(&p->seqs, pkt->seq - 1);
}

static ProjectionFate judge(Projection *p, const MediaPacket *pkt, int64_t key, bool late, int64_t now_us)
{
    const FrameInfo *f = &pkt->frame;
    const ProjectionFrame *known = projection_frame(p, key);
    if (known)
        return (ProjectionFate)known->fate;
    if (!late && pkt->view.ts != p->unit_ts) {
        p->unit_ts = pkt->view.ts;
        p->unit_target = p->target;
        p->unit_marked = false;
    }
    bool forward = p->unit_target >= 0 && f->id >= p->start_id && !(late && is_forgotten(p, f)) &&
                   codec_of(p)->decide(p, pkt, late, now_us);
    if (forward && f->keyframe)
        note_keyframe(p, now_us);
    if (!forward && !late && p->kind == FRAME_VP8)
        seq_map_withhold(&p->pics, f->id);
    ProjectionFrame *slot = &p->frames[projection_slot(p, key)];
    ProjectionFate fate = forward ? FATE_FORWARD : projection_awaits(p, key) ? FATE_MISSED : FATE_REJECT;
    if (slot->fate == FATE_UNKNOWN || slot->key <= key)
        *slot =
            (ProjectionFrame){ .key = key,
                               .tid = f->tid,
                               .fate = (uint8_t)fate,
                               .fresh = f->kind == FRAME_VP9 && !f->u.vp9.inter_picture,
                               .layer = late ? projection_layer_then(p, key, pkt->view.ts) : codec_of(p)->layer(p, pkt),
                               .ts = pkt->view.ts };
    return fate;
}

static ProjectionVerdict accept_running(Projection *p, const MediaPacket *pkt, int64_t now_us, ProjectedPacket *out)
{
    const FrameInfo *f = &pkt->frame;
    int64_t key = frame_key(f), seq;
    bool late = pkt->seq <= p->seqs.top_in;
    ProjectionFate fate;
    if (p->prev_fate != FATE_UNKNOWN && key == p->prev_key)
        fate = (ProjectionFate)p->prev_fate;
    else
        fate = judge(p, pkt, key, late, now_us);
    out->marker = pkt->view.marker;
    out->patch_len = out->dd_len = 0;
    bool goes = fate == FATE_FORWARD && codec_of(p)->write(p, pkt, out);
    ProjectionFrame *slot = &p->frames[projection_slot(p, key)];
    if (goes && slot->key == key)
        slot->marked |= out->marker;
    if (!late) {
        close_holes(p, pkt, key, fate);
        p->other_frames = 0;
        p->prev_fate = (uint8_t)fate;
        p->prev_key = key;
        p->prev_end = f->end;
    }
    if (!goes)
        return fate == FATE_FORWARD ? lose(p, pkt) : leave_out(p, pkt, out);
    if (!seq_map_accept(&p->seqs, pkt->seq, &seq))
        return PROJECTION_DROP;
    return send_out(p, pkt, seq, now_us, out);
}

/* What could not be understood, but stands in the middle of a frame that goes out, tears it. */
static ProjectionVerdict refuse_opaque(Projection *p, const MediaPacket *pkt, ProjectedPacket *out)
{
    if (!p->tail || pkt->eid != p->eid)
        return PROJECTION_DROP;
    bool within = p->prev_fate == FATE_FORWARD && !p->prev_end && pkt->seq == p->seqs.top_in + 1;
    return within ? lose(p, pkt) : leave_out(p, pkt, out);
}

static ProjectionVerdict accept_video(Projection *p, const MediaPacket *pkt, int64_t now_us, ProjectedPacket *out)
{
    const FrameInfo *f = &pkt->frame;
    if (f->kind == FRAME_OPAQUE && media_codec_is_video((MediaCodec)pkt->codec)) /* makes no sense */
        return refuse_opaque(p, pkt, out);
    if (pkt->order != p->order) { /* eids mean other encodings now */
        stop(p);
        p->ts_known = p->tail = false;
        p->other_frames = 0;
        for (int i = 0; i < SOURCE_MAX_ENCODINGS; i++)
            p->seen_top[i] = INT64_MIN / 2;
        p->order = pkt->order;
    }
    if (f->kind != p->kind || (p->running && pkt->eid == p->eid && is_new_stream(p, pkt->seq))) {
        stop(p);
        p->ts_known = p->tail = false;
        p->kind = f->kind;
    }
    bool same = p->running && pkt->eid == p->eid;
    if (same && p->target < 0 && pkt->view.ts != p->unit_ts && pkt->seq > p->seqs.top_in) {
        stop(p); /* the picture that was running when the target went away is complete */
        same = false;
    }
    if (same && f->after_reset && f->keyframe && f->start)
        p->running = same = false; /* the sender started over with it: so do the numbers */
    if (same && f->after_reset && pkt->seq > p->seqs.top_in && codec_of(p) != &projection_plain) {
        stop(p); /* its key frame was overtaken, or lost: nothing is known of what this one refers to */
        same = false;
    }
    bool late = p->tail && pkt->eid == p->eid && pkt->seq <= p->seqs.top_in && !is_new_stream(p, pkt->seq);
    if (!same && !late) {
        if (!may_switch(p, pkt, now_us))
            return refuse_other(p, pkt);
        begin(p, pkt, now_us);
    }
    return accept_running(p, pkt, now_us, out);
}

ProjectionVerdict projection_accept(Projection *p, const MediaPacket *pkt, int64_t now_us, ProjectedPacket *out)
{
    p->last_packet_us = now_us;
    if (!p->out)
        return PROJECTION_DROP;
    return accept_video(p, pkt, now_us, out);
}

bool projection_needs_keyframe(const Projection *p)
{
    return p->needs_keyframe && p->target >= 0 && p->out;
}

bool projection_map_sr(const Projection *p, unsigned eid, uint32_t rtp_ts, uint32_t *out_ts)
{
    if (!p->running || !p->out || eid != p->eid)
        return false;
    *out_ts = rtp_ts + p->ts_shift;
    return true;
}

int projection_current_layer(const Projection *p)
{
    if (!p->running || !p->out || p->target < 0)
        return LAYER_SUSPENDED;
    return p->kind == FRAME_DD ? p->eid << 6 | p->dt : LAYER_INDEX(p->eid, p->sid, p->tid);
}

int projection_target(const Projection *p)
{
    return p->target;
}

ForwardReason projection_reason(const Projection *p, int64_t now_us)
{
    if (p->target < 0)
        return p->why_suspended;
    if (!p->out)
        return FORWARD_UNMAPPED;
    if (now_us - p->last_packet_us > PROJECTION_IDLE_US)
        return FORWARD_NO_PACKETS;
    if (p->running && now_us - p->last_accept_us <= PROJECTION_IDLE_US)
        return FORWARD_OK;
    return FORWARD_WAITING_KEYFRAME;
}
