/* SPDX-License-Identifier: Apache-2.0
 *
 * Frame of every RTCP builder (RFC 3550 6.4.1): the header first, its length filled in at the end. Pure; any thread. */
/* pt 192..223, count 0..31; `w` stands at its beginning. */
#ifndef PLENUM_COMMON_RTP_RTCP_BUILD_H
#define PLENUM_COMMON_RTP_RTCP_BUILD_H

#include "common/rtp/writer.h"

static inline void rtcp_begin(Writer *w, uint8_t pt, uint8_t count)
{
    writer_u8(w, (uint8_t)(0x80 | count));
    writer_u8(w, pt);
    writer_u16(w, 0);
}

/* The packet started at buf[0] and holds whole words. Returns its length in bytes, 0 if it did not fit. */
static inline size_t rtcp_finish(Writer *w)
{
    if (w->failed || w->pos / 4 - 1 > 0xffff)
        return 0;
    uint16_t words = (uint16_t)(w->pos / 4 - 1);
    w->buf[2] = (uint8_t)(words >> 8);
    w->buf[3] = (uint8_t)words;
    return w->pos;
}

#endif
