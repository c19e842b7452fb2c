/* SPDX-License-Identifier: Apache-2.0 */
#include "common/jingle/source_set.h"

#include "common/jingle/jingle_ns.h"
#include "common/jingle/jingle_refuse.h"

static const char *const semantics_names[] = { "FID", "SIM" };

const char *group_semantics_name(GroupSemantics semantics)
{
    return semantics_names[semantics];
}

/* --- values ------------------------------------------------------------------------------------- */

static void source_free(void *p)
{
    Source *s = p;
    g_free(s->name);
    g_free(s->msid);
    g_free(s->owner);
    g_free(s);
}

SourceSet *source_set_new(void)
{
    SourceSet *s = g_new0(SourceSet, 1);
    s->sources = g_ptr_array_new_with_free_func(source_free);
    s->groups = g_ptr_array_new_with_free_func(g_free);
    return s;
}

void source_set_free(SourceSet *s)
{
    if (!s)
        return;
    g_ptr_array_unref(s->sources);
    g_ptr_array_unref(s->groups);
    g_free(s);
}

Source *source_set_add_source(SourceSet *s, MediaKind kind, uint32_t ssrc, const char *name, const char *msid,
                              VideoType type)
{
    Source *src = g_new0(Source, 1);
    src->ssrc = ssrc;
    src->kind = kind;
    src->video_type = type;
    src->name = g_strdup(name);
    src->msid = g_strdup(msid);
    g_ptr_array_add(s->sources, src);
    return src;
}

void source_set_add_group(SourceSet *s, MediaKind kind, GroupSemantics semantics, const uint32_t *ssrcs, guint n)
{
    SourceGroup *g = g_new0(SourceGroup, 1);
    g->semantics = semantics;
    g->kind = kind;
    g->n = MIN(n, SOURCE_GROUP_MAX);
    memcpy(g->ssrcs, ssrcs, g->n * sizeof ssrcs[0]);
    g_ptr_array_add(s->groups, g);
}

static void append_source(SourceSet *s, const Source *src)
{
    Source *added = source_set_add_source(s, src->kind, src->ssrc, src->name, src->msid, src->video_type);
    added->owner = g_strdup(src->owner);
}

static void append_group(SourceSet *s, const SourceGroup *g)
{
    g_ptr_array_add(s->groups, g_memdup2(g, sizeof *g));
}

SourceSet *source_set_copy(const SourceSet *s)
{
    SourceSet *copy = source_set_new();
    for (guint i = 0; i < s->sources->len; i++)
        append_source(copy, s->sources->pdata[i]);
    for (guint i = 0; i < s->groups->len; i++)
        append_group(copy, s->groups->pdata[i]);
    return copy;
}

/* --- questions ---------------------------------------------------------------------------------- */

bool source_set_is_empty(const SourceSet *s)
{
    return s->sources->len == 0 && s->groups->len == 0;
}

Source *source_set_find(const SourceSet *s, uint32_t ssrc)
{
    for (guint i = 0; i < s->sources->len; i++) {
        Source *src = s->sources->pdata[i];
        if (src->ssrc == ssrc)
            return src;
    }
    return NULL;
}

static bool group_equal(const SourceGroup *a, const SourceGroup *b)
{
    return a->semantics == b->semantics && a->kind == b->kind && a->n == b->n &&
           memcmp(a->ssrcs, b->ssrcs, a->n * sizeof a->ssrcs[0]) == 0;
}

bool source_set_has_group(const SourceSet *s, const SourceGroup *g)
{
    for (guint i = 0; i < s->groups->len; i++) {
        if (group_equal(s->groups->pdata[i], g))
            return true;
    }
    return false;
}

static bool source_equal(const Source *a, const Source *b)
{
    return a->ssrc == b->ssrc && a->kind == b->kind && a->video_type == b->video_type &&
           g_strcmp0(a->name, b->name) == 0 && g_strcmp0(a->msid, b->msid) == 0;
}

static bool has_source(const SourceSet *s, const Source *src)
{
    for (guint i = 0; i < s->sources->len; i++) {
        if (source_equal(s->sources->pdata[i], src))
            return true;
    }
    return false;
}

bool source_set_equal(const SourceSet *a, const SourceSet *b)
{
    if (a->sources->len != b->sources->len || a->groups->len != b->groups->len)
        return false;
    for (guint i = 0; i < a->sources->len; i++) {
        if (!has_source(b, a->sources->pdata[i]))
            return false;
    }
    for (guint i = 0; i < a->groups->len; i++) {
        if (!source_set_has_group(b, a->groups->pdata[i]))
            return false;
    }
    return true;
}

static bool group_contains(const SourceGroup *g, uint32_t ssrc)
{
    for (guint i = 0; i < g->n; i++) {
        if (g->ssrcs[i] == ssrc)
            return true;
    }
    return false;
}

/* --- algebra ------------------------------------------------------------------------------------ */

