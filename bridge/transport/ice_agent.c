/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/transport/ice_agent.h"
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include "bridge/transport/ice_generation.h"
#include "bridge/transport/ice_stun.h"

#define RESTART_GIVE_UP_US 20000000 /* a pending generation that validates nothing */
#define PREVIOUS_US 3000000         /* how long the old one still answers after a restart */
#define STUN_ROLE_CONFLICT 487
#define STUN_UNKNOWN_ATTRIBUTE 420

enum { CURRENT, PENDING, PREVIOUS, GENERATIONS };

struct IceAgent {
    IceGeneration *gen[GENERATIONS];
    int64_t previous_us; /* when the current one took over */
    int64_t last_request_us, last_consent_us;
    uint64_t tie_breaker;
    unsigned last_number;
    bool controlling, writable, failed;
};
_Static_assert(sizeof(struct IceAgent) + sizeof(IceGeneration) <= 256, "what an offer costs");

static const char *const drop_names[ICE_DROP_REASONS] = {
    [ICE_DROP_NONE] = "none",
    [ICE_DROP_MALFORMED] = "malformed",
    [ICE_DROP_UNKNOWN_USER] = "unknown-user",
    [ICE_DROP_UNAUTHORIZED] = "unauthorized",
    [ICE_DROP_UNMATCHED] = "unmatched",
    [ICE_DROP_NOT_USED] = "not-used",
    [ICE_DROP_RATE] = "rate",
};

const char *ice_drop_name(IceDrop d)
{
    return (unsigned)d < ICE_DROP_REASONS ? drop_names[d] : "?";
}

static void new_tie_breaker(IceAgent *a)
{
    RAND_bytes((unsigned char *)&a->tie_breaker, sizeof(a->tie_breaker));
}

IceAgent *ice_agent_new(const IceCredentials *local, int64_t now_us)
{
    IceAgent *a = calloc(1, sizeof(*a));
    if (!a || !(a->gen[CURRENT] = ice_generation_new(local, 0, now_us))) {
        free(a);
        return NULL;
    }
    a->controlling = true;
    new_tie_breaker(a);
    return a;
}

void ice_agent_free(IceAgent *a)
{
    if (!a)
        return;
    for (int i = 0; i < GENERATIONS; i++)
        ice_generation_free(a->gen[i]);
    free(a);
}

static IceCall call_of(const IceAgent *a, IceStun *stun, int64_t now_us, IceOut *out)
{
    return (IceCall){
        .stun = stun, .now_us = now_us, .out = out, .controlling = a->controlling, .tie_breaker = a->tie_breaker
    };
}

static void switch_role(IceAgent *a, IceCall *c)
{
    a->controlling = !a->controlling;
    c->controlling = a->controlling;
}

/* ---- requests ---- */

/* USERNAME is "our ufrag:their ufrag"; theirs is compared as soon as it is known. */
static bool username_is_for(const IceGeneration *g, const char *name, size_t len)
{
    size_t n = strlen(g->local.ufrag);
    if (len <= n + 1 || memcmp(name, g->local.ufrag, n) != 0 || name[n] != ':')
        return false;
    return !g->remote_ufrag ||
           (len - n - 1 == strlen(g->remote_ufrag) && memcmp(name + n + 1, g->remote_ufrag, len - n - 1) == 0);
}

static IceGeneration *generation_for(const IceAgent *a, const char *name, size_t len)
{
    for (int i = 0; i < GENERATIONS; i++)
        if (a->gen[i] && username_is_for(a->gen[i], name, len))
            return a->gen[i];
    return NULL;
}

/* RFC 8445 7.3.1.1. True: answer 487 and stop. */
static bool role_conflict(IceAgent *a, const IceMessage *m, IceCall *c)
{
    bool same_role = a->controlling ? m->controlling : m->controlled;
    if (!same_role)
        return false;
    bool ours_wins = a->tie_breaker >= m->tie_breaker;
    if (ours_wins == a->controlling)
        return true;
    switch_role(a, c);
    return false;
}

static bool rate_ok(IceTuple *t, int64_t now_us)
{
    if (t->rate_us < now_us)
        t->rate_us = now_us;
    if (t->rate_us - now_us > ICE_RATE_BURST_US)
        return false;
    t->rate_us += 1000000 / ICE_REQUESTS_PER_S;
    return true;
}

