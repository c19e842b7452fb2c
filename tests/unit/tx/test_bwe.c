/* SPDX-License-Identifier: Apache-2.0
 *
 * The bandwidth estimator as a whole, and what finds the ceiling when little is sent: application limit and probes. Its other
 * parts are in test_bwe_*; how they work together is in tests/sim. */
#include <glib.h>
#include <math.h>
#include <string.h>
#include "bridge/rx/twcc_log.h"
#include "bridge/tx/bwe.h"
#include "bridge/tx/bwe_alr.h"
#include "bridge/tx/bwe_probe.h"
#include "tests/fakes/rows.h"
#include "tests/unit/tx/bwe_test.h"

/* ---- application limit ---- */

static void test_alr(void)
{
    BweAlr a = { 0 };
    int64_t now = START;
    bwe_alr_set_target(&a, 1000000);
    bwe_alr_tick(&a, now);
    for (int i = 0; i < 100; i++, now += 10 * MS)
        bwe_alr_sent(&a, 1200, now); /* 960 kbit/s */
    g_assert_false(a.limited);
    for (int i = 0; i < 150; i++, now += 10 * MS)
        bwe_alr_sent(&a, 300, now); /* 240 kbit/s */
    g_assert_true(a.limited);
    g_assert_cmpint(a.ended_us, ==, 0);
    for (int i = 0; i < 60; i++, now += 10 * MS)
        bwe_alr_sent(&a, 1100, now); /* a moment at 88 %: not out yet */
    g_assert_true(a.limited);
    for (int i = 0; i < 200; i++, now += 10 * MS)
        bwe_alr_sent(&a, 1900, now);
    g_assert_false(a.limited);
    g_assert_cmpint(a.ended_us, >, 0);
}

/* ---- probing ---- */

/* Sends a cluster of `rate`; each packet takes `service_us` on the link. Returns what was measured. */
static int64_t probe(int64_t rate_bps, int64_t service_us, int lose_every, bool *saturated)
{
    BweProbe p = { 0 };
    int64_t now = START, again = 0, free_us = 0, result;
    BwePacket sent[200];
    size_t n = 0;
    bwe_probe_add(&p, BWE_PROBE_PERIODIC, rate_bps, now);
    g_assert_cmpuint(bwe_probe_bytes_due(&p, 0, now, &again), ==, 0); /* waits for a video packet */
    g_assert_cmpuint(bwe_probe_bytes_due(&p, BWE_PROBE_TRIGGER - 1, now, &again), ==, 0);
    g_assert_cmpuint(bwe_probe_running(&p), ==, 0);
    g_assert_cmpuint(bwe_probe_bytes_due(&p, BWE_PROBE_TRIGGER, now, &again), ==, 0); /* woken; begins a little later */
    g_assert_cmpint(again, >, now);
    int64_t begin_us = now = again;
    size_t due = bwe_probe_bytes_due(&p, 0, now, &again);
    g_assert_cmpuint(due, >, 0);
    uint16_t id = bwe_probe_running(&p);
    g_assert_cmpuint(id, !=, 0);
    while (bwe_probe_running(&p)) {
        for (size_t out = 0; out < due && bwe_probe_running(&p); out += 1200) {
            g_assert_cmpuint(n, <, G_N_ELEMENTS(sent));
            free_us = MAX(free_us, now) + service_us;
            sent[n] = packet(now, free_us, 1200);
            sent[n++].probe = id;
            bwe_probe_packet_sent(&p, id, 1200, now);
        }
        due = bwe_probe_bytes_due(&p, 0, now, &again);
        if (due == 0 && again != INT64_MAX)
            now = again;
    }
    g_assert_cmpint(now - begin_us, <=, MAX(BWE_PROBE_US + 5 * MS, 5 * 1200 * 8 * SECOND / rate_bps));
    g_assert_cmpint(now - begin_us, >=, BWE_PROBE_US - BWE_PROBE_BURST_US);
    for (size_t i = 0; i < n; i++)
        if (lose_every == 0 || i % (size_t)lose_every != 0)
            bwe_probe_received(&p, &sent[i]);
    BweProbeReason reason;
    int64_t probed;
    result = bwe_probe_result(&p, &reason, &probed, saturated);
    if (result > 0) {
        g_assert_cmpint(probed, ==, rate_bps);
        g_assert_cmpint(reason, ==, BWE_PROBE_PERIODIC);
    }
    g_assert_cmpuint(p.sent, ==, 1);
    return result;
}

