/* SPDX-License-Identifier: Apache-2.0
 *
 * What layers a video source has, how tall and how fast they are, and what each costs right now; and the moment
 * at which that picture changes enough for every receiver to be allocated anew. ISO C, no allocation.
 * Owner: the receive state of one source (all its encodings). Worker thread; LayerTable is a value to hand on. */
#ifndef PLENUM_BRIDGE_RX_SOURCE_LAYERS_H
#define PLENUM_BRIDGE_RX_SOURCE_LAYERS_H

#include "bridge/rx/media_packet.h"

#define SOURCE_MAX_ENCODINGS 4
#define SOURCE_MAX_LAYERS 40 /* over all encodings; what a sender claims beyond is not tabulated */
#define LAYER_RATE_BUCKETS 8
#define LAYER_RATE_BUCKET_US 500000
#define LAYER_SUSPENDED (-1)

/* eid<<6 | sid<<3 | tid, or eid<<6 | decode target for dependency-descriptor streams. */
#define LAYER_INDEX(eid, sid, tid) ((eid) << 6 | (sid) << 3 | (tid))
#define LAYER_EID(index) ((index) >> 6)
#define LAYER_SID(index) ((index) >> 3 & 7)
#define LAYER_TID(index) ((index)&7)
#define LAYER_TARGET(index) ((index)&63)

typedef struct {
    int16_t index;
    uint16_t height;   /* pixels, min(width, height) */
    float fps;         /* 0 unknown */
    uint32_t rate_bps; /* of everything a receiver of this layer gets: own + dependencies */
} LayerEntry;

/* Snapshot, sorted by index. active == rate_bps > 0. */
typedef struct {
    uint16_t count;
    LayerEntry layer[SOURCE_MAX_LAYERS];
} LayerTable;

/* All fields private; about 6 KB. */
typedef struct {
    int encodings;
    uint8_t kind[SOURCE_MAX_ENCODINGS]; /* FrameKind last seen, per encoding */
    bool seen[SOURCE_MAX_ENCODINGS];
    uint8_t spatial[SOURCE_MAX_ENCODINGS], temporal[SOURCE_MAX_ENCODINGS]; /* extent of the layer grid */
    uint8_t targets[SOURCE_MAX_ENCODINGS];
    uint32_t active_targets[SOURCE_MAX_ENCODINGS];
    bool inter_layer[SOURCE_MAX_ENCODINGS]; /* layers below are needed on inter frames too: full SVC */
    int64_t inter_layer_us[SOURCE_MAX_ENCODINGS];
    uint16_t count;
    struct {
        LayerEntry entry;
        int64_t bucket_no; /* number of the newest bucket */
        uint32_t bytes[LAYER_RATE_BUCKETS];
        int64_t first_us; /* first packet after a pause */
        bool active;
    } layer[SOURCE_MAX_LAYERS];
    int8_t slot[SOURCE_MAX_ENCODINGS][64]; /* low 6 bits of an index -> layer[], -1 none */
} SourceLayers;

/* `encodings` 1..SOURCE_MAX_ENCODINGS: SSRCs of the source, taken to be lowest first. Starts with the table every codec
 * has before its first packet: 1 spatial x 3 temporal per encoding, 180 << eid pixels. */
void source_layers_init(SourceLayers *sl, int encodings);

/* Encoding i has eid rank[i] from now on (bridge/rx/layer_order.h), with all that is known of it. rank: 0 to
 * SOURCE_MAX_ENCODINGS - 1, each once. */
void source_layers_renumber(SourceLayers *sl, const uint8_t rank[SOURCE_MAX_ENCODINGS]);

/* Counts one video packet. True when layering changed: another parser, other layers or active targets, a new height, or
 * a layer that had no bitrate got one. The caller then has its receivers re-allocated. */
bool source_layers_packet(SourceLayers *sl, const MediaPacket *pkt);

/* True when a layer fell silent since the last call (no packet for LAYER_RATE_BUCKETS). Call every second. */
bool source_layers_tick(SourceLayers *sl, int64_t now_us);

/* now_us: of the packets' arrival_us, >= 0. */
void source_layers_snapshot(const SourceLayers *sl, int64_t now_us, LayerTable *out);
/* Rate of one layer with what it depends on, bit/s; 0 for an unknown index. */
uint32_t source_layers_rate(const SourceLayers *sl, int index, int64_t now_us);

#endif
