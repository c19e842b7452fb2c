/* SPDX-License-Identifier: Apache-2.0 */
#include "common/jingle/media_desc.h"

#include "common/jingle/jingle_ns.h"
#include "common/jingle/jingle_refuse.h"

G_DEFINE_QUARK(plenum - jingle - error, jingle_error)

static const char *const kind_names[] = { "audio", "video", "application" };

const char *media_kind_name(MediaKind kind)
{
    return kind_names[kind];
}

bool media_kind_from_name(const char *name, MediaKind *out)
{
    for (guint i = 0; name && i < G_N_ELEMENTS(kind_names); i++) {
        if (strcmp(name, kind_names[i]) == 0) {
            *out = (MediaKind)i;
            return true;
        }
    }
    return false;
}

/* --- values ------------------------------------------------------------------------------------- */

static void parameter_free(void *p)
{
    MediaParameter *param = p;
    g_free(param->name);
    g_free(param->value);
    g_free(param);
}

static void feedback_free(void *p)
{
    MediaFeedback *fb = p;
    g_free(fb->type);
    g_free(fb->subtype);
    g_free(fb);
}

static void payload_type_free(void *p)
{
    PayloadType *pt = p;
    g_free(pt->name);
    g_ptr_array_unref(pt->parameters);
    g_ptr_array_unref(pt->feedback);
    g_free(pt);
}

static void extension_free(void *p)
{
    HeaderExtension *ext = p;
    g_free(ext->uri);
    g_free(ext);
}

MediaDesc *media_desc_new(MediaKind kind)
{
    MediaDesc *m = g_new0(MediaDesc, 1);
    m->kind = kind;
    m->payload_types = g_ptr_array_new_with_free_func(payload_type_free);
    m->extensions = g_ptr_array_new_with_free_func(extension_free);
    return m;
}

void media_desc_free(MediaDesc *m)
{
    if (!m)
        return;
    g_ptr_array_unref(m->payload_types);
    g_ptr_array_unref(m->extensions);
    g_free(m);
}

PayloadType *media_desc_add_payload(MediaDesc *m, uint8_t id, const char *name, uint32_t clockrate, uint8_t channels)
{
    PayloadType *pt = g_new0(PayloadType, 1);
    pt->id = id;
    pt->name = g_strdup(name ? name : "");
    pt->clockrate = clockrate;
    pt->channels = channels;
    pt->parameters = g_ptr_array_new_with_free_func(parameter_free);
    pt->feedback = g_ptr_array_new_with_free_func(feedback_free);
    g_ptr_array_add(m->payload_types, pt);
    return pt;
}

void media_desc_add_extension(MediaDesc *m, uint16_t id, const char *uri)
{
    HeaderExtension *ext = g_new0(HeaderExtension, 1);
    ext->id = id;
    ext->uri = g_strdup(uri);
    g_ptr_array_add(m->extensions, ext);
}

void payload_type_add_parameter(PayloadType *pt, const char *name, const char *value)
{
    MediaParameter *param = g_new0(MediaParameter, 1);
    param->name = g_strdup(name);
    param->value = g_strdup(value ? value : "");
    g_ptr_array_add(pt->parameters, param);
}

void payload_type_add_feedback(PayloadType *pt, const char *type, const char *subtype)
{
    MediaFeedback *fb = g_new0(MediaFeedback, 1);
    fb->type = g_strdup(type);
    fb->subtype = g_strdup(subtype);
    g_ptr_array_add(pt->feedback, fb);
}

const char *payload_type_parameter(const PayloadType *pt, const char *name)
{
    for (guint i = 0; i < pt->parameters->len; i++) {
        const MediaParameter *param = pt->parameters->pdata[i];
        if (g_strcmp0(param->name, name) == 0)
            return param->value;
    }
    return NULL;
}

bool payload_type_has_feedback(const PayloadType *pt, const char *type, const char *subtype)
{
    for (guint i = 0; i < pt->feedback->len; i++) {
        const MediaFeedback *fb = pt->feedback->pdata[i];
        if (g_strcmp0(fb->type, type) == 0 && g_strcmp0(fb->subtype, subtype) == 0)
            return true;
    }
    return false;
}

