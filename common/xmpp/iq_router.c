/* SPDX-License-Identifier: Apache-2.0 */
#include "common/xmpp/iq_router.h"

#include <string.h>
#include <sys/random.h>
#include "common/xmpp/jid.h"

typedef struct {
    const char *type, *ns, *name; /* type NULL: both */
    IqHandler handler;
    gpointer user;
} Row;

/* A request of ours without an answer yet. */
typedef struct {
    IqRouter *router;
    guint number;
    char id[48];
    char *to; /* "": our own server */
    IqDone done;
    gpointer user;
    GSource *deadline;
} Waiting;

struct IqTicket {
    IqRouter *router; /* NULL once the router is gone */
    char *from, *to, *id;
};

struct IqRouter {
    StanzaSend send;
    gpointer send_user;
    GMainContext *context;
    GArray *rows;
    GHashTable *waiting_by_id;     /* id -> Waiting, owned */
    GHashTable *waiting_by_number; /* number -> Waiting, borrowed */
    GHashTable *tickets;           /* set of IqTicket not answered yet, borrowed */
    guint64 secret;                /* part of each id: nobody can answer in advance what he was not sent */
    guint last_number;
    guint64 strays, refused;
    gboolean closing;
};

/* ---- replies ---- */

IqReply iq_ok(void)
{
    return (IqReply){ IQ_REPLY_RESULT, NULL };
}

IqReply iq_result(Stanza *payload)
{
    return (IqReply){ IQ_REPLY_RESULT, payload };
}

IqReply iq_error(StanzaCondition condition, const char *text)
{
    return iq_error_app(condition, text, NULL);
}

IqReply iq_error_app(StanzaCondition condition, const char *text, Stanza *app)
{
    return (IqReply){ IQ_REPLY_ERROR, stanza_error_new(NULL, condition, NULL, text, app) };
}

IqReply iq_later(IqTicket *ticket)
{
    return (IqReply){ IQ_REPLY_LATER, NULL };
}

static void set_if(Stanza *s, const char *name, const char *value)
{
    stanza_set(s, name, value && *value ? value : NULL);
}

/* from and to are those of the request, and swapped here; the id goes back byte for byte. */
static void send_reply(IqRouter *router, const char *from, const char *to, const char *id, IqReply reply)
{
    Stanza *iq = stanza_new("iq", NULL);
    stanza_set(iq, "type", reply.kind == IQ_REPLY_ERROR ? "error" : "result");
    stanza_set(iq, "id", id);
    set_if(iq, "to", from);
    set_if(iq, "from", to);
    if (reply.payload)
        stanza_adopt(iq, reply.payload);
    router->send(iq, router->send_user);
}

/* ---- requests of others ---- */

IqTicket *iq_ticket_new(const IqRequest *req)
{
    IqTicket *t = g_new0(IqTicket, 1);
    t->router = req->router;
    t->from = g_strdup(req->from);
    t->to = g_strdup(req->to);
    t->id = g_strdup(req->id);
    g_hash_table_add(req->router->tickets, t);
    return t;
}

void iq_ticket_reply(IqTicket *t, IqReply reply)
{
    g_assert(reply.kind != IQ_REPLY_LATER);
    if (t->router) {
        g_hash_table_remove(t->router->tickets, t);
        send_reply(t->router, t->from, t->to, t->id, reply);
    } else {
        stanza_free(reply.payload);
    }
    g_free(t->from);
    g_free(t->to);
    g_free(t->id);
    g_free(t);
}

void iq_router_add(IqRouter *router, const char *type, const char *ns, const char *name, IqHandler handler,
                   gpointer user)
{
    Row row = { type, ns, name, handler, user };
    for (guint i = 0; i < router->rows->len; i++) {
        Row *r = &g_array_index(router->rows, Row, i);
        if (g_strcmp0(r->type, type) == 0 && strcmp(r->ns, ns) == 0 && strcmp(r->name, name) == 0) {
            *r = row;
            return;
        }
    }
    g_array_append_val(router->rows, row);
}

