/* SPDX-License-Identifier: Apache-2.0
 *
 * What the focus publishes in a room (doc/protocols.md, Rooms and members). PURE. */
#ifndef PLENUM_FOCUS_FOCUS_PRESENCE_H
#define PLENUM_FOCUS_FOCUS_PRESENCE_H

#include "focus/conference.h"

/* One thread. All extension elements, the whole set each time: presence replaces. caps is taken. The caller owns the
 * array and its elements (Stanza), as muc_room_set_extensions takes them. */
GPtrArray *focus_presence_build(Stanza *caps, const char *document, const char *version, const ConfPresence *p);

#endif
