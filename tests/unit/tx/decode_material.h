/* SPDX-License-Identifier: Apache-2.0
 *
 * Chromium's streams with whole payloads (tests/vectors/media/whole), repeated to a minute of one unbroken stream, and
 * what a decoder is given of it. Test thread. */
#ifndef PLENUM_TESTS_TX_DECODE_MATERIAL_H
#define PLENUM_TESTS_TX_DECODE_MATERIAL_H

#include "bridge/tx/projection.h"
#include "tests/unit/tx/decode_check.h"

#define STREAM_US 62000000

typedef struct {
    const char *file;
    MediaCodec codec;
    FrameKind kind;
    int encodings, sids;
    int targets[7];
    int target_count;
} Capture;

/* One packet as the bridge receives it. */
typedef struct {
    int eid, sid;
    int64_t us, seq;
    uint32_t source_ts; /* as captured: together with the encoding it names the picture in every pass */
    gsize len;
    uint8_t *bytes;
    MediaPacket pkt;
} Sent;

typedef struct {
    const Capture *cap;
    GPtrArray *captured; /* Sent, parsed, one pass, from each encoding's first key frame on */
    int64_t pass_us;
    GHashTable *sums[SOURCE_MAX_ENCODINGS][3]; /* source ts -> DecodedFrame, of all layers up to that sid */
} Material;

void material_init(Material *m, const Capture *cap);
void material_clear(Material *m);
/* All passes, in the order they arrive, some packets late when `reorder`, none lost: Sent, owned by the array. Every
 * fourth pass starts as after a restart of the sender: the numbers inside jump, those of RTP go on. */
GPtrArray *material_long_stream(const Material *m, gboolean reorder);
/* Fills s->pkt and s->sid from s->bytes; packets in the order they arrive, one parser for each encoding. */
void material_parse(const Capture *cap, Sent *s, FrameParser *fp);

typedef struct {
    GPtrArray *packets; /* GByteArray */
    GArray *frame_of;   /* guint */
    GArray *eid, *sid;  /* int, of each frame */
    GArray *source_ts;  /* uint32_t, of each frame */
    gboolean in_frame;
} Receiver;

Receiver *receiver_new(void);
void receiver_free(Receiver *r);
/* The packet as it goes out, without header extensions and padding; payload type 96, own sequence numbers. */
void receiver_add(Receiver *r, const Sent *s, const ProjectedPacket *out);

#endif
