/* SPDX-License-Identifier: Apache-2.0
 *
 * The number space of ONE send SSRC toward one receiver: a slot in SSRC-rewriting mode, the source's primary SSRC
 * otherwise. It outlives the sources that are mapped to it, so a re-mapped slot goes on unbroken: sequence number
 * + 1, timestamp by wall clock, picture id, TL0PICIDX, AV1 frame number and template ids continued.
 * Owner: the receiver's transmit state. Worker thread. Plain data, 64 bytes. */
#ifndef PLENUM_BRIDGE_TX_OUT_STREAM_H
#define PLENUM_BRIDGE_TX_OUT_STREAM_H

#include <stdbool.h>
#include <stdint.h>

typedef struct {
    /* set at birth */
    uint32_t ssrc;
    uint32_t clock_rate; /* Hz: 90000 video, 48000 Opus */
    /* worker: highest values sent so far, in order of sequence */
    int64_t last_seq;   /* unwrapped; the wire has its low 16 bits */
    int64_t last_ts_us; /* when last_ts was first sent */
    uint32_t last_ts;
    int32_t last_picture_id;   /* mod 2^15; -1 none yet */
    int32_t last_tl0;          /* -1 none yet */
    int32_t last_frame_number; /* mod 2^16; -1 none yet */
    uint8_t next_template_id;  /* 0..63 */
    bool started;              /* something was sent */
    bool frame_open;           /* the last packet sent did not end its frame */
} OutStream;

/* first_seq: random below 2^15, so that losing the first packets near a wrap cannot mislead SRTP (RFC 3711
 * 3.3.1); first_ts: random. */
void out_stream_init(OutStream *os, uint32_t ssrc, uint32_t clock_rate, uint16_t first_seq, uint32_t first_ts);
/* Timestamp to go on with at now_us after a break: by wall clock, at least one frame (1/30 s video, 20 ms audio). */
uint32_t out_stream_next_ts(const OutStream *os, int64_t now_us);

#endif
