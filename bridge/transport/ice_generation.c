/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/transport/ice_generation.h"
#include <openssl/rand.h>
#include <stdlib.h>
#include "bridge/transport/ice_stun.h"

/* When a check is sent again, in microseconds after the first time. The path is usually there, so the first
 * repetitions come fast; consent checks are repeated evenly. */
static const int32_t check_times[] = { 0, 100000, 300000, 700000, 1500000, 3100000 };
static const int32_t consent_times[] = { 0, 500000, 1000000, 1500000, 2000000, 2500000 };
#define CHECK_SENDS 6

void ice_emit(IceCall *c, IceEventType type, const IceGeneration *g, const Tuple *t, const char *ufrag)
{
    if (c->out->n_events >= ICE_OUT_MAX)
        return; /* cannot be: those who emit many look for room first */
    IceEvent *e = &c->out->events[c->out->n_events++];
    memset(e, 0, sizeof(*e));
    e->type = type;
    e->generation = g->number;
    if (t)
        e->tuple = *t;
    if (ufrag)
        memcpy(e->ufrag, ufrag, strlen(ufrag));
}

IceGeneration *ice_generation_new(const IceCredentials *local, unsigned number, int64_t now_us)
{
    IceGeneration *g = calloc(1, sizeof(*g));
    if (!g)
        return NULL;
    g->local = *local;
    g->number = number;
    g->created_us = now_us;
    g->send = g->selected = -1;
    g->nominate_us = INT64_MAX;
    return g;
}

void ice_generation_free(IceGeneration *g)
{
    if (!g)
        return;
    free(g->remote_ufrag);
    free(g->remote_pwd);
    free(g->tuples);
    free(g);
}

IceTuple *ice_generation_find(const IceGeneration *g, const Tuple *addr)
{
    for (unsigned i = 0; i < g->n_tuples; i++)
        if (tuple_equal(&g->tuples[i].addr, addr))
            return &g->tuples[i];
    return NULL;
}

static int8_t index_of(const IceGeneration *g, const IceTuple *t)
{
    return (int8_t)(t - g->tuples);
}

/* What may go first: failed ones, then never validated ones, then valid ones that carry nothing; the one not
 * heard of longest within each. An address that only replays requests never gets past a valid tuple as long
 * as others of its kind are there. */
static int victim(const IceGeneration *g)
{
    static const uint8_t worth[] = {
        [ICE_TUPLE_FAILED] = 0, [ICE_TUPLE_NEW] = 1, [ICE_TUPLE_CHECKING] = 1, [ICE_TUPLE_VALID] = 2
    };
    int best = -1;
    for (int i = 0; i < g->n_tuples; i++) {
        const IceTuple *t = &g->tuples[i], *b = best < 0 ? NULL : &g->tuples[best];
        if (i == g->send || i == g->selected)
            continue;
        if (!b || worth[t->state] < worth[b->state] ||
            (worth[t->state] == worth[b->state] && t->heard_us < b->heard_us))
            best = i;
    }
    return best;
}

void ice_generation_remove(IceGeneration *g, unsigned i, IceCall *c)
{
    unsigned last = --g->n_tuples;
    ice_emit(c, ICE_EV_TUPLE_REMOVED, g, &g->tuples[i].addr, NULL);
    if (g->send == (int)i)
        g->send = -1;
    if (g->selected == (int)i)
        g->selected = -1;
    g->tuples[i] = g->tuples[last];
    if (g->send == (int)last)
        g->send = (int8_t)i;
    if (g->selected == (int)last)
        g->selected = (int8_t)i;
}

IceTuple *ice_generation_add(IceGeneration *g, const Tuple *addr, bool evict, IceCall *c)
{
    if (!g->tuples && !(g->tuples = calloc(ICE_TUPLES_MAX, sizeof(*g->tuples))))
        return NULL;
    if (g->n_tuples == ICE_TUPLES_MAX) {
        int v = evict ? victim(g) : -1;
        if (v < 0)
            return NULL;
        ice_generation_remove(g, (unsigned)v, c);
    }
    IceTuple *t = &g->tuples[g->n_tuples++];
    memset(t, 0, sizeof(*t));
    t->addr = *addr;
    t->heard_us = t->rate_us = c->now_us;
    g->failed_us = 0;
    ice_emit(c, ICE_EV_TUPLE_ADDED, g, addr, NULL);
    return t;
}

/* ---- checks ---- */

static void transmit(IceGeneration *g, IceTuple *t, IceCall *c)
{
    const int32_t *times = t->state == ICE_TUPLE_VALID && !t->nominating ? consent_times : check_times;
    if (c->out->n_datagrams >= ICE_OUT_MAX)
        return; /* still due */
    IceCheck check = { .transaction = t->transaction,
                       .local_ufrag = g->local.ufrag,
                       .remote_ufrag = g->remote_ufrag,
                       .remote_pwd = g->remote_pwd,
                       .tie_breaker = c->tie_breaker,
                       .controlling = t->check_controlling,
                       .use_candidate = t->nominating && t->check_controlling };
    if (ice_stun_check(c->stun, &check, &t->addr, &c->out->datagrams[c->out->n_datagrams]))
        c->out->n_datagrams++;
    t->sends++;
    t->next_us = t->check_us + (t->sends < CHECK_SENDS ? times[t->sends] : ICE_CHECK_GIVE_UP_US);
}

