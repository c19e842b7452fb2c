/* SPDX-License-Identifier: Apache-2.0
 *
 * Compound walk, reports and feedback. */
#include "common/rtp/rtcp_fb.h"
#include "common/rtp/rtcp_report.h"
#include "tests/fakes/bytes.h"
#include "tests/fakes/rows.h"

typedef struct {
    const char *name, *hex, *want; /* "pt/count:body_len ...", a final "!" for a malformed end */
} IterCase;

static const IterCase iters[] = {
    { "empty", "", "" },
    { "one RR", "80c90001 00000001", "201/0:4" },
    { "RR and PLI", "80c90001 00000001 81ce0002 00000001 00000002", "201/0:4 206/1:8" },
    { "unknown type between", "80c90001 00000001 85000001 deadbeef 80cb0000", "201/0:4 0/5:4 203/0:0" },
    { "XR", "80cf0002 00000001 04000000", "207/0:8" },
    { "three bytes", "80c900", "!" },
    { "tail of garbage", "80c90001 00000001 80c9", "201/0:4 !" },
    { "length past the end", "80c90002 00000001", "!" },
    { "length far past the end", "80c9ffff 00000001", "!" },
    { "version 1", "40c90001 00000001", "!" },
    { "version 3", "c0c90001 00000001", "!" },
    { "padding 4", "a0c90002 00000001 00000004", "201/0:4" },
    { "padding is all", "a0c90001 00000004", "201/0:0" },
    { "padding 0", "a0c90001 00000000", "!" },
    { "padding beyond", "a0c90001 00000008", "!" },
    { "padding of no body", "a0c90000", "!" },
};

static void test_iter(gconstpointer data)
{
    const IterCase *c = data;
    size_t len;
    uint8_t *bytes = bytes_from_hex(c->hex, &len);
    g_autoptr(GString) got = g_string_new(NULL);
    RtcpIter it = RTCP_ITER(bytes, len);
    RtcpPacket p;
    while (rtcp_iter_next(&it, &p)) {
        g_string_append_printf(got, "%s%u/%u:%zu", got->len ? " " : "", p.pt, p.count, p.body_len);
        g_assert_cmpuint(p.len, ==, 4 + p.body_len + p.padding_len);
    }
    g_assert_false(rtcp_iter_next(&it, &p));
    if (it.failed)
        g_string_append(got, got->len ? " !" : "!");
    g_assert_cmpstr(got->str, ==, c->want);
    free(bytes);
}

typedef enum { KIND_REPORT, KIND_FB, KIND_REMB } Kind;

typedef struct {
    const char *name;
    Kind kind;
    const char *hex;
    bool ok;
} ParseCase;

static const ParseCase parses[] = {
    { "RR without blocks", KIND_REPORT, "80c90001 00000001", true },
    { "RR without ssrc", KIND_REPORT, "80c90000", false },
    { "RR count beyond the body", KIND_REPORT, "81c90006 00000001 000000020000000300000004 0000000500000006", false },
    { "SR cut", KIND_REPORT, "80c80005 00000001 0000000200000003 00000004 00000005", false },
    { "SR count beyond the body", KIND_REPORT, "81c80006 00000001 0000000200000003 00000004 00000005 00000006", false },
    { "BYE is no report", KIND_REPORT, "81cb0002 00000001 03616263", false },
    { "RR with profile extension", KIND_REPORT, "80c90002 00000001 deadbeef", true },
    { "padding hides a block", KIND_REPORT, "a1c90007 00000001 00000002 00000003 00000004 00000005 00000006 00000004",
      false },
    { "feedback cut", KIND_FB, "81cd0001 00000001", false },
    { "feedback without FCI", KIND_FB, "81cd0002 00000001 00000002", true },
    { "REMB", KIND_REMB, "8fce0005 00000001 00000000 52454d42 0103ffff 00000009", true },
    { "REMB count beyond", KIND_REMB, "8fce0005 00000001 00000000 52454d42 0203ffff 00000009", false },
    { "REMB rate beyond 64 bits", KIND_REMB, "8fce0004 00000001 00000000 52454d42 00ffffff", false },
    { "REMB 2^63", KIND_REMB, "8fce0004 00000001 00000000 52454d42 00fc0001", true },
    { "not REMB", KIND_REMB, "8fce0004 00000001 00000000 52454d43 0003ffff", false },
    { "REMB cut", KIND_REMB, "8fce0003 00000001 00000000 52454d42", false },
};

