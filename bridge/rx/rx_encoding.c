/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/rx/rx_encoding.h"

#include <stdlib.h>

bool rx_encoding_start(RxEncoding *e, bool video, uint32_t clock_hz)
{
    RxEncodingState *s = calloc(1, sizeof(*s));
    if (!s)
        return false;
    if (video) {
        s->video = calloc(1, sizeof(*s->video));
        if (!s->video) {
            free(s);
            return false;
        }
        frame_parser_init(&s->video->parser);
    }
    rx_stream_init(&s->stream, e->ssrc, clock_hz);
    rx_stream_init(&s->rtx, e->rtx_ssrc, clock_hz);
    e->state = s;
    return true;
}

void rx_encoding_clear(RxEncoding *e)
{
    if (e->state)
        free(e->state->video);
    free(e->state);
    e->state = NULL;
}
