/* SPDX-License-Identifier: Apache-2.0 */
#include <malloc.h>
#include <stun/stunagent.h>
#include "bridge/transport/ice_generation.h"
#include "bridge/transport/ice_stun.h"
#include "tests/unit/transport/hex.h"

#define S 1000000
#define PEER_UFRAG "peer"
#define PEER_PWD "peerpasswordpeerpassword"

/* An agent, and a peer made by hand that answers what the agent sends. */
typedef struct {
    IceStun *stun;
    IceCredentials cred;
    IceAgent *a;
    IceOut out;
    int64_t now;
    unsigned count[ICE_EV_GENERATION_ENDED + 1]; /* events seen */
    IceEvent last[ICE_EV_GENERATION_ENDED + 1];
    uint8_t sent[64][ICE_DATAGRAM_MAX]; /* what the agent sent in the last step */
    IceDatagram checks[64];
    unsigned n_checks, replies;
    bool mute;          /* the peer answers nothing */
    uint16_t dead_port; /* the peer answers nothing from this port */
    uint16_t only_port; /* if set, it answers from nowhere else */
} Peer;

static Tuple addr(uint16_t port)
{
    Tuple t;
    g_assert_true(tuple_parse("192.0.2.7", port, 0, &t));
    return t;
}

static void peer_init(Peer *p)
{
    memset(p, 0, sizeof(*p));
    p->now = 1000 * (int64_t)S;
    p->stun = ice_stun_new();
    g_assert_true(ice_credentials_make("w1", &p->cred));
    p->a = ice_agent_new(&p->cred, p->now);
}

static void peer_clear(Peer *p)
{
    ice_agent_free(p->a);
    ice_stun_free(p->stun);
}

/* A request of the peer, as bytes. */
static size_t build_request(Peer *p, const IceCredentials *cred, bool controlling, uint64_t tie, bool use_candidate,
                            uint8_t out[ICE_DATAGRAM_MAX])
{
    static uint8_t transaction[12];
    IceDatagram d;
    Tuple to = addr(1);
    transaction[0]++;
    IceCheck c = { .transaction = transaction,
                   .local_ufrag = PEER_UFRAG,
                   .remote_ufrag = cred->ufrag,
                   .remote_pwd = cred->pwd,
                   .tie_breaker = tie,
                   .controlling = controlling,
                   .use_candidate = use_candidate };
    g_assert_true(ice_stun_check(p->stun, &c, &to, &d));
    memcpy(out, d.bytes, d.len);
    return d.len;
}

static void drain(Peer *p);

static IceDrop deliver(Peer *p, const Tuple *from, const uint8_t *bytes, size_t len)
{
    uint8_t *copy = exact(bytes, len);
    ice_out_clear(&p->out);
    IceDrop d = ice_agent_on_stun(p->a, p->stun, from, copy, len, p->now, &p->out);
    free(copy);
    drain(p);
    return d;
}

/* Answers a check with success under the peer's password. */
static void answer(Peer *p, const IceDatagram *check)
{
    IceDatagram reply;
    g_assert_true(ice_stun_reply(p->stun, check->bytes, check->len, PEER_PWD, &check->to, &reply));
    deliver(p, &check->to, reply.bytes, reply.len);
}

static void drain(Peer *p)
{
    IceOut out = p->out;
    ice_out_clear(&p->out);
    for (unsigned i = 0; i < out.n_events; i++) {
        p->count[out.events[i].type]++;
        p->last[out.events[i].type] = out.events[i];
    }
    for (unsigned i = 0; i < out.n_datagrams; i++) {
        IceMessage m;
        IceDatagram d = out.datagrams[i];
        g_assert_cmpint(ice_message_scan(d.bytes, d.len, &m), ==, ICE_SCAN_OK);
        if (m.type != ICE_MSG_REQUEST) {
            p->replies++;
            continue;
        }
        g_assert_true(ice_stun_verify_request(p->stun, d.bytes, d.len, PEER_PWD));
        p->checks[p->n_checks++ % 64] = d;
        if (!p->mute && d.to.port != p->dead_port && (!p->only_port || d.to.port == p->only_port))
            answer(p, &d);
    }
}

static void tick_until(Peer *p, int64_t until)
{
    unsigned steps = 0;
    while (ice_agent_next_due(p->a) <= until) {
        int64_t due = ice_agent_next_due(p->a);
        p->now = due > p->now ? due : p->now;
        ice_out_clear(&p->out);
        ice_agent_on_tick(p->a, p->stun, p->now, &p->out);
        drain(p);
        g_assert_cmpuint(++steps, <, 20000); /* never busy */
    }
    p->now = until;
}

