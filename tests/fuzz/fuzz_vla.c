/* SPDX-License-Identifier: Apache-2.0
 *
 * Input: one video layers allocation. What parses says nothing of streams and layers that are not there, and the answers
 * about a stream fit what was said of its layers. */
#include "common/rtp/vla.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const VlaView *v)
{
    if (v->streams > VLA_STREAMS || (v->streams && v->stream >= v->streams))
        abort();
    for (unsigned i = 0; i < VLA_STREAMS; i++) {
        unsigned height = vla_stream_height(v, i);
        bool any = false;
        for (unsigned s = 0; s < VLA_SPATIAL; s++) {
            const VlaLayer *l = &v->layer[i][s];
            if (l->temporal > VLA_TEMPORAL || (l->temporal == 0 && (l->kbps[0] || l->width || l->height || l->fps)) ||
                (l->temporal && i >= v->streams) || (!v->has_sizes && (l->width || l->height || l->fps)))
                abort();
            any |= l->temporal > 0;
        }
        if ((height > 0) != (any && v->has_sizes) || height > 65536 || (vla_stream_is_sent(v, i) && !any))
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *bytes = malloc(size ? size : 1);
    memcpy(bytes, data, size);
    VlaView v;
    if (vla_parse(bytes, size, &v))
        check(&v);
    free(bytes);
    return 0;
}
