/* SPDX-License-Identifier: Apache-2.0
 *
 * What an operator is told when a server refuses a stream or a login: a real link against a server of a few lines. */
#include <gio/gio.h>
#include <string.h>
#include "common/base/clock.h"
#include "common/xmpp/link_trouble.h"
#include "common/xmpp/xmpp_link.h"

#define PATIENCE_MS 60000 /* for what must happen, on a machine however busy */
#define NS "xmlns='urn:ietf:params:xml:ns:xmpp-streams'"
#define SASL "xmlns='urn:ietf:params:xml:ns:xmpp-sasl'"
#define FEATURES                                                                                                       \
    "<stream:features><mechanisms " SASL                                                                               \
    "><mechanism>SCRAM-SHA-1</mechanism><mechanism>PLAIN</mechanism></mechanisms></stream:features>"

/* In the middle of SCRAM libstrophe forgets to free its state when the connection ends. */
#define PLAIN_ONLY "<stream:features><mechanisms " SASL "><mechanism>PLAIN</mechanism></mechanisms></stream:features>"

typedef struct {
    const char *name;
    XmppLinkMode mode;
    const char *greeting, *answer; /* behind the header; to <auth> or <handshake>, NULL: the connection is closed */
    const char *trouble;           /* begins so.. */
    const char *remedy;            /* ..and contains this */
} Case;

static const Case cases[] = {
    { "wrong password", XMPP_LINK_CLIENT, FEATURES,
      "<failure " SASL "><not-authorized/><text>Unable to authorize you.</text></failure>",
      "login refused not-authorized (Unable to authorize you.): ", "prosodyctl adduser" },
    { "account disabled", XMPP_LINK_CLIENT, FEATURES, "<failure " SASL "><account-disabled/></failure>",
      "login refused account-disabled: ", "disabled on the server" },
    { "another failure", XMPP_LINK_CLIENT, FEATURES, "<failure " SASL "><aborted/></failure>", "login refused aborted",
      "" },
    { "no condition", XMPP_LINK_CLIENT, FEATURES, "<failure " SASL "/>", "login refused", "" },
    { "host unknown", XMPP_LINK_CLIENT,
      "<stream:error><host-unknown " NS "/><text " NS ">This server does not serve bridge.d</text></stream:error>",
      NULL, "stream error host-unknown (This server does not serve bridge.d): ", "VirtualHost" },
    { "no login without tls", XMPP_LINK_CLIENT,
      "<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls></stream:features>",
      NULL, "Cannot authenticate", "[xmpp] tls" },
    { "silent close", XMPP_LINK_CLIENT, PLAIN_ONLY, NULL, "", "" },
    { "wrong secret", XMPP_LINK_COMPONENT, "",
      "<stream:error><not-authorized " NS "/><text " NS ">Given token does not match</text></stream:error>",
      "stream error not-authorized (Given token does not match): ", "component_secret" },
    { "no such component", XMPP_LINK_COMPONENT,
      "<stream:error><host-unknown " NS "/><text " NS ">bridge.d does not match any configured external components"
      "</text></stream:error>",
      NULL, "stream error host-unknown (bridge.d does not match any configured external components): ",
      "no Component of this domain" },
    { "second focus", XMPP_LINK_COMPONENT, "", "<stream:error><conflict " NS "/></stream:error>",
      "stream error conflict: ", "another focus" },
    { "text first", XMPP_LINK_COMPONENT, "", "<stream:error><text " NS ">a\nb</text><conflict " NS "/></stream:error>",
      "stream error conflict (a b): ", "" },
    { "closed instead", XMPP_LINK_COMPONENT, "", NULL, "connection closed while the handshake was not answered", "" },
};

typedef struct {
    const Case *c;
    GSocketConnection *peer;
    GString *got;
    char buffer[4096];
    unsigned greeted;
    char *reason;
    XmppLink *link;
} World;

static void say(World *w, const char *text)
{
    g_output_stream_write_all(g_io_stream_get_output_stream(G_IO_STREAM(w->peer)), text, strlen(text), NULL, NULL,
                              NULL);
}

static void server_read(World *w);

/* What was said before still arrives: nothing is left unread. */
static void hang_up(World *w)
{
    g_socket_shutdown(g_socket_connection_get_socket(w->peer), FALSE, TRUE, NULL);
}

static void on_bytes(GObject *source, GAsyncResult *result, gpointer user)
{
    gssize n = g_input_stream_read_finish(G_INPUT_STREAM(source), result, NULL);
    World *w = g_object_get_data(source, "world");
    if (n <= 0 || !w)
        return;
    bool component = w->c->mode == XMPP_LINK_COMPONENT;
    g_string_append_len(w->got, w->buffer, n);
    if (strstr(w->got->str, "<stream:stream") && strchr(strstr(w->got->str, "<stream:stream"), '>')) {
        g_autofree char *header =
            g_strdup_printf("<?xml version='1.0'?><stream:stream version='1.0' id='abc' "
                            "xmlns:stream='http://etherx.jabber.org/streams' xmlns='%s'>%s",
                            component ? "jabber:component:accept" : "jabber:client", w->c->greeting);
        g_string_truncate(w->got, 0);
        say(w, header);
        if (strstr(w->c->greeting, "stream:error"))
            hang_up(w);
    } else if (strstr(w->got->str, component ? "</handshake>" : "<auth")) {
        g_string_truncate(w->got, 0);
        if (w->c->answer)
            say(w, w->c->answer);
        if (!w->c->answer || strstr(w->c->answer, "stream:error"))
            hang_up(w);
    } else if (strstr(w->got->str, "</stream:stream>")) {
        hang_up(w);
    }
    server_read(w);
}

