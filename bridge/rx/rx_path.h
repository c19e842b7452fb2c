/* SPDX-License-Identifier: Apache-2.0
 *
 * What happens to a datagram from a valid address, step by step: decrypted in place, parsed once,
 * checked against what its sender signalled, and put into its conference's batch. Worker thread. No allocation
 * (but for the first packet of a stream), no lock, no log: whatever is dropped is counted. */
#ifndef PLENUM_BRIDGE_RX_RX_PATH_H
#define PLENUM_BRIDGE_RX_RX_PATH_H

#include "bridge/media_endpoint.h"

#define RX_SILENCE_LEVEL 127
#define RX_SILENCE_PACKETS 3 /* forwarded before the rest of a silence is dropped */

/* p->len bytes of SRTP in p->data; demux_kind has said so. Takes a reference when it keeps the packet. */
void rx_path_rtp(MediaEndpoint *ep, Packet *p, const Tuple *from);
/* SRTCP; rx_rtcp.c. */
void rx_path_rtcp(MediaEndpoint *ep, Packet *p, const Tuple *from);
/* Either, for packets that waited for the keys. */
void rx_path_datagram(MediaEndpoint *ep, Packet *p, const Tuple *from);
/* A packet of video as its worker has put it in order, here or on another worker: parsed, counted, forwarded. */
void rx_path_video(MediaConference *c, Packet *p, MediaSource *s, RxEncoding *e);
/* Before there are keys: waits for them, or is dropped. */
void rx_path_hold(MediaEndpoint *ep, Packet *p);

#endif
