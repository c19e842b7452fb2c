/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/stats_metrics.h"
#include <string.h>

/* Where a value comes from: an offset into one of the structs below. */
typedef enum { FROM_COUNTERS, FROM_TOTALS } Origin;
typedef struct {
    const char *name, *help;
    Origin origin;
    size_t offset; /* of a uint64_t */
    bool gauge;
} Row;

#define COUNTER(name, field, help)                                                                                     \
    {                                                                                                                  \
        name, help, FROM_COUNTERS, offsetof(BridgeCounters, field), false                                              \
    }
#define TOTAL(name, field, help)                                                                                       \
    {                                                                                                                  \
        name, help, FROM_TOTALS, offsetof(WorkerTotals, field), false                                                  \
    }
#define RATE(name, field, help)                                                                                        \
    {                                                                                                                  \
        name, help, FROM_TOTALS, offsetof(WorkerTotals, field), true                                                   \
    }

static const Row rows[] = {
    COUNTER("conferences_created", conferences_created, "Conferences created"),
    COUNTER("conferences_completed", conferences_completed, "Conferences that ended"),
    COUNTER("endpoints", participants, "Endpoints created"),
    COUNTER("visitors", visitors, "Visitors among the endpoints created"),
    COUNTER("ice_succeeded", ice_succeeded, "Endpoints whose ICE connected"),
    COUNTER("ice_failed", ice_failed, "Endpoints whose ICE failed"),
    COUNTER("endpoints_ice_failed", ice_failed, "Endpoints whose ICE failed"),
    COUNTER("websocket_connections_refused", http_connections_refused,
            "Connections closed because too many were waiting, or one for too long"),
    COUNTER("conferences_superseded", conferences_superseded, "Conferences whose focus began anew"),
    COUNTER("notifications_sent", notifications_sent, "Lost endpoints that their focus was told of"),
    COUNTER("xmpp_disconnects", xmpp_disconnects,
            "Losses of the XMPP stream and failed attempts; /about/ready says why"),
    COUNTER("notifications_refused", notifications_refused, "Notifications that a focus answered with an error"),
    COUNTER("consent_lost", consent_lost, "Endpoints that stopped answering consent checks"),
    COUNTER("ice_restarts_started", ice_restarts_started, "In-place ICE restarts begun"),
    COUNTER("ice_restarts_succeeded", ice_restarts_succeeded, "In-place ICE restarts that took over"),
    COUNTER("ice_restarts_failed", ice_restarts_failed, "In-place ICE restarts given up"),
    COUNTER("ice_restarts_rejected", ice_restarts_refused, "In-place ICE restarts refused"),
    COUNTER("endpoints_dtls_failed", dtls_failed, "Endpoints whose DTLS failed"),
    COUNTER("endpoints_disconnected", endpoints_disconnected, "Times an endpoint fell silent"),
    COUNTER("endpoints_reconnected", endpoints_reconnected, "Times a silent endpoint came back"),
    COUNTER("endpoints_no_message_transport_after_delay", no_channel_after_delay,
            "Endpoints without a message channel"),
    COUNTER("dominant_speaker_changes", dominant_speaker_changes, "Changes of the dominant speaker"),
    COUNTER("data_channel_messages_received", data_channel_received, "Messages received on data channels"),
    COUNTER("data_channel_messages_sent", data_channel_sent, "Messages sent on data channels"),
    COUNTER("colibri_web_socket_messages_received", websocket_received, "Messages received on websockets"),
    COUNTER("colibri_web_socket_messages_sent", websocket_sent, "Messages sent on websockets"),
    COUNTER("colibri_web_sockets_opened", websockets_opened, "Websockets accepted"),
    COUNTER("colibri_web_sockets_refused", websockets_refused, "Websockets refused for their URL"),
    COUNTER("messages_rate_limited", messages_limited, "Messages of clients dropped by the rate limit"),
    COUNTER("messages_refused", messages_bad, "Messages of clients that were not well-formed"),
    COUNTER("messages_unsent", messages_unsent, "Messages a client's channel did not take"),
    COUNTER("worker_commands_refused", commands_refused, "Commands a media worker's inbox did not take"),
    COUNTER("colibri_requests", requests, "conference-modify requests"),
    COUNTER("colibri_requests_failed", requests_failed, "conference-modify requests answered by an error"),
    TOTAL("packets_received", rx_datagrams, "Datagrams received"),
    TOTAL("bytes_received", rx_bytes, "Bytes received"),
    TOTAL("packets_sent", tx_datagrams, "Datagrams sent"),
    TOTAL("bytes_sent", tx_bytes, "Bytes sent"),
    TOTAL("rtp_received", rx_rtp, "RTP packets received"),
    TOTAL("rtp_sent", tx_rtp, "RTP packets sent"),
    TOTAL("retransmitted", retransmitted, "Packets sent again"),
    TOTAL("nacks_received", nacks_in, "NACKs received"),
    TOTAL("nacks_sent", nacks_out, "NACKs sent"),
    TOTAL("keyframe_requests_received", keyframe_requests_in, "PLI and FIR received"),
    TOTAL("keyframe_requests_sent", keyframe_requests_out, "PLI and FIR sent"),
    TOTAL("retransmission_cache_hits", cache_hits, "Packets asked for again that could be sent"),
    TOTAL("retransmission_cache_misses", cache_misses, "Packets asked for again that had left the cache"),
    TOTAL("padding_bytes_sent", padding_bytes, "Probing bytes sent"),
    TOTAL("sequence_numbers_filled", numbers_filled, "Empty packets sent in the place of video that came too late"),
    TOTAL("rtcp_senders_evicted", rtcp_senders_evicted, "SRTCP senders forgotten for newer ones of their endpoint"),
    TOTAL("send_calls", tx_calls, "System calls that sent"),
    TOTAL("shared_packets", shared_out, "Packets given to other media workers for receivers there"),
    TOTAL("worker_busy_us", busy_us, "CPU time of the media workers, microseconds"),
    RATE("incoming_packet_rate", rx_packets_per_s, "Datagrams received, a second"),
    RATE("outgoing_packet_rate", tx_packets_per_s, "Datagrams sent, a second"),
    RATE("incoming_bitrate", rx_bps, "Bits received, a second"),
    RATE("outgoing_bitrate", tx_bps, "Bits sent, a second"),
};

