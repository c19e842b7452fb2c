/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/tx/bwe_ack_rate.h"

static BweAcked *at(const BweAckRate *a, size_t i)
{
    return (BweAcked *)&a->packets[(a->first + i) % BWE_ACK_MAX_PACKETS];
}

static int32_t since(uint32_t a_us, uint32_t b_us)
{
    return (int32_t)(a_us - b_us);
}

static void discard_oldest(BweAckRate *a)
{
    uint32_t send_us = at(a, 0)->send_us;
    if (!a->discarded || since(send_us, a->latest_discarded_send_us) > 0)
        a->latest_discarded_send_us = send_us;
    a->discarded = true;
    a->first = (a->first + 1) % BWE_ACK_MAX_PACKETS;
    a->count--;
}

void bwe_ack_rate_add(BweAckRate *a, const BwePacket *p)
{
    BweAcked new = { (uint32_t)p->send_us, (uint32_t)p->arrival_us, p->bytes };
    int64_t ahead_us = p->arrival_us - a->newest_us;
    if (ahead_us > 2 * BWE_ACK_MAX_WINDOW_US || ahead_us < -2 * BWE_ACK_MAX_WINDOW_US)
        a->count = 0; /* the receiver's clock jumped, or it makes things up */
    if (a->count == 0 || ahead_us > 0)
        a->newest_us = p->arrival_us;
    if (a->count == BWE_ACK_MAX_PACKETS)
        discard_oldest(a);
    size_t i = a->count++;
    for (; i > 0 && since(at(a, i - 1)->arrival_us, new.arrival_us) > 0; i--)
        *at(a, i) = *at(a, i - 1);
    *at(a, i) = new;
    uint32_t newest_us = at(a, a->count - 1)->arrival_us;
    for (;;) {
        int32_t age_us = since(newest_us, at(a, 0)->arrival_us);
        if (age_us <= BWE_ACK_MAX_WINDOW_US && (age_us <= BWE_ACK_WINDOW_US || a->count <= BWE_ACK_KEEP_PACKETS))
            break;
        discard_oldest(a);
    }
}

static int64_t rate(uint64_t bytes, int64_t span_us)
{
    return (int64_t)(bytes * 8000000 / (uint64_t)(span_us > BWE_ACK_MIN_SPAN_US ? span_us : BWE_ACK_MIN_SPAN_US));
}

int64_t bwe_ack_rate_bps(const BweAckRate *a)
{
    if (a->count < BWE_ACK_MIN_PACKETS)
        return 0;
    int32_t largest = 0, second = 0;
    uint64_t received = 0, sent = 0;
    const BweAcked *first_sent = NULL, *last_sent = NULL;
    size_t counted = 0;
    for (size_t i = 0; i < a->count; i++) {
        const BweAcked *p = at(a, i);
        if (i > 0) {
            int32_t gap = since(p->arrival_us, at(a, i - 1)->arrival_us);
            received += p->bytes;
            if (gap > largest) {
                second = largest;
                largest = gap;
            } else if (gap > second) {
                second = gap;
            }
        }
        if (a->discarded && since(p->send_us, a->latest_discarded_send_us) < 0)
            continue;
        sent += p->bytes;
        counted++;
        if (!last_sent || since(p->send_us, last_sent->send_us) > 0)
            last_sent = p;
        if (!first_sent || since(p->send_us, first_sent->send_us) < 0)
            first_sent = p;
    }
    /* one silence longer than all others is a pause (of a radio, say), not the rate: it counts as the next longest */
    int64_t span = (int64_t)since(at(a, a->count - 1)->arrival_us, at(a, 0)->arrival_us) - largest + second;
    int64_t received_bps = rate(received, span);
    if (counted < BWE_ACK_MIN_PACKETS)
        return received_bps;
    int64_t sent_bps = rate(sent - last_sent->bytes, since(last_sent->send_us, first_sent->send_us));
    return received_bps < sent_bps ? received_bps : sent_bps;
}

int64_t bwe_ack_rate_recent_bps(const BweAckRate *a)
{
    if (a->count < BWE_ACK_MIN_PACKETS)
        return 0;
    uint32_t newest_us = at(a, a->count - 1)->arrival_us;
    size_t i = a->count;
    uint64_t bytes = 0;
    while (i > 0 && since(newest_us, at(a, i - 1)->arrival_us) <= BWE_ACK_RECENT_US)
        bytes += at(a, --i)->bytes;
    if (a->count - i < BWE_ACK_MIN_PACKETS)
        return 0;
    return rate(bytes - at(a, i)->bytes, since(newest_us, at(a, i)->arrival_us));
}
