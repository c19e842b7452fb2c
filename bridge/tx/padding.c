/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/tx/padding.h"

#define MICROBITS_PER_BYTE 8000000

int64_t padding_rate_bps(const PaddingInput *in)
{
    if (!in->below_ideal || in->ideal_bps <= in->estimate_bps)
        return 0;
    int64_t rate = in->estimate_bps - in->target_bps; /* less than ideal - target, as estimate < ideal */
    return rate > 0 ? rate : 0;
}

size_t padding_due(Padding *p, int64_t rate_bps, int64_t now_us)
{
    if (!p->started || rate_bps <= 0) {
        *p = (Padding){ .started = true, .last_us = now_us };
        return 0;
    }
    int64_t elapsed = now_us - p->last_us, most = (int64_t)PADDING_MAX_BURST * MICROBITS_PER_BYTE;
    p->last_us = now_us;
    /* a stall must not overflow: at 10^10 bit/s the burst is reached within 40 us, so a second is plenty */
    elapsed = elapsed < 0 ? 0 : elapsed > 1000000 ? 1000000 : elapsed;
    p->carry_microbits += elapsed * (rate_bps < 10000000000 ? rate_bps : 10000000000);
    if (p->carry_microbits > most)
        p->carry_microbits = most;
    if (p->carry_microbits < 0)
        return 0;
    size_t bytes = (size_t)(p->carry_microbits / MICROBITS_PER_BYTE);
    p->carry_microbits %= MICROBITS_PER_BYTE;
    return bytes;
}

void padding_oversent(Padding *p, size_t bytes)
{
    p->carry_microbits -= (int64_t)(bytes < PADDING_MAX_BURST ? bytes : PADDING_MAX_BURST) * MICROBITS_PER_BYTE;
}
