/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/tx/decode_check.h"

#include <gst/app/gstappsink.h>
#include <gst/app/gstappsrc.h>
#include <gst/gst.h>
#include <string.h>
#include "common/rtp/rtp_view.h"

static const struct {
    MediaCodec codec;
    const char *name, *depay, *decoder;
} chains[] = {
    { CODEC_VP8, "VP8", "rtpvp8depay", "vp8dec" },
    { CODEC_VP9, "VP9", "rtpvp9depay", "vp9dec" },
    { CODEC_H264, "H264", "rtph264depay", "avdec_h264" },
    { CODEC_AV1, "AV1", NULL, "av1dec" }, /* Debian's GStreamer has no depayloader of AV1: see add_obus() */
};

#define CHAIN_AV1 3

static int complaints; /* gst_debug_add_log_function has no other way back; one run at a time */

static void on_log(GstDebugCategory *category, GstDebugLevel level, const gchar *file, const gchar *function, gint line,
                   GObject *object, GstDebugMessage *message, gpointer user)
{
    (void)file, (void)function, (void)line, (void)object, (void)user;
    if (level > GST_LEVEL_WARNING || level == GST_LEVEL_NONE)
        return;
    if (g_atomic_int_add(&complaints, 1) < 5)
        g_test_message("%s: %s", gst_debug_category_get_name(category), gst_debug_message_get(message));
}

static void start(void)
{
    if (gst_is_initialized())
        return;
    gst_init(NULL, NULL);
    gst_debug_remove_log_function(NULL);
    gst_debug_add_log_function(on_log, NULL, NULL);
    gst_debug_set_active(TRUE);
    gst_debug_set_default_threshold(GST_LEVEL_WARNING);
}

static gsize chain_of(MediaCodec codec)
{
    gsize i = 0;
    while (chains[i].codec != codec)
        i++;
    return i;
}

const char *decode_check_missing(MediaCodec codec)
{
    start();
    const char *names[] = { chains[chain_of(codec)].depay, chains[chain_of(codec)].decoder };
    for (int i = 0; i < 2; i++) {
        g_autoptr(GstElementFactory) f = names[i] ? gst_element_factory_find(names[i]) : NULL;
        if (names[i] && !f)
            return names[i];
    }
    return NULL;
}

/* ---- AV1: RTP payloads of one temporal unit to a bitstream with sizes (AV1 RTP 4, AV1 5.3) ---- */

static gsize leb128(const uint8_t *p, gsize len, gsize *at)
{
    gsize v = 0;
    for (int shift = 0; *at < len && shift < 56; shift += 7) {
        uint8_t b = p[(*at)++];
        v |= (gsize)(b & 0x7f) << shift;
        if (!(b & 0x80))
            break;
    }
    return v;
}

static void put_obu(GByteArray *unit, const GByteArray *obu)
{
    if (!obu->len)
        return;
    gsize head = obu->data[0] & 4 ? 2 : 1;
    g_assert_cmpuint(obu->len, >=, head);
    g_assert_false(obu->data[0] & 2); /* Chromium sends no sizes of its own */
    uint8_t first = obu->data[0] | 2, size[4];
    int n = 0;
    gsize rest = obu->len - head;
    do {
        size[n++] = (uint8_t)((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0));
        rest >>= 7;
    } while (rest);
    g_byte_array_append(unit, &first, 1);
    g_byte_array_append(unit, obu->data + 1, (guint)head - 1);
    g_byte_array_append(unit, size, (guint)n);
    g_byte_array_append(unit, obu->data + head, obu->len - (guint)head);
}

/* `open`: an OBU that goes on in the next packet. */
static void add_obus(GByteArray *unit, GByteArray *open, const uint8_t *p, gsize len)
{
    uint8_t head = p[0];
    unsigned count = head >> 4 & 3;
    gsize at = 1;
    g_assert_cmpint(head >> 7, ==, open->len > 0); /* Z: goes on with what the packet before left open */
    for (unsigned i = 1; at < len; i++) {
        gsize size = count && i == count ? len - at : leb128(p, len, &at);
        g_assert_cmpuint(size, <=, len - at);
        g_byte_array_append(open, p + at, (guint)size);
        at += size;
        if (at < len || !(head & 0x40)) { /* Y: the last element goes on */
            put_obu(unit, open);
            g_byte_array_set_size(open, 0);
        }
    }
}

/* ---- the pipeline ---- */

static GstElement *build(gsize c, GstElement **src, GstElement **sink)
{
    g_autofree char *caps =
        c == CHAIN_AV1 ? g_strdup("video/x-av1,stream-format=obu-stream,alignment=tu")
                       : g_strdup_printf("application/x-rtp,media=video,clock-rate=90000,encoding-name=%s,payload=96",
                                         chains[c].name);
    g_autofree char *text = g_strdup_printf(
        "appsrc name=src format=time max-bytes=0 caps=%s ! %s%s %s ! appsink name=sink sync=false max-buffers=0", caps,
        chains[c].depay ? chains[c].depay : "", chains[c].depay ? " !" : "", chains[c].decoder);
    g_autoptr(GError) error = NULL;
    GstElement *pipe = gst_parse_launch(text, &error);
    g_assert_no_error(error);
    *src = gst_bin_get_by_name(GST_BIN(pipe), "src");
    *sink = gst_bin_get_by_name(GST_BIN(pipe), "sink");
    return pipe;
}

