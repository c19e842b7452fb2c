/* SPDX-License-Identifier: Apache-2.0
 *
 * Conference requests by HTTP, to a focus whose XMPP server is not there: what is a good
 * request is answered, and told to wait. */
#include <json-glib/json-glib.h>
#include <string.h>
#include "focus/focus.h"
#include "tests/fakes/http_client.h"

typedef struct {
    GMainLoop *loop;
    Config *config;
    Focus *focus;
} Fixture;

static void set_up(Fixture *f, gconstpointer data)
{
    /* port 1 of loopback: refused at once */
    static const char text[] = "[xmpp]\nport=1\ndomain=d\n[http]\nprivate=127.0.0.1:0\n";
    g_autoptr(GError) error = NULL;
    f->loop = g_main_loop_new(NULL, FALSE);
    f->config = config_load_text(focus_options, focus_options_n, sizeof(FocusConfig), "test", text, &error);
    g_assert_no_error(error);
    FocusConfig *config = (FocusConfig *)config_values(f->config);
    config->xmpp.secret = "secret";
    config->http.token = "operators-own";
    g_assert_true(focus_config_check(config, &error));
    f->focus = focus_new(config, f->loop, &error);
    g_assert_no_error(error);
}

static void tear_down(Fixture *f, gconstpointer data)
{
    focus_free(f->focus);
    config_free(f->config);
    g_main_loop_unref(f->loop);
}

static unsigned ask(Fixture *f, const char *method, const char *body, const char *token, char **text)
{
    const HttpQuestion q = { .method = method,
                             .path = "/conference-request/v1?room=demo",
                             .type = "application/json",
                             .body = body,
                             .len = body ? strlen(body) : 0,
                             .authorization = token };
    unsigned status = http_client_ask(http_admin_port(f->focus->http), &q, text);
    g_assert_nonnull(*text);
    return status;
}

typedef struct {
    const char *name, *body;
    unsigned status;
} Case;

#define R "\"room\":\"demo@conference.d\""

static const Case cases[] = {
    { "room only", "{" R "}", 200 },
    { "properties of every kind",
      "{" R ",\"properties\":{\"startAudioMuted\":10,\"rtcstatsEnabled\":false,\"visitors-version\":1,\"x\":\"y\","
      "\"z\":1.5,\"n\":null}}",
      200 },
    { "unknown members", "{" R ",\"sessionId\":\"old\",\"more\":{\"a\":[1]}}", 200 },
    { "properties are no object", "{" R ",\"properties\":[1]}", 200 },
    { "no room", "{}", 400 },
    { "room is a number", "{\"room\":7}", 400 },
    { "room of another service", "{\"room\":\"demo@conference.evil\"}", 400 },
    { "room with nick", "{\"room\":\"demo@conference.d/x\"}", 400 },
    { "nothing", "", 400 },
    { "no json", "hello", 400 },
    { "no object", "[" R "]", 400 },
    { "too deep", "{" R ",\"a\":{\"b\":{\"c\":{\"d\":{}}}}}", 400 },
    { "not utf-8", "{\"room\":\"\xff@conference.d\"}", 400 },
};

static void test_case(Fixture *f, gconstpointer data)
{
    const Case *c = data;
    g_autofree char *text = NULL;
    g_assert_cmpuint(ask(f, "POST", c->body, NULL, &text), ==, c->status);
    if (c->status != 200) {
        g_assert_true(g_str_has_prefix(text, "HTTP 400 "));
        return;
    }
    g_autoptr(JsonNode) root = json_from_string(text, NULL);
    g_assert_nonnull(root);
    JsonObject *o = json_node_get_object(root);
    g_assert_false(json_object_get_boolean_member_with_default(o, "ready", TRUE));
    g_assert_cmpstr(json_object_get_string_member(o, "focusJid"), ==, "focus@focus.d");
    g_assert_cmpstr(json_object_get_string_member(o, "room"), ==, "demo@conference.d");
    g_assert_false(json_object_has_member(o, "sessionId"));
    g_assert_cmpstr(json_object_get_string_member(json_object_get_object_member(o, "properties"), "authentication"), ==,
                    "false");
}

/* The client's token is about the client; the operator's is for the other paths. */
static void test_tokens(Fixture *f, gconstpointer data)
{
    g_autofree char *with = NULL, *options = NULL;
    g_assert_cmpuint(ask(f, "POST", "{" R ",\"machineUid\":\"m\\\"1\"}", "Bearer of.the.client", &with), ==, 200);
    g_assert_nonnull(strstr(with, "\"machineUid\":\"m\\\"1\""));
    g_assert_cmpuint(ask(f, "OPTIONS", NULL, NULL, &options), ==, 200);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strdup_printf("/focus/http/%s", cases[i].name);
        g_test_add(path, Fixture, &cases[i], set_up, test_case, tear_down);
    }
    g_test_add("/focus/http/tokens", Fixture, NULL, set_up, test_tokens, tear_down);
    return g_test_run();
}
