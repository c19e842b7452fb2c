/* SPDX-License-Identifier: Apache-2.0
 *
 * Probing: short clusters of packets sent faster than the estimate, and what their arrival says. When to probe and
 * how high is decided here too, one cluster at a time. Part of Bwe; its owner's thread. Pure. */
#ifndef PLENUM_BRIDGE_TX_BWE_PROBE_H
#define PLENUM_BRIDGE_TX_BWE_PROBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "bridge/tx/bwe_packet.h"

/* A cluster lasts this long at least and has so many packets. A shorter one may fall between two frames of others and see
 * nothing of them. */
#define BWE_PROBE_US 40000
#define BWE_PROBE_PACKETS 5
#define BWE_PROBE_PACKETS_SLOW 3   /* where large ones would take much longer */
#define BWE_PROBE_CONFIRM_US 80000 /* one that confirms: jitter must not hide from it either */
/* A look begins up to so long after the packet that wakes it: others' frames keep their distance from ours, and looks that
 * all began with a frame of ours would all meet the same part of theirs. */
#define BWE_PROBE_AFTER_US 50000
#define BWE_PROBE_BURST_US 2000     /* sent at a time */
#define BWE_PROBE_LATE_US 20000     /* behind its schedule by this: given up */
#define BWE_PROBE_WAIT_US 1000000   /* for a packet to start it, and for its feedback */
#define BWE_PROBE_TRIGGER 200       /* bytes of a packet that may start a cluster: a video packet */
#define BWE_PROBE_PERIOD_US 2000000 /* between looks for more while the estimate is below what is wanted */
#define BWE_PROBE_UTILISATION 0.95  /* of what a saturated cluster measured is taken */
#define BWE_PROBE_QUEUE 2           /* clusters waiting at most: the two of the start */

typedef enum {
    BWE_PROBE_INITIAL,  /* any result counts */
    BWE_PROBE_FURTHER,  /* after one that found more */
    BWE_PROBE_PERIODIC, /* a look for more, which must be confirmed */
    BWE_PROBE_CONFIRM,
    BWE_PROBE_RECOVERY /* after a drop while little was sent */
} BweProbeReason;

typedef struct {
    uint16_t id;
    BweProbeReason reason;
    int64_t rate_bps;
    int64_t queued_us, begin_us, started_us, ended_us; /* 0 of the last three: not woken, waits, runs */
    size_t goal_bytes, sent_bytes;
    unsigned sent_packets;
    /* measured */
    unsigned got_packets;
    size_t got_bytes, first_arrival_bytes, last_send_bytes;
    int64_t first_send_us, last_send_us, first_arrival_us, last_arrival_us;
} BweCluster;

/* Zero-initialise. */
typedef struct {
    BweCluster clusters[BWE_PROBE_QUEUE]; /* [0] waits, runs, or awaits feedback; others wait behind it */
    unsigned count;
    uint16_t last_id;
    int64_t last_rate_bps, last_queued_us; /* last_queued_us 0: never */
    uint64_t sent, measured;
} BweProbe;

/* Queues a cluster; full: ignored. */
void bwe_probe_add(BweProbe *p, BweProbeReason reason, int64_t rate_bps, int64_t now_us);
/* Ends what waits or runs: the reason for it is gone. */
void bwe_probe_cancel(BweProbe *p);
/* Id for packets sent now, 0 when no cluster runs. */
uint16_t bwe_probe_running(const BweProbe *p);
/* See bwe_probe_due in bwe.h. */
size_t bwe_probe_bytes_due(BweProbe *p, size_t packet_bytes, int64_t now_us, int64_t *again_us);
/* A packet of the running cluster went out. */
void bwe_probe_packet_sent(BweProbe *p, uint16_t id, size_t bytes, int64_t now_us);
/* A packet of a cluster arrived (packet->probe != 0). */
void bwe_probe_received(BweProbe *p, const BwePacket *packet);
/* After all packets of one feedback. Returns the rate once enough have arrived, 0 until then; *reason and *probed_bps
 * say what was tried. *saturated: the path carried less than was sent. */
int64_t bwe_probe_result(BweProbe *p, BweProbeReason *reason, int64_t *probed_bps, bool *saturated);
/* Gives up on feedback that does not come. */
void bwe_probe_tick(BweProbe *p, int64_t now_us);

#endif
