/* SPDX-License-Identifier: Apache-2.0 */
#include "common/xmpp/muc.h"

#include <stdarg.h>
#include <string.h>
#include "common/xmpp/jid.h"

typedef enum {
    OUTSIDE,
    JOINING,
    INSIDE,
    SUSPENDED, /* inside as far as we know, but the stream is down */
    REJOINING, /* inside, and our presence was sent again */
} State;

typedef struct {
    MucOccupant view; /* first: what callbacks see; its strings are ours */
    Stanza *presence;
    guint generation; /* of the join that showed it */
} Occupant;

struct MucRoom {
    /* set at birth */
    IqRouter *router;
    StanzaSend send;
    gpointer send_user;
    char *jid, *nick, *own_jid; /* own_jid: jid/nick */
    char *from;                 /* NULL for a client */
    MucEvents events;
    gpointer user;
    /* control */
    State state;
    guint generation;
    GHashTable *occupants; /* nick -> Occupant */
    GPtrArray *order;      /* of arrival, borrowed: those seen before our own presence are told in it */
    GPtrArray *extensions; /* Stanza */
    char *password;
    guint join_timer;
    MucAffiliation affiliation;
    MucRole role;
    GSList *requests; /* FormRequest not answered */
    gboolean *freed;  /* set when the room is freed inside one of its callbacks */
};

static const char *const affiliations[] = { "none", "outcast", "member", "admin", "owner" };
static const char *const roles[] = { "none", "visitor", "participant", "moderator" };

static int index_of(const char *const *names, int n, const char *text)
{
    for (int i = 0; text && i < n; i++)
        if (strcmp(names[i], text) == 0)
            return i;
    return 0;
}

/* ---- presence, read ---- */

static const Stanza *user_x(const Stanza *presence)
{
    return presence ? stanza_find(presence, "x", NS_MUC_USER) : NULL;
}

gboolean muc_presence_has_status(const Stanza *presence, unsigned code)
{
    const Stanza *x = user_x(presence);
    for (const Stanza *s = x ? stanza_find(x, "status", NULL) : NULL; s; s = stanza_next(s, "status", NULL)) {
        gint64 n;
        if (stanza_get_int(s, "code", 100, 999, &n) && n == code)
            return TRUE;
    }
    return FALSE;
}

static void read_item(const Stanza *presence, const char **jid, MucAffiliation *affiliation, MucRole *role)
{
    const Stanza *x = user_x(presence);
    const Stanza *item = x ? stanza_find(x, "item", NULL) : NULL;
    *jid = item ? stanza_get(item, "jid") : NULL;
    *affiliation = (MucAffiliation)index_of(affiliations, 5, item ? stanza_get(item, "affiliation") : NULL);
    *role = (MucRole)index_of(roles, 4, item ? stanza_get(item, "role") : NULL);
}

static void occupant_free(gpointer p)
{
    Occupant *o = p;
    g_free((char *)o->view.jid);
    g_free((char *)o->view.nick);
    g_free((char *)o->view.real_jid);
    stanza_free(o->presence);
    g_free(o);
}

static void occupant_update(Occupant *o, const Stanza *presence)
{
    const char *real;
    read_item(presence, &real, &o->view.affiliation, &o->view.role);
    if (real) { /* a presence without it does not take it back */
        g_free((char *)o->view.real_jid);
        o->view.real_jid = g_strdup(real);
    }
    stanza_free(o->presence);
    o->view.presence = o->presence = stanza_copy(presence);
}

/* ---- presence, written ---- */

static void send_presence(MucRoom *room, const char *type, gboolean join)
{
    Stanza *p = stanza_new("presence", NULL);
    stanza_set(p, "to", room->own_jid);
    stanza_set(p, "from", room->from);
    stanza_set(p, "type", type);
    if (join) {
        Stanza *x = stanza_child(p, "x", NS_MUC, NULL);
        if (room->password)
            stanza_set_text(stanza_child(x, "password", NULL, NULL), room->password);
        stanza_child(x, "history", NULL, "maxstanzas", "0", NULL);
    }
    for (guint i = 0; !type && i < room->extensions->len; i++)
        stanza_adopt(p, stanza_copy(g_ptr_array_index(room->extensions, i)));
    room->send(p, room->send_user);
}

