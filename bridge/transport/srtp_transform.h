/* SPDX-License-Identifier: Apache-2.0
 *
 * Keyed OpenSSL contexts of one direction and the IVs of RFC 3711 4.1.1 and RFC 7714 8.1, 9.1, for RTP and for
 * RTCP. Owner: an SrtpTx, SrtpRx or Srtcp; its thread. */
#ifndef PLENUM_BRIDGE_TRANSPORT_SRTP_TRANSFORM_H
#define PLENUM_BRIDGE_TRANSPORT_SRTP_TRANSFORM_H

#include <openssl/evp.h>
#include "bridge/transport/hmac_sha1.h"
#include "bridge/transport/srtp_kdf.h"

#define SRTP_CM_TAG_BYTES 10
#define SRTP_GCM_TAG_BYTES 16

typedef struct {
    EVP_CIPHER_CTX *cipher;
    bool gcm;
    uint8_t salt[16]; /* session salt, zero-padded */
    HmacSha1 hmac;    /* CM80 only */
} SrtpTransform;

/* False: unknown profile, or OpenSSL failed; srtp_transform_clear is due in any case. */
bool srtp_transform_init(SrtpTransform *t, SrtpProfile profile, const SrtpSessionKeys *keys, bool encrypt);
/* The same from master key and salt (srtp_kdf.h). */
bool srtp_transform_derive(SrtpTransform *t, SrtpProfile profile, bool rtcp, const uint8_t *key, const uint8_t *salt,
                           bool encrypt);
void srtp_transform_clear(SrtpTransform *t); /* frees and wipes */

/* Four bytes, big-endian. */
static inline void srtp_put_u32(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)(v >> 24);
    p[1] = (uint8_t)(v >> 16);
    p[2] = (uint8_t)(v >> 8);
    p[3] = (uint8_t)v;
}

/* CM: salt * 2^16 XOR ssrc * 2^64 XOR index * 2^16. GCM: (00 00, ssrc, 48-bit index) XOR salt. The index is
 * rollover counter and sequence number, or the 31-bit one of SRTCP. */
static inline void srtp_transform_iv(const SrtpTransform *t, uint32_t ssrc, int64_t index, uint8_t iv[16])
{
    uint8_t v[16] = { 0 };
    uint8_t *p = v + (t->gcm ? 2 : 4);
    srtp_put_u32(p, ssrc);
    srtp_put_u32(p + 4, (uint32_t)(index >> 16));
    p[8] = (uint8_t)(index >> 8);
    p[9] = (uint8_t)index;
    for (int i = 0; i < 16; i++)
        iv[i] = v[i] ^ t->salt[i];
}

#endif
