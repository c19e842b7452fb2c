/* SPDX-License-Identifier: Apache-2.0 */
#include "focus/source_signaling.h"

struct SourceSignaling {
    bool takes_audio, takes_video; /* set at birth */
    SourceMap *told, *wanted;
    GHashTable *removals; /* msid -> how often it was taken back in this session */
};

SourceSignaling *source_signaling_new(bool takes_audio, bool takes_video)
{
    SourceSignaling *s = g_new0(SourceSignaling, 1);
    s->takes_audio = takes_audio;
    s->takes_video = takes_video;
    s->told = source_map_new();
    s->wanted = source_map_new();
    s->removals = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    return s;
}

void source_signaling_free(SourceSignaling *s)
{
    if (!s)
        return;
    source_map_free(s->told);
    source_map_free(s->wanted);
    g_hash_table_unref(s->removals);
    g_free(s);
}

void source_signaling_reset(SourceSignaling *s, const SourceMap *told)
{
    source_map_free(s->told);
    source_map_free(s->wanted);
    s->told = source_map_copy(told);
    s->wanted = source_map_copy(told);
    g_hash_table_remove_all(s->removals); /* a new session knows nothing of it */
}

void source_signaling_want(SourceSignaling *s, const char *owner, const SourceSet *set, bool tell_removal)
{
    g_autoptr(SourceSet) seen = set ? source_set_copy(set) : source_set_new();
    if (!s->takes_audio)
        source_set_drop_kind(seen, MEDIA_AUDIO);
    if (!s->takes_video)
        source_set_drop_kind(seen, MEDIA_VIDEO);
    source_map_set(s->wanted, owner, seen);
    if (!tell_removal && source_set_is_empty(seen))
        source_map_set(s->told, owner, NULL);
}

bool source_signaling_is_pending(const SourceSignaling *s)
{
    return !source_map_equal(s->told, s->wanted);
}

static SourceMap *non_empty(SourceMap *m)
{
    if (!source_map_is_empty(m))
        return m;
    source_map_free(m);
    return NULL;
}

/* COMPAT clients that keep the m-line of a removed source, a=msid line included (lib-jitsi-meet until 2023,
 * when a call goes to P2P and back): today's browsers refuse the same msid in a second m-line. Receivers
 * only group by it, so a source that comes again comes with another one. */
static void note_removals(SourceSignaling *s, const SourceMap *remove)
{
    g_autoptr(GPtrArray) owners = source_map_owners(remove);
    g_autoptr(GHashTable) now = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint i = 0; i < owners->len; i++) {
        const SourceSet *set = source_map_get(remove, owners->pdata[i]);
        for (guint k = 0; k < set->sources->len; k++) {
            const Source *source = set->sources->pdata[k];
            if (!source->msid || !g_hash_table_add(now, source->msid))
                continue; /* layers of one source share it */
            guint n = GPOINTER_TO_UINT(g_hash_table_lookup(s->removals, source->msid));
            if (n > 0 || g_hash_table_size(s->removals) < SOURCE_SIGNALING_MAX_REMOVED)
                g_hash_table_insert(s->removals, g_strdup(source->msid), GUINT_TO_POINTER(n + 1));
        }
    }
}

static void rename_again(const SourceSignaling *s, SourceMap *add)
{
    g_autoptr(GPtrArray) owners = source_map_owners(add);
    for (guint i = 0; i < owners->len; i++) {
        g_autoptr(SourceSet) set = source_set_copy(source_map_get(add, owners->pdata[i]));
        for (guint k = 0; k < set->sources->len; k++) {
            Source *source = set->sources->pdata[k];
            guint n = source->msid ? GPOINTER_TO_UINT(g_hash_table_lookup(s->removals, source->msid)) : 0;
            if (n == 0)
                continue;
            char *renamed = g_strdup_printf("%s-%u", source->msid, n);
            g_free(source->msid);
            source->msid = renamed;
        }
        g_autofree char *owner = g_strdup(owners->pdata[i]);
        source_map_set(add, owner, set);
    }
}

void source_signaling_flush(SourceSignaling *s, SourceMap **remove, SourceMap **add)
{
    *remove = non_empty(source_map_difference(s->told, s->wanted));
    *add = non_empty(source_map_difference(s->wanted, s->told));
    if (*remove)
        note_removals(s, *remove);
    if (*add && g_hash_table_size(s->removals) > 0)
        rename_again(s, *add);
    source_map_free(s->told);
    s->told = source_map_copy(s->wanted);
}

const SourceMap *source_signaling_told(const SourceSignaling *s)
{
    return s->told;
}
