/* SPDX-License-Identifier: Apache-2.0
 *
 * Control's commands on their way to the workers: each to the one that carries it out, and what concerns everybody in
 * a conference to every worker that has a share of it. */
#include "bridge/worker.h"
#include "bridge/worker_spread.h"

static bool is_removal(const WorkerCommand *c)
{
    return c->type == WORKER_ENDPOINT_REMOVE || c->type == WORKER_CONFERENCE_REMOVE;
}

static void refuse(Workers *group, WorkerCommand *c)
{
    atomic_fetch_add_explicit(&group->refused_commands, 1, memory_order_relaxed);
    worker_command_free(c);
}

static bool send_first(Workers *group, unsigned worker)
{
    KeptCommands *k = &group->kept[worker];
    WorkerCommand *c = k->first, *next = c->next;
    c->next = NULL;
    if (!mailbox_post(group->workers[worker]->inbox, &c)) {
        c->next = next;
        return false;
    }
    k->first = next;
    k->n--;
    return true;
}

void workers_send_kept(Workers *group, unsigned worker)
{
    while (group->kept[worker].first && send_first(group, worker))
        ;
}

void workers_drop_kept(Workers *group)
{
    for (unsigned i = 0; i < group->count; i++) {
        for (WorkerCommand *c; (c = group->kept[i].first);) {
            group->kept[i].first = c->next;
            worker_command_free(c);
        }
    }
}

static void keep(Workers *group, unsigned worker, WorkerCommand *c)
{
    KeptCommands *k = &group->kept[worker];
    if (!k->first)
        k->last = &k->first;
    *k->last = c;
    k->last = &c->next;
    k->n++;
    atomic_store(&group->workers[worker]->wants_room, true);
    /* It may have emptied its inbox before it could see that. */
    workers_send_kept(group, worker);
}

/* In order: nothing overtakes what waits. */
static bool send_now(Workers *group, unsigned worker, WorkerCommand *c)
{
    workers_send_kept(group, worker);
    return !group->kept[worker].first && mailbox_post(group->workers[worker]->inbox, &c);
}

/* A command the caller must know the fate of; a removal has none but to be carried out. */
static bool send_command(Workers *group, unsigned worker, WorkerCommand *c)
{
    if (worker < group->count && send_now(group, worker, c))
        return true;
    if (worker < group->count && is_removal(c)) {
        keep(group, worker, c);
        return true;
    }
    refuse(group, c);
    return false;
}

/* A word about something that happens on another worker. */
static void tell(Workers *group, unsigned worker, WorkerCommand *c)
{
    if (send_now(group, worker, c))
        return;
    if (group->kept[worker].n < WORKER_KEPT || is_removal(c))
        keep(group, worker, c);
    else
        refuse(group, c);
}

static void tell_others(Workers *group, const RouteConference *r, unsigned but, const WorkerCommand *c)
{
    for (unsigned i = 0; i < group->count; i++)
        if (i != but && r->shares >> i & 1)
            tell(group, i, worker_command_copy(c));
}

/* ---- shares ---- */

static void tell_shares(Workers *group, const RouteConference *r)
{
    WorkerCommand *c = worker_command_new(WORKER_SHARES, r->create->conference, 0, 0);
    c->shares = r->shares;
    tell_others(group, r, WORKERS_MAX, c);
    worker_command_free(c);
}

static void open_share(Workers *group, RouteConference *r, unsigned worker)
{
    tell(group, worker, worker_command_copy(r->create));
    for (uint32_t i = 0; i < r->n_endpoints; i++) {
        const RouteEndpoint *ep = &r->endpoints[i];
        tell(group, worker, route_mirror(r, ep));
        if (ep->mute)
            tell(group, worker, worker_command_copy(ep->mute));
        if (ep->sources)
            tell(group, worker, worker_command_copy(ep->sources));
    }
    r->shares |= 1u << worker;
    tell_shares(group, r);
}

static void close_share(Workers *group, RouteConference *r, unsigned worker)
{
    if (worker == r->home || r->count[worker] || !(r->shares >> worker & 1))
        return;
    r->shares &= ~(1u << worker);
    tell(group, worker, worker_command_new(WORKER_CONFERENCE_REMOVE, r->create->conference, 0, 0));
    tell_shares(group, r);
}

/* ---- commands ---- */

static bool create_conference(Workers *group, unsigned worker, WorkerCommand *c)
{
    c->conference_create.home = worker;
    if (worker >= group->count || worker_routes_find(&group->routes, c->conference)) {
        refuse(group, c);
        return false;
    }
    RouteConference *r = worker_routes_add(&group->routes, c, worker);
    if (send_command(group, worker, c))
        return true;
    worker_routes_remove(&group->routes, r);
    return false;
}

