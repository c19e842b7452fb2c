/* SPDX-License-Identifier: Apache-2.0
 *
 * The compact JSON form of a SourceMap (doc/protocols.md, Jingle and sources). Names and msids come from other
 * clients, so every string is escaped. The reader is for tests and tools: the daemons only write this form. */
#include "common/jingle/source_map.h"

#include <json-glib/json-glib.h>

#define JSON_MAX_DEPTH 8 /* the form needs 6 */

/* --- writing ------------------------------------------------------------------------------------ */

static void write_string(GString *out, const char *text)
{
    g_string_append_c(out, '"');
    for (const char *p = text; *p; p++) {
        guchar c = (guchar)*p;
        if (c == '"' || c == '\\')
            g_string_append_printf(out, "\\%c", c);
        else if (c < 0x20 || c == 0x7f)
            g_string_append_printf(out, "\\u%04x", c);
        else
            g_string_append_c(out, (char)c);
    }
    g_string_append_c(out, '"');
}

static void write_sources(GString *out, const SourceSet *s, MediaKind kind)
{
    bool first = true;
    g_string_append_c(out, '[');
    for (guint i = 0; i < s->sources->len; i++) {
        const Source *src = s->sources->pdata[i];
        if (src->kind != kind)
            continue;
        g_string_append_printf(out, "%s{\"s\":%u", first ? "" : ",", src->ssrc);
        first = false;
        if (src->name) {
            g_string_append(out, ",\"n\":");
            write_string(out, src->name);
        }
        if (src->msid) {
            g_string_append(out, ",\"m\":");
            write_string(out, src->msid);
        }
        if (src->video_type == VIDEO_TYPE_DESKTOP)
            g_string_append(out, ",\"v\":\"d\"");
        g_string_append_c(out, '}');
    }
    g_string_append_c(out, ']');
}

static void write_groups(GString *out, const SourceSet *s, MediaKind kind)
{
    bool first = true;
    g_string_append_c(out, '[');
    for (guint i = 0; i < s->groups->len; i++) {
        const SourceGroup *g = s->groups->pdata[i];
        if (g->kind != kind)
            continue;
        g_string_append_printf(out, "%s[\"%s\"", first ? "" : ",", g->semantics == GROUP_FID ? "f" : "s");
        first = false;
        for (guint j = 0; j < g->n; j++)
            g_string_append_printf(out, ",%u", g->ssrcs[j]);
        g_string_append_c(out, ']');
    }
    g_string_append_c(out, ']');
}

static bool has_groups(const SourceSet *s, MediaKind kind)
{
    for (guint i = 0; i < s->groups->len; i++) {
        const SourceGroup *g = s->groups->pdata[i];
        if (g->kind == kind)
            return true;
    }
    return false;
}

char *source_map_to_json(const SourceMap *m)
{
    GString *out = g_string_new("{\"sources\":{");
    g_autoptr(GPtrArray) owners = source_map_owners(m);
    for (guint i = 0; i < owners->len; i++) {
        const SourceSet *s = source_map_get(m, owners->pdata[i]);
        if (i)
            g_string_append_c(out, ',');
        write_string(out, owners->pdata[i]);
        g_string_append(out, ":[");
        write_sources(out, s, MEDIA_VIDEO);
        g_string_append_c(out, ',');
        write_groups(out, s, MEDIA_VIDEO);
        g_string_append_c(out, ',');
        write_sources(out, s, MEDIA_AUDIO);
        if (has_groups(s, MEDIA_AUDIO)) {
            g_string_append_c(out, ',');
            write_groups(out, s, MEDIA_AUDIO);
        }
        g_string_append_c(out, ']');
    }
    g_string_append(out, "}}");
    return g_string_free(out, FALSE);
}

/* --- reading ------------------------------------------------------------------------------------ */

static bool refuse(GError **error)
{
    g_set_error_literal(error, JINGLE_ERROR, JINGLE_ERROR_BAD_REQUEST, "Invalid JSON sources.");
    return false;
}

/* json-glib's reader recurses without a bound, so depth is bounded before it sees the text. */
static bool depth_is_bounded(const char *json)
{
    int depth = 0;
    bool in_string = false;
    for (const char *p = json; *p; p++) {
        if (in_string) {
            if (*p == '\\' && p[1])
                p++;
            else if (*p == '"')
                in_string = false;
        } else if (*p == '"') {
            in_string = true;
        } else if (*p == '[' || *p == '{') {
            if (++depth > JSON_MAX_DEPTH)
                return false;
        } else if (*p == ']' || *p == '}') {
            depth--;
        }
    }
    return true;
}

static bool read_ssrc(JsonNode *node, uint32_t *out)
{
    if (!node || json_node_get_value_type(node) != G_TYPE_INT64)
        return false;
    gint64 n = json_node_get_int(node);
    *out = (uint32_t)n;
    return n >= 1 && n <= UINT32_MAX;
}

