/* SPDX-License-Identifier: Apache-2.0 */
#include "common/jingle/source_check.h"
#include "common/jingle/jingle_refuse.h"

static char *group_text(const SourceGroup *g)
{
    GString *s = g_string_new(group_semantics_name(g->semantics));
    for (guint i = 0; i < g->n; i++)
        g_string_append_printf(s, "%s%u", i ? ", " : "[", g->ssrcs[i]);
    g_string_append_c(s, ']');
    return g_string_free(s, FALSE);
}

static const Source *find_member(const SourceSet *s, const SourceGroup *g, guint i)
{
    const Source *src = source_set_find(s, g->ssrcs[i]);
    return src && src->kind == g->kind ? src : NULL;
}

static bool check_group(const SourceSet *s, const SourceGroup *g, GError **error)
{
    const char *msid = NULL;
    g_autofree char *shown = group_text(g);
    if (g->n == 0 || (g->semantics == GROUP_FID && g->n != 2))
        return jingle_refuse(error, "Invalid %s group: %s", group_semantics_name(g->semantics), shown);
    for (guint i = 0; i < g->n; i++) {
        const Source *src = find_member(s, g, i);
        if (!src)
            return jingle_refuse(error, "An SSRC group contains an SSRC, which hasn't been signaled as a source: %u.",
                                 g->ssrcs[i]);
        if (!src->msid)
            return jingle_refuse(error, "Required source parameter 'msid' is not present.");
        if (msid && strcmp(msid, src->msid) != 0)
            return jingle_refuse(error, "SsrcGroup contains sources with different MSIDs: %s", shown);
        msid = src->msid;
    }
    return true;
}

static bool group_has(const SourceGroup *g, uint32_t ssrc)
{
    for (guint i = 0; i < g->n; i++) {
        if (g->ssrcs[i] == ssrc)
            return true;
    }
    return false;
}

/* Is this FID part of a simulcast source, so that it shares its msid by right? */
static bool extends_sim(const SourceSet *s, const SourceGroup *fid)
{
    for (guint i = 0; i < s->groups->len; i++) {
        const SourceGroup *g = s->groups->pdata[i];
        if (g->semantics == GROUP_SIM && g->kind == fid->kind && group_has(g, fid->ssrcs[0]))
            return true;
    }
    return false;
}

static bool is_grouped(const SourceSet *s, const Source *src)
{
    for (guint i = 0; i < s->groups->len; i++) {
        const SourceGroup *g = s->groups->pdata[i];
        if (g->kind == src->kind && group_has(g, src->ssrc))
            return true;
    }
    return false;
}

static bool claim_msid(GHashTable *seen, MediaKind kind, const char *msid, GError **error)
{
    if (!msid)
        return true;
    if (g_hash_table_add(seen, g_strdup_printf("%c%s", "av"[kind != MEDIA_AUDIO], msid)))
        return true;
    return jingle_refuse(error, "MSID is already used: %s.", msid);
}

/* Within a media type every extended group (SIM with its FIDs), lone FID and lone source has its own msid. */
static bool check_msids(const SourceSet *s, GError **error)
{
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (guint i = 0; i < s->groups->len; i++) {
        const SourceGroup *g = s->groups->pdata[i];
        if (g->semantics == GROUP_FID && extends_sim(s, g))
            continue;
        if (!claim_msid(seen, g->kind, find_member(s, g, 0)->msid, error))
            return false;
    }
    for (guint i = 0; i < s->sources->len; i++) {
        const Source *src = s->sources->pdata[i];
        if (!is_grouped(s, src) && !claim_msid(seen, src->kind, src->msid, error))
            return false;
    }
    return true;
}

bool source_check_groups(const SourceSet *s, GError **error)
{
    for (guint i = 0; i < s->groups->len; i++) {
        if (!check_group(s, s->groups->pdata[i], error))
            return false;
    }
    return check_msids(s, error);
}

bool source_check_names(const SourceSet *s, GError **error)
{
    g_autoptr(GHashTable) msids = g_hash_table_new(g_str_hash, g_str_equal); /* name -> msid, both the set's */
    for (guint i = 0; i < s->sources->len; i++) {
        const Source *src = s->sources->pdata[i];
        const char *known = src->name && src->msid ? g_hash_table_lookup(msids, src->name) : NULL;
        if (known && strcmp(known, src->msid) != 0)
            return jingle_refuse(error, "Source name is already used: %s.", src->name);
        if (src->name && src->msid)
            g_hash_table_insert(msids, src->name, src->msid);
    }
    return true;
}
