/* SPDX-License-Identifier: Apache-2.0
 *
 * One member of the object a JsonBuilder is in, in one call (RFC 8259 4). Name and text are copied; the caller gives a
 * name once an object, and UTF-8. Any thread, with a builder of its own. */
#ifndef PLENUM_COMMON_BASE_JSON_MEMBERS_H
#define PLENUM_COMMON_BASE_JSON_MEMBERS_H

#include <json-glib/json-glib.h>
#include <stdbool.h>
#include <stdint.h>

static inline void json_add_int(JsonBuilder *b, const char *name, int64_t value)
{
    json_builder_set_member_name(b, name);
    json_builder_add_int_value(b, value);
}

static inline void json_add_real(JsonBuilder *b, const char *name, double value)
{
    json_builder_set_member_name(b, name);
    json_builder_add_double_value(b, value);
}

static inline void json_add_bool(JsonBuilder *b, const char *name, bool value)
{
    json_builder_set_member_name(b, name);
    json_builder_add_boolean_value(b, value);
}

/* NULL is written as "". */
static inline void json_add_text(JsonBuilder *b, const char *name, const char *value)
{
    json_builder_set_member_name(b, name);
    json_builder_add_string_value(b, value ? value : "");
}

#endif
