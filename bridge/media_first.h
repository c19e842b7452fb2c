/* SPDX-License-Identifier: Apache-2.0
 *
 * Media before joins. Where more threads want to run than there are processors (two hundred people join, and control has
 * their handshakes to do), the kernel shares time out evenly, and media waits. So control asks for a smaller share: a
 * handshake that takes ten milliseconds longer is noticed by nobody. Needs no privilege; where it is refused all goes on
 * as before. */
#ifndef PLENUM_BRIDGE_MEDIA_FIRST_H
#define PLENUM_BRIDGE_MEDIA_FIRST_H

#include <stdbool.h>

#define CONTROL_NICE 5 /* beyond what the process was started with: a third of a media thread's weight */

/* Control's thread, once, after the media threads were started and before it starts others, which inherit it. False:
 * refused. */
bool media_first_control(void);

#endif
