/* SPDX-License-Identifier: Apache-2.0
 *
 * The link as external component, against a fake server. */
#include <string.h>
#include <time.h>
#include "common/xmpp/component_stream.h"
#include "tests/fakes/await.h"
#include "tests/fakes/rows.h"
#include "tests/fakes/xmpp_server.h"

typedef struct {
    XmppServerScript script;
    XmppServer *server;
    XmppLink *link;
    GString *story;
    char *last; /* stanza */
} Fixture;

static void tell(Fixture *f, const char *what)
{
    g_string_append(f->story, what);
    g_test_message("%s", f->story->str);
}

static void on_connected(gpointer user)
{
    tell(user, "up ");
}

static void on_disconnected(const char *reason, gpointer user)
{
    tell(user, "down ");
}

static void on_stanza(const Stanza *stanza, gpointer user)
{
    Fixture *f = user;
    tell(f, "stanza ");
    g_free(f->last);
    f->last = stanza_to_string(stanza);
}

static XmppLink *new_link(Fixture *f)
{
    const XmppLinkConfig config = { .mode = XMPP_LINK_COMPONENT,
                                    .host = "127.0.0.1",
                                    .port = xmpp_server_port(f->server),
                                    .jid = "focus.d",
                                    .password = "secret" };
    const XmppLinkEvents events = { on_connected, on_disconnected, on_stanza };
    XmppLink *link = xmpp_link_new(&config, &events, f);
    xmpp_link_start(link);
    return link;
}

static void set_up(Fixture *f, gconstpointer data)
{
    f->script = (XmppServerScript){ .mode = XMPP_LINK_COMPONENT, .jid = "focus.d", .secret = "secret" };
    f->server = xmpp_server_new(&f->script, NULL, NULL);
    f->story = g_string_new(NULL);
    f->link = new_link(f);
}

static void tear_down(Fixture *f, gconstpointer data)
{
    xmpp_link_free(f->link);
    xmpp_server_free(f->server);
    g_string_free(f->story, TRUE);
    g_free(f->last);
}

static void wait_story(Fixture *f, const char *want)
{
    AWAIT_FOR(strcmp(f->story->str, want) == 0, want);
}

static void wait_received(Fixture *f, const char *want)
{
    AWAIT_FOR(strstr(xmpp_server_received(f->server), want), want);
}

static void test_both_ways(Fixture *f, gconstpointer data)
{
    wait_story(f, "up ");
    g_assert_true(xmpp_link_is_connected(f->link));
    g_assert_nonnull(strstr(xmpp_server_header(f->server), "to=\"focus.d\""));
    xmpp_server_say(
        f->server,
        "<iq type='get' id='1' from='a@b/c' to='focus.d' xml:lang='en'><q xmlns='n' k='&lt;'><e/>te&amp;xt</q></iq>");
    wait_story(f, "up stanza ");
    g_assert_nonnull(strstr(f->last, "xmlns=\"jabber:client\""));
    g_assert_nonnull(strstr(f->last, "xml:lang=\"en\""));
    g_assert_nonnull(strstr(f->last, "<q xmlns=\"n\" k=\"&lt;\"><e/>te&amp;xt</q>"));
    Stanza *iq = stanza_new("iq", "jabber:client");
    stanza_set(iq, "to", "a@b/c");
    stanza_child(stanza_child(iq, "jingle", "urn:j", "sid", "1", NULL), "inner", NULL, NULL);
    stanza_child(iq, "SourceInfo", NULL, NULL);
    g_assert_true(xmpp_link_send(f->link, iq));
    wait_received(f, "<iq to=\"a@b/c\"><jingle xmlns=\"urn:j\" sid=\"1\"><inner/></jingle><SourceInfo/></iq>");
}

static void test_reconnect(Fixture *f, gconstpointer data)
{
    wait_story(f, "up ");
    xmpp_server_drop(f->server);
    wait_story(f, "up down ");
    g_assert_false(xmpp_link_send(f->link, stanza_new("iq", NULL)));
    g_assert_cmpuint(xmpp_link_dropped_out(f->link), ==, 1);
    wait_story(f, "up down up ");
    xmpp_link_break(f->link);
    wait_story(f, "up down up down up ");
    g_assert_cmpuint(xmpp_server_connections(f->server), ==, 3);
}

/* A server that has stopped reading: what waits for it is bounded, then the link gives it up and comes back. */
static void test_unsent(Fixture *f, gconstpointer data)
{
    enum { EACH = 64 * 1024, KERNEL = 64 * 1024 * 1024 /* more than any socket buffers */ };
    g_autofree char *text = g_strnfill(EACH, 'x');
    guint sent = 0;
    wait_story(f, "up ");
    for (;;) { /* the server is in this thread, so it does not read meanwhile */
        Stanza *message = stanza_new("message", NULL);
        stanza_set_text(stanza_child(message, "body", NULL, NULL), text);
        if (!xmpp_link_send(f->link, message))
            break;
        sent++;
        g_assert_cmpuint(sent, <, (COMPONENT_STREAM_MAX_UNSENT + KERNEL) / EACH);
    }
    g_assert_cmpuint(sent, >=, COMPONENT_STREAM_MAX_UNSENT / EACH - 1);
    g_assert_cmpuint(xmpp_link_dropped_out(f->link), ==, 1);
    wait_story(f, "up down up ");
}

static void test_refused(Fixture *f, gconstpointer data)
{
    f->script.secret = "another";
    wait_story(f, "down ");
    f->script.secret = "secret";
    wait_story(f, "down up ");
}