static void test_probe(void)
{
    bool saturated;
    int64_t bps = probe(5000000, 0, 0, &saturated);
    g_assert_cmpint(bps, >, 4000000);
    g_assert_cmpint(bps, <, 7000000);
    g_assert_false(saturated);
    bps = probe(5000000, 4800, 0, &saturated); /* a link of 2 Mbit/s */
    g_assert_cmpint(bps, ==, 1900000);
    g_assert_true(saturated);
    bps = probe(500000, 0, 0, &saturated); /* slow: five packets at least */
    g_assert_cmpint(bps, >, 400000);
    g_assert_cmpint(bps, <, 700000);
    g_assert_cmpint(probe(20000000, 0, 3, &saturated), ==, 0); /* too much of it lost */
    g_assert_cmpint(probe(20000000, 0, 9, &saturated), >, 0);
}

/* When a cluster begins that a packet woke at `now`. */
static int64_t begins_us(BweProbe *p, BweProbeReason reason, int64_t now)
{
    int64_t again;
    bwe_probe_add(p, reason, 5000000, now);
    if (bwe_probe_bytes_due(p, BWE_PROBE_TRIGGER, now, &again) == 0) {
        g_assert_cmpuint(bwe_probe_bytes_due(p, 0, again - 1, &(int64_t){ 0 }), ==, 0);
        /* the next packet changes nothing */
        g_assert_cmpuint(bwe_probe_bytes_due(p, 1200, again - 1, &(int64_t){ 0 }), ==, 0);
        g_assert_cmpuint(bwe_probe_bytes_due(p, 0, again, &(int64_t){ 0 }), >, 0);
        now = again;
    }
    g_assert_cmpuint(bwe_probe_running(p), !=, 0);
    bwe_probe_cancel(p);
    return now;
}

/* Looks for more meet every part of the interval between frames; the others, which look for the limit after a jump,
 * do not wait. More looks than there are ids. */
static void test_probe_begin(void)
{
    BweProbe p = { 0 };
    int64_t now = START;
    for (int round = 0; round < 40; round++) {
        unsigned met[5] = { 0 };
        for (int i = 0; i < 10; i++, now += 2 * SECOND) {
            int64_t after_us = begins_us(&p, i & 1 ? BWE_PROBE_CONFIRM : BWE_PROBE_PERIODIC, now) - now;
            g_assert_cmpint(after_us, <, BWE_PROBE_AFTER_US);
            met[after_us * 5 / BWE_PROBE_AFTER_US]++;
        }
        for (size_t i = 0; i < G_N_ELEMENTS(met); i++)
            g_assert_cmpuint(met[i], >, 0);
    }
    g_assert_cmpint(begins_us(&p, BWE_PROBE_INITIAL, now), ==, now);
    g_assert_cmpint(begins_us(&p, BWE_PROBE_FURTHER, now), ==, now);
    g_assert_cmpint(begins_us(&p, BWE_PROBE_RECOVERY, now), ==, now);
}

static void test_probe_late(void)
{
    BweProbe p = { 0 };
    int64_t again;
    bwe_probe_add(&p, BWE_PROBE_INITIAL, 1000000, START);
    bwe_probe_add(&p, BWE_PROBE_INITIAL, 2000000, START);
    bwe_probe_add(&p, BWE_PROBE_INITIAL, 3000000, START); /* no room: ignored */
    g_assert_cmpuint(p.count, ==, 2);
    g_assert_cmpuint(bwe_probe_bytes_due(&p, 1000, START, &again), >, 0);
    g_assert_cmpuint(bwe_probe_bytes_due(&p, 0, START + BWE_PROBE_LATE_US + 1, &again), ==, 0);
    g_assert_cmpuint(p.count, ==, 1); /* given up; the next waits for its packet */
    g_assert_cmpuint(bwe_probe_running(&p), ==, 0);
    bwe_probe_tick(&p, START + BWE_PROBE_WAIT_US);
    g_assert_cmpuint(p.count, ==, 1);
    bwe_probe_tick(&p, START + BWE_PROBE_WAIT_US + 1);
    g_assert_cmpuint(p.count, ==, 0);
}

