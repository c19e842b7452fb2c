/* SPDX-License-Identifier: Apache-2.0
 *
 * Traces of audio levels, each a row: who talks when, and who is to be dominant at the end of each part. Every decision
 * is the same as that of the reference algorithm (reference_speaker.h). */
#include <glib.h>
#include "bridge/speech/dominant_speaker.h"
#include "tests/fakes/rows.h"
#include "tests/unit/speech/reference_speaker.h"

#define PARTS 12
#define PACKET_MS 20

/* What a microphone gives: syllables are bursts with gaps between them; noise is steady; -dBov, more or less. */
typedef enum { SILENT, QUIET, NOISE, LOUD_NOISE, TALK, SOFT_TALK, SHOUT } Sound;

static uint8_t level_of(Sound s, GRand *r, int64_t ms)
{
    bool syllable = ms % 260 < 210; /* four a second */
    switch (s) {
    case SILENT:
        return 127;
    case QUIET:
        return (uint8_t)g_rand_int_range(r, 90, 110);
    case NOISE:
        return (uint8_t)g_rand_int_range(r, 72, 80);
    case LOUD_NOISE:
        return (uint8_t)g_rand_int_range(r, 42, 47);
    case TALK:
        return (uint8_t)(syllable ? g_rand_int_range(r, 18, 36) : g_rand_int_range(r, 60, 90));
    case SOFT_TALK:
        return (uint8_t)(syllable ? g_rand_int_range(r, 30, 46) : g_rand_int_range(r, 70, 100));
    case SHOUT:
        return (uint8_t)g_rand_int_range(r, 4, 20);
    }
    return 127;
}

typedef struct {
    const char *name;
    int speakers;
    struct {
        int ms;
        Sound sound[REFERENCE_SPEAKERS];
        int dominant; /* 1.. at its end; 0: not said */
        int changes;  /* of the dominant speaker within it; -1: not said */
    } part[PARTS];
} Trace;

static const Trace traces[] = {
    { "two talkers",
      2,
      { { 2000, { QUIET, QUIET }, 0, -1 },
        { 4000, { TALK, QUIET }, 1, -1 },
        { 4000, { QUIET, TALK }, 2, 1 },
        { 3000, { QUIET, QUIET }, 2, 0 },
        { 4000, { TALK, QUIET }, 1, 1 } } },
    { "both at once",
      2,
      { { 2000, { QUIET, QUIET }, 0, -1 }, { 3000, { TALK, QUIET }, 1, -1 }, { 20000, { TALK, TALK }, 1, 0 } } },
    { "noise", 3, { { 5000, { NOISE, QUIET, QUIET }, 0, -1 }, { 60000, { NOISE, LOUD_NOISE, NOISE }, 0, -1 } } },
    { "noise beside a talker",
      3,
      { { 20000, { QUIET, LOUD_NOISE, NOISE }, 0, -1 },
        { 4000, { TALK, LOUD_NOISE, NOISE }, 1, -1 },
        { 20000, { QUIET, LOUD_NOISE, NOISE }, 1, 0 } } },
    { "bursts of 300 ms",
      3,
      { { 2000, { QUIET, QUIET, QUIET }, 0, -1 },
        { 5000, { TALK, QUIET, QUIET }, 1, -1 },
        { 300, { TALK, SHOUT, QUIET }, 1, 0 },
        { 3000, { TALK, QUIET, QUIET }, 1, 0 },
        { 300, { TALK, QUIET, SHOUT }, 1, 0 },
        { 1000, { TALK, QUIET, QUIET }, 1, 0 },
        { 300, { TALK, SHOUT, SHOUT }, 1, 0 },
        { 3000, { TALK, QUIET, QUIET }, 1, 0 } } },
    { "three in turn, softly",
      3,
      { { 2000, { QUIET, QUIET, QUIET }, 0, -1 },
        { 4000, { SOFT_TALK, QUIET, QUIET }, 1, -1 },
        { 4000, { QUIET, SOFT_TALK, QUIET }, 2, 1 },
        { 4000, { QUIET, QUIET, SOFT_TALK }, 3, 1 } } },
    { "nobody", 3, { { 20000, { SILENT, SILENT, SILENT }, 1, 1 } } },
};

