/* SPDX-License-Identifier: Apache-2.0
 *
 * The private HTTP listener of both daemons, on libsoup 3: /about/health, /about/ready, /about/version, /metrics,
 * and the routes an application adds (HTTP/1.1, RFC 9110; bearer token, RFC 6750 2.1). Control thread, default main
 * context. Loopback by default. With a token every request except /about/health, /about/ready and open routes must
 * carry it, else 401; without one only loopback is listened on. */
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
    const char *token;   /* NULL or "": none, allowed on loopback only */
    const char *name, *version;
    Metrics *metrics; /* may be NULL: no /metrics */
    /* NULL text: healthy / ready. Else a short reason, static or owned by user; answered with 503. May be NULL. */
    const char *(*health)(gpointer user);
    const char *(*ready)(gpointer user);
    gpointer user;
} HttpAdminConfig;

/* An address that is not loopback needs a token; without: FALSE, and *error (a CONFIG_ERROR) says so. Pure. */
gboolean http_admin_check(const char *address, const char *token, GError **error);
/* Copies the configuration and listens; metrics and user are borrowed and must outlive it. NULL and *error: bad
 * address, port in use, token missing. */
HttpAdmin *http_admin_new(const HttpAdminConfig *config, GError **error);
guint16 http_admin_port(const HttpAdmin *admin); /* that it really listens on */
/* Ends requests still held with 503 and closes the listener. NULL is fine. */
void http_admin_free(HttpAdmin *admin);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HttpAdmin, http_admin_free)

typedef void (*HttpHandler)(HttpRequest *req, gpointer user);
/* path: exact ("/stats"), or with a trailing "/ *" written without the space: that folder and everything below it.
 * method NULL: any. GET also answers HEAD. Of the routes for the method the longest matching path wins; 404 and 405
 * are automatic. Texts are copied; user must outlive the listener. */
void http_admin_route(HttpAdmin *admin, const char *method, const char *path, HttpHandler handler, gpointer user);
/* The same for a path that is asked by clients, whose Authorization is about themselves: no bearer token needed. */
void http_admin_route_open(HttpAdmin *admin, const char *method, const char *path, HttpHandler handler, gpointer user);

/* What is returned is borrowed until the answer. Keys and names are compared as they are, those of headers without
 * case; of a header given several times the last counts. */
const char *http_request_method(const HttpRequest *req);
const char *http_request_path(const HttpRequest *req);                     /* percent-decoded */
const char *http_request_rest(const HttpRequest *req);                     /* what the star matched, "" if nothing */
const char *http_request_query(const HttpRequest *req, const char *key);   /* NULL when absent */
const char *http_request_header(const HttpRequest *req, const char *name); /* NULL when absent */
const char *http_request_body(const HttpRequest *req, gsize *len); /* NUL-terminated; at most HTTP_ADMIN_MAX_BODY */

/* Each ends the request: req is gone afterwards. status 200..599; content_type NULL: no body. Text is copied. */
void http_request_reply(HttpRequest *req, unsigned status, const char *content_type, const char *body, gsize len);
void http_request_reply_text(HttpRequest *req, unsigned status, const char *text);
void http_request_reply_json(HttpRequest *req, unsigned status, const char *json);
/* Before the reply: an extra response header, in place of one of that name; copied. Our own words only: no line
 * breaks. */
void http_request_set_header(HttpRequest *req, const char *name, const char *value);

#endif
