/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "bridge/speech/dominant_speaker.h"

enum {
    LEVELS = 50, /* immediates kept: 10 blocks of 5 */
    N1 = 13,
    N2 = 5,
    N3 = 10,      /* largest value of an immediate, a medium, a long */
    N1_UNIT = 10, /* (127 + N1 - 1) / N1 */
    MEDIUM_THRESHOLD = 7,
    LONG_THRESHOLD = 4,
    MIN_LEVEL_WINDOW = 15000 / 20, /* samples */
};

static const double lambda[3] = { 0.78, 24, 47 }, threshold[3] = { 3, 2, 0 };
#define SCORE_FLOOR 1e-10

typedef struct {
    uint32_t id;
    int64_t level_ms;      /* last level, heard or pushed; */
    int64_t heard_ms;      /* last level heard */
    uint8_t level[LEVELS]; /* ring, newest at `newest` */
    uint8_t newest;
    uint8_t min_level; /* background noise of this microphone */
    uint8_t next_min;  /* of the window being looked at */
    uint16_t next_min_count;
    double score[3]; /* immediate, medium, long */
} Speaker;

struct DominantSpeaker {
    bool detect_silence, silent;
    uint32_t dominant;
    size_t count, room;
    Speaker *speaker; /* in order of arrival */
    int64_t decided_ms, active_ms, dominant_loud_ms;
    uint32_t recent[SPEECH_RECENT];
    size_t recent_count;
    double table[3][N1 + 1]; /* score by count */
};

static double score(int n, int v, double l)
{
    double choose = lgamma(n + 1) - lgamma(v + 1) - lgamma(n - v + 1);
    double s = choose + n * log(0.5) - log(l) + l * v; /* p = 0.5 for both outcomes */
    return s < SCORE_FLOOR ? SCORE_FLOOR : s;
}

DominantSpeaker *dominant_speaker_new(bool detect_silence)
{
    DominantSpeaker *ds = calloc(1, sizeof(*ds));
    if (!ds)
        return NULL;
    ds->detect_silence = detect_silence;
    ds->active_ms = ds->decided_ms = INT64_MIN / 2;
    const int n[3] = { N1, N2, N3 };
    for (int k = 0; k < 3; k++)
        for (int v = 0; v <= n[k]; v++)
            ds->table[k][v] = score(n[k], v, lambda[k]);
    return ds;
}

void dominant_speaker_free(DominantSpeaker *ds)
{
    if (!ds)
        return;
    free(ds->speaker);
    free(ds);
}

static Speaker *find(const DominantSpeaker *ds, uint32_t id)
{
    for (size_t i = 0; i < ds->count; i++)
        if (ds->speaker[i].id == id)
            return &ds->speaker[i];
    return NULL;
}

static Speaker *find_or_add(DominantSpeaker *ds, uint32_t id, int64_t now_ms)
{
    Speaker *s = find(ds, id);
    if (s || ds->count == SPEECH_MAX_SPEAKERS)
        return s;
    if (ds->count == ds->room) {
        size_t room = ds->room ? 2 * ds->room : 8;
        Speaker *grown = realloc(ds->speaker, room * sizeof(*grown));
        if (!grown)
            return NULL;
        ds->speaker = grown;
        ds->room = room;
    }
    s = &ds->speaker[ds->count++];
    *s = (Speaker){
        .id = id, .level_ms = now_ms, .heard_ms = now_ms, .score = { SCORE_FLOOR, SCORE_FLOOR, SCORE_FLOOR }
    };
    return s;
}

/* The quietest of 15 s is the background; each new estimate is blended with the one before. */
static void track_minimum(Speaker *s, uint8_t level)
{
    if (level == 0)
        return;
    if (s->min_level == 0 || level < s->min_level) {
        s->min_level = level;
        s->next_min = 0;
        s->next_min_count = 0;
        return;
    }
    if (s->next_min == 0 || level < s->next_min)
        s->next_min = level;
    if (++s->next_min_count >= MIN_LEVEL_WINDOW) {
        double blend = sqrt((double)s->min_level * s->next_min);
        s->min_level = (uint8_t)(blend < 1 ? 1 : blend > 127 ? 127 : blend);
        s->next_min = 0;
        s->next_min_count = 0;
    }
}

static void push(Speaker *s, uint8_t level, int64_t at_ms)
{
    s->newest = (uint8_t)((s->newest + 1) % LEVELS);
    s->level[s->newest] = level;
    s->level_ms = at_ms;
    track_minimum(s, level);
}

void dominant_speaker_level(DominantSpeaker *ds, uint32_t speaker, uint8_t level, int64_t now_ms)
{
    Speaker *s = speaker == SPEECH_NOBODY ? NULL : find_or_add(ds, speaker, now_ms);
    if (!s || now_ms < s->level_ms)
        return;
    if (now_ms - ds->active_ms > SPEECH_IDLE_MS)
        ds->decided_ms = now_ms; /* decisions start again, one period on */
    ds->active_ms = now_ms;
    s->heard_ms = now_ms;
    push(s, (uint8_t)(127 - (level & 0x7f)), now_ms);
    if (ds->dominant == SPEECH_NOBODY && ds->count == 1)
        ds->dominant_loud_ms = now_ms;
}

static void evaluate(const DominantSpeaker *ds, Speaker *s)
{
    int longs = 0, mediums[N3] = { 0 };
    for (int i = 0; i < LEVELS; i++) {
        uint8_t level = s->level[(s->newest + LEVELS - i) % LEVELS];
        int immediate = level < s->min_level + N1_UNIT ? 0 : level / N1_UNIT;
        if (i == 0)
            s->score[0] = ds->table[0][immediate];
        mediums[i / N2] += immediate > MEDIUM_THRESHOLD;
    }
    for (int i = 0; i < N3; i++)
        longs += mediums[i] > LONG_THRESHOLD;
    s->score[1] = ds->table[1][mediums[0]];
    s->score[2] = ds->table[2][longs];
}

