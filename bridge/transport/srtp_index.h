/* SPDX-License-Identifier: Apache-2.0
 *
 * Packet indices and the replay window (RFC 3711 3.3.1 and 3.3.2) and where an RTP header ends. Pure, inline. */
#ifndef PLENUM_BRIDGE_TRANSPORT_SRTP_INDEX_H
#define PLENUM_BRIDGE_TRANSPORT_SRTP_INDEX_H

#include <string.h>
#include "bridge/transport/srtp.h"

/* The likeliest 48-bit index of seq; -1 when it lies before index 0. */
static inline int64_t srtp_index_guess(uint32_t roc, uint16_t highest_seq, uint16_t seq)
{
    int64_t v = roc;
    if (highest_seq < 32768)
        v -= (int)seq - (int)highest_seq > 32768;
    else
        v += (int)highest_seq - 32768 > (int)seq;
    return v < 0 ? -1 : (v << 16 | seq);
}

/* Of a stream that has started. */
static inline int64_t srtp_index_highest(const SrtpRxStream *s)
{
    return (int64_t)s->roc << 16 | s->highest_seq;
}

/* index >= 0. SRTP_OK, SRTP_REPLAYED or SRTP_TOO_OLD; changes nothing, as the packet is not authentic yet. */
static inline SrtpStatus srtp_replay_check(const SrtpRxStream *s, int64_t index)
{
    int64_t behind = srtp_index_highest(s) - index;
    if (behind < 0)
        return SRTP_OK;
    if (behind >= SRTP_REPLAY_WINDOW)
        return SRTP_TOO_OLD;
    unsigned bit = (unsigned)index % SRTP_REPLAY_WINDOW;
    return s->window[bit / 64] >> (bit % 64) & 1 ? SRTP_REPLAYED : SRTP_OK;
}

/* An authentic packet of an index that srtp_replay_check let pass. */
static inline void srtp_replay_add(SrtpRxStream *s, int64_t index)
{
    int64_t highest = srtp_index_highest(s);
    if (!s->started || index - highest >= SRTP_REPLAY_WINDOW) {
        memset(s->window, 0, sizeof(s->window));
    } else {
        for (int64_t i = highest + 1; i < index; i++) /* the skipped ones reuse bits of a lap ago */
            s->window[(unsigned)i % SRTP_REPLAY_WINDOW / 64] &= ~(UINT64_C(1) << (unsigned)i % 64);
    }
    s->window[(unsigned)index % SRTP_REPLAY_WINDOW / 64] |= UINT64_C(1) << (unsigned)index % 64;
    if (!s->started || index > highest) {
        s->roc = (uint32_t)(index >> 16);
        s->highest_seq = (uint16_t)index;
        s->started = true;
    }
}

/* Bytes of the RTP header with CSRCs and extensions; 0 when it is none or does not fit into len. */
static inline size_t srtp_header_len(const uint8_t *p, size_t len)
{
    if (len < 12 || p[0] >> 6 != 2)
        return 0;
    size_t n = 12 + 4 * (size_t)(p[0] & 0x0f);
    if (p[0] & 0x10) {
        if (len < n + 4)
            return 0;
        n += 4 + 4 * (size_t)(p[n + 2] << 8 | p[n + 3]);
    }
    return n <= len ? n : 0;
}

/* Of a header that srtp_header_len has measured. */
static inline uint16_t srtp_header_seq(const uint8_t *p)
{
    return (uint16_t)(p[2] << 8 | p[3]);
}

static inline uint32_t srtp_header_ssrc(const uint8_t *p)
{
    return (uint32_t)p[8] << 24 | (uint32_t)p[9] << 16 | (uint32_t)p[10] << 8 | p[11];
}

#endif
