/* SPDX-License-Identifier: Apache-2.0
 *
 * Bounds-checked big-endian writer over a caller's buffer. Writing past the end writes nothing and sets
 * `failed` for good, so a builder checks once, at its end. Pure; any thread. */
#ifndef PLENUM_COMMON_RTP_WRITER_H
#define PLENUM_COMMON_RTP_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct {
    uint8_t *buf;
    size_t cap, pos; /* pos <= cap always */
    bool failed;
} Writer;

#define WRITER(b, n)                                                                                                   \
    {                                                                                                                  \
        .buf = (b), .cap = (n)                                                                                         \
    }

/* True when n more bytes fit; otherwise the writer has failed. */
static inline bool writer_need(Writer *w, size_t n)
{
    if (w->failed || n > w->cap - w->pos)
        w->failed = true;
    return !w->failed;
}

static inline void writer_u8(Writer *w, uint8_t v)
{
    if (writer_need(w, 1))
        w->buf[w->pos++] = v;
}

static inline void writer_u16(Writer *w, uint16_t v)
{
    if (!writer_need(w, 2))
        return;
    w->buf[w->pos++] = (uint8_t)(v >> 8);
    w->buf[w->pos++] = (uint8_t)v;
}

static inline void writer_u24(Writer *w, uint32_t v)
{
    if (!writer_need(w, 3))
        return;
    w->buf[w->pos++] = (uint8_t)(v >> 16);
    w->buf[w->pos++] = (uint8_t)(v >> 8);
    w->buf[w->pos++] = (uint8_t)v;
}

static inline void writer_u32(Writer *w, uint32_t v)
{
    writer_u16(w, (uint16_t)(v >> 16));
    writer_u16(w, (uint16_t)v);
}

/* data may be NULL for n 0; it does not overlap the buffer. */
static inline void writer_bytes(Writer *w, const uint8_t *data, size_t n)
{
    if (!writer_need(w, n) || n == 0)
        return;
    memcpy(w->buf + w->pos, data, n);
    w->pos += n;
}

static inline void writer_zeros(Writer *w, size_t n)
{
    if (!writer_need(w, n) || n == 0)
        return;
    memset(w->buf + w->pos, 0, n);
    w->pos += n;
}

#endif
