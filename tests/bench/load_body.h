/* SPDX-License-Identifier: Apache-2.0
 *
 * What a test packet carries behind its codec's descriptor: its number, and bytes that follow from it, so that a
 * receiver sees whether he got all of it, and of which packet. Pure. */
#ifndef PLENUM_TESTS_BENCH_LOAD_BODY_H
#define PLENUM_TESTS_BENCH_LOAD_BODY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LOAD_BODY_MIN 8 /* bytes */

/* Fills len >= LOAD_BODY_MIN bytes. */
void load_body_fill(uint8_t *body, size_t len, uint32_t number);
/* Whether all len bytes are those of one packet; *number: which. */
bool load_body_read(const uint8_t *body, size_t len, uint32_t *number);

#endif
