/* SPDX-License-Identifier: Apache-2.0
 *
 * Why a receiver gets nothing of a source right now, or less than its sender has; shown by the admin interface, and
 * explained to operators in plenum-bridge(8). Pure. */
#ifndef PLENUM_BRIDGE_TX_FORWARD_REASON_H
#define PLENUM_BRIDGE_TX_FORWARD_REASON_H

typedef enum {
    FORWARD_OK,               /* all of it flows */
    FORWARD_CAP,              /* the receiver asked for nothing, or for a less tall picture than comes in */
    FORWARD_BANDWIDTH,        /* not enough bandwidth for it, or for the layer that was asked for */
    FORWARD_HOLD,             /* there is bandwidth for it, but a raise waits (alloc/layer_hold.h) */
    FORWARD_LAST_N,           /* beyond last-n */
    FORWARD_SENDER_MUTED,     /* video type none or disabled, or muted by a moderator */
    FORWARD_WAITING_KEYFRAME, /* wanted, but nothing decodable has come yet; or what flows waits to be switched up */
    FORWARD_NO_PACKETS,       /* wanted, but the sender sends nothing */
    FORWARD_UNMAPPED,         /* no send SSRC (slot) is assigned to it */
    FORWARD_QUIET,            /* audio: silence, or others are louder (WorkersConfig.loudest) */
    FORWARD_CODEC,            /* the receiver has not negotiated its payload type */
    FORWARD_NOT_CONNECTED,    /* nothing can be sent to the receiver yet: no keys or no address */
    FORWARD_REASONS
} ForwardReason;

/* snake_case name for JSON: "ok", "cap", "bandwidth", "hold", "last_n", "sender_muted", "waiting_keyframe", "no_packets",
 * "unmapped", "quiet", "codec", "not_connected"; static. */
const char *forward_reason_name(ForwardReason reason);

#endif
