/* SPDX-License-Identifier: Apache-2.0 */
#include "focus/bridge_pool.h"

#include "common/jingle/jingle_ns.h"

#define MAX_STRESS 100.0 /* a report beyond this is taken as this */

struct BridgePool {
    BridgePoolConfig config; /* set at birth */
    GPtrArray *bridges;      /* of Bridge, order of arrival */
};

static void bridge_free(void *p)
{
    Bridge *b = p;
    g_free(b->jid);
    g_free(b->version);
    g_free(b->region);
    g_free(b->relay_id);
    g_free(b);
}

BridgePool *bridge_pool_new(const BridgePoolConfig *config)
{
    BridgePool *pool = g_new0(BridgePool, 1);
    pool->config = *config;
    pool->bridges = g_ptr_array_new_with_free_func(bridge_free);
    return pool;
}

void bridge_pool_free(BridgePool *pool)
{
    if (!pool)
        return;
    g_ptr_array_unref(pool->bridges);
    g_free(pool);
}

guint bridge_pool_size(const BridgePool *pool)
{
    return pool->bridges->len;
}

const Bridge *bridge_pool_nth(const BridgePool *pool, guint i)
{
    return pool->bridges->pdata[i];
}

static Bridge *find(const BridgePool *pool, const char *jid)
{
    for (guint i = 0; i < pool->bridges->len; i++) {
        Bridge *b = pool->bridges->pdata[i];
        if (strcmp(b->jid, jid) == 0)
            return b;
    }
    return NULL;
}

const Bridge *bridge_pool_find(const BridgePool *pool, const char *jid)
{
    return find(pool, jid);
}

const BridgePoolConfig *bridge_pool_config(const BridgePool *pool)
{
    return &pool->config;
}

/* --- presence ----------------------------------------------------------------------------------- */

static void keep(char **field, const char *value)
{
    if (!value || strlen(value) > 256)
        return;
    g_free(*field);
    *field = g_strdup(value);
}

/* What one presence says; NULL and nothing where it is silent. */
typedef struct {
    const char *version, *release;
} Told;

static void read_number(double *field, const char *value)
{
    char *end;
    double n = g_ascii_strtod(value, &end);
    if (end != value && *end == '\0' && n >= 0) /* NaN fails here too */
        *field = MIN(n, MAX_STRESS);
}

static void read_stat(Bridge *b, Told *told, const char *name, const char *value)
{
    bool yes = g_ascii_strcasecmp(value, "true") == 0;
    if (strcmp(name, "stress_level") == 0)
        read_number(&b->stress, value);
    else if (strcmp(name, "average_participant_stress") == 0)
        read_number(&b->average_participant_stress, value);
    else if (strcmp(name, "version") == 0)
        told->version = value;
    else if (strcmp(name, "release") == 0)
        told->release = value;
    else if (strcmp(name, "region") == 0)
        keep(&b->region, value);
    else if (strcmp(name, "relay_id") == 0)
        keep(&b->relay_id, value);
    else if (strcmp(name, "drain") == 0)
        b->draining = yes;
    else if (strcmp(name, "graceful_shutdown") == 0)
        b->graceful |= yes;
    else if (strcmp(name, "shutting_down") == 0)
        b->shutting_down |= yes;
    else if (strcmp(name, "healthy") == 0)
        b->healthy = yes;
}

static void read_stats(Bridge *b, Told *told, const Stanza *stats)
{
    for (const Stanza *s = stanza_find(stats, "stat", NULL); s; s = stanza_next(s, "stat", NULL)) {
        const char *name = stanza_get(s, "name"), *value = stanza_get(s, "value");
        if (name && value)
            read_stat(b, told, name, value);
    }
    if (told->version) {
        g_autofree char *full =
            told->release ? g_strdup_printf("%s-%s", told->version, told->release) : g_strdup(told->version);
        keep(&b->version, full);
    }
}

static Bridge *add(BridgePool *pool, const char *jid)
{
    Bridge *b = g_new0(Bridge, 1);
    b->jid = g_strdup(jid);
    b->version = g_strdup("");
    b->region = g_strdup("");
    b->relay_id = g_strdup("");
    b->average_participant_stress = pool->config.average_participant_stress;
    b->draining = b->healthy = true;
    b->failed_at_ms = -1;
    g_ptr_array_add(pool->bridges, b);
    return b;
}

BridgeChange bridge_pool_presence(BridgePool *pool, const char *jid, const Stanza *presence, int64_t now_ms)
{
    Bridge *b = find(pool, jid);
    Told told = { 0 };
    bool is_new = !b;
    if (is_new && pool->bridges->len >= BRIDGE_POOL_MAX)
        return BRIDGE_REFUSED;
    if (is_new)
        b = add(pool, jid);
    b->seen_ms = now_ms;
    bool was_usable = b->healthy && !b->shutting_down;
    const Stanza *stats = stanza_find(presence, "stats", NS_COLIBRI);
    if (stats)
        read_stats(b, &told, stats);
    bool usable = b->healthy && !b->shutting_down;
    if (usable == was_usable && !is_new)
        return BRIDGE_SEEN;
    return usable ? BRIDGE_ADDED : BRIDGE_FAILED;
}

bool bridge_pool_remove(BridgePool *pool, const char *jid)
{
    return g_ptr_array_remove(pool->bridges, find(pool, jid));
}

/* --- what we noticed ---------------------------------------------------------------------------- */

void bridge_pool_endpoint_added(BridgePool *pool, const char *jid, int64_t now_ms)
{
    Bridge *b = find(pool, jid);
    if (!b)
        return;
    b->recent_ms[b->recent_at] = now_ms;
    b->recent_at = (b->recent_at + 1) % BRIDGE_MAX_RECENT;
    b->recent_n = MIN(b->recent_n + 1, BRIDGE_MAX_RECENT);
}

void bridge_pool_mark_failed(BridgePool *pool, const char *jid, int64_t now_ms)
{
    Bridge *b = find(pool, jid);
    if (b)
        b->failed_at_ms = now_ms;
}

void bridge_pool_mark_graceful(BridgePool *pool, const char *jid)
{
    Bridge *b = find(pool, jid);
    if (b)
        b->graceful = true;
}

void bridge_pool_mark_full(BridgePool *pool, const char *jid, int64_t now_ms)
{
    Bridge *b = find(pool, jid);
    if (b)
        b->full_until_ms = now_ms + BRIDGE_FULL_MS;
}

bool bridge_pool_mark_healthy(BridgePool *pool, const char *jid, int64_t now_ms)
{
    Bridge *b = find(pool, jid);
    if (!b || b->failed_at_ms < 0 || now_ms - b->failed_at_ms < pool->config.failure_reset_ms)
        return false;
    b->failed_at_ms = -1;
    return true;
}

/* --- judging ------------------------------------------------------------------------------------ */

bool bridge_is_operational(const Bridge *b)
{
    return b->failed_at_ms < 0 && b->healthy;
}

bool bridge_is_full(const Bridge *b, int64_t now_ms)
{
    return now_ms < b->full_until_ms;
}

double bridge_corrected_stress(const Bridge *b, const BridgePoolConfig *config, int64_t now_ms)
{
    guint n = 0;
    for (guint i = 0; i < b->recent_n; i++)
        n += now_ms - b->recent_ms[i] < config->rampup_ms;
    return b->stress + n * b->average_participant_stress;
}

bool bridge_is_overloaded(const Bridge *b, const BridgePoolConfig *config, int64_t now_ms)
{
    return bridge_corrected_stress(b, config, now_ms) >= config->overloaded_stress;
}
