/* SPDX-License-Identifier: Apache-2.0
 *
 * conference-modify, its checks, and conference-modified (doc/protocols.md, COLIBRI2). */
#include "common/colibri2/colibri2.h"

#include "common/colibri2/colibri2_parts.h"
#include "common/xmpp/jid.h"

static void relay_free(void *p)
{
    colibri2_relay_free(p);
}

static void connect_free(void *p)
{
    Colibri2Connect *c = p;
    g_free(c->id);
    g_free(c->url);
    g_free(c->protocol);
    g_free(c->type);
    g_free(c);
}

static Colibri2Endpoint *add_endpoint(GPtrArray *into, const char *id)
{
    Colibri2Endpoint *e = colibri2_endpoint_new(id);
    g_ptr_array_add(into, e);
    return e;
}

static Colibri2Relay *add_relay(GPtrArray *into, const char *id)
{
    Colibri2Relay *r = colibri2_relay_new(id);
    g_ptr_array_add(into, r);
    return r;
}

static bool read_relays(GPtrArray *into, const Stanza *s, GError **error)
{
    for (const Stanza *c = stanza_find(s, "relay", NULL); c; c = stanza_next(c, "relay", NULL)) {
        if (into->len >= COLIBRI2_MAX_RELAYS)
            return colibri2_refuse(error, "Too many relays.");
        Colibri2Relay *r = colibri2_relay_read(c, error);
        if (!r)
            return false;
        g_ptr_array_add(into, r);
    }
    return true;
}

/* --- request ------------------------------------------------------------------------------------ */

Colibri2Modify *colibri2_modify_new(const char *meeting_id)
{
    Colibri2Modify *m = g_new0(Colibri2Modify, 1);
    m->meeting_id = g_strdup(meeting_id);
    m->rtcstats_enabled = true;
    m->endpoints = colibri2_endpoint_array_new();
    m->relays = g_ptr_array_new_with_free_func(relay_free);
    return m;
}

void colibri2_modify_free(Colibri2Modify *m)
{
    if (!m)
        return;
    g_free(m->meeting_id);
    g_free(m->name);
    g_ptr_array_unref(m->endpoints);
    g_ptr_array_unref(m->relays);
    if (m->connects)
        g_ptr_array_unref(m->connects);
    g_free(m);
}

Colibri2Endpoint *colibri2_modify_add_endpoint(Colibri2Modify *m, const char *id)
{
    return add_endpoint(m->endpoints, id);
}

Colibri2Relay *colibri2_modify_add_relay(Colibri2Modify *m, const char *id)
{
    return add_relay(m->relays, id);
}

static char *attribute(const Stanza *s, const char *name)
{
    const char *value = stanza_get(s, name);
    return g_strdup(value ? value : "");
}

static bool read_connects(Colibri2Modify *m, const Stanza *s, GError **error)
{
    m->connects = g_ptr_array_new_with_free_func(connect_free);
    for (const Stanza *c = stanza_find(s, "connect", NULL); c; c = stanza_next(c, "connect", NULL)) {
        if (m->connects->len >= COLIBRI2_MAX_CONNECTS)
            return colibri2_refuse(error, "Too many connects.");
        Colibri2Connect *connect = g_new0(Colibri2Connect, 1);
        g_ptr_array_add(m->connects, connect);
        connect->id = attribute(c, "id");
        connect->url = attribute(c, "url");
        connect->protocol = attribute(c, "protocol");
        connect->type = attribute(c, "type");
        connect->audio = stanza_get_bool(c, "audio", FALSE);
        connect->video = stanza_get_bool(c, "video", FALSE);
        connect->create = stanza_get_bool(c, "create", FALSE);
        connect->expire = stanza_get_bool(c, "expire", FALSE);
    }
    return true;
}

Colibri2Modify *colibri2_modify_parse(const Stanza *s, GError **error)
{
    const char *id = colibri2_read_id(s, "meeting-id", "Missing meeting-id.", error);
    if (!id)
        return NULL;
    g_autoptr(Colibri2Modify) m = colibri2_modify_new(id);
    m->name = g_strdup(stanza_get(s, "name"));
    m->create = stanza_get_bool(s, "create", FALSE);
    m->expire = stanza_get_bool(s, "expire", FALSE);
    m->rtcstats_enabled = stanza_get_bool(s, "rtcstats-enabled", TRUE);
    const Stanza *connects = stanza_find(s, "connects", NULL);
    if (!colibri2_endpoints_read(m->endpoints, s, error) || !read_relays(m->relays, s, error) ||
        (connects && !read_connects(m, connects, error)))
        return NULL;
    return g_steal_pointer(&m);
}

static void write_connects(const GPtrArray *connects, Stanza *parent)
{
    Stanza *list = stanza_child(parent, "connects", NS_COLIBRI2, NULL);
    for (guint i = 0; i < connects->len; i++) {
        const Colibri2Connect *c = connects->pdata[i];
        Stanza *s = stanza_child(list, "connect", NS_COLIBRI2, "id", c->id, NULL);
        stanza_set(s, "url", *c->url ? c->url : NULL);
        stanza_set(s, "protocol", *c->protocol ? c->protocol : NULL);
        stanza_set(s, "type", *c->type ? c->type : NULL);
        stanza_set(s, "audio", c->audio ? "true" : NULL);
        stanza_set(s, "video", c->video ? "true" : NULL);
        stanza_set(s, "create", c->create ? "true" : NULL);
        stanza_set(s, "expire", c->expire ? "true" : NULL);
    }
}