static void test_parse(gconstpointer data)
{
    const ParseCase *c = data;
    size_t len;
    uint8_t *bytes = bytes_from_hex(c->hex, &len);
    RtcpIter it = RTCP_ITER(bytes, len);
    RtcpPacket p;
    RtcpReport report;
    RtcpFb fb;
    RtcpRemb remb;
    g_assert_true(rtcp_iter_next(&it, &p));
    bool ok = c->kind == KIND_REPORT ? rtcp_report_parse(bytes, &p, &report)
              : c->kind == KIND_FB   ? rtcp_fb_parse(bytes, &p, &fb)
                                     : rtcp_fb_parse(bytes, &p, &fb) && rtcp_remb_parse(bytes, &fb, &remb);
    g_assert_cmpint(ok, ==, c->ok);
    /* a parser of another type refuses it */
    g_assert_true(!rtcp_report_parse(bytes, &p, &report) || !rtcp_fb_parse(bytes, &p, &fb));
    free(bytes);
}

static void first_packet(const uint8_t *buf, size_t len, RtcpPacket *p)
{
    RtcpIter it = RTCP_ITER(buf, len);
    g_assert_true(rtcp_iter_next(&it, p));
    g_assert_cmpuint(p->len, ==, len);
}

static void test_reports(void)
{
    RtcpReportBlock blocks[RTCP_MAX_REPORT_BLOCKS + 1] = {
        { 7, 128, -5, 0x00010002, 3, 4, 5 },
        { 8, 255, 0x7fffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff },
        { 9, 0, 0x1000000, 0, 0, 0, 0 },
        { 10, 0, -0x1000000, 0, 0, 0, 0 },
    };
    static const int32_t lost[] = { -5, 0x7fffff, 0x7fffff, -0x800000 };
    RtcpSenderInfo s = { 1, 0x0123456789abcdefULL, 2, 3, 4 };
    uint8_t buf[1024];
    size_t len = rtcp_sr_build(buf, sizeof(buf), &s, blocks, 4);
    RtcpPacket p;
    RtcpReport r;
    first_packet(buf, len, &p);
    g_assert_true(rtcp_report_parse(buf, &p, &r));
    g_assert_cmpuint(r.sender.ssrc, ==, s.ssrc);
    g_assert_cmpuint(r.sender.ntp, ==, s.ntp);
    g_assert_cmpuint(r.sender.rtp_ts, ==, s.rtp_ts);
    g_assert_cmpuint(r.sender.packet_count, ==, s.packet_count);
    g_assert_cmpuint(r.sender.octet_count, ==, s.octet_count);
    g_assert_cmphex(rtcp_compact_ntp(s.ntp), ==, 0x456789ab);
    g_assert_cmpuint(r.block_count, ==, 4);
    for (size_t i = 0; i < 4; i++) {
        RtcpReportBlock b = rtcp_report_block(buf, &r, i);
        g_assert_cmpuint(b.ssrc, ==, blocks[i].ssrc);
        g_assert_cmpint(b.cumulative_lost, ==, lost[i]);
        g_assert_cmpuint(b.fraction_lost, ==, blocks[i].fraction_lost);
        g_assert_cmpuint(b.highest_seq, ==, blocks[i].highest_seq);
        g_assert_cmpuint(b.jitter, ==, blocks[i].jitter);
        g_assert_cmpuint(b.lsr, ==, blocks[i].lsr);
        g_assert_cmpuint(b.dlsr, ==, blocks[i].dlsr);
    }
    g_assert_cmpuint(rtcp_sr_build(buf, len - 1, &s, blocks, 4), ==, 0);
    g_assert_cmpuint(rtcp_rr_build(buf, sizeof(buf), 5, blocks, RTCP_MAX_REPORT_BLOCKS + 1), ==, 0);
    len = rtcp_rr_build(buf, sizeof(buf), 5, blocks, RTCP_MAX_REPORT_BLOCKS);
    g_assert_cmpuint(len, ==, RTCP_RR_SIZE + RTCP_MAX_REPORT_BLOCKS * RTCP_REPORT_BLOCK_SIZE);
    first_packet(buf, len, &p);
    g_assert_true(rtcp_report_parse(buf, &p, &r));
    g_assert_cmpuint(r.sender.ssrc, ==, 5);
    g_assert_cmpuint(r.block_count, ==, RTCP_MAX_REPORT_BLOCKS);
}

static void test_sdes(void)
{
    uint8_t buf[300];
    RtcpPacket p;
    char name[257];
    memset(name, 'a', 256);
    for (size_t n = 0; n <= 256; n++) {
        name[n] = 0;
        size_t len = rtcp_sdes_build(buf, sizeof(buf), 9, name);
        g_assert_cmpint(len > 0, ==, n >= 1 && n <= 255);
        if (len) {
            first_packet(buf, len, &p);
            g_assert_cmpuint(p.pt, ==, RTCP_PT_SDES);
            g_assert_cmpuint(p.count, ==, 1);
            g_assert_cmpuint(p.body_len, ==, (4 + 2 + n) / 4 * 4 + 4); /* at least one null ends the chunk */
            g_assert_cmpmem(buf + p.body_off, 4, ((uint8_t[]){ 0, 0, 0, 9 }), 4);
            g_assert_cmpuint(buf[p.body_off + 4], ==, 1);
            g_assert_cmpuint(buf[p.body_off + 5], ==, n);
            g_assert_cmpmem(buf + p.body_off + 6, n, name, n);
            for (size_t i = 6 + n; i < p.body_len; i++)
                g_assert_cmpuint(buf[p.body_off + i], ==, 0);
        }
        name[n] = 'a';
    }
}

