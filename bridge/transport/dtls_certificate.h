/* SPDX-License-Identifier: Apache-2.0
 *
 * Our self-signed certificate (P-256), its fingerprint, and the SSL_CTX sessions with it are made from. The key
 * never leaves memory. Counted: transports keep theirs when the context moves on. Control thread. */
#ifndef PLENUM_BRIDGE_TRANSPORT_DTLS_CERTIFICATE_H
#define PLENUM_BRIDGE_TRANSPORT_DTLS_CERTIFICATE_H

#include <openssl/ssl.h>
#include "bridge/transport/dtls.h"

typedef struct {
    SSL_CTX *ssl;
    unsigned refs;
    int64_t created_us;
    char fingerprint[DTLS_FINGERPRINT_TEXT];
} DtlsCertificate;

DtlsCertificate *dtls_certificate_new(int64_t now_us); /* NULL: OpenSSL refused */
/* One reference more, one less: with the last it is freed (NULL is fine). */
DtlsCertificate *dtls_certificate_ref(DtlsCertificate *c);
void dtls_certificate_unref(DtlsCertificate *c);

/* RFC 8122 5. Digest of a certificate as "AB:CD:...", the hash by its SDP name in lower case ("sha-256", -384, -512).
 * False: unknown hash or out too small. */
bool dtls_certificate_digest(const X509 *x, const char *hash, char *out, size_t cap);

/* Bytes of a digest by its SDP name, which is its strength too; 0 for what we do not take. */
unsigned dtls_certificate_hash_bytes(const char *hash);
/* "AB:CD:..." in either case, of so many bytes. */
bool dtls_certificate_value_ok(const char *value, size_t bytes);

#endif
