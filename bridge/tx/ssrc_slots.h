/* SPDX-License-Identifier: Apache-2.0
 *
 * SSRC rewriting (Jitsi `ssrc-rewriting`): which source a receiver's send SSRC carries now. At most SLOTS_MAX slots
 * of one kind, least recently used first to be taken over. A slot whose source left for good keeps its SSRCs and is
 * forgotten with them: the client removes that track, so these SSRCs never come back for this receiver.
 * Plain data, no allocation. Owner: one receiver; one table for audio, one for video. One thread at a time. */
#ifndef PLENUM_BRIDGE_TX_SSRC_SLOTS_H
#define PLENUM_BRIDGE_TX_SSRC_SLOTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SLOTS_MAX 50           /* client's announced ssrc-limit */
#define SLOT_MID_MAX 8         /* "a0".."v49" and on, with the final NUL */
#define SLOT_SETTLE_US 2000000 /* no re-map so soon after the client was told: it may not have applied it yet */
#define SLOT_SOURCE_NONE 0u    /* a source id is the primary SSRC of the source, never 0 here */

typedef struct {
    uint32_t source;         /* primary SSRC of the source carried; SLOT_SOURCE_NONE: free */
    uint32_t ssrc, rtx_ssrc; /* send SSRCs; audio: rtx_ssrc unused by the wire but kept */
    char mid[SLOT_MID_MAX];  /* "a0"..., "v0"... */
    int64_t used_us;         /* last wanted or last packet */
    int64_t mapped_us;       /* when its present source was announced */
    bool ever_used;          /* its SSRCs were announced at least once */
} SsrcSlot;

typedef struct {
    char kind;      /* 'a' or 'v' */
    uint16_t limit; /* slots usable, 1..SLOTS_MAX */
    uint32_t next_mid;
    SsrcSlot slot[SLOTS_MAX];
} SsrcSlots;

/* Fresh, unused pair of SSRCs for this receiver (random, checked by the caller against everything it sends there). */
typedef struct {
    void (*pair)(void *user, uint32_t *ssrc, uint32_t *rtx_ssrc);
    void *user;
} SlotSsrcSource;

/* kind 'a' or 'v'; limit 1..SLOTS_MAX, cut to it. */
void ssrc_slots_init(SsrcSlots *s, char kind, unsigned limit);

/* Video: `wanted` in order of importance (first `wanted_n` must be shown, the rest of `n` fill free slots). Writes the
 * indexes of slots whose source is new or changed to changed[] (room for SLOTS_MAX) and returns their number; these
 * go into one VideoSourcesMap. Nothing is evicted for a mere filler. A wanted source beyond the limit, or one whose
 * only victim was announced less than SLOT_SETTLE_US ago, stays unmapped: ask again later. */
size_t ssrc_slots_assign(SsrcSlots *s, const uint32_t *sources, size_t wanted_n, size_t n, int64_t now_us,
                         SlotSsrcSource fresh, uint16_t *changed);

/* Audio: slot for a source that has a packet now. Returns its index, or -1 while no slot may be taken over.
 * *changed: it was newly mapped (send AudioSourcesMap with this one). */
int ssrc_slots_touch(SsrcSlots *s, uint32_t source, int64_t now_us, SlotSsrcSource fresh, bool *changed);

/* Slot of a source, -1 none. Slot carrying a send SSRC (either of the two), -1 none: for un-mapping PLI, FIR, NACK. */
int ssrc_slots_find(const SsrcSlots *s, uint32_t source);
int ssrc_slots_find_ssrc(const SsrcSlots *s, uint32_t ssrc);

/* The source left the conference: forgets its slot and both SSRCs. Returns the index it had, -1 none. */
int ssrc_slots_remove(SsrcSlots *s, uint32_t source);

#endif
