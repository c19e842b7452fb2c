/* SPDX-License-Identifier: Apache-2.0 */
#include "common/jingle/jingle.h"
#include "common/jingle/jingle_refuse.h"

static const char *const action_names[] = {
    [JINGLE_UNKNOWN] = "unknown",
    [JINGLE_SESSION_INITIATE] = "session-initiate",
    [JINGLE_SESSION_ACCEPT] = "session-accept",
    [JINGLE_SESSION_INFO] = "session-info",
    [JINGLE_SESSION_TERMINATE] = "session-terminate",
    [JINGLE_SOURCE_ADD] = "source-add",
    [JINGLE_SOURCE_REMOVE] = "source-remove",
    [JINGLE_TRANSPORT_INFO] = "transport-info",
    [JINGLE_TRANSPORT_ACCEPT] = "transport-accept",
    [JINGLE_TRANSPORT_REJECT] = "transport-reject",
    [JINGLE_TRANSPORT_REPLACE] = "transport-replace",
    [JINGLE_CONTENT_ADD] = "content-add",
    [JINGLE_CONTENT_MODIFY] = "content-modify",
    [JINGLE_CONTENT_REMOVE] = "content-remove",
    [JINGLE_DESCRIPTION_INFO] = "description-info",
};

static const char *const reason_names[] = {
    [JINGLE_REASON_NONE] = NULL,
    [JINGLE_REASON_SUCCESS] = "success",
    [JINGLE_REASON_EXPIRED] = "expired",
    [JINGLE_REASON_GENERAL_ERROR] = "general-error",
    [JINGLE_REASON_GONE] = "gone",
    [JINGLE_REASON_CONNECTIVITY_ERROR] = "connectivity-error",
    [JINGLE_REASON_SECURITY_ERROR] = "security-error",
    [JINGLE_REASON_CANCEL] = "cancel",
    [JINGLE_REASON_DECLINE] = "decline",
    [JINGLE_REASON_TIMEOUT] = "timeout",
    [JINGLE_REASON_OTHER] = "undefined",
};

const char *jingle_action_name(JingleAction action)
{
    return action_names[action];
}

const char *jingle_reason_name(JingleReason reason)
{
    return reason_names[reason];
}

/* --- values ------------------------------------------------------------------------------------- */

static void content_free(void *p)
{
    JingleContent *c = p;
    g_free(c->name);
    g_free(c->creator);
    g_free(c->senders);
    media_desc_free(c->description);
    source_set_free(c->sources);
    ice_transport_free(c->transport);
    g_free(c);
}

Jingle *jingle_new(JingleAction action, const char *sid)
{
    Jingle *j = g_new0(Jingle, 1);
    j->action = action;
    j->sid = g_strdup(sid ? sid : "");
    j->contents = g_ptr_array_new_with_free_func(content_free);
    j->group_names = g_ptr_array_new_with_free_func(g_free);
    return j;
}

void jingle_free(Jingle *j)
{
    if (!j)
        return;
    g_free(j->sid);
    g_free(j->initiator);
    g_free(j->responder);
    g_ptr_array_unref(j->contents);
    g_free(j->group_semantics);
    g_ptr_array_unref(j->group_names);
    g_free(j->reason_text);
    g_free(j->bridge_session_id);
    g_free(j->bridge_session_region);
    g_free(j->ice_state);
    g_free(j->json_message);
    g_free(j);
}

JingleContent *jingle_add_content(Jingle *j, const char *name, MediaDesc *description, IceTransport *transport)
{
    JingleContent *c = g_new0(JingleContent, 1);
    c->name = g_strdup(name ? name : "");
    c->description = description;
    c->sources = source_set_new();
    c->transport = transport;
    c->initial_last_n = -1;
    g_ptr_array_add(j->contents, c);
    return c;
}

void jingle_set_bundle(Jingle *j)
{
    g_free(j->group_semantics);
    j->group_semantics = g_strdup("BUNDLE");
    g_ptr_array_set_size(j->group_names, 0);
    for (guint i = 0; i < j->contents->len; i++) {
        const JingleContent *c = j->contents->pdata[i];
        g_ptr_array_add(j->group_names, g_strdup(c->name));
    }
}

static bool content_equal(const JingleContent *a, const JingleContent *b)
{
    return g_strcmp0(a->name, b->name) == 0 && g_strcmp0(a->creator, b->creator) == 0 &&
           g_strcmp0(a->senders, b->senders) == 0 && a->initial_last_n == b->initial_last_n &&
           !a->description == !b->description && !a->transport == !b->transport &&
           (!a->description || media_desc_equal(a->description, b->description)) &&
           (!a->transport || ice_transport_equal(a->transport, b->transport)) &&
           source_set_equal(a->sources, b->sources);
}

