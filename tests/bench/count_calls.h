/* SPDX-License-Identifier: Apache-2.0
 *
 * Counts what the forwarding threads do: the linker puts these functions in place of those of the C library (--wrap,
 * see local.mk), so that system calls and copies are counted where they happen and not estimated. Only calls of our
 * own object files are seen; copies of constant size that the compiler turned into moves are not. */
#ifndef PLENUM_TESTS_BENCH_COUNT_CALLS_H
#define PLENUM_TESTS_BENCH_COUNT_CALLS_H

#include <stdbool.h>
#include <stdint.h>

typedef struct {
    uint64_t calls;        /* system calls */
    uint64_t waits;        /* of them: epoll_wait, clock_nanosleep */
    uint64_t kernel_bytes; /* copied into and out of the kernel */
    uint64_t user_bytes;   /* copied by memcpy and memmove */
} CallCounts;

/* The calling thread is the bench's own: never counted. */
void count_calls_exclude_this_thread(void);
/* Off at the start, and whenever time is taken: counting costs a little. */
void count_calls_enable(bool on);
CallCounts count_calls_now(void);

#endif
