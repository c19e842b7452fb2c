/* SPDX-License-Identifier: Apache-2.0 */
#include "focus/request_body.h"

#include <json-glib/json-glib.h>
#include <string.h>

static int limit_of(const char *value)
{
    gint64 n;
    return g_ascii_string_to_signed(value, 10, 0, REQUEST_BODY_MAX_START_MUTED, &n, NULL) ? (int)n : 0;
}

void request_body_property(RequestBody *b, const char *name, const char *value)
{
    if (!name || !value)
        return;
    if (strcmp(name, "startAudioMuted") == 0)
        b->start_audio_muted = limit_of(value);
    else if (strcmp(name, "startVideoMuted") == 0)
        b->start_video_muted = limit_of(value);
    else if (strcmp(name, "rtcstatsEnabled") == 0)
        b->rtcstats = strcmp(value, "false") != 0;
}

/* The parser recurses, so the depth is looked at first. */
static bool is_shallow(const char *text, size_t len)
{
    int depth = 0;
    bool in_string = false;
    for (size_t i = 0; i < len; i++) {
        if (in_string && text[i] == '\\')
            i++;
        else if (text[i] == '"')
            in_string = !in_string;
        else if (!in_string && (text[i] == '{' || text[i] == '[') && ++depth > REQUEST_BODY_MAX_DEPTH)
            return false;
        else if (!in_string && (text[i] == '}' || text[i] == ']'))
            depth--;
    }
    return true;
}

static char *text_of(JsonObject *o, const char *key)
{
    JsonNode *n = json_object_get_member(o, key);
    const char *text = n && json_node_get_value_type(n) == G_TYPE_STRING ? json_node_get_string(n) : NULL;
    return text && strlen(text) <= REQUEST_BODY_MAX_TEXT ? g_strdup(text) : NULL;
}

/* Values may be any scalar. */
static void read_property(JsonObject *o, const char *name, JsonNode *node, gpointer body)
{
    GType type = JSON_NODE_HOLDS_VALUE(node) ? json_node_get_value_type(node) : G_TYPE_INVALID;
    char number[24];
    if (type == G_TYPE_STRING) {
        request_body_property(body, name, json_node_get_string(node));
    } else if (type == G_TYPE_BOOLEAN) {
        request_body_property(body, name, json_node_get_boolean(node) ? "true" : "false");
    } else if (type == G_TYPE_INT64) {
        g_snprintf(number, sizeof(number), "%" G_GINT64_FORMAT, json_node_get_int(node));
        request_body_property(body, name, number);
    }
}

bool request_body_read_json(RequestBody *b, const char *text, size_t len)
{
    g_autoptr(JsonParser) parser = json_parser_new();
    *b = REQUEST_BODY_EMPTY;
    if (len > REQUEST_BODY_MAX || !g_utf8_validate(text, (gssize)len, NULL) || !is_shallow(text, len) ||
        !json_parser_load_from_data(parser, text, (gssize)len, NULL))
        return false;
    JsonNode *root = json_parser_get_root(parser);
    if (!root || !JSON_NODE_HOLDS_OBJECT(root))
        return false;
    JsonObject *o = json_node_get_object(root);
    b->room = text_of(o, "room");
    b->machine_uid = text_of(o, "machineUid");
    JsonNode *properties = json_object_get_member(o, "properties");
    if (properties && JSON_NODE_HOLDS_OBJECT(properties))
        json_object_foreach_member(json_node_get_object(properties), read_property, b);
    return true;
}

void request_body_clear(RequestBody *b)
{
    g_free(b->room);
    g_free(b->machine_uid);
    *b = REQUEST_BODY_EMPTY;
}
