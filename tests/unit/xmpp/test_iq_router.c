/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include "common/xmpp/iq_router.h"
#include "tests/fakes/await.h"
#include "tests/fakes/rows.h"

typedef struct {
    IqRouter *router;
    GPtrArray *sent; /* Stanza */
    IqTicket *ticket;
    GString *story; /* what callbacks saw */
} Fixture;

static void on_send(Stanza *stanza, gpointer user)
{
    g_ptr_array_add(((Fixture *)user)->sent, stanza);
}

static void set_up(Fixture *f, gconstpointer data)
{
    f->sent = g_ptr_array_new_with_free_func((GDestroyNotify)stanza_free);
    f->story = g_string_new(NULL);
    f->router = iq_router_new(on_send, f);
}

static void tear_down(Fixture *f, gconstpointer data)
{
    iq_router_free(f->router);
    g_ptr_array_unref(f->sent);
    g_string_free(f->story, TRUE);
}

static void receive(Fixture *f, const char *xml)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Stanza) s = stanza_parse(xml, strlen(xml), &error);
    g_assert_no_error(error);
    g_assert_true(iq_router_handle(f->router, s));
}

static void expect_sent(Fixture *f, const char *xml)
{
    g_assert_cmpuint(f->sent->len, >, 0);
    g_autofree char *text = stanza_to_string(g_ptr_array_index(f->sent, 0));
    g_assert_cmpstr(text, ==, xml);
    g_ptr_array_remove_index(f->sent, 0);
}

static IqReply on_ping(const IqRequest *req, gpointer user)
{
    g_assert_cmpstr(req->from, ==, "u@d/r");
    return req->set ? iq_result(stanza_new("pong", "p")) : iq_ok();
}

static IqReply on_bad(const IqRequest *req, gpointer user)
{
    return iq_error_app(STANZA_NOT_ACCEPTABLE, "why", stanza_new("session-invalid", "f"));
}

static IqReply on_slow(const IqRequest *req, gpointer user)
{
    Fixture *f = user;
    f->ticket = iq_ticket_new(req);
    return iq_later(f->ticket);
}

#define REQ(type, payload)                                                                                             \
    "<iq xmlns='jabber:client' type='" type "' id=' i&amp;d ' from='u@d/r' to='focus.d'>" payload "</iq>"
#define ANS(type) "<iq type=\"" type "\" id=\" i&amp;d \" to=\"u@d/r\" from=\"focus.d\""
#define ERR(type, cond, more)                                                                                          \
    ANS("error")                                                                                                       \
    "><error type=\"" type "\"><" cond " xmlns=\"urn:ietf:params:xml:ns:xmpp-stanzas\"/>" more "</error></iq>"

#define WHY(text) "<text xmlns=\"urn:ietf:params:xml:ns:xmpp-stanzas\">" text "</text>"

typedef struct {
    const char *name, *in, *out; /* out NULL: nothing */
} Case;

static const Case cases[] = {
    { "result without payload", REQ("get", "<ping xmlns='p'/>"), ANS("result") "/>" },
    { "result with payload", REQ("set", "<ping xmlns='p'/>"), ANS("result") "><pong xmlns=\"p\"/></iq>" },
    { "error with own element", REQ("set", "<bad xmlns='p'/>"),
      ERR("modify", "not-acceptable",
          "<session-invalid xmlns=\"f\"/><text xmlns=\"urn:ietf:params:xml:ns:xmpp-stanzas\">why</text>") },
    { "wrong type", REQ("get", "<bad xmlns='p'/>"),
      ERR("cancel", "feature-not-implemented", WHY("no such request in this namespace")) },
    { "unknown element", REQ("get", "<other xmlns='p'/>"),
      ERR("cancel", "feature-not-implemented", WHY("no such request in this namespace")) },
    { "unknown namespace", REQ("set", "<ping xmlns='q'/>"),
      ERR("cancel", "service-unavailable", WHY("unknown namespace")) },
    { "no payload", REQ("get", ""),
      ERR("modify", "bad-request", "<text xmlns=\"urn:ietf:params:xml:ns:xmpp-stanzas\">no payload</text>") },
    { "result to nothing", REQ("result", ""), NULL },
    { "error to nothing", REQ("error", ""), NULL },
    { "unknown type", REQ("what", ""), NULL },
    { "no id", "<iq type='get' from='u@d/r'><ping xmlns='p'/></iq>", NULL },
};

static void test_case(gconstpointer data)
{
    const Case *c = data;
    Fixture f;
    set_up(&f, NULL);
    iq_router_add(f.router, NULL, "p", "ping", on_ping, &f);
    iq_router_add(f.router, "set", "p", "bad", on_bad, &f);
    receive(&f, c->in);
    if (c->out)
        expect_sent(&f, c->out);
    g_assert_cmpuint(f.sent->len, ==, 0);
    g_assert_cmpuint(iq_router_strays(f.router), ==, c->out ? 0 : 1);
    tear_down(&f, NULL);
}

