/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/tx/spent_ssrcs.h"

#include <stdlib.h>

#define FIRST 64 /* entries; doubles */

static SpentSsrc *find(SpentSsrcs *s, uint32_t ssrc)
{
    for (uint32_t i = 0; i < s->n; i++)
        if (s->list[i].ssrc == ssrc)
            return &s->list[i];
    return NULL;
}

bool spent_ssrcs_put(SpentSsrcs *s, uint32_t ssrc, const SrtpStream *indices)
{
    if (!indices->started)
        return true;
    SpentSsrc *e = find(s, ssrc);
    if (!e && s->n == SPENT_SSRCS_MAX)
        return false;
    if (!e && s->n == s->size) {
        uint32_t size = s->size ? 2 * s->size : FIRST;
        SpentSsrc *grown = realloc(s->list, size * sizeof(*grown));
        if (!grown)
            return false;
        s->list = grown;
        s->size = size;
    }
    if (!e)
        e = &s->list[s->n++];
    *e = (SpentSsrc){ .ssrc = ssrc, .roc = indices->roc, .highest_seq = indices->highest_seq };
    return true;
}

bool spent_ssrcs_take(SpentSsrcs *s, uint32_t ssrc, SrtpStream *indices)
{
    SpentSsrc *e = find(s, ssrc);
    if (!e)
        return false;
    *indices = (SrtpStream){ .roc = e->roc, .highest_seq = e->highest_seq, .started = true };
    *e = s->list[--s->n];
    return true;
}

void spent_ssrcs_clear(SpentSsrcs *s)
{
    free(s->list);
    *s = (SpentSsrcs){ 0 };
}
