/* SPDX-License-Identifier: Apache-2.0
 *
 * Who a remote address belongs to: open addressing from Tuple to an endpoint of this worker, or to the worker
 * that owns it. Only authenticated addresses enter it. Owner: a worker, its thread only. */
#ifndef PLENUM_BRIDGE_WORKER_TUPLES_H
#define PLENUM_BRIDGE_WORKER_TUPLES_H

#include "bridge/transport/tuple.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WORKER_TUPLES_MAX 65536    /* own and foreign; 8 a endpoint at most (ICE_TUPLES_MAX) */
#define WORKER_FOREIGN_US 60000000 /* a foreign entry nobody sent to for so long is forgotten */

struct MediaEndpoint;

typedef struct {
    Tuple tuple;                    /* family 0: free */
    struct MediaEndpoint *endpoint; /* NULL: another worker's */
    int64_t used_us;                /* foreign: last datagram */
    uint8_t owner;                  /* foreign: its worker */
    bool valid;                     /* own: our check succeeded, DTLS and SRTP may come from here */
} TupleEntry;

typedef struct {
    TupleEntry *slots;
    uint32_t mask, used, limit;
    uint64_t seed, refused;
} TupleTable;

/* `seed`: random. False: no memory. */
bool tuple_table_init(TupleTable *t, uint32_t limit, uint64_t seed);
void tuple_table_clear(TupleTable *t);
/* Borrowed until the next put or remove. NULL: unknown. */
TupleEntry *tuple_table_find(TupleTable *t, const Tuple *key);
/* Finds or makes the entry (endpoint NULL, not valid). NULL: full, which is counted. */
TupleEntry *tuple_table_put(TupleTable *t, const Tuple *key);
void tuple_table_remove(TupleTable *t, const Tuple *key); /* what is not there is no error */
void tuple_table_remove_endpoint(TupleTable *t, const struct MediaEndpoint *endpoint);
/* Forgets foreign entries unused since before_us. */
void tuple_table_expire_foreign(TupleTable *t, int64_t before_us);

#endif
