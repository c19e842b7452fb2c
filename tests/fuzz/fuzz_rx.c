/* SPDX-License-Identifier: Apache-2.0
 *
 * Reception state fed with any numbers at any times: rx_stream, nack_gen and twcc_log side by side. Properties: no
 * number is taken twice, new ones rise; what is asked for is missing, ascending and bounded; every report that is
 * built can be read and its times are those put in. */
#include <stdlib.h>
#include <string.h>
#include "bridge/rx/nack_gen.h"
#include "bridge/rx/rx_stream.h"
#include "bridge/rx/twcc_log.h"
#include "common/rtp/reader.h"
#include "common/rtp/twcc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(x)                                                                                                       \
    do {                                                                                                               \
        if (!(x))                                                                                                      \
            abort();                                                                                                   \
    } while (0)

#define TAKEN 4096 /* more than RX_STREAM_WINDOW */

typedef struct {
    RxStream stream;
    NackGen nack;
    TwccLog *log;
    int64_t newest, now_us;
    int64_t taken[TAKEN]; /* last number taken per slot, 0 none */
} World;

static void check_missing(const World *w, const uint16_t *seqs, size_t n)
{
    CHECK(n <= NACK_GEN_MAX_MISSING);
    for (size_t i = 0; i < n; i++) {
        CHECK(i == 0 || rtp_seq_diff(seqs[i], seqs[i - 1]) > 0);
        int64_t v = w->newest + rtp_seq_diff(seqs[i], (uint16_t)w->newest);
        CHECK(v < w->newest && w->taken[v % TAKEN] != v);
    }
}

static void drain_log(World *w)
{
    uint8_t buf[TWCC_LOG_MAX_PACKET];
    size_t len;
    while ((len = twcc_log_build(w->log, buf, sizeof(buf), 1, 2, w->now_us)) > 0) {
        RtcpIter it = RTCP_ITER(buf, len);
        RtcpPacket p;
        TwccView v;
        TwccIter iter;
        TwccStatus s;
        CHECK(rtcp_iter_next(&it, &p) && p.len == len && twcc_parse(buf, &p, &v));
        twcc_iter_init(&iter, buf, &v);
        while (twcc_iter_next(&iter, &s))
            CHECK(s.arrival_us <= w->now_us);
    }
    CHECK(twcc_log_flush_at_us(w->log) == INT64_MAX);
}

static void receive(World *w, uint16_t seq, uint8_t how)
{
    int64_t v = -1;
    uint16_t ask[NACK_GEN_MAX_GAP];
    RxSeqStatus status = how & 1 ? rx_stream_recovered(&w->stream, seq, &v)
                                 : rx_stream_packet(&w->stream, seq, seq * 3000u, 100, w->now_us, &v);
    if (twcc_log_packet(w->log, seq, how & 2, w->now_us))
        drain_log(w);
    if (status == RX_TOO_OLD)
        return;
    CHECK(v >= 0 && (uint16_t)v == seq);
    bool was_taken = w->taken[v % TAKEN] == v;
    CHECK(was_taken == (status == RX_DUPLICATE));
    CHECK(status != RX_NEW || v > w->newest);
    CHECK(status != RX_LATE || v < w->newest || w->newest == 0);
    w->taken[v % TAKEN] = v;
    if (v > w->newest)
        w->newest = v;
    check_missing(w, ask, nack_gen_received(&w->nack, v, w->now_us, ask));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static World w;
    Reader r = READER(data, size);
    w = (World){ .now_us = 1000000 };
    rx_stream_init(&w.stream, 1, reader_u8(&r) * 1000u);
    w.log = twcc_log_new();
    CHECK(w.log);
    uint16_t seq = reader_u16(&r);
    while (reader_left(&r) > 0 && !r.failed) {
        uint8_t op = reader_u8(&r);
        uint16_t ask[NACK_GEN_MAX_MISSING];
        RtcpReportBlock block;
        switch (op & 7) {
        case 0:
            receive(&w, reader_u16(&r), op >> 3);
            break;
        case 1:
            seq = (uint16_t)(seq + (int8_t)reader_u8(&r));
            receive(&w, seq, op >> 3);
            break;
        case 2:
            for (unsigned n = reader_u8(&r); n > 0; n--)
                receive(&w, seq++, op >> 3);
            break;
        case 3:
            w.now_us += (int64_t)reader_u8(&r) * (op & 64 ? 100000 : 1000);
            break;
        case 4:
            check_missing(&w, ask, nack_gen_due(&w.nack, w.now_us, (int64_t)(op >> 3) * 10000, ask));
            break;
        case 5:
            if (rx_stream_report(&w.stream, w.now_us, &block))
                CHECK(block.ssrc == 1);
            break;
        case 6:
            rx_stream_sender_report(&w.stream, (uint64_t)reader_u32(&r) << 16, w.now_us);
            break;
        case 7:
            drain_log(&w);
            break;
        }
        CHECK(w.nack.count <= NACK_GEN_MAX_MISSING && rx_stream_bitrate_bps(&w.stream, w.now_us) >= 0);
    }
    drain_log(&w);
    TwccLogLoss loss = twcc_log_loss(w.log);
    CHECK(loss.received < 1u << 30 && loss.lost < 1u << 30);
    twcc_log_free(w.log);
    return 0;
}
