/* SPDX-License-Identifier: Apache-2.0
 *
 * A conference keeps one such map and another per receiver of what that receiver was told; so sets are
 * shared between copies, counted, and replaced, never changed in place. */
#include "common/jingle/source_map.h"

#include "common/jingle/source_check.h"
#include "common/jingle/jingle_refuse.h"

typedef struct {
    SourceSet *set; /* immutable; this box is g_rc_box-counted */
} SharedSet;

typedef struct {
    char *owner; /* g_ref_string */
    SharedSet *shared;
} Entry;

struct SourceMap {
    GPtrArray *entries; /* of Entry, order of first addition */
    GHashTable *index;  /* owner -> Entry, both of `entries` */
};

static SharedSet *shared_new(SourceSet *taken)
{
    SharedSet *shared = g_rc_box_new(SharedSet);
    shared->set = taken;
    return shared;
}

static void shared_clear(void *p)
{
    SharedSet *shared = p;
    source_set_free(shared->set);
}

static void shared_unref(SharedSet *shared)
{
    g_rc_box_release_full(shared, shared_clear);
}

static void entry_free(void *p)
{
    Entry *e = p;
    g_ref_string_release(e->owner);
    shared_unref(e->shared);
    g_free(e);
}

SourceMap *source_map_new(void)
{
    SourceMap *m = g_new0(SourceMap, 1);
    m->entries = g_ptr_array_new_with_free_func(entry_free);
    m->index = g_hash_table_new(g_str_hash, g_str_equal);
    return m;
}

void source_map_free(SourceMap *m)
{
    if (!m)
        return;
    g_hash_table_unref(m->index);
    g_ptr_array_unref(m->entries);
    g_free(m);
}

static Entry *find(const SourceMap *m, const char *owner)
{
    return g_hash_table_lookup(m->index, owner);
}

static void remove_entry(SourceMap *m, Entry *e)
{
    g_hash_table_remove(m->index, e->owner);
    g_ptr_array_remove(m->entries, e);
}

/* Both are taken over: owner is a ref string. */
static void append(SourceMap *m, char *owner, SharedSet *shared)
{
    Entry *e = g_new0(Entry, 1);
    e->owner = owner;
    e->shared = shared;
    g_ptr_array_add(m->entries, e);
    g_hash_table_insert(m->index, e->owner, e);
}

/* Replaces owner's set by `taken`, which may be empty. */
static void put(SourceMap *m, const char *owner, SourceSet *taken)
{
    Entry *e = find(m, owner);
    if (source_set_is_empty(taken)) {
        source_set_free(taken);
        if (e)
            remove_entry(m, e);
    } else if (e) {
        shared_unref(e->shared);
        e->shared = shared_new(taken);
    } else {
        append(m, g_ref_string_new(owner), shared_new(taken));
    }
}

SourceMap *source_map_copy(const SourceMap *m)
{
    SourceMap *copy = source_map_new();
    for (guint i = 0; i < m->entries->len; i++) {
        const Entry *e = m->entries->pdata[i];
        append(copy, g_ref_string_acquire(e->owner), g_rc_box_acquire(e->shared));
    }
    return copy;
}

static bool same_set(const Entry *a, const Entry *b)
{
    return a->shared == b->shared || source_set_equal(a->shared->set, b->shared->set);
}

bool source_map_equal(const SourceMap *a, const SourceMap *b)
{
    if (a->entries->len != b->entries->len)
        return false;
    for (guint i = 0; i < a->entries->len; i++) {
        const Entry *e = a->entries->pdata[i], *other = find(b, e->owner);
        if (!other || !same_set(e, other))
            return false;
    }
    return true;
}

void source_map_set(SourceMap *m, const char *owner, const SourceSet *set)
{
    put(m, owner, set ? source_set_copy(set) : source_set_new());
}

const SourceSet *source_map_get(const SourceMap *m, const char *owner)
{
    const Entry *e = find(m, owner);
    return e ? e->shared->set : NULL;
}

guint source_map_size(const SourceMap *m)
{
    return m->entries->len;
}

bool source_map_is_empty(const SourceMap *m)
{
    return m->entries->len == 0;
}

GPtrArray *source_map_owners(const SourceMap *m)
{
    GPtrArray *owners = g_ptr_array_sized_new(m->entries->len);
    for (guint i = 0; i < m->entries->len; i++)
        g_ptr_array_add(owners, ((const Entry *)m->entries->pdata[i])->owner);
    return owners;
}

SourceMap *source_map_difference(const SourceMap *a, const SourceMap *b)
{
    SourceMap *d = source_map_new();
    for (guint i = 0; i < a->entries->len; i++) {
        const Entry *e = a->entries->pdata[i], *other = find(b, e->owner);
        if (!other)
            append(d, g_ref_string_acquire(e->owner), g_rc_box_acquire(e->shared));
        else if (e->shared != other->shared)
            put(d, e->owner, source_set_difference(e->shared->set, other->shared->set));
    }
    return d;
}

static void apply_to_all(SourceMap *m, void (*change)(SourceSet *s, MediaKind kind), MediaKind kind)
{
    g_autoptr(GPtrArray) owners = source_map_owners(m);
    for (guint i = 0; i < owners->len; i++) {
        /* put() may free the entry, and with it the borrowed name */
        g_autofree char *owner = g_strdup(owners->pdata[i]);
        SourceSet *changed = source_set_copy(source_map_get(m, owner));
        change(changed, kind);
        put(m, owner, changed);
    }
}

