/* SPDX-License-Identifier: Apache-2.0
 *
 * Order of wrapping numbers (RFC 1982 sense) and unwrapping to 64 bits, for 16-bit sequence numbers and
 * 32-bit timestamps. Pure; any thread. */
#ifndef PLENUM_COMMON_RTP_RTP_SEQ_H
#define PLENUM_COMMON_RTP_RTP_SEQ_H

#include <stdbool.h>
#include <stdint.h>

/* a - b on the shorter way round: -32768..32767. */
static inline int rtp_seq_diff(uint16_t a, uint16_t b)
{
    return (int16_t)(uint16_t)(a - b);
}

/* a comes after b; exactly half way round, the larger number is the newer, so that order stays total. */
static inline bool rtp_seq_newer(uint16_t a, uint16_t b)
{
    uint16_t d = (uint16_t)(a - b);
    return d == 0x8000 ? a > b : d != 0 && d < 0x8000;
}

/* a - b on the shorter way round. */
static inline int32_t rtp_ts_diff(uint32_t a, uint32_t b)
{
    return (int32_t)(a - b);
}

/* As rtp_seq_newer, for 32 bits. */
static inline bool rtp_ts_newer(uint32_t a, uint32_t b)
{
    uint32_t d = a - b;
    return d == 0x80000000u ? a > b : d != 0 && d < 0x80000000u;
}

/* Zero-initialise. The first number maps to itself; later ones to the value nearest the newest so far,
 * which may be negative for packets older than the first. */
typedef struct {
    int64_t newest;
    bool started;
} RtpSeqUnwrapper;

/* Where `seq` would lie; changes nothing. */
static inline int64_t rtp_seq_unwrap_peek(const RtpSeqUnwrapper *u, uint16_t seq)
{
    return u->started ? u->newest + rtp_seq_diff(seq, (uint16_t)u->newest) : seq;
}

/* The same, and the newest is remembered. */
static inline int64_t rtp_seq_unwrap(RtpSeqUnwrapper *u, uint16_t seq)
{
    int64_t v = rtp_seq_unwrap_peek(u, seq);
    if (!u->started || v > u->newest)
        u->newest = v;
    u->started = true;
    return v;
}

/* As RtpSeqUnwrapper, for 32 bits. */
typedef struct {
    int64_t newest;
    bool started;
} RtpTsUnwrapper;

static inline int64_t rtp_ts_unwrap(RtpTsUnwrapper *u, uint32_t ts)
{
    int64_t v = u->started ? u->newest + rtp_ts_diff(ts, (uint32_t)u->newest) : ts;
    if (!u->started || v > u->newest)
        u->newest = v;
    u->started = true;
    return v;
}

#endif
