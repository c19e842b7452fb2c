/* SPDX-License-Identifier: Apache-2.0
 *
 * Transport-cc feedback over any bytes. Property: what a parsed packet says, built anew into as many packets as
 * that takes, parses to the same numbers and times. */
#include <stdlib.h>
#include "common/rtp/twcc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(x)                                                                                                       \
    do {                                                                                                               \
        if (!(x))                                                                                                      \
            abort();                                                                                                   \
    } while (0)

#define TURN_US ((int64_t)0x1000000 * TWCC_REFERENCE_US) /* after which the reference time repeats */

static int64_t arrival_us[TWCC_MAX_STATUSES];

static void rebuild(const TwccView *v, size_t n, size_t cap)
{
    uint8_t buf[1500];
    size_t at = 0, received = 0;
    while (at < n) {
        TwccHead head = { v->sender_ssrc, v->media_ssrc, (uint16_t)(v->base_seq + at), v->feedback_count };
        size_t consumed;
        size_t len = twcc_build(buf, cap, &head, arrival_us + at, n - at, &consumed);
        if (len == 0)
            break; /* only holes are left */
        CHECK(len <= cap && consumed > 0 && at + consumed <= n);
        RtcpIter it = RTCP_ITER(buf, len);
        RtcpPacket p;
        TwccView again;
        TwccIter iter;
        TwccStatus s;
        CHECK(rtcp_iter_next(&it, &p) && p.len == len && twcc_parse(buf, &p, &again));
        CHECK(again.status_count == consumed);
        twcc_iter_init(&iter, buf, &again);
        for (size_t end = at + consumed; at < end; at++) {
            CHECK(twcc_iter_next(&iter, &s) && s.seq == (uint16_t)(v->base_seq + at));
            CHECK(s.received == (arrival_us[at] != TWCC_NOT_RECEIVED));
            CHECK(!s.received || (s.arrival_us - arrival_us[at]) % TURN_US == 0);
            received += s.received;
        }
    }
    CHECK(received == v->received_count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    RtcpIter it = RTCP_ITER(data, size);
    RtcpPacket p;
    while (rtcp_iter_next(&it, &p)) {
        TwccView v;
        TwccIter iter;
        TwccStatus s;
        size_t n = 0;
        if (!twcc_parse(data, &p, &v))
            continue;
        twcc_iter_init(&iter, data, &v);
        while (twcc_iter_next(&iter, &s))
            arrival_us[n++] = s.received ? s.arrival_us + 2 * TURN_US : TWCC_NOT_RECEIVED;
        CHECK(n == v.status_count);
        rebuild(&v, n, 1200);
        if (n < 3000)
            rebuild(&v, n, TWCC_MIN_SIZE + size % 64);
    }
    return 0;
}
