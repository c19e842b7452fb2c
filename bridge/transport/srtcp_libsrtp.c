/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <stdlib.h>
#include "bridge/transport/srtp_policy.h"
#include "bridge/transport/srtp_table.h"

#define RTCP_HEADER_BYTES 8
#define SRTCP_INDEX_BYTES 4

struct Srtcp {
    srtp_t rx, tx;
    size_t trailer;    /* bytes: index and tag */
    SrtpTable senders; /* those the library keeps streams for; it would take ever more */
    uint32_t heard;    /* authentic packets, modulo 2^32 */
    uint32_t evicted;
};

Srtcp *srtcp_new(const SrtpKeys *keys)
{
    Srtcp *s = calloc(1, sizeof(*s));
    if (!s)
        return NULL;
    s->trailer = SRTCP_INDEX_BYTES + srtp_tag_len(keys->profile);
    s->rx = srtp_policy_session(keys->profile, keys->rx_key, keys->rx_salt, false);
    s->tx = srtp_policy_session(keys->profile, keys->tx_key, keys->tx_salt, true);
    if (!s->rx || !s->tx) {
        srtcp_free(s);
        return NULL;
    }
    return s;
}

void srtcp_free(Srtcp *s)
{
    if (!s)
        return;
    if (s->rx)
        srtp_dealloc(s->rx);
    if (s->tx)
        srtp_dealloc(s->tx);
    srtp_table_clear(&s->senders);
    free(s);
}

uint32_t srtcp_take_evicted(Srtcp *s)
{
    uint32_t n = s->evicted;
    s->evicted = 0;
    return n;
}

static void note_sender(Srtcp *s, uint32_t ssrc)
{
    SrtpRxStream *st = srtp_table_find(&s->senders, ssrc);
    uint32_t gone = 0;
    if (!st)
        st = srtp_table_add_evicting(&s->senders, ssrc, s->heard, &gone);
    if (gone) {
        srtp_remove_stream(s->rx, htonl(gone));
        s->evicted++;
    }
    if (st)
        st->used = ++s->heard;
}

SrtpStatus srtcp_protect(Srtcp *s, uint8_t *pkt, size_t *len, size_t cap)
{
    if (*len < RTCP_HEADER_BYTES || *len % 4 != 0)
        return SRTP_MALFORMED;
    /* libsrtp2 2.5 wants room for SRTP_MAX_TRAILER_LEN by its documentation but writes only the trailer. */
    if (*len > UINT16_MAX || cap < *len + s->trailer)
        return SRTP_NO_SPACE;
    int n = (int)*len;
    if (srtp_protect_rtcp(s->tx, pkt, &n) != srtp_err_status_ok)
        return SRTP_NO_SPACE;
    *len = (size_t)n;
    return SRTP_OK;
}

SrtpStatus srtcp_unprotect(Srtcp *s, uint8_t *pkt, size_t *len)
{
    if (*len < RTCP_HEADER_BYTES + s->trailer || *len > UINT16_MAX || pkt[0] >> 6 != 2)
        return SRTP_MALFORMED;
    int n = (int)*len;
    switch (srtp_unprotect_rtcp(s->rx, pkt, &n)) {
    case srtp_err_status_ok:
        *len = (size_t)n;
        note_sender(s, (uint32_t)pkt[4] << 24 | (uint32_t)pkt[5] << 16 | (uint32_t)pkt[6] << 8 | pkt[7]);
        return SRTP_OK;
    case srtp_err_status_replay_fail:
        return SRTP_REPLAYED;
    case srtp_err_status_replay_old:
        return SRTP_TOO_OLD;
    default:
        return SRTP_AUTH_FAILED;
    }
}
