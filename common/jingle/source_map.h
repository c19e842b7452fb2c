/* SPDX-License-Identifier: Apache-2.0
 *
 * All sources of a conference by owner, with the checks that keep one participant from harming another
 * (doc/protocols.md, Jingle and sources), and their compact JSON form. PURE. Owns its sets.
 * A call either applies completely or changes nothing. One thread at a time. */
#ifndef PLENUM_COMMON_JINGLE_SOURCE_MAP_H
#define PLENUM_COMMON_JINGLE_SOURCE_MAP_H

#include "common/jingle/source_set.h"

typedef struct {
    guint max_sources; /* per owner; 20 */
    guint max_groups;  /* per owner; 20 */
    bool check_names;  /* names must be <owner>-[av]N and used by one owner only */
} SourceLimits;
#define SOURCE_LIMITS_DEFAULT                                                                                          \
    {                                                                                                                  \
        .max_sources = 20, .max_groups = 20, .check_names = true                                                       \
    }

typedef struct SourceMap SourceMap;

/* The caller frees what new, copy and difference return. free: NULL is fine. */
SourceMap *source_map_new(void);
SourceMap *source_map_copy(const SourceMap *m);
bool source_map_equal(const SourceMap *a, const SourceMap *b);
void source_map_free(SourceMap *m);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SourceMap, source_map_free)

/* Checks `added` against everybody's sources and the limits, then adds it to owner's set.
 * false and *error (BAD_REQUEST, a text that clients know) otherwise. *accepted, when asked for, is what really
 * was added (empty and duplicate groups are left out); the caller owns it. */
bool source_map_try_add(SourceMap *m, const char *owner, const SourceSet *added, const SourceLimits *limits,
                        SourceSet **accepted, GError **error);
/* Removes sources (by SSRC, of that owner only) and groups. *removed, when asked for, is what really went, with the
 * groups that lost a member; the caller owns it. false and *error (BAD_REQUEST): one of them is not there. */
bool source_map_try_remove(SourceMap *m, const char *owner, const SourceSet *gone, SourceSet **removed, GError **error);
/* Everything of one owner; the caller owns the result, NULL when there was nothing. */
SourceSet *source_map_take(SourceMap *m, const char *owner);

/* Without checks: replaces (set copied; empty or NULL removes). For maps of what others see. */
void source_map_set(SourceMap *m, const char *owner, const SourceSet *set);
const SourceSet *source_map_get(const SourceMap *m, const char *owner); /* NULL when none */
guint source_map_size(const SourceMap *m);                              /* owners */
/* Owners with sources in order of first addition; g_ptr_array_unref the result, strings are borrowed. */
GPtrArray *source_map_owners(const SourceMap *m);
bool source_map_is_empty(const SourceMap *m);
/* a - b per owner; the caller owns the result. */
SourceMap *source_map_difference(const SourceMap *a, const SourceMap *b);
/* As source_set_strip_simulcast and source_set_drop_kind, of every owner. */
void source_map_strip_simulcast(SourceMap *m);
void source_map_drop_kind(SourceMap *m, MediaKind kind);

/* {"sources":{OWNER:[VIDEO,VIDEO_GROUPS,AUDIO,AUDIO_GROUPS?]}}, every string escaped. g_free the result. */
char *source_map_to_json(const SourceMap *m);
#define SOURCE_MAP_MAX_OWNERS 2000 /* of one parsed message */
/* The reader's side (clients do this; ours is for tests and tools). BAD_REQUEST in *error. */
SourceMap *source_map_from_json(const char *json, GError **error);

#endif
