/* SPDX-License-Identifier: Apache-2.0
 *
 * Where packets may come from and go to, through the worker's own entrance and with virtual time: a client whose
 * address changes in the middle of the call, one that falls silent, requests recorded and played back from elsewhere
 * (doc/robustness.md). */
#include "tests/unit/media/engine_kit.h"

#include "bridge/forward.h"
#include "bridge/transport/demux.h"
#include "bridge/transport/ice_stun.h"
#include "common/rtp/rtp_write.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define STEP_US 20000
#define S INT64_C(1000000)
#define UFRAG "client"
#define PWD "clientclientclientclient"

/* One client's phone: it has an address, answers checks that come there, and sends its own. */
typedef struct {
    Engine *f;
    EngineClient *c;
    IceStun *stun;
    int fd; /* where it is */
    Tuple at;
    bool mute; /* answers nothing, asks nothing */
    int64_t next_check_us;
    uint8_t request[ICE_DATAGRAM_MAX]; /* its last one */
    size_t request_len;
    unsigned answers; /* it gave */
    uint16_t seq;
} Phone;

/* A datagram reaches the worker. */
static void arrive(Engine *f, const Tuple *from, const uint8_t *bytes, size_t len)
{
    int64_t now_us = f->w.now_us;
    Packet *p = packet_new(&f->w.pool);
    memcpy(p->data, bytes, len);
    p->len = len;
    worker_on_datagram(&f->w, p, from, false, 0);
    packet_unref(&f->w.pool, p);
    forward_batches(&f->w);
    send_batch_flush(f->w.batch);
    f->w.now_us = now_us;
}

static void ask(Phone *p)
{
    static uint8_t transaction[12];
    IceDatagram d;
    transaction[0]++;
    IceCheck check = { .transaction = transaction,
                       .local_ufrag = UFRAG,
                       .remote_ufrag = p->c->ice.ufrag,
                       .remote_pwd = p->c->ice.pwd,
                       .tie_breaker = 7 };
    g_assert_true(ice_stun_check(p->stun, &check, &p->at, &d));
    memcpy(p->request, d.bytes, d.len);
    p->request_len = d.len;
    arrive(p->f, &p->at, d.bytes, d.len);
}

static void take_in(Phone *p)
{
    uint8_t in[2000];
    for (ssize_t n; (n = recv(p->fd, in, sizeof(in), 0)) > 0;) {
        IceDatagram reply;
        if (p->mute || n < 20 || in[0] != 0 || in[1] != 1)
            continue;
        g_assert_true(ice_stun_verify_request(p->stun, in, (size_t)n, PWD));
        g_assert_true(ice_stun_reply(p->stun, in, (size_t)n, PWD, &p->at, &reply));
        arrive(p->f, &p->at, reply.bytes, reply.len);
        p->answers++;
    }
}

static void run(Phone *p, int64_t us)
{
    Engine *f = p->f;
    for (int64_t end = f->w.now_us + us; f->w.now_us < end;) {
        int64_t now_us = f->w.now_us += STEP_US;
        timers_run(&f->w.timers, now_us, 1000);
        send_batch_flush(f->w.batch);
        f->w.now_us = now_us;
        if (!p->mute && now_us >= p->next_check_us) {
            ask(p);
            p->next_check_us = now_us + 2 * S;
        }
        take_in(p);
    }
}

/* One audio packet from where the phone is. True: the other client hears it. */
static bool speak(Phone *p, const Tuple *from)
{
    uint8_t header[32], out[128], level = 30;
    RtpView v;
    bool heard = false;
    RtpHeader h = { .pt = OPUS_PT, .seq = ++p->seq, .ts = p->seq * 960u, .ssrc = AUDIO_SSRC(0) };
    RtpExtItem item = { LEVEL_ID, 1, &level };
    size_t n = rtp_header_write(header, sizeof(header), &h, &item, 1, false);
    n = srtp_tx_protect(p->c->tx, &p->c->audio, header, n, (const uint8_t *)"voice", 5, out, sizeof(out));
    arrive(p->f, from, out, n);
    while (engine_hear(p->f, 1, &v))
        heard = true;
    return heard;
}

