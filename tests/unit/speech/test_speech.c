/* SPDX-License-Identifier: Apache-2.0 */
#include <glib.h>
#include "bridge/speech/dominant_speaker.h"
#include "bridge/speech/loudest.h"

#define QUIET 127 /* wire levels: -dBov */
#define NOISE 80
#define VOICE 25

typedef struct {
    DominantSpeaker *ds;
    int64_t now;
    int changes, silences;
} Room;

/* Levels of speakers 1..n, one packet each per 20 ms, for so long; 255: sends nothing. */
static void talk(Room *room, int ms, const uint8_t *levels, int n)
{
    for (int t = 0; t < ms; t += 20, room->now += 20) {
        for (int i = 0; i < n; i++)
            if (levels[i] != 255)
                dominant_speaker_level(room->ds, (uint32_t)i + 1, levels[i], room->now);
        SpeechEvent e = dominant_speaker_tick(room->ds, room->now);
        room->changes += e == SPEECH_DOMINANT_CHANGED;
        room->silences += e == SPEECH_SILENCE;
    }
}

static Room room_new(gboolean silence)
{
    return (Room){ .ds = dominant_speaker_new(silence), .now = 1000000 };
}

static void test_turns(void)
{
    Room r = room_new(FALSE);
    talk(&r, 3000, (const uint8_t[]){ NOISE, NOISE, NOISE }, 3);
    talk(&r, 3000, (const uint8_t[]){ NOISE, VOICE, NOISE }, 3);
    g_assert_cmpuint(dominant_speaker_current(r.ds), ==, 2);
    int changes = r.changes;
    talk(&r, 5000, (const uint8_t[]){ NOISE, NOISE, NOISE }, 3); /* a pause changes nothing */
    g_assert_cmpuint(dominant_speaker_current(r.ds), ==, 2);
    talk(&r, 3000, (const uint8_t[]){ VOICE, NOISE, NOISE }, 3);
    g_assert_cmpuint(dominant_speaker_current(r.ds), ==, 1);
    talk(&r, 60, (const uint8_t[]){ NOISE, NOISE, VOICE }, 3); /* a cough */
    talk(&r, 1000, (const uint8_t[]){ VOICE, NOISE, NOISE }, 3);
    g_assert_cmpuint(dominant_speaker_current(r.ds), ==, 1);
    talk(&r, 3000, (const uint8_t[]){ NOISE, NOISE, VOICE }, 3);
    g_assert_cmpuint(dominant_speaker_current(r.ds), ==, 3);
    g_assert_cmpint(r.changes, ==, changes + 2);
    uint32_t recent[SPEECH_RECENT];
    g_assert_cmpuint(dominant_speaker_recent(r.ds, recent), >=, 3);
    g_assert_cmpuint(recent[0], ==, 3);
    g_assert_cmpuint(recent[1], ==, 1);
    g_assert_cmpuint(recent[2], ==, 2);
    g_assert_true(dominant_speaker_remove(r.ds, 1));
    g_assert_false(dominant_speaker_remove(r.ds, 1));
    g_assert_cmpuint(dominant_speaker_recent(r.ds, recent), ==, 2);
    g_assert_true(dominant_speaker_remove(r.ds, 3));
    g_assert_cmpuint(dominant_speaker_current(r.ds), ==, SPEECH_NOBODY);
    talk(&r, 400, (const uint8_t[]){ 255, NOISE, 255 }, 3);
    g_assert_cmpuint(dominant_speaker_current(r.ds), ==, 2);
    dominant_speaker_free(r.ds);
}

static void test_single(void)
{
    Room r = room_new(FALSE);
    g_assert_cmpint(dominant_speaker_next_due(r.ds, r.now), ==, INT64_MAX);
    talk(&r, 280, (const uint8_t[]){ QUIET }, 1);
    g_assert_cmpuint(dominant_speaker_current(r.ds), ==, SPEECH_NOBODY);
    talk(&r, 40, (const uint8_t[]){ QUIET }, 1);
    g_assert_cmpuint(dominant_speaker_current(r.ds), ==, 1);
    g_assert_cmpint(r.changes, ==, 1);
    dominant_speaker_free(r.ds);
}

/* Steady noise does not win, however loud: it is that microphone's background. */
static void test_background(void)
{
    Room r = room_new(FALSE);
    talk(&r, 20000, (const uint8_t[]){ NOISE, 45 }, 2);
    talk(&r, 2000, (const uint8_t[]){ VOICE, 45 }, 2);
    g_assert_cmpuint(dominant_speaker_current(r.ds), ==, 1);
    talk(&r, 5000, (const uint8_t[]){ NOISE, 45 }, 2);
    g_assert_cmpuint(dominant_speaker_current(r.ds), ==, 1);
    dominant_speaker_free(r.ds);
}

