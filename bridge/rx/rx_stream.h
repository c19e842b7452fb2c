/* SPDX-License-Identifier: Apache-2.0
 *
 * One incoming SSRC: unwrapped sequence numbers, duplicates, and the statistics of its reception report
 * (RFC 3550 6.4.1, A.1, A.3, A.8). RTX SSRCs have one too; what they recover is admitted to the primary's by
 * rx_stream_recovered, which filters duplicates and leaves the loss of the network alone.
 * Owner: the endpoint's receive state. Worker thread. Plain data, about 600 bytes, no allocation. Pure. */
#ifndef PLENUM_BRIDGE_RX_RX_STREAM_H
#define PLENUM_BRIDGE_RX_RX_STREAM_H

#include <stdbool.h>
#include <stdint.h>
#include "bridge/rx/rate_window.h"
#include "common/rtp/rtcp_report.h"
#include "common/rtp/rtp_seq.h"

#define RX_STREAM_WINDOW 2048      /* packets behind the newest that are told from duplicates */
#define RX_STREAM_MAX_DROPOUT 3000 /* a jump ahead of more than this is a restart, not loss */

typedef enum {
    RX_NEW,       /* newest so far */
    RX_LATE,      /* behind the newest, not seen before */
    RX_DUPLICATE, /* drop */
    RX_TOO_OLD    /* behind the window: drop */
} RxSeqStatus;

typedef struct {
    /* set at birth */
    uint32_t ssrc;
    uint32_t clock_hz;
    /* worker */
    RtpSeqUnwrapper seq;
    uint64_t seen[RX_STREAM_WINDOW / 64]; /* bit seq % WINDOW, of (newest - WINDOW, newest] */
    int64_t base_seq;                     /* first expected, of this run */
    int64_t lost_before;                  /* in runs before a restart */
    uint64_t received;                    /* in this run, duplicates included as RFC 3550 counts them */
    uint64_t packets, bytes, duplicates, too_old, recovered; /* since birth */
    int64_t expected_reported, received_reported;            /* at the last report */
    uint32_t jitter_q4;                                      /* 1/16 clock units */
    int32_t transit;                                         /* arrival - timestamp, clock units, modulo 2^32 */
    uint16_t restart_seq;                      /* what a restarted sender behind the window would send next */
    bool restart_pending, have_transit, fresh; /* fresh: something arrived since the last report */
    uint32_t sr_compact_ntp;                   /* of the last SR; valid if sr_us > 0 */
    int64_t sr_us;
    RateWindow rate;
} RxStream;

/* clock_hz 8000..192000 in practice; 0 turns jitter off. */
void rx_stream_init(RxStream *s, uint32_t ssrc, uint32_t clock_hz);
/* A packet from the network, `bytes` long. *seq_out gets the unwrapped number, >= 0 and rising by one a packet;
 * set for all but RX_TOO_OLD. Two successive packets far behind the window are a restarted sender: numbers go on
 * upward from there. */
RxSeqStatus rx_stream_packet(RxStream *s, uint16_t seq, uint32_t ts, uint32_t bytes, int64_t now_us, int64_t *seq_out);
/* A packet of this SSRC that came inside RTX; status and *seq_out as above. */
RxSeqStatus rx_stream_recovered(RxStream *s, uint16_t seq, int64_t *seq_out);
/* Its sender reported: LSR and DLSR of the next block are about this one. */
void rx_stream_sender_report(RxStream *s, uint64_t ntp, int64_t now_us);
/* Block for the next RR. False, with nothing changed, when nothing arrived since the last call. */
bool rx_stream_report(RxStream *s, int64_t now_us, RtcpReportBlock *out);

int64_t rx_stream_lost(const RxStream *s);                  /* cumulative; duplicates lower it */
int64_t rx_stream_bitrate_bps(RxStream *s, int64_t now_us); /* over the last second */
/* Milliseconds; 0 without a clock. */
double rx_stream_jitter_ms(const RxStream *s);

#endif