static IceDrop on_request(IceAgent *a, const Tuple *from, const uint8_t *buf, size_t len, const IceMessage *m,
                          IceCall *c)
{
    IceOut *out = c->out;
    IceGeneration *g = generation_for(a, (const char *)buf + m->username_off, m->username_len);
    if (!g)
        return ICE_DROP_UNKNOWN_USER;
    if (!ice_stun_verify_request(c->stun, buf, len, g->local.pwd))
        return ICE_DROP_UNAUTHORIZED;
    IceTuple *t = ice_generation_find(g, from);
    if (t && !rate_ok(t, c->now_us))
        return ICE_DROP_RATE;
    IceDatagram *reply = &out->datagrams[out->n_datagrams];
    int error = m->n_unknown ? STUN_UNKNOWN_ATTRIBUTE : role_conflict(a, m, c) ? STUN_ROLE_CONFLICT : 0;
    if (error) {
        if (ice_stun_reply_error(c->stun, buf, len, g->local.pwd, from, error, m, reply))
            out->n_datagrams++;
        return ICE_DROP_NONE;
    }
    if (!t && !(t = ice_generation_add(g, from, true, c)))
        return ICE_DROP_RATE;
    if (ice_stun_reply(c->stun, buf, len, g->local.pwd, from, reply))
        out->n_datagrams++;
    a->last_request_us = c->now_us;
    t->priority = m->priority;
    ice_generation_requested(g, t, m->use_candidate, c);
    return ICE_DROP_NONE;
}

/* ---- responses ---- */

static IceGeneration *transaction_of(const IceAgent *a, const Tuple *from, const uint8_t *transaction, IceTuple **t)
{
    for (int i = 0; i < GENERATIONS; i++) {
        *t = a->gen[i] ? ice_generation_find(a->gen[i], from) : NULL;
        if (*t && (*t)->in_flight && memcmp((*t)->transaction, transaction, ICE_TRANSACTION_BYTES) == 0)
            return a->gen[i];
    }
    return NULL;
}

/* The pending generation reached the peer: it takes over at once, media does not stop. */
static void take_over(IceAgent *a, IceCall *c)
{
    ice_generation_free(a->gen[PREVIOUS]); /* none: a second restart waits for the first one's end */
    a->gen[PREVIOUS] = a->gen[CURRENT];
    a->gen[CURRENT] = a->gen[PENDING];
    a->gen[PENDING] = NULL;
    a->previous_us = c->now_us;
    ice_emit(c, ICE_EV_RESTARTED, a->gen[CURRENT], NULL, a->gen[CURRENT]->local.ufrag);
}

static IceDrop on_response(IceAgent *a, const Tuple *from, const uint8_t *buf, size_t len, const IceMessage *m,
                           IceCall *c)
{
    IceTuple *t;
    IceGeneration *g = transaction_of(a, from, buf + ICE_TRANSACTION_OFF, &t);
    if (!g)
        return ICE_DROP_UNMATCHED;
    if (!ice_stun_verify_response(c->stun, buf, len, g->remote_pwd))
        return ICE_DROP_UNAUTHORIZED;
    if (m->type == ICE_MSG_ERROR) {
        bool conflict = m->error_code == STUN_ROLE_CONFLICT;
        if (conflict && t->check_controlling == a->controlling) { /* else the role has changed meanwhile */
            switch_role(a, c);
            new_tie_breaker(a);
            c->tie_breaker = a->tie_breaker;
        }
        ice_generation_refused(g, t, conflict, c);
        return ICE_DROP_NONE;
    }
    a->last_consent_us = c->now_us;
    if (g == a->gen[PENDING])
        take_over(a, c);
    if (ice_generation_answered(g, t, c) && !a->writable) {
        a->writable = true;
        ice_emit(c, ICE_EV_WRITABLE, g, from, NULL);
    }
    return ICE_DROP_NONE;
}

IceDrop ice_agent_on_stun(IceAgent *a, IceStun *stun, const Tuple *from, const uint8_t *buf, size_t len, int64_t now_us,
                          IceOut *out)
{
    IceMessage m;
    IceCall c = call_of(a, stun, now_us, out);
    switch (ice_message_scan(buf, len, &m)) {
    case ICE_SCAN_OK:
        break;
    case ICE_SCAN_NOT_USED:
        return ICE_DROP_NOT_USED;
    default:
        return ICE_DROP_MALFORMED;
    }
    return m.type == ICE_MSG_REQUEST ? on_request(a, from, buf, len, &m, &c) : on_response(a, from, buf, len, &m, &c);
}

