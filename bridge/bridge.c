/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/bridge.h"
#include <string.h>
#include "common/base/clock.h"

struct Bridge {
    /* set at birth */
    BridgeEnv *env;
    BridgeEvents events;
    /* control */
    GHashTable *by_meeting, *by_id, *by_handle; /* Conference; owned by us, freed in bridge_end_conference */
    GHashTable *endpoints;                      /* handle -> Endpoint */
    uint64_t last_handle;
    GArray *expiring; /* endpoint handles, for the idle source below */
    guint expire_source, sweep_source;
    bool drain;
    BridgeState state;
    int64_t state_us; /* since when; 0: since birth */
    bool told_empty;
};

static gboolean on_sweep(gpointer data);

Bridge *bridge_new(BridgeEnv *env, const BridgeEvents *events)
{
    Bridge *b = g_new0(Bridge, 1);
    *b = (Bridge){
        .env = env,
        .events = *events,
        .by_meeting = g_hash_table_new(g_str_hash, g_str_equal),
        .by_id = g_hash_table_new(g_str_hash, g_str_equal),
        .by_handle = g_hash_table_new(g_int64_hash, g_int64_equal),
        .endpoints = g_hash_table_new(g_int64_hash, g_int64_equal),
        .expiring = g_array_new(FALSE, FALSE, sizeof(uint64_t)),
        .drain = env->config->bridge.drain,
    };
    b->sweep_source = g_timeout_add(BRIDGE_SWEEP_MS, on_sweep, b);
    return b;
}

void bridge_end_conference(Bridge *b, Conference *c, const char *why)
{
    BridgeCounters *counters = &b->env->counters;
    int64_t lasted_us = clock_now_us() - c->created_us;
    log_info(&c->log, "conference ended after %lld s with %u endpoints in all: %s", (long long)(lasted_us / 1000000),
             c->endpoints_seen, why);
    g_hash_table_remove(b->by_meeting, c->meeting_id);
    g_hash_table_remove(b->by_id, c->id);
    g_hash_table_remove(b->by_handle, &c->handle);
    counters->conferences_completed++;
    counters->conference_us += (uint64_t)lasted_us;
    conference_free(c);
}

/* A list that survives conferences being ended while it is walked. */
static GPtrArray *all_conferences(const Bridge *b)
{
    GPtrArray *all = g_ptr_array_sized_new(bridge_n_conferences(b));
    GHashTableIter iter;
    gpointer c;
    g_hash_table_iter_init(&iter, b->by_meeting);
    while (g_hash_table_iter_next(&iter, NULL, &c))
        g_ptr_array_add(all, c);
    return all;
}

static void end_all(Bridge *b)
{
    g_autoptr(GPtrArray) all = all_conferences(b);
    for (guint i = 0; i < all->len; i++)
        bridge_end_conference(b, g_ptr_array_index(all, i), "the bridge ends");
}

void bridge_free(Bridge *b)
{
    if (!b)
        return;
    end_all(b);
    g_source_remove(b->sweep_source);
    if (b->expire_source)
        g_source_remove(b->expire_source);
    g_hash_table_unref(b->by_meeting);
    g_hash_table_unref(b->by_id);
    g_hash_table_unref(b->by_handle);
    g_hash_table_unref(b->endpoints);
    g_array_unref(b->expiring);
    g_free(b);
}

/* ---- drain and shutdown ---- */

static void set_state(Bridge *b, BridgeState state, int64_t now_us)
{
    b->state = state;
    b->state_us = now_us;
    if (b->events.state_changed)
        b->events.state_changed(b->events.user);
}

static void check_shutdown(Bridge *b, int64_t now_us)
{
    const BridgeConfig *config = b->env->config;
    unsigned here = bridge_n_endpoints(b);
    if (b->state == BRIDGE_GRACEFUL) {
        bool late = now_us - b->state_us >= config->bridge.graceful_timeout_s * INT64_C(1000000);
        if (!late && here > (unsigned)config->bridge.graceful_min_participants)
            return;
        if (here > 0)
            log_notice(NULL, "%s: the focus is to move %u endpoints", late ? "waited long enough" : "few are left",
                       here);
        set_state(b, BRIDGE_SHUTTING_DOWN, now_us);
    }
    if (b->state == BRIDGE_SHUTTING_DOWN && !b->told_empty && (here == 0 || now_us - b->state_us >= BRIDGE_LEAVE_US)) {
        b->told_empty = true;
        if (b->events.empty)
            b->events.empty(b->events.user);
    }
}

