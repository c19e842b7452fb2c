/* SPDX-License-Identifier: Apache-2.0
 *
 * Redundant audio (RFC 2198): where the primary block is. Pure; any thread. */
#ifndef PLENUM_COMMON_RTP_RED_H
#define PLENUM_COMMON_RTP_RED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RED_MAX_BLOCKS 32 /* headers we walk before calling the payload malformed */

typedef struct {
    uint8_t pt;      /* of the primary block, 0..127 */
    size_t off, len; /* inside the RED payload; len may be 0 */
    unsigned redundant_count;
} RedPrimary;

/* `payload` is the RTP payload of a RED packet. False when headers or blocks leave it, or there are RED_MAX_BLOCKS of
 * them; *out is written only for true. */
bool red_primary(const uint8_t *payload, size_t len, RedPrimary *out);

#endif
