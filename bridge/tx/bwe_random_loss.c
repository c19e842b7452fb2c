/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/tx/bwe_random_loss.h"

#define LEAST_PERIODS 3  /* without a queue, to know */
#define LEAST_SPREAD 0.1 /* of the rate between its upper and lower half, to compare them */
#define LEAST_YIELD 0.5  /* of what was sent more must arrive */

/* Sums of those periods that had no queue, and sent more than `above` but not more than `most`. */
static BweRandomPeriod sum(const BweRandomLoss *r, double above, double most, unsigned *n)
{
    unsigned have = r->count < BWE_RANDOM_PERIODS ? r->count : BWE_RANDOM_PERIODS;
    BweRandomPeriod s = { 0 };
    *n = 0;
    for (unsigned i = 0; i < have; i++) {
        const BweRandomPeriod *p = &r->periods[i];
        if (p->queued || p->kbps <= above || p->kbps > most)
            continue;
        s.kb += p->kb;
        s.lost_kb += p->lost_kb;
        s.kbps += p->kbps;
        ++*n;
    }
    if (*n)
        s.kbps /= *n;
    return s;
}

static double arrived_kbps(const BweRandomPeriod *p)
{
    return p->kb > 0 ? p->kbps * (1 - p->lost_kb / p->kb) : 0;
}

typedef enum { UNKNOWN, FREE, LIMITED } Verdict;

/* Limited: more was sent, and hardly more arrived. */
static Verdict compare(const BweRandomLoss *r, double mean_kbps)
{
    unsigned n_low, n_high;
    BweRandomPeriod low = sum(r, 0, mean_kbps, &n_low), high = sum(r, mean_kbps, 1e12, &n_high);
    if (n_low < LEAST_PERIODS || n_high < LEAST_PERIODS || high.kbps - low.kbps < LEAST_SPREAD * mean_kbps)
        return UNKNOWN;
    bool hardly = arrived_kbps(&high) - arrived_kbps(&low) < LEAST_YIELD * (high.kbps - low.kbps);
    return hardly ? LIMITED : FREE;
}

static void judge(BweRandomLoss *r)
{
    unsigned n;
    BweRandomPeriod all = sum(r, 0, 1e12, &n);
    if (n < LEAST_PERIODS || all.kb <= 0)
        return; /* what was known of the path still holds */
    double share = all.lost_kb / all.kb;
    Verdict verdict = compare(r, all.kbps);
    if (share > BWE_RANDOM_MOST || verdict == LIMITED)
        r->share = 0;
    else if (verdict == FREE || share < r->share)
        r->share = share; /* at one rate nothing tells random losses from those of a queue that is always full */
}

void bwe_random_loss_update(BweRandomLoss *r, const BwePacket *packets, size_t n, int64_t queue_us)
{
    BweSpan *span = &r->partial;
    bwe_span_add(span, packets, n);
    r->queued |= queue_us > BWE_RANDOM_QUEUE_US;
    int64_t span_us = span->last_us - span->first_us;
    if (span->first_us == 0 || span_us < BWE_RANDOM_PERIOD_US)
        return;
    r->periods[r->count++ % BWE_RANDOM_PERIODS] = (BweRandomPeriod){
        .kb = span->kb, .lost_kb = span->lost_kb, .kbps = span->kb * 8e6 / (double)span_us, .queued = r->queued
    };
    *span = (BweSpan){ 0 };
    r->queued = false;
    judge(r);
}

int64_t bwe_random_loss_restore_bps(const BweRandomLoss *r, int64_t acked_bps)
{
    return (int64_t)((double)acked_bps / (1 - r->share));
}
