/* SPDX-License-Identifier: Apache-2.0
 *
 * One GTest per row of a table; rows are structs with a `const char *name`. */
#ifndef PLENUM_TESTS_FAKES_ROWS_H
#define PLENUM_TESTS_FAKES_ROWS_H

#include <glib.h>

/* func(gconstpointer row) */
#define ADD_ROWS(prefix, rows, func)                                                                                   \
    for (size_t row_ = 0; row_ < G_N_ELEMENTS(rows); row_++) {                                                         \
        g_autofree char *path_ = g_strdup_printf(prefix "/%s", (rows)[row_].name);                                     \
        g_test_add_data_func(path_, &(rows)[row_], func);                                                              \
    }

#endif
