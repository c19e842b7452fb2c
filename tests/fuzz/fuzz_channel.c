/* SPDX-License-Identifier: Apache-2.0
 *
 * Bridge-channel messages. Property: what is forwarded with our "from" is accepted again as the same class
 * with the same receiver, and names us, whatever the client wrote. */
#include <stdlib.h>
#include <string.h>
#include "bridge/channel/json_text.h"
#include "bridge/channel/messages.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    Message m, again;
    if (message_parse(text, size, &m) != MESSAGE_OK)
        return 0;
    if (m.type == MESSAGE_ENDPOINT_MESSAGE || m.type == MESSAGE_ENDPOINT_STATS) {
        char from[16] = "";
        char *forwarded = message_with_from(text, size, "a1b2\"c3");
        size_t len = strlen(forwarded);
        if (len <= MESSAGE_MAX_BYTES) {
            if (message_parse(forwarded, len, &again) != MESSAGE_OK || again.type != m.type ||
                strcmp(again.to, m.to) != 0)
                abort();
            JsonSpan root = json_text_root(forwarded, len);
            if (!json_span_string(json_member(root, "from"), from, sizeof(from)) || strcmp(from, "a1b2\"c3") != 0)
                abort();
            message_clear(&again);
        }
        g_free(forwarded);
    }
    message_clear(&m);
    return 0;
}
