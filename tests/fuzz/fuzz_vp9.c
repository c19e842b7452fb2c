/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include "common/rtp/vp9.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Vp9View v;
    if (!vp9_parse(data, size, &v))
        return 0;
    if (v.desc_len >= size || v.p_diff_count > VP9_MAX_REFS || v.sid >= VP9_MAX_SPATIAL || v.tid >= VP9_MAX_TEMPORAL ||
        (v.has_ss && (v.ss.spatial_count < 1 || v.ss.spatial_count > VP9_MAX_SPATIAL)) ||
        (v.picture_id_bits && v.picture_id_off + v.picture_id_bits / 8u >= v.desc_len) ||
        (v.has_tl0 && v.tl0_off >= v.desc_len) || (v.sid == 0 && v.inter_layer))
        abort();
    return 0;
}