static void push(GstElement *src, const void *data, gsize len, guint frame)
{
    GstBuffer *b = gst_buffer_new_memdup(data, len);
    GST_BUFFER_PTS(b) = frame * GST_MSECOND;
    g_assert_cmpint(gst_app_src_push_buffer(GST_APP_SRC(src), b), ==, GST_FLOW_OK);
}

static void feed_rtp(GstElement *src, GPtrArray *packets, const GArray *frame_of)
{
    for (guint i = 0; i < packets->len; i++) {
        const GByteArray *p = g_ptr_array_index(packets, i);
        push(src, p->data, p->len, g_array_index(frame_of, guint, i));
    }
}

static void feed_av1(GstElement *src, GPtrArray *packets, const GArray *frame_of)
{
    static const uint8_t delimiter[] = { 0x12, 0 };
    g_autoptr(GByteArray) unit = g_byte_array_new();
    g_autoptr(GByteArray) open = g_byte_array_new();
    for (guint i = 0; i < packets->len; i++) {
        const GByteArray *p = g_ptr_array_index(packets, i);
        guint frame = g_array_index(frame_of, guint, i);
        RtpView v;
        g_assert_cmpint(rtp_view_parse(p->data, p->len, &v), ==, RTP_OK);
        if (!unit->len)
            g_byte_array_append(unit, delimiter, sizeof(delimiter));
        add_obus(unit, open, p->data + v.payload_off, v.payload_len);
        if (i + 1 == packets->len || g_array_index(frame_of, guint, i + 1) != frame) {
            push(src, unit->data, unit->len, frame);
            g_byte_array_set_size(unit, 0);
            g_byte_array_set_size(open, 0);
        }
    }
}

static void keep(GstSample *sample, guint n_frames, DecodedFrame *out)
{
    GstBuffer *b = gst_sample_get_buffer(sample);
    const GstStructure *s = gst_caps_get_structure(gst_sample_get_caps(sample), 0);
    guint frame = (guint)(GST_BUFFER_PTS(b) / GST_MSECOND);
    int width = 0, height = 0;
    GstMapInfo map;
    g_assert_cmpuint(frame, <, n_frames);
    g_assert_true(gst_structure_get_int(s, "width", &width) && gst_structure_get_int(s, "height", &height));
    g_assert_true(gst_buffer_map(b, &map, GST_MAP_READ));
    g_assert_cmpstr(gst_structure_get_string(s, "format"), ==, "I420");
    uint64_t sum = 0xcbf29ce484222325u ^ (uint64_t)width << 32 ^ (uint64_t)height; /* FNV-1a */
    const uint8_t *row = map.data;
    for (int plane = 0; plane < 3; plane++) {
        int half = plane > 0, visible = (width + half) >> half, stride = (visible + 3) & ~3;
        int rows = (height + half) >> half, stored = half ? rows : (height + 1) & ~1;
        for (int y = 0; y < rows; y++)
            for (int x = 0; x < visible; x++)
                sum = (sum ^ row[y * stride + x]) * 0x100000001b3u;
        row += stride * stored;
    }
    g_assert_cmpuint((gsize)(row - map.data), ==, map.size);
    gst_buffer_unmap(b, &map);
    out[frame] = (DecodedFrame){ .decoded = TRUE, .sum = sum, .height = height };
}

int decode_check_run(MediaCodec codec, GPtrArray *packets, GArray *frame_of, guint n_frames, DecodedFrame *out)
{
    gsize c = chain_of(codec);
    GstElement *src, *sink;
    start();
    complaints = 0;
    memset(out, 0, n_frames * sizeof(*out));
    g_autoptr(GstElement) pipe = build(c, &src, &sink);
    gst_element_set_state(pipe, GST_STATE_PLAYING);
    (c == CHAIN_AV1 ? feed_av1 : feed_rtp)(src, packets, frame_of);
    gst_app_src_end_of_stream(GST_APP_SRC(src));
    GstSample *sample;
    while ((sample = gst_app_sink_try_pull_sample(GST_APP_SINK(sink), 20 * GST_SECOND))) {
        keep(sample, n_frames, out);
        gst_sample_unref(sample);
    }
    g_assert_true(gst_app_sink_is_eos(GST_APP_SINK(sink)));
    g_autoptr(GstBus) bus = gst_element_get_bus(pipe);
    GstMessage *m;
    while ((m = gst_bus_pop_filtered(bus, GST_MESSAGE_ERROR | GST_MESSAGE_WARNING))) {
        complaints++;
        gst_message_unref(m);
    }
    gst_element_set_state(pipe, GST_STATE_NULL);
    gst_object_unref(src);
    gst_object_unref(sink);
    return complaints;
}
