/* SPDX-License-Identifier: Apache-2.0
 *
 * What a conference wants to know of a member's presence (doc/protocols.md, Rooms and members): role, kind, region, how
 * many sources it sends unmuted. PURE; one thread. Everything in it was written by the client, the <item/> excepted. */
#ifndef PLENUM_FOCUS_MEMBER_PRESENCE_H
#define PLENUM_FOCUS_MEMBER_PRESENCE_H

#include "common/xmpp/muc.h"
#include "focus/conference.h"

#define MEMBER_MAX_SOURCE_INFO 8192 /* bytes of SourceInfo; more, and the old counts stay */
#define MEMBER_MAX_SOURCES 64       /* entries of it */
#define MEMBER_MAX_TEXT 256         /* bytes of region and stats-id; longer ones are left out */

/* Owns what a MemberInfo shows. Keep one for each member. */
typedef struct {
    MemberInfo info; /* strings below, and the real JID, which is borrowed from the occupant */
    char *region, *stats_id;
} MemberPresence;

/* Reads the occupant's last presence into p, whose earlier counts stay where SourceInfo cannot be read.
 * trusted_domains: NULL-terminated; only their users may be recorders, gateways, transcribers. */
void member_presence_read(MemberPresence *p, const MucOccupant *occupant, const char *const *trusted_domains);
void member_presence_clear(MemberPresence *p); /* frees what it holds */

/* The counts of one SourceInfo text. FALSE: not to be believed, outputs untouched. */
gboolean member_source_info_count(const char *json, guint *audio, guint *video);

#endif
