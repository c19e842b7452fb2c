/* SPDX-License-Identifier: Apache-2.0
 *
 * RFC 8259 text as it arrived: one strict check of the whole, then reading by spans into the caller's
 * bytes. PURE, ISO C, no allocation. A member name occurring twice in an object (also when spelled with
 * escapes) fails the check: readers disagree about which one counts, and that has been used to forge bridge
 * messages (JSA-2023-0001). Any thread. */
#ifndef PLENUM_BRIDGE_CHANNEL_JSON_TEXT_H
#define PLENUM_BRIDGE_CHANNEL_JSON_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JSON_MAX_DEPTH 8      /* nested objects and arrays, the outermost counted */
#define JSON_MAX_MEMBERS 2048 /* of all objects open at one time, in one branch of the tree */

typedef enum { JSON_OK, JSON_SYNTAX, JSON_TOO_DEEP, JSON_TOO_MANY, JSON_DUPLICATE } JsonStatus;

/* One value (or member name, quotes included) inside a checked text. Borrowed; start NULL: absent. */
typedef struct {
    const char *start;
    size_t len;
} JsonSpan;

typedef struct {
    const char *pos, *end;
} JsonWalk;

/* The whole text is one JSON value in valid UTF-8 within the limits. The functions below may only be given
 * spans of a text that passed; they then cannot fail on syntax. */
JsonStatus json_text_check(const char *text, size_t len);

/* The outermost value without the white space around it. */
JsonSpan json_text_root(const char *text, size_t len);
/* '{', '[', '"', 't' (true, false), 'n' (null), '0' (number); 0 when absent. */
char json_span_kind(JsonSpan value);
/* Walks the members of an object or elements of an array (then name may be NULL). Any other kind has none. */
JsonWalk json_walk(JsonSpan container);
bool json_walk_next(JsonWalk *walk, JsonSpan *name, JsonSpan *value);
/* The member with that name (plain ASCII); absent span when there is none. */
JsonSpan json_member(JsonSpan object, const char *name);
/* String value or member name, unescaped and NUL-terminated, into buf. False when it is no string, does not
 * fit in size with its NUL, or holds U+0000 or an unpaired surrogate. */
bool json_span_string(JsonSpan value, char *buf, size_t size);
/* A string (or name) that spells exactly this, escapes resolved. */
bool json_span_equals(JsonSpan string, const char *ascii);
/* Whole numbers only (1e3 and 1.0 are not); false outside [min, max]. */
bool json_span_int(JsonSpan value, int64_t min, int64_t max, int64_t *out);
bool json_span_bool(JsonSpan value, bool *out); /* false: neither true nor false; *out untouched */
/* Elements of an array; 0 for any other kind. */
size_t json_span_count(JsonSpan array);

#endif
