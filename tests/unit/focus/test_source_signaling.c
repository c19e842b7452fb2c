/* SPDX-License-Identifier: Apache-2.0 */
#include "focus/rate_limit.h"
#include "focus/source_signaling.h"

static SourceSet *set_of(uint32_t audio, uint32_t video)
{
    SourceSet *s = source_set_new();
    if (audio)
        source_set_add_source(s, MEDIA_AUDIO, audio, NULL, NULL, VIDEO_TYPE_UNSET);
    if (video)
        source_set_add_source(s, MEDIA_VIDEO, video, NULL, NULL, VIDEO_TYPE_UNSET);
    return s;
}

static void want(SourceSignaling *s, const char *owner, uint32_t audio, uint32_t video)
{
    g_autoptr(SourceSet) set = set_of(audio, video);
    source_signaling_want(s, owner, set, true);
}

static void assert_map(SourceMap *m, const char *json)
{
    g_autofree char *text = m ? source_map_to_json(m) : NULL;
    g_assert_cmpstr(text, ==, json);
    source_map_free(m);
}

static void assert_flush(SourceSignaling *s, const char *remove, const char *add)
{
    SourceMap *gone, *news;
    g_assert_cmpint(source_signaling_is_pending(s), ==, remove || add);
    source_signaling_flush(s, &gone, &news);
    assert_map(gone, remove);
    assert_map(news, add);
    g_assert_false(source_signaling_is_pending(s));
}

#define ONLY(owner, video, audio) "{\"sources\":{\"" owner "\":[[" video "],[],[" audio "]]}}"
#define S(ssrc) "{\"s\":" #ssrc "}"

static void test_changes(void)
{
    SourceSignaling *s = source_signaling_new(true, true);
    g_autoptr(SourceMap) offered = source_map_new();
    g_autoptr(SourceSet) jvb = set_of(9, 8);
    source_map_set(offered, "jvb", jvb);
    source_signaling_reset(s, offered);
    assert_flush(s, NULL, NULL);
    want(s, "a", 1, 2);
    assert_flush(s, NULL, ONLY("a", S(2), S(1)));
    want(s, "a", 1, 3); /* one source for another */
    assert_flush(s, ONLY("a", S(2), ""), ONLY("a", S(3), ""));
    want(s, "a", 1, 0);
    want(s, "a", 1, 3); /* came back within the period */
    assert_flush(s, NULL, NULL);
    want(s, "a", 0, 0);
    assert_flush(s, ONLY("a", S(3), S(1)), NULL);
    source_signaling_free(s);
}

static void test_left(void)
{
    SourceSignaling *s = source_signaling_new(true, true);
    want(s, "a", 1, 0);
    assert_flush(s, NULL, ONLY("a", "", S(1)));
    source_signaling_want(s, "a", NULL, false); /* left: the receiver sees it by itself */
    assert_flush(s, NULL, NULL);
    g_assert_true(source_map_is_empty(source_signaling_told(s)));
    want(s, "b", 2, 0);
    source_signaling_want(s, "b", NULL, false); /* left before anybody was told */
    assert_flush(s, NULL, NULL);
    source_signaling_free(s);
}

static void test_kinds(void)
{
    SourceSignaling *s = source_signaling_new(true, false);
    want(s, "a", 0, 2);
    assert_flush(s, NULL, NULL);
    want(s, "a", 1, 2);
    assert_flush(s, NULL, ONLY("a", "", S(1)));
    source_signaling_free(s);
}

static void test_rate_limit(void)
{
    RateLimit r = { 0 };
    g_assert_true(rate_limit_allow(&r, 0, 5000, 3, 60000));
    g_assert_false(rate_limit_allow(&r, 4999, 5000, 3, 60000));
    g_assert_true(rate_limit_allow(&r, 5000, 5000, 3, 60000));
    g_assert_true(rate_limit_allow(&r, 10000, 5000, 3, 60000));
    g_assert_false(rate_limit_allow(&r, 59999, 5000, 3, 60000));
    g_assert_true(rate_limit_allow(&r, 60000, 5000, 3, 60000)); /* refusals did not count */
    g_assert_false(rate_limit_allow(&r, 64999, 5000, 3, 60000));
    g_assert_false(rate_limit_allow(&r, 100000, 0, 0, 60000));
    for (int64_t i = 0; i < 3 * RATE_LIMIT_MAX; i++)
        g_assert_cmpint(rate_limit_allow(&r, 200000 + i, 0, 1000, 60000), ==, i < RATE_LIMIT_MAX);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/source signaling/changes", test_changes);
    g_test_add_func("/source signaling/left", test_left);
    g_test_add_func("/source signaling/kinds", test_kinds);
    g_test_add_func("/rate limit", test_rate_limit);
    return g_test_run();
}
