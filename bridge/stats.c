/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/stats.h"
#include <glib/gprintf.h>
#include <json-glib/json-glib.h>
#include <string.h>
#include "bridge/load.h"
#include "bridge/load_reducer.h"
#include "bridge/stats_metrics.h"
#include "common/base/clock.h"

#define HIGH_LOSS 0.1f

struct Stats {
    /* set at birth */
    Bridge *bridge;
    StatsConfig config;
    StatsMetrics *metrics;
    /* control */
    WorkerTotals totals[WORKERS_MAX]; /* last ones of each worker */
    CpuTimes cpu;
    int64_t cpu_us;
    double stress;
    LoadReducer reducer;
    guint poll_source;
};

/* ---- polling ---- */

static void poll_conference(Conference *c, gpointer data)
{
    bridge_request_snapshot(((Stats *)data)->bridge, c, NULL, 0, false);
}

static void reduce_load(Stats *s, int64_t now_us)
{
    if (!bridge_env(s->bridge)->config->load.reduce_last_n || !s->config.limit_last_n)
        return;
    WorkerTotals totals = stats_totals(s);
    s->config.limit_last_n(s->config.user, load_reducer_step(&s->reducer, s->stress, totals.most_forwarded, now_us));
}

static void sample_cpu(Stats *s)
{
    CpuTimes now;
    int64_t now_us = clock_now_us();
    if (s->cpu_us && now_us - s->cpu_us < LOAD_INTERVAL_S * INT64_C(1000000) - 500000)
        return;
    if (!load_read(&now))
        return;
    if (s->cpu_us)
        s->stress = load_share(&s->cpu, &now) / bridge_env(s->bridge)->config->load.threshold;
    s->cpu = now;
    s->cpu_us = now_us;
    reduce_load(s, now_us);
}

static gboolean on_poll(gpointer data)
{
    Stats *s = data;
    BridgeEnv *env = bridge_env(s->bridge);
    sample_cpu(s);
    for (unsigned i = 0; i < s->config.n_workers; i++)
        env->media.post(env->media.user, i, worker_command_new(WORKER_SNAPSHOT, 0, 0, 0));
    bridge_each(s->bridge, poll_conference, s);
    return G_SOURCE_CONTINUE;
}

void stats_on_snapshot(Stats *s, const WorkerEvent *ev)
{
    if (ev->worker < WORKERS_MAX)
        s->totals[ev->worker] = ev->snapshot.totals;
}

double stats_stress(const Stats *s)
{
    return s->stress;
}

static void add_totals(WorkerTotals *sum, const WorkerTotals *t)
{
    sum->rx_datagrams += t->rx_datagrams, sum->rx_bytes += t->rx_bytes;
    sum->rx_rtp += t->rx_rtp, sum->rx_rtcp += t->rx_rtcp;
    sum->tx_datagrams += t->tx_datagrams, sum->tx_bytes += t->tx_bytes;
    sum->tx_rtp += t->tx_rtp, sum->tx_rtcp += t->tx_rtcp, sum->tx_calls += t->tx_calls;
    sum->retransmitted += t->retransmitted;
    sum->nacks_in += t->nacks_in, sum->nacks_out += t->nacks_out;
    sum->keyframe_requests_in += t->keyframe_requests_in, sum->keyframe_requests_out += t->keyframe_requests_out;
    sum->padding_bytes += t->padding_bytes;
    sum->cache_hits += t->cache_hits, sum->cache_misses += t->cache_misses;
    sum->numbers_filled += t->numbers_filled;
    sum->rtcp_senders_evicted += t->rtcp_senders_evicted;
    sum->stun_in += t->stun_in, sum->dtls_in += t->dtls_in, sum->handed_over += t->handed_over;
    sum->shared_out += t->shared_out, sum->shared_in += t->shared_in;
    for (int i = 0; i < WORKER_DROPS; i++)
        sum->drops[i] += t->drops[i];
    for (int i = 0; i < WORKER_LIMITS; i++)
        sum->limits[i] += t->limits[i];
    sum->rx_packets_per_s += t->rx_packets_per_s, sum->tx_packets_per_s += t->tx_packets_per_s;
    sum->rx_bps += t->rx_bps, sum->tx_bps += t->tx_bps;
    sum->busy_us += t->busy_us;
    sum->delay_p50_us = MAX(sum->delay_p50_us, t->delay_p50_us);
    sum->delay_p99_us = MAX(sum->delay_p99_us, t->delay_p99_us);
    sum->most_forwarded = MAX(sum->most_forwarded, t->most_forwarded);
    sum->active_endpoints += t->active_endpoints;
    sum->pool_buffers += t->pool_buffers, sum->pool_in_use += t->pool_in_use;
}

