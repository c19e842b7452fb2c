/* SPDX-License-Identifier: Apache-2.0
 *
 * Bodies of POST /colibri2, separated by NUL, to a bridge without media. Properties: each gets an answer in XML
 * with a status that fits it, no limit is passed, and the end leaves nothing behind. */
#include <string.h>
#include "common/base/log.h"
#include "tests/unit/bridge/bridge_fixture.h"

#define MAX_BODIES 32

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void post(Fixture *f, const char *body, size_t len)
{
    unsigned status = 0;
    g_autofree char *answer = colibri_routes_post(f->bridge, body, len, &status);
    g_autoptr(Stanza) read = stanza_parse(answer, strlen(answer), NULL);
    if (!read)
        g_error("no XML: %s", answer);
    if ((status == 200) != stanza_is(read, "conference-modified", NS_COLIBRI2))
        g_error("status %u with %s", status, answer);
    if (status != 200 && !stanza_is(read, "error", NULL))
        g_error("no error: %s", answer);
    if (bridge_n_conferences(f->bridge) > 3 || bridge_n_endpoints(f->bridge) > 4)
        g_error("over the limits");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool quiet;
    Fixture f;
    if (!quiet)
        log_init("fuzz", LOG_LEVEL_ERROR, FALSE);
    quiet = true;
    fixture_set_up(&f, "[limits]\nconferences = 3\nendpoints = 4\n");
    for (int i = 0; i < MAX_BODIES && size > 0; i++) {
        const uint8_t *end = memchr(data, 0, size);
        size_t len = end ? (size_t)(end - data) : size;
        post(&f, (const char *)data, len);
        fixture_turn();
        data += MIN(len + 1, size);
        size -= MIN(len + 1, size);
    }
    fixture_tear_down(&f); /* asserts that every conference was taken off its worker */
    return 0;
}
