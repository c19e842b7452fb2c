/* SPDX-License-Identifier: Apache-2.0
 *
 * The series of /metrics (doc/metrics.md; the registry adds the prefix jitsi_jvb_). Control thread. */
#ifndef PLENUM_BRIDGE_STATS_METRICS_H
#define PLENUM_BRIDGE_STATS_METRICS_H

#include "bridge/bridge.h"
#include "common/base/metrics.h"

typedef struct {
    double stress, rx_loss, tx_loss, rtt_ms;
    bool healthy, joined;
    unsigned largest, last_n, visitors, oversending, threads;
} StatsGauges;

typedef struct StatsMetrics StatsMetrics;
/* Makes the series in metrics, which is borrowed. */
StatsMetrics *stats_metrics_new(Metrics *metrics);
/* Refreshes every series from what is true now. */
void stats_metrics_set(StatsMetrics *m, const Bridge *b, const WorkerTotals *totals, const StatsGauges *gauges);
void stats_metrics_free(StatsMetrics *m);

#endif
