/* SPDX-License-Identifier: Apache-2.0 */
#include "common/rtp/rtp_ext.h"
#include "common/rtp/rtp_write.h"
#include "tests/fakes/bytes.h"
#include "tests/fakes/rows.h"

#define HEAD "90600001 00000002 00000003 "

typedef struct {
    const char *name, *hex, *want; /* want: "id:len@off ..." */
} WalkCase;

static const WalkCase walks[] = {
    { "no block", "80600001 00000002 00000003 1234", "" },
    { "empty block", HEAD "bede0000", "" },
    { "one element", HEAD "bede0001 10aa0000", "1:1@17" },
    { "padding between", HEAD "bede0002 10aa0000 21bbcc00", "1:1@17 2:2@21" },
    { "longest one-byte", HEAD "bede0005 ef000102 03040506 0708090a 0b0c0d0e 0f000000", "14:16@17" },
    { "id 0 with length stops", HEAD "bede0002 10aa02bb cccc20dd", "1:1@17" },
    { "id 15 stops", HEAD "bede0002 10aaf0bb 20cc0000", "1:1@17" },
    { "length past the block", HEAD "bede0001 10aa2311 ffffffffff", "1:1@17" },
    { "last byte is a header", HEAD "bede0001 11aabb20 ffff", "1:2@17" },
    { "two-byte", HEAD "10000002 01 02 aabb 10 01 cc 00", "1:2@18 16:1@22" },
    { "two-byte with app bits", HEAD "100f0001 ff 01 aa 00", "255:1@18" },
    { "two-byte zero length", HEAD "10000001 0100 0500", "1:0@18 5:0@20" },
    { "two-byte padding", HEAD "10000002 00 0100 00 00 02 01 aa", "1:0@19 2:1@23" },
    { "two-byte id 15 is an id", HEAD "10000001 0f01aa00", "15:1@18" },
    { "two-byte length past the block", HEAD "10000001 0103 aabb ccdd", "" },
    { "two-byte header cut", HEAD "10000001 01 01 aa 05", "1:1@18" },
    { "unknown profile", HEAD "abcd0001 10aa0000", "" },
    { "after csrcs", "91600001 00000002 00000003 00000004 bede0001 10aa0000", "1:1@21" },
};

static void test_walk(gconstpointer data)
{
    const WalkCase *c = data;
    size_t len;
    uint8_t *bytes = bytes_from_hex(c->hex, &len);
    RtpView v;
    g_assert_cmpint(rtp_view_parse(bytes, len, &v), ==, RTP_OK);
    g_autoptr(GString) got = g_string_new(NULL);
    RtpExtIter it;
    RtpExtElement e, found;
    rtp_ext_iter_init(&it, bytes, &v);
    while (rtp_ext_next(&it, &e)) {
        g_string_append_printf(got, "%s%u:%u@%zu", got->len ? " " : "", e.id, e.len, e.off);
        g_assert_true(rtp_ext_find(bytes, &v, e.id, &found));
        g_assert_cmpuint(found.off, ==, e.off);
    }
    g_assert_cmpstr(got->str, ==, c->want);
    g_assert_false(rtp_ext_next(&it, &e));
    g_assert_false(rtp_ext_find(bytes, &v, 0, &found));
    g_assert_false(rtp_ext_find(bytes, &v, 99, &found));
    free(bytes);
}

static const uint8_t some[256] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18 };

typedef struct {
    const char *name;
    RtpExtItem items[3];
    size_t n;
    bool two_byte_allowed;
    const char *want; /* NULL: cannot be written */
} WriteCase;

static const WriteCase writes[] = {
    { "nothing", { { 0 } }, 0, false, "" },
    { "one", { { 1, 1, some } }, 1, false, "bede0001 10010000" },
    { "exact words", { { 3, 2, some }, { 4, 4, some } }, 2, true, "bede0002 310102 4301020304" },
    { "reserved room", { { 5, 2, NULL } }, 1, false, "bede0001 51000000" },
    { "id 15 needs two-byte", { { 15, 1, some }, { 1, 1, some } }, 2, true, "10000002 0f0101 010101 0000" },
    { "id 15 refused", { { 15, 1, some } }, 1, false, NULL },
    { "length 0 needs two-byte", { { 1, 0, some } }, 1, true, "10000001 01000000" },
    { "length 17 needs two-byte", { { 1, 17, some } }, 1, true, "10000005 0111 0102030405060708090a0b0c0d0e0f1011 00" },
    { "length 17 refused", { { 1, 17, some } }, 1, false, NULL },
    { "id 0", { { 0, 1, some } }, 1, true, NULL },
};

