/* SPDX-License-Identifier: Apache-2.0
 *
 * Any stanza as <jingle/>. What is accepted must survive build and parse unchanged. */
#include "common/jingle/jingle.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(Stanza) s = stanza_parse((const char *)data, size, NULL);
    g_autoptr(Jingle) j = s ? jingle_parse(s, NULL) : NULL;
    if (!j || j->action == JINGLE_UNKNOWN)
        return 0;
    g_autoptr(Stanza) built = jingle_build(j);
    g_autoptr(Jingle) back = jingle_parse(built, NULL);
    if (!back || !jingle_equal(j, back))
        g_error("a built jingle reads differently");
    g_autoptr(SourceSet) all = jingle_collect_sources(j);
    if (all->sources->len > SOURCE_SET_MAX_SOURCES)
        g_error("more sources than the limit");
    return 0;
}
