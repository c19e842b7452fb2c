/* SPDX-License-Identifier: Apache-2.0
 *
 * What is sent to one receiver: its send SSRCs, how each source is projected onto them, the estimate of its downlink
 * and what was allocated. Comes into being with the receiver's keys and is small until there is video to send: the
 * estimator, its history and queue, and their timers, begin with its first packet. Owner: the MediaEndpoint that
 * receives; worker thread. */
#ifndef PLENUM_BRIDGE_TX_TX_STATE_H
#define PLENUM_BRIDGE_TX_TX_STATE_H

#include "bridge/alloc/allocator.h"
#include "bridge/alloc/layer_hold.h"
#include "bridge/rx/keyframe_requester.h"
#include "bridge/rx/rate_window.h"
#include "bridge/transport/srtp.h"
#include "bridge/tx/bwe.h"
#include "bridge/tx/paced_queue.h"
#include "bridge/tx/padding.h"
#include "bridge/tx/projection.h"
#include "bridge/tx/rtx_cache.h"
#include "bridge/tx/spent_ssrcs.h"
#include "bridge/tx/ssrc_slots.h"
#include "bridge/worker.h"

#define TX_CLOCK_VIDEO 90000 /* Hz */
#define TX_CLOCK_AUDIO 48000
#define TX_SR_HISTORY 4        /* sender reports of a stream remembered for the RTT */
#define TX_REALLOCATE_US 20000 /* changes inside this time are allocated together */
#define TX_RTX_BYTES_PER_S 4   /* divisor: retransmissions may take this part of the estimate, at least.. */
#define TX_RTX_MIN_BPS 500000  /* ..this much */

/* One send SSRC toward one receiver: a slot, or a source's own SSRC where nothing is rewritten. It lives as long as
 * its SSRC may be used, whichever sources it carries: SRTP indices must never start over. */
typedef struct TxStream {
    OutStream out;
    SrtpStream srtp, srtp_rtx;
    uint32_t rtx_ssrc; /* 0: none */
    uint16_t rtx_seq;  /* last used */
    uint8_t mid_len;
    char mid[SLOT_MID_MAX];
    MediaSource *source;      /* what it carries now; NULL */
    uint64_t packets, octets; /* payload octets, as SR counts them */
    RateWindow rate;          /* payload */
    uint64_t retransmitted;
    uint32_t lost, jitter_ts; /* as the receiver reported last: since it began, cut at 0; RFC 3550, clock-rate units */
    struct {
        uint32_t compact_ntp;
        int64_t sent_us;      /* 0: none */
    } reports[TX_SR_HISTORY]; /* sender reports passed on, a ring */
    uint8_t next_report;
    int64_t *used_us; /* of the slot, for the least-recently-used rule; NULL without rewriting */
    RtxMap map;       /* video */
} TxStream;

typedef struct {
    Projection projection;
    TxStream *stream; /* NULL: no slot */
    KeyframeAsker asker;
    int32_t max_height;    /* effective constraint: 0 nothing, -1 unlimited */
    int16_t target, ideal; /* layer indexes */
    LayerHold hold;
    bool on_stage, held; /* held: below the ideal layer for the sake of calm alone */
    uint8_t sr_eid;      /* encoding of the sender report sent last; 0xff none */
} TxVideo;

typedef struct {
    TxStream *stream;             /* NULL: no slot yet */
    bool wanted;                  /* subscription, resolved */
    bool running;                 /* the shifts are valid */
    int64_t start_seq, seq_shift; /* input below start_seq is refused; out = in - shift */
    uint32_t ts_shift;            /* out = in + shift */
    int64_t sent_us;              /* last packet that left; 0 none */
    int64_t unmapped_us;          /* last one for which there was no slot; 0 none */
} TxAudio;

typedef struct {
    const MediaSource *source; /* NULL: empty */
    TxVideo *video;            /* made when first wanted */
    TxAudio *audio;            /* made with the first packet */
    ForwardReason reason;      /* video: the allocation's word; kept also while `video` is NULL */
    int64_t unknown_pt_us;     /* last packet of a payload type that the receiver does not know; 0 none */
} TxSource;

typedef struct TxState {
    TxSource *by_source; /* by MediaSource.index */
    uint32_t n_sources;
    SsrcSlots *slots[2]; /* by WorkerKind; rewriting mode only */
    TxStream *slot_streams[2][SLOTS_MAX];
    TxStream **own_streams; /* pass mode (own_streams.h) */
    uint32_t n_own_streams;
    SpentSsrcs spent;    /* pass mode: SSRCs of streams that were freed */
    uint16_t tcc_seq;    /* next; starts at 1 */
    Bwe *bwe;            /* from the first video packet on */
    bool bwe_has_tcc;    /* how it was made */
    PacedQueue *pace;    /* along with bwe */
    bool estimate_rules; /* allocation goes by the estimate */
    Padding padding;
    int64_t padding_bps;
    uint32_t dummy_ts; /* padding on the feedback SSRC */
    uint16_t dummy_seq;
    SrtpStream dummy_srtp;
    int64_t next_bwe_us, next_padding_us, next_probe_us, next_bandwidth_us;
    int64_t allocate_at_us; /* INT64_MAX: nothing changed */
    int64_t allocated_us;
    int64_t allocated_for_bps; /* estimate used; ALLOC_UNLIMITED */
    AllocResult result;
    int64_t rtx_budget; /* bytes that may be retransmitted now */
    int64_t rtx_budget_us;
    int64_t last_media_us; /* last packet forwarded */
    uint32_t round_video;  /* largest video packet of this batch; 0 none */
    int64_t rtt_us;        /* 0 unknown */
    WorkerName *forwarded; /* last ForwardedSources told */
    uint32_t n_forwarded;
    bool told_forwarded;
    float loss;
} TxState;

/* NULL: no memory. */
TxState *tx_state_new(MediaEndpoint *ep, int64_t now_us);
void tx_state_free(TxState *tx); /* NULL is fine */
/* The entry for a source; NULL: no memory. */
TxSource *tx_state_source(TxState *tx, const MediaSource *s);
/* The source left the conference: forgets its projection and its slot. */
void tx_state_forget(MediaEndpoint *ep, MediaSource *s);

/* Headers are written otherwise from now on: nothing sent before may be sent again under its number, because other
 * bytes under a used SRTP index give the key away. NULL is allowed. */
void tx_state_forget_sent(TxState *tx);

/* A new stream with random numbers. NULL: no memory. */
TxStream *tx_stream_new(Worker *w, uint32_t ssrc, uint32_t rtx_ssrc, uint32_t clock_hz, const char *mid);
void tx_stream_free(TxStream *s); /* NULL is fine */
/* Frees a stream after taking it from all sources that still point to it. NULL is allowed. */
void tx_state_drop_stream(TxState *tx, TxStream *st);
/* By either of its SSRCs; *rtx tells which. NULL: none. */
TxStream *tx_state_find_stream(TxState *tx, uint32_t ssrc, bool *rtx);

#endif
