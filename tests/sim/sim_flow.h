/* SPDX-License-Identifier: Apache-2.0
 *
 * One bridge-to-receiver flow over a SimLink: a video source that follows the real estimator, or is given layers by the
 * real allocator and hold; the real paced queue in front of the link; the real transport-cc log at the far end,
 * feedback as bytes over a way back with delay and loss. */
#ifndef PLENUM_TESTS_SIM_SIM_FLOW_H
#define PLENUM_TESTS_SIM_SIM_FLOW_H

#include "bridge/alloc/allocator.h"
#include "bridge/alloc/layer_hold.h"
#include "bridge/rx/twcc_log.h"
#include "bridge/tx/bwe.h"
#include "bridge/tx/paced_queue.h"
#include "bridge/tx/padding.h"
#include "tests/sim/sim_link.h"

#define SIM_STEP_US 250
#define SIM_PACKET_BYTES 1200
#define SIM_PADDING_BYTES 280 /* the longest padding-only packet */
#define SIM_FRAME_US 33333    /* without another wish */
#define SIM_LAYERS 3
#define SIM_TILES 4 /* besides what is on stage */
#define SIM_SOURCES (1 + SIM_TILES)
#define SIM_REALLOCATE_US 20000 /* TX_REALLOCATE_US of the bridge */
#define SIM_REPORTS 64          /* on the way back */

typedef struct {
    int64_t arrive_us;
    size_t len;
    uint8_t bytes[TWCC_LOG_MAX_PACKET];
} SimReport;

typedef struct {
    /* set by the test */
    int id;
    int64_t start_us, back_delay_us, report_us; /* report_us: the receiver reports so often */
    int64_t source_max_bps, frame_us;           /* what the source makes at most; between its frames */
    int64_t layers_bps[SIM_LAYERS]; /* if set: it sends what it is given of these, and padding looks after the rest */
    int64_t tiles_bps[SIM_LAYERS];  /* the same of each of SIM_TILES more sources, not on stage, 360 px at most */
    double key_factor;              /* size of a key frame, in frames; 0: all are equal */
    int64_t key_every_us;           /* between key frames besides those of a new layer; 0 none */
    bool unpaced;                   /* as a bridge without pacing */
    double back_loss;
    /* inside */
    Bwe *bwe;
    TwccLog *log;
    Pacer pacer; /* the far sender paces its frames */
    PacedQueue queue;
    LayerHold hold[SIM_SOURCES];
    int layers[SIM_SOURCES]; /* -1: nothing is sent */
    int64_t sources_bps;     /* what all of them make */
    int64_t allocated_bps, allocated_us, allocate_us;
    AllocResult result;
    bool key_due[SIM_SOURCES];
    unsigned turn; /* of the sources, to make a frame */
    int64_t next_key_us;
    uint16_t seq;
    uint32_t seed;
    int64_t next_frame_us, next_tick_us, next_report_us, next_probe_us;
    size_t frame_left;
    Padding padding;
    int64_t next_padding_us;
    SimReport reports[SIM_REPORTS];
    size_t report_head, report_count;
    /* for the test */
    uint64_t sent_bytes, received_bytes, padding_bytes;
    int layer; /* on stage; -1: nothing is sent */
    unsigned layer_changes, raises;
    int64_t waited_us; /* longest in the queue */
} SimFlow;

void sim_flow_init(SimFlow *f, int id, const BweConfig *config, int64_t start_us);
void sim_flow_free(SimFlow *f);
/* One step of everything at the sender. */
void sim_flow_send(SimFlow *f, SimLink *link, int64_t now_us);
/* A packet of this flow came out of the link. */
void sim_flow_receive(SimFlow *f, const SimPacket *p);
/* Receiver's timer and the way back. */
void sim_flow_report(SimFlow *f, int64_t now_us);

#endif
