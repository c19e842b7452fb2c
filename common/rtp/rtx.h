/* SPDX-License-Identifier: Apache-2.0
 *
 * Retransmission format (RFC 4588 4): the original sequence number in front of the payload, on a stream of its
 * own. How it is written: bridge/tx/tx_repair.c. Pure; any thread. */
#ifndef PLENUM_COMMON_RTP_RTX_H
#define PLENUM_COMMON_RTP_RTX_H

#include "common/rtp/rtp_view.h"

#define RTX_OSN_SIZE 2

typedef enum {
    RTX_OK,
    RTX_EMPTY /* no original packet inside: probing padding, or 0 or 1 byte of payload */
} RtxStatus;

/* Turns an RTX packet back into the original, in place: on RTX_OK the packet starts RTX_OSN_SIZE bytes further
 * on, is that much shorter, and carries `pt` (0..127), `ssrc` and the original number. The caller parses its view anew.
 * On RTX_EMPTY nothing was touched. */
RtxStatus rtx_unwrap(uint8_t *packet, const RtpView *v, uint8_t pt, uint32_t ssrc);

#endif