static void test_later(Fixture *f, gconstpointer data)
{
    iq_router_add(f->router, "get", "p", "slow", on_slow, f);
    receive(f, REQ("get", "<slow xmlns='p'/>"));
    g_assert_cmpuint(f->sent->len, ==, 0);
    iq_ticket_reply(f->ticket, iq_error(STANZA_FORBIDDEN, NULL));
    expect_sent(f, ERR("auth", "forbidden", ""));
    receive(f, REQ("get", "<slow xmlns='p'/>"));
    iq_router_free(f->router); /* before the ticket */
    iq_ticket_reply(f->ticket, iq_result(stanza_new("x", NULL)));
    g_assert_cmpuint(f->sent->len, ==, 0);
    f->router = iq_router_new(on_send, f);
}

static void on_done(IqOutcome outcome, const Stanza *answer, gpointer user)
{
    Fixture *f = user;
    static const char *const names[] = { "result", "error", "timeout" };
    g_string_append_printf(f->story, "%s%s ", names[outcome], answer ? "+" : "");
}

static char *sent_id(Fixture *f, guint i)
{
    return g_strdup(stanza_get(g_ptr_array_index(f->sent, i), "id"));
}

static void answer(Fixture *f, const char *type, const char *from, const char *id)
{
    g_autofree char *xml = g_strdup_printf("<iq type='%s' from='%s' id='%s'/>", type, from, id);
    receive(f, xml);
}

static void test_request(Fixture *f, gconstpointer data)
{
    guint one = iq_router_request(f->router, "get", "me@d", "Room@c/x", stanza_new("q", "n"), 5000, on_done, f);
    guint two = iq_router_request(f->router, "set", NULL, "b@c", NULL, 5000, on_done, f);
    g_assert_cmpuint(one, !=, two);
    g_autofree char *id1 = sent_id(f, 0), *id2 = sent_id(f, 1);
    g_autofree char *xml =
        g_strdup_printf("<iq type=\"get\" id=\"%s\" to=\"Room@c/x\" from=\"me@d\"><q xmlns=\"n\"/></iq>", id1);
    expect_sent(f, xml);
    g_assert_cmpuint(iq_router_waiting(f->router), ==, 2);
    answer(f, "result", "room@c/y", id1); /* somebody else */
    answer(f, "result", "b@c", id1);
    g_assert_cmpstr(f->story->str, ==, "");
    answer(f, "result", "room@c/x", id1); /* the server folds case */
    answer(f, "result", "room@c/x", id1); /* once only */
    answer(f, "error", "b@c", id2);
    g_assert_cmpstr(f->story->str, ==, "result+ error+ ");
    g_assert_cmpuint(iq_router_strays(f->router), ==, 3);
    g_assert_cmpuint(iq_router_waiting(f->router), ==, 0);
}

static void test_own_server(Fixture *f, gconstpointer data)
{
    static const char *const fine[] = { "", "d", "me@d" };
    for (guint i = 0; i < G_N_ELEMENTS(fine); i++) {
        iq_router_request(f->router, "get", NULL, NULL, NULL, 5000, on_done, f);
        g_autofree char *id = sent_id(f, i);
        answer(f, "result", "x@d/other", id);
        answer(f, "result", fine[i], id);
    }
    g_assert_cmpstr(f->story->str, ==, "result+ result+ result+ ");
}

static void test_timeout(Fixture *f, gconstpointer data)
{
    iq_router_request(f->router, "get", NULL, "a@b", NULL, 5, on_done, f);
    guint cancelled = iq_router_request(f->router, "get", NULL, "a@b", NULL, 5, on_done, f);
    iq_router_cancel(f->router, cancelled);
    iq_router_cancel(f->router, cancelled);
    iq_router_cancel(f->router, 0);
    g_autofree char *id = sent_id(f, 0);
    AWAIT(iq_router_waiting(f->router) == 0);
    answer(f, "result", "a@b", id); /* too late */
    g_assert_cmpstr(f->story->str, ==, "timeout ");
}

static void test_limit_and_end(Fixture *f, gconstpointer data)
{
    for (guint i = 0; i < IQ_ROUTER_MAX_WAITING; i++)
        iq_router_request(f->router, "get", NULL, "a@b", NULL, 60000, NULL, NULL);
    g_assert_cmpuint(f->sent->len, ==, IQ_ROUTER_MAX_WAITING);
    iq_router_request(f->router, "get", NULL, "a@b", stanza_new("x", NULL), 60000, on_done, f);
    g_assert_cmpuint(f->sent->len, ==, IQ_ROUTER_MAX_WAITING);
    g_assert_cmpstr(f->story->str, ==, "");
    AWAIT(f->story->len > 0);
    g_assert_cmpstr(f->story->str, ==, "timeout ");
    iq_router_request(f->router, "get", NULL, "a@b", NULL, 60000, on_done, f);
    iq_router_free(f->router);
    g_assert_cmpstr(f->story->str, ==, "timeout timeout ");
    f->router = iq_router_new(on_send, f);
}

