/* SPDX-License-Identifier: Apache-2.0
 *
 * The bridge's control thread as the daemon runs it: the real Bridge on the default main context, spoken to in
 * COLIBRI2, its endpoints' DTLS, the workers' events. While it runs nobody else may fetch events of those workers. */
#ifndef PLENUM_TESTS_BENCH_STORM_CONTROL_H
#define PLENUM_TESTS_BENCH_STORM_CONTROL_H

#include "bridge/worker_api.h"
#include "tests/bench/storm_clients.h"

typedef struct StormControl StormControl;

/* Starts the thread, with ordinary priority as in the daemon. */
StormControl *storm_control_new(Workers *workers);
/* All of these clients join, in rooms of `people`: a request to create and one with the client's transport each, as
 * fast as they can be carried out. Returns at once. The clients must stay until storm_control_leave has returned. */
void storm_control_join(StormControl *s, StormClients *clients, unsigned n, unsigned people);
/* Everybody leaves; waits until it is done. */
void storm_control_leave(StormControl *s);
/* CPU time of the thread so far; that of carrying out requests alone. */
int64_t storm_control_cpu_ns(const StormControl *s);
int64_t storm_control_requests_ns(const StormControl *s);
/* Ends the thread and what the Bridge has. */
void storm_control_free(StormControl *s);

#endif
