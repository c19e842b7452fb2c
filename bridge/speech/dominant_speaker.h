/* SPDX-License-Identifier: Apache-2.0
 *
 * Who is speaking: the dominant-speaker identification of Volfin and Cohen (2013), fed with RFC 6464 audio levels.
 * Time is a parameter. Owner: the conference. One thread at a time. */
#ifndef PLENUM_BRIDGE_SPEECH_DOMINANT_SPEAKER_H
#define PLENUM_BRIDGE_SPEECH_DOMINANT_SPEAKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SPEECH_MAX_SPEAKERS 1000 /* more are ignored until others are forgotten or removed */
#define SPEECH_RECENT 11         /* dominant + 10 before it */
#define SPEECH_DECISION_MS 300
#define SPEECH_IDLE_MS 15000 /* without any level the decisions stop */
#define SPEECH_LEVEL_IDLE_MS 40
#define SPEECH_FORGET_MS 3600000
#define SPEECH_SILENCE_MS 3000 /* silence detection, when on */
#define SPEECH_NOBODY 0u       /* a speaker id is never 0 */

typedef struct DominantSpeaker DominantSpeaker;

typedef enum {
    SPEECH_NO_CHANGE,
    SPEECH_DOMINANT_CHANGED, /* dominant_speaker_current() is another, or speaks again after SPEECH_SILENCE */
    SPEECH_SILENCE,          /* the dominant speaker fell silent (only with detect_silence) */
} SpeechEvent;

/* NULL when out of memory. */
DominantSpeaker *dominant_speaker_new(bool detect_silence);

/* One audio packet's level as on the wire: 0 loudest .. 127 silent (the V bit, if still there, is ignored). `speaker`
 * is the caller's id of the endpoint. Older than that speaker's last level: ignored. */
void dominant_speaker_level(DominantSpeaker *ds, uint32_t speaker, uint8_t level, int64_t now_ms);

/* Decides, at most once per SPEECH_DECISION_MS; call at the time dominant_speaker_next_due gives, or regularly. */
SpeechEvent dominant_speaker_tick(DominantSpeaker *ds, int64_t now_ms);
/* When to call tick again; INT64_MAX while nothing is going on (ask again after the next level). */
int64_t dominant_speaker_next_due(const DominantSpeaker *ds, int64_t now_ms);

/* SPEECH_NOBODY before the first decision. */
uint32_t dominant_speaker_current(const DominantSpeaker *ds);
/* Newest first, the dominant one at [0]; room for SPEECH_RECENT in out; returns the count. */
size_t dominant_speaker_recent(const DominantSpeaker *ds, uint32_t *out);
/* The speaker left. True when it was in the recent list: the list is to be announced again. */
bool dominant_speaker_remove(DominantSpeaker *ds, uint32_t speaker);

void dominant_speaker_free(DominantSpeaker *ds); /* NULL is fine */

#endif
