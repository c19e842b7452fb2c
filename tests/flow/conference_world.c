/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/flow/conference_world.h"

/* DOUBTFUL: a bridge said that it knows nothing of it, perhaps too late for the conference to care. */
typedef enum { ABSENT, DOUBTFUL, PRESENT } Belief;

/* A client's view. */
typedef struct {
    char *sid;    /* NULL: in no session */
    char *ending; /* a session it ended itself; the focus may still speak about it */
    SourceMap *told;
} Client;

struct World {
    GHashTable *clients;   /* nick -> Client: those in the room */
    GHashTable *endpoints; /* "endpoint@bridge" -> Belief: those that a bridge was asked to have */
    bool over;
};

static void client_free(void *p)
{
    Client *c = p;
    g_free(c->sid);
    g_free(c->ending);
    source_map_free(c->told);
    g_free(c);
}

World *world_new(void)
{
    World *w = g_new0(World, 1);
    w->clients = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, client_free);
    w->endpoints = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    return w;
}

void world_free(World *w)
{
    g_hash_table_unref(w->clients);
    g_hash_table_unref(w->endpoints);
    g_free(w);
}

static char *at(const char *endpoint, const char *bridge)
{
    return g_strdup_printf("%s@%s", endpoint, bridge);
}

static gboolean is_on(gpointer key, gpointer value, gpointer bridge)
{
    return strcmp(strchr(key, '@') + 1, bridge) == 0;
}

static Belief belief_of(World *w, const char *key)
{
    return (Belief)GPOINTER_TO_INT(g_hash_table_lookup(w->endpoints, key));
}

static void believe(World *w, const char *key, Belief belief)
{
    if (belief_of(w, key) != ABSENT || belief == PRESENT)
        g_hash_table_insert(w->endpoints, g_strdup(key), GINT_TO_POINTER(belief));
}

static void doubt_bridge(World *w, const char *bridge)
{
    GHashTableIter it;
    gpointer key;
    g_hash_table_iter_init(&it, w->endpoints);
    while (g_hash_table_iter_next(&it, &key, NULL)) {
        if (is_on(key, NULL, (gpointer)bridge))
            g_hash_table_iter_replace(&it, GINT_TO_POINTER(DOUBTFUL));
    }
}

static void clear_bridge(World *w, const char *bridge)
{
    g_hash_table_foreach_remove(w->endpoints, is_on, (gpointer)bridge);
}

/* --- what happens ----------------------------------------------------------------------------------- */

static void join(World *w, const char *nick)
{
    Client *c = g_new0(Client, 1);
    c->told = source_map_new();
    g_hash_table_insert(w->clients, g_strdup(nick), c);
}

/* Everybody sees from presence that someone left, and drops that one's sources. */
static void leave(World *w, const char *nick)
{
    GHashTableIter it;
    gpointer p;
    if (!g_hash_table_remove(w->clients, nick))
        return;
    g_hash_table_iter_init(&it, w->clients);
    while (g_hash_table_iter_next(&it, NULL, &p))
        source_map_set(((Client *)p)->told, nick, NULL);
}

static void close_session(Client *c)
{
    g_free(c->ending);
    c->ending = g_steal_pointer(&c->sid);
}

static void on_answer(World *w, const ConfEvent *ev)
{
    if (ev->outcome != OUTCOME_ERROR)
        return;
    if (ev->error->reason == COLIBRI2_REASON_CONFERENCE_NOT_FOUND)
        doubt_bridge(w, ev->bridge);
    if (ev->error->reason == COLIBRI2_REASON_UNKNOWN_ENDPOINT && ev->error->endpoint_id) {
        g_autofree char *key = at(ev->error->endpoint_id, ev->bridge);
        believe(w, key, DOUBTFUL);
    }
}

void world_event(World *w, const ConfEvent *ev)
{
    Client *c = ev->member ? g_hash_table_lookup(w->clients, ev->member) : NULL;
    switch (ev->type) {
    case EV_MEMBER_JOINED:
        leave(w, ev->member);
        join(w, ev->member);
        break;
    case EV_MEMBER_LEFT:
        leave(w, ev->member);
        break;
    case EV_BRIDGE_LOST:
        if (!ev->reachable)
            clear_bridge(w, ev->bridge);
        break;
    case EV_COLIBRI_ANSWER:
        if (ev->bridge)
            on_answer(w, ev);
        break;
    case EV_ENDPOINT_LOST: {
        g_autofree char *key = at(ev->member, ev->bridge ? ev->bridge : "");
        believe(w, key, DOUBTFUL);
        break;
    }
    case EV_JINGLE:
        if (c && ev->jingle->action == JINGLE_SESSION_TERMINATE && g_strcmp0(c->sid, ev->jingle->sid) == 0)
            close_session(c);
        break;
    default:
        break;
    }
}

