/* SPDX-License-Identifier: Apache-2.0 */
#include "common/rtp/twcc.h"
#include "common/rtp/reader.h"
#include "common/rtp/rtcp_build.h"

#define MAX_RUN 8191 /* 13 bits */
#define ONE_BIT_SYMBOLS 14
#define TWO_BIT_SYMBOLS 7
#define TICKS_PER_REF (TWCC_REFERENCE_US / TWCC_TICK_US)
#define CHUNK_SIZE 2

enum { LOST, SMALL, LARGE, RESERVED };

/* A chunk is a run (top bit clear), 14 one-bit symbols, or 7 two-bit symbols. */
static uint16_t chunk_symbols(uint16_t chunk)
{
    if (!(chunk & 0x8000))
        return chunk & MAX_RUN;
    return chunk & 0x4000 ? TWO_BIT_SYMBOLS : ONE_BIT_SYMBOLS;
}

/* The symbol when `left` of them, this one included, are still to come. */
static unsigned chunk_symbol(uint16_t chunk, uint16_t left)
{
    if (!(chunk & 0x8000))
        return chunk >> 13 & 3;
    return chunk & 0x4000 ? chunk >> 2 * (left - 1) & 3 : chunk >> (left - 1) & 1;
}

bool twcc_parse(const uint8_t *buf, const RtcpPacket *p, TwccView *out)
{
    if (p->pt != RTCP_PT_RTPFB || p->count != RTCP_RTPFB_TRANSPORT_CC)
        return false;
    Reader r = READER(buf, p->body_off + p->body_len);
    r.pos = p->body_off;
    TwccView v = { .sender_ssrc = reader_u32(&r),
                   .media_ssrc = reader_u32(&r),
                   .base_seq = reader_u16(&r),
                   .status_count = reader_u16(&r) };
    uint32_t ref = reader_u24(&r);
    v.reference_time = ref & 0x800000 ? (int32_t)ref - 0x1000000 : (int32_t)ref;
    v.feedback_count = reader_u8(&r);
    v.chunks_off = r.pos;
    size_t deltas_len = 0;
    for (uint32_t left = v.status_count; left > 0 && !r.failed;) {
        uint16_t chunk = reader_u16(&r), n = chunk_symbols(chunk);
        uint32_t used = n < left ? n : left;
        if (!(chunk & 0x8000)) {
            unsigned symbol = chunk_symbol(chunk, 1);
            if (symbol == RESERVED)
                return false;
            deltas_len += (size_t)symbol * used;
            v.received_count += symbol ? used : 0;
        } else {
            for (uint32_t i = 0; i < used; i++) {
                unsigned symbol = chunk_symbol(chunk, (uint16_t)(n - i));
                if (symbol == RESERVED)
                    return false;
                deltas_len += symbol;
                v.received_count += symbol != LOST;
            }
        }
        left -= used;
    }
    v.deltas_off = r.pos;
    reader_skip(&r, deltas_len);
    if (r.failed)
        return false;
    v.end = r.pos;
    *out = v;
    return true;
}

void twcc_iter_init(TwccIter *it, const uint8_t *buf, const TwccView *v)
{
    *it = (TwccIter){ .buf = buf,
                      .chunk_pos = v->chunks_off,
                      .delta_pos = v->deltas_off,
                      .end = v->end,
                      .left = v->status_count,
                      .seq = v->base_seq,
                      .arrival_us = (int64_t)v->reference_time * TWCC_REFERENCE_US };
}

bool twcc_iter_next(TwccIter *it, TwccStatus *out)
{
    if (it->left == 0)
        return false;
    while (it->chunk_left == 0) { /* a run of length 0 is odd, but harmless: parse saw that enough chunks follow */
        const uint8_t *p = it->buf + it->chunk_pos;
        it->chunk = (uint16_t)(p[0] << 8 | p[1]);
        it->chunk_left = chunk_symbols(it->chunk);
        it->chunk_pos += 2;
    }
    const uint8_t *p = it->buf + it->delta_pos;
    unsigned symbol = chunk_symbol(it->chunk, it->chunk_left);
    int32_t ticks = symbol == SMALL ? p[0] : symbol == LARGE ? (int16_t)(p[0] << 8 | p[1]) : 0;
    it->delta_pos += symbol; /* its value is the size of its delta */
    it->arrival_us += ticks * TWCC_TICK_US;
    *out = (TwccStatus){
        .seq = it->seq, .received = symbol != LOST, .delta_us = ticks * TWCC_TICK_US, .arrival_us = it->arrival_us
    };
    it->seq++;
    it->chunk_left--;
    it->left--;
    return true;
}

/* The statuses ahead as symbols; stops for good at a delta that does not fit. */
typedef struct {
    const int64_t *arrival_us;
    size_t n, pos;
    int64_t last_tick; /* of the packet received before pos */
} Source;

static int64_t tick_of(int64_t arrival_us)
{
    return arrival_us / TWCC_TICK_US;
}

