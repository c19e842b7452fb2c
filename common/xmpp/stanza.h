/* SPDX-License-Identifier: Apache-2.0
 *
 * Stanzas and their payloads as libxml2 trees: what codecs, fuzzers, the XMPP link and the HTTP forms
 * share. A Stanza is an element node. stanza_new and stanza_parse return the root of a tree of its own,
 * owned by the caller; every other Stanza is borrowed from its tree. Not thread-safe per tree; trees are
 * independent of each other. What is written into a tree is copied; bytes that XML cannot carry become U+FFFD. Without
 * memory the program ends. */
#ifndef PLENUM_COMMON_XMPP_STANZA_H
#define PLENUM_COMMON_XMPP_STANZA_H

#include <glib.h>
#include <libxml/tree.h>

typedef xmlNode Stanza;

/* Limits of what stanza_parse accepts; beyond them it fails and nothing is built. */
#define STANZA_MAX_BYTES (512 * 1024)
#define STANZA_MAX_DEPTH 32
#define STANZA_MAX_ELEMENTS 20000
#define STANZA_MAX_ATTRIBUTES 64 /* of one element */

#define STANZA_ERROR (stanza_error_quark())
GQuark stanza_error_quark(void);
typedef enum { STANZA_ERROR_TOO_LARGE, STANZA_ERROR_SYNTAX, STANZA_ERROR_FORBIDDEN } StanzaParseError;

/* A tree of its own with one element. ns may be NULL (then none is written). */
Stanza *stanza_new(const char *name, const char *ns);
/* Text -> tree. No DTD, no entities beyond XML's five, no network, the limits above. NULL and *error. */
Stanza *stanza_parse(const char *xml, size_t len, GError **error);
/* The same for a piece of a stream whose default namespace is ns: what is in no namespace there is in that one. */
Stanza *stanza_parse_in(const char *ns, const char *xml, size_t len, GError **error);
/* Deep copy as a tree of its own. */
Stanza *stanza_copy(const Stanza *s);
/* Frees a whole tree through its root; NULL is fine. */
void stanza_free(Stanza *root);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Stanza, stanza_free)

/* Appends an element and returns it. Attributes follow as name, value pairs, ended by NULL; a pair whose
 * value is NULL is left out. ns NULL: the parent's namespace. */
Stanza *stanza_child(Stanza *parent, const char *name, const char *ns, ...) G_GNUC_NULL_TERMINATED;
/* Moves the tree `child` (a root, ownership taken) below parent; returns it. */
Stanza *stanza_adopt(Stanza *parent, Stanza *child);
void stanza_set(Stanza *s, const char *name, const char *value); /* value NULL: removes */
void stanza_set_int(Stanza *s, const char *name, gint64 value);
void stanza_set_text(Stanza *s, const char *text);

const char *stanza_name(const Stanza *s);                                       /* borrowed, as all texts here */
const char *stanza_ns(const Stanza *s);                                         /* "" when none */
gboolean stanza_is(const Stanza *s, const char *name, const char *ns);          /* ns NULL: any */
const char *stanza_get(const Stanza *s, const char *name);                      /* borrowed; NULL when absent */
gboolean stanza_get_bool(const Stanza *s, const char *name, gboolean fallback); /* true/1, false/0 */
/* Decimal within [min, max]; FALSE when absent, malformed or outside. */
gboolean stanza_get_int(const Stanza *s, const char *name, gint64 min, gint64 max, gint64 *out);
char *stanza_text(const Stanza *s); /* own text, caller frees; "" when none */

/* First child element with that name and namespace (NULL: any of either); the next one after it. */
Stanza *stanza_find(const Stanza *parent, const char *name, const char *ns); /* NULL when there is none */
Stanza *stanza_next(const Stanza *sibling, const char *name, const char *ns);

char *stanza_to_string(const Stanza *s); /* caller frees (g_free) */

#endif
