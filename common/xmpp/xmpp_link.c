/* SPDX-License-Identifier: Apache-2.0 */
#include "common/xmpp/xmpp_link.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <glib-unix.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/xmpp/component_stream.h"
#include "common/xmpp/stanza_error.h"
#include "common/xmpp/strophe_stanza.h"

#define NS_CLIENT "jabber:client"
#define NS_COMPONENT "jabber:component:accept"

#define RESERVED_FDS 4    /* low numbers kept for the socket: other threads may take one in between */
#define TICK_BUSY_MS 50   /* while connecting or with unsent stanzas */
#define TICK_IDLE_MS 1000 /* libstrophe's own timers; data wakes us by the socket */
#define CONNECT_LIMIT_MS 20000
#define PING_ID "link-ping"

typedef enum { STOPPED, PAUSED, CONNECTING, CONNECTED } State;

struct XmppLink {
    /* set at birth */
    XmppLinkMode mode;
    XmppLinkTls tls;
    char *host, *jid, *password, *ca_file;
    guint16 port;
    XmppLinkEvents events;
    gpointer user;
    xmpp_log_t log;
    xmpp_ctx_t *ctx;
    /* control */
    State state;
    ComponentStream *component; /* in that mode, else conn; NULL: no attempt now */
    xmpp_conn_t *conn;
    char *bound_jid;
    int reserved[RESERVED_FDS];
    int fd; /* libstrophe's; -1: none */
    guint fd_watch, out_watch, tick, idle, retry;
    gboolean in_run, lost; /* lost: the stream ended during xmpp_run_once */
    char *lost_reason;
    guint backoff_ms;
    int64_t last_in_ms, ping_ms, attempt_ms; /* ping_ms 0: none outstanding */
    guint64 dropped_in, dropped_out;
};

static void run_soon(XmppLink *link);
static void begin_attempt(XmppLink *link);
static void settle(XmppLink *link);

/* ---- ours -> text on the stream ---- */

/* The stream's namespace is the default one, so what belongs to it is written without. */
static void strip_stream_ns(Stanza *s)
{
    const char *ns = stanza_ns(s);
    if (*ns && strcmp(ns, NS_CLIENT) != 0 && strcmp(ns, NS_COMPONENT) != 0)
        return;
    for (Stanza *c = stanza_find(s, NULL, NULL); c; c = stanza_next(c, NULL, NULL))
        strip_stream_ns(c);
    s->ns = NULL;
}

/* Takes the stanza. FALSE: the stream takes no more. */
static gboolean send_text(XmppLink *link, Stanza *stanza)
{
    strip_stream_ns(stanza);
    g_autofree char *text = stanza_to_string(stanza);
    stanza_free(stanza);
    if (!link->component) {
        xmpp_send_raw(link->conn, text, strlen(text));
        run_soon(link);
    } else if (!component_stream_send(link->component, text)) {
        return FALSE;
    }
    return TRUE;
}

gboolean xmpp_link_send(XmppLink *link, Stanza *stanza)
{
    if (link->state != CONNECTED || link->lost) {
        stanza_free(stanza);
        link->dropped_out++;
        return FALSE;
    }
    gboolean stuffed = link->conn && xmpp_conn_send_queue_len(link->conn) >= XMPP_LINK_MAX_QUEUE;
    if (stuffed)
        stanza_free(stanza);
    if (stuffed || !send_text(link, stanza)) {
        link->dropped_out++;
        xmpp_link_break(link); /* the server has stopped reading */
        return FALSE;
    }
    return TRUE;
}

/* ---- what comes in ---- */

/* A request that is dropped is still answered: clients wait for ever. tag: its first tag; NULL: not known. */
static void refuse(XmppLink *link, const Stanza *tag)
{
    const char *from = tag ? stanza_get(tag, "from") : NULL, *id = tag ? stanza_get(tag, "id") : NULL;
    const char *type = tag ? stanza_get(tag, "type") : NULL;
    link->dropped_in++;
    log_warning(NULL, "dropped a stanza over the limits from %s", from ? from : "-");
    if (!id || strcmp(stanza_name(tag), "iq") != 0 || (g_strcmp0(type, "get") != 0 && g_strcmp0(type, "set") != 0))
        return;
    Stanza *iq = stanza_new("iq", NULL);
    stanza_set(iq, "type", "error");
    stanza_set(iq, "id", id);
    stanza_set(iq, "to", from);
    stanza_set(iq, "from", stanza_get(tag, "to"));
    stanza_adopt(iq, stanza_error_new(NULL, STANZA_POLICY_VIOLATION, NULL, "stanza too large", NULL));
    xmpp_link_send(link, iq);
}

