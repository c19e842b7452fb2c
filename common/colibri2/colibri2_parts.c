/* SPDX-License-Identifier: Apache-2.0
 *
 * Endpoint, relay, transport, sources: values and XML both ways. */
#include "common/colibri2/colibri2_parts.h"

static const char *const sctp_roles[] = { NULL, "client", "server" };
static const char *const muc_roles[] = { NULL, "owner", "moderator", "participant", "visitor", "none" };

bool colibri2_refuse(GError **error, const char *what)
{
    g_set_error_literal(error, JINGLE_ERROR, JINGLE_ERROR_BAD_REQUEST, what);
    return false;
}

const char *colibri2_read_id(const Stanza *s, const char *attribute, const char *what, GError **error)
{
    const char *id = stanza_get(s, attribute);
    if (!id || !*id || strlen(id) > COLIBRI2_MAX_ID) {
        colibri2_refuse(error, what);
        return NULL;
    }
    return id;
}

/* --- transport ---------------------------------------------------------------------------------- */

Colibri2Transport *colibri2_transport_new(void)
{
    Colibri2Transport *t = g_new0(Colibri2Transport, 1);
    t->sctp_port = -1;
    return t;
}

void colibri2_transport_free(Colibri2Transport *t)
{
    if (!t)
        return;
    ice_transport_free(t->ice);
    g_free(t);
}

static bool read_sctp(Colibri2Transport *t, const Stanza *s, GError **error)
{
    const char *role = stanza_get(s, "role");
    gint64 port;
    t->has_sctp = true;
    for (guint i = 1; role && i < G_N_ELEMENTS(sctp_roles); i++) {
        if (strcmp(role, sctp_roles[i]) == 0)
            t->sctp_role = (SctpRole)i;
    }
    if (role && t->sctp_role == SCTP_ROLE_NONE)
        return colibri2_refuse(error, "Invalid SCTP role.");
    if (stanza_get(s, "port")) {
        if (!stanza_get_int(s, "port", 0, 65535, &port))
            return colibri2_refuse(error, "Invalid SCTP port.");
        t->sctp_port = (int32_t)port;
    }
    return true;
}

static bool transport_read(Colibri2Transport *t, const Stanza *s, GError **error)
{
    t->ice_controlling = stanza_get_bool(s, "ice-controlling", FALSE);
    t->use_unique_port = stanza_get_bool(s, "use-unique-port", FALSE);
    t->ice_restart = stanza_get_bool(s, "ice-restart", FALSE);
    const Stanza *ice = stanza_find(s, "transport", NULL), *sctp = stanza_find(s, "sctp", NULL);
    if (ice && !(t->ice = ice_transport_parse(ice, error)))
        return false;
    return !sctp || read_sctp(t, sctp, error);
}

static void transport_write(const Colibri2Transport *t, Stanza *parent)
{
    Stanza *s = stanza_child(parent, "transport", NS_COLIBRI2, NULL);
    stanza_set(s, "ice-controlling", t->ice_controlling ? "true" : NULL);
    stanza_set(s, "use-unique-port", t->use_unique_port ? "true" : NULL);
    stanza_set(s, "ice-restart", t->ice_restart ? "true" : NULL);
    if (t->ice)
        stanza_adopt(s, ice_transport_build(t->ice));
    if (t->has_sctp) {
        Stanza *sctp = stanza_child(s, "sctp", NS_COLIBRI2, NULL);
        stanza_set(sctp, "role", sctp_roles[t->sctp_role]);
        if (t->sctp_port >= 0)
            stanza_set_int(sctp, "port", t->sctp_port);
    }
}

/* --- sources ------------------------------------------------------------------------------------ */

static void media_source_free(void *p)
{
    Colibri2MediaSource *ms = p;
    g_free(ms->id);
    source_set_free(ms->set);
    g_free(ms);
}

Colibri2Sources *colibri2_sources_new(void)
{
    Colibri2Sources *s = g_new0(Colibri2Sources, 1);
    s->media_sources = g_ptr_array_new_with_free_func(media_source_free);
    return s;
}

