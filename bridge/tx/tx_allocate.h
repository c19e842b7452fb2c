/* SPDX-License-Identifier: Apache-2.0
 *
 * Runs the bandwidth allocation of one receiver (doc/protocols.md, Layers and allocation) and carries its outcome
 * into projections, slots and the wishes told to senders. Worker thread; on timers, never inside a batch. */
#ifndef PLENUM_BRIDGE_TX_TX_ALLOCATE_H
#define PLENUM_BRIDGE_TX_TX_ALLOCATE_H

#include "bridge/media_endpoint.h"

/* Something the allocation depends on changed: runs at at_us or a little later, once for several changes. */
void tx_allocate_soon(MediaEndpoint *ep, int64_t at_us);
void tx_allocate_run(MediaEndpoint *ep, int64_t now_us); /* now; without memory everything stays as it is */
/* Padding by what was allocated and the estimate of now. */
void tx_allocate_padding(MediaEndpoint *ep, int64_t now_us);
bool tx_allocate_has_camera_on_stage(const MediaEndpoint *ep); /* by its last wishes */
/* ForwardedSources, whether it changed or not. */
void tx_allocate_tell_forwarded(MediaEndpoint *ep);

#endif
