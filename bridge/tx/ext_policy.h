/* SPDX-License-Identifier: Apache-2.0
 *
 * What becomes of each header extension (RFC 8285) on its way through the bridge: one table, from which the few steps
 * are made that a packet to one receiver takes (tx_header.h). A new extension is a row here. Pure. */
#ifndef PLENUM_BRIDGE_TX_EXT_POLICY_H
#define PLENUM_BRIDGE_TX_EXT_POLICY_H

#include <stdbool.h>
#include <stddef.h>

#include "bridge/rx/media_packet.h"
#include "common/rtp/rtp_ext.h"

typedef enum {
    EXT_STRIP,   /* goes no further */
    EXT_PASS,    /* as the sender wrote it, under the receiver's id */
    EXT_REWRITE, /* the bridge's own value, by ExtValue; what the sender wrote is stripped */
} ExtAction;

typedef enum {
    EXT_OF_SENDER, /* EXT_PASS */
    EXT_DESCRIPTOR,
    EXT_MID,
    EXT_TRANSPORT_CC,
    EXT_SEND_TIME
} ExtValue;

typedef struct {
    RtpExtType type;
    ExtAction action;
    MediaExt carried; /* EXT_PASS: where the packet has it; else MEDIA_EXT_COUNT */
    ExtValue value;
} ExtPolicy;

/* The table: n rows, one for each RtpExtType but RTP_EXT_UNKNOWN, which is stripped. In the order of writing. */
const ExtPolicy *ext_policy(size_t *n);

#define EXT_STEPS_MAX 8

/* What is written toward one receiver, in this order. Zero-initialised: nothing. */
typedef struct {
    uint8_t n;
    struct {
        uint8_t id;             /* the receiver's */
        uint8_t value, carried; /* ExtValue, MediaExt */
    } step[EXT_STEPS_MAX];
} ExtSteps;

/* Of a receiver that has negotiated these ids (0: not this one); a send time only where it has no transport-cc for
 * video. */
void ext_policy_steps(ExtSteps *out, const uint8_t ids[RTP_EXT_TYPE_COUNT], bool transport_cc);

#endif