static void test_stop(Fixture *f, gconstpointer data)
{
    wait_story(f, "up ");
    xmpp_link_stop(f->link);
    wait_received(f, "</stream:stream>");
    g_assert_cmpstr(f->story->str, ==, "up ");
    xmpp_link_start(f->link);
    wait_story(f, "up up ");
}

/* Freed at each point of an attempt: while it connects, before the stream is open, before the handshake is answered. */
static void test_free_early(Fixture *f, gconstpointer data)
{
    wait_story(f, "up ");
    for (int turns = 0; turns < 12; turns++) {
        XmppLink *link = new_link(f);
        for (int i = 0; i < turns; i++)
            g_main_context_iteration(NULL, FALSE);
        xmpp_link_free(link);
    }
    for (int i = 0; i < 100; i++)
        g_main_context_iteration(NULL, FALSE);
}

static const char *const no_streams[] = {
    "HTTP/1.1 400 Bad Request\r\n\r\n",
    "<?xml version='1.0'?><!DOCTYPE x><x/>",
    "<stream:stream xmlns:stream='http://etherx.jabber.org/streams' xmlns='jabber:component:accept'>", /* no id */
    "<other id='abc'>",
    "</stream:stream>",
};

/* Whatever answers, it is one more lost attempt. */
static void test_no_stream(gconstpointer data)
{
    Fixture fixture = { 0 }, *f = &fixture;
    set_up(f, NULL);
    f->script.greeting = data;
    wait_story(f, "down ");
    f->script.greeting = NULL;
    wait_story(f, "down up ");
    tear_down(f, NULL);
}

/* After the handshake: what only the server can say wrong ends the stream, and the next one is fine. */
static void test_broken_stream(Fixture *f, gconstpointer data)
{
    static const char *const ends[] = {
        "<!-- -->", "text", "<?x?>", "</stream:stream>",
        "<stream:error><conflict xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>"
    };
    GString *want = g_string_new("up ");
    for (size_t i = 0; i < G_N_ELEMENTS(ends); i++) {
        wait_story(f, want->str);
        xmpp_server_say(f->server, "%s", ends[i]);
        g_string_append(want, "down up ");
    }
    wait_story(f, want->str);
    g_string_free(want, TRUE);
}

typedef struct {
    const char *name, *open, *unit, *close;
    unsigned n;
    const char *answer; /* what the sender is told; NULL: nothing */
} Flood;

static const Flood floods[] = {
    { "deep", "<iq type='get' id='x7' from='a@b/c' to='focus.d'>", "<d>", "</iq>", STANZA_MAX_DEPTH,
      "policy-violation" },
    { "many siblings", "<iq type='set' id='x7' from='a@b/c' to='focus.d'>", "<f/>", "</iq>", 100000,
      "policy-violation" },
    { "many elements", "<iq type='set' id='x7' from='a@b/c' to='focus.d'>",
      "<e><f/><f/><f/><f/><f/><f/><f/><f/><f/></e>", "</iq>", STANZA_MAX_ELEMENTS / 10, "policy-violation" },
    { "many attributes", "<message from='a@b/c'><m", " a%u='1'", "/></message>", STANZA_MAX_ATTRIBUTES + 1, NULL },
    { "long text", "<presence from='a@b/c'><t>", "xxxxxxxxxxxxxxxx", "</t></presence>", STANZA_MAX_BYTES / 16 + 1,
      NULL },
};

/* The stanza is dropped, the link stays. */
static void test_flood(gconstpointer data)
{
    const Flood *flood = data;
    Fixture fixture = { 0 }, *f = &fixture;
    set_up(f, NULL);
    wait_story(f, "up ");
    GString *xml = g_string_new(flood->open);
    for (unsigned i = 0; i < flood->n; i++) {
        if (strchr(flood->unit, '%'))
            g_string_append_printf(xml, " a%u='1'", i);
        else
            g_string_append(xml, flood->unit);
    }
    for (unsigned i = 0; strcmp(flood->unit, "<d>") == 0 && i < flood->n; i++)
        g_string_append(xml, "</d>");
    g_string_append(xml, flood->close);
    g_string_append(xml, "<message from='a@b/c'/>");
    clock_t begun = clock();
    xmpp_server_say(f->server, "%s", xml->str);
    g_string_free(xml, TRUE);
    wait_story(f, "up stanza ");
    /* None takes a time that grows faster than its length: that would be minutes, in place of milliseconds. */
    g_assert_cmpfloat((double)(clock() - begun) / CLOCKS_PER_SEC, <, 10);
    g_assert_nonnull(strstr(f->last, "<message"));
    g_assert_cmpuint(xmpp_link_dropped_in(f->link), ==, 1);
    if (flood->answer) {
        wait_received(f, flood->answer);
        wait_received(f, "id=\"x7\"");
    }
    tear_down(f, NULL);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name, func) g_test_add("/xmpp/link/" name, Fixture, NULL, set_up, func, tear_down)
    ADD("both ways", test_both_ways);
    ADD("reconnect", test_reconnect);
    ADD("unsent", test_unsent);
    ADD("refused", test_refused);
    ADD("stop", test_stop);
    ADD("free early", test_free_early);
    ADD("broken stream", test_broken_stream);
    for (size_t i = 0; i < G_N_ELEMENTS(no_streams); i++) {
        g_autofree char *path = g_strdup_printf("/xmpp/link/no stream/%zu", i);
        g_test_add_data_func(path, no_streams[i], test_no_stream);
    }
    ADD_ROWS("/xmpp/link/flood", floods, test_flood);
    return g_test_run();
}