struct StatsMetrics {
    Metric *rows[G_N_ELEMENTS(rows)];
    Metric *drops[WORKER_DROPS], *limits[WORKER_LIMITS];
    Metric *conference_seconds, *conferences, *current_endpoints, *local_endpoints, *current_visitors, *largest,
        *oversending, *stress, *healthy, *drain, *graceful, *shutting_down, *muc_connected, *rx_loss, *tx_loss, *loss,
        *rtt, *threads, *delay_p50, *delay_p99, *active, *pool_in_use, *last_n;
};

StatsMetrics *stats_metrics_new(Metrics *metrics)
{
    StatsMetrics *m = g_new0(StatsMetrics, 1);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        m->rows[i] = (rows[i].gauge ? metrics_gauge : metrics_counter)(metrics, rows[i].name, rows[i].help, NULL, NULL);
    for (int i = 0; i < WORKER_DROPS; i++)
        m->drops[i] = metrics_counter(metrics, "dropped_packets", "Packets that went no further, by reason", "reason",
                                      worker_drop_name((WorkerDrop)i));
    for (int i = 0; i < WORKER_LIMITS; i++)
        m->limits[i] = metrics_counter(metrics, "limits_reached", "Times a limit was reached, by limit", "limit",
                                       worker_limit_name((WorkerLimit)i));
    m->conference_seconds =
        metrics_counter(metrics, "conference_seconds", "Duration of ended conferences, seconds", NULL, NULL);
    m->conferences = metrics_gauge(metrics, "conferences", "Conferences now", NULL, NULL);
    m->current_endpoints = metrics_gauge(metrics, "current_endpoints", "Endpoints now", NULL, NULL);
    m->local_endpoints = metrics_gauge(metrics, "local_endpoints", "Endpoints now that are no relay's", NULL, NULL);
    m->current_visitors = metrics_gauge(metrics, "current_visitors", "Visitors now", NULL, NULL);
    m->largest = metrics_gauge(metrics, "largest_conference", "Endpoints of the largest conference", NULL, NULL);
    m->oversending = metrics_gauge(metrics, "endpoints_oversending", "Endpoints sent more than estimated", NULL, NULL);
    m->stress = metrics_gauge_scaled(
        metrics, "stress", "CPU share of the machine over [load] threshold; 1: as much as it should carry", 1000);
    m->healthy = metrics_gauge(metrics, "healthy", "1: the bridge is healthy", NULL, NULL);
    m->drain = metrics_gauge(metrics, "drain_mode", "1: no new conferences wanted", NULL, NULL);
    m->graceful = metrics_gauge(metrics, "graceful_shutdown", "1: ends when empty", NULL, NULL);
    m->shutting_down = metrics_gauge(metrics, "shutting_down", "1: about to exit", NULL, NULL);
    m->muc_connected = metrics_gauge(metrics, "muc_clients_connected", "1: in the bridges' room", NULL, NULL);
    m->rx_loss = metrics_gauge_scaled(metrics, "incoming_loss_fraction", "Packets of clients lost, 0 to 1", 10000);
    m->tx_loss = metrics_gauge_scaled(metrics, "outgoing_loss_fraction", "Packets toward clients lost, 0 to 1", 10000);
    m->loss = metrics_gauge_scaled(metrics, "loss_fraction", "Mean of both, 0 to 1", 10000);
    m->rtt = metrics_gauge_scaled(metrics, "average_rtt", "Mean round trip to clients, ms", 1000);
    m->threads = metrics_gauge(metrics, "thread_count", "Media workers and the control thread", NULL, NULL);
    m->delay_p50 = metrics_gauge(metrics, "forward_delay_p50_us",
                                 "Receive to send, median of the slowest worker, microseconds", NULL, NULL);
    m->delay_p99 = metrics_gauge(metrics, "forward_delay_p99_us",
                                 "Receive to send, 99th percentile of the slowest worker, microseconds", NULL, NULL);
    m->active = metrics_gauge(metrics, "active_endpoints", "Endpoints with media in the last 10 s", NULL, NULL);
    m->pool_in_use = metrics_gauge(metrics, "packet_buffers_in_use", "Packet buffers in use", NULL, NULL);
    m->last_n =
        metrics_gauge(metrics, "load_last_n", "Videos for each endpoint because of load; 0: no limit", NULL, NULL);
    return m;
}