bool jingle_equal(const Jingle *a, const Jingle *b)
{
    if (a->action != b->action || strcmp(a->sid, b->sid) != 0 || g_strcmp0(a->initiator, b->initiator) != 0 ||
        g_strcmp0(a->responder, b->responder) != 0 || a->contents->len != b->contents->len ||
        a->group_names->len != b->group_names->len || g_strcmp0(a->group_semantics, b->group_semantics) != 0 ||
        a->reason != b->reason || g_strcmp0(a->reason_text, b->reason_text) != 0 ||
        a->has_bridge_session != b->has_bridge_session || a->restart != b->restart ||
        a->ice_restart != b->ice_restart || g_strcmp0(a->bridge_session_id, b->bridge_session_id) != 0 ||
        g_strcmp0(a->bridge_session_region, b->bridge_session_region) != 0 ||
        g_strcmp0(a->ice_state, b->ice_state) != 0 || a->has_startmuted != b->has_startmuted ||
        a->startmuted_audio != b->startmuted_audio || a->startmuted_video != b->startmuted_video ||
        g_strcmp0(a->json_message, b->json_message) != 0)
        return false;
    for (guint i = 0; i < a->contents->len; i++) {
        if (!content_equal(a->contents->pdata[i], b->contents->pdata[i]))
            return false;
    }
    for (guint i = 0; i < a->group_names->len; i++) {
        if (strcmp(a->group_names->pdata[i], b->group_names->pdata[i]) != 0)
            return false;
    }
    return true;
}

/* --- reading ------------------------------------------------------------------------------------ */

static JingleAction read_action(const char *name)
{
    if (strcmp(name, "addsource") == 0)
        return JINGLE_SOURCE_ADD;
    if (strcmp(name, "removesource") == 0)
        return JINGLE_SOURCE_REMOVE;
    for (guint i = JINGLE_UNKNOWN + 1; i < G_N_ELEMENTS(action_names); i++) {
        if (strcmp(name, action_names[i]) == 0)
            return (JingleAction)i;
    }
    return JINGLE_UNKNOWN;
}

static bool read_description(JingleContent *c, const Stanza *s, GError **error)
{
    const char *media = stanza_get(s, "media");
    MediaKind kind = MEDIA_APPLICATION;
    gint64 maxptime;
    media_kind_from_name(media ? media : c->name, &kind);
    c->description = media_desc_new(kind);
    if (stanza_get_int(s, "maxptime", 1, 10000, &maxptime))
        c->description->maxptime = (int)maxptime;
    if (!media_desc_read_children(c->description, s, error) || !source_set_read_children(c->sources, s, kind, error))
        return false;
    if (kind == MEDIA_APPLICATION && !source_set_is_empty(c->sources))
        return jingle_refuse(error, "Sources of an unknown media type.");
    return true;
}

static void read_initial_last_n(JingleContent *c, const Stanza *parent)
{
    gint64 n;
    const Stanza *s = stanza_find(parent, "initial-last-n", NULL);
    if (s && stanza_get_int(s, "value", 0, INT32_MAX, &n))
        c->initial_last_n = (int32_t)n;
}

static bool read_content(Jingle *j, const Stanza *s, guint *n_sources, GError **error)
{
    if (j->contents->len >= JINGLE_MAX_CONTENTS)
        return jingle_refuse(error, "Too many contents.");
    JingleContent *c = jingle_add_content(j, stanza_get(s, "name"), NULL, NULL);
    c->creator = g_strdup(stanza_get(s, "creator"));
    c->senders = g_strdup(stanza_get(s, "senders"));
    read_initial_last_n(c, s);
    const Stanza *description = stanza_find(s, "description", NULL);
    if (description && !read_description(c, description, error))
        return false;
    *n_sources += c->sources->sources->len;
    if (*n_sources > SOURCE_SET_MAX_SOURCES)
        return jingle_refuse(error, "Too many sources.");
    const Stanza *transport = stanza_find(s, "transport", NULL);
    if (transport && !(c->transport = ice_transport_parse(transport, error)))
        return false;
    return true;
}

static void read_group(Jingle *j, const Stanza *s)
{
    const char *semantics = stanza_get(s, "semantics");
    g_free(j->group_semantics);
    j->group_semantics = g_strdup(semantics ? semantics : "");
    for (const Stanza *c = stanza_find(s, "content", NULL); c; c = stanza_next(c, "content", NULL)) {
        if (stanza_get(c, "name") && j->group_names->len < JINGLE_MAX_CONTENTS)
            g_ptr_array_add(j->group_names, g_strdup(stanza_get(c, "name")));
    }
}

