/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/storm_clients.h"

#include "bridge/transport/dtls.h"
#include "common/base/clock.h"
#include "tests/fakes/media_peer.h"

#include <arpa/inet.h>
#include <glib.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHECK_US 50000 /* from check to check until nominated */
#define TURN_MS 5

typedef struct {
    char ufrag[9], pwd[25], fingerprint[DTLS_FINGERPRINT_TEXT + 1];
    /* what the bridge answered, once `told` */
    IceCredentials bridge;
    char bridge_fingerprint[DTLS_FINGERPRINT_TEXT + 1];
    _Atomic bool told;
} SharedClient;

struct StormClients { /* in memory of both processes */
    pid_t process;
    unsigned n;
    _Atomic uint16_t port;
    _Atomic bool prepared, stop;
    _Atomic unsigned ready;
    _Atomic int64_t ready_us;
    SharedClient clients[STORM_CLIENTS_MAX];
};

/* The rest is the clients' process alone. */
typedef struct {
    MediaPeer peer;
    DtlsTransport *dtls;
    SharedClient *shared;
    StormClients *all;
    bool begun, ready;
    int64_t check_us; /* the next */
} StormClient;

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

static void open_client(StormClients *s, StormClient *c, SharedClient *shared, DtlsContext *context, int epoll)
{
    static const DtlsCallbacks callbacks = { on_send, on_ready, on_data, on_ended };
    struct sockaddr_in any = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    c->all = s;
    c->shared = shared;
    c->peer.fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    g_assert_cmpint(bind(c->peer.fd, (struct sockaddr *)&any, sizeof(any)), ==, 0);
    struct epoll_event ev = { .events = EPOLLIN, .data.ptr = c };
    g_assert_cmpint(epoll_ctl(epoll, EPOLL_CTL_ADD, c->peer.fd, &ev), ==, 0);
    random_text(c->peer.ufrag, sizeof(c->peer.ufrag));
    random_text(c->peer.pwd, 25);
    g_strlcpy(shared->ufrag, c->peer.ufrag, sizeof(shared->ufrag));
    g_strlcpy(shared->pwd, c->peer.pwd, sizeof(shared->pwd));
    c->dtls = dtls_new(context, &callbacks, c, clock_now_us());
    g_assert_nonnull(c->dtls);
    g_strlcpy(shared->fingerprint, dtls_fingerprint(c->dtls), sizeof(shared->fingerprint));
}

static void begin(StormClient *c)
{
    c->begun = true;
    c->peer.bridge = c->shared->bridge;
    c->peer.bridge_port = c->all->port;
    g_assert_true(dtls_add_fingerprint(c->dtls, "sha-256", c->shared->bridge_fingerprint));
    dtls_fingerprints_done(c->dtls, clock_now_us());
}

/* Whatever is due for one of them. */
static void tend(StormClient *c, int64_t now_us)
{
    if (c->ready || !atomic_load_explicit(&c->shared->told, memory_order_acquire))
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

static void serve(StormClients *s, StormClient *clients, int epoll)
{
    struct epoll_event ev[64];
    int64_t looked_us = 0;
    while (!s->stop) {
        int n = epoll_wait(epoll, ev, 64, TURN_MS);
        int64_t now_us = clock_now_us();
        for (int i = 0; i < n; i++) {
            read_client(ev[i].data.ptr);
            tend(ev[i].data.ptr, now_us);
        }
        if (now_us - looked_us >= TURN_MS * 1000) {
            looked_us = now_us;
            for (unsigned i = 0; i < s->n; i++)
                tend(&clients[i], now_us);
        }
    }
}

/* Nothing is freed: the process ends with it. */
static void clients_main(StormClients *s)
{
    struct sched_param ordinary = { 0 };
    StormClient *clients = g_new0(StormClient, s->n);
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    sched_setscheduler(0, SCHED_OTHER, &ordinary);
    setpriority(PRIO_PROCESS, 0, 0);
    DtlsContext *context = dtls_context_new(clock_now_us());
    g_assert_nonnull(context);
    for (unsigned i = 0; i < s->n; i++)
        open_client(s, &clients[i], &s->clients[i], context, epoll);
    s->prepared = true;
    serve(s, clients, epoll);
    _exit(0);
}

StormClients *storm_clients_new(unsigned n)
{
    StormClients *s = mmap(NULL, sizeof(*s), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    g_assert_true(s != MAP_FAILED);
    g_assert_cmpuint(n, <=, STORM_CLIENTS_MAX);
    s->n = n;
    fflush(NULL);
    s->process = fork();
    g_assert_cmpint(s->process, >=, 0);
    if (s->process == 0)
        clients_main(s);
    while (!s->prepared) {
        g_assert_cmpint(waitpid(s->process, NULL, WNOHANG), ==, 0);
        g_usleep(1000);
    }
    return s;
}

void storm_clients_set_port(StormClients *s, uint16_t port)
{
    s->port = port;
}

const char *storm_client_ufrag(const StormClients *s, unsigned i)
{
    return s->clients[i].ufrag;
}

const char *storm_client_pwd(const StormClients *s, unsigned i)
{
    return s->clients[i].pwd;
}

const char *storm_client_fingerprint(const StormClients *s, unsigned i)
{
    return s->clients[i].fingerprint;
}

void storm_client_begin(StormClients *s, unsigned i, const IceCredentials *bridge, const char *fingerprint)
{
    SharedClient *c = &s->clients[i];
    c->bridge = *bridge;
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
    waitpid(s->process, NULL, 0);
    munmap(s, sizeof(*s));
}
