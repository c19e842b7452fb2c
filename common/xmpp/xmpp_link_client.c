/* SPDX-License-Identifier: Apache-2.0
 *
 * A client's stream: libstrophe in the GLib main loop. It waits with select(), so its socket must have a low number; we
 * keep some reserved. */
#include "common/xmpp/xmpp_link_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <glib-unix.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "common/base/log.h"
#include "common/xmpp/link_trouble.h"

#define NS_SASL "urn:ietf:params:xml:ns:xmpp-sasl"

/* ---- libstrophe's callbacks ---- */

static int on_stanza(xmpp_conn_t *conn, xmpp_stanza_t *in, void *user)
{
    XmppLink *link = user;
    link_heard(link);
    link_run_soon(link); /* TLS may hold more that the socket does not show */
    if (!link_is_for_above(xmpp_stanza_get_name(in), xmpp_stanza_get_id(in)))
        return 1;
    g_autoptr(Stanza) stanza = strophe_stanza_convert(in);
    if (stanza) {
        link->events.stanza(stanza, link->user);
    } else {
        g_autoptr(Stanza) tag = strophe_stanza_tag(in);
        link_refuse(link, tag);
    }
    return 1;
}

static void on_connection(xmpp_conn_t *conn, xmpp_conn_event_t event, int error, xmpp_stream_error_t *stream_error,
                          void *user)
{
    XmppLink *link = user;
    if (event == XMPP_CONN_CONNECT) {
        xmpp_handler_add(conn, on_stanza, NULL, NULL, NULL, link);
        link_up(link, xmpp_conn_get_bound_jid(conn));
        return;
    }
    g_autofree char *why = NULL;
    if (stream_error) {
        g_autoptr(Stanza) said = stream_error->stanza ? strophe_stanza_convert(stream_error->stanza) : NULL;
        why = link_trouble_read(LINK_TROUBLE_STREAM, said);
    } else if (link->state == CONNECTING) { /* libstrophe itself says no more than that it is over */
        why = link->refusal ? g_steal_pointer(&link->refusal) : g_steal_pointer(&link->complaint);
    }
    link_down(link, why ? why : error > 0 ? g_strerror(error) : "connection closed");
}

/* ---- the socket ---- */

static void reserve_fds(XmppLink *link)
{
    for (int i = 0; i < RESERVED_FDS && link->mode == XMPP_LINK_CLIENT; i++) {
        if (link->reserved[i] >= 0)
            continue;
        link->reserved[i] = open("/dev/null", O_RDONLY | O_CLOEXEC);
        if (link->reserved[i] > XMPP_LINK_MAX_FD) {
            close(link->reserved[i]);
            link->reserved[i] = -1;
        }
    }
}

static void release_one_fd(XmppLink *link)
{
    int *lowest = NULL;
    for (int i = 0; i < RESERVED_FDS; i++)
        if (link->reserved[i] >= 0 && (!lowest || link->reserved[i] < *lowest))
            lowest = &link->reserved[i];
    if (lowest) {
        close(*lowest);
        *lowest = -1;
    }
}

static gboolean on_readable(int fd, GIOCondition condition, gpointer user)
{
    XmppLink *link = user;
    guint mine = link->fd_watch;
    link_run(link);
    return link->fd_watch == mine ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

/* Once: connecting has ended, or there is room for what is queued. */
static gboolean on_writable(int fd, GIOCondition condition, gpointer user)
{
    XmppLink *link = user;
    link->out_watch = 0;
    link_run(link);
    return G_SOURCE_REMOVE;
}

static void unwatch(XmppLink *link)
{
    link_clear_source(&link->fd_watch);
    link_clear_source(&link->out_watch);
    link->fd = -1;
}

/* libstrophe gives its socket callback no pointer of ours; it is called only while one of these two runs. */
static _Thread_local XmppLink *current;

/* A new socket, before it connects; perhaps one of several for a name with several addresses. */
static int on_socket(xmpp_conn_t *conn, void *sock)
{
    XmppLink *link = current;
    int fd = *(const int *)sock, on = 1, limit_ms = XMPP_LINK_PING_MS;
    if (!link)
        return -1;
    unwatch(link);
    if (fd > XMPP_LINK_MAX_FD) {
        log_error(NULL, "the XMPP socket got number %d, above %d", fd, XMPP_LINK_MAX_FD);
        return -1;
    }
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &limit_ms, sizeof(limit_ms));
    link->fd = fd;
    link->fd_watch = g_unix_fd_add(fd, G_IO_IN | G_IO_HUP | G_IO_ERR, on_readable, link);
    link->out_watch = g_unix_fd_add(fd, G_IO_OUT, on_writable, link);
    return 0;
}

void link_client_run(XmppLink *link)
{
    XmppLink *outer = current;
    current = link;
    link->in_run = TRUE;
    xmpp_run_once(link->ctx, 0);
    link->in_run = FALSE;
    current = outer;
}

