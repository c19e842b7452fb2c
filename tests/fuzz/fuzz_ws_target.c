/* SPDX-License-Identifier: Apache-2.0
 *
 * A WebSocket's path, a newline, its query. Property: whoever gets in named this server, and a password that
 * matches is the password. */
#include <stdint.h>
#include <string.h>
#include "bridge/channel/ws_target.h"

#define SECRET "abcdefghijklmnopqrstuvwx"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *path = g_strndup((const char *)data, size);
    char *query = strchr(path, '\n');
    WsTarget t;
    if (query)
        *query++ = '\0';
    if (ws_target_parse(path, query, "s1", &t) == WS_TARGET_OK) {
        g_autofree char *again = g_strdup_printf(WS_PATH "/s1/%s/%s", t.conference, t.endpoint);
        if (strcmp(again, path) != 0 || !*t.conference || !*t.endpoint)
            g_error("%s was taken for %s", path, again);
        if (ws_password_matches(t.password, SECRET) != (strcmp(t.password, SECRET) == 0))
            g_error("password %s", t.password);
        ws_target_clear(&t);
    }
    return 0;
}
