/* SPDX-License-Identifier: Apache-2.0 */
#include "common/xmpp/disco.h"

#include <string.h>

struct Disco {
    Stanza *info; /* the <query> we answer, without node */
    char *node, *ver;
};

static int by_bytes(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* ---- verification string (pure) ---- */

static void sort_strings(GPtrArray *strings)
{
    g_ptr_array_sort(strings, by_bytes);
}

static gboolean has_duplicates(const GPtrArray *sorted)
{
    for (guint i = 1; i < sorted->len; i++)
        if (strcmp(g_ptr_array_index(sorted, i - 1), g_ptr_array_index(sorted, i)) == 0)
            return TRUE;
    return FALSE;
}

static const char *attr(const Stanza *s, const char *name)
{
    const char *v = stanza_get(s, name);
    return v ? v : "";
}

static void append_each(GString *out, const GPtrArray *sorted)
{
    for (guint i = 0; i < sorted->len; i++) {
        g_string_append(out, g_ptr_array_index(sorted, i));
        g_string_append_c(out, '<');
    }
}

static char *field_value(const Stanza *field)
{
    const Stanza *value = stanza_find(field, "value", NULL);
    return value ? stanza_text(value) : g_strdup("");
}

/* One form of XEP-0128 as "TYPE<var<value<value<var<..."; NULL: left out (no FORM_TYPE, 5.4 item 3.6). */
static char *form_string(const Stanza *form)
{
    g_autofree char *type = NULL;
    g_autoptr(GPtrArray) fields = g_ptr_array_new_with_free_func(g_free);
    for (const Stanza *f = stanza_find(form, "field", NULL); f; f = stanza_next(f, "field", NULL)) {
        if (strcmp(attr(f, "var"), "FORM_TYPE") == 0) {
            if (!type && strcmp(attr(f, "type"), "hidden") == 0)
                type = field_value(f);
            continue;
        }
        g_autoptr(GPtrArray) values = g_ptr_array_new_with_free_func(g_free);
        for (const Stanza *v = stanza_find(f, "value", NULL); v; v = stanza_next(v, "value", NULL))
            g_ptr_array_add(values, stanza_text(v));
        sort_strings(values);
        GString *text = g_string_new(attr(f, "var"));
        g_string_append_c(text, '<');
        append_each(text, values);
        g_ptr_array_add(fields, g_string_free(text, FALSE));
    }
    if (!type)
        return NULL;
    sort_strings(fields);
    GString *out = g_string_new(type);
    g_string_append_c(out, '<');
    for (guint i = 0; i < fields->len; i++)
        g_string_append(out, g_ptr_array_index(fields, i));
    return g_string_free(out, FALSE);
}

/* Sorted features; NULL: too many, too long, or one twice. */
static GPtrArray *features_of(const Stanza *query)
{
    g_autoptr(GPtrArray) features = g_ptr_array_new();
    for (const Stanza *f = stanza_find(query, "feature", NULL); f; f = stanza_next(f, "feature", NULL)) {
        const char *var = attr(f, "var");
        if (features->len == DISCO_MAX_FEATURES || strlen(var) > DISCO_MAX_VAR)
            return NULL;
        g_ptr_array_add(features, (gpointer)var);
    }
    sort_strings(features);
    return has_duplicates(features) ? NULL : g_steal_pointer(&features);
}

char *caps_ver(const Stanza *query)
{
    g_autoptr(GPtrArray) features = features_of(query);
    g_autoptr(GPtrArray) identities = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GPtrArray) forms = g_ptr_array_new_with_free_func(g_free);
    if (!features)
        return NULL;
    for (const Stanza *i = stanza_find(query, "identity", NULL); i; i = stanza_next(i, "identity", NULL)) {
        if (identities->len == DISCO_MAX_FEATURES)
            return NULL;
        g_ptr_array_add(identities, g_strdup_printf("%s/%s/%s/%s", attr(i, "category"), attr(i, "type"),
                                                    attr(i, "xml:lang"), attr(i, "name")));
    }
    for (const Stanza *x = stanza_find(query, "x", "jabber:x:data"); x; x = stanza_next(x, "x", "jabber:x:data")) {
        char *form = form_string(x);
        if (forms->len == DISCO_MAX_FEATURES) {
            g_free(form);
            return NULL;
        }
        if (form)
            g_ptr_array_add(forms, form);
    }
    sort_strings(identities);
    sort_strings(forms);
    if (has_duplicates(identities) || has_duplicates(forms))
        return NULL;
    g_autoptr(GString) s = g_string_new(NULL);
    append_each(s, identities);
    append_each(s, features);
    for (guint i = 0; i < forms->len; i++)
        g_string_append(s, g_ptr_array_index(forms, i));
    g_autoptr(GChecksum) sha1 = g_checksum_new(G_CHECKSUM_SHA1);
    guint8 digest[20];
    gsize len = sizeof(digest);
    g_checksum_update(sha1, (const guchar *)s->str, (gssize)s->len);
    g_checksum_get_digest(sha1, digest, &len);
    return g_base64_encode(digest, len);
}

/* ---- ourselves ---- */

static IqReply on_info(const IqRequest *req, gpointer user)
{
    const Disco *d = user;
    const char *node = stanza_get(req->payload, "node");
    if (node && *node) {
        g_autofree char *ours = g_strdup_printf("%s#%s", d->node, d->ver);
        if (strcmp(node, ours) != 0)
            return iq_error(STANZA_ITEM_NOT_FOUND, "no such node");
    }
    Stanza *query = stanza_copy(d->info);
    stanza_set(query, "node", node);
    return iq_result(query);
}

static IqReply on_items(const IqRequest *req, gpointer user)
{
    Stanza *query = stanza_new("query", NS_DISCO_ITEMS);
    stanza_set(query, "node", stanza_get(req->payload, "node"));
    return iq_result(query);
}

Disco *disco_new(IqRouter *router, const char *category, const char *type, const char *name, const char *node,
                 const char *const *features)
{
    Disco *d = g_new0(Disco, 1);
    d->info = stanza_new("query", NS_DISCO_INFO);
    stanza_child(d->info, "identity", NULL, "category", category, "type", type, "name", name, NULL);
    for (; *features; features++)
        stanza_child(d->info, "feature", NULL, "var", *features, NULL);
    d->node = g_strdup(node);
    d->ver = caps_ver(d->info);
    g_assert(d->ver); /* our own list has no duplicates */
    iq_router_add(router, "get", NS_DISCO_INFO, "query", on_info, d);
    iq_router_add(router, "get", NS_DISCO_ITEMS, "query", on_items, d);
    return d;
}

Stanza *disco_caps_element(const Disco *disco)
{
    Stanza *c = stanza_new("c", NS_CAPS);
    stanza_set(c, "hash", "sha-1");
    stanza_set(c, "node", disco->node);
    stanza_set(c, "ver", disco->ver);
    return c;
}

void disco_free(Disco *disco)
{
    if (!disco)
        return;
    stanza_free(disco->info);
    g_free(disco->node);
    g_free(disco->ver);
    g_free(disco);
}
