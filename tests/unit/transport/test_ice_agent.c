/* SPDX-License-Identifier: Apache-2.0
 *
 * Whom an ICE agent believes, and what it answers. */
#include <malloc.h>
#include <stun/stunagent.h>
#include "tests/unit/transport/ice_peer.h"

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

static void test_idle_is_small(IcePeer *p, gconstpointer data)
{
    IceCredentials cred;
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
}

static void test_early_request(IcePeer *p, gconstpointer data)
{
    g_assert_cmpint(ice_peer_request(p, 1000, false), ==, ICE_DROP_NONE);
    g_assert_cmpuint(p->replies, ==, 1); /* at once, though the peer's credentials are unknown */
    g_assert_cmpuint(p->n_checks, ==, 0);
    g_assert_cmpuint(p->count[ICE_EV_TUPLE_ADDED], ==, 1);
    Tuple t = ice_peer_at(1000);
    g_assert_false(ice_agent_is_valid(p->a, &t));
    g_assert_cmpuint(ice_peer_send_port(p), ==, 0);
    ice_peer_make_known(p);
    ice_peer_tick_until(p, p->now);
    g_assert_true(ice_agent_is_valid(p->a, &t));
    g_assert_cmpuint(p->count[ICE_EV_WRITABLE], ==, 1);
    g_assert_cmpuint(ice_peer_send_port(p), ==, 1000);
    ice_peer_tick_until(p, p->now + ICE_SETTLE_US); /* nominated by a second check */
    g_assert_cmpuint(p->n_checks, ==, 2);
    IceMessage m;
    ice_message_scan(p->checks[0].bytes, p->checks[0].len, &m);
    g_assert_true(m.controlling && !m.use_candidate);
    ice_message_scan(p->checks[1].bytes, p->checks[1].len, &m);
    g_assert_true(m.use_candidate);
    g_assert_cmpuint(p->count[ICE_EV_SELECTED], ==, 1);
    g_assert_true(ice_agent_set_remote(p->a, 0, PEER_UFRAG, PEER_PWD, p->now)); /* again: fine */
    g_assert_false(ice_agent_set_remote(p->a, 0, "other", PEER_PWD, p->now));   /* others: not without restart */
    g_assert_false(ice_agent_set_remote(p->a, 7, PEER_UFRAG, PEER_PWD, p->now));
    char dump[2048];
    int n = ice_agent_dump(p->a, dump, sizeof(dump));
    g_assert_cmpint(n, ==, (int)strlen(dump));
    g_assert_nonnull(strstr(dump, "\"selected\":true"));
    g_assert_null(strstr(dump, p->cred.pwd));
    char tiny[10];
    g_assert_cmpint(ice_agent_dump(p->a, tiny, sizeof(tiny)), ==, n);
}

