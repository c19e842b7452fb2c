/* SPDX-License-Identifier: Apache-2.0
 *
 * plenum-bridge: wires the parts and runs the loop, nothing else. Birth order matters in one place: the XMPP
 * link reserves its low file descriptor before the workers open their sockets. Death is in reverse. */
#include <config.h>

#include <glib-unix.h>
#include <string.h>
#include "bridge/admin.h"
#include "bridge/brewery.h"
#include "bridge/channel/colibri_ws.h"
#include "bridge/channel/ws_target.h"
#include "bridge/transport/dtls.h"
#include "common/base/listen_address.h"
#include "common/base/clock.h"
#include "common/base/daemon.h"

#define GOODBYE_MS 300 /* for the last stanzas to leave */

typedef struct {
    const BridgeConfig *config;
    GMainLoop *loop;
    LocalCandidate candidates[CANDIDATES_MAX], public_candidates[CANDIDATES_MAX];
    Workers *workers;
    BridgeEnv env;
    Bridge *bridge;
    Metrics *metrics;
    Stats *stats;
    HttpAdmin *http;
    Admin *admin;
    Captures *captures; /* NULL: not configured */
    ColibriWs *web_sockets;
    Brewery *brewery; /* NULL: no XMPP */
    guint events_source, quit_source;
} App;

/* ---- media workers ---- */

static unsigned media_choose(void *user)
{
    return workers_choose(((App *)user)->workers);
}

static unsigned media_place(void *user, uint64_t conference)
{
    return workers_place(((App *)user)->workers, conference);
}

static uint32_t media_shares(void *user, uint64_t conference)
{
    return workers_shares(((App *)user)->workers, conference);
}

static bool media_post(void *user, unsigned worker, WorkerCommand *c)
{
    return workers_post(((App *)user)->workers, worker, c);
}

static gboolean on_worker_events(gint fd, GIOCondition condition, gpointer data)
{
    App *app = data;
    WorkerEvent *ev;
    while ((ev = workers_next_event(app->workers))) {
        bridge_on_event(app->bridge, ev);
        worker_event_free(ev);
    }
    return G_SOURCE_CONTINUE;
}

static bool gather(App *app, GError **error)
{
    const BridgeConfig *c = app->config;
    AnnouncedAddress announced[CANDIDATE_ANNOUNCED_MAX];
    Tuple only[WORKER_ADDRESSES_MAX];
    size_t n_announced = 0, n_only = 0;
    /* The check of the configuration has seen that each of them is one; the table, that they are not too many. */
    for (ConfigList one = c->ice.announce; *one && n_announced < CANDIDATE_ANNOUNCED_MAX; one++)
        n_announced += bridge_config_announced(*one, &announced[n_announced]);
    for (ConfigList one = c->ice.addresses; *one && n_only < WORKER_ADDRESSES_MAX; one++)
        n_only += tuple_parse(*one, 0, 0, &only[n_only]);
    CandidateOptions options = {
        .port = (uint16_t)c->ice.port,
        .ipv4 = c->ice.ipv4,
        .ipv6 = c->ice.ipv6,
        .loopback = c->ice.include_loopback,
        .link_local = c->ice.link_local,
        .announced = announced,
        .n_announced = n_announced,
        .only = only,
        .n_only = n_only,
    };
    app->env.candidates = app->candidates;
    app->env.public_candidates = app->public_candidates;
    app->env.n_candidates = candidates_gather(&options, app->candidates);
    options.hide_private = !c->ice.advertise_private;
    app->env.n_public_candidates = candidates_gather(&options, app->public_candidates);
    if (app->env.n_candidates == 0) {
        /* Not a wrong configuration: an interface may come up later, and systemd starts us again. */
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                    "no local address to use for [ice] addresses; include_loopback = true also uses 127.0.0.1");
    }
    return app->env.n_candidates > 0;
}

static bool start_workers(App *app, GError **error)
{
    const BridgeConfig *c = app->config;
    char problem[256] = "";
    WorkersConfig config = {
        .count = (unsigned)c->media.workers,
        .port = (uint16_t)c->ice.port,
        .trust_bwe = c->media.trust_bwe,
        .start_bps = c->media.start_bitrate_kbps * 1000,
        .max_bps = c->media.max_bitrate_kbps * 1000,
        .no_oversend = !c->media.allow_oversend_onstage,
        .gso = c->media.gso,
        .silence_events = c->media.silence_events,
        .loudest = (uint32_t)c->media.loudest,
        .spread_percent = (uint32_t)c->media.spread_at,
        .silence_packets = c->media.silence_packets ? (int32_t)c->media.silence_packets : -1,
    };
    for (size_t i = 0; i < app->env.n_candidates && config.n_addresses < WORKER_ADDRESSES_MAX; i++)
        if (app->candidates[i].type == CANDIDATE_HOST)
            config.addresses[config.n_addresses++] = app->candidates[i].addr;
    for (ConfigList one = c->media.last_n_limits; *one && config.n_last_n_limits < LAST_N_STEPS_MAX; one++)
        config.n_last_n_limits += bridge_config_last_n_limit(*one, &config.last_n_limits[config.n_last_n_limits]);
    app->workers = workers_new(&config, problem, sizeof(problem));
    if (!app->workers)
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED, "media, [ice] port = %u: %s", config.port, problem);
    return app->workers != NULL;
}

