/* SPDX-License-Identifier: Apache-2.0
 *
 * Pool and participant give a bridge (doc/protocols.md, Bridges and their room).
 * PURE. */
#ifndef PLENUM_FOCUS_BRIDGE_SELECT_H
#define PLENUM_FOCUS_BRIDGE_SELECT_H

#include "focus/bridge_pool.h"

typedef struct {
    const char *region;       /* of the participant; "" or NULL: unknown, then local_region counts */
    const char *local_region; /* of the focus; "" or NULL */
    const char *const *used;  /* JIDs of the conference's bridges, first one first; NULL-terminated or NULL */
    const char *version;      /* only bridges of this full version (pin or the conference's); "" or NULL: any */
    bool allow_mixed_versions;
} BridgeWish;

/* NULL: no candidate; else borrowed from the pool until that changes. A conference that has a bridge in the pool that
 * still works keeps it. */
const Bridge *bridge_select(const BridgePool *pool, const BridgeWish *wish, int64_t now_ms);

#endif
