/* SPDX-License-Identifier: Apache-2.0
 *
 * Pass mode: streams toward a receiver that knows every source by its own SSRC. A stream whose source left stays for
 * a while, because the same SSRC may be signalled again; when too many have gathered, the one silent for longest is
 * freed and only how far its SSRCs got is kept. Worker thread. */
#ifndef PLENUM_BRIDGE_TX_OWN_STREAMS_H
#define PLENUM_BRIDGE_TX_OWN_STREAMS_H

#include "bridge/media_endpoint.h"

#define OWN_STREAMS_MAX 1024         /* of one receiver */
#define OWN_STREAMS_UNLOADED 16      /* of them, without a source */
#define OWN_STREAMS_IDLE_US 10000000 /* at the limit, one that sent nothing for so long may give way */

/* The stream with the source's first SSRC and its RTX partner of now. NULL: no memory, or OWN_STREAMS_MAX are in use,
 * or another source of now has that SSRC. */
TxStream *own_streams_get(MediaEndpoint *ep, const MediaSource *s, int64_t now_us);
/* New keys: SRTP indices begin again. */
void own_streams_new_keys(TxState *tx);

#endif
