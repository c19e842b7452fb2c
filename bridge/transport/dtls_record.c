/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/transport/dtls_record.h"
#include <string.h>

#define VERSION_1_0 0xfeff /* in a first ClientHello */
#define VERSION_1_2 0xfefd

bool dtls_record_next(Reader *r, DtlsRecord *out)
{
    if (reader_left(r) <= DTLS_RECORD_HEADER)
        return false;
    out->header = r->buf + r->pos;
    out->type = reader_u8(r);
    reader_skip(r, 2); /* version */
    out->epoch = reader_u16(r);
    reader_skip(r, 6); /* number */
    out->len = reader_u16(r);
    out->body = r->buf + r->pos;
    reader_skip(r, out->len);
    return !r->failed;
}

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
        bool known = type >= DTLS_CHANGE_CIPHER_SPEC && type <= DTLS_APPLICATION &&
                     (version == VERSION_1_0 || version == VERSION_1_2);
        if (!known || (type == DTLS_ALERT && epoch == 0))
            continue;
        memcpy(out + kept, buf + start, r.pos - start);
        kept += r.pos - start;
    }
    return kept;
}

bool dtls_record_is_clear_alert(const uint8_t *buf, size_t len)
{
    return len >= DTLS_RECORD_HEADER && buf[0] == DTLS_ALERT && buf[3] == 0 && buf[4] == 0;
}
