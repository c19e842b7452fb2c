/* SPDX-License-Identifier: Apache-2.0
 *
 * XMPP addresses (RFC 7622): local@domain/resource. A Jid is an immutable value, already validated and
 * normalised: ASCII case of local and domain folded, a final dot of the domain removed; the resource (a MUC
 * nick) stays as it is. Non-ASCII parts must be UTF-8 and are lower-cased and NFC-normalised, a subset of
 * PRECIS that the server has applied anyway. Pure. */
#ifndef PLENUM_COMMON_XMPP_JID_H
#define PLENUM_COMMON_XMPP_JID_H

#include <glib.h>

#define JID_MAX_PART 1023 /* bytes of each part */
#define JID_MAX_LEN (3 * JID_MAX_PART + 2)

typedef struct {
    const char *local;    /* "" when none */
    const char *domain;   /* never "" */
    const char *resource; /* "" when none */
    const char *bare;     /* local@domain or domain */
    const char *full;     /* the whole address */
} Jid;

/* Any text but NULL. NULL: not an address. Free with jid_free. */
Jid *jid_parse(const char *text);
Jid *jid_copy(const Jid *jid);
void jid_free(Jid *jid); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Jid, jid_free)

/* Each also demands the shape: bare has no resource, full and occupant have local and resource (an
 * occupant: room@service/nick), room is bare with a local part. */
Jid *jid_parse_bare(const char *text);
Jid *jid_parse_full(const char *text);
Jid *jid_parse_occupant(const char *text);
Jid *jid_parse_room(const char *text);
/* From parts that are not escaped yet; local or resource may be NULL. NULL: a part is not valid. */
Jid *jid_build(const char *local, const char *domain, const char *resource);

gboolean jid_equal(const Jid *a, const Jid *b);         /* all parts */
gboolean jid_is_in(const Jid *jid, const char *domain); /* that domain itself; case-insensitive */

/* On texts that came from a server, without a full check: the part after the first '/', "" when none
 * (borrowed), and the part before it (caller frees). */
const char *jid_text_resource(const char *text);
char *jid_text_bare(const char *text);

#endif
