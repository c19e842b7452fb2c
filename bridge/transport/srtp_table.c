/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/transport/srtp_table.h"
#include <stdlib.h>
#include <string.h>

#define FIRST_SLOTS 16u

/* SSRCs are random, but a hostile peer chooses them: multiply so that a run of equal low bits spreads. */
static unsigned home(uint32_t ssrc, unsigned mask)
{
    return (ssrc * 2654435769u >> 16) & mask;
}

SrtpRxStream *srtp_table_find(const SrtpTable *t, uint32_t ssrc)
{
    if (!t->slots)
        return NULL;
    for (unsigned i = home(ssrc, t->mask); t->slots[i]; i = (i + 1) & t->mask)
        if (t->slots[i]->ssrc == ssrc)
            return t->slots[i];
    return NULL;
}

static void place(SrtpTable *t, SrtpRxStream *s)
{
    unsigned i = home(s->ssrc, t->mask);
    while (t->slots[i])
        i = (i + 1) & t->mask;
    t->slots[i] = s;
}

static bool grow(SrtpTable *t)
{
    unsigned old = t->slots ? t->mask + 1 : 0;
    unsigned slots = old ? old * 2 : FIRST_SLOTS;
    SrtpTable bigger = { .slots = calloc(slots, sizeof(*bigger.slots)), .mask = slots - 1, .count = t->count };
    if (!bigger.slots)
        return false;
    for (unsigned i = 0; i < old; i++)
        if (t->slots[i])
            place(&bigger, t->slots[i]);
    free(t->slots);
    *t = bigger;
    return true;
}

SrtpRxStream *srtp_table_add(SrtpTable *t, uint32_t ssrc)
{
    if (t->count >= SRTP_STREAMS_MAX || ((!t->slots || 2 * (t->count + 1) > t->mask + 1) && !grow(t)))
        return NULL;
    SrtpRxStream *s = calloc(1, sizeof(*s));
    if (!s)
        return NULL;
    s->ssrc = ssrc;
    place(t, s);
    t->count++;
    return s;
}

SrtpRxStream *srtp_table_add_evicting(SrtpTable *t, uint32_t ssrc, uint32_t now, uint32_t *evicted)
{
    const SrtpRxStream *oldest = NULL;
    *evicted = 0;
    for (unsigned i = 0; t->count >= SRTP_STREAMS_MAX && i <= t->mask; i++)
        if (t->slots[i] && (!oldest || now - t->slots[i]->used > now - oldest->used))
            oldest = t->slots[i];
    if (oldest) {
        *evicted = oldest->ssrc;
        srtp_table_remove(t, oldest->ssrc);
    }
    return srtp_table_add(t, ssrc);
}

void srtp_table_remove(SrtpTable *t, uint32_t ssrc)
{
    if (!t->slots)
        return;
    unsigned hole = home(ssrc, t->mask);
    while (t->slots[hole] && t->slots[hole]->ssrc != ssrc)
        hole = (hole + 1) & t->mask;
    if (!t->slots[hole])
        return;
    free(t->slots[hole]);
    t->slots[hole] = NULL;
    t->count--;
    /* Move followers back over the hole unless that would put them before their home. */
    for (unsigned i = (hole + 1) & t->mask; t->slots[i]; i = (i + 1) & t->mask) {
        unsigned from_home = (i - home(t->slots[i]->ssrc, t->mask)) & t->mask;
        if (from_home >= ((i - hole) & t->mask)) {
            t->slots[hole] = t->slots[i];
            t->slots[i] = NULL;
            hole = i;
        }
    }
}

void srtp_table_clear(SrtpTable *t)
{
    for (unsigned i = 0; t->slots && i <= t->mask; i++)
        free(t->slots[i]);
    free(t->slots);
    memset(t, 0, sizeof(*t));
}
