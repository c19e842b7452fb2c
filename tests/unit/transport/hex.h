/* SPDX-License-Identifier: Apache-2.0
 *
 * Bytes of a test row in a heap block of the exact size, so that a sanitizer sees one byte too many. */
#ifndef PLENUM_TESTS_UNIT_TRANSPORT_HEX_H
#define PLENUM_TESTS_UNIT_TRANSPORT_HEX_H

#include <glib.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static inline uint8_t *from_hex(const char *hex, size_t *len)
{
    uint8_t *out = malloc(strlen(hex) / 2 + 1);
    *len = 0;
    for (; *hex; hex++) {
        if (*hex == ' ')
            continue;
        out[(*len)++] = (uint8_t)(g_ascii_xdigit_value(hex[0]) << 4 | g_ascii_xdigit_value(hex[1]));
        hex++;
    }
    return realloc(out, *len ? *len : 1);
}

/* A copy of the exact size. */
static inline uint8_t *exact(const uint8_t *bytes, size_t len)
{
    uint8_t *out = malloc(len ? len : 1);
    if (len)
        memcpy(out, bytes, len);
    return out;
}

#endif
