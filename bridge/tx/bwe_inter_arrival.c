/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/tx/bwe_inter_arrival.h"

static void start_group(BweGroup *g, const BwePacket *p, int64_t now_us)
{
    *g = (BweGroup){ .first_send_us = p->send_us,
                     .send_us = p->send_us,
                     .first_arrival_us = p->arrival_us,
                     .arrival_us = p->arrival_us,
                     .system_us = now_us,
                     .valid = true };
}

/* Held up together and let go at once: their distance says nothing about the link. */
static bool in_burst(const BweGroup *g, const BwePacket *p)
{
    int64_t send_delta = p->send_us - g->send_us, arrival_delta = p->arrival_us - g->arrival_us;
    if (send_delta == 0)
        return true;
    return arrival_delta < send_delta && arrival_delta <= BWE_BURST_GAP_US &&
           p->arrival_us - g->first_arrival_us < BWE_BURST_MAX_US;
}

bool bwe_inter_arrival_add(BweInterArrival *ia, const BwePacket *p, int64_t now_us, BweDelta *out)
{
    BweGroup *cur = &ia->current, *prev = &ia->previous;
    bool complete = false;
    if (!cur->valid) {
        start_group(cur, p, now_us);
        return false;
    }
    if (p->send_us < cur->first_send_us)
        return false; /* overtaken */
    if (in_burst(cur, p) || p->send_us - cur->first_send_us <= BWE_GROUP_US) {
        if (p->send_us > cur->send_us)
            cur->send_us = p->send_us;
        if (p->arrival_us > cur->arrival_us)
            cur->arrival_us = p->arrival_us;
        cur->system_us = now_us;
        return false;
    }
    if (prev->valid) {
        BweDelta d = { cur->send_us - prev->send_us, cur->arrival_us - prev->arrival_us };
        if (d.arrival_us - (cur->system_us - prev->system_us) >= BWE_ARRIVAL_JUMP_US) {
            bwe_inter_arrival_reset(ia);
            start_group(cur, p, now_us);
            return false;
        }
        if (d.arrival_us < 0) {
            if (++ia->reordered >= BWE_REORDERED_GROUPS) {
                bwe_inter_arrival_reset(ia);
                start_group(cur, p, now_us);
            }
            return false;
        }
        ia->reordered = 0;
        *out = d;
        complete = true;
    }
    *prev = *cur;
    start_group(cur, p, now_us);
    return complete;
}

void bwe_inter_arrival_reset(BweInterArrival *ia)
{
    *ia = (BweInterArrival){ 0 };
}