static void test_write(gconstpointer data)
{
    const WriteCase *c = data;
    uint8_t out[64];
    size_t len = 0, size = rtp_ext_block_size(c->items, c->n, c->two_byte_allowed);
    if (!c->want) {
        g_assert_true(size == SIZE_MAX);
        g_assert_false(rtp_ext_block_write(out, sizeof(out), c->items, c->n, c->two_byte_allowed, &len));
        return;
    }
    g_assert_true(rtp_ext_block_write(out, sizeof(out), c->items, c->n, c->two_byte_allowed, &len));
    assert_bytes(out, len, c->want);
    g_assert_cmpuint(size, ==, len);
    for (size_t cap = 0; cap < len; cap++) { /* too small by any amount */
        uint8_t *small = malloc(cap ? cap : 1);
        g_assert_false(rtp_ext_block_write(small, cap, c->items, c->n, c->two_byte_allowed, &size));
        free(small);
    }
}

/* What a re-encoded packet carries is what went in, for every id and length that fits. */
static void test_round_trip(void)
{
    for (unsigned id = 1; id <= 255; id += id < 16 ? 1 : 48) {
        for (unsigned n = 0; n <= 255; n += n < 18 ? 1 : 79) {
            RtpExtItem items[] = { { 2, 3, some }, { (uint8_t)id, (uint8_t)n, some } };
            RtpHeader h = { .pt = 96, .seq = 1, .ts = 2, .ssrc = 3 };
            uint8_t buf[512];
            size_t len = rtp_header_write(buf, sizeof(buf), &h, items, 2, true);
            RtpView v;
            RtpExtIter it;
            RtpExtElement e;
            g_assert_cmpint(rtp_view_parse(buf, len, &v), ==, RTP_OK);
            g_assert_cmpuint(v.payload_len, ==, 0);
            rtp_ext_iter_init(&it, buf, &v);
            for (int i = 0; i < 2; i++) {
                g_assert_true(rtp_ext_next(&it, &e));
                g_assert_cmpuint(e.id, ==, items[i].id);
                g_assert_cmpmem(buf + e.off, e.len, items[i].data, items[i].len);
            }
            g_assert_false(rtp_ext_next(&it, &e));
        }
    }
}

static void test_types(void)
{
    for (int t = 1; t < RTP_EXT_TYPE_COUNT; t++)
        g_assert_cmpint(rtp_ext_type_from_uri(rtp_ext_uri((RtpExtType)t)), ==, t);
    g_assert_cmpint(rtp_ext_type_from_uri("urn:x"), ==, RTP_EXT_UNKNOWN);
    g_assert_cmpint(rtp_ext_type_from_uri(NULL), ==, RTP_EXT_UNKNOWN);
    g_assert_null(rtp_ext_uri(RTP_EXT_UNKNOWN));
    g_assert_null(rtp_ext_uri((RtpExtType)99));
}

static void test_values(void)
{
    RtpAudioLevel level;
    g_assert_true(rtp_ext_audio_level((const uint8_t[]){ 0xaa }, 1, &level));
    g_assert_cmpuint(level.level, ==, 42);
    g_assert_true(level.voice);
    g_assert_true(rtp_ext_audio_level((const uint8_t[]){ 0x7f, 0 }, 2, &level));
    g_assert_cmpuint(level.level, ==, 127);
    g_assert_false(level.voice);
    g_assert_false(rtp_ext_audio_level((const uint8_t[]){ 0 }, 0, &level));

    static const struct {
        int64_t us;
        const char *hex;
    } times[] = { { 0, "000000" },        { 500000, "020000" },   { 1000000, "040000" },
                  { 63999999, "ffffff" }, { 64000000, "000000" }, { 64500000, "020000" } };
    for (size_t i = 0; i < G_N_ELEMENTS(times); i++) {
        uint8_t out[3];
        rtp_ext_abs_send_time_encode(times[i].us, out);
        assert_bytes(out, 3, times[i].hex);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD_ROWS("/rtp/ext/walk", walks, test_walk);
    ADD_ROWS("/rtp/ext/write", writes, test_write);
    g_test_add_func("/rtp/ext/round trip", test_round_trip);
    g_test_add_func("/rtp/ext/types", test_types);
    g_test_add_func("/rtp/ext/values", test_values);
    return g_test_run();
}
