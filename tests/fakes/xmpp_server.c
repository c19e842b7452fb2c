/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fakes/xmpp_server.h"
#include <string.h>
#include "common/xmpp/jid.h"
#include "tests/fakes/await.h"

#define STREAM_ID "abc"
#define NS_SASL "urn:ietf:params:xml:ns:xmpp-sasl"
#define NS_BIND "urn:ietf:params:xml:ns:xmpp-bind"

struct XmppServer {
    const XmppServerScript *script;
    XmppServerPlay play;
    gpointer user;
    GSocketService *service;
    guint16 port;
    unsigned connections;
    GPtrArray *unseen; /* Stanza */
    char *header;
    /* of the connection */
    GSocketConnection *peer; /* NULL: none */
    GCancellable *reading;
    bool opens, secured, in; /* a stream header is next; SASL is done; logged in */
    GString *raw;            /* not taken apart yet */
    GString *received;       /* all since the login */
    char buffer[65536];
};

/* ---- what it says ---- */

static void say_text(XmppServer *s, const char *text)
{
    if (s->peer)
        g_output_stream_write_all(g_io_stream_get_output_stream(G_IO_STREAM(s->peer)), text, strlen(text), NULL, NULL,
                                  NULL);
}

void xmpp_server_say(XmppServer *s, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    g_autofree char *text = g_strdup_vprintf(format, ap);
    va_end(ap);
    say_text(s, text);
}

void xmpp_server_answer(XmppServer *s, const Stanza *iq, const char *type, const char *payload)
{
    xmpp_server_say(s, "<iq type='%s' id='%s' from='%s' to='%s'>%s</iq>", type, stanza_get(iq, "id"),
                    stanza_get(iq, "to"), stanza_get(iq, "from"), payload);
}

/* What was said before still arrives, and what comes is still read. */
static void hang_up(XmppServer *s)
{
    g_socket_shutdown(g_socket_connection_get_socket(s->peer), FALSE, TRUE, NULL);
}

static void say_scripted(XmppServer *s, const char *text)
{
    say_text(s, text);
    if (!*text || strstr(text, "<stream:error>"))
        hang_up(s);
}

static void open_stream(XmppServer *s)
{
    const XmppServerScript *c = s->script;
    bool component = c->mode == XMPP_LINK_COMPONENT;
    const char *at = strchr(c->jid, '@');
    g_autofree char *domain = jid_text_bare(at ? at + 1 : c->jid);
    const char *usual = component    ? ""
                        : s->secured ? "<stream:features><bind xmlns='" NS_BIND "'/></stream:features>"
                                     : "<stream:features><mechanisms xmlns='" NS_SASL
                                       "'><mechanism>PLAIN</mechanism></mechanisms></stream:features>";
    g_autofree char *header = g_strdup_printf(
        "<?xml version='1.0'?><stream:stream xmlns='%s' xmlns:stream='http://etherx.jabber.org/streams' "
        "%s id='" STREAM_ID "' from='%s'>%s",
        component ? "jabber:component:accept" : "jabber:client", component ? "" : "version='1.0'", domain,
        c->features ? c->features : usual);
    say_scripted(s, c->greeting ? c->greeting : header);
}

/* ---- who comes in ---- */

static bool knows_secret(const XmppServerScript *c, const Stanza *login)
{
    g_autofree char *told = stanza_text(login);
    if (c->mode == XMPP_LINK_COMPONENT) {
        g_autofree char *both = g_strconcat(STREAM_ID, c->secret, NULL);
        g_autofree char *want = g_compute_checksum_for_string(G_CHECKSUM_SHA1, both, -1);
        return strcmp(told, want) == 0;
    }
    gsize len;
    g_autofree guchar *plain = g_base64_decode(told, &len); /* NUL, the local part, NUL, the password: RFC 4616, 2 */
    g_autofree char *local = g_strndup(c->jid, strcspn(c->jid, "@"));
    g_autofree char *want = g_strdup_printf("%s %s", local, c->secret);
    for (gsize i = 1; i < len; i++)
        if (plain[i] == 0)
            plain[i] = ' ';
    return g_strcmp0(stanza_get(login, "mechanism"), "PLAIN") == 0 && len == strlen(want) + 1 && plain[0] == 0 &&
           memcmp(plain + 1, want, strlen(want)) == 0;
}

static void let_in(XmppServer *s)
{
    s->in = true;
    g_string_assign(s->received, s->raw->str);
}