static void heard(XmppLink *link)
{
    link->last_in_ms = clock_now_ms();
    link->ping_ms = 0;
}

/* Is it for those above us? Not our own keepalive (the answer, or as a component the request back to us), not
 * stream features and other nonzas. */
static gboolean is_for_above(const char *name, const char *id)
{
    gboolean iq = g_strcmp0(name, "iq") == 0;
    return (iq && g_strcmp0(id, PING_ID) != 0) || g_strcmp0(name, "presence") == 0 || g_strcmp0(name, "message") == 0;
}

static void up(XmppLink *link, const char *bound)
{
    g_free(link->bound_jid);
    link->bound_jid = g_strdup(bound ? bound : link->jid);
    link->state = CONNECTED;
    link->backoff_ms = XMPP_LINK_BACKOFF_MIN_MS;
    heard(link);
    link->events.connected(link->user);
}

/* Acted on by settle, from the main loop: the stream cannot be freed inside its own callback. */
static void down(XmppLink *link, const char *why)
{
    link->lost = TRUE;
    g_free(link->lost_reason);
    link->lost_reason = g_strdup(why);
}

/* ---- libstrophe's callbacks ---- */

static int on_stanza(xmpp_conn_t *conn, xmpp_stanza_t *in, void *user)
{
    XmppLink *link = user;
    heard(link);
    run_soon(link); /* TLS may hold more that the socket does not show */
    if (!is_for_above(xmpp_stanza_get_name(in), xmpp_stanza_get_id(in)))
        return 1;
    g_autoptr(Stanza) stanza = strophe_stanza_convert(in);
    if (stanza) {
        link->events.stanza(stanza, link->user);
    } else {
        g_autoptr(Stanza) tag = strophe_stanza_tag(in);
        refuse(link, tag);
    }
    return 1;
}

static void on_connection(xmpp_conn_t *conn, xmpp_conn_event_t event, int error, xmpp_stream_error_t *stream_error,
                          void *user)
{
    XmppLink *link = user;
    if (event == XMPP_CONN_CONNECT) {
        xmpp_handler_add(conn, on_stanza, NULL, NULL, NULL, link);
        up(link, xmpp_conn_get_bound_jid(conn));
        return;
    }
    down(link, stream_error && stream_error->text ? stream_error->text
               : stream_error                     ? "stream error"
               : error > 0                        ? g_strerror(error)
                                                  : "connection closed");
}

/* ---- the component stream's callbacks ---- */

static void on_opened(gpointer user)
{
    XmppLink *link = user;
    link->in_run = TRUE;
    up(link, NULL);
    link->in_run = FALSE;
    if (link->lost)
        run_soon(link);
}

static void on_component_stanza(const Stanza *stanza, gpointer user)
{
    XmppLink *link = user;
    heard(link);
    if (link->lost || !is_for_above(stanza_name(stanza), stanza_get(stanza, "id")))
        return;
    link->in_run = TRUE;
    link->events.stanza(stanza, link->user);
    link->in_run = FALSE;
    if (link->lost)
        run_soon(link);
}

static void on_refused(const Stanza *tag, gpointer user)
{
    heard(user);
    refuse(user, tag);
}

static void on_ended(const char *why, gpointer user)
{
    down(user, why);
    run_soon(user);
}

static const ComponentStreamEvents component_events = { on_opened, on_component_stanza, on_refused, on_ended };

/* ---- the socket and the main loop ---- */

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

static void run(XmppLink *link);

