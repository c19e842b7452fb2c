/* SPDX-License-Identifier: Apache-2.0 */
#include "common/rtp/twcc.h"
#include "tests/fakes/bytes.h"
#include "tests/fakes/rows.h"

#define MS 1000
#define LOST TWCC_NOT_RECEIVED

typedef struct {
    const char *name, *hex, *want; /* "seq+delta_us" or "seq-" each; NULL: refused */
} ParseCase;

/* head: sender 1, media 2; then base 5 and so on */
static const ParseCase parses[] = {
    { "run of two", "8fcd0005 00000001 00000002 0005 0002 000001 00 2002 0408", "5+1000 6+2000" },
    { "run longer than the count", "8fcd0005 00000001 00000002 0005 0002 000001 00 3fff 0408", "5+1000 6+2000" },
    { "run of lost", "8fcd0005 00000001 00000002 0005 0003 000001 00 0003 0000", "5- 6- 7-" },
    { "one-bit vector", "8fcd0005 00000001 00000002 fffe 0004 000001 00 a400 0102", "65534+250 65535- 0- 1+500" },
    { "two-bit vector with a negative delta", "8fcd0006 00000001 00000002 0005 0003 000001 00 d200 04 fffc 00 0000",
      "5+1000 6- 7-1000" },
    { "chunks end early", "8fcd0004 00000001 00000002 0005 0009 000001 00", NULL },
    { "second chunk missing", "8fcd0005 00000001 00000002 0005 0009 000001 00 0002 0003", NULL },
    { "deltas beyond the end", "8fcd0005 00000001 00000002 0005 0003 000001 00 2003 0408", NULL },
    { "large delta cut", "8fcd0005 00000001 00000002 0005 0002 000001 00 4002 0408", NULL },
    { "reserved symbol in a run", "8fcd0005 00000001 00000002 0005 0001 000001 00 6001 0408", NULL },
    { "reserved symbol in a vector", "8fcd0005 00000001 00000002 0005 0001 000001 00 f000 0408", NULL },
    { "reserved symbol past the count", "8fcd0005 00000001 00000002 0005 0001 000001 00 d300 0408", "5+1000" },
    { "no statuses", "8fcd0004 00000001 00000002 0005 0000 000001 00", "" },
    { "runs of nothing", "8fcd0006 00000001 00000002 0005 0001 000001 00 2000 0000 2001 0400", "5+1000" },
    { "cut in the head", "8fcd0003 00000001 00000002 0005 0002", NULL },
    { "padding hides the deltas", "afcd0005 00000001 00000002 0005 0001 000001 00 2001 0002", NULL },
    { "a NACK", "81cd0005 00000001 00000002 0005 0002 000001 00 2002 0408", NULL },
};

static bool parse(const uint8_t *buf, size_t len, TwccView *v)
{
    RtcpIter it = RTCP_ITER(buf, len);
    RtcpPacket p;
    g_assert_true(rtcp_iter_next(&it, &p));
    return twcc_parse(buf, &p, v);
}

static void test_parse(gconstpointer data)
{
    const ParseCase *c = data;
    size_t len;
    uint8_t *bytes = bytes_from_hex(c->hex, &len);
    TwccView v;
    bool ok = parse(bytes, len, &v);
    g_assert_cmpint(ok, ==, c->want != NULL);
    if (ok) {
        g_autoptr(GString) got = g_string_new(NULL);
        TwccIter it;
        TwccStatus s;
        uint32_t received = 0;
        int64_t arrival = (int64_t)v.reference_time * TWCC_REFERENCE_US;
        twcc_iter_init(&it, bytes, &v);
        while (twcc_iter_next(&it, &s)) {
            received += s.received;
            arrival += s.delta_us;
            g_assert_cmpint(s.arrival_us, ==, arrival);
            if (s.received)
                g_string_append_printf(got, "%s%u%+d", got->len ? " " : "", s.seq, s.delta_us);
            else
                g_string_append_printf(got, "%s%u-", got->len ? " " : "", s.seq);
        }
        g_assert_cmpuint(received, ==, v.received_count);
        g_assert_cmpstr(got->str, ==, c->want);
    }
    free(bytes);
}

static void test_head(void)
{
    size_t len;
    uint8_t *bytes = bytes_from_hex("8fcd0005 00000001 00000002 0005 0002 ffffff 09 2002 0408", &len);
    TwccView v;
    g_assert_true(parse(bytes, len, &v));
    g_assert_cmpuint(v.sender_ssrc, ==, 1);
    g_assert_cmpuint(v.media_ssrc, ==, 2);
    g_assert_cmpuint(v.base_seq, ==, 5);
    g_assert_cmpuint(v.status_count, ==, 2);
    g_assert_cmpint(v.reference_time, ==, -1);
    g_assert_cmpuint(v.feedback_count, ==, 9);
    free(bytes);
}

typedef struct {
    const char *name;
    int64_t arrival_us[20];
    size_t n;
    const char *want; /* what follows the fixed head, padding included; NULL: nothing to send */
    size_t consumed;
} BuildCase;

