/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include "common/rtp/h264.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    H264View v;
    if (!h264_parse(data, size, &v))
        return 0;
    if (v.nal_type > 31 || !v.width != !v.height || (v.width && !v.has_sps))
        abort();
    return 0;
}
