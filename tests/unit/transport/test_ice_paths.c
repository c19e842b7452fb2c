/* SPDX-License-Identifier: Apache-2.0
 *
 * The paths of an ICE agent over time: found, kept, lost, replaced by better ones and by a restart. */
#include "tests/unit/transport/ice_peer.h"

static void test_consent(IcePeer *p, gconstpointer data)
{
    ice_peer_make_known(p);
    ice_peer_request(p, 1000, false);
    ice_peer_tick_until(p, p->now + 60 * (int64_t)S);
    g_assert_cmpuint(p->count[ICE_EV_CONSENT_LOST], ==, 0);
    g_assert_cmpuint(p->n_checks, >=, 2 + 10); /* 60 s / (5 s * 1.2) */
    g_assert_cmpuint(p->n_checks, <=, 2 + 15);
    int64_t alive = p->now;
    p->mute = true;
    ice_peer_tick_until(p, alive + 24 * (int64_t)S);
    g_assert_cmpuint(p->count[ICE_EV_CONSENT_LOST], ==, 0);
    g_assert_cmpuint(ice_peer_send_port(p), ==, 1000);
    ice_peer_tick_until(p, alive + 30 * (int64_t)S);
    g_assert_cmpuint(p->count[ICE_EV_CONSENT_LOST], ==, 1);
    g_assert_cmpuint(ice_peer_send_port(p), ==, 0);
    Tuple t = ice_peer_at(1000);
    g_assert_false(ice_agent_is_valid(p->a, &t));
    p->mute = false; /* the network is back: the peer pings, we check */
    ice_peer_request(p, 1000, false);
    g_assert_cmpuint(ice_peer_send_port(p), ==, 1000);
    ice_peer_tick_until(p, p->now + 10 * (int64_t)S);
    g_assert_cmpuint(p->count[ICE_EV_WRITABLE], ==, 1); /* only once in a life */
    g_assert_cmpuint(p->count[ICE_EV_CONSENT_LOST], ==, 1);
}

static void test_loss(IcePeer *p, gconstpointer data)
{
    p->mute = true;
    ice_peer_make_known(p);
    ice_peer_request(p, 1000, false);
    ice_peer_tick_until(p, p->now + 800000);
    g_assert_cmpuint(p->n_checks, ==, 4); /* 0, 100, 300, 700 ms */
    g_assert_cmpmem(p->checks[0].bytes, p->checks[0].len, p->checks[3].bytes, p->checks[3].len); /* one transaction */
    p->mute = false;
    ice_peer_tick_until(p, p->now + S);
    g_assert_cmpuint(ice_peer_send_port(p), ==, 1000);
}

static void test_failed(IcePeer *p, gconstpointer data)
{
    Tuple t = ice_peer_at(1000);
    p->mute = true;
    ice_out_clear(&p->out);
    g_assert_true(ice_agent_add_candidate(p->a, 0, &t, p->now, &p->out));
    ice_peer_drain(p);
    ice_peer_tick_until(p, p->now + S);
    g_assert_cmpuint(p->n_checks, ==, 0); /* no credentials yet */
    ice_peer_make_known(p);
    int64_t start = p->now;
    ice_peer_tick_until(p, start + 19 * (int64_t)S);
    g_assert_cmpuint(p->n_checks, ==, 6);
    g_assert_cmpuint(p->count[ICE_EV_FAILED], ==, 0);
    ice_peer_tick_until(p, start + 21 * (int64_t)S);
    g_assert_cmpuint(p->count[ICE_EV_FAILED], ==, 1);
    ice_peer_tick_until(p, start + 200 * (int64_t)S);
    g_assert_cmpuint(p->count[ICE_EV_FAILED], ==, 1);
    g_assert_cmpuint(p->count[ICE_EV_TUPLE_REMOVED], ==, 1);
    g_assert_cmpint(ice_agent_next_due(p->a), ==, INT64_MAX);
    for (uint16_t i = 0; i < 20; i++) {
        t = ice_peer_at((uint16_t)(2000 + i));
        ice_out_clear(&p->out);
        g_assert_true(ice_agent_add_candidate(p->a, 0, &t, p->now, &p->out) == (i < ICE_TUPLES_MAX));
    }
}

