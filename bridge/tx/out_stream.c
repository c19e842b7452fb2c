/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/tx/out_stream.h"

void out_stream_init(OutStream *os, uint32_t ssrc, uint32_t clock_rate, uint16_t first_seq, uint32_t first_ts)
{
    *os = (OutStream){
        .ssrc = ssrc,
        .clock_rate = clock_rate,
        .last_seq = (int64_t)first_seq - 1,
        .last_ts = first_ts,
        .last_picture_id = -1,
        .last_tl0 = -1,
        .last_frame_number = -1,
    };
}

uint32_t out_stream_next_ts(const OutStream *os, int64_t now_us)
{
    if (!os->started)
        return os->last_ts;
    int64_t frame = os->clock_rate == 90000 ? os->clock_rate / 30 : os->clock_rate / 50;
    int64_t elapsed_us = now_us - os->last_ts_us;
    int64_t ticks = elapsed_us > 0 ? elapsed_us / 1000 * os->clock_rate / 1000 : 0;
    return os->last_ts + (uint32_t)(ticks > frame ? ticks : frame);
}