static IqReply on_kept(const IqRequest *req, gpointer user)
{
    IqTicket *t = iq_ticket_new(req);
    g_ptr_array_add(user, t);
    return iq_later(t);
}

/* Requests nobody has answered yet are bounded: the next one is refused at once, until there is room. */
static void test_deferred_limit(Fixture *f, gconstpointer data)
{
    g_autoptr(GPtrArray) kept = g_ptr_array_new();
    iq_router_add(f->router, "get", "p", "keep", on_kept, kept);
    for (guint i = 0; i < IQ_ROUTER_MAX_DEFERRED; i++)
        receive(f, REQ("get", "<keep xmlns='p'/>"));
    g_assert_cmpuint(f->sent->len, ==, 0);
    receive(f, REQ("get", "<keep xmlns='p'/>"));
    g_autofree char *sent = stanza_to_string(f->sent->pdata[0]);
    g_assert_nonnull(strstr(sent, "resource-constraint"));
    g_assert_nonnull(strstr(sent, "too many requests wait"));
    g_ptr_array_set_size(f->sent, 0);
    g_assert_cmpuint(iq_router_refused(f->router), ==, 1);
    g_assert_cmpuint(iq_router_held(f->router), ==, IQ_ROUTER_MAX_DEFERRED);
    iq_ticket_reply(g_ptr_array_steal_index(kept, 0), iq_error(STANZA_FORBIDDEN, NULL));
    expect_sent(f, ERR("auth", "forbidden", ""));
    receive(f, REQ("get", "<keep xmlns='p'/>"));
    g_assert_cmpuint(f->sent->len, ==, 0);
    g_assert_cmpuint(kept->len, ==, IQ_ROUTER_MAX_DEFERRED);
    for (guint i = 0; i < kept->len; i++)
        iq_ticket_reply(kept->pdata[i], iq_error(STANZA_FORBIDDEN, NULL));
}

static void test_error_read(void)
{
    const char *xml = "<iq type='error'><error type='auth'><forbidden xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>"
                      "<text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>no</text><own xmlns='x'/></error></iq>";
    g_autoptr(Stanza) s = stanza_parse(xml, strlen(xml), NULL);
    StanzaErrorInfo info;
    stanza_error_read(s, &info);
    g_assert_cmpint(info.condition, ==, STANZA_FORBIDDEN);
    g_assert_cmpstr(info.type, ==, "auth");
    g_assert_cmpstr(info.text, ==, "no");
    g_assert_cmpstr(stanza_name(info.app), ==, "own");
    stanza_error_info_clear(&info);
    g_autoptr(Stanza) bare = stanza_new("iq", NULL);
    stanza_error_read(bare, &info);
    g_assert_cmpint(info.condition, ==, STANZA_UNDEFINED_CONDITION);
    g_assert_cmpstr(info.text, ==, "");
    stanza_error_info_clear(&info);
    GString *long_text = g_string_new(NULL);
    while (long_text->len <= STANZA_ERROR_MAX_TEXT)
        g_string_append(long_text, "\xc3\xa4");
    Stanza *error = stanza_error_new(NULL, STANZA_GONE, NULL, long_text->str, NULL);
    stanza_adopt(bare, error);
    stanza_error_read(bare, &info);
    g_assert_cmpuint(strlen(info.text), <=, STANZA_ERROR_MAX_TEXT);
    g_assert_true(g_utf8_validate(info.text, -1, NULL));
    stanza_error_info_clear(&info);
    g_string_free(long_text, TRUE);
    for (int i = 0; i < STANZA_N_CONDITIONS; i++) {
        StanzaCondition back;
        g_assert_true(stanza_condition_from_name(stanza_condition_name((StanzaCondition)i), &back));
        g_assert_cmpint(back, ==, i);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD_ROWS("/xmpp/iq", cases, test_case);
#define ADD(name, func) g_test_add("/xmpp/iq/" name, Fixture, NULL, set_up, func, tear_down)
    ADD("answered later", test_later);
    ADD("request", test_request);
    ADD("own server", test_own_server);
    ADD("timeout", test_timeout);
    ADD("limit and end", test_limit_and_end);
    ADD("deferred limit", test_deferred_limit);
    g_test_add_func("/xmpp/error/read", test_error_read);
    return g_test_run();
}
