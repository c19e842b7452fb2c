/* SPDX-License-Identifier: Apache-2.0 */
#include "common/base/metrics.h"

static void count_collect(gpointer user)
{
    metric_add(user, 1);
}

static void test_texts(void)
{
    g_autoptr(Metrics) m = metrics_new("p_");
    metric_add(metrics_counter(m, "made", "Made \"so\" far.", NULL, NULL), 3);
    metric_set(metrics_gauge(m, "load", "By bridge.", "jvb", "a\"b\\c\nd"), -7);
    Metric *second = metrics_gauge(m, "load", "By bridge.", "jvb", "two");
    metric_set(second, 2);
    metric_set(metrics_gauge_scaled(m, "stress", "Share.", 1000), 1234);
    metrics_on_collect(m, count_collect, metrics_gauge(m, "collected", "Texts made.", NULL, NULL));
    g_autofree char *text = metrics_to_openmetrics(m);
    g_assert_cmpstr(
        text, ==,
        "# TYPE p_made counter\n# HELP p_made Made \\\"so\\\" far.\np_made_total 3\n"
        "# TYPE p_load gauge\n# HELP p_load By bridge.\np_load{jvb=\"a\\\"b\\\\c\\nd\"} -7\np_load{jvb=\"two\"} 2\n"
        "# TYPE p_stress gauge\n# HELP p_stress Share.\np_stress 1.234\n"
        "# TYPE p_collected gauge\n# HELP p_collected Texts made.\np_collected 1\n# EOF\n");
    metrics_hide(m, second);
    metrics_hide(m, metrics_counter(m, "gone", "Not shown.", NULL, NULL));
    g_autofree char *json = metrics_to_json(m);
    g_assert_cmpstr(json, ==, "{\"made\":3,\"load\":{\"a\\\"b\\\\c\\nd\":-7},\"stress\":1.234,\"collected\":2}");
    g_assert_true(metrics_gauge(m, "load", "By bridge.", "jvb", "two") == second);
    g_assert_cmpint(metric_get(second), ==, 0);
}

static void test_limit(void)
{
    g_autoptr(Metrics) m = metrics_new("");
    Metric *last = NULL;
    for (unsigned i = 0; i < METRICS_MAX_SERIES; i++) {
        g_autofree char *name = g_strdup_printf("s%u", i);
        last = metrics_gauge(m, name, "x", NULL, NULL);
    }
    Metric *sink = metrics_gauge(m, "beyond", "x", "l", "1");
    g_assert_true(sink != last);
    g_assert_true(sink == metrics_gauge(m, "beyond", "x", "l", "2"));
    g_assert_true(sink == metrics_gauge(m, "without_label", "x", NULL, NULL));
    metric_set(sink, 5);
    g_autofree char *text = metrics_to_openmetrics(m);
    g_assert_null(g_strstr_len(text, -1, "beyond{"));
    g_assert_null(g_strstr_len(text, -1, "without_label 5"));
    g_autofree char *json = metrics_to_json(m);
    g_assert_true(g_str_has_suffix(json, "\"beyond\":{}}"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/base/metrics/texts", test_texts);
    g_test_add_func("/base/metrics/limit", test_limit);
    return g_test_run();
}
