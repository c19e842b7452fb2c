/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/tx/forward_reason.h"

const char *forward_reason_name(ForwardReason reason)
{
    switch (reason) {
    case FORWARD_OK:
        return "ok";
    case FORWARD_CAP:
        return "cap";
    case FORWARD_BANDWIDTH:
        return "bandwidth";
    case FORWARD_HOLD:
        return "hold";
    case FORWARD_LAST_N:
        return "last_n";
    case FORWARD_SENDER_MUTED:
        return "sender_muted";
    case FORWARD_WAITING_KEYFRAME:
        return "waiting_keyframe";
    case FORWARD_NO_PACKETS:
        return "no_packets";
    case FORWARD_UNMAPPED:
        return "unmapped";
    case FORWARD_QUIET:
        return "quiet";
    case FORWARD_CODEC:
        return "codec";
    case FORWARD_NOT_CONNECTED:
        return "not_connected";
    case FORWARD_REASONS:
        break;
    }
    return "unknown";
}
