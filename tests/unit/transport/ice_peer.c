/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fakes/bytes.h"
#include "tests/unit/transport/ice_peer.h"

Tuple ice_peer_at(uint16_t port)
{
    Tuple t;
    g_assert_true(tuple_parse("192.0.2.7", port, 0, &t));
    return t;
}

void ice_peer_set_up(IcePeer *p, gconstpointer data)
{
    p->now = 1000 * (int64_t)S;
    p->stun = ice_stun_new();
    g_assert_true(ice_credentials_make("w1", &p->cred));
    p->a = ice_agent_new(&p->cred, p->now);
}

void ice_peer_tear_down(IcePeer *p, gconstpointer data)
{
    ice_agent_free(p->a);
    ice_stun_free(p->stun);
}

size_t ice_peer_build_request(IcePeer *p, const IceCredentials *cred, bool controlling, uint64_t tie,
                              bool use_candidate, uint8_t out[ICE_DATAGRAM_MAX])
{
    static uint8_t transaction[12];
    IceDatagram d;
    Tuple to = ice_peer_at(1);
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

IceDrop ice_peer_deliver(IcePeer *p, const Tuple *from, const uint8_t *bytes, size_t len)
{
    uint8_t *copy = bytes_exact(bytes, len);
    ice_out_clear(&p->out);
    IceDrop d = ice_agent_on_stun(p->a, p->stun, from, copy, len, p->now, &p->out);
    free(copy);
    ice_peer_drain(p);
    return d;
}

void ice_peer_answer(IcePeer *p, const IceDatagram *check)
{
    IceDatagram reply;
    g_assert_true(ice_stun_reply(p->stun, check->bytes, check->len, PEER_PWD, &check->to, &reply));
    ice_peer_deliver(p, &check->to, reply.bytes, reply.len);
}

void ice_peer_drain(IcePeer *p)
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
            ice_peer_answer(p, &d);
    }
}

void ice_peer_tick_until(IcePeer *p, int64_t until)
{
    unsigned steps = 0;
    while (ice_agent_next_due(p->a) <= until) {
        int64_t due = ice_agent_next_due(p->a);
        p->now = due > p->now ? due : p->now;
        ice_out_clear(&p->out);
        ice_agent_on_tick(p->a, p->stun, p->now, &p->out);
        ice_peer_drain(p);
        g_assert_cmpuint(++steps, <, 20000); /* never busy */
    }
    p->now = until;
}

IceDrop ice_peer_request(IcePeer *p, uint16_t port, bool use_candidate)
{
    uint8_t bytes[ICE_DATAGRAM_MAX];
    Tuple t = ice_peer_at(port);
    size_t n = ice_peer_build_request(p, &p->cred, false, 1, use_candidate, bytes);
    return ice_peer_deliver(p, &t, bytes, n);
}

void ice_peer_make_known(IcePeer *p)
{
    g_assert_true(ice_agent_set_remote(p->a, ice_agent_generation(p->a), PEER_UFRAG, PEER_PWD, p->now));
}

uint16_t ice_peer_send_port(const IcePeer *p)
{
    Tuple t;
    return ice_agent_send_tuple(p->a, &t) ? t.port : 0;
}

void ice_peer_request_as(IcePeer *p, const IceCredentials *cred, uint16_t port)
{
    uint8_t bytes[ICE_DATAGRAM_MAX];
    Tuple t = ice_peer_at(port);
    g_assert_cmpint(ice_peer_deliver(p, &t, bytes, ice_peer_build_request(p, cred, false, 1, false, bytes)), ==,
                    ICE_DROP_NONE);
}
