/* SPDX-License-Identifier: Apache-2.0
 *
 * Any bytes as a DCEP message. Property: what is accepted lies inside the input, and an OPEN whose texts hold
 * no NUL comes out of the builder as it went in. */
#include <stdlib.h>
#include <string.h>
#include "bridge/transport/dcep.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    DcepMessage m, again;
    if (dcep_parse(data, size, &m) != DCEP_OK || m.type != DCEP_OPEN)
        return 0;
    if (m.label_off + m.label_len > size || m.protocol_off + m.protocol_len > size)
        abort();
    char label[DCEP_LABEL_MAX + 1] = "", protocol[DCEP_LABEL_MAX + 1] = "";
    uint8_t out[12 + 2 * DCEP_LABEL_MAX];
    memcpy(label, data + m.label_off, m.label_len);
    memcpy(protocol, data + m.protocol_off, m.protocol_len);
    if (strlen(label) != m.label_len || strlen(protocol) != m.protocol_len)
        return 0;
    size_t n = dcep_build_open(out, sizeof(out), m.channel_type, label, protocol);
    if (n == 0 || dcep_parse(out, n, &again) != DCEP_OK || again.label_len != m.label_len ||
        again.protocol_len != m.protocol_len || again.channel_type != m.channel_type)
        abort();
    return 0;
}
