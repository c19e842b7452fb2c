/* SPDX-License-Identifier: Apache-2.0
 *
 * Sound on the whole packet path: its numbers and clock at a receiver, and who hears what is translated. */
#include "tests/unit/media/engine_kit.h"

static void subscribe(Engine *f, unsigned who, bool all, const char *name)
{
    WorkerCommand *c = worker_command_new(WORKER_AUDIO_SUBSCRIPTION, 1, 10 + who, name ? 1 : 0);
    c->audio_subscription.all = all;
    if (name)
        g_strlcpy(c->audio_subscription.names[0].name, name, WORKER_NAME_SIZE);
    media_endpoint_set_audio_wishes(f->client[who].ep, c);
}

/* Sound keeps its order and its holes, and nothing else: what was held back, was not wanted or came before the beginning
 * leaves none, and over a break its clock goes on by the wall's. */
static void test_audio_numbers(Engine *f, gconstpointer unused)
{
    enum { LOUD = 30, SILENT = 127, NO = -1 };
    static const struct {
        uint16_t seq;
        uint8_t level;
        bool deaf; /* not subscribed meanwhile */
        int want;  /* after the first one's number */
    } steps[] = {
        { 1000, LOUD, false, 0 },    { 1001, LOUD, false, 1 },   { 1004, LOUD, false, 4 }, /* two are late.. */
        { 1002, LOUD, false, 2 },    { 999, LOUD, false, NO },   { 1005, SILENT, false, 5 },
        { 1006, SILENT, false, 6 },  { 1007, SILENT, false, 7 }, { 1008, SILENT, false, NO },
        { 1009, SILENT, false, NO }, { 1010, LOUD, false, 8 },   { 1003, LOUD, false, 3 }, /* ..one by much */
        { 1011, LOUD, true, NO },    { 1012, LOUD, true, NO },   { 1013, LOUD, false, 9 },
        { 1012, LOUD, false, NO },   { 1015, LOUD, false, 11 },  { 1014, LOUD, false, 10 },
        { 30000, LOUD, false, 12 },  { 30001, LOUD, false, 13 },
    };
    uint16_t first = 0;
    uint32_t ts[14];
    int64_t at_us[14];
    for (size_t i = 0; i < G_N_ELEMENTS(steps); i++) {
        RtpView v;
        subscribe(f, 1, !steps[i].deaf, NULL);
        engine_speak_as(f, 0, OPUS_PT, steps[i].level, steps[i].seq);
        bool heard = engine_hear(f, 1, &v);
        g_test_message("%u", steps[i].seq);
        g_assert_true(heard == (steps[i].want >= 0));
        if (!heard)
            continue;
        first = i == 0 ? v.seq : first;
        g_assert_cmpuint((uint16_t)(v.seq - first), ==, steps[i].want);
        ts[steps[i].want] = v.ts;
        at_us[steps[i].want] = f->w.now_us;
        g_assert_false(engine_hear(f, 1, &v));
    }
    for (int i = 1; i <= 8; i++) /* by the sender's clock, which counts what was held back */
        g_assert_cmpuint(ts[i] - ts[0], ==, (uint32_t)(i <= 7 ? i : 10) * 960);
    g_assert_cmpuint(ts[9] - ts[8], ==, (uint32_t)((at_us[9] - at_us[8]) / 1000) * 48);
    g_assert_cmpuint(ts[10] - ts[9], ==, 960);
    g_assert_cmpuint(ts[11] - ts[9], ==, 2 * 960);
    g_assert_cmpint((int32_t)(ts[12] - ts[11]), >, 0); /* the sender began anew */
    g_assert_cmpuint(ts[13] - ts[12], ==, 960);
}

static bool hears(Engine *f, unsigned who, uint16_t seq)
{
    RtpView v;
    bool any = false;
    while (engine_hear(f, who, &v))
        ; /* of before */
    engine_speak(f, 0, seq);
    while (engine_hear(f, who, &v))
        any |= v.ssrc == AUDIO_SSRC(0);
    return any;
}

static void talk(Engine *f, uint16_t from)
{
    for (uint16_t seq = from; seq < from + 92; seq++) {
        engine_speak(f, 0, seq);
        timers_run(&f->w.timers, f->w.now_us, 64);
    }
}

/* To nobody but who asks for it by name, even its owner; and it makes nobody the speaker. */
static void test_synthetic(Engine *f, gconstpointer unused)
{
    WorkerSource source = { .name = "c0-a0",
                            .kind = WORKER_AUDIO,
                            .n_encodings = 1,
                            .encodings = { { .ssrc = AUDIO_SSRC(0) } },
                            .synthetic = true };
    media_endpoint_set_sources(f->client[0].ep, NULL, 0);
    media_endpoint_set_sources(f->client[0].ep, &source, 1);
    g_assert_false(hears(f, 1, 1));
    subscribe(f, 1, true, NULL);
    g_assert_false(hears(f, 1, 2));
    subscribe(f, 1, false, "c0-a0");
    g_assert_true(hears(f, 1, 3));
    g_assert_false(hears(f, 0, 4));
    subscribe(f, 0, true, "c0-a0");
    g_assert_true(hears(f, 0, 5));
    subscribe(f, 1, true, NULL);
    subscribe(f, 0, true, NULL);
    g_assert_false(hears(f, 1, 6));
    g_assert_false(hears(f, 0, 7));
    talk(f, 8);
    g_assert_cmpuint(f->conference->dominant, ==, SPEECH_NOBODY);
    source.synthetic = false; /* his own voice does, with as many words */
    media_endpoint_set_sources(f->client[0].ep, NULL, 0);
    media_endpoint_set_sources(f->client[0].ep, &source, 1);
    talk(f, 100);
    g_assert_cmpuint(f->conference->dominant, !=, SPEECH_NOBODY);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define SOUND(name, function) g_test_add("/media/sound/" name, Engine, NULL, engine_set_up, function, engine_tear_down)
    SOUND("numbers", test_audio_numbers);
    SOUND("translated", test_synthetic);
    return g_test_run();
}
