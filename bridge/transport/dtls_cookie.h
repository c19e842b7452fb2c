/* SPDX-License-Identifier: Apache-2.0
 *
 * The cookie exchange of DTLS (RFC 6347 4.2.1): a ClientHello is answered by a HelloVerifyRequest, and counts when it
 * comes again with the cookie from there, which nobody has who only forges the client's address. Costs a round trip, so
 * it is asked for only when two hellos differ. Pure; control thread. */
#ifndef PLENUM_BRIDGE_TRANSPORT_DTLS_COOKIE_H
#define PLENUM_BRIDGE_TRANSPORT_DTLS_COOKIE_H

#include <stddef.h>
#include <stdint.h>

#define DTLS_COOKIE_BYTES 16
#define DTLS_COOKIE_REQUEST_BYTES (13 + 12 + 3 + DTLS_COOKIE_BYTES)
#define DTLS_COOKIE_PRIMER_BYTES (13 + 12 + 42)

typedef enum {
    DTLS_HELLO_NONE,  /* no hello, or a piece of an asked one that does not hold its cookie */
    DTLS_HELLO_PLAIN, /* a first one, or a piece of it */
    DTLS_HELLO_COOKIE,
    DTLS_HELLO_WRONG /* another cookie */
} DtlsHello;

/* What kind of ClientHello these records hold; the first one decides. */
DtlsHello dtls_cookie_look(const uint8_t *records, size_t len, const uint8_t cookie[DTLS_COOKIE_BYTES]);

/* HelloVerifyRequest, a whole datagram. Its record is always number 0, not the hello's as the RFC has it: a number that
 * somebody else chose would put the client's replay window out of reach. */
void dtls_cookie_request(const uint8_t cookie[DTLS_COOKIE_BYTES], uint8_t out[DTLS_COOKIE_REQUEST_BYTES]);

/* The least ClientHello that the library takes for a first one, so that it waits for the second. */
void dtls_cookie_primer(uint8_t out[DTLS_COOKIE_PRIMER_BYTES]);

#endif
