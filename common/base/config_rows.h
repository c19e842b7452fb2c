/* SPDX-License-Identifier: Apache-2.0
 *
 * Rows of an option table (config.h), one macro a type. Before including it, the file with the table defines
 * CONFIG_STRUCT, the daemon's struct; only such files include it. */
#ifndef PLENUM_COMMON_BASE_CONFIG_ROWS_H
#define PLENUM_COMMON_BASE_CONFIG_ROWS_H

#include <stddef.h>
#include "common/base/config.h"

#define AT(field) offsetof(CONFIG_STRUCT, field)
#define ROW(section, key, type, field, fallback, min, max, unit, choices, help)                                        \
    {                                                                                                                  \
        section, key, type, AT(field), fallback, min, max, unit, choices, help                                         \
    }
#define TEXT(section, key, field, fallback, help)                                                                      \
    ROW(section, key, CONFIG_STRING, field, fallback, 0, 255, NULL, NULL, help)
#define FLAG(section, key, field, fallback, help)                                                                      \
    ROW(section, key, CONFIG_BOOL, field, fallback, 0, 0, NULL, NULL, help)
#define NUMBER(section, key, field, fallback, min, max, unit, help)                                                    \
    ROW(section, key, CONFIG_INT, field, fallback, min, max, unit, NULL, help)
#define REAL(section, key, field, fallback, min, max, unit, help)                                                      \
    ROW(section, key, CONFIG_DOUBLE, field, fallback, min, max, unit, NULL, help)
#define LIST(section, key, field, fallback, max, help)                                                                 \
    ROW(section, key, CONFIG_LIST, field, fallback, 0, max, NULL, NULL, help)
#define SECRET(section, key, field, help) ROW(section, key, CONFIG_SECRET, field, NULL, 0, 0, NULL, NULL, help)
#define CHOICE(section, key, field, fallback, choices, help)                                                           \
    ROW(section, key, CONFIG_CHOICE, field, fallback, 0, 0, NULL, choices, help)

#endif