typedef struct {
    const char *name;
    uint16_t seqs[24];
    size_t n;
    const char *want_fci;
} NackCase;

static const NackCase nacks[] = {
    { "one", { 5 }, 1, "00050000" },
    { "pair", { 5, 6 }, 2, "00050001" },
    { "bit 16", { 5, 21 }, 2, "00058000" },
    { "beyond bit 16", { 5, 22 }, 2, "00050000 00160000" },
    { "over the wrap", { 65534, 65535, 0, 3 }, 4, "fffe0013" },
    { "full item and one",
      { 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27 },
      18,
      "000affff 001b0000" },
};

static void test_nack(gconstpointer data)
{
    const NackCase *c = data;
    uint8_t buf[64];
    size_t len = rtcp_nack_build(buf, sizeof(buf), 1, 2, c->seqs, c->n), at = 0;
    RtcpPacket p;
    RtcpFb fb;
    first_packet(buf, len, &p);
    g_assert_cmpuint(p.count, ==, RTCP_RTPFB_NACK);
    g_assert_true(rtcp_fb_parse(buf, &p, &fb));
    g_assert_cmpuint(fb.media_ssrc, ==, 2);
    assert_bytes(buf + fb.fci_off, fb.fci_len, c->want_fci);
    for (size_t i = 0; i < rtcp_nack_count(&fb); i++) {
        uint16_t seqs[RTCP_NACK_ITEM_SEQS];
        size_t n = rtcp_nack_item_seqs(rtcp_nack_item(buf, &fb, i), seqs);
        for (size_t k = 0; k < n; k++)
            g_assert_cmpuint(seqs[k], ==, c->seqs[at++]);
    }
    g_assert_cmpuint(at, ==, c->n);
    g_assert_cmpuint(rtcp_nack_build(buf, len - 1, 1, 2, c->seqs, c->n), ==, 0);
    g_assert_cmpuint(rtcp_nack_build(buf, sizeof(buf), 1, 2, c->seqs, 0), ==, 0);
}

static void test_pli_fir(void)
{
    uint8_t buf[64];
    RtcpPacket p;
    RtcpFb fb;
    size_t len = rtcp_pli_build(buf, sizeof(buf), 1, 2);
    assert_bytes(buf, len, "81ce0002 00000001 00000002");
    len = rtcp_fir_build(buf, sizeof(buf), 1, (const RtcpFirEntry[]){ { 5, 9 }, { 6, 255 } }, 2);
    assert_bytes(buf, len, "84ce0006 00000001 00000000 00000005 09000000 00000006 ff000000");
    first_packet(buf, len, &p);
    g_assert_true(rtcp_fb_parse(buf, &p, &fb));
    g_assert_cmpuint(rtcp_fir_count(&fb), ==, 2);
    RtcpFirEntry e = rtcp_fir_entry(buf, &fb, 1);
    g_assert_cmpuint(e.ssrc, ==, 6);
    g_assert_cmpuint(e.seq, ==, 255);
}

static void test_remb(void)
{
    static const uint64_t rates[] = { 0, 1, 0x3ffff, 0x40000, 2500000, 123456789012ULL, UINT64_MAX };
    for (size_t i = 0; i < G_N_ELEMENTS(rates); i++) {
        uint8_t buf[64];
        RtcpPacket p;
        RtcpFb fb;
        RtcpRemb r;
        size_t len = rtcp_remb_build(buf, sizeof(buf), 1, rates[i], (const uint32_t[]){ 3, 4 }, 2);
        first_packet(buf, len, &p);
        g_assert_true(rtcp_fb_parse(buf, &p, &fb));
        g_assert_true(rtcp_remb_parse(buf, &fb, &r));
        g_assert_cmpuint(r.bitrate_bps, <=, rates[i]);
        g_assert_cmpuint(rates[i] - r.bitrate_bps, <=, rates[i] >> 17);
        g_assert_cmpuint(r.ssrc_count, ==, 2);
        g_assert_cmpuint(rtcp_remb_ssrc(buf, &r, 1), ==, 4);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD_ROWS("/rtcp/iter", iters, test_iter);
    ADD_ROWS("/rtcp/parse", parses, test_parse);
    g_test_add_func("/rtcp/reports", test_reports);
    g_test_add_func("/rtcp/sdes", test_sdes);
    ADD_ROWS("/rtcp/nack", nacks, test_nack);
    g_test_add_func("/rtcp/pli and fir", test_pli_fir);
    g_test_add_func("/rtcp/remb", test_remb);
    return g_test_run();
}
