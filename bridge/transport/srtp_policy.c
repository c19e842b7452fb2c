/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/transport/srtp_policy.h"
#include <openssl/crypto.h>
#include <pthread.h>
#include <string.h>

static pthread_once_t once = PTHREAD_ONCE_INIT; /* libsrtp2's own process-wide set-up */
static srtp_err_status_t init_status;

static void init(void)
{
    init_status = srtp_init();
}

srtp_t srtp_policy_session(SrtpProfile profile, const uint8_t *key, const uint8_t *salt, bool outbound)
{
    srtp_policy_t policy = { .ssrc = { .type = outbound ? ssrc_any_outbound : ssrc_any_inbound },
                             .window_size = SRTP_REPLAY_WINDOW,
                             .allow_repeat_tx = 1 };
    uint8_t master[SRTP_KEY_MAX_BYTES + SRTP_SALT_MAX_BYTES];
    srtp_t session = NULL;
    pthread_once(&once, init);
    if (init_status != srtp_err_status_ok)
        return NULL;
    switch (profile) {
    case SRTP_PROFILE_CM80:
        srtp_crypto_policy_set_aes_cm_128_hmac_sha1_80(&policy.rtp);
        srtp_crypto_policy_set_aes_cm_128_hmac_sha1_80(&policy.rtcp);
        break;
    case SRTP_PROFILE_GCM128:
        srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy.rtp);
        srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy.rtcp);
        break;
    case SRTP_PROFILE_GCM256:
        srtp_crypto_policy_set_aes_gcm_256_16_auth(&policy.rtp);
        srtp_crypto_policy_set_aes_gcm_256_16_auth(&policy.rtcp);
        break;
    default:
        return NULL;
    }
    memcpy(master, key, srtp_key_len(profile));
    memcpy(master + srtp_key_len(profile), salt, srtp_salt_len(profile));
    policy.key = master;
    if (srtp_create(&session, &policy) != srtp_err_status_ok)
        session = NULL;
    OPENSSL_cleanse(master, sizeof(master));
    return session;
}
