/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/transport/srtp_kdf.h"
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <string.h>

typedef struct {
    SrtpProfile profile;
    const char *name;
    uint8_t key_len, salt_len, tag_len;
} ProfileFacts;

static const ProfileFacts profiles[] = {
    { SRTP_PROFILE_CM80, "AES_CM_128_HMAC_SHA1_80", 16, 14, 10 },
    { SRTP_PROFILE_GCM128, "AEAD_AES_128_GCM", 16, 12, 16 },
    { SRTP_PROFILE_GCM256, "AEAD_AES_256_GCM", 32, 12, 16 },
};

static const ProfileFacts *facts(SrtpProfile profile)
{
    static const ProfileFacts none = { .name = "none" };
    for (size_t i = 0; i < sizeof(profiles) / sizeof(profiles[0]); i++)
        if (profiles[i].profile == profile)
            return &profiles[i];
    return &none;
}

size_t srtp_key_len(SrtpProfile profile)
{
    return facts(profile)->key_len;
}

size_t srtp_salt_len(SrtpProfile profile)
{
    return facts(profile)->salt_len;
}

size_t srtp_tag_len(SrtpProfile profile)
{
    return facts(profile)->tag_len;
}

const char *srtp_profile_name(SrtpProfile profile)
{
    return facts(profile)->name;
}

void srtp_keys_wipe(SrtpKeys *keys)
{
    OPENSSL_cleanse(keys, sizeof(*keys));
}

bool srtp_kdf(SrtpProfile profile, const uint8_t *key, const uint8_t *salt, SrtpLabel label, uint8_t *out,
              size_t out_len)
{
    static const uint8_t zeros[32];
    size_t key_len = srtp_key_len(profile);
    uint8_t iv[16] = { 0 };
    int n = 0;
    if (key_len == 0 || out_len > sizeof(zeros))
        return false;
    memcpy(iv, salt, srtp_salt_len(profile)); /* a 96-bit salt is followed by zeros */
    iv[7] ^= (uint8_t)label;
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    bool ok = ctx && EVP_EncryptInit_ex(ctx, key_len == 32 ? EVP_aes_256_ctr() : EVP_aes_128_ctr(), NULL, key, iv) &&
              EVP_EncryptUpdate(ctx, out, &n, zeros, (int)out_len) && (size_t)n == out_len;
    EVP_CIPHER_CTX_free(ctx);
    return ok;
}

bool srtp_session_keys(SrtpProfile profile, bool rtcp, const uint8_t *key, const uint8_t *salt, SrtpSessionKeys *out)
{
    memset(out, 0, sizeof(*out));
    return srtp_kdf(profile, key, salt, rtcp ? SRTP_LABEL_RTCP_KEY : SRTP_LABEL_RTP_KEY, out->key,
                    srtp_key_len(profile)) &&
           srtp_kdf(profile, key, salt, rtcp ? SRTP_LABEL_RTCP_SALT : SRTP_LABEL_RTP_SALT, out->salt,
                    srtp_salt_len(profile)) &&
           (profile != SRTP_PROFILE_CM80 ||
            srtp_kdf(profile, key, salt, rtcp ? SRTP_LABEL_RTCP_AUTH : SRTP_LABEL_RTP_AUTH, out->auth,
                     sizeof(out->auth)));
}
