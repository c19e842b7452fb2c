/* SPDX-License-Identifier: Apache-2.0
 *
 * What a client's WebSocket asks for: /colibri-ws/SERVER/CONFERENCE/ENDPOINT?pwd=PASSWORD (RFC 6455;
 * doc/protocols.md, Bridge channel). PURE. */
#ifndef PLENUM_BRIDGE_CHANNEL_WS_TARGET_H
#define PLENUM_BRIDGE_CHANNEL_WS_TARGET_H

#include <glib.h>
#include <stdbool.h>

#define WS_PATH "/colibri-ws"
#define WS_TARGET_MAX 512 /* bytes of path and of query, each */

typedef enum {
    WS_TARGET_OK,
    WS_TARGET_NOT_FOUND,   /* 404: another path, another server */
    WS_TARGET_NO_PASSWORD, /* 403: the query does not begin with pwd= */
} WsTargetStatus;

typedef struct {
    char *conference, *endpoint, *password; /* neither of the first two is empty */
} WsTarget;

/* path is percent-decoded, query is not (a password has letters and digits only); query NULL: none. Accepts any
 * text; fills *out for WS_TARGET_OK only, to be cleared by the caller. */
WsTargetStatus ws_target_parse(const char *path, const char *query, const char *server_id, WsTarget *out);
void ws_target_clear(WsTarget *t); /* frees its texts */

/* Whether two passwords are the same, in a time that tells nothing but the length of `given`. */
bool ws_password_matches(const char *given, const char *want);

#endif