static void stop_timer(MucRoom *room)
{
    if (room->join_timer)
        g_source_remove(room->join_timer);
    room->join_timer = 0;
}

/* Callbacks may free the room: *freed tells the caller to touch it no more. */
#define TELL(room, freed, event, ...)                                                                                  \
    do {                                                                                                               \
        if (!(freed) && (room)->events.event)                                                                          \
            (room)->events.event((room), __VA_ARGS__, (room)->user);                                                   \
    } while (0)

static void remove_occupant(MucRoom *room, Occupant *o, const Stanza *unavailable, const gboolean *freed)
{
    g_hash_table_steal(room->occupants, o->view.nick);
    g_ptr_array_remove(room->order, o);
    TELL(room, *freed, occupant_left, &o->view, unavailable);
    occupant_free(o);
}

static void get_out(MucRoom *room, MucOut why, StanzaCondition condition, const gboolean *freed)
{
    stop_timer(room);
    gboolean told = room->state != JOINING; /* a room that was never entered has told nobody */
    room->state = OUTSIDE;
    room->affiliation = MUC_AFFILIATION_NONE;
    room->role = MUC_ROLE_NONE;
    while (!*freed && room->order->len > 0) {
        Occupant *o = g_ptr_array_index(room->order, room->order->len - 1);
        if (told) {
            remove_occupant(room, o, NULL, freed);
        } else {
            g_ptr_array_set_size(room->order, (int)room->order->len - 1);
            g_hash_table_remove(room->occupants, o->view.nick);
        }
    }
    TELL(room, *freed, out, why, condition);
}

/* Guards one entry into the room against being freed inside. */
static gboolean *enter(MucRoom *room, gboolean *mine)
{
    *mine = FALSE;
    if (!room->freed)
        room->freed = mine;
    return room->freed;
}

static void leave(MucRoom *room, gboolean *freed, const gboolean *mine)
{
    if (!*freed && freed == mine)
        room->freed = NULL;
}

static gboolean on_join_timeout(gpointer user)
{
    MucRoom *room = user;
    gboolean mine, *freed = enter(room, &mine);
    room->join_timer = 0;
    send_presence(room, "unavailable", FALSE); /* the server may have let us in after all */
    get_out(room, MUC_OUT_TIMEOUT, STANZA_REMOTE_SERVER_TIMEOUT, freed);
    leave(room, freed, &mine);
    return G_SOURCE_REMOVE;
}

/* ---- what presence does ---- */

static void own_unavailable(MucRoom *room, const Stanza *presence, const gboolean *freed)
{
    static const unsigned kicks[] = { 307, 301, 321, 322 };
    /* While joining it is the answer to an earlier leave; a refusal comes as an error. */
    if (room->state != INSIDE && room->state != SUSPENDED)
        return;
    MucOut why = MUC_OUT_GONE;
    const Stanza *x = user_x(presence);
    if (x && stanza_find(x, "destroy", NULL))
        why = MUC_OUT_DESTROYED;
    for (unsigned i = 0; i < G_N_ELEMENTS(kicks); i++)
        if (muc_presence_has_status(presence, kicks[i]))
            why = MUC_OUT_KICKED;
    get_out(room, why, STANZA_UNDEFINED_CONDITION, freed);
}

