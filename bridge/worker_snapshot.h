/* SPDX-License-Identifier: Apache-2.0
 *
 * The worker's answer to WORKER_SNAPSHOT: its numbers as plain structs in one event. Worker thread. */
#ifndef PLENUM_BRIDGE_WORKER_SNAPSHOT_H
#define PLENUM_BRIDGE_WORKER_SNAPSHOT_H

#include "bridge/media_conference.h"

/* conf NULL: totals only. Emits the event; request is borrowed. */
void worker_snapshot(Worker *w, const MediaConference *conf, const WorkerCommand *request, int64_t now_us);

#endif
