/* SPDX-License-Identifier: Apache-2.0
 *
 * The bridge's private listener: statistics, metrics, drain, COLIBRI2 by POST, dumps, actions. */
#include <json-glib/json-glib.h>
#include <libsoup/soup.h>
#include <glib/gstdio.h>
#include <string.h>
#include "bridge/admin.h"
#include "tests/fakes/await.h"
#include "tests/fakes/metrics_doc.h"
#include "tests/unit/bridge/bridge_fixture.h"

typedef struct {
    Fixture f;
    Metrics *metrics;
    Stats *stats;
    HttpAdmin *http;
    Admin *admin;
    SoupSession *session;
    char *base;
    /* last answer */
    bool done;
    unsigned status;
    char *body;
} Room;

static void set_up_with(Room *r, const char *config_text)
{
    GError *error = NULL;
    *r = (Room){ .session = soup_session_new_with_options("proxy-resolver", NULL, NULL) };
    fixture_set_up(&r->f, config_text);
    r->metrics = metrics_new("jitsi_jvb_");
    r->stats = stats_new(r->f.bridge, &(StatsConfig){ .version = "1.2", .n_workers = 2 }, r->metrics);
    HttpAdminConfig config = { .address = "127.0.0.1", .name = "t", .version = "1.2", .metrics = r->metrics };
    r->http = http_admin_new(&config, &error);
    g_assert_no_error(error);
    r->admin = admin_new(r->http, r->f.bridge, r->stats);
    r->base = g_strdup_printf("http://127.0.0.1:%u", http_admin_port(r->http));
}

static void set_up(Room *r)
{
    set_up_with(r, NULL);
}

static void tear_down(Room *r)
{
    admin_free(r->admin);
    http_admin_free(r->http);
    fixture_tear_down(&r->f);
    stats_free(r->stats);
    metrics_free(r->metrics);
    g_object_unref(r->session);
    g_free(r->base);
    g_free(r->body);
}