/* Our own presence ends the list of who was there before us. */
static void joined(MucRoom *room, gboolean first, const gboolean *freed)
{
    stop_timer(room);
    room->state = INSIDE;
    g_autoptr(GPtrArray) before = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < room->order->len; i++)
        g_ptr_array_add(before, g_strdup(((Occupant *)g_ptr_array_index(room->order, i))->view.nick));
    if (first && room->events.joined)
        room->events.joined(room, room->user);
    for (guint i = 0; !*freed && i < before->len && room->state == INSIDE; i++) {
        Occupant *o = g_hash_table_lookup(room->occupants, g_ptr_array_index(before, i));
        if (!o)
            continue;
        if (first)
            TELL(room, *freed, occupant_joined, &o->view);
        else if (o->generation != room->generation)
            remove_occupant(room, o, NULL, freed); /* left while we could not see it */
    }
    if (!*freed && !first && room->state == INSIDE && room->events.joined)
        room->events.joined(room, room->user);
}

static void own_available(MucRoom *room, const Stanza *presence, const gboolean *freed)
{
    const char *real;
    MucAffiliation affiliation;
    MucRole role;
    if (room->state == OUTSIDE)
        return;
    read_item(presence, &real, &affiliation, &role);
    gboolean changed = affiliation != room->affiliation || role != room->role;
    room->affiliation = affiliation;
    room->role = role;
    if (room->state == JOINING || room->state == REJOINING)
        joined(room, room->state == JOINING, freed);
    if (changed)
        TELL(room, *freed, self_changed, affiliation, role);
}

static void other_available(MucRoom *room, const char *nick, const Stanza *presence, const gboolean *freed)
{
    Occupant *o = g_hash_table_lookup(room->occupants, nick);
    gboolean is_new = !o;
    if (room->state == OUTSIDE)
        return;
    if (is_new) {
        if (g_hash_table_size(room->occupants) >= MUC_MAX_OCCUPANTS) {
            TELL(room, *freed, refused, nick);
            return;
        }
        o = g_new0(Occupant, 1);
        o->view.nick = g_strdup(nick);
        o->view.jid = g_strdup_printf("%s/%s", room->jid, nick);
        o->view.real_jid = g_strdup("");
        g_hash_table_insert(room->occupants, (gpointer)o->view.nick, o);
        g_ptr_array_add(room->order, o);
    }
    o->generation = room->generation;
    occupant_update(o, presence);
    if (room->state == JOINING)
        return; /* told after `joined` */
    if (is_new)
        TELL(room, *freed, occupant_joined, &o->view);
    else
        TELL(room, *freed, occupant_changed, &o->view);
}

static void join_refused(MucRoom *room, const Stanza *presence, const gboolean *freed)
{
    if (room->state != JOINING && room->state != REJOINING)
        return; /* an error about a later presence changes nothing */
    StanzaErrorInfo info;
    stanza_error_read(presence, &info);
    get_out(room, MUC_OUT_REFUSED, info.condition, freed);
    stanza_error_info_clear(&info);
}

gboolean muc_room_handle(MucRoom *room, const Stanza *presence)
{
    const char *from = stanza_get(presence, "from"), *type = stanza_get(presence, "type");
    if (!from || strcmp(stanza_name(presence), "presence") != 0)
        return FALSE;
    size_t len = strlen(room->jid);
    if (strncmp(from, room->jid, len) != 0 || (from[len] != '/' && from[len] != '\0'))
        return FALSE;
    gboolean mine, *freed = enter(room, &mine);
    const char *nick = from[len] ? from + len + 1 : "";
    /* 110 marks ourselves; the nick alone must do for servers that forget it. */
    gboolean own = strcmp(nick, room->nick) == 0 || muc_presence_has_status(presence, 110);
    if (g_strcmp0(type, "error") == 0) {
        if (own || *nick == '\0')
            join_refused(room, presence, freed);
    } else if (*nick == '\0') {
        ; /* presence of the room itself (vCards) */
    } else if (g_strcmp0(type, "unavailable") == 0) {
        Occupant *o = own ? NULL : g_hash_table_lookup(room->occupants, nick);
        if (own)
            own_unavailable(room, presence, freed);
        else if (o && room->state != JOINING)
            remove_occupant(room, o, presence, freed);
        else if (o) {
            g_ptr_array_remove(room->order, o);
            g_hash_table_remove(room->occupants, nick);
        }
    } else if (!type) {
        if (own)
            own_available(room, presence, freed);
        else
            other_available(room, nick, presence, freed);
    }
    leave(room, freed, &mine);
    return TRUE;
}