void colibri2_sources_free(Colibri2Sources *s)
{
    if (!s)
        return;
    g_ptr_array_unref(s->media_sources);
    g_free(s);
}

Colibri2MediaSource *colibri2_sources_add(Colibri2Sources *s, MediaKind kind, const char *id)
{
    Colibri2MediaSource *ms = g_new0(Colibri2MediaSource, 1);
    ms->kind = kind;
    ms->id = g_strdup(id);
    ms->set = source_set_new();
    g_ptr_array_add(s->media_sources, ms);
    return ms;
}

Colibri2Sources *colibri2_sources_copy(const Colibri2Sources *s)
{
    Colibri2Sources *copy = colibri2_sources_new();
    for (guint i = 0; i < s->media_sources->len; i++) {
        const Colibri2MediaSource *ms = s->media_sources->pdata[i];
        Colibri2MediaSource *added = colibri2_sources_add(copy, ms->kind, ms->id);
        added->synthetic = ms->synthetic;
        source_set_add(added->set, ms->set);
    }
    return copy;
}

static Colibri2MediaSource *find_or_add(Colibri2Sources *s, MediaKind kind, const char *id)
{
    for (guint i = 0; i < s->media_sources->len; i++) {
        Colibri2MediaSource *ms = s->media_sources->pdata[i];
        if (ms->kind == kind && strcmp(ms->id, id) == 0)
            return ms;
    }
    return colibri2_sources_add(s, kind, id);
}

static Colibri2MediaSource *holder_of(const Colibri2Sources *s, MediaKind kind, uint32_t ssrc)
{
    for (guint i = 0; i < s->media_sources->len; i++) {
        Colibri2MediaSource *ms = s->media_sources->pdata[i];
        if (ms->kind == kind && source_set_find(ms->set, ssrc))
            return ms;
    }
    return NULL;
}

/* A repair or simulcast stream without a name of its own belongs to the source it is grouped with. */
static const char *name_in_group(const SourceSet *set, const Source *src)
{
    for (guint i = 0; i < set->groups->len; i++) {
        const SourceGroup *g = set->groups->pdata[i];
        bool member = false;
        const char *name = NULL;
        for (guint j = 0; j < g->n && g->kind == src->kind; j++) {
            const Source *other = source_set_find(set, g->ssrcs[j]);
            member |= g->ssrcs[j] == src->ssrc;
            if (other && other->name && !name)
                name = other->name;
        }
        if (member && name)
            return name;
    }
    return NULL;
}

Colibri2Sources *colibri2_sources_from_set(const SourceSet *set, const char *owner)
{
    Colibri2Sources *s = colibri2_sources_new();
    for (guint i = 0; i < set->sources->len; i++) {
        const Source *src = set->sources->pdata[i];
        const char *name = src->name ? src->name : name_in_group(set, src);
        g_autofree char *fallback = g_strdup_printf("%s-%c0", owner, src->kind == MEDIA_AUDIO ? 'a' : 'v');
        Colibri2MediaSource *ms = find_or_add(s, src->kind, name ? name : fallback);
        source_set_add_source(ms->set, src->kind, src->ssrc, src->name, NULL, src->video_type);
    }
    for (guint i = 0; i < set->groups->len; i++) {
        const SourceGroup *g = set->groups->pdata[i];
        Colibri2MediaSource *ms = g->n ? holder_of(s, g->kind, g->ssrcs[0]) : NULL;
        if (ms)
            source_set_add_group(ms->set, g->kind, g->semantics, g->ssrcs, g->n);
    }
    return s;
}

SourceSet *colibri2_sources_to_set(const Colibri2Sources *s)
{
    SourceSet *all = source_set_new();
    for (guint i = 0; i < s->media_sources->len; i++) {
        const Colibri2MediaSource *ms = s->media_sources->pdata[i];
        guint first = all->sources->len;
        source_set_add(all, ms->set);
        for (guint j = first; j < all->sources->len; j++) {
            Source *src = all->sources->pdata[j];
            if (!src->name)
                src->name = g_strdup(ms->id);
        }
    }
    return all;
}