static void on_answer(GObject *session, GAsyncResult *result, gpointer data)
{
    Room *r = data;
    GError *error = NULL;
    g_autoptr(GBytes) bytes = soup_session_send_and_read_finish(SOUP_SESSION(session), result, &error);
    g_assert_no_error(error);
    r->body = g_strndup(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
    r->done = true;
}

static void request_start(Room *r, SoupMessage *message)
{
    r->done = false;
    g_clear_pointer(&r->body, g_free);
    soup_session_send_and_read_async(r->session, message, G_PRIORITY_DEFAULT, NULL, on_answer, r);
}

/* The body; the status is in r. */
static const char *request(Room *r, const char *method, const char *path, const char *body)
{
    g_autofree char *url = g_strconcat(r->base, path, NULL);
    g_autoptr(SoupMessage) message = soup_message_new(method, url);
    if (body) {
        g_autoptr(GBytes) bytes = g_bytes_new(body, strlen(body));
        soup_message_set_request_body_from_bytes(message, "application/xml", bytes);
    }
    request_start(r, message);
    AWAIT(r->done);
    r->status = soup_message_get_status(message);
    return r->body;
}

static JsonObject *get_json(Room *r, const char *path, JsonNode **root)
{
    *root = json_from_string(request(r, "GET", path, NULL), NULL);
    g_assert_cmpuint(r->status, ==, 200);
    g_assert_nonnull(*root);
    return json_node_get_object(*root);
}

/* What the configuration takes is published whole. */
static void test_long_texts(void)
{
    Room r;
    g_autofree char *region = g_strnfill(255, 'r'), *id = g_strnfill(255, 'i');
    g_autofree char *text = g_strdup_printf("[bridge]\nregion = %s\nrelay_id = %s\n", region, id);
    set_up_with(&r, text);
    g_autoptr(JsonNode) root = NULL;
    JsonObject *o = get_json(&r, "/colibri/stats", &root);
    g_assert_cmpstr(json_object_get_string_member(o, "region"), ==, region);
    g_assert_cmpstr(json_object_get_string_member(o, "relay_id"), ==, id);
    tear_down(&r);
}

static void test_stats(void)
{
    Room r;
    set_up(&r);
    fixture_ok(&r.f, CREATE(ENDPOINT("a1", TRANSPORT)));
    WorkerEvent *ev = fake_event(WORKER_EV_SNAPSHOT, 0, 0, 0, 0);
    for (ev->worker = 0; ev->worker < 2; ev->worker++) {
        ev->snapshot.totals.rx_datagrams = 10 + ev->worker;
        ev->snapshot.totals.drops[WORKER_DROP_STUN] = 3;
        ev->snapshot.totals.limits[WORKER_LIMIT_PACED] = 7 + ev->worker;
        ev->snapshot.totals.cache_misses = 4 + ev->worker;
        stats_on_snapshot(r.stats, ev);
    }
    g_free(ev);
    g_autoptr(JsonNode) root = NULL;
    JsonObject *o = get_json(&r, "/colibri/stats", &root);
    g_assert_cmpint(json_object_get_int_member(o, "conferences"), ==, 1);
    g_assert_cmpint(json_object_get_int_member(o, "participants"), ==, 1);
    g_assert_cmpint(json_object_get_int_member(o, "total_packets_received"), ==, 21); /* of both workers */
    g_assert_cmpstr(json_object_get_string_member(o, "version"), ==, "1.2");
    g_assert_true(json_object_get_boolean_member(o, "healthy"));
    g_assert_true(json_object_has_member(o, "drain")); /* a focus takes its absence for draining */
    g_assert_false(json_object_get_boolean_member(o, "drain"));
    g_assert_true(json_object_has_member(o, "stress_level"));
    const char *metrics = request(&r, "GET", "/metrics", NULL);
    metrics_doc_check(metrics, "jitsi_jvb_");
    g_assert_nonnull(strstr(metrics, "\njitsi_jvb_conferences 1\n"));
    g_assert_nonnull(strstr(metrics, "\njitsi_jvb_retransmission_cache_misses_total 9\n"));
    g_assert_nonnull(strstr(metrics, "\njitsi_jvb_conferences_created_total 1\n"));
    g_assert_nonnull(strstr(metrics, "\njitsi_jvb_packets_received_total 21\n"));
    g_assert_nonnull(strstr(metrics, "{reason=\"drop4\"} 6\n"));
    g_assert_nonnull(strstr(metrics, "\njitsi_jvb_limits_reached_total{limit=\"limit5\"} 15\n"));
    tear_down(&r);
}

static void test_drain(void)
{
    Room r;
    set_up(&r);
    g_assert_cmpstr(request(&r, "GET", "/colibri/drain", NULL), ==, "{\"drain\":false}");
    g_assert_cmpstr(request(&r, "POST", "/colibri/drain/enable", ""), ==, "{\"drain\":true}");
    g_assert_cmpuint(r.f.state_changes, ==, 1);          /* published at once */
    fixture_ok(&r.f, CREATE(ENDPOINT("a1", TRANSPORT))); /* drain is a wish, not a refusal */
    g_assert_cmpstr(request(&r, "POST", "/colibri/drain/disable", ""), ==, "{\"drain\":false}");
    request(&r, "GET", "/colibri/drain/enable", NULL);
    g_assert_cmpuint(r.status, ==, 405);
    request(&r, "POST", "/colibri/shutdown", "{\"graceful-shutdown\":false}");
    g_assert_cmpuint(r.status, ==, 400);
    g_autofree char *deep = g_strnfill(400000, '['); /* more levels than any stack has room for */
    request(&r, "POST", "/colibri/shutdown", deep);
    g_assert_cmpuint(r.status, ==, 400);
    request(&r, "POST", "/colibri/shutdown", "{\"graceful-shutdown\":true}");
    g_assert_cmpuint(r.status, ==, 200);
    g_assert_cmpint(bridge_state(r.f.bridge), ==, BRIDGE_GRACEFUL);
    tear_down(&r);
}

static void test_colibri2(void)
{
    Room r;
    set_up(&r);
    const char *answer = request(&r, "POST", "/colibri2", CREATE(ENDPOINT("a1", TRANSPORT)));
    g_assert_cmpuint(r.status, ==, 200);
    g_assert_nonnull(strstr(answer, "<conference-modified"));
    answer = request(&r, "POST", "/colibri2", CREATE(""));
    g_assert_cmpuint(r.status, ==, 409);
    g_assert_nonnull(strstr(answer, "conference_already_exists"));
    request(&r, "POST", "/colibri2", "");
    g_assert_cmpuint(r.status, ==, 400);
    tear_down(&r);
}

/* An endpoint's dump waits for its worker, with the streams in it. */
static void test_endpoint_dump(void)
{
    Room r;
    set_up(&r);
    fixture_ok(&r.f, CREATE(ENDPOINT("a1", TRANSPORT)));
    Endpoint *ep = fixture_endpoint(&r.f, "a1");
    g_autofree char *url = g_strconcat(r.base, "/v1/conferences/m1/endpoints/a1", NULL);
    g_autoptr(SoupMessage) message = soup_message_new("GET", url);
    request_start(&r, message);
    const WorkerCommand *asked;
    AWAIT((asked = fake_media_last(r.f.media, WORKER_SNAPSHOT, ep->handle)));
    g_assert_true(asked->snapshot.streams);
    WorkerStreamStats stream = { .name = "b2-v0", .is_tx = true, .ssrc = 4000000000u, .reason = FORWARD_LAST_N };
    WorkerEvent *ev = fake_event(WORKER_EV_SNAPSHOT, asked->conference, ep->handle, 1, sizeof(WorkerEndpointStats));
    ev->snapshot.id = asked->snapshot.id;
    ev->snapshot.endpoints[0].endpoint = ep->handle;
    ev->snapshot.endpoints[0].rtt_ms = 77;
    ev->snapshot.endpoints[0].has_estimator = true;
    ev->snapshot.endpoints[0].estimator =
        (BweStats){ .usage = "overuse", .loss_state = "decreasing", .transport_cc = true, .delay_bps = 400000 };
    ev->snapshot.n_streams = 1;
    ev->snapshot.streams = &stream;
    bridge_on_event(r.f.bridge, ev);
    admin_on_snapshot(r.admin, ev);
    admin_on_snapshot(r.admin, ev); /* answered already */
    g_free(ev);
    AWAIT(r.done);
    g_autoptr(JsonNode) root = json_from_string(r.body, NULL);
    JsonObject *o = json_node_get_object(root);
    JsonObject *stats = json_object_get_object_member(json_object_get_object_member(o, "endpoint"), "stats");
    g_assert_cmpint(json_object_get_int_member(stats, "rtt_ms"), ==, 77);
    JsonObject *estimator = json_object_get_object_member(stats, "estimator");
    g_assert_cmpstr(json_object_get_string_member(estimator, "kind"), ==, "transport-cc");
    g_assert_cmpstr(json_object_get_string_member(estimator, "usage"), ==, "overuse");
    g_assert_cmpint(json_object_get_int_member(estimator, "delay_bps"), ==, 400000);
    JsonObject *s = json_array_get_object_element(json_object_get_array_member(o, "streams"), 0);
    g_assert_cmpint(json_object_get_int_member(s, "ssrc"), ==, 4000000000);
    g_assert_cmpstr(json_object_get_string_member(s, "reason"), ==, "last_n");
    tear_down(&r);
}

/* Nothing secret is in a dump, and a worker that does not answer holds it up for a second only. */
static void test_silent_worker(void)
{
    Room r;
    set_up(&r);
    fixture_ok(&r.f, CREATE(ENDPOINT("a1", TRANSPORT)));
    Endpoint *ep = fixture_endpoint(&r.f, "a1");
    const char *text = request(&r, "GET", "/debug/m1/a1", NULL);
    g_assert_cmpuint(r.status, ==, 200);
    g_assert_nonnull(strstr(text, "\"a1\""));
    g_assert_null(strstr(text, ep->ws_password));
    g_assert_null(strstr(text, ep->ice.pwd));
    tear_down(&r);
}

static void test_paths(void)
{
    static const struct {
        const char *method, *path;
        unsigned status;
    } rows[] = {
        { "GET", "/debug", 200 },
        { "GET", "/debug?full=true", 200 },
        { "GET", "/debug/m1", 200 },
        { "GET", "/debug/zz", 404 },
        { "GET", "/debug/m1/zz", 404 },
        { "GET", "/v1/conferences", 200 },
        { "GET", "/v1/conferences/m1", 200 },
        { "GET", "/v1/conferences/m1/endpoints", 404 },
        { "GET", "/v1/conferences/m1/endpoints/zz", 404 },
        { "GET", "/v1/conferences/m1/others/a1", 404 },
        { "GET", "/v1/conferences/m1/endpoints/a1/keyframe", 405 },
        { "GET", "/v1/conferences/m1/endpoints/a1/keyframe/x", 404 },
        { "POST", "/v1/conferences/m1/endpoints/a1/keyframe", 202 },
        { "POST", "/v1/conferences/m1/endpoints/a1/dance", 404 },
        { "POST", "/v1/conferences/m1/endpoints/a1", 404 },
        { "POST", "/v1/conferences/m1", 404 },
        { "POST", "/v1/conferences/m1/endpoints/a1/expire", 202 },
    };
    Room r;
    set_up(&r);
    fixture_ok(&r.f, CREATE(ENDPOINT("a1", TRANSPORT)));
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        request(&r, rows[i].method, rows[i].path, strcmp(rows[i].method, "POST") == 0 ? "" : NULL);
        g_test_message("%s %s", rows[i].method, rows[i].path);
        g_assert_cmpuint(r.status, ==, rows[i].status);
    }
    g_assert_cmpuint(fake_media_count(r.f.media, WORKER_REQUEST_KEYFRAME), ==, 1);
    fixture_turn();
    g_assert_cmpuint(bridge_n_endpoints(r.f.bridge), ==, 0);
    tear_down(&r);
}

