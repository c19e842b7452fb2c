/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/worker_timers.h"

#include <stdlib.h>

bool timers_reserve(TimerHeap *h, uint32_t timers)
{
    if (timers < h->room)
        return true;
    uint32_t room = timers < 32 ? 64 : timers * 2;
    Timer **heap = realloc(h->heap, (room + 1) * sizeof(*heap));
    if (!heap)
        return false;
    h->heap = heap;
    h->room = room;
    return true;
}

void timers_clear(TimerHeap *h)
{
    free(h->heap);
    *h = (TimerHeap){ 0 };
}

void timer_init(Timer *t, void (*fire)(void *user, int64_t now_us), void *user)
{
    *t = (Timer){ .due_us = TIMER_NEVER, .fire = fire, .user = user };
}

static void put(TimerHeap *h, uint32_t place, Timer *t)
{
    h->heap[place] = t;
    t->place = place;
}

static void sift_up(TimerHeap *h, uint32_t place, Timer *t)
{
    while (place > 1 && h->heap[place / 2]->due_us > t->due_us) {
        put(h, place, h->heap[place / 2]);
        place /= 2;
    }
    put(h, place, t);
}

static void sift_down(TimerHeap *h, uint32_t place, Timer *t)
{
    for (;;) {
        uint32_t child = place * 2;
        if (child > h->used)
            break;
        if (child < h->used && h->heap[child + 1]->due_us < h->heap[child]->due_us)
            child++;
        if (h->heap[child]->due_us >= t->due_us)
            break;
        put(h, place, h->heap[child]);
        place = child;
    }
    put(h, place, t);
}

static void remove_timer(TimerHeap *h, Timer *t)
{
    uint32_t place = t->place;
    Timer *last = h->heap[h->used--];
    t->place = 0;
    t->due_us = TIMER_NEVER;
    if (last == t)
        return;
    if (place > 1 && h->heap[place / 2]->due_us > last->due_us)
        sift_up(h, place, last);
    else
        sift_down(h, place, last);
}

void timer_set(TimerHeap *h, Timer *t, int64_t due_us)
{
    if (due_us == TIMER_NEVER) {
        if (t->place)
            remove_timer(h, t);
        return;
    }
    int64_t before = t->due_us;
    if (t->place == 0) {
        if (h->used >= h->room)
            return; /* timers_reserve was not called: our own mistake, better late than out of bounds */
        t->due_us = due_us;
        sift_up(h, ++h->used, t);
        return;
    }
    t->due_us = due_us;
    if (due_us < before)
        sift_up(h, t->place, t);
    else
        sift_down(h, t->place, t);
}

void timers_run(TimerHeap *h, int64_t now_us, unsigned most)
{
    while (most-- > 0 && h->used && h->heap[1]->due_us <= now_us) {
        Timer *t = h->heap[1];
        remove_timer(h, t);
        t->fire(t->user, now_us);
    }
}
