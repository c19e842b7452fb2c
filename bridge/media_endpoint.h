/* SPDX-License-Identifier: Apache-2.0
 *
 * One participant's media: its ICE agent and keys, what it signalled, what it sends, what it is sent. An endpoint
 * whose client has not come yet, or whose call is peer to peer, is little more than this struct and its agent.
 * Owner: its conference; worker thread.
 *
 * Closing order: sources (every receiver forgets them), transmit state, early packets, keys, addresses, agent. */
#ifndef PLENUM_BRIDGE_MEDIA_ENDPOINT_H
#define PLENUM_BRIDGE_MEDIA_ENDPOINT_H

#include "bridge/capture.h"
#include "bridge/media_conference.h"
#include "bridge/rx/rate_window.h"
#include "bridge/rx/twcc_log.h"
#include "bridge/tx/ext_policy.h"
#include "bridge/tx/tx_state.h"

#define MEDIA_EARLY_MAX 64          /* RTP datagrams held until the keys come */
#define MEDIA_REPORT_US 500000      /* receiver reports */
#define MEDIA_BANDWIDTH_US 10000000 /* ConnectionStats */
#define MEDIA_FEEDBACK_PER_S 65536  /* numbers in transport-cc and items in NACK looked at; one full report fits */
#define MEDIA_DTLS_PER_S 2000       /* datagrams of one endpoint handed to control */
#define MEDIA_ACTIVE_US 10000000    /* counted as active this long after media */

typedef struct {
    uint8_t kind;          /* 0 not negotiated, else WorkerKind + 1 */
    uint8_t codec;         /* MediaCodec */
    uint8_t apt, feedback; /* as WorkerPayload */
    uint8_t rtx_pt;        /* payload type that repairs this one; 0xff none */
    uint32_t clock_hz;
} PayloadInfo;

typedef struct SsrcEntry {
    uint32_t ssrc; /* 0: free */
    bool is_rtx;
    MediaSource *source;
    RxEncoding *encoding;
} SsrcEntry;

struct MediaEndpoint {
    /* set at birth */
    MediaConference *conference;
    uint64_t handle;
    uint32_t speaker; /* id in the conference's DominantSpeaker */
    bool ssrc_rewriting, mid, visitor;
    bool mirror;      /* lives on another worker: known by its id and its sources, all else is empty (media_share.h) */
    uint8_t lives_on; /* worker */
    int32_t initial_last_n;
    int64_t created_us;
    char id[WORKER_ID_SIZE];
    /* worker: transport */
    IceAgent *ice;
    Timer timer;      /* the next thing to do for it, whatever it is */
    Tuple send_to;    /* family 0: nowhere */
    Tuple media_from; /* last authentic media, told to the agent once per second */
    int64_t media_from_us;
    bool ready; /* keys and somewhere to send: takes part in forwarding */
    bool checked, writable, selected, ice_failed, idle_told, connected;
    SrtpRx *srtp_rx;
    SrtpTx *srtp_tx;
    Srtcp *srtcp;
    SrtpProfile profile;
    Packet **early;
    uint32_t n_early;
    int64_t last_packet_us; /* any authentic media; 0 never */
    /* worker: signalled */
    PayloadInfo *payloads; /* 128; NULL before signalling */
    uint8_t ext_id[RTP_EXT_TYPE_COUNT];
    ExtSteps ext_steps; /* made of them */
    uint8_t *ext_type;  /* 256: RtpExtType by id; NULL before signalling */
    bool allow_mixed;
    uint8_t padding_pt;                       /* any video payload type, for dummy padding; 0xff none */
    bool tcc_video, tcc_audio, remb, has_rtx; /* tcc_audio only along with tcc_video: the estimate is one */
    MediaSource *sources[WORKER_SOURCES_MAX];
    uint32_t n_sources;
    SsrcEntry *ssrcs; /* ssrc_mask + 1, by hash, at most half full; NULL without sources */
    uint32_t ssrc_mask;
    bool muted[2];               /* by WorkerKind: forced */
    WorkerCommand *wishes;       /* last VIDEO_CONSTRAINTS; NULL before the first */
    WorkerCommand *audio_wishes; /* last AUDIO_SUBSCRIPTION; NULL: all */
    /* worker: receive */
    Capture *capture;   /* debug; NULL: off */
    TwccLog *twcc;      /* from the first packet with the extension on */
    uint32_t twcc_ssrc; /* media SSRC of the last packet logged */
    int64_t next_report_us;
    uint64_t rx_packets, rx_bytes, tx_packets, tx_bytes;
    uint64_t retransmitted, nacks_in, nacks_out, keyframes_in, keyframes_out;
    RateWindow rx_rate, tx_rate;
    uint32_t tx_round_bytes;                  /* of the batch being forwarded */
    int64_t feedback_since_us, dtls_since_us; /* the seconds these belong to: */
    uint32_t feedback_numbers, dtls_datagrams;
    int64_t last_speech_us;
    float rx_loss;          /* of the last report's interval */
    TwccLogLoss rx_counted; /* up to the report before */
    /* worker: transmit */
    TxState *tx;
};

