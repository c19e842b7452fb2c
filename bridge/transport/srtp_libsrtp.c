/* SPDX-License-Identifier: Apache-2.0
 *
 * RTP transform on libsrtp2, for builds --with-srtp=libsrtp2. The library keeps its own stream state; ours is
 * kept beside it so that callers see the same. It knows no second guess for the first packet of a stream. */
#include <stdlib.h>
#include "bridge/transport/srtp_index.h"
#include "bridge/transport/srtp_policy.h"
#include "bridge/transport/srtp_table.h"

struct SrtpTx {
    srtp_t session;
    size_t tag_len;
};

struct SrtpRx {
    srtp_t session;
    size_t tag_len;
    SrtpTable streams;
};

SrtpTx *srtp_tx_new(SrtpProfile profile, const uint8_t *key, const uint8_t *salt)
{
    SrtpTx *tx = calloc(1, sizeof(*tx));
    if (!tx)
        return NULL;
    tx->tag_len = srtp_tag_len(profile);
    tx->session = srtp_policy_session(profile, key, salt, true);
    if (!tx->session) {
        free(tx);
        return NULL;
    }
    return tx;
}

void srtp_tx_free(SrtpTx *tx)
{
    if (!tx)
        return;
    srtp_dealloc(tx->session);
    free(tx);
}

static size_t protect(SrtpTx *tx, const uint8_t *hdr, size_t hdr_len, const uint8_t *payload, size_t payload_len,
                      uint8_t *out, size_t out_cap)
{
    if (payload_len > UINT16_MAX || out_cap < hdr_len + payload_len + tx->tag_len)
        return 0;
    if (out != hdr) {
        memcpy(out, hdr, hdr_len);
        memcpy(out + hdr_len, payload, payload_len);
    }
    int n = (int)(hdr_len + payload_len);
    return srtp_protect(tx->session, out, &n) == srtp_err_status_ok ? (size_t)n : 0;
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
    size_t n = protect(tx, hdr, hdr_len, payload, payload_len, out, out_cap);
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
    return protect(tx, hdr, hdr_len, payload, payload_len, out, out_cap);
}

SrtpRx *srtp_rx_new(SrtpProfile profile, const uint8_t *key, const uint8_t *salt)
{
    SrtpRx *rx = calloc(1, sizeof(*rx));
    if (!rx)
        return NULL;
    rx->tag_len = srtp_tag_len(profile);
    rx->session = srtp_policy_session(profile, key, salt, false);
    if (!rx->session) {
        free(rx);
        return NULL;
    }
    return rx;
}

void srtp_rx_free(SrtpRx *rx)
{
    if (!rx)
        return;
    srtp_dealloc(rx->session);
    srtp_table_clear(&rx->streams);
    free(rx);
}

void srtp_rx_forget(SrtpRx *rx, uint32_t ssrc)
{
    srtp_table_remove(&rx->streams, ssrc);
    srtp_remove_stream(rx->session, ssrc);
}

size_t srtp_rx_streams(const SrtpRx *rx)
{
    return rx->streams.count;
}

SrtpStatus srtp_rx_unprotect(SrtpRx *rx, uint8_t *pkt, size_t *len, const SrtpRxStream **st)
{
    if (*len < 12 + rx->tag_len || *len > UINT16_MAX || srtp_header_len(pkt, *len - rx->tag_len) == 0)
        return SRTP_MALFORMED;
    uint32_t ssrc = srtp_header_ssrc(pkt);
    uint16_t seq = srtp_header_seq(pkt);
    SrtpRxStream *s = srtp_table_find(&rx->streams, ssrc);
    int64_t index = s ? srtp_index_guess(s->roc, s->highest_seq, seq) : seq;
    int n = (int)*len;
    if (index < 0)
        return SRTP_TOO_OLD;
    switch (srtp_unprotect(rx->session, pkt, &n)) {
    case srtp_err_status_ok:
        break;
    case srtp_err_status_replay_fail:
        return SRTP_REPLAYED;
    case srtp_err_status_replay_old:
        return SRTP_TOO_OLD;
    default:
        return SRTP_AUTH_FAILED;
    }
    if (!s && !(s = srtp_table_add(&rx->streams, ssrc))) {
        srtp_remove_stream(rx->session, ssrc);
        return SRTP_FULL;
    }
    srtp_replay_add(s, index);
    *len = (size_t)n;
    if (st)
        *st = s;
    return SRTP_OK;
}
