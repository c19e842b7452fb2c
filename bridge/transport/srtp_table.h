/* SPDX-License-Identifier: Apache-2.0
 *
 * SSRC -> state of an incoming SRTP stream: open addressing, grows up to SRTP_STREAMS_MAX streams. Streams
 * keep their address until removed. Pure; owned by an SrtpRx. */
#ifndef PLENUM_BRIDGE_TRANSPORT_SRTP_TABLE_H
#define PLENUM_BRIDGE_TRANSPORT_SRTP_TABLE_H

#include "bridge/transport/srtp.h"

typedef struct {
    SrtpRxStream **slots; /* NULL: nothing added yet */
    unsigned mask;        /* number of slots - 1, at least twice as many slots as streams */
    unsigned count;
} SrtpTable;

SrtpRxStream *srtp_table_find(const SrtpTable *t, uint32_t ssrc); /* NULL when absent */
/* A zeroed stream for an SSRC that is not there; NULL when full or out of memory. */
SrtpRxStream *srtp_table_add(SrtpTable *t, uint32_t ssrc);
/* The same; when full the stream whose `used` lies furthest behind `now` makes room: *evicted is its SSRC, else 0. */
SrtpRxStream *srtp_table_add_evicting(SrtpTable *t, uint32_t ssrc, uint32_t now, uint32_t *evicted);
void srtp_table_remove(SrtpTable *t, uint32_t ssrc);
void srtp_table_clear(SrtpTable *t);

#endif
