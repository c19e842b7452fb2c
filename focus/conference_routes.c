/* SPDX-License-Identifier: Apache-2.0
 *
 * Conference requests as IQs and by HTTP (doc/protocols.md, Conference requests), with login-url and logout.
 * Authentication is off: everybody may make rooms, there are no sessions. */
#include <json-glib/json-glib.h>
#include <string.h>
#include "common/base/log.h"
#include "common/jingle/jingle_ns.h"
#include "focus/focus.h"

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
    RequestBody body = REQUEST_BODY_EMPTY;
    for (const Stanza *p = stanza_find(req->payload, "property", NULL); p; p = stanza_next(p, "property", NULL))
        request_body_property(&body, stanza_get(p, "name"), stanza_get(p, "value"));
    const ConferenceRequest request = { .room = room, .sender = sender ? sender->bare : "", .body = &body };
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

static void on_http_request(HttpRequest *req, gpointer user)
{
    Focus *focus = user;
    g_autoptr(Jid) room = NULL;
    RequestBody body;
    gsize len;
    const char *text = http_request_body(req, &len);
    bool readable = request_body_read_json(&body, text, len);
    if (!readable || focus_check_room(focus, body.room, &room) != FOCUS_ROOM_OK) {
        http_request_reply_text(req, 400,
                                readable ? "HTTP 400 room missing or not of this service" : "HTTP 400 not JSON");
        request_body_clear(&body);
        return;
    }
    /* Behind a web server that tells who asked; without it all share one bucket. */
    const char *sender = http_request_header(req, "X-Real-IP");
    g_autofree char *who = g_strdup(sender && strlen(sender) < 64 ? sender : "");
    HttpWaiter *w = g_new0(HttpWaiter, 1);
    w->req = req;
    w->room = g_strdup(room->bare);
    w->machine_uid = g_strdup(body.machine_uid);
    w->focus_jid = g_strdup(focus->bare_jid);
    const ConferenceRequest request = { .room = room, .sender = who, .body = &body };
    focus_request(focus, &request, on_http_ready, w);
    request_body_clear(&body);
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
