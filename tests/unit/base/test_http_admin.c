/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include "common/base/config.h"
#include "common/base/http_admin.h"
#include "tests/fakes/http_client.h"
#include "tests/fakes/rows.h"

typedef struct {
    HttpAdmin *admin;
    Metrics *metrics;
    HttpRequest *held;
    const char *trouble;
    guint answered;
} Fixture;

static const char *ready(gpointer user)
{
    return ((Fixture *)user)->trouble;
}

static void on_echo(HttpRequest *req, gpointer user)
{
    gsize len;
    const char *body = http_request_body(req, &len);
    const char *q = http_request_query(req, "q");
    g_autofree char *text = g_strdup_printf("%s|%s|%s|%" G_GSIZE_FORMAT "|%s", http_request_method(req),
                                            http_request_rest(req), q ? q : "-", len, len < 100 ? body : "...");
    http_request_set_header(req, "X-Test", "yes");
    http_request_reply_text(req, 200, text);
}

static void on_slow(HttpRequest *req, gpointer user)
{
    ((Fixture *)user)->held = req;
}

static gboolean answer_held(gpointer user)
{
    Fixture *f = user;
    if (!f->held)
        return G_SOURCE_CONTINUE;
    http_request_reply_json(g_steal_pointer(&f->held), 200, "{}");
    f->answered++;
    return G_SOURCE_REMOVE;
}

static void open_admin(Fixture *f, const char *token)
{
    HttpAdminConfig config = {
        .address = "127.0.0.1", .token = token, .name = "t", .version = "1", .ready = ready, .user = f
    };
    f->metrics = config.metrics = metrics_new("t_");
    g_autoptr(GError) error = NULL;
    f->admin = http_admin_new(&config, &error);
    g_assert_no_error(error);
    http_admin_route(f->admin, NULL, "/echo/*", on_echo, f);
    http_admin_route(f->admin, "POST", "/only", on_echo, f);
    http_admin_route(f->admin, "GET", "/slow", on_slow, f);
}

static void close_admin(Fixture *f)
{
    http_admin_free(f->admin);
    metrics_free(f->metrics);
}

/* Status of one request; *text owned by the caller. */
static unsigned ask(Fixture *f, const char *method, const char *path, const char *body, gsize len, const char *token,
                    char **text)
{
    const HttpQuestion q = {
        .method = method, .path = path, .type = "text/plain", .body = body, .len = len, .authorization = token
    };
    return http_client_ask(http_admin_port(f->admin), &q, text);
}

typedef struct {
    const char *name, *method, *path, *body;
    unsigned status;
    const char *text; /* NULL: not looked at */
} Case;

static const Case cases[] = {
    { "health", "GET", "/about/health", NULL, 200, "OK" },
    { "ready", "GET", "/about/ready", NULL, 200, "OK" },
    { "metrics", "GET", "/metrics", NULL, 200,
      "# TYPE t_http_connections_refused counter\n"
      "# HELP t_http_connections_refused Connections to this listener closed because too many were open.\n"
      "t_http_connections_refused_total 0\n"
      "# EOF\n" },
    { "unknown", "GET", "/nothing", NULL, 404, NULL },
    { "wrong method", "GET", "/only", NULL, 405, NULL },
    { "right method", "POST", "/only", "abc", 200, "POST||-|3|abc" },
    { "folder and query", "GET", "/echo/a/b?q=1%202", NULL, 200, "GET|a/b|1 2|0|" },
    { "above a folder", "GET", "/echo", NULL, 404, NULL },
    { "answered later", "GET", "/slow", NULL, 200, "{}" },
};

static void test_case(gconstpointer data)
{
    const Case *c = data;
    Fixture f = { 0 };
    open_admin(&f, NULL);
    guint timer = strcmp(c->path, "/slow") == 0 ? g_timeout_add(5, answer_held, &f) : 0;
    g_autofree char *text = NULL;
    g_assert_cmpuint(ask(&f, c->method, c->path, c->body, c->body ? strlen(c->body) : 0, NULL, &text), ==, c->status);
    if (c->text)
        g_assert_cmpstr(text, ==, c->text);
    g_assert_cmpuint(f.answered, ==, timer ? 1 : 0);
    close_admin(&f);
}

static void test_not_ready(void)
{
    Fixture f = { .trouble = "no bridge" };
    open_admin(&f, NULL);
    g_autofree char *text = NULL;
    g_assert_cmpuint(ask(&f, "GET", "/about/ready", NULL, 0, NULL, &text), ==, 503);
    g_assert_cmpstr(text, ==, "no bridge");
    close_admin(&f);
}

static void test_body_limit(void)
{
    Fixture f = { 0 };
    open_admin(&f, NULL);
    g_autofree char *big = g_malloc0(HTTP_ADMIN_MAX_BODY + 1);
    memset(big, 'x', HTTP_ADMIN_MAX_BODY + 1);
    g_autofree char *text = NULL;
    g_assert_cmpuint(ask(&f, "POST", "/only", big, HTTP_ADMIN_MAX_BODY, NULL, &text), ==, 200);
    g_assert_cmpuint(ask(&f, "POST", "/only", big, HTTP_ADMIN_MAX_BODY + 1, NULL, NULL), ==, 413);
    close_admin(&f);
}

static void test_token(void)
{
    Fixture f = { 0 };
    open_admin(&f, "s3cret");
    g_assert_cmpuint(ask(&f, "GET", "/about/health", NULL, 0, NULL, NULL), ==, 200);
    g_assert_cmpuint(ask(&f, "GET", "/metrics", NULL, 0, NULL, NULL), ==, 401);
    g_assert_cmpuint(ask(&f, "GET", "/metrics", NULL, 0, "Bearer s3cre", NULL), ==, 401);
    g_assert_cmpuint(ask(&f, "GET", "/metrics", NULL, 0, "Bearer s3cretx", NULL), ==, 401);
    g_assert_cmpuint(ask(&f, "GET", "/metrics", NULL, 0, "Bearer s3cret", NULL), ==, 200);
    http_admin_route_open(f.admin, "POST", "/open", on_echo, &f);
    g_assert_cmpuint(ask(&f, "POST", "/open", "a", 1, NULL, NULL), ==, 200);
    g_assert_cmpuint(ask(&f, "POST", "/open", "a", 1, "Bearer of.another.kind", NULL), ==, 200);
    g_assert_cmpuint(ask(&f, "POST", "/only", "a", 1, NULL, NULL), ==, 401);
    g_assert_cmpuint(ask(&f, "GET", "/nothing", NULL, 0, NULL, NULL), ==, 401);
    close_admin(&f);
}

static void test_refused(void)
{
    g_autoptr(GError) error = NULL;
    HttpAdminConfig open_to_all = { .address = "0.0.0.0", .name = "t", .version = "1" };
    g_assert_null(http_admin_new(&open_to_all, &error));
    g_assert_error(error, CONFIG_ERROR, CONFIG_ERROR_VALUE);
    g_clear_error(&error);
    HttpAdminConfig no_address = { .address = "localhost", .name = "t", .version = "1" };
    g_assert_null(http_admin_new(&no_address, &error));
    g_assert_error(error, CONFIG_ERROR, CONFIG_ERROR_VALUE);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD_ROWS("/base/http", cases, test_case);
    g_test_add_func("/base/http/not ready", test_not_ready);
    g_test_add_func("/base/http/body limit", test_body_limit);
    g_test_add_func("/base/http/token", test_token);
    g_test_add_func("/base/http/refused", test_refused);
    return g_test_run();
}
