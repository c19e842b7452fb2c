/* SPDX-License-Identifier: Apache-2.0 */
#include "common/base/mailbox.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* A ring of slots with a turn number each: slot i may be written in turn i, i + capacity, ...; writing
 * makes it turn + 1, taking makes it turn + capacity. Writers claim a turn by compare-and-swap. */
typedef struct {
    _Atomic uint64_t turn;
    unsigned char item[];
} Slot;

struct Mailbox {
    /* set at birth */
    size_t item_size, slot_size, mask;
    int fd;
    unsigned char *slots;
    /* writers */
    _Alignas(64) _Atomic uint64_t tail;
    _Atomic uint64_t refused;
    _Alignas(64) _Atomic bool woken; /* the eventfd has been written since the reader last cleared it */
    /* reader */
    _Alignas(64) uint64_t head;
};

static Slot *slot_at(const Mailbox *box, uint64_t turn)
{
    return (Slot *)(void *)(box->slots + (turn & box->mask) * box->slot_size);
}

Mailbox *mailbox_new(size_t item_size, size_t capacity)
{
    if (item_size == 0 || item_size > MAILBOX_MAX_ITEM || capacity == 0 || capacity > MAILBOX_MAX_CAPACITY) {
        errno = EINVAL;
        return NULL;
    }
    size_t n = 2;
    while (n < capacity)
        n *= 2;
    Mailbox *box = aligned_alloc(64, (sizeof(*box) + 63) / 64 * 64);
    if (!box)
        return NULL;
    memset(box, 0, sizeof(*box));
    box->item_size = item_size;
    box->slot_size = (sizeof(Slot) + item_size + 7) / 8 * 8;
    box->mask = n - 1;
    box->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    box->slots = calloc(n, box->slot_size);
    if (!box->slots || box->fd < 0) {
        int saved = box->slots ? errno : ENOMEM;
        mailbox_free(box);
        errno = saved;
        return NULL;
    }
    for (size_t i = 0; i < n; i++)
        atomic_init(&slot_at(box, i)->turn, i);
    return box;
}

static void wake(Mailbox *box)
{
    /* Only the first post after a clear writes. The reader clears with an exchange too, so whoever finds
     * `woken` set has published its item before the reader starts to take. */
    if (!atomic_exchange_explicit(&box->woken, true, memory_order_acq_rel)) {
        uint64_t one = 1;
        ssize_t n = write(box->fd, &one, sizeof(one));
        (void)n; /* the counter cannot overflow: one write between clears */
    }
}

bool mailbox_post(Mailbox *box, const void *item)
{
    uint64_t turn = atomic_load_explicit(&box->tail, memory_order_relaxed);
    for (;;) {
        Slot *slot = slot_at(box, turn);
        int64_t ahead = (int64_t)(atomic_load_explicit(&slot->turn, memory_order_acquire) - turn);
        if (ahead < 0) { /* still holds the item of one round ago */
            atomic_fetch_add_explicit(&box->refused, 1, memory_order_relaxed);
            return false;
        }
        if (ahead > 0) { /* another writer was faster */
            turn = atomic_load_explicit(&box->tail, memory_order_relaxed);
            continue;
        }
        if (atomic_compare_exchange_weak_explicit(&box->tail, &turn, turn + 1, memory_order_relaxed,
                                                  memory_order_relaxed)) {
            memcpy(slot->item, item, box->item_size);
            atomic_store_explicit(&slot->turn, turn + 1, memory_order_release);
            wake(box);
            return true;
        }
    }
}

int mailbox_fd(const Mailbox *box)
{
    return box->fd;
}

void mailbox_clear_wake(Mailbox *box)
{
    uint64_t count;
    ssize_t n = read(box->fd, &count, sizeof(count));
    (void)n; /* EAGAIN: nobody had written */
    atomic_exchange_explicit(&box->woken, false, memory_order_acq_rel);
}

void mailbox_keep_wake(Mailbox *box)
{
    wake(box);
}

bool mailbox_take(Mailbox *box, void *item)
{
    Slot *slot = slot_at(box, box->head);
    if (atomic_load_explicit(&slot->turn, memory_order_acquire) != box->head + 1)
        return false;
    memcpy(item, slot->item, box->item_size);
    atomic_store_explicit(&slot->turn, box->head + box->mask + 1, memory_order_release);
    box->head++;
    return true;
}

uint64_t mailbox_refused(const Mailbox *box)
{
    return atomic_load_explicit(&((Mailbox *)box)->refused, memory_order_relaxed);
}

void mailbox_free(Mailbox *box)
{
    if (!box)
        return;
    if (box->fd >= 0)
        close(box->fd);
    free(box->slots);
    free(box);
}