void bridge_shut_down(Bridge *b)
{
    if (b->state != BRIDGE_RUNNING)
        return;
    log_notice(NULL, "shutting down gracefully: %u conferences with %u endpoints go on", bridge_n_conferences(b),
               bridge_n_endpoints(b));
    int64_t now_us = clock_now_us();
    set_state(b, BRIDGE_GRACEFUL, now_us);
    check_shutdown(b, now_us);
}

bool bridge_is_draining(const Bridge *b)
{
    return b->drain || b->state != BRIDGE_RUNNING;
}

void bridge_set_drain(Bridge *b, bool drain)
{
    if (b->drain == drain)
        return;
    b->drain = drain;
    log_notice(NULL, "drain mode is %s", drain ? "on" : "off");
    if (b->events.state_changed)
        b->events.state_changed(b->events.user);
}

BridgeState bridge_state(const Bridge *b)
{
    return b->state;
}

/* ---- requests ---- */

static void new_internal_id(const Bridge *b, char id[CONFERENCE_ID_SIZE])
{
    do
        g_snprintf(id, CONFERENCE_ID_SIZE, "%08x%04x", g_random_int(), g_random_int() & 0xffff);
    while (g_hash_table_contains(b->by_id, id));
}

static bool is_superseded_by(const Conference *old, const Conference *c)
{
    return old != c && c->focus && c->name && g_strcmp0(old->focus, c->focus) == 0 &&
           g_strcmp0(old->name, c->name) == 0;
}

/* A focus that makes a conference for a room it has one for was started anew and knows nothing of the old one.
 * Its endpoints go one by one, each when its client has moved, so that nobody's call is cut. */
static void supersede(Bridge *b, const Conference *c)
{
    GHashTableIter iter;
    gpointer one;
    g_hash_table_iter_init(&iter, b->by_meeting);
    while (g_hash_table_iter_next(&iter, NULL, &one)) {
        Conference *old = one;
        if (!is_superseded_by(old, c) || old->superseded_us)
            continue;
        old->superseded_us = clock_now_us();
        b->env->counters.conferences_superseded++;
        log_info(&old->log, "conference %s superseded by %s, %u endpoints", old->meeting_id, c->meeting_id,
                 conference_size(old));
    }
}

static Conference *create_conference(Bridge *b, const char *focus, const Colibri2Modify *request, Colibri2Error **error)
{
    char id[CONFERENCE_ID_SIZE];
    if (b->state != BRIDGE_RUNNING) {
        *error = colibri2_error_new(STANZA_SERVICE_UNAVAILABLE, COLIBRI2_REASON_GRACEFUL_SHUTDOWN,
                                    "The bridge is shutting down");
        return NULL;
    }
    if (bridge_n_conferences(b) >= (unsigned)b->env->config->limits.conferences) {
        *error = colibri2_error_new(STANZA_RESOURCE_CONSTRAINT, COLIBRI2_REASON_NONE, "No room for another conference");
        return NULL;
    }
    new_internal_id(b, id);
    Conference *c = conference_new(b, b->env, bridge_next_handle(b), id, request->meeting_id, request->name, focus);
    if (!c) {
        *error = colibri2_error_new(STANZA_RESOURCE_CONSTRAINT, COLIBRI2_REASON_NONE, "Media worker is overloaded");
        return NULL;
    }
    g_hash_table_insert(b->by_meeting, c->meeting_id, c);
    g_hash_table_insert(b->by_id, c->id, c);
    g_hash_table_insert(b->by_handle, &c->handle, c);
    supersede(b, c);
    return c;
}