/* A muted dominant speaker sends nothing at all; the next one still takes over. */
static void test_muted(void)
{
    Room r = room_new(FALSE);
    talk(&r, 1000, (const uint8_t[]){ NOISE, NOISE }, 2); /* a first level is taken for the background */
    talk(&r, 3000, (const uint8_t[]){ VOICE, NOISE }, 2);
    g_assert_cmpuint(dominant_speaker_current(r.ds), ==, 1);
    talk(&r, 3000, (const uint8_t[]){ 255, VOICE }, 2);
    g_assert_cmpuint(dominant_speaker_current(r.ds), ==, 2);
    talk(&r, 20000, (const uint8_t[]){ 255, 255 }, 2);
    g_assert_cmpint(dominant_speaker_next_due(r.ds, r.now), ==, INT64_MAX);
    talk(&r, 3000, (const uint8_t[]){ VOICE, 255 }, 2);
    g_assert_cmpuint(dominant_speaker_current(r.ds), ==, 1);
    dominant_speaker_free(r.ds);
}

static void test_silence(void)
{
    Room r = room_new(TRUE);
    talk(&r, 1000, (const uint8_t[]){ NOISE, NOISE }, 2);
    talk(&r, 2000, (const uint8_t[]){ VOICE, NOISE }, 2);
    talk(&r, 2000, (const uint8_t[]){ QUIET, NOISE }, 2);
    g_assert_cmpint(r.silences, ==, 0);
    talk(&r, 5000, (const uint8_t[]){ QUIET, NOISE }, 2);
    g_assert_cmpint(r.silences, ==, 1);
    int changes = r.changes;
    talk(&r, 1000, (const uint8_t[]){ VOICE, NOISE }, 2);
    g_assert_cmpint(r.changes, ==, changes + 1); /* the same one speaks again */
    talk(&r, 5000, (const uint8_t[]){ QUIET, NOISE }, 2);
    g_assert_cmpint(r.silences, ==, 2);
    dominant_speaker_free(r.ds);
}

static void test_limits(void)
{
    DominantSpeaker *ds = dominant_speaker_new(FALSE);
    for (uint32_t i = 0; i < SPEECH_MAX_SPEAKERS + 500; i++)
        dominant_speaker_level(ds, i + 1, (uint8_t)i, 5);
    dominant_speaker_level(ds, SPEECH_NOBODY, 3, 5);
    dominant_speaker_level(ds, 1, 3, 4); /* older: ignored */
    g_assert_cmpint(dominant_speaker_tick(ds, 400), ==, SPEECH_DOMINANT_CHANGED);
    for (uint32_t i = 0; i < SPEECH_MAX_SPEAKERS; i++)
        dominant_speaker_remove(ds, i + 1);
    dominant_speaker_level(ds, 5000, 20, 500);
    g_assert_cmpint(dominant_speaker_tick(ds, 1000), ==, SPEECH_DOMINANT_CHANGED);
    g_assert_cmpuint(dominant_speaker_current(ds), ==, 5000);
    dominant_speaker_free(ds);
}

static void test_loudest(void)
{
    Loudest l = { 0 };
    g_assert_cmpuint(loudest_level(&l, 1, 60, 0), ==, 0);
    g_assert_cmpuint(loudest_level(&l, 2, 40, 0), ==, 0);
    g_assert_cmpuint(loudest_level(&l, 3, 50, 0), ==, 1);
    g_assert_cmpuint(loudest_level(&l, 4, 90, 0), ==, 3);
    g_assert_cmpuint(loudest_level(&l, 4, 20, 20), ==, 2); /* (107 + 37 + 1) / 2 = 72: below 87 and 77, above 67 */
    g_assert_cmpuint(loudest_level(&l, 4, 20, 40), ==, 0);
    g_assert_cmpuint(loudest_level(&l, 1, 60, 160), ==, 1); /* 2 and 3 have expired */
    g_assert_cmpuint(l.count, ==, 2);
    loudest_remove(&l, 4);
    g_assert_cmpuint(loudest_level(&l, 1, 60, 180), ==, 0);
    for (uint32_t i = 10; i < 10 + 2 * LOUDEST_MAX; i++)
        loudest_level(&l, i, (uint8_t)(100 - i % 50), 200);
    g_assert_cmpuint(l.count, ==, LOUDEST_MAX);
    g_assert_cmpuint(loudest_level(&l, 9, 127, 200), ==, LOUDEST_MAX);
    g_assert_cmpuint(loudest_level(&l, 8, 0, 200), ==, 0);
    for (size_t i = 1; i < l.count; i++)
        g_assert_cmpuint(l.entry[i].energy, <=, l.entry[i - 1].energy);
    g_assert_true(loudest_passes(2, 3, false, false));
    g_assert_false(loudest_passes(3, 3, false, false));
    g_assert_true(loudest_passes(9, 3, true, false));
    g_assert_true(loudest_passes(9, 3, false, true));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/speech/turns", test_turns);
    g_test_add_func("/speech/single", test_single);
    g_test_add_func("/speech/background", test_background);
    g_test_add_func("/speech/muted", test_muted);
    g_test_add_func("/speech/silence", test_silence);
    g_test_add_func("/speech/limits", test_limits);
    g_test_add_func("/speech/loudest", test_loudest);
    return g_test_run();
}
