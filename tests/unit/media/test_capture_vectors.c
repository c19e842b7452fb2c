/* SPDX-License-Identifier: Apache-2.0
 *
 * A debug capture serves as a test vector: what Chromium sent goes through the whole packet path while it is captured;
 * the file, turned into a vector and given to a projection alone, yields bit by bit the packets that the receiver got. */
#include "tests/fakes/capture_vectors.h"
#include "tests/unit/media/engine_kit.h"

#include "bridge/tx/projection.h"
#include "bridge/tx/tx_allocate.h"
#include "bridge/tx/tx_state.h"
#include "common/rtp/rtp_ext.h"

#include <glib/gstdio.h>
#include <string.h>

#define DD_ID 11 /* in the vectors */

typedef struct {
    const char *file;
    MediaCodec codec;
    uint8_t encodings;
} Recording;

static const Recording captures[] = {
    { "vp8-simulcast", CODEC_VP8, 3 }, { "h264-simulcast", CODEC_H264, 3 }, { "vp9-l3t3", CODEC_VP9, 1 },
    { "vp9-l3t3-key", CODEC_VP9, 1 },  { "av1-l1t3", CODEC_AV1, 1 },        { "av1-l3t3-key", CODEC_AV1, 1 },
};

static GPtrArray *load(const char *name)
{
    g_autofree char *file = g_strdup_printf("%s.txt", name), *text = NULL;
    g_autofree char *path = g_test_build_filename(G_TEST_DIST, "tests", "vectors", "media", "whole", file, NULL);
    g_autoptr(GError) error = NULL;
    g_file_get_contents(path, &text, NULL, &error);
    g_assert_no_error(error);
    GPtrArray *out = capture_vectors_parse(text);
    g_assert_nonnull(out);
    g_assert_cmpuint(out->len, >, 40);
    return out;
}

static uint32_t ssrc_of(const CapturedPacket *p)
{
    return (uint32_t)p->bytes[8] << 24 | (uint32_t)p->bytes[9] << 16 | (uint32_t)p->bytes[10] << 8 | p->bytes[11];
}

/* Client 0 signals what the vector holds, client 1 wants it. */
static void signal_vector(Engine *f, const Recording *k, const GPtrArray *packets, uint32_t ssrcs[])
{
    WorkerMedia media = { .n_payloads = 1 };
    WorkerSource source = { .name = "c0-v0", .kind = WORKER_VIDEO, .n_encodings = k->encodings };
    for (guint i = 0; i < packets->len; i++) {
        const CapturedPacket *p = g_ptr_array_index(packets, i);
        ssrcs[p->eid] = source.encodings[p->eid].ssrc = ssrc_of(p);
    }
    const CapturedPacket *first = g_ptr_array_index(packets, 0);
    media.payloads[0] =
        (WorkerPayload){ .pt = first->bytes[1] & 0x7f, .kind = WORKER_VIDEO, .codec = k->codec, .clock_hz = 90000 };
    media.extension_ids[RTP_EXT_DEPENDENCY_DESCRIPTOR] = k->codec == CODEC_AV1 ? DD_ID : 0;
    media.allow_mixed = true;
    for (unsigned i = 0; i < CLIENTS; i++)
        media_endpoint_set_media(f->client[i].ep, &media);
    media_endpoint_set_sources(f->client[0].ep, &source, 1);
    g_assert_cmpuint(f->client[0].ep->n_sources, ==, 1);
}

static void wish(Engine *f, int height)
{
    WorkerCommand *w = worker_command_new(WORKER_VIDEO_CONSTRAINTS, 1, 11, 0);
    w->video_constraints.last_n = -1;
    w->video_constraints.default_max_height = height;
    w->video_constraints.default_max_fps = -1;
    w->video_constraints.assumed_bandwidth_bps = 1000000000;
    media_endpoint_set_wishes(f->client[1].ep, w);
    tx_allocate_run(f->client[1].ep, f->w.now_us);
}

static const TxVideo *receiving(Engine *f)
{
    const MediaSource *s = f->client[0].ep->sources[0];
    return f->client[1].ep->tx->by_source[s->index].video;
}

