/* SPDX-License-Identifier: Apache-2.0
 *
 * One sender and N receivers, reachable both through the bridge's workers and through a raw loop, and the driver that
 * feeds bursts and counts what comes out. The next burst is sent when the last one has arrived everywhere, so a
 * forwarding thread sees the burst it is meant to see and nothing is lost to full buffers. Bench thread only. */
#ifndef PLENUM_TESTS_BENCH_BENCH_ROOM_H
#define PLENUM_TESTS_BENCH_BENCH_ROOM_H

#include "tests/bench/raw_loop.h"
#include "tests/fakes/media_peer.h"

#define ROOM_BURST_MAX 64

typedef struct {
    bool video;
    unsigned receivers, burst;
    size_t payload; /* bytes of RTP payload */
    SrtpProfile profile;
    bool spread; /* the receivers take turns on all workers; the sender stays on the room's */
} RoomShape;

typedef struct {
    RoomShape shape;
    Workers *workers;
    MediaPeer sender, receivers[RAW_PEERS_MAX - 1];
    RawLoop *raw;
    SrtpTx *tx;
    SrtpStream streams[2]; /* bridge, raw: one SSRC each, so that neither sees the other's numbers as loss */
    uint16_t seq[2];
    uint32_t frame[2], number[2]; /* of bursts, and of packets */
    bool keyframe;                /* the next burst is one */
    uint64_t fed[2], expected[2], received[2], missing[2];
    srtp_t reference; /* libsrtp2 session of receivers[0], for samples */
    uint64_t compared, different;
    uint16_t seq_shift; /* from a packet's number to the sequence number it has at receivers[0] */
    uint32_t ts_shift;  /* and from its burst's time */
    bool sample;        /* decrypt and compare what receivers[0] gets of this burst */
} BenchRoom;

enum { ROOM_BRIDGE, ROOM_RAW };

/* Joins everybody to a new conference on that worker and waits until media flows. */
void bench_room_open(BenchRoom *r, Workers *workers, unsigned worker, uint64_t conference, const RoomShape *shape);
/* One burst into each room, then waits until all of it has come out again, at most half a second. */
void bench_rooms_burst(BenchRoom *const *rooms, size_t n, int mode);
void bench_room_close(BenchRoom *r);
/* The worker's numbers; the caller frees the event. */
WorkerEvent *bench_snapshot(Workers *w, unsigned worker);
/* Throws the workers' events away. */
void bench_drop_events(Workers *w);

#endif
