/* SPDX-License-Identifier: Apache-2.0
 *
 * Which send SSRC carries which source toward one receiver: slots in rewriting mode, the source's
 * own SSRC otherwise; and the events that tell the client. Worker thread. */
#ifndef PLENUM_BRIDGE_TX_TX_SLOTS_H
#define PLENUM_BRIDGE_TX_TX_SLOTS_H

#include "bridge/media_endpoint.h"

/* Keys and a path are there: from now on the endpoint takes part as a receiver. */
void tx_slots_ready(MediaEndpoint *ep);
/* New keys: SRTP indices begin again. */
void tx_slots_new_keys(MediaEndpoint *ep);
/* There is video to send: makes what measures and paces its way, once. False: no memory. */
bool tx_slots_flows(MediaEndpoint *ep);
int64_t tx_slots_start_bps(const MediaEndpoint *ep); /* the estimate that it begins with */
/* It signalled other payload types or extensions. */
void tx_slots_media_changed(MediaEndpoint *ep);

/* Audio state of a source whose first packet is here. NULL: no memory. */
TxAudio *tx_slots_new_audio(MediaEndpoint *ep, TxSource *t, MediaSource *s);
/* Stream for a source that has a packet now; announces a new mapping. NULL: no slot may be taken over now. */
TxStream *tx_slots_audio(MediaEndpoint *ep, MediaSource *s, int64_t now_us);

/* Video: the first n_wanted of `sources` must have a stream, the others fill up: their SSRCs are announced, but nothing
 * is made of them yet. Binds projections and announces. */
void tx_slots_video(MediaEndpoint *ep, MediaSource *const *sources, size_t n_wanted, size_t n, int64_t now_us);

/* All mappings, for a message channel that has just opened. */
void tx_slots_tell_all(MediaEndpoint *ep);

#endif
