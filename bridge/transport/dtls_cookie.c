/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/transport/dtls_cookie.h"

#include "bridge/transport/dtls_record.h"

#include <openssl/crypto.h>
#include <stdbool.h>
#include <string.h>

#define MESSAGE_CLIENT_HELLO 1
#define MESSAGE_VERIFY_REQUEST 3
#define MESSAGE_HEADER 12
#define RANDOM_BYTES 32

/* RFC 6347 4.2.1: version, random, session id, cookie. */
static bool has_cookie(const uint8_t *hello, size_t len, const uint8_t cookie[DTLS_COOKIE_BYTES])
{
    Reader r = READER(hello, len);
    reader_skip(&r, 2 + RANDOM_BYTES);
    reader_skip(&r, reader_u8(&r));
    size_t n = reader_u8(&r), at = r.pos;
    reader_skip(&r, n);
    return !r.failed && n == DTLS_COOKIE_BYTES && CRYPTO_memcmp(hello + at, cookie, n) == 0;
}

static DtlsHello look(const uint8_t *message, size_t len, const uint8_t cookie[DTLS_COOKIE_BYTES])
{
    Reader r = READER(message, len);
    uint8_t type = reader_u8(&r);
    reader_skip(&r, 3);
    uint16_t seq = reader_u16(&r);
    uint32_t off = reader_u24(&r);
    size_t n = reader_u24(&r);
    if (r.failed || type != MESSAGE_CLIENT_HELLO || seq > 1 || n > reader_left(&r))
        return DTLS_HELLO_NONE;
    if (seq == 0)
        return DTLS_HELLO_PLAIN;
    if (off > 0)
        return DTLS_HELLO_NONE;
    return has_cookie(message + MESSAGE_HEADER, n, cookie) ? DTLS_HELLO_COOKIE : DTLS_HELLO_WRONG;
}

DtlsHello dtls_cookie_look(const uint8_t *records, size_t len, const uint8_t cookie[DTLS_COOKIE_BYTES])
{
    Reader r = READER(records, len);
    for (DtlsRecord record; dtls_record_next(&r, &record);) {
        DtlsHello h = dtls_record_is_clear_handshake(&record) ? look(record.body, record.len, cookie) : DTLS_HELLO_NONE;
        if (h != DTLS_HELLO_NONE)
            return h;
    }
    return DTLS_HELLO_NONE;
}

/* Record and message header, everything number 0. Returns where the body goes. */
static uint8_t *put_headers(uint8_t *out, uint8_t minor, uint8_t type, uint8_t len)
{
    memset(out, 0, DTLS_RECORD_HEADER + MESSAGE_HEADER);
    out[0] = DTLS_HANDSHAKE;
    out[1] = 0xfe;
    out[2] = minor;
    out[12] = (uint8_t)(MESSAGE_HEADER + len);
    out[13] = type;
    out[16] = out[24] = len;
    return out + DTLS_RECORD_HEADER + MESSAGE_HEADER;
}

void dtls_cookie_request(const uint8_t cookie[DTLS_COOKIE_BYTES], uint8_t out[DTLS_COOKIE_REQUEST_BYTES])
{
    uint8_t *body = put_headers(out, 0xff, MESSAGE_VERIFY_REQUEST, 3 + DTLS_COOKIE_BYTES);
    body[0] = 0xfe; /* 1.0 whatever will be agreed on (RFC 6347 4.2.1) */
    body[1] = 0xff;
    body[2] = DTLS_COOKIE_BYTES;
    memcpy(body + 3, cookie, DTLS_COOKIE_BYTES);
}

void dtls_cookie_primer(uint8_t out[DTLS_COOKIE_PRIMER_BYTES])
{
    uint8_t *body = put_headers(out, 0xfd, MESSAGE_CLIENT_HELLO, 42);
    memset(body, 0, 42);
    body[0] = 0xfe; /* 1.2 */
    body[1] = 0xfd;
    /* random; no session id, no cookie */
    memcpy(body + 2 + RANDOM_BYTES + 2, (uint8_t[]){ 0, 2, 0xc0, 0x2b, 1, 0 }, 6); /* one cipher, no compression */
}
