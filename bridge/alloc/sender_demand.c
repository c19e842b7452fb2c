/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>
#include "bridge/alloc/sender_demand.h"

static int taller(int a, int b)
{
    return a < 0 || b < 0 ? -1 : a > b ? a : b;
}

/* Place of the receiver, or where it belongs. */
static size_t place(const SenderDemand *d, uint64_t receiver)
{
    size_t low = 0, high = d->count;
    while (low < high) {
        size_t mid = (low + high) / 2;
        if (d->entry[mid].receiver < receiver)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

static bool grow(SenderDemand *d)
{
    if (d->count < d->room)
        return true;
    if (d->room >= SENDER_DEMAND_MAX)
        return false;
    size_t room = d->room ? 2 * d->room : 8;
    SenderDemandEntry *entry = realloc(d->entry, room * sizeof(*entry));
    if (!entry)
        return false;
    d->entry = entry;
    d->room = room;
    return true;
}

static bool update(SenderDemand *d)
{
    int demand = d->overflow ? -1 : 0;
    for (size_t i = 0; i < d->count && demand >= 0; i++)
        demand = taller(demand, d->entry[i].max_height);
    bool changed = demand != d->demand;
    d->demand = demand;
    return changed;
}

bool sender_demand_set(SenderDemand *d, uint64_t receiver, int max_height)
{
    size_t i = place(d, receiver);
    bool there = i < d->count && d->entry[i].receiver == receiver;
    if (max_height == 0) {
        if (there) {
            d->count--;
            memmove(&d->entry[i], &d->entry[i + 1], (d->count - i) * sizeof(d->entry[0]));
            d->overflow = false; /* whoever found no room asks again with the next allocation */
        }
    } else if (there) {
        d->entry[i].max_height = max_height < 0 ? -1 : max_height;
    } else if (grow(d)) {
        memmove(&d->entry[i + 1], &d->entry[i], (d->count - i) * sizeof(d->entry[0]));
        d->entry[i] = (SenderDemandEntry){ receiver, max_height < 0 ? -1 : max_height };
        d->count++;
    } else {
        d->overflow = true;
    }
    return update(d);
}

int sender_demand_height(const SenderDemand *d)
{
    return d->demand;
}

void sender_demand_clear(SenderDemand *d)
{
    free(d->entry);
    memset(d, 0, sizeof(*d));
}
