/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/raw_loop.h"

#include <glib.h>
#include <netinet/udp.h>
#include <pthread.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#define BATCH 64
#define SEGMENTS 16
#define RUNS 64
#define ROOM 1504
#define ARENA (192 * 1024)
#define HEADER 20 /* fixed header and a block with the transport-cc number */

#define ROUTES 1024 /* hash places, a power of two */

typedef struct {
    uint32_t ssrc;
    unsigned from;
    uint64_t to;
    SrtpStream out[RAW_PEERS_MAX];
} Stream;

struct RawLoop {
    int fd, stop, epoll;
    uint16_t port;
    pthread_t thread;
    size_t n, n_streams;
    struct {
        struct sockaddr_in at;
        SrtpRx *rx;
        SrtpTx *tx;
        uint16_t tcc;
    } peers[RAW_PEERS_MAX];
    Stream streams[RAW_STREAMS_MAX];
    uint16_t routes[ROUTES]; /* index of a stream + 1, by SSRC */
    uint8_t in[BATCH][ROOM];
    struct mmsghdr in_msgs[BATCH];
    struct iovec in_iov[BATCH];
    uint8_t arena[ARENA];
    size_t used, n_runs;
    struct mmsghdr out_msgs[RUNS];
    struct iovec out_iov[RUNS];
    size_t segment[RUNS], segments[RUNS];
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(2)];
    } control[RUNS];
};

static void flush(RawLoop *r)
{
    for (size_t i = 0; i < r->n_runs; i++) {
        struct msghdr *m = &r->out_msgs[i].msg_hdr;
        m->msg_control = NULL;
        m->msg_controllen = 0;
        if (r->segments[i] > 1) {
            struct cmsghdr *c = (struct cmsghdr *)r->control[i].bytes;
            uint16_t size = (uint16_t)r->segment[i];
            *c = (struct cmsghdr){ .cmsg_len = CMSG_LEN(2), .cmsg_level = IPPROTO_UDP, .cmsg_type = UDP_SEGMENT };
            memcpy(CMSG_DATA(c), &size, 2);
            m->msg_control = c;
            m->msg_controllen = sizeof(r->control[i].bytes);
        }
    }
    for (size_t sent = 0; sent < r->n_runs;) {
        int n = sendmmsg(r->fd, r->out_msgs + sent, (unsigned)(r->n_runs - sent), 0);
        g_assert_cmpint(n, >, 0);
        sent += (size_t)n;
    }
    r->n_runs = r->used = 0;
}

static void add(RawLoop *r, size_t receiver, size_t len)
{
    size_t last = r->n_runs - 1;
    if (r->n_runs && r->segments[last] < SEGMENTS && r->segment[last] == len &&
        r->out_msgs[last].msg_hdr.msg_name == &r->peers[receiver].at) {
        r->segments[last]++;
        r->out_iov[last].iov_len += len;
    } else {
        if (r->n_runs == RUNS) {
            size_t at = r->used;
            flush(r);
            memmove(r->arena, r->arena + at, len);
        }
        last = r->n_runs++;
        r->segment[last] = len;
        r->segments[last] = 1;
        r->out_iov[last] = (struct iovec){ r->arena + r->used, len };
        r->out_msgs[last].msg_hdr = (struct msghdr){ .msg_name = &r->peers[receiver].at,
                                                     .msg_namelen = sizeof(struct sockaddr_in),
                                                     .msg_iov = &r->out_iov[last],
                                                     .msg_iovlen = 1 };
    }
    r->used += len;
}

static void put32(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)(v >> 24);
    p[1] = (uint8_t)(v >> 16);
    p[2] = (uint8_t)(v >> 8);
    p[3] = (uint8_t)v;
}

static uint32_t get32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static uint16_t *place_of(RawLoop *r, uint32_t ssrc)
{
    uint32_t at = ssrc * 2654435761u >> 16;
    while (r->routes[at % ROUTES] && r->streams[r->routes[at % ROUTES] - 1].ssrc != ssrc)
        at++;
    return &r->routes[at % ROUTES];
}

static void forward(RawLoop *r, size_t k, Stream *s, const uint8_t *in, size_t len)
{
    uint8_t header[HEADER];
    size_t in_header = in[0] & 0x10 ? HEADER : 12;
    if (ARENA - r->used < ROOM + 32)
        flush(r);
    memcpy(header, in, 8);
    header[0] |= 0x10;
    put32(header + 8, s->ssrc ^ 0x40000000);
    put32(header + 12, 0xbede0001);
    put32(header + 16, 0x51000000u | (uint32_t)r->peers[k].tcc++ << 8);
    size_t out = srtp_tx_protect(r->peers[k].tx, &s->out[k], header, HEADER, in + in_header, len - in_header,
                                 r->arena + r->used, ARENA - r->used);
    g_assert_cmpuint(out, >, 0);
    add(r, k, out);
}

