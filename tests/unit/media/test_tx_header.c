/* SPDX-License-Identifier: Apache-2.0
 *
 * Which header extensions go out to a receiver, under which id and with whose bytes: rows of packets and receivers, and
 * the table of ext_policy.h row by row. */
#include "bridge/media_endpoint.h"
#include "bridge/tx/tx_header.h"
#include "common/rtp/rtp_ext.h"

#include <string.h>
#include "tests/fakes/rows.h"

#define PASSING_ID 9 /* of what the receiver calls by another number than the sender */

typedef struct {
    const char *name;
    RtpExtType negotiated[4]; /* by the receiver, as ids 1.. in this order */
    MediaExt carried;         /* by the packet, 2 bytes; MEDIA_EXT_COUNT none */
    bool dd, mid, tcc, mixed;
    uint8_t dd_len;
    const char *out; /* "id:length" of what goes out */
} HeaderCase;

#define NOTHING MEDIA_EXT_COUNT
static const HeaderCase headers[] = {
    { "nothing", { 0 }, NOTHING, .out = "" },
    { "audio level passes", { RTP_EXT_AUDIO_LEVEL }, MEDIA_EXT_AUDIO_LEVEL, .out = "1:2" },
    { "under the receiver's id",
      { RTP_EXT_MID, RTP_EXT_VIDEO_ORIENTATION },
      MEDIA_EXT_VIDEO_ORIENTATION,
      .out = "2:2" },
    { "colour space passes", { RTP_EXT_COLOR_SPACE }, MEDIA_EXT_COLOR_SPACE, .out = "1:2" },
    { "not negotiated", { RTP_EXT_MID }, MEDIA_EXT_AUDIO_LEVEL, .out = "" },
    { "layer allocation is stripped", { RTP_EXT_VIDEO_LAYERS }, MEDIA_EXT_VLA, .out = "" },
    { "a received descriptor is stripped",
      { RTP_EXT_DEPENDENCY_DESCRIPTOR },
      MEDIA_EXT_DEPENDENCY_DESCRIPTOR,
      .out = "" },
    { "a projected descriptor",
      { RTP_EXT_DEPENDENCY_DESCRIPTOR },
      MEDIA_EXT_DEPENDENCY_DESCRIPTOR,
      .dd = true,
      .dd_len = 3,
      .out = "1:3" },
    { "a long descriptor",
      { RTP_EXT_DEPENDENCY_DESCRIPTOR },
      NOTHING,
      .dd = true,
      .dd_len = 40,
      .mixed = true,
      .out = "1:40" },
    { "a long descriptor, one-byte headers only",
      { RTP_EXT_DEPENDENCY_DESCRIPTOR, RTP_EXT_MID },
      NOTHING,
      .dd = true,
      .dd_len = 40,
      .mid = true,
      .out = "2:2" },
    { "mid of the slot", { RTP_EXT_MID }, NOTHING, .mid = true, .out = "1:2" },
    { "send time without transport-cc", { RTP_EXT_ABS_SEND_TIME }, NOTHING, .out = "1:3" },
    { "transport-cc in its place",
      { RTP_EXT_ABS_SEND_TIME, RTP_EXT_TRANSPORT_CC },
      NOTHING,
      .tcc = true,
      .out = "2:2" },
    { "all",
      { RTP_EXT_AUDIO_LEVEL, RTP_EXT_MID, RTP_EXT_TRANSPORT_CC, RTP_EXT_DEPENDENCY_DESCRIPTOR },
      MEDIA_EXT_AUDIO_LEVEL,
      .dd = true,
      .dd_len = 5,
      .mid = true,
      .tcc = true,
      .out = "1:2 4:5 2:2 3:2" },
};