Stanza *colibri2_modify_build(const Colibri2Modify *m)
{
    Stanza *s = stanza_new("conference-modify", NS_COLIBRI2);
    stanza_set(s, "meeting-id", m->meeting_id);
    stanza_set(s, "name", m->name);
    stanza_set(s, "create", m->create ? "true" : NULL);
    stanza_set(s, "expire", m->expire ? "true" : NULL);
    stanza_set(s, "rtcstats-enabled", m->rtcstats_enabled ? NULL : "false");
    for (guint i = 0; i < m->endpoints->len; i++)
        colibri2_endpoint_write(m->endpoints->pdata[i], s);
    for (guint i = 0; i < m->relays->len; i++)
        colibri2_relay_write(m->relays->pdata[i], s);
    if (m->connects)
        write_connects(m->connects, s);
    return s;
}

/* --- checks ------------------------------------------------------------------------------------- */

/* More than expiry or mute, which are all that a batch may hold. */
static bool is_substantial(const Colibri2Endpoint *e)
{
    return e->create || e->medias->len > 0 || e->transport || e->sources;
}

static bool any_substantial(const Colibri2Modify *m)
{
    for (guint i = 0; i < m->endpoints->len; i++) {
        if (is_substantial(m->endpoints->pdata[i]))
            return true;
    }
    return false;
}

static Colibri2Error *not_implemented(const char *text)
{
    return colibri2_error_new(STANZA_FEATURE_NOT_IMPLEMENTED, COLIBRI2_REASON_FEATURE_NOT_IMPLEMENTED, "%s", text);
}

static Colibri2Error *bad_request(const char *text)
{
    return colibri2_error_new(STANZA_BAD_REQUEST, COLIBRI2_REASON_NONE, "%s", text);
}

Colibri2Error *colibri2_modify_check(const Colibri2Modify *m)
{
    if (m->endpoints->len > 0 && m->relays->len > 0)
        return not_implemented("Endpoints and relays in one request are not supported.");
    if (m->endpoints->len > 1 && any_substantial(m))
        return not_implemented("Creating or updating several endpoints in one request is not supported.");
    if (m->relays->len > 1)
        return not_implemented("Several relays in one request are not supported.");
    if (m->create && m->name) {
        g_autoptr(Jid) jid = jid_parse_room(m->name);
        if (!jid)
            return bad_request("Invalid conference name (not a JID)");
    }
    return NULL;
}

Colibri2Error *colibri2_endpoint_check_new(const Colibri2Endpoint *e)
{
    const Colibri2Transport *t = e->transport;
    if (!t)
        return bad_request("Attempt to create endpoint with no <transport>");
    if (!colibri2_endpoint_has_capability(e, COLIBRI2_CAP_SOURCE_NAMES))
        return bad_request("Source name support is mandatory.");
    if (e->muc_role == COLIBRI2_ROLE_VISITOR && e->sources && e->sources->media_sources->len > 0)
        return bad_request("A visitor may not have sources.");
    if (t->has_sctp && t->sctp_role == SCTP_ROLE_CLIENT)
        return not_implemented("Unsupported SCTP role: client");
    if (t->has_sctp && t->sctp_port >= 0 && t->sctp_port != COLIBRI2_SCTP_PORT)
        return bad_request("Specific SCTP port requested, not supported.");
    return NULL;
}

bool colibri2_modify_accepts_unknown(const Colibri2Modify *m)
{
    for (guint i = 0; i < m->relays->len; i++) {
        const Colibri2Relay *r = m->relays->pdata[i];
        if (!r->expire)
            return false;
    }
    return !any_substantial(m);
}

/* --- answer ------------------------------------------------------------------------------------- */

Colibri2Modified *colibri2_modified_new(void)
{
    Colibri2Modified *m = g_new0(Colibri2Modified, 1);
    m->endpoints = colibri2_endpoint_array_new();
    m->relays = g_ptr_array_new_with_free_func(relay_free);
    return m;
}

void colibri2_modified_free(Colibri2Modified *m)
{
    if (!m)
        return;
    g_ptr_array_unref(m->endpoints);
    g_ptr_array_unref(m->relays);
    colibri2_sources_free(m->sources);
    g_free(m);
}

Colibri2Endpoint *colibri2_modified_add_endpoint(Colibri2Modified *m, const char *id)
{
    return add_endpoint(m->endpoints, id);
}

Colibri2Relay *colibri2_modified_add_relay(Colibri2Modified *m, const char *id)
{
    return add_relay(m->relays, id);
}

Colibri2Endpoint *colibri2_modified_find(const Colibri2Modified *m, const char *id)
{
    for (guint i = 0; i < m->endpoints->len; i++) {
        Colibri2Endpoint *e = m->endpoints->pdata[i];
        if (strcmp(e->id, id) == 0)
            return e;
    }
    return NULL;
}

Colibri2Modified *colibri2_modified_parse(const Stanza *s, GError **error)
{
    g_autoptr(Colibri2Modified) m = colibri2_modified_new();
    const Stanza *sources = stanza_find(s, "sources", NULL);
    if (!colibri2_endpoints_read(m->endpoints, s, error) || !read_relays(m->relays, s, error) ||
        (sources && !(m->sources = colibri2_sources_read(sources, error))))
        return NULL;
    return g_steal_pointer(&m);
}

Stanza *colibri2_modified_build(const Colibri2Modified *m)
{
    Stanza *s = stanza_new("conference-modified", NS_COLIBRI2);
    for (guint i = 0; i < m->endpoints->len; i++)
        colibri2_endpoint_write(m->endpoints->pdata[i], s);
    for (guint i = 0; i < m->relays->len; i++)
        colibri2_relay_write(m->relays->pdata[i], s);
    if (m->sources)
        colibri2_sources_write(m->sources, s);
    return s;
}