static void phone_init(Phone *p, Engine *f)
{
    WorkerCommand *remote = worker_command_new(WORKER_REMOTE_ICE, 1, 10, 0);
    *p = (Phone){ .f = f, .c = &f->client[0], .stun = ice_stun_new(), .fd = f->client[0].fd, .at = f->client[0].at };
    g_strlcpy(remote->remote_ice.ufrag, UFRAG, sizeof(remote->remote_ice.ufrag));
    g_strlcpy(remote->remote_ice.pwd, PWD, sizeof(remote->remote_ice.pwd));
    media_endpoint_set_remote(p->c->ep, remote);
    worker_command_free(remote);
    p->c->ep->send_to = (Tuple){ 0 };
    p->c->ep->ready = false;
    g_assert_false(speak(p, &p->at));
    g_assert_cmpuint(f->w.totals.drops[WORKER_DROP_UNKNOWN_TUPLE], ==, 1);
    run(p, S);
    g_assert_true(tuple_equal(&p->c->ep->send_to, &p->at));
    g_assert_true(p->c->ep->selected);
    g_assert_true(speak(p, &p->at));
}

static void phone_clear(Phone *p)
{
    if (p->fd != p->c->fd)
        close(p->fd);
    ice_stun_free(p->stun);
}

static uint64_t refused(const Engine *f)
{
    return f->w.totals.drops[WORKER_DROP_UNKNOWN_TUPLE] + f->w.totals.drops[WORKER_DROP_NOT_VALID];
}

/* A NAT gives the client another port: the call goes on with the same keys and numbers, nothing is lost once the new
 * address has answered, and the bridge sends there as soon as the old one is silent. */
static void test_rebinding(Engine *f, gconstpointer unused)
{
    Phone p;
    Tuple before;
    phone_init(&p, f);
    engine_drain(f, WORKER_EV_SNAPSHOT);
    for (int round = 0; round < 5; round++) {
        int64_t since_us = f->w.now_us;
        before = p.at;
        p.fd = engine_udp(&p.at);
        p.next_check_us = f->w.now_us + 300000; /* the first it sends from there is media: not proven yet */
        uint64_t count = refused(f);
        g_assert_false(speak(&p, &p.at));
        g_assert_cmpuint(refused(f), ==, count + 1);
        g_assert_true(tuple_equal(&p.c->ep->send_to, &before));
        run(&p, S);
        g_assert_true(speak(&p, &p.at));
        while (!tuple_equal(&p.c->ep->send_to, &p.at) && f->w.now_us - since_us < 30 * S) {
            run(&p, 100000);
            g_assert_true(speak(&p, &p.at));
        }
        g_test_message("moved %d ms after the address changed", (int)((f->w.now_us - since_us) / 1000));
        g_assert_cmpint(f->w.now_us - since_us, <, 8 * S);
        run(&p, 5 * S);
        g_assert_true(speak(&p, &p.at));
    }
    WorkerEvent *ev;
    while (mailbox_take(f->group.events, &ev)) {
        g_assert_cmpint(ev->type, !=, WORKER_EV_CONSENT_LOST);
        g_assert_cmpint(ev->type, !=, WORKER_EV_ICE_FAILED);
        g_assert_cmpint(ev->type, !=, WORKER_EV_ENDPOINT_IDLE);
        worker_event_free(ev);
    }
    g_assert_cmpuint(f->w.totals.drops[WORKER_DROP_SRTP], ==, 0);
    phone_clear(&p);
}

/* No answer any more: told within 30 s, once, and not before the consent of the last answer has run out. */
static void test_consent(Engine *f, gconstpointer unused)
{
    Phone p;
    phone_init(&p, f);
    run(&p, 60 * S); /* a minute with answers: nothing happens */
    g_assert_cmpuint(engine_drain(f, WORKER_EV_CONSENT_LOST), ==, 0);
    g_assert_cmpuint(p.answers, >, 5);
    p.mute = true;
    int64_t since_us = f->w.now_us, told_us = 0;
    while (f->w.now_us - since_us < 60 * S) {
        run(&p, 100000);
        if (engine_drain(f, WORKER_EV_CONSENT_LOST)) {
            g_assert_cmpint(told_us, ==, 0);
            told_us = f->w.now_us - since_us;
        }
    }
    g_test_message("told after %d ms", (int)(told_us / 1000));
    g_assert_cmpint(told_us, >, 20 * S);
    g_assert_cmpint(told_us, <=, 30 * S);
    g_assert_false(tuple_is_set(&p.c->ep->send_to)); /* and nothing is sent there */
    phone_clear(&p);
}

