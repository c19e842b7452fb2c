/* SPDX-License-Identifier: Apache-2.0
 *
 * The private HTTP listener of both daemons, on libsoup 3: /about/health, /about/ready, /about/version,
 * /metrics, and the routes an application adds. Control thread. Loopback by default; on any other address
 * every request except /about/health, /about/ready and open routes must carry the bearer token. */
#ifndef PLENUM_COMMON_BASE_HTTP_ADMIN_H
#define PLENUM_COMMON_BASE_HTTP_ADMIN_H

#include <glib.h>
#include "common/base/metrics.h"

#define HTTP_ADMIN_MAX_BODY (512 * 1024) /* bytes of a request; beyond it 413 */
#define HTTP_ADMIN_MAX_PENDING 256       /* requests held for a later answer; beyond it 503 */
#define HTTP_ADMIN_MAX_CONNECTIONS 256   /* open at once; further ones are closed and counted */
#define HTTP_ADMIN_IDLE_S 60             /* a connection on which nothing moves for so long is closed */

typedef struct HttpAdmin HttpAdmin;
/* One request waiting for its answer. Owned by the listener; the handler answers it at once or keeps the
 * pointer and answers later, exactly once (an answer to a client that went away is dropped). */
typedef struct HttpRequest HttpRequest;

typedef struct {
    const char *address; /* numeric; "127.0.0.1" */
    guint16 port;        /* 0: any free one, see http_admin_port */
    const char *token;   /* NULL: none, allowed on loopback only */
    const char *name, *version;
    Metrics *metrics; /* may be NULL: no /metrics */
    /* NULL text: healthy / ready. Else a short reason, static or owned by user; answered with 503. May be NULL. */
    const char *(*health)(gpointer user);
    const char *(*ready)(gpointer user);
    gpointer user;
} HttpAdminConfig;

/* An address that is not loopback needs a token; without: FALSE, and *error says so. Pure. */
gboolean http_admin_check(const char *address, const char *token, GError **error);
/* Copies the configuration and listens. NULL and *error: bad address, port in use, token missing. */
HttpAdmin *http_admin_new(const HttpAdminConfig *config, GError **error);
guint16 http_admin_port(const HttpAdmin *admin);
/* Ends requests still held with 503 and closes the listener. */
void http_admin_free(HttpAdmin *admin);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HttpAdmin, http_admin_free)

typedef void (*HttpHandler)(HttpRequest *req, gpointer user);
/* path: exact ("/stats"), or with a trailing "/ *" written without the space: that folder and everything
 * below it. method NULL: any. GET also answers HEAD. The longest matching path wins; 404 and 405 are automatic. */
void http_admin_route(HttpAdmin *admin, const char *method, const char *path, HttpHandler handler, gpointer user);
/* The same for a path that is asked by clients, whose Authorization is about themselves: no bearer token needed. */
void http_admin_route_open(HttpAdmin *admin, const char *method, const char *path, HttpHandler handler, gpointer user);

const char *http_request_method(const HttpRequest *req);
const char *http_request_path(const HttpRequest *req);                     /* percent-decoded */
const char *http_request_rest(const HttpRequest *req);                     /* what the star matched, "" if nothing */
const char *http_request_query(const HttpRequest *req, const char *key);   /* NULL when absent */
const char *http_request_header(const HttpRequest *req, const char *name); /* NULL when absent */
const char *http_request_body(const HttpRequest *req, gsize *len);         /* NUL-terminated */

/* Each ends the request: req is gone afterwards. Text is copied. */
void http_request_reply(HttpRequest *req, unsigned status, const char *content_type, const char *body, gsize len);
void http_request_reply_text(HttpRequest *req, unsigned status, const char *text);
void http_request_reply_json(HttpRequest *req, unsigned status, const char *json);
/* Before the reply: an extra response header. */
void http_request_set_header(HttpRequest *req, const char *name, const char *value);

#endif
