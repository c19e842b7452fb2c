/* SPDX-License-Identifier: Apache-2.0
 *
 * The sources of one owner (XEP-0339): SSRCs with name, msid and video type, and groups of them; and the
 * algebra the focus needs: add, remove, difference, equality, strip simulcast.
 * PURE. A SourceSet owns its contents. Sources keep their order; there are few, so look-ups are linear.
 * Any thread, one at a time. */
#ifndef PLENUM_COMMON_JINGLE_SOURCE_SET_H
#define PLENUM_COMMON_JINGLE_SOURCE_SET_H

#include "common/jingle/media_desc.h"

/* What a parser reads at most, before any policy limit: one message, one group. */
#define SOURCE_SET_MAX_SOURCES 64
#define SOURCE_SET_MAX_GROUPS 64
#define SOURCE_GROUP_MAX 32
#define SOURCE_MAX_NAME 128 /* bytes */
#define SOURCE_MAX_MSID 256 /* bytes */

typedef enum { VIDEO_TYPE_UNSET, VIDEO_TYPE_CAMERA, VIDEO_TYPE_DESKTOP } VideoType;

typedef struct {
    uint32_t ssrc;  /* a parser yields 1..2^32-1 only */
    MediaKind kind; /* audio or video */
    VideoType video_type;
    char *name;  /* NULL when absent */
    char *msid;  /* NULL when absent */
    char *owner; /* ssrc-info; NULL when absent. A claim: never trusted when a client sends it */
} Source;

typedef enum { GROUP_FID, GROUP_SIM } GroupSemantics;
const char *group_semantics_name(GroupSemantics semantics); /* "FID", "SIM" */

typedef struct {
    GroupSemantics semantics;
    MediaKind kind;
    guint n; /* 0..SOURCE_GROUP_MAX */
    uint32_t ssrcs[SOURCE_GROUP_MAX];
} SourceGroup;

typedef struct {
    GPtrArray *sources; /* of Source */
    GPtrArray *groups;  /* of SourceGroup */
} SourceSet;

/* The caller frees what new, copy and difference return. free: NULL is fine. */
SourceSet *source_set_new(void);
SourceSet *source_set_copy(const SourceSet *s);
void source_set_free(SourceSet *s);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SourceSet, source_set_free)

bool source_set_is_empty(const SourceSet *s);
/* Same sources (owner claims aside) and same groups, order of either ignored. */
bool source_set_equal(const SourceSet *a, const SourceSet *b);
Source *source_set_find(const SourceSet *s, uint32_t ssrc); /* borrowed; NULL */
bool source_set_has_group(const SourceSet *s, const SourceGroup *g);

/* Appends and returns it, owned by s. Strings are copied; name and msid may be NULL. No check. The owner
 * is left NULL. */
Source *source_set_add_source(SourceSet *s, MediaKind kind, uint32_t ssrc, const char *name, const char *msid,
                              VideoType type);
/* n above SOURCE_GROUP_MAX is cut; no further check. */
void source_set_add_group(SourceSet *s, MediaKind kind, GroupSemantics semantics, const uint32_t *ssrcs, guint n);

/* s := s + other; what s already has (by SSRC, by equal group) is not added twice. */
void source_set_add(SourceSet *s, const SourceSet *other);
/* s := s - other, by SSRC and equal group. A group that loses a member goes too. */
void source_set_remove(SourceSet *s, const SourceSet *other);
/* What is in a and not in b: sources by full equality, groups too. The caller owns the result. */
SourceSet *source_set_difference(const SourceSet *a, const SourceSet *b);
/* Of each SIM group only the first SSRC stays; the other SSRCs, their FID partners and the SIM group go. */
void source_set_strip_simulcast(SourceSet *s);
/* Drops every source and group of that kind. */
void source_set_drop_kind(SourceSet *s, MediaKind kind);

/* XML. Reads source and ssrc-group children of a description (or media-source) into s.
 * BAD_REQUEST: SSRC out of range, unknown semantics, unknown videoType, msid too long or with control
 * characters, too many. Empty groups and repeats of a group are skipped; a source listed twice with one
 * SSRC is kept twice for the validation to refuse. The reader keeps ssrc-info owners, users of client messages must not
 * believe them. */
bool source_set_read_children(SourceSet *s, const Stanza *parent, MediaKind kind, GError **error);
/* Writes the sources and groups of that kind. full: with the msid parameter and, when known, the ssrc-info
 * owner, as Jingle has them; COLIBRI2 carries neither. */
void source_set_write_children(const SourceSet *s, Stanza *parent, MediaKind kind, bool full);

/* A source's name as this owner may use it: <owner>-a<N> or <owner>-v<N>, letter fitting the kind, with an
 * optional -suffix of [A-Za-z0-9-_.] (translated audio adds a language). */
bool source_name_is_valid(const char *name, const char *owner, MediaKind kind);

#endif
