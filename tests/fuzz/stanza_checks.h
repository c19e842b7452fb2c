/* SPDX-License-Identifier: Apache-2.0
 *
 * What holds of every stanza that was accepted, whoever parsed it: it is within the limits, and the same when written and
 * read again. */
#ifndef PLENUM_TESTS_FUZZ_STANZA_CHECKS_H
#define PLENUM_TESTS_FUZZ_STANZA_CHECKS_H

#include <string.h>
#include "common/xmpp/stanza.h"

/* Elements of the tree, of which none is too deep; depth of the outermost: 1. */
static inline unsigned stanza_checks_count(const Stanza *s, unsigned depth)
{
    unsigned n = 1;
    g_assert_cmpuint(depth, <=, STANZA_MAX_DEPTH);
    for (const Stanza *c = stanza_find(s, NULL, NULL); c; c = stanza_next(c, NULL, NULL))
        n += stanza_checks_count(c, depth + 1);
    return n;
}

/* excused: whether the parser may refuse what was written with that error; NULL: with none. */
static inline void stanza_checks_run(const Stanza *s, gboolean (*excused)(const GError *error))
{
    g_autofree char *first = stanza_to_string(s);
    g_autoptr(GError) error = NULL;
    g_assert_cmpuint(stanza_checks_count(s, 1), <=, STANZA_MAX_ELEMENTS);
    if (strlen(first) > STANZA_MAX_BYTES)
        return; /* escapes made it longer than what is read back */
    g_autoptr(Stanza) again = stanza_parse(first, strlen(first), &error);
    if (!again && g_error_matches(error, STANZA_ERROR, STANZA_ERROR_TOO_LARGE))
        return; /* a written xmlns may be one attribute more than the prefix that was read */
    if (!again && excused && excused(error))
        return;
    g_assert_no_error(error);
    g_autofree char *second = stanza_to_string(again);
    g_assert_cmpstr(first, ==, second);
}

#endif
