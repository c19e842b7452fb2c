/* SPDX-License-Identifier: Apache-2.0
 *
 * The algorithm of Volfin and Cohen written down literally, as slowly as it is said there: every score from the
 * whole history, every binomial by multiplication. What bridge/speech/dominant_speaker decides on a trace of levels
 * is held against it. */
#ifndef PLENUM_TESTS_SPEECH_REFERENCE_SPEAKER_H
#define PLENUM_TESTS_SPEECH_REFERENCE_SPEAKER_H

#include <math.h>
#include <string.h>

#define REFERENCE_SPEAKERS 4
#define REFERENCE_HISTORY 50  /* 1 long of 10 mediums of 5 immediates */
#define REFERENCE_MINIMUM 750 /* samples: 15 s of 20 ms */
#define REFERENCE_DECISION_MS 300

typedef struct {
    int level[REFERENCE_HISTORY]; /* newest first, 0 silent .. 127 loud */
    int minimum, window_minimum, window;
} ReferenceOne;

typedef struct {
    ReferenceOne one[REFERENCE_SPEAKERS];
    int n, dominant; /* index, -1 nobody */
    long decided_ms;
} Reference;

static inline void reference_init(Reference *r, int n, long now_ms)
{
    memset(r, 0, sizeof(*r));
    r->n = n;
    r->dominant = -1;
    r->decided_ms = now_ms;
}

/* The least of 750 samples is the background; a new window counts as the geometric mean with what was known. */
static inline void reference_hear(Reference *r, int who, int wire_level)
{
    ReferenceOne *o = &r->one[who];
    int level = 127 - wire_level;
    for (int i = REFERENCE_HISTORY - 1; i > 0; i--)
        o->level[i] = o->level[i - 1];
    o->level[0] = level;
    if (level == 0)
        return;
    if (o->minimum == 0 || level < o->minimum) {
        o->minimum = level;
        o->window = o->window_minimum = 0;
        return;
    }
    if (o->window_minimum == 0 || level < o->window_minimum)
        o->window_minimum = level;
    if (++o->window < REFERENCE_MINIMUM)
        return;
    o->minimum = (int)sqrt((double)o->minimum * o->window_minimum);
    o->window = o->window_minimum = 0;
}

static inline double reference_score(int n, int v, double lambda)
{
    double choose = 1;
    for (int i = 1; i <= v; i++)
        choose = choose * (n - v + i) / i;
    double s = log(choose) + v * log(0.5) + (n - v) * log(1 - 0.5) - log(lambda) + lambda * v;
    return s < 1e-10 ? 1e-10 : s;
}

static inline void reference_scores(const ReferenceOne *o, double score[3])
{
    int immediate[REFERENCE_HISTORY], medium[10] = { 0 }, longs = 0;
    for (int i = 0; i < REFERENCE_HISTORY; i++)
        immediate[i] = o->level[i] < o->minimum + 10 ? 0 : o->level[i] / 10;
    for (int j = 0; j < 10; j++)
        for (int i = 0; i < 5; i++)
            medium[j] += immediate[5 * j + i] > 7;
    for (int j = 0; j < 10; j++)
        longs += medium[j] > 4;
    score[0] = reference_score(13, immediate[0], 0.78);
    score[1] = reference_score(5, medium[0], 24);
    score[2] = reference_score(10, longs, 47);
}

/* Every 300 ms: who is above the dominant one by more than C1 = 3, C2 = 2 and C3 = 0 in all three; of several the one
 * whose medium is the furthest above. */
static inline void reference_decide(Reference *r, long now_ms)
{
    double score[REFERENCE_SPEAKERS][3], furthest = 2;
    int best = -1;
    if (now_ms - r->decided_ms < REFERENCE_DECISION_MS)
        return;
    r->decided_ms = now_ms;
    for (int i = 0; i < r->n; i++)
        reference_scores(&r->one[i], score[i]);
    if (r->dominant < 0) {
        r->dominant = 0;
        for (int i = 1; i < r->n; i++)
            if (score[i][1] > score[r->dominant][1])
                r->dominant = i;
        return;
    }
    const double *d = score[r->dominant];
    for (int i = 0; i < r->n; i++) {
        double c2 = log(score[i][1] / d[1]);
        if (i == r->dominant || log(score[i][0] / d[0]) <= 3 || c2 <= furthest || log(score[i][2] / d[2]) <= 0)
            continue;
        best = i;
        furthest = c2;
    }
    if (best >= 0)
        r->dominant = best;
}

#endif
