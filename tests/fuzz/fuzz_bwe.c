/* SPDX-License-Identifier: Apache-2.0
 *
 * The estimator as a stateful decider: a script of sends, feedback bytes of any kind, reports and time. Property:
 * the target stays within its limits, and what a probe asks for stays within reason. */
#include <stdlib.h>
#include <string.h>
#include "bridge/tx/bwe.h"
#include "common/rtp/reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(x)                                                                                                       \
    do {                                                                                                               \
        if (!(x))                                                                                                      \
            abort();                                                                                                   \
    } while (0)

enum { SEND, SEND_PROBE, FEEDBACK, RTT, REMB, WAIT, WANTED, OPS };

static void feedback(Bwe *b, Reader *r, uint16_t newest, int64_t now_us)
{
    uint8_t buf[4 + 16 + 256] = { 0x8f, 205 };
    size_t body = reader_u8(r), len;
    body = body < reader_left(r) ? body : reader_left(r);
    len = (16 + body) & ~(size_t)3;
    buf[3] = (uint8_t)(len / 4);
    memcpy(buf + 4, "\0\0\0\1\0\0\0\2", 8);
    memcpy(buf + 12, r->buf + r->pos, body);
    if (body > 1 && buf[12] & 1) { /* most numbers are near those sent, or nothing interesting happens */
        uint16_t base = (uint16_t)(newest - buf[13]);
        buf[12] = (uint8_t)(base >> 8);
        buf[13] = (uint8_t)base;
    }
    reader_skip(r, body);
    RtcpIter it = RTCP_ITER(buf, 4 + len);
    RtcpPacket p;
    TwccView v;
    if (rtcp_iter_next(&it, &p) && twcc_parse(buf, &p, &v))
        bwe_on_feedback(b, buf, &v, now_us);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Reader r = READER(data, size);
    uint8_t options = reader_u8(&r);
    BweConfig config = {
        .start_bps = 30000 + options * 10000, .min_bps = 30000, .max_bps = 20000000, .transport_cc = options & 1
    };
    int64_t now_us = options & 2 ? 0 : 1000000000, again_us;
    uint16_t seq = (uint16_t)(65500 + options);
    Bwe *b = bwe_new(&config, now_us);
    CHECK(b);
    while (reader_left(&r) > 0 && !r.failed) {
        uint8_t op = reader_u8(&r);
        switch (op % OPS) {
        case SEND:
            for (unsigned n = reader_u8(&r) % 32; n > 0; n--) {
                if (op & 128 && bwe_takes_audio(b))
                    bwe_on_audio_sent(b, seq++, 120, now_us);
                else
                    bwe_on_sent(b, seq++, 200 + 4 * op, now_us, bwe_probe_id(b));
                bwe_probe_due(b, 200 + 4 * op, now_us, &again_us);
            }
            break;
        case SEND_PROBE: {
            size_t due = bwe_probe_due(b, op, now_us, &again_us);
            CHECK(due <= 20000000 / 8 / 500); /* 2 ms at the highest rate */
            CHECK(again_us == INT64_MAX || (again_us >= now_us && again_us - now_us < 2000000));
            if (due > 0)
                bwe_on_sent(b, seq++, due < 1200 ? due : 1200, now_us, bwe_probe_id(b));
            break;
        }
        case FEEDBACK:
            feedback(b, &r, (uint16_t)(seq - 1), now_us);
            break;
        case RTT:
            bwe_on_rtt(b, (int64_t)reader_u16(&r) * 100, now_us);
            break;
        case REMB:
            bwe_on_report_loss(b, op & 64 ? 0.25 : 0);
            bwe_on_remb(b, (uint64_t)reader_u32(&r) << (op & 31), now_us);
            break;
        case WAIT:
            now_us += (int64_t)reader_u8(&r) * (op & 64 ? 100000 : 1000);
            bwe_tick(b, now_us);
            break;
        case WANTED:
            bwe_set_wanted_bps(b, (int64_t)reader_u16(&r) * 1000);
            break;
        }
        BweStats stats;
        bwe_stats(b, &stats);
        CHECK(stats.target_bps >= config.min_bps && stats.target_bps <= config.max_bps);
        CHECK(stats.loss >= 0 && stats.loss <= 1 && stats.threshold >= 6 && stats.threshold <= 600);
        CHECK(stats.acked_bps >= 0);
    }
    bwe_free(b);
    return 0;
}
