/* SPDX-License-Identifier: Apache-2.0
 *
 * Buffers for datagrams, each with room for what is parsed out of it, counted so that the receive vector, a
 * conference's batch and the retransmission caches can hold one packet at the same time without copying it.
 * Slabs are taken from the system as load grows and given back when a whole slab is free, so the packet path
 * itself allocates only at a new high-water mark. Owner: a worker; its thread only, hence plain counts. A packet that
 * other workers read has a count of those besides; the last of them leaves it for its owner to fetch. */
#ifndef PLENUM_BRIDGE_PACKET_POOL_H
#define PLENUM_BRIDGE_PACKET_POOL_H

#include "bridge/rx/media_packet.h"
#include "bridge/tx/projection.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PACKET_ROOM 1504       /* bytes; a datagram that fills it was longer than DEMUX_MAX_DATAGRAM */
#define PACKET_SLAB 64         /* packets */
#define PACKET_POOL_MAX 131072 /* packets of one worker, about 220 MB; beyond it datagrams are dropped */

typedef struct PacketSlab PacketSlab;

typedef struct Packet {
    struct Packet *next; /* free list, and the queues of its single owner */
    PacketSlab *slab;
    uint32_t refs;
    _Atomic uint32_t readers; /* threads that read it, its owner included, while it is handed over */
    uint32_t len;             /* bytes in data */
    int64_t now_us;           /* when the batch it came with was read */
    /* after rx_path accepted it: */
    struct MediaSource *source;
    uint32_t cache_index; /* in the source's RtxCache, when cached */
    bool cached;
    bool patched; /* the payload's first bytes are some receiver's; prefix has the sender's */
    uint8_t prefix[PROJECTION_PATCH_MAX];
    MediaPacket media;
    uint8_t data[PACKET_ROOM];
} Packet;

typedef struct {
    PacketSlab *open; /* slabs with a free packet, fullest use first */
    PacketSlab *full;
    uint32_t total, used, limit;
    uint64_t refused;
    _Atomic(Packet *) returned; /* any thread: packets whose last reader was another thread */
} PacketPool;

void packet_pool_init(PacketPool *pool, uint32_t limit); /* packets; whole slabs of them */
/* One reference; contents undefined. NULL at the limit or without memory (counted in `refused`). */
Packet *packet_new(PacketPool *pool);
static inline Packet *packet_ref(Packet *p)
{
    p->refs++;
    return p;
}
void packet_release(PacketPool *pool, Packet *p); /* the last reference is gone: for packet_unref */
static inline void packet_unref(PacketPool *pool, Packet *p)
{
    if (--p->refs == 0)
        packet_release(pool, p);
}
/* One reader less; the last one of all gives the packet back. Any thread; `pool` is the one it was made in. */
void packet_leave(PacketPool *pool, Packet *p);
/* Takes back what other threads have left. Owner. */
void packet_pool_fetch(PacketPool *pool);
/* All packets must have been given back. */
void packet_pool_clear(PacketPool *pool);

#endif
