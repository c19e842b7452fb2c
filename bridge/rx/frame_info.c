/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include "bridge/rx/frame_info.h"

#define PICTURE_JUMP 500 /* more pictures at once: the sender started over */
#define TS_JUMP (500u * 2 * 90000)
#define DD_BITS 16
#define TS_BITS 32

void frame_parser_init(FrameParser *fp)
{
    memset(fp, 0, sizeof(*fp));
}

static uint16_t shorter_side(uint16_t a, uint16_t b)
{
    return a < b ? a : b;
}

/* Turns the sender's own frame number into an id that keeps rising with the sequence numbers. False: an old packet
 * from before a jump, whose place can no longer be told. */
static bool number_frame(FrameParser *fp, uint32_t raw, unsigned bits, int64_t seq, uint32_t ts, FrameInfo *f)
{
    uint32_t mask = bits == TS_BITS ? UINT32_MAX : (1u << bits) - 1;
    uint32_t limit = bits == TS_BITS ? TS_JUMP : bits > 8 ? PICTURE_JUMP : mask;
    int64_t afresh = fp->top_id + 1 + limit; /* so far off that frames from before this one have ids of their own too */
    if (!fp->started || bits != fp->id_bits || f->kind != fp->kind) {
        f->after_reset = fp->started;
        f->id = fp->started ? afresh : raw;
    } else if (seq >= fp->top_seq) {
        uint32_t ahead = (raw - fp->top_raw) & mask;
        f->after_reset = ahead > limit || (ahead == 0 && ts != fp->top_ts);
        f->id = f->after_reset ? afresh : fp->top_id + (int64_t)ahead;
    } else {
        uint32_t behind = (fp->top_raw - raw) & mask;
        f->id = fp->top_id - (int64_t)behind;
        return behind <= limit;
    }
    if (!fp->started || seq >= fp->top_seq || f->after_reset) {
        fp->id_bits = (uint8_t)bits;
        fp->kind = f->kind;
        fp->top_raw = raw;
        fp->top_id = f->id;
    }
    return true;
}

/* After a restart of the sender its TL0PICIDX goes on from the last one sent on. */
static void number_tl0(FrameParser *fp, bool has_tl0, uint8_t raw, FrameInfo *f)
{
    if (!has_tl0)
        return;
    if (f->after_reset && fp->tl0_seen)
        fp->tl0_add = (uint8_t)(fp->top_tl0 + 1 - raw);
    f->tl0 = (uint8_t)(raw + fp->tl0_add);
    if (f->id >= fp->top_id)
        fp->top_tl0 = f->tl0;
    fp->tl0_seen = true;
}

static bool read_vp8(FrameParser *fp, const uint8_t *payload, size_t len, int64_t seq, uint32_t ts, bool marker,
                     FrameInfo *f)
{
    Vp8View *v = &f->u.vp8;
    if (!vp8_parse(payload, len, v))
        return false;
    f->kind = FRAME_VP8;
    f->tid = v->tid;
    f->keyframe = v->keyframe;
    f->start = v->start;
    f->end = marker;
    f->height = shorter_side(v->width, v->height);
    bool numbered = v->picture_id_bits > 0;
    if (!number_frame(fp, numbered ? v->picture_id : ts, numbered ? v->picture_id_bits : TS_BITS, seq, ts, f))
        return false;
    number_tl0(fp, v->has_tl0, v->tl0, f);
    return true;
}

static bool read_vp9(FrameParser *fp, const uint8_t *payload, size_t len, int64_t seq, uint32_t ts, FrameInfo *f)
{
    Vp9View *v = &f->u.vp9;
    if (!vp9_parse(payload, len, v))
        return false;
    f->kind = FRAME_VP9;
    f->sid = v->sid;
    f->tid = v->tid;
    f->keyframe = vp9_is_keyframe(v);
    f->start = v->start;
    f->end = v->end;
    if (v->has_ss)
        f->height = shorter_side(v->ss.width[v->ss.spatial_count - 1], v->ss.height[v->ss.spatial_count - 1]);
    bool numbered = v->picture_id_bits > 0;
    if (!number_frame(fp, numbered ? v->picture_id : ts, numbered ? v->picture_id_bits : TS_BITS, seq, ts, f))
        return false;
    number_tl0(fp, v->has_tl0, v->tl0, f);
    return true;
}

/* The structure carried by the newest packet that is not newer than this one. */
static int structure_before(const FrameParser *fp, int64_t seq)
{
    int best = -1;
    for (int i = 0; i < FRAME_STRUCTURES; i++)
        if (fp->structure_set[i] && fp->structure_seq[i] <= seq &&
            (best < 0 || fp->structure_seq[i] > fp->structure_seq[best]))
            best = i;
    return best;
}

/* Ring position to overwrite: never the one in force for this packet. */
static int structure_victim(const FrameParser *fp, int in_force)
{
    return fp->structure_next != in_force ? fp->structure_next : (in_force + 1) % FRAME_STRUCTURES;
}

