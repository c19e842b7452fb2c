/* SPDX-License-Identifier: Apache-2.0
 *
 * Header writing, sequence arithmetic, RTX and RED. */
#include "common/rtp/red.h"
#include "common/rtp/rtp_seq.h"
#include "common/rtp/rtp_write.h"
#include "common/rtp/rtx.h"
#include "tests/fakes/bytes.h"
#include "tests/fakes/rows.h"

static void test_header(void)
{
    uint8_t buf[32];
    RtpHeader h = { .pt = 100, .marker = 1, .seq = 0xfffe, .ts = 0x01020304, .ssrc = 0xa1a2a3a4 };
    size_t len = rtp_header_write(buf, sizeof(buf), &h, NULL, 0, false);
    assert_bytes(buf, len, "80e4fffe 01020304 a1a2a3a4");
    g_assert_cmpuint(rtp_header_write(buf, 11, &h, NULL, 0, false), ==, 0);

    RtpExtItem item = { 3, 2, (const uint8_t[]){ 0x12, 0x34 } };
    h.padding = true;
    len = rtp_header_write(buf, 20, &h, &item, 1, false);
    assert_bytes(buf, len, "b0e4fffe 01020304 a1a2a3a4 bede0001 31123400");
    g_assert_cmpuint(rtp_header_write(buf, 19, &h, &item, 1, false), ==, 0);
    item.id = 20;
    g_assert_cmpuint(rtp_header_write(buf, sizeof(buf), &h, &item, 1, false), ==, 0);
}

static void test_header_before(void)
{
    uint8_t buf[24] = { 0 };
    RtpHeader h = { .pt = 0xff, .marker = 0, .seq = 1, .ts = 2, .ssrc = 3 };
    RtpExtItem item = { 1, 1, (const uint8_t[]){ 0x55 } };
    memset(buf + 22, 0x77, 2);
    g_assert_cmpuint(rtp_header_write_before(buf, 22, &h, &item, 1, false), ==, 2);
    assert_bytes(buf + 2, 22, "907f0001 00000002 00000003 bede0001 10550000 7777");
    g_assert_true(rtp_header_write_before(buf, 19, &h, &item, 1, false) == SIZE_MAX);
    g_assert_true(rtp_header_write_before(buf, 11, &h, NULL, 0, false) == SIZE_MAX);
    g_assert_cmpuint(rtp_header_write_before(buf, 12, &h, NULL, 0, false), ==, 0);
}

static void test_setters(void)
{
    uint8_t buf[] = { 0x80, 0xe4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 };
    rtp_set_pt(buf, 0x61);
    rtp_set_seq(buf, 0x1122);
    rtp_set_ts(buf, 0x33445566);
    rtp_set_ssrc(buf, 0x778899aa);
    assert_bytes(buf, 12, "80e11122 33445566 778899aa");
    rtp_set_marker(buf, false);
    assert_bytes(buf, 2, "8061");
    rtp_set_marker(buf, true);
    assert_bytes(buf, 2, "80e1");
}

static void test_seq(void)
{
    g_assert_true(rtp_seq_newer(1, 0));
    g_assert_true(rtp_seq_newer(0, 65535));
    g_assert_false(rtp_seq_newer(65535, 0));
    g_assert_false(rtp_seq_newer(7, 7));
    g_assert_true(rtp_seq_newer(0x8000, 0) != rtp_seq_newer(0, 0x8000));
    g_assert_cmpint(rtp_seq_diff(2, 65534), ==, 4);
    g_assert_cmpint(rtp_seq_diff(65534, 2), ==, -4);
    g_assert_true(rtp_ts_newer(5, 0xfffffff0u));
    g_assert_false(rtp_ts_newer(0xfffffff0u, 5));
    g_assert_true(rtp_ts_newer(0x80000000u, 0) != rtp_ts_newer(0, 0x80000000u));
    g_assert_cmpint(rtp_ts_diff(4, 0xfffffffcu), ==, 8);

    static const uint16_t starts[] = { 0, 127, 32767, 32768, 65535 };
    for (size_t s = 0; s < G_N_ELEMENTS(starts); s++) {
        RtpSeqUnwrapper u = { 0 };
        RtpTsUnwrapper t = { 0 };
        g_assert_cmpint(rtp_seq_unwrap_peek(&u, 9), ==, 9);
        for (int64_t i = 0; i < 200000; i += 7) { /* three turns, each with a late packet */
            uint16_t seq = (uint16_t)(starts[s] + i);
            g_assert_cmpint(rtp_seq_unwrap(&u, seq), ==, starts[s] + i);
            g_assert_cmpint(rtp_seq_unwrap(&u, (uint16_t)(seq - 300)), ==, starts[s] + i - 300);
            g_assert_cmpint(u.newest, ==, starts[s] + i);
            g_assert_cmpint(rtp_seq_unwrap_peek(&u, (uint16_t)(seq + 2)), ==, starts[s] + i + 2);
            g_assert_cmpint(u.newest, ==, starts[s] + i);
            int64_t ts = 0xffff0000u + i * 3000;
            g_assert_cmpint(rtp_ts_unwrap(&t, (uint32_t)ts), ==, ts);
            g_assert_cmpint(rtp_ts_unwrap(&t, (uint32_t)(ts - 9000)), ==, ts - 9000);
        }
    }
}

