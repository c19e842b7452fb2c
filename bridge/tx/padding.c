/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/tx/padding.h"

#define MICROBITS_PER_BYTE 8000000
#define MAX_RATE_BPS 10000000000
#define MAX_SENT 1000000000 /* bytes between two calls */

int64_t padding_rate_bps(const PaddingInput *in)
{
    if (!in->below_ideal || in->ideal_bps <= in->estimate_bps)
        return 0;
    int64_t rate = in->estimate_bps - in->target_bps; /* less than ideal - target, as estimate < ideal */
    return rate > 0 ? rate : 0;
}

size_t padding_due(Padding *p, int64_t rate_bps, uint64_t sent_bytes, int64_t now_us)
{
    if (!p->started || rate_bps <= 0) {
        *p = (Padding){ .started = true, .last_us = now_us, .sent_bytes = sent_bytes };
        return 0;
    }
    /* a stall, or a rate from nowhere, must not overflow */
    int64_t rate = rate_bps < MAX_RATE_BPS ? rate_bps : MAX_RATE_BPS, elapsed = now_us - p->last_us;
    uint64_t sent = sent_bytes - p->sent_bytes;
    elapsed = elapsed < 0 ? 0 : elapsed > 1000000 ? 1000000 : elapsed;
    p->last_us = now_us;
    p->sent_bytes = sent_bytes;
    p->carry_microbits += elapsed * rate - (int64_t)(sent < MAX_SENT ? sent : MAX_SENT) * MICROBITS_PER_BYTE;
    if (p->carry_microbits > PADDING_SAVED_US * rate)
        p->carry_microbits = PADDING_SAVED_US * rate;
    if (p->carry_microbits < -PADDING_OWED_US * rate)
        p->carry_microbits = -PADDING_OWED_US * rate;
    if (p->carry_microbits < MICROBITS_PER_BYTE)
        return 0;
    int64_t bytes = p->carry_microbits / MICROBITS_PER_BYTE;
    return (size_t)(bytes < PADDING_MAX_BURST ? bytes : PADDING_MAX_BURST);
}
