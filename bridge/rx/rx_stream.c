/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/rx/rx_stream.h"
#include <string.h>

#define FIRST_CYCLE 0x10000 /* added to the first number, so that packets before it stay positive */

void rx_stream_init(RxStream *s, uint32_t ssrc, uint32_t clock_hz)
{
    *s = (RxStream){ .ssrc = ssrc, .clock_hz = clock_hz };
}

static bool test_and_set(RxStream *s, int64_t seq)
{
    size_t bit = (size_t)(seq % RX_STREAM_WINDOW);
    uint64_t mask = 1ULL << bit % 64;
    bool was = s->seen[bit / 64] & mask;
    s->seen[bit / 64] |= mask;
    return was;
}

/* `to` becomes the newest; the numbers between are unseen. */
static void advance(RxStream *s, int64_t to)
{
    if (to - s->seq.newest >= RX_STREAM_WINDOW) {
        memset(s->seen, 0, sizeof(s->seen));
    } else {
        for (int64_t i = s->seq.newest + 1; i <= to; i++) {
            size_t bit = (size_t)(i % RX_STREAM_WINDOW);
            s->seen[bit / 64] &= ~(1ULL << bit % 64);
        }
    }
    s->seq.newest = to;
}

static int64_t expected(const RxStream *s)
{
    return s->seq.started ? s->seq.newest - s->base_seq + 1 : 0;
}

static void begin_run(RxStream *s, int64_t seq)
{
    s->lost_before += expected(s) - (int64_t)s->received;
    s->base_seq = seq;
    s->received = 0;
    s->expected_reported = s->received_reported = 0;
    s->have_transit = false;
}

/* Where seq lies, and marks it seen. A jump too far ahead or a restart begins a run if `may_jump`. */
static RxSeqStatus place(RxStream *s, uint16_t seq, bool may_jump, int64_t *seq_out)
{
    if (!s->seq.started) {
        if (!may_jump)
            return RX_TOO_OLD; /* RTX of something from before we knew the stream */
        int64_t first = (int64_t)seq + FIRST_CYCLE;
        begin_run(s, first);
        s->seq = (RtpSeqUnwrapper){ .newest = first, .started = true };
        test_and_set(s, first);
        *seq_out = first;
        return RX_NEW;
    }
    int64_t v = rtp_seq_unwrap_peek(&s->seq, seq);
    if (v > s->seq.newest) {
        if (v - s->seq.newest > RX_STREAM_MAX_DROPOUT) {
            if (!may_jump)
                return RX_TOO_OLD;
            begin_run(s, v);
        }
    } else if (s->seq.newest - v >= RX_STREAM_WINDOW) {
        if (!may_jump)
            return RX_TOO_OLD;
        bool restarted = s->restart_pending && seq == s->restart_seq;
        s->restart_pending = !restarted;
        s->restart_seq = (uint16_t)(seq + 1);
        if (!restarted)
            return RX_TOO_OLD;
        v += 0x10000;
        begin_run(s, v);
    } else {
        *seq_out = v;
        return test_and_set(s, v) ? RX_DUPLICATE : RX_LATE;
    }
    if (may_jump)
        s->restart_pending = false;
    advance(s, v);
    test_and_set(s, v);
    *seq_out = v;
    return RX_NEW;
}

/* RFC 3550 A.8, in clock units modulo 2^32. */
static void update_jitter(RxStream *s, uint32_t ts, int64_t now_us)
{
    if (s->clock_hz == 0)
        return;
    uint64_t us = (uint64_t)now_us;
    uint32_t arrival = (uint32_t)(us / 1000000 * s->clock_hz + us % 1000000 * s->clock_hz / 1000000);
    int32_t transit = (int32_t)(arrival - ts);
    if (s->have_transit) {
        int64_t d = (int32_t)((uint32_t)transit - (uint32_t)s->transit);
        if (d < 0)
            d = -d;
        int64_t j = (int64_t)s->jitter_q4 + d - ((s->jitter_q4 + 8) >> 4);
        s->jitter_q4 = j < 0 ? 0 : j > UINT32_MAX ? UINT32_MAX : (uint32_t)j;
    }
    s->transit = transit;
    s->have_transit = true;
}

RxSeqStatus rx_stream_packet(RxStream *s, uint16_t seq, uint32_t ts, uint32_t bytes, int64_t now_us, int64_t *seq_out)
{
    RxSeqStatus status = place(s, seq, true, seq_out);
    s->packets++;
    s->bytes += bytes;
    s->fresh = true;
    rate_window_add(&s->rate, bytes, now_us);
    if (status == RX_TOO_OLD) {
        s->too_old++;
        return status;
    }
    s->received++;
    if (status == RX_DUPLICATE)
        s->duplicates++;
    else
        update_jitter(s, ts, now_us);
    return status;
}

RxSeqStatus rx_stream_recovered(RxStream *s, uint16_t seq, int64_t *seq_out)
{
    RxSeqStatus status = place(s, seq, false, seq_out);
    if (status == RX_NEW || status == RX_LATE)
        s->recovered++;
    else if (status == RX_TOO_OLD)
        s->too_old++;
    return status;
}

void rx_stream_sender_report(RxStream *s, uint64_t ntp, int64_t now_us)
{
    s->sr_compact_ntp = rtcp_compact_ntp(ntp);
    s->sr_us = now_us > 0 ? now_us : 1;
}

int64_t rx_stream_lost(const RxStream *s)
{
    return s->lost_before + expected(s) - (int64_t)s->received;
}

static int32_t clamp_to_int32(int64_t v)
{
    return v > INT32_MAX ? INT32_MAX : v < INT32_MIN ? INT32_MIN : (int32_t)v;
}

bool rx_stream_report(RxStream *s, int64_t now_us, RtcpReportBlock *out)
{
    if (!s->fresh || !s->seq.started)
        return false;
    int64_t exp = expected(s), exp_now = exp - s->expected_reported;
    int64_t lost_now = exp_now - ((int64_t)s->received - s->received_reported);
    int64_t fraction = exp_now <= 0 || lost_now <= 0 ? 0 : lost_now * 256 / exp_now;
    *out = (RtcpReportBlock){
        .ssrc = s->ssrc,
        .fraction_lost = (uint8_t)(fraction > 255 ? 255 : fraction),
        .cumulative_lost = clamp_to_int32(rx_stream_lost(s)),
        .highest_seq = (uint32_t)(s->seq.newest - FIRST_CYCLE),
        .jitter = s->jitter_q4 >> 4,
    };
    if (s->sr_us > 0) {
        uint64_t delay_us = now_us > s->sr_us ? (uint64_t)(now_us - s->sr_us) : 0;
        uint64_t dlsr = delay_us / 1000000 * 65536 + delay_us % 1000000 * 65536 / 1000000;
        out->lsr = s->sr_compact_ntp;
        out->dlsr = dlsr > UINT32_MAX ? UINT32_MAX : (uint32_t)dlsr;
    }
    s->expected_reported = exp;
    s->received_reported = (int64_t)s->received;
    s->fresh = false;
    return true;
}

int64_t rx_stream_bitrate_bps(RxStream *s, int64_t now_us)
{
    return rate_window_bps(&s->rate, now_us);
}

double rx_stream_jitter_ms(const RxStream *s)
{
    return s->clock_hz ? (s->jitter_q4 >> 4) * 1000.0 / s->clock_hz : 0;
}
