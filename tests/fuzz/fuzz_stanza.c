/* SPDX-License-Identifier: Apache-2.0
 *
 * Any bytes to stanza_parse. What is accepted must survive being written and read again unchanged, and must
 * respect the limits. */
#include <stdint.h>
#include <string.h>
#include "common/xmpp/stanza.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned check_tree(const Stanza *s, unsigned depth)
{
    unsigned n = 1;
    g_assert_cmpuint(depth, <=, STANZA_MAX_DEPTH);
    for (const Stanza *c = stanza_find(s, NULL, NULL); c; c = stanza_next(c, NULL, NULL))
        n += check_tree(c, depth + 1);
    return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(Stanza) s = stanza_parse((const char *)data, size, NULL);
    if (!s)
        return 0;
    g_assert_cmpuint(check_tree(s, 1), <=, STANZA_MAX_ELEMENTS);
    g_autofree char *first = stanza_to_string(s);
    if (strlen(first) > STANZA_MAX_BYTES)
        return 0; /* escapes made it longer than what is read back */
    g_autoptr(GError) error = NULL;
    g_autoptr(Stanza) again = stanza_parse(first, strlen(first), &error);
    if (!again && g_error_matches(error, STANZA_ERROR, STANZA_ERROR_TOO_LARGE))
        return 0; /* a written xmlns may be one attribute more than the prefix that was read */
    g_assert_no_error(error);
    g_autofree char *second = stanza_to_string(again);
    g_assert_cmpstr(first, ==, second);
    return 0;
}
