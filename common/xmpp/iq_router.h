/* SPDX-License-Identifier: Apache-2.0
 *
 * IQ requests both ways (RFC 6120 8.2.3). In: (type, namespace, element) -> handler, every get or set gets
 * exactly one answer. Out: a request with a deadline, whose callback runs exactly once. Knows no
 * connection: stanzas leave through a function, come in by iq_router_handle. One thread, that of the
 * GMainContext it was made in (its deadlines are sources there). */
#ifndef PLENUM_COMMON_XMPP_IQ_ROUTER_H
#define PLENUM_COMMON_XMPP_IQ_ROUTER_H

#include "common/xmpp/stanza.h"
#include "common/xmpp/stanza_error.h"

#define IQ_ROUTER_MAX_WAITING 20000 /* requests sent and not answered; beyond it they fail at once */
#define IQ_ROUTER_MAX_DEFERRED 4096 /* requests received and not answered; beyond it resource-constraint */

typedef struct IqRouter IqRouter;

/* Takes the stanza. It has id, type and to; without `from` the connection's own address is meant. */
typedef void (*StanzaSend)(Stanza *stanza, gpointer user);

/* One received request; everything is borrowed for the call. */
typedef struct {
    const char *from, *to, *id; /* "" when absent */
    gboolean set;               /* type set, else get */
    const Stanza *iq, *payload; /* payload: the first child element */
    IqRouter *router;
} IqRequest;

/* What a handler returns: made by the functions below, nothing else. */
typedef struct {
    enum { IQ_REPLY_RESULT, IQ_REPLY_ERROR, IQ_REPLY_LATER } kind;
    Stanza *payload; /* of the result, or the <error>; may be NULL for a result */
} IqReply;
IqReply iq_ok(void);
IqReply iq_result(Stanza *payload);                                             /* taken */
IqReply iq_error(StanzaCondition condition, const char *text);                  /* text may be NULL */
IqReply iq_error_app(StanzaCondition condition, const char *text, Stanza *app); /* app taken */

/* To answer later: keep the ticket and return iq_later(ticket); then iq_ticket_reply exactly once, with a result or an
 * error (taken), which frees it. A ticket outlives its router harmlessly (the answer is dropped). */
typedef struct IqTicket IqTicket;
IqTicket *iq_ticket_new(const IqRequest *req);
IqReply iq_later(IqTicket *ticket);
void iq_ticket_reply(IqTicket *ticket, IqReply reply);

typedef IqReply (*IqHandler)(const IqRequest *req, gpointer user);

/* user must outlive it. */
IqRouter *iq_router_new(StanzaSend send, gpointer user);
/* Callbacks of requests still waiting run with IQ_TIMEOUT; requests they make are ignored (and return 0). NULL is
 * fine. */
void iq_router_free(IqRouter *router);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(IqRouter, iq_router_free)

/* type "get", "set" or NULL for both. ns and name must outlive the router (literals). A later row for the
 * same three replaces the earlier one. */
void iq_router_add(IqRouter *router, const char *type, const char *ns, const char *name, IqHandler handler,
                   gpointer user);
/* Any <iq>. Requests nobody handles are answered: get feature-not-implemented when the namespace is known
 * to some row, else service-unavailable. Answers to nothing we asked, or from someone else than we asked, are
 * dropped and counted. FALSE: not an iq. */
gboolean iq_router_handle(IqRouter *router, const Stanza *iq);

typedef enum { IQ_RESULT, IQ_ERROR, IQ_TIMEOUT } IqOutcome;
/* answer: the whole iq, borrowed; NULL for IQ_TIMEOUT. */
typedef void (*IqDone)(IqOutcome outcome, const Stanza *answer, gpointer user);

/* An <iq> of that type with one payload (taken, may be NULL) to `to` (NULL: our own server), from `from` (NULL: the
 * connection's own address). done may be NULL, else it runs once, never before this returns. Returns a number for
 * iq_router_cancel, 0 only while the router is being freed. A refused request (limit) reports IQ_TIMEOUT. */
guint iq_router_request(IqRouter *router, const char *type, const char *from, const char *to, Stanza *payload,
                        guint timeout_ms, IqDone done, gpointer user);
/* Forget it: its callback will not run. 0 and answered ones are fine. */
void iq_router_cancel(IqRouter *router, guint request);
guint64 iq_router_strays(const IqRouter *router);  /* answers dropped, since birth */
guint64 iq_router_refused(const IqRouter *router); /* requests over the limits, both ways */
guint iq_router_waiting(const IqRouter *router);   /* sent, not answered yet */
guint iq_router_held(const IqRouter *router);      /* received, not answered yet */

#endif