static const BuildCase builds[] = {
    { "one", { 64 * MS }, 1, "00070001 000001 03 2001 00 01", 1 },
    { "nothing received", { LOST, LOST }, 2, NULL, 0 },
    { "no statuses", { 0 }, 0, NULL, 0 },
    { "lost at both ends", { LOST, 65 * MS, LOST }, 3, "00070003 000001 03 9000 04 01", 3 },
    { "same time", { 0, 0, 0 }, 3, "00070003 000000 03 2003 000000 000003", 3 },
    { "largest small delta", { 0, 63750 }, 2, "00070002 000000 03 2002 00ff", 2 },
    { "smallest large delta", { 0, 64 * MS }, 2, "00070002 000000 03 d800 00 0100 000003", 2 },
    { "negative delta", { 10 * MS, 9 * MS }, 2, "00070002 000000 03 d800 28 fffc 000003", 2 },
    { "largest delta", { 0, 32767 * 250 }, 2, "00070002 000000 03 d800 00 7fff 000003", 2 },
    { "delta overflow splits", { 0, 32768 * 250 }, 2, "00070001 000000 03 2001 00 01", 1 },
    { "negative overflow splits", { 32769 * 250, 0 }, 2, "00070001 000080 03 2001 01 01", 1 },
    { "overflow behind a hole", { 0, LOST, 32768 * 250 }, 3, "00070002 000000 03 a000 00 01", 2 },
    { "rounding does not add up", { 240, 480, 740 }, 3, "00070003 000000 03 2003 000101 000003", 3 },
};

static void test_build(gconstpointer data)
{
    const BuildCase *c = data;
    uint8_t buf[256];
    size_t consumed = 99;
    TwccHead head = { 1, 2, 7, 3 };
    size_t len = twcc_build(buf, sizeof(buf), &head, c->arrival_us, c->n, &consumed);
    g_assert_cmpuint(consumed, ==, c->consumed);
    if (!c->want) {
        g_assert_cmpuint(len, ==, 0);
        return;
    }
    assert_bytes(buf + 12, len - 12, c->want);
    TwccView v;
    g_assert_true(parse(buf, len, &v));
    g_assert_cmpuint(v.sender_ssrc, ==, 1);
    g_assert_cmpuint(v.media_ssrc, ==, 2);
}

/* Sends all of it, in as many packets as it takes, and compares what the other side reads. */
static void round_trip(const int64_t *arrival_us, size_t n, size_t cap)
{
    uint8_t *buf = malloc(cap);
    uint16_t base = 65500;
    size_t at = 0;
    while (at < n) {
        TwccHead head = { 1, 2, (uint16_t)(base + at), 0 };
        size_t consumed, end;
        size_t len = twcc_build(buf, cap, &head, arrival_us + at, n - at, &consumed);
        if (len == 0) {
            for (; at < n; at++)
                g_assert_true(arrival_us[at] == LOST);
            break;
        }
        g_assert_cmpuint(len % 4, ==, 0);
        g_assert_cmpuint(consumed, >, 0);
        TwccView v;
        TwccIter it;
        TwccStatus s;
        g_assert_true(parse(buf, len, &v));
        g_assert_cmpuint(v.status_count, ==, consumed);
        twcc_iter_init(&it, buf, &v);
        for (end = at + consumed; at < end; at++) {
            g_assert_true(twcc_iter_next(&it, &s));
            g_assert_cmpuint(s.seq, ==, (uint16_t)(base + at));
            g_assert_cmpint(s.received, ==, arrival_us[at] != LOST);
            if (s.received)
                g_assert_cmpint(s.arrival_us, ==, arrival_us[at] / 250 * 250);
        }
        g_assert_false(twcc_iter_next(&it, &s));
    }
    free(buf);
}

static void test_round_trip(void)
{
    static int64_t arrival[30000];
    g_autoptr(GRand) rand = g_rand_new_with_seed(7);
    for (int round = 0; round < 200; round++) {
        size_t n = (size_t)g_rand_int_range(rand, 1, round < 190 ? 300 : 30000);
        double loss = g_rand_double(rand) * g_rand_double(rand);
        bool jumpy = g_rand_boolean(rand);
        int64_t now = g_rand_int(rand) * 100LL;
        for (size_t i = 0; i < n; i++) {
            now += g_rand_int_range(rand, 0, 9000);
            if (jumpy && g_rand_int_range(rand, 0, 20) == 0)
                now += g_rand_int_range(rand, 0, 20000000);
            int64_t late = jumpy && g_rand_int_range(rand, 0, 10) == 0 ? g_rand_int_range(rand, 0, 90000) : 0;
            arrival[i] = g_rand_double(rand) < loss ? LOST : now > late ? now - late : 0;
        }
        round_trip(arrival, n, 1200);
        round_trip(arrival, n, (size_t)g_rand_int_range(rand, TWCC_MIN_SIZE, 100));
    }
    for (size_t i = 0; i < G_N_ELEMENTS(arrival); i++)
        arrival[i] = i == 0 || i == 29999 ? 1000 : LOST;
    round_trip(arrival, G_N_ELEMENTS(arrival), 1200);
    round_trip(arrival, G_N_ELEMENTS(arrival), TWCC_MIN_SIZE);
}

static void test_small_buffer(void)
{
    uint8_t buf[TWCC_MIN_SIZE];
    int64_t arrival[] = { 0 };
    size_t consumed = 9;
    g_assert_cmpuint(twcc_build(buf, TWCC_MIN_SIZE - 1, &(TwccHead){ 0 }, arrival, 1, &consumed), ==, 0);
    g_assert_cmpuint(consumed, ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD_ROWS("/twcc/parse", parses, test_parse);
    g_test_add_func("/twcc/head", test_head);
    ADD_ROWS("/twcc/build", builds, test_build);
    g_test_add_func("/twcc/round trip", test_round_trip);
    g_test_add_func("/twcc/small buffer", test_small_buffer);
    return g_test_run();
}
