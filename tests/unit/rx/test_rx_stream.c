/* SPDX-License-Identifier: Apache-2.0 */
#include <glib.h>
#include <string.h>
#include "bridge/rx/rx_stream.h"
#include "tests/fakes/rows.h"

#define SECOND 1000000LL

typedef struct {
    const char *name;
    struct {
        int seq; /* negative: recovered from RTX */
        RxSeqStatus want;
    } rows[8]; /* ends at END */
    int64_t lost;
} Script;

#define REC(n) (-(n))
#define END                                                                                                            \
    {                                                                                                                  \
        0, (RxSeqStatus)99                                                                                             \
    }

static const Script scripts[] = {
    { "in order over the wrap", { { 65534, RX_NEW }, { 65535, RX_NEW }, { 0, RX_NEW }, { 1, RX_NEW }, END }, 0 },
    { "late and duplicate",
      { { 10, RX_NEW }, { 12, RX_NEW }, { 11, RX_LATE }, { 11, RX_DUPLICATE }, { 12, RX_DUPLICATE }, END },
      -2 },
    { "before the first", { { 1, RX_NEW }, { 0, RX_LATE }, { 65535, RX_LATE }, { 65535, RX_DUPLICATE }, END }, -3 },
    { "loss", { { 1, RX_NEW }, { 5, RX_NEW }, { 3, RX_LATE }, END }, 2 },
    { "recovered leaves the loss",
      { { 1, RX_NEW }, { 3, RX_NEW }, { REC(2), RX_LATE }, { REC(2), RX_DUPLICATE }, END },
      1 },
    { "original after recovery", { { 1, RX_NEW }, { 3, RX_NEW }, { REC(2), RX_LATE }, { 2, RX_DUPLICATE }, END }, 0 },
    { "recovered ahead", { { 1, RX_NEW }, { REC(2), RX_NEW }, { 3, RX_NEW }, END }, 1 },
    { "recovered before any", { { REC(2), RX_TOO_OLD }, { 3, RX_NEW }, END }, 0 },
    { "recovered far ahead", { { 1, RX_NEW }, { REC(5000), RX_TOO_OLD }, { 2, RX_NEW }, END }, 0 },
    { "jump ahead is a restart", { { 1, RX_NEW }, { 5000, RX_NEW }, { 5001, RX_NEW }, { 5003, RX_NEW }, END }, 1 },
    { "too old", { { 5000, RX_NEW }, { 2953, RX_LATE }, { 2952, RX_TOO_OLD }, { 5001, RX_NEW }, END }, -1 },
    { "restart behind",
      { { 30000, RX_NEW }, { 100, RX_TOO_OLD }, { 101, RX_NEW }, { 102, RX_NEW }, { 100, RX_LATE }, END },
      -1 },
    { "two strays are no restart",
      { { 30000, RX_NEW }, { 100, RX_TOO_OLD }, { 30001, RX_NEW }, { 101, RX_TOO_OLD }, { 30002, RX_NEW }, END },
      0 },
};

static void test_script(gconstpointer data)
{
    const Script *c = data;
    RxStream s;
    rx_stream_init(&s, 1, 90000);
    int64_t last = -1;
    for (size_t i = 0; c->rows[i].want != 99; i++) {
        int seq = c->rows[i].seq;
        int64_t out = -1;
        RxSeqStatus got = seq < 0 ? rx_stream_recovered(&s, (uint16_t)-seq, &out)
                                  : rx_stream_packet(&s, (uint16_t)seq, 0, 100, (int64_t)i * 1000, &out);
        g_assert_cmpint(got, ==, c->rows[i].want);
        if (got == RX_TOO_OLD)
            continue;
        g_assert_cmpint(out, >=, 0);
        g_assert_cmpuint((uint16_t)out, ==, (uint16_t)(seq < 0 ? -seq : seq));
        if (got == RX_NEW) {
            g_assert_cmpint(out, >, last);
            last = out;
        }
    }
    g_assert_cmpint(rx_stream_lost(&s), ==, c->lost);
}

