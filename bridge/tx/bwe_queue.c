/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/tx/bwe_queue.h"

void bwe_queue_init(BweQueue *q)
{
    *q = (BweQueue){ .base_us = { INT64_MAX, INT64_MAX } };
}

void bwe_queue_update(BweQueue *q, int64_t delay_us, int64_t now_us)
{
    if (now_us >= q->period_end_us) {
        q->base_us[1] = q->base_us[0];
        q->base_us[0] = INT64_MAX;
        q->period_end_us = now_us + BWE_QUEUE_BASE_US;
    }
    if (delay_us < q->base_us[0])
        q->base_us[0] = delay_us;
    q->latest_us = delay_us;
    q->known = true;
    int64_t queue_us = bwe_queue_delay_us(q);
    if (queue_us < BWE_QUEUE_LONG_US) {
        q->long_since_us = 0;
    } else if (q->long_since_us == 0 || queue_us < BWE_QUEUE_FALLS * q->long_us) {
        q->long_since_us = now_us > 0 ? now_us : 1;
        q->long_us = queue_us;
    } else if (queue_us > q->long_us) {
        q->long_us = queue_us;
    }
}

bool bwe_queue_stands(const BweQueue *q, int64_t now_us)
{
    return q->long_since_us > 0 && now_us - q->long_since_us >= BWE_QUEUE_STANDS_US;
}

int64_t bwe_queue_delay_us(const BweQueue *q)
{
    if (!q->known)
        return 0;
    return q->latest_us - (q->base_us[0] < q->base_us[1] ? q->base_us[0] : q->base_us[1]);
}

void bwe_queue_suspect(BweQueue *q, int64_t now_us)
{
    q->drain_until_us = now_us + BWE_QUEUE_DRAIN_US;
}

double bwe_queue_factor(const BweQueue *q, int64_t now_us)
{
    int64_t above = bwe_queue_delay_us(q) - BWE_QUEUE_HIGH_US;
    if (above <= 0 || now_us >= q->drain_until_us)
        return 1;
    double share = above < BWE_QUEUE_SPAN_US ? (double)above / BWE_QUEUE_SPAN_US : 1;
    return 1 - share * (1 - BWE_QUEUE_MIN_FACTOR);
}
