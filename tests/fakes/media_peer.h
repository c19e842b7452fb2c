/* SPDX-License-Identifier: Apache-2.0
 *
 * A client made by hand for tests of the media engine: a UDP socket, STUN written and checked byte by byte, SRTP by
 * libsrtp2 (the reference, not our transform). Driven by the test's thread. */
#ifndef PLENUM_TESTS_FAKES_MEDIA_PEER_H
#define PLENUM_TESTS_FAKES_MEDIA_PEER_H

#include "bridge/worker_api.h"
#include "common/rtp/rtp_view.h"

#include <netinet/in.h>
#include <srtp2/srtp.h>
#include <stdbool.h>
#include <stdint.h>

enum { /* what every peer signals */
       PEER_PT_OPUS = 111,
       PEER_PT_VP8 = 100,
       PEER_PT_VP8_RTX = 96,
       PEER_PT_VP9 = 101,
       PEER_PT_VP9_RTX = 97,
       PEER_EXT_LEVEL = 1,
       PEER_EXT_SEND_TIME = 3,
       PEER_EXT_TCC = 5,
       PEER_EXT_MID = 9,
       /* only with PeerOptions.all_codecs, .descriptors */
       PEER_PT_AV1 = 102,
       PEER_PT_H264 = 103,
       PEER_EXT_DESCRIPTOR = 11
};
#define PEER_FEEDBACK_AUDIO 0x0a0a0a0au
#define PEER_FEEDBACK_VIDEO 0x0b0b0b0bu

typedef struct {
    bool rtcp;
    size_t len;
    uint8_t data[1500]; /* decrypted */
    RtpView view;       /* RTP */
} PeerPacket;

typedef struct {
    Workers *workers;
    unsigned worker;
    uint64_t conference, handle;
    char id[WORKER_ID_SIZE];
    int fd;
    uint16_t bridge_port;
    uint32_t bridge_host;   /* network order; 0: 127.0.0.1 */
    IceCredentials bridge;  /* the bridge's half */
    const char *server_pwd; /* another server's, which may be longer; NULL: the bridge's */
    char ufrag[8], pwd[32];
    srtp_t tx, rx;
    SrtpKeys keys;    /* as the bridge sees them */
    bool answered;    /* the bridge answered a check of ours */
    bool controlling; /* its checks say so, and nominate: for a server that leaves it to the offerer */
    bool nominated;   /* the bridge nominated this path */
    uint64_t stun_failures;
    PeerPacket *packets; /* received and not yet cleared */
    size_t n_packets, room;
    uint64_t undecryptable;
} MediaPeer;

typedef struct {
    SrtpProfile profile;
    bool ssrc_rewriting, mid, visitor;
    bool without_rtx, without_tcc;
    bool all_codecs;      /* AV1 and H.264 too */
    bool descriptors;     /* dependency descriptors */
    bool without_library; /* no libsrtp2 session: the test protects and decrypts by itself */
} PeerOptions;

/* Sets libsrtp2 up, whoever else in the process uses it. Before the first session of a test. */
void media_peer_library(const SrtpKeys *keys);

/* Makes the socket and posts ENDPOINT_CREATE, REMOTE_ICE, MEDIA and SRTP_KEYS. Ends the test on failure. */
void media_peer_init(MediaPeer *p, Workers *workers, unsigned worker, uint64_t conference, uint64_t handle,
                     const char *id, const PeerOptions *options);
/* Its libsrtp2 sessions, from p->keys; media_peer_init does it itself unless told not to. */
void media_peer_open_library(MediaPeer *p);
/* One Binding request. */
void media_peer_check(MediaPeer *p);
/* Takes in what has arrived: answers checks, decrypts media. Returns how many datagrams it took. */
size_t media_peer_pump(MediaPeer *p);

/* One STUN datagram that the test read by itself. */
void media_peer_take_stun(MediaPeer *p, const uint8_t *bytes, size_t len, const struct sockaddr_in *from);

/* Posts sources: an audio one "<id>-a0" and a video one "<id>-v0" with `encodings` (0: none of that kind). */
void media_peer_sources(MediaPeer *p, uint32_t audio_ssrc, const uint32_t *video_ssrcs, const uint32_t *rtx_ssrcs,
                        uint8_t encodings);
/* Posts wishes: last-n unlimited, everything up to max_height. */
void media_peer_wish(MediaPeer *p, int32_t max_height);

typedef struct {
    uint8_t pt, marker;
    uint16_t seq;
    uint32_t ts, ssrc;
    int level; /* audio level, -1: without */
    int tcc;   /* transport-cc number, -1: without */
    const uint8_t *payload;
    size_t payload_len;
} PeerRtp;

/* Protects and sends. */
void media_peer_send_rtp(MediaPeer *p, const PeerRtp *rtp);
void media_peer_send_rtcp(MediaPeer *p, const uint8_t *rtcp, size_t len);
void media_peer_send_raw(MediaPeer *p, const uint8_t *bytes, size_t len);
/* An RTP packet as it leaves, for feeders that send it themselves; returns its length. */
size_t media_peer_protect(MediaPeer *p, const PeerRtp *rtp, uint8_t *out, size_t cap);

void media_peer_forget_packets(MediaPeer *p);
/* RTP packets of that SSRC received so far; *last, if wanted, is the newest, borrowed. */
size_t media_peer_count(const MediaPeer *p, uint32_t ssrc, const PeerPacket **last);
/* RTCP packets received with that type and format (count -1: any). */
size_t media_peer_count_rtcp(const MediaPeer *p, uint8_t pt, int count);
void media_peer_clear(MediaPeer *p);

#endif