static gboolean on_readable(int fd, GIOCondition condition, gpointer user)
{
    XmppLink *link = user;
    guint mine = link->fd_watch;
    run(link);
    return link->fd_watch == mine ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

/* Once: connecting has ended, or there is room for what is queued. */
static gboolean on_writable(int fd, GIOCondition condition, gpointer user)
{
    XmppLink *link = user;
    link->out_watch = 0;
    run(link);
    return G_SOURCE_REMOVE;
}

static gboolean on_idle(gpointer user)
{
    XmppLink *link = user;
    link->idle = 0;
    run(link);
    return G_SOURCE_REMOVE;
}

static void run_soon(XmppLink *link)
{
    if (!link->idle)
        link->idle = g_idle_add_full(G_PRIORITY_DEFAULT, on_idle, link, NULL);
}

static void clear_source(guint *id)
{
    if (*id)
        g_source_remove(*id);
    *id = 0;
}

static void unwatch(XmppLink *link)
{
    clear_source(&link->fd_watch);
    clear_source(&link->out_watch);
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

static void run(XmppLink *link)
{
    if (link->in_run)
        return;
    if (!link->conn) {
        settle(link);
        return;
    }
    XmppLink *outer = current;
    current = link;
    link->in_run = TRUE;
    xmpp_run_once(link->ctx, 0);
    link->in_run = FALSE;
    current = outer;
    settle(link);
    if (link->conn && link->fd >= 0 && !link->out_watch && xmpp_conn_send_queue_len(link->conn) > 0)
        link->out_watch = g_unix_fd_add(link->fd, G_IO_OUT, on_writable, link);
}

static void send_ping(XmppLink *link)
{
    Stanza *iq = stanza_new("iq", NULL);
    stanza_set(iq, "type", "get");
    stanza_set(iq, "id", PING_ID);
    if (link->mode == XMPP_LINK_COMPONENT) { /* to ourselves: through the server and back */
        stanza_set(iq, "from", link->jid);
        stanza_set(iq, "to", link->jid);
    }
    stanza_child(iq, "ping", "urn:xmpp:ping", NULL);
    link->ping_ms = clock_now_ms();
    xmpp_link_send(link, iq);
}

static void check_silence(XmppLink *link)
{
    int64_t now_ms = clock_now_ms();
    if (link->state == CONNECTING && now_ms - link->attempt_ms > CONNECT_LIMIT_MS) {
        down(link, "no answer from the server");
    } else if (link->state == CONNECTED && link->ping_ms && now_ms - link->ping_ms > XMPP_LINK_PING_MS) {
        down(link, "ping not answered");
    } else if (link->state == CONNECTED && !link->ping_ms && now_ms - link->last_in_ms > XMPP_LINK_PING_MS) {
        send_ping(link);
    }
}

static gboolean on_tick(gpointer user)
{
    XmppLink *link = user;
    link->tick = 0;
    check_silence(link);
    run(link);
    settle(link);
    if ((link->conn || link->component) && !link->tick) {
        gboolean busy = link->conn && (link->state == CONNECTING || xmpp_conn_send_queue_len(link->conn) > 0);
        link->tick = g_timeout_add(busy ? TICK_BUSY_MS : TICK_IDLE_MS, on_tick, link);
    }
    return G_SOURCE_REMOVE;
}

/* ---- attempts ---- */

static void drop_connection(XmppLink *link)
{
    unwatch(link);
    clear_source(&link->tick);
    clear_source(&link->idle);
    if (link->conn) {
        /* Freed with the context: only that also frees what a half-made attempt left behind. */
        xmpp_conn_release(link->conn);
        xmpp_ctx_free(link->ctx);
        link->conn = NULL;
        link->ctx = NULL;
    }
    g_clear_pointer(&link->component, component_stream_free);
    link->lost = FALSE;
    reserve_fds(link);
}

static gboolean on_retry(gpointer user)
{
    XmppLink *link = user;
    link->retry = 0;
    begin_attempt(link);
    return G_SOURCE_REMOVE;
}

static void pause_and_retry(XmppLink *link, const char *reason)
{
    guint wait_ms = link->backoff_ms / 2 + (guint)g_random_int_range(0, (gint32)link->backoff_ms / 2 + 1);
    link->backoff_ms = MIN(link->backoff_ms * 2, XMPP_LINK_BACKOFF_MAX_MS);
    link->state = PAUSED;
    link->retry = g_timeout_add(wait_ms, on_retry, link);
    link->events.disconnected(reason, link->user);
}

/* After xmpp_run_once: act on what its callbacks noted. */
static void settle(XmppLink *link)
{
    if (!link->lost || link->in_run)
        return;
    g_autofree char *reason = g_steal_pointer(&link->lost_reason);
    drop_connection(link);
    if (link->state != STOPPED)
        pause_and_retry(link, reason ? reason : "connection closed");
}

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

static void on_log(void *user, xmpp_log_level_t level, const char *area, const char *message)
{
    if (level >= XMPP_LEVEL_WARN) /* below it are whole stanzas, secrets included */
        log_info(NULL, "libstrophe %s: %s", area, message);
}

static void begin_client(XmppLink *link)
{
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
        down(link, "cannot connect");
    run_soon(link);
}

static void begin_attempt(XmppLink *link)
{
    link->state = CONNECTING;
    link->attempt_ms = clock_now_ms();
    link->lost = FALSE;
    link->tick = g_timeout_add(TICK_BUSY_MS, on_tick, link);
    if (link->mode == XMPP_LINK_CLIENT) {
        begin_client(link);
        return;
    }
    const ComponentStreamConfig config = { .host = link->host ? link->host : link->jid,
                                           .port = link->port,
                                           .domain = link->jid,
                                           .secret = link->password,
                                           .user_timeout_ms = XMPP_LINK_PING_MS };
    link->component = component_stream_new(&config, &component_events, link);
}

/* ---- life ---- */

XmppLink *xmpp_link_new(const XmppLinkConfig *config, const XmppLinkEvents *events, gpointer user)
{
    static gsize ready;
    if (g_once_init_enter(&ready)) {
        xmpp_initialize();
        g_once_init_leave(&ready, 1);
    }
    XmppLink *link = g_new0(XmppLink, 1);
    link->mode = config->mode;
    link->tls = config->tls;
    link->host = config->host && *config->host ? g_strdup(config->host) : NULL;
    link->port = config->port ? config->port : config->mode == XMPP_LINK_COMPONENT ? 5347 : 5222;
    link->jid = g_strdup(config->jid);
    link->password = g_strdup(config->password ? config->password : "");
    link->ca_file = config->ca_file && *config->ca_file ? g_strdup(config->ca_file) : NULL;
    link->events = *events;
    link->user = user;
    link->log = (xmpp_log_t){ on_log, link };
    link->fd = -1;
    for (int i = 0; i < RESERVED_FDS; i++)
        link->reserved[i] = -1;
    reserve_fds(link);
    link->backoff_ms = XMPP_LINK_BACKOFF_MIN_MS;
    return link;
}

void xmpp_link_start(XmppLink *link)
{
    if (link->state == STOPPED)
        begin_attempt(link);
}

void xmpp_link_stop(XmppLink *link)
{
    clear_source(&link->retry);
    if (link->state == CONNECTED && !link->lost && link->component)
        component_stream_close(link->component);
    if (link->state == CONNECTED && !link->lost && !link->in_run && link->conn) {
        xmpp_disconnect(link->conn); /* says goodbye; what is queued goes out first */
        for (int i = 0; i < 5 && !link->lost; i++)
            xmpp_run_once(link->ctx, i == 0 ? 0 : 20);
    }
    link->state = STOPPED;
    if (link->in_run)
        link->lost = TRUE; /* settled when the stream's callback has returned */
    else
        drop_connection(link);
}

void xmpp_link_free(XmppLink *link)
{
    if (!link)
        return;
    g_assert(!link->in_run);
    xmpp_link_stop(link);
    for (int i = 0; i < RESERVED_FDS; i++)
        if (link->reserved[i] >= 0)
            close(link->reserved[i]);
    if (link->password)
        memset(link->password, 0, strlen(link->password));
    g_free(link->password);
    g_free(link->host);
    g_free(link->jid);
    g_free(link->ca_file);
    g_free(link->bound_jid);
    g_free(link->lost_reason);
    g_free(link);
}

gboolean xmpp_link_is_connected(const XmppLink *link)
{
    return link->state == CONNECTED && !link->lost;
}

const char *xmpp_link_jid(const XmppLink *link)
{
    return link->bound_jid ? link->bound_jid : link->jid;
}

guint64 xmpp_link_dropped_in(const XmppLink *link)
{
    return link->dropped_in;
}

guint64 xmpp_link_dropped_out(const XmppLink *link)
{
    return link->dropped_out;
}

void xmpp_link_break(XmppLink *link)
{
    if (link->component)
        component_stream_break(link->component);
    else if (link->fd >= 0)
        shutdown(link->fd, SHUT_RDWR); /* libstrophe finds out at its next read */
}
