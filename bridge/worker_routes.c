/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/worker_routes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static RouteConference **bucket(const WorkerRoutes *r, uint64_t handle)
{
    return (RouteConference **)&r->buckets[(handle * 0x9e3779b97f4a7c15u) >> 54];
}

_Static_assert(WORKER_ROUTE_BUCKETS == 1u << 10, "the hash has ten bits");

RouteConference *worker_routes_find(const WorkerRoutes *r, uint64_t conference)
{
    for (RouteConference *c = *bucket(r, conference); c; c = c->next)
        if (c->create->conference == conference)
            return c;
    return NULL;
}

static void *checked(void *block)
{
    if (!block) {
        fputs("out of memory\n", stderr);
        abort();
    }
    return block;
}

RouteConference *worker_routes_add(WorkerRoutes *r, const WorkerCommand *create, unsigned home)
{
    RouteConference *c = checked(calloc(1, sizeof(*c)));
    RouteConference **at = bucket(r, create->conference);
    c->create = worker_command_copy(create);
    c->home = home;
    c->shares = 1u << home;
    c->next = *at;
    *at = c;
    return c;
}

static void clear_endpoint(RouteEndpoint *ep)
{
    worker_command_free(ep->sources);
    worker_command_free(ep->mute);
}

static void free_conference(RouteConference *c)
{
    for (uint32_t i = 0; i < c->n_endpoints; i++)
        clear_endpoint(&c->endpoints[i]);
    worker_command_free(c->create);
    free(c->endpoints);
    free(c);
}

void worker_routes_remove(WorkerRoutes *r, RouteConference *c)
{
    for (RouteConference **at = bucket(r, c->create->conference); *at; at = &(*at)->next) {
        if (*at == c) {
            *at = c->next;
            free_conference(c);
            return;
        }
    }
}

void worker_routes_clear(WorkerRoutes *r)
{
    for (size_t i = 0; i < WORKER_ROUTE_BUCKETS; i++)
        while (r->buckets[i])
            worker_routes_remove(r, r->buckets[i]);
}

RouteEndpoint *route_find_endpoint(const RouteConference *c, uint64_t endpoint)
{
    for (uint32_t i = 0; i < c->n_endpoints; i++)
        if (c->endpoints[i].handle == endpoint)
            return &c->endpoints[i];
    return NULL;
}

void route_add_endpoint(RouteConference *c, const WorkerCommand *create, unsigned worker)
{
    if (c->n_endpoints == c->room) {
        c->room = c->room ? c->room * 2 : 4;
        c->endpoints = checked(realloc(c->endpoints, c->room * sizeof(*c->endpoints)));
    }
    RouteEndpoint *ep = &c->endpoints[c->n_endpoints++];
    *ep = (RouteEndpoint){ .handle = create->endpoint, .worker = worker, .visitor = create->endpoint_create.visitor };
    snprintf(ep->id, sizeof(ep->id), "%s", create->endpoint_create.id);
    c->count[worker]++;
}

void route_remove_endpoint(RouteConference *c, RouteEndpoint *ep)
{
    c->count[ep->worker]--;
    clear_endpoint(ep);
    c->n_endpoints--;
    memmove(ep, ep + 1, (size_t)(&c->endpoints[c->n_endpoints] - ep) * sizeof(*ep));
}

void route_remember(RouteEndpoint *ep, const WorkerCommand *c)
{
    if (c->type == WORKER_SOURCE_VIDEO_TYPE) {
        for (size_t i = 0; ep->sources && i < ep->sources->n; i++)
            if (strcmp(ep->sources->sources.sources[i].name, c->video_type.source) == 0)
                ep->sources->sources.sources[i].video_type = c->video_type.type;
        return;
    }
    WorkerCommand **at = c->type == WORKER_SOURCES ? &ep->sources : &ep->mute;
    worker_command_free(*at);
    *at = worker_command_copy(c);
}

WorkerCommand *route_mirror(const RouteConference *c, const RouteEndpoint *ep)
{
    WorkerCommand *m = worker_command_new(WORKER_MIRROR, c->create->conference, ep->handle, 0);
    snprintf(m->mirror.id, sizeof(m->mirror.id), "%s", ep->id);
    m->mirror.visitor = ep->visitor;
    m->mirror.worker = ep->worker;
    return m;
}