static IqReply dispatch(IqRouter *router, const char *type, const IqRequest *req)
{
    gboolean known_ns = FALSE;
    if (!req->payload)
        return iq_error(STANZA_BAD_REQUEST, "no payload");
    for (guint i = 0; i < router->rows->len; i++) {
        const Row *r = &g_array_index(router->rows, Row, i);
        if (strcmp(r->ns, stanza_ns(req->payload)) != 0)
            continue;
        known_ns = TRUE;
        if (strcmp(r->name, stanza_name(req->payload)) == 0 && (!r->type || strcmp(r->type, type) == 0)) {
            if (g_hash_table_size(router->tickets) >= IQ_ROUTER_MAX_DEFERRED) {
                router->refused++;
                return iq_error(STANZA_RESOURCE_CONSTRAINT, "too many requests wait for their answer");
            }
            return r->handler(req, r->user);
        }
    }
    return known_ns ? iq_error(STANZA_FEATURE_NOT_IMPLEMENTED, "no such request in this namespace")
                    : iq_error(STANZA_SERVICE_UNAVAILABLE, "unknown namespace");
}

static const char *or_empty(const char *text)
{
    return text ? text : "";
}

static void handle_request(IqRouter *router, const Stanza *iq, const char *type)
{
    IqRequest req = { .from = or_empty(stanza_get(iq, "from")),
                      .to = or_empty(stanza_get(iq, "to")),
                      .id = stanza_get(iq, "id"),
                      .set = strcmp(type, "set") == 0,
                      .iq = iq,
                      .payload = stanza_find(iq, NULL, NULL),
                      .router = router };
    if (!req.id) { /* cannot be answered (RFC 6120 8.1.3) */
        router->strays++;
        return;
    }
    IqReply reply = dispatch(router, type, &req);
    if (reply.kind != IQ_REPLY_LATER)
        send_reply(router, req.from, req.to, req.id, reply);
}

/* ---- requests of ours ---- */

static void waiting_free(gpointer p)
{
    Waiting *w = p;
    if (w->deadline) {
        g_source_destroy(w->deadline);
        g_source_unref(w->deadline);
    }
    g_free(w->to);
    g_free(w);
}

/* Takes it out of both tables first: the callback may ask again, or free what it belongs to. */
static void finish(Waiting *w, IqOutcome outcome, const Stanza *answer)
{
    IqDone done = w->done;
    gpointer user = w->user;
    g_hash_table_remove(w->router->waiting_by_number, GUINT_TO_POINTER(w->number));
    g_hash_table_remove(w->router->waiting_by_id, w->id);
    if (done)
        done(outcome, answer, user);
}

static gboolean on_deadline(gpointer user)
{
    finish(user, IQ_TIMEOUT, NULL);
    return G_SOURCE_REMOVE;
}

guint iq_router_request(IqRouter *router, const char *type, const char *from, const char *to, Stanza *payload,
                        guint timeout_ms, IqDone done, gpointer user)
{
    gboolean refused = g_hash_table_size(router->waiting_by_id) >= IQ_ROUTER_MAX_WAITING;
    if (router->closing) {
        stanza_free(payload);
        return 0;
    }
    router->refused += refused;
    Waiting *w = g_new0(Waiting, 1);
    w->router = router;
    w->number = ++router->last_number ? router->last_number : ++router->last_number;
    g_snprintf(w->id, sizeof(w->id), "%016" G_GINT64_MODIFIER "x-%u", router->secret, w->number);
    w->to = g_strdup(or_empty(to));
    w->done = done;
    w->user = user;
    w->deadline = g_timeout_source_new(refused ? 0 : timeout_ms);
    g_source_set_callback(w->deadline, on_deadline, w, NULL);
    g_source_attach(w->deadline, router->context);
    g_hash_table_insert(router->waiting_by_id, w->id, w);
    g_hash_table_insert(router->waiting_by_number, GUINT_TO_POINTER(w->number), w);
    guint number = w->number;
    if (refused) {
        stanza_free(payload);
        return number;
    }
    Stanza *iq = stanza_new("iq", NULL);
    stanza_set(iq, "type", type);
    stanza_set(iq, "id", w->id);
    set_if(iq, "to", to);
    set_if(iq, "from", from);
    if (payload)
        stanza_adopt(iq, payload);
    router->send(iq, router->send_user);
    return number;
}