/* A request recorded on the way is authentic wherever it is played back from: the stranger gets a check, cannot
 * answer it, and gets nothing else. */
static void test_replayed_request(Engine *f, gconstpointer unused)
{
    Phone p;
    Tuple stranger;
    int fd = engine_udp(&stranger);
    uint8_t in[2000];
    unsigned checks = 0, other = 0;
    phone_init(&p, f);
    uint8_t recorded[ICE_DATAGRAM_MAX];
    size_t n = p.request_len;
    memcpy(recorded, p.request, n);
    for (int i = 0; i < 100; i++) {
        arrive(f, &stranger, recorded, n);
        uint64_t count = refused(f);
        g_assert_false(speak(&p, &stranger)); /* even authentic media is not taken from there */
        g_assert_cmpuint(refused(f), ==, count + 1);
        run(&p, 100000);
        g_assert_true(tuple_equal(&p.c->ep->send_to, &p.at));
        g_assert_true(speak(&p, &p.at));
        for (ssize_t got; (got = recv(fd, in, sizeof(in), 0)) > 0;) {
            checks += in[0] == 0;
            other += in[0] > 1;
        }
    }
    g_assert_cmpuint(other, ==, 0);  /* no media, no DTLS */
    g_assert_cmpuint(checks, <, 60); /* fewer than came */
    close(fd);
    phone_clear(&p);
}

/* What is not from an address that answered is not even looked at. */
static void test_strangers(Engine *f, gconstpointer unused)
{
    static const uint8_t dtls[20] = { 22, 0xfe, 0xfd }, rtp[40] = { 0x80, OPUS_PT }, rtcp[40] = { 0x80, 200 };
    Phone p;
    Tuple stranger;
    int fd = engine_udp(&stranger);
    phone_init(&p, f);
    engine_drain(f, WORKER_EV_DTLS);
    uint64_t before = f->w.totals.drops[WORKER_DROP_UNKNOWN_TUPLE];
    arrive(f, &stranger, dtls, sizeof(dtls));
    arrive(f, &stranger, rtp, sizeof(rtp));
    arrive(f, &stranger, rtcp, sizeof(rtcp));
    g_assert_cmpuint(f->w.totals.drops[WORKER_DROP_UNKNOWN_TUPLE], ==, before + 3);
    g_assert_cmpuint(engine_drain(f, WORKER_EV_DTLS), ==, 0);
    arrive(f, &p.at, dtls, sizeof(dtls));
    g_assert_cmpuint(engine_drain(f, WORKER_EV_DTLS), ==, 1);
    close(fd);
    phone_clear(&p);
}

/* First bytes of no protocol, and datagrams longer than any of ours. */
static void test_demux(Engine *f, gconstpointer unused)
{
    Phone p;
    uint8_t bytes[PACKET_ROOM] = { 0 };
    phone_init(&p, f);
    for (unsigned first = 4; first < 256; first++) {
        if (first >= 20 && first < 64)
            continue; /* DTLS */
        if (first >= 128 && first < 192)
            continue; /* RTP and RTCP */
        bytes[0] = (uint8_t)first;
        arrive(f, &p.at, bytes, 100);
    }
    g_assert_cmpuint(f->w.totals.drops[WORKER_DROP_DEMUX], ==, 252 - 44 - 64);
    bytes[0] = 0x80;
    arrive(f, &p.at, bytes, DEMUX_MAX_DATAGRAM + 1);
    g_assert_cmpuint(f->w.totals.drops[WORKER_DROP_OVERSIZE], ==, 1);
    g_assert_true(speak(&p, &p.at));
    phone_clear(&p);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(Engine *, gconstpointer);
    } tests[] = {
        { "rebinding", test_rebinding }, { "consent", test_consent }, { "replayed-request", test_replayed_request },
        { "strangers", test_strangers }, { "demux", test_demux },
    };
    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(tests); i++) {
        g_autofree char *path = g_strdup_printf("/media/paths/%s", tests[i].name);
        g_test_add(path, Engine, NULL, engine_set_up, tests[i].run, engine_tear_down);
    }
    return g_test_run();
}