static bool read_dd(FrameParser *fp, const uint8_t *dd, size_t dd_len, int64_t seq, uint32_t ts, FrameInfo *f)
{
    DdView *v = &f->u.dd;
    int in_force = structure_before(fp, seq), victim = structure_victim(fp, in_force);
    DdStructure fresh;
    DdStatus status = dd_parse(dd, dd_len, in_force < 0 ? NULL : &fp->structure[in_force], &fresh, v);
    if (status != DD_OK && status != DD_NO_STRUCTURE)
        return false;
    if (status == DD_OK && v->has_structure) {
        if (in_force < 0 || !dd_same_structure(&fp->structure[in_force], &fresh)) {
            fp->structure[victim] = fresh;
            fp->structure_set[victim] = true;
            fp->structure_seq[victim] = seq;
            fp->structure_next = (victim + 1) % FRAME_STRUCTURES;
            in_force = victim;
        }
        fp->active_mask[in_force] = UINT32_MAX;
    }
    f->kind = FRAME_DD;
    f->start = v->start;
    f->end = v->end;
    if (status == DD_OK) {
        f->structure = &fp->structure[in_force];
        if (v->has_active_mask)
            fp->active_mask[in_force] = v->active_mask;
        f->active_targets = fp->active_mask[in_force];
        f->keyframe = v->has_structure;
        f->sid = v->sid;
        f->tid = v->tid;
        if (v->has_structure)
            f->height = shorter_side(fresh.width[fresh.spatial_count - 1], fresh.height[fresh.spatial_count - 1]);
    }
    return number_frame(fp, v->frame_number, DD_BITS, seq, ts, f);
}

/* Frames that only timestamp, marker and payload tell apart. */
static bool read_plain(FrameParser *fp, MediaCodec codec, const uint8_t *payload, size_t len, int64_t seq, uint32_t ts,
                       bool marker, FrameInfo *f)
{
    bool begins = !fp->started || (seq == fp->top_seq + 1 && (fp->top_end || ts != fp->top_ts));
    f->end = marker;
    if (codec == CODEC_H264) {
        H264View *v = &f->u.h264;
        if (!h264_parse(payload, len, v))
            return false;
        f->kind = FRAME_H264;
        f->start = v->starts_au && (begins || v->has_sps);
        f->keyframe = v->has_sps || (v->has_idr && v->starts_nal);
        f->height = shorter_side(v->width, v->height);
    } else {
        Av1Aggregation a;
        if (!av1_aggregation_parse(payload, len, &a))
            return false;
        f->kind = FRAME_AV1_PLAIN;
        f->start = a.new_sequence || (begins && !a.continues);
        f->keyframe = a.new_sequence;
    }
    return number_frame(fp, ts, TS_BITS, seq, ts, f);
}

/* Chromium leaves out everything a dependency descriptor says as well: VP8 then has no numbers of its own. */
static bool read_vpx(FrameParser *fp, MediaCodec codec, const uint8_t *payload, size_t len, int64_t seq, uint32_t ts,
                     bool marker, const uint8_t *dd, size_t dd_len, FrameInfo *f)
{
    Vp8View vp8;
    Vp9View vp9;
    bool bare = codec == CODEC_VP8 ? vp8_parse(payload, len, &vp8) && !vp8.picture_id_bits
                                   : vp9_parse(payload, len, &vp9) && !vp9.picture_id_bits;
    if (!bare)
        return codec == CODEC_VP8 ? read_vp8(fp, payload, len, seq, ts, marker, f)
                                  : read_vp9(fp, payload, len, seq, ts, f);
    if (!read_dd(fp, dd, dd_len, seq, ts, f))
        return false;
    if (codec == CODEC_VP8 && !f->height)
        f->height = shorter_side(vp8.width, vp8.height);
    return true;
}

static bool read_codec(FrameParser *fp, MediaCodec codec, const uint8_t *payload, size_t len, int64_t seq, uint32_t ts,
                       bool marker, const uint8_t *dd, size_t dd_len, FrameInfo *f)
{
    switch (codec) {
    case CODEC_VP8:
        if (dd && dd_len)
            return read_vpx(fp, codec, payload, len, seq, ts, marker, dd, dd_len, f);
        return read_vp8(fp, payload, len, seq, ts, marker, f);
    case CODEC_VP9:
        if (dd && dd_len)
            return read_vpx(fp, codec, payload, len, seq, ts, marker, dd, dd_len, f);
        return read_vp9(fp, payload, len, seq, ts, f);
    case CODEC_AV1:
    case CODEC_H264:
        return dd && dd_len ? read_dd(fp, dd, dd_len, seq, ts, f)
                            : read_plain(fp, codec, payload, len, seq, ts, marker, f);
    default:
        return false;
    }
}

void frame_parser_read(FrameParser *fp, MediaCodec codec, const uint8_t *payload, size_t len, int64_t seq, uint32_t ts,
                       bool marker, const uint8_t *dd, size_t dd_len, FrameInfo *out)
{
    if (codec != (MediaCodec)fp->codec) { /* structures of another codec mean nothing; numbering goes on */
        memset(fp->structure_set, 0, sizeof(fp->structure_set));
        fp->codec = (uint8_t)codec;
    }
    memset(out, 0, sizeof(*out));
    if (!read_codec(fp, codec, payload, len, seq, ts, marker, dd, dd_len, out)) {
        memset(out, 0, sizeof(*out));
        out->kind = FRAME_OPAQUE;
        return;
    }
    if (!fp->started || seq >= fp->top_seq) {
        fp->top_seq = seq;
        fp->top_ts = ts;
        fp->top_end = marker;
        fp->started = true;
    }
}
