/* SPDX-License-Identifier: Apache-2.0
 *
 * Hex to bytes for test tables, in a heap block of the exact size so that a sanitizer sees one byte too many,
 * and one GTest per table row. */
#ifndef PLENUM_TESTS_UNIT_RTP_TEST_BYTES_H
#define PLENUM_TESTS_UNIT_RTP_TEST_BYTES_H

#include <glib.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Spaces are passed over. Freed by the caller. */
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

static inline void assert_bytes(const uint8_t *got, size_t len, const char *hex)
{
    size_t want_len;
    uint8_t *want = bytes_from_hex(hex, &want_len);
    g_assert_cmpmem(got, len, want, want_len);
    free(want);
}

/* Rows are structs whose first member is `const char *name`. */
#define ADD_ROWS(prefix, rows, func)                                                                                   \
    for (size_t row_ = 0; row_ < G_N_ELEMENTS(rows); row_++) {                                                         \
        g_autofree char *path_ = g_strdup_printf(prefix "/%s", rows[row_].name);                                       \
        g_test_add_data_func(path_, &rows[row_], func);                                                                \
    }

#endif
