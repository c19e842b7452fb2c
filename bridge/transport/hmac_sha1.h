/* SPDX-License-Identifier: Apache-2.0
 *
 * HMAC-SHA1 (RFC 2104) with both key blocks hashed once: per message two copies of a 96-byte state. OpenSSL's
 * low-level SHA-1 is used on purpose: copying an EVP_MD_CTX allocates in OpenSSL 3.0 and costs 90 ns more per
 * packet. Any thread; const after init. */
#ifndef PLENUM_BRIDGE_TRANSPORT_HMAC_SHA1_H
#define PLENUM_BRIDGE_TRANSPORT_HMAC_SHA1_H

#include <openssl/sha.h>
#include <stddef.h>
#include <stdint.h>

#define HMAC_SHA1_BYTES 20

typedef struct {
    SHA_CTX inner, outer;
} HmacSha1;

/* key_len at most 64 bytes. */
void hmac_sha1_init(HmacSha1 *h, const uint8_t *key, size_t key_len);
/* MAC of a followed by b; either may be empty. */
void hmac_sha1(const HmacSha1 *h, const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len,
               uint8_t out[HMAC_SHA1_BYTES]);

#endif
