/* SPDX-License-Identifier: Apache-2.0
 *
 * RTCP toward a sender: what we received (RR, transport-cc), what we miss (NACK), and when a receiver needs a key
 * frame (PLI, FIR). Each goes out as a packet of its own (RFC 5506). Worker thread. */
#ifndef PLENUM_BRIDGE_RX_RX_FEEDBACK_H
#define PLENUM_BRIDGE_RX_RX_FEEDBACK_H

#include "bridge/media_endpoint.h"

/* seqs ascending in wrapping order; of one encoding's SSRC. */
void rx_feedback_nack(MediaEndpoint *ep, uint32_t ssrc, const uint16_t *seqs, size_t n);
/* Counts what they gave up; to be asked whenever they had a hole. */
void rx_feedback_gave_up(MediaEndpoint *ep, NackGen *nacks);
/* Everything logged since the last feedback. */
void rx_feedback_transport_cc(MediaEndpoint *ep, int64_t now_us);
/* A block for each SSRC that sent since the last report. */
void rx_feedback_report(MediaEndpoint *ep, int64_t now_us);
/* Some receiver (or control) needs a key frame of this source: asks now, later, or not, as the limits say. */
void rx_feedback_ask_keyframe(MediaSource *s, int64_t now_us);
/* The client is heard from another address: what it was asked for at the old one, and has not done, once more. */
void rx_feedback_repeat(MediaEndpoint *ep, int64_t now_us);
/* Key frames that were asked for inside the limit, and NACKs due again; returns the next time. */
int64_t rx_feedback_tick(MediaEndpoint *ep, int64_t now_us);

#endif
