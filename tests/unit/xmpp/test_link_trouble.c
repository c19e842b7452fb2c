/* SPDX-License-Identifier: Apache-2.0
 *
 * What an operator is told when a server refuses a stream or a login: a real link against a fake server. */
#include <string.h>
#include "common/xmpp/link_trouble.h"
#include "tests/fakes/await.h"
#include "tests/fakes/rows.h"
#include "tests/fakes/xmpp_server.h"

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
    const char *features, *verdict; /* what the server says, see XmppServerScript */
    const char *trouble;            /* begins so.. */
    const char *remedy;             /* ..and contains this */
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
    { "silent close", XMPP_LINK_CLIENT, PLAIN_ONLY, "", "", "" },
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
    { "closed instead", XMPP_LINK_COMPONENT, "", "", "connection closed while the handshake was not answered", "" },
};

typedef struct {
    char *reason;
    XmppLink *link;
} World;

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
    const Case *c = data;
    World w = { 0 };
    const XmppServerScript script = { .mode = c->mode,
                                      .jid = c->mode == XMPP_LINK_CLIENT ? "a@bridge.d/r" : "bridge.d",
                                      .secret = "opensesame",
                                      .features = c->features,
                                      .verdict = c->verdict };
    XmppServer *server = xmpp_server_new(&script, NULL, NULL);
    const XmppLinkConfig config = { .mode = c->mode,
                                    .host = "127.0.0.1",
                                    .port = xmpp_server_port(server),
                                    .jid = script.jid,
                                    .password = script.secret };
    const XmppLinkEvents events = { on_connected, on_disconnected, on_stanza };
    w.link = xmpp_link_new(&config, &events, &w);
    g_assert_null(xmpp_link_trouble(w.link));
    xmpp_link_start(w.link);
    AWAIT(w.reason);
    g_test_message("%s", w.reason);
    g_assert_cmpstr(w.reason, !=, "");
    g_assert_true(g_str_has_prefix(w.reason, c->trouble));
    g_assert_nonnull(strstr(w.reason, c->remedy));
    g_assert_null(strstr(w.reason, "opensesame"));
    g_assert_null(strchr(w.reason, '\n'));
    xmpp_link_free(w.link);
    xmpp_server_free(server);
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
    ADD_ROWS("/xmpp/link trouble", cases, test_told);
    g_test_add_func("/xmpp/link trouble/text", test_text);
    return g_test_run();
}
