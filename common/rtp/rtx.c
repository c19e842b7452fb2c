/* SPDX-License-Identifier: Apache-2.0 */
#include "common/rtp/rtx.h"
#include <string.h>
#include "common/rtp/rtp_write.h"

RtxStatus rtx_unwrap(uint8_t *packet, const RtpView *v, uint8_t pt, uint32_t ssrc)
{
    if (v->payload_len < RTX_OSN_SIZE)
        return RTX_EMPTY;
    const uint8_t *osn = packet + v->payload_off;
    uint16_t seq = (uint16_t)(osn[0] << 8 | osn[1]);
    /* the header is shorter than the payload: it moves */
    memmove(packet + RTX_OSN_SIZE, packet, v->payload_off);
    packet += RTX_OSN_SIZE;
    rtp_set_pt(packet, pt);
    rtp_set_seq(packet, seq);
    rtp_set_ssrc(packet, ssrc);
    return RTX_OK;
}
