/* SPDX-License-Identifier: Apache-2.0
 *
 * Senders, a bad network and a strict receiver for projection tests. A sender makes real RTP packets and knows which
 * frame needs which; the receiver side records what a projection let through and checks it. */
#ifndef PLENUM_TESTS_UNIT_TX_MEDIA_KIT_H
#define PLENUM_TESTS_UNIT_TX_MEDIA_KIT_H

#include <glib.h>
#include "bridge/tx/projection.h"

#define KIT_ENCODINGS 3
#define KIT_MAX_REFS 3
#define KIT_DD_ID 11

/* One frame a sender made. */
typedef struct {
    int uid; /* index in Kit.frames */
    int eid, sid, tid;
    gboolean key;
    int ref[KIT_MAX_REFS], refs; /* uids it cannot be decoded without */
    int packets;
    int64_t first_seq; /* of its encoding */
    int taken_back;    /* packets of it, the last ones, that the sender never sent */
    int lost;          /* packets of it that never came, those included */
    int refused_epoch; /* Kit.epoch when a packet of it came and did not go out; the last time */
    gboolean filled;   /* an empty packet went out in the place of one of them */
} KitFrame;

typedef struct {
    uint8_t bytes[400];
    size_t len;
    int eid, uid, part; /* part: packet number inside the frame */
    int64_t seq;
    gboolean late;
} KitPacket;

/* One packet that came out of the projection. */
typedef struct {
    int uid, part, eid, picture_id, tl0, tid;
    int64_t seq; /* unwrapped by the kit */
    uint32_t ts;
    int marker;
    int64_t order; /* n-th packet out */
    int epoch;     /* Kit.epoch then */
    DdView dd;
    gboolean has_dd;
    int64_t now_us;
} KitOut;

typedef enum {
    KIT_VP8,
    KIT_VP9_SVC,
    KIT_VP9_KSVC,
    KIT_VP9_FLEX,
    KIT_DD_L1T3,
    KIT_DD_KSVC,
    KIT_DD_SVC,
    KIT_H264
} KitKind;

typedef struct {
    /* sender */
    KitKind kind;
    int encodings, temporal, spatial;
    int pictures[KIT_ENCODINGS];
    uint16_t raw_picture[KIT_ENCODINGS];
    uint8_t tl0[KIT_ENCODINGS];
    int64_t seq[KIT_ENCODINGS];
    uint32_t ts[KIT_ENCODINGS];
    uint8_t template_offset[KIT_ENCODINGS];
    int last_ref[KIT_ENCODINGS][4][4]; /* uid of the newest frame per sid and tid, -1 none */
    gboolean key_due[KIT_ENCODINGS];
    int since_key[KIT_ENCODINGS];
    gboolean same_templates; /* no new ids with a key frame: Chromium's way */
    int max_packets;
    /* Chromium's pacer: how often a key frame takes back what was not sent yet of the picture before it; and how many packets
     * of this picture are sent until then. */
    double take_back;
    int sent_before;
    GArray *frames; /* KitFrame */
    GRand *rand;
    /* receive path */
    uint8_t rank[KIT_ENCODINGS], order; /* eids the packets get; order goes up when they change */
    FrameParser *parsers;
    MediaPacket pkt;
    SourceLayers *layers; /* fed too when set */
    int layer_changes;
    int64_t now_us;
    int lost, late;
    /* Counts key frames that the projection began anew with, suspensions and re-mappings: what comes for an earlier epoch
     * has no numbers any more. */
    int epoch;
    gboolean running; /* as it was after the last packet */
    int64_t start_id;
    int running_eid;
    double loss, reorder;
    GArray *delayed; /* KitPacket */
    /* what came out */
    Projection p;
    OutStream os;
    GArray *out;              /* KitOut */
    GArray *fillers;          /* int64_t: numbers of empty packets */
    DdStructure dd_structure; /* the receiver's own */
    gboolean dd_known;
    int64_t out_top;
    int keyframe_requests, last_request_ms;
    gboolean answer_requests;
} Kit;

Kit *kit_new(KitKind kind, int encodings, int temporal, guint32 seed);
void kit_free(Kit *k);
/* One capture instant, 33 ms on: a picture of every encoding through the network into the projection. */
void kit_tick(Kit *k);
/* Everything delayed arrives now. */
void kit_flush(Kit *k);
/* Fills k->pkt from bytes as the receive path would. */
void kit_parse(Kit *k, const KitPacket *raw);
ProjectionVerdict kit_feed(Kit *k, const KitPacket *raw);

/* Properties. `clean`: nothing was lost or reordered, so not a single number may be missing. */
void kit_check_numbers(Kit *k, gboolean clean);
/* No frame out whose references were left out, or only part of them went out, though every packet of them arrived, in
 * order or late, while the epoch lasted. */
void kit_check_decodable(Kit *k);
/* What a receiver would make of it who waits for a key frame where a number is missing, and nowhere else: all frames are
 * whole, and so are those they refer to. Returns how many packets he could use. */
guint kit_check_without_holes(Kit *k);
/* Frames that came out, with these coordinates (-1 any). */
int kit_count(Kit *k, int from, int eid, int sid, int tid);

#endif
