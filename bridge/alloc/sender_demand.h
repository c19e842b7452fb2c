/* SPDX-License-Identifier: Apache-2.0
 *
 * How tall anyone at all wants one source: the largest of all receivers' effective constraints, which is what its
 * sender is told (SenderSourceConstraints). Owner: the source. One thread. */
#ifndef PLENUM_BRIDGE_ALLOC_SENDER_DEMAND_H
#define PLENUM_BRIDGE_ALLOC_SENDER_DEMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SENDER_DEMAND_MAX 4096 /* receivers (endpoints and relays) of one source */

typedef struct {
    uint64_t receiver;
    int max_height;
} SenderDemandEntry;

typedef struct {
    SenderDemandEntry *entry; /* owned, sorted by receiver; only non-zero wishes are kept */
    size_t count, room;
    int demand;
    bool overflow;
} SenderDemand;

/* A zeroed SenderDemand is empty and valid: demand 0. Frees what it holds and leaves it so. */
void sender_demand_clear(SenderDemand *d);
/* Receiver's effective height (0 nothing, -1 unlimited; 0 also removes it). True when the demand changed. Beyond
 * SENDER_DEMAND_MAX, or out of memory, the demand becomes -1 until a receiver leaves. */
bool sender_demand_set(SenderDemand *d, uint64_t receiver, int max_height);
/* 0, pixels, or -1. */
int sender_demand_height(const SenderDemand *d);

#endif
