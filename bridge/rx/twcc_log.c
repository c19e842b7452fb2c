/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/rx/twcc_log.h"
#include <stdlib.h>
#include <string.h>
#include "common/rtp/rtp_seq.h"
#include "common/rtp/twcc.h"

#define FIRST_CYCLE 0x10000 /* keeps numbers before the first positive */

/* arrival_us[i] is that of packet base + i. What was reported stays for a while: when a packet turns up that was
 * reported as lost, the report that mends it must not call its neighbours lost. */
struct TwccLog {
    RtpSeqUnwrapper seq;
    int64_t base;
    size_t start, end;  /* first not reported; one past the newest */
    int64_t counted_to; /* numbers below are in `loss` */
    int64_t last_report_us, oldest_unreported_us;
    uint8_t feedback_count;
    uint32_t jumps;
    TwccLogLoss loss;
    int64_t arrival_us[TWCC_LOG_SPAN];
};

TwccLog *twcc_log_new(void)
{
    return calloc(1, sizeof(TwccLog));
}

void twcc_log_free(TwccLog *l)
{
    free(l);
}

static void start_at(TwccLog *l, int64_t seq)
{
    l->base = l->counted_to = seq;
    l->start = l->end = 0;
}

/* Makes room for `seq` by forgetting reported numbers; unreported ones in the way are a jump, not a stream. */
static void make_room(TwccLog *l, int64_t seq)
{
    int64_t drop = seq - l->base - TWCC_LOG_SPAN + 1;
    if (drop <= 0)
        return;
    if (drop > (int64_t)l->start) {
        l->jumps++;
        start_at(l, seq);
        return;
    }
    if (drop < TWCC_LOG_SPAN / 2) /* seldom, rather than at each packet */
        drop = l->start < TWCC_LOG_SPAN / 2 ? (int64_t)l->start : TWCC_LOG_SPAN / 2;
    l->base += drop;
    l->start -= (size_t)drop;
    l->end -= (size_t)drop;
    memmove(l->arrival_us, l->arrival_us + drop, l->end * sizeof(l->arrival_us[0]));
}

bool twcc_log_packet(TwccLog *l, uint16_t seq16, bool marker, int64_t now_us)
{
    int64_t seq;
    if (!l->seq.started) {
        seq = (int64_t)seq16 + FIRST_CYCLE;
        l->seq = (RtpSeqUnwrapper){ .newest = seq, .started = true };
        l->last_report_us = now_us;
        start_at(l, seq);
    } else {
        seq = rtp_seq_unwrap(&l->seq, seq16);
    }
    if (seq < l->base)
        return false; /* behind everything we hold */
    make_room(l, seq);
    size_t at = (size_t)(seq - l->base);
    while (l->end <= at)
        l->arrival_us[l->end++] = TWCC_NOT_RECEIVED;
    if (l->arrival_us[at] == TWCC_NOT_RECEIVED) {
        if (l->oldest_unreported_us == 0)
            l->oldest_unreported_us = now_us;
        l->arrival_us[at] = now_us;
        if (seq < l->counted_to) {
            l->loss.received++;
            l->loss.lost--;
        }
        if (at < l->start)
            l->start = at;
    }
    int64_t since = now_us - l->last_report_us;
    return l->start < l->end && since >= (marker ? TWCC_LOG_MIN_INTERVAL_US : TWCC_LOG_INTERVAL_US);
}

uint32_t twcc_log_take_jumps(TwccLog *l)
{
    uint32_t n = l->jumps;
    l->jumps = 0;
    return n;
}

int64_t twcc_log_flush_at_us(const TwccLog *l)
{
    return l->start < l->end ? l->oldest_unreported_us + TWCC_LOG_FLUSH_US : INT64_MAX;
}

size_t twcc_log_build(TwccLog *l, uint8_t *out, size_t cap, uint32_t sender_ssrc, uint32_t media_ssrc, int64_t now_us)
{
    size_t consumed;
    TwccHead head = { .sender_ssrc = sender_ssrc,
                      .media_ssrc = media_ssrc,
                      .base_seq = (uint16_t)(l->base + (int64_t)l->start),
                      .feedback_count = l->feedback_count };
    size_t len = twcc_build(out, cap, &head, l->arrival_us + l->start, l->end - l->start, &consumed);
    if (len == 0)
        return 0;
    l->feedback_count++;
    l->start += consumed;
    l->last_report_us = now_us;
    l->oldest_unreported_us = 0;
    for (int64_t end = l->base + (int64_t)l->start; l->counted_to < end; l->counted_to++) {
        if (l->arrival_us[l->counted_to - l->base] == TWCC_NOT_RECEIVED)
            l->loss.lost++;
        else
            l->loss.received++;
    }
    return len;
}

TwccLogLoss twcc_log_loss(const TwccLog *l)
{
    return l->loss;
}
