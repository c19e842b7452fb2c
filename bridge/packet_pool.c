/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/packet_pool.h"

#include <stdlib.h>

struct PacketSlab {
    PacketSlab *prev, *next;
    Packet *free;
    uint32_t used;
    Packet packets[PACKET_SLAB];
};

static void unlink_slab(PacketSlab **list, PacketSlab *s)
{
    if (s->prev)
        s->prev->next = s->next;
    else
        *list = s->next;
    if (s->next)
        s->next->prev = s->prev;
}

static void push_slab(PacketSlab **list, PacketSlab *s)
{
    s->prev = NULL;
    s->next = *list;
    if (s->next)
        s->next->prev = s;
    *list = s;
}

void packet_pool_init(PacketPool *pool, uint32_t limit)
{
    *pool = (PacketPool){ .limit = limit };
}

void packet_leave(PacketPool *pool, Packet *p)
{
    if (atomic_fetch_sub_explicit(&p->readers, 1, memory_order_acq_rel) != 1)
        return;
    /* A stack that is only ever emptied as a whole: no entry can come back while another thread looks at it. */
    p->next = atomic_load_explicit(&pool->returned, memory_order_relaxed);
    while (!atomic_compare_exchange_weak_explicit(&pool->returned, &p->next, p, memory_order_release,
                                                  memory_order_relaxed))
        ;
}

void packet_pool_fetch(PacketPool *pool)
{
    if (!atomic_load_explicit(&pool->returned, memory_order_relaxed))
        return;
    Packet *p = atomic_exchange_explicit(&pool->returned, NULL, memory_order_acquire);
    while (p) {
        Packet *next = p->next;
        packet_unref(pool, p);
        p = next;
    }
}

static PacketSlab *slab_new(PacketPool *pool)
{
    if (pool->total + PACKET_SLAB > pool->limit)
        return NULL;
    PacketSlab *s = malloc(sizeof(*s));
    if (!s)
        return NULL;
    s->free = NULL;
    s->used = 0;
    for (size_t i = PACKET_SLAB; i-- > 0;) {
        s->packets[i].slab = s;
        s->packets[i].next = s->free;
        s->free = &s->packets[i];
    }
    pool->total += PACKET_SLAB;
    push_slab(&pool->open, s);
    return s;
}

Packet *packet_new(PacketPool *pool)
{
    PacketSlab *s = pool->open ? pool->open : slab_new(pool);
    if (!s) {
        pool->refused++;
        return NULL;
    }
    Packet *p = s->free;
    s->free = p->next;
    p->next = NULL;
    p->refs = 1;
    s->used++;
    pool->used++;
    if (!s->free) {
        unlink_slab(&pool->open, s);
        push_slab(&pool->full, s);
    }
    return p;
}

void packet_release(PacketPool *pool, Packet *p)
{
    PacketSlab *s = p->slab;
    if (!s->free) {
        unlink_slab(&pool->full, s);
        push_slab(&pool->open, s);
    }
    p->next = s->free;
    s->free = p;
    s->used--;
    pool->used--;
    /* Keep a slab in reserve: load that breathes around a slab's edge must not call malloc each time. */
    if (s->used == 0 && pool->total - pool->used >= 3 * PACKET_SLAB) {
        unlink_slab(&pool->open, s);
        pool->total -= PACKET_SLAB;
        free(s);
    }
}

static void free_list(PacketSlab *s)
{
    while (s) {
        PacketSlab *next = s->next;
        free(s);
        s = next;
    }
}

void packet_pool_clear(PacketPool *pool)
{
    free_list(pool->open);
    free_list(pool->full);
    packet_pool_init(pool, pool->limit);
}
