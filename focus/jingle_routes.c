/* SPDX-License-Identifier: Apache-2.0
 *
 * What occupants ask the focus: Jingle and muting. Decode, find the conference, hand
 * on. Who asks is the stanza's `from`, stamped by the server, never anything inside. */
#include <string.h>
#include "common/base/log.h"
#include "focus/focus.h"

/* The conference and the nick of an occupant's address; NULL: from nobody in a room of ours. */
static ConferenceShell *find_occupant(Focus *focus, const char *from, Jid **occupant)
{
    *occupant = jid_parse_occupant(from);
    return *occupant ? focus_find(focus, (*occupant)->bare) : NULL;
}

static IqReply on_jingle(const IqRequest *req, gpointer user)
{
    g_autoptr(Jid) from = NULL;
    g_autoptr(GError) error = NULL;
    ConferenceShell *shell = find_occupant(user, req->from, &from);
    if (!shell) /* as for a session nobody knows */
        return iq_error(STANZA_BAD_REQUEST, "no such session");
    g_autoptr(Jingle) jingle = jingle_parse(req->payload, &error);
    if (!jingle) {
        LogContext ctx = { .room = from->bare, .endpoint = from->resource };
        log_info(&ctx, "unreadable Jingle: %s", error->message);
        gboolean unsupported = g_error_matches(error, JINGLE_ERROR, JINGLE_ERROR_NOT_IMPLEMENTED);
        return iq_error(unsupported ? STANZA_FEATURE_NOT_IMPLEMENTED : STANZA_BAD_REQUEST, error->message);
    }
    IqTicket *ticket = iq_ticket_new(req);
    conference_shell_jingle(shell, from->resource, jingle, ticket);
    return iq_later(ticket);
}

static IqReply mute(const IqRequest *req, Focus *focus, ConfMuteKind kind)
{
    const char *jid = stanza_get(req->payload, "jid");
    g_autofree char *text = stanza_text(req->payload);
    g_strstrip(text);
    gboolean on = strcmp(text, "true") == 0;
    if (!jid || (!on && strcmp(text, "false") != 0))
        return iq_error(STANZA_BAD_REQUEST, "jid and true or false are needed");
    g_autoptr(Jid) from = NULL;
    ConferenceShell *shell = find_occupant(focus, req->from, &from);
    if (!shell)
        return iq_error(STANZA_ITEM_NOT_FOUND, "no such conference");
    g_autoptr(Jid) target = jid_parse_occupant(jid);
    gboolean same_room = target && strcmp(target->bare, from->bare) == 0;
    IqTicket *ticket = iq_ticket_new(req);
    conference_shell_mute(shell, from->resource, same_room ? target->resource : NULL, kind, on, ticket);
    return iq_later(ticket);
}

static IqReply on_mute_audio(const IqRequest *req, gpointer user)
{
    return mute(req, user, MUTE_AUDIO);
}

static IqReply on_mute_video(const IqRequest *req, gpointer user)
{
    return mute(req, user, MUTE_VIDEO);
}

static IqReply on_mute_desktop(const IqRequest *req, gpointer user)
{
    return mute(req, user, MUTE_DESKTOP);
}

void jingle_routes_add(Focus *focus)
{
    iq_router_add(focus->router, "set", NS_JINGLE, "jingle", on_jingle, focus);
    iq_router_add(focus->router, "set", "http://jitsi.org/jitmeet/audio", "mute", on_mute_audio, focus);
    iq_router_add(focus->router, "set", "http://jitsi.org/jitmeet/video", "mute", on_mute_video, focus);
    iq_router_add(focus->router, "set", "http://jitsi.org/jitmeet/desktop", "mute", on_mute_desktop, focus);
}
