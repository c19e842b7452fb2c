/* SPDX-License-Identifier: Apache-2.0
 *
 * Which workers have a share of which conference, and what a worker must be told when it gets one: the conference's
 * own words and those about endpoints that live elsewhere. Owner: Workers; control thread. Aborts without memory, as
 * commands do. No GLib. */
#ifndef PLENUM_BRIDGE_WORKER_ROUTES_H
#define PLENUM_BRIDGE_WORKER_ROUTES_H

#include "bridge/worker_api.h"

#define WORKER_ROUTE_BUCKETS 1024

typedef struct {
    /* set at birth */
    uint64_t handle;
    unsigned worker;
    char id[WORKER_ID_SIZE];
    bool visitor;
    /* last told; NULL: never */
    WorkerCommand *sources; /* video types merged in */
    WorkerCommand *mute;
} RouteEndpoint;

typedef struct RouteConference {
    struct RouteConference *next; /* hash chain */
    /* set at birth */
    WorkerCommand *create; /* as posted */
    unsigned home;
    /* control */
    uint32_t shares;             /* a bit for each worker that has one, the home included */
    uint32_t count[WORKERS_MAX]; /* endpoints of each worker */
    RouteEndpoint *endpoints;    /* in order of joining */
    uint32_t n_endpoints, room;
} RouteConference;

typedef struct {
    RouteConference *buckets[WORKER_ROUTE_BUCKETS];
} WorkerRoutes;

/* NULL: unknown. */
RouteConference *worker_routes_find(const WorkerRoutes *r, uint64_t conference);
/* Not there yet. Copies the command. */
RouteConference *worker_routes_add(WorkerRoutes *r, const WorkerCommand *create, unsigned home);
void worker_routes_remove(WorkerRoutes *r, RouteConference *c);
void worker_routes_clear(WorkerRoutes *r);

/* NULL: unknown; borrowed until one is added or removed. */
RouteEndpoint *route_find_endpoint(const RouteConference *c, uint64_t endpoint);
void route_add_endpoint(RouteConference *c, const WorkerCommand *create, unsigned worker);
void route_remove_endpoint(RouteConference *c, RouteEndpoint *ep);
/* SOURCES, SOURCE_VIDEO_TYPE, FORCE_MUTE: remembers a copy. */
void route_remember(RouteEndpoint *ep, const WorkerCommand *c);
/* What tells a worker about an endpoint that lives on another; the caller's, to post. */
WorkerCommand *route_mirror(const RouteConference *c, const RouteEndpoint *ep);

#endif
