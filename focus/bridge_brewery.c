/* SPDX-License-Identifier: Apache-2.0 */
#include "focus/bridge_brewery.h"

#include <string.h>
#include "common/base/clock.h"
#include "common/base/log.h"

#define NS_HEALTH "http://jitsi.org/protocol/healthcheck"

/* The rounds of questions to one bridge. */
typedef struct {
    BridgeBrewery *brewery;
    char *jid;
    guint timer, request;
    gboolean second_chance; /* it kept silent once */
} Checkup;

struct BridgeBrewery {
    /* set at birth */
    IqRouter *router;
    char *room_jid, *from;
    BreweryConfig config;
    BreweryEvents events;
    gpointer user;
    /* control */
    MucRoom *room;
    BridgePool *pool;
    GHashTable *checkups;             /* JID -> Checkup */
    guint rejoin, rejoin_ms, silence; /* silence: the watch for it */
    gboolean connected, leaving;
    guint64 lost, refused;
};

/* ---- health ---- */

static void ask_health(Checkup *c);

static void checkup_free(gpointer p)
{
    Checkup *c = p;
    if (c->timer)
        g_source_remove(c->timer);
    iq_router_cancel(c->brewery->router, c->request);
    g_free(c->jid);
    g_free(c);
}

static gboolean on_health_due(gpointer user)
{
    Checkup *c = user;
    c->timer = 0;
    ask_health(c);
    return G_SOURCE_REMOVE;
}

static void next_checkup(Checkup *c, guint after_ms)
{
    c->timer = g_timeout_add(after_ms, on_health_due, c);
}

static void lose(BridgeBrewery *b, const char *jid, gboolean reachable)
{
    b->lost++;
    b->events.lost(jid, reachable, b->user);
}

/* c may be gone when the event returns: a conference does not remove bridges, but be last anyway. */
static void on_health(IqOutcome outcome, const Stanza *answer, gpointer user)
{
    Checkup *c = user;
    BridgeBrewery *b = c->brewery;
    LogContext ctx = { .bridge = c->jid };
    c->request = 0;
    if (outcome == IQ_TIMEOUT && !c->second_chance) {
        c->second_chance = TRUE;
        next_checkup(c, b->config.health_retry_ms);
        return;
    }
    c->second_chance = FALSE;
    next_checkup(c, b->config.health_interval_ms);
    if (outcome == IQ_TIMEOUT) {
        log_warning(&ctx, "bridge does not answer health checks");
        bridge_pool_mark_failed(b->pool, c->jid, clock_now_ms());
    } else if (outcome == IQ_RESULT) {
        if (bridge_pool_mark_healthy(b->pool, c->jid, clock_now_ms())) {
            log_info(&ctx, "bridge works again");
            b->events.available(b->user);
        }
    } else {
        StanzaErrorInfo info;
        stanza_error_read(answer, &info);
        gboolean sick = info.condition == STANZA_INTERNAL_SERVER_ERROR || info.condition == STANZA_SERVICE_UNAVAILABLE;
        log_warning(&ctx, "health check: %s %s", stanza_condition_name(info.condition), info.text);
        stanza_error_info_clear(&info);
        if (sick) {
            const Bridge *bridge = bridge_pool_find(b->pool, c->jid);
            b->lost -= bridge && !bridge_is_operational(bridge); /* counted when it fell ill */
            bridge_pool_mark_failed(b->pool, c->jid, clock_now_ms());
            lose(b, c->jid, TRUE);
        }
    }
}

static void ask_health(Checkup *c)
{
    BridgeBrewery *b = c->brewery;
    if (!b->connected) {
        next_checkup(c, b->config.health_interval_ms);
        return;
    }
    c->request = iq_router_request(b->router, "get", b->from, c->jid, stanza_new("healthcheck", NS_HEALTH),
                                   b->config.reply_timeout_ms, on_health, c);
}

static void start_checkups(BridgeBrewery *b, const char *jid)
{
    if (!b->config.health_checks || g_hash_table_contains(b->checkups, jid))
        return;
    Checkup *c = g_new0(Checkup, 1);
    c->brewery = b;
    c->jid = g_strdup(jid);
    g_hash_table_insert(b->checkups, c->jid, c);
    /* Not all at the same moment after a reconnect. */
    next_checkup(c, (guint)g_random_int_range(0, (gint32)b->config.health_interval_ms) + 1);
}

/* Without questions, silence is what tells; the conferences there stay, as when questions are not answered. */
static gboolean on_silence_due(gpointer user)
{
    BridgeBrewery *b = user;
    int64_t now_ms = clock_now_ms();
    for (guint i = 0; b->connected && i < bridge_pool_size(b->pool); i++) {
        const Bridge *bridge = bridge_pool_nth(b->pool, i);
        LogContext ctx = { .bridge = bridge->jid };
        if (now_ms - bridge->seen_ms <= (int64_t)b->config.presence_ms || bridge->failed_at_ms >= 0)
            continue;
        log_warning(&ctx, "no presence of this bridge for too long");
        bridge_pool_mark_failed(b->pool, bridge->jid, now_ms);
    }
    return G_SOURCE_CONTINUE;
}

/* ---- presence ---- */

