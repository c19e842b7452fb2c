/* SPDX-License-Identifier: Apache-2.0
 *
 * The WebSocket listener against libsoup's client, on a free port of loopback. */
#include <libsoup/soup.h>
#include <string.h>
#include "bridge/channel/colibri_ws.h"
#include "bridge/channel/messages.h"
#include "tests/fakes/await.h"
#include "tests/fakes/rows.h"

#define HANDLE 42
#define PASSWORD "abcdefghijklmnopqrstuvwx"

typedef struct {
    ColibriWs *ws;
    SoupSession *session;
    Carrier carrier;
    GString *texts; /* what the server heard, a line each */
    unsigned opened, closed;
    /* the client */
    SoupWebsocketConnection *client;
    GError *error;
    bool done;
    GString *heard;
    unsigned client_closed;
} Room;

static uint64_t authorize(const char *conference, const char *endpoint, const char *password, gpointer user)
{
    return strcmp(conference, "c0ffee") == 0 && strcmp(endpoint, "aa") == 0 && strcmp(password, PASSWORD) == 0 ? HANDLE
                                                                                                               : 0;
}

static void opened(uint64_t endpoint, Carrier socket, gpointer user)
{
    Room *r = user;
    g_assert_cmpuint(endpoint, ==, HANDLE);
    r->carrier = socket;
    r->opened++;
}

static void text(uint64_t endpoint, const char *t, size_t len, gpointer user)
{
    Room *r = user;
    g_assert_cmpuint(endpoint, ==, HANDLE);
    g_string_append_printf(r->texts, "%.*s\n", (int)MIN(len, 40), t);
}

static void closed(uint64_t endpoint, const void *socket, gpointer user)
{
    Room *r = user;
    g_assert_true(socket == r->carrier.socket);
    r->closed++;
}

static const ColibriWsEvents events = { authorize, opened, text, closed };

static void set_up(Room *r)
{
    GError *error = NULL;
    *r = (Room){ .texts = g_string_new(NULL),
                 .heard = g_string_new(NULL),
                 .session = soup_session_new_with_options("proxy-resolver", NULL, NULL) };
    r->ws = colibri_ws_new("127.0.0.1", 0, "s1", &events, r, &error);
    g_assert_no_error(error);
}

static void tear_down(Room *r)
{
    if (r->client) /* it may live on in a pending read */
        g_signal_handlers_disconnect_by_data(r->client, r);
    g_clear_object(&r->client);
    colibri_ws_free(r->ws);
    g_object_unref(r->session);
    g_clear_error(&r->error);
    g_string_free(r->texts, TRUE);
    g_string_free(r->heard, TRUE);
}

static void on_connected(GObject *session, GAsyncResult *result, gpointer data)
{
    Room *r = data;
    r->client = soup_session_websocket_connect_finish(SOUP_SESSION(session), result, &r->error);
    r->done = true;
}

static void on_message(SoupWebsocketConnection *c, gint type, GBytes *bytes, gpointer data)
{
    gsize len;
    const char *t = g_bytes_get_data(bytes, &len);
    g_string_append_printf(((Room *)data)->heard, "%.*s\n", (int)len, t);
}

static void on_client_closed(SoupWebsocketConnection *c, gpointer data)
{
    ((Room *)data)->client_closed++;
}

/* The HTTP status of the upgrade: 101 when it succeeded. */
static unsigned client_connect(Room *r, const char *path)
{
    g_autofree char *url = g_strdup_printf("ws://127.0.0.1:%u%s", colibri_ws_port(r->ws), path);
    g_autoptr(SoupMessage) message = soup_message_new("GET", url);
    g_clear_object(&r->client);
    g_clear_error(&r->error);
    r->done = false;
    soup_session_websocket_connect_async(r->session, message, NULL, NULL, G_PRIORITY_DEFAULT, NULL, on_connected, r);
    AWAIT(r->done);
    if (r->client) {
        g_assert_null(soup_websocket_connection_get_extensions(r->client)); /* no compression */
        g_signal_connect(r->client, "message", G_CALLBACK(on_message), r);
        g_signal_connect(r->client, "closed", G_CALLBACK(on_client_closed), r);
    }
    return soup_message_get_status(message);
}

typedef struct {
    const char *name, *path;
    unsigned status;
} Case;

static const Case cases[] = {
    { "right", "/colibri-ws/s1/c0ffee/aa?pwd=" PASSWORD, 101 },
    { "more after the password", "/colibri-ws/s1/c0ffee/aa?pwd=" PASSWORD "&x=1", 101 },
    { "other server", "/colibri-ws/s2/c0ffee/aa?pwd=" PASSWORD, 404 },
    { "other path", "/other/s1/c0ffee/aa?pwd=" PASSWORD, 404 },
    { "path that only begins alike", "/colibri-wsx/s1/c0ffee/aa?pwd=" PASSWORD, 404 },
    { "too short", "/colibri-ws/s1/c0ffee?pwd=" PASSWORD, 404 },
    { "too long", "/colibri-ws/s1/c0ffee/aa/bb?pwd=" PASSWORD, 404 },
    { "unknown conference", "/colibri-ws/s1/c0ffef/aa?pwd=" PASSWORD, 403 },
    { "unknown endpoint", "/colibri-ws/s1/c0ffee/ab?pwd=" PASSWORD, 403 },
    { "other password", "/colibri-ws/s1/c0ffee/aa?pwd=xbcdefghijklmnopqrstuvwx", 403 },
    { "no query", "/colibri-ws/s1/c0ffee/aa", 403 },
    { "password not first", "/colibri-ws/s1/c0ffee/aa?x=1&pwd=" PASSWORD, 403 },
};