typedef struct {
    const char *name, *hex;
    RtxStatus status;
    const char *want;
} RtxCase;

static const RtxCase rtx_cases[] = {
    { "plain", "80e11111 00000002 0000000b fffe aabb", RTX_OK, "80e0fffe 00000002 0000000a aabb" },
    { "nothing after the number", "80611111 00000002 0000000b 0001", RTX_OK, "80600001 00000002 0000000a" },
    { "0 bytes", "80611111 00000002 0000000b", RTX_EMPTY, NULL },
    { "1 byte", "80611111 00000002 0000000b 01", RTX_EMPTY, NULL },
    { "padding only", "a0611111 00000002 0000000b 000003", RTX_EMPTY, NULL },
    { "1 byte and padding", "a0611111 00000002 0000000b 55 0002", RTX_EMPTY, NULL },
    { "extension kept", "90611111 00000002 0000000b bede0001 10aa0000 0203cc", RTX_OK,
      "90600203 00000002 0000000a bede0001 10aa0000 cc" },
    { "padding kept", "a0611111 00000002 0000000b 0203cc 0002", RTX_OK, "a0600203 00000002 0000000a cc 0002" },
};

static void test_rtx(gconstpointer data)
{
    const RtxCase *c = data;
    size_t len;
    uint8_t *bytes = bytes_from_hex(c->hex, &len);
    RtpView v;
    g_assert_cmpint(rtp_view_parse(bytes, len, &v), ==, RTP_OK);
    g_assert_cmpint(rtx_unwrap(bytes, &v, 0x60, 10), ==, c->status);
    if (c->status == RTX_OK) {
        assert_bytes(bytes + RTX_OSN_SIZE, len - RTX_OSN_SIZE, c->want);
        RtpView orig;
        g_assert_cmpint(rtp_view_parse(bytes + RTX_OSN_SIZE, len - RTX_OSN_SIZE, &orig), ==, RTP_OK);
        g_assert_cmpuint(orig.payload_len, ==, v.payload_len - RTX_OSN_SIZE);
        g_assert_cmpuint(orig.padding_len, ==, v.padding_len);
    }
    free(bytes);
}

typedef struct {
    const char *name, *hex;
    bool ok;
    RedPrimary want;
} RedCase;

static const RedCase red_cases[] = {
    { "empty", "", false, { 0 } },
    { "primary only", "6f aabb", true, { 0x6f, 1, 2, 0 } },
    { "empty primary", "6f", true, { 0x6f, 1, 0, 0 } },
    { "one redundant", "ef 000802 6f 1111 aabbcc", true, { 0x6f, 7, 3, 1 } },
    { "two redundant", "ef 000801 ef 000402 6f 11 2222 aa", true, { 0x6f, 12, 1, 2 } },
    { "redundant of length 0", "ef 000800 6f aa", true, { 0x6f, 5, 1, 1 } },
    { "redundant header cut", "ef 0008", false, { 0 } },
    { "no primary header", "ef 000802", false, { 0 } },
    { "redundant past the end", "ef 0003ff 6f 1111", false, { 0 } },
    { "redundant takes all", "ef 000802 6f 1111", true, { 0x6f, 7, 0, 1 } },
};

static void test_red(gconstpointer data)
{
    const RedCase *c = data;
    size_t len;
    uint8_t *bytes = bytes_from_hex(c->hex, &len);
    RedPrimary got;
    g_assert_cmpint(red_primary(bytes, len, &got), ==, c->ok);
    if (c->ok) {
        g_assert_cmpuint(got.pt, ==, c->want.pt);
        g_assert_cmpuint(got.off, ==, c->want.off);
        g_assert_cmpuint(got.len, ==, c->want.len);
        g_assert_cmpuint(got.redundant_count, ==, c->want.redundant_count);
    }
    free(bytes);
}

static void test_red_too_many(void)
{
    uint8_t many[4 * RED_MAX_BLOCKS + 1] = { 0 };
    for (size_t i = 0; i < RED_MAX_BLOCKS; i++)
        many[4 * i] = 0x80;
    RedPrimary got;
    g_assert_false(red_primary(many, sizeof(many), &got));
    g_assert_true(red_primary(many + 4, sizeof(many) - 4, &got));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/rtp/write/header", test_header);
    g_test_add_func("/rtp/write/header before a payload", test_header_before);
    g_test_add_func("/rtp/write/setters", test_setters);
    g_test_add_func("/rtp/seq", test_seq);
    ADD_ROWS("/rtp/rtx", rtx_cases, test_rtx);
    ADD_ROWS("/rtp/red", red_cases, test_red);
    g_test_add_func("/rtp/red/too many blocks", test_red_too_many);
    return g_test_run();
}
