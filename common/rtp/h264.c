/* SPDX-License-Identifier: Apache-2.0 */
#include "common/rtp/h264.h"
#include "common/rtp/reader.h"

enum {
    NAL_SLICE = 1,
    NAL_IDR = 5,
    NAL_SEI = 6,
    NAL_SPS = 7,
    NAL_PPS = 8,
    NAL_AUD = 9,
    NAL_STAP_A = 24,
    NAL_STAP_B = 25,
    NAL_FU_A = 28,
    NAL_FU_B = 29
};

/* Bits of a NAL unit with emulation prevention (00 00 03) taken out. Past the end: zeros and `failed`. */
typedef struct {
    const uint8_t *p;
    size_t len, pos;
    int zeros;
    uint8_t cur, left;
    bool failed;
} NalBits;

static unsigned bit(NalBits *b)
{
    if (b->left == 0) {
        if (b->pos < b->len && b->zeros >= 2 && b->p[b->pos] == 3) {
            b->pos++;
            b->zeros = 0;
        }
        if (b->pos >= b->len) {
            b->failed = true;
            return 0;
        }
        b->cur = b->p[b->pos++];
        b->zeros = b->cur ? 0 : b->zeros + 1;
        b->left = 8;
    }
    return b->cur >> --b->left & 1;
}

static uint32_t bits(NalBits *b, int n)
{
    uint32_t v = 0;
    while (n-- > 0)
        v = v << 1 | bit(b);
    return v;
}

/* ue(v), H.264 9.1. Codes longer than 32 bits are not legal here. */
static uint32_t golomb(NalBits *b)
{
    int zeros = 0;
    while (!bit(b) && !b->failed)
        if (++zeros > 31) {
            b->failed = true;
            return 0;
        }
    return b->failed ? 0 : ((uint32_t)1 << zeros) - 1 + bits(b, zeros);
}

static int32_t golomb_signed(NalBits *b)
{
    uint32_t v = golomb(b);
    return v & 1 ? (int32_t)(v / 2 + 1) : -(int32_t)(v / 2);
}

static void skip_scaling_lists(NalBits *b, int n)
{
    for (int i = 0; i < n && !b->failed; i++) {
        if (!bit(b))
            continue;
        int64_t last = 8, next = 8;
        for (int j = 0; j < (i < 6 ? 16 : 64) && !b->failed; j++) {
            if (next != 0)
                next = (last + golomb_signed(b)) & 0xff;
            last = next ? next : last;
        }
    }
}

/* H.264 7.3.2.1.1: everything up to the frame size. Leaves sizes 0 when it is cut short or absurd. */
static void read_sps(const uint8_t *p, size_t len, H264View *v)
{
    NalBits b = { .p = p, .len = len };
    uint32_t profile = bits(&b, 8), chroma = 1;
    bits(&b, 16); /* constraints, level */
    golomb(&b);   /* id */
    if (profile == 100 || profile == 110 || profile == 122 || profile == 244 || profile == 44 || profile == 83 ||
        profile == 86 || profile == 118 || profile == 128) {
        chroma = golomb(&b);
        if (chroma == 3)
            bit(&b); /* separate planes */
        golomb(&b);
        golomb(&b);
        bit(&b);
        if (bit(&b))
            skip_scaling_lists(&b, chroma == 3 ? 12 : 8);
    }
    golomb(&b);
    uint32_t poc = golomb(&b);
    if (poc == 0) {
        golomb(&b);
    } else if (poc == 1) {
        bit(&b);
        golomb_signed(&b);
        golomb_signed(&b);
        uint32_t n = golomb(&b);
        for (uint32_t i = 0; i < n && i < 256 && !b.failed; i++)
            golomb_signed(&b);
    }
    golomb(&b); /* reference frames */
    bit(&b);
    uint32_t mbs = golomb(&b), map_units = golomb(&b), frame_mbs_only = bit(&b);
    if (!frame_mbs_only)
        bit(&b);
    bit(&b);
    uint32_t crop[4] = { 0 };
    if (bit(&b))
        for (int i = 0; i < 4; i++)
            crop[i] = golomb(&b);
    if (b.failed || mbs >= 1024 || map_units >= 1024)
        return;
    uint64_t unit_x = chroma == 1 || chroma == 2 ? 2 : 1;
    uint64_t unit_y = (chroma == 1 ? 2 : 1) * (2 - frame_mbs_only);
    uint64_t w = 16 * ((uint64_t)mbs + 1), h = 16 * (2 - frame_mbs_only) * ((uint64_t)map_units + 1);
    uint64_t cut_x = unit_x * ((uint64_t)crop[0] + crop[1]), cut_y = unit_y * ((uint64_t)crop[2] + crop[3]);
    if (cut_x >= w || cut_y >= h)
        return;
    v->width = (uint16_t)(w - cut_x);
    v->height = (uint16_t)(h - cut_y);
}

/* One whole NAL unit, or the first part of a fragmented one: `body` follows its header byte. */
static void note_nal(uint8_t type, const uint8_t *body, size_t len, bool first_of_packet, H264View *v)
{
    if (type == NAL_SPS) {
        v->has_sps = true;
        read_sps(body, len, v);
    }
    v->has_pps |= type == NAL_PPS;
    v->has_idr |= type == NAL_IDR;
    if (!first_of_packet)
        return;
    bool first_slice = (type == NAL_SLICE || type == 2 || type == NAL_IDR) && len && (body[0] & 0x80);
    v->starts_au = first_slice || type == NAL_AUD || type == NAL_SPS || type == NAL_SEI;
}

bool h264_parse(const uint8_t *payload, size_t len, H264View *out)
{
    Reader r = READER(payload, len);
    H264View v = { .nal_type = reader_u8(&r) & 0x1f, .starts_nal = true };
    if (v.nal_type == NAL_FU_A || v.nal_type == NAL_FU_B) {
        uint8_t fu = reader_u8(&r), type = fu & 0x1f;
        v.starts_nal = fu & 0x80;
        if (v.nal_type == NAL_FU_B)
            reader_skip(&r, 2); /* decoding order number */
        if (r.failed)
            return false;
        if (v.starts_nal)
            note_nal(type, payload + r.pos, reader_left(&r), true, &v);
        v.has_idr |= type == NAL_IDR;
        v.width = v.height = 0; /* a fragment of an SPS is no SPS */
    } else if (v.nal_type == NAL_STAP_A || v.nal_type == NAL_STAP_B) {
        if (v.nal_type == NAL_STAP_B)
            reader_skip(&r, 2);
        for (bool first = true; reader_left(&r) > 0; first = false) {
            size_t n = reader_u16(&r);
            const uint8_t *nal = payload + r.pos;
            reader_skip(&r, n);
            if (r.failed || n == 0)
                return false;
            note_nal(nal[0] & 0x1f, nal + 1, n - 1, first, &v);
        }
    } else {
        note_nal(v.nal_type, payload + r.pos, reader_left(&r), true, &v);
    }
    if (r.failed)
        return false;
    *out = v;
    return true;
}