MediaDesc *media_desc_copy(const MediaDesc *m)
{
    MediaDesc *copy = media_desc_new(m->kind);
    copy->maxptime = m->maxptime;
    copy->extmap_allow_mixed = m->extmap_allow_mixed;
    copy->rtcp_mux = m->rtcp_mux;
    for (guint i = 0; i < m->payload_types->len; i++) {
        const PayloadType *pt = m->payload_types->pdata[i];
        PayloadType *added = media_desc_add_payload(copy, pt->id, pt->name, pt->clockrate, pt->channels);
        for (guint j = 0; j < pt->parameters->len; j++) {
            const MediaParameter *param = pt->parameters->pdata[j];
            payload_type_add_parameter(added, param->name, param->value);
        }
        for (guint j = 0; j < pt->feedback->len; j++) {
            const MediaFeedback *fb = pt->feedback->pdata[j];
            payload_type_add_feedback(added, fb->type, fb->subtype);
        }
    }
    for (guint i = 0; i < m->extensions->len; i++) {
        const HeaderExtension *ext = m->extensions->pdata[i];
        media_desc_add_extension(copy, ext->id, ext->uri);
    }
    return copy;
}

static bool payload_type_equal(const PayloadType *a, const PayloadType *b)
{
    if (a->id != b->id || a->clockrate != b->clockrate || a->channels != b->channels || strcmp(a->name, b->name) != 0 ||
        a->parameters->len != b->parameters->len || a->feedback->len != b->feedback->len)
        return false;
    for (guint i = 0; i < a->parameters->len; i++) {
        const MediaParameter *x = a->parameters->pdata[i], *y = b->parameters->pdata[i];
        if (g_strcmp0(x->name, y->name) != 0 || strcmp(x->value, y->value) != 0)
            return false;
    }
    for (guint i = 0; i < a->feedback->len; i++) {
        const MediaFeedback *x = a->feedback->pdata[i], *y = b->feedback->pdata[i];
        if (strcmp(x->type, y->type) != 0 || g_strcmp0(x->subtype, y->subtype) != 0)
            return false;
    }
    return true;
}

bool media_desc_equal(const MediaDesc *a, const MediaDesc *b)
{
    if (a->kind != b->kind || a->maxptime != b->maxptime || a->rtcp_mux != b->rtcp_mux ||
        a->extmap_allow_mixed != b->extmap_allow_mixed || a->payload_types->len != b->payload_types->len ||
        a->extensions->len != b->extensions->len)
        return false;
    for (guint i = 0; i < a->payload_types->len; i++) {
        if (!payload_type_equal(a->payload_types->pdata[i], b->payload_types->pdata[i]))
            return false;
    }
    for (guint i = 0; i < a->extensions->len; i++) {
        const HeaderExtension *x = a->extensions->pdata[i], *y = b->extensions->pdata[i];
        if (x->id != y->id || strcmp(x->uri, y->uri) != 0)
            return false;
    }
    return true;
}

/* --- XML ---------------------------------------------------------------------------------------- */

