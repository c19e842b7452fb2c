/* SPDX-License-Identifier: Apache-2.0 */
#include "focus/bridge_select.h"

typedef struct {
    const BridgePool *pool;
    const BridgeWish *wish;
    int64_t now_ms;
} Search;

typedef bool (*Accept)(const Search *s, const Bridge *b);

static bool is_usable(const Search *s, const Bridge *b)
{
    return bridge_is_operational(b) && !b->shutting_down;
}

static bool has_room(const Search *s, const Bridge *b)
{
    return !bridge_is_full(b, s->now_ms);
}

static bool has_version(const Search *s, const Bridge *b)
{
    const char *want = s->wish->version;
    return s->wish->allow_mixed_versions || !want || !*want || strcmp(b->version, want) == 0;
}

static bool is_not_draining(const Search *s, const Bridge *b)
{
    return !b->draining;
}

static bool is_not_graceful(const Search *s, const Bridge *b)
{
    return !b->graceful;
}

static bool is_in_region(const Search *s, const Bridge *b)
{
    const char *region = s->wish->region && *s->wish->region ? s->wish->region : s->wish->local_region;
    return region && *region && strcmp(b->region, region) == 0;
}

/* Those that pass. `prefer`: all of them again when none does. Takes `from`. */
static GPtrArray *filter(const Search *s, GPtrArray *from, Accept accept, bool prefer)
{
    GPtrArray *passed = g_ptr_array_new();
    for (guint i = 0; i < from->len; i++) {
        if (accept(s, from->pdata[i]))
            g_ptr_array_add(passed, from->pdata[i]);
    }
    if (passed->len == 0 && prefer) {
        g_ptr_array_unref(passed);
        return from;
    }
    g_ptr_array_unref(from);
    return passed;
}

/* Not graceful goes before stress; those that do not work are filtered out before. */
static bool is_better(const Search *s, const Bridge *a, const Bridge *b)
{
    const BridgePoolConfig *config = bridge_pool_config(s->pool);
    if (a->graceful != b->graceful)
        return !a->graceful;
    return bridge_corrected_stress(a, config, s->now_ms) < bridge_corrected_stress(b, config, s->now_ms);
}

static const Bridge *kept_bridge(const Search *s)
{
    for (const char *const *used = s->wish->used; used && *used; used++) {
        const Bridge *b = bridge_pool_find(s->pool, *used);
        if (b && is_usable(s, b))
            return b;
    }
    return NULL;
}

const Bridge *bridge_select(const BridgePool *pool, const BridgeWish *wish, int64_t now_ms)
{
    const Search s = { pool, wish, now_ms };
    const Bridge *best = kept_bridge(&s);
    if (best)
        return best;

    GPtrArray *candidates = g_ptr_array_new();
    for (guint i = 0; i < bridge_pool_size(pool); i++)
        g_ptr_array_add(candidates, (gpointer)bridge_pool_nth(pool, i));
    candidates = filter(&s, candidates, is_usable, false);
    candidates = filter(&s, candidates, has_room, false);
    candidates = filter(&s, candidates, has_version, false);
    candidates = filter(&s, candidates, is_not_draining, true);
    candidates = filter(&s, candidates, is_not_graceful, true);
    candidates = filter(&s, candidates, is_in_region, true);
    for (guint i = 0; i < candidates->len; i++) {
        if (!best || is_better(&s, candidates->pdata[i], best))
            best = candidates->pdata[i];
    }
    g_ptr_array_unref(candidates);
    return best;
}
