/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/tx/pacer.h"

#define MICRO 1000000

static int64_t clamp(int64_t v, int64_t lo, int64_t hi)
{
    return v < lo ? lo : v > hi ? hi : v;
}

void pacer_init(Pacer *p, int64_t rate_bps, int64_t burst_us, int64_t now_us)
{
    *p = (Pacer){ .rate_bps = rate_bps, .burst_us = burst_us, .updated_us = now_us };
}

static void update(Pacer *p, int64_t now_us)
{
    int64_t elapsed = clamp(now_us - p->updated_us, 0, PACER_MAX_DEBT_US + p->burst_us);
    if (now_us > p->updated_us)
        p->updated_us = now_us;
    p->budget += elapsed * p->rate_bps;
    p->budget = clamp(p->budget, -PACER_MAX_DEBT_US * p->rate_bps, p->burst_us * p->rate_bps);
}

void pacer_set_rate(Pacer *p, int64_t rate_bps, int64_t now_us)
{
    update(p, now_us);
    p->rate_bps = rate_bps;
    update(p, now_us);
}

size_t pacer_budget(Pacer *p, int64_t now_us)
{
    update(p, now_us);
    return p->budget > 0 ? (size_t)(p->budget / (8 * (int64_t)MICRO)) : 0;
}

void pacer_sent(Pacer *p, size_t bytes, int64_t now_us)
{
    update(p, now_us);
    p->budget -= (int64_t)bytes * 8 * MICRO;
    update(p, now_us);
}

int64_t pacer_next_us(Pacer *p, int64_t now_us)
{
    update(p, now_us);
    if (p->budget >= 0)
        return now_us;
    if (p->rate_bps <= 0)
        return INT64_MAX;
    return now_us + (-p->budget + p->rate_bps - 1) / p->rate_bps;
}
