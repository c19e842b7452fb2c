/* SPDX-License-Identifier: Apache-2.0
 *
 * A whole life of one projection as bytes: packets with odd payloads and numbers, changing targets, re-mappings,
 * missing packets, clock jumps. Whatever a sender does, no number goes out twice on a send SSRC, nothing is written
 * beyond what the packet has, and timestamps of what goes out in order do not run back. */
#include <stdlib.h>
#include <string.h>
#include "bridge/tx/projection.h"

#define MAX_OUT 4096
#define STREAMS 2
#define SEEN 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct {
    const uint8_t *p;
    size_t left;
} In;

static uint8_t take(In *in)
{
    if (in->left == 0)
        return 0;
    in->left--;
    return *in->p++;
}

typedef struct {
    Projection p;
    OutStream streams[STREAMS];
    int64_t sent[STREAMS][MAX_OUT];
    size_t sent_count[STREAMS];
    FrameParser parsers[SOURCE_MAX_ENCODINGS];
    SourceLayers layers;
    int64_t seq[SOURCE_MAX_ENCODINGS], seen[SOURCE_MAX_ENCODINGS][SEEN];
    uint32_t ts[SOURCE_MAX_ENCODINGS];
    int64_t now_us;
    int bound;
} World;

static int by_value(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

static void note_sent(World *w, const MediaPacket *pkt, const ProjectedPacket *out)
{
    OutStream *os = &w->streams[w->bound];
    if (w->bound < 0 || out->ssrc != os->ssrc || out->patch_len > PROJECTION_PATCH_MAX ||
        out->patch_len > pkt->view.payload_len || out->marker > 1)
        abort();
    if (out->dd_len && !pkt->ext[MEDIA_EXT_DEPENDENCY_DESCRIPTOR].len)
        abort();
    int64_t seq = os->last_seq + (int16_t)(uint16_t)(out->seq - (uint16_t)os->last_seq);
    if (w->sent_count[w->bound] < MAX_OUT)
        w->sent[w->bound][w->sent_count[w->bound]++] = seq;
}

static void packet(World *w, In *in, uint8_t op, MediaCodec codec)
{
    uint8_t bytes[12 + 256 + 256], n;
    int eid = op >> 3 & 3;
    uint8_t flags = take(in);
    int8_t step = (int8_t)take(in);
    int64_t seq = w->seq[eid] + (flags & 1 ? 1 : step * (flags & 2 ? 97 : 1));
    MediaPacket pkt = {
        .data = bytes, .seq = seq, .codec = (uint8_t)codec, .eid = (uint8_t)eid, .arrival_us = w->now_us
    };
    w->ts[eid] += flags & 4 ? take(in) * (flags & 8 ? 0x1000003u : 90u) : 0;
    memset(bytes, 0, 12);
    pkt.view = (RtpView){
        .payload_off = 12, .seq = (uint16_t)seq, .ts = w->ts[eid], .ssrc = (uint32_t)eid + 1, .marker = flags >> 4 & 1
    };
    n = take(in);
    for (uint8_t i = 0; i < n; i++)
        bytes[12 + i] = take(in);
    pkt.view.payload_len = n;
    uint8_t dd_len = flags & 0x20 ? take(in) : 0;
    for (uint8_t i = 0; i < dd_len; i++)
        bytes[12 + n + i] = take(in);
    pkt.len = 12u + n + dd_len;
    if (dd_len)
        pkt.ext[MEDIA_EXT_DEPENDENCY_DESCRIPTOR] = (MediaExtPos){ .off = (uint16_t)(12 + n), .len = dd_len, .id = 9 };
    if (seq < 0 || w->seen[eid][seq % SEEN] == seq)
        return; /* duplicates are removed before */
    w->seen[eid][seq % SEEN] = seq;
    if (seq > w->seq[eid])
        w->seq[eid] = seq;
    frame_parser_read(&w->parsers[eid], codec, bytes + 12, n, seq, w->ts[eid], pkt.view.marker,
                      dd_len ? bytes + 12 + n : NULL, dd_len, &pkt.frame);
    source_layers_packet(&w->layers, &pkt);
    if (flags & 0x40)
        return; /* known of, but not for this receiver */
    ProjectedPacket out;
    memset(&out, 0xee, sizeof(out));
    if (projection_accept(&w->p, &pkt, w->now_us, &out) != PROJECTION_DROP)
        note_sent(w, &pkt, &out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    /* Six of them: what bytes of the corpus mean stays. */
    static const MediaCodec codecs[] = { CODEC_VP8, CODEC_VP9, CODEC_AV1, CODEC_H264, CODEC_UNKNOWN, CODEC_UNKNOWN };
    In in = { data, size };
    World *w = calloc(1, sizeof(*w));
    MediaCodec codec = codecs[take(&in) % 6];
    for (int i = 0; i < STREAMS; i++)
        out_stream_init(&w->streams[i], 100u + (uint32_t)i, 90000, 30000, 0xffffff00);
    source_layers_init(&w->layers, SOURCE_MAX_ENCODINGS);
    projection_init(&w->p, &w->streams[0]);
    memset(w->seen, 0xff, sizeof(w->seen));
    for (int e = 0; e < SOURCE_MAX_ENCODINGS; e++)
        w->seq[e] = 65500;
    LayerTable table;
    while (in.left > 0) {
        uint8_t op = take(&in);
        switch (op & 7) {
        case 5: {
            int target = take(&in);
            projection_set_target(&w->p, target == 255 ? LAYER_SUSPENDED : target, FORWARD_BANDWIDTH);
            break;
        }
        case 6:
            w->bound = (int)(op >> 3) % (STREAMS + 1) - 1;
            projection_bind(&w->p, w->bound < 0 ? NULL : &w->streams[w->bound]);
            break;
        case 7:
            if (op & 0x80)
                codec = codecs[op >> 3 & 3];
            w->now_us += (op >> 3 & 15) * 50000;
            source_layers_tick(&w->layers, w->now_us);
            source_layers_snapshot(&w->layers, w->now_us, &table);
            for (int i = 1; i < table.count; i++)
                if (table.layer[i].index <= table.layer[i - 1].index)
                    abort();
            break;
        default:
            packet(w, &in, op, codec);
        }
        (void)projection_reason(&w->p, w->now_us);
        if (projection_needs_keyframe(&w->p) && (w->bound < 0 || projection_target(&w->p) < 0))
            abort();
    }
    for (int i = 0; i < STREAMS; i++) {
        qsort(w->sent[i], w->sent_count[i], sizeof(int64_t), by_value);
        for (size_t k = 1; k < w->sent_count[i]; k++)
            if (w->sent[i][k] == w->sent[i][k - 1])
                abort();
    }
    free(w);
    return 0;
}