WorkerTotals stats_totals(const Stats *s)
{
    WorkerTotals sum = { 0 };
    for (unsigned i = 0; i < s->config.n_workers && i < WORKERS_MAX; i++)
        add_totals(&sum, &s->totals[i]);
    return sum;
}

/* ---- the list ---- */

typedef struct {
    unsigned largest, inactive_conferences, p2p_conferences;
    unsigned visitors, active, receive_only, oversending, high_loss, disconnected;
    double rtt_sum, rx_loss_sum, tx_loss_sum;
    unsigned n_rtt, n_loss;
} Sums;

static void sum_conference(Conference *c, gpointer data)
{
    Sums *sums = data;
    GHashTableIter iter;
    gpointer value;
    unsigned senders = 0, size = conference_size(c);
    g_hash_table_iter_init(&iter, c->endpoints);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        const Endpoint *ep = value;
        bool sends = ep->has_stats && ep->stats.rx_bps > 0 && ep->n_sources > 0;
        senders += sends;
        sums->visitors += ep->visitor;
        sums->receive_only += ep->n_sources == 0;
        sums->disconnected += !ep->active;
        if (!ep->has_stats)
            continue;
        sums->active += ep->stats.connected;
        sums->oversending += ep->stats.oversending;
        sums->high_loss += ep->stats.tx_loss > HIGH_LOSS;
        sums->rx_loss_sum += ep->stats.rx_loss;
        sums->tx_loss_sum += ep->stats.tx_loss;
        sums->n_loss++;
        if (ep->stats.rtt_ms > 0) {
            sums->rtt_sum += ep->stats.rtt_ms;
            sums->n_rtt++;
        }
    }
    sums->largest = MAX(sums->largest, size);
    sums->inactive_conferences += senders == 0;
    sums->p2p_conferences += senders == 0 && size == 2;
}

static void put(GArray *list, const char *name, StatKind kind, const char *format, ...) G_GNUC_PRINTF(4, 5);
static void put(GArray *list, const char *name, StatKind kind, const char *format, ...)
{
    Stat stat = { .name = name, .kind = kind };
    va_list args;
    va_start(args, format);
    g_vsnprintf(stat.value, sizeof(stat.value), format, args);
    va_end(args);
    g_array_append_val(list, stat);
}

static void put_count(GArray *list, const char *name, uint64_t n)
{
    put(list, name, STAT_NUMBER, "%" G_GUINT64_FORMAT, n);
}

/* Numbers with a fraction: a comma as decimal point (locale) would be no number to anyone. */
static void put_real(GArray *list, const char *name, double value)
{
    char text[G_ASCII_DTOSTR_BUF_SIZE];
    put(list, name, STAT_NUMBER, "%s", g_ascii_formatd(text, sizeof(text), "%.4f", value));
}

static void put_bool(GArray *list, const char *name, bool value)
{
    put(list, name, STAT_BOOL, "%s", value ? "true" : "false");
}

