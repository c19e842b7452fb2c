/* SPDX-License-Identifier: Apache-2.0
 *
 * What a room and those in it say to the focus: the children of one XML document, in order. <presence/> goes to the
 * room, <iq/> answers the oldest request that waits, with its id and from whom it asked; <c/> has the capabilities it
 * names looked up, <config/> the room's form read, and <join/>, <suspend/>, <leave/> do as they say. */
#include <stdint.h>
#include <string.h>
#include "common/xmpp/disco.h"
#include "common/xmpp/muc.h"

#define ROOM "r@c"
#define LONG_MS 1000000 /* no main loop runs */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct {
    IqRouter *router;
    MucRoom *room;
    CapsCache *cache;
    GQueue asked; /* of Stanza: requests of ours */
    guint here;   /* occupants by what was told */
} World;

static void on_send(Stanza *stanza, gpointer user)
{
    if (strcmp(stanza_name(stanza), "iq") == 0)
        g_queue_push_tail(&((World *)user)->asked, stanza);
    else
        stanza_free(stanza);
}

static void on_occupant_joined(MucRoom *room, const MucOccupant *o, gpointer user)
{
    ((World *)user)->here++;
    g_assert_true(*o->nick && g_str_has_prefix(o->jid, ROOM "/"));
    g_assert_cmpstr(o->jid + strlen(ROOM "/"), ==, o->nick);
    g_assert_true(o->real_jid && o->presence);
}

static void on_occupant_changed(MucRoom *room, const MucOccupant *o, gpointer user)
{
    g_assert_true(muc_room_occupant(room, o->nick) == o);
}

static void on_occupant_left(MucRoom *room, const MucOccupant *o, const Stanza *unavailable, gpointer user)
{
    g_assert_cmpuint(((World *)user)->here--, >, 0);
}

static const MucEvents events = { .occupant_joined = on_occupant_joined,
                                  .occupant_changed = on_occupant_changed,
                                  .occupant_left = on_occupant_left };

static void on_form(MucRoom *room, GHashTable *fields, gpointer user)
{
    g_assert_true(!fields || g_hash_table_size(fields) <= MUC_MAX_FIELDS);
}

static void on_features(const char *const *features, gpointer user)
{
    guint n = 0;
    for (; features && features[n]; n++) {
        g_assert_cmpuint(strlen(features[n]), <=, DISCO_MAX_VAR);
        g_assert_true(n == 0 || strcmp(features[n - 1], features[n]) <= 0);
        g_assert_true(caps_has(features, features[n]));
    }
    g_assert_cmpuint(n, <=, DISCO_MAX_FEATURES);
}

static void answer(World *w, const Stanza *said)
{
    Stanza *asked = g_queue_pop_head(&w->asked);
    if (!asked)
        return;
    g_autoptr(Stanza) iq = stanza_copy(said);
    stanza_set(iq, "id", stanza_get(asked, "id"));
    stanza_set(iq, "from", stanza_get(asked, "to"));
    iq_router_handle(w->router, iq);
    stanza_free(asked);
}

static void perform(World *w, const Stanza *s)
{
    const char *name = stanza_name(s);
    if (strcmp(name, "presence") == 0)
        muc_room_handle(w->room, s);
    else if (strcmp(name, "iq") == 0)
        answer(w, s);
    else if (strcmp(name, "c") == 0)
        caps_lookup(w->cache, w->router, NULL, ROOM "/n", s, LONG_MS, on_features, w);
    else if (strcmp(name, "config") == 0)
        muc_room_read_config(w->room, LONG_MS, on_form, w);
    else if (strcmp(name, "join") == 0)
        muc_room_join(w->room, NULL, LONG_MS);
    else if (strcmp(name, "suspend") == 0)
        muc_room_suspend(w->room);
    else if (strcmp(name, "leave") == 0)
        muc_room_leave(w->room);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(Stanza) s = stanza_parse((const char *)data, size, NULL);
    if (!s)
        return 0;
    World w = { .cache = caps_cache_new(), .asked = G_QUEUE_INIT };
    w.router = iq_router_new(on_send, &w);
    w.room = muc_room_new(w.router, on_send, &w, ROOM, "focus", NULL, &events, &w);
    muc_room_join(w.room, NULL, LONG_MS);
    for (const Stanza *c = stanza_find(s, NULL, NULL); c; c = stanza_next(c, NULL, NULL)) {
        perform(&w, c);
        g_assert_cmpuint(muc_room_n_occupants(w.room), <=, MUC_MAX_OCCUPANTS);
        if (muc_room_is_joined(w.room))
            g_assert_cmpuint(muc_room_n_occupants(w.room), ==, w.here);
    }
    muc_room_free(w.room);
    iq_router_free(w.router);
    caps_cache_free(w.cache);
    g_queue_clear_full(&w.asked, (GDestroyNotify)stanza_free);
    return 0;
}