static Conference *conference_for(Bridge *b, const char *focus, const Colibri2Modify *request, Colibri2Error **error)
{
    Conference *c = bridge_find_meeting(b, request->meeting_id);
    if (c && request->create)
        *error = colibri2_error_new(STANZA_CONFLICT, COLIBRI2_REASON_CONFERENCE_ALREADY_EXISTS,
                                    "Conference already exists for ID: %s", request->meeting_id);
    else if (!c && !request->create)
        *error = colibri2_error_new(STANZA_ITEM_NOT_FOUND, COLIBRI2_REASON_CONFERENCE_NOT_FOUND,
                                    "Conference not found for ID: %s", request->meeting_id);
    else
        return c ? c : create_conference(b, focus, request, error);
    return NULL;
}

static Colibri2Modified *modify(Bridge *b, const char *focus, const Colibri2Modify *request, Colibri2Error **error)
{
    if ((*error = colibri2_modify_check(request)))
        return NULL;
    Conference *c = conference_for(b, focus, request, error);
    if (!c)
        return NULL;
    Colibri2Modified *answer = conference_modify(c, request, request->create, error);
    bool empty = conference_size(c) == 0;
    if (request->expire)
        bridge_end_conference(b, c, "by the focus");
    else if (empty && (!request->create || !answer))
        bridge_end_conference(b, c, answer ? "the last endpoint left" : "its first endpoint could not be made");
    return answer;
}

Colibri2Modified *bridge_modify(Bridge *b, const char *focus, const Colibri2Modify *request, Colibri2Error **error)
{
    *error = NULL;
    Colibri2Modified *answer = modify(b, focus, request, error);
    b->env->counters.requests++;
    if (!answer) {
        LogContext ctx = { .room = request->name ? request->name : request->meeting_id };
        b->env->counters.requests_failed++;
        log_warning(&ctx, "conference-modify refused: %s%s%s", stanza_condition_name((*error)->condition),
                    (*error)->text ? ", " : "", (*error)->text ? (*error)->text : "");
    }
    check_shutdown(b, clock_now_us());
    return answer;
}

/* ---- events ---- */

bool bridge_request_snapshot(Bridge *b, const Conference *c, const Endpoint *ep, uint64_t id, bool streams)
{
    const MediaPort *media = &b->env->media;
    bool posted = true;
    uint32_t workers = ep ? 1u << ep->worker : media->shares(media->user, c->handle);
    for (unsigned i = 0; i < WORKERS_MAX; i++) {
        if (!(workers >> i & 1))
            continue;
        WorkerCommand *command = worker_command_new(WORKER_SNAPSHOT, c->handle, ep ? ep->handle : 0, 0);
        command->snapshot.id = id;
        command->snapshot.streams = streams;
        posted &= media->post(media->user, i, command);
    }
    return posted;
}

static void on_snapshot(Bridge *b, const WorkerEvent *ev)
{
    for (size_t i = 0; i < ev->n; i++) {
        Endpoint *ep = bridge_find_endpoint(b, ev->snapshot.endpoints[i].endpoint);
        if (ep) {
            ep->stats = ev->snapshot.endpoints[i];
            ep->has_stats = true;
        }
    }
    if (b->events.snapshot)
        b->events.snapshot(ev, b->events.user);
}

void bridge_on_event(Bridge *b, const WorkerEvent *ev)
{
    if (ev->type == WORKER_EV_SNAPSHOT) {
        on_snapshot(b, ev);
        return;
    }
    if (ev->endpoint) {
        Endpoint *ep = bridge_find_endpoint(b, ev->endpoint);
        if (ep && !ep->expiring)
            endpoint_on_event(ep, ev);
        return;
    }
    Conference *c = bridge_find_handle(b, ev->conference);
    if (c)
        conference_on_event(c, ev);
}

static gboolean on_expire(gpointer data)
{
    Bridge *b = data;
    g_autoptr(GArray) due = b->expiring;
    b->expiring = g_array_new(FALSE, FALSE, sizeof(uint64_t));
    b->expire_source = 0;
    for (guint i = 0; i < due->len; i++) {
        Endpoint *ep = bridge_find_endpoint(b, g_array_index(due, uint64_t, i));
        if (!ep)
            continue;
        if (b->events.endpoint_lost && !ep->conference->superseded_us)
            b->events.endpoint_lost(ep, ep->expiring, b->events.user);
        conference_expire_endpoint(ep->conference, ep, ep->expiring);
    }
    check_shutdown(b, clock_now_us());
    return G_SOURCE_REMOVE;
}

