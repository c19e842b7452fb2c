/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/tx/bwe_aimd.h"
#include <math.h>

#define MULTIPLICATIVE 1.08 /* per second */
#define MIN_INCREASE_BPS 1000
#define ADDITIVE_FAST_BPS 2500000.0
#define ADDITIVE_SLOW_BPS 80000.0
#define ADDITIVE_SHARE 0.08
#define ADDITIVE_MOST 0.3
#define ABOVE_S 0.4
#define MILD 0.88         /* acknowledged / aimed at: a little too much was sent .. */
#define AGAIN_US 1000000  /* .. and not only what still arrives of it */
#define ABOVE_UNKNOWN 0.1 /* where the link is full is not known */
#define DEFAULT_RTT_US 200000
#define PACKET_BITS (1200 * 8)
#define CAPACITY_WEIGHT 0.05
#define MIN_DEVIATION 0.4
#define MAX_DEVIATION 2.5

static int64_t clamp(int64_t v, int64_t lo, int64_t hi)
{
    return v < lo ? lo : v > hi ? hi : v;
}

void bwe_aimd_init(BweAimd *a, int64_t start_bps, int64_t min_bps, int64_t max_bps, int64_t now_us)
{
    *a = (BweAimd){ .min_bps = min_bps,
                    .max_bps = max_bps,
                    .bps = clamp(start_bps, min_bps, max_bps),
                    .link.deviation = MIN_DEVIATION,
                    .step_factor = 1,
                    .rtt_us = DEFAULT_RTT_US,
                    .changed_us = now_us,
                    .decreased_us = -1 };
}

static double three_sigma(const BweLinkCapacity *c)
{
    return 3 * sqrt(c->deviation * c->kbps);
}

static void link_full(BweLinkCapacity *c, double kbps)
{
    c->kbps = c->kbps > 0 ? (1 - CAPACITY_WEIGHT) * c->kbps + CAPACITY_WEIGHT * kbps : kbps;
    double error = c->kbps - kbps, norm = fmax(c->kbps, 1);
    c->deviation = (1 - CAPACITY_WEIGHT) * c->deviation + CAPACITY_WEIGHT * error * error / norm;
    c->deviation = fmax(MIN_DEVIATION, fmin(MAX_DEVIATION, c->deviation));
}

static bool may_decrease(const BweAimd *a, int64_t acked_bps, int64_t now_us)
{
    return now_us - a->changed_us >= clamp(a->rtt_us, 200000, 300000) || acked_bps < a->bps / 2;
}

static void decrease(BweAimd *a, int64_t acked_bps, int64_t now_us)
{
    double acked_kbps = acked_bps / 1000.0;
    /* Two who meet the limit together must fall by the same part of what they aim at. What arrives is less than that for
     * who falls first and more for the other: to fall by that would hold them apart. */
    bool mild = acked_bps > MILD * a->bps && (a->decreased_us < 0 || now_us - a->decreased_us > AGAIN_US);
    int64_t bps = (int64_t)(BWE_BACKOFF * (mild ? a->bps : acked_bps));
    if (acked_bps == 0)
        bps = a->bps / 2; /* overuse before anything was measured */
    else if (bps > 5000)
        bps -= 5000;
    if (bps > a->bps && a->link.kbps > 0)
        bps = (int64_t)(BWE_BACKOFF * 1000 * a->link.kbps);
    if (bps < a->bps)
        a->bps = clamp(bps, a->min_bps, a->max_bps);
    if (acked_bps > 0) {
        if (a->link.kbps > 0 && acked_kbps < a->link.kbps - three_sigma(&a->link))
            a->link.kbps = 0; /* another link now */
        link_full(&a->link, acked_kbps);
    }
    a->state = BWE_AIMD_HOLD;
    a->changed_us = a->decreased_us = now_us;
}

/* Two packets per response time, the round trip and what detection takes: the same step for all who share a link,
 * whatever they have, is what brings them together. Only a fast link takes more. */
static double additive_bps_per_second(const BweAimd *a)
{
    double response_s = (a->rtt_us + 100000) / 1e6;
    double step = 2 * PACKET_BITS / response_s * fmax(1, sqrt(a->bps / ADDITIVE_FAST_BPS));
    double most = fmin(fmax(ADDITIVE_SLOW_BPS, ADDITIVE_SHARE * a->bps), ADDITIVE_MOST * a->bps);
    return fmin(step, most) * a->step_factor;
}

static void increase(BweAimd *a, int64_t acked_bps, int64_t now_us)
{
    double elapsed_s = fmin((now_us - a->changed_us) / 1e6, 1.0);
    if (a->link.kbps > 0 && acked_bps / 1000.0 > a->link.kbps + three_sigma(&a->link))
        a->link.kbps = 0;
    double more = fmax(a->bps * (pow(MULTIPLICATIVE, elapsed_s) - 1), MIN_INCREASE_BPS);
    if (a->link.kbps > 0)
        more = additive_bps_per_second(a) * elapsed_s;
    /* never far above what arrives: that much further it would go before overuse shows */
    int64_t above = a->link.kbps > 0 ? (int64_t)(ABOVE_S * additive_bps_per_second(a))
                                     : (int64_t)(ABOVE_UNKNOWN * acked_bps) + 10000;
    int64_t limit = acked_bps > 0 ? acked_bps + above : a->max_bps;
    if (a->bps < limit)
        a->bps = clamp((int64_t)fmin(a->bps + more, limit), a->min_bps, a->max_bps);
    a->changed_us = now_us;
}

bool bwe_aimd_update(BweAimd *a, BweUsage usage, int64_t acked_bps, bool alr, int64_t now_us)
{
    if (usage == BWE_OVERUSE) {
        if (!may_decrease(a, acked_bps, now_us))
            return false;
        int64_t before = a->bps;
        decrease(a, acked_bps, now_us);
        return a->bps < before;
    }
    if (usage == BWE_UNDERUSE) {
        a->state = BWE_AIMD_HOLD; /* let the queue run empty */
        return false;
    }
    if (a->state == BWE_AIMD_HOLD) {
        a->state = BWE_AIMD_INCREASE;
        a->changed_us = now_us;
    }
    if (alr)
        a->changed_us = now_us; /* a link that is not filled proves nothing */
    else
        increase(a, acked_bps, now_us);
    return false;
}

void bwe_aimd_set(BweAimd *a, int64_t bps, int64_t now_us)
{
    a->bps = clamp(bps, a->min_bps, a->max_bps);
    a->changed_us = now_us;
}
