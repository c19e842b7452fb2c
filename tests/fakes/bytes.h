/* SPDX-License-Identifier: Apache-2.0
 *
 * Bytes of a test row, in a heap block of the exact size, so that a sanitizer sees one byte too many. */
#ifndef PLENUM_TESTS_FAKES_BYTES_H
#define PLENUM_TESTS_FAKES_BYTES_H

#include <glib.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Spaces are passed over. The caller frees it. */
static inline uint8_t *bytes_from_hex(const char *hex, size_t *len)
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

/* A copy, which the caller frees. */
static inline uint8_t *bytes_exact(const uint8_t *bytes, size_t len)
{
    uint8_t *out = malloc(len ? len : 1);
    if (len)
        memcpy(out, bytes, len);
    return out;
}

static inline void assert_bytes(const uint8_t *got, size_t len, const char *hex)
{
    size_t want_len;
    uint8_t *want = bytes_from_hex(hex, &want_len);
    g_assert_cmpmem(got, len, want, want_len);
    free(want);
}

#endif