/* Sends all of it in its own time; what client 1 got, and the target at each packet. */
static GPtrArray *send_all(Engine *f, const GPtrArray *packets, int64_t begin_us, int *targets)
{
    GPtrArray *out = g_ptr_array_new_with_free_func((GDestroyNotify)g_byte_array_unref);
    SrtpStream streams[CAPTURE_ENCODINGS_MAX] = { 0 };
    for (guint i = 0; i < packets->len; i++) {
        const CapturedPacket *p = g_ptr_array_index(packets, i);
        RtpView v;
        f->w.now_us = begin_us + p->us;
        if (i == packets->len / 3)
            wish(f, 180);
        if (i == packets->len * 2 / 3)
            wish(f, 720);
        g_assert_cmpint(rtp_view_parse(p->bytes, p->len, &v), ==, RTP_OK);
        targets[i] = projection_target(&receiving(f)->projection);
        engine_give_rtp(f, 0, &streams[p->eid], p->bytes, v.payload_off, p->bytes + v.payload_off,
                        p->len - v.payload_off);
        while (engine_hear(f, 1, &v)) {
            GByteArray *got = g_byte_array_new();
            g_byte_array_append(got, engine_heard, (guint)(v.payload_off + v.payload_len));
            g_ptr_array_add(out, got);
        }
    }
    return out;
}

static char *read_capture(Engine *f, Captures *captures_, const uint32_t *ssrcs, unsigned n, guint packets)
{
    CaptureInfo info[CAPTURES_MAX];
    g_autofree char *pcap = NULL;
    g_autoptr(GError) error = NULL;
    gsize len;
    captures_end(captures_, 10);
    capture_release(f->client[0].ep->capture);
    f->client[0].ep->capture = NULL;
    for (int i = 0; i < 4000 && (captures_list(captures_, info), info[0].running); i++)
        g_usleep(5000);
    g_assert_false(info[0].running);
    g_assert_cmpuint(info[0].packets, ==, packets);
    g_file_get_contents(info[0].path, &pcap, &len, &error);
    g_assert_no_error(error);
    g_unlink(info[0].path);
    char *text = capture_vectors_from_pcap((const uint8_t *)pcap, len, ssrcs, n, 0, &error);
    g_assert_no_error(error);
    return text;
}

/* One packet of the vector, as the receive path hands it on. */
static void parse(const Recording *k, const CapturedPacket *c, FrameParser *parser, int64_t *top, int64_t begin_us,
                  MediaPacket *pkt)
{
    RtpExtElement e;
    memset(pkt, 0, sizeof(*pkt));
    g_assert_cmpint(rtp_view_parse(c->bytes, c->len, &pkt->view), ==, RTP_OK);
    *top = *top ? *top + (int16_t)(uint16_t)(pkt->view.seq - (uint16_t)*top) : 65536 + pkt->view.seq;
    pkt->data = c->bytes;
    pkt->len = c->len;
    pkt->arrival_us = begin_us + c->us;
    pkt->seq = *top;
    pkt->codec = (uint8_t)k->codec;
    pkt->eid = (uint8_t)c->eid;
    MediaExtPos *dd = &pkt->ext[MEDIA_EXT_DEPENDENCY_DESCRIPTOR];
    if (k->codec == CODEC_AV1 && rtp_ext_find(c->bytes, &pkt->view, DD_ID, &e))
        *dd = (MediaExtPos){ .off = (uint16_t)e.off, .len = e.len, .id = e.id };
    frame_parser_read(parser, k->codec, c->bytes + pkt->view.payload_off, pkt->view.payload_len, pkt->seq, pkt->view.ts,
                      pkt->view.marker, dd->off ? c->bytes + dd->off : NULL, dd->len, &pkt->frame);
}

