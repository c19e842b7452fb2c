/* SPDX-License-Identifier: Apache-2.0
 *
 * Bounds-checked big-endian cursor over borrowed bytes. Reading past the end yields 0 and sets `failed`
 * for good, so a parser checks once, at its end. Pure; any thread. */
#ifndef PLENUM_COMMON_RTP_READER_H
#define PLENUM_COMMON_RTP_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    const uint8_t *buf;
    size_t len, pos; /* pos <= len always */
    bool failed;
} Reader;

#define READER(b, n)                                                                                                   \
    {                                                                                                                  \
        .buf = (b), .len = (n)                                                                                         \
    }

static inline size_t reader_left(const Reader *r)
{
    return r->len - r->pos;
}

/* True when n more bytes are there; otherwise the reader has failed. */
static inline bool reader_need(Reader *r, size_t n)
{
    if (r->failed || n > r->len - r->pos)
        r->failed = true;
    return !r->failed;
}

/* The cursor moves only where reader_need is true. */
static inline void reader_skip(Reader *r, size_t n)
{
    if (reader_need(r, n))
        r->pos += n;
}

static inline uint8_t reader_u8(Reader *r)
{
    return reader_need(r, 1) ? r->buf[r->pos++] : 0;
}

static inline uint16_t reader_u16(Reader *r)
{
    if (!reader_need(r, 2))
        return 0;
    const uint8_t *p = r->buf + r->pos;
    r->pos += 2;
    return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t reader_u24(Reader *r)
{
    if (!reader_need(r, 3))
        return 0;
    const uint8_t *p = r->buf + r->pos;
    r->pos += 3;
    return (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];
}

static inline uint32_t reader_u32(Reader *r)
{
    if (!reader_need(r, 4))
        return 0;
    const uint8_t *p = r->buf + r->pos;
    r->pos += 4;
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

#endif
