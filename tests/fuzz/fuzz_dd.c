/* SPDX-License-Identifier: Apache-2.0
 *
 * Input: descriptors, each after its length byte, as one stream. What parses is rewritten and must parse to the same
 * again with the new numbers, and never be more than 5 bytes longer. */
#include <stdlib.h>
#include <string.h>
#include "common/rtp/av1_dd.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const uint8_t *ext, size_t len, const DdView *v, const DdStructure *s, bool write_mask)
{
    static DdStructure again;
    DdRewrite rw = { .frame_number = 0x1234, .template_delta = 17, .write_mask = write_mask, .mask = 0xa5a5a5a5 };
    uint8_t out[DD_MAX_LEN];
    size_t n = dd_rewrite(ext, len, v, &rw, out, sizeof(out));
    if (n == 0) {
        if (len + 5 <= sizeof(out))
            abort();
        return;
    }
    if (n > len + 5)
        abort();
    DdStructure moved = *s;
    moved.template_offset = (uint8_t)((s->template_offset + 17) % 64);
    DdView w;
    if (dd_parse(out, n, &moved, &again, &w) != DD_OK)
        abort();
    if (w.dti != v->dti || w.sid != v->sid || w.tid != v->tid || w.fdiff_count != v->fdiff_count ||
        memcmp(w.fdiff, v->fdiff, sizeof(w.fdiff)) || w.frame_number != 0x1234 || w.start != v->start ||
        w.end != v->end || w.template_id != (v->template_id + 17) % 64 || w.has_structure != v->has_structure ||
        w.has_active_mask != write_mask)
        abort();
    if (v->has_structure && (again.template_count != s->template_count || again.target_count != s->target_count ||
                             memcmp(again.height, s->height, sizeof(again.height))))
        abort();
    for (size_t cap = 0; cap < n; cap++) /* too little room is noticed, nothing is written behind it */
        if (dd_rewrite(ext, len, v, &rw, out, cap))
            abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    DdStructure *held = malloc(sizeof(*held)), *fresh = malloc(sizeof(*fresh)); /* uninitialised on purpose */
    bool known = false;
    while (size > 0) {
        size_t len = data[0] < size ? data[0] : size - 1;
        uint8_t *ext = malloc(len ? len : 1);
        memcpy(ext, data + 1, len);
        DdView v;
        if (dd_parse(ext, len, known ? held : NULL, fresh, &v) == DD_OK) {
            if (v.has_structure) {
                *held = *fresh;
                known = true;
            }
            check(ext, len, &v, held, true);
            check(ext, len, &v, held, false);
        }
        free(ext);
        data += 1 + len;
        size -= 1 + len;
    }
    free(held);
    free(fresh);
    return 0;
}