void ice_generation_check(IceGeneration *g, IceTuple *t, bool nominate, IceCall *c)
{
    if (!g->remote_pwd || t->in_flight || RAND_bytes(t->transaction, sizeof(t->transaction)) != 1)
        return;
    t->in_flight = true;
    t->nominating = nominate;
    t->check_controlling = c->controlling;
    t->sends = 0;
    t->check_us = t->next_us = c->now_us;
    if (t->state != ICE_TUPLE_VALID)
        t->state = ICE_TUPLE_CHECKING;
    g->failed_us = 0;
    transmit(g, t, c);
}

/* Consent checks are spread so that many endpoints do not check in step. */
static int64_t consent_period(void)
{
    uint8_t r = 128;
    RAND_bytes(&r, 1);
    return ICE_CONSENT_PERIOD_US * (800 + 400 * (int64_t)r / 255) / 1000;
}

static void send_to(IceGeneration *g, IceTuple *t, IceCall *c)
{
    if (g->send == index_of(g, t))
        return;
    g->send = index_of(g, t);
    g->consent_us = c->now_us + consent_period();
    ice_emit(c, ICE_EV_SELECTED, g, &t->addr, NULL);
}

static bool is_fresh(const IceTuple *t, int64_t now_us)
{
    return t->state == ICE_TUPLE_VALID && now_us - t->answered_us < ICE_CONSENT_PERIOD_US * 2;
}

/* The best of those that answered lately and are not being checked. */
static IceTuple *best_fresh(const IceGeneration *g, int64_t now_us)
{
    IceTuple *best = NULL;
    for (unsigned i = 0; i < g->n_tuples; i++) {
        IceTuple *t = &g->tuples[i];
        if (is_fresh(t, now_us) && !t->in_flight && (!best || t->priority > best->priority))
            best = t;
    }
    return best;
}

static void fail(IceGeneration *g, IceTuple *t, IceCall *c)
{
    bool carried = g->send == index_of(g, t);
    t->in_flight = t->nominating = t->peer_nominated = false;
    t->state = ICE_TUPLE_FAILED;
    if (g->selected == index_of(g, t))
        g->selected = -1;
    if (!carried)
        return;
    g->send = -1;
    IceTuple *other = best_fresh(g, c->now_us);
    if (other) {
        send_to(g, other, c);
        g->nominate_us = c->now_us;
    } else {
        ice_emit(c, ICE_EV_CONSENT_LOST, g, &t->addr, NULL);
    }
}

static void select_tuple(IceGeneration *g, IceTuple *t, IceCall *c)
{
    g->selected = index_of(g, t);
    send_to(g, t, c);
}

static bool selected_is_silent(const IceGeneration *g, int64_t now_us)
{
    return g->selected >= 0 && now_us - g->tuples[g->selected].heard_us > ICE_SILENT_US;
}

/* Controlled: the peer's choice. A second nomination moves media only to a better pair, or off a silent one;
 * aggressive nominators name every pair. */
static void follow_nomination(IceGeneration *g, IceTuple *t, IceCall *c)
{
    if (!t->peer_nominated || t->state != ICE_TUPLE_VALID || c->controlling)
        return;
    if (g->selected < 0 || selected_is_silent(g, c->now_us) || t->priority > g->tuples[g->selected].priority)
        select_tuple(g, t, c);
}

/* Controlling: moves media off a silent selected tuple to one that is alive. */
static void reselect(IceGeneration *g, IceTuple *t, IceCall *c)
{
    if (!c->controlling || g->selected == index_of(g, t) || !selected_is_silent(g, c->now_us) ||
        t->heard_us <= g->tuples[g->selected].heard_us)
        return;
    ice_generation_check(g, t, true, c);
}

void ice_generation_requested(IceGeneration *g, IceTuple *t, bool use_candidate, IceCall *c)
{
    t->heard_us = c->now_us;
    if (use_candidate && !c->controlling) {
        t->peer_nominated = true;
        follow_nomination(g, t, c);
    }
    if (t->state != ICE_TUPLE_VALID)
        ice_generation_check(g, t, false, c);
    else if (g->send < 0 && !is_fresh(t, c->now_us))
        ice_generation_check(g, t, c->controlling, c);
    else
        reselect(g, t, c);
}