/* --- what the conference does ------------------------------------------------------------------------ */

static void on_colibri(World *w, const ConfAction *a)
{
    const Colibri2Endpoint *e = a->modify->endpoints->len ? a->modify->endpoints->pdata[0] : NULL;
    g_autofree char *key = e ? at(e->id, a->bridge) : NULL;
    if (a->colibri == COLIBRI_ALLOCATE) {
        if (belief_of(w, key) == PRESENT)
            g_error("%s is made twice", key);
        believe(w, key, PRESENT);
    } else if (a->colibri != COLIBRI_EXPIRE) {
        if (belief_of(w, key) == ABSENT)
            g_error("%s is changed, but is not there", key);
    } else if (key) {
        g_hash_table_remove(w->endpoints, key);
    }
    if (a->modify->expire)
        clear_bridge(w, a->bridge);
}

static void on_sources(Client *c, const ConfAction *a, const SourceMap *message)
{
    bool add = a->jingle->action == JINGLE_SOURCE_ADD;
    g_autoptr(GPtrArray) owners = source_map_owners(message);
    for (guint i = 0; i < owners->len; i++) {
        const char *owner = owners->pdata[i];
        const SourceSet *set = source_map_get(message, owner), *before = source_map_get(c->told, owner);
        g_autoptr(SourceSet) after = before ? source_set_copy(before) : source_set_new();
        for (guint k = 0; k < set->sources->len; k++) {
            const Source *src = set->sources->pdata[k];
            bool known = source_set_find(after, src->ssrc) != NULL;
            if (known == add)
                g_error("%s is told to %s %u of %s", a->member, add ? "add" : "remove", src->ssrc, owner);
        }
        if (add)
            source_set_add(after, set);
        else
            source_set_remove(after, set);
        source_map_set(c->told, owner, after);
    }
}

static void on_jingle(World *w, const ConfAction *a, const SourceMap *message)
{
    Client *c = g_hash_table_lookup(w->clients, a->member);
    const char *sid = a->jingle->sid;
    if (!c)
        g_error("a message to %s, who is not here", a->member);
    if (source_map_get(message, a->member))
        g_error("%s is told of itself", a->member);
    if (a->jingle->action == JINGLE_SESSION_INITIATE) {
        if (c->sid)
            g_error("%s is invited while in session %s", a->member, c->sid);
        c->sid = g_strdup(sid);
        source_map_free(c->told);
        c->told = source_map_copy(message);
        return;
    }
    if (!c->sid && g_strcmp0(c->ending, sid) == 0)
        return; /* it ended the session; the focus did not take it for this one */
    if (g_strcmp0(c->sid, sid) != 0)
        g_error("%s hears of session %s, has %s", a->member, sid, c->sid ? c->sid : "none");
    if (a->jingle->action == JINGLE_SESSION_TERMINATE)
        close_session(c);
    else if (a->jingle->action == JINGLE_SOURCE_ADD || a->jingle->action == JINGLE_SOURCE_REMOVE)
        on_sources(c, a, message);
}

void world_action(World *w, const ConfAction *a, const SourceMap *told)
{
    bool is_reply = a->type == DO_REPLY || a->type == DO_REPLY_REQUEST;
    if (w->over && !is_reply)
        g_error("%s after the end", conference_action_name(a->type));
    if (a->type == DO_COLIBRI)
        on_colibri(w, a);
    else if (a->type == DO_JINGLE)
        on_jingle(w, a, told);
    else if (a->type == DO_END)
        w->over = true;
}

guint world_n_told(const World *w, const char *client, const char *owner)
{
    const Client *c = g_hash_table_lookup(w->clients, client);
    const SourceSet *told = c && c->sid ? source_map_get(c->told, owner) : NULL;
    return told ? told->sources->len : 0;
}