static IceDrop request(Peer *p, uint16_t port, bool use_candidate)
{
    uint8_t bytes[ICE_DATAGRAM_MAX];
    Tuple t = addr(port);
    size_t n = build_request(p, &p->cred, false, 1, use_candidate, bytes);
    return deliver(p, &t, bytes, n);
}

static void know_peer(Peer *p)
{
    g_assert_true(ice_agent_set_remote(p->a, ice_agent_generation(p->a), PEER_UFRAG, PEER_PWD, p->now));
}

static uint16_t send_port(const Peer *p)
{
    Tuple t;
    return ice_agent_send_tuple(p->a, &t) ? t.port : 0;
}

/* ---- the tests ---- */

static void test_credentials(void)
{
    IceCredentials a, b;
    g_assert_true(ice_credentials_make("w12", &a));
    g_assert_true(ice_credentials_make("w12", &b));
    g_assert_true(g_str_has_prefix(a.ufrag, "w12"));
    g_assert_cmpuint(strlen(a.ufrag), ==, 11);
    g_assert_cmpuint(strlen(a.pwd), ==, ICE_PWD_LEN);
    g_assert_cmpstr(a.ufrag, !=, b.ufrag);
    g_assert_cmpstr(a.pwd, !=, b.pwd);
    g_assert_true(ice_credentials_make("", &a));
    g_assert_false(ice_credentials_make("a:b", &a));
    g_assert_false(ice_credentials_make("1234567890abc", &a));
}

static void test_idle_is_small(void)
{
    Peer p;
    IceCredentials cred;
    peer_init(&p);
    ice_credentials_make("", &cred);
    struct mallinfo2 before = mallinfo2();
    IceAgent *many[100];
    for (int i = 0; i < 100; i++)
        many[i] = ice_agent_new(&cred, 0);
    struct mallinfo2 after = mallinfo2();
    if (after.uordblks > before.uordblks) /* a sanitizer's allocator counts nothing here */
        g_assert_cmpuint(after.uordblks - before.uordblks, <=, 100 * 320);
    for (int i = 0; i < 100; i++) {
        g_assert_cmpint(ice_agent_next_due(many[i]), ==, INT64_MAX);
        ice_agent_free(many[i]);
    }
    peer_clear(&p);
}

static void test_early_request(void)
{
    Peer p;
    peer_init(&p);
    g_assert_cmpint(request(&p, 1000, false), ==, ICE_DROP_NONE);
    g_assert_cmpuint(p.replies, ==, 1); /* at once, though the peer's credentials are unknown */
    g_assert_cmpuint(p.n_checks, ==, 0);
    g_assert_cmpuint(p.count[ICE_EV_TUPLE_ADDED], ==, 1);
    Tuple t = addr(1000);
    g_assert_false(ice_agent_is_valid(p.a, &t));
    g_assert_cmpuint(send_port(&p), ==, 0);
    know_peer(&p);
    tick_until(&p, p.now);
    g_assert_true(ice_agent_is_valid(p.a, &t));
    g_assert_cmpuint(p.count[ICE_EV_WRITABLE], ==, 1);
    g_assert_cmpuint(send_port(&p), ==, 1000);
    tick_until(&p, p.now + ICE_SETTLE_US); /* nominated by a second check */
    g_assert_cmpuint(p.n_checks, ==, 2);
    IceMessage m;
    ice_message_scan(p.checks[0].bytes, p.checks[0].len, &m);
    g_assert_true(m.controlling && !m.use_candidate);
    ice_message_scan(p.checks[1].bytes, p.checks[1].len, &m);
    g_assert_true(m.use_candidate);
    g_assert_cmpuint(p.count[ICE_EV_SELECTED], ==, 1);
    g_assert_true(ice_agent_set_remote(p.a, 0, PEER_UFRAG, PEER_PWD, p.now)); /* again: fine */
    g_assert_false(ice_agent_set_remote(p.a, 0, "other", PEER_PWD, p.now));   /* others: not without restart */
    g_assert_false(ice_agent_set_remote(p.a, 7, PEER_UFRAG, PEER_PWD, p.now));
    char dump[2048];
    int n = ice_agent_dump(p.a, dump, sizeof(dump));
    g_assert_cmpint(n, ==, (int)strlen(dump));
    g_assert_nonnull(strstr(dump, "\"selected\":true"));
    g_assert_null(strstr(dump, p.cred.pwd));
    char tiny[10];
    g_assert_cmpint(ice_agent_dump(p.a, tiny, sizeof(tiny)), ==, n);
    peer_clear(&p);
}