/* ---- the whole ---- */

static void test_remb(void)
{
    BweConfig config = BWE_CONFIG_DEFAULT;
    BweStats stats;
    Bwe *b = bwe_new(&config, START);
    bwe_on_remb(b, 700000, START);
    g_assert_cmpint(bwe_target_bps(b), ==, 2500000); /* transport-cc was negotiated */
    bwe_stats(b, &stats);
    g_assert_cmpuint(stats.remb_ignored, ==, 1);
    bwe_free(b);

    config.transport_cc = false;
    b = bwe_new(&config, START);
    int64_t again;
    g_assert_cmpuint(bwe_probe_due(b, 1200, START, &again), ==, 0); /* nothing would be measured */
    g_assert_cmpint(bwe_target_bps(b), ==, 2500000);
    bwe_on_remb(b, 700000, START);
    g_assert_cmpint(bwe_target_bps(b), ==, 700000);
    bwe_tick(b, START + SECOND);
    g_assert_cmpint(bwe_target_bps(b), ==, 700000);
    bwe_on_remb(b, 1, START);
    g_assert_cmpint(bwe_target_bps(b), ==, 30000);
    bwe_on_remb(b, UINT64_MAX, START);
    g_assert_cmpint(bwe_target_bps(b), ==, config.max_bps);
    bwe_free(b);
}

/* What a Firefox on a busy machine really said of a stream of 63 kbit/s on a link without limit: one overuse, so 57
 * kbit/s, less than the stream. The bridge held the stream back, and with nothing arriving nothing more was said. */
typedef struct {
    const char *name;
    double loss, growth;    /* growth: of what is told, each second */
    int sent_bps, told_bps; /* told each second, from the third on */
    int end_s;              /* then nothing is sent any more, and nothing told; 0 never */
    int at_3, at_6, at_10, at_20;
} RembCase;

static const RembCase rembs[] = {
    { "overuse, then rising", 0, 1.08, 63000, 57000, 0, 69300, 71800, 97700, 211000 },
    { "rises too late", 0, 1, 63000, 57000, 0, 69300, 69300, 57000, 57000 },
    { "held back, and silent", 0, 1, 63000, 57000, 8, 69300, 69300, 57000, 530000 },
    { "much less than is sent", 0, 1, 1000000, 300000, 0, 300000, 300000, 300000, 300000 },
    { "packets are lost", 0.05, 1, 63000, 57000, 0, 57000, 57000, 57000, 57000 },
    { "more than is sent", 0, 1, 63000, 100000, 0, 100000, 100000, 100000, 100000 },
};

static void test_remb_believed(gconstpointer data)
{
    const RembCase *c = data;
    BweConfig config = BWE_CONFIG_DEFAULT;
    config.transport_cc = false;
    Bwe *b = bwe_new(&config, START);
    for (int ms = 0; ms <= 20000; ms += 25) {
        int64_t now_us = START + ms * MS;
        bool flows = c->end_s == 0 || ms < c->end_s * 1000;
        if (flows)
            bwe_on_sent(b, 0, (size_t)c->sent_bps / 8 / 40, now_us, BWE_NO_PROBE);
        bwe_on_report_loss(b, c->loss);
        if (flows && ms >= 3000 && ms % 1000 == 0)
            bwe_on_remb(b, (uint64_t)(c->told_bps * pow(c->growth, ms / 1000 - 3)), now_us);
        bwe_tick(b, now_us);
        int64_t target = bwe_target_bps(b);
        int expected = ms == 3100    ? c->at_3
                       : ms == 6000  ? c->at_6
                       : ms == 10000 ? c->at_10
                       : ms == 20000 ? c->at_20
                                     : 0;
        if (expected) {
            g_test_message("%d ms: %d expected, %d", ms, expected, (int)target);
            g_assert_cmpint(target, >=, expected * 9LL / 10);
            g_assert_cmpint(target, <=, expected * 11LL / 10);
        }
        if (ms < 3000)
            g_assert_cmpint(target, ==, config.start_bps);
    }
    bwe_free(b);
}

