/* SPDX-License-Identifier: Apache-2.0
 *
 * One stream to the XMPP server, as external component (XEP-0114) or as client (SASL, TLS), inside the
 * default GLib main loop. Reconnects by itself. A component's stream is our own (component_stream), a client's
 * that of libstrophe (xmpp_link_client), which nothing else includes (strophe_stanza apart). One thread. */
#ifndef PLENUM_COMMON_XMPP_XMPP_LINK_H
#define PLENUM_COMMON_XMPP_XMPP_LINK_H

#include "common/xmpp/stanza.h"

#define XMPP_LINK_BACKOFF_MIN_MS 250 /* first pause after a loss; doubles */
#define XMPP_LINK_BACKOFF_MAX_MS 15000
#define XMPP_LINK_PING_MS 15000 /* XEP-0199 ping after so long a silence; no answer in as long again: reconnect */
#define XMPP_LINK_MAX_FD 1023   /* client: libstrophe waits with select() */
#define XMPP_LINK_MAX_QUEUE                                                                                            \
    20000 /* client: stanzas waiting for the socket; beyond it the link is given up and reconnects */

typedef enum { XMPP_LINK_COMPONENT, XMPP_LINK_CLIENT } XmppLinkMode;
/* AUTO: no TLS to a loopback address, else required with a verified certificate. */
typedef enum { XMPP_LINK_TLS_AUTO, XMPP_LINK_TLS_OFF, XMPP_LINK_TLS_REQUIRED, XMPP_LINK_TLS_UNVERIFIED } XmppLinkTls;

typedef struct {
    XmppLinkMode mode;
    const char *host;     /* NULL: the domain of jid */
    guint16 port;         /* 0: 5347 for a component, 5222 for a client */
    const char *jid;      /* component: its domain, "focus.meet.example"; client: user@domain[/resource] */
    const char *password; /* component secret or SASL password */
    XmppLinkTls tls;      /* client only; components are never encrypted (XEP-0114) */
    const char *ca_file;  /* NULL: the system's */
} XmppLinkConfig;

/* Called from the main loop. A link may be freed inside none of them. */
typedef struct {
    void (*connected)(gpointer user);                        /* authenticated and bound */
    void (*disconnected)(const char *reason, gpointer user); /* after connected, or a failed attempt; it retries */
    void (*stanza)(const Stanza *stanza, gpointer user);     /* iq, presence, message; borrowed */
} XmppLinkEvents;

typedef struct XmppLink XmppLink;

/* Copies the configuration; opens nothing yet. A client reserves a low file descriptor: make it before media
 * sockets. */
XmppLink *xmpp_link_new(const XmppLinkConfig *config, const XmppLinkEvents *events, gpointer user);
void xmpp_link_start(XmppLink *link); /* connect, and stay connected */
void xmpp_link_stop(XmppLink *link);  /* closes the stream; no event follows */
void xmpp_link_free(XmppLink *link);  /* stops; not inside an event of its own. NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(XmppLink, xmpp_link_free)

/* Takes the stanza. Namespaces jabber:client, jabber:component:accept and none all mean the stream's own. While not
 * connected, and when the server takes no more, it is dropped and counted; FALSE then. A component must set `from`.
 * Never waits. */
gboolean xmpp_link_send(XmppLink *link, Stanza *stanza);
gboolean xmpp_link_is_connected(const XmppLink *link);
/* Why the last attempt failed or the stream ended, as `disconnected` was told; NULL while connected and before. */
const char *xmpp_link_trouble(const XmppLink *link);
const char *xmpp_link_jid(const XmppLink *link);     /* own full JID once connected, else the configured one */
guint64 xmpp_link_dropped_in(const XmppLink *link);  /* received stanzas over the limits or without sense */
guint64 xmpp_link_dropped_out(const XmppLink *link); /* sent while not connected */
/* For tests: as if the server had gone away. */
void xmpp_link_break(XmppLink *link);

#endif
