/* SPDX-License-Identifier: Apache-2.0
 *
 * Transport-wide congestion control feedback, both directions
 * (draft-holmer-rmcat-transport-wide-cc-extensions-01, section 3.1). Pure; any thread. */
#ifndef PLENUM_COMMON_RTP_TWCC_H
#define PLENUM_COMMON_RTP_TWCC_H

#include "common/rtp/rtcp_iter.h"

#define TWCC_TICK_US 250        /* unit of receive deltas */
#define TWCC_REFERENCE_US 64000 /* unit of the reference time */
#define TWCC_MAX_STATUSES 65535 /* 16-bit packet status count */
#define TWCC_NOT_RECEIVED INT64_MIN

typedef struct {
    uint32_t sender_ssrc, media_ssrc;
    uint16_t base_seq, status_count;
    int32_t reference_time; /* signed 24 bits, 64 ms units; wraps after 12 days */
    uint8_t feedback_count;
    size_t chunks_off, deltas_off, end; /* from the start of the compound */
    uint32_t received_count;
} TwccView;

/* Accepts what every status and delta can be read from: false, *out untouched, for a wrong type, chunks or deltas
 * past the end, or the reserved status symbol 3. A last run longer than the status count is cut there. */
bool twcc_parse(const uint8_t *buf, const RtcpPacket *p, TwccView *out);

typedef struct {
    uint16_t seq;
    bool received;
    int32_t delta_us;   /* to the packet received before it (the first: to the reference time); 0 if lost */
    int64_t arrival_us; /* reference_time * 64 ms + deltas so far; only differences mean anything */
} TwccStatus;

typedef struct {
    const uint8_t *buf; /* borrowed */
    size_t chunk_pos, delta_pos, end;
    uint32_t left; /* statuses not yet handed out */
    uint16_t seq, chunk;
    uint16_t chunk_left; /* symbols not yet taken from `chunk` */
    int64_t arrival_us;
} TwccIter;

/* `v` came from twcc_parse over the same buffer. Then call twcc_iter_next until false. */
void twcc_iter_init(TwccIter *it, const uint8_t *buf, const TwccView *v);
bool twcc_iter_next(TwccIter *it, TwccStatus *out);

typedef struct {
    uint32_t sender_ssrc, media_ssrc;
    uint16_t base_seq;      /* number of arrival_us[0] */
    uint8_t feedback_count; /* the caller counts packets, modulo 256 */
} TwccHead;

/* Writes one feedback packet for arrival_us[0..n), times in us of any clock >= 0, TWCC_NOT_RECEIVED for a hole.
 * Ends early when `cap` or TWCC_MAX_STATUSES is full or a delta does not fit 16 bits: *consumed says how many it covers
 * and the caller goes on with the rest, base_seq + *consumed, in another packet. Times are rounded to 250 us
 * without the error adding up. Returns bytes written; 0 with *consumed 0 when nothing was received or `cap` is
 * below TWCC_MIN_SIZE. */
size_t twcc_build(uint8_t *out, size_t cap, const TwccHead *head, const int64_t *arrival_us, size_t n,
                  size_t *consumed);

#define TWCC_MIN_SIZE 36 /* bytes: header, one chunk and the longest deltas a vector can need */

#endif
