/* SPDX-License-Identifier: Apache-2.0
 *
 * One client as a server sees it from the network: paced RTP, and the answers Chromium gives: transport-cc feedback
 * every 50 ms while media comes, sender and receiver reports every second, NACKs until answered, key frames on request.
 * Samples of what it gets are decrypted by libsrtp2 and compared. Speaks to any server at 127.0.0.1. Thread of the
 * generator. */
#ifndef PLENUM_TESTS_BENCH_LOAD_CLIENT_H
#define PLENUM_TESTS_BENCH_LOAD_CLIENT_H

#include "bridge/rx/twcc_log.h"
#include "tests/bench/samples.h"
#include "tests/fakes/media_peer.h"

#define LOAD_STREAMS_MAX 8  /* sent by one client */
#define LOAD_SOURCES_MAX 64 /* SSRCs received by one client */
#define LOAD_PENDING 256    /* packets asked for again and not yet here */
#define LOAD_ASKS_MAX 10    /* for one packet */
#define LOAD_ASK_US 100000  /* until it is asked for once more */
#define LOAD_CHUNK_MAX 16   /* packets sent at once */
#define LOAD_FEEDBACK_US 50000
#define LOAD_REPORT_US 1000000

enum { LOAD_SERVER, LOAD_RAW, LOAD_MODES }; /* whom it speaks to; each has SSRCs of its own */

typedef struct {
    /* set before the start */
    bool video;
    uint32_t ssrc[LOAD_MODES];
    uint16_t width, height;
    unsigned per_frame, chunk;  /* packets; chunk: sent back to back */
    int64_t frame_us, chunk_us; /* from frame to frame; from chunk to chunk within one */
    size_t payload;             /* bytes, at least 32 */
    unsigned copies;            /* receivers that are to get it */
    /* running */
    SrtpStream srtp[LOAD_MODES];
    uint16_t seq[LOAD_MODES];
    uint32_t frame, packets, octets, ts;
    unsigned at; /* packets of this frame already sent */
    int64_t frame_at_us, next_us;
    bool key;       /* the current frame is one */
    bool wants_key; /* the next shall be one */
} LoadStream;

typedef struct {
    uint32_t ssrc, lsr;
    bool media;
    int64_t lsr_us;
    uint32_t highest; /* with cycles */
    uint32_t number;  /* of the last sample, see load_body.h: the sender's SSRC and sequence number, 16 bits of each */
} LoadSource;

typedef struct {
    uint64_t sent, expected, received, bytes;
    uint64_t asked, answered; /* packets NACKed, and come as a retransmission */
    uint64_t asked_again;     /* NACKs beyond the first for a packet */
    uint64_t compared, different;
    uint64_t feedback, reports, keyframes_asked;
} LoadCounts;

typedef struct {
    MediaPeer peer; /* socket, keys, STUN, libsrtp2 sessions */
    SrtpTx *tx;
    LoadStream streams[LOAD_STREAMS_MAX];
    unsigned n_streams;
    uint16_t port[LOAD_MODES];
    uint16_t tcc[LOAD_MODES];
    unsigned nack_percent; /* of the video received, to a server */
    uint8_t pt_video, pt_rtx, pt_audio, ext_tcc;
    TwccLog *twcc;
    uint32_t feedback_ssrc; /* under which it reports */
    int64_t feedback_us, report_us;
    uint64_t random;
    LoadSource sources[LOAD_SOURCES_MAX];
    unsigned n_sources;
    struct {
        uint32_t ssrc;
        uint16_t seq;
        bool open;
        uint8_t asks;
        int64_t next_us; /* when it is asked for again */
    } pending[LOAD_PENDING];
    unsigned n_pending;
    unsigned until_sample;
    bool blind; /* decrypts nothing, and sends a key frame whenever RTCP comes: then its heap does not grow */
    LoadCounts counts[LOAD_MODES];
    Samples *delays; /* us from just before a packet is protected to its delivery at the receiver; NULL: not taken */
    /* DTLS records, when the server's keys come from a handshake; NULL: ignored. */
    void (*dtls)(void *user, const uint8_t *bytes, size_t len);
    void *user;
} LoadClient;

/* After peer has its socket and keys. `feedback_ssrc` must not be one of its streams' while it sends none. */
void load_client_start(LoadClient *c, uint32_t feedback_ssrc, int64_t now_us);
/* Sends every chunk that is due; returns when the next will be (INT64_MAX: sends nothing). */
int64_t load_client_send(LoadClient *c, int mode, int64_t now_us);
/* Feedback and reports that are due, to a server. */
void load_client_report(LoadClient *c, int64_t now_us);
/* Takes in what has arrived, with kernel time stamps. */
void load_client_read(LoadClient *c, int mode, int64_t now_us);
void load_client_clear(LoadClient *c);

#endif
