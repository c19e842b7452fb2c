/* SPDX-License-Identifier: Apache-2.0
 *
 * Stress of this machine for the focus's choice of a bridge (doc/protocols.md, Bridges and their room): CPU share of
 * the last interval, time stolen by the hypervisor included, over the threshold. PURE but for load_read. Control
 * thread. */
#ifndef PLENUM_BRIDGE_LOAD_H
#define PLENUM_BRIDGE_LOAD_H

#include <stdbool.h>
#include <stdint.h>

#define LOAD_INTERVAL_S 10

typedef struct {                  /* in ticks, since boot, of all CPUs */
    uint64_t busy, stolen, total; /* busy includes stolen */
} CpuTimes;

/* The text of /proc/stat. False when its first line is not understood. */
bool load_parse(const char *proc_stat, CpuTimes *out);
/* Share 0..1 between two samples; 0 when no time passed between them. */
double load_share(const CpuTimes *before, const CpuTimes *now);
/* Reads /proc/stat. False: it cannot be read; *out is untouched. */
bool load_read(CpuTimes *out);

#endif
