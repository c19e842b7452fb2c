/* SPDX-License-Identifier: Apache-2.0
 *
 * Collects outgoing datagrams in one arena and hands them to the kernel with few calls: neighbours for the
 * same tuple and of equal size (the last may be shorter) become one UDP_SEGMENT run, runs of all receivers go
 * out with one sendmmsg. Packets are encrypted straight into the arena. Where the kernel refuses UDP_SEGMENT,
 * runs are split and sent singly. Owner: a worker, its thread only. */
#ifndef PLENUM_BRIDGE_TX_SEND_BATCH_H
#define PLENUM_BRIDGE_TX_SEND_BATCH_H

#include "bridge/transport/tuple.h"
#include "bridge/worker_stats.h"

#include <stddef.h>
#include <stdint.h>

#define SEND_BATCH_SEGMENTS 16        /* of one run */
#define SEND_BATCH_RUNS 64            /* of one sendmmsg */
#define SEND_BATCH_ARENA (192 * 1024) /* bytes: stays in the second-level cache until the kernel has copied it */
#define SEND_BATCH_DATAGRAM 1536      /* room that send_batch_reserve gives */

typedef struct SendBatch SendBatch;

/* fds[i] belongs to Tuple.socket i; borrowed, not closed. Counts tx_datagrams, tx_bytes, tx_calls, tx_runs and
 * drops[WORKER_DROP_SEND] in totals. NULL: no memory. */
SendBatch *send_batch_new(const int *fds, size_t n_fds, bool gso, WorkerTotals *totals);
void send_batch_free(SendBatch *b); /* what was not flushed is lost; NULL is fine */

/* Room for one datagram of up to SEND_BATCH_DATAGRAM bytes, valid until the next call; may flush. */
uint8_t *send_batch_reserve(SendBatch *b);
/* The datagram just written to the reserved room. `to` must be set. */
void send_batch_commit(SendBatch *b, const Tuple *to, size_t len);
/* Everything to the kernel; what it does not take is lost and counted. Never waits. */
void send_batch_flush(SendBatch *b);
/* Whether UDP_SEGMENT is (still) in use. */
bool send_batch_has_gso(const SendBatch *b);

#endif
