/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/channel/ws_target.h"
#include <string.h>

WsTargetStatus ws_target_parse(const char *path, const char *query, const char *server_id, WsTarget *out)
{
    if (strlen(path) > WS_TARGET_MAX || (query && strlen(query) > WS_TARGET_MAX))
        return WS_TARGET_NOT_FOUND;
    g_auto(GStrv) part = g_strsplit(path, "/", 6); /* "", colibri-ws, server, conference, endpoint */
    if (g_strv_length(part) != 5 || *part[0] || strcmp(part[1], &WS_PATH[1]) != 0 || strcmp(part[2], server_id) != 0 ||
        !*part[3] || !*part[4])
        return WS_TARGET_NOT_FOUND;
    if (!query || !g_str_has_prefix(query, "pwd="))
        return WS_TARGET_NO_PASSWORD;
    *out = (WsTarget){ .conference = g_strdup(part[3]),
                       .endpoint = g_strdup(part[4]),
                       .password = g_strndup(query + 4, strcspn(query + 4, "&")) };
    return WS_TARGET_OK;
}

void ws_target_clear(WsTarget *t)
{
    g_free(t->conference);
    g_free(t->endpoint);
    g_free(t->password);
    *t = (WsTarget){ 0 };
}

bool ws_password_matches(const char *given, const char *want)
{
    size_t len = strlen(want), n = strlen(given);
    unsigned char difference = n != len;
    for (size_t i = 0; i < n; i++)
        difference |= (unsigned char)(given[i] ^ want[i < len ? i : 0]);
    return difference == 0 && len > 0;
}
