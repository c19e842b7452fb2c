/* SPDX-License-Identifier: Apache-2.0
 *
 * Conference requests as IQs and by HTTP (focus sheet 2), with login-url and logout. Authentication is off:
 * everybody may make rooms, there are no sessions. */
#include <json-glib/json-glib.h>
#include <string.h>
#include "common/base/log.h"
#include "common/jingle/jingle_ns.h"
#include "focus/focus.h"

#define MAX_HTTP_BODY (64 * 1024)
#define MAX_START_MUTED 100000

static int limit_of(const char *value)
{
    gint64 n;
    return value && g_ascii_string_to_signed(value, 10, 0, MAX_START_MUTED, &n, NULL) ? (int)n : 0;
}

/* ---- IQ ---- */

typedef struct {
    IqTicket *ticket;
    char *room, *focus_jid;
} IqWaiter;

static void on_iq_ready(gboolean ready, gpointer user)
{
    IqWaiter *w = user;
    Stanza *conference = stanza_new("conference", NS_JITSI_FOCUS);
    stanza_set(conference, "ready", ready ? "true" : "false");
    stanza_set(conference, "focusjid", w->focus_jid);
    stanza_set(conference, "room", w->room);
    stanza_child(conference, "property", NULL, "name", "authentication", "value", "false", NULL);
    stanza_child(conference, "property", NULL, "name", "visitors-supported", "value", "false", NULL);
    iq_ticket_reply(w->ticket, iq_result(conference));
    g_free(w->room);
    g_free(w->focus_jid);
    g_free(w);
}

static void read_property(ConferenceRequest *request, const char *name, const char *value)
{
    if (!name || !value)
        return;
    if (strcmp(name, "startAudioMuted") == 0)
        request->start_audio_muted = limit_of(value);
    else if (strcmp(name, "startVideoMuted") == 0)
        request->start_video_muted = limit_of(value);
    else if (strcmp(name, "rtcstatsEnabled") == 0)
        request->rtcstats = strcmp(value, "false") != 0;
}

static IqReply on_conference(const IqRequest *req, gpointer user)
{
    Focus *focus = user;
    g_autoptr(Jid) room = NULL;
    switch (focus_check_room(focus, stanza_get(req->payload, "room"), &room)) {
    case FOCUS_ROOM_MISSING:
        return iq_error(STANZA_BAD_REQUEST, "no room");
    case FOCUS_ROOM_FOREIGN:
        return iq_error(STANZA_BAD_REQUEST, "not a room of this service");
    case FOCUS_ROOM_OK:
        break;
    }
    g_autoptr(Jid) sender = jid_parse(req->from);
    ConferenceRequest request = { .room = room, .sender = sender ? sender->bare : "", .rtcstats = TRUE };
    for (const Stanza *p = stanza_find(req->payload, "property", NULL); p; p = stanza_next(p, "property", NULL))
        read_property(&request, stanza_get(p, "name"), stanza_get(p, "value"));
    IqWaiter *w = g_new0(IqWaiter, 1);
    IqTicket *ticket = w->ticket = iq_ticket_new(req);
    w->room = g_strdup(room->bare);
    w->focus_jid = g_strdup(focus->bare_jid);
    focus_request(focus, &request, on_iq_ready, w);
    return iq_later(ticket);
}

static IqReply on_login_url(const IqRequest *req, gpointer user)
{
    const char *uid = stanza_get(req->payload, "machine-uid");
    g_autoptr(Jid) room = NULL;
    if (focus_check_room(user, stanza_get(req->payload, "room"), &room) != FOCUS_ROOM_OK)
        return iq_error(STANZA_NOT_ACCEPTABLE, "no room of this service");
    if (!uid || !*uid)
        return iq_error(STANZA_BAD_REQUEST, "no machine-uid");
    return iq_error(STANZA_FEATURE_NOT_IMPLEMENTED, "authentication is off");
}

static IqReply on_logout(const IqRequest *req, gpointer user)
{
    return iq_error_app(STANZA_NOT_ACCEPTABLE, "invalid session", stanza_new("session-invalid", NS_JITSI_FOCUS));
}

/* ---- HTTP ---- */

typedef struct {
    HttpRequest *req;
    char *room, *machine_uid, *focus_jid;
} HttpWaiter;

static void add_string(JsonBuilder *b, const char *key, const char *value)
{
    if (!value || !*value)
        return;
    json_builder_set_member_name(b, key);
    json_builder_add_string_value(b, value);
}

static void reply_json(HttpRequest *req, JsonBuilder *b)
{
    g_autoptr(JsonNode) root = json_builder_get_root(b);
    g_autofree char *text = json_to_string(root, FALSE);
    http_request_reply_json(req, 200, text);
}

