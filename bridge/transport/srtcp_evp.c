/* SPDX-License-Identifier: Apache-2.0
 *
 * SRTCP on OpenSSL EVP (RFC 3711 3.4, RFC 7714 9). A libsrtp2 session pair costs up to 59 KB, this 2 to 3 KB.
 *   CM80: header 8 | encrypted rest | E, index | tag 10       the tag covers all before it
 *   GCM:  header 8 | encrypted rest | tag 16   | E, index     header and index are the associated data */
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include "bridge/transport/srtp_index.h"
#include "bridge/transport/srtp_table.h"
#include "bridge/transport/srtp_transform.h"

#define HEADER_BYTES 8 /* of the first packet of the compound, in the clear */
#define INDEX_BYTES 4
#define ENCRYPTED 0x80000000u
#define INDEX_MAX 0x7fffffff

struct Srtcp {
    SrtpTransform rx, tx;
    SrtpTable streams; /* replay state per sender */
    uint32_t heard;    /* authentic packets, modulo 2^32 */
    uint32_t evicted;
    uint32_t sent; /* index of the last packet sent; one row for all our SSRCs */
    size_t trailer;
};

Srtcp *srtcp_new(const SrtpKeys *keys)
{
    Srtcp *s = calloc(1, sizeof(*s));
    if (!s)
        return NULL;
    s->trailer = INDEX_BYTES + srtp_tag_len(keys->profile);
    if (!srtp_transform_derive(&s->rx, keys->profile, true, keys->rx_key, keys->rx_salt, false) ||
        !srtp_transform_derive(&s->tx, keys->profile, true, keys->tx_key, keys->tx_salt, true)) {
        srtcp_free(s);
        return NULL;
    }
    return s;
}

void srtcp_free(Srtcp *s)
{
    if (!s)
        return;
    srtp_transform_clear(&s->rx);
    srtp_transform_clear(&s->tx);
    srtp_table_clear(&s->streams);
    free(s);
}

uint32_t srtcp_take_evicted(Srtcp *s)
{
    uint32_t n = s->evicted;
    s->evicted = 0;
    return n;
}

static uint32_t get_u32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* Encrypts or decrypts (whichever the context is keyed for) what follows the header, in place. */
static bool crypt(SrtpTransform *t, uint8_t *pkt, size_t len, const uint8_t *index)
{
    uint8_t iv[16];
    int n;
    srtp_transform_iv(t, get_u32(pkt + 4), get_u32(index) & INDEX_MAX, iv);
    if (!EVP_CipherInit_ex(t->cipher, NULL, NULL, NULL, iv, -1))
        return false;
    if (t->gcm && (!EVP_CipherUpdate(t->cipher, NULL, &n, pkt, HEADER_BYTES) ||
                   !EVP_CipherUpdate(t->cipher, NULL, &n, index, INDEX_BYTES)))
        return false;
    return len == HEADER_BYTES ||
           EVP_CipherUpdate(t->cipher, pkt + HEADER_BYTES, &n, pkt + HEADER_BYTES, (int)(len - HEADER_BYTES));
}

SrtpStatus srtcp_protect(Srtcp *s, uint8_t *pkt, size_t *len, size_t cap)
{
    SrtpTransform *t = &s->tx;
    uint8_t index[INDEX_BYTES], mac[HMAC_SHA1_BYTES], *end = pkt + *len;
    int n;
    if (*len < HEADER_BYTES || *len % 4 != 0)
        return SRTP_MALFORMED;
    if (*len > UINT16_MAX || cap < *len + s->trailer || s->sent == INDEX_MAX)
        return SRTP_NO_SPACE;
    srtp_put_u32(index, ++s->sent | ENCRYPTED);
    if (!crypt(t, pkt, *len, index))
        return SRTP_NO_SPACE;
    if (t->gcm) {
        if (!EVP_CipherFinal_ex(t->cipher, end, &n) ||
            !EVP_CIPHER_CTX_ctrl(t->cipher, EVP_CTRL_AEAD_GET_TAG, SRTP_GCM_TAG_BYTES, end))
            return SRTP_NO_SPACE;
        memcpy(end + SRTP_GCM_TAG_BYTES, index, INDEX_BYTES);
    } else {
        memcpy(end, index, INDEX_BYTES);
        hmac_sha1(&t->hmac, pkt, *len + INDEX_BYTES, NULL, 0, mac);
        memcpy(end + INDEX_BYTES, mac, SRTP_CM_TAG_BYTES);
    }
    *len += s->trailer;
    return SRTP_OK;
}

static bool open_packet(SrtpTransform *t, uint8_t *pkt, size_t len, const uint8_t *index)
{
    uint8_t mac[HMAC_SHA1_BYTES], word[INDEX_BYTES];
    int n;
    memcpy(word, index, INDEX_BYTES);
    if (!t->gcm) {
        hmac_sha1(&t->hmac, pkt, len + INDEX_BYTES, NULL, 0, mac);
        return CRYPTO_memcmp(mac, pkt + len + INDEX_BYTES, SRTP_CM_TAG_BYTES) == 0 && crypt(t, pkt, len, word);
    }
    return crypt(t, pkt, len, word) &&
           EVP_CIPHER_CTX_ctrl(t->cipher, EVP_CTRL_AEAD_SET_TAG, SRTP_GCM_TAG_BYTES, pkt + len) &&
           EVP_CipherFinal_ex(t->cipher, pkt + len, &n) > 0;
}

SrtpStatus srtcp_unprotect(Srtcp *s, uint8_t *pkt, size_t *len)
{
    if (*len < HEADER_BYTES + s->trailer || *len > UINT16_MAX || pkt[0] >> 6 != 2)
        return SRTP_MALFORMED;
    size_t n = *len - s->trailer;
    const uint8_t *word = s->rx.gcm ? pkt + *len - INDEX_BYTES : pkt + n;
    if (!(get_u32(word) & ENCRYPTED))
        return SRTP_MALFORMED; /* E = 0: nobody who speaks DTLS-SRTP sends it, and we asked for secrecy */
    int64_t index = get_u32(word) & INDEX_MAX;
    uint32_t ssrc = get_u32(pkt + 4);
    SrtpRxStream *st = srtp_table_find(&s->streams, ssrc);
    SrtpStatus status = st ? srtp_replay_check(st, index) : SRTP_OK;
    if (status != SRTP_OK)
        return status;
    if (!open_packet(&s->rx, pkt, n, word))
        return SRTP_AUTH_FAILED;
    if (!st) {
        uint32_t gone;
        if (!(st = srtp_table_add_evicting(&s->streams, ssrc, s->heard, &gone)))
            return SRTP_FULL;
        s->evicted += gone != 0;
    }
    st->used = ++s->heard;
    srtp_replay_add(st, index);
    *len = n;
    return SRTP_OK;
}
