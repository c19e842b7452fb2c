/* SPDX-License-Identifier: Apache-2.0 */
#include "common/rtp/red.h"
#include "common/rtp/reader.h"

bool red_primary(const uint8_t *payload, size_t len, RedPrimary *out)
{
    Reader r = READER(payload, len);
    RedPrimary v = { 0 };
    size_t redundant_len = 0;
    uint8_t head = reader_u8(&r);
    while (head & 0x80) { /* F: this block is redundant, three bytes more of header, then another block */
        redundant_len += reader_u24(&r) & 0x3ff;
        if (++v.redundant_count >= RED_MAX_BLOCKS)
            return false;
        head = reader_u8(&r);
    }
    reader_skip(&r, redundant_len);
    if (r.failed)
        return false;
    v.pt = head;
    v.off = r.pos;
    v.len = reader_left(&r);
    *out = v;
    return true;
}
