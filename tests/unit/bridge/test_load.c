/* SPDX-License-Identifier: Apache-2.0 */
#include <glib.h>
#include "bridge/load.h"
#include "bridge/load_reducer.h"
#include "tests/fakes/rows.h"

typedef struct {
    const char *name, *before, *now;
    double want;
} Case;

static const Case cases[] = {
    { "idle", "cpu  0 0 0 0 0 0 0 0 0 0\n", "cpu  0 0 0 900 100 0 0 0 0 0\n", 0 },
    { "half", "cpu  100 0 0 100 0 0 0 0 0 0\ncpu0 1", "cpu  140 0 10 150 0 0 0 0 0 0\ncpu0 1", 0.5 },
    { "stolen time counts", "cpu  0 0 0 0 0 0 0 0 0 0\n", "cpu  20 0 0 60 0 0 0 20 20 0\n", 0.4 },
    { "no time passed", "cpu  5 0 0 5\n", "cpu  5 0 0 5\n", 0 },
    { "counters went back", "cpu  50 0 0 50\n", "cpu  5 0 0 5\n", 0 },
};

static void test_case(gconstpointer data)
{
    const Case *c = data;
    CpuTimes before, now;
    g_assert_true(load_parse(c->before, &before));
    g_assert_true(load_parse(c->now, &now));
    g_assert_cmpfloat_with_epsilon(load_share(&before, &now), c->want, 1e-9);
}

static void test_not_understood(void)
{
    CpuTimes out;
    g_assert_false(load_parse("", &out));
    g_assert_false(load_parse("intr 1 2 3 4", &out));
    g_assert_false(load_parse("cpu 1 2", &out));
}

/* A minute of each step, a row: the load then, and what everybody may be sent. */
static void test_reducer(void)
{
    static const struct {
        double stress;
        unsigned most;
        int want;
    } rows[] = { { 0.9, 20, 0 },  { 1, 20, 15 },   { 1.2, 15, 11 }, { 1, 11, 8 },   { 0.9, 8, 8 },
                 { 0.79, 8, 10 }, { 0.5, 10, 12 }, { 1, 2, 1 },     { 1, 1, 1 },    { 0.1, 1, 2 },
                 { 0.1, 2, 3 },   { 0.1, 3, 4 },   { 0.1, 4, 5 },   { 0.1, 5, 6 },  { 0.1, 6, 7 },
                 { 0.1, 7, 8 },   { 0.1, 8, 10 },  { 0.1, 9, 12 },  { 0.1, 9, 15 }, { 0.1, 9, 18 },
                 { 0.1, 9, 22 },  { 0.1, 9, 27 },  { 0.1, 9, 33 },  { 0.1, 9, 0 },  { 3, 0, 0 } };
    LoadReducer r = { 0 };
    int64_t now_us = 1;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++, now_us += LOAD_REDUCER_IMPACT_US) {
        g_test_message("row %zu", i);
        g_assert_cmpint(load_reducer_step(&r, rows[i].stress, rows[i].most, now_us), ==, rows[i].want);
    }
    /* Nothing more until what was done shows. */
    now_us += LOAD_REDUCER_IMPACT_US;
    g_assert_cmpint(load_reducer_step(&r, 2, 12, now_us), ==, 9);
    g_assert_cmpint(load_reducer_step(&r, 2, 9, now_us + LOAD_REDUCER_IMPACT_US - 1), ==, 9);
    g_assert_cmpint(load_reducer_step(&r, 0, 9, now_us + LOAD_REDUCER_IMPACT_US - 1), ==, 9);
    g_assert_cmpint(load_reducer_step(&r, 2, 9, now_us + LOAD_REDUCER_IMPACT_US), ==, 6);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD_ROWS("/bridge/load", cases, test_case);
    g_test_add_func("/bridge/load/not understood", test_not_understood);
    g_test_add_func("/bridge/load/reducer", test_reducer);
    return g_test_run();
}