void iq_router_cancel(IqRouter *router, guint request)
{
    Waiting *w = g_hash_table_lookup(router->waiting_by_number, GUINT_TO_POINTER(request));
    if (!w)
        return;
    g_hash_table_remove(router->waiting_by_number, GUINT_TO_POINTER(request));
    g_hash_table_remove(router->waiting_by_id, w->id);
}

/* Only the one we asked may answer. What we asked our own server comes from it or from our account. */
static gboolean is_from(const Waiting *w, const char *from)
{
    if (strcmp(w->to, from) == 0)
        return TRUE;
    if (*w->to == '\0')
        return strchr(from, '/') == NULL;
    g_autoptr(Jid) a = jid_parse(w->to);
    g_autoptr(Jid) b = jid_parse(from);
    return a && b && jid_equal(a, b);
}

static void handle_answer(IqRouter *router, const Stanza *iq, gboolean is_error)
{
    const char *id = stanza_get(iq, "id");
    Waiting *w = id ? g_hash_table_lookup(router->waiting_by_id, id) : NULL;
    if (!w || !is_from(w, or_empty(stanza_get(iq, "from")))) {
        router->strays++;
        return;
    }
    finish(w, is_error ? IQ_ERROR : IQ_RESULT, iq);
}

gboolean iq_router_handle(IqRouter *router, const Stanza *iq)
{
    if (strcmp(stanza_name(iq), "iq") != 0)
        return FALSE;
    const char *type = or_empty(stanza_get(iq, "type"));
    if (strcmp(type, "get") == 0 || strcmp(type, "set") == 0)
        handle_request(router, iq, type);
    else if (strcmp(type, "result") == 0 || strcmp(type, "error") == 0)
        handle_answer(router, iq, *type == 'e');
    else
        router->strays++;
    return TRUE;
}

/* ---- life ---- */

IqRouter *iq_router_new(StanzaSend send, gpointer user)
{
    IqRouter *router = g_new0(IqRouter, 1);
    router->send = send;
    router->send_user = user;
    router->context = g_main_context_ref_thread_default();
    router->rows = g_array_new(FALSE, FALSE, sizeof(Row));
    router->waiting_by_id = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, waiting_free);
    router->waiting_by_number = g_hash_table_new(NULL, NULL);
    router->tickets = g_hash_table_new(NULL, NULL);
    if (getrandom(&router->secret, sizeof(router->secret), 0) != sizeof(router->secret))
        router->secret = (guint64)g_random_int() << 32 | g_random_int();
    return router;
}

void iq_router_free(IqRouter *router)
{
    if (!router)
        return;
    GHashTableIter it;
    gpointer value;
    router->closing = TRUE;
    for (;;) {
        g_hash_table_iter_init(&it, router->waiting_by_id);
        if (!g_hash_table_iter_next(&it, NULL, &value))
            break;
        finish(value, IQ_TIMEOUT, NULL);
    }
    g_hash_table_iter_init(&it, router->tickets);
    while (g_hash_table_iter_next(&it, &value, NULL))
        ((IqTicket *)value)->router = NULL;
    g_hash_table_unref(router->tickets);
    g_hash_table_unref(router->waiting_by_number);
    g_hash_table_unref(router->waiting_by_id);
    g_array_unref(router->rows);
    g_main_context_unref(router->context);
    g_free(router);
}

guint64 iq_router_strays(const IqRouter *router)
{
    return router->strays;
}

guint64 iq_router_refused(const IqRouter *router)
{
    return router->refused;
}

guint iq_router_held(const IqRouter *router)
{
    return g_hash_table_size(router->tickets);
}

guint iq_router_waiting(const IqRouter *router)
{
    return g_hash_table_size(router->waiting_by_id);
}