/* Symbol and delta of the next status, advancing; false at the end. */
static bool source_next(Source *s, unsigned *symbol, int64_t *delta)
{
    if (s->pos == s->n)
        return false;
    *symbol = LOST;
    *delta = 0;
    if (s->arrival_us[s->pos] != TWCC_NOT_RECEIVED) {
        int64_t tick = tick_of(s->arrival_us[s->pos]);
        *delta = tick - s->last_tick;
        if (*delta < INT16_MIN || *delta > INT16_MAX)
            return false;
        *symbol = *delta >= 0 && *delta <= UINT8_MAX ? SMALL : LARGE;
        s->last_tick = tick;
    }
    s->pos++;
    return true;
}

/* Picks the next chunk: as long a run as there is, unless a vector holds more different symbols. Advances `s`
 * over what it covers and takes its bytes, deltas included, from *room; false when no status is left or none
 * fits. */
static bool next_chunk(Source *s, uint16_t *chunk, size_t *room)
{
    unsigned symbols[ONE_BIT_SYMBOLS], symbol;
    Source after[ONE_BIT_SYMBOLS], ahead = *s;
    size_t have = 0, run = 0, deltas_len = 0;
    int64_t delta;
    bool large = false;
    while (have < ONE_BIT_SYMBOLS && source_next(&ahead, &symbols[have], &delta)) {
        large |= symbols[have] == LARGE;
        run += run == have && symbols[have] == symbols[0];
        after[have++] = ahead;
    }
    if (have == 0 || *room < CHUNK_SIZE)
        return false;
    size_t vector = large && have > TWO_BIT_SYMBOLS ? TWO_BIT_SYMBOLS : have;
    if (run >= vector) {
        size_t fits = symbols[0] == LOST ? MAX_RUN : (*room - CHUNK_SIZE) / symbols[0];
        if (fits == 0)
            return false;
        fits = fits < MAX_RUN ? fits : MAX_RUN;
        run = run < fits ? run : fits;
        *s = ahead = after[run - 1];
        while (run < fits && source_next(&ahead, &symbol, &delta) && symbol == symbols[0]) {
            *s = ahead;
            run++;
        }
        *chunk = (uint16_t)(symbols[0] << 13 | run);
        *room -= CHUNK_SIZE + symbols[0] * run;
        return true;
    }
    *chunk = large ? 0xc000 : 0x8000;
    for (size_t i = 0; i < vector; i++) {
        *chunk |=
            (uint16_t)(large ? symbols[i] << 2 * (TWO_BIT_SYMBOLS - 1 - i) : symbols[i] << (ONE_BIT_SYMBOLS - 1 - i));
        deltas_len += symbols[i];
    }
    if (*room < CHUNK_SIZE + deltas_len)
        return false;
    *s = after[vector - 1];
    *room -= CHUNK_SIZE + deltas_len;
    return true;
}

size_t twcc_build(uint8_t *out, size_t cap, const TwccHead *head, const int64_t *arrival_us, size_t n, size_t *consumed)
{
    size_t first = 0;
    *consumed = 0;
    n = n < TWCC_MAX_STATUSES ? n : TWCC_MAX_STATUSES;
    while (first < n && arrival_us[first] == TWCC_NOT_RECEIVED)
        first++;
    if (first == n || cap < TWCC_MIN_SIZE)
        return 0;
    int64_t reference = tick_of(arrival_us[first]) / TICKS_PER_REF;
    Writer w = WRITER(out, cap & ~(size_t)3);
    rtcp_begin(&w, RTCP_PT_RTPFB, RTCP_RTPFB_TRANSPORT_CC);
    writer_u32(&w, head->sender_ssrc);
    writer_u32(&w, head->media_ssrc);
    writer_u16(&w, head->base_seq);
    writer_u16(&w, 0); /* status count: known at the end */
    writer_u24(&w, (uint32_t)reference & 0xffffff);
    writer_u8(&w, head->feedback_count);

    Source start = { arrival_us, n, 0, reference * TICKS_PER_REF }, s = start;
    size_t room = w.cap - w.pos;
    uint16_t chunk;
    while (next_chunk(&s, &chunk, &room))
        writer_u16(&w, chunk);
    size_t taken = s.pos;
    out[14] = (uint8_t)(taken >> 8);
    out[15] = (uint8_t)taken;
    for (s = start; s.pos < taken;) {
        unsigned symbol;
        int64_t delta;
        source_next(&s, &symbol, &delta);
        if (symbol == SMALL)
            writer_u8(&w, (uint8_t)delta);
        else if (symbol == LARGE)
            writer_u16(&w, (uint16_t)delta);
    }
    size_t padding = (4 - w.pos % 4) % 4;
    if (padding) {
        writer_zeros(&w, padding - 1);
        writer_u8(&w, (uint8_t)padding);
        out[0] |= 0x20;
    }
    *consumed = taken;
    return rtcp_finish(&w);
}
