/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>
#include "bridge/tx/ssrc_slots.h"

void ssrc_slots_init(SsrcSlots *s, char kind, unsigned limit)
{
    memset(s, 0, sizeof(*s));
    s->kind = kind;
    s->limit = (uint16_t)(limit < 1 ? 1 : limit > SLOTS_MAX ? SLOTS_MAX : limit);
}

int ssrc_slots_find(const SsrcSlots *s, uint32_t source)
{
    for (int i = 0; source != SLOT_SOURCE_NONE && i < s->limit; i++)
        if (s->slot[i].source == source)
            return i;
    return -1;
}

int ssrc_slots_find_ssrc(const SsrcSlots *s, uint32_t ssrc)
{
    for (int i = 0; i < s->limit; i++)
        if (s->slot[i].source != SLOT_SOURCE_NONE && (s->slot[i].ssrc == ssrc || s->slot[i].rtx_ssrc == ssrc))
            return i;
    return -1;
}

int ssrc_slots_remove(SsrcSlots *s, uint32_t source)
{
    int i = ssrc_slots_find(s, source);
    if (i >= 0)
        memset(&s->slot[i], 0, sizeof(s->slot[i]));
    return i;
}

/* Puts the source into slot i, which keeps its SSRCs and mid when it already has some. */
static void map(SsrcSlots *s, int i, uint32_t source, int64_t now_us, SlotSsrcSource fresh)
{
    SsrcSlot *slot = &s->slot[i];
    if (!slot->ever_used) {
        fresh.pair(fresh.user, &slot->ssrc, &slot->rtx_ssrc);
        snprintf(slot->mid, sizeof(slot->mid), "%c%u", s->kind, s->next_mid++ % 1000000u);
        slot->ever_used = true;
    }
    slot->source = source;
    slot->used_us = slot->mapped_us = now_us;
}

/* A free slot, or with `evict` the least recently used one that has settled and is not `kept`. */
static int slot_for_new(const SsrcSlots *s, bool evict, const bool *kept, int64_t now_us)
{
    int oldest = -1;
    for (int i = 0; i < s->limit; i++) {
        const SsrcSlot *slot = &s->slot[i];
        if (slot->source == SLOT_SOURCE_NONE)
            return i;
        bool settled = now_us - slot->mapped_us >= SLOT_SETTLE_US;
        if (settled && !(kept && kept[i]) && (oldest < 0 || slot->used_us < s->slot[oldest].used_us))
            oldest = i;
    }
    return evict ? oldest : -1;
}

size_t ssrc_slots_assign(SsrcSlots *s, const uint32_t *sources, size_t wanted_n, size_t n, int64_t now_us,
                         SlotSsrcSource fresh, uint16_t *changed)
{
    bool kept[SLOTS_MAX] = { false };
    size_t count = 0;
    for (size_t k = 0; k < wanted_n && k < s->limit; k++) {
        int i = ssrc_slots_find(s, sources[k]);
        if (i < 0)
            continue;
        kept[i] = true;
        s->slot[i].used_us = now_us;
    }
    for (size_t k = 0; k < n && count < s->limit; k++) {
        bool wanted = k < wanted_n && k < s->limit;
        if (sources[k] == SLOT_SOURCE_NONE || ssrc_slots_find(s, sources[k]) >= 0)
            continue;
        int i = slot_for_new(s, wanted, kept, now_us);
        if (i < 0)
            continue;
        map(s, i, sources[k], now_us, fresh);
        kept[i] = true;
        changed[count++] = (uint16_t)i;
    }
    return count;
}

int ssrc_slots_touch(SsrcSlots *s, uint32_t source, int64_t now_us, SlotSsrcSource fresh, bool *changed)
{
    int i = ssrc_slots_find(s, source);
    *changed = false;
    if (source == SLOT_SOURCE_NONE)
        return -1;
    if (i < 0) {
        i = slot_for_new(s, true, NULL, now_us);
        if (i < 0)
            return -1;
        map(s, i, source, now_us, fresh);
        *changed = true;
    }
    s->slot[i].used_us = now_us;
    return i;
}