/* Nobody sends levels while muted: what is not said counts as silence. */
static void push_silence(DominantSpeaker *ds, int64_t now_ms)
{
    for (size_t i = 0; i < ds->count; i++) {
        Speaker *s = &ds->speaker[i];
        for (int n = 0; now_ms - s->level_ms > SPEECH_LEVEL_IDLE_MS && n < LEVELS; n++)
            push(s, 0, s->level_ms + SPEECH_LEVEL_IDLE_MS / 2);
        if (now_ms - s->level_ms > SPEECH_LEVEL_IDLE_MS)
            s->level_ms = now_ms;
    }
}

static void forget_idle(DominantSpeaker *ds, int64_t now_ms)
{
    size_t kept = 0;
    for (size_t i = 0; i < ds->count; i++)
        if (now_ms - ds->speaker[i].heard_ms <= SPEECH_FORGET_MS || ds->speaker[i].id == ds->dominant)
            ds->speaker[kept++] = ds->speaker[i];
    ds->count = kept;
}

/* The speaker most clearly above the dominant one in every window; the first best without a dominant one. */
static uint32_t best_candidate(DominantSpeaker *ds)
{
    Speaker *dominant = find(ds, ds->dominant);
    uint32_t best = SPEECH_NOBODY;
    double best_medium = threshold[1];
    if (ds->count == 1)
        return ds->speaker[0].id;
    for (size_t i = 0; i < ds->count; i++)
        evaluate(ds, &ds->speaker[i]);
    if (!dominant) {
        best_medium = -1;
        for (size_t i = 0; i < ds->count; i++)
            if (ds->speaker[i].score[1] > best_medium) {
                best = ds->speaker[i].id;
                best_medium = ds->speaker[i].score[1];
            }
        return best;
    }
    for (size_t i = 0; i < ds->count; i++) {
        const Speaker *s = &ds->speaker[i];
        double c[3];
        for (int k = 0; k < 3; k++)
            c[k] = log(s->score[k] / dominant->score[k]);
        if (s != dominant && c[0] > threshold[0] && c[1] > best_medium && c[2] > threshold[2]) {
            best = s->id;
            best_medium = c[1];
        }
    }
    return best;
}

static void note_recent(DominantSpeaker *ds, uint32_t id)
{
    size_t i = 0;
    while (i < ds->recent_count && ds->recent[i] != id)
        i++;
    if (i == ds->recent_count && ds->recent_count < SPEECH_RECENT)
        ds->recent_count++;
    if (i == SPEECH_RECENT)
        i--;
    memmove(&ds->recent[1], &ds->recent[0], i * sizeof(ds->recent[0]));
    ds->recent[0] = id;
}

static SpeechEvent check_silence(DominantSpeaker *ds, int64_t now_ms)
{
    const Speaker *s = find(ds, ds->dominant);
    if (!ds->detect_silence || !s)
        return SPEECH_NO_CHANGE;
    uint8_t level = s->level[s->newest];
    if (level >= s->min_level + N1_UNIT && level / N1_UNIT > 0) {
        SpeechEvent event = ds->silent ? SPEECH_DOMINANT_CHANGED : SPEECH_NO_CHANGE;
        ds->dominant_loud_ms = now_ms;
        ds->silent = false;
        return event;
    }
    if (!ds->silent && now_ms - ds->dominant_loud_ms >= SPEECH_SILENCE_MS) {
        ds->silent = true;
        return SPEECH_SILENCE;
    }
    return SPEECH_NO_CHANGE;
}

SpeechEvent dominant_speaker_tick(DominantSpeaker *ds, int64_t now_ms)
{
    if (now_ms < dominant_speaker_next_due(ds, now_ms))
        return SPEECH_NO_CHANGE;
    ds->decided_ms = now_ms;
    push_silence(ds, now_ms);
    forget_idle(ds, now_ms);
    uint32_t best = best_candidate(ds);
    if (best == SPEECH_NOBODY || best == ds->dominant)
        return check_silence(ds, now_ms);
    ds->dominant = best;
    ds->dominant_loud_ms = now_ms;
    ds->silent = false;
    note_recent(ds, best);
    return SPEECH_DOMINANT_CHANGED;
}

int64_t dominant_speaker_next_due(const DominantSpeaker *ds, int64_t now_ms)
{
    if (ds->count == 0 || now_ms - ds->active_ms > SPEECH_IDLE_MS)
        return INT64_MAX;
    return ds->decided_ms + SPEECH_DECISION_MS;
}

uint32_t dominant_speaker_current(const DominantSpeaker *ds)
{
    return ds->dominant;
}

size_t dominant_speaker_recent(const DominantSpeaker *ds, uint32_t *out)
{
    memcpy(out, ds->recent, ds->recent_count * sizeof(ds->recent[0]));
    return ds->recent_count;
}

bool dominant_speaker_remove(DominantSpeaker *ds, uint32_t speaker)
{
    Speaker *s = find(ds, speaker);
    if (s) {
        size_t i = (size_t)(s - ds->speaker);
        ds->count--;
        memmove(&ds->speaker[i], &ds->speaker[i + 1], (ds->count - i) * sizeof(ds->speaker[0]));
    }
    if (ds->dominant == speaker)
        ds->dominant = SPEECH_NOBODY;
    for (size_t i = 0; i < ds->recent_count; i++)
        if (ds->recent[i] == speaker) {
            ds->recent_count--;
            memmove(&ds->recent[i], &ds->recent[i + 1], (ds->recent_count - i) * sizeof(ds->recent[0]));
            return true;
        }
    return false;
}
