/* SPDX-License-Identifier: Apache-2.0 */
#include <glib.h>
#include <string.h>
#include "bridge/rx/twcc_log.h"
#include "common/rtp/twcc.h"

#define MS 1000

typedef TwccLog TwccLogAuto;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TwccLogAuto, twcc_log_free)

/* What one report says, "base:1.1" style: 1 received, '.' lost; several packets joined by a space. */
static char *report(TwccLog *l, int64_t now_us)
{
    GString *s = g_string_new(NULL);
    uint8_t buf[TWCC_LOG_MAX_PACKET];
    size_t len;
    while ((len = twcc_log_build(l, buf, sizeof(buf), 1, 2, now_us)) > 0) {
        RtcpIter it = RTCP_ITER(buf, len);
        RtcpPacket p;
        TwccView v;
        TwccIter iter;
        TwccStatus st;
        g_assert_true(rtcp_iter_next(&it, &p) && twcc_parse(buf, &p, &v));
        g_assert_cmpuint(v.media_ssrc, ==, 2);
        g_string_append_printf(s, "%s%u#%u:", s->len ? " " : "", v.base_seq, v.feedback_count);
        twcc_iter_init(&iter, buf, &v);
        while (twcc_iter_next(&iter, &st))
            g_string_append_c(s, st.received ? '1' : '.');
    }
    return g_string_free(s, FALSE);
}

static void assert_report(TwccLog *l, int64_t now_us, const char *want)
{
    g_autofree char *got = report(l, now_us);
    g_assert_cmpstr(got, ==, want);
}

static void test_when(void)
{
    g_autoptr(TwccLogAuto) l = twcc_log_new();
    g_assert_cmpint(twcc_log_flush_at_us(l), ==, INT64_MAX);
    g_assert_false(twcc_log_packet(l, 10, false, 1000 * MS));
    g_assert_cmpint(twcc_log_flush_at_us(l), ==, 1250 * MS);
    g_assert_false(twcc_log_packet(l, 11, true, 1019 * MS)); /* the frame ended too soon */
    g_assert_false(twcc_log_packet(l, 12, false, 1099 * MS));
    g_assert_true(twcc_log_packet(l, 13, false, 1100 * MS));
    assert_report(l, 1100 * MS, "10#0:1111");
    assert_report(l, 1100 * MS, "");
    g_assert_cmpint(twcc_log_flush_at_us(l), ==, INT64_MAX);
    g_assert_false(twcc_log_packet(l, 14, true, 1119 * MS));
    g_assert_true(twcc_log_packet(l, 15, true, 1120 * MS));
    assert_report(l, 1120 * MS, "14#1:11");
    g_assert_false(twcc_log_packet(l, 15, true, 1300 * MS)); /* a copy: nothing to report */
    assert_report(l, 1300 * MS, "");
    g_assert_true(twcc_log_packet(l, 16, false, 1300 * MS));
}

static void test_late_and_lost(void)
{
    g_autoptr(TwccLogAuto) l = twcc_log_new();
    twcc_log_packet(l, 65534, false, 0);
    twcc_log_packet(l, 1, false, 1 * MS);
    twcc_log_packet(l, 65533, false, 2 * MS); /* before the first */
    assert_report(l, 3 * MS, "65534#0:1..1");
    TwccLogLoss loss = twcc_log_loss(l);
    g_assert_cmpuint(loss.received, ==, 2);
    g_assert_cmpuint(loss.lost, ==, 2);
    twcc_log_packet(l, 3, false, 4 * MS);
    twcc_log_packet(l, 65535, false, 5 * MS); /* reported lost: told again, its neighbours right */
    assert_report(l, 6 * MS, "65535#1:1.1.1");
    loss = twcc_log_loss(l);
    g_assert_cmpuint(loss.received, ==, 4);
    g_assert_cmpuint(loss.lost, ==, 2);
}