Colibri2Sources *colibri2_sources_read(const Stanza *s, GError **error)
{
    g_autoptr(Colibri2Sources) out = colibri2_sources_new();
    for (const Stanza *c = stanza_find(s, "media-source", NULL); c; c = stanza_next(c, "media-source", NULL)) {
        MediaKind kind = MEDIA_APPLICATION;
        if (out->media_sources->len >= COLIBRI2_MAX_MEDIA_SOURCES) {
            colibri2_refuse(error, "Too many media-sources.");
            return NULL;
        }
        const char *id = colibri2_read_id(c, "id", "Missing media-source id.", error);
        if (!id)
            return NULL;
        if (!media_kind_from_name(stanza_get(c, "type"), &kind) || kind == MEDIA_APPLICATION) {
            colibri2_refuse(error, "Invalid media-source type.");
            return NULL;
        }
        Colibri2MediaSource *ms = colibri2_sources_add(out, kind, id);
        ms->synthetic = stanza_get_bool(c, "synthetic", FALSE);
        if (!source_set_read_children(ms->set, c, kind, error))
            return NULL;
    }
    return g_steal_pointer(&out);
}

void colibri2_sources_write(const Colibri2Sources *s, Stanza *parent)
{
    Stanza *sources = stanza_child(parent, "sources", NS_COLIBRI2, NULL);
    for (guint i = 0; i < s->media_sources->len; i++) {
        const Colibri2MediaSource *ms = s->media_sources->pdata[i];
        Stanza *c =
            stanza_child(sources, "media-source", NS_COLIBRI2, "type", media_kind_name(ms->kind), "id", ms->id, NULL);
        stanza_set(c, "synthetic", ms->synthetic ? "true" : NULL);
        source_set_write_children(ms->set, c, ms->kind, false);
    }
}

/* --- endpoint ----------------------------------------------------------------------------------- */

static void media_free(void *p)
{
    media_desc_free(p);
}

Colibri2Endpoint *colibri2_endpoint_new(const char *id)
{
    Colibri2Endpoint *e = g_new0(Colibri2Endpoint, 1);
    e->id = g_strdup(id);
    e->capabilities = g_ptr_array_new_with_free_func(g_free);
    e->medias = g_ptr_array_new_with_free_func(media_free);
    e->initial_last_n = COLIBRI2_NO_LAST_N;
    return e;
}

void colibri2_endpoint_free(Colibri2Endpoint *e)
{
    if (!e)
        return;
    g_free(e->id);
    g_free(e->stats_id);
    g_ptr_array_unref(e->capabilities);
    g_ptr_array_unref(e->medias);
    colibri2_transport_free(e->transport);
    colibri2_sources_free(e->sources);
    g_free(e);
}

static void endpoint_free(void *p)
{
    colibri2_endpoint_free(p);
}

GPtrArray *colibri2_endpoint_array_new(void)
{
    return g_ptr_array_new_with_free_func(endpoint_free);
}

void colibri2_endpoint_add_capability(Colibri2Endpoint *e, const char *name)
{
    g_ptr_array_add(e->capabilities, g_strdup(name));
}

bool colibri2_endpoint_has_capability(const Colibri2Endpoint *e, const char *name)
{
    for (guint i = 0; i < e->capabilities->len; i++) {
        if (strcmp(e->capabilities->pdata[i], name) == 0)
            return true;
    }
    return false;
}

static bool read_media(GPtrArray *medias, const Stanza *s, GError **error)
{
    MediaKind kind = MEDIA_APPLICATION;
    if (!media_kind_from_name(stanza_get(s, "type"), &kind) || kind == MEDIA_APPLICATION)
        return colibri2_refuse(error, "Invalid media type.");
    if (medias->len >= COLIBRI2_MAX_MEDIAS)
        return colibri2_refuse(error, "Too many medias.");
    MediaDesc *m = media_desc_new(kind);
    g_ptr_array_add(medias, m);
    return media_desc_read_children(m, s, error);
}

