/* SPDX-License-Identifier: Apache-2.0
 *
 * From the packets of one receive batch to everyone who gets them. The batch is walked receiver by receiver, so that
 * all packets of one receiver lie side by side and leave as one run. Worker thread. */
#ifndef PLENUM_BRIDGE_FORWARD_H
#define PLENUM_BRIDGE_FORWARD_H

#include "bridge/media_conference.h"

/* Adds an accepted packet to its conference's batch, with a reference. */
void forward_packet(MediaConference *c, Packet *p);
/* Sends the batches of all conferences and flushes. */
void forward_batches(Worker *w);
/* The conference ends: its packets go nowhere. */
void forward_discard(MediaConference *c);

#endif
