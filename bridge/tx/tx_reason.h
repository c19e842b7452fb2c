/* SPDX-License-Identifier: Apache-2.0
 *
 * Says of one source and one receiver why nothing of it is sent, or less than the sender has. Reads the transmit state
 * and changes nothing. Worker thread. */
#ifndef PLENUM_BRIDGE_TX_TX_REASON_H
#define PLENUM_BRIDGE_TX_TX_REASON_H

#include "bridge/media_endpoint.h"

/* `s` is another endpoint's, of the same conference; now_us of the worker. */
ForwardReason tx_reason(const MediaEndpoint *receiver, MediaSource *s, int64_t now_us);

#endif
