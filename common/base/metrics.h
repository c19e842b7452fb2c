/* SPDX-License-Identifier: Apache-2.0
 *
 * Named counters and gauges and their texts: OpenMetrics 1.0 and JSON. The registry belongs to the control
 * thread; a Metric's value may be changed by any thread (one relaxed atomic add, no lock). doc/metrics.md lists all. */
#ifndef PLENUM_COMMON_BASE_METRICS_H
#define PLENUM_COMMON_BASE_METRICS_H

#include <glib.h>
#include <stdatomic.h>
#include <stdint.h>

#define METRICS_MAX_SERIES 4096 /* of one registry; beyond it new ones get a shared sink that is not shown */

typedef struct Metrics Metrics;
typedef struct {
    _Atomic int64_t value;
} Metric;

/* prefix goes before each name in OpenMetrics, such as "jitsi_jicofo_"; JSON has the bare names. */
Metrics *metrics_new(const char *prefix);
void metrics_free(Metrics *m); /* with all its Metrics; NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Metrics, metrics_free)

/* The series `name` with label=label_value (label NULL: none, else label_value is any text); made on first use, the
 * same pointer later, never NULL, valid until metrics_free. name and label: [a-z0-9_], literals of ours. Counters
 * only grow and are written with the suffix _total. One name has one type and label (asserted) and the help of its
 * first use. Texts are copied. */
Metric *metrics_counter(Metrics *m, const char *name, const char *help, const char *label, const char *label_value);
Metric *metrics_gauge(Metrics *m, const char *name, const char *help, const char *label, const char *label_value);
/* A gauge whose shown value is value / scale: scale 1000 shows 1234 as 1.234. scale > 0. */
Metric *metrics_gauge_scaled(Metrics *m, const char *name, const char *help, int64_t scale);
/* No longer shown (a bridge that left); asking for it again shows it from 0. The pointer stays valid. NULL is fine. */
void metrics_hide(Metrics *m, Metric *metric);
/* Called on the control thread before each text is made, to refresh gauges; for good, so user must outlive the last
 * text. */
void metrics_on_collect(Metrics *m, void (*collect)(gpointer user), gpointer user);

char *metrics_to_openmetrics(Metrics *m); /* caller frees; ends in "# EOF\n" */
/* Object: name -> number, or name -> {label value -> number}; caller frees. */
char *metrics_to_json(Metrics *m);

/* Any thread. n >= 0 for counters; gauges are set, or moved by add. */
static inline void metric_add(Metric *metric, int64_t n)
{
    atomic_fetch_add_explicit(&metric->value, n, memory_order_relaxed);
}
static inline void metric_set(Metric *metric, int64_t v)
{
    atomic_store_explicit(&metric->value, v, memory_order_relaxed);
}
static inline int64_t metric_get(const Metric *metric)
{
    return atomic_load_explicit(&((Metric *)metric)->value, memory_order_relaxed);
}

#endif