/* ---- what the bridge tells us ---- */

static void on_state_changed(gpointer user)
{
    App *app = user;
    if (app->brewery)
        brewery_publish(app->brewery);
}

static gboolean on_goodbye_over(gpointer data)
{
    App *app = data;
    app->quit_source = 0;
    g_main_loop_quit(app->loop);
    return G_SOURCE_REMOVE;
}

static void on_empty(gpointer user)
{
    App *app = user;
    log_notice(NULL, "nobody is left: ending");
    if (app->brewery)
        brewery_leave(app->brewery);
    if (app->quit_source == 0)
        app->quit_source = g_timeout_add(GOODBYE_MS, on_goodbye_over, app);
}

static void limit_last_n(gpointer user, int last_n)
{
    workers_limit_last_n(((App *)user)->workers, last_n);
}

static void on_snapshot(const WorkerEvent *ev, gpointer user)
{
    App *app = user;
    stats_on_snapshot(app->stats, ev);
    admin_on_snapshot(app->admin, ev);
}

static void on_endpoint_lost(const Endpoint *ep, const char *why, gpointer user)
{
    App *app = user;
    if (app->brewery)
        brewery_tell_lost(app->brewery, ep, why);
}

static bool is_joined(gpointer user)
{
    return brewery_is_joined(((App *)user)->brewery);
}

static const char *unhealthy(gpointer user)
{
    return ((App *)user)->workers ? NULL : "no media workers";
}

static const char *not_ready(gpointer user)
{
    App *app = user;
    if (app->brewery && !brewery_is_joined(app->brewery))
        return brewery_trouble(app->brewery) ? brewery_trouble(app->brewery) : "not in the bridges' room";
    return bridge_is_draining(app->bridge) ? "draining" : NULL;
}

/* ---- WebSockets ---- */

static uint64_t ws_authorize(const char *conference, const char *endpoint, const char *password, gpointer user)
{
    App *app = user;
    Conference *c = bridge_find_id(app->bridge, conference);
    Endpoint *ep = c ? conference_find(c, endpoint) : NULL;
    if (ep && ws_password_matches(password, ep->ws_password))
        return ep->handle;
    app->env.counters.websockets_refused++;
    return 0;
}

static void ws_opened(uint64_t endpoint, Carrier socket, gpointer user)
{
    App *app = user;
    Endpoint *ep = bridge_find_endpoint(app->bridge, endpoint);
    app->env.counters.websockets_opened++;
    if (ep)
        endpoint_web_socket_opened(ep, socket);
}

static void ws_text(uint64_t endpoint, const char *text, size_t len, gpointer user)
{
    Endpoint *ep = bridge_find_endpoint(((App *)user)->bridge, endpoint);
    if (ep)
        endpoint_on_message(ep, false, text, len);
}

static void ws_closed(uint64_t endpoint, const void *socket, gpointer user)
{
    Endpoint *ep = bridge_find_endpoint(((App *)user)->bridge, endpoint);
    if (ep)
        endpoint_web_socket_closed(ep, socket);
}

static void ws_refused(gpointer user)
{
    ((App *)user)->env.counters.http_connections_refused++;
}

static const ColibriWsEvents ws_events = {
    .authorize = ws_authorize, .opened = ws_opened, .text = ws_text, .closed = ws_closed, .refused = ws_refused
};

/* ---- life ---- */

static void app_free(gpointer data)
{
    App *app = data;
    if (app->quit_source)
        g_source_remove(app->quit_source);
    if (app->events_source)
        g_source_remove(app->events_source);
    admin_free(app->admin);
    http_admin_free(app->http);
    if (app->bridge)
        bridge_free(app->bridge);
    colibri_ws_free(app->web_sockets);
    stats_free(app->stats);
    brewery_free(app->brewery);
    g_clear_pointer(&app->metrics, metrics_free);
    sctp_clock_free(app->env.sctp);
    g_clear_pointer(&app->env.dtls, dtls_context_free);
    workers_free(app->workers);
    captures_free(app->captures); /* after those who write into them */
    g_free(app);
}

