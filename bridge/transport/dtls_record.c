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
