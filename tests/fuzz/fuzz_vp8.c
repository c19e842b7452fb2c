/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include "common/rtp/vp8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Vp8View v;
    if (!vp8_parse(data, size, &v))
        return 0;
    /* What a rewriter relies on. */
    if (v.desc_len >= size || v.desc_len > 6 || (v.keyframe && !v.start) || v.tid > 3 ||
        (v.picture_id_bits && v.picture_id_off + v.picture_id_bits / 8u >= v.desc_len) ||
        (v.has_tl0 && v.tl0_off >= v.desc_len))
        abort();
    return 0;
}
