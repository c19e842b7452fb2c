/* SPDX-License-Identifier: Apache-2.0
 *
 * Bounded queue of fixed-size values from any number of threads to one: how control and workers talk.
 * C11 atomics and an eventfd, no GLib, no lock, and nobody ever waits: a full box is a counted refusal.
 * Post from any thread; everything marked "reader" from the one thread that reads. */
#ifndef PLENUM_COMMON_BASE_MAILBOX_H
#define PLENUM_COMMON_BASE_MAILBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MAILBOX_MAX_ITEM 4096           /* bytes */
#define MAILBOX_MAX_CAPACITY (1u << 20) /* items */

typedef struct Mailbox Mailbox;

/* item_size in 1..MAILBOX_MAX_ITEM, capacity in 1..MAILBOX_MAX_CAPACITY (rounded up to a power of two, at
 * least 2). NULL: out of range, out of memory or no file descriptor (errno). */
Mailbox *mailbox_new(size_t item_size, size_t capacity);
/* Copies *item in and wakes the reader. false: full; nothing was kept, the refusal is counted, and what
 * item points to still belongs to the caller. */
bool mailbox_post(Mailbox *box, const void *item);
/* Reader: readable when there may be something to take; put it into epoll (level-triggered) or a GSource. */
int mailbox_fd(const Mailbox *box);
/* Reader: resets the wake-up. Call it first, then take until false. */
void mailbox_clear_wake(Mailbox *box);
/* Reader: who stops before it is empty, although he has reset the wake-up on the way, is woken again for the rest. */
void mailbox_keep_wake(Mailbox *box);
/* Reader: the oldest item; false: empty (or the next one is just being written, its wake-up follows). */
bool mailbox_take(Mailbox *box, void *item);
/* Refused posts since birth. Any thread. */
uint64_t mailbox_refused(const Mailbox *box);
/* No thread may be using it. Items still inside are dropped: take them first if they own something. NULL is fine. */
void mailbox_free(Mailbox *box);

#endif