static void assert_same(const MediaPacket *pkt, const ProjectedPacket *out, const GByteArray *got, bool filler)
{
    RtpView v;
    RtpExtElement e = { 0 };
    g_assert_cmpint(rtp_view_parse(got->data, got->len, &v), ==, RTP_OK);
    g_assert_cmpuint(v.ssrc, ==, out->ssrc);
    g_assert_cmpuint(v.seq, ==, out->seq);
    g_assert_cmpuint(v.ts, ==, out->ts);
    if (filler)
        return;
    g_assert_cmpuint(v.pt, ==, pkt->view.pt);
    g_assert_cmpuint(v.marker, ==, out->marker);
    g_autofree uint8_t *payload = g_memdup2(pkt->data + pkt->view.payload_off, pkt->view.payload_len);
    memcpy(payload, out->patch, out->patch_len);
    g_assert_cmpmem(got->data + v.payload_off, v.payload_len, payload, pkt->view.payload_len);
    g_assert_true(rtp_ext_find(got->data, &v, DD_ID, &e) == (out->dd_len > 0));
    g_assert_cmpmem(got->data + e.off, e.len, out->dd, out->dd_len);
}

static void replay(const Recording *k, const GPtrArray *vector, OutStream os, const int *targets, int64_t begin_us,
                   const GPtrArray *got)
{
    g_autofree Projection *p = g_new0(Projection, 1);
    g_autofree FrameParser *parser = g_new0(FrameParser, CAPTURE_ENCODINGS_MAX);
    int64_t top[CAPTURE_ENCODINGS_MAX] = { 0 };
    guint n = 0;
    projection_init(p, NULL); /* as the transmit path begins */
    projection_bind(p, &os);
    for (guint i = 0; i < vector->len; i++) {
        const CapturedPacket *c = g_ptr_array_index(vector, i);
        MediaPacket pkt;
        ProjectedPacket out;
        parse(k, c, &parser[c->eid], &top[c->eid], begin_us, &pkt);
        projection_set_target(p, targets[i], FORWARD_CAP);
        ProjectionVerdict verdict = projection_accept(p, &pkt, pkt.arrival_us, &out);
        if (verdict == PROJECTION_DROP)
            continue;
        g_assert_cmpuint(n, <, got->len);
        assert_same(&pkt, &out, g_ptr_array_index(got, n), verdict == PROJECTION_FILL);
        n++;
    }
    g_test_message("%u of %u packets went out", n, vector->len);
    g_assert_cmpuint(n, ==, got->len);
    g_assert_cmpuint(n, >, vector->len / 8);
}

static void test_round_trip(Engine *f, gconstpointer data)
{
    const Recording *k = data;
    g_autofree char *directory = g_dir_make_tmp("plenum-capture-XXXXXX", NULL);
    char error[200];
    uint32_t ssrcs[CAPTURE_ENCODINGS_MAX];
    g_autoptr(GPtrArray) sent = load(k->file);
    g_autofree int *targets = g_new0(int, sent->len);
    Captures *all = captures_new(directory);
    signal_vector(f, k, sent, ssrcs);
    wish(f, 720);
    f->client[0].ep->capture = captures_start(all, "c0", 10, 60, error, sizeof(error));
    g_assert_nonnull(f->client[0].ep->capture);
    g_assert_nonnull(receiving(f)->stream);
    OutStream os = receiving(f)->stream->out;
    const int64_t begin_us = f->w.now_us;
    g_autoptr(GPtrArray) got = send_all(f, sent, begin_us, targets);
    g_autofree char *text = read_capture(f, all, ssrcs, k->encodings, sent->len);
    captures_free(all);
    g_rmdir(directory);

    g_autoptr(GPtrArray) vector = capture_vectors_parse(text);
    g_assert_nonnull(vector);
    g_assert_cmpuint(vector->len, ==, sent->len);
    const CapturedPacket *first = g_ptr_array_index(sent, 0);
    for (guint i = 0; i < vector->len; i++) {
        const CapturedPacket *a = g_ptr_array_index(sent, i), *b = g_ptr_array_index(vector, i);
        g_assert_cmpuint(a->eid, ==, b->eid);
        g_assert_cmpint(a->us - first->us, ==, b->us);
        g_assert_cmpmem(a->bytes, a->len, b->bytes, b->len);
    }
    replay(k, vector, os, targets, begin_us + first->us, got);
}

/* ---- the tool by itself ---- */

