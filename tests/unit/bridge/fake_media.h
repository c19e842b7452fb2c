/* SPDX-License-Identifier: Apache-2.0
 *
 * In place of the media workers: keeps every command posted to it. */
#ifndef PLENUM_TESTS_FAKE_MEDIA_H
#define PLENUM_TESTS_FAKE_MEDIA_H

#include <glib.h>
#include "bridge/bridge_env.h"

typedef struct {
    GPtrArray *commands;  /* of WorkerCommand, oldest first */
    bool full;            /* refuse everything */
    unsigned place;       /* the worker of the next endpoint */
    unsigned last_worker; /* that the last command went to */
} FakeMedia;

FakeMedia *fake_media_new(void);
MediaPort fake_media_port(FakeMedia *m);
/* The last command of that type, NULL when there was none; of any endpoint when endpoint is 0. */
const WorkerCommand *fake_media_last(const FakeMedia *m, WorkerCommandType type, uint64_t endpoint);
unsigned fake_media_count(const FakeMedia *m, WorkerCommandType type);
void fake_media_clear(FakeMedia *m);
void fake_media_free(FakeMedia *m);
/* A zeroed event with room for `extra` bytes of elements. g_free it. */
WorkerEvent *fake_event(WorkerEventType type, uint64_t conference, uint64_t endpoint, size_t n, size_t extra);

#endif