static void test_split(void)
{
    g_autoptr(TwccLogAuto) l = twcc_log_new();
    twcc_log_packet(l, 5, false, 0);
    twcc_log_packet(l, 7, false, 20000 * MS); /* a delta that does not fit */
    assert_report(l, 20000 * MS, "5#0:1. 7#1:1");
}

static void test_jump(void)
{
    g_autoptr(TwccLogAuto) l = twcc_log_new();
    twcc_log_packet(l, 5, false, 0);
    g_assert_cmpuint(twcc_log_take_jumps(l), ==, 0);
    twcc_log_packet(l, 20000, false, 1 * MS);
    g_assert_cmpuint(twcc_log_take_jumps(l), ==, 1);
    g_assert_cmpuint(twcc_log_take_jumps(l), ==, 0);
    assert_report(l, 1 * MS, "20000#0:1");
    g_assert_false(twcc_log_packet(l, 6, false, 200 * MS)); /* behind everything held */
    assert_report(l, 200 * MS, "");
}

/* Hours of packets with loss and reordering: each one reported received at least once, none invented. */
static void test_long_run(void)
{
    static uint8_t sent[300000], told[300000];
    g_autoptr(TwccLogAuto) l = twcc_log_new();
    g_autoptr(GRand) rand = g_rand_new_with_seed(3);
    uint8_t buf[TWCC_LOG_MAX_PACKET];
    int64_t now = 0, delayed = -1;
    size_t arrived = 0;
    for (int64_t i = 0; i < (int64_t)G_N_ELEMENTS(sent); i++) {
        now += g_rand_int_range(rand, 0, 3 * MS);
        if (i > 0 && i + 1 < (int64_t)G_N_ELEMENTS(sent) && g_rand_int_range(rand, 0, 10) == 0)
            continue; /* lost */
        if (delayed < 0 && i > 0 && g_rand_int_range(rand, 0, 10) == 0) {
            delayed = i;
            continue;
        }
        sent[i] = 1;
        arrived++;
        bool due = twcc_log_packet(l, (uint16_t)(i + 60000), g_rand_int_range(rand, 0, 20) == 0, now);
        if (delayed >= 0 && i - delayed > 30) {
            sent[delayed] = 1;
            arrived++;
            due |= twcc_log_packet(l, (uint16_t)(delayed + 60000), false, now);
            delayed = -1;
        }
        size_t len;
        while ((due || i + 1 == (int64_t)G_N_ELEMENTS(sent)) &&
               (len = twcc_log_build(l, buf, sizeof(buf), 1, 2, now)) > 0) {
            RtcpIter it = RTCP_ITER(buf, len);
            RtcpPacket p;
            TwccView v;
            TwccIter iter;
            TwccStatus st;
            g_assert_true(rtcp_iter_next(&it, &p) && twcc_parse(buf, &p, &v));
            twcc_iter_init(&iter, buf, &v);
            while (twcc_iter_next(&iter, &st)) {
                int64_t k = i + 40 + (int16_t)(uint16_t)(st.seq - (uint16_t)(i + 40 + 60000));
                g_assert_cmpint(k, >=, 0);
                g_assert_cmpint(k, <, (int64_t)G_N_ELEMENTS(sent));
                g_assert_cmpint(st.received, ==, sent[k]);
                told[k] |= st.received;
            }
        }
    }
    g_assert_cmpmem(sent, sizeof(sent), told, sizeof(told));
    TwccLogLoss loss = twcc_log_loss(l);
    g_assert_cmpuint(loss.received, ==, arrived);
    g_assert_cmpuint(loss.received + loss.lost, ==, G_N_ELEMENTS(sent));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/rx/twcc log/when", test_when);
    g_test_add_func("/rx/twcc log/late and lost", test_late_and_lost);
    g_test_add_func("/rx/twcc log/split", test_split);
    g_test_add_func("/rx/twcc log/jump", test_jump);
    g_test_add_func("/rx/twcc log/long run", test_long_run);
    return g_test_run();
}