static void test_strangers(IcePeer *p, gconstpointer data)
{
    uint8_t bytes[ICE_DATAGRAM_MAX];
    Tuple t = ice_peer_at(1000);
    ice_peer_make_known(p);
    IceCredentials wrong = p->cred;
    wrong.pwd[0] ^= 1;
    g_assert_cmpint(ice_peer_deliver(p, &t, bytes, ice_peer_build_request(p, &wrong, false, 1, false, bytes)), ==,
                    ICE_DROP_UNAUTHORIZED);
    wrong = p->cred;
    wrong.ufrag[0] ^= 1;
    g_assert_cmpint(ice_peer_deliver(p, &t, bytes, ice_peer_build_request(p, &wrong, false, 1, false, bytes)), ==,
                    ICE_DROP_UNKNOWN_USER);
    size_t n = ice_peer_build_request(p, &p->cred, false, 1, false, bytes);
    for (size_t bit = 0; bit < 8 * n; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        g_assert_cmpint(ice_peer_deliver(p, &t, bytes, n), !=, ICE_DROP_NONE);
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    for (size_t cut = 0; cut < n; cut++)
        g_assert_cmpint(ice_peer_deliver(p, &t, bytes, cut), !=, ICE_DROP_NONE);
    static const uint8_t indication[] = {
        0, 0x11, 0, 0, 0x21, 0x12, 0xa4, 0x42, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12
    };
    g_assert_cmpint(ice_peer_deliver(p, &t, indication, sizeof(indication)), ==, ICE_DROP_NOT_USED);
    g_assert_cmpuint(p->replies + p->n_checks, ==, 0); /* not a byte for any of them */
    g_assert_cmpuint(p->count[ICE_EV_TUPLE_ADDED], ==, 0);
    g_assert_cmpint(ice_agent_next_due(p->a), ==, INT64_MAX);
    g_assert_cmpint(ice_peer_deliver(p, &t, bytes, n), ==, ICE_DROP_NONE);
    for (int d = 0; d < ICE_DROP_REASONS; d++)
        g_assert_cmpstr(ice_drop_name((IceDrop)d), !=, "?");
}

static size_t request_with(IcePeer *p, uint16_t type, bool after, uint8_t out[ICE_DATAGRAM_MAX])
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

static void test_unknown_attributes(IcePeer *p, gconstpointer data)
{
    uint8_t bytes[ICE_DATAGRAM_MAX];
    Tuple t = ice_peer_at(1000);
    size_t n = request_with(p, 0x7ffe, false, bytes);
    ice_out_clear(&p->out);
    g_assert_cmpint(ice_agent_on_stun(p->a, p->stun, &t, bytes, n, p->now, &p->out), ==, ICE_DROP_NONE);
    g_assert_cmpuint(p->out.n_datagrams, ==, 1);
    g_assert_cmpuint(p->out.n_events, ==, 0);
    IceMessage m;
    const IceDatagram *d = &p->out.datagrams[0];
    g_assert_cmpint(ice_message_scan(d->bytes, d->len, &m), ==, ICE_SCAN_OK);
    g_assert_cmpuint(m.error_code, ==, 420);
    g_assert_true(ice_stun_verify_response(p->stun, d->bytes, d->len, p->cred.pwd)); /* signed */
    static const uint8_t list[] = { 0x00, 0x0a, 0x00, 0x02, 0x7f, 0xfe };
    g_assert_nonnull(memmem(d->bytes, d->len, list, sizeof(list)));

    n = request_with(p, 0x7ffe, true, bytes); /* not covered by the MAC: as if it were not there */
    g_assert_cmpint(ice_peer_deliver(p, &t, bytes, n), ==, ICE_DROP_NONE);
    g_assert_cmpuint(p->count[ICE_EV_TUPLE_ADDED], ==, 1);
    n = request_with(p, STUN_ATTRIBUTE_USE_CANDIDATE, true, bytes);
    g_assert_cmpint(ice_peer_deliver(p, &t, bytes, n), ==, ICE_DROP_NONE);
    n = request_with(p, 0xc057, false, bytes); /* GOOG-NETWORK-INFO: optional */
    g_assert_cmpint(ice_peer_deliver(p, &t, bytes, n), ==, ICE_DROP_NONE);
    g_assert_cmpuint(p->replies, ==, 3);
}

static void test_role_conflict(IcePeer *p, gconstpointer data)
{
    uint8_t bytes[ICE_DATAGRAM_MAX];
    Tuple t = ice_peer_at(1000);
    IceMessage m;
    ice_peer_make_known(p);
    size_t n = ice_peer_build_request(p, &p->cred, true, 0, false, bytes); /* both controlling, ours is larger */
    ice_out_clear(&p->out);
    ice_agent_on_stun(p->a, p->stun, &t, bytes, n, p->now, &p->out);
    g_assert_cmpuint(p->out.n_datagrams, ==, 1);
    ice_message_scan(p->out.datagrams[0].bytes, p->out.datagrams[0].len, &m);
    g_assert_cmpuint(m.error_code, ==, 487);
    g_assert_true(ice_stun_verify_response(p->stun, p->out.datagrams[0].bytes, p->out.datagrams[0].len, p->cred.pwd));
    g_assert_true(ice_agent_is_controlling(p->a));
    n = ice_peer_build_request(p, &p->cred, true, UINT64_MAX, false, bytes); /* theirs is larger: we give in */
    ice_peer_deliver(p, &t, bytes, n);
    g_assert_false(ice_agent_is_controlling(p->a));
    ice_message_scan(p->checks[0].bytes, p->checks[0].len, &m);
    g_assert_true(m.controlled && !m.use_candidate);
    ice_peer_tick_until(p, p->now + S);
    g_assert_cmpuint(p->n_checks, ==, 1); /* controlled: nominates nothing */
    g_assert_cmpuint(ice_peer_send_port(p), ==, 1000);
    n = ice_peer_build_request(p, &p->cred, false, UINT64_MAX, false, bytes); /* both controlled, theirs is larger */
    ice_out_clear(&p->out);
    ice_agent_on_stun(p->a, p->stun, &t, bytes, n, p->now, &p->out);
    ice_message_scan(p->out.datagrams[0].bytes, p->out.datagrams[0].len, &m);
    g_assert_cmpuint(m.error_code, ==, 487);
    /* The peer names another pair. */
    t = ice_peer_at(1001);
    ice_peer_deliver(p, &t, bytes, ice_peer_build_request(p, &p->cred, true, UINT64_MAX, true, bytes));
    g_assert_cmpuint(ice_peer_send_port(p), ==, 1001);
}

static void test_487_answer(IcePeer *p, gconstpointer data)
{
    p->mute = true;
    ice_peer_make_known(p);
    ice_peer_request(p, 1000, false);
    g_assert_cmpuint(p->n_checks, ==, 1);
    bool role = true;
    for (unsigned i = 0; i < 30 && p->n_checks == i + 1; i++) {
        IceDatagram reply, check = p->checks[i];
        IceMessage m;
        ice_message_scan(check.bytes, check.len, &m);
        g_assert_true(m.controlling == role);
        role = !role;
        g_assert_true(ice_stun_reply_error(p->stun, check.bytes, check.len, PEER_PWD, &check.to, 487, &m, &reply));
        ice_peer_deliver(p, &check.to, reply.bytes, reply.len);
    }
    g_assert_cmpuint(p->n_checks, ==, 1 + ICE_ROLE_CONFLICTS_MAX);
}

static void test_forged_answers(IcePeer *p, gconstpointer data)
{
    IceDatagram reply;
    Tuple other = ice_peer_at(4000);
    IceMessage m = { 0 };
    p->mute = true;
    ice_peer_make_known(p);
    ice_peer_request(p, 1000, false);
    IceDatagram check = p->checks[0];
    ice_stun_reply(p->stun, check.bytes, check.len, PEER_PWD, &check.to, &reply);
    g_assert_cmpint(ice_peer_deliver(p, &other, reply.bytes, reply.len), ==,
                    ICE_DROP_UNMATCHED); /* right bytes, wrong place */
    ice_stun_reply(p->stun, check.bytes, check.len, "wrongpasswordwrongpassword", &check.to, &reply);
    g_assert_cmpint(ice_peer_deliver(p, &check.to, reply.bytes, reply.len), ==, ICE_DROP_UNAUTHORIZED);
    ice_stun_reply_error(p->stun, check.bytes, check.len, "wrongpasswordwrongpassword", &check.to, 401, &m, &reply);
    g_assert_cmpint(ice_peer_deliver(p, &check.to, reply.bytes, reply.len), ==, ICE_DROP_UNAUTHORIZED);
    check.bytes[15] ^= 1;
    ice_stun_reply(p->stun, check.bytes, check.len, PEER_PWD, &check.to, &reply);
    g_assert_cmpint(ice_peer_deliver(p, &check.to, reply.bytes, reply.len), ==, ICE_DROP_UNMATCHED);
    g_assert_false(ice_agent_is_valid(p->a, &check.to));
    ice_peer_answer(p, &p->checks[0]);
    g_assert_true(ice_agent_is_valid(p->a, &check.to));
}

static void test_replayed_elsewhere(IcePeer *p, gconstpointer data)
{
    uint8_t bytes[ICE_DATAGRAM_MAX];
    ice_peer_make_known(p);
    ice_peer_request(p, 1000, false);
    ice_peer_tick_until(p, p->now + S);
    size_t n = ice_peer_build_request(p, &p->cred, false, 1, true, bytes);
    p->only_port = 1000; /* nobody elsewhere knows the password */
    for (uint16_t port = 6000; port < 6200; port++) {
        Tuple t = ice_peer_at(port);
        g_assert_cmpint(ice_peer_deliver(p, &t, bytes, n), ==, ICE_DROP_NONE);
        g_assert_false(ice_agent_is_valid(p->a, &t));
        g_assert_cmpuint(ice_peer_send_port(p), ==, 1000);
    }
    g_assert_cmpuint(p->count[ICE_EV_TUPLE_ADDED] - p->count[ICE_EV_TUPLE_REMOVED], ==, ICE_TUPLES_MAX);
    ice_peer_tick_until(p, p->now + 20 * (int64_t)S);
    g_assert_cmpuint(ice_peer_send_port(p), ==, 1000);
}

static void test_rate(IcePeer *p, gconstpointer data)
{
    unsigned taken = 0;
    for (int i = 0; i < 1000; i++)
        taken += ice_peer_request(p, 1000, false) == ICE_DROP_NONE;
    g_assert_cmpuint(taken, >=, 2 * ICE_REQUESTS_PER_S);
    g_assert_cmpuint(taken, <=, 2 * ICE_REQUESTS_PER_S + 3);
    p->now += S;
    for (int i = 0; i < 1000; i++)
        taken += ice_peer_request(p, 1000, false) == ICE_DROP_NONE;
    g_assert_cmpuint(taken, <=, 3 * ICE_REQUESTS_PER_S + 5);
    g_assert_cmpint(ice_peer_request(p, 1001, false), ==, ICE_DROP_NONE); /* per tuple */
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name, func) g_test_add("/ice/agent/" name, IcePeer, NULL, ice_peer_set_up, func, ice_peer_tear_down)
    g_test_add_func("/ice/agent/credentials", test_credentials);
    ADD("idle is small", test_idle_is_small);
    ADD("early request", test_early_request);
    ADD("strangers", test_strangers);
    ADD("unknown attributes", test_unknown_attributes);
    ADD("role conflict", test_role_conflict);
    ADD("487 answer", test_487_answer);
    ADD("forged answers", test_forged_answers);
    ADD("replayed elsewhere", test_replayed_elsewhere);
    ADD("rate", test_rate);
    return g_test_run();
}