static void test_strangers(void)
{
    Peer p;
    uint8_t bytes[ICE_DATAGRAM_MAX];
    Tuple t = addr(1000);
    peer_init(&p);
    know_peer(&p);
    IceCredentials wrong = p.cred;
    wrong.pwd[0] ^= 1;
    g_assert_cmpint(deliver(&p, &t, bytes, build_request(&p, &wrong, false, 1, false, bytes)), ==,
                    ICE_DROP_UNAUTHORIZED);
    wrong = p.cred;
    wrong.ufrag[0] ^= 1;
    g_assert_cmpint(deliver(&p, &t, bytes, build_request(&p, &wrong, false, 1, false, bytes)), ==,
                    ICE_DROP_UNKNOWN_USER);
    size_t n = build_request(&p, &p.cred, false, 1, false, bytes);
    for (size_t bit = 0; bit < 8 * n; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        g_assert_cmpint(deliver(&p, &t, bytes, n), !=, ICE_DROP_NONE);
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    for (size_t cut = 0; cut < n; cut++)
        g_assert_cmpint(deliver(&p, &t, bytes, cut), !=, ICE_DROP_NONE);
    static const uint8_t indication[] = {
        0, 0x11, 0, 0, 0x21, 0x12, 0xa4, 0x42, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12
    };
    g_assert_cmpint(deliver(&p, &t, indication, sizeof(indication)), ==, ICE_DROP_NOT_USED);
    g_assert_cmpuint(p.replies + p.n_checks, ==, 0); /* not a byte for any of them */
    g_assert_cmpuint(p.count[ICE_EV_TUPLE_ADDED], ==, 0);
    g_assert_cmpint(ice_agent_next_due(p.a), ==, INT64_MAX);
    g_assert_cmpint(deliver(&p, &t, bytes, n), ==, ICE_DROP_NONE);
    for (int d = 0; d < ICE_DROP_REASONS; d++)
        g_assert_cmpstr(ice_drop_name((IceDrop)d), !=, "?");
    peer_clear(&p);
}

/* A request with one more attribute, before or after MESSAGE-INTEGRITY. */
static size_t request_with(Peer *p, uint16_t type, bool after, uint8_t out[ICE_DATAGRAM_MAX])
{
    StunAgent agent;
    StunMessage msg;
    g_autofree char *user = g_strdup_printf("%s:" PEER_UFRAG, p->cred.ufrag);
    stun_agent_init(&agent, STUN_ALL_KNOWN_ATTRIBUTES, STUN_COMPATIBILITY_RFC5389,
                    after ? STUN_AGENT_USAGE_SHORT_TERM_CREDENTIALS
                          : STUN_AGENT_USAGE_SHORT_TERM_CREDENTIALS | STUN_AGENT_USAGE_USE_FINGERPRINT);
    stun_agent_init_request(&agent, &msg, out, ICE_DATAGRAM_MAX, STUN_BINDING);
    stun_message_append_bytes(&msg, STUN_ATTRIBUTE_USERNAME, user, strlen(user));
    stun_message_append32(&msg, STUN_ATTRIBUTE_PRIORITY, 77);
    if (!after)
        stun_message_append32(&msg, (StunAttribute)type, 5);
    size_t n = stun_agent_finish_message(&agent, &msg, (const uint8_t *)p->cred.pwd, strlen(p->cred.pwd));
    if (!after)
        return n;
    stun_message_append32(&msg, (StunAttribute)type, 5);
    StunAgent finisher; /* adds FINGERPRINT only */
    stun_agent_init(&finisher, STUN_ALL_KNOWN_ATTRIBUTES, STUN_COMPATIBILITY_RFC5389,
                    STUN_AGENT_USAGE_IGNORE_CREDENTIALS | STUN_AGENT_USAGE_USE_FINGERPRINT);
    msg.key = NULL;
    return stun_agent_finish_message(&finisher, &msg, NULL, 0);
}

static void test_unknown_attributes(void)
{
    Peer p;
    uint8_t bytes[ICE_DATAGRAM_MAX];
    Tuple t = addr(1000);
    peer_init(&p);
    size_t n = request_with(&p, 0x7ffe, false, bytes);
    ice_out_clear(&p.out);
    g_assert_cmpint(ice_agent_on_stun(p.a, p.stun, &t, bytes, n, p.now, &p.out), ==, ICE_DROP_NONE);
    g_assert_cmpuint(p.out.n_datagrams, ==, 1);
    g_assert_cmpuint(p.out.n_events, ==, 0);
    IceMessage m;
    const IceDatagram *d = &p.out.datagrams[0];
    g_assert_cmpint(ice_message_scan(d->bytes, d->len, &m), ==, ICE_SCAN_OK);
    g_assert_cmpuint(m.error_code, ==, 420);
    g_assert_true(ice_stun_verify_response(p.stun, d->bytes, d->len, p.cred.pwd)); /* signed */
    static const uint8_t list[] = { 0x00, 0x0a, 0x00, 0x02, 0x7f, 0xfe };
    g_assert_nonnull(memmem(d->bytes, d->len, list, sizeof(list)));

    n = request_with(&p, 0x7ffe, true, bytes); /* not covered by the MAC: as if it were not there */
    g_assert_cmpint(deliver(&p, &t, bytes, n), ==, ICE_DROP_NONE);
    g_assert_cmpuint(p.count[ICE_EV_TUPLE_ADDED], ==, 1);
    n = request_with(&p, STUN_ATTRIBUTE_USE_CANDIDATE, true, bytes);
    g_assert_cmpint(deliver(&p, &t, bytes, n), ==, ICE_DROP_NONE);
    n = request_with(&p, 0xc057, false, bytes); /* GOOG-NETWORK-INFO: optional */
    g_assert_cmpint(deliver(&p, &t, bytes, n), ==, ICE_DROP_NONE);
    g_assert_cmpuint(p.replies, ==, 3);
    peer_clear(&p);
}

static void test_role_conflict(void)
{
    Peer p;
    uint8_t bytes[ICE_DATAGRAM_MAX];
    Tuple t = addr(1000);
    IceMessage m;
    peer_init(&p);
    know_peer(&p);
    size_t n = build_request(&p, &p.cred, true, 0, false, bytes); /* both controlling, ours is larger */
    ice_out_clear(&p.out);
    ice_agent_on_stun(p.a, p.stun, &t, bytes, n, p.now, &p.out);
    g_assert_cmpuint(p.out.n_datagrams, ==, 1);
    ice_message_scan(p.out.datagrams[0].bytes, p.out.datagrams[0].len, &m);
    g_assert_cmpuint(m.error_code, ==, 487);
    g_assert_true(ice_stun_verify_response(p.stun, p.out.datagrams[0].bytes, p.out.datagrams[0].len, p.cred.pwd));
    g_assert_true(ice_agent_is_controlling(p.a));
    n = build_request(&p, &p.cred, true, UINT64_MAX, false, bytes); /* theirs is larger: we give in */
    deliver(&p, &t, bytes, n);
    g_assert_false(ice_agent_is_controlling(p.a));
    ice_message_scan(p.checks[0].bytes, p.checks[0].len, &m);
    g_assert_true(m.controlled && !m.use_candidate);
    tick_until(&p, p.now + S);
    g_assert_cmpuint(p.n_checks, ==, 1); /* controlled: nominates nothing */
    g_assert_cmpuint(send_port(&p), ==, 1000);
    n = build_request(&p, &p.cred, false, UINT64_MAX, false, bytes); /* both controlled, theirs is larger */
    ice_out_clear(&p.out);
    ice_agent_on_stun(p.a, p.stun, &t, bytes, n, p.now, &p.out);
    ice_message_scan(p.out.datagrams[0].bytes, p.out.datagrams[0].len, &m);
    g_assert_cmpuint(m.error_code, ==, 487);
    /* The peer names another pair. */
    t = addr(1001);
    deliver(&p, &t, bytes, build_request(&p, &p.cred, true, UINT64_MAX, true, bytes));
    g_assert_cmpuint(send_port(&p), ==, 1001);
    peer_clear(&p);
}

/* 487 to a check of ours: other role, new tie-breaker, once more; a peer that always says 487 ends somewhere. */
static void test_487_answer(void)
{
    Peer p;
    peer_init(&p);
    p.mute = true;
    know_peer(&p);
    request(&p, 1000, false);
    g_assert_cmpuint(p.n_checks, ==, 1);
    bool role = true;
    for (unsigned i = 0; i < 30 && p.n_checks == i + 1; i++) {
        IceDatagram reply, check = p.checks[i];
        IceMessage m;
        ice_message_scan(check.bytes, check.len, &m);
        g_assert_true(m.controlling == role);
        role = !role;
        g_assert_true(ice_stun_reply_error(p.stun, check.bytes, check.len, PEER_PWD, &check.to, 487, &m, &reply));
        deliver(&p, &check.to, reply.bytes, reply.len);
    }
    g_assert_cmpuint(p.n_checks, ==, 1 + ICE_ROLE_CONFLICTS_MAX);
    peer_clear(&p);
}

static void test_forged_answers(void)
{
    Peer p;
    IceDatagram reply;
    Tuple other = addr(4000);
    IceMessage m = { 0 };
    peer_init(&p);
    p.mute = true;
    know_peer(&p);
    request(&p, 1000, false);
    IceDatagram check = p.checks[0];
    ice_stun_reply(p.stun, check.bytes, check.len, PEER_PWD, &check.to, &reply);
    g_assert_cmpint(deliver(&p, &other, reply.bytes, reply.len), ==, ICE_DROP_UNMATCHED); /* right bytes, wrong place */
    ice_stun_reply(p.stun, check.bytes, check.len, "wrongpasswordwrongpassword", &check.to, &reply);
    g_assert_cmpint(deliver(&p, &check.to, reply.bytes, reply.len), ==, ICE_DROP_UNAUTHORIZED);
    ice_stun_reply_error(p.stun, check.bytes, check.len, "wrongpasswordwrongpassword", &check.to, 401, &m, &reply);
    g_assert_cmpint(deliver(&p, &check.to, reply.bytes, reply.len), ==, ICE_DROP_UNAUTHORIZED);
    check.bytes[15] ^= 1;
    ice_stun_reply(p.stun, check.bytes, check.len, PEER_PWD, &check.to, &reply);
    g_assert_cmpint(deliver(&p, &check.to, reply.bytes, reply.len), ==, ICE_DROP_UNMATCHED);
    g_assert_false(ice_agent_is_valid(p.a, &check.to));
    answer(&p, &p.checks[0]);
    g_assert_true(ice_agent_is_valid(p.a, &check.to));
    peer_clear(&p);
}

/* A captured request, sent again from elsewhere, makes an unvalidated tuple and moves no media. */
static void test_replayed_elsewhere(void)
{
    Peer p;
    uint8_t bytes[ICE_DATAGRAM_MAX];
    peer_init(&p);
    know_peer(&p);
    request(&p, 1000, false);
    tick_until(&p, p.now + S);
    size_t n = build_request(&p, &p.cred, false, 1, true, bytes);
    p.only_port = 1000; /* nobody elsewhere knows the password */
    for (uint16_t port = 6000; port < 6200; port++) {
        Tuple t = addr(port);
        g_assert_cmpint(deliver(&p, &t, bytes, n), ==, ICE_DROP_NONE);
        g_assert_false(ice_agent_is_valid(p.a, &t));
        g_assert_cmpuint(send_port(&p), ==, 1000);
    }
    g_assert_cmpuint(p.count[ICE_EV_TUPLE_ADDED] - p.count[ICE_EV_TUPLE_REMOVED], ==, ICE_TUPLES_MAX);
    tick_until(&p, p.now + 20 * (int64_t)S);
    g_assert_cmpuint(send_port(&p), ==, 1000);
    peer_clear(&p);
}

static void test_rate(void)
{
    Peer p;
    unsigned taken = 0;
    peer_init(&p);
    for (int i = 0; i < 1000; i++)
        taken += request(&p, 1000, false) == ICE_DROP_NONE;
    g_assert_cmpuint(taken, >=, 2 * ICE_REQUESTS_PER_S);
    g_assert_cmpuint(taken, <=, 2 * ICE_REQUESTS_PER_S + 3);
    p.now += S;
    for (int i = 0; i < 1000; i++)
        taken += request(&p, 1000, false) == ICE_DROP_NONE;
    g_assert_cmpuint(taken, <=, 3 * ICE_REQUESTS_PER_S + 5);
    g_assert_cmpint(request(&p, 1001, false), ==, ICE_DROP_NONE); /* per tuple */
    peer_clear(&p);
}

static void test_consent(void)
{
    Peer p;
    peer_init(&p);
    know_peer(&p);
    request(&p, 1000, false);
    tick_until(&p, p.now + 60 * (int64_t)S);
    g_assert_cmpuint(p.count[ICE_EV_CONSENT_LOST], ==, 0);
    g_assert_cmpuint(p.n_checks, >=, 2 + 10); /* 60 s / (5 s * 1.2) */
    g_assert_cmpuint(p.n_checks, <=, 2 + 15);
    int64_t alive = p.now;
    p.mute = true;
    tick_until(&p, alive + 24 * (int64_t)S);
    g_assert_cmpuint(p.count[ICE_EV_CONSENT_LOST], ==, 0);
    g_assert_cmpuint(send_port(&p), ==, 1000);
    tick_until(&p, alive + 30 * (int64_t)S);
    g_assert_cmpuint(p.count[ICE_EV_CONSENT_LOST], ==, 1);
    g_assert_cmpuint(send_port(&p), ==, 0);
    Tuple t = addr(1000);
    g_assert_false(ice_agent_is_valid(p.a, &t));
    p.mute = false; /* the network is back: the peer pings, we check */
    request(&p, 1000, false);
    g_assert_cmpuint(send_port(&p), ==, 1000);
    tick_until(&p, p.now + 10 * (int64_t)S);
    g_assert_cmpuint(p.count[ICE_EV_WRITABLE], ==, 1); /* only once in a life */
    g_assert_cmpuint(p.count[ICE_EV_CONSENT_LOST], ==, 1);
    peer_clear(&p);
}

static void test_loss(void)
{
    Peer p;
    peer_init(&p);
    p.mute = true;
    know_peer(&p);
    request(&p, 1000, false);
    tick_until(&p, p.now + 800000);
    g_assert_cmpuint(p.n_checks, ==, 4);                                                     /* 0, 100, 300, 700 ms */
    g_assert_cmpmem(p.checks[0].bytes, p.checks[0].len, p.checks[3].bytes, p.checks[3].len); /* one transaction */
    p.mute = false;
    tick_until(&p, p.now + S);
    g_assert_cmpuint(send_port(&p), ==, 1000);
    peer_clear(&p);
}

static void test_failed(void)
{
    Peer p;
    Tuple t = addr(1000);
    peer_init(&p);
    p.mute = true;
    ice_out_clear(&p.out);
    g_assert_true(ice_agent_add_candidate(p.a, 0, &t, p.now, &p.out));
    drain(&p);
    tick_until(&p, p.now + S);
    g_assert_cmpuint(p.n_checks, ==, 0); /* no credentials yet */
    know_peer(&p);
    int64_t start = p.now;
    tick_until(&p, start + 19 * (int64_t)S);
    g_assert_cmpuint(p.n_checks, ==, 6);
    g_assert_cmpuint(p.count[ICE_EV_FAILED], ==, 0);
    tick_until(&p, start + 21 * (int64_t)S);
    g_assert_cmpuint(p.count[ICE_EV_FAILED], ==, 1);
    tick_until(&p, start + 200 * (int64_t)S);
    g_assert_cmpuint(p.count[ICE_EV_FAILED], ==, 1);
    g_assert_cmpuint(p.count[ICE_EV_TUPLE_REMOVED], ==, 1);
    g_assert_cmpint(ice_agent_next_due(p.a), ==, INT64_MAX);
    for (uint16_t i = 0; i < 20; i++) {
        t = addr((uint16_t)(2000 + i));
        ice_out_clear(&p.out);
        g_assert_true(ice_agent_add_candidate(p.a, 0, &t, p.now, &p.out) == (i < ICE_TUPLES_MAX));
    }
    peer_clear(&p);
}

/* The peer's NAT gives it another port: media follows once that port has answered and the old one is silent. */
static void test_rebinding(void)
{
    Peer p;
    peer_init(&p);
    know_peer(&p);
    request(&p, 1000, false);
    tick_until(&p, p.now + 10 * (int64_t)S);
    g_assert_cmpuint(send_port(&p), ==, 1000);
    p.dead_port = 1000;
    Tuple old = addr(1000);
    ice_agent_on_media(p.a, &old, p.now);
    int64_t moved = p.now;
    request(&p, 2000, false);
    Tuple t = addr(2000);
    g_assert_true(ice_agent_is_valid(p.a, &t)); /* media from there is taken at once */
    g_assert_cmpuint(send_port(&p), ==, 1000);
    for (int i = 0; i < 4; i++) {
        tick_until(&p, p.now + S);
        request(&p, 2000, false);
    }
    g_assert_cmpuint(send_port(&p), ==, 2000);
    g_assert_cmpint(p.now - moved, <=, 5 * (int64_t)S);
    unsigned last = p.n_checks - 1; /* to the new port: consent checks to the old one go on beside it */
    while (p.checks[last % 64].to.port != 2000)
        last--;
    IceMessage m;
    ice_message_scan(p.checks[last % 64].bytes, p.checks[last % 64].len, &m);
    g_assert_true(m.use_candidate);
    tick_until(&p, p.now + 120 * (int64_t)S);
    g_assert_cmpuint(send_port(&p), ==, 2000);
    g_assert_cmpuint(p.count[ICE_EV_CONSENT_LOST], ==, 0);
    g_assert_false(ice_agent_is_valid(p.a, &old));
    g_assert_cmpuint(p.count[ICE_EV_TUPLE_REMOVED], ==, 1);
    peer_clear(&p);
}

static void test_backup_stays_backup(void)
{
    Peer p;
    peer_init(&p);
    know_peer(&p);
    request(&p, 1000, false);
    tick_until(&p, p.now + S);
    for (int i = 0; i < 60; i++) { /* both pairs alive, pings on both */
        request(&p, 1000, false);
        request(&p, 2000, false);
        tick_until(&p, p.now + S);
        g_assert_cmpuint(send_port(&p), ==, 1000);
    }
    g_assert_cmpuint(p.count[ICE_EV_SELECTED], ==, 1);
    peer_clear(&p);
}

static void restart_request(Peer *p, const IceCredentials *cred, uint16_t port)
{
    uint8_t bytes[ICE_DATAGRAM_MAX];
    Tuple t = addr(port);
    g_assert_cmpint(deliver(p, &t, bytes, build_request(p, cred, false, 1, false, bytes)), ==, ICE_DROP_NONE);
}

static void test_restart(void)
{
    Peer p;
    IceCredentials fresh;
    peer_init(&p);
    know_peer(&p);
    ice_credentials_make("w1", &fresh);
    g_assert_cmpuint(ice_agent_restart(p.a, &fresh, p.now), ==, 0); /* nothing to restart yet */
    request(&p, 1000, false);
    tick_until(&p, p.now + S);
    g_assert_cmpuint(ice_agent_restart(p.a, &fresh, p.now), ==, 1);
    g_assert_cmpuint(ice_agent_restart(p.a, &fresh, p.now), ==, 0);
    g_assert_cmpuint(ice_agent_pending_generation(p.a), ==, 1);
    g_assert_cmpuint(ice_agent_generation(p.a), ==, 0);
    g_assert_true(ice_agent_set_remote(p.a, 1, PEER_UFRAG, PEER_PWD, p.now));
    restart_request(&p, &fresh, 3000); /* a new socket of the peer */
    g_assert_cmpuint(p.count[ICE_EV_RESTARTED], ==, 1);
    g_assert_cmpstr(p.last[ICE_EV_RESTARTED].ufrag, ==, fresh.ufrag);
    g_assert_cmpuint(ice_agent_generation(p.a), ==, 1);
    g_assert_cmpuint(send_port(&p), ==, 3000);
    Tuple old = addr(1000);
    g_assert_true(ice_agent_is_valid(p.a, &old)); /* packets in flight */
    g_assert_cmpint(request(&p, 1000, false), ==, ICE_DROP_NONE);
    tick_until(&p, p.now + 4 * (int64_t)S);
    g_assert_false(ice_agent_is_valid(p.a, &old));
    g_assert_cmpint(request(&p, 1000, false), ==, ICE_DROP_UNKNOWN_USER);
    g_assert_cmpuint(p.count[ICE_EV_GENERATION_ENDED], ==, 1);
    g_assert_cmpstr(p.last[ICE_EV_GENERATION_ENDED].ufrag, ==, p.cred.ufrag);
    g_assert_cmpuint(p.count[ICE_EV_WRITABLE], ==, 1);
    g_assert_cmpuint(p.count[ICE_EV_TUPLE_REMOVED], ==, 1);
    /* The next one is never answered by the peer: the current one stays. */
    IceCredentials third;
    ice_credentials_make("w1", &third);
    g_assert_cmpuint(ice_agent_restart(p.a, &third, p.now), ==, 2);
    restart_request(&p, &third, 3000); /* same tuple in both generations, remote credentials unknown */
    tick_until(&p, p.now + 25 * (int64_t)S);
    g_assert_cmpuint(ice_agent_pending_generation(p.a), ==, 0);
    g_assert_cmpuint(ice_agent_generation(p.a), ==, 1);
    g_assert_cmpuint(send_port(&p), ==, 3000);
    g_assert_cmpuint(p.count[ICE_EV_TUPLE_REMOVED], ==, 1); /* the current one still has it */
    g_assert_cmpstr(p.last[ICE_EV_GENERATION_ENDED].ufrag, ==, third.ufrag);
    peer_clear(&p);
}

/* Two agents of ours: both start as controlling. */
static void test_two_agents(void)
{
    IceStun *stun = ice_stun_new();
    IceCredentials cred[2];
    IceAgent *a[2];
    Tuple at[2] = { addr(1), addr(2) };
    int64_t now = S;
    static IceOut out, queue[2];
    unsigned writable = 0;
    for (int i = 0; i < 2; i++) {
        g_assert_true(ice_credentials_make("", &cred[i]));
        a[i] = ice_agent_new(&cred[i], now);
        ice_out_clear(&queue[i]);
    }
    for (int i = 0; i < 2; i++) {
        g_assert_true(ice_agent_set_remote(a[i], 0, cred[!i].ufrag, cred[!i].pwd, now));
        ice_out_clear(&out);
        g_assert_true(ice_agent_add_candidate(a[i], 0, &at[!i], now, &out));
    }
    for (int step = 0; step < 2000; step++, now += 10000) {
        for (int i = 0; i < 2; i++) {
            ice_out_clear(&queue[i]);
            ice_agent_on_tick(a[i], stun, now, &queue[i]);
        }
        for (int round = 0; round < 10; round++) {
            for (int i = 0; i < 2; i++) {
                IceOut mine = queue[i];
                ice_out_clear(&queue[i]);
                for (unsigned e = 0; e < mine.n_events; e++)
                    writable += mine.events[e].type == ICE_EV_WRITABLE;
                for (unsigned d = 0; d < mine.n_datagrams; d++)
                    ice_agent_on_stun(a[!i], stun, &at[i], mine.datagrams[d].bytes, mine.datagrams[d].len, now,
                                      &queue[!i]);
            }
        }
    }
    g_assert_cmpuint(writable, ==, 2);
    g_assert_true(ice_agent_is_controlling(a[0]) != ice_agent_is_controlling(a[1]));
    for (int i = 0; i < 2; i++) {
        Tuple t;
        g_assert_true(ice_agent_send_tuple(a[i], &t));
        g_assert_true(tuple_equal(&t, &at[!i]));
        g_assert_cmpint(ice_agent_last_consent_us(a[i]), >, now - 7 * S);
        ice_agent_free(a[i]);
    }
    ice_stun_free(stun);
}

/* A pending restart with eight tuples ends in pieces when the events do not fit at once. */
static void test_many_events(void)
{
    Peer p;
    IceCredentials fresh;
    peer_init(&p);
    know_peer(&p);
    for (uint16_t i = 0; i < ICE_TUPLES_MAX; i++)
        request(&p, (uint16_t)(1000 + i), false);
    tick_until(&p, p.now + S);
    ice_credentials_make("w1", &fresh);
    g_assert_cmpuint(ice_agent_restart(p.a, &fresh, p.now), ==, 1);
    g_assert_true(ice_agent_set_remote(p.a, 1, PEER_UFRAG, PEER_PWD, p.now));
    restart_request(&p, &fresh, 3000);
    tick_until(&p, p.now + 5 * (int64_t)S);
    g_assert_cmpuint(p.count[ICE_EV_TUPLE_REMOVED], ==, ICE_TUPLES_MAX);
    g_assert_cmpuint(p.count[ICE_EV_GENERATION_ENDED], ==, 1);
    peer_clear(&p);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ice/agent/credentials", test_credentials);
    g_test_add_func("/ice/agent/idle is small", test_idle_is_small);
    g_test_add_func("/ice/agent/early request", test_early_request);
    g_test_add_func("/ice/agent/strangers", test_strangers);
    g_test_add_func("/ice/agent/unknown attributes", test_unknown_attributes);
    g_test_add_func("/ice/agent/role conflict", test_role_conflict);
    g_test_add_func("/ice/agent/487 answer", test_487_answer);
    g_test_add_func("/ice/agent/forged answers", test_forged_answers);
    g_test_add_func("/ice/agent/replayed elsewhere", test_replayed_elsewhere);
    g_test_add_func("/ice/agent/rate", test_rate);
    g_test_add_func("/ice/agent/consent", test_consent);
    g_test_add_func("/ice/agent/loss", test_loss);
    g_test_add_func("/ice/agent/failed", test_failed);
    g_test_add_func("/ice/agent/rebinding", test_rebinding);
    g_test_add_func("/ice/agent/backup stays backup", test_backup_stays_backup);
    g_test_add_func("/ice/agent/restart", test_restart);
    g_test_add_func("/ice/agent/two agents", test_two_agents);
    g_test_add_func("/ice/agent/many events", test_many_events);
    return g_test_run();
}
