/* SPDX-License-Identifier: Apache-2.0
 *
 * Plain numbers a worker reports about itself, its conferences, endpoints and streams. Counters only grow
 * since the object was made; rates are over the last second. Values, no pointers but to
 * static text; any thread. */
#ifndef PLENUM_BRIDGE_WORKER_STATS_H
#define PLENUM_BRIDGE_WORKER_STATS_H

#include <stdbool.h>
#include <stdint.h>

#include "bridge/tx/bwe.h"
#include "bridge/tx/forward_reason.h"

#define WORKER_ID_SIZE 64    /* endpoint id with its NUL; longer ids are refused by control */
#define WORKER_NAME_SIZE 136 /* source name with its NUL (128 bytes, MESSAGE_MAX_NAME) */

/* Why a datagram or packet went no further. Index of WorkerTotals.drops. */
typedef enum {
    WORKER_DROP_UNKNOWN_TUPLE, /* not a request we know the ufrag of, from an address we do not know */
    WORKER_DROP_NOT_VALID,     /* DTLS or SRTP from an address whose check has not succeeded */
    WORKER_DROP_DEMUX,         /* first byte belongs to no protocol here (RFC 7983) */
    WORKER_DROP_OVERSIZE,      /* longer than a packet buffer; cut by the kernel */
    WORKER_DROP_STUN,          /* bad STUN: syntax, fingerprint, integrity, rate limit */
    WORKER_DROP_NO_KEYS,       /* SRTP before DTLS was done and the early queue full */
    WORKER_DROP_SRTP,          /* authentication or replay failed, RTP */
    WORKER_DROP_SRTCP,         /* same, RTCP */
    WORKER_DROP_RTP_SYNTAX,    /* unparsable RTP after unprotect */
    WORKER_DROP_SSRC,          /* SSRC is not a signalled source of this endpoint */
    WORKER_DROP_PAYLOAD_TYPE,  /* payload type not negotiated */
    WORKER_DROP_MUTED,         /* forced mute */
    WORKER_DROP_DUPLICATE,     /* already received */
    WORKER_DROP_RTX,           /* RTX that carries no packet we miss (padding, unknown apt) */
    WORKER_DROP_SILENCE,       /* audio level 127 for a while */
    WORKER_DROP_QUIETER,       /* audio: others are louder (WorkersConfig.loudest) */
    WORKER_DROP_VISITOR,       /* media of a visitor */
    WORKER_DROP_POOL,          /* no free packet buffer */
    WORKER_DROP_MAILBOX,       /* event or hand-over ring full */
    WORKER_DROP_SEND,          /* the kernel did not take a datagram */
    WORKER_DROP_PACER,         /* held back too long, or queue full */
    WORKER_DROP_FEEDBACK,      /* transport-cc or NACK that names more packets than anybody was sent */
    WORKER_DROP_DTLS,          /* DTLS datagrams of one endpoint beyond its rate */
    WORKER_DROP_SHARE,         /* packets for another worker's receivers: its ring or our pool was full */
    WORKER_DROPS
} WorkerDrop;

/* Metric label of a drop reason, for example "unknown_tuple". Static storage. */
const char *worker_drop_name(WorkerDrop drop);

/* A limit that was reached without a packet of this moment being dropped for it; doc/robustness.md has them all. Index of
 * WorkerTotals.limits. */
typedef enum {
    WORKER_LIMIT_MISSING,        /* numbers no longer asked for: NACK_GEN_MAX_* */
    WORKER_LIMIT_TWCC_RECEIVED,  /* jumps of received transport-cc numbers beyond TWCC_LOG_SPAN */
    WORKER_LIMIT_TWCC_SENT,      /* feedback about packets that BweHistory has forgotten, or that were never sent */
    WORKER_LIMIT_SENDER_REPORTS, /* not passed on, for the last one was a moment ago */
    WORKER_LIMIT_SLOTS,          /* audio packets, and allocations of video, for which no slot was free */
    WORKER_LIMIT_PACED,          /* packets sent before their time, for the queue was full */
    WORKER_LIMIT_TUPLES,         /* addresses not taken into a worker's full table */
    WORKER_LIMITS
} WorkerLimit;

/* Metric label of a limit, for example "missing_packets". Static storage. */
const char *worker_limit_name(WorkerLimit limit);

