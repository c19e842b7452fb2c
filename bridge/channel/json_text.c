/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/channel/json_text.h"
#include <string.h>

/* ---- the check: a recursive descent bounded by JSON_MAX_DEPTH ---- */

typedef struct {
    const uint8_t *p, *end;
    unsigned depth;
    size_t n_names;
    uint64_t names[JSON_MAX_MEMBERS]; /* hashes of unescaped names of the objects now open, as a stack */
} Check;

static JsonStatus check_value(Check *c);

static bool is_space(int ch)
{
    return ch == ' ' || ch == '\t' || ch == '\n' || ch == '\r';
}

static bool is_digit(int ch)
{
    return ch >= '0' && ch <= '9';
}

static void check_space(Check *c)
{
    while (c->p < c->end && is_space(*c->p))
        c->p++;
}

static int hex_value(int ch)
{
    if (is_digit(ch))
        return ch - '0';
    if (ch >= 'a' && ch <= 'f')
        return ch - 'a' + 10;
    return ch >= 'A' && ch <= 'F' ? ch - 'A' + 10 : -1;
}

/* Four hex digits, or -1. */
static int32_t hex4(const uint8_t *p, const uint8_t *end)
{
    int32_t value = 0;
    if (end - p < 4)
        return -1;
    for (int i = 0; i < 4; i++) {
        int digit = hex_value(p[i]);
        if (digit < 0)
            return -1;
        value = value << 4 | digit;
    }
    return value;
}

/* Length of the valid UTF-8 sequence at p (RFC 3629: no overlong forms, no surrogates), 0 when invalid. */
static size_t utf8_length(const uint8_t *p, const uint8_t *end)
{
    static const uint32_t smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
    size_t n = p[0] < 0x80 ? 1 : p[0] >> 5 == 6 ? 2 : p[0] >> 4 == 14 ? 3 : p[0] >> 3 == 30 ? 4 : 0;
    if (n <= 1)
        return n;
    if ((size_t)(end - p) < n)
        return 0;
    uint32_t cp = p[0] & (0xffu >> (n + 1));
    for (size_t i = 1; i < n; i++) {
        if (p[i] >> 6 != 2)
            return 0;
        cp = cp << 6 | (p[i] & 0x3f);
    }
    return cp < smallest[n] || cp > 0x10ffff || (cp >= 0xd800 && cp < 0xe000) ? 0 : n;
}

static size_t utf8_put(uint32_t cp, uint8_t out[4])
{
    if (cp < 0x80) {
        out[0] = (uint8_t)cp;
        return 1;
    }
    size_t n = cp < 0x800 ? 2 : cp < 0x10000 ? 3 : 4;
    static const uint8_t lead[] = { 0, 0, 0xc0, 0xe0, 0xf0 };
    for (size_t i = n - 1; i > 0; i--, cp >>= 6)
        out[i] = 0x80 | (cp & 0x3f);
    out[0] = lead[n] | (uint8_t)cp;
    return n;
}

/* One character of a string's inside: raw bytes, or an escape decoded (a pair of surrogate escapes is one
 * character; an unpaired one comes out as its three generalised bytes, *lone set). Returns the bytes
 * consumed, 0 on an error. */
