/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/transport/dtls_record.h"
#include <string.h>
#include "common/rtp/reader.h"

enum { TYPE_CHANGE_CIPHER_SPEC = 20, TYPE_ALERT = 21, TYPE_HANDSHAKE = 22, TYPE_APPLICATION = 23 };
#define HEADER_BYTES 13
#define VERSION_1_0 0xfeff /* in a first ClientHello */
#define VERSION_1_2 0xfefd

size_t dtls_records_filter(const uint8_t *buf, size_t len, uint8_t *out)
{
    Reader r = READER(buf, len);
    size_t kept = 0;
    while (reader_left(&r) > 0) {
        size_t start = r.pos;
        uint8_t type = reader_u8(&r);
        uint16_t version = reader_u16(&r), epoch = reader_u16(&r);
        reader_skip(&r, 6);
        reader_skip(&r, reader_u16(&r));
        if (r.failed)
            break;
        bool known = type >= TYPE_CHANGE_CIPHER_SPEC && type <= TYPE_APPLICATION &&
                     (version == VERSION_1_0 || version == VERSION_1_2);
        if (!known || (type == TYPE_ALERT && epoch == 0))
            continue;
        memcpy(out + kept, buf + start, r.pos - start);
        kept += r.pos - start;
    }
    return kept;
}

bool dtls_record_is_clear_alert(const uint8_t *buf, size_t len)
{
    return len >= HEADER_BYTES && buf[0] == TYPE_ALERT && buf[3] == 0 && buf[4] == 0;
}

const uint8_t *dtls_client_random(const uint8_t *buf, size_t len)
{
    Reader r = READER(buf, len);
    uint8_t type = reader_u8(&r);
    reader_skip(&r, 2);
    uint16_t epoch = reader_u16(&r);
    reader_skip(&r, 8);
    uint8_t message = reader_u8(&r);
    reader_skip(&r, 3);
    uint16_t message_seq = reader_u16(&r);
    uint32_t fragment_off = reader_u24(&r);
    reader_skip(&r, 3 + 2); /* fragment length, client_version */
    size_t at = r.pos;
    reader_skip(&r, DTLS_RANDOM_BYTES);
    if (r.failed || type != TYPE_HANDSHAKE || epoch != 0 || message != 1 || message_seq != 0 || fragment_off != 0)
        return NULL;
    return buf + at;
}
