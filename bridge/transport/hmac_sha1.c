/* SPDX-License-Identifier: Apache-2.0 */
#define OPENSSL_SUPPRESS_DEPRECATED /* see the header */
#include "bridge/transport/hmac_sha1.h"
#include <openssl/crypto.h>

void hmac_sha1_init(HmacSha1 *h, const uint8_t *key, size_t key_len)
{
    uint8_t inner[SHA_CBLOCK], outer[SHA_CBLOCK];
    for (size_t i = 0; i < SHA_CBLOCK; i++) {
        uint8_t k = i < key_len ? key[i] : 0;
        inner[i] = k ^ 0x36;
        outer[i] = k ^ 0x5c;
    }
    SHA1_Init(&h->inner);
    SHA1_Update(&h->inner, inner, sizeof(inner));
    SHA1_Init(&h->outer);
    SHA1_Update(&h->outer, outer, sizeof(outer));
    OPENSSL_cleanse(inner, sizeof(inner));
    OPENSSL_cleanse(outer, sizeof(outer));
}

void hmac_sha1(const HmacSha1 *h, const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len,
               uint8_t out[HMAC_SHA1_BYTES])
{
    SHA_CTX ctx = h->inner;
    SHA1_Update(&ctx, a, a_len);
    SHA1_Update(&ctx, b, b_len);
    SHA1_Final(out, &ctx);
    ctx = h->outer;
    SHA1_Update(&ctx, out, HMAC_SHA1_BYTES);
    SHA1_Final(out, &ctx);
}