void source_set_add(SourceSet *s, const SourceSet *other)
{
    for (guint i = 0; i < other->sources->len; i++) {
        const Source *src = other->sources->pdata[i];
        if (!source_set_find(s, src->ssrc))
            append_source(s, src);
    }
    for (guint i = 0; i < other->groups->len; i++) {
        const SourceGroup *g = other->groups->pdata[i];
        if (!source_set_has_group(s, g))
            append_group(s, g);
    }
}

static void remove_ssrc(SourceSet *s, uint32_t ssrc)
{
    for (guint i = s->sources->len; i-- > 0;) {
        const Source *src = s->sources->pdata[i];
        if (src->ssrc == ssrc)
            g_ptr_array_remove_index(s->sources, i);
    }
    for (guint i = s->groups->len; i-- > 0;) {
        if (group_contains(s->groups->pdata[i], ssrc))
            g_ptr_array_remove_index(s->groups, i);
    }
}

void source_set_remove(SourceSet *s, const SourceSet *other)
{
    for (guint i = s->groups->len; i-- > 0;) {
        if (source_set_has_group(other, s->groups->pdata[i]))
            g_ptr_array_remove_index(s->groups, i);
    }
    for (guint i = 0; i < other->sources->len; i++) {
        const Source *src = other->sources->pdata[i];
        remove_ssrc(s, src->ssrc);
    }
}

SourceSet *source_set_difference(const SourceSet *a, const SourceSet *b)
{
    SourceSet *d = source_set_new();
    for (guint i = 0; i < a->sources->len; i++) {
        if (!has_source(b, a->sources->pdata[i]))
            append_source(d, a->sources->pdata[i]);
    }
    for (guint i = 0; i < a->groups->len; i++) {
        if (!source_set_has_group(b, a->groups->pdata[i]))
            append_group(d, a->groups->pdata[i]);
    }
    return d;
}

/* The SSRC and what only exists for it: the repair stream a FID group pairs it with. */
static void remove_layer(SourceSet *s, uint32_t ssrc)
{
    for (guint i = 0; i < s->groups->len; i++) {
        const SourceGroup *g = s->groups->pdata[i];
        if (g->semantics == GROUP_FID && g->n > 0 && g->ssrcs[0] == ssrc) {
            SourceGroup fid = *g;
            for (guint j = 1; j < fid.n; j++)
                remove_ssrc(s, fid.ssrcs[j]);
            break;
        }
    }
    remove_ssrc(s, ssrc);
}

void source_set_strip_simulcast(SourceSet *s)
{
    for (guint i = 0; i < s->groups->len;) {
        const SourceGroup *g = s->groups->pdata[i];
        if (g->semantics != GROUP_SIM) {
            i++;
            continue;
        }
        SourceGroup sim = *g;
        g_ptr_array_remove_index(s->groups, i);
        for (guint j = 1; j < sim.n; j++) {
            if (sim.ssrcs[j] != sim.ssrcs[0])
                remove_layer(s, sim.ssrcs[j]);
        }
        i = 0; /* removing layers may have moved or removed groups anywhere */
    }
}

void source_set_drop_kind(SourceSet *s, MediaKind kind)
{
    for (guint i = s->sources->len; i-- > 0;) {
        const Source *src = s->sources->pdata[i];
        if (src->kind == kind)
            g_ptr_array_remove_index(s->sources, i);
    }
    for (guint i = s->groups->len; i-- > 0;) {
        const SourceGroup *g = s->groups->pdata[i];
        if (g->kind == kind)
            g_ptr_array_remove_index(s->groups, i);
    }
}

bool source_name_is_valid(const char *name, const char *owner, MediaKind kind)
{
    size_t len = strlen(owner);
    if (strlen(name) > SOURCE_MAX_NAME || strncmp(name, owner, len) != 0 || name[len] != '-' ||
        name[len + 1] != (kind == MEDIA_AUDIO ? 'a' : 'v') || !g_ascii_isdigit(name[len + 2]))
        return false;
    const char *p = name + len + 2;
    while (g_ascii_isdigit(*p))
        p++;
    if (*p && (*p != '-' || !p[1]))
        return false;
    for (p = name; *p; p++) {
        if (!g_ascii_isalnum(*p) && !strchr("-_.", *p))
            return false;
    }
    return true;
}

/* --- XML ---------------------------------------------------------------------------------------- */

/* Text from a client for an error message: nothing long, nothing that is no plain ASCII. */
static char *printable(const char *text)
{
    char *copy = g_strndup(text ? text : "", 32);
    for (char *p = copy; *p; p++) {
        if (!g_ascii_isprint(*p))
            *p = '?';
    }
    return copy;
}

static bool has_control(const char *text)
{
    for (const char *p = text; *p; p++) {
        if (g_ascii_iscntrl(*p))
            return true;
    }
    return false;
}

static bool read_ssrc(const Stanza *s, uint32_t *ssrc, GError **error)
{
    gint64 n;
    if (!stanza_get_int(s, "ssrc", 1, UINT32_MAX, &n)) {
        g_autofree char *shown = printable(stanza_get(s, "ssrc"));
        return jingle_refuse(error, "Invalid SSRC: %s.", shown);
    }
    *ssrc = (uint32_t)n;
    return true;
}

