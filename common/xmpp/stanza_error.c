/* SPDX-License-Identifier: Apache-2.0 */
#include "common/xmpp/stanza_error.h"

#include <string.h>

static const struct {
    const char *name, *type;
} conditions[STANZA_N_CONDITIONS] = {
    [STANZA_UNDEFINED_CONDITION] = { "undefined-condition", "cancel" },
    [STANZA_BAD_REQUEST] = { "bad-request", "modify" },
    [STANZA_CONFLICT] = { "conflict", "cancel" },
    [STANZA_FEATURE_NOT_IMPLEMENTED] = { "feature-not-implemented", "cancel" },
    [STANZA_FORBIDDEN] = { "forbidden", "auth" },
    [STANZA_GONE] = { "gone", "cancel" },
    [STANZA_INTERNAL_SERVER_ERROR] = { "internal-server-error", "cancel" },
    [STANZA_ITEM_NOT_FOUND] = { "item-not-found", "cancel" },
    [STANZA_JID_MALFORMED] = { "jid-malformed", "modify" },
    [STANZA_NOT_ACCEPTABLE] = { "not-acceptable", "modify" },
    [STANZA_NOT_ALLOWED] = { "not-allowed", "cancel" },
    [STANZA_NOT_AUTHORIZED] = { "not-authorized", "auth" },
    [STANZA_POLICY_VIOLATION] = { "policy-violation", "modify" },
    [STANZA_RECIPIENT_UNAVAILABLE] = { "recipient-unavailable", "wait" },
    [STANZA_REDIRECT] = { "redirect", "modify" },
    [STANZA_REGISTRATION_REQUIRED] = { "registration-required", "auth" },
    [STANZA_REMOTE_SERVER_NOT_FOUND] = { "remote-server-not-found", "cancel" },
    [STANZA_REMOTE_SERVER_TIMEOUT] = { "remote-server-timeout", "wait" },
    [STANZA_RESOURCE_CONSTRAINT] = { "resource-constraint", "wait" },
    [STANZA_SERVICE_UNAVAILABLE] = { "service-unavailable", "cancel" },
    [STANZA_SUBSCRIPTION_REQUIRED] = { "subscription-required", "auth" },
    [STANZA_UNEXPECTED_REQUEST] = { "unexpected-request", "wait" },
};

const char *stanza_condition_name(StanzaCondition condition)
{
    return conditions[condition].name;
}

const char *stanza_condition_type(StanzaCondition condition)
{
    return conditions[condition].type;
}

gboolean stanza_condition_from_name(const char *name, StanzaCondition *out)
{
    for (unsigned i = 0; i < STANZA_N_CONDITIONS; i++) {
        if (strcmp(conditions[i].name, name) == 0) {
            *out = (StanzaCondition)i;
            return TRUE;
        }
    }
    return FALSE;
}

Stanza *stanza_error_new(const char *ns, StanzaCondition condition, const char *type, const char *text, Stanza *app)
{
    Stanza *error = stanza_new("error", ns);
    stanza_set(error, "type", type ? type : stanza_condition_type(condition));
    stanza_child(error, stanza_condition_name(condition), NS_STANZAS, NULL);
    if (app)
        stanza_adopt(error, app);
    if (text)
        stanza_set_text(stanza_child(error, "text", NS_STANZAS, NULL), text);
    return error;
}

void stanza_error_read(const Stanza *stanza, StanzaErrorInfo *out)
{
    *out = (StanzaErrorInfo){ .condition = STANZA_UNDEFINED_CONDITION };
    const Stanza *error = stanza_find(stanza, "error", NULL);
    if (error && stanza_get(error, "type"))
        g_strlcpy(out->type, stanza_get(error, "type"), sizeof(out->type));
    for (const Stanza *c = error ? stanza_find(error, NULL, NULL) : NULL; c; c = stanza_next(c, NULL, NULL)) {
        if (strcmp(stanza_ns(c), NS_STANZAS) != 0) {
            out->app = out->app ? out->app : c;
        } else if (strcmp(stanza_name(c), "text") == 0) {
            if (!out->text)
                out->text = stanza_text(c);
        } else {
            stanza_condition_from_name(stanza_name(c), &out->condition);
        }
    }
    if (!out->text)
        out->text = g_strdup("");
    if (strlen(out->text) > STANZA_ERROR_MAX_TEXT) {
        char *end = g_utf8_find_prev_char(out->text, out->text + STANZA_ERROR_MAX_TEXT + 1);
        *(end ? end : out->text) = '\0';
    }
}

void stanza_error_info_clear(StanzaErrorInfo *info)
{
    g_clear_pointer(&info->text, g_free);
}
