/* SPDX-License-Identifier: Apache-2.0
 *
 * The limits on connections, with plain sockets as clients. */
#include <string.h>
#include "common/base/http_listener.h"
#include "tests/fakes/await.h"

typedef struct {
    SoupServer *server;
    HttpListener *listener;
    guint refused, requests;
    SoupServerMessage *held; /* not answered yet */
    GSocketAddress *last;    /* who asked */
} Fixture;

static void on_refused(gpointer user)
{
    ((Fixture *)user)->refused++;
}

static void on_request(SoupServer *server, SoupServerMessage *msg, const char *path, GHashTable *query, gpointer user)
{
    Fixture *f = user;
    f->requests++;
    g_set_object(&f->last, soup_server_message_get_remote_address(msg));
    soup_server_message_set_status(msg, 204, NULL);
    if (strcmp(path, "/hold") == 0) {
        soup_server_message_pause(msg);
        f->held = g_object_ref(msg);
    }
}

static void set_up(Fixture *f, guint max_waiting, guint max_wait_s, guint max_idle_s)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GSocketAddress) any = g_inet_socket_address_new_from_string("127.0.0.1", 0);
    const HttpListenerConfig config = { max_waiting, max_wait_s, max_idle_s, on_refused, f };
    *f = (Fixture){ .server = soup_server_new(NULL, NULL) };
    soup_server_add_handler(f->server, NULL, on_request, f, NULL);
    f->listener = http_listener_new(f->server, any, &config, &error);
    g_assert_no_error(error);
}

static void tear_down(Fixture *f)
{
    http_listener_free(f->listener);
    soup_server_disconnect(f->server);
    g_object_unref(f->server);
    g_clear_object(&f->last);
}

static GSocketConnection *client(Fixture *f)
{
    /* An address needs no resolver and no proxy, each of them a thread of GLib's. */
    g_autoptr(GSocketClient) c = g_socket_client_new();
    g_socket_client_set_enable_proxy(c, FALSE);
    g_autoptr(GSocketAddress) to = g_inet_socket_address_new_from_string("127.0.0.1", http_listener_port(f->listener));
    g_autoptr(GError) error = NULL;
    GSocketConnection *connection = g_socket_client_connect(c, G_SOCKET_CONNECTABLE(to), NULL, &error);
    g_assert_no_error(error);
    g_socket_set_blocking(g_socket_connection_get_socket(connection), FALSE);
    return connection;
}

static void say(GSocketConnection *c, const char *text)
{
    g_assert_cmpint(g_socket_send(g_socket_connection_get_socket(c), text, strlen(text), NULL, NULL), >, 0);
}

static gboolean is_closed(GSocketConnection *c)
{
    char bytes[512];
    g_autoptr(GError) error = NULL;
    gssize n = g_socket_receive(g_socket_connection_get_socket(c), bytes, sizeof(bytes), NULL, &error);
    return n == 0 || (n < 0 && !g_error_matches(error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK)); /* reset is closed too */
}

#define GET "GET / HTTP/1.1\r\nHost: h\r\n\r\n"

/* A client whose answer is held back; the caller settles it. */
static GSocketConnection *held_client(Fixture *f)
{
    GSocketConnection *c = client(f);
    say(c, "GET /hold HTTP/1.1\r\nHost: h\r\n\r\n");
    AWAIT(f->requests == 1);
    return c;
}

/* Lets the answer go; it arrives, so the connection was there for it. */
static void answer_held(Fixture *f, GSocketConnection *c)
{
    soup_server_message_unpause(f->held);
    g_clear_object(&f->held);
    AWAIT(g_socket_condition_check(g_socket_connection_get_socket(c), G_IO_IN) & G_IO_IN);
    g_assert_false(is_closed(c));
}