static void test_case(gconstpointer data)
{
    const Case *c = data;
    Room r;
    set_up(&r);
    g_assert_cmpuint(client_connect(&r, c->path), ==, c->status);
    g_assert_cmpint(r.client != NULL, ==, c->status == 101);
    if (r.client) {
        AWAIT(r.opened >= 1);
        g_assert_cmpuint(colibri_ws_n_sockets(r.ws), ==, 1);
    }
    tear_down(&r);
}

static void test_messages(void)
{
    Room r;
    set_up(&r);
    client_connect(&r, cases[0].path);
    AWAIT(r.opened >= 1);
    soup_websocket_connection_send_text(r.client, "{\"a\":1}");
    g_assert_true(r.carrier.ops->send(r.carrier.socket, "{\"b\":2}", 7));
    AWAIT(r.texts->len > 0 && r.heard->len > 0);
    g_assert_cmpstr(r.texts->str, ==, "{\"a\":1}\n");
    g_assert_cmpstr(r.heard->str, ==, "{\"b\":2}\n");
    soup_websocket_connection_close(r.client, 1000, NULL);
    AWAIT(r.closed >= 1);
    g_assert_cmpuint(colibri_ws_n_sockets(r.ws), ==, 0);
    tear_down(&r);
}

static void on_answered(GObject *session, GAsyncResult *result, gpointer data)
{
    g_autoptr(GBytes) body = soup_session_send_and_read_finish(SOUP_SESSION(session), result, NULL);
    ((Room *)data)->done = true;
}

/* A body is refused wherever it is sent, with the right password too. */
static void test_bodies(void)
{
    static const char *const paths[] = { "/", "/other", ("/colibri-ws/s1/c0ffee/aa?pwd=" PASSWORD) };
    Room r;
    set_up(&r);
    for (size_t i = 0; i < G_N_ELEMENTS(paths); i++) {
        g_autofree char *url = g_strdup_printf("http://127.0.0.1:%u%s", colibri_ws_port(r.ws), paths[i]);
        g_autoptr(SoupMessage) message = soup_message_new("POST", url);
        g_autoptr(GBytes) body = g_bytes_new_static("abc", 3);
        soup_message_set_request_body_from_bytes(message, "text/plain", body);
        r.done = false;
        soup_session_send_and_read_async(r.session, message, G_PRIORITY_DEFAULT, NULL, on_answered, &r);
        AWAIT(r.done);
        g_assert_cmpuint(soup_message_get_status(message), ==, 413);
    }
    tear_down(&r);
}

/* Binary frames are no messages; one byte too many ends the connection. */
static void test_refused_frames(void)
{
    Room r;
    g_autofree char *big = g_strnfill(MESSAGE_MAX_BYTES + 1, 'x');
    set_up(&r);
    client_connect(&r, cases[0].path);
    AWAIT(r.opened >= 1);
    soup_websocket_connection_send_binary(r.client, "abc", 3);
    soup_websocket_connection_send_text(r.client, "after");
    AWAIT(r.texts->len > 0);
    g_assert_cmpstr(r.texts->str, ==, "after\n");
    soup_websocket_connection_send_text(r.client, big);
    AWAIT(r.closed >= 1);
    g_assert_cmpstr(r.texts->str, ==, "after\n");
    tear_down(&r);
}

/* Closed by its user: the client sees the code, the user hears nothing more. */
static void test_close(void)
{
    Room r;
    set_up(&r);
    client_connect(&r, cases[0].path);
    AWAIT(r.opened >= 1);
    r.carrier.ops->close(r.carrier.socket, 1001, "endpoint closed");
    AWAIT(r.client_closed >= 1);
    g_assert_cmpuint(soup_websocket_connection_get_close_code(r.client), ==, 1001);
    AWAIT(colibri_ws_n_sockets(r.ws) == 0);
    g_assert_cmpuint(r.closed, ==, 0);
    tear_down(&r);
}

/* A client that never answers a ping cannot make the bridge buffer for it without end. */
static void test_bounded(void)
{
    Room r;
    g_autofree char *chunk = g_strnfill(MESSAGE_MAX_BYTES, 'x');
    unsigned sent = 0;
    set_up(&r);
    client_connect(&r, cases[0].path);
    AWAIT(r.opened >= 1);
    while (r.carrier.ops->send(r.carrier.socket, chunk, MESSAGE_MAX_BYTES))
        g_assert_cmpuint(++sent, <=, COLIBRI_WS_MAX_UNSEEN / MESSAGE_MAX_BYTES);
    g_assert_cmpuint(sent, ==, COLIBRI_WS_MAX_UNSEEN / MESSAGE_MAX_BYTES);
    tear_down(&r);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD_ROWS("/channel/websocket", cases, test_case);
    g_test_add_func("/channel/websocket/messages", test_messages);
    g_test_add_func("/channel/websocket/bodies", test_bodies);
    g_test_add_func("/channel/websocket/refused frames", test_refused_frames);
    g_test_add_func("/channel/websocket/close", test_close);
    g_test_add_func("/channel/websocket/bounded", test_bounded);
    return g_test_run();
}
