/* SPDX-License-Identifier: Apache-2.0
 *
 * Inside the link: xmpp_link.c keeps a stream up, whichever it is; xmpp_link_client.c is a client's stream on libstrophe.
 * Only these two include this. The link's thread. */
#ifndef PLENUM_COMMON_XMPP_XMPP_LINK_PARTS_H
#define PLENUM_COMMON_XMPP_XMPP_LINK_PARTS_H

#include "common/xmpp/component_stream.h"
#include "common/xmpp/strophe_stanza.h"
#include "common/xmpp/xmpp_link.h"

#define RESERVED_FDS 4 /* low numbers kept for the socket: other threads may take one in between */

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
    char *refusal, *complaint; /* client, of this attempt: the server's, libstrophe's; NULL none */
    char *trouble;             /* why it is not connected; NULL: it is, or nothing has failed yet */
    guint backoff_ms;
    int64_t last_in_ms, ping_ms, attempt_ms; /* ping_ms 0: none outstanding */
    guint64 dropped_in, dropped_out;
};

/* --- xmpp_link.c: what a stream tells */
void link_up(XmppLink *link, const char *bound); /* open; bound: its full JID, NULL: as configured */
/* Over. Acted on from the main loop: the stream cannot be freed inside its own callback. */
void link_down(XmppLink *link, const char *why);
void link_heard(XmppLink *link); /* something came */
/* Is it for those above us? Not our own keepalive (the answer, or as a component the request back to us), not
 * stream features and other nonzas. */
gboolean link_is_for_above(const char *name, const char *id);
/* A request that is dropped is still answered: clients wait for ever. tag: its first tag; NULL: not known. */
void link_refuse(XmppLink *link, const Stanza *tag);
void link_run(XmppLink *link);      /* what can be done now, then act on what was noted meanwhile */
void link_run_soon(XmppLink *link); /* the same from the main loop */
void link_clear_source(guint *id);  /* removed if there is one; 0 then */

/* --- xmpp_link_client.c */
/* Once a link, before media sockets: takes low descriptors, see XMPP_LINK_MAX_FD. */
void link_client_init(XmppLink *link);
void link_client_begin(XmppLink *link);        /* an attempt */
void link_client_run(XmppLink *link);          /* reads and writes what the socket takes; its callbacks are above */
void link_client_watch_unsent(XmppLink *link); /* runs again when the socket takes more, if there is more */
gboolean link_client_is_busy(const XmppLink *link); /* libstrophe wants to be run soon */
void link_client_goodbye(XmppLink *link);           /* closes the stream; what is queued goes out first */
void link_client_drop(XmppLink *link);              /* ends the attempt, if there is one */
void link_client_clear(XmppLink *link);             /* gives the descriptors back */

#endif
