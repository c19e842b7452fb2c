/* SPDX-License-Identifier: Apache-2.0
 *
 * Next-due heap: each owner embeds one Timer and has at most one time at which it wants to be called. Nothing
 * due costs nothing. Owner: a worker, its thread only. */
#ifndef PLENUM_BRIDGE_WORKER_TIMERS_H
#define PLENUM_BRIDGE_WORKER_TIMERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TIMER_NEVER INT64_MAX

typedef struct {
    int64_t due_us; /* read-only for owners; TIMER_NEVER when not set */
    uint32_t place; /* in the heap, 1-based; 0 not in it */
    void (*fire)(void *user, int64_t now_us);
    void *user;
} Timer;

typedef struct {
    Timer **heap;
    uint32_t used, room;
} TimerHeap;

/* Call before the first timer_set, and again after adding an owner: makes room for `timers` of them, so that setting
 * never fails. False: no memory. */
bool timers_reserve(TimerHeap *h, uint32_t timers);
void timers_clear(TimerHeap *h); /* forgets them all without firing */
void timer_init(Timer *t, void (*fire)(void *user, int64_t now_us), void *user);
/* Moves the timer to due_us, whether it was set or not; TIMER_NEVER removes it. */
void timer_set(TimerHeap *h, Timer *t, int64_t due_us);
/* Only moves it closer. */
static inline void timer_at_latest(TimerHeap *h, Timer *t, int64_t due_us)
{
    if (t->place == 0 || due_us < t->due_us)
        timer_set(h, t, due_us);
}
/* TIMER_NEVER when the heap is empty. */
static inline int64_t timers_next(const TimerHeap *h)
{
    return h->used ? h->heap[1]->due_us : TIMER_NEVER;
}
/* Fires what is due, at most `most` of it, so that sockets are looked at in between. Each is removed before its call
 * and usually sets itself again. */
void timers_run(TimerHeap *h, int64_t now_us, unsigned most);

#endif