static int64_t scaled(double value, int64_t scale)
{
    return (int64_t)(value * (double)scale + 0.5);
}

void stats_metrics_set(StatsMetrics *m, const Bridge *b, const WorkerTotals *totals, const StatsGauges *g)
{
    const BridgeCounters *counters = &bridge_env(b)->counters;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        const char *base = rows[i].origin == FROM_COUNTERS ? (const char *)counters : (const char *)totals;
        uint64_t value;
        memcpy(&value, base + rows[i].offset, sizeof(value));
        metric_set(m->rows[i], (int64_t)value);
    }
    for (int i = 0; i < WORKER_DROPS; i++)
        metric_set(m->drops[i], (int64_t)totals->drops[i]);
    for (int i = 0; i < WORKER_LIMITS; i++)
        metric_set(m->limits[i], (int64_t)totals->limits[i]);
    metric_set(m->conference_seconds, (int64_t)(counters->conference_us / 1000000));
    metric_set(m->conferences, bridge_n_conferences(b));
    metric_set(m->current_endpoints, bridge_n_endpoints(b));
    metric_set(m->local_endpoints, bridge_n_endpoints(b));
    metric_set(m->current_visitors, g->visitors);
    metric_set(m->largest, g->largest);
    metric_set(m->last_n, g->last_n);
    metric_set(m->oversending, g->oversending);
    metric_set(m->stress, scaled(g->stress, 1000));
    metric_set(m->healthy, g->healthy);
    metric_set(m->drain, bridge_is_draining(b));
    metric_set(m->graceful, bridge_state(b) != BRIDGE_RUNNING);
    metric_set(m->shutting_down, bridge_state(b) == BRIDGE_SHUTTING_DOWN);
    metric_set(m->muc_connected, g->joined);
    metric_set(m->rx_loss, scaled(g->rx_loss, 10000));
    metric_set(m->tx_loss, scaled(g->tx_loss, 10000));
    metric_set(m->loss, scaled((g->rx_loss + g->tx_loss) / 2, 10000));
    metric_set(m->rtt, scaled(g->rtt_ms, 1000));
    metric_set(m->threads, g->threads);
    metric_set(m->delay_p50, totals->delay_p50_us);
    metric_set(m->delay_p99, totals->delay_p99_us);
    metric_set(m->active, totals->active_endpoints);
    metric_set(m->pool_in_use, totals->pool_in_use);
}

void stats_metrics_free(StatsMetrics *m)
{
    g_free(m);
}
