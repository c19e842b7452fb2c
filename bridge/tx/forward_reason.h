/* SPDX-License-Identifier: Apache-2.0
 *
 * Why a receiver gets nothing of a source right now; shown by the admin interface. Pure. */
#ifndef PLENUM_BRIDGE_TX_FORWARD_REASON_H
#define PLENUM_BRIDGE_TX_FORWARD_REASON_H

typedef enum {
    FORWARD_OK,               /* packets flow */
    FORWARD_CAP,              /* the receiver asked for height 0 */
    FORWARD_BANDWIDTH,        /* not enough bandwidth */
    FORWARD_LAST_N,           /* beyond last-n */
    FORWARD_SENDER_MUTED,     /* video type none or disabled, or muted by a moderator */
    FORWARD_WAITING_KEYFRAME, /* wanted, but nothing decodable has come yet */
    FORWARD_NO_PACKETS,       /* wanted, but the sender sends nothing */
    FORWARD_UNMAPPED,         /* no send SSRC (slot) is assigned to it */
} ForwardReason;

/* snake_case name for JSON: "ok", "cap", "bandwidth", "last_n", "sender_muted", "waiting_keyframe", "no_packets",
 * "unmapped". */
const char *forward_reason_name(ForwardReason reason);

#endif
