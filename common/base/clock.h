/* SPDX-License-Identifier: Apache-2.0
 *
 * The monotonic clock, read only by shells: pure modules get the time as a parameter. Any thread. */
#ifndef PLENUM_COMMON_BASE_CLOCK_H
#define PLENUM_COMMON_BASE_CLOCK_H

#include <stdint.h>

/* CLOCK_MONOTONIC, the clock of g_get_monotonic_time and of epoll timeouts; never goes back. */
int64_t clock_now_us(void);
int64_t clock_now_ms(void);
/* CLOCK_REALTIME since 1970, for NTP fields and log texts only. */
int64_t clock_wall_us(void);

#endif
