/* SPDX-License-Identifier: Apache-2.0
 *
 * The bridge's routes on the private listener (doc/man/plenum-bridge.8, HTTP): statistics, drain, shutdown, COLIBRI2
 * by POST, conferences and endpoints as JSON, a few actions on them. Control thread.
 *
 *   GET  /colibri/stats                     numbers of stats.h
 *   GET  /colibri/drain, POST .../enable, .../disable
 *   POST /colibri/shutdown                  {"graceful-shutdown":true}
 *   POST /colibri2                          conference-modify in XML
 *   GET  /v1/conferences, /v1/conferences/CONF, /v1/conferences/CONF/endpoints/EP
 *                                           (also /debug, /debug/CONF, /debug/CONF/EP)
 *   POST /v1/conferences/CONF/endpoints/EP/keyframe
 *   POST /v1/conferences/CONF/endpoints/EP/expire
 *   POST /v1/conferences/CONF/endpoints/EP/capture[?seconds=N], .../capture-end    where configured
 *   GET  /v1/captures
 * CONF is the internal id or the meeting-id. */
#ifndef PLENUM_BRIDGE_ADMIN_H
#define PLENUM_BRIDGE_ADMIN_H

#include "bridge/capture.h"
#include "bridge/stats.h"
#include "common/base/http_admin.h"

#define ADMIN_MAX_WAITING 64   /* endpoint dumps waiting for their worker; beyond it they come without streams */
#define ADMIN_SNAPSHOT_MS 1000 /* then an endpoint is shown without its streams */

typedef struct Admin Admin;
/* Adds the routes; http, b and stats must outlive it, and no request may arrive after admin_free. */
Admin *admin_new(HttpAdmin *http, Bridge *b, Stats *stats);
/* A snapshot a request may be waiting for; borrowed, others are ignored. */
void admin_on_snapshot(Admin *a, const WorkerEvent *ev);
/* From now on captures can be asked for; borrowed until admin_free. Before the first request. */
void admin_set_captures(Admin *a, Captures *captures);
void admin_free(Admin *a); /* NULL is fine */

#endif
