/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/tx/decode_check.h"

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

/* ---- the chain: no pipeline, so everything happens in the caller's thread while he pushes ---- */

typedef struct {
    GstElement *element[2]; /* depayloader, if there is one; decoder */
    GstBus *bus;
    GstPad *in, *out; /* ours, at both ends */
    DecodedFrame *frames;
    guint n_frames;
} Chain;

static void keep(GstBuffer *b, GstCaps *caps, guint n_frames, DecodedFrame *out)
{
    const GstStructure *s = gst_caps_get_structure(caps, 0);
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

static GstFlowReturn on_frame(GstPad *pad, GstObject *parent, GstBuffer *b)
{
    const Chain *c = gst_pad_get_element_private(pad);
    g_autoptr(GstCaps) caps = gst_pad_get_current_caps(pad);
    g_assert_nonnull(caps);
    keep(b, caps, c->n_frames, c->frames);
    gst_buffer_unref(b);
    return GST_FLOW_OK;
}

static void join(GstPad *from, GstPad *to)
{
    g_assert_cmpint(gst_pad_link(from, to), ==, GST_PAD_LINK_OK);
    gst_object_unref(from);
    gst_object_unref(to);
}

static void begin(Chain *c, gsize which)
{
    static GstStaticPadTemplate anything =
        GST_STATIC_PAD_TEMPLATE("out", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS_ANY);
    const char *names[] = { chains[which].depay, chains[which].decoder };
    GstElement *last = NULL;
    c->bus = gst_bus_new();
    c->in = gst_pad_new("in", GST_PAD_SRC);
    c->out = gst_pad_new_from_static_template(&anything, "out");
    gst_pad_set_element_private(c->out, c);
    gst_pad_set_chain_function(c->out, on_frame);
    for (int i = 0; i < 2; i++) {
        if (!names[i])
            continue;
        GstElement *e = c->element[i] = gst_object_ref_sink(gst_element_factory_make(names[i], NULL));
        gst_element_set_bus(e, c->bus);
        if (g_object_class_find_property(G_OBJECT_GET_CLASS(e), "max-threads")) /* FFmpeg's own */
            g_object_set(e, "max-threads", 1, NULL);
        join(last ? gst_element_get_static_pad(last, "src") : gst_object_ref(c->in),
             gst_element_get_static_pad(e, "sink"));
        last = e;
    }
    join(gst_element_get_static_pad(last, "src"), gst_object_ref(c->out));
    gst_pad_set_active(c->out, TRUE);
    for (int i = 1; i >= 0; i--)
        if (c->element[i])
            g_assert_cmpint(gst_element_set_state(c->element[i], GST_STATE_PLAYING), !=, GST_STATE_CHANGE_FAILURE);
    gst_pad_set_active(c->in, TRUE);
    g_autoptr(GstCaps) caps =
        which == CHAIN_AV1
            ? gst_caps_from_string("video/x-av1,stream-format=obu-stream,alignment=tu")
            : gst_caps_new_simple("application/x-rtp", "media", G_TYPE_STRING, "video", "clock-rate", G_TYPE_INT, 90000,
                                  "encoding-name", G_TYPE_STRING, chains[which].name, "payload", G_TYPE_INT, 96, NULL);
    GstSegment segment;
    gst_segment_init(&segment, GST_FORMAT_TIME);
    g_assert_true(gst_pad_push_event(c->in, gst_event_new_stream_start("rtp")));
    g_assert_true(gst_pad_push_event(c->in, gst_event_new_caps(caps)));
    g_assert_true(gst_pad_push_event(c->in, gst_event_new_segment(&segment)));
}

/* What the decoder still has comes out before this returns. */
static void end(Chain *c)
{
    g_assert_true(gst_pad_push_event(c->in, gst_event_new_eos()));
    gst_pad_set_active(c->in, FALSE);
    for (int i = 0; i < 2; i++) {
        if (!c->element[i])
            continue;
        gst_element_set_state(c->element[i], GST_STATE_NULL);
        gst_element_set_bus(c->element[i], NULL);
        gst_object_unref(c->element[i]);
    }
    gst_pad_set_active(c->out, FALSE);
    gst_object_unref(c->in);
    gst_object_unref(c->out);
    for (GstMessage *m; (m = gst_bus_pop_filtered(c->bus, GST_MESSAGE_ERROR | GST_MESSAGE_WARNING));) {
        complaints++;
        gst_message_unref(m);
    }
    gst_object_unref(c->bus);
}

static void push(Chain *c, const void *data, gsize len, guint frame)
{
    GstBuffer *b = gst_buffer_new_memdup(data, len);
    GST_BUFFER_PTS(b) = frame * GST_MSECOND;
    g_assert_cmpint(gst_pad_push(c->in, b), ==, GST_FLOW_OK);
}

static void feed_rtp(Chain *c, GPtrArray *packets, const GArray *frame_of)
{
    for (guint i = 0; i < packets->len; i++) {
        const GByteArray *p = g_ptr_array_index(packets, i);
        push(c, p->data, p->len, g_array_index(frame_of, guint, i));
    }
}

static void feed_av1(Chain *c, GPtrArray *packets, const GArray *frame_of)
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
            push(c, unit->data, unit->len, frame);
            g_byte_array_set_size(unit, 0);
            g_byte_array_set_size(open, 0);
        }
    }
}

int decode_check_run(MediaCodec codec, GPtrArray *packets, GArray *frame_of, guint n_frames, DecodedFrame *out)
{
    Chain c = { .frames = out, .n_frames = n_frames };
    gsize which = chain_of(codec);
    start();
    complaints = 0;
    memset(out, 0, n_frames * sizeof(*out));
    begin(&c, which);
    (which == CHAIN_AV1 ? feed_av1 : feed_rtp)(&c, packets, frame_of);
    end(&c);
    return complaints;
}
