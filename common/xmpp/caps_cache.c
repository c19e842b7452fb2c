/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include "common/xmpp/disco.h"

typedef struct {
    char *key;       /* node#ver */
    char **features; /* sorted */
    GList link;      /* in CapsCache.recent */
} Entry;

struct CapsCache {
    GHashTable *entries; /* key -> Entry, owned */
    GQueue recent;       /* most recently used first */
    GHashTable *lookups; /* set of Lookup still waiting, whose cache must be cleared when we go */
};

typedef struct {
    CapsCache *cache; /* NULL: gone */
    IqRouter *router;
    guint number;    /* of the request */
    char *key, *ver; /* NULL: asked without node, not cached */
    CapsDone done;
    gpointer user;
} Lookup;

static void entry_free(gpointer p)
{
    Entry *e = p;
    g_free(e->key);
    g_strfreev(e->features);
    g_free(e);
}

CapsCache *caps_cache_new(void)
{
    CapsCache *cache = g_new0(CapsCache, 1);
    cache->entries = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, entry_free);
    cache->lookups = g_hash_table_new(NULL, NULL);
    g_queue_init(&cache->recent);
    return cache;
}

void caps_cache_free(CapsCache *cache)
{
    if (!cache)
        return;
    GHashTableIter it;
    gpointer p;
    g_hash_table_iter_init(&it, cache->lookups);
    while (g_hash_table_iter_next(&it, &p, NULL))
        ((Lookup *)p)->cache = NULL;
    g_hash_table_unref(cache->lookups);
    g_hash_table_unref(cache->entries);
    g_free(cache);
}

static Entry *find(CapsCache *cache, const char *key)
{
    Entry *e = g_hash_table_lookup(cache->entries, key);
    if (e) {
        g_queue_unlink(&cache->recent, &e->link);
        g_queue_push_head_link(&cache->recent, &e->link);
    }
    return e;
}

static void keep(CapsCache *cache, const char *key, const char *const *features)
{
    if (find(cache, key))
        return; /* two lookups of the same crossed */
    if (cache->recent.length == CAPS_MAX_CACHED) {
        GList *oldest = g_queue_pop_tail_link(&cache->recent);
        g_hash_table_remove(cache->entries, ((Entry *)oldest->data)->key);
    }
    Entry *e = g_new0(Entry, 1);
    e->key = g_strdup(key);
    e->features = g_strdupv((char **)features);
    e->link.data = e;
    g_hash_table_insert(cache->entries, e->key, e);
    g_queue_push_head_link(&cache->recent, &e->link);
}

static int by_bytes(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static char **read_features(const Stanza *query)
{
    g_autoptr(GPtrArray) vars = g_ptr_array_new();
    for (const Stanza *f = stanza_find(query, "feature", NULL); f; f = stanza_next(f, "feature", NULL)) {
        const char *var = stanza_get(f, "var");
        if (!var)
            continue;
        if (vars->len == DISCO_MAX_FEATURES || strlen(var) > DISCO_MAX_VAR)
            return NULL;
        g_ptr_array_add(vars, (gpointer)var);
    }
    g_ptr_array_sort(vars, by_bytes);
    char **out = g_new0(char *, vars->len + 1);
    for (guint i = 0; i < vars->len; i++)
        out[i] = g_strdup(g_ptr_array_index(vars, i));
    return out;
}

/* The hashed text separates by '<' and says not what is identity, feature or form (XEP-0115, 8): a hostile answer
 * may give the hash of another set of features. Those that could are not cached. */
static gboolean is_unambiguous(const Stanza *query, const char *const *features)
{
    if (stanza_find(query, "x", "jabber:x:data"))
        return FALSE;
    for (; *features; features++)
        if (strchr(*features, '<'))
            return FALSE;
    for (const Stanza *i = stanza_find(query, "identity", NULL); i; i = stanza_next(i, "identity", NULL)) {
        const char *const parts[] = { stanza_get(i, "category"), stanza_get(i, "type"), stanza_get(i, "xml:lang"),
                                      stanza_get(i, "name") };
        for (guint k = 0; k < G_N_ELEMENTS(parts); k++)
            if (parts[k] && strchr(parts[k], '<'))
                return FALSE;
        if (!parts[0] || !*parts[0] || strchr(parts[0], ':')) /* "http:" would begin a feature */
            return FALSE;
    }
    return TRUE;
}

static void lookup_free(Lookup *l)
{
    if (l->cache)
        g_hash_table_remove(l->cache->lookups, l);
    g_free(l->key);
    g_free(l->ver);
    g_free(l);
}

static void on_answer(IqOutcome outcome, const Stanza *answer, gpointer user)
{
    Lookup *l = user;
    g_auto(GStrv) features = NULL;
    const Stanza *query = outcome == IQ_RESULT ? stanza_find(answer, "query", NS_DISCO_INFO) : NULL;
    if (query) {
        features = read_features(query);
        g_autofree char *ver = features && l->key ? caps_ver(query) : NULL;
        /* A wrong hash is believed for the one who sent it, as if he had no caps, and for nobody else. */
        if (ver && l->cache && strcmp(ver, l->ver) == 0 && is_unambiguous(query, (const char *const *)features))
            keep(l->cache, l->key, (const char *const *)features);
    }
    CapsDone done = l->done;
    gpointer owner = l->user;
    lookup_free(l);
    done((const char *const *)features, owner);
}

guint caps_lookup(CapsCache *cache, IqRouter *router, const char *from, const char *to, const Stanza *caps,
                  guint timeout_ms, CapsDone done, gpointer user)
{
    const char *node = caps ? stanza_get(caps, "node") : NULL, *ver = caps ? stanza_get(caps, "ver") : NULL;
    const char *hash = caps ? stanza_get(caps, "hash") : NULL;
    gboolean usable =
        node && ver && hash && strcmp(hash, "sha-1") == 0 && strlen(node) <= CAPS_MAX_NODE && strlen(ver) <= 64;
    g_autofree char *key = usable ? g_strdup_printf("%s#%s", node, ver) : NULL;
    const Entry *known = key ? find(cache, key) : NULL;
    if (known) {
        g_auto(GStrv) features = g_strdupv(known->features); /* the callback may push the entry out */
        done((const char *const *)features, user);
        return 0;
    }
    Lookup *l = g_new0(Lookup, 1);
    l->cache = cache;
    l->key = g_strdup(key);
    l->ver = g_strdup(usable ? ver : NULL);
    l->done = done;
    l->user = user;
    g_hash_table_add(cache->lookups, l);
    Stanza *query = stanza_new("query", NS_DISCO_INFO);
    stanza_set(query, "node", key);
    l->router = router;
    l->number = iq_router_request(router, "get", from, to, query, timeout_ms, on_answer, l);
    if (l->number)
        return l->number;
    lookup_free(l); /* the router is being freed */
    done(NULL, user);
    return 0;
}

void caps_cancel(CapsCache *cache, guint lookup)
{
    GHashTableIter it;
    gpointer p;
    g_hash_table_iter_init(&it, cache->lookups);
    while (lookup && g_hash_table_iter_next(&it, &p, NULL)) {
        Lookup *l = p;
        if (l->number != lookup)
            continue;
        iq_router_cancel(l->router, lookup);
        lookup_free(l);
        return;
    }
}

gboolean caps_has(const char *const *features, const char *var)
{
    for (; features && *features; features++)
        if (strcmp(*features, var) == 0)
            return TRUE;
    return FALSE;
}