/* RFC 3550 A.3 by hand: 256 expected in the interval, 64 lost. */
static void test_report(void)
{
    RxStream s;
    RtcpReportBlock b;
    int64_t seq;
    rx_stream_init(&s, 77, 90000);
    g_assert_false(rx_stream_report(&s, 0, &b));
    rx_stream_packet(&s, 65535, 0, 10, 0, &seq);
    g_assert_true(rx_stream_report(&s, 0, &b));
    g_assert_cmpuint(b.fraction_lost, ==, 0);
    g_assert_cmphex(b.highest_seq, ==, 0xffff);
    g_assert_cmpuint(b.lsr, ==, 0);
    g_assert_cmpuint(b.dlsr, ==, 0);
    for (int i = 0; i < 256; i++)
        if (i % 4 != 1)
            rx_stream_packet(&s, (uint16_t)i, 0, 10, 0, &seq);
    rx_stream_sender_report(&s, 0x1122334455667788ULL, 2 * SECOND);
    g_assert_true(rx_stream_report(&s, 3 * SECOND + SECOND / 2, &b));
    g_assert_cmpuint(b.ssrc, ==, 77);
    g_assert_cmpuint(b.fraction_lost, ==, 64);
    g_assert_cmpint(b.cumulative_lost, ==, 64);
    g_assert_cmphex(b.highest_seq, ==, 0x100ff); /* one cycle */
    g_assert_cmphex(b.lsr, ==, 0x33445566);
    g_assert_cmpuint(b.dlsr, ==, 3 * 65536 / 2);
    g_assert_false(rx_stream_report(&s, 4 * SECOND, &b)); /* nothing new */
    rx_stream_packet(&s, 256, 0, 10, 0, &seq);
    g_assert_true(rx_stream_report(&s, 4 * SECOND, &b));
    g_assert_cmpuint(b.fraction_lost, ==, 0);
    g_assert_cmpint(b.cumulative_lost, ==, 64);
}

static void test_jitter(void)
{
    RxStream even, uneven, huge;
    int64_t seq;
    rx_stream_init(&even, 1, 48000);
    rx_stream_init(&uneven, 1, 48000);
    rx_stream_init(&huge, 1, 48000);
    for (int i = 0; i < 500; i++) {
        int64_t now = 1700000000 * SECOND + i * 20000; /* a clock since 1970 must not overflow */
        rx_stream_packet(&even, (uint16_t)i, (uint32_t)i * 960, 100, now, &seq);
        rx_stream_packet(&uneven, (uint16_t)i, (uint32_t)i * 960, 100, now + (i % 2) * 10000, &seq);
        rx_stream_packet(&huge, (uint16_t)i, i % 2 ? 0x7fffffff : 0, 100, now, &seq);
    }
    g_assert_cmpfloat(rx_stream_jitter_ms(&even), <, 0.1);
    g_assert_cmpfloat(rx_stream_jitter_ms(&uneven), >, 9.5);
    g_assert_cmpfloat(rx_stream_jitter_ms(&uneven), <, 10.1);
    g_assert_cmpfloat(rx_stream_jitter_ms(&huge), >, 0);
}

static void test_rate(void)
{
    RxStream s;
    int64_t seq, now = 0;
    rx_stream_init(&s, 1, 90000);
    g_assert_cmpint(rx_stream_bitrate_bps(&s, 0), ==, 0);
    for (int i = 0; i < 2000; i++, now += 1000) /* 1000 bytes a millisecond */
        rx_stream_packet(&s, (uint16_t)i, 0, 1000, now, &seq);
    g_assert_cmpint(rx_stream_bitrate_bps(&s, now - 1), ==, 8000000);
    int64_t half = rx_stream_bitrate_bps(&s, now + SECOND / 2);
    g_assert_cmpint(half, >, 3000000);
    g_assert_cmpint(half, <, 5000000);
    g_assert_cmpint(rx_stream_bitrate_bps(&s, now + 2 * SECOND), ==, 0);
    g_assert_cmpint(rx_stream_bitrate_bps(&s, now + 2000 * SECOND), ==, 0);
}

/* Long and from every start that hurts: each number once, each copy refused. */
static void test_long_run(void)
{
    static const uint16_t starts[] = { 0, 127, 32767, 65535 };
    for (size_t k = 0; k < G_N_ELEMENTS(starts); k++) {
        RxStream s;
        int64_t seq, first = 0;
        rx_stream_init(&s, 1, 90000);
        for (int i = 0; i < 150000; i++) {
            uint16_t n = (uint16_t)(starts[k] + i);
            g_assert_cmpint(rx_stream_packet(&s, n, 0, 1, i, &seq), ==, RX_NEW);
            if (i == 0)
                first = seq;
            g_assert_cmpint(seq, ==, first + i);
            if (i % 5 == 0)
                g_assert_cmpint(rx_stream_packet(&s, (uint16_t)(n - MIN(i, 2047)), 0, 1, i, &seq), ==, RX_DUPLICATE);
        }
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD_ROWS("/rx/stream", scripts, test_script);
    g_test_add_func("/rx/stream/report", test_report);
    g_test_add_func("/rx/stream/jitter", test_jitter);
    g_test_add_func("/rx/stream/rate", test_rate);
    g_test_add_func("/rx/stream/long run", test_long_run);
    return g_test_run();
}