static inline Worker *media_endpoint_worker(const MediaEndpoint *ep)
{
    return ep->conference->worker;
}

/* Round trip to the client, 0 unknown. */
static inline int64_t media_endpoint_rtt_us(const MediaEndpoint *ep)
{
    return ep->tx ? ep->tx->rtt_us : 0;
}

/* NULL: no memory, or the ufrag is taken. It is part of the conference then. */
MediaEndpoint *media_endpoint_new(MediaConference *c, const WorkerCommand *create);
/* Stands for one that lives on another worker. NULL: no memory. */
MediaEndpoint *media_endpoint_new_mirror(MediaConference *c, const WorkerCommand *mirror);
void media_endpoint_free(MediaEndpoint *ep); /* the conference forgets it first */

/* media_endpoint.c: what control tells */
/* Each replaces what was known; values are copied. Without memory nothing changes. */
void media_endpoint_set_media(MediaEndpoint *ep, const WorkerMedia *media);
void media_endpoint_set_keys(MediaEndpoint *ep, const SrtpKeys *keys);
void media_endpoint_set_mute(MediaEndpoint *ep, bool audio, bool video);

/* media_signalling.c. n up to WORKER_SOURCES_MAX; sources that stay the same keep their state. */
void media_endpoint_set_sources(MediaEndpoint *ep, const WorkerSource *sources, size_t n);
MediaSource *media_endpoint_find_source(const MediaEndpoint *ep, const char *name);
/* Takes the command. */
void media_endpoint_set_wishes(MediaEndpoint *ep, WorkerCommand *wishes);
void media_endpoint_set_audio_wishes(MediaEndpoint *ep, WorkerCommand *wishes);
/* A new source: how many asked for it by name before it came. */
void media_endpoint_count_subscribers(MediaSource *s);
/* The subscription's answer for one source. */
bool media_endpoint_wants_audio(const MediaEndpoint *ep, const MediaSource *s);
/* Message transport is up: everything this endpoint should know (doc/protocols.md, Bridge channel). */
void media_endpoint_tell_all(MediaEndpoint *ep);

/* media_transport.c */
/* Datagrams as they came: any bytes, borrowed. */
void media_endpoint_on_stun(MediaEndpoint *ep, const Tuple *from, const uint8_t *buf, size_t len);
void media_endpoint_set_remote(MediaEndpoint *ep, const WorkerCommand *remote);
void media_endpoint_restart_ice(MediaEndpoint *ep, uint32_t generation, const IceCredentials *local);
void media_endpoint_send_dtls(MediaEndpoint *ep, const uint8_t *bytes, size_t len);
void media_endpoint_on_dtls(MediaEndpoint *ep, const uint8_t *buf, size_t len);
/* Runs the agent's timers; returns when it wants to be called again. */
int64_t media_endpoint_tick_ice(MediaEndpoint *ep, int64_t now_us);
/* Authentic media came from here. */
void media_endpoint_alive(MediaEndpoint *ep, const Tuple *from, int64_t now_us);
/* Protects in place and sends one compound RTCP packet (cap >= len + SRTCP_OVERHEAD); dropped without keys or path. */
void media_endpoint_send_rtcp(MediaEndpoint *ep, uint8_t *buf, size_t len, size_t cap);

/* Decrypted bytes of the endpoint, while somebody captures them. */
static inline void media_endpoint_capture(MediaEndpoint *ep, const uint8_t *bytes, size_t len, bool rtcp,
                                          int64_t now_us)
{
    if (ep->capture && !capture_put(ep->capture, bytes, len, rtcp, now_us)) {
        capture_release(ep->capture);
        ep->capture = NULL;
    }
}

/* media_tick.c: timers; at_us or earlier */
void media_endpoint_wake(MediaEndpoint *ep, int64_t at_us);
void media_endpoint_tick(void *endpoint, int64_t now_us);

/* Where in a table of SsrcEntry to begin to look, before the mask. */
static inline uint32_t media_ssrc_hash(uint32_t ssrc)
{
    return ssrc * 0x9e3779b1u >> 16;
}

/* What it signalled under that SSRC (RTX too); NULL: nothing. Borrowed until its sources change. */
static inline const SsrcEntry *media_endpoint_ssrc(const MediaEndpoint *ep, uint32_t ssrc)
{
    if (!ep->ssrcs || ssrc == 0)
        return NULL;
    for (uint32_t i = media_ssrc_hash(ssrc);; i++) {
        const SsrcEntry *e = &ep->ssrcs[i & ep->ssrc_mask];
        if (e->ssrc == ssrc)
            return e;
        if (e->ssrc == 0)
            return NULL;
    }
}

#endif
