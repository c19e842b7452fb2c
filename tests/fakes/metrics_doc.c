/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fakes/metrics_doc.h"

#include <stdbool.h>
#include <string.h>

static char *read_doc(void)
{
    g_autofree char *path = g_test_build_filename(G_TEST_DIST, "doc", "metrics.md", NULL);
    char *text;
    GError *error = NULL;
    g_file_get_contents(path, &text, NULL, &error);
    g_assert_no_error(error);
    return text;
}

/* "{reason}" when the samples of that name have a label. */
static char *label_of(const char *openmetrics, const char *sample)
{
    g_autofree char *start = g_strdup_printf("\n%s{", sample);
    const char *at = strstr(openmetrics, start);
    if (!at)
        return g_strdup("");
    at += strlen(start);
    return g_strdup_printf("{%.*s}", (int)strcspn(at, "="), at);
}

/* jingle_session_accept_sent -> jingle_ACTION_sent, and the name behind the colon of its HELP likewise. */
static void generalise(const char *prefix, char **name, char **help)
{
    g_autofree char *jingle = g_strconcat(prefix, "jingle_", NULL);
    if (!g_str_has_prefix(*name, jingle))
        return;
    char *way = strrchr(*name, '_');
    g_assert_nonnull(strrchr(*help, ':'));
    char *general_name = g_strconcat(jingle, "ACTION", way, NULL);
    char *general_help = g_strdup_printf("%.*s: ACTION.", (int)(strrchr(*help, ':') - *help), *help);
    g_free(*name);
    g_free(*help);
    *name = general_name;
    *help = general_help;
}

static GHashTable *rows_of_registry(const char *openmetrics, const char *prefix)
{
    GHashTable *rows = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_auto(GStrv) lines = g_strsplit(openmetrics, "\n", -1);
    for (char **line = lines; *line; line++) {
        if (!g_str_has_prefix(*line, "# TYPE "))
            continue;
        g_auto(GStrv) words = g_strsplit(*line, " ", 4);
        const char *help_line = line[1] ? line[1] : "";
        g_assert_true(g_str_has_prefix(help_line, "# HELP "));
        char *name = g_strdup(words[2]), *help = g_strdup(help_line + strlen("# HELP ") + strlen(name) + 1);
        const char *suffix = strcmp(words[3], "counter") == 0 ? "_total" : "";
        g_autofree char *sample = g_strconcat(name, suffix, NULL);
        g_autofree char *label = label_of(openmetrics, sample);
        generalise(prefix, &name, &help);
        g_hash_table_add(rows, g_strdup_printf("| `%s%s%s` | %s | %s |", name, suffix, label, words[3], help));
        g_free(name);
        g_free(help);
    }
    return rows;
}

void metrics_doc_check(const char *openmetrics, const char *prefix)
{
    g_autoptr(GHashTable) rows = rows_of_registry(openmetrics, prefix);
    g_autofree char *doc = read_doc();
    g_auto(GStrv) lines = g_strsplit(doc, "\n", -1);
    g_autofree char *begin = g_strdup_printf("| `%s", prefix);
    bool wrong = false;
    g_assert_cmpuint(g_hash_table_size(rows), >, 0);
    for (char **line = lines; *line; line++) {
        if (!g_str_has_prefix(*line, begin) || g_hash_table_remove(rows, *line))
            continue;
        g_test_message("doc/metrics.md has what is no series: %s", *line);
        wrong = true;
    }
    GHashTableIter it;
    gpointer row;
    for (g_hash_table_iter_init(&it, rows); g_hash_table_iter_next(&it, &row, NULL);) {
        g_test_message("doc/metrics.md lacks: %s", (const char *)row);
        wrong = true;
    }
    g_assert_false(wrong);
}

void metrics_doc_check_names(const char *heading, const char *(*name)(unsigned i), unsigned n)
{
    g_autofree char *doc = read_doc();
    const char *at = strstr(doc, heading);
    if (!at)
        g_error("doc/metrics.md lacks %s", heading);
    const char *next = strstr(at, "\n#"); /* the heading itself begins behind its line's start */
    g_autofree char *section = g_strndup(at, next ? (size_t)(next - at) : strlen(at));
    for (unsigned i = 0; i < n; i++) {
        g_autofree char *row = g_strdup_printf("\n| `%s` |", name(i));
        if (!strstr(section, row))
            g_error("doc/metrics.md, %s, lacks %s", heading, name(i));
    }
    unsigned rows = 0;
    for (const char *p = section; (p = strstr(p, "\n| `")); p++)
        rows++;
    g_assert_cmpuint(rows, ==, n);
}
