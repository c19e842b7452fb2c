/* SPDX-License-Identifier: Apache-2.0 */
#include <openssl/rand.h>
#include "bridge/transport/ice_agent.h"

#define RANDOM_UFRAG_CHARS 8

static const char ice_chars[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static bool random_text(char *out, size_t n)
{
    uint8_t bytes[ICE_PWD_LEN];
    if (n > sizeof(bytes) || RAND_bytes(bytes, (int)n) != 1)
        return false;
    for (size_t i = 0; i < n; i++)
        out[i] = ice_chars[bytes[i] & 63]; /* 64 characters: no bias */
    out[n] = '\0';
    return true;
}

bool ice_credentials_make(const char *prefix, IceCredentials *out)
{
    size_t n = strlen(prefix);
    memset(out, 0, sizeof(*out));
    if (n > ICE_PREFIX_MAX || strspn(prefix, ice_chars) != n)
        return false;
    memcpy(out->ufrag, prefix, n);
    return random_text(out->ufrag + n, RANDOM_UFRAG_CHARS) && random_text(out->pwd, ICE_PWD_LEN);
}
