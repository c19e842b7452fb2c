/* SPDX-License-Identifier: Apache-2.0
 *
 * Wanted minus told: what one receiver still has to be told about the sources of the others (doc/protocols.md, Jingle
 * and sources). PURE; owned by the receiver's Member in the conference; one thread. */
#ifndef PLENUM_FOCUS_SOURCE_SIGNALING_H
#define PLENUM_FOCUS_SOURCE_SIGNALING_H

#include "common/jingle/source_map.h"

#define SOURCE_SIGNALING_MAX_REMOVED 4096 /* msids remembered as taken back, of one receiver's session */

typedef struct SourceSignaling SourceSignaling;

/* A source set is kept out when the receiver does not take its kind. */
SourceSignaling *source_signaling_new(bool takes_audio, bool takes_video);
void source_signaling_free(SourceSignaling *s); /* NULL is fine */

/* The receiver was told exactly this (its session-initiate); wanted becomes the same. */
void source_signaling_reset(SourceSignaling *s, const SourceMap *told);
/* What `owner` sends now (NULL or empty: nothing any more). `tell_removal` false: the receiver knows by itself
 * that the owner is gone (it left the room), so its sources are forgotten without a word. */
void source_signaling_want(SourceSignaling *s, const char *owner, const SourceSet *set, bool tell_removal);
/* Is there something to tell? */
bool source_signaling_is_pending(const SourceSignaling *s);
/* What to send, in this order: remove, then add; each NULL when there is nothing, caller owns. Afterwards told is what
 * is wanted. */
void source_signaling_flush(SourceSignaling *s, SourceMap **remove, SourceMap **add);
/* Told to the receiver so far; borrowed. */
const SourceMap *source_signaling_told(const SourceSignaling *s);

#endif