static size_t string_char(const uint8_t *p, const uint8_t *end, uint8_t out[4], size_t *n_out, bool *lone)
{
    if (*p != '\\') {
        size_t n = *p < 0x20 ? 0 : utf8_length(p, end);
        memcpy(out, p, n);
        *n_out = n;
        return n;
    }
    static const char escapes[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
    if (end - p < 2)
        return 0;
    const char *found = p[1] ? strchr(escapes, p[1]) : NULL;
    if (found) {
        out[0] = (uint8_t)meanings[found - escapes];
        *n_out = 1;
        return 2;
    }
    int32_t unit = p[1] == 'u' ? hex4(p + 2, end) : -1;
    if (unit < 0)
        return 0;
    size_t used = 6;
    uint32_t cp = (uint32_t)unit;
    if (cp >= 0xd800 && cp < 0xdc00 && end - p >= 12 && p[6] == '\\' && p[7] == 'u') {
        int32_t low = hex4(p + 8, end);
        if (low >= 0xdc00 && low < 0xe000) {
            cp = 0x10000 + ((cp & 0x3ff) << 10 | ((uint32_t)low & 0x3ff));
            used = 12;
        }
    }
    if (cp >= 0xd800 && cp < 0xe000)
        *lone = true;
    *n_out = utf8_put(cp, out);
    return used;
}

static JsonStatus check_string(Check *c, uint64_t *hash)
{
    uint64_t h = 0xcbf29ce484222325u; /* FNV-1a */
    bool lone;
    if (c->p >= c->end || *c->p != '"')
        return JSON_SYNTAX;
    c->p++;
    while (c->p < c->end && *c->p != '"') {
        uint8_t bytes[4];
        size_t n = 0, used = string_char(c->p, c->end, bytes, &n, &lone);
        if (used == 0)
            return JSON_SYNTAX;
        for (size_t i = 0; i < n; i++)
            h = (h ^ bytes[i]) * 0x100000001b3u;
        c->p += used;
    }
    if (c->p >= c->end)
        return JSON_SYNTAX;
    c->p++;
    if (hash)
        *hash = h;
    return JSON_OK;
}

static bool check_digits(Check *c)
{
    const uint8_t *first = c->p;
    while (c->p < c->end && is_digit(*c->p))
        c->p++;
    return c->p > first;
}

static JsonStatus check_number(Check *c)
{
    if (*c->p == '-')
        c->p++;
    bool zero = c->p < c->end && *c->p == '0';
    const uint8_t *first = c->p;
    if (!check_digits(c) || (zero && c->p - first > 1))
        return JSON_SYNTAX;
    if (c->p < c->end && *c->p == '.') {
        c->p++;
        if (!check_digits(c))
            return JSON_SYNTAX;
    }
    if (c->p < c->end && (*c->p == 'e' || *c->p == 'E')) {
        c->p++;
        if (c->p < c->end && (*c->p == '+' || *c->p == '-'))
            c->p++;
        if (!check_digits(c))
            return JSON_SYNTAX;
    }
    return JSON_OK;
}

static JsonStatus check_word(Check *c, const char *word)
{
    size_t n = strlen(word);
    if ((size_t)(c->end - c->p) < n || memcmp(c->p, word, n) != 0)
        return JSON_SYNTAX;
    c->p += n;
    return JSON_OK;
}

/* A member's name and colon; its hash joins those of this object, which start at `base`. */
static JsonStatus check_name(Check *c, size_t base)
{
    uint64_t hash;
    JsonStatus status = check_string(c, &hash);
    if (status != JSON_OK)
        return status;
    for (size_t i = base; i < c->n_names; i++)
        if (c->names[i] == hash)
            return JSON_DUPLICATE;
    if (c->n_names == JSON_MAX_MEMBERS)
        return JSON_TOO_MANY;
    c->names[c->n_names++] = hash;
    check_space(c);
    if (c->p >= c->end || *c->p != ':')
        return JSON_SYNTAX;
    c->p++;
    return JSON_OK;
}

static JsonStatus check_container(Check *c, uint8_t close)
{
    size_t base = c->n_names;
    if (++c->depth > JSON_MAX_DEPTH)
        return JSON_TOO_DEEP;
    c->p++;
    check_space(c);
    if (c->p < c->end && *c->p == close) {
        c->p++;
    } else {
        for (;;) {
            check_space(c);
            JsonStatus status = close == '}' ? check_name(c, base) : JSON_OK;
            if (status == JSON_OK)
                status = check_value(c);
            if (status != JSON_OK)
                return status;
            check_space(c);
            if (c->p >= c->end || (*c->p != ',' && *c->p != close))
                return JSON_SYNTAX;
            if (*c->p++ == close)
                break;
        }
    }
    c->n_names = base;
    c->depth--;
    return JSON_OK;
}

static JsonStatus check_value(Check *c)
{
    check_space(c);
    if (c->p >= c->end)
        return JSON_SYNTAX;
    switch (*c->p) {
    case '{':
        return check_container(c, '}');
    case '[':
        return check_container(c, ']');
    case '"':
        return check_string(c, NULL);
    case 't':
        return check_word(c, "true");
    case 'f':
        return check_word(c, "false");
    case 'n':
        return check_word(c, "null");
    default:
        return *c->p == '-' || is_digit(*c->p) ? check_number(c) : JSON_SYNTAX;
    }
}

JsonStatus json_text_check(const char *text, size_t len)
{
    Check c;
    c.p = (const uint8_t *)text;
    c.end = c.p + len;
    c.depth = 0;
    c.n_names = 0;
    JsonStatus status = check_value(&c);
    if (status != JSON_OK)
        return status;
    check_space(&c);
    return c.p == c.end ? JSON_OK : JSON_SYNTAX;
}

/* ---- reading: the text is known to be sound, `end` still bounds every step ---- */

static const char *skip_space(const char *p, const char *end)
{
    while (p < end && is_space(*p))
        p++;
    return p;
}

static const char *skip_string(const char *p, const char *end)
{
    for (p++; p < end && *p != '"'; p++)
        if (*p == '\\')
            p++;
    return p < end ? p + 1 : end;
}

static const char *skip_value(const char *p, const char *end)
{
    int depth = 0;
    if (p < end && *p == '"')
        return skip_string(p, end);
    if (p < end && *p != '{' && *p != '[') {
        while (p < end && !is_space(*p) && *p != ',' && *p != ']' && *p != '}')
            p++;
        return p;
    }
    while (p < end) {
        if (*p == '"') {
            p = skip_string(p, end);
            continue;
        }
        depth += *p == '{' || *p == '[' ? 1 : *p == '}' || *p == ']' ? -1 : 0;
        p++;
        if (depth == 0)
            break;
    }
    return p;
}

JsonSpan json_text_root(const char *text, size_t len)
{
    const char *start = skip_space(text, text + len);
    return (JsonSpan){ start, (size_t)(skip_value(start, text + len) - start) };
}

char json_span_kind(JsonSpan value)
{
    if (!value.start || value.len == 0)
        return 0;
    char ch = *value.start;
    return ch == '-' || is_digit(ch) ? '0' : ch == 'f' ? 't' : ch;
}

JsonWalk json_walk(JsonSpan container)
{
    char kind = json_span_kind(container);
    if (kind != '{' && kind != '[')
        return (JsonWalk){ NULL, NULL };
    return (JsonWalk){ container.start + 1, container.start + container.len };
}

bool json_walk_next(JsonWalk *walk, JsonSpan *name, JsonSpan *value)
{
    const char *p = walk->pos, *end = walk->end;
    if (!p)
        return false;
    p = skip_space(p, end);
    if (p < end && *p == ',')
        p = skip_space(p + 1, end);
    if (p >= end || *p == '}' || *p == ']')
        return false;
    if (name) {
        const char *after = skip_string(p, end);
        *name = (JsonSpan){ p, (size_t)(after - p) };
        p = skip_space(after, end);
        p = skip_space(p < end ? p + 1 : end, end); /* the colon */
    }
    const char *after = skip_value(p, end);
    *value = (JsonSpan){ p, (size_t)(after - p) };
    walk->pos = after;
    return true;
}

JsonSpan json_member(JsonSpan object, const char *wanted)
{
    JsonSpan name, value;
    if (json_span_kind(object) == '{') {
        JsonWalk walk = json_walk(object);
        while (json_walk_next(&walk, &name, &value))
            if (json_span_equals(name, wanted))
                return value;
    }
    return (JsonSpan){ NULL, 0 };
}

bool json_span_string(JsonSpan value, char *buf, size_t size)
{
    if (json_span_kind(value) != '"' || value.len < 2 || size == 0)
        return false;
    const uint8_t *p = (const uint8_t *)value.start + 1, *end = p + value.len - 2;
    size_t n = 0;
    while (p < end) {
        uint8_t bytes[4];
        size_t len = 0;
        bool lone = false;
        size_t used = string_char(p, end, bytes, &len, &lone);
        if (used == 0 || lone || bytes[0] == 0 || n + len >= size)
            return false;
        memcpy(buf + n, bytes, len);
        n += len;
        p += used;
    }
    buf[n] = 0;
    return true;
}

bool json_span_equals(JsonSpan string, const char *ascii)
{
    char buf[64];
    return json_span_string(string, buf, sizeof(buf)) && strcmp(buf, ascii) == 0;
}

bool json_span_int(JsonSpan value, int64_t min, int64_t max, int64_t *out)
{
    if (json_span_kind(value) != '0' || value.len > 19)
        return false;
    bool negative = value.start[0] == '-';
    int64_t n = 0;
    for (size_t i = negative; i < value.len; i++) {
        if (!is_digit(value.start[i]) || (i >= 18 && n > INT64_MAX / 10 - 1))
            return false;
        n = n * 10 + (value.start[i] - '0');
    }
    n = negative ? -n : n;
    if (n < min || n > max)
        return false;
    *out = n;
    return true;
}

bool json_span_bool(JsonSpan value, bool *out)
{
    if (json_span_kind(value) != 't')
        return false;
    *out = *value.start == 't';
    return true;
}

size_t json_span_count(JsonSpan array)
{
    JsonSpan value;
    size_t n = 0;
    if (json_span_kind(array) != '[')
        return 0;
    for (JsonWalk walk = json_walk(array); json_walk_next(&walk, NULL, &value);)
        n++;
    return n;
}
