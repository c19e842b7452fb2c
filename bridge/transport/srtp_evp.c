/* SPDX-License-Identifier: Apache-2.0
 *
 * RTP transform on OpenSSL EVP. Session keys do not depend on the SSRC, so one keyed context per direction
 * serves all streams, and a packet costs an IV, the cipher and the MAC. */
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include "bridge/transport/srtp_evp.h"
#include "bridge/transport/srtp_index.h"
#include "bridge/transport/srtp_table.h"
#include "bridge/transport/srtp_transform.h"

struct SrtpTx {
    SrtpTransform t;
};

struct SrtpRx {
    SrtpTransform t;
    SrtpTable streams;
};

static void cm_tag(const SrtpTransform *t, const uint8_t *pkt, size_t len, int64_t index, uint8_t tag[HMAC_SHA1_BYTES])
{
    uint8_t roc[4];
    srtp_put_u32(roc, (uint32_t)(index >> 16));
    hmac_sha1(&t->hmac, pkt, len, roc, sizeof(roc), tag);
}

/* ---- sending ---- */

SrtpTx *srtp_tx_new(SrtpProfile profile, const uint8_t *key, const uint8_t *salt)
{
    SrtpTx *tx = calloc(1, sizeof(*tx));
    if (tx && !srtp_transform_derive(&tx->t, profile, false, key, salt, true)) {
        srtp_tx_free(tx);
        return NULL;
    }
    return tx;
}

SrtpTx *srtp_tx_new_session(SrtpProfile profile, const SrtpSessionKeys *keys)
{
    SrtpTx *tx = calloc(1, sizeof(*tx));
    if (tx && !srtp_transform_init(&tx->t, profile, keys, true)) {
        srtp_tx_free(tx);
        return NULL;
    }
    return tx;
}

void srtp_tx_free(SrtpTx *tx)
{
    if (!tx)
        return;
    srtp_transform_clear(&tx->t);
    free(tx);
}

static size_t protect_at(SrtpTx *tx, int64_t index, const uint8_t *hdr, size_t hdr_len, const uint8_t *payload,
                         size_t payload_len, uint8_t *out, size_t out_cap)
{
    SrtpTransform *t = &tx->t;
    size_t tag_len = t->gcm ? SRTP_GCM_TAG_BYTES : SRTP_CM_TAG_BYTES, len = hdr_len + payload_len;
    uint8_t iv[16];
    int n;
    if (payload_len > UINT16_MAX || out_cap < len + tag_len)
        return 0;
    srtp_transform_iv(t, srtp_header_ssrc(hdr), index, iv);
    if (out != hdr)
        memcpy(out, hdr, hdr_len);
    if (!EVP_EncryptInit_ex(t->cipher, NULL, NULL, NULL, iv))
        return 0;
    if (!t->gcm) {
        uint8_t tag[HMAC_SHA1_BYTES];
        if (payload_len && !EVP_EncryptUpdate(t->cipher, out + hdr_len, &n, payload, (int)payload_len))
            return 0;
        cm_tag(t, out, len, index, tag);
        memcpy(out + len, tag, SRTP_CM_TAG_BYTES);
        return len + SRTP_CM_TAG_BYTES;
    }
    if (!EVP_EncryptUpdate(t->cipher, NULL, &n, hdr, (int)hdr_len) ||
        (payload_len && !EVP_EncryptUpdate(t->cipher, out + hdr_len, &n, payload, (int)payload_len)) ||
        !EVP_EncryptFinal_ex(t->cipher, out + len, &n) ||
        !EVP_CIPHER_CTX_ctrl(t->cipher, EVP_CTRL_AEAD_GET_TAG, SRTP_GCM_TAG_BYTES, out + len))
        return 0;
    return len + SRTP_GCM_TAG_BYTES;
}

size_t srtp_tx_protect(SrtpTx *tx, SrtpStream *st, const uint8_t *hdr, size_t hdr_len, const uint8_t *payload,
                       size_t payload_len, uint8_t *out, size_t out_cap)
{
    if (srtp_header_len(hdr, hdr_len) != hdr_len || hdr_len == 0)
        return 0;
    uint16_t seq = srtp_header_seq(hdr);
    int64_t highest = (int64_t)st->roc << 16 | st->highest_seq;
    int64_t index = st->started ? srtp_index_guess(st->roc, st->highest_seq, seq) : highest - st->highest_seq + seq;
    if (index < 0 || (st->started && highest - index > SRTP_LATE_MAX))
        return 0;
    size_t n = protect_at(tx, index, hdr, hdr_len, payload, payload_len, out, out_cap);
    if (n && (!st->started || index > highest))
        *st = (SrtpStream){ .roc = (uint32_t)(index >> 16), .highest_seq = seq, .started = true };
    return n;
}

size_t srtp_tx_reprotect(SrtpTx *tx, const SrtpStream *st, const uint8_t *hdr, size_t hdr_len, const uint8_t *payload,
                         size_t payload_len, uint8_t *out, size_t out_cap)
{
    if (!st->started || srtp_header_len(hdr, hdr_len) != hdr_len || hdr_len == 0)
        return 0;
    int64_t index = srtp_index_guess(st->roc, st->highest_seq, srtp_header_seq(hdr));
    if (index < 0 || index > ((int64_t)st->roc << 16 | st->highest_seq))
        return 0;
    return protect_at(tx, index, hdr, hdr_len, payload, payload_len, out, out_cap);
}

