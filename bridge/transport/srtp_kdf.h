/* SPDX-License-Identifier: Apache-2.0
 *
 * Session keys from master keys (RFC 3711 4.3, AES-CM; RFC 7714 11 for GCM) and the facts of each profile.
 * Any thread. */
#ifndef PLENUM_BRIDGE_TRANSPORT_SRTP_KDF_H
#define PLENUM_BRIDGE_TRANSPORT_SRTP_KDF_H

#include "bridge/transport/srtp.h"

typedef enum {
    SRTP_LABEL_RTP_KEY = 0,
    SRTP_LABEL_RTP_AUTH = 1,
    SRTP_LABEL_RTP_SALT = 2,
    SRTP_LABEL_RTCP_KEY = 3,
    SRTP_LABEL_RTCP_AUTH = 4,
    SRTP_LABEL_RTCP_SALT = 5,
} SrtpLabel;

#define SRTP_AUTH_KEY_BYTES 20

/* What packets are protected with. Wipe after use. */
typedef struct {
    uint8_t key[SRTP_KEY_MAX_BYTES];
    uint8_t salt[16];                  /* zero-padded */
    uint8_t auth[SRTP_AUTH_KEY_BYTES]; /* CM80 only */
} SrtpSessionKeys;
/* All keys of one direction, of RTP or RTCP. key and salt have srtp_key_len and srtp_salt_len bytes. False: unknown
 * profile, OpenSSL failed. */
bool srtp_session_keys(SrtpProfile profile, bool rtcp, const uint8_t *key, const uint8_t *salt, SrtpSessionKeys *out);

/* out_len bytes (at most 32) of key material, key derivation rate 0. False: unknown profile, OpenSSL failed. */
bool srtp_kdf(SrtpProfile profile, const uint8_t *key, const uint8_t *salt, SrtpLabel label, uint8_t *out,
              size_t out_len);

#endif