static void log_in(XmppServer *s, const Stanza *login)
{
    const XmppServerScript *c = s->script;
    bool component = c->mode == XMPP_LINK_COMPONENT;
    if (c->verdict) {
        say_scripted(s, c->verdict);
    } else if (!knows_secret(c, login)) {
        say_scripted(s, component ? "<stream:error><not-authorized xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>"
                                    "</stream:error></stream:stream>"
                                  : "<failure xmlns='" NS_SASL "'><not-authorized/></failure>");
    } else if (component) {
        let_in(s);
        say_text(s, "<handshake/>");
    } else {
        s->secured = s->opens = true;
        say_text(s, "<success xmlns='" NS_SASL "'/>");
    }
}

static void bind_resource(XmppServer *s, const Stanza *iq)
{
    let_in(s);
    xmpp_server_say(s, "<iq type='result' id='%s'><bind xmlns='" NS_BIND "'><jid>%s</jid></bind></iq>",
                    stanza_get(iq, "id"), s->script->jid);
}

/* ---- what it hears ---- */

static bool take_header(XmppServer *s)
{
    const char *begin = strstr(s->raw->str, "<stream:stream"), *end = begin ? strchr(begin, '>') : NULL;
    if (!end)
        return false;
    g_free(s->header);
    s->header = g_strndup(begin, (gsize)(end + 1 - begin));
    g_string_erase(s->raw, 0, end + 1 - s->raw->str);
    s->opens = false;
    open_stream(s);
    return true;
}

/* The first whole stanza behind the stream header, taken off `raw`; NULL: not there yet. Ours quote with ". */
static Stanza *take_stanza(GString *raw)
{
    int depth = 0;
    bool quoted = false;
    for (gsize i = 0; i < raw->len; i++) {
        const char *p = raw->str + i;
        if (*p == '"')
            quoted = !quoted;
        if (quoted)
            continue;
        if (*p == '<')
            depth += p[1] == '/' ? -1 : 1;
        if (depth < 0)
            return NULL; /* the stream's own end */
        if (*p != '>' || (depth -= p[-1] == '/') > 0)
            continue;
        g_autoptr(GError) error = NULL;
        Stanza *stanza = stanza_parse(raw->str, i + 1, &error);
        g_assert_no_error(error);
        g_string_erase(raw, 0, (gssize)i + 1);
        return stanza;
    }
    return NULL;
}

static void on_stanza(XmppServer *s, Stanza *stanza)
{
    const char *login = s->script->mode == XMPP_LINK_COMPONENT ? "handshake" : "auth";
    g_autoptr(Stanza) owned = stanza;
    if (!s->in && strcmp(stanza_name(stanza), login) == 0)
        log_in(s, stanza);
    else if (!s->in && s->secured && stanza_find(stanza, "bind", NS_BIND))
        bind_resource(s, stanza);
    else if (!s->play || !s->play(stanza, s->user))
        g_ptr_array_add(s->unseen, g_steal_pointer(&owned));
}

static void take_apart(XmppServer *s)
{
    for (bool more = true; more && s->peer;) {
        Stanza *stanza = NULL;
        if (s->opens)
            more = take_header(s);
        else if ((more = (stanza = take_stanza(s->raw)) != NULL))
            on_stanza(s, stanza);
    }
    if (s->peer && g_str_has_prefix(s->raw->str, "</stream:stream>"))
        hang_up(s);
}

static void on_bytes(GObject *source, GAsyncResult *result, gpointer user);

static void read_more(XmppServer *s)
{
    g_input_stream_read_async(g_io_stream_get_input_stream(G_IO_STREAM(s->peer)), s->buffer, sizeof(s->buffer),
                              G_PRIORITY_DEFAULT, s->reading, on_bytes, s);
}

/* A read that was cancelled says so, whatever had come: by then the server may be gone. */
static void on_bytes(GObject *source, GAsyncResult *result, gpointer user)
{
    XmppServer *s = user;
    gssize n = g_input_stream_read_finish(G_INPUT_STREAM(source), result, NULL);
    if (n <= 0)
        return;
    const GSocketConnection *peer = s->peer;
    g_string_append_len(s->raw, s->buffer, n);
    if (s->in)
        g_string_append_len(s->received, s->buffer, n);
    take_apart(s);
    if (s->peer == peer)
        read_more(s);
}