static void test_header(gconstpointer data)
{
    const HeaderCase *c = data;
    MediaEndpoint r = { .allow_mixed = c->mixed, .tcc_video = c->tcc };
    uint8_t packet[64] = { 0 }, dd[DD_MAX_LEN] = { 0 }, out[TX_HEADER_MAX];
    MediaPacket m = { .data = packet, .len = sizeof(packet) };
    g_autoptr(GString) got = g_string_new(NULL);
    RtpView v;
    RtpExtIter it;
    RtpExtElement e;
    for (uint8_t i = 0; i < G_N_ELEMENTS(c->negotiated) && c->negotiated[i]; i++)
        r.ext_id[c->negotiated[i]] = (uint8_t)(i + 1);
    ext_policy_steps(&r.ext_steps, r.ext_id, r.tcc_video);
    if (c->carried != NOTHING)
        m.ext[c->carried] = (MediaExtPos){ .off = 20, .len = 2, .id = PASSING_ID };
    TxHeader h = { .media = &m, .ssrc = 1, .dd = dd, .dd_len = c->dd_len, .has_tcc = c->tcc };
    h.mid = "v0";
    h.mid_len = c->mid ? 2 : 0;
    size_t n = tx_header_write(&r, &h, 1000000, out);
    g_assert_cmpint(rtp_view_parse(out, n, &v), ==, RTP_OK);
    g_assert_cmpuint(v.payload_len, ==, 0);
    rtp_ext_iter_init(&it, out, &v);
    while (v.ext_len && rtp_ext_next(&it, &e))
        g_string_append_printf(got, "%s%u:%u", got->len ? " " : "", e.id, e.len);
    g_assert_cmpstr(got->str, ==, c->out);
}

/* Every extension there is has one row, and what its row says happens: whatever a packet carries and a receiver has
 * negotiated goes out if it passes, under his id, in the sender's bytes. */
static void test_policy(void)
{
    size_t n;
    const ExtPolicy *rows = ext_policy(&n);
    unsigned seen[RTP_EXT_TYPE_COUNT] = { 0 }, written = 0;
    uint8_t packet[64], out[TX_HEADER_MAX];
    for (size_t i = 0; i < n; i++) {
        seen[rows[i].type]++;
        written += rows[i].action != EXT_STRIP;
        g_assert_cmpint(rows[i].action == EXT_PASS, ==, rows[i].carried != MEDIA_EXT_COUNT);
        g_assert_cmpint(rows[i].action == EXT_REWRITE, ==, rows[i].value != EXT_OF_SENDER);
        MediaEndpoint r = { 0 };
        r.ext_id[rows[i].type] = 7;
        MediaPacket m = { .data = packet, .len = sizeof(packet) };
        for (size_t k = 0; k < sizeof(packet); k++)
            packet[k] = (uint8_t)(k + 1);
        for (int k = 0; k < MEDIA_EXT_COUNT; k++)
            m.ext[k] = (MediaExtPos){ .off = (uint16_t)(20 + 4 * k), .len = 4, .id = PASSING_ID };
        ext_policy_steps(&r.ext_steps, r.ext_id, rows[i].type == RTP_EXT_TRANSPORT_CC);
        uint8_t dd[4] = "DDDD";
        TxHeader h = { .media = &m,
                       .dd = dd,
                       .dd_len = 4,
                       .mid = "v0",
                       .mid_len = 2,
                       .tcc = 5,
                       .has_tcc = rows[i].type == RTP_EXT_TRANSPORT_CC };
        RtpView v;
        RtpExtElement e;
        g_assert_cmpint(rtp_view_parse(out, tx_header_write(&r, &h, 1000000, out), &v), ==, RTP_OK);
        bool found = rtp_ext_find(out, &v, 7, &e);
        g_assert_cmpint(found, ==, rows[i].action != EXT_STRIP);
        bool same =
            found && e.len == 4 && memcmp(out + e.off, packet + m.ext[rows[i].carried % MEDIA_EXT_COUNT].off, 4) == 0;
        g_assert_cmpint(same, ==, rows[i].action == EXT_PASS);
    }
    g_assert_cmpuint(written, <=, EXT_STEPS_MAX);
    for (unsigned t = RTP_EXT_UNKNOWN + 1; t < RTP_EXT_TYPE_COUNT; t++)
        g_assert_cmpuint(seen[t], ==, 1);
    g_assert_cmpuint(seen[RTP_EXT_UNKNOWN], ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD_ROWS("/media/tx header", headers, test_header);
    g_test_add_func("/media/tx header/policy", test_policy);
    return g_test_run();
}