/* Only where a directory is configured; the worker is told where to write. */
static void test_capture(void)
{
    Room r;
    set_up(&r);
    fixture_ok(&r.f, CREATE(ENDPOINT("a1", TRANSPORT)));
    g_autoptr(JsonNode) root = NULL;
    JsonObject *all = get_json(&r, "/v1/conferences", &root);
    JsonObject *conference = json_array_get_object_element(json_object_get_array_member(all, "conferences"), 0);
    const char *id = json_object_get_string_member(conference, "id");
    g_autofree char *path = g_strdup_printf("/v1/conferences/%s/endpoints/a1", id);
    g_autofree char *begin = g_strconcat(path, "/capture?seconds=2", NULL);
    g_autofree char *end = g_strconcat(path, "/capture-end", NULL);
    g_autofree char *never = g_strconcat(path, "/capture?seconds=86400", NULL);
    request(&r, "POST", begin, "");
    g_assert_cmpuint(r.status, ==, 403);
    g_autofree char *directory = g_dir_make_tmp("plenum-capture-XXXXXX", NULL);
    Captures *captures = captures_new(directory);
    admin_set_captures(r.admin, captures);
    request(&r, "POST", never, "");
    g_assert_cmpuint(r.status, ==, 400);
    request(&r, "POST", end, "");
    g_assert_cmpuint(r.status, ==, 404);
    g_autoptr(JsonNode) answer = json_from_string(request(&r, "POST", begin, ""), NULL);
    g_assert_cmpuint(r.status, ==, 202);
    const char *file = json_object_get_string_member(json_node_get_object(answer), "file");
    g_assert_true(g_str_has_prefix(file, directory));
    const WorkerCommand *command = fake_media_last(r.f.media, WORKER_CAPTURE, 0);
    g_assert_nonnull(command);
    Capture *capture = command->capture.to;
    g_assert_nonnull(capture);
    request(&r, "POST", begin, "");
    g_assert_cmpuint(r.status, ==, 503);
    g_autoptr(JsonNode) list = NULL;
    JsonArray *items = json_object_get_array_member(get_json(&r, "/v1/captures", &list), "captures");
    g_assert_cmpuint(json_array_get_length(items), ==, 1);
    g_assert_cmpstr(json_object_get_string_member(json_array_get_object_element(items, 0), "file"), ==, file);
    request(&r, "POST", end, "");
    g_assert_cmpuint(r.status, ==, 202);
    capture_release(capture);
    tear_down(&r);
    captures_free(captures);
    g_assert_cmpint(g_unlink(file), ==, 0);
    g_rmdir(directory);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_log_set_always_fatal(G_LOG_FATAL_MASK | G_LOG_LEVEL_CRITICAL);
    g_test_add_func("/bridge/admin/stats and metrics", test_stats);
    g_test_add_func("/bridge/admin/long texts", test_long_texts);
    g_test_add_func("/bridge/admin/drain and shutdown", test_drain);
    g_test_add_func("/bridge/admin/colibri2", test_colibri2);
    g_test_add_func("/bridge/admin/endpoint dump", test_endpoint_dump);
    g_test_add_func("/bridge/admin/silent worker", test_silent_worker);
    g_test_add_func("/bridge/admin/capture", test_capture);
    g_test_add_func("/bridge/admin/paths", test_paths);
    return g_test_run();
}