/* ---- life ---- */

MucRoom *muc_room_new(IqRouter *router, StanzaSend send, gpointer send_user, const char *room_jid, const char *nick,
                      const char *from, const MucEvents *events, gpointer user)
{
    MucRoom *room = g_new0(MucRoom, 1);
    room->router = router;
    room->send = send;
    room->send_user = send_user;
    g_autoptr(Jid) normal = jid_parse_room(room_jid);
    room->jid = g_strdup(normal ? normal->bare : room_jid); /* as the server will write it */
    room->nick = g_strdup(nick);
    room->own_jid = g_strdup_printf("%s/%s", room->jid, nick);
    room->from = g_strdup(from);
    room->events = *events;
    room->user = user;
    room->occupants = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, occupant_free);
    room->order = g_ptr_array_new();
    room->extensions = g_ptr_array_new_with_free_func((GDestroyNotify)stanza_free);
    return room;
}

void muc_room_join(MucRoom *room, const char *password, guint timeout_ms)
{
    char *copy = g_strdup(password);
    g_free(room->password);
    room->password = copy;
    room->state = room->state == OUTSIDE || room->state == JOINING ? JOINING : REJOINING;
    room->generation++;
    stop_timer(room);
    room->join_timer = g_timeout_add(timeout_ms, on_join_timeout, room);
    send_presence(room, NULL, TRUE);
}

void muc_room_suspend(MucRoom *room)
{
    stop_timer(room);
    if (room->state == INSIDE || room->state == REJOINING)
        room->state = SUSPENDED;
}

void muc_room_leave(MucRoom *room)
{
    if (room->state == OUTSIDE)
        return;
    gboolean mine, *freed = enter(room, &mine);
    send_presence(room, "unavailable", FALSE);
    get_out(room, MUC_OUT_LEFT, STANZA_UNDEFINED_CONDITION, freed);
    leave(room, freed, &mine);
}

void muc_room_set_extensions(MucRoom *room, GPtrArray *elements)
{
    g_ptr_array_set_free_func(elements, (GDestroyNotify)stanza_free);
    g_ptr_array_unref(room->extensions);
    room->extensions = elements;
    if (room->state == INSIDE)
        send_presence(room, NULL, FALSE);
}

gboolean muc_room_is_joined(const MucRoom *room)
{
    return room->state == INSIDE || room->state == REJOINING;
}

const char *muc_room_jid(const MucRoom *room)
{
    return room->jid;
}

MucAffiliation muc_room_own_affiliation(const MucRoom *room)
{
    return room->affiliation;
}

guint muc_room_n_occupants(const MucRoom *room)
{
    return g_hash_table_size(room->occupants);
}

const MucOccupant *muc_room_occupant(const MucRoom *room, const char *nick)
{
    const Occupant *o = g_hash_table_lookup(room->occupants, nick);
    return o ? &o->view : NULL;
}

void muc_room_each(const MucRoom *room, void (*each)(const MucOccupant *occupant, gpointer user), gpointer user)
{
    for (guint i = 0; i < room->order->len; i++)
        each(&((const Occupant *)g_ptr_array_index(room->order, i))->view, user);
}

/* ---- IQs to the room ---- */

typedef struct {
    MucRoom *room;
    guint number;
    MucFormDone form_done;
    IqDone done;
    gpointer user;
} Request;

static void request_end(Request *r)
{
    r->room->requests = g_slist_remove(r->room->requests, r);
    g_free(r);
}

