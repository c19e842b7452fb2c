/* SPDX-License-Identifier: Apache-2.0
 *
 * What bench.json promises to whoever reads it: which cases there are, and which fields each of them has. */
#include "tests/bench/bench_json.h"
#include "tests/bench/bench_list.h"

#include <glib.h>
#include <json-glib/json-glib.h>
#include <string.h>

typedef struct {
    const char *scene;
    unsigned receivers, burst, workers;
    size_t payload;
} Row; /* with each of the two profiles */

static const Row rows[] = {
    { "video", 1, 8, 1, 1200 },     { "video", 10, 8, 1, 1200 },   { "video", 50, 8, 1, 1200 },
    { "video", 1, 8, 2, 1200 },     { "video", 10, 8, 2, 1200 },   { "video", 50, 8, 2, 1200 },
    { "audio", 1, 1, 1, 120 },      { "audio", 10, 1, 1, 120 },    { "audio", 50, 1, 1, 120 },
    { "audio", 1, 1, 2, 120 },      { "audio", 10, 1, 2, 120 },    { "audio", 50, 1, 2, 120 },
    { "v-spread", 50, 8, 2, 1200 }, { "a-spread", 50, 1, 2, 120 }, { "mixed", 5, 3, 1, 1200 },
    { "half", 10, 8, 1, 1200 },     { "sparse", 2, 1, 1, 1200 },   { "room50", 50, 1, 1, 1200 },
    { "storm", 10, 8, 1, 1200 },
};

static const BenchCase *find(const BenchCase *cases, size_t n, const Row *row, SrtpProfile profile)
{
    for (size_t i = 0; i < n; i++) {
        const BenchCase *c = &cases[i];
        if (strcmp(c->scene, row->scene) == 0 && c->receivers == row->receivers && c->burst == row->burst &&
            c->workers == row->workers && c->payload == row->payload && c->profile == profile)
            return c;
    }
    return NULL;
}

static void test_list(void)
{
    BenchCase cases[BENCH_CASES_MAX];
    size_t bursts, n = bench_list(cases, BENCH_CASES_MAX, &bursts);
    g_assert_cmpuint(n, ==, 2 * G_N_ELEMENTS(rows));
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_assert_nonnull(find(cases, n, &rows[i], SRTP_PROFILE_CM80));
        g_assert_nonnull(find(cases, n, &rows[i], SRTP_PROFILE_GCM128));
    }
    for (size_t i = 0; i < n; i++) {
        g_assert_true(i < bursts || bench_list_scene(cases[i].scene));
        for (size_t k = 0; k < i; k++)
            g_assert_cmpstr(cases[i].name, !=, cases[k].name);
    }
    g_assert_null(bench_list_scene("video"));
    g_assert_cmpuint(bench_list(cases, 3, &bursts), ==, 3); /* no more than there is room for */
}

/* What is written, parsed again. */
static JsonParser *written(const BenchCase *cases, size_t n)
{
    static const BenchConditions conditions = { .heap_idle = 58000, .heap_active = 900000, .passes = 5 };
    g_autofree char *text = NULL;
    size_t len = 0;
    FILE *f = open_memstream(&text, &len);
    g_autoptr(GError) error = NULL;
    JsonParser *parser = json_parser_new();
    bench_json_write(f, &conditions, cases, n);
    fclose(f);
    json_parser_load_from_data(parser, text, (gssize)len, &error);
    g_assert_no_error(error);
    return parser;
}

static JsonArray *cases_of(JsonParser *parser)
{
    return json_object_get_array_member(json_node_get_object(json_parser_get_root(parser)), "cases");
}

static void assert_number(JsonObject *o, const char *name)
{
    JsonNode *value = json_object_get_member(o, name);
    if (!value || !JSON_NODE_HOLDS_VALUE(value) ||
        (json_node_get_value_type(value) != G_TYPE_INT64 && json_node_get_value_type(value) != G_TYPE_DOUBLE))
        g_error("%s is no number", name);
}

static void test_every_case_has_every_field(void)
{
    static const char *const numbers[] = { "receivers",      "payload", "burst",  "workers",   "lost",
                                           "fwd_per_s_core", "p50_us",  "p99_us", "heap_idle", "heap_active" };
    BenchCase cases[BENCH_CASES_MAX];
    size_t bursts, n = bench_list(cases, BENCH_CASES_MAX, &bursts);
    for (size_t i = 0; i < n; i++) {
        cases[i].done = true;
        cases[i].bridge_ns = 2000;
        cases[i].ratio = 0.8;
    }
    g_autoptr(JsonParser) parser = written(cases, n);
    JsonArray *list = cases_of(parser);
    g_assert_cmpuint(json_array_get_length(list), ==, n);
    for (unsigned i = 0; i < n; i++) {
        JsonObject *o = json_array_get_object_element(list, i);
        g_assert_cmpstr(json_object_get_string_member(o, "scene"), ==, cases[i].scene);
        g_assert_cmpstr(json_object_get_string_member(o, "profile"), ==, bench_profile_name(cases[i].profile));
        g_assert_cmpfloat_with_epsilon(json_object_get_double_member(o, "ratio"), 0.8, 0.001);
        for (size_t k = 0; k < G_N_ELEMENTS(numbers); k++)
            assert_number(o, numbers[k]);
        g_assert_cmpint(json_object_get_int_member(o, "fwd_per_s_core"), ==, 500000);
        g_assert_cmpint(json_object_get_int_member(o, "heap_idle"), ==, 58000);
    }
}

/* A case without a raw loop has no ratio, one that was not run is not there, and nothing is no number. */
static void test_storm_and_what_is_missing(void)
{
    BenchCase cases[] = {
        { .scene = "video", .done = false },
        { .scene = "storm",
          .done = true,
          .handshakes_per_s = 400,
          .handshake_us = 600,
          .before_p99_us = 300,
          .p99_us = 500 },
        { .scene = "mixed", .done = true, .p99_us = 70, .p999_us = 90 },
    };
    g_autoptr(JsonParser) parser = written(cases, G_N_ELEMENTS(cases));
    JsonArray *list = cases_of(parser);
    g_assert_cmpuint(json_array_get_length(list), ==, 2);
    JsonObject *storm = json_array_get_object_element(list, 0);
    g_assert_true(json_object_get_null_member(storm, "ratio"));
    g_assert_cmpfloat_with_epsilon(json_object_get_double_member(storm, "handshakes_per_s"), 400, 0.01);
    g_assert_cmpfloat_with_epsilon(json_object_get_double_member(storm, "handshake_cpu_us"), 600, 0.01);
    g_assert_cmpint(json_object_get_int_member(storm, "before_p99_us"), ==, 300);
    g_assert_cmpint(json_object_get_int_member(storm, "p99_us"), ==, 500);
    g_assert_cmpint(json_object_get_int_member(storm, "fwd_per_s_core"), ==, 0);
    JsonObject *mixed = json_array_get_object_element(list, 1);
    g_assert_false(json_object_has_member(mixed, "handshakes_per_s"));
    assert_number(mixed, "p999_us");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/bench/json/list", test_list);
    g_test_add_func("/bench/json/fields", test_every_case_has_every_field);
    g_test_add_func("/bench/json/storm", test_storm_and_what_is_missing);
    return g_test_run();
}
