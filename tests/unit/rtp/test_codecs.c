/* SPDX-License-Identifier: Apache-2.0
 *
 * Payload descriptors of the video codecs, one row a case. `want` names fields as the formatter of the codec prints
 * them; NULL: refused. */
#include <glib.h>
#include <stdlib.h>
#include <string.h>
#include "common/rtp/av1_dd.h"
#include "common/rtp/h264.h"
#include "common/rtp/media_codec.h"
#include "common/rtp/vp8.h"
#include "common/rtp/vp9.h"
#include "tests/fakes/bytes.h"

typedef struct {
    const char *name, *hex, *want;
} Case;

static const Case vp8_cases[] = {
    { "empty", "", NULL },
    { "descriptor alone", "10", NULL },
    { "plain delta start", "10 01", "len=1 start key=0 n=0" },
    { "plain key start, no size", "10 00", "len=1 start key=1 n=0" },
    { "second partition is no start", "11 00", "len=1 key=0 n=0" },
    { "continuation is no key frame", "00 00", "len=1 key=0 n=0" },
    { "non reference", "30 01", "len=1 start key=0 n=1" },
    { "extension cut", "90", NULL },
    { "picture id 7", "90 80 11 01", "len=3 start key=0 n=0 pic=17/7@2" },
    { "picture id 15", "90 80 9234 01", "len=4 start key=0 n=0 pic=4660/15@2" },
    { "picture id 15 cut", "90 80 92", NULL },
    { "picture id, then nothing", "90 80 9234", NULL },
    { "tl0 and tid", "90 e0 9234 55 60 01", "len=6 start key=0 n=0 pic=4660/15@2 tl0=85@4 tid=1 sync=1" },
    { "tid cut", "90 e0 9234 55", NULL },
    { "keyidx only", "90 10 ff 01", "len=3 start key=0 n=0 keyidx=31" },
    { "tid only", "90 20 bf 01", "len=3 start key=0 n=0 tid=2 sync=1" },
    { "key frame with size", "90 e0 8001 02 00 100200 9d012a 4001 f040",
      "len=6 start key=1 n=0 pic=1/15@2 tl0=2@4 tid=0 sync=0 320x240" },
    { "key frame, bad start code", "10 100200 9d012b 4001 f000", "len=1 start key=1 n=0" },
};

static char *format_vp8(const uint8_t *p, size_t n)
{
    Vp8View v;
    if (!vp8_parse(p, n, &v))
        return NULL;
    GString *s = g_string_new(NULL);
    g_string_append_printf(s, "len=%u%s key=%d n=%d", v.desc_len, v.start ? " start" : "", v.keyframe, v.non_reference);
    if (v.picture_id_bits)
        g_string_append_printf(s, " pic=%u/%u@%u", v.picture_id, v.picture_id_bits, v.picture_id_off);
    if (v.has_tl0)
        g_string_append_printf(s, " tl0=%u@%u", v.tl0, v.tl0_off);
    if (v.has_tid)
        g_string_append_printf(s, " tid=%u sync=%d", v.tid, v.layer_sync);
    if (v.has_keyidx)
        g_string_append_printf(s, " keyidx=%u", v.keyidx);
    if (v.width)
        g_string_append_printf(s, " %ux%u", v.width, v.height);
    return g_string_free(s, FALSE);
}

static const Case vp9_cases[] = {
    { "empty", "", NULL },
    { "flags alone", "0c", NULL },
    { "no fields", "0c 00", "len=1 key BE" },
    { "inter", "4c 00", "len=1 inter BE" },
    { "picture id 15", "8c 8123 00", "len=3 key BE pic=291/15" },
    { "picture id 7", "8c 23 00", "len=2 key BE pic=35/7" },
    { "layers", "a8 8001 5a 07 00", "len=5 B pic=1/15 s5t2U tl0=7" },
    { "upper layer", "a9 8001 03 07 00", "len=5 B pic=1/15 s1t0D Z tl0=7" },
    { "base layer with D", "a8 8001 01 07 00", "len=5 key B pic=1/15 s0t0 tl0=7" },
    { "layers cut", "a8 8001", NULL },
    { "tl0 cut", "a8 8001 5a", NULL },
    { "flexible", "f8 8001 20 03 04 00", "len=6 inter B pic=1/15 s0t1 flex 1,2" },
    { "flexible three", "f8 8001 20 03 05 06 00", "len=7 inter B pic=1/15 s0t1 flex 1,2,3" },
    { "flexible four", "f8 8001 20 03 05 07 08 00", NULL },
    { "flexible list cut", "f8 8001 20 03", NULL },
    { "structure, sizes", "0a 30 0140 00b4 0280 0168 00", "len=10 key B ss=2t0 320x180 640x360" },
    { "structure, sizes cut", "0a 30 0140 00b4 0280", NULL },
    { "structure, group", "0a 08 02 04 01 44 01 00", "len=7 key B ss=1t3" },
    { "structure, empty group", "0a 08 00 00", "len=3 key B ss=1t0" },
    { "structure, references cut", "0a 08 01 0c 01", NULL },
    { "structure, group cut", "0a 08 ff 00 00", NULL },
    { "structure, nothing behind", "0a 00", NULL },
};

