/* SPDX-License-Identifier: Apache-2.0
 *
 * The loop of a media thread: wait, read a batch, take each datagram to its endpoint, forward the whole batch
 * receiver by receiver, flush, run timers. */
#include "bridge/worker.h"

#include "bridge/forward.h"
#include "bridge/media_conference.h"
#include "bridge/media_endpoint.h"
#include "bridge/media_share.h"
#include "bridge/rx/rx_path.h"
#include "bridge/transport/demux.h"
#include "common/base/clock.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>

enum { TOKEN_INBOX = 1000, TOKEN_HANDOVER, TOKEN_SHARED };

#define TIMERS_PER_ROUND 256
#define SECOND_US 1000000
#define UNSENT_WAIT_US 5000 /* until control is asked for room again */

uint32_t worker_random(Worker *w)
{
    w->random ^= w->random << 13;
    w->random ^= w->random >> 7;
    w->random ^= w->random << 17;
    return (uint32_t)(w->random * 0x2545f4914f6cdd1du >> 32);
}

void worker_send(Worker *w, const Tuple *to, const uint8_t *bytes, size_t len)
{
    if (len > SEND_BATCH_DATAGRAM)
        return;
    memcpy(send_batch_reserve(w->batch), bytes, len);
    send_batch_commit(w->batch, to, len);
}

/* A Binding request names its agent by our ufrag, whatever address it comes from; the first character of the ufrag
 * names the worker. */
static void on_stun(Worker *w, Packet *p, const Tuple *from, bool handed_over, unsigned from_worker)
{
    size_t off, len;
    MediaEndpoint *ep = NULL;
    bool request = false;
    w->totals.stun_in++;
    switch (stun_peek(p->data, p->len, &off, &len)) {
    case STUN_PEEK_REQUEST: {
        int owner = worker_of_ufrag(w, (char)p->data[off]);
        if (owner >= 0 && (unsigned)owner != w->index && !handed_over) {
            /* Anyone can send such a request: only so many a second may cross, those apart that come from an address
             * the owner has vouched for. */
            const TupleEntry *e = tuple_table_find(&w->tuples, from);
            bool vouched = e && !e->endpoint && e->owner == owner;
            if (vouched || w->hop_tokens > 0) {
                w->hop_tokens -= !vouched;
                worker_hand_over(w, (unsigned)owner, p, from);
                return;
            }
            break;
        }
        ep = worker_find_ufrag(w, p->data + off, len);
        request = true;
        break;
    }
    case STUN_PEEK_RESPONSE: {
        const TupleEntry *e = tuple_table_find(&w->tuples, from);
        if (e)
            ep = e->endpoint;
        break;
    }
    case STUN_PEEK_DROP:
        break;
    }
    if (!ep) {
        w->totals.drops[WORKER_DROP_STUN]++;
        return;
    }
    media_endpoint_on_stun(ep, from, p->data, p->len);
    if (handed_over && request) {
        const TupleEntry *e = tuple_table_find(&w->tuples, from);
        if (e && e->endpoint == ep)
            worker_claim(w, from_worker, from);
    }
}

void worker_on_datagram(Worker *w, Packet *p, const Tuple *from, bool handed_over, unsigned from_worker)
{
    p->now_us = w->now_us;
    DemuxKind kind = demux_kind(p->data, p->len);
    TupleEntry *e = tuple_table_find(&w->tuples, from);
    /* Requests are led by their ufrag and never follow the table: the peer may have moved to another endpoint. */
    if (e && !e->endpoint && !handed_over && (kind != DEMUX_STUN || p->data[0] != 0)) {
        e->used_us = w->now_us;
        worker_hand_over(w, e->owner, p, from);
        return;
    }
    if (kind == DEMUX_STUN) {
        on_stun(w, p, from, handed_over, from_worker);
        return;
    }
    if (!e || !e->endpoint) {
        w->totals.drops[WORKER_DROP_UNKNOWN_TUPLE]++;
        return;
    }
    if (!e->valid) {
        w->totals.drops[WORKER_DROP_NOT_VALID]++;
        return;
    }
    switch (kind) {
    case DEMUX_RTP:
        rx_path_rtp(e->endpoint, p, from);
        break;
    case DEMUX_RTCP:
        rx_path_rtcp(e->endpoint, p, from);
        break;
    case DEMUX_DTLS:
        w->totals.dtls_in++;
        media_endpoint_on_dtls(e->endpoint, p->data, p->len);
        break;
    case DEMUX_STUN:
    case DEMUX_OTHER:
        w->totals.drops[p->len > DEMUX_MAX_DATAGRAM ? WORKER_DROP_OVERSIZE : WORKER_DROP_DEMUX]++;
        break;
    }
}

/* One recvmmsg and everything that follows from it. True: there may be more. */
static bool receive_round(Worker *w, size_t socket)
{
    ReceiveVector *v = &w->receive;
    int n = receive_vector_read(v, &w->pool, w->fds[socket]);
    if (n <= 0)
        return false;
    for (int i = 0; i < n; i++) {
        Packet *p = v->packets[i];
        Tuple from;
        w->totals.rx_datagrams++;
        w->totals.rx_bytes += p->len;
        if (!tuple_from_sockaddr((struct sockaddr *)&v->from[i], v->msgs[i].msg_hdr.msg_namelen, (uint8_t)socket,
                                 &from))
            continue;
        worker_on_datagram(w, p, &from, false, w->index);
        if (p->refs > 1) { /* somebody keeps it: the vector needs another */
            packet_unref(&w->pool, p);
            v->packets[i] = NULL;
        }
    }
    forward_batches(w);
    return n == RECEIVE_BATCH;
}

