/* SPDX-License-Identifier: Apache-2.0 */
#include "common/colibri2/colibri2.h"

static const char *const reason_names[] = {
    [COLIBRI2_REASON_NONE] = NULL,
    [COLIBRI2_REASON_UNSPECIFIED] = "unspecified",
    [COLIBRI2_REASON_CONFERENCE_ALREADY_EXISTS] = "conference_already_exists",
    [COLIBRI2_REASON_CONFERENCE_NOT_FOUND] = "conference_not_found",
    [COLIBRI2_REASON_FEATURE_NOT_IMPLEMENTED] = "feature_not_implemented",
    [COLIBRI2_REASON_GRACEFUL_SHUTDOWN] = "graceful_shutdown",
    [COLIBRI2_REASON_UNKNOWN_ENDPOINT] = "unknown_endpoint",
};

const char *colibri2_reason_name(Colibri2Reason r)
{
    return reason_names[r];
}

Colibri2Error *colibri2_error_new(StanzaCondition c, Colibri2Reason r, const char *format, ...)
{
    Colibri2Error *e = g_new0(Colibri2Error, 1);
    e->condition = c;
    e->reason = r;
    if (format) {
        va_list args;
        va_start(args, format);
        e->text = g_strdup_vprintf(format, args);
        va_end(args);
    }
    return e;
}

void colibri2_error_free(Colibri2Error *e)
{
    if (!e)
        return;
    g_free(e->text);
    g_free(e->endpoint_id);
    g_free(e);
}

Stanza *colibri2_error_build(const Colibri2Error *e)
{
    Stanza *app = NULL;
    if (e->reason != COLIBRI2_REASON_NONE) {
        app = stanza_new("error", NS_COLIBRI2);
        stanza_set(app, "reason", reason_names[e->reason]);
    }
    Stanza *s = stanza_error_new(NULL, e->condition, "cancel", e->text, app);
    if (e->endpoint_id)
        stanza_child(s, "endpoint", NS_COLIBRI2, "id", e->endpoint_id, NULL);
    return s;
}

static Colibri2Reason read_reason(const Stanza *app)
{
    const char *name = stanza_get(app, "reason");
    for (guint i = COLIBRI2_REASON_UNSPECIFIED; name && i < G_N_ELEMENTS(reason_names); i++) {
        if (strcmp(name, reason_names[i]) == 0)
            return (Colibri2Reason)i;
    }
    return COLIBRI2_REASON_UNSPECIFIED;
}

Colibri2Error *colibri2_error_parse(const Stanza *stanza)
{
    StanzaErrorInfo info;
    stanza_error_read(stanza, &info);
    Colibri2Error *e = colibri2_error_new(info.condition, COLIBRI2_REASON_NONE, NULL);
    if (*info.text)
        e->text = g_strdup(info.text);
    stanza_error_info_clear(&info);
    const Stanza *element = stanza_find(stanza, "error", NULL);
    const Stanza *app = element ? stanza_find(element, "error", NS_COLIBRI2) : NULL;
    if (app)
        e->reason = read_reason(app);
    const Stanza *endpoint = element ? stanza_find(element, "endpoint", NS_COLIBRI2) : NULL;
    const char *id = endpoint ? stanza_get(endpoint, "id") : NULL;
    if (id && strlen(id) <= COLIBRI2_MAX_ID)
        e->endpoint_id = g_strdup(id);
    return e;
}