/* Over the wraps of number and reference time, and with numbers that were never sent. */
static void test_wraps(void)
{
    BweConfig config = BWE_CONFIG_DEFAULT;
    Bwe *b = bwe_new(&config, START);
    TwccLog *log = twcc_log_new();
    BweStats stats;
    uint16_t seq = 65000;
    uint8_t buf[TWCC_LOG_MAX_PACKET];
    int64_t turn_us = 0x1000000LL * TWCC_REFERENCE_US, offset = turn_us - START - 5 * SECOND;
    for (int64_t now = START; now < START + 10 * SECOND; now += 4 * MS) {
        bwe_on_sent(b, seq, 1200, now, BWE_NO_PROBE);
        if (!twcc_log_packet(log, seq++, false, now + 20 * MS + offset))
            continue;
        size_t len = twcc_log_build(log, buf, sizeof(buf), 1, 2, now + 20 * MS + offset);
        RtcpIter it = RTCP_ITER(buf, len);
        RtcpPacket p;
        TwccView v;
        g_assert_true(rtcp_iter_next(&it, &p) && twcc_parse(buf, &p, &v));
        bwe_on_feedback(b, buf, &v, now + 40 * MS);
        bwe_on_feedback(b, buf, &v, now + 40 * MS); /* a copy changes nothing */
        bwe_tick(b, now + 40 * MS);
    }
    bwe_stats(b, &stats);
    g_assert_cmpuint(stats.unmatched, ==, 0);
    g_assert_cmpint(stats.target_bps, >=, 2400000); /* no false overuse at a wrap */
    g_assert_cmpint(stats.acked_bps, >, 2300000);
    g_assert_cmpint(stats.acked_bps, <, 2500000);
    g_assert_cmpint(stats.rtt_us, >=, 39 * MS);
    g_assert_cmpint(stats.rtt_us, <=, 41 * MS);
    g_assert_cmpint(stats.queue_us, <, 1 * MS);
    bwe_on_rtt(b, 77 * MS, START + 10 * SECOND);
    g_assert_cmpint(bwe_rtt_us(b), ==, 77 * MS);
    twcc_log_packet(log, (uint16_t)(seq + 1000), false, START + 12 * SECOND + offset);
    size_t len = twcc_log_build(log, buf, sizeof(buf), 1, 2, START + 12 * SECOND + offset);
    RtcpIter it = RTCP_ITER(buf, len);
    RtcpPacket p;
    TwccView v;
    g_assert_true(rtcp_iter_next(&it, &p) && twcc_parse(buf, &p, &v));
    bwe_on_feedback(b, buf, &v, START + 12 * SECOND);
    bwe_stats(b, &stats);
    g_assert_cmpuint(stats.unmatched, >, 0);
    bwe_free(b);
    twcc_log_free(log);
}

/* What the receiver has logged reaches the estimator, 20 ms after it was built. */
static void tell(Bwe *b, TwccLog *log, int64_t built_us)
{
    uint8_t buf[TWCC_LOG_MAX_PACKET];
    size_t len = twcc_log_build(log, buf, sizeof(buf), 1, 2, built_us);
    RtcpIter it = RTCP_ITER(buf, len);
    RtcpPacket p;
    TwccView v;
    g_assert_true(rtcp_iter_next(&it, &p) && twcc_parse(buf, &p, &v));
    bwe_on_feedback(b, buf, &v, built_us + 20 * MS);
}

/* Three seconds in which nothing arrives, then all does. On the way it was sent before, that is congestion; on another one,
 * what was lost before says nothing. */
