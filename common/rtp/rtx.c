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

size_t rtx_wrap(uint8_t *out, size_t cap, const uint8_t *packet, const RtpView *v, uint8_t rtx_pt, uint32_t rtx_ssrc,
                uint16_t rtx_seq)
{
    size_t len = v->payload_off + RTX_OSN_SIZE + v->payload_len;
    if (len > cap)
        return 0;
    memcpy(out, packet, v->payload_off);
    out[v->payload_off] = (uint8_t)(v->seq >> 8);
    out[v->payload_off + 1] = (uint8_t)v->seq;
    memcpy(out + v->payload_off + RTX_OSN_SIZE, packet + v->payload_off, v->payload_len);
    out[0] &= (uint8_t)~0x20;
    rtp_set_pt(out, rtx_pt);
    rtp_set_seq(out, rtx_seq);
    rtp_set_ssrc(out, rtx_ssrc);
    return len;
}