void link_client_watch_unsent(XmppLink *link)
{
    if (link->fd >= 0 && !link->out_watch && xmpp_conn_send_queue_len(link->conn) > 0)
        link->out_watch = g_unix_fd_add(link->fd, G_IO_OUT, on_writable, link);
}

gboolean link_client_is_busy(const XmppLink *link)
{
    return link->conn && (link->state == CONNECTING || xmpp_conn_send_queue_len(link->conn) > 0);
}

/* ---- attempts ---- */

static gboolean is_loopback(const char *host)
{
    g_autoptr(GInetAddress) address = g_inet_address_new_from_string(host);
    return address ? g_inet_address_get_is_loopback(address) : strcmp(host, "localhost") == 0;
}

static long tls_flags(const XmppLink *link)
{
    switch (link->tls) {
    case XMPP_LINK_TLS_OFF:
        return XMPP_CONN_FLAG_DISABLE_TLS;
    case XMPP_LINK_TLS_REQUIRED:
        return XMPP_CONN_FLAG_MANDATORY_TLS;
    case XMPP_LINK_TLS_UNVERIFIED:
        return XMPP_CONN_FLAG_MANDATORY_TLS | XMPP_CONN_FLAG_TRUST_TLS;
    case XMPP_LINK_TLS_AUTO:
        break;
    }
    return link->host && is_loopback(link->host) ? XMPP_CONN_FLAG_DISABLE_TLS : XMPP_CONN_FLAG_MANDATORY_TLS;
}

/* A refused login is told nowhere else than among the stanzas it logs. The first refusal is the one of the best method. */
static void note_refusal(XmppLink *link, const char *message)
{
    static const char failure[] = "RECV: <failure ";
    const char *text = message + strlen("RECV: ");
    if (link->refusal || strncmp(message, failure, strlen(failure)) != 0 || !strstr(text, NS_SASL))
        return;
    g_autoptr(Stanza) said = stanza_parse(text, strlen(text), NULL);
    link->refusal = link_trouble_read(LINK_TROUBLE_LOGIN, said);
}

static void on_log(void *user, xmpp_log_level_t level, const char *area, const char *message)
{
    XmppLink *link = user;
    if (link->state == CONNECTING)
        note_refusal(link, message);
    if (level < XMPP_LEVEL_WARN) /* whole stanzas, secrets included */
        return;
    log_info(NULL, "libstrophe %s: %s", area, message);
    if (link->state == CONNECTING && !link->complaint)
        link->complaint =
            g_strdup_printf("%s%s", message,
                            strcmp(area, "auth") == 0 ? ": does the server offer a login without TLS? [xmpp] tls" : "");
}

void link_client_begin(XmppLink *link)
{
    g_clear_pointer(&link->refusal, g_free);
    g_clear_pointer(&link->complaint, g_free);
    link->ctx = xmpp_ctx_new(NULL, &link->log);
    link->conn = link->ctx ? xmpp_conn_new(link->ctx) : NULL;
    if (!link->conn)
        g_error("out of memory");
    xmpp_conn_set_jid(link->conn, link->jid);
    xmpp_conn_set_pass(link->conn, link->password);
    xmpp_conn_set_sockopt_callback(link->conn, on_socket);
    if (link->ca_file)
        xmpp_conn_set_cafile(link->conn, link->ca_file);
    xmpp_conn_set_flags(link->conn, tls_flags(link) | XMPP_CONN_FLAG_DISABLE_SM);
    release_one_fd(link);
    XmppLink *outer = current;
    current = link;
    int rc = xmpp_connect_client(link->conn, link->host, link->host ? link->port : 0, on_connection, link);
    current = outer;
    if (rc != XMPP_EOK)
        link_down(link, "cannot connect");
    link_run_soon(link);
}

void link_client_goodbye(XmppLink *link)
{
    xmpp_disconnect(link->conn);
    for (int i = 0; i < 5 && !link->lost; i++)
        xmpp_run_once(link->ctx, i == 0 ? 0 : 20);
}

void link_client_drop(XmppLink *link)
{
    unwatch(link);
    if (link->conn) {
        /* Freed with the context: only that also frees what a half-made attempt left behind. */
        xmpp_conn_release(link->conn);
        xmpp_ctx_free(link->ctx);
        link->conn = NULL;
        link->ctx = NULL;
    }
    reserve_fds(link);
}

void link_client_init(XmppLink *link)
{
    static gsize ready;
    if (g_once_init_enter(&ready)) {
        xmpp_initialize();
        g_once_init_leave(&ready, 1);
    }
    link->log = (xmpp_log_t){ on_log, link };
    link->fd = -1;
    for (int i = 0; i < RESERVED_FDS; i++)
        link->reserved[i] = -1;
    reserve_fds(link);
}

void link_client_clear(XmppLink *link)
{
    for (int i = 0; i < RESERVED_FDS; i++)
        if (link->reserved[i] >= 0)
            close(link->reserved[i]);
}