void bridge_expire_later(Bridge *b, Endpoint *ep, const char *why)
{
    if (ep->expiring)
        return;
    ep->expiring = why;
    g_array_append_val(b->expiring, ep->handle);
    if (b->expire_source == 0)
        b->expire_source = g_idle_add_full(G_PRIORITY_DEFAULT, on_expire, b, NULL);
}

typedef void (*OldOne)(Bridge *b, Endpoint *old);

/* What the client of ep has in conferences that ep's supersedes. */
static void for_each_old(Bridge *b, const Endpoint *ep, OldOne what)
{
    GHashTableIter iter;
    gpointer one;
    g_hash_table_iter_init(&iter, b->by_meeting);
    while (g_hash_table_iter_next(&iter, NULL, &one)) {
        const Conference *old = one;
        Endpoint *same =
            old->superseded_us && is_superseded_by(old, ep->conference) ? conference_find(old, ep->id) : NULL;
        if (same)
            what(b, same);
    }
}

static void silence(Bridge *b, Endpoint *old)
{
    (void)b;
    old->moved = true;
}

static void let_go(Bridge *b, Endpoint *old)
{
    bridge_expire_later(b, old, "its client has moved to the new conference");
}

void bridge_endpoint_has_channel(Bridge *b, const Endpoint *ep)
{
    for_each_old(b, ep, silence);
}

void bridge_endpoint_ready(Bridge *b, const Endpoint *ep)
{
    for_each_old(b, ep, let_go);
}

void bridge_sweep(Bridge *b, int64_t now_us)
{
    g_autoptr(GPtrArray) all = all_conferences(b);
    for (guint i = 0; i < all->len; i++) {
        Conference *c = g_ptr_array_index(all, i);
        if (conference_sweep(c, now_us))
            bridge_end_conference(b, c, c->superseded_us ? "superseded" : "empty");
    }
    check_shutdown(b, now_us);
}

static gboolean on_sweep(gpointer data)
{
    bridge_sweep(data, clock_now_us());
    return G_SOURCE_CONTINUE;
}

/* ---- index ---- */

Conference *bridge_find_id(const Bridge *b, const char *internal_id)
{
    return g_hash_table_lookup(b->by_id, internal_id);
}

Conference *bridge_find_meeting(const Bridge *b, const char *meeting_id)
{
    return g_hash_table_lookup(b->by_meeting, meeting_id);
}

Conference *bridge_find_handle(const Bridge *b, uint64_t handle)
{
    return g_hash_table_lookup(b->by_handle, &handle);
}

Endpoint *bridge_find_endpoint(const Bridge *b, uint64_t handle)
{
    return g_hash_table_lookup(b->endpoints, &handle);
}

void bridge_each(const Bridge *b, void (*each)(Conference *c, gpointer user), gpointer user)
{
    GHashTableIter iter;
    gpointer c;
    g_hash_table_iter_init(&iter, b->by_meeting);
    while (g_hash_table_iter_next(&iter, NULL, &c))
        each(c, user);
}

unsigned bridge_n_conferences(const Bridge *b)
{
    return g_hash_table_size(b->by_meeting);
}

unsigned bridge_n_endpoints(const Bridge *b)
{
    return g_hash_table_size(b->endpoints);
}

BridgeEnv *bridge_env(const Bridge *b)
{
    return b->env;
}

bool bridge_has_room(const Bridge *b)
{
    return bridge_n_endpoints(b) < (unsigned)b->env->config->limits.endpoints;
}

uint64_t bridge_next_handle(Bridge *b)
{
    return ++b->last_handle;
}

void bridge_register(Bridge *b, Endpoint *ep)
{
    g_hash_table_insert(b->endpoints, &ep->handle, ep);
}

void bridge_unregister(Bridge *b, const Endpoint *ep)
{
    g_hash_table_remove(b->endpoints, &ep->handle);
}
