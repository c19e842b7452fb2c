/* SPDX-License-Identifier: Apache-2.0
 *
 * Numbers for associations, 1..SCTP_ASSOCIATIONS_MAX: what usrsctp gets instead of pointers. A number comes
 * back into use as late as possible, so that something late for an old association meets nobody. Pure. */
#ifndef PLENUM_BRIDGE_TRANSPORT_SCTP_TABLE_H
#define PLENUM_BRIDGE_TRANSPORT_SCTP_TABLE_H

#include <stdbool.h>
#include <stdint.h>

typedef struct {
    void **slots;
    uint32_t cap, count, last;
} SctpTable;

uint32_t sctp_table_add(SctpTable *t, void *what);     /* 0: full or no memory */
void *sctp_table_get(const SctpTable *t, uint32_t id); /* NULL when not in use */
void sctp_table_remove(SctpTable *t, uint32_t id);     /* one not in use is no error */
void sctp_table_clear(SctpTable *t);                   /* forgets all of them */

#endif
