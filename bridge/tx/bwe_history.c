/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/tx/bwe_history.h"

#include <string.h>

enum { FREE, SENT, TOLD_LOST, TOLD_RECEIVED };

void bwe_history_sent(BweHistory *h, uint16_t seq, size_t bytes, uint16_t probe, bool audio, int64_t now_us)
{
    int64_t v = rtp_seq_unwrap(&h->seq, seq);
    if (v < 0)
        return;
    h->ring[v % BWE_HISTORY_SIZE] = (BweSent){ .send_us = now_us,
                                               .seq = (uint32_t)v,
                                               .bytes = (uint16_t)(bytes < UINT16_MAX ? bytes : UINT16_MAX),
                                               .probe = (uint8_t)probe,
                                               .state = SENT,
                                               .audio = audio };
}

BweTold bwe_history_told(BweHistory *h, uint16_t seq, bool received, int64_t now_us, BwePacket *out)
{
    int64_t v = rtp_seq_unwrap_peek(&h->seq, seq);
    if (v < 0 || v > h->seq.newest)
        return BWE_TOLD_UNKNOWN;
    BweSent *s = &h->ring[v % BWE_HISTORY_SIZE];
    if (s->state == FREE || s->seq != (uint32_t)v || now_us - s->send_us > BWE_HISTORY_AGE_US)
        return BWE_TOLD_UNKNOWN;
    if (s->state == TOLD_RECEIVED || (s->state == TOLD_LOST && !received))
        return BWE_TOLD_BEFORE;
    s->state = received ? TOLD_RECEIVED : TOLD_LOST;
    *out = (BwePacket){
        .send_us = s->send_us, .arrival_us = TWCC_NOT_RECEIVED, .bytes = s->bytes, .probe = s->probe, .audio = s->audio
    };
    return BWE_TOLD_NEWS;
}

void bwe_history_forget(BweHistory *h)
{
    memset(h->ring, 0, sizeof(h->ring));
}
