/* SPDX-License-Identifier: Apache-2.0
 *
 * The bridge's numbers under the names others know them by (doc/protocols.md, Bridges and their room): one list
 * serves presence, /colibri/stats and /metrics. Totals of the workers and numbers of endpoints are those of the last
 * snapshot, asked for every STATS_POLL_S. Control thread, default main context. */
#ifndef PLENUM_BRIDGE_STATS_H
#define PLENUM_BRIDGE_STATS_H

#include "bridge/bridge.h"
#include "common/base/metrics.h"

#define STATS_POLL_S 5

typedef struct Stats Stats;

typedef struct {
    const char *version;
    unsigned n_workers;
    /* Our XMPP side; for muc_clients_* and mucs_*. May be NULL. */
    bool (*joined)(gpointer user);
    const char *(*unhealthy)(gpointer user); /* NULL result: healthy. May be NULL */
    gpointer user;
    /* Last-n for everybody, 0 for no limit (load_reducer.h); with [load] reduce_last_n after each measurement. May be NULL */
    void (*limit_last_n)(gpointer user, int last_n);
} StatsConfig;

/* Adds its series to metrics and begins to poll. Copies the configuration; b, metrics and its texts must outlive it,
 * and no text of metrics may be made after stats_free. */
Stats *stats_new(Bridge *b, const StatsConfig *config, Metrics *metrics);
void stats_free(Stats *s); /* NULL is fine */
/* A snapshot the poll asked for; others are ignored. */
void stats_on_snapshot(Stats *s, const WorkerEvent *ev);

double stats_stress(const Stats *s); /* CPU share over [load] threshold; 0 before the second sample */
/* Sum of the workers' last totals. */
WorkerTotals stats_totals(const Stats *s);

typedef enum { STAT_NUMBER, STAT_TEXT, STAT_BOOL } StatKind;
typedef struct {
    const char *name; /* static */
    StatKind kind;
    char value[256]; /* as in presence; as long as a text of the configuration may be */
} Stat;
/* A fresh list of Stat; g_array_unref it. */
GArray *stats_list(const Stats *s);
char *stats_json(const Stats *s); /* caller frees */

#endif
