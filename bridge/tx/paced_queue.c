/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/tx/paced_queue.h"

void paced_queue_init(PacedQueue *q, int64_t now_us)
{
    q->on = false;
    q->rate_bps = 0;
    q->head = q->count = 0;
    q->bytes = 0;
    q->held = 0;
    pacer_init(&q->pacer, 0, PACED_BURST_US, now_us);
}

/* So fast that what waits is gone when the oldest of it has waited as long as it may. */
static void hurry(PacedQueue *q, int64_t now_us)
{
    int64_t rate_bps = q->rate_bps;
    if (q->count > 0) {
        int64_t left_us = q->ring[q->head].since_us + PACED_LIMIT_US - now_us;
        int64_t needed = (int64_t)q->bytes * 8000000 / (left_us > PACED_STEP_US ? left_us : PACED_STEP_US);
        rate_bps = needed > rate_bps ? needed : rate_bps;
    }
    if (rate_bps != q->pacer.rate_bps)
        pacer_set_rate(&q->pacer, rate_bps, now_us);
}

void paced_queue_set(PacedQueue *q, int64_t estimate_bps, int64_t path_queue_us, int64_t now_us)
{
    if (estimate_bps <= 0) {
        q->on = false;
        return;
    }
    bool starts = !q->on;
    q->on = true;
    double factor = path_queue_us > PACED_QUEUED_US ? PACED_FACTOR_QUEUED : PACED_FACTOR;
    int64_t rate_bps = (int64_t)(factor * (double)estimate_bps);
    q->rate_bps = rate_bps > PACED_MIN_BPS ? rate_bps : PACED_MIN_BPS;
    int64_t burst_us = PACED_BURST_BYTES * 8000000LL / q->rate_bps;
    q->pacer.burst_us = burst_us > PACED_BURST_US ? burst_us : PACED_BURST_US;
    if (starts) {
        pacer_init(&q->pacer, q->rate_bps, q->pacer.burst_us, now_us);
        q->pacer.budget = q->pacer.burst_us * q->rate_bps;
    }
    hurry(q, now_us);
}

bool paced_queue_push(PacedQueue *q, PacedPacket p)
{
    if (q->count == PACED_MAX)
        return false;
    q->ring[(q->head + q->count++) % PACED_MAX] = p;
    q->bytes += p.bytes;
    q->held++;
    return true;
}

bool paced_queue_pop(PacedQueue *q, PacedPacket *out)
{
    if (q->count == 0)
        return false;
    *out = q->ring[q->head];
    q->head = (q->head + 1) % PACED_MAX;
    q->count--;
    q->bytes -= out->bytes;
    return true;
}

bool paced_queue_pop_due(PacedQueue *q, int64_t now_us, PacedPacket *out)
{
    if (q->count == 0)
        return false;
    if (q->on) {
        hurry(q, now_us);
        bool late = now_us - q->ring[q->head].since_us >= PACED_LIMIT_US;
        if (!late && pacer_next_us(&q->pacer, now_us) > now_us)
            return false;
    }
    return paced_queue_pop(q, out);
}

int64_t paced_queue_next_us(PacedQueue *q, int64_t now_us)
{
    if (q->count == 0)
        return INT64_MAX;
    if (!q->on)
        return now_us;
    hurry(q, now_us);
    int64_t next_us = pacer_next_us(&q->pacer, now_us), latest_us = q->ring[q->head].since_us + PACED_LIMIT_US;
    next_us = next_us < latest_us ? next_us : latest_us;
    return next_us > now_us + PACED_STEP_US ? next_us : now_us + PACED_STEP_US;
}