static void test_moved(gconstpointer data)
{
    bool moved = *(const bool *)data;
    BweConfig config = BWE_CONFIG_DEFAULT;
    Bwe *b = bwe_new(&config, START);
    TwccLog *log = twcc_log_new();
    uint16_t seq = 65000;
    int64_t gone_us = START + 5 * SECOND, back_us = gone_us + 3 * SECOND, before_bps = 0, least_bps = INT64_MAX;
    for (int64_t now = START; now < back_us + 2 * SECOND; now += 4 * MS, seq++) {
        if (now == gone_us)
            before_bps = bwe_target_bps(b);
        if (now == back_us) {
            g_assert_cmpint(now - bwe_feedback_us(b), >=, 2900 * MS);
            if (moved) {
                bwe_moved(b, now);
                g_assert_cmpint(bwe_feedback_us(b), ==, 0);
                g_assert_cmpint(bwe_target_bps(b), <=, before_bps);
                g_assert_cmpint(bwe_target_bps(b), >=, before_bps * 9 / 10);
            }
        }
        bwe_on_sent(b, seq, 1200, now, BWE_NO_PROBE);
        bool arrives = now < gone_us || now >= back_us;
        if (arrives && twcc_log_packet(log, seq, false, now + 20 * MS))
            tell(b, log, now + 20 * MS);
        bwe_tick(b, now + 40 * MS);
        if (now > back_us && bwe_target_bps(b) < least_bps)
            least_bps = bwe_target_bps(b);
    }
    g_test_message("%d, then %d at least", (int)before_bps, (int)least_bps);
    if (moved)
        g_assert_cmpint(least_bps, >=, before_bps * 8 / 10);
    else
        g_assert_cmpint(least_bps, <, before_bps * 6 / 10);
    g_assert_cmpint(bwe_acked_bps(b), >, 2300000);
    bwe_free(b);
    twcc_log_free(log);
}

/* Audio has numbers too, half of all packets here. A receiver that reports it: it counts. One that leaves it out, as a
 * browser with transport-cc on video alone: nothing is taken for lost, and soon it is known. */
static void test_audio(gconstpointer data)
{
    bool reported = *(const bool *)data;
    BweConfig config = BWE_CONFIG_DEFAULT;
    Bwe *b = bwe_new(&config, START);
    TwccLog *log = twcc_log_new();
    BweStats stats;
    uint16_t seq = 1;
    for (int64_t now = START; now < START + 5 * SECOND; now += 5 * MS, seq++) {
        bool audio = (seq & 1) && bwe_takes_audio(b);
        if (audio)
            bwe_on_audio_sent(b, seq, 600, now);
        else
            bwe_on_sent(b, seq, 600, now, BWE_NO_PROBE);
        if ((audio && !reported) || !twcc_log_packet(log, seq, false, now + 20 * MS))
            continue;
        tell(b, log, now + 20 * MS);
        bwe_tick(b, now + 40 * MS);
        g_assert_cmpfloat(bwe_loss(b), ==, 0);
        g_assert_cmpint(bwe_target_bps(b), >=, 2400000);
    }
    bwe_stats(b, &stats);
    g_assert_true(bwe_takes_audio(b) == reported);
    g_assert_cmpint(stats.acked_bps, >, 900000); /* all of it; without audio, later packets went as video here */
    g_assert_cmpint(stats.acked_bps, <, 1000000);
    bwe_free(b);
    twcc_log_free(log);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/tx/bwe/alr", test_alr);
    g_test_add_func("/tx/bwe/probe", test_probe);
    g_test_add_func("/tx/bwe/probe begin", test_probe_begin);
    g_test_add_func("/tx/bwe/probe late", test_probe_late);
    g_test_add_func("/tx/bwe/remb", test_remb);
    ADD_ROWS("/tx/bwe/remb believed", rembs, test_remb_believed);
    g_test_add_func("/tx/bwe/wraps", test_wraps);
    static const bool no_yes[] = { false, true };
    g_test_add_data_func("/tx/bwe/silent for three seconds", &no_yes[0], test_moved);
    g_test_add_data_func("/tx/bwe/moved", &no_yes[1], test_moved);
    g_test_add_data_func("/tx/bwe/audio left out", &no_yes[0], test_audio);
    g_test_add_data_func("/tx/bwe/audio", &no_yes[1], test_audio);
    return g_test_run();
}
