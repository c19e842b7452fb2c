/* SPDX-License-Identifier: Apache-2.0 */
#include "common/base/metrics.h"

#include <string.h>

typedef struct {
    Metric metric;     /* first: a Metric * is a Series * */
    char *label_value; /* NULL: no label */
    gboolean hidden;
} Series;

typedef struct {
    char *name, *help, *label;
    gboolean counter;
    int64_t scale;
    GPtrArray *series;
} Family;

typedef struct {
    void (*collect)(gpointer user);
    gpointer user;
} Collector;

struct Metrics {
    char *prefix;
    GPtrArray *families; /* in order of birth */
    GHashTable *by_name;
    GArray *collectors;
    guint n_series;
    Series sink;
};

static void series_free(gpointer p)
{
    Series *s = p;
    g_free(s->label_value);
    g_free(s);
}

static void family_free(gpointer p)
{
    Family *f = p;
    g_free(f->name);
    g_free(f->help);
    g_free(f->label);
    g_ptr_array_unref(f->series);
    g_free(f);
}

Metrics *metrics_new(const char *prefix)
{
    Metrics *m = g_new0(Metrics, 1);
    m->prefix = g_strdup(prefix);
    m->families = g_ptr_array_new_with_free_func(family_free);
    m->by_name = g_hash_table_new(g_str_hash, g_str_equal);
    m->collectors = g_array_new(FALSE, FALSE, sizeof(Collector));
    return m;
}

void metrics_free(Metrics *m)
{
    if (!m)
        return;
    g_hash_table_unref(m->by_name);
    g_ptr_array_unref(m->families);
    g_array_unref(m->collectors);
    g_free(m->prefix);
    g_free(m);
}

static Metric *find_or_add(Metrics *m, const char *name, const char *help, const char *label, const char *label_value,
                           gboolean counter, int64_t scale)
{
    Family *f = g_hash_table_lookup(m->by_name, name);
    if (!f) {
        f = g_new0(Family, 1);
        f->name = g_strdup(name);
        f->help = g_strdup(help);
        f->label = g_strdup(label);
        f->counter = counter;
        f->scale = scale;
        f->series = g_ptr_array_new_with_free_func(series_free);
        g_ptr_array_add(m->families, f);
        g_hash_table_insert(m->by_name, f->name, f);
    }
    g_assert(f->counter == counter && g_strcmp0(f->label, label) == 0);
    for (guint i = 0; i < f->series->len; i++) {
        Series *s = g_ptr_array_index(f->series, i);
        if (g_strcmp0(s->label_value, label ? label_value : NULL) == 0) {
            if (s->hidden)
                metric_set(&s->metric, 0);
            s->hidden = FALSE;
            return &s->metric;
        }
    }
    if (m->n_series == METRICS_MAX_SERIES)
        return &m->sink.metric;
    m->n_series++;
    Series *s = g_new0(Series, 1);
    s->label_value = label ? g_strdup(label_value) : NULL;
    g_ptr_array_add(f->series, s);
    return &s->metric;
}

Metric *metrics_counter(Metrics *m, const char *name, const char *help, const char *label, const char *label_value)
{
    return find_or_add(m, name, help, label, label_value, TRUE, 1);
}

Metric *metrics_gauge(Metrics *m, const char *name, const char *help, const char *label, const char *label_value)
{
    return find_or_add(m, name, help, label, label_value, FALSE, 1);
}

Metric *metrics_gauge_scaled(Metrics *m, const char *name, const char *help, int64_t scale)
{
    g_assert(scale > 0);
    return find_or_add(m, name, help, NULL, NULL, FALSE, scale);
}

void metrics_hide(Metrics *m, Metric *metric)
{
    if (metric && metric != &m->sink.metric)
        ((Series *)(void *)metric)->hidden = TRUE;
}

void metrics_on_collect(Metrics *m, void (*collect)(gpointer user), gpointer user)
{
    Collector c = { collect, user };
    g_array_append_val(m->collectors, c);
}

static void collect_all(Metrics *m)
{
    for (guint i = 0; i < m->collectors->len; i++) {
        const Collector *c = &g_array_index(m->collectors, Collector, i);
        c->collect(c->user);
    }
}

static void append_value(GString *out, const Family *f, const Series *s)
{
    int64_t v = metric_get(&s->metric);
    char text[G_ASCII_DTOSTR_BUF_SIZE];
    if (f->scale == 1)
        g_string_append_printf(out, "%" G_GINT64_FORMAT, (gint64)v);
    else
        g_string_append(out, g_ascii_formatd(text, sizeof(text), "%.10g", (double)v / (double)f->scale));
}

static void append_escaped(GString *out, const char *text, gboolean json)
{
    for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
        if (*p == '"' || *p == '\\')
            g_string_append_c(out, '\\');
        if (*p == '\n')
            g_string_append(out, "\\n");
        else if (*p < 0x20 && json)
            g_string_append_printf(out, "\\u%04x", *p);
        else
            g_string_append_c(out, (char)*p);
    }
}

char *metrics_to_openmetrics(Metrics *m)
{
    collect_all(m);
    GString *out = g_string_new(NULL);
    for (guint i = 0; i < m->families->len; i++) {
        const Family *f = g_ptr_array_index(m->families, i);
        g_string_append_printf(out, "# TYPE %s%s %s\n# HELP %s%s ", m->prefix, f->name,
                               f->counter ? "counter" : "gauge", m->prefix, f->name);
        append_escaped(out, f->help, FALSE);
        g_string_append_c(out, '\n');
        for (guint k = 0; k < f->series->len; k++) {
            const Series *s = g_ptr_array_index(f->series, k);
            if (s->hidden)
                continue;
            g_string_append_printf(out, "%s%s%s", m->prefix, f->name, f->counter ? "_total" : "");
            if (s->label_value) {
                g_string_append_printf(out, "{%s=\"", f->label);
                append_escaped(out, s->label_value, FALSE);
                g_string_append(out, "\"}");
            }
            g_string_append_c(out, ' ');
            append_value(out, f, s);
            g_string_append_c(out, '\n');
        }
    }
    g_string_append(out, "# EOF\n");
    return g_string_free(out, FALSE);
}

char *metrics_to_json(Metrics *m)
{
    collect_all(m);
    GString *out = g_string_new("{");
    for (guint i = 0; i < m->families->len; i++) {
        const Family *f = g_ptr_array_index(m->families, i);
        const Series *only = !f->label && f->series->len > 0 ? g_ptr_array_index(f->series, 0) : NULL;
        if (!f->label && (!only || only->hidden)) /* made beyond the limit, or hidden */
            continue;
        g_string_append_printf(out, "%s\"%s\":", out->len > 1 ? "," : "", f->name);
        if (only) {
            append_value(out, f, only);
            continue;
        }
        gboolean first = TRUE;
        g_string_append_c(out, '{');
        for (guint k = 0; k < f->series->len; k++) {
            const Series *s = g_ptr_array_index(f->series, k);
            if (s->hidden)
                continue;
            g_string_append(out, first ? "\"" : ",\"");
            append_escaped(out, s->label_value, TRUE);
            g_string_append(out, "\":");
            append_value(out, f, s);
            first = FALSE;
        }
        g_string_append_c(out, '}');
    }
    g_string_append_c(out, '}');
    return g_string_free(out, FALSE);
}
