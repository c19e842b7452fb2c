/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/transport/sctp_table.h"
#include <stdlib.h>
#include <string.h>
#include "bridge/transport/sctp.h"

#define FIRST_CAP 64u

static bool grow(SctpTable *t)
{
    uint32_t cap = t->cap ? t->cap * 2 : FIRST_CAP;
    void **slots = cap <= SCTP_ASSOCIATIONS_MAX ? realloc(t->slots, cap * sizeof(*slots)) : NULL;
    if (!slots)
        return false;
    memset(slots + t->cap, 0, (cap - t->cap) * sizeof(*slots));
    t->slots = slots;
    t->cap = cap;
    return true;
}

uint32_t sctp_table_add(SctpTable *t, void *what)
{
    if (t->count * 2 >= t->cap && !grow(t) && t->count >= t->cap)
        return 0;
    uint32_t i = t->last;
    do
        i = (i + 1) % t->cap;
    while (t->slots[i]);
    t->slots[i] = what;
    t->last = i;
    t->count++;
    return i + 1;
}

void *sctp_table_get(const SctpTable *t, uint32_t id)
{
    return id >= 1 && id <= t->cap ? t->slots[id - 1] : NULL;
}

void sctp_table_remove(SctpTable *t, uint32_t id)
{
    if (!sctp_table_get(t, id))
        return;
    t->slots[id - 1] = NULL;
    t->count--;
}

void sctp_table_clear(SctpTable *t)
{
    free(t->slots);
    memset(t, 0, sizeof(*t));
}