static bool start_http(App *app, GError **error)
{
    const BridgeConfig *c = app->config;
    g_autofree char *address = NULL;
    guint16 port;
    listen_address_parse(c->http.private_listener, &address, &port);
    HttpAdminConfig config = { .address = address,
                               .port = port,
                               .token = c->http.token,
                               .name = "plenum-bridge",
                               .version = PACKAGE_VERSION,
                               .metrics = app->metrics,
                               .health = unhealthy,
                               .ready = not_ready,
                               .user = app };
    app->http = http_admin_new(&config, error);
    if (!app->http)
        return false;
    app->admin = admin_new(app->http, app->bridge, app->stats);
    if (c->debug.capture_directory[0])
        admin_set_captures(app->admin, app->captures = captures_new(c->debug.capture_directory));
    if (!c->websocket.enabled)
        return true;
    g_clear_pointer(&address, g_free);
    listen_address_parse(c->http.public_listener, &address, &port);
    app->web_sockets = colibri_ws_new(address, port, c->websocket.server_id, &ws_events, app, error);
    if (!app->web_sockets)
        g_prefix_error(error, "[http] public = %s: ", c->http.public_listener);
    return app->web_sockets != NULL;
}

static bool start_parts(App *app, GError **error)
{
    const BridgeConfig *c = app->config;
    app->env.config = c;
    app->env.media = (MediaPort){ media_choose, media_place, media_shares, media_post, worker_ice_credentials, app };
    if (c->xmpp.host[0])
        app->brewery = brewery_new(&(BreweryConfig){ c, PACKAGE_VERSION, unhealthy, app });
    app->env.dtls = dtls_context_new(clock_now_us());
    app->env.sctp = c->media.sctp ? sctp_clock_new() : NULL;
    if (!app->env.dtls || (c->media.sctp && !app->env.sctp)) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED, "DTLS or SCTP cannot be set up");
        return false;
    }
    if (!gather(app, error) || !start_workers(app, error))
        return false;
    app->bridge =
        bridge_new(&app->env, &(BridgeEvents){ on_state_changed, on_empty, on_snapshot, on_endpoint_lost, app });
    app->metrics = metrics_new("jitsi_jvb_");
    app->stats = stats_new(
        app->bridge,
        &(StatsConfig){ PACKAGE_VERSION, workers_count(app->workers), is_joined, unhealthy, app, limit_last_n },
        app->metrics);
    if (!start_http(app, error))
        return false;
    app->events_source = g_unix_fd_add(workers_event_fd(app->workers), G_IO_IN, on_worker_events, app);
    if (app->brewery)
        brewery_start(app->brewery, app->bridge, app->stats);
    return true;
}

static gpointer start(const void *config, GMainLoop *loop, GError **error)
{
    App *app = g_new0(App, 1);
    app->config = config;
    app->loop = loop;
    if (!start_parts(app, error)) {
        app_free(app);
        return NULL;
    }
    log_notice(NULL, "plenum-bridge %s: UDP port %u, %u workers, %zu candidates, HTTP port %u", PACKAGE_VERSION,
               workers_port(app->workers), workers_count(app->workers), app->env.n_candidates,
               http_admin_port(app->http));
    return app;
}

static void drain(gpointer data)
{
    bridge_shut_down(((App *)data)->bridge);
}

/* Ended by a second signal, the room has not been left yet: do it, and give the words a moment to leave. */
static void stop(gpointer data)
{
    App *app = data;
    if (brewery_is_joined(app->brewery)) {
        gint64 end = clock_now_us() + GOODBYE_MS * 1000;
        brewery_leave(app->brewery);
        app->quit_source = g_timeout_add(GOODBYE_MS, on_goodbye_over, app);
        while (clock_now_us() < end)
            g_main_context_iteration(NULL, TRUE);
    }
    app_free(app);
}

static int log_level(const void *config)
{
    return daemon_log_level(((const BridgeConfig *)config)->log.level);
}

int main(int argc, char **argv)
{
    const DaemonSpec spec = {
        .name = "plenum-bridge",
        .summary = "Media bridge: forwards audio and video between the participants of conferences.",
        .default_config = "/etc/plenum/bridge.conf",
        .options = bridge_options,
        .n_options = bridge_n_options,
        .config_size = sizeof(BridgeConfig),
        .check = bridge_config_check,
        .log_level = log_level,
        .start = start,
        .drain = drain,
        .stop = stop,
    };
    return daemon_main(&spec, argc, argv);
}
