/* SPDX-License-Identifier: Apache-2.0
 *
 * Everything sent to a receiver beside the media itself: retransmissions on request (RFC 4588), probes of the
 * estimator, and padding that lifts the estimate to what the receiver would like. Worker thread. */
#ifndef PLENUM_BRIDGE_TX_TX_REPAIR_H
#define PLENUM_BRIDGE_TX_TX_REPAIR_H

#include "bridge/media_endpoint.h"

/* The receiver misses these numbers of that send SSRC. */
void tx_repair_nack(MediaEndpoint *ep, uint32_t ssrc, const uint16_t *seqs, size_t n, int64_t now_us);
/* The receiver is heard from another address. If it has not told lately that packets reach it, what was sent to the old one
 * is lost, which says nothing of the new way: the estimate begins anew. It is also more than NACKs bring back: key frames of
 * all that it is sent are asked for. */
void tx_repair_moved(MediaEndpoint *ep, int64_t now_us);
/* The estimate may have moved. */
void tx_repair_estimate(MediaEndpoint *ep, int64_t now_us);
/* Video just went out, its largest packet that long: a probe may start. */
void tx_repair_after_video(MediaEndpoint *ep, size_t largest, int64_t now_us);
/* Estimator, padding and probe timers; returns the next time. */
int64_t tx_repair_tick(MediaEndpoint *ep, int64_t now_us);

#endif
