/* SPDX-License-Identifier: Apache-2.0
 *
 * Retransmission memory in two parts. RtxCache, one per source: the packets forwarded lately, each held once however
 * many receivers got it. RtxMap, one per send SSRC toward one receiver: under which sequence number a cached packet
 * went out, and the few bytes that were rewritten for it. Worker thread; the cache belongs to the source, the map
 * to the receiver's stream. Growing is the only allocation. */
#ifndef PLENUM_BRIDGE_TX_RTX_CACHE_H
#define PLENUM_BRIDGE_TX_RTX_CACHE_H

#include "bridge/packet_pool.h"
#include "bridge/tx/projection.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RTX_CACHE_US 1000000         /* what was sent longer ago helps few .. */
#define RTX_CACHE_RTTS 2             /* .. unless the way is long: round trips of the farthest receiver, .. */
#define RTX_CACHE_RTT_MAX_US 1500000 /* .. of which no longer one is believed */
#define RTX_CACHE_LEAST 200          /* newest packets of a slow source, which stay .. */
#define RTX_CACHE_LEAST_US 4000000   /* .. so long whatever the round trip */
#define RTX_CACHE_FIRST 64           /* packets; doubles on demand */
#define RTX_CACHE_MAX 2048
#define RTX_MAP_FIRST 64 /* entries; doubles on demand */
#define RTX_MAP_MAX 2048
#define RTX_MAP_DD 4     /* bytes of a dependency descriptor kept in the entry itself */
#define RTX_MAP_BLOBS 16 /* longer ones (with a structure: first packets of key frames) */

/* Zero-initialise. */
typedef struct {
    Packet **ring;
    uint32_t size;       /* power of two; 0 before the first packet */
    uint32_t head, tail; /* next index; oldest one held. Indexes run on and wrap at 2^32 */
    /* Of packets that lately left for some receiver, the longest wait in its queue: of those before until_us, which are
     * a second's, and of those in the second before. */
    int64_t waited_us, waited_before_us, until_us;
    int64_t rtt_us; /* rtx_cache_rtt; 0 unknown */
} RtxCache;

/* Takes a reference; returns the packet's index. Old ones leave. */
uint32_t rtx_cache_put(RtxCache *c, PacketPool *pool, Packet *p);
/* NULL when it has left. */
static inline Packet *rtx_cache_get(const RtxCache *c, uint32_t index)
{
    return index - c->tail < c->head - c->tail ? c->ring[index & (c->size - 1)] : NULL;
}
/* A packet leaves for some receiver after it has waited for so long: his second begins now. */
void rtx_cache_waited(RtxCache *c, int64_t waited_us, int64_t now_us);
/* The round trip of the farthest receiver, 0 unknown. */
void rtx_cache_rtt(RtxCache *c, int64_t rtt_us);
/* Lets go of what is older than RTX_CACHE_US, or RTX_CACHE_RTTS if that is longer, and the longest wait, which counts for
 * one second; but of the newest RTX_CACHE_LEAST only when older than RTX_CACHE_LEAST_US too. Clear: of everything. */
void rtx_cache_expire(RtxCache *c, PacketPool *pool, int64_t now_us);
void rtx_cache_clear(RtxCache *c, PacketPool *pool);

typedef struct {                /* 32 bytes: two to a cache line */
    uint32_t index;             /* in the source's RtxCache */
    uint32_t ts, sent_ms;       /* sent_ms: last time it went out, modulo 2^32 */
    uint16_t seq, tcc;          /* tcc: transport-cc number of the first time */
    uint8_t used : 1, held : 1; /* held: has its number, waits to be sent; must not be sent again before */
    uint8_t filler : 1;         /* an empty packet went out in its place */
    uint8_t marker;
    uint8_t patch_len, dd_len;
    uint8_t patch[PROJECTION_PATCH_MAX];
    uint8_t dd[RTX_MAP_DD]; /* dd_len > RTX_MAP_DD: dd[0] is the blob's place, dd[1] its generation */
} RtxEntry;

typedef struct {
    uint8_t generation;
    uint8_t bytes[DD_MAX_LEN];
} RtxBlob;

/* Zero-initialise. */
typedef struct {
    RtxEntry *ring; /* by seq & (size - 1) */
    uint32_t size;  /* power of two; 0 before the first packet */
    RtxBlob *blobs;
    uint8_t next_blob;
    uint16_t newest;
} RtxMap;

/* The packet `p` (at `index` in its cache) went out as `out`. */
void rtx_map_put(RtxMap *m, const ProjectedPacket *out, uint16_t tcc, uint32_t index, const RtxCache *cache,
                 uint32_t now_ms);
/* NULL: never sent, or forgotten. */
RtxEntry *rtx_map_find(RtxMap *m, uint16_t seq);
/* What was rewritten, as projection_accept once said; ssrc is left 0. False: its descriptor has left. */
bool rtx_map_restore(const RtxMap *m, const RtxEntry *e, ProjectedPacket *out);
void rtx_map_clear(RtxMap *m); /* frees what it holds */

#endif