#define FILE_HEAD "\xd4\xc3\xb2\xa1\2\0\4\0\0\0\0\0\0\0\0\0\xff\xff\0\0\x65\0\0\0"
#define RECORD(us, n) "\1\0\0\0" us "\0\0\0" n "\0\0\0" n "\0\0\0"
#define IP "\x45\0\0\0\0\0\0\0\x40\x11\0\0\xc0\0\2\1\xc0\0\2\2"
#define UDP(port) "\x13" port "\x13" port "\0\0\0\0"
#define RTP(first, seq, ssrc, rest) first "\x60\0" seq "\0\0\0\1\0\0\0" ssrc rest
#define BYTES(s) (const uint8_t *)(s), sizeof(s) - 1

static const struct {
    const char *name;
    const uint8_t *pcap;
    gsize len, cut;
    const char *text; /* NULL: refused */
} files[] = {
    { "empty file", BYTES(""), 0, NULL },
    { "not pcap", BYTES("0123456789abcdef01234567"), 0, NULL },
    { "nothing in it", BYTES(FILE_HEAD), 0, "" },
    { "one packet", BYTES(FILE_HEAD RECORD("\5", "\x2a") IP UDP("\x8c") RTP("\x80", "\7", "\2", "ab")), 0,
      "0 0 2 806000070000000100000002"
      "6162\n" },
    { "two encodings, one of another source, RTCP",
      BYTES(FILE_HEAD RECORD("\5", "\x2a") IP UDP("\x8c") RTP("\x80", "\7", "\3", "ab") /* */
            RECORD("\6", "\x2a") IP UDP("\x8c") RTP("\x80", "\7", "\4", "ab")           /* */
            RECORD("\7", "\x2a") IP UDP("\x8d") RTP("\x80", "\7", "\2", "ab")           /* */
            RECORD("\x8", "\x2a") IP UDP("\x8c") RTP("\x80", "\x9", "\2", "cd")),
      0,
      "1 0 2 806000070000000100000003"
      "6162\n"
      "0 3 2 806000090000000100000002"
      "6364\n" },
    { "padding only is closed up",
      BYTES(FILE_HEAD RECORD("\5", "\x29") IP UDP("\x8c") RTP("\xa0", "\7", "\2", "\1") /* */
            RECORD("\6", "\x2a") IP UDP("\x8c") RTP("\x80", "\x8", "\2", "ab")),
      0,
      "0 0 2 806000070000000100000002"
      "6162\n" },
    { "cut", BYTES(FILE_HEAD RECORD("\5", "\x2c") IP UDP("\x8c") RTP("\xa0", "\7", "\2", "abc\1")), 1,
      "0 0 3 806000070000000100000002"
      "61\n" },
    { "ends within a packet", BYTES(FILE_HEAD RECORD("\5", "\x2b") IP UDP("\x8c") RTP("\x80", "\7", "\2", "ab")), 0,
      NULL },
    { "ends within a record", BYTES(FILE_HEAD "\1\0\0"), 0, NULL },
};

static void test_file(gconstpointer data)
{
    static const uint32_t ssrcs[] = { 2, 3 };
    const gsize i = GPOINTER_TO_SIZE(data);
    g_autoptr(GError) error = NULL;
    g_autofree uint8_t *exact = g_memdup2(files[i].pcap, files[i].len);
    g_autofree char *text = capture_vectors_from_pcap(exact, files[i].len, ssrcs, 2, files[i].cut, &error);
    g_assert_cmpstr(text, ==, files[i].text);
    g_assert_true((error == NULL) == (text != NULL));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(files); i++) {
        g_autofree char *path = g_strdup_printf("/capture vectors/file/%s", files[i].name);
        g_test_add_data_func(path, GSIZE_TO_POINTER(i), test_file);
    }
    for (gsize i = 0; i < G_N_ELEMENTS(captures); i++) {
        g_autofree char *path = g_strdup_printf("/capture vectors/round trip/%s", captures[i].file);
        g_test_add(path, Engine, &captures[i], engine_set_up, test_round_trip, engine_tear_down);
    }
    return g_test_run();
}