static void test_rebinding(IcePeer *p, gconstpointer data)
{
    ice_peer_make_known(p);
    ice_peer_request(p, 1000, false);
    ice_peer_tick_until(p, p->now + 10 * (int64_t)S);
    g_assert_cmpuint(ice_peer_send_port(p), ==, 1000);
    p->dead_port = 1000;
    Tuple old = ice_peer_at(1000);
    ice_agent_on_media(p->a, &old, p->now);
    int64_t moved = p->now;
    ice_peer_request(p, 2000, false);
    Tuple t = ice_peer_at(2000);
    g_assert_true(ice_agent_is_valid(p->a, &t)); /* media from there is taken at once */
    g_assert_cmpuint(ice_peer_send_port(p), ==, 1000);
    for (int i = 0; i < 4; i++) {
        ice_peer_tick_until(p, p->now + S);
        ice_peer_request(p, 2000, false);
    }
    g_assert_cmpuint(ice_peer_send_port(p), ==, 2000);
    g_assert_cmpint(p->now - moved, <=, 5 * (int64_t)S);
    unsigned last = p->n_checks - 1; /* to the new port: consent checks to the old one go on beside it */
    while (p->checks[last % 64].to.port != 2000)
        last--;
    IceMessage m;
    ice_message_scan(p->checks[last % 64].bytes, p->checks[last % 64].len, &m);
    g_assert_true(m.use_candidate);
    ice_peer_tick_until(p, p->now + 120 * (int64_t)S);
    g_assert_cmpuint(ice_peer_send_port(p), ==, 2000);
    g_assert_cmpuint(p->count[ICE_EV_CONSENT_LOST], ==, 0);
    g_assert_false(ice_agent_is_valid(p->a, &old));
    g_assert_cmpuint(p->count[ICE_EV_TUPLE_REMOVED], ==, 1);
}

static void test_backup_stays_backup(IcePeer *p, gconstpointer data)
{
    ice_peer_make_known(p);
    ice_peer_request(p, 1000, false);
    ice_peer_tick_until(p, p->now + S);
    for (int i = 0; i < 60; i++) { /* both pairs alive, pings on both */
        ice_peer_request(p, 1000, false);
        ice_peer_request(p, 2000, false);
        ice_peer_tick_until(p, p->now + S);
        g_assert_cmpuint(ice_peer_send_port(p), ==, 1000);
    }
    g_assert_cmpuint(p->count[ICE_EV_SELECTED], ==, 1);
}

