/* SPDX-License-Identifier: Apache-2.0 */
#include <glib.h>
#include <stdlib.h>
#include <string.h>
#include "bridge/channel/json_text.h"
#include "tests/fakes/rows.h"

typedef struct {
    const char *name, *text;
    JsonStatus want;
} Case;

static const Case cases[] = {
    { "object", "{\"a\":1,\"b\":[true,false,null,-1.5e+3,\"x\"]}", JSON_OK },
    { "empty object", "{}", JSON_OK },
    { "empty array", " [ ] ", JSON_OK },
    { "scalar", "\"x\"", JSON_OK },
    { "nothing", "", JSON_SYNTAX },
    { "only space", "  \n", JSON_SYNTAX },
    { "two values", "{} {}", JSON_SYNTAX },
    { "trailing comma", "[1,]", JSON_SYNTAX },
    { "leading comma", "[,1]", JSON_SYNTAX },
    { "missing colon", "{\"a\" 1}", JSON_SYNTAX },
    { "unquoted name", "{a:1}", JSON_SYNTAX },
    { "single quotes", "{'a':1}", JSON_SYNTAX },
    { "unclosed object", "{\"a\":1", JSON_SYNTAX },
    { "unclosed string", "{\"a", JSON_SYNTAX },
    { "crossed brackets", "[{]}", JSON_SYNTAX },
    { "leading zero", "[01]", JSON_SYNTAX },
    { "bare minus", "[-]", JSON_SYNTAX },
    { "dot without digits", "[1.]", JSON_SYNTAX },
    { "exponent without digits", "[1e]", JSON_SYNTAX },
    { "NaN", "[NaN]", JSON_SYNTAX },
    { "comment", "[1/*x*/]", JSON_SYNTAX },
    { "control character in string", "[\"a\nb\"]", JSON_SYNTAX },
    { "bad escape", "[\"\\x41\"]", JSON_SYNTAX },
    { "short unicode escape", "[\"\\u00g0\"]", JSON_SYNTAX },
    { "escape at the end", "[\"\\", JSON_SYNTAX },
    { "overlong utf-8", "[\"\xc0\xaf\"]", JSON_SYNTAX },
    { "utf-8 surrogate", "[\"\xed\xa0\x80\"]", JSON_SYNTAX },
    { "utf-8 cut short", "[\"\xe2\x82\"]", JSON_SYNTAX },
    { "utf-8 four bytes", "[\"\xf0\x9f\x98\x80\"]", JSON_OK },
    { "unpaired surrogate escape", "[\"\\ud800\"]", JSON_OK },
    { "depth 8", "[[[[[[[[1]]]]]]]]", JSON_OK },
    { "depth 9", "[[[[[[[[[1]]]]]]]]]", JSON_TOO_DEEP },
    { "duplicate", "{\"a\":1,\"a\":2}", JSON_DUPLICATE },
    { "duplicate by escape", "{\"colibriClass\":1,\"\\u0063olibriClass\":2}", JSON_DUPLICATE },
    { "duplicate by surrogate pair", "{\"\xf0\x9f\x98\x80\":1,\"\\ud83d\\ude00\":2}", JSON_DUPLICATE },
    { "duplicate further down", "{\"x\":{\"y\":[{\"a\":1,\"a\":1}]}}", JSON_DUPLICATE },
    { "same name in sisters", "{\"x\":{\"a\":1},\"y\":{\"a\":1},\"a\":1}", JSON_OK },
    { "names differ in case", "{\"a\":1,\"A\":1}", JSON_OK },
    { "empty names twice", "{\"\":1,\"\":1}", JSON_DUPLICATE },
};

/* A heap block of the exact size, so that a sanitizer sees one byte too many. */
static JsonStatus check_exact(const char *text)
{
    size_t len = strlen(text);
    char *copy = malloc(len ? len : 1);
    memcpy(copy, text, len);
    JsonStatus status = json_text_check(copy, len);
    if (status == JSON_OK) {
        JsonSpan name, value;
        JsonWalk walk = json_walk(json_text_root(copy, len));
        while (json_walk_next(&walk, *copy == '{' ? &name : NULL, &value))
            g_assert_cmpint(json_span_kind(value), !=, 0);
    }
    free(copy);
    return status;
}

static void test_case(gconstpointer data)
{
    const Case *c = data;
    g_assert_cmpint(check_exact(c->text), ==, c->want);
}

