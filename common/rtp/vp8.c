/* SPDX-License-Identifier: Apache-2.0 */
#include "common/rtp/vp8.h"
#include "common/rtp/reader.h"

/* Frame tag, start code and size of a key frame (RFC 6386 9.1), as far as they are in this packet. */
static void read_size(const uint8_t *p, size_t len, Vp8View *v)
{
    if (len < 10 || p[3] != 0x9d || p[4] != 0x01 || p[5] != 0x2a)
        return;
    v->width = (uint16_t)((p[7] & 0x3f) << 8 | p[6]); /* 14 bits, the upper two are a scale */
    v->height = (uint16_t)((p[9] & 0x3f) << 8 | p[8]);
}

bool vp8_parse(const uint8_t *payload, size_t len, Vp8View *out)
{
    Reader r = READER(payload, len);
    Vp8View v = { 0 };
    uint8_t b = reader_u8(&r), x = b & 0x80 ? reader_u8(&r) : 0;
    v.non_reference = b & 0x20;
    v.start = (b & 0x10) && (b & 0x07) == 0;
    if (x & 0x80) {
        v.picture_id_off = (uint8_t)r.pos;
        v.picture_id = reader_u8(&r);
        v.picture_id_bits = 7;
        if (v.picture_id & 0x80) {
            v.picture_id = (uint16_t)((v.picture_id & 0x7f) << 8 | reader_u8(&r));
            v.picture_id_bits = 15;
        }
    }
    if (x & 0x40) {
        v.has_tl0 = true;
        v.tl0_off = (uint8_t)r.pos;
        v.tl0 = reader_u8(&r);
    }
    if (x & 0x30) { /* one byte for both; each half counts only with its own bit */
        uint8_t t = reader_u8(&r);
        if (x & 0x20) {
            v.has_tid = true;
            v.tid = t >> 6;
            v.layer_sync = t & 0x20;
        }
        if (x & 0x10) {
            v.has_keyidx = true;
            v.keyidx = t & 0x1f;
        }
    }
    if (r.failed || reader_left(&r) == 0)
        return false;
    v.desc_len = (uint8_t)r.pos;
    if (v.start && !(payload[r.pos] & 0x01)) {
        v.keyframe = true;
        read_size(payload + r.pos, len - r.pos, &v);
    }
    *out = v;
    return true;
}