static bool remove_conference(Workers *group, RouteConference *r, WorkerCommand *c)
{
    unsigned home = r->home;
    tell_others(group, r, home, c);
    worker_routes_remove(&group->routes, r);
    return send_command(group, home, c);
}

static bool create_endpoint(Workers *group, RouteConference *r, unsigned worker, WorkerCommand *c)
{
    if (worker >= group->count || route_find_endpoint(r, c->endpoint)) {
        refuse(group, c);
        return false;
    }
    if (!(r->shares >> worker & 1))
        open_share(group, r, worker);
    uint64_t handle = c->endpoint;
    route_add_endpoint(r, c, worker);
    if (!send_command(group, worker, c)) {
        route_remove_endpoint(r, route_find_endpoint(r, handle));
        close_share(group, r, worker);
        return false;
    }
    WorkerCommand *mirror = route_mirror(r, route_find_endpoint(r, handle));
    tell_others(group, r, worker, mirror);
    worker_command_free(mirror);
    group->placed[worker].n++;
    return true;
}

static bool remove_endpoint(Workers *group, RouteConference *r, RouteEndpoint *ep, WorkerCommand *c)
{
    unsigned worker = ep->worker;
    route_remove_endpoint(r, ep);
    tell_others(group, r, worker, c);
    bool sent = send_command(group, worker, c);
    close_share(group, r, worker);
    return sent;
}

/* Its own worker first: what another one then answers finds it informed. */
static bool describe_endpoint(Workers *group, const RouteConference *r, RouteEndpoint *ep, WorkerCommand *c)
{
    WorkerCommand *copy = worker_command_copy(c);
    bool sent = send_command(group, ep->worker, c);
    if (sent) {
        route_remember(ep, copy);
        tell_others(group, r, ep->worker, copy);
    }
    worker_command_free(copy);
    return sent;
}

bool workers_post(Workers *group, unsigned worker, WorkerCommand *c)
{
    RouteConference *r = c->conference ? worker_routes_find(&group->routes, c->conference) : NULL;
    if (c->type == WORKER_CONFERENCE_CREATE)
        return create_conference(group, worker, c);
    if (!r)
        return send_command(group, worker, c);
    if (c->type == WORKER_CONFERENCE_REMOVE)
        return remove_conference(group, r, c);
    if (c->type == WORKER_ENDPOINT_CREATE)
        return create_endpoint(group, r, worker, c);
    if (is_removal(c) || c->type == WORKER_SOURCES || c->type == WORKER_SOURCE_VIDEO_TYPE ||
        c->type == WORKER_FORCE_MUTE) {
        RouteEndpoint *ep = route_find_endpoint(r, c->endpoint);
        if (ep)
            return is_removal(c) ? remove_endpoint(group, r, ep, c) : describe_endpoint(group, r, ep, c);
    }
    return send_command(group, worker, c);
}

/* ---- choosing ---- */

static void look_at(const Workers *group, unsigned i, SpreadWorker *out)
{
    Worker *w = group->workers[i];
    *out = (SpreadWorker){ .busy = atomic_load_explicit(&w->busy, memory_order_relaxed),
                           .endpoints = atomic_load_explicit(&w->load, memory_order_relaxed),
                           .newcomers = group->placed[i].n };
}

static void forget_settled(Workers *group)
{
    for (unsigned i = 0; i < group->count; i++) {
        uint32_t now_s = atomic_load_explicit(&group->workers[i]->uptime_s, memory_order_relaxed);
        if (now_s - group->placed[i].since_s < SPREAD_SETTLED_S)
            continue;
        group->placed[i].since_s = now_s;
        group->placed[i].n = 0;
    }
}

unsigned workers_place(Workers *group, uint64_t conference)
{
    const RouteConference *r = worker_routes_find(&group->routes, conference);
    if (!r)
        return workers_choose(group);
    SpreadWorker workers[WORKERS_MAX];
    forget_settled(group);
    for (unsigned i = 0; i < group->count; i++)
        look_at(group, i, &workers[i]);
    for (unsigned i = 0; i < group->count; i++)
        workers[i].here = r->count[i];
    return spread_choose(workers, group->count, r->home, r->shares, r->n_endpoints, group->config.spread_percent * 10);
}

uint32_t workers_shares(const Workers *group, uint64_t conference)
{
    const RouteConference *r = worker_routes_find(&group->routes, conference);
    return r ? r->shares : 0;
}
