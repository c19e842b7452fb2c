/* SPDX-License-Identifier: Apache-2.0
 *
 * A worker without its thread: encrypted packets go in as from the network, what comes out is read from the clients'
 * sockets and decrypted. Time is the test's: Engine.w.now_us moves only when a test moves it. */
#ifndef PLENUM_TESTS_UNIT_MEDIA_ENGINE_KIT_H
#define PLENUM_TESTS_UNIT_MEDIA_ENGINE_KIT_H

#include "bridge/media_endpoint.h"
#include "common/rtp/media_codec.h"
#include "common/rtp/rtp_view.h"

#include <glib.h>

#define CLIENTS 2
#define OPUS_PT 111
#define EVENT_PT 126
#define RED_PT 112
#define VP8_PT 100
#define RTX_PT 96 /* of VP8 */
#define LEVEL_ID 1
#define TCC_ID 5
#define AUDIO_SSRC(i) (1000u + (i))
#define VIDEO_SSRC(i) (2000u + (i))
#define RTX_SSRC(i) (3000u + (i))

typedef struct {
    int fd;
    Tuple at;
    IceCredentials ice; /* the bridge's half */
    SrtpKeys keys;      /* as the bridge has them */
    SrtpTx *tx;
    SrtpRx *rx;
    SrtpStream audio, video, rtx;
    MediaEndpoint *ep;
} EngineClient;

typedef struct {
    Workers group;
    Worker w;
    int out;
    MediaConference *conference;
    EngineClient client[CLIENTS];
} Engine;

/* A conference of CLIENTS with keys and an address each; everybody has signalled "cN-a0" and "cN-v0". */
void engine_set_up(Engine *f, gconstpointer unused);
void engine_tear_down(Engine *f, gconstpointer unused);

/* A socket of a client's, and its address as the bridge sees it. */
int engine_udp(Tuple *at);
void engine_describe(WorkerMedia *m, uint8_t level_id);
void engine_signal_sources(EngineClient *c, unsigned i);
/* Events of that type waiting; all are taken. */
unsigned engine_drain(Engine *f, WorkerEventType type);

/* One datagram of that client, through the receive path and out again. */
void engine_give(Engine *f, EngineClient *from, const uint8_t *bytes, size_t len, bool rtcp);
/* The same after protecting it: RTP (header and payload) of one SSRC, RTCP. */
void engine_give_rtp(Engine *f, unsigned from, SrtpStream *stream, const uint8_t *header, size_t header_len,
                     const void *payload, size_t payload_len);
void engine_give_rtcp(Engine *f, unsigned from, Srtcp *srtcp, const uint8_t *bytes, size_t len);
Srtcp *engine_client_srtcp(const EngineClient *c);

/* The beginning of a picture of one packet, of one layer, a key frame or one that needs the picture before: into
 * payload (ENGINE_PICTURE bytes), and its dependency descriptor (AV1) into dd; returns the latter's length. Numbers are
 * cut to their field's width. */
#define ENGINE_PICTURE 16
size_t engine_picture(MediaCodec codec, bool key, unsigned picture_id, unsigned tl0, unsigned frame_number,
                      uint8_t payload[ENGINE_PICTURE], uint8_t dd[8]);

/* One audio packet of client `from`, 20 ms after the last. */
void engine_speak_as(Engine *f, unsigned from, uint8_t pt, uint8_t level, uint16_t seq);
void engine_speak(Engine *f, unsigned from, uint16_t seq);

/* The next packet of RTP client `to` got, as a view into engine_heard; false: none. Anything that does not decrypt
 * fails the test. */
bool engine_hear(Engine *f, unsigned to, RtpView *v);
extern uint8_t engine_heard[2000];
unsigned engine_count_rtcp(Engine *f, unsigned to);

#endif
