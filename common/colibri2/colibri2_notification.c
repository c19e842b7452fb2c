/* SPDX-License-Identifier: Apache-2.0
 *
 * conference-notification: the bridge to the focus (doc/protocols.md). Each notice names one endpoint. */
#include "common/colibri2/colibri2.h"

#include "common/colibri2/colibri2_parts.h"

static void notice_free(void *p)
{
    Colibri2Notice *one = p;
    g_free(one->endpoint_id);
    g_free(one->type);
    g_free(one->description);
    g_free(one->ufrag);
    g_free(one);
}

Colibri2Notification *colibri2_notification_new(const char *meeting_id)
{
    Colibri2Notification *n = g_new0(Colibri2Notification, 1);
    n->meeting_id = g_strdup(meeting_id);
    n->notices = g_ptr_array_new_with_free_func(notice_free);
    return n;
}

void colibri2_notification_free(Colibri2Notification *n)
{
    if (!n)
        return;
    g_free(n->meeting_id);
    g_ptr_array_unref(n->notices);
    g_free(n);
}

void colibri2_notification_add(Colibri2Notification *n, const char *endpoint_id, const char *type,
                               const char *description, const char *ufrag)
{
    Colibri2Notice *one = g_new0(Colibri2Notice, 1);
    one->endpoint_id = g_strdup(endpoint_id);
    one->type = g_strdup(type);
    one->description = g_strdup(description);
    one->ufrag = g_strdup(ufrag);
    g_ptr_array_add(n->notices, one);
}

/* Absent, or short enough to be kept. */
static bool is_short(const char *text)
{
    return !text || strlen(text) <= COLIBRI2_MAX_ID;
}

Colibri2Notification *colibri2_notification_parse(const Stanza *s, GError **error)
{
    if (!stanza_is(s, "conference-notification", NS_COLIBRI2)) {
        colibri2_refuse(error, "No conference-notification.");
        return NULL;
    }
    const char *meeting_id = colibri2_read_id(s, "meeting-id", "meeting-id", error);
    if (!meeting_id)
        return NULL;
    g_autoptr(Colibri2Notification) n = colibri2_notification_new(meeting_id);
    for (const Stanza *c = stanza_find(s, "notification", NULL); c; c = stanza_next(c, "notification", NULL)) {
        const char *id = colibri2_read_id(c, "id", "notification id", error);
        if (!id)
            return NULL;
        const char *type = stanza_get(c, "type"), *description = stanza_get(c, "description"),
                   *ufrag = stanza_get(c, "ufrag");
        if (!type || !is_short(type) || !is_short(description) || !is_short(ufrag) ||
            n->notices->len >= COLIBRI2_MAX_ENDPOINTS) {
            colibri2_refuse(error, "Bad or too many notifications.");
            return NULL;
        }
        colibri2_notification_add(n, id, type, description, ufrag);
    }
    return g_steal_pointer(&n);
}

Stanza *colibri2_notification_build(const Colibri2Notification *n)
{
    Stanza *s = stanza_new("conference-notification", NS_COLIBRI2);
    stanza_set(s, "meeting-id", n->meeting_id);
    for (guint i = 0; i < n->notices->len; i++) {
        const Colibri2Notice *one = n->notices->pdata[i];
        Stanza *c = stanza_child(s, "notification", NULL, "id", one->endpoint_id, "type", one->type, NULL);
        if (one->description)
            stanza_set(c, "description", one->description);
        if (one->ufrag)
            stanza_set(c, "ufrag", one->ufrag);
    }
    return s;
}