static void ask(Request *r, const char *type, Stanza *payload, guint timeout_ms, IqDone on_answer)
{
    MucRoom *room = r->room;
    room->requests = g_slist_prepend(room->requests, r);
    r->number = iq_router_request(room->router, type, room->from, room->jid, payload, timeout_ms, on_answer, r);
    if (!r->number)
        on_answer(IQ_TIMEOUT, NULL, r); /* the router is being freed */
}

void muc_room_free(MucRoom *room)
{
    if (!room)
        return;
    if (room->freed)
        *room->freed = TRUE;
    stop_timer(room);
    while (room->requests) {
        Request *r = room->requests->data;
        iq_router_cancel(room->router, r->number);
        request_end(r);
    }
    g_ptr_array_unref(room->order);
    g_hash_table_unref(room->occupants);
    g_ptr_array_unref(room->extensions);
    g_free(room->password);
    g_free(room->jid);
    g_free(room->nick);
    g_free(room->own_jid);
    g_free(room->from);
    g_free(room);
}

static GHashTable *read_form(const Stanza *iq)
{
    const Stanza *query = stanza_find(iq, "query", NS_MUC_OWNER);
    const Stanza *x = query ? stanza_find(query, "x", NS_DATA_FORM) : NULL;
    if (!x)
        return NULL;
    GHashTable *fields = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    for (const Stanza *f = stanza_find(x, "field", NULL); f; f = stanza_next(f, "field", NULL)) {
        const char *var = stanza_get(f, "var");
        const Stanza *value = stanza_find(f, "value", NULL);
        if (var && value && g_hash_table_size(fields) < MUC_MAX_FIELDS)
            g_hash_table_insert(fields, g_strdup(var), stanza_text(value));
    }
    return fields;
}

static void on_form(IqOutcome outcome, const Stanza *answer, gpointer user)
{
    Request r = *(Request *)user;
    g_autoptr(GHashTable) fields = outcome == IQ_RESULT ? read_form(answer) : NULL;
    request_end(user);
    r.form_done(r.room, fields, r.user);
}

static void on_plain(IqOutcome outcome, const Stanza *answer, gpointer user)
{
    Request r = *(Request *)user;
    request_end(user);
    if (r.done)
        r.done(outcome, answer, r.user);
}

void muc_room_read_config(MucRoom *room, guint timeout_ms, MucFormDone done, gpointer user)
{
    Request *r = g_new0(Request, 1);
    *r = (Request){ .room = room, .form_done = done, .user = user };
    ask(r, "get", stanza_new("query", NS_MUC_OWNER), timeout_ms, on_form);
}

static void add_field(Stanza *x, const char *var, const char *value)
{
    stanza_set_text(stanza_child(stanza_child(x, "field", NULL, "var", var, NULL), "value", NULL, NULL), value);
}

void muc_room_submit_config(MucRoom *room, guint timeout_ms, IqDone done, gpointer user, ...)
{
    Request *r = g_new0(Request, 1);
    *r = (Request){ .room = room, .done = done, .user = user };
    Stanza *query = stanza_new("query", NS_MUC_OWNER);
    Stanza *x = stanza_child(query, "x", NS_DATA_FORM, "type", "submit", NULL);
    add_field(x, "FORM_TYPE", "http://jabber.org/protocol/muc#roomconfig");
    va_list ap;
    va_start(ap, user);
    const char *var;
    while ((var = va_arg(ap, const char *)))
        add_field(x, var, va_arg(ap, const char *));
    va_end(ap);
    ask(r, "set", query, timeout_ms, on_plain);
}

void muc_room_set_affiliation(MucRoom *room, const char *bare_jid, MucAffiliation affiliation, guint timeout_ms,
                              IqDone done, gpointer user)
{
    Request *r = g_new0(Request, 1);
    *r = (Request){ .room = room, .done = done, .user = user };
    Stanza *query = stanza_new("query", NS_MUC_ADMIN);
    stanza_child(query, "item", NULL, "affiliation", affiliations[affiliation], "jid", bare_jid, NULL);
    ask(r, "set", query, timeout_ms, on_plain);
}
