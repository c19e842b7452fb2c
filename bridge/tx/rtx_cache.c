/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/tx/rtx_cache.h"

#include <stdlib.h>
#include <string.h>

static void drop_oldest(RtxCache *c, PacketPool *pool)
{
    packet_unref(pool, c->ring[c->tail & (c->size - 1)]);
    c->tail++;
}

static void cache_grow(RtxCache *c)
{
    uint32_t size = c->size ? c->size * 2 : RTX_CACHE_FIRST;
    if (size > RTX_CACHE_MAX)
        return;
    Packet **ring = malloc(size * sizeof(*ring));
    if (!ring)
        return;
    for (uint32_t i = c->tail; i != c->head; i++)
        ring[i & (size - 1)] = c->ring[i & (c->size - 1)];
    free(c->ring);
    c->ring = ring;
    c->size = size;
}

/* The second that now_us is in. */
static void next_second(RtxCache *c, int64_t now_us)
{
    if (now_us < c->until_us)
        return;
    c->waited_before_us = now_us - c->until_us < RTX_CACHE_US ? c->waited_us : 0;
    c->waited_us = 0;
    c->until_us = now_us + RTX_CACHE_US;
}

void rtx_cache_waited(RtxCache *c, int64_t waited_us, int64_t now_us)
{
    next_second(c, now_us);
    if (waited_us > c->waited_us)
        c->waited_us = waited_us;
}

void rtx_cache_rtt(RtxCache *c, int64_t rtt_us)
{
    c->rtt_us = rtt_us < RTX_CACHE_RTT_MAX_US ? rtt_us : RTX_CACHE_RTT_MAX_US;
}

void rtx_cache_expire(RtxCache *c, PacketPool *pool, int64_t now_us)
{
    next_second(c, now_us);
    int64_t waited_us = c->waited_us > c->waited_before_us ? c->waited_us : c->waited_before_us;
    int64_t way_us = RTX_CACHE_RTTS * c->rtt_us;
    int64_t keep_us = (way_us > RTX_CACHE_US ? way_us : RTX_CACHE_US) + waited_us;
    int64_t least_us = keep_us > RTX_CACHE_LEAST_US ? keep_us : RTX_CACHE_LEAST_US;
    while (c->tail != c->head) {
        int64_t age_us = now_us - c->ring[c->tail & (c->size - 1)]->now_us;
        if (age_us <= (c->head - c->tail > RTX_CACHE_LEAST ? keep_us : least_us))
            break;
        drop_oldest(c, pool);
    }
}

uint32_t rtx_cache_put(RtxCache *c, PacketPool *pool, Packet *p)
{
    rtx_cache_expire(c, pool, p->now_us);
    if (c->head - c->tail == c->size) {
        cache_grow(c);
        if (!c->ring)
            return c->head - 1; /* no memory: an index that is never found */
        if (c->head - c->tail == c->size)
            drop_oldest(c, pool);
    }
    c->ring[c->head & (c->size - 1)] = packet_ref(p);
    return c->head++;
}

void rtx_cache_clear(RtxCache *c, PacketPool *pool)
{
    while (c->tail != c->head)
        drop_oldest(c, pool);
    free(c->ring);
    c->ring = NULL;
    c->size = 0;
}

static void map_grow(RtxMap *m)
{
    uint32_t old_size = m->ring ? m->size : 0;
    uint32_t size = old_size ? old_size * 2 : RTX_MAP_FIRST;
    RtxEntry *ring = calloc(size, sizeof(*ring));
    if (!ring)
        return;
    for (uint32_t i = 0; i < old_size; i++)
        if (m->ring[i].used)
            ring[m->ring[i].seq & (size - 1)] = m->ring[i];
    free(m->ring);
    m->ring = ring;
    m->size = size;
}

static void keep_descriptor(RtxMap *m, RtxEntry *e, const ProjectedPacket *out)
{
    e->dd_len = out->dd_len;
    if (out->dd_len <= RTX_MAP_DD) {
        memcpy(e->dd, out->dd, out->dd_len);
        return;
    }
    if (!m->blobs && !(m->blobs = calloc(RTX_MAP_BLOBS, sizeof(*m->blobs)))) {
        e->used = 0;
        return;
    }
    RtxBlob *b = &m->blobs[m->next_blob];
    b->generation++;
    memcpy(b->bytes, out->dd, out->dd_len);
    e->dd[0] = m->next_blob;
    e->dd[1] = b->generation;
    m->next_blob = (uint8_t)((m->next_blob + 1) % RTX_MAP_BLOBS);
}

_Static_assert(sizeof(RtxEntry) == 32, "two entries a cache line");

void rtx_map_put(RtxMap *m, const ProjectedPacket *out, uint16_t tcc, uint32_t index, const RtxCache *cache,
                 uint32_t now_ms)
{
    RtxEntry *e = m->ring ? &m->ring[out->seq & (m->size - 1)] : NULL;
    /* About to forget a packet the cache still holds: remember more. */
    if (!e || (e->used && e->seq != out->seq && m->size < RTX_MAP_MAX && rtx_cache_get(cache, e->index))) {
        map_grow(m);
        if (!m->ring)
            return;
        e = &m->ring[out->seq & (m->size - 1)];
    }
    e->index = index;
    e->ts = out->ts;
    e->sent_ms = now_ms;
    e->seq = out->seq;
    e->tcc = tcc;
    e->used = 1;
    e->held = 0;
    e->filler = 0;
    e->marker = out->marker;
    e->patch_len = out->patch_len;
    memcpy(e->patch, out->patch, sizeof(e->patch));
    e->dd_len = 0;
    if (out->dd_len)
        keep_descriptor(m, e, out);
    m->newest = out->seq;
}

RtxEntry *rtx_map_find(RtxMap *m, uint16_t seq)
{
    if (m->size == 0)
        return NULL;
    RtxEntry *e = &m->ring[seq & (m->size - 1)];
    return e->used && e->seq == seq ? e : NULL;
}

bool rtx_map_restore(const RtxMap *m, const RtxEntry *e, ProjectedPacket *out)
{
    out->ssrc = 0;
    out->ts = e->ts;
    out->seq = e->seq;
    out->marker = e->marker;
    out->patch_len = e->patch_len;
    memcpy(out->patch, e->patch, sizeof(out->patch));
    out->dd_len = e->dd_len;
    if (e->dd_len <= RTX_MAP_DD) {
        memcpy(out->dd, e->dd, e->dd_len);
        return true;
    }
    const RtxBlob *b = &m->blobs[e->dd[0] % RTX_MAP_BLOBS];
    if (b->generation != e->dd[1])
        return false;
    memcpy(out->dd, b->bytes, e->dd_len);
    return true;
}

void rtx_map_clear(RtxMap *m)
{
    free(m->ring);
    free(m->blobs);
    *m = (RtxMap){ 0 };
}
