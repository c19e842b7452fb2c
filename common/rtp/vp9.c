/* SPDX-License-Identifier: Apache-2.0 */
#include "common/rtp/vp9.h"
#include "common/rtp/reader.h"

/* RFC 9628 4.2.1. */
static void read_structure(Reader *r, Vp9Structure *ss)
{
    uint8_t b = reader_u8(r);
    ss->spatial_count = (uint8_t)((b >> 5) + 1);
    for (int i = 0; (b & 0x10) && i < ss->spatial_count; i++) {
        ss->width[i] = reader_u16(r);
        ss->height[i] = reader_u16(r);
    }
    if (!(b & 0x08))
        return;
    ss->group_len = reader_u8(r);
    for (int i = 0; i < ss->group_len && !r->failed; i++) {
        uint8_t g = reader_u8(r);
        if ((g >> 5) + 1 > ss->temporal_count)
            ss->temporal_count = (uint8_t)((g >> 5) + 1);
        reader_skip(r, g >> 2 & 3); /* R reference distances */
    }
}

bool vp9_parse(const uint8_t *payload, size_t len, Vp9View *out)
{
    Reader r = READER(payload, len);
    Vp9View v = { 0 };
    uint8_t b = reader_u8(&r);
    v.inter_picture = b & 0x40;
    v.flexible = b & 0x10;
    v.start = b & 0x08;
    v.end = b & 0x04;
    v.not_ref_upper = b & 0x01;
    if (b & 0x80) {
        v.picture_id_off = (uint8_t)r.pos;
        v.picture_id = reader_u8(&r);
        v.picture_id_bits = 7;
        if (v.picture_id & 0x80) {
            v.picture_id = (uint16_t)((v.picture_id & 0x7f) << 8 | reader_u8(&r));
            v.picture_id_bits = 15;
        }
    }
    if (b & 0x20) {
        uint8_t l = reader_u8(&r);
        v.has_layers = true;
        v.tid = l >> 5;
        v.switching_up = l & 0x10;
        v.sid = l >> 1 & 7;
        v.inter_layer = l & 1;
        if (v.sid == 0)
            v.inter_layer = false; /* nothing lies below */
        if (!v.flexible) {
            v.has_tl0 = true;
            v.tl0_off = (uint8_t)r.pos;
            v.tl0 = reader_u8(&r);
        }
    }
    if (v.flexible && v.inter_picture) {
        uint8_t d;
        do {
            d = reader_u8(&r);
            if (v.p_diff_count == VP9_MAX_REFS)
                return false;
            v.p_diff[v.p_diff_count++] = d >> 1;
        } while (d & 1);
    }
    if (b & 0x02) {
        v.has_ss = true;
        read_structure(&r, &v.ss);
    }
    if (r.failed || reader_left(&r) == 0)
        return false;
    v.desc_len = (uint16_t)r.pos;
    *out = v;
    return true;
}