static void strip(SourceSet *s, MediaKind kind)
{
    source_set_strip_simulcast(s);
}

void source_map_strip_simulcast(SourceMap *m)
{
    apply_to_all(m, strip, MEDIA_VIDEO);
}

void source_map_drop_kind(SourceMap *m, MediaKind kind)
{
    apply_to_all(m, source_set_drop_kind, kind);
}

/* --- checked changes ---------------------------------------------------------------------------- */

/* May `src` of `owner` stand beside this source of someone else? */
static bool check_against(const Source *src, const Source *other, bool check_names, GError **error)
{
    if (src->ssrc == other->ssrc)
        return jingle_refuse(error, "SSRC is already used: %u.", src->ssrc);
    if (src->msid && other->msid && strcmp(src->msid, other->msid) == 0)
        return jingle_refuse(error, "MSID is already used: %s.", src->msid);
    if (check_names && src->name && other->name && strcmp(src->name, other->name) == 0)
        return jingle_refuse(error, "Source name is already used: %s.", src->name);
    return true;
}

static bool check_source(const SourceMap *m, const char *owner, const Source *src, const SourceLimits *limits,
                         GError **error)
{
    if (src->ssrc == 0)
        return jingle_refuse(error, "Invalid SSRC: %u.", src->ssrc);
    if (limits->check_names && src->name && !source_name_is_valid(src->name, owner, src->kind))
        return jingle_refuse(error, "Invalid source name: %s.", src->name);
    /* A scan: signalling rate, a few thousand sources at most, and no index that could go stale. */
    for (guint i = 0; i < m->entries->len; i++) {
        const Entry *e = m->entries->pdata[i];
        if (strcmp(e->owner, owner) == 0)
            continue;
        for (guint j = 0; j < e->shared->set->sources->len; j++) {
            if (!check_against(src, e->shared->set->sources->pdata[j], limits->check_names, error))
                return false;
        }
    }
    return true;
}

static void append_accepted(SourceSet *to, const Source *src)
{
    source_set_add_source(to, src->kind, src->ssrc, src->name, src->msid, src->video_type);
}

bool source_map_try_add(SourceMap *m, const char *owner, const SourceSet *added, const SourceLimits *limits,
                        SourceSet **accepted, GError **error)
{
    const SourceSet *before = source_map_get(m, owner);
    g_autoptr(SourceSet) after = before ? source_set_copy(before) : source_set_new();
    g_autoptr(SourceSet) news = source_set_new();

    for (guint i = 0; i < added->sources->len; i++) {
        const Source *src = added->sources->pdata[i];
        if (!check_source(m, owner, src, limits, error))
            return false;
        if (source_set_find(after, src->ssrc))
            return jingle_refuse(error, "SSRC is already used: %u.", src->ssrc);
        append_accepted(after, src);
        append_accepted(news, src);
    }
    for (guint i = 0; i < added->groups->len; i++) {
        const SourceGroup *g = added->groups->pdata[i];
        if (g->n == 0 || source_set_has_group(after, g))
            continue;
        source_set_add_group(after, g->kind, g->semantics, g->ssrcs, g->n);
        source_set_add_group(news, g->kind, g->semantics, g->ssrcs, g->n);
    }
    if (after->sources->len > limits->max_sources)
        return jingle_refuse(error, "SSRC limit (%u) exceeded.", limits->max_sources);
    if (after->groups->len > limits->max_groups)
        return jingle_refuse(error, "ssrc-group limit (%u) exceeded.", limits->max_groups);
    if (!source_check_groups(after, error) || (limits->check_names && !source_check_names(after, error)))
        return false;

    put(m, owner, g_steal_pointer(&after));
    if (accepted)
        *accepted = g_steal_pointer(&news);
    return true;
}

bool source_map_try_remove(SourceMap *m, const char *owner, const SourceSet *gone, SourceSet **removed, GError **error)
{
    const SourceSet *before = source_map_get(m, owner);
    for (guint i = 0; i < gone->sources->len; i++) {
        const Source *src = gone->sources->pdata[i];
        if (!before || !source_set_find(before, src->ssrc))
            return jingle_refuse(error, "Source does not exist or is not owned by endpoint (ssrc=%u).", src->ssrc);
    }
    for (guint i = 0; i < gone->groups->len; i++) {
        const SourceGroup *g = gone->groups->pdata[i];
        if (g->n > 0 && (!before || !source_set_has_group(before, g)))
            return jingle_refuse(error, "Source group does not exist");
    }
    g_autoptr(SourceSet) after = before ? source_set_copy(before) : source_set_new();
    source_set_remove(after, gone);
    if (removed)
        *removed = before ? source_set_difference(before, after) : source_set_new();
    put(m, owner, g_steal_pointer(&after));
    return true;
}

SourceSet *source_map_take(SourceMap *m, const char *owner)
{
    Entry *e = find(m, owner);
    if (!e)
        return NULL;
    SourceSet *taken = source_set_copy(e->shared->set);
    remove_entry(m, e);
    return taken;
}