static char *format_vp9(const uint8_t *p, size_t n)
{
    Vp9View v;
    if (!vp9_parse(p, n, &v))
        return NULL;
    GString *s = g_string_new(NULL);
    g_string_append_printf(s, "len=%u%s%s %s%s", v.desc_len, vp9_is_keyframe(&v) ? " key" : "",
                           v.inter_picture ? " inter" : "", v.start ? "B" : "", v.end ? "E" : "");
    if (v.picture_id_bits)
        g_string_append_printf(s, " pic=%u/%u", v.picture_id, v.picture_id_bits);
    if (v.has_layers)
        g_string_append_printf(s, " s%ut%u%s%s", v.sid, v.tid, v.switching_up ? "U" : "", v.inter_layer ? "D" : "");
    if (v.not_ref_upper)
        g_string_append(s, " Z");
    if (v.has_tl0)
        g_string_append_printf(s, " tl0=%u", v.tl0);
    for (int i = 0; i < v.p_diff_count; i++)
        g_string_append_printf(s, "%s%u", i ? "," : " flex ", v.p_diff[i]);
    if (v.has_ss)
        g_string_append_printf(s, " ss=%ut%u", v.ss.spatial_count, v.ss.temporal_count);
    for (int i = 0; v.has_ss && i < v.ss.spatial_count && v.ss.width[i]; i++)
        g_string_append_printf(s, " %ux%u", v.ss.width[i], v.ss.height[i]);
    return g_string_free(s, FALSE);
}

static const Case h264_cases[] = {
    { "empty", "", NULL },
    { "slice", "41 9a 00", "type=1 au" },
    { "second slice", "41 1a 00", "type=1" },
    { "idr", "65 88 84", "type=5 idr au" },
    { "aud", "09 f0", "type=9 au" },
    { "pps", "68 ce 3c 80", "type=8 pps" },
    { "fu start idr", "7c 85 88", "type=28 idr au" },
    { "fu middle idr", "7c 05 88", "type=28 idr middle" },
    { "fu start slice", "5c 81 9a", "type=28 au" },
    { "fu cut", "7c", NULL },
    { "fu-b cut", "7d 85 00", NULL },
    { "stap sps pps", "78 0004 6742c01f 0002 68ce", "type=24 sps pps au" },
    { "stap length past end", "78 0005 67 42", NULL },
    { "stap zero unit", "78 0000", NULL },
    { "stap one byte left", "78 0001 68 00", NULL },
    { "sps baseline 640x480", "67 42c01e d9 00a0 3da1 0000 0300 0100 0003 0032 8f16 2e48", "type=7 sps au 640x480" },
    { "sps high 1280x720", "67 64001f ac d9 4050 05bb 0110 0000 0300 1000 0003 03c0 f183 1960",
      "type=7 sps au 1280x720" },
    { "sps cut", "67 42c0", "type=7 sps au" },
    { "unspecified type 0", "00", "type=0" },
};

static char *format_h264(const uint8_t *p, size_t n)
{
    H264View v;
    if (!h264_parse(p, n, &v))
        return NULL;
    GString *s = g_string_new(NULL);
    g_string_append_printf(s, "type=%u%s%s%s%s%s", v.nal_type, v.has_sps ? " sps" : "", v.has_pps ? " pps" : "",
                           v.has_idr ? " idr" : "", v.starts_nal ? "" : " middle", v.starts_au ? " au" : "");
    if (v.width)
        g_string_append_printf(s, " %ux%u", v.width, v.height);
    return g_string_free(s, FALSE);
}

