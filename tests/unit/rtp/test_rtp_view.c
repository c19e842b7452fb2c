/* SPDX-License-Identifier: Apache-2.0 */
#include <glib.h>
#include "common/rtp/rtp_view.h"
#include "tests/fakes/bytes.h"
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

static void test_case(gconstpointer data)
{
    const Case *c = data;
    size_t len;
    uint8_t *bytes = bytes_from_hex(c->hex, &len);
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
