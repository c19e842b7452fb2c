/* SPDX-License-Identifier: Apache-2.0
 *
 * Whether one owner's sources make sense together (focus sheet 5.8). PURE, no state. */
#ifndef PLENUM_COMMON_JINGLE_SOURCE_CHECK_H
#define PLENUM_COMMON_JINGLE_SOURCE_CHECK_H

#include "common/jingle/source_set.h"

/* Groups refer to known sources, FID are pairs, msids fit. BAD_REQUEST with the sheet's text. */
bool source_check_groups(const SourceSet *s, GError **error);

#endif