static void round_trip(RawLoop *r)
{
    int n = recvmmsg(r->fd, r->in_msgs, BATCH, MSG_DONTWAIT, NULL);
    Stream *streams[BATCH];
    size_t lens[BATCH];
    uint64_t all = 0;
    for (int i = 0; i < n; i++) {
        const uint8_t *in = r->in[i];
        streams[i] = NULL;
        lens[i] = r->in_msgs[i].msg_len;
        if (lens[i] < 12 || in[0] < 128 || (in[1] >= 192 && in[1] <= 223))
            continue;
        uint16_t place = *place_of(r, get32(in + 8));
        if (place == 0)
            continue;
        streams[i] = &r->streams[place - 1];
        g_assert_cmpint(srtp_rx_unprotect(r->peers[streams[i]->from].rx, r->in[i], &lens[i], NULL), ==, SRTP_OK);
        all |= streams[i]->to;
    }
    for (; all; all &= all - 1) {
        size_t k = (size_t)__builtin_ctzll(all);
        for (int i = 0; i < n; i++)
            if (streams[i] && streams[i]->to >> k & 1)
                forward(r, k, streams[i], r->in[i], lens[i]);
    }
    if (r->n_runs)
        flush(r);
}

static void *raw_main(void *user)
{
    RawLoop *r = user;
    pthread_setname_np(pthread_self(), "raw");
    for (;;) {
        struct epoll_event ev[2];
        int n = epoll_wait(r->epoll, ev, 2, -1);
        for (int i = 0; i < n; i++) {
            if (ev[i].data.fd == r->stop)
                return NULL;
            round_trip(r);
        }
    }
}

RawLoop *raw_loop_new(const RawPeer *peers, size_t n)
{
    RawLoop *r = g_new0(RawLoop, 1);
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof(at);
    int big = 10 * 1024 * 1024;
    r->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    r->stop = eventfd(0, EFD_CLOEXEC);
    r->epoll = epoll_create1(EPOLL_CLOEXEC);
    g_assert_cmpint(bind(r->fd, (struct sockaddr *)&at, len), ==, 0);
    g_assert_cmpint(getsockname(r->fd, (struct sockaddr *)&at, &len), ==, 0);
    setsockopt(r->fd, SOL_SOCKET, SO_RCVBUF, &big, sizeof(big));
    setsockopt(r->fd, SOL_SOCKET, SO_SNDBUFFORCE, &big, sizeof(big));
    r->port = ntohs(at.sin_port);
    for (int i = 0; i < 2; i++) {
        int fd = i ? r->stop : r->fd;
        struct epoll_event ev = { .events = EPOLLIN, .data.fd = fd };
        g_assert_cmpint(epoll_ctl(r->epoll, EPOLL_CTL_ADD, fd, &ev), ==, 0);
    }
    r->n = n;
    for (size_t i = 0; i < n; i++) {
        const SrtpKeys *k = peers[i].keys;
        r->peers[i].at = peers[i].at;
        r->peers[i].rx = srtp_rx_new(k->profile, k->rx_key, k->rx_salt);
        r->peers[i].tx = srtp_tx_new(k->profile, k->tx_key, k->tx_salt);
    }
    for (size_t i = 0; i < BATCH; i++) {
        r->in_iov[i] = (struct iovec){ r->in[i], ROOM };
        r->in_msgs[i].msg_hdr = (struct msghdr){ .msg_iov = &r->in_iov[i], .msg_iovlen = 1 };
    }
    return r;
}

void raw_loop_route(RawLoop *r, uint32_t ssrc, unsigned from, uint64_t to)
{
    uint16_t *place = place_of(r, ssrc);
    g_assert_cmpuint(*place, ==, 0);
    g_assert_cmpuint(r->n_streams, <, RAW_STREAMS_MAX);
    r->streams[r->n_streams++] = (Stream){ .ssrc = ssrc, .from = from, .to = to };
    *place = (uint16_t)r->n_streams;
}

void raw_loop_start(RawLoop *r)
{
    g_assert_cmpint(pthread_create(&r->thread, NULL, raw_main, r), ==, 0);
}

uint16_t raw_loop_port(const RawLoop *r)
{
    return r->port;
}

int64_t raw_loop_cpu_ns(const RawLoop *r)
{
    clockid_t clock;
    struct timespec t;
    g_assert_cmpint(pthread_getcpuclockid(r->thread, &clock), ==, 0);
    g_assert_cmpint(clock_gettime(clock, &t), ==, 0);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

void raw_loop_free(RawLoop *r)
{
    uint64_t one = 1;
    g_assert_cmpint(write(r->stop, &one, sizeof(one)), ==, sizeof(one));
    pthread_join(r->thread, NULL);
    for (size_t i = 0; i < r->n; i++) {
        srtp_tx_free(r->peers[i].tx);
        srtp_rx_free(r->peers[i].rx);
    }
    close(r->fd);
    close(r->stop);
    close(r->epoll);
    g_free(r);
}
