/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include "bridge/speech/loudest.h"

static void remove_at(Loudest *l, size_t i)
{
    l->count--;
    memmove(&l->entry[i], &l->entry[i + 1], (l->count - i) * sizeof(l->entry[0]));
}

/* Entries stay sorted, loudest first; equal ones keep their order. */
size_t loudest_level(Loudest *l, uint32_t speaker, uint8_t level, int64_t now_ms)
{
    unsigned loud = 127u - (level & 0x7f), energy = loud;
    for (size_t i = 0; i < l->count;) {
        if (l->entry[i].speaker == speaker) {
            energy = now_ms - l->entry[i].last_ms > LOUDEST_EXPIRE_MS
                         ? loud
                         : (50 * loud + 50 * l->entry[i].energy + 50) / 100;
            remove_at(l, i);
        } else if (now_ms - l->entry[i].last_ms > LOUDEST_EXPIRE_MS) {
            remove_at(l, i);
        } else {
            i++;
        }
    }
    size_t rank = 0;
    while (rank < l->count && l->entry[rank].energy >= energy)
        rank++;
    if (rank >= LOUDEST_MAX)
        return rank;
    if (l->count == LOUDEST_MAX)
        l->count--; /* the quietest makes room */
    memmove(&l->entry[rank + 1], &l->entry[rank], (l->count - rank) * sizeof(l->entry[0]));
    l->entry[rank].speaker = speaker;
    l->entry[rank].energy = (uint8_t)energy;
    l->entry[rank].last_ms = now_ms;
    l->count++;
    return rank;
}

void loudest_remove(Loudest *l, uint32_t speaker)
{
    for (size_t i = 0; i < l->count; i++)
        if (l->entry[i].speaker == speaker) {
            remove_at(l, i);
            return;
        }
}
