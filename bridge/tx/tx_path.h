/* SPDX-License-Identifier: Apache-2.0
 *
 * What happens to the packets of a batch on their way to one receiver, step by step: does it want
 * the source, which layer, which numbers; may it go at once (tx_pace.h); header; encryption straight into the send
 * arena. Worker thread. */
#ifndef PLENUM_BRIDGE_TX_TX_PATH_H
#define PLENUM_BRIDGE_TX_TX_PATH_H

#include "bridge/media_endpoint.h"

/* Packets of its conference, its own among them, in the order they came; n up to MEDIA_BATCH_MAX. Borrowed. */
void tx_path_batch(MediaEndpoint *receiver, Packet *const *batch, uint32_t n);

/* Encrypts header and payload with the state of that SSRC and puts the packet into the send batch. False: refused. */
bool tx_path_send(MediaEndpoint *receiver, SrtpStream *srtp, const uint8_t *header, size_t header_len,
                  const uint8_t *payload, size_t payload_len);
/* One packet of video as projected; numbers of SRTP and transport-cc are taken now. Returns what went out in bytes, 0
 * when it was refused; *tcc is its transport-cc number. */
size_t tx_path_send_video(MediaEndpoint *receiver, TxStream *st, Packet *p, const ProjectedPacket *out, int64_t now_us,
                          uint16_t *tcc);
/* The padding that is all of an empty packet (ProjectionVerdict, PROJECTION_FILL). */
#define TX_FILLER_BYTES 4
extern const uint8_t tx_path_filler[TX_FILLER_BYTES];
/* After the packets of one call: rates, and what follows video. */
void tx_path_end(MediaEndpoint *receiver, int64_t now_us);
/* Puts a packet's first payload bytes into the state this receiver is to see; returns the payload. The buffer is
 * shared: whoever sends next does the same. */
const uint8_t *tx_path_payload(Packet *p, const uint8_t *patch, uint8_t patch_len);
/* The next transport-cc number of this receiver. */
uint16_t tx_path_next_tcc(TxState *tx);

#endif