/* For control, which places newcomers by it. */
static void measure_load(Worker *w, uint64_t now_us)
{
    struct timespec cpu;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &cpu);
    uint64_t busy_us = (uint64_t)cpu.tv_sec * 1000000 + (uint64_t)cpu.tv_nsec / 1000;
    if (w->busy_at_us && now_us > w->busy_at_us)
        atomic_store_explicit(&w->busy, (uint32_t)((busy_us - w->busy_us) * 1000 / (now_us - w->busy_at_us)),
                              memory_order_relaxed);
    w->busy_us = busy_us;
    w->busy_at_us = now_us;
    atomic_store_explicit(&w->uptime_s, w->seconds, memory_order_relaxed);
}

static void every_second(void *user, int64_t now_us)
{
    Worker *w = user;
    timer_set(&w->timers, &w->second, now_us + SECOND_US);
    WorkerTotals *t = &w->totals;
    t->rx_packets_per_s = t->rx_datagrams - w->second_ago.rx_datagrams;
    t->tx_packets_per_s = t->tx_datagrams - w->second_ago.tx_datagrams;
    t->rx_bps = (t->rx_bytes - w->second_ago.rx_bytes) * 8;
    t->tx_bps = (t->tx_bytes - w->second_ago.tx_bytes) * 8;
    w->second_ago = *t;
    w->hop_tokens = WORKER_HOPS_PER_S;
    measure_load(w, (uint64_t)now_us);
    packet_pool_fetch(&w->pool);
    if (++w->seconds % 10 == 0) {
        t->delay_p50_us = worker_delay_quantile(&w->delay, 0.5);
        t->delay_p99_us = worker_delay_quantile(&w->delay, 0.99);
        w->delay = (WorkerDelay){ 0 };
        tuple_table_expire_foreign(&w->tuples, now_us - WORKER_FOREIGN_US);
    }
}

static int wait_ms(const Worker *w)
{
    int64_t next = timers_next(&w->timers);
    if (next == TIMER_NEVER)
        return w->unsent ? UNSENT_WAIT_US / 1000 : 1000;
    int64_t left = next - w->now_us;
    if (left <= 0)
        return 0;
    if (w->unsent && left > UNSENT_WAIT_US)
        left = UNSENT_WAIT_US;
    return left > 1000000 ? 1000 : (int)((left + 999) / 1000);
}

/* Sleeps when that saves wake-ups. Whatever comes meanwhile is there afterwards. */
static void gather(Worker *w, int64_t woke_us, uint64_t datagrams)
{
    int64_t until_us = worker_gather_until_us(&w->gather, woke_us, (unsigned)datagrams);
    int64_t left_us = until_us - clock_now_us();
    if (left_us <= 0)
        return;
    struct timespec moment = { .tv_nsec = left_us * 1000 };
    clock_nanosleep(CLOCK_MONOTONIC, 0, &moment, NULL);
}

static void worker_watch(Worker *w, int fd, uint32_t token)
{
    struct epoll_event ev = { .events = EPOLLIN, .data.u32 = token };
    epoll_ctl(w->epoll, EPOLL_CTL_ADD, fd, &ev);
}

void *worker_main(void *worker)
{
    Worker *w = worker;
    struct epoll_event events[WORKER_ADDRESSES_MAX + 3];
    char name[16];
    snprintf(name, sizeof(name), "media-%u", w->index);
    pthread_setname_np(pthread_self(), name);
    for (size_t i = 0; i < w->n_fds; i++)
        worker_watch(w, w->fds[i], (uint32_t)i);
    worker_watch(w, mailbox_fd(w->inbox), TOKEN_INBOX);
    worker_watch(w, mailbox_fd(w->handover), TOKEN_HANDOVER);
    if (w->shared)
        worker_watch(w, mailbox_fd(w->shared), TOKEN_SHARED);
    timer_init(&w->second, every_second, w);
    timers_reserve(&w->timers, 1);
    timer_set(&w->timers, &w->second, clock_now_us() + SECOND_US);
    w->hop_tokens = WORKER_HOPS_PER_S;
    while (!w->stopping) {
        int n = epoll_wait(w->epoll, events, WORKER_ADDRESSES_MAX + 3, wait_ms(w));
        int64_t woke_us = w->now_us = clock_now_us();
        uint64_t before = w->totals.rx_datagrams + w->totals.shared_in;
        for (int i = 0; i < n; i++) {
            uint32_t token = events[i].data.u32;
            if (token == TOKEN_INBOX) {
                worker_on_inbox(w);
            } else if (token == TOKEN_HANDOVER) {
                worker_on_handover(w);
            } else if (token == TOKEN_SHARED) {
                worker_on_shared(w);
            } else {
                for (int round = 0; round < WORKER_ROUNDS && receive_round(w, token); round++)
                    ;
            }
        }
        timers_run(&w->timers, w->now_us, TIMERS_PER_ROUND);
        send_batch_flush(w->batch);
        if (w->unsent)
            worker_emit_unsent(w);
        gather(w, woke_us, w->totals.rx_datagrams + w->totals.shared_in - before);
    }
    return NULL;
}