typedef struct {
    DominantSpeaker *ds;
    Reference reference;
    GRand *rand;
    int64_t now_ms;
    int changes, silences;
} Play;

static Play play_new(int speakers, guint32 seed, gboolean silence)
{
    Play p = { .ds = dominant_speaker_new(silence), .rand = g_rand_new_with_seed(seed), .now_ms = 1000000 };
    reference_init(&p.reference, speakers, p.now_ms);
    return p;
}

static void play_free(Play *p)
{
    dominant_speaker_free(p->ds);
    g_rand_free(p->rand);
}

static void play(Play *p, int ms, const Sound *sound)
{
    p->changes = p->silences = 0;
    for (int t = 0; t < ms; t += PACKET_MS, p->now_ms += PACKET_MS) {
        for (int i = 0; i < p->reference.n; i++) {
            uint8_t level = level_of(sound[i], p->rand, p->now_ms + 70 * i);
            dominant_speaker_level(p->ds, (uint32_t)i + 1, level, p->now_ms);
            reference_hear(&p->reference, i, level);
        }
        SpeechEvent e = dominant_speaker_tick(p->ds, p->now_ms);
        p->changes += e == SPEECH_DOMINANT_CHANGED;
        p->silences += e == SPEECH_SILENCE;
        reference_decide(&p->reference, (long)p->now_ms);
        g_assert_cmpint(dominant_speaker_current(p->ds), ==, p->reference.dominant + 1);
    }
}

static void test_trace(gconstpointer data)
{
    const Trace *t = data;
    for (guint32 seed = 1; seed <= 20; seed++) {
        Play p = play_new(t->speakers, seed, FALSE);
        for (int i = 0; i < PARTS && t->part[i].ms; i++) {
            play(&p, t->part[i].ms, t->part[i].sound);
            if (t->part[i].dominant)
                g_assert_cmpuint(dominant_speaker_current(p.ds), ==, t->part[i].dominant);
            if (t->part[i].changes >= 0)
                g_assert_cmpint(p.changes, ==, t->part[i].changes);
        }
        play_free(&p);
    }
}

/* Anything at all, for half an hour of virtual time: the same decisions as the reference. */
static void test_random(void)
{
    Play p = play_new(REFERENCE_SPEAKERS, 77, FALSE);
    int changes = 0;
    for (int i = 0; i < 900; i++) {
        Sound sound[REFERENCE_SPEAKERS];
        for (int k = 0; k < REFERENCE_SPEAKERS; k++)
            sound[k] = (Sound)g_rand_int_range(p.rand, SILENT, SHOUT + 1);
        play(&p, g_rand_int_range(p.rand, 1, 200) * PACKET_MS, sound);
        changes += p.changes;
    }
    g_test_message("%d changes", changes);
    g_assert_cmpint(changes, >, 20);
    play_free(&p);
}

/* Three seconds after the dominant one fell silent, once; not while somebody talks, and again after he spoke. */
static void test_silence(void)
{
    Play p = play_new(2, 5, TRUE);
    play(&p, 2000, (const Sound[]){ QUIET, QUIET });
    play(&p, 5000, (const Sound[]){ TALK, QUIET });
    g_assert_cmpint(p.silences, ==, 0);
    play(&p, 2600, (const Sound[]){ SILENT, QUIET });
    g_assert_cmpint(p.silences, ==, 0);
    play(&p, 900, (const Sound[]){ SILENT, QUIET });
    g_assert_cmpint(p.silences, ==, 1);
    play(&p, 10000, (const Sound[]){ SILENT, QUIET });
    g_assert_cmpint(p.silences, ==, 0);
    play(&p, 4000, (const Sound[]){ QUIET, TALK });
    g_assert_cmpuint(dominant_speaker_current(p.ds), ==, 2);
    play(&p, 3600, (const Sound[]){ QUIET, SILENT });
    g_assert_cmpint(p.silences, ==, 1);
    play_free(&p);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD_ROWS("/speech/trace", traces, test_trace);
    g_test_add_func("/speech/trace/random", test_random);
    g_test_add_func("/speech/trace/silence event", test_silence);
    return g_test_run();
}
