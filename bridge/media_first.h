/* SPDX-License-Identifier: Apache-2.0
 *
 * Media before joins. Where more threads want to run than there are processors (two hundred people join, and control has
 * their handshakes to do), the kernel shares time out evenly, and a woken media thread waits for the end of somebody's
 * slice. So media threads ask for short slices, which lets them in sooner and makes them give way sooner, and control for
 * a smaller share: a handshake that takes ten milliseconds longer is noticed by nobody. Nothing here needs a privilege,
 * and where it is refused all goes on as before. Each function is for the thread that calls it. */
#ifndef PLENUM_BRIDGE_MEDIA_FIRST_H
#define PLENUM_BRIDGE_MEDIA_FIRST_H

#include <stdbool.h>

#define MEDIA_SLICE_NS 100000 /* the least that Linux knows; the usual one is some 3 ms */
#define CONTROL_NICE 5        /* beyond what the process was started with: a third of a media thread's weight */

/* A media thread, which keeps its nice value. Linux before 6.12 takes no notice. False, and nothing is changed: the thread
 * has another policy (real time), or sched_setattr(2) is refused. */
bool media_first_media(void);
/* Control's thread, once, before it starts threads of its own and after those of the media. False: refused. */
bool media_first_control(void);

#endif