static void on_presence(MucRoom *room, const MucOccupant *o, gpointer user)
{
    BridgeBrewery *b = user;
    LogContext ctx = { .bridge = o->jid };
    const char *type = o->presence ? stanza_get(o->presence, "type") : NULL;
    if (type)
        return;
    switch (bridge_pool_presence(b->pool, o->jid, o->presence, clock_now_ms())) {
    case BRIDGE_ADDED:
        log_info(&ctx, "bridge is there");
        start_checkups(b, o->jid);
        b->events.available(b->user);
        break;
    case BRIDGE_FAILED:
        log_warning(&ctx, "bridge shuts down or is unhealthy");
        lose(b, o->jid, TRUE);
        break;
    case BRIDGE_REFUSED:
        log_warning(&ctx, "too many bridges; this one is not used");
        b->refused++;
        break;
    case BRIDGE_SEEN:
        start_checkups(b, o->jid);
        /* Nobody asks it, so that it speaks must do as a sign of recovery. */
        if (!b->config.health_checks && bridge_pool_mark_healthy(b->pool, o->jid, clock_now_ms())) {
            log_info(&ctx, "bridge is used again");
            b->events.available(b->user);
        }
        break;
    }
}

static void on_gone(MucRoom *room, const MucOccupant *o, const Stanza *unavailable, gpointer user)
{
    BridgeBrewery *b = user;
    LogContext ctx = { .bridge = o->jid };
    g_hash_table_remove(b->checkups, o->jid);
    if (!bridge_pool_remove(b->pool, o->jid))
        return;
    log_warning(&ctx, "bridge is gone");
    lose(b, o->jid, FALSE);
}

/* ---- our own place in the room ---- */

static gboolean on_rejoin(gpointer user)
{
    BridgeBrewery *b = user;
    b->rejoin = 0;
    muc_room_join(b->room, NULL, BREWERY_JOIN_MS);
    return G_SOURCE_REMOVE;
}

static void on_joined(MucRoom *room, gpointer user)
{
    BridgeBrewery *b = user;
    b->rejoin_ms = BREWERY_REJOIN_MIN_MS;
    log_info(NULL, "joined the bridges' room %s with %u there", b->room_jid, muc_room_n_occupants(room));
}

static void on_out(MucRoom *room, MucOut why, StanzaCondition condition, gpointer user)
{
    BridgeBrewery *b = user;
    if (b->leaving || !b->connected)
        return;
    log_warning(NULL, "not in the bridges' room %s: %s; trying again", b->room_jid,
                why == MUC_OUT_REFUSED   ? stanza_condition_name(condition)
                : why == MUC_OUT_TIMEOUT ? "no answer"
                                         : "put out");
    if (!b->rejoin)
        b->rejoin = g_timeout_add(b->rejoin_ms, on_rejoin, b);
    b->rejoin_ms = MIN(2 * b->rejoin_ms, BREWERY_REJOIN_MAX_MS);
}

static void stop_rejoin(BridgeBrewery *b)
{
    if (b->rejoin)
        g_source_remove(b->rejoin);
    b->rejoin = 0;
}

void bridge_brewery_connected(BridgeBrewery *b)
{
    b->connected = TRUE;
    stop_rejoin(b);
    muc_room_join(b->room, NULL, BREWERY_JOIN_MS);
}

void bridge_brewery_disconnected(BridgeBrewery *b)
{
    b->connected = FALSE;
    stop_rejoin(b);
    muc_room_suspend(b->room);
}

void bridge_brewery_leave(BridgeBrewery *b)
{
    b->leaving = TRUE;
    stop_rejoin(b);
    muc_room_leave(b->room);
}

gboolean bridge_brewery_handle(BridgeBrewery *b, const Stanza *presence)
{
    return muc_room_handle(b->room, presence);
}

gboolean bridge_brewery_is_joined(const BridgeBrewery *b)
{
    return muc_room_is_joined(b->room);
}

BridgePool *bridge_brewery_pool(BridgeBrewery *b)
{
    return b->pool;
}

guint bridge_brewery_operational(const BridgeBrewery *b)
{
    guint n = 0;
    for (guint i = 0; i < bridge_pool_size(b->pool); i++)
        n += bridge_is_operational(bridge_pool_nth(b->pool, i)) && !bridge_pool_nth(b->pool, i)->shutting_down;
    return n;
}

guint64 bridge_brewery_refused(const BridgeBrewery *b)
{
    return b->refused;
}

guint64 bridge_brewery_lost(const BridgeBrewery *b)
{
    return b->lost;
}

/* ---- life ---- */

BridgeBrewery *bridge_brewery_new(IqRouter *router, StanzaSend send, gpointer send_user, const BreweryConfig *config,
                                  const BreweryEvents *events, gpointer user)
{
    static const MucEvents muc_events = { .joined = on_joined,
                                          .out = on_out,
                                          .occupant_joined = on_presence,
                                          .occupant_changed = on_presence,
                                          .occupant_left = on_gone };
    BridgeBrewery *b = g_new0(BridgeBrewery, 1);
    b->router = router;
    b->room_jid = g_strdup(config->room);
    b->from = g_strdup(config->from);
    b->config = *config;
    b->config.room = b->config.nick = b->config.from = NULL; /* the copies are elsewhere */
    b->events = *events;
    b->user = user;
    b->pool = bridge_pool_new(&config->pool);
    b->checkups = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, checkup_free);
    b->rejoin_ms = BREWERY_REJOIN_MIN_MS;
    if (!config->health_checks)
        b->silence = g_timeout_add(MAX(config->presence_ms / 4, 1), on_silence_due, b);
    b->room = muc_room_new(router, send, send_user, config->room, config->nick, config->from, &muc_events, b);
    return b;
}

void bridge_brewery_free(BridgeBrewery *b)
{
    if (!b)
        return;
    stop_rejoin(b);
    if (b->silence)
        g_source_remove(b->silence);
    muc_room_free(b->room);
    g_hash_table_unref(b->checkups);
    bridge_pool_free(b->pool);
    g_free(b->room_jid);
    g_free(b->from);
    g_free(b);
}