/* ---- receiving ---- */

SrtpRx *srtp_rx_new(SrtpProfile profile, const uint8_t *key, const uint8_t *salt)
{
    SrtpRx *rx = calloc(1, sizeof(*rx));
    if (rx && !srtp_transform_derive(&rx->t, profile, false, key, salt, false)) {
        srtp_rx_free(rx);
        return NULL;
    }
    return rx;
}

void srtp_rx_free(SrtpRx *rx)
{
    if (!rx)
        return;
    srtp_transform_clear(&rx->t);
    srtp_table_clear(&rx->streams);
    free(rx);
}

void srtp_rx_forget(SrtpRx *rx, uint32_t ssrc)
{
    srtp_table_remove(&rx->streams, ssrc);
}

size_t srtp_rx_streams(const SrtpRx *rx)
{
    return rx->streams.count;
}

/* len without the tag. GCM decrypts before it can judge, so a refused packet is no longer what came in. */
static bool open_at(SrtpTransform *t, int64_t index, uint8_t *pkt, size_t hdr_len, size_t len)
{
    uint8_t iv[16];
    int n, payload_len = (int)(len - hdr_len);
    if (!t->gcm) {
        uint8_t tag[HMAC_SHA1_BYTES];
        cm_tag(t, pkt, len, index, tag);
        if (CRYPTO_memcmp(tag, pkt + len, SRTP_CM_TAG_BYTES) != 0)
            return false;
    }
    srtp_transform_iv(t, srtp_header_ssrc(pkt), index, iv);
    if (!EVP_DecryptInit_ex(t->cipher, NULL, NULL, NULL, iv))
        return false;
    if (!t->gcm)
        return payload_len == 0 || EVP_DecryptUpdate(t->cipher, pkt + hdr_len, &n, pkt + hdr_len, payload_len);
    return EVP_DecryptUpdate(t->cipher, NULL, &n, pkt, (int)hdr_len) &&
           (payload_len == 0 || EVP_DecryptUpdate(t->cipher, pkt + hdr_len, &n, pkt + hdr_len, payload_len)) &&
           EVP_CIPHER_CTX_ctrl(t->cipher, EVP_CTRL_AEAD_SET_TAG, SRTP_GCM_TAG_BYTES, pkt + len) &&
           EVP_DecryptFinal_ex(t->cipher, pkt + len, &n) > 0;
}

/* First packet of an SSRC. A sender that started just below 2^16 and whose first packets were lost has
 * already counted one rollover, which nothing in the packet tells: try that second. */
static int64_t open_first(SrtpTransform *t, uint8_t *pkt, size_t hdr_len, size_t len)
{
    uint16_t seq = srtp_header_seq(pkt);
    if (open_at(t, seq, pkt, hdr_len, len))
        return seq;
    if (seq >= 32768)
        return -1;
    if (t->gcm) { /* GCM is a stream cipher: the same key stream once more restores the ciphertext */
        uint8_t iv[16];
        int n;
        srtp_transform_iv(t, srtp_header_ssrc(pkt), seq, iv);
        if (!EVP_DecryptInit_ex(t->cipher, NULL, NULL, NULL, iv) ||
            (len > hdr_len && !EVP_DecryptUpdate(t->cipher, pkt + hdr_len, &n, pkt + hdr_len, (int)(len - hdr_len))))
            return -1;
    }
    int64_t index = INT64_C(1) << 16 | seq;
    return open_at(t, index, pkt, hdr_len, len) ? index : -1;
}

SrtpStatus srtp_rx_unprotect(SrtpRx *rx, uint8_t *pkt, size_t *len, const SrtpRxStream **st)
{
    size_t tag_len = rx->t.gcm ? SRTP_GCM_TAG_BYTES : SRTP_CM_TAG_BYTES;
    if (*len < 12 + tag_len || *len > UINT16_MAX)
        return SRTP_MALFORMED;
    size_t n = *len - tag_len, hdr_len = srtp_header_len(pkt, n);
    if (hdr_len == 0)
        return SRTP_MALFORMED;
    uint32_t ssrc = srtp_header_ssrc(pkt);
    SrtpRxStream *s = srtp_table_find(&rx->streams, ssrc);
    int64_t index;
    if (s) {
        index = srtp_index_guess(s->roc, s->highest_seq, srtp_header_seq(pkt));
        SrtpStatus status = index < 0 ? SRTP_TOO_OLD : srtp_replay_check(s, index);
        if (status != SRTP_OK)
            return status;
        if (!open_at(&rx->t, index, pkt, hdr_len, n))
            return SRTP_AUTH_FAILED;
    } else {
        index = open_first(&rx->t, pkt, hdr_len, n);
        if (index < 0)
            return SRTP_AUTH_FAILED;
        s = srtp_table_add(&rx->streams, ssrc);
        if (!s)
            return SRTP_FULL;
    }
    srtp_replay_add(s, index);
    *len = n;
    if (st)
        *st = s;
    return SRTP_OK;
}