static const Case dd_cases[] = {
    { "empty", "", "truncated" },
    { "two bytes", "c000", "truncated" },
    { "mandatory only", "c5 0102", "unknown id=5 n=258 SE" },
    { "extended, no structure", "c5 0102 00", "unknown id=5 n=258 SE" },
    { "structure cut", "80 0001 80", "truncated" },
    { "structure, own template missing", "81 00 01 80 00 e0", "invalid" },
    /* 1 target, 1 template, dti S, no fdiff, no chain, no size */
    { "smallest structure", "c0 00 01 80 00 e0", "ok id=0 n=1 SE s0t0 dti=2 structure 1x1" },
    /* the same, 640x360: ... 1, 027f, 0167 */
    { "with size", "c0 00 01 80 00 e2 04 fe 02 ce", "ok id=0 n=1 SE s0t0 dti=2 structure 1x1 640x360" },
};

static char *format_dd(const uint8_t *p, size_t n)
{
    static DdStructure fresh;
    DdView v = { 0 };
    DdStatus status = dd_parse(p, n, NULL, &fresh, &v);
    static const char *const names[] = { "ok", "truncated", "unknown", "invalid" };
    GString *s = g_string_new(names[status]);
    if (status == DD_OK || status == DD_NO_STRUCTURE)
        g_string_append_printf(s, " id=%u n=%u %s%s", v.template_id, v.frame_number, v.start ? "S" : "",
                               v.end ? "E" : "");
    if (status == DD_OK)
        g_string_append_printf(s, " s%ut%u dti=%" G_GINT64_MODIFIER "x", v.sid, v.tid, v.dti);
    if (status == DD_OK && v.has_structure) {
        g_string_append_printf(s, " structure %ux%u", fresh.target_count, fresh.template_count);
        if (fresh.width[0])
            g_string_append_printf(s, " %ux%u", fresh.width[0], fresh.height[0]);
    }
    return g_string_free(s, FALSE);
}

typedef struct {
    const Case *c;
    char *(*format)(const uint8_t *p, size_t n);
} Row;

static void test_row(gconstpointer data)
{
    const Row *row = data;
    size_t len;
    uint8_t *bytes = bytes_from_hex(row->c->hex, &len);
    g_autofree char *got = row->format(bytes, len);
    g_assert_cmpstr(got, ==, row->c->want);
    free(bytes);
}

static void add(const char *codec, const Case *c, gsize n, char *(*format)(const uint8_t *p, size_t n))
{
    for (gsize i = 0; i < n; i++) {
        g_autofree char *path = g_strdup_printf("/%s/%s", codec, c[i].name);
        Row *row = g_new(Row, 1);
        *row = (Row){ &c[i], format };
        g_test_add_data_func_full(path, row, test_row, g_free);
    }
}

static void test_names(void)
{
    g_assert_cmpint(media_codec_from_name("OPUS"), ==, CODEC_OPUS);
    g_assert_cmpint(media_codec_from_name("vp8"), ==, CODEC_VP8);
    g_assert_cmpint(media_codec_from_name("VP80"), ==, CODEC_UNKNOWN);
    g_assert_cmpint(media_codec_from_name("unknown"), ==, CODEC_UNKNOWN);
    g_assert_cmpint(media_codec_from_name(""), ==, CODEC_UNKNOWN);
    g_assert_cmpint(media_codec_from_name(NULL), ==, CODEC_UNKNOWN);
    for (int c = 0; c < CODEC_COUNT; c++)
        g_assert_cmpint(media_codec_from_name(media_codec_name((MediaCodec)c)), ==, c);
    g_assert_true(media_codec_is_video(CODEC_VP8) && media_codec_is_video(CODEC_AV1));
    g_assert_false(media_codec_is_video(CODEC_OPUS) || media_codec_is_video(CODEC_RTX));
    g_assert_cmpstr(media_codec_name((MediaCodec)99), ==, "unknown");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add("vp8", vp8_cases, G_N_ELEMENTS(vp8_cases), format_vp8);
    add("vp9", vp9_cases, G_N_ELEMENTS(vp9_cases), format_vp9);
    add("h264", h264_cases, G_N_ELEMENTS(h264_cases), format_h264);
    add("dd", dd_cases, G_N_ELEMENTS(dd_cases), format_dd);
    g_test_add_func("/codec/names", test_names);
    return g_test_run();
}
