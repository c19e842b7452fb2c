/* SPDX-License-Identifier: Apache-2.0 */
#include "common/xmpp/xmpp_link.h"

#include <gio/gio.h>
#include <string.h>
#include <sys/socket.h>
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/xmpp/stanza_error.h"
#include "common/xmpp/xmpp_link_parts.h"

#define NS_CLIENT "jabber:client"
#define NS_COMPONENT "jabber:component:accept"

#define TICK_BUSY_MS 50   /* while connecting or with unsent stanzas */
#define TICK_IDLE_MS 1000 /* libstrophe's own timers; data wakes us by the socket */
#define CONNECT_LIMIT_MS 20000
#define PING_ID "link-ping"

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
        link_run_soon(link);
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

void link_refuse(XmppLink *link, const Stanza *tag)
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

void link_heard(XmppLink *link)
{
    link->last_in_ms = clock_now_ms();
    link->ping_ms = 0;
}

gboolean link_is_for_above(const char *name, const char *id)
{
    gboolean iq = g_strcmp0(name, "iq") == 0;
    return (iq && g_strcmp0(id, PING_ID) != 0) || g_strcmp0(name, "presence") == 0 || g_strcmp0(name, "message") == 0;
}

void link_up(XmppLink *link, const char *bound)
{
    g_free(link->bound_jid);
    link->bound_jid = g_strdup(bound ? bound : link->jid);
    link->state = CONNECTED;
    g_clear_pointer(&link->trouble, g_free);
    link->backoff_ms = XMPP_LINK_BACKOFF_MIN_MS;
    link_heard(link);
    link->events.connected(link->user);
}

void link_down(XmppLink *link, const char *why)
{
    link->lost = TRUE;
    g_free(link->lost_reason);
    link->lost_reason = g_strdup(why);
}

/* ---- the component stream's callbacks ---- */

static void on_opened(gpointer user)
{
    XmppLink *link = user;
    link->in_run = TRUE;
    link_up(link, NULL);
    link->in_run = FALSE;
    if (link->lost)
        link_run_soon(link);
}

static void on_component_stanza(const Stanza *stanza, gpointer user)
{
    XmppLink *link = user;
    link_heard(link);
    if (link->lost || !link_is_for_above(stanza_name(stanza), stanza_get(stanza, "id")))
        return;
    link->in_run = TRUE;
    link->events.stanza(stanza, link->user);
    link->in_run = FALSE;
    if (link->lost)
        link_run_soon(link);
}

static void on_refused(const Stanza *tag, gpointer user)
{
    link_heard(user);
    link_refuse(user, tag);
}

static void on_ended(const char *why, gpointer user)
{
    link_down(user, why);
    link_run_soon(user);
}

static const ComponentStreamEvents component_events = { on_opened, on_component_stanza, on_refused, on_ended };

/* ---- the socket and the main loop ---- */

void link_run(XmppLink *link)
{
    if (link->in_run)
        return;
    if (link->conn)
        link_client_run(link);
    settle(link);
    if (link->conn)
        link_client_watch_unsent(link);
}

static gboolean on_idle(gpointer user)
{
    XmppLink *link = user;
    link->idle = 0;
    link_run(link);
    return G_SOURCE_REMOVE;
}

void link_run_soon(XmppLink *link)
{
    if (!link->idle)
        link->idle = g_idle_add_full(G_PRIORITY_DEFAULT, on_idle, link, NULL);
}

void link_clear_source(guint *id)
{
    if (*id)
        g_source_remove(*id);
    *id = 0;
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
        link_down(link, "no answer from the server");
    } else if (link->state == CONNECTED && link->ping_ms && now_ms - link->ping_ms > XMPP_LINK_PING_MS) {
        link_down(link, "ping not answered");
    } else if (link->state == CONNECTED && !link->ping_ms && now_ms - link->last_in_ms > XMPP_LINK_PING_MS) {
        send_ping(link);
    }
}

static gboolean on_tick(gpointer user)
{
    XmppLink *link = user;
    link->tick = 0;
    check_silence(link);
    link_run(link);
    settle(link);
    if ((link->conn || link->component) && !link->tick) {
        link->tick = g_timeout_add(link_client_is_busy(link) ? TICK_BUSY_MS : TICK_IDLE_MS, on_tick, link);
    }
    return G_SOURCE_REMOVE;
}

/* ---- attempts ---- */

static void drop_connection(XmppLink *link)
{
    link_clear_source(&link->tick);
    link_clear_source(&link->idle);
    link_client_drop(link);
    g_clear_pointer(&link->component, component_stream_free);
    link->lost = FALSE;
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
    g_free(link->trouble);
    link->trouble = g_strdup(reason);
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

static void begin_attempt(XmppLink *link)
{
    link->state = CONNECTING;
    link->attempt_ms = clock_now_ms();
    link->lost = FALSE;
    link->tick = g_timeout_add(TICK_BUSY_MS, on_tick, link);
    if (link->mode == XMPP_LINK_CLIENT) {
        link_client_begin(link);
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
    link_client_init(link);
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
    link_clear_source(&link->retry);
    if (link->state == CONNECTED && !link->lost && link->component)
        component_stream_close(link->component);
    if (link->state == CONNECTED && !link->lost && !link->in_run && link->conn)
        link_client_goodbye(link);
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
    link_client_clear(link);
    if (link->password)
        memset(link->password, 0, strlen(link->password));
    g_free(link->password);
    g_free(link->host);
    g_free(link->jid);
    g_free(link->ca_file);
    g_free(link->bound_jid);
    g_free(link->lost_reason);
    g_free(link->refusal);
    g_free(link->complaint);
    g_free(link->trouble);
    g_free(link);
}

gboolean xmpp_link_is_connected(const XmppLink *link)
{
    return link->state == CONNECTED && !link->lost;
}

const char *xmpp_link_trouble(const XmppLink *link)
{
    return link->trouble;
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
