/* SPDX-License-Identifier: Apache-2.0
 *
 * How much one receiver's downlink carries: the sender-side estimator of one transport (GoogCC class:
 * delay gradient, loss, probing; doc/congestion.md), or REMB for a receiver without transport-cc.
 *
 * The media engine, per receiver:
 *   every packet with a transport-cc number   bwe_on_sent(b, seq, bytes, now, bwe_probe_id(b))
 *   or, without, every video packet           the same, with any number
 *   transport-cc feedback                     bwe_on_feedback(b, buf, &view, now)
 *   RTT from reception reports                bwe_on_rtt
 *   REMB (receiver without transport-cc)      bwe_on_remb
 *   every BWE_TICK_US                         bwe_tick, then read bwe_target_bps
 *   after sending media, and at *again_us     bwe_probe_due: so many bytes of padding to send right now
 * Owner: the receiver's transmit state. Worker thread. One allocation at birth, none later. Pure. */
#ifndef PLENUM_BRIDGE_TX_BWE_H
#define PLENUM_BRIDGE_TX_BWE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "common/rtp/twcc.h"

#define BWE_TICK_US 25000
#define BWE_NO_PROBE 0
#define BWE_PROBE_LARGE 480 /* bytes due at once: a probe of less is better made of small packets */

typedef struct Bwe Bwe;

/* Probes go so high at most while nobody has said what is wanted. */
#define BWE_UNKNOWN_BPS 20000000

typedef struct {
    int64_t start_bps, min_bps, max_bps;
    bool transport_cc; /* negotiated; otherwise only REMB moves the estimate */
} BweConfig;

/* What the bridge uses without configuration ([media] start_bitrate, max_bitrate). The highest is room for the
 * estimate, nothing that is aimed at: what is wanted bounds probes and padding. */
#define BWE_CONFIG_DEFAULT                                                                                             \
    {                                                                                                                  \
        .start_bps = 2500000, .min_bps = 30000, .max_bps = 100000000, .transport_cc = true                             \
    }

/* 0 < min_bps <= start_bps <= max_bps. NULL without memory. now_us >= 0, as everywhere here, and never falls from
 * call to call. */
Bwe *bwe_new(const BweConfig *config, int64_t now_us);
void bwe_free(Bwe *b); /* NULL is fine */

/* A packet went out. `bytes` with RTP header and what SRTP adds; numbers rise by one a packet. `probe` is
 * bwe_probe_id() for anything sent while a probe runs, media or padding. */
void bwe_on_sent(Bwe *b, uint16_t seq, size_t bytes, int64_t now_us, int probe);
/* The same for audio. Its numbers count once the receiver has told of one of them: a browser that accepts transport-cc
 * for video alone leaves them out of its feedback, which reads as if all were lost. */
void bwe_on_audio_sent(Bwe *b, uint16_t seq, size_t bytes, int64_t now_us);
/* False: no audio packet was ever reported as received, of enough to know. Better give them no numbers. */
bool bwe_takes_audio(const Bwe *b);
/* `v` is the view of `buf`. Numbers never sent or sent more than 10 s ago are counted and passed over. */
void bwe_on_feedback(Bwe *b, const uint8_t *buf, const TwccView *v, int64_t now_us);
/* The receiver is behind another way now: of the old one only what it carried is remembered, as what to begin with. What
 * was sent and not told of yet counts for nothing. Without transport-cc nothing changes. */
void bwe_moved(Bwe *b, int64_t now_us);
/* When feedback last told of a packet, before the first the time from which on it could; 0: there is no transport-cc, or
 * nothing was sent. */
int64_t bwe_feedback_us(const Bwe *b);
/* rtt_us > 0, of one reception report. */
void bwe_on_rtt(Bwe *b, int64_t rtt_us, int64_t now_us);
/* Ignored and counted while transport_cc is set; otherwise the estimate comes from it (bwe_remb.h). */
void bwe_on_remb(Bwe *b, uint64_t bitrate_bps, int64_t now_us);
/* Share lost by the last reception report, 0..1; read only along with REMB. */
void bwe_on_report_loss(Bwe *b, double loss);
/* What all sources at their ideal layers would take; bounds how far probing looks. 0: unknown,
 * BWE_UNKNOWN_BPS. */
void bwe_set_wanted_bps(Bwe *b, int64_t wanted_bps);
void bwe_tick(Bwe *b, int64_t now_us);

/* The estimate; min_bps..max_bps. */
int64_t bwe_target_bps(const Bwe *b);
/* What the receiver acknowledged lately; 0 unknown. */
int64_t bwe_acked_bps(const Bwe *b);
/* All that was ever sent, of which the estimator was told. */
uint64_t bwe_sent_bytes(const Bwe *b);
/* Numbers that feedback named and that were never sent, or too long ago; since birth. */
uint64_t bwe_unmatched(const Bwe *b);
/* What packets wait on the way, of the latest feedback. */
int64_t bwe_queue_us(const Bwe *b);
/* Average loss toward the receiver, 0..1. */
double bwe_loss(const Bwe *b);
/* Smoothed round trip, 0 unknown. */
int64_t bwe_rtt_us(const Bwe *b);

/* Id for packets sent now, BWE_NO_PROBE when no probe runs. */
int bwe_probe_id(const Bwe *b);
/* Media is about to be or was just sent: a waiting probe may start (packet_bytes >= 200 starts it). Returns the
 * bytes of padding to send at once with bwe_probe_id(), 0 for none; *again_us is when to ask next, INT64_MAX when
 * no probe waits or runs. packet_bytes 0: asked by timer. */
size_t bwe_probe_due(Bwe *b, size_t packet_bytes, int64_t now_us, int64_t *again_us);

typedef struct {
    int64_t target_bps, delay_bps, loss_bps, acked_bps, wanted_bps, told_bps; /* told: last REMB in use */
    int64_t rtt_us, queue_us;                                                 /* queue_us: waiting on the way */
    double loss, trend, threshold;
    const char *usage, *loss_state; /* for people: "normal", "overuse", ... */
    bool transport_cc, alr, rtt_limited;
    uint64_t feedback_packets, unmatched, remb_ignored, overuses, probes_sent, probes_measured;
} BweStats;
/* Static texts; rates 0: unknown. */
void bwe_stats(const Bwe *b, BweStats *out);

#endif