static void put_state(const Stats *s, GArray *list)
{
    const BridgeConfig *config = bridge_env(s->bridge)->config;
    bool joined = s->config.joined && s->config.joined(s->config.user);
    const char *unhealthy = s->config.unhealthy ? s->config.unhealthy(s->config.user) : NULL;
    g_autoptr(GDateTime) now = g_date_time_new_now_utc();
    g_autofree char *stamp = g_date_time_format(now, "%Y-%m-%d %H:%M:%S");
    put(list, "version", STAT_TEXT, "%s", s->config.version);
    if (config->bridge.region[0])
        put(list, "region", STAT_TEXT, "%s", config->bridge.region);
    if (config->bridge.relay_id[0])
        put(list, "relay_id", STAT_TEXT, "%s", config->bridge.relay_id);
    put(list, "current_timestamp", STAT_TEXT, "%s.%03d", stamp, g_date_time_get_microsecond(now) / 1000);
    put_real(list, "stress_level", s->stress);
    put_real(list, "average_participant_stress", config->load.participant_stress);
    put_bool(list, "healthy", unhealthy == NULL);
    put_bool(list, "drain", bridge_is_draining(s->bridge));
    put_bool(list, "graceful_shutdown", bridge_state(s->bridge) != BRIDGE_RUNNING);
    put_bool(list, "shutting_down", bridge_state(s->bridge) == BRIDGE_SHUTTING_DOWN);
    put_count(list, "threads", s->config.n_workers + 1);
    put_count(list, "muc_clients_configured", config->xmpp.host[0] != 0);
    put_count(list, "muc_clients_connected", joined);
    put_count(list, "mucs_configured", config->xmpp.host[0] != 0);
    put_count(list, "mucs_joined", joined);
}

static void put_people(const Stats *s, GArray *list, const Sums *sums)
{
    const BridgeCounters *n = &bridge_env(s->bridge)->counters;
    unsigned endpoints = bridge_n_endpoints(s->bridge);
    put_count(list, "conferences", bridge_n_conferences(s->bridge));
    put_count(list, "largest_conference", sums->largest);
    put_count(list, "inactive_conferences", sums->inactive_conferences);
    put_count(list, "p2p_conferences", sums->p2p_conferences);
    put_count(list, "octo_conferences", 0);
    put_count(list, "total_conferences_created", n->conferences_created);
    put_count(list, "total_conferences_completed", n->conferences_completed);
    put_count(list, "total_conference_seconds", n->conference_us / 1000000);
    put_count(list, "endpoints", endpoints);
    put_count(list, "participants", endpoints);
    put_count(list, "local_endpoints", endpoints);
    put_count(list, "local_active_endpoints", sums->active);
    put_count(list, "octo_endpoints", 0);
    put_count(list, "visitors", sums->visitors);
    put_count(list, "receive_only_endpoints", sums->receive_only);
    put_count(list, "inactive_endpoints", endpoints - MIN(sums->active, endpoints));
    put_count(list, "num_eps_oversending", sums->oversending);
    put_count(list, "endpoints_with_high_outgoing_loss", sums->high_loss);
    put_count(list, "endpoints_disconnected", n->endpoints_disconnected);
    put_count(list, "endpoints_reconnected", n->endpoints_reconnected);
    put_count(list, "total_participants", n->participants);
    put_count(list, "total_visitors", n->visitors);
    put_count(list, "num_eps_no_msg_transport_after_delay", n->no_channel_after_delay);
    put_count(list, "total_ice_succeeded", n->ice_succeeded);
    put_count(list, "total_ice_failed", n->ice_failed);
    put_count(list, "endpoints_ice_failed", n->ice_failed);
    put_count(list, "dtls_failed_endpoints", n->dtls_failed);
    put_count(list, "total_dominant_speaker_changes", n->dominant_speaker_changes);
    put_count(list, "total_data_channel_messages_received", n->data_channel_received);
    put_count(list, "total_data_channel_messages_sent", n->data_channel_sent);
    put_count(list, "total_colibri_web_socket_messages_received", n->websocket_received);
    put_count(list, "total_colibri_web_socket_messages_sent", n->websocket_sent);
}

