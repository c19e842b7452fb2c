/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/transport/srtp_transform.h"
#include <openssl/crypto.h>
#include <string.h>

bool srtp_transform_init(SrtpTransform *t, SrtpProfile profile, const SrtpSessionKeys *keys, bool encrypt)
{
    const EVP_CIPHER *type = profile == SRTP_PROFILE_CM80     ? EVP_aes_128_ctr()
                             : profile == SRTP_PROFILE_GCM128 ? EVP_aes_128_gcm()
                             : profile == SRTP_PROFILE_GCM256 ? EVP_aes_256_gcm()
                                                              : NULL;
    t->gcm = profile != SRTP_PROFILE_CM80;
    memcpy(t->salt, keys->salt, sizeof(t->salt));
    if (!t->gcm)
        hmac_sha1_init(&t->hmac, keys->auth, sizeof(keys->auth));
    t->cipher = type ? EVP_CIPHER_CTX_new() : NULL;
    return t->cipher && EVP_CipherInit_ex(t->cipher, type, NULL, keys->key, NULL, encrypt);
}

bool srtp_transform_derive(SrtpTransform *t, SrtpProfile profile, bool rtcp, const uint8_t *key, const uint8_t *salt,
                           bool encrypt)
{
    SrtpSessionKeys keys;
    bool ok = srtp_session_keys(profile, rtcp, key, salt, &keys) && srtp_transform_init(t, profile, &keys, encrypt);
    OPENSSL_cleanse(&keys, sizeof(keys));
    return ok;
}

void srtp_transform_clear(SrtpTransform *t)
{
    EVP_CIPHER_CTX_free(t->cipher);
    OPENSSL_cleanse(t, sizeof(*t));
}
