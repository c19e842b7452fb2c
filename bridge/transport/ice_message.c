/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/transport/ice_message.h"
#include "bridge/transport/demux.h"
#include "common/rtp/reader.h"

#define COOKIE 0x2112a442
#define USERNAME_MAX 513 /* RFC 8489 14.3 */

enum {
    ATTR_MAPPED_ADDRESS = 0x0001,
    ATTR_USERNAME = 0x0006,
    ATTR_MESSAGE_INTEGRITY = 0x0008,
    ATTR_ERROR_CODE = 0x0009,
    ATTR_UNKNOWN_ATTRIBUTES = 0x000a,
    ATTR_XOR_MAPPED_ADDRESS = 0x0020,
    ATTR_PRIORITY = 0x0024,
    ATTR_USE_CANDIDATE = 0x0025,
    ATTR_FINGERPRINT = 0x8028,
    ATTR_ICE_CONTROLLED = 0x8029,
    ATTR_ICE_CONTROLLING = 0x802a,
};

typedef struct {
    bool xor_mapped;
    IceMessage m;
} Scan;

static uint64_t read_u64(Reader *r)
{
    uint64_t high = reader_u32(r);
    return high << 32 | reader_u32(r);
}

/* Family and length agree (RFC 8489 14.2). */
static bool address_ok(Reader *r, size_t len)
{
    uint8_t family = (uint8_t)reader_u16(r);
    return (family == 1 && len == 8) || (family == 2 && len == 20);
}

/* One attribute before MESSAGE-INTEGRITY; r covers exactly its value. Of repeated ones the first counts.
 * False: malformed. */
static bool attribute(Scan *s, uint16_t type, size_t off, Reader r)
{
    IceMessage *m = &s->m;
    switch (type) {
    case ATTR_USERNAME:
        if (r.len == 0 || r.len > USERNAME_MAX)
            return false;
        if (m->username_len == 0) {
            m->username_off = off;
            m->username_len = r.len;
        }
        return true;
    case ATTR_PRIORITY:
        if (m->priority == 0)
            m->priority = reader_u32(&r);
        return r.len == 4 && m->priority != 0;
    case ATTR_USE_CANDIDATE:
        m->use_candidate = true;
        return r.len == 0;
    case ATTR_ICE_CONTROLLING:
    case ATTR_ICE_CONTROLLED:
        if (m->controlling || m->controlled)
            return true;
        m->controlling = type == ATTR_ICE_CONTROLLING;
        m->controlled = !m->controlling;
        m->tie_breaker = read_u64(&r);
        return r.len == 8;
    case ATTR_ERROR_CODE: {
        reader_skip(&r, 2);
        unsigned class = reader_u8(&r) & 7, number = reader_u8(&r);
        if (r.failed || class < 3 || class > 6 || number > 99)
            return false;
        if (m->error_code == 0)
            m->error_code = (uint16_t)(class * 100 + number);
        return true;
    }
    case ATTR_XOR_MAPPED_ADDRESS:
        s->xor_mapped = true;
        return address_ok(&r, r.len);
    case ATTR_MAPPED_ADDRESS:
        return address_ok(&r, r.len);
    case ATTR_UNKNOWN_ATTRIBUTES:
        return true;
    default:
        if (type < 0x8000 && m->n_unknown < ICE_UNKNOWN_MAX)
            m->unknown[m->n_unknown++] = type;
        return true;
    }
}

static bool complete(const Scan *s)
{
    const IceMessage *m = &s->m;
    switch (m->type) {
    case ICE_MSG_REQUEST:
        return m->username_len && m->priority;
    case ICE_MSG_SUCCESS:
        return s->xor_mapped;
    default:
        return m->error_code != 0;
    }
}

IceScan ice_message_scan(const uint8_t *buf, size_t len, IceMessage *out)
{
    Reader r = READER(buf, len);
    Scan s = { 0 };
    uint16_t type = reader_u16(&r), body = reader_u16(&r);
    uint32_t cookie = reader_u32(&r);
    reader_skip(&r, ICE_TRANSACTION_BYTES);
    if (r.failed || len > DEMUX_MAX_DATAGRAM || type >> 14 != 0 || cookie != COOKIE || body % 4 != 0 ||
        body != reader_left(&r))
        return ICE_SCAN_MALFORMED;
    switch (type) {
    case 0x0001:
        s.m.type = ICE_MSG_REQUEST;
        break;
    case 0x0101:
        s.m.type = ICE_MSG_SUCCESS;
        break;
    case 0x0111:
        s.m.type = ICE_MSG_ERROR;
        break;
    default:
        return ICE_SCAN_NOT_USED;
    }
    bool integrity = false, fingerprint = false;
    for (unsigned i = 0; reader_left(&r) > 0; i++) {
        uint16_t attr = reader_u16(&r), attr_len = reader_u16(&r);
        size_t off = r.pos;
        reader_skip(&r, ((size_t)attr_len + 3) & ~(size_t)3);
        if (r.failed || i >= ICE_ATTRIBUTES_MAX || fingerprint)
            return ICE_SCAN_MALFORMED;
        if (attr == ATTR_FINGERPRINT) {
            fingerprint = attr_len == 4;
            if (!fingerprint)
                return ICE_SCAN_MALFORMED;
        } else if (integrity) {
            continue; /* not covered by the MAC: as if it were not there */
        } else if (attr == ATTR_MESSAGE_INTEGRITY) {
            integrity = attr_len == 20;
            if (!integrity)
                return ICE_SCAN_MALFORMED;
        } else if (!attribute(&s, attr, off, (Reader)READER(buf + off, attr_len))) {
            return ICE_SCAN_MALFORMED;
        }
    }
    if (!integrity || !fingerprint || !complete(&s))
        return ICE_SCAN_MALFORMED;
    *out = s.m;
    return ICE_SCAN_OK;
}