static void test_restart(IcePeer *p, gconstpointer data)
{
    IceCredentials fresh;
    ice_peer_make_known(p);
    ice_credentials_make("w1", &fresh);
    g_assert_cmpuint(ice_agent_restart(p->a, &fresh, p->now), ==, 0); /* nothing to restart yet */
    ice_peer_request(p, 1000, false);
    ice_peer_tick_until(p, p->now + S);
    g_assert_cmpuint(ice_agent_restart(p->a, &fresh, p->now), ==, 1);
    g_assert_cmpuint(ice_agent_restart(p->a, &fresh, p->now), ==, 0);
    g_assert_cmpuint(ice_agent_pending_generation(p->a), ==, 1);
    g_assert_cmpuint(ice_agent_generation(p->a), ==, 0);
    g_assert_true(ice_agent_set_remote(p->a, 1, PEER_UFRAG, PEER_PWD, p->now));
    ice_peer_request_as(p, &fresh, 3000); /* a new socket of the peer */
    g_assert_cmpuint(p->count[ICE_EV_RESTARTED], ==, 1);
    g_assert_cmpstr(p->last[ICE_EV_RESTARTED].ufrag, ==, fresh.ufrag);
    g_assert_cmpuint(ice_agent_generation(p->a), ==, 1);
    g_assert_cmpuint(ice_peer_send_port(p), ==, 3000);
    Tuple old = ice_peer_at(1000);
    g_assert_true(ice_agent_is_valid(p->a, &old)); /* packets in flight */
    g_assert_cmpint(ice_peer_request(p, 1000, false), ==, ICE_DROP_NONE);
    ice_peer_tick_until(p, p->now + 4 * (int64_t)S);
    g_assert_false(ice_agent_is_valid(p->a, &old));
    g_assert_cmpint(ice_peer_request(p, 1000, false), ==, ICE_DROP_UNKNOWN_USER);
    g_assert_cmpuint(p->count[ICE_EV_GENERATION_ENDED], ==, 1);
    g_assert_cmpstr(p->last[ICE_EV_GENERATION_ENDED].ufrag, ==, p->cred.ufrag);
    g_assert_cmpuint(p->count[ICE_EV_WRITABLE], ==, 1);
    g_assert_cmpuint(p->count[ICE_EV_TUPLE_REMOVED], ==, 1);
    /* The next one is never answered by the peer: the current one stays. */
    IceCredentials third;
    ice_credentials_make("w1", &third);
    g_assert_cmpuint(ice_agent_restart(p->a, &third, p->now), ==, 2);
    ice_peer_request_as(p, &third, 3000); /* same tuple in both generations, remote credentials unknown */
    ice_peer_tick_until(p, p->now + 25 * (int64_t)S);
    g_assert_cmpuint(ice_agent_pending_generation(p->a), ==, 0);
    g_assert_cmpuint(ice_agent_generation(p->a), ==, 1);
    g_assert_cmpuint(ice_peer_send_port(p), ==, 3000);
    g_assert_cmpuint(p->count[ICE_EV_TUPLE_REMOVED], ==, 1); /* the current one still has it */
    g_assert_cmpstr(p->last[ICE_EV_GENERATION_ENDED].ufrag, ==, third.ufrag);
}

static void test_two_agents(void)
{
    IceStun *stun = ice_stun_new();
    IceCredentials cred[2];
    IceAgent *a[2];
    Tuple at[2] = { ice_peer_at(1), ice_peer_at(2) };
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

static void test_many_events(IcePeer *p, gconstpointer data)
{
    IceCredentials fresh;
    ice_peer_make_known(p);
    for (uint16_t i = 0; i < ICE_TUPLES_MAX; i++)
        ice_peer_request(p, (uint16_t)(1000 + i), false);
    ice_peer_tick_until(p, p->now + S);
    ice_credentials_make("w1", &fresh);
    g_assert_cmpuint(ice_agent_restart(p->a, &fresh, p->now), ==, 1);
    g_assert_true(ice_agent_set_remote(p->a, 1, PEER_UFRAG, PEER_PWD, p->now));
    ice_peer_request_as(p, &fresh, 3000);
    ice_peer_tick_until(p, p->now + 5 * (int64_t)S);
    g_assert_cmpuint(p->count[ICE_EV_TUPLE_REMOVED], ==, ICE_TUPLES_MAX);
    g_assert_cmpuint(p->count[ICE_EV_GENERATION_ENDED], ==, 1);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name, func) g_test_add("/ice/agent/" name, IcePeer, NULL, ice_peer_set_up, func, ice_peer_tear_down)
    ADD("consent", test_consent);
    ADD("loss", test_loss);
    ADD("failed", test_failed);
    ADD("rebinding", test_rebinding);
    ADD("backup stays backup", test_backup_stays_backup);
    ADD("restart", test_restart);
    g_test_add_func("/ice/agent/two agents", test_two_agents);
    ADD("many events", test_many_events);
    return g_test_run();
}
