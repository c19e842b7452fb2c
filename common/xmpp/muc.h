/* SPDX-License-Identifier: Apache-2.0
 *
 * One occupant's view of a room (XEP-0045): join, who is there, our own presence, configuration,
 * affiliations. Presence of a room is handled in order, one at a time. Control thread; no connection inside:
 * stanzas leave through a function. Everything given to callbacks is borrowed for the call. */
#ifndef PLENUM_COMMON_XMPP_MUC_H
#define PLENUM_COMMON_XMPP_MUC_H

#include "common/xmpp/iq_router.h"
#include "common/xmpp/jid.h"

#define NS_MUC "http://jabber.org/protocol/muc"
#define NS_MUC_USER "http://jabber.org/protocol/muc#user"
#define NS_MUC_OWNER "http://jabber.org/protocol/muc#owner"
#define NS_MUC_ADMIN "http://jabber.org/protocol/muc#admin"
#define NS_DATA_FORM "jabber:x:data"

#define MUC_MAX_OCCUPANTS 2000 /* of one room; presence of further ones is dropped, and told */
#define MUC_MAX_FIELDS 256     /* of a room's form */

typedef enum {
    MUC_AFFILIATION_NONE,
    MUC_AFFILIATION_OUTCAST,
    MUC_AFFILIATION_MEMBER,
    MUC_AFFILIATION_ADMIN,
    MUC_AFFILIATION_OWNER
} MucAffiliation;
typedef enum { MUC_ROLE_NONE, MUC_ROLE_VISITOR, MUC_ROLE_PARTICIPANT, MUC_ROLE_MODERATOR } MucRole;

typedef struct {
    const char *jid; /* occupant JID, room@service/nick */
    const char *nick;
    const char *real_jid; /* full; "" until the room shows it */
    MucAffiliation affiliation;
    MucRole role;
    const Stanza *presence; /* the last one */
} MucOccupant;

/* Why we are out of a room. */
typedef enum {
    MUC_OUT_LEFT,      /* we left */
    MUC_OUT_REFUSED,   /* the join was answered by an error; condition tells */
    MUC_OUT_TIMEOUT,   /* the join was not answered in time */
    MUC_OUT_KICKED,    /* 307, 301, 321, 322 */
    MUC_OUT_DESTROYED, /* <destroy/> */
    MUC_OUT_GONE,      /* any other unavailable of ours (332, server's own reasons) */
} MucOut;

typedef struct MucRoom MucRoom;

/* Any may be NULL. Occupants exclude ourselves. */
typedef struct {
    /* Own presence is back, the occupants before it are known. After a join they are reported next, after a rejoin they
     * have been, who left included. */
    void (*joined)(MucRoom *room, gpointer user);
    void (*out)(MucRoom *room, MucOut why, StanzaCondition condition, gpointer user); /* the room may be freed inside */
    void (*occupant_joined)(MucRoom *room, const MucOccupant *occupant, gpointer user);
    void (*occupant_changed)(MucRoom *room, const MucOccupant *occupant, gpointer user); /* any later presence */
    /* unavailable: its stanza (status codes, switch_room); NULL when we lost the room */
    void (*occupant_left)(MucRoom *room, const MucOccupant *occupant, const Stanza *unavailable, gpointer user);
    void (*self_changed)(MucRoom *room, MucAffiliation affiliation, MucRole role, gpointer user);
    /* presence of one more than MUC_MAX_OCCUPANTS, which is not taken up */
    void (*refused)(MucRoom *room, const char *nick, gpointer user);
} MucEvents;

/* room: "demo@conference.meet.example", in any case of letters; texts are copied; user must outlive it. from: our
 * address for a component ("focus@focus.meet.example/focus"), NULL for a client. */
MucRoom *muc_room_new(IqRouter *router, StanzaSend send, gpointer send_user, const char *room, const char *nick,
                      const char *from, const MucEvents *events, gpointer user);
/* Frees without a word to the server; callbacks of its requests do not run. NULL is fine. */
void muc_room_free(MucRoom *room);

/* Presence with <x muc> and the current extensions. After timeout_ms: unavailable is sent and `out` is told. Joining
 * again while in the room is the way to resynchronise after a reconnect: occupants who are not shown again before
 * our own presence leave then. password may be NULL. */
void muc_room_join(MucRoom *room, const char *password, guint timeout_ms);
/* The stream is down: nothing is sent until the next muc_room_join, and what is known stays. */
void muc_room_suspend(MucRoom *room);
void muc_room_leave(MucRoom *room); /* sends unavailable; `out` follows at once with MUC_OUT_LEFT */
/* Replaces all extension elements (GPtrArray of Stanza, taken with its elements) of our presence; sent at once when
 * joined (never with <x muc>, which would be a second join), with the join otherwise. */
void muc_room_set_extensions(MucRoom *room, GPtrArray *elements);
/* Presence whose `from` is in the room. FALSE: not this room's. */
gboolean muc_room_handle(MucRoom *room, const Stanza *presence);

gboolean muc_room_is_joined(const MucRoom *room);             /* FALSE also while suspended */
const char *muc_room_jid(const MucRoom *room);                /* bare; borrowed */
MucAffiliation muc_room_own_affiliation(const MucRoom *room); /* as last shown; NONE before the join */
guint muc_room_n_occupants(const MucRoom *room);              /* ourselves excluded */
/* NULL when absent. By nick; borrowed until the next presence. */
const MucOccupant *muc_room_occupant(const MucRoom *room, const char *nick);
void muc_room_each(const MucRoom *room, void (*each)(const MucOccupant *occupant, gpointer user), gpointer user);

/* The owner form (XEP-0045 10.2), at most MUC_MAX_FIELDS of it. fields: var -> first value; borrowed for the call;
 * NULL: refused or no answer. */
typedef void (*MucFormDone)(MucRoom *room, GHashTable *fields, gpointer user);
void muc_room_read_config(MucRoom *room, guint timeout_ms, MucFormDone done, gpointer user);
/* Submits var, value pairs (ended by NULL) with FORM_TYPE. done may be NULL; outcome as for any IQ. */
void muc_room_submit_config(MucRoom *room, guint timeout_ms, IqDone done, gpointer user, ...) G_GNUC_NULL_TERMINATED;
/* muc#admin (XEP-0045 9, 10): affiliation for a bare real JID. done may be NULL. */
void muc_room_set_affiliation(MucRoom *room, const char *bare_jid, MucAffiliation affiliation, guint timeout_ms,
                              IqDone done, gpointer user);
/* Does the presence's <x muc#user> carry that status code? */
gboolean muc_presence_has_status(const Stanza *presence, unsigned code);

#endif
