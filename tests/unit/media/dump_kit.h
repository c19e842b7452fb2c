/* SPDX-License-Identifier: Apache-2.0
 *
 * The admin interface's JSON of a worker's snapshot. A file of its own: the control half and the worker half have
 * types of the same names. */
#ifndef PLENUM_TESTS_UNIT_MEDIA_DUMP_KIT_H
#define PLENUM_TESTS_UNIT_MEDIA_DUMP_KIT_H

#include <json-glib/json-glib.h>

#include "bridge/worker.h"

/* The array "streams", read back from its text; the caller frees. */
JsonNode *dump_kit_streams(const WorkerEvent *snapshot);

#endif
