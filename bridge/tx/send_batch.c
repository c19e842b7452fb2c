/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/tx/send_batch.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <sys/socket.h>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif

#define RUN_BYTES_MAX 65000 /* a run is one datagram to the IP layer until it is cut */

typedef struct {
    uint32_t off, len; /* in the arena */
    uint16_t segment;  /* bytes of each but the last */
    uint16_t segments;
    bool closed; /* ended with a shorter one */
    Tuple to;
} Run;

struct SendBatch {
    const int *fds;
    size_t n_fds;
    bool gso;
    WorkerTotals *totals;
    size_t used, n_runs;
    Run runs[SEND_BATCH_RUNS];
    struct mmsghdr msgs[SEND_BATCH_RUNS];
    struct iovec iov[SEND_BATCH_RUNS];
    struct sockaddr_storage addrs[SEND_BATCH_RUNS];
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(uint16_t))];
    } control[SEND_BATCH_RUNS];
    uint8_t arena[SEND_BATCH_ARENA];
};

SendBatch *send_batch_new(const int *fds, size_t n_fds, bool gso, WorkerTotals *totals)
{
    SendBatch *b = calloc(1, sizeof(*b));
    if (!b)
        return NULL;
    b->fds = fds;
    b->n_fds = n_fds;
    b->gso = gso;
    b->totals = totals;
    for (size_t i = 0; i < SEND_BATCH_RUNS; i++) {
        b->msgs[i].msg_hdr.msg_iov = &b->iov[i];
        b->msgs[i].msg_hdr.msg_iovlen = 1;
        b->msgs[i].msg_hdr.msg_name = &b->addrs[i];
        struct cmsghdr *c = (struct cmsghdr *)b->control[i].bytes;
        c->cmsg_level = IPPROTO_UDP;
        c->cmsg_type = UDP_SEGMENT;
        c->cmsg_len = CMSG_LEN(sizeof(uint16_t));
    }
    return b;
}

void send_batch_free(SendBatch *b)
{
    free(b);
}

bool send_batch_has_gso(const SendBatch *b)
{
    return b->gso;
}

/* Without UDP_SEGMENT: each segment of the run by itself. The socket never blocks; what it refuses is lost,
 * as on any full link. */
static void send_singly(SendBatch *b, const Run *r)
{
    struct sockaddr_storage sa;
    socklen_t sa_len = tuple_to_sockaddr(&r->to, &sa);
    for (uint32_t at = 0; at < r->len; at += r->segment) {
        size_t n = r->len - at < r->segment ? r->len - at : r->segment;
        b->totals->tx_calls++;
        if (sendto(b->fds[r->to.socket], b->arena + r->off + at, n, MSG_DONTWAIT, (struct sockaddr *)&sa, sa_len) < 0)
            b->totals->drops[WORKER_DROP_SEND]++;
    }
}

static void count_run(WorkerTotals *t, const Run *r)
{
    t->tx_runs++;
    t->tx_datagrams += r->segments;
    t->tx_bytes += r->len;
}

/* Runs [from, to) all leave by the same socket. */
static void send_runs(SendBatch *b, size_t from, size_t to)
{
    int fd = b->fds[b->runs[from].to.socket];
    while (from < to) {
        b->totals->tx_calls++;
        int sent = sendmmsg(fd, &b->msgs[from], (unsigned)(to - from), MSG_DONTWAIT);
        if (sent > 0) {
            from += (size_t)sent;
            continue;
        }
        if (errno == EINTR)
            continue;
        const Run *r = &b->runs[from];
        bool refused_gso =
            r->segments > 1 && (errno == EIO || errno == EINVAL || errno == EMSGSIZE || errno == EOPNOTSUPP);
        if (refused_gso) {
            /* EMSGSIZE is about this path's MTU; the others are about the device or kernel. */
            if (errno != EMSGSIZE)
                b->gso = false;
            send_singly(b, r);
        } else {
            b->totals->drops[WORKER_DROP_SEND] += r->segments;
        }
        from++;
    }
}

void send_batch_flush(SendBatch *b)
{
    for (size_t i = 0; i < b->n_runs; i++) {
        const Run *r = &b->runs[i];
        struct msghdr *m = &b->msgs[i].msg_hdr;
        b->iov[i] = (struct iovec){ b->arena + r->off, r->len };
        m->msg_namelen = tuple_to_sockaddr(&r->to, &b->addrs[i]);
        if (r->segments > 1) {
            struct cmsghdr *c = (struct cmsghdr *)b->control[i].bytes;
            __builtin_memcpy(CMSG_DATA(c), &r->segment, sizeof(r->segment));
            m->msg_control = c;
            m->msg_controllen = sizeof(b->control[i].bytes);
        } else {
            m->msg_control = NULL;
            m->msg_controllen = 0;
        }
        count_run(b->totals, r);
    }
    for (size_t from = 0, i = 1; i <= b->n_runs; i++) {
        if (i == b->n_runs || b->runs[i].to.socket != b->runs[from].to.socket) {
            send_runs(b, from, i);
            from = i;
        }
    }
    b->n_runs = 0;
    b->used = 0;
}

uint8_t *send_batch_reserve(SendBatch *b)
{
    if (SEND_BATCH_ARENA - b->used < SEND_BATCH_DATAGRAM)
        send_batch_flush(b);
    return b->arena + b->used;
}

void send_batch_commit(SendBatch *b, const Tuple *to, size_t len)
{
    if (to->socket >= b->n_fds || len == 0)
        return;
    Run *r = b->n_runs ? &b->runs[b->n_runs - 1] : NULL;
    if (r && b->gso && !r->closed && len <= r->segment && r->segments < SEND_BATCH_SEGMENTS &&
        r->len + len <= RUN_BYTES_MAX && tuple_equal(&r->to, to)) {
        r->segments++;
        r->len += (uint32_t)len;
        r->closed = len < r->segment;
        b->used += len;
        return;
    }
    if (b->n_runs == SEND_BATCH_RUNS) {
        /* The datagram lies behind what is flushed; it becomes the first of the next batch. */
        size_t at = b->used;
        send_batch_flush(b);
        __builtin_memmove(b->arena, b->arena + at, len);
    }
    b->runs[b->n_runs++] =
        (Run){ .off = (uint32_t)b->used, .len = (uint32_t)len, .segment = (uint16_t)len, .segments = 1, .to = *to };
    b->used += len;
}