void ice_agent_on_media(IceAgent *a, const Tuple *from, int64_t now_us)
{
    for (int i = 0; i < GENERATIONS; i++) {
        IceTuple *t = a->gen[i] ? ice_generation_find(a->gen[i], from) : NULL;
        if (t)
            t->heard_us = now_us;
    }
}

/* ---- time ---- */

static bool held_elsewhere(const IceAgent *a, const IceGeneration *g, const Tuple *t)
{
    for (int i = 0; i < GENERATIONS; i++)
        if (a->gen[i] && a->gen[i] != g && ice_generation_find(a->gen[i], t))
            return true;
    return false;
}

/* Gives its tuples back one event each, then itself; continues at the next tick when the events are full. */
static void end_generation(IceAgent *a, int which, IceCall *c)
{
    IceGeneration *g = a->gen[which];
    while (g->n_tuples > 0) {
        if (c->out->n_events >= ICE_OUT_MAX)
            return;
        if (held_elsewhere(a, g, &g->tuples[g->n_tuples - 1].addr))
            g->n_tuples--;
        else
            ice_generation_remove(g, g->n_tuples - 1u, c);
    }
    if (c->out->n_events >= ICE_OUT_MAX)
        return;
    ice_emit(c, ICE_EV_GENERATION_ENDED, g, NULL, g->local.ufrag);
    ice_generation_free(g);
    a->gen[which] = NULL;
}

static int64_t ends_at(const IceAgent *a, int which)
{
    if (which == PENDING)
        return a->gen[PENDING]->created_us + RESTART_GIVE_UP_US;
    return which == PREVIOUS ? a->previous_us + PREVIOUS_US : INT64_MAX;
}

void ice_agent_on_tick(IceAgent *a, IceStun *stun, int64_t now_us, IceOut *out)
{
    IceCall c = call_of(a, stun, now_us, out);
    ice_generation_tick(a->gen[CURRENT], &c);
    if (!a->writable && !a->failed && a->gen[CURRENT]->failed_us &&
        now_us - a->gen[CURRENT]->failed_us >= ICE_FAIL_US && out->n_events < ICE_OUT_MAX) {
        a->failed = true;
        ice_emit(&c, ICE_EV_FAILED, a->gen[CURRENT], NULL, NULL);
    }
    for (int i = PENDING; i <= PREVIOUS; i++) {
        if (a->gen[i] && now_us >= ends_at(a, i))
            end_generation(a, i, &c);
        else if (a->gen[i] && i == PENDING)
            ice_generation_tick(a->gen[i], &c);
    }
}

int64_t ice_agent_next_due(const IceAgent *a)
{
    int64_t due = ice_generation_next_due(a->gen[CURRENT], a->controlling);
    if (!a->writable && !a->failed && a->gen[CURRENT]->failed_us && a->gen[CURRENT]->failed_us + ICE_FAIL_US < due)
        due = a->gen[CURRENT]->failed_us + ICE_FAIL_US;
    for (int i = PENDING; i <= PREVIOUS; i++) {
        if (!a->gen[i])
            continue;
        int64_t at = i == PENDING ? ice_generation_next_due(a->gen[i], a->controlling) : INT64_MAX;
        if (ends_at(a, i) < at)
            at = ends_at(a, i);
        if (at < due)
            due = at;
    }
    return due;
}

/* ---- signalling ---- */

static IceGeneration *by_number(const IceAgent *a, unsigned generation)
{
    for (int i = CURRENT; i <= PENDING; i++)
        if (a->gen[i] && a->gen[i]->number == generation)
            return a->gen[i];
    return NULL;
}

/* RFC 8839 5.4: ice-char is ALPHA, DIGIT, '+', '/'. COMPAT: some clients also use '-', '_' and '='. */
static bool text_ok(const char *s, size_t min)
{
    size_t n = strlen(s);
    return n >= min && n <= ICE_REMOTE_TEXT_MAX &&
           strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_=") == n;
}

