/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/transport/demux.h"
#include "common/rtp/reader.h"

#define STUN_HEADER_BYTES 20
#define STUN_BINDING_REQUEST 0x0001
#define STUN_BINDING_SUCCESS 0x0101
#define STUN_BINDING_ERROR 0x0111
#define STUN_ATTR_USERNAME 0x0006
#define PEEK_ATTRIBUTES_MAX 32

static bool is_ice_char(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' || c == '/';
}

/* The part of USERNAME before ':'. */
static bool ufrag_in(const uint8_t *name, size_t len, size_t *ufrag_len)
{
    for (size_t i = 0; i < len && i <= STUN_PEEK_UFRAG_MAX; i++) {
        if (name[i] == ':') {
            *ufrag_len = i;
            return i > 0;
        }
        if (!is_ice_char(name[i]))
            return false;
    }
    return false;
}

StunPeek stun_peek(const uint8_t *buf, size_t len, size_t *ufrag_off, size_t *ufrag_len)
{
    Reader r = READER(buf, len);
    uint16_t type = reader_u16(&r), body = reader_u16(&r);
    reader_skip(&r, STUN_HEADER_BYTES - 4);
    if (r.failed || body % 4 != 0 || body != reader_left(&r))
        return STUN_PEEK_DROP;
    if (type == STUN_BINDING_SUCCESS || type == STUN_BINDING_ERROR)
        return STUN_PEEK_RESPONSE;
    if (type != STUN_BINDING_REQUEST)
        return STUN_PEEK_DROP;
    for (unsigned i = 0; i < PEEK_ATTRIBUTES_MAX && reader_left(&r) >= 4; i++) {
        uint16_t attr = reader_u16(&r), attr_len = reader_u16(&r);
        size_t off = r.pos;
        reader_skip(&r, ((size_t)attr_len + 3) & ~(size_t)3);
        if (r.failed)
            return STUN_PEEK_DROP;
        if (attr == STUN_ATTR_USERNAME) {
            if (!ufrag_in(buf + off, attr_len, ufrag_len))
                return STUN_PEEK_DROP;
            *ufrag_off = off;
            return STUN_PEEK_REQUEST;
        }
    }
    return STUN_PEEK_DROP;
}