static void server_read(World *w)
{
    GInputStream *in = g_io_stream_get_input_stream(G_IO_STREAM(w->peer));
    g_object_set_data(G_OBJECT(in), "world", w);
    g_input_stream_read_async(in, w->buffer, sizeof(w->buffer), G_PRIORITY_DEFAULT, NULL, on_bytes, NULL);
}

static void server_drop(World *w)
{
    if (!w->peer)
        return;
    g_object_set_data(G_OBJECT(g_io_stream_get_input_stream(G_IO_STREAM(w->peer))), "world", NULL);
    g_socket_shutdown(g_socket_connection_get_socket(w->peer), TRUE, TRUE, NULL);
    g_clear_object(&w->peer);
}

static gboolean on_incoming(GSocketService *service, GSocketConnection *connection, GObject *source, gpointer user)
{
    World *w = user;
    server_drop(w);
    w->peer = g_object_ref(connection);
    g_string_truncate(w->got, 0);
    server_read(w);
    return TRUE;
}

static void on_connected(gpointer user)
{
    g_assert_not_reached();
}

static void on_disconnected(const char *reason, gpointer user)
{
    World *w = user;
    g_assert_cmpstr(xmpp_link_trouble(w->link), ==, reason);
    if (!w->reason)
        w->reason = g_strdup(reason);
}

static void on_stanza(const Stanza *stanza, gpointer user)
{
}

static void test_told(gconstpointer data)
{
    World w = { .c = data, .got = g_string_new(NULL) };
    GSocketService *service = g_socket_service_new();
    guint16 port = g_socket_listener_add_any_inet_port(G_SOCKET_LISTENER(service), NULL, NULL);
    g_signal_connect(service, "incoming", G_CALLBACK(on_incoming), &w);
    const XmppLinkConfig config = { .mode = w.c->mode,
                                    .host = "127.0.0.1",
                                    .port = port,
                                    .jid = w.c->mode == XMPP_LINK_CLIENT ? "a@bridge.d/r" : "bridge.d",
                                    .password = "opensesame" };
    const XmppLinkEvents events = { on_connected, on_disconnected, on_stanza };
    w.link = xmpp_link_new(&config, &events, &w);
    g_assert_null(xmpp_link_trouble(w.link));
    xmpp_link_start(w.link);
    int64_t end_ms = clock_now_ms() + PATIENCE_MS;
    while (!w.reason && clock_now_ms() < end_ms)
        g_main_context_iteration(NULL, TRUE);
    g_test_message("%s", w.reason);
    g_assert_nonnull(w.reason);
    g_assert_cmpstr(w.reason, !=, "");
    g_assert_true(g_str_has_prefix(w.reason, w.c->trouble));
    g_assert_nonnull(strstr(w.reason, w.c->remedy));
    g_assert_null(strstr(w.reason, "opensesame"));
    g_assert_null(strchr(w.reason, '\n'));
    xmpp_link_free(w.link);
    server_drop(&w);
    g_socket_service_stop(service);
    g_socket_listener_close(G_SOCKET_LISTENER(service));
    g_object_unref(service);
    while (g_main_context_iteration(NULL, FALSE))
        ;
    g_string_free(w.got, TRUE);
    g_free(w.reason);
}

/* What the server says is one line of bounded length, whatever it is. */
static void test_text(void)
{
    g_autofree char *long_one = g_strnfill(100000, 'x'),
                    *cut = link_trouble_text(LINK_TROUBLE_STREAM, "conflict", long_one),
                    *odd = link_trouble_text(LINK_TROUBLE_LOGIN, "\xff\x1b[2J", "\xc3(\r\n"),
                    *nothing = link_trouble_text(LINK_TROUBLE_COMPONENT, NULL, NULL);
    g_assert_cmpuint(strlen(cut), <, LINK_TROUBLE_TEXT_MAX + 200);
    g_assert_true(g_utf8_validate(odd, -1, NULL));
    g_assert_null(strpbrk(odd, "\r\n\x1b"));
    g_assert_cmpstr(nothing, ==, "stream error");
    g_assert_null(link_trouble_remedy(LINK_TROUBLE_LOGIN, "host-unknown"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strdup_printf("/xmpp/link trouble/%s", cases[i].name);
        g_test_add_data_func(path, &cases[i], test_told);
    }
    g_test_add_func("/xmpp/link trouble/text", test_text);
    return g_test_run();
}
