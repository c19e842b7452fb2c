/* SPDX-License-Identifier: Apache-2.0
 *
 * What bridges say unasked: conference-notification (doc/protocols.md). Only bridges we know are listened to. */
#include "common/base/log.h"
#include "focus/focus.h"

static ConferenceShell *find_meeting(const Focus *focus, const char *meeting_id)
{
    GHashTableIter it;
    gpointer shell;
    g_hash_table_iter_init(&it, focus->shells);
    while (g_hash_table_iter_next(&it, NULL, &shell))
        if (strcmp(conference_meeting_id(conference_shell_conference(shell)), meeting_id) == 0)
            return shell;
    return NULL;
}

static IqReply on_notification(const IqRequest *req, gpointer user)
{
    Focus *focus = user;
    g_autoptr(GError) error = NULL;
    if (!bridge_pool_find(bridge_brewery_pool(focus->brewery), req->from))
        return iq_error(STANZA_FORBIDDEN, "Only bridges may say this");
    g_autoptr(Colibri2Notification) told = colibri2_notification_parse(req->payload, &error);
    if (!told)
        return iq_error(STANZA_BAD_REQUEST, error->message);
    ConferenceShell *shell = find_meeting(focus, told->meeting_id);
    if (!shell) /* over, or of an earlier process */
        return iq_error(STANZA_ITEM_NOT_FOUND, "No such meeting");
    for (guint i = 0; i < told->notices->len; i++) {
        const Colibri2Notice *one = told->notices->pdata[i];
        if (strcmp(one->type, COLIBRI2_ICE_FAILED) == 0)
            conference_shell_endpoint_lost(shell, req->from, one);
    }
    return iq_ok();
}

void bridge_routes_add(Focus *focus)
{
    iq_router_add(focus->router, NULL, NS_COLIBRI2, "conference-notification", on_notification, focus);
}
