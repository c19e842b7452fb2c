/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/transport/dcep.h"
#include <string.h>
#include "common/rtp/reader.h"

#define TYPE_ACK 0x02
#define TYPE_OPEN 0x03
#define OPEN_HEADER_BYTES 12

DcepStatus dcep_parse(const uint8_t *buf, size_t len, DcepMessage *out)
{
    Reader r = READER(buf, len);
    DcepMessage m = { .type = DCEP_ACK };
    uint8_t type = reader_u8(&r);
    if (r.failed)
        return DCEP_TRUNCATED;
    if (type == TYPE_ACK) {
        *out = m;
        return DCEP_OK;
    }
    if (type != TYPE_OPEN)
        return DCEP_UNKNOWN_TYPE;
    m.type = DCEP_OPEN;
    m.channel_type = reader_u8(&r);
    m.priority = reader_u16(&r);
    m.reliability = reader_u32(&r);
    m.label_len = reader_u16(&r);
    m.protocol_len = reader_u16(&r);
    m.label_off = r.pos;
    reader_skip(&r, m.label_len);
    m.protocol_off = r.pos;
    reader_skip(&r, m.protocol_len);
    if (m.label_len > DCEP_LABEL_MAX || m.protocol_len > DCEP_LABEL_MAX)
        return DCEP_TOO_LONG;
    if (r.failed)
        return DCEP_TRUNCATED;
    *out = m;
    return DCEP_OK;
}

/* On the wire a text has a length and no end mark. */
static void put_text(uint8_t *to, const char *text, size_t len)
{
    memcpy(to, text, len);
}

size_t dcep_build_open(uint8_t *out, size_t cap, uint8_t channel_type, const char *label, const char *protocol)
{
    size_t label_len = strlen(label), protocol_len = strlen(protocol);
    if (label_len > DCEP_LABEL_MAX || protocol_len > DCEP_LABEL_MAX ||
        cap < OPEN_HEADER_BYTES + label_len + protocol_len)
        return 0;
    memset(out, 0, OPEN_HEADER_BYTES);
    out[0] = TYPE_OPEN;
    out[1] = channel_type;
    out[8] = (uint8_t)(label_len >> 8);
    out[9] = (uint8_t)label_len;
    out[10] = (uint8_t)(protocol_len >> 8);
    out[11] = (uint8_t)protocol_len;
    put_text(out + OPEN_HEADER_BYTES, label, label_len);
    put_text(out + OPEN_HEADER_BYTES + label_len, protocol, protocol_len);
    return OPEN_HEADER_BYTES + label_len + protocol_len;
}

size_t dcep_build_ack(uint8_t *out, size_t cap)
{
    if (cap < 1)
        return 0;
    out[0] = TYPE_ACK;
    return 1;
}
