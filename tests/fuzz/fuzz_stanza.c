/* SPDX-License-Identifier: Apache-2.0
 *
 * Any bytes to stanza_parse. What is accepted must survive being written and read again unchanged, and must
 * respect the limits. */
#include <stdint.h>
#include "tests/fuzz/stanza_checks.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(Stanza) s = stanza_parse((const char *)data, size, NULL);
    if (s)
        stanza_checks_run(s, NULL);
    return 0;
}
