/* SPDX-License-Identifier: Apache-2.0
 *
 * Datagrams that the kernel gave to the wrong worker. SO_REUSEPORT picks the socket by the hash of the addresses, so
 * all datagrams of one client land on the same worker, which need not own the conference. The first request is led
 * by its ufrag; once the owner has authenticated it, the receiving worker remembers the address. */
#include "bridge/forward.h"
#include "bridge/worker.h"

#include <string.h>

static const char WORKER_LETTERS[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdef";
_Static_assert(sizeof(WORKER_LETTERS) - 1 == WORKERS_MAX, "one letter a worker");

bool worker_ice_credentials(unsigned worker, IceCredentials *out)
{
    char prefix[2] = { worker < WORKERS_MAX ? WORKER_LETTERS[worker] : '\0', '\0' };
    return prefix[0] && ice_credentials_make(prefix, out);
}

int worker_of_ufrag(const Worker *w, char first)
{
    const char *at = first ? strchr(WORKER_LETTERS, first) : NULL;
    return at && (unsigned)(at - WORKER_LETTERS) < w->group->count ? (int)(at - WORKER_LETTERS) : -1;
}

void worker_hand_over(Worker *w, unsigned to, const Packet *p, const Tuple *from)
{
    if (to >= w->group->count || p->len > PACKET_ROOM)
        return;
    HandoverItem item;
    item.type = HANDOVER_DATAGRAM;
    item.from_worker = (uint8_t)w->index;
    item.len = (uint16_t)p->len;
    item.tuple = *from;
    memcpy(item.bytes, p->data, p->len);
    /* Only the used part of bytes is set; the ring copies the whole item, which nobody reads beyond len. */
    memset(item.bytes + p->len, 0, PACKET_ROOM - p->len);
    if (mailbox_post(w->group->workers[to]->handover, &item))
        w->totals.handed_over++;
    else
        w->totals.drops[WORKER_DROP_MAILBOX]++;
}

void worker_claim(Worker *w, unsigned receiver, const Tuple *tuple)
{
    if (receiver >= w->group->count || receiver == w->index)
        return;
    HandoverItem item = { .type = HANDOVER_REMEMBER, .from_worker = (uint8_t)w->index, .tuple = *tuple };
    if (!mailbox_post(w->group->workers[receiver]->handover, &item))
        w->totals.drops[WORKER_DROP_MAILBOX]++;
}

static void remember(Worker *w, const HandoverItem *item)
{
    TupleEntry *e = tuple_table_put(&w->tuples, &item->tuple);
    if (!e || (e->endpoint && e->valid))
        return;
    e->endpoint = NULL;
    e->valid = false;
    e->owner = item->from_worker;
    e->used_us = w->now_us;
}

void worker_on_handover(Worker *w)
{
    HandoverItem item;
    unsigned n = 0;
    bool empty = false;
    /* One ring full a round: others may write as fast as this reads. */
    for (unsigned taken = 0; taken < WORKER_HANDOVER; taken++) {
        if (!mailbox_take(w->handover, &item)) {
            mailbox_clear_wake(w->handover);
            empty = !mailbox_take(w->handover, &item);
            if (empty)
                break;
        }
        if (item.type == HANDOVER_REMEMBER) {
            remember(w, &item);
            continue;
        }
        Packet *p = packet_new(&w->pool);
        if (!p) {
            w->totals.drops[WORKER_DROP_POOL]++;
            continue;
        }
        p->len = item.len;
        memcpy(p->data, item.bytes, item.len);
        worker_on_datagram(w, p, &item.tuple, true, item.from_worker);
        packet_unref(&w->pool, p);
        if (++n % RECEIVE_BATCH == 0)
            forward_batches(w);
    }
    if (!empty)
        mailbox_keep_wake(w->handover);
    forward_batches(w);
}
