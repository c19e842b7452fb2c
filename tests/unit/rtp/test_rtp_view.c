/* SPDX-License-Identifier: Apache-2.0 */
#include <glib.h>
#include <stdlib.h>
#include <string.h>
#include "common/rtp/rtp_view.h"
#include "tests/fakes/rows.h"

typedef struct {
    const char *name, *hex;
    RtpStatus want;
    size_t payload_len;
} Case;

static const Case cases[] = {
    { "smallest", "80600001 00000002 00000003", RTP_OK, 0 },
    { "empty", "", RTP_TRUNCATED, 0 },
    { "eleven bytes", "80600001 00000002 000000", RTP_TRUNCATED, 0 },
    { "version 1", "40600001 00000002 00000003", RTP_BAD_VERSION, 0 },
    { "csrc past end", "8f600001 00000002 00000003", RTP_TRUNCATED, 0 },
    { "ext length past end", "90600001 00000002 00000003 bede0002 11", RTP_TRUNCATED, 0 },
    { "ext then payload", "90600001 00000002 00000003 bede0001 10aa0000 0102", RTP_OK, 2 },
    { "pad beyond payload", "a0600001 00000002 00000003 000005", RTP_BAD_PADDING, 0 },
    { "pad of nothing", "a0600001 00000002 00000003", RTP_BAD_PADDING, 0 },
    { "pad zero", "a0600001 00000002 00000003 5500", RTP_BAD_PADDING, 0 },
    { "pad 1 of 2", "a0600001 00000002 00000003 5501", RTP_OK, 1 },
};

/* Bytes in a heap block of the exact size, so that a sanitizer sees one byte too many. */
static uint8_t *from_hex(const char *hex, size_t *len)
{
    uint8_t *out = malloc(strlen(hex) / 2 + 1);
    *len = 0;
    for (; *hex; hex++) {
        if (*hex == ' ')
            continue;
        out[(*len)++] = (uint8_t)(g_ascii_xdigit_value(hex[0]) << 4 | g_ascii_xdigit_value(hex[1]));
        hex++;
    }
    return realloc(out, *len ? *len : 1);
}

static void test_case(gconstpointer data)
{
    const Case *c = data;
    size_t len;
    uint8_t *bytes = from_hex(c->hex, &len);
    RtpView v;
    g_assert_cmpint(rtp_view_parse(bytes, len, &v), ==, c->want);
    if (c->want == RTP_OK)
        g_assert_cmpuint(v.payload_len, ==, c->payload_len);
    free(bytes);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD_ROWS("/rtp/view", cases, test_case);
    return g_test_run();
}
