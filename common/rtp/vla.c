/* SPDX-License-Identifier: Apache-2.0 */
#include "common/rtp/vla.h"

#include "common/rtp/reader.h"

#define LEB128_MAX 5 /* bytes of 32 bits */
#define SIZE_BYTES 5 /* of one layer: width, height, frame rate */

/* Bits of one nibble or pair of bits each, highest first, padded to whole bytes. */
static unsigned read_bits(const uint8_t *bytes, unsigned at, unsigned width)
{
    return bytes[at * width / 8] >> (8 - width - at * width % 8) & ((1u << width) - 1);
}

static const uint8_t *take(Reader *r, size_t n)
{
    const uint8_t *p = r->buf + r->pos;
    reader_skip(r, n);
    return p;
}

static uint32_t read_leb128(Reader *r)
{
    uint64_t v = 0;
    for (unsigned i = 0; i < LEB128_MAX; i++) {
        uint8_t byte = reader_u8(r);
        v |= (uint64_t)(byte & 0x7f) << (7 * i);
        if (!(byte & 0x80))
            return v > UINT32_MAX ? UINT32_MAX : (uint32_t)v;
    }
    r->failed = true;
    return 0;
}

static unsigned read_masks(Reader *r, unsigned shared, unsigned streams, uint8_t mask[VLA_STREAMS])
{
    unsigned n = 0;
    const uint8_t *own = take(r, shared ? 0 : (streams + 1) / 2);
    for (unsigned i = 0; i < streams && !r->failed; i++) {
        mask[i] = (uint8_t)(shared ? shared : read_bits(own, i, 4));
        for (unsigned s = 0; s < VLA_SPATIAL; s++)
            n += mask[i] >> s & 1;
    }
    return n;
}

bool vla_parse(const uint8_t *bytes, size_t len, VlaView *out)
{
    Reader r = READER(bytes, len);
    VlaView v = { 0 };
    VlaLayer *sent[VLA_STREAMS * VLA_SPATIAL];
    uint8_t head = reader_u8(&r), mask[VLA_STREAMS] = { 0 };
    unsigned n = 0;
    if (len == 1 && head == 0) {
        *out = v;
        return true;
    }
    v.stream = head >> 6;
    v.streams = (uint8_t)((head >> 4 & 3) + 1);
    unsigned layers = read_masks(&r, head & 0x0f, v.streams, mask);
    const uint8_t *temporal = take(&r, (layers + 3) / 4);
    if (r.failed || v.stream >= v.streams)
        return false;
    for (unsigned i = 0; i < v.streams; i++)
        for (unsigned s = 0; s < VLA_SPATIAL; s++)
            if (mask[i] >> s & 1) {
                sent[n] = &v.layer[i][s];
                sent[n]->temporal = (uint8_t)(read_bits(temporal, n, 2) + 1);
                n++;
            }
    for (unsigned i = 0; i < n; i++)
        for (unsigned t = 0; t < sent[i]->temporal; t++)
            sent[i]->kbps[t] = read_leb128(&r);
    v.has_sizes = n > 0 && reader_left(&r) >= (size_t)n * SIZE_BYTES;
    for (unsigned i = 0; v.has_sizes && i < n; i++) {
        sent[i]->width = reader_u16(&r);
        sent[i]->height = reader_u16(&r);
        sent[i]->fps = reader_u8(&r);
    }
    if (r.failed)
        return false;
    *out = v;
    return true;
}

bool vla_stream_is_sent(const VlaView *v, unsigned stream)
{
    bool sent = false;
    for (unsigned s = 0; stream < v->streams && s < VLA_SPATIAL; s++) {
        const VlaLayer *l = &v->layer[stream][s];
        sent |= l->temporal > 0 && l->kbps[l->temporal - 1] > 0;
    }
    return sent;
}

unsigned vla_stream_height(const VlaView *v, unsigned stream)
{
    unsigned height = 0;
    for (unsigned s = 0; v->has_sizes && stream < v->streams && s < VLA_SPATIAL; s++) {
        const VlaLayer *l = &v->layer[stream][s];
        unsigned less = l->width < l->height ? l->width : l->height;
        if (l->temporal && less + 1 > height)
            height = less + 1;
    }
    return height;
}
