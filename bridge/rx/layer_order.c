/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/rx/layer_order.h"

#include <string.h>

void layer_order_init(LayerOrder *o, int encodings)
{
    memset(o, 0, sizeof(*o));
    o->encodings = (uint8_t)(encodings < 1 ? 1 : encodings > LAYER_ORDER_MAX ? LAYER_ORDER_MAX : encodings);
}

void layer_order_expect(LayerOrder *o, unsigned sent)
{
    o->sent = (uint8_t)(sent < o->encodings ? sent : o->encodings);
}

static bool has_say(const LayerOrder *o, int eid, int64_t now_us)
{
    return o->height[eid] && now_us - o->heard_us[eid] < LAYER_ORDER_SILENT_US;
}

static bool is_contradicted(const LayerOrder *o, int64_t now_us)
{
    unsigned highest = 0;
    for (int e = 0; e < o->encodings; e++) {
        if (!has_say(o, e, now_us))
            continue;
        if (o->height[e] < highest)
            return true;
        highest = o->height[e];
    }
    return false;
}

static bool all_known(const LayerOrder *o)
{
    int known = 0;
    for (int e = 0; e < o->encodings; e++)
        known += o->height[e] > 0;
    return known >= (o->sent ? o->sent : o->encodings);
}

/* Those with a say share out the places they hold among themselves. */
static void sort(LayerOrder *o, int64_t now_us, uint8_t rank[LAYER_ORDER_MAX])
{
    LayerOrder before = *o;
    for (int e = 0; e < LAYER_ORDER_MAX; e++)
        rank[e] = (uint8_t)e;
    for (int e = 0; e < o->encodings; e++) {
        if (!has_say(&before, e, now_us))
            continue;
        int place = 0, below = 0;
        for (int k = 0; k < o->encodings; k++)
            below += has_say(&before, k, now_us) &&
                     (k < e ? before.height[k] <= before.height[e] : before.height[k] < before.height[e]);
        while (!has_say(&before, place, now_us) || below-- > 0)
            place++;
        rank[e] = (uint8_t)place;
    }
    for (int e = 0; e < o->encodings; e++) {
        o->height[rank[e]] = before.height[e];
        o->heard_us[rank[e]] = before.heard_us[e];
    }
}

bool layer_order_packet(LayerOrder *o, int eid, unsigned height, int64_t now_us, uint8_t rank[LAYER_ORDER_MAX])
{
    if (eid < 0 || eid >= o->encodings)
        return false;
    o->heard_us[eid] = now_us;
    if (height)
        o->height[eid] = (uint16_t)height;
    else if (!o->conflict_us)
        return false;
    if (!is_contradicted(o, now_us)) {
        o->conflict_us = 0;
        o->settled |= all_known(o);
        return false;
    }
    if (!o->conflict_us)
        o->conflict_us = now_us;
    int64_t lasted_us = now_us - o->conflict_us;
    if (o->settled ? lasted_us < LAYER_ORDER_SETTLED_US : !all_known(o) && lasted_us < LAYER_ORDER_FIRST_US)
        return false;
    sort(o, now_us, rank);
    o->conflict_us = 0;
    o->settled |= all_known(o);
    return true;
}