void xmpp_server_drop(XmppServer *s)
{
    if (!s->peer)
        return;
    g_cancellable_cancel(s->reading);
    g_clear_object(&s->reading);
    g_socket_shutdown(g_socket_connection_get_socket(s->peer), TRUE, TRUE, NULL);
    g_clear_object(&s->peer);
    g_string_truncate(s->raw, 0);
    g_string_truncate(s->received, 0);
}

static gboolean on_incoming(GSocketService *service, GSocketConnection *connection, GObject *source, gpointer user)
{
    XmppServer *s = user;
    xmpp_server_drop(s);
    s->peer = g_object_ref(connection);
    s->reading = g_cancellable_new();
    s->connections++;
    s->opens = true;
    s->secured = s->in = false;
    read_more(s);
    return TRUE;
}

/* ---- for the test ---- */

XmppServer *xmpp_server_new(const XmppServerScript *script, XmppServerPlay play, gpointer user)
{
    XmppServer *s = g_new0(XmppServer, 1);
    GError *error = NULL;
    s->script = script;
    s->play = play;
    s->user = user;
    s->raw = g_string_new(NULL);
    s->received = g_string_new(NULL);
    s->header = g_strdup("");
    s->unseen = g_ptr_array_new_with_free_func((GDestroyNotify)stanza_free);
    s->service = g_socket_service_new();
    s->port = g_socket_listener_add_any_inet_port(G_SOCKET_LISTENER(s->service), NULL, &error);
    g_assert_no_error(error);
    g_signal_connect(s->service, "incoming", G_CALLBACK(on_incoming), s);
    return s;
}

guint16 xmpp_server_port(const XmppServer *s)
{
    return s->port;
}

unsigned xmpp_server_connections(const XmppServer *s)
{
    return s->connections;
}

const char *xmpp_server_header(const XmppServer *s)
{
    return s->header;
}

const char *xmpp_server_received(const XmppServer *s)
{
    return s->received->str;
}

const GPtrArray *xmpp_server_unseen(const XmppServer *s)
{
    return s->unseen;
}

void xmpp_server_forget(XmppServer *s)
{
    g_ptr_array_set_size(s->unseen, 0);
}

gboolean match_answer(const Stanza *s, const char *id)
{
    const char *type = stanza_get(s, "type");
    return strcmp(stanza_name(s), "iq") == 0 && g_strcmp0(stanza_get(s, "id"), id) == 0 &&
           (g_strcmp0(type, "result") == 0 || g_strcmp0(type, "error") == 0);
}

gboolean match_presence(const Stanza *s, const char *text)
{
    g_autofree char *xml = stanza_to_string(s);
    return strcmp(stanza_name(s), "presence") == 0 && strstr(xml, text);
}

gboolean match_child(const Stanza *s, const char *name)
{
    return stanza_find(s, name, NULL) != NULL;
}

gboolean match_query(const Stanza *s, const char *ns)
{
    return stanza_find(s, "query", ns) != NULL;
}

Stanza *xmpp_server_find(XmppServer *s, XmppServerMatch match, const char *arg)
{
    for (guint i = 0; i < s->unseen->len; i++)
        if (match(s->unseen->pdata[i], arg))
            return g_ptr_array_steal_index(s->unseen, i);
    return NULL;
}

Stanza *xmpp_server_expect(XmppServer *s, XmppServerMatch match, const char *arg)
{
    Stanza *stanza;
    AWAIT_FOR((stanza = xmpp_server_find(s, match, arg)), arg);
    return stanza;
}

void xmpp_server_expect_error(XmppServer *s, const char *id, StanzaCondition condition)
{
    g_autoptr(Stanza) stanza = xmpp_server_expect(s, match_answer, id);
    StanzaErrorInfo info;
    stanza_error_read(stanza, &info);
    g_assert_cmpstr(stanza_get(stanza, "type"), ==, "error");
    g_assert_cmpstr(stanza_condition_name(info.condition), ==, stanza_condition_name(condition));
    g_assert_cmpstr(info.text, !=, ""); /* says why */
    stanza_error_info_clear(&info);
}

void xmpp_server_free(XmppServer *s)
{
    xmpp_server_drop(s);
    g_signal_handlers_disconnect_by_data(s->service, s);
    g_socket_service_stop(s->service);
    g_socket_listener_close(G_SOCKET_LISTENER(s->service));
    g_object_unref(s->service);
    while (g_main_context_iteration(NULL, FALSE))
        ;
    g_string_free(s->raw, TRUE);
    g_string_free(s->received, TRUE);
    g_ptr_array_unref(s->unseen);
    g_free(s->header);
    g_free(s);
}
