/* SPDX-License-Identifier: Apache-2.0
 *
 * An XMPP server for one client at a time, inside the test: it opens streams (RFC 6120, 4.2) on a free port of
 * loopback, lets an external component in (XEP-0114, 3) or a client log in and bind (RFC 6120, 6 and 7; SASL PLAIN, no
 * TLS), and keeps what comes then for the test, which plays rooms and everybody else. A script makes it say something
 * else, to see what the other end does then.
 * All of it in the test thread: things happen only while the default main context is turned. */
#ifndef PLENUM_TESTS_FAKES_XMPP_SERVER_H
#define PLENUM_TESTS_FAKES_XMPP_SERVER_H

#include <gio/gio.h>
#include "common/xmpp/stanza_error.h"
#include "common/xmpp/xmpp_link.h"

/* Who is let in, and what is said in place of the usual (NULL: the usual). A text with a stream error in it is the last
 * one on its connection. The test owns it all, and may change it: what is said next goes by it. */
typedef struct {
    XmppLinkMode mode;    /* a server for components or one for clients */
    const char *jid;      /* the component, or the client with the resource it is given */
    const char *secret;   /* the component's, or the client's password: with another one nobody gets in */
    const char *greeting; /* all of the answer to the other end's stream header */
    const char *features; /* only what stands behind our header */
    const char *verdict;  /* on each login, right or wrong; "" closes the connection without a word */
} XmppServerScript;

typedef struct XmppServer XmppServer;
/* A stanza has come, borrowed; TRUE: dealt with, the test need not see it. May say something, and drop the connection. */
typedef gboolean (*XmppServerPlay)(const Stanza *stanza, gpointer user);

/* Listens. The script is borrowed for the server's life; play may be NULL. */
XmppServer *xmpp_server_new(const XmppServerScript *script, XmppServerPlay play, gpointer user);
guint16 xmpp_server_port(const XmppServer *s);
unsigned xmpp_server_connections(const XmppServer *s); /* so far */
/* The last stream header that came, as it was written; "" before the first. Borrowed until the context is turned. */
const char *xmpp_server_header(const XmppServer *s);
/* All that came on this connection since the login, as it was written. Borrowed until the context is turned. */
const char *xmpp_server_received(const XmppServer *s);

/* Waits until it is written, unless there is no connection: then it is lost. */
void xmpp_server_say(XmppServer *s, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* An iq that has `to` and `from`; type: result or error. */
void xmpp_server_answer(XmppServer *s, const Stanza *iq, const char *type, const char *payload);
/* The connection breaks; the next one is taken as ever. */
void xmpp_server_drop(XmppServer *s);

/* What came and nobody has looked at, Stanza by Stanza, oldest first, over all connections; and to have it forgotten. */
const GPtrArray *xmpp_server_unseen(const XmppServer *s);
void xmpp_server_forget(XmppServer *s);
typedef gboolean (*XmppServerMatch)(const Stanza *stanza, const char *arg);
gboolean match_answer(const Stanza *s, const char *id);     /* result or error */
gboolean match_presence(const Stanza *s, const char *text); /* with that text somewhere in it */
gboolean match_child(const Stanza *s, const char *name);
gboolean match_query(const Stanza *s, const char *ns);
/* The oldest unseen stanza of that kind, which the caller frees; others stay for later. NULL: none. */
Stanza *xmpp_server_find(XmppServer *s, XmppServerMatch match, const char *arg);
/* The same, waited for: it must come. */
Stanza *xmpp_server_expect(XmppServer *s, XmppServerMatch match, const char *arg);
/* The answer that comes is that error. */
void xmpp_server_expect_error(XmppServer *s, const char *id, StanzaCondition condition);

/* After what was connected to it; turns the context until nothing of the connection is left. */
void xmpp_server_free(XmppServer *s);

#endif
