/* SPDX-License-Identifier: Apache-2.0 */
#include "common/xmpp/component_stream.h"

#include <gio/gio.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include "common/xmpp/stanza_framer.h"
#include "common/xmpp/link_trouble.h"

#define NS_STREAMS "http://etherx.jabber.org/streams"
#define NS_COMPONENT "jabber:component:accept"
#define NS_CLIENT "jabber:client" /* what everybody above calls the stream's namespace */
#define READ_BYTES 16384
#define READS_A_TURN 16 /* then others have theirs */

typedef enum { CONNECTING, GREETED, SHAKING, OPEN, OVER } Phase;

struct ComponentStream {
    /* set at birth */
    char *domain, *secret;
    guint user_timeout_ms;
    ComponentStreamEvents events;
    gpointer user;
    GCancellable *cancellable;
    StanzaFramer *framer;
    /* control */
    Phase phase;
    GSocketConnection *connection;
    GSocket *socket; /* of connection; borrowed */
    GSource *readable, *writable;
    GString *unsent;
};

static void clear_source(GSource **source)
{
    if (*source) {
        g_source_destroy(*source);
        g_source_unref(*source);
    }
    *source = NULL;
}

static void end(ComponentStream *s, const char *why)
{
    if (s->phase == OVER)
        return;
    s->phase = OVER;
    clear_source(&s->readable);
    clear_source(&s->writable);
    s->events.ended(why, s->user);
}

/* ---- out ---- */

static gboolean on_writable(GSocket *socket, GIOCondition condition, gpointer user);

static void watch(ComponentStream *s, GSource **source, GIOCondition condition, GSocketSourceFunc func)
{
    if (*source)
        return;
    *source = g_socket_create_source(s->socket, condition, NULL);
    g_source_set_callback(*source, G_SOURCE_FUNC(func), s, NULL);
    g_source_attach(*source, NULL);
}

/* FALSE: the stream is over. */
static gboolean flush(ComponentStream *s)
{
    size_t sent = 0;
    g_autoptr(GError) error = NULL;
    while (sent < s->unsent->len && !error) {
        gssize n = g_socket_send(s->socket, s->unsent->str + sent, s->unsent->len - sent, NULL, &error);
        sent += n > 0 ? (size_t)n : 0;
    }
    g_string_erase(s->unsent, 0, (gssize)sent);
    if (error && !g_error_matches(error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK)) {
        end(s, error->message);
        return FALSE;
    }
    if (error)
        watch(s, &s->writable, G_IO_OUT, on_writable);
    else
        clear_source(&s->writable);
    return TRUE;
}