static bool read_payload_type(MediaDesc *m, const Stanza *s, GError **error)
{
    gint64 id, clockrate = 0, channels = 0;
    if (!stanza_get_int(s, "id", 0, 127, &id))
        return jingle_refuse(error, "Invalid payload type id.");
    if (stanza_get(s, "clockrate") && !stanza_get_int(s, "clockrate", 0, UINT32_MAX, &clockrate))
        return jingle_refuse(error, "Invalid clockrate.");
    if (stanza_get(s, "channels") && !stanza_get_int(s, "channels", 0, 255, &channels))
        return jingle_refuse(error, "Invalid number of channels.");
    if (m->payload_types->len >= MEDIA_MAX_PAYLOAD_TYPES)
        return jingle_refuse(error, "Too many payload types.");
    PayloadType *pt =
        media_desc_add_payload(m, (uint8_t)id, stanza_get(s, "name"), (uint32_t)clockrate, (uint8_t)channels);
    for (const Stanza *c = stanza_find(s, "parameter", NULL); c; c = stanza_next(c, "parameter", NULL)) {
        if (pt->parameters->len >= MEDIA_MAX_PARAMETERS)
            return jingle_refuse(error, "Too many parameters.");
        payload_type_add_parameter(pt, stanza_get(c, "name"), stanza_get(c, "value"));
    }
    for (const Stanza *c = stanza_find(s, "rtcp-fb", NULL); c; c = stanza_next(c, "rtcp-fb", NULL)) {
        if (!stanza_get(c, "type"))
            continue;
        if (pt->feedback->len >= MEDIA_MAX_FEEDBACK)
            return jingle_refuse(error, "Too many rtcp-fb elements.");
        payload_type_add_feedback(pt, stanza_get(c, "type"), stanza_get(c, "subtype"));
    }
    return true;
}

bool media_desc_read_children(MediaDesc *m, const Stanza *parent, GError **error)
{
    for (const Stanza *c = stanza_find(parent, NULL, NULL); c; c = stanza_next(c, NULL, NULL)) {
        if (stanza_is(c, "payload-type", NULL)) {
            if (!read_payload_type(m, c, error))
                return false;
        } else if (stanza_is(c, "rtp-hdrext", NULL)) {
            gint64 id;
            /* An id no packet can carry is of no use, but no reason to refuse the rest. */
            if (!stanza_get(c, "uri") || !stanza_get_int(c, "id", 1, 255, &id))
                continue;
            if (m->extensions->len >= MEDIA_MAX_EXTENSIONS)
                return jingle_refuse(error, "Too many header extensions.");
            media_desc_add_extension(m, (uint16_t)id, stanza_get(c, "uri"));
        } else if (stanza_is(c, "extmap-allow-mixed", NULL)) {
            m->extmap_allow_mixed = true;
        } else if (stanza_is(c, "rtcp-mux", NULL)) {
            m->rtcp_mux = true;
        }
    }
    return true;
}

static void write_payload_type(const PayloadType *pt, Stanza *parent)
{
    Stanza *s = stanza_child(parent, "payload-type", NS_JINGLE_RTP, NULL);
    stanza_set_int(s, "id", pt->id);
    if (*pt->name)
        stanza_set(s, "name", pt->name);
    if (pt->clockrate)
        stanza_set_int(s, "clockrate", pt->clockrate);
    if (pt->channels)
        stanza_set_int(s, "channels", pt->channels);
    for (guint i = 0; i < pt->parameters->len; i++) {
        const MediaParameter *param = pt->parameters->pdata[i];
        stanza_child(s, "parameter", NULL, "name", param->name, "value", param->value, NULL);
    }
    for (guint i = 0; i < pt->feedback->len; i++) {
        const MediaFeedback *fb = pt->feedback->pdata[i];
        Stanza *c = stanza_child(s, "rtcp-fb", NS_JINGLE_RTCP_FB, "type", fb->type, NULL);
        stanza_set(c, "subtype", fb->subtype);
    }
}

void media_desc_write_children(const MediaDesc *m, Stanza *parent, bool with_rtcp_mux)
{
    for (guint i = 0; i < m->payload_types->len; i++)
        write_payload_type(m->payload_types->pdata[i], parent);
    for (guint i = 0; i < m->extensions->len; i++) {
        const HeaderExtension *ext = m->extensions->pdata[i];
        Stanza *c = stanza_child(parent, "rtp-hdrext", NS_JINGLE_HDREXT, NULL);
        stanza_set_int(c, "id", ext->id);
        stanza_set(c, "uri", ext->uri);
    }
    if (m->extmap_allow_mixed)
        stanza_child(parent, "extmap-allow-mixed", NS_JINGLE_HDREXT, NULL);
    if (with_rtcp_mux && m->rtcp_mux)
        stanza_child(parent, "rtcp-mux", NULL, NULL);
}
