/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/channel/ws_target.h"
#include <string.h>
#include "tests/fakes/rows.h"

#define SECRET "abcdefghijklmnopqrstuvwx"

typedef struct {
    const char *name, *path, *query;
    WsTargetStatus status;
    const char *conference, *endpoint, *password;
} Case;

static const Case cases[] = {
    { "right", "/colibri-ws/s1/c0ffee/aa", "pwd=" SECRET, WS_TARGET_OK, "c0ffee", "aa", SECRET },
    { "more behind the password", "/colibri-ws/s1/c0ffee/aa", "pwd=x&y=1", WS_TARGET_OK, "c0ffee", "aa", "x" },
    { "odd endpoint", "/colibri-ws/s1/c0ffee/a b\xc3\xa9", "pwd=x", WS_TARGET_OK, "c0ffee", "a b\xc3\xa9", "x" },
    { "empty password", "/colibri-ws/s1/c0ffee/aa", "pwd=", WS_TARGET_OK, "c0ffee", "aa", "" },
    { "other server", "/colibri-ws/s2/c0ffee/aa", "pwd=x", WS_TARGET_NOT_FOUND, NULL, NULL, NULL },
    { "server that begins alike", "/colibri-ws/s11/c0ffee/aa", "pwd=x", WS_TARGET_NOT_FOUND, NULL, NULL, NULL },
    { "other path", "/other/s1/c0ffee/aa", "pwd=x", WS_TARGET_NOT_FOUND, NULL, NULL, NULL },
    { "relative", "x/colibri-ws/s1/c0ffee/aa", "pwd=x", WS_TARGET_NOT_FOUND, NULL, NULL, NULL },
    { "nothing", "", NULL, WS_TARGET_NOT_FOUND, NULL, NULL, NULL },
    { "slashes", "////", "pwd=x", WS_TARGET_NOT_FOUND, NULL, NULL, NULL },
    { "no conference", "/colibri-ws/s1//aa", "pwd=x", WS_TARGET_NOT_FOUND, NULL, NULL, NULL },
    { "no endpoint", "/colibri-ws/s1/c0ffee/", "pwd=x", WS_TARGET_NOT_FOUND, NULL, NULL, NULL },
    { "too short", "/colibri-ws/s1/c0ffee", "pwd=x", WS_TARGET_NOT_FOUND, NULL, NULL, NULL },
    { "too long", "/colibri-ws/s1/c0ffee/aa/bb", "pwd=x", WS_TARGET_NOT_FOUND, NULL, NULL, NULL },
    { "no query", "/colibri-ws/s1/c0ffee/aa", NULL, WS_TARGET_NO_PASSWORD, NULL, NULL, NULL },
    { "password not first", "/colibri-ws/s1/c0ffee/aa", "x=1&pwd=x", WS_TARGET_NO_PASSWORD, NULL, NULL, NULL },
};

static void test_case(gconstpointer data)
{
    const Case *c = data;
    WsTarget t = { 0 };
    g_assert_cmpint(ws_target_parse(c->path, c->query, "s1", &t), ==, c->status);
    g_assert_cmpstr(t.conference, ==, c->conference);
    g_assert_cmpstr(t.endpoint, ==, c->endpoint);
    g_assert_cmpstr(t.password, ==, c->password);
    ws_target_clear(&t);
}

static void test_long(void)
{
    g_autofree char *tail = g_strnfill(WS_TARGET_MAX, 'x');
    g_autofree char *path = g_strconcat("/colibri-ws/s1/c0ffee/", tail, NULL);
    g_autofree char *query = g_strconcat("pwd=", tail, NULL);
    WsTarget t;
    g_assert_cmpint(ws_target_parse(path, "pwd=x", "s1", &t), ==, WS_TARGET_NOT_FOUND);
    g_assert_cmpint(ws_target_parse("/colibri-ws/s1/c0ffee/aa", query, "s1", &t), ==, WS_TARGET_NOT_FOUND);
}

static void test_passwords(void)
{
    static const struct {
        const char *given;
        bool right;
    } rows[] = {
        { SECRET, true },
        { "abcdefghijklmnopqrstuvwX", false },
        { "Xbcdefghijklmnopqrstuvwx", false },
        { "", false },
        { "abcdefghijklmnopqrstuvw", false },
        { SECRET "y", false },
        { SECRET SECRET, false },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        g_assert_cmpint(ws_password_matches(rows[i].given, SECRET), ==, rows[i].right);
    g_assert_false(ws_password_matches("", "")); /* no password is not an empty one */
    g_assert_false(ws_password_matches("a", ""));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD_ROWS("/channel/ws target", cases, test_case);
    g_test_add_func("/channel/ws target/too many bytes", test_long);
    g_test_add_func("/channel/ws target/passwords", test_passwords);
    return g_test_run();
}