static void test_number(void)
{
    Fixture f;
    set_up(&f, 2, 0, 60);
    g_autoptr(GSocketConnection) a = client(&f);
    g_autoptr(GSocketConnection) b = client(&f);
    AWAIT(http_listener_waiting(f.listener) == 2);
    g_autoptr(GSocketConnection) c = client(&f);
    AWAIT(is_closed(c));
    g_assert_cmpuint(f.refused, ==, 1);
    say(a, GET); /* those within the limit are served */
    AWAIT(f.requests == 1);
    g_io_stream_close(G_IO_STREAM(b), NULL, NULL);
    AWAIT(http_listener_waiting(f.listener) == 1);
    g_autoptr(GSocketConnection) d = client(&f);
    say(d, GET);
    AWAIT(f.requests == 2);
    g_assert_cmpuint(f.refused, ==, 1);
    tear_down(&f);
}

/* Who is settled makes room for another. */
static void test_settled(void)
{
    Fixture f;
    set_up(&f, 1, 0, 60);
    g_autoptr(GSocketConnection) a = held_client(&f);
    g_assert_cmpuint(http_listener_waiting(f.listener), ==, 1);
    http_listener_settle(f.listener, f.last);
    http_listener_settle(f.listener, f.last); /* once only */
    g_assert_cmpuint(http_listener_waiting(f.listener), ==, 0);
    g_autoptr(GSocketConnection) b = client(&f);
    AWAIT(http_listener_waiting(f.listener) == 1);
    g_assert_cmpuint(f.refused, ==, 0);
    answer_held(&f, a);
    AWAIT(is_closed(a)); /* that was all of it: the settled one goes, and nobody is counted twice */
    for (int i = 0; i < 100; i++)
        g_main_context_iteration(NULL, FALSE);
    g_assert_cmpuint(http_listener_waiting(f.listener), ==, 1);
    tear_down(&f);
}

/* The limit is for those who wait only. */
static void test_never_settled(void)
{
    Fixture f;
    set_up(&f, 8, 2, 60);
    g_autoptr(GSocketConnection) a = held_client(&f);
    http_listener_settle(f.listener, f.last);
    g_autoptr(GSocketConnection) b = client(&f);
    AWAIT(is_closed(b)); /* some seconds later; the first one is older */
    g_assert_cmpuint(f.refused, ==, 1);
    g_assert_cmpuint(http_listener_waiting(f.listener), ==, 0);
    answer_held(&f, a);
    tear_down(&f);
}

/* The same silence twice; only where it is limited is anybody sent away. */
static void test_idle(void)
{
    Fixture patient, f;
    set_up(&patient, 8, 0, 0);
    set_up(&f, 8, 0, 1);
    g_autoptr(GSocketConnection) may_be_silent = client(&patient);
    g_autoptr(GSocketConnection) may_be_half = client(&patient);
    say(may_be_half, "GET / HTTP/1.1\r\nHo");
    AWAIT(http_listener_waiting(patient.listener) == 2);
    g_autoptr(GSocketConnection) silent = client(&f);
    g_autoptr(GSocketConnection) half = client(&f);
    say(half, "GET / HTTP/1.1\r\nHo");
    AWAIT(is_closed(silent));
    AWAIT(is_closed(half));
    AWAIT(http_listener_waiting(f.listener) == 0);
    g_assert_cmpuint(f.requests, ==, 0);
    g_assert_cmpuint(f.refused, ==, 0); /* it was not their number */
    g_assert_cmpuint(http_listener_waiting(patient.listener), ==, 2);
    g_assert_false(is_closed(may_be_silent));
    g_assert_false(is_closed(may_be_half));
    say(may_be_half, "st: h\r\n\r\n");
    AWAIT(patient.requests == 1);
    tear_down(&f);
    tear_down(&patient);
}

/* The listener goes first; what is open ends with the server. */
static void test_order_of_ends(void)
{
    Fixture f;
    set_up(&f, 8, 60, 60);
    g_autoptr(GSocketConnection) a = client(&f);
    AWAIT(http_listener_waiting(f.listener) == 1);
    tear_down(&f);
    AWAIT(is_closed(a));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/base/http listener/number", test_number);
    g_test_add_func("/base/http listener/settled", test_settled);
    g_test_add_func("/base/http listener/never settled", test_never_settled);
    g_test_add_func("/base/http listener/idle", test_idle);
    g_test_add_func("/base/http listener/order of ends", test_order_of_ends);
    return g_test_run();
}