static void write_medias(const GPtrArray *medias, Stanza *parent)
{
    for (guint i = 0; i < medias->len; i++) {
        const MediaDesc *m = medias->pdata[i];
        Stanza *s = stanza_child(parent, "media", NS_COLIBRI2, "type", media_kind_name(m->kind), NULL);
        media_desc_write_children(m, s, false);
    }
}

static Colibri2MucRole read_muc_role(const char *name)
{
    for (guint i = 1; name && i < G_N_ELEMENTS(muc_roles); i++) {
        if (g_ascii_strcasecmp(name, muc_roles[i]) == 0)
            return (Colibri2MucRole)i;
    }
    return COLIBRI2_ROLE_UNSET;
}

static bool read_endpoint_child(Colibri2Endpoint *e, const Stanza *c, GError **error)
{
    gint64 n;
    if (stanza_is(c, "media", NULL))
        return read_media(e->medias, c, error);
    if (stanza_is(c, "transport", NULL) && !e->transport) {
        e->transport = colibri2_transport_new();
        return transport_read(e->transport, c, error);
    }
    if (stanza_is(c, "sources", NULL) && !e->sources) {
        e->sources = colibri2_sources_read(c, error);
        return e->sources != NULL;
    }
    if (stanza_is(c, "force-mute", NULL)) {
        e->has_force_mute = true;
        e->force_mute_audio = stanza_get_bool(c, "audio", FALSE);
        e->force_mute_video = stanza_get_bool(c, "video", FALSE);
    } else if (stanza_is(c, "initial-last-n", NULL)) {
        if (!stanza_get_int(c, "value", 0, INT32_MAX, &n))
            return colibri2_refuse(error, "Invalid initial-last-n.");
        e->initial_last_n = (int32_t)n;
    } else if (stanza_is(c, "capability", NULL) && stanza_get(c, "name")) {
        if (e->capabilities->len >= COLIBRI2_MAX_CAPABILITIES)
            return colibri2_refuse(error, "Too many capabilities.");
        colibri2_endpoint_add_capability(e, stanza_get(c, "name"));
    }
    return true;
}

Colibri2Endpoint *colibri2_endpoint_read(const Stanza *s, GError **error)
{
    const char *id = colibri2_read_id(s, "id", "Missing endpoint id.", error);
    if (!id)
        return NULL;
    Colibri2Endpoint *e = colibri2_endpoint_new(id);
    e->create = stanza_get_bool(s, "create", FALSE);
    e->expire = stanza_get_bool(s, "expire", FALSE);
    e->diarize = stanza_get_bool(s, "diarize", FALSE);
    e->stats_id = g_strdup(stanza_get(s, "stats-id"));
    e->muc_role = read_muc_role(stanza_get(s, "muc-role"));
    for (const Stanza *c = stanza_find(s, NULL, NULL); c; c = stanza_next(c, NULL, NULL)) {
        if (!read_endpoint_child(e, c, error)) {
            colibri2_endpoint_free(e);
            return NULL;
        }
    }
    return e;
}

bool colibri2_endpoints_read(GPtrArray *into, const Stanza *parent, GError **error)
{
    for (const Stanza *c = stanza_find(parent, "endpoint", NULL); c; c = stanza_next(c, "endpoint", NULL)) {
        if (into->len >= COLIBRI2_MAX_ENDPOINTS)
            return colibri2_refuse(error, "Too many endpoints.");
        Colibri2Endpoint *e = colibri2_endpoint_read(c, error);
        if (!e)
            return false;
        g_ptr_array_add(into, e);
    }
    return true;
}

