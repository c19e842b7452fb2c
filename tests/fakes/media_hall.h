/* SPDX-License-Identifier: Apache-2.0
 *
 * A conference of hand-made clients around real workers on loopback: drives all peers and collects the workers'
 * events until something is true. Test thread only. */
#ifndef PLENUM_TESTS_FAKES_MEDIA_HALL_H
#define PLENUM_TESTS_FAKES_MEDIA_HALL_H

#include "tests/fakes/media_peer.h"

#define HALL_PEERS 64
#define HALL_EVENTS 4096

typedef struct {
    Workers *workers;
    uint64_t conference;
    unsigned worker;
    bool spread; /* peers that join from now on live on one worker after the other, the first on `worker` */
    MediaPeer peers[HALL_PEERS];
    unsigned n_peers;
    WorkerEvent *events[HALL_EVENTS]; /* oldest first; those beyond are freed */
    unsigned n_events;
    unsigned answers; /* of workers, see media_hall_run */
} MediaHall;

/* One conference on `worker` of n_workers. */
void media_hall_init(MediaHall *h, unsigned n_workers, unsigned worker, int32_t silence_packets);
/* Adds a peer and waits until the bridge has nominated its path. */
MediaPeer *media_hall_join(MediaHall *h, const char *id, const PeerOptions *options);
/* Adds a peer without waiting. */
MediaPeer *media_hall_add(MediaHall *h, const char *id, const PeerOptions *options);
/* Drives everything for so long, and then until the workers have done what was waiting for them: a busy machine
 * makes it take longer, and changes nothing else. */
void media_hall_run(MediaHall *h, unsigned ms);
/* Drives everything for so long, and waits for nobody. */
void media_hall_pass(MediaHall *h, unsigned ms);
/* Until everything posted and sent so far has been carried out, and handed on where it was to be. */
void media_hall_settle(MediaHall *h);
/* Until the receiver is told that it gets video: its wishes are allocated, slots bound. */
void media_hall_await_video(MediaHall *h, const MediaPeer *peer);
/* Until that many packets of the SSRC have come (or a minute has passed); returns how many there are. SSRC 0: RTP
 * of any. A little longer, to see whether there are too many. */
size_t media_hall_await(MediaHall *h, const MediaPeer *peer, uint32_t ssrc, size_t n);
/* The same for RTCP packets of a type and format. */
size_t media_hall_await_rtcp(MediaHall *h, const MediaPeer *peer, uint8_t pt, int count, size_t n);
/* Until there is an event of that type for that peer (NULL: any); NULL after timeout_ms. */
const WorkerEvent *media_hall_wait(MediaHall *h, WorkerEventType type, const MediaPeer *peer, unsigned timeout_ms);
const WorkerEvent *media_hall_last(const MediaHall *h, WorkerEventType type, const MediaPeer *peer);
unsigned media_hall_count(const MediaHall *h, WorkerEventType type, const MediaPeer *peer);
void media_hall_forget_events(MediaHall *h);
/* Send SSRC under which `peer` gets that source, from the slot events; 0 when it was not told. */
uint32_t media_hall_slot(const MediaHall *h, const MediaPeer *peer, const char *source, uint32_t *rtx_ssrc);
/* Asks the worker (of the peer, if there is one) for its numbers and waits for them; borrowed until events are
 * forgotten. */
const WorkerEvent *media_hall_snapshot(MediaHall *h, const MediaPeer *peer);
/* The numbers of all workers together, as far as they are counters. */
WorkerTotals media_hall_totals(MediaHall *h);
void media_hall_clear(MediaHall *h);

#endif