static void on_http_ready(gboolean ready, gpointer user)
{
    HttpWaiter *w = user;
    g_autoptr(JsonBuilder) b = json_builder_new();
    json_builder_begin_object(b);
    json_builder_set_member_name(b, "ready");
    json_builder_add_boolean_value(b, ready);
    add_string(b, "focusJid", w->focus_jid);
    add_string(b, "room", w->room);
    add_string(b, "machineUid", w->machine_uid);
    json_builder_set_member_name(b, "properties"); /* strings: clients compare with 'true' */
    json_builder_begin_object(b);
    add_string(b, "authentication", "false");
    add_string(b, "visitors-supported", "false");
    json_builder_end_object(b);
    json_builder_end_object(b);
    reply_json(w->req, b);
    g_free(w->room);
    g_free(w->machine_uid);
    g_free(w->focus_jid);
    g_free(w);
}

static const char *string_of(JsonObject *o, const char *key)
{
    JsonNode *n = json_object_get_member(o, key);
    return n && json_node_get_value_type(n) == G_TYPE_STRING ? json_node_get_string(n) : NULL;
}

/* Values may be any scalar. */
static void read_json_property(JsonObject *o, const char *name, JsonNode *node, gpointer user)
{
    GType type = JSON_NODE_HOLDS_VALUE(node) ? json_node_get_value_type(node) : G_TYPE_INVALID;
    char number[24];
    if (type == G_TYPE_STRING) {
        read_property(user, name, json_node_get_string(node));
    } else if (type == G_TYPE_BOOLEAN) {
        read_property(user, name, json_node_get_boolean(node) ? "true" : "false");
    } else if (type == G_TYPE_INT64) {
        g_snprintf(number, sizeof(number), "%" G_GINT64_FORMAT, json_node_get_int(node));
        read_property(user, name, number);
    }
}

/* {"properties":{...}} at most: the parser recurses, so the depth is looked at first. */
static gboolean is_shallow(const char *text, gsize len)
{
    int depth = 0;
    gboolean in_string = FALSE;
    for (gsize i = 0; i < len; i++) {
        if (in_string && text[i] == '\\')
            i++;
        else if (text[i] == '"')
            in_string = !in_string;
        else if (!in_string && (text[i] == '{' || text[i] == '[') && ++depth > 4)
            return FALSE;
        else if (!in_string && (text[i] == '}' || text[i] == ']'))
            depth--;
    }
    return TRUE;
}

static JsonObject *parse_body(JsonParser *parser, HttpRequest *req)
{
    gsize len;
    const char *body = http_request_body(req, &len);
    if (len > MAX_HTTP_BODY || !g_utf8_validate(body, (gssize)len, NULL) || !is_shallow(body, len) ||
        !json_parser_load_from_data(parser, body, (gssize)len, NULL))
        return NULL;
    JsonNode *root = json_parser_get_root(parser);
    return root && JSON_NODE_HOLDS_OBJECT(root) ? json_node_get_object(root) : NULL;
}

static void on_http_request(HttpRequest *req, gpointer user)
{
    Focus *focus = user;
    g_autoptr(JsonParser) parser = json_parser_new();
    g_autoptr(Jid) room = NULL;
    JsonObject *o = parse_body(parser, req);
    if (!o || focus_check_room(focus, string_of(o, "room"), &room) != FOCUS_ROOM_OK) {
        http_request_reply_text(req, 400, o ? "HTTP 400 room missing or not of this service" : "HTTP 400 not JSON");
        return;
    }
    /* Behind a web server that tells who asked; without it all share one bucket. */
    const char *sender = http_request_header(req, "X-Real-IP");
    ConferenceRequest request = { .room = room,
                                  .sender = sender && strlen(sender) < 64 ? sender : "http",
                                  .rtcstats = TRUE };
    JsonNode *properties = json_object_get_member(o, "properties");
    if (properties && JSON_NODE_HOLDS_OBJECT(properties))
        json_object_foreach_member(json_node_get_object(properties), read_json_property, &request);
    HttpWaiter *w = g_new0(HttpWaiter, 1);
    w->req = req;
    w->room = g_strdup(room->bare);
    w->machine_uid = g_strdup(string_of(o, "machineUid"));
    w->focus_jid = g_strdup(focus->bare_jid);
    focus_request(focus, &request, on_http_ready, w);
}

static void on_http_options(HttpRequest *req, gpointer user)
{
    http_request_set_header(req, "Allow", "POST, OPTIONS");
    http_request_reply(req, 200, NULL, NULL, 0);
}

void conference_routes_add(Focus *focus)
{
    iq_router_add(focus->router, "set", NS_JITSI_FOCUS, "conference", on_conference, focus);
    iq_router_add(focus->router, "get", NS_JITSI_FOCUS, "login-url", on_login_url, focus);
    iq_router_add(focus->router, "set", NS_JITSI_FOCUS, "logout", on_logout, focus);
}

void conference_routes_add_http(Focus *focus)
{
    http_admin_route_open(focus->http, "POST", "/conference-request/v1", on_http_request, focus);
    http_admin_route_open(focus->http, "OPTIONS", "/conference-request/v1", on_http_options, focus);
}