/* TRUE: absent (*out NULL) or a string. */
static bool read_string(JsonObject *o, const char *member, size_t max, const char **out)
{
    JsonNode *node = json_object_get_member(o, member);
    *out = NULL;
    if (!node)
        return true;
    if (json_node_get_value_type(node) != G_TYPE_STRING)
        return false;
    *out = json_node_get_string(node);
    return strlen(*out) <= max;
}

static bool read_source(SourceSet *s, MediaKind kind, JsonNode *node)
{
    uint32_t ssrc;
    const char *name, *msid, *type;
    if (!JSON_NODE_HOLDS_OBJECT(node) || s->sources->len >= SOURCE_SET_MAX_SOURCES)
        return false;
    JsonObject *o = json_node_get_object(node);
    if (!read_ssrc(json_object_get_member(o, "s"), &ssrc) || !read_string(o, "n", SOURCE_MAX_NAME, &name) ||
        !read_string(o, "m", SOURCE_MAX_MSID, &msid) || !read_string(o, "v", 1, &type))
        return false;
    source_set_add_source(s, kind, ssrc, name, msid, g_strcmp0(type, "d") == 0 ? VIDEO_TYPE_DESKTOP : VIDEO_TYPE_UNSET);
    return true;
}

static bool read_group(SourceSet *s, MediaKind kind, JsonNode *node)
{
    uint32_t ssrcs[SOURCE_GROUP_MAX];
    if (!JSON_NODE_HOLDS_ARRAY(node) || s->groups->len >= SOURCE_SET_MAX_GROUPS)
        return false;
    JsonArray *a = json_node_get_array(node);
    guint len = json_array_get_length(a);
    if (len < 2 || len - 1 > SOURCE_GROUP_MAX ||
        json_node_get_value_type(json_array_get_element(a, 0)) != G_TYPE_STRING)
        return false;
    const char *semantics = json_array_get_string_element(a, 0);
    if (strcmp(semantics, "f") != 0 && strcmp(semantics, "s") != 0)
        return false;
    for (guint i = 1; i < len; i++) {
        if (!read_ssrc(json_array_get_element(a, i), &ssrcs[i - 1]))
            return false;
    }
    source_set_add_group(s, kind, *semantics == 'f' ? GROUP_FID : GROUP_SIM, ssrcs, len - 1);
    return true;
}

typedef bool (*ReadElement)(SourceSet *s, MediaKind kind, JsonNode *node);

static bool read_array(SourceSet *s, MediaKind kind, JsonArray *owner, guint at, ReadElement read)
{
    if (at >= json_array_get_length(owner))
        return true;
    JsonNode *node = json_array_get_element(owner, at);
    if (!JSON_NODE_HOLDS_ARRAY(node))
        return false;
    JsonArray *a = json_node_get_array(node);
    for (guint i = 0; i < json_array_get_length(a); i++) {
        if (!read(s, kind, json_array_get_element(a, i)))
            return false;
    }
    return true;
}

static bool read_owner(SourceMap *m, const char *owner, JsonNode *node)
{
    if (!JSON_NODE_HOLDS_ARRAY(node) || source_map_size(m) >= SOURCE_MAP_MAX_OWNERS)
        return false;
    JsonArray *a = json_node_get_array(node);
    g_autoptr(SourceSet) s = source_set_new();
    if (!read_array(s, MEDIA_VIDEO, a, 0, read_source) || !read_array(s, MEDIA_VIDEO, a, 1, read_group) ||
        !read_array(s, MEDIA_AUDIO, a, 2, read_source) || !read_array(s, MEDIA_AUDIO, a, 3, read_group))
        return false;
    source_map_set(m, owner, s);
    return true;
}

SourceMap *source_map_from_json(const char *json, GError **error)
{
    g_autoptr(JsonParser) parser = json_parser_new();
    g_autoptr(SourceMap) m = source_map_new();
    JsonNode *root = NULL, *map = NULL;
    if (depth_is_bounded(json) && json_parser_load_from_data(parser, json, -1, NULL))
        root = json_parser_get_root(parser);
    if (root && JSON_NODE_HOLDS_OBJECT(root))
        map = json_object_get_member(json_node_get_object(root), "sources");
    if (!map || !JSON_NODE_HOLDS_OBJECT(map)) {
        refuse(error);
        return NULL;
    }
    JsonObject *o = json_node_get_object(map);
    g_autoptr(GList) owners = json_object_get_members(o);
    for (const GList *l = owners; l; l = l->next) {
        if (!read_owner(m, l->data, json_object_get_member(o, l->data))) {
            refuse(error);
            return NULL;
        }
    }
    return g_steal_pointer(&m);
}
