/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fakes/stanza_cutter.h"

Stanza *stanza_cut(GString *raw)
{
    int depth = 0;
    gboolean quoted = FALSE;
    for (gsize i = 0; i < raw->len; i++) {
        const char *p = raw->str + i;
        if (*p == '"')
            quoted = !quoted;
        if (quoted)
            continue;
        if (*p == '<')
            depth += p[1] == '/' ? -1 : 1;
        if (depth < 0)
            return NULL; /* the stream's own end */
        if (*p != '>' || (depth -= p[-1] == '/') > 0)
            continue;
        g_autoptr(GError) error = NULL;
        Stanza *s = stanza_parse(raw->str, i + 1, &error);
        g_assert_no_error(error);
        g_string_erase(raw, 0, (gssize)i + 1);
        return s;
    }
    return NULL;
}