static void put_network(const Stats *s, GArray *list, const Sums *sums)
{
    WorkerTotals t = stats_totals(s);
    unsigned n = MAX(sums->n_loss, 1);
    put_count(list, "bit_rate_download", t.rx_bps / 1000);
    put_count(list, "bit_rate_upload", t.tx_bps / 1000);
    put_count(list, "packet_rate_download", t.rx_packets_per_s);
    put_count(list, "packet_rate_upload", t.tx_packets_per_s);
    put_real(list, "rtt_aggregate", sums->n_rtt ? sums->rtt_sum / sums->n_rtt : 0);
    put_real(list, "incoming_loss", sums->rx_loss_sum / n);
    put_real(list, "outgoing_loss", sums->tx_loss_sum / n);
    put_real(list, "overall_loss", (sums->rx_loss_sum + sums->tx_loss_sum) / (2 * n));
    put_count(list, "total_packets_received", t.rx_datagrams);
    put_count(list, "total_packets_sent", t.tx_datagrams);
    put_count(list, "total_bytes_received", t.rx_bytes);
    put_count(list, "total_bytes_sent", t.tx_bytes);
}

GArray *stats_list(const Stats *s)
{
    GArray *list = g_array_new(FALSE, FALSE, sizeof(Stat));
    Sums sums = { 0 };
    bridge_each(s->bridge, sum_conference, &sums);
    put_state(s, list);
    put_people(s, list, &sums);
    put_network(s, list, &sums);
    return list;
}

char *stats_json(const Stats *s)
{
    g_autoptr(GArray) list = stats_list(s);
    g_autoptr(JsonBuilder) json = json_builder_new();
    json_builder_begin_object(json);
    for (guint i = 0; i < list->len; i++) {
        const Stat *one = &g_array_index(list, Stat, i);
        json_builder_set_member_name(json, one->name);
        if (one->kind == STAT_TEXT)
            json_builder_add_string_value(json, one->value);
        else if (one->kind == STAT_BOOL)
            json_builder_add_boolean_value(json, strcmp(one->value, "true") == 0);
        else if (strchr(one->value, '.'))
            json_builder_add_double_value(json, g_ascii_strtod(one->value, NULL));
        else
            json_builder_add_int_value(json, (gint64)g_ascii_strtoull(one->value, NULL, 10));
    }
    json_builder_end_object(json);
    g_autoptr(JsonNode) root = json_builder_get_root(json);
    return json_to_string(root, FALSE);
}

/* ---- life ---- */

static void on_collect(gpointer data)
{
    Stats *s = data;
    Sums sums = { 0 };
    bridge_each(s->bridge, sum_conference, &sums);
    WorkerTotals totals = stats_totals(s);
    unsigned n = MAX(sums.n_loss, 1);
    stats_metrics_set(s->metrics, s->bridge, &totals,
                      &(StatsGauges){
                          .stress = s->stress,
                          .healthy = !s->config.unhealthy || !s->config.unhealthy(s->config.user),
                          .joined = s->config.joined && s->config.joined(s->config.user),
                          .largest = sums.largest,
                          .last_n = (unsigned)s->reducer.last_n,
                          .visitors = sums.visitors,
                          .oversending = sums.oversending,
                          .rx_loss = sums.rx_loss_sum / n,
                          .tx_loss = sums.tx_loss_sum / n,
                          .rtt_ms = sums.n_rtt ? sums.rtt_sum / sums.n_rtt : 0,
                          .threads = s->config.n_workers + 1,
                      });
}

Stats *stats_new(Bridge *b, const StatsConfig *config, Metrics *metrics)
{
    Stats *s = g_new0(Stats, 1);
    s->bridge = b;
    s->config = *config;
    s->metrics = stats_metrics_new(metrics);
    metrics_on_collect(metrics, on_collect, s);
    sample_cpu(s);
    s->poll_source = g_timeout_add_seconds(STATS_POLL_S, on_poll, s);
    return s;
}

void stats_free(Stats *s)
{
    if (!s)
        return;
    g_source_remove(s->poll_source);
    stats_metrics_free(s->metrics);
    g_free(s);
}