static bool read_video_type(const Stanza *s, VideoType *type, GError **error)
{
    const char *text = stanza_get(s, "videoType");
    *type = VIDEO_TYPE_UNSET;
    if (!text)
        return true;
    if (g_ascii_strcasecmp(text, "camera") == 0)
        *type = VIDEO_TYPE_CAMERA;
    else if (g_ascii_strcasecmp(text, "desktop") == 0 || g_ascii_strcasecmp(text, "desktop_high_fps") == 0)
        *type = VIDEO_TYPE_DESKTOP;
    else
        return jingle_refuse(error, "Unknown videoType.");
    return true;
}

static bool read_source(SourceSet *set, const Stanza *s, MediaKind kind, GError **error)
{
    uint32_t ssrc = 0;
    VideoType type;
    const char *name = stanza_get(s, "name"), *msid = NULL;
    if (!read_ssrc(s, &ssrc, error) || !read_video_type(s, &type, error))
        return false;
    if (set->sources->len >= SOURCE_SET_MAX_SOURCES)
        return jingle_refuse(error, "Too many sources.");
    for (const Stanza *c = stanza_find(s, "parameter", NULL); c && !msid; c = stanza_next(c, "parameter", NULL)) {
        if (g_strcmp0(stanza_get(c, "name"), "msid") == 0)
            msid = stanza_get(c, "value");
    }
    if (name && (strlen(name) > SOURCE_MAX_NAME || has_control(name)))
        return jingle_refuse(error, "Invalid source name.");
    if (msid && (strlen(msid) > SOURCE_MAX_MSID || has_control(msid)))
        return jingle_refuse(error, "Invalid msid.");
    Source *src = source_set_add_source(set, kind, ssrc, name, msid && *msid ? msid : NULL, type);
    const Stanza *info = stanza_find(s, "ssrc-info", NULL);
    if (info)
        src->owner = g_strdup(stanza_get(info, "owner"));
    return true;
}

static bool read_group(SourceSet *set, const Stanza *s, MediaKind kind, GError **error)
{
    const char *semantics = stanza_get(s, "semantics");
    SourceGroup g = { .kind = kind };
    if (g_strcmp0(semantics, "SIM") == 0)
        g.semantics = GROUP_SIM;
    else if (g_strcmp0(semantics, "FID") == 0)
        g.semantics = GROUP_FID;
    else
        return jingle_refuse(error, "Unknown ssrc-group semantics.");
    for (const Stanza *c = stanza_find(s, "source", NULL); c; c = stanza_next(c, "source", NULL)) {
        if (g.n >= SOURCE_GROUP_MAX)
            return jingle_refuse(error, "Too many sources in an ssrc-group.");
        if (!read_ssrc(c, &g.ssrcs[g.n], error))
            return false;
        g.n++;
    }
    if (g.n == 0 || source_set_has_group(set, &g))
        return true;
    if (set->groups->len >= SOURCE_SET_MAX_GROUPS)
        return jingle_refuse(error, "Too many ssrc-groups.");
    append_group(set, &g);
    return true;
}

bool source_set_read_children(SourceSet *s, const Stanza *parent, MediaKind kind, GError **error)
{
    for (const Stanza *c = stanza_find(parent, NULL, NULL); c; c = stanza_next(c, NULL, NULL)) {
        if (stanza_is(c, "source", NULL)) {
            if (!read_source(s, c, kind, error))
                return false;
        } else if (stanza_is(c, "ssrc-group", NULL)) {
            if (!read_group(s, c, kind, error))
                return false;
        }
    }
    return true;
}

static void set_ssrc(Stanza *s, uint32_t ssrc)
{
    stanza_set_int(s, "ssrc", ssrc);
}

void source_set_write_children(const SourceSet *s, Stanza *parent, MediaKind kind, bool full)
{
    static const char *const video_types[] = { NULL, "camera", "desktop" };
    for (guint i = 0; i < s->sources->len; i++) {
        const Source *src = s->sources->pdata[i];
        if (src->kind != kind)
            continue;
        Stanza *c = stanza_child(parent, "source", NS_JINGLE_SSMA, NULL);
        set_ssrc(c, src->ssrc);
        stanza_set(c, "name", src->name);
        stanza_set(c, "videoType", video_types[src->video_type]);
        if (full && src->owner)
            stanza_child(c, "ssrc-info", NS_JITSI_MEET, "owner", src->owner, NULL);
        if (full && src->msid)
            stanza_child(c, "parameter", NULL, "name", "msid", "value", src->msid, NULL);
    }
    for (guint i = 0; i < s->groups->len; i++) {
        const SourceGroup *g = s->groups->pdata[i];
        if (g->kind != kind)
            continue;
        Stanza *c =
            stanza_child(parent, "ssrc-group", NS_JINGLE_SSMA, "semantics", semantics_names[g->semantics], NULL);
        for (guint j = 0; j < g->n; j++)
            set_ssrc(stanza_child(c, "source", NULL, NULL), g->ssrcs[j]);
    }
}
