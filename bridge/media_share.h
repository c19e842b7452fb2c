/* SPDX-License-Identifier: Apache-2.0
 *
 * One conference on several workers. Each has a share of it: the endpoints that live there, with their transports and
 * all that is sent to them, and a mirror of every endpoint that lives elsewhere, with mirrors of its sources. What an
 * endpoint sends is received by its own worker, decrypted and put in order there, and then handed to every share that
 * has receivers for it; for these the mirror is a source like any other, with layers, projections and a retransmission
 * cache of its own. Nothing is shared but packets that nobody writes to, counted until the last reader has copied
 * them out; all else crosses as values in a bounded ring, and a full ring is a counted loss, never a wait.
 *
 * Back to the worker of a source go: how tall its receivers want it (the worker tells the sender, and hands over only
 * what somebody wants), whether one asked for it by name, and when one needs a key frame. From the home of the conference to all others: who speaks. From
 * the worker of an endpoint to all others: its sender reports, its loudness when that was all there was to hand over,
 * whether it is connected. What must not be lost is repeated every second. Control creates and removes shares and
 * mirrors (workers_post.c); an item about what is not there (yet, or any more) is ignored.
 *
 * All functions: the thread of the share's worker. */
#ifndef PLENUM_BRIDGE_MEDIA_SHARE_H
#define PLENUM_BRIDGE_MEDIA_SHARE_H

#include "bridge/media_conference.h"
#include "bridge/media_endpoint.h"

typedef enum {
    SHARE_PACKET,
    SHARE_LEVEL,      /* an audio packet that went no further */
    SHARE_REPORT,     /* a sender report */
    SHARE_DEMAND,     /* receivers' greatest height */
    SHARE_SUBSCRIBED, /* a receiver asked for this audio by name, or none does any more */
    SHARE_KEYFRAME,   /* a receiver needs one */
    SHARE_CONNECTED,
    SHARE_SPEECH
} ShareItemType;

typedef struct {
    uint32_t n;
    bool silent;
    uint64_t dominant, recent[SPEECH_RECENT]; /* endpoints; dominant 0: nobody */
} ShareSpeech;

typedef struct {
    uint8_t type; /* ShareItemType */
    uint8_t from; /* worker */
    uint32_t ssrc;
    uint64_t conference, endpoint; /* endpoint: whose source */
    union {
        Packet *packet;      /* of the pool of `from` */
        ShareSpeech *speech; /* heap, the reader's */
        int32_t max_height;
        uint8_t level;
        bool connected, subscribed;
        struct {
            uint64_t ntp;
            uint32_t ts;
        } report;
    };
} ShareItem;

/* The workers that have a share changed: a bit each, the own one included. */
void media_share_set(MediaConference *c, uint32_t shares);
/* Sources of mirrors changed. */
void media_share_index(MediaConference *c);
/* Every second: what must not be lost. */
void media_share_repeat(MediaConference *c);

/* Hands the batch to the shares that have receivers for it; before anything is sent to our own, while the packets are
 * as they came. */
void media_share_batch(MediaConference *c);
/* From the worker of the endpoint or source. */
void media_share_level(const MediaSource *s, uint8_t level);
void media_share_report(const MediaSource *s, const RxEncoding *e);
void media_share_connected(const MediaEndpoint *ep);
/* From a share with mirrors, to the worker of the source. */
void media_share_demand(MediaSource *mirror);
void media_share_subscribed(const MediaSource *mirror);
void media_share_ask_keyframe(MediaSource *mirror, int64_t now_us);
/* From the home: who speaks and spoke. */
void media_share_speech(const MediaConference *c);

/* Takes in what other workers handed over. */
void worker_on_shared(Worker *w);
/* At the end: frees what is still in the ring. The packets belong to their pools. */
void media_share_drain(Worker *w);

#endif