static void read_reason(Jingle *j, const Stanza *s)
{
    for (const Stanza *c = stanza_find(s, NULL, NULL); c; c = stanza_next(c, NULL, NULL)) {
        if (stanza_is(c, "text", NULL)) {
            g_free(j->reason_text);
            j->reason_text = stanza_text(c);
        } else if (j->reason == JINGLE_REASON_NONE) {
            j->reason = JINGLE_REASON_OTHER;
            for (guint i = JINGLE_REASON_NONE + 1; i < JINGLE_REASON_OTHER; i++) {
                if (stanza_is(c, reason_names[i], NULL))
                    j->reason = (JingleReason)i;
            }
        }
    }
    if (j->reason_text && j->reason == JINGLE_REASON_NONE) /* a text alone is a reason too */
        j->reason = JINGLE_REASON_OTHER;
}

static void read_bridge_session(Jingle *j, const Stanza *s)
{
    j->has_bridge_session = true;
    g_free(j->bridge_session_id);
    g_free(j->bridge_session_region);
    j->bridge_session_id = g_strdup(stanza_get(s, "id"));
    j->bridge_session_region = g_strdup(stanza_get(s, "region"));
    j->restart = stanza_get_bool(s, "restart", FALSE);
    j->ice_restart = stanza_get_bool(s, "ice-restart", FALSE);
}

static bool read_child(Jingle *j, const Stanza *c, guint *n_sources, GError **error)
{
    if (stanza_is(c, "content", NULL))
        return read_content(j, c, n_sources, error);
    if (stanza_is(c, "group", NULL)) {
        read_group(j, c);
    } else if (stanza_is(c, "reason", NULL)) {
        read_reason(j, c);
    } else if (stanza_is(c, "bridge-session", NULL)) {
        read_bridge_session(j, c);
    } else if (stanza_is(c, "startmuted", NULL)) {
        j->has_startmuted = true;
        j->startmuted_audio = stanza_get_bool(c, "audio", FALSE);
        j->startmuted_video = stanza_get_bool(c, "video", FALSE);
    } else if (stanza_is(c, "ice-state", NULL)) {
        g_free(j->ice_state);
        j->ice_state = stanza_text(c);
    } else if (stanza_is(c, "json-message", NULL)) {
        g_free(j->json_message);
        j->json_message = stanza_text(c);
    }
    return true;
}

Jingle *jingle_parse(const Stanza *s, GError **error)
{
    const char *action = stanza_get(s, "action");
    if (!action) {
        jingle_refuse(error, "Missing 'action'");
        return NULL;
    }
    g_autoptr(Jingle) j = jingle_new(read_action(action), stanza_get(s, "sid"));
    guint n_sources = 0;
    j->initiator = g_strdup(stanza_get(s, "initiator"));
    j->responder = g_strdup(stanza_get(s, "responder"));
    for (const Stanza *c = stanza_find(s, NULL, NULL); c; c = stanza_next(c, NULL, NULL)) {
        if (!read_child(j, c, &n_sources, error))
            return NULL;
    }
    return g_steal_pointer(&j);
}

/* --- writing ------------------------------------------------------------------------------------ */

static void write_content(const JingleContent *c, Stanza *jingle)
{
    Stanza *s = stanza_child(jingle, "content", NULL, NULL);
    stanza_set(s, "creator", c->creator);
    stanza_set(s, "name", c->name);
    stanza_set(s, "senders", c->senders);
    if (c->initial_last_n >= 0)
        stanza_set_int(stanza_child(s, "initial-last-n", NS_COLIBRI2, NULL), "value", c->initial_last_n);
    if (c->description) {
        const MediaDesc *m = c->description;
        Stanza *d = stanza_child(s, "description", NS_JINGLE_RTP, "media", media_kind_name(m->kind), NULL);
        if (m->maxptime)
            stanza_set_int(d, "maxptime", m->maxptime);
        media_desc_write_children(m, d, true);
        source_set_write_children(c->sources, d, m->kind, true);
    }
    if (c->transport)
        stanza_adopt(s, ice_transport_build(c->transport));
}

static void write_reason(const Jingle *j, Stanza *jingle)
{
    Stanza *s = stanza_child(jingle, "reason", NULL, NULL);
    stanza_child(s, reason_names[j->reason], NULL, NULL);
    if (j->reason_text)
        stanza_set_text(stanza_child(s, "text", NULL, NULL), j->reason_text);
}

