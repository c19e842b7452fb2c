/* SPDX-License-Identifier: Apache-2.0
 *
 * Receive state of one encoding (SSRC) of a source, and of the RTX stream that repairs it. The heavy part comes into
 * being with the first packet. Owner: the MediaSource; worker thread. */
#ifndef PLENUM_BRIDGE_RX_RX_ENCODING_H
#define PLENUM_BRIDGE_RX_RX_ENCODING_H

#include "bridge/rx/frame_info.h"
#include "bridge/rx/nack_gen.h"
#include "bridge/rx/rx_stream.h"
#include "bridge/rx/seq_map.h"

typedef struct {
    FrameParser parser;
    NackGen nacks;
} RxVideoState;

typedef struct {
    RxStream stream;
    RxStream rtx;  /* of the RTX SSRC; unused (ssrc 0) without one */
    SeqMap closed; /* wire numbers -> numbers without what the receive path swallowed */
    bool closed_started;
    RxVideoState *video; /* NULL for audio */
} RxEncodingState;

typedef struct {
    /* set at birth */
    uint32_t ssrc, rtx_ssrc; /* rtx_ssrc 0: none */
    uint8_t eid;             /* as signalled at first, then as the pictures say (layer_order) */
    /* worker */
    RxEncodingState *state; /* NULL before the first packet */
    uint64_t sr_ntp;        /* last sender report; sr_us 0: none yet */
    uint32_t sr_ts;
    int64_t sr_us;
} RxEncoding;

/* Makes the state. False: no memory. */
bool rx_encoding_start(RxEncoding *e, bool video, uint32_t clock_hz);
void rx_encoding_clear(RxEncoding *e); /* frees the state, if there is one */

#endif
