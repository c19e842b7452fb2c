/* SPDX-License-Identifier: Apache-2.0
 *
 * Keeps the processors from halting. On a virtual machine an idle processor is given back to the host: waking it costs an
 * exit, which whoever wakes it pays in CPU time, and now and then milliseconds until the host has time for it. Both say
 * something about the host, and nothing about what is measured. */
#ifndef PLENUM_TESTS_BENCH_AWAKE_H
#define PLENUM_TESTS_BENCH_AWAKE_H

#include <stdbool.h>

/* One thread for each processor that this process may use, of policy SCHED_IDLE: it runs where nothing else does, and
 * gives way to whatever wakes. They end with the process. False: not allowed. */
bool awake_start(void);

#endif