static void write_bridge_session(const Jingle *j, Stanza *jingle)
{
    Stanza *s = stanza_child(jingle, "bridge-session", NS_JITSI_FOCUS, NULL);
    stanza_set(s, "id", j->bridge_session_id);
    stanza_set(s, "region", j->bridge_session_region);
    stanza_set(s, "restart", j->restart ? "true" : NULL);
    stanza_set(s, "ice-restart", j->ice_restart ? "true" : NULL);
}

Stanza *jingle_build(const Jingle *j)
{
    Stanza *s = stanza_new("jingle", NS_JINGLE);
    stanza_set(s, "action", action_names[j->action]);
    stanza_set(s, "initiator", j->initiator);
    stanza_set(s, "responder", j->responder);
    stanza_set(s, "sid", j->sid);
    for (guint i = 0; i < j->contents->len; i++)
        write_content(j->contents->pdata[i], s);
    if (j->group_semantics) {
        Stanza *g = stanza_child(s, "group", NS_JINGLE_GROUPING, "semantics", j->group_semantics, NULL);
        for (guint i = 0; i < j->group_names->len; i++)
            stanza_child(g, "content", NULL, "name", j->group_names->pdata[i], NULL);
    }
    if (j->reason != JINGLE_REASON_NONE)
        write_reason(j, s);
    if (j->has_startmuted)
        stanza_child(s, "startmuted", NS_JITSI_STARTMUTED, "audio", j->startmuted_audio ? "true" : "false", "video",
                     j->startmuted_video ? "true" : "false", NULL);
    if (j->has_bridge_session)
        write_bridge_session(j, s);
    if (j->ice_state)
        stanza_set_text(stanza_child(s, "ice-state", NS_JITSI_FOCUS, NULL), j->ice_state);
    if (j->json_message)
        stanza_set_text(stanza_child(s, "json-message", NS_JITSI_MEET, NULL), j->json_message);
    return s;
}

/* --- questions and additions -------------------------------------------------------------------- */

const IceTransport *jingle_first_transport(const Jingle *j)
{
    for (guint i = 0; i < j->contents->len; i++) {
        const JingleContent *c = j->contents->pdata[i];
        if (c->transport)
            return c->transport;
    }
    return NULL;
}

SourceSet *jingle_collect_sources(const Jingle *j)
{
    SourceSet *all = source_set_new();
    for (guint i = 0; i < j->contents->len; i++) {
        const JingleContent *c = j->contents->pdata[i];
        /* Not source_set_add: a repeated SSRC must reach the validation. */
        for (guint k = 0; k < c->sources->sources->len; k++) {
            const Source *src = c->sources->sources->pdata[k];
            source_set_add_source(all, src->kind, src->ssrc, src->name, src->msid, src->video_type);
        }
        for (guint k = 0; k < c->sources->groups->len; k++) {
            const SourceGroup *g = c->sources->groups->pdata[k];
            if (!source_set_has_group(all, g))
                source_set_add_group(all, g->kind, g->semantics, g->ssrcs, g->n);
        }
    }
    return all;
}

int32_t jingle_initial_last_n(const Jingle *j)
{
    for (guint i = 0; i < j->contents->len; i++) {
        const JingleContent *c = j->contents->pdata[i];
        if (c->initial_last_n >= 0)
            return c->initial_last_n;
    }
    return -1;
}

static JingleContent *content_of_kind(Jingle *j, MediaKind kind)
{
    for (guint i = 0; i < j->contents->len; i++) {
        JingleContent *c = j->contents->pdata[i];
        if (c->description && c->description->kind == kind)
            return c;
    }
    return jingle_add_content(j, media_kind_name(kind), media_desc_new(kind), NULL);
}

void jingle_add_sources_xml(Jingle *j, const SourceMap *m)
{
    g_autoptr(GPtrArray) owners = source_map_owners(m);
    for (guint i = 0; i < owners->len; i++) {
        const char *owner = owners->pdata[i];
        const SourceSet *s = source_map_get(m, owner);
        for (guint k = 0; k < s->sources->len; k++) {
            const Source *src = s->sources->pdata[k];
            SourceSet *to = content_of_kind(j, src->kind)->sources;
            Source *added = source_set_add_source(to, src->kind, src->ssrc, src->name, src->msid, src->video_type);
            added->owner = g_strdup(owner);
        }
        for (guint k = 0; k < s->groups->len; k++) {
            const SourceGroup *g = s->groups->pdata[k];
            source_set_add_group(content_of_kind(j, g->kind)->sources, g->kind, g->semantics, g->ssrcs, g->n);
        }
    }
}