/* Every prefix of a sound text but the whole is unsound, and none is read past its end. */
static void test_prefixes(void)
{
    const char *text = "{\"a\\u00e9\":[1,-2.5e3,\"\xc3\xa9\\n\"],\"b\":{\"c\":null,\"d\":true}}";
    for (size_t len = 0; len < strlen(text); len++) {
        g_autofree char *prefix = g_strndup(text, len);
        g_assert_cmpint(check_exact(prefix), ==, JSON_SYNTAX);
    }
    g_assert_cmpint(check_exact(text), ==, JSON_OK);
}

static void test_too_many_members(void)
{
    g_autoptr(GString) text = g_string_new("{\"n0\":0");
    for (int i = 1; i < JSON_MAX_MEMBERS; i++)
        g_string_append_printf(text, ",\"n%d\":0", i);
    g_autofree char *full = g_strconcat(text->str, "}", NULL);
    g_assert_cmpint(check_exact(full), ==, JSON_OK);
    g_string_append(text, ",\"one more\":0}");
    g_assert_cmpint(check_exact(text->str), ==, JSON_TOO_MANY);
}

static JsonSpan member(const char *text, const char *name)
{
    g_assert_cmpint(json_text_check(text, strlen(text)), ==, JSON_OK);
    return json_member(json_text_root(text, strlen(text)), name);
}

static void test_reading(void)
{
    const char *text = " { \"s\" : \"a\\\"\\u00e9\\ud83d\\ude00\" , \"i\":-42, \"big\":4294967295, \"f\":1.5,"
                       "\"t\":true, \"n\":null, \"l\":[ 1 ,\"two\",[3],{\"x\":\"]}\"} ], \"z\":\"\\u0000\","
                       "\"lone\":\"\\udc00\" } ";
    char buf[16];
    int64_t n;
    bool flag = false;
    g_assert_true(json_span_string(member(text, "s"), buf, sizeof(buf)));
    g_assert_cmpstr(buf, ==, "a\"\xc3\xa9\xf0\x9f\x98\x80");
    g_assert_false(json_span_string(member(text, "s"), buf, 8)); /* 8 bytes and no room for the NUL */
    g_assert_true(json_span_string(member(text, "s"), buf, 9));
    g_assert_false(json_span_string(member(text, "z"), buf, sizeof(buf)));
    g_assert_false(json_span_string(member(text, "lone"), buf, sizeof(buf)));
    g_assert_false(json_span_string(member(text, "i"), buf, sizeof(buf)));
    g_assert_true(json_span_int(member(text, "i"), -42, 0, &n));
    g_assert_cmpint(n, ==, -42);
    g_assert_false(json_span_int(member(text, "i"), -41, 0, &n));
    g_assert_true(json_span_int(member(text, "big"), 0, UINT32_MAX, &n));
    g_assert_cmpint(n, ==, UINT32_MAX);
    g_assert_false(json_span_int(member(text, "f"), -10, 10, &n));
    g_assert_false(json_span_int(member(text, "s"), -10, 10, &n));
    g_assert_true(json_span_bool(member(text, "t"), &flag));
    g_assert_true(flag);
    g_assert_false(json_span_bool(member(text, "n"), &flag));
    g_assert_cmpint(json_span_kind(member(text, "n")), ==, 'n');
    g_assert_cmpint(json_span_kind(member(text, "absent")), ==, 0);
    g_assert_cmpuint(json_span_count(member(text, "l")), ==, 4);
    g_assert_cmpuint(json_span_count(member(text, "s")), ==, 0);
}

static void test_int_range(void)
{
    static const struct {
        const char *text;
        bool ok;
    } rows[] = { { "[9223372036854775807]", false },
                 { "[999999999999999999]", true },
                 { "[-999999999999999999]", true },
                 { "[99999999999999999999]", false },
                 { "[1e3]", false },
                 { "[0]", true } };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        JsonSpan value;
        int64_t n;
        JsonWalk walk = json_walk(json_text_root(rows[i].text, strlen(rows[i].text)));
        g_assert_true(json_walk_next(&walk, NULL, &value));
        g_assert_cmpint(json_span_int(value, INT64_MIN, INT64_MAX, &n), ==, rows[i].ok);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD_ROWS("/channel/json", cases, test_case);
    g_test_add_func("/channel/json/every prefix", test_prefixes);
    g_test_add_func("/channel/json/too many members", test_too_many_members);
    g_test_add_func("/channel/json/reading", test_reading);
    g_test_add_func("/channel/json/integers", test_int_range);
    return g_test_run();
}