void colibri2_endpoint_write(const Colibri2Endpoint *e, Stanza *parent)
{
    Stanza *s = stanza_child(parent, "endpoint", NS_COLIBRI2, "id", e->id, NULL);
    stanza_set(s, "create", e->create ? "true" : NULL);
    stanza_set(s, "expire", e->expire ? "true" : NULL);
    stanza_set(s, "stats-id", e->stats_id);
    stanza_set(s, "muc-role", muc_roles[e->muc_role]);
    stanza_set(s, "diarize", e->diarize ? "true" : NULL);
    for (guint i = 0; i < e->capabilities->len; i++)
        stanza_child(s, "capability", NS_COLIBRI2, "name", e->capabilities->pdata[i], NULL);
    write_medias(e->medias, s);
    if (e->transport)
        transport_write(e->transport, s);
    if (e->sources)
        colibri2_sources_write(e->sources, s);
    if (e->has_force_mute) {
        Stanza *mute = stanza_child(s, "force-mute", NS_COLIBRI2, NULL);
        stanza_set(mute, "audio", e->force_mute_audio ? "true" : NULL);
        stanza_set(mute, "video", e->force_mute_video ? "true" : NULL);
    }
    if (e->initial_last_n >= 0)
        stanza_set_int(stanza_child(s, "initial-last-n", NS_COLIBRI2, NULL), "value", e->initial_last_n);
}

/* --- relay -------------------------------------------------------------------------------------- */

Colibri2Relay *colibri2_relay_new(const char *id)
{
    Colibri2Relay *r = g_new0(Colibri2Relay, 1);
    r->id = g_strdup(id);
    r->medias = g_ptr_array_new_with_free_func(media_free);
    return r;
}

void colibri2_relay_free(Colibri2Relay *r)
{
    if (!r)
        return;
    g_free(r->id);
    g_free(r->mesh_id);
    g_ptr_array_unref(r->medias);
    colibri2_transport_free(r->transport);
    if (r->endpoints)
        g_ptr_array_unref(r->endpoints);
    g_free(r);
}

static bool read_relay_child(Colibri2Relay *r, const Stanza *c, GError **error)
{
    if (stanza_is(c, "media", NULL))
        return read_media(r->medias, c, error);
    if (stanza_is(c, "transport", NULL) && !r->transport) {
        r->transport = colibri2_transport_new();
        return transport_read(r->transport, c, error);
    }
    if (stanza_is(c, "endpoints", NULL)) {
        if (!r->endpoints)
            r->endpoints = colibri2_endpoint_array_new();
        return colibri2_endpoints_read(r->endpoints, c, error);
    }
    return true;
}

Colibri2Relay *colibri2_relay_read(const Stanza *s, GError **error)
{
    const char *id = colibri2_read_id(s, "id", "Missing relay id.", error);
    if (!id)
        return NULL;
    Colibri2Relay *r = colibri2_relay_new(id);
    r->create = stanza_get_bool(s, "create", FALSE);
    r->expire = stanza_get_bool(s, "expire", FALSE);
    r->mesh_id = g_strdup(stanza_get(s, "mesh-id"));
    for (const Stanza *c = stanza_find(s, NULL, NULL); c; c = stanza_next(c, NULL, NULL)) {
        if (!read_relay_child(r, c, error)) {
            colibri2_relay_free(r);
            return NULL;
        }
    }
    return r;
}

void colibri2_relay_write(const Colibri2Relay *r, Stanza *parent)
{
    Stanza *s = stanza_child(parent, "relay", NS_COLIBRI2, "id", r->id, NULL);
    stanza_set(s, "mesh-id", r->mesh_id);
    stanza_set(s, "create", r->create ? "true" : NULL);
    stanza_set(s, "expire", r->expire ? "true" : NULL);
    write_medias(r->medias, s);
    if (r->transport)
        transport_write(r->transport, s);
    if (r->endpoints) {
        Stanza *list = stanza_child(s, "endpoints", NS_COLIBRI2, NULL);
        for (guint i = 0; i < r->endpoints->len; i++)
            colibri2_endpoint_write(r->endpoints->pdata[i], list);
    }
}
