/* SPDX-License-Identifier: Apache-2.0
 *
 * One conference's media: who is in it, what they send, who speaks, and the packets of the current receive batch.
 * Owner: its worker, whose thread alone touches it. */
#ifndef PLENUM_BRIDGE_MEDIA_CONFERENCE_H
#define PLENUM_BRIDGE_MEDIA_CONFERENCE_H

#include "bridge/media_source.h"
#include "bridge/speech/dominant_speaker.h"
#include "bridge/speech/loudest.h"
#include "bridge/worker.h"

#define MEDIA_ENDPOINTS_MAX 4096 /* of one conference */
#define MEDIA_SOURCES_MAX 8192   /* of one conference */
#define MEDIA_BATCH_MAX (2 * RECEIVE_BATCH)
#define MEDIA_CONNECTIVITY_US 500000    /* how often silence is looked for */
#define MEDIA_FIRST_PACKET_US 15000000  /* no packet since creation: inactive */
#define MEDIA_SILENCE_US 8000000        /* no packet: inactive */
#define MEDIA_NEVER_ACTIVE_US 120000000 /* never anything: to be expired */
#define MEDIA_IDLE_US 60000000          /* nothing any more: to be expired */
#define MEDIA_ORDER_US 3000000          /* the order of endpoints is looked at again this often */

struct MediaConference {
    MediaConference *next; /* hash chain */
    MediaConference *next_with_batch;
    bool has_batch;
    /* set at birth */
    Worker *worker;
    uint64_t handle;
    unsigned home;                   /* the worker that decides who is the dominant speaker */
    uint32_t audio_ssrc, video_ssrc; /* sender SSRCs of our feedback */
    int32_t last_n;
    char name[WORKER_NAME_SIZE];
    /* worker */
    MediaEndpoint **endpoints;
    uint32_t n_endpoints, endpoint_room;
    MediaEndpoint **speech_order;    /* same endpoints, most recent speaker first */
    MediaSource **sources;           /* by MediaSource.index; NULL where one was removed */
    uint32_t n_sources, source_room; /* highest index in use + 1 */
    DominantSpeaker *speech;
    Loudest loudest;
    uint32_t next_speaker; /* ids for speech */
    uint32_t dominant;     /* speaker id, SPEECH_NOBODY */
    uint32_t ahead_of;     /* speaker id whose key frame is to be asked for at ahead_us, SPEECH_NOBODY */
    int64_t ahead_us;
    bool silent; /* it has said nothing for SPEECH_SILENCE_MS; only with WorkersConfig.silence_events */
    /* worker: when others have a share of it too, media_share.h */
    uint32_t shares;            /* these others, a bit each */
    struct SsrcEntry *mirrored; /* mirrored_mask + 1, by hash, at most half full; NULL without mirrored sources */
    uint32_t mirrored_mask;
    uint32_t told_recent[SPEECH_RECENT]; /* speaker ids, as the home has told */
    size_t n_told_recent;
    Timer timer;
    int64_t next_connectivity_us, next_order_us, next_second_us;
    Packet *batch[MEDIA_BATCH_MAX];
    uint32_t n_batch;
};

/* NULL: no memory. Registers itself with the worker. */
MediaConference *media_conference_new(Worker *w, const WorkerCommand *create);
static inline bool media_conference_is_home(const MediaConference *c)
{
    return c->home == c->worker->index;
}
/* Frees its endpoints too. */
void media_conference_free(MediaConference *c);

/* NULL: not in it, here or as a mirror. */
MediaEndpoint *media_conference_find(const MediaConference *c, uint64_t endpoint);
MediaEndpoint *media_conference_find_speaker(const MediaConference *c, uint32_t speaker);
/* False: full or no memory. */
bool media_conference_add(MediaConference *c, MediaEndpoint *ep);
void media_conference_remove(MediaConference *c, MediaEndpoint *ep);

/* False: full or no memory. Gives the source its index. */
bool media_conference_add_source(MediaConference *c, MediaSource *s);
void media_conference_remove_source(MediaConference *c, MediaSource *s);

/* Every receiver allocates anew, at at_us (worker's clock) or a little later. */
void media_conference_reallocate(MediaConference *c, int64_t at_us);
/* Brings speech_order up to date; receivers allocate anew when it changed. */
void media_conference_update_order(MediaConference *c);
/* Event about the dominant speaker: to all, or to `only`. Nothing is sent before there is one. */
void media_conference_tell_speaker(MediaConference *c, const MediaEndpoint *only);
/* An audio level was heard, here or on another worker. Returns the rank of its speaker among the loudest. */
size_t media_conference_heard(MediaConference *c, const MediaSource *s, uint8_t level, int64_t now_us);
/* Speaker ids, newest first; room for SPEECH_RECENT in out; returns how many. */
size_t media_conference_recent(const MediaConference *c, uint32_t *out);
/* The home has decided who speaks; ids of this share. */
void media_conference_told_speech(MediaConference *c, const uint32_t *recent, size_t n, uint32_t dominant, bool silent);

#endif
