/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/colibri_routes.h"

Stanza *colibri_routes_modify(Bridge *b, const char *focus, const Stanza *request, Colibri2Error **error)
{
    g_autoptr(GError) problem = NULL;
    if (!stanza_is(request, "conference-modify", NS_COLIBRI2)) {
        *error = colibri2_error_new(STANZA_BAD_REQUEST, COLIBRI2_REASON_NONE, "No conference-modify");
        return NULL;
    }
    g_autoptr(Colibri2Modify) modify = colibri2_modify_parse(request, &problem);
    if (!modify) {
        *error = colibri2_error_new(g_error_matches(problem, JINGLE_ERROR, JINGLE_ERROR_NOT_IMPLEMENTED)
                                        ? STANZA_FEATURE_NOT_IMPLEMENTED
                                        : STANZA_BAD_REQUEST,
                                    COLIBRI2_REASON_NONE, "%s", problem->message);
        return NULL;
    }
    g_autoptr(Colibri2Modified) answer = bridge_modify(b, focus, modify, error);
    return answer ? colibri2_modified_build(answer) : NULL;
}

static unsigned http_status(StanzaCondition condition)
{
    switch (condition) {
    case STANZA_BAD_REQUEST:
        return 400;
    case STANZA_FORBIDDEN:
        return 403;
    case STANZA_ITEM_NOT_FOUND:
        return 404;
    case STANZA_CONFLICT:
        return 409;
    case STANZA_FEATURE_NOT_IMPLEMENTED:
        return 501;
    case STANZA_RESOURCE_CONSTRAINT:
    case STANZA_SERVICE_UNAVAILABLE:
        return 503;
    default:
        return 500;
    }
}

char *colibri_routes_post(Bridge *b, const char *body, size_t len, unsigned *status)
{
    g_autoptr(GError) problem = NULL;
    g_autoptr(Colibri2Error) error = NULL;
    g_autoptr(Stanza) answer = NULL;
    g_autoptr(Stanza) request = stanza_parse(body, len, &problem);
    if (request)
        answer = colibri_routes_modify(b, NULL, request, &error);
    else
        error = colibri2_error_new(STANZA_BAD_REQUEST, COLIBRI2_REASON_NONE, "%s", problem->message);
    if (!answer)
        answer = colibri2_error_build(error);
    *status = error ? http_status(error->condition) : 200;
    return stanza_to_string(answer);
}
