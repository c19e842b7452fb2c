/* SPDX-License-Identifier: Apache-2.0
 *
 * Conferences, endpoints and streams as JSON for the admin interface. No keys, passwords or ICE secrets.
 * Control thread. */
#ifndef PLENUM_BRIDGE_DUMP_H
#define PLENUM_BRIDGE_DUMP_H

#include <json-glib/json-glib.h>
#include "bridge/bridge.h"

/* Each adds one object to the builder. full: endpoints of a conference in detail, not their ids alone. */
void dump_conference(JsonBuilder *json, const Conference *c, bool full);
void dump_endpoint(JsonBuilder *json, const Endpoint *ep, bool full);
/* A member "streams" for the open object, from a snapshot. */
void dump_streams(JsonBuilder *json, const WorkerEvent *snapshot);
/* The text of what was built; the builder is done then. The caller frees. */
char *dump_text(JsonBuilder *json);

#endif
