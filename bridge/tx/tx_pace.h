/* SPDX-License-Identifier: Apache-2.0
 *
 * Video that waits on its way to one receiver (paced_queue.h). It waits behind the projection, with its number given
 * and what was rewritten kept in the stream's RtxMap, by reference to the packet all receivers share; header and encryption are
 * done when it goes. Only where the estimate is what allocation goes by: without, there is nothing to pace by.
 * Worker thread. */
#ifndef PLENUM_BRIDGE_TX_TX_PACE_H
#define PLENUM_BRIDGE_TX_TX_PACE_H

#include "bridge/media_endpoint.h"

/* The packet, just put into the stream's map, is to wait. What cannot be kept is left to the caller: false. */
bool tx_pace_hold(MediaEndpoint *ep, TxStream *st, Packet *p, const ProjectedPacket *out, int64_t now_us);
/* Sends what may go; returns when to call again, INT64_MAX when nothing waits. */
int64_t tx_pace_release(MediaEndpoint *ep, int64_t now_us);
/* Sends at least `bytes` of what waits, if it is that much, budget or not; returns what it sent. */
size_t tx_pace_give(MediaEndpoint *ep, size_t bytes, int64_t now_us);
/* The estimate or its standing changed. */
void tx_pace_set(MediaEndpoint *ep, int64_t now_us);
/* A stream is about to be freed: nothing that waits points to it any more. */
void tx_pace_forget(TxState *tx, const TxStream *st);
/* Nothing that waits will be sent. */
void tx_pace_clear(MediaEndpoint *ep);

#endif
