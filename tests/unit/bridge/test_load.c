/* SPDX-License-Identifier: Apache-2.0 */
#include <glib.h>
#include "bridge/load.h"

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

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strdup_printf("/bridge/load/%s", cases[i].name);
        g_test_add_data_func(path, &cases[i], test_case);
    }
    g_test_add_func("/bridge/load/not understood", test_not_understood);
    return g_test_run();
}
