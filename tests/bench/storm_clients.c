/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/storm_clients.h"

#include "bridge/transport/dtls.h"
#include "common/base/clock.h"
#include "tests/fakes/media_peer.h"

#include <arpa/inet.h>
#include <glib.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <unistd.h>

#define CHECK_US 50000 /* from check to check until nominated */
#define TURN_MS 5

typedef struct {
    MediaPeer peer;
    DtlsTransport *dtls;
    StormClients *all;
    char bridge_fingerprint[DTLS_FINGERPRINT_TEXT + 1];
    _Atomic bool told; /* what the bridge answered stands in peer.bridge and above */
    bool begun, ready;
    int64_t check_us; /* the next */
} StormClient;

struct StormClients {
    StormClient clients[STORM_CLIENTS_MAX];
    unsigned n;
    DtlsContext *context;
    int epoll;
    pthread_t thread;
    _Atomic bool stop;
    _Atomic unsigned ready;
    _Atomic int64_t ready_us;
};

static void on_send(void *user, const uint8_t *bytes, size_t len)
{
    media_peer_send_raw(&((StormClient *)user)->peer, bytes, len);
}

static void on_ready(void *user, const SrtpKeys *keys)
{
    StormClient *c = user;
    (void)keys;
    c->ready = true;
    c->all->ready_us = clock_now_us();
    c->all->ready++;
}

static void on_data(void *user, const uint8_t *bytes, size_t len)
{
    (void)user;
    (void)bytes;
    (void)len;
}

static void on_ended(void *user, DtlsEnd why)
{
    if (((StormClient *)user)->ready)
        return; /* when all leave */
    g_printerr("storm: DTLS %s\n", dtls_end_name(why));
}

static void random_text(char *out, size_t n)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz012345";
    uint8_t bytes[32];
    g_assert_cmpint(getrandom(bytes, n, 0), ==, (ssize_t)n);
    for (size_t i = 0; i + 1 < n; i++)
        out[i] = letters[bytes[i] & 31];
    out[n - 1] = '\0';
}

static void open_client(StormClients *s, StormClient *c, uint16_t port)
{
    static const DtlsCallbacks callbacks = { on_send, on_ready, on_data, on_ended };
    struct sockaddr_in any = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    c->all = s;
    c->peer.bridge_port = port;
    c->peer.fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    g_assert_cmpint(bind(c->peer.fd, (struct sockaddr *)&any, sizeof(any)), ==, 0);
    struct epoll_event ev = { .events = EPOLLIN, .data.ptr = c };
    g_assert_cmpint(epoll_ctl(s->epoll, EPOLL_CTL_ADD, c->peer.fd, &ev), ==, 0);
    random_text(c->peer.ufrag, 9);
    random_text(c->peer.pwd, 25);
    c->dtls = dtls_new(s->context, &callbacks, c, clock_now_us());
    g_assert_nonnull(c->dtls);
}

static void begin(StormClient *c)
{
    c->begun = true;
    g_assert_true(dtls_add_fingerprint(c->dtls, "sha-256", c->bridge_fingerprint));
    dtls_fingerprints_done(c->dtls, clock_now_us());
}

/* Whatever is due for one of them. */
static void tend(StormClient *c, int64_t now_us)
{
    if (c->ready || !atomic_load_explicit(&c->told, memory_order_acquire))
        return;
    if (!c->begun)
        begin(c);
    if (!c->peer.nominated && now_us >= c->check_us) {
        c->check_us = now_us + CHECK_US;
        media_peer_check(&c->peer);
    }
    if (c->peer.nominated && !dtls_is_started(c->dtls))
        dtls_start(c->dtls, DTLS_CLIENT, now_us);
    else if (dtls_is_started(c->dtls) && dtls_next_due(c->dtls, now_us) <= now_us)
        dtls_on_timer(c->dtls, now_us);
}

static void read_client(StormClient *c)
{
    uint8_t bytes[1600];
    struct sockaddr_in from;
    socklen_t from_len = sizeof(from);
    for (ssize_t n; (n = recvfrom(c->peer.fd, bytes, sizeof(bytes), 0, (struct sockaddr *)&from, &from_len)) > 0;) {
        if (bytes[0] < 4)
            media_peer_take_stun(&c->peer, bytes, (size_t)n, &from);
        else if (bytes[0] >= 20 && bytes[0] < 64)
            dtls_on_datagram(c->dtls, bytes, (size_t)n, clock_now_us());
    }
}

static void *clients_main(void *user)
{
    StormClients *s = user;
    struct epoll_event ev[64];
    int64_t looked_us = 0;
    setpriority(PRIO_PROCESS, 0, 0); /* of this thread; whoever started it may be in haste */
    pthread_setname_np(pthread_self(), "storm");
    while (!s->stop) {
        int n = epoll_wait(s->epoll, ev, 64, TURN_MS);
        int64_t now_us = clock_now_us();
        for (int i = 0; i < n; i++) {
            read_client(ev[i].data.ptr);
            tend(ev[i].data.ptr, now_us);
        }
        if (n < 64 && now_us - looked_us >= TURN_MS * 1000) {
            looked_us = now_us;
            for (unsigned i = 0; i < s->n; i++)
                tend(&s->clients[i], now_us);
        }
    }
    return NULL;
}

StormClients *storm_clients_new(unsigned n, uint16_t port)
{
    StormClients *s = g_new0(StormClients, 1);
    pthread_attr_t attributes;
    struct sched_param lowest = { 0 };
    g_assert_cmpuint(n, <=, STORM_CLIENTS_MAX);
    s->epoll = epoll_create1(EPOLL_CLOEXEC);
    s->context = dtls_context_new(clock_now_us());
    g_assert_nonnull(s->context);
    for (s->n = 0; s->n < n; s->n++)
        open_client(s, &s->clients[s->n], port);
    pthread_attr_init(&attributes);
    pthread_attr_setinheritsched(&attributes, PTHREAD_EXPLICIT_SCHED);
    pthread_attr_setschedpolicy(&attributes, SCHED_OTHER);
    pthread_attr_setschedparam(&attributes, &lowest);
    g_assert_cmpint(pthread_create(&s->thread, &attributes, clients_main, s), ==, 0);
    pthread_attr_destroy(&attributes);
    return s;
}

const char *storm_client_ufrag(const StormClients *s, unsigned i)
{
    return s->clients[i].peer.ufrag;
}

const char *storm_client_pwd(const StormClients *s, unsigned i)
{
    return s->clients[i].peer.pwd;
}

const char *storm_client_fingerprint(const StormClients *s, unsigned i)
{
    return dtls_fingerprint(s->clients[i].dtls);
}

void storm_client_begin(StormClients *s, unsigned i, const IceCredentials *bridge, const char *fingerprint)
{
    StormClient *c = &s->clients[i];
    c->peer.bridge = *bridge;
    g_strlcpy(c->bridge_fingerprint, fingerprint, sizeof(c->bridge_fingerprint));
    atomic_store_explicit(&c->told, true, memory_order_release);
}

unsigned storm_clients_ready(const StormClients *s)
{
    return s->ready;
}

int64_t storm_clients_ready_us(const StormClients *s)
{
    return s->ready_us;
}

void storm_clients_free(StormClients *s)
{
    s->stop = true;
    pthread_join(s->thread, NULL);
    for (unsigned i = 0; i < s->n; i++) {
        dtls_free(s->clients[i].dtls);
        close(s->clients[i].peer.fd);
    }
    dtls_context_free(s->context);
    close(s->epoll);
    g_free(s);
}