bool ice_agent_set_remote(IceAgent *a, unsigned generation, const char *ufrag, const char *pwd, int64_t now_us)
{
    IceGeneration *g = by_number(a, generation);
    if (!g || !text_ok(ufrag, 4) || !text_ok(pwd, 22))
        return false;
    if (g->remote_ufrag)
        return strcmp(g->remote_ufrag, ufrag) == 0 && strcmp(g->remote_pwd, pwd) == 0;
    char *u = strdup(ufrag), *p = strdup(pwd);
    if (!u || !p) {
        free(u);
        free(p);
        return false;
    }
    g->remote_ufrag = u;
    g->remote_pwd = p;
    return true; /* tuples that wait in state NEW are due now */
}

bool ice_agent_add_candidate(IceAgent *a, unsigned generation, const Tuple *t, int64_t now_us, IceOut *out)
{
    IceCall c = call_of(a, NULL, now_us, out);
    IceGeneration *g = by_number(a, generation);
    if (!g || !tuple_is_set(t) || t->port == 0)
        return false;
    return ice_generation_find(g, t) || ice_generation_add(g, t, false, &c);
}

unsigned ice_agent_restart(IceAgent *a, const IceCredentials *local, int64_t now_us)
{
    if (!a->writable || a->gen[PENDING] || a->gen[PREVIOUS])
        return 0;
    a->gen[PENDING] = ice_generation_new(local, a->last_number + 1, now_us);
    return a->gen[PENDING] ? ++a->last_number : 0;
}

unsigned ice_agent_generation(const IceAgent *a)
{
    return a->gen[CURRENT]->number;
}

unsigned ice_agent_pending_generation(const IceAgent *a)
{
    return a->gen[PENDING] ? a->gen[PENDING]->number : 0;
}

/* ---- state ---- */

bool ice_agent_send_tuple(const IceAgent *a, Tuple *out)
{
    const IceGeneration *g = a->gen[CURRENT];
    if (g->send < 0)
        return false;
    *out = g->tuples[g->send].addr;
    return true;
}

bool ice_agent_is_valid(const IceAgent *a, const Tuple *t)
{
    for (int i = 0; i < GENERATIONS; i++) {
        const IceTuple *found = a->gen[i] ? ice_generation_find(a->gen[i], t) : NULL;
        if (found && found->state == ICE_TUPLE_VALID)
            return true;
    }
    return false;
}

bool ice_agent_is_controlling(const IceAgent *a)
{
    return a->controlling;
}

int64_t ice_agent_last_request_us(const IceAgent *a)
{
    return a->last_request_us;
}

int64_t ice_agent_last_consent_us(const IceAgent *a)
{
    return a->last_consent_us;
}

static int append(char *out, size_t cap, int at, const char *text)
{
    int n = snprintf((size_t)at < cap ? out + at : NULL, (size_t)at < cap ? cap - (size_t)at : 0, "%s", text);
    return at + n;
}

int ice_agent_dump(const IceAgent *a, char *out, size_t cap)
{
    static const char *const states[] = { "new", "checking", "valid", "failed" };
    static const char *const which[] = { "current", "pending", "previous" };
    char line[256], addr[TUPLE_TEXT_MAX];
    snprintf(line, sizeof(line), "{\"role\":\"%s\",\"writable\":%s,\"failed\":%s",
             a->controlling ? "controlling" : "controlled", a->writable ? "true" : "false",
             a->failed ? "true" : "false");
    int n = append(out, cap, 0, line);
    for (int i = 0; i < GENERATIONS; i++) {
        const IceGeneration *g = a->gen[i];
        if (!g)
            continue;
        snprintf(line, sizeof(line),
                 ",\"%s\":{\"generation\":%u,\"local_ufrag\":\"%s\",\"remote_known\":%s,\"tuples\":[", which[i],
                 g->number, g->local.ufrag, g->remote_ufrag ? "true" : "false");
        n = append(out, cap, n, line);
        for (unsigned j = 0; j < g->n_tuples; j++) {
            const IceTuple *t = &g->tuples[j];
            snprintf(line, sizeof(line),
                     "%s{\"socket\":%u,\"remote\":\"%s\",\"state\":\"%s\",\"priority\":%u,\"selected\":%s}",
                     j ? "," : "", t->addr.socket, tuple_text(&t->addr, addr), states[t->state], t->priority,
                     g->selected == (int)j ? "true" : "false");
            n = append(out, cap, n, line);
        }
        n = append(out, cap, n, "]}");
    }
    return append(out, cap, n, "}");
}
