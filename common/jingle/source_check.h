/* SPDX-License-Identifier: Apache-2.0
 *
 * Whether one owner's sources make sense together (doc/protocols.md, Jingle and sources). PURE, no state. */
#ifndef PLENUM_COMMON_JINGLE_SOURCE_CHECK_H
#define PLENUM_COMMON_JINGLE_SOURCE_CHECK_H

#include "common/jingle/source_set.h"

/* Groups refer to known sources, FID are pairs, msids fit. False and *error, BAD_REQUEST with a text that clients
 * know. */
bool source_check_groups(const SourceSet *s, GError **error);
/* A name stands for one source, that is one msid: whoever goes by names would merge two. False and *error as above. */
bool source_check_names(const SourceSet *s, GError **error);

#endif
