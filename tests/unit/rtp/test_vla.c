/* SPDX-License-Identifier: Apache-2.0
 *
 * Video layers allocation, a row a case; those named by an encoder are what Chromium 156 sent (tests/vectors/media). */
#include "common/rtp/vla.h"

#include <glib.h>
#include <stdlib.h>
#include "tests/fakes/bytes.h"
#include "tests/fakes/rows.h"

typedef struct {
    const char *name, *hex, *want; /* NULL: refused */
} Case;

static const Case cases[] = {
    { "empty", "", NULL },
    { "nothing is sent", "00", "0/0" },
    { "one layer, no rate", "01 00", NULL },
    { "one layer", "01 00 64", "0/1 0.0=100" },
    { "a rate cut", "01 00 e4", NULL },
    { "a rate without an end", "01 00 8080808080 01", NULL },
    { "the largest rate", "01 00 ffffffff7f", "0/1 0.0=4294967295" },
    { "two streams, their own masks", "10 10 00 0a", "0/2 0.0=10" },
    { "the second only", "50 01 00 0a", "1/2 1.0=10" },
    { "masks cut", "20 10", NULL },
    { "masks of nothing", "10 00", "0/2" },
    { "a stream that there is not", "c1 00 64", NULL },
    { "temporal layers cut", "01", NULL },
    { "size cut", "01 00 64 013f00b3", "0/1 0.0=100" },
    { "size", "01 00 64 013f00b31e", "0/1 0.0=100 320x180@30" },
    { "something behind the size", "01 00 64 013f00b31e ff", "0/1 0.0=100 320x180@30" },
    { "VP8 begins", "01806fa6019502013f00b33c", "0/1 0.0=111,166,277 320x180@60" },
    { "VP8, a pause of the sizes", "0180c60ade0dc413", "0/1 0.0=1350,1758,2500" },
    { "VP8 simulcast, of the highest", "a154121e243c4878004f002c0a009f00590a013f00b30a",
      "2/3 0.0=18,30 80x45@10 1.0=36,60 160x90@10 2.0=72,120 320x180@10" },
    { "H264, one temporal layer below three", "5120d30e9a03e6048008013f00b31b027f01671b",
      "1/2 0.0=1875 320x180@27 1.0=410,614,1024 640x360@27" },
    { "AV1 with three spatial layers", "07a8374765779b01dd01cc018a02fa0200ef00860a01df010d0a03bf021b0a",
      "0/1 0.0=55,71,101 240x135@10 0.1=119,155,221 480x270@10 0.2=204,266,378 960x540@10" },
    { "VP9 with two spatial layers", "03a0364764628001b601013f00b33c027f01673c",
      "0/1 0.0=54,71,100 320x180@60 0.1=98,128,182 640x360@60" },
};

static char *show(const VlaView *v)
{
    GString *out = g_string_new(NULL);
    g_string_append_printf(out, "%u/%u", v->stream, v->streams);
    for (unsigned i = 0; i < VLA_STREAMS; i++)
        for (unsigned s = 0; s < VLA_SPATIAL; s++) {
            const VlaLayer *l = &v->layer[i][s];
            for (unsigned t = 0; t < l->temporal; t++)
                t ? g_string_append_printf(out, ",%u", l->kbps[t])
                  : g_string_append_printf(out, " %u.%u=%u", i, s, l->kbps[t]);
            if (l->temporal && v->has_sizes)
                g_string_append_printf(out, " %ux%u@%u", l->width + 1u, l->height + 1u, l->fps);
        }
    return g_string_free(out, FALSE);
}

static void test_case(gconstpointer data)
{
    const Case *c = data;
    size_t len;
    uint8_t *bytes = bytes_from_hex(c->hex, &len);
    VlaView v;
    bool good = vla_parse(bytes, len, &v);
    g_autofree char *got = good ? show(&v) : NULL;
    g_assert_cmpstr(got, ==, c->want);
    free(bytes);
}

static void test_questions(void)
{
    size_t len;
    uint8_t *bytes = bytes_from_hex("a154121e243c4878004f002c0a009f00590a013f00b30a", &len);
    VlaView v;
    g_assert_true(vla_parse(bytes, len, &v));
    for (unsigned i = 0; i < 3; i++) {
        g_assert_true(vla_stream_is_sent(&v, i));
        g_assert_cmpuint(vla_stream_height(&v, i), ==, 45u << i);
    }
    g_assert_false(vla_stream_is_sent(&v, 3));
    g_assert_cmpuint(vla_stream_height(&v, 3), ==, 0);
    v.has_sizes = false;
    g_assert_cmpuint(vla_stream_height(&v, 1), ==, 0);
    v.layer[1][0].kbps[1] = 0;
    g_assert_false(vla_stream_is_sent(&v, 1));
    free(bytes);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD_ROWS("/vla", cases, test_case);
    g_test_add_func("/vla/questions", test_questions);
    return g_test_run();
}