static gboolean on_writable(GSocket *socket, GIOCondition condition, gpointer user)
{
    ComponentStream *s = user;
    return flush(s) && s->writable ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

/* Written from the main loop, all of a turn at once. */
static void say(ComponentStream *s, const char *text)
{
    g_string_append(s->unsent, text);
    watch(s, &s->writable, G_IO_OUT, on_writable);
}

gboolean component_stream_send(ComponentStream *s, const char *text)
{
    if (s->phase != OPEN || s->unsent->len + strlen(text) > COMPONENT_STREAM_MAX_UNSENT)
        return FALSE;
    say(s, text);
    return TRUE;
}

/* ---- in ---- */

/* A first tag, made an element of its own. */
static Stanza *parse_tag(const char *tag, size_t len)
{
    if (len < 2)
        return NULL;
    GString *xml = g_string_new_len(tag, (gssize)len - 1);
    if (xml->str[xml->len - 1] != '/')
        g_string_append_c(xml, '/');
    g_string_append_c(xml, '>');
    Stanza *out = stanza_parse_in(NS_CLIENT, xml->str, xml->len, NULL);
    g_string_free(xml, TRUE);
    return out;
}

static void on_header(ComponentStream *s, const Frame *f)
{
    g_autoptr(Stanza) header = parse_tag(f->text, f->len);
    const char *id = header ? stanza_get(header, "id") : NULL;
    if (!id || !stanza_is(header, "stream", NS_STREAMS)) {
        end(s, "the server opens no stream of components");
        return;
    }
    g_autofree char *both = g_strconcat(id, s->secret, NULL);
    g_autofree char *digest = g_compute_checksum_for_string(G_CHECKSUM_SHA1, both, -1);
    g_autofree char *handshake = g_strdup_printf("<handshake>%s</handshake>", digest);
    memset(both, 0, strlen(both));
    s->phase = SHAKING;
    say(s, handshake);
}

/* The prefix was declared in the header. */
static void on_stream_error(ComponentStream *s, const Frame *f)
{
    g_autofree char *text =
        g_strdup_printf("<stream xmlns:stream=\"" NS_STREAMS "\">%.*s</stream>", (int)f->len, f->text);
    g_autoptr(Stanza) stream = stanza_parse_in(NS_CLIENT, text, strlen(text), NULL);
    g_autofree char *why =
        link_trouble_read(LINK_TROUBLE_COMPONENT, stream ? stanza_find(stream, "error", NS_STREAMS) : NULL);
    end(s, why);
}

static void on_stanza(ComponentStream *s, const Frame *f)
{
    static const char prefix[] = "<stream:";
    if (f->len > strlen(prefix) && memcmp(f->text, prefix, strlen(prefix)) == 0) {
        if (f->len > 13 && memcmp(f->text, "<stream:error", 13) == 0)
            on_stream_error(s, f);
        return;
    }
    g_autoptr(Stanza) stanza = stanza_parse_in(NS_CLIENT, f->text, f->len, NULL);
    if (stanza && s->phase == SHAKING && strcmp(stanza_name(stanza), "handshake") == 0) {
        s->phase = OPEN;
        s->events.opened(s->user);
    } else if (s->phase == OPEN && stanza) {
        s->events.stanza(stanza, s->user);
    } else if (s->phase == OPEN) {
        const char *tag_end = memchr(f->text, '>', f->len); /* a quoted one makes it unreadable, no more */
        g_autoptr(Stanza) tag = tag_end ? parse_tag(f->text, (size_t)(tag_end - f->text) + 1) : NULL;
        s->events.refused(tag, s->user);
    }
}

static void on_frame(ComponentStream *s, const Frame *f)
{
    switch (f->type) {
    case FRAME_HEADER:
        on_header(s, f);
        break;
    case FRAME_STANZA:
        on_stanza(s, f);
        break;
    case FRAME_OVERSIZED:
        if (s->phase == OPEN) {
            g_autoptr(Stanza) tag = parse_tag(f->text, f->len);
            s->events.refused(tag, s->user);
        }
        break;
    case FRAME_END:
        end(s, "closed by the server");
        break;
    case FRAME_BAD:
        end(s, "the server sends no XML stream");
        break;
    case FRAME_NONE:
        break;
    }
}

/* FALSE: nothing more now, or it is over. */
static gboolean read_some(ComponentStream *s)
{
    char bytes[READ_BYTES];
    g_autoptr(GError) error = NULL;
    gssize n = g_socket_receive(s->socket, bytes, sizeof(bytes), NULL, &error);
    if (n < 0 && g_error_matches(error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
        return FALSE;
    if (n <= 0) {
        end(s, error                 ? error->message
               : s->phase == SHAKING ? "connection closed while the handshake was not answered"
                                     : "connection closed");
        return FALSE;
    }
    stanza_framer_push(s->framer, bytes, (size_t)n);
    Frame f;
    while (s->phase != OVER && (f = stanza_framer_next(s->framer)).type != FRAME_NONE)
        on_frame(s, &f);
    return s->phase != OVER;
}

static gboolean on_readable(GSocket *socket, GIOCondition condition, gpointer user)
{
    ComponentStream *s = user;
    for (int i = 0; i < READS_A_TURN && read_some(s); i++)
        ;
    return s->phase == OVER ? G_SOURCE_REMOVE : G_SOURCE_CONTINUE;
}

/* ---- life ---- */

static void on_connected(GObject *client, GAsyncResult *result, gpointer user)
{
    ComponentStream *s = user;
    g_autoptr(GError) error = NULL;
    GSocketConnection *connection = g_socket_client_connect_to_host_finish(G_SOCKET_CLIENT(client), result, &error);
    if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        return; /* s is gone */
    if (!connection) {
        end(s, error->message);
        return;
    }
    s->connection = connection;
    s->socket = g_socket_connection_get_socket(connection);
    g_socket_set_blocking(s->socket, FALSE);
    g_socket_set_option(s->socket, IPPROTO_TCP, TCP_NODELAY, 1, NULL);
    g_socket_set_option(s->socket, IPPROTO_TCP, TCP_USER_TIMEOUT, (gint)s->user_timeout_ms, NULL);
    s->phase = GREETED;
    watch(s, &s->readable, G_IO_IN | G_IO_HUP | G_IO_ERR, on_readable);
    g_autofree char *to = g_markup_escape_text(s->domain, -1);
    g_autofree char *header = g_strdup_printf("<?xml version=\"1.0\"?><stream:stream xmlns=\"" NS_COMPONENT
                                              "\" xmlns:stream=\"" NS_STREAMS "\" to=\"%s\">",
                                              to);
    say(s, header);
}

ComponentStream *component_stream_new(const ComponentStreamConfig *config, const ComponentStreamEvents *events,
                                      gpointer user)
{
    ComponentStream *s = g_new0(ComponentStream, 1);
    s->domain = g_strdup(config->domain);
    s->secret = g_strdup(config->secret);
    s->user_timeout_ms = config->user_timeout_ms;
    s->events = *events;
    s->user = user;
    s->cancellable = g_cancellable_new();
    s->framer = stanza_framer_new();
    s->unsent = g_string_new(NULL);
    g_autoptr(GSocketClient) client = g_socket_client_new();
    g_socket_client_set_enable_proxy(client, FALSE);
    g_socket_client_connect_to_host_async(client, config->host, config->port, s->cancellable, on_connected, s);
    return s;
}

void component_stream_close(ComponentStream *s)
{
    if (s->phase != OPEN)
        return;
    g_string_append(s->unsent, "</stream:stream>");
    flush(s);
}

void component_stream_break(ComponentStream *s)
{
    if (s->socket)
        g_socket_shutdown(s->socket, TRUE, TRUE, NULL); /* found out at the next read */
}

void component_stream_free(ComponentStream *s)
{
    if (!s)
        return;
    s->phase = OVER;
    g_cancellable_cancel(s->cancellable);
    g_object_unref(s->cancellable);
    clear_source(&s->readable);
    clear_source(&s->writable);
    if (s->connection) {
        g_io_stream_close(G_IO_STREAM(s->connection), NULL, NULL);
        g_object_unref(s->connection);
    }
    stanza_framer_free(s->framer);
    g_string_free(s->unsent, TRUE);
    memset(s->secret, 0, strlen(s->secret));
    g_free(s->secret);
    g_free(s->domain);
    g_free(s);
}