typedef struct {
    uint64_t rx_datagrams, rx_bytes; /* everything read from the sockets */
    uint64_t rx_rtp, rx_rtp_bytes, rx_rtcp;
    uint64_t tx_datagrams, tx_bytes; /* everything handed to the kernel */
    uint64_t tx_rtp, tx_rtp_bytes, tx_rtcp;
    uint64_t tx_calls, tx_runs; /* sendmmsg calls; GSO runs in them */
    uint64_t retransmitted, nacks_in, nacks_out, keyframe_requests_in, keyframe_requests_out;
    uint64_t padding_bytes, cache_hits, cache_misses;
    uint64_t numbers_filled;                /* empty packets in the place of video that came too late to be of use */
    uint64_t stun_in, dtls_in, handed_over; /* handed_over: datagrams that crossed to their owner */
    uint64_t shared_out, shared_in;         /* packets given to, taken from other workers with receivers of theirs */
    uint64_t ice_failed, ice_restarts;
    uint64_t rtcp_senders_evicted; /* SRTCP replay states given up for newer senders of the same endpoint */
    uint64_t drops[WORKER_DROPS], limits[WORKER_LIMITS];
    uint64_t rx_packets_per_s, tx_packets_per_s, rx_bps, tx_bps; /* last full second */
    uint64_t busy_us;                                            /* CPU time of the worker's thread */
    uint32_t delay_p50_us, delay_p99_us;                         /* wake-up to send of forwarded packets, last 10 s */
    uint32_t conferences, endpoints, active_endpoints;           /* active: media seen in the last 10 s. A conference
                                                                  * counts where its home is, an endpoint where it lives */
    uint32_t pool_buffers, pool_in_use;
    uint32_t most_forwarded; /* videos that the endpoint with most of them is sent */
} WorkerTotals;

typedef enum {
    WORKER_ICE_NEW,
    WORKER_ICE_CHECKING,
    WORKER_ICE_WRITABLE,
    WORKER_ICE_SELECTED,
    WORKER_ICE_FAILED
} WorkerIceState;

typedef struct {
    uint64_t conference, endpoint; /* handles */
    char id[WORKER_ID_SIZE];
    WorkerIceState ice;
    char remote[64];      /* "203.0.113.5:40123" or "[2001:db8::1]:40123"; empty before selection */
    bool keys, connected; /* connected: heard of within MEDIA_SILENCE_US */
    uint64_t rx_packets, rx_bytes, tx_packets, tx_bytes;
    uint64_t rx_bps, tx_bps;
    uint64_t retransmitted, nacks_in, nacks_out, keyframe_requests_in, keyframe_requests_out;
    uint32_t rtt_ms;                        /* 0 unknown */
    float rx_loss, tx_loss;                 /* fraction of the last interval, 0..1 */
    int64_t bandwidth_bps;                  /* toward this endpoint; -1 unknown */
    int64_t target_bps, ideal_bps;          /* allocation; 0 when nothing is wanted */
    int64_t last_packet_ms, last_speech_ms; /* ago; -1 never */
    bool dominant, oversending;
    uint32_t slots_audio, slots_video;
    bool has_estimator; /* `estimator` says where bandwidth_bps comes from */
    BweStats estimator;
} WorkerEndpointStats;

/* One thing an endpoint sends (rx) or is sent (tx). */
typedef struct {
    char name[WORKER_NAME_SIZE]; /* source name */
    char owner[WORKER_ID_SIZE];
    bool is_tx, is_video;
    uint32_t ssrc, rtx_ssrc;                  /* rx: this encoding; tx: the slot */
    uint8_t encoding;                         /* rx: its place among the encodings, 0 the lowest */
    int16_t layer, target_layer, ideal_layer; /* tx video: LAYER_INDEX (source_layers.h), -1 none */
    ForwardReason reason;                     /* tx: why nothing of it is sent, or less than there is */
    int32_t height;          /* rx: as last seen; tx: allowed by the constraints, -1 unlimited; 0 unknown or off */
    uint64_t packets, bytes; /* rx: whole datagrams; tx: payload, of whatever its SSRC has carried */
    uint64_t lost;           /* rx: by the gaps; tx: as the receiver reported last */
    uint64_t retransmitted;
    uint64_t bps;       /* of `bytes`, over the last second */
    uint32_t jitter_ts; /* RFC 3550, clock-rate units; rx: measured; tx: as the receiver reported last */
} WorkerStreamStats;

#endif
