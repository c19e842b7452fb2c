/* SPDX-License-Identifier: Apache-2.0
 *
 * The workers as control sees them: start, post, fetch, stop. */
#include "bridge/media_conference.h"
#include "bridge/media_share.h"
#include "bridge/worker.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <unistd.h>

static bool worker_prepare(Worker *w, char *error, size_t error_size)
{
    uint64_t seeds[2];
    if (getrandom(seeds, sizeof(seeds), 0) != (ssize_t)sizeof(seeds)) {
        snprintf(error, error_size, "no random numbers from the system");
        return false;
    }
    w->random = seeds[0] | 1;
    packet_pool_init(&w->pool, PACKET_POOL_MAX);
    receive_vector_init(&w->receive);
    w->epoll = epoll_create1(EPOLL_CLOEXEC);
    w->inbox = mailbox_new(sizeof(WorkerCommand *), WORKER_INBOX);
    w->handover = mailbox_new(sizeof(HandoverItem), WORKER_HANDOVER);
    if (w->group->count > 1)
        w->shared = mailbox_new(sizeof(ShareItem), WORKER_SHARED);
    w->stun = ice_stun_new();
    w->batch = send_batch_new(w->fds, w->n_fds, w->config->gso, &w->totals);
    if (w->epoll < 0 || !w->inbox || !w->handover || (w->group->count > 1 && !w->shared) || !w->stun || !w->batch ||
        !tuple_table_init(&w->tuples, WORKER_TUPLES_MAX, seeds[1])) {
        snprintf(error, error_size, "cannot prepare worker %u: %s", w->index, strerror(errno));
        return false;
    }
    return true;
}

/* The threads have ended, or were never started. Conferences go first, on all workers: those that have a share of one
 * still tell each other. */
static void end_conferences(Worker *w)
{
    for (size_t i = 0; w && i < WORKER_CONFERENCE_BUCKETS; i++)
        while (w->conferences[i])
            media_conference_free(w->conferences[i]);
}

static void worker_free(Worker *w)
{
    if (!w)
        return;
    WorkerCommand *c;
    while (w->inbox && mailbox_take(w->inbox, &c))
        worker_command_free(c);
    mailbox_free(w->inbox);
    mailbox_free(w->handover);
    media_share_drain(w);
    mailbox_free(w->shared);
    worker_drop_unsent(w);
    receive_vector_clear(&w->receive, &w->pool);
    packet_pool_clear(&w->pool);
    send_batch_free(w->batch);
    tuple_table_clear(&w->tuples);
    timers_clear(&w->timers);
    ice_stun_free(w->stun);
    if (w->epoll >= 0)
        close(w->epoll);
    free(w);
}

Workers *workers_new(const WorkersConfig *config, char *error, size_t error_size)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    Workers *group = calloc(1, sizeof(*group));
    if (!group)
        return NULL;
    group->config = *config;
    group->port = config->port;
    group->count = config->count ? config->count : cores > 0 ? (unsigned)cores : 1;
    if (group->count > WORKERS_MAX)
        group->count = WORKERS_MAX;
    unsigned prepared = 0;
    if (config->n_addresses < 1 || config->n_addresses > WORKER_ADDRESSES_MAX) {
        snprintf(error, error_size, "%zu local addresses; 1 to %d are possible", config->n_addresses,
                 WORKER_ADDRESSES_MAX);
        free(group);
        return NULL;
    }
    if (!worker_sockets_open(config->addresses, config->n_addresses, group->count, &group->port, group->fds, error,
                             error_size)) {
        free(group);
        return NULL;
    }
    group->events = mailbox_new(sizeof(WorkerEvent *), WORKER_EVENTS);
    if (!group->events) {
        snprintf(error, error_size, "cannot make the event box: %s", strerror(errno));
        goto failed;
    }
    for (; prepared < group->count; prepared++) {
        Worker *w = calloc(1, sizeof(*w));
        if (!w) {
            snprintf(error, error_size, "out of memory");
            goto failed;
        }
        group->workers[prepared] = w;
        w->index = prepared;
        w->group = group;
        w->config = &group->config;
        w->epoll = -1;
        w->n_fds = config->n_addresses;
        memcpy(w->fds, group->fds + prepared * w->n_fds, w->n_fds * sizeof(w->fds[0]));
        if (!worker_prepare(w, error, error_size)) {
            prepared++;
            goto failed;
        }
    }
    while (group->started < group->count) {
        Worker *w = group->workers[group->started];
        int failed = pthread_create(&w->thread, NULL, worker_main, w);
        if (failed) {
            snprintf(error, error_size, "cannot start worker %u: %s", w->index, strerror(failed));
            goto failed;
        }
        group->started++;
    }
    return group;
failed:
    workers_free(group);
    return NULL;
}

unsigned workers_count(const Workers *w)
{
    return w->count;
}

uint16_t workers_port(const Workers *w)
{
    return w->port;
}

void workers_limit_last_n(Workers *w, int last_n)
{
    atomic_store_explicit(&w->last_n, last_n, memory_order_relaxed);
}

unsigned workers_choose(const Workers *group)
{
    unsigned best = 0;
    for (unsigned i = 1; i < group->count; i++)
        if (atomic_load_explicit(&group->workers[i]->load, memory_order_relaxed) <
            atomic_load_explicit(&group->workers[best]->load, memory_order_relaxed))
            best = i;
    return best;
}

int workers_event_fd(const Workers *group)
{
    return mailbox_fd(group->events);
}

WorkerEvent *workers_next_event(Workers *group)
{
    for (WorkerEvent *ev;;) {
        if (!mailbox_take(group->events, &ev)) {
            /* Empty: reset the wake-up, then look once more for what came in between. */
            mailbox_clear_wake(group->events);
            if (!mailbox_take(group->events, &ev))
                return NULL;
        }
        if (ev->type != WORKER_EV_ROOM)
            return ev;
        workers_send_kept(group, ev->worker);
        worker_event_free(ev);
    }
}

void workers_free(Workers *group)
{
    if (!group)
        return;
    WorkerCommand *stop = NULL;
    for (unsigned i = 0; i < group->started; i++) {
        /* A full inbox is being emptied by its worker: try until the stop fits. */
        while (!mailbox_post(group->workers[i]->inbox, &stop))
            usleep(1000);
    }
    for (unsigned i = 0; i < group->started; i++)
        pthread_join(group->workers[i]->thread, NULL);
    for (unsigned i = 0; i < group->count; i++)
        end_conferences(group->workers[i]);
    for (unsigned i = 0; i < group->count; i++)
        worker_free(group->workers[i]);
    workers_drop_kept(group);
    worker_routes_clear(&group->routes);
    WorkerEvent *ev;
    while (group->events && mailbox_take(group->events, &ev))
        worker_event_free(ev);
    mailbox_free(group->events);
    for (size_t i = 0; i < group->count * group->config.n_addresses; i++)
        close(group->fds[i]);
    free(group);
}