bool ice_generation_answered(IceGeneration *g, IceTuple *t, IceCall *c)
{
    bool first = g->first_valid_us == 0, nominated = t->nominating && t->check_controlling && c->controlling;
    t->heard_us = t->answered_us = c->now_us;
    t->in_flight = t->nominating = false;
    t->conflicts = 0;
    if (t->state != ICE_TUPLE_VALID) {
        t->state = ICE_TUPLE_VALID;
        ice_emit(c, ICE_EV_TUPLE_VALID, g, &t->addr, NULL);
        if (g->selected < 0 && g->nominate_us == INT64_MAX)
            g->nominate_us = c->now_us + ICE_SETTLE_US;
    }
    if (first)
        g->first_valid_us = c->now_us;
    if (nominated)
        select_tuple(g, t, c);
    else
        follow_nomination(g, t, c);
    if (g->send < 0)
        send_to(g, t, c);
    reselect(g, t, c);
    return first;
}

void ice_generation_refused(IceGeneration *g, IceTuple *t, bool new_role, IceCall *c)
{
    bool nominate = t->nominating;
    t->in_flight = t->nominating = false;
    if (!new_role || ++t->conflicts > ICE_ROLE_CONFLICTS_MAX) {
        fail(g, t, c);
        return;
    }
    ice_generation_check(g, t, nominate && c->controlling, c);
}

/* ---- time ---- */

static void tick_tuple(IceGeneration *g, IceTuple *t, IceCall *c)
{
    if (t->state == ICE_TUPLE_NEW)
        ice_generation_check(g, t, false, c);
    if (!t->in_flight || c->now_us < t->next_us)
        return;
    if (t->sends < CHECK_SENDS) {
        transmit(g, t, c);
        return;
    }
    bool consent = t->state == ICE_TUPLE_VALID && !t->nominating;
    t->in_flight = false;
    if (!consent && g->selected != index_of(g, t))
        fail(g, t, c);
    t->nominating = false;
}

/* Controlling: names the tuple media goes to, once the others had a moment to answer too. */
static void nominate(IceGeneration *g, IceCall *c)
{
    if (c->now_us < g->nominate_us)
        return;
    g->nominate_us = INT64_MAX;
    if (!c->controlling || g->selected >= 0)
        return;
    IceTuple *t = best_fresh(g, c->now_us);
    if (t)
        ice_generation_check(g, t, true, c);
    else if (g->send >= 0 && g->tuples[g->send].in_flight)
        g->nominate_us = c->now_us + ICE_SETTLE_US; /* a check on the only one is under way */
}

static void keep_consent(IceGeneration *g, IceCall *c)
{
    if (g->send < 0)
        return;
    IceTuple *t = &g->tuples[g->send];
    if (c->now_us - t->answered_us >= ICE_CONSENT_US) {
        fail(g, t, c);
    } else if (c->now_us >= g->consent_us) {
        g->consent_us = c->now_us + consent_period();
        ice_generation_check(g, t, false, c);
    }
}

static bool all_failed(const IceGeneration *g)
{
    for (unsigned i = 0; i < g->n_tuples; i++)
        if (g->tuples[i].state != ICE_TUPLE_FAILED)
            return false;
    return g->n_tuples > 0;
}

void ice_generation_tick(IceGeneration *g, IceCall *c)
{
    keep_consent(g, c);
    for (unsigned i = 0; i < g->n_tuples; i++)
        tick_tuple(g, &g->tuples[i], c);
    for (unsigned i = 0; i < g->n_tuples; i++) {
        IceTuple *t = &g->tuples[i];
        if (t->state == ICE_TUPLE_VALID && !t->in_flight)
            reselect(g, t, c);
    }
    nominate(g, c);
    for (unsigned i = g->n_tuples; i-- > 0;) {
        const IceTuple *t = &g->tuples[i];
        if ((int)i != g->send && (int)i != g->selected && !t->in_flight &&
            c->now_us - t->heard_us >= ICE_TUPLE_IDLE_US && c->out->n_events + 2 < ICE_OUT_MAX)
            ice_generation_remove(g, i, c);
    }
    if (g->failed_us == 0 && all_failed(g))
        g->failed_us = c->now_us;
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

int64_t ice_generation_next_due(const IceGeneration *g, bool controlling)
{
    int64_t due = g->nominate_us;
    for (int i = 0; i < g->n_tuples; i++) {
        const IceTuple *t = &g->tuples[i];
        if (t->in_flight)
            due = earlier(due, t->next_us);
        else if (t->state == ICE_TUPLE_NEW && g->remote_pwd)
            due = earlier(due, t->heard_us);
        else if (i != g->send && i != g->selected)
            due = earlier(due, t->heard_us + ICE_TUPLE_IDLE_US);
        if (controlling && g->selected >= 0 && i != g->selected && t->state == ICE_TUPLE_VALID && !t->in_flight &&
            t->heard_us > g->tuples[g->selected].heard_us)
            due = earlier(due, g->tuples[g->selected].heard_us + ICE_SILENT_US + 1);
    }
    if (g->send >= 0)
        due = earlier(due, earlier(g->consent_us, g->tuples[g->send].answered_us + ICE_CONSENT_US));
    return due;
}
