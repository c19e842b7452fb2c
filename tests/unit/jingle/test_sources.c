/* SPDX-License-Identifier: Apache-2.0
 *
 * Source sets from one-line texts, so that a row reads like what it means:
 *   "v1001/n/m" a video source, SSRC 1001, name n, msid m ("-" for none; a trailing * says desktop)
 *   "a900/n/m"  an audio source      "F1,2" FID      "S1,2,3" SIM      (groups are video groups) */
#include "common/jingle/jingle.h"

#include <stdlib.h>
#include "tests/fakes/rows.h"

static SourceSet *set_of(const char *text)
{
    SourceSet *s = source_set_new();
    g_auto(GStrv) words = g_strsplit(text, " ", -1);
    for (char **w = words; *w; w++) {
        if (**w == 'F' || **w == 'S') {
            uint32_t ssrcs[SOURCE_GROUP_MAX];
            guint n = 0;
            g_auto(GStrv) members = g_strsplit(*w + 1, ",", -1);
            for (char **m = members; *m && **m; m++)
                ssrcs[n++] = (uint32_t)strtoul(*m, NULL, 10);
            source_set_add_group(s, MEDIA_VIDEO, **w == 'F' ? GROUP_FID : GROUP_SIM, ssrcs, n);
        } else if (**w) {
            g_auto(GStrv) part = g_strsplit(*w + 1, "/", -1);
            const char *name = part[1] && strcmp(part[1], "-") ? part[1] : NULL;
            char *msid = part[1] && part[2] && strcmp(part[2], "-") ? part[2] : NULL;
            bool desktop = msid && g_str_has_suffix(msid, "*");
            if (desktop)
                msid[strlen(msid) - 1] = '\0';
            source_set_add_source(s, **w == 'a' ? MEDIA_AUDIO : MEDIA_VIDEO, (uint32_t)strtoul(part[0], NULL, 10), name,
                                  msid, desktop ? VIDEO_TYPE_DESKTOP : VIDEO_TYPE_UNSET);
        }
    }
    return s;
}

static void assert_set(const SourceSet *s, const char *want)
{
    g_autoptr(SourceSet) expected = set_of(want);
    if (!source_set_equal(s, expected)) {
        g_autoptr(SourceMap) shown = source_map_new();
        source_map_set(shown, "set", s);
        g_autofree char *json = source_map_to_json(shown);
        g_test_message("want %s, got %s", want, json);
        g_test_fail();
    }
}

/* --- algebra ------------------------------------------------------------------------------------ */

typedef struct {
    const char *name;
    void (*op)(SourceSet *a, const SourceSet *b);
    const char *a, *b, *want;
} SetCase;

static void minus(SourceSet *a, const SourceSet *b)
{
    g_autoptr(SourceSet) d = source_set_difference(a, b);
    source_set_drop_kind(a, MEDIA_AUDIO);
    source_set_drop_kind(a, MEDIA_VIDEO);
    source_set_add(a, d);
}

static void strip(SourceSet *a, const SourceSet *b)
{
    source_set_strip_simulcast(a);
}

static void no_video(SourceSet *a, const SourceSet *b)
{
    source_set_drop_kind(a, MEDIA_VIDEO);
}

#define SIM3 "v1/n/m v2/n/m v3/n/m v4/n/m v5/n/m v6/n/m S1,2,3 F1,4 F2,5 F3,6"
static const SetCase set_cases[] = {
    { "add to empty", source_set_add, "", "v1/n/m a2/x/y", "v1/n/m a2/x/y" },
    { "add keeps what is there", source_set_add, "v1/n/m", "v1/other/other v2/n/m F1,2", "v1/n/m v2/n/m F1,2" },
    { "add a group once", source_set_add, "v1/n/m v2/n/m F1,2", "F1,2", "v1/n/m v2/n/m F1,2" },
    { "remove takes broken groups along", source_set_remove, SIM3, "v3",
      "v1/n/m v2/n/m v4/n/m v5/n/m v6/n/m F1,4 F2,5" },
    { "remove a group only", source_set_remove, "v1/n/m v2/n/m F1,2", "F1,2", "v1/n/m v2/n/m" },
    { "remove what is not there", source_set_remove, "v1/n/m", "v9 F1,9", "v1/n/m" },
    { "remove all", source_set_remove, SIM3, SIM3, "" },
    { "minus nothing", minus, SIM3, "", SIM3 },
    { "minus itself", minus, SIM3, SIM3, "" },
    { "minus sees a changed msid", minus, "v1/n/m v2/n/k", "v1/n/m v2/n/m", "v2/n/k" },
    { "minus sees a changed type", minus, "v1/n/m*", "v1/n/m", "v1/n/m*" },
    { "minus sees groups", minus, "v1/n/m v2/n/m F1,2", "v1/n/m v2/n/m", "F1,2" },
    { "strip three layers", strip, SIM3, "", "v1/n/m v4/n/m F1,4" },
    { "strip without rtx", strip, "v1/n/m v2/n/m v3/n/m S1,2,3", "", "v1/n/m" },
    { "strip leaves svc alone", strip, "v1/n/m v2/n/m F1,2 a3/x/y", "", "v1/n/m v2/n/m F1,2 a3/x/y" },
    { "strip two cameras", strip, "v1/n/m v2/n/m S1,2 v11/k/l v12/k/l S11,12 v13/k/l F11,13", "",
      "v1/n/m v11/k/l v13/k/l F11,13" },
    { "strip a layer named twice", strip, "v1/n/m S1,1", "", "v1/n/m" },
    { "strip overlapping groups", strip, "v1/n/m v2/n/m v3/n/m S1,2 S2,3", "", "v1/n/m v3/n/m" },
    { "no video", no_video, "a9/x/y " SIM3, "", "a9/x/y" },
};

static void test_set(gconstpointer data)
{
    const SetCase *c = data;
    g_autoptr(SourceSet) a = set_of(c->a);
    g_autoptr(SourceSet) b = set_of(c->b);
    c->op(a, b);
    assert_set(a, c->want);
}

static void test_equal(void)
{
    g_autoptr(SourceSet) a = set_of("v1/n/m v2/n/m F1,2");
    g_autoptr(SourceSet) shuffled = set_of("F1,2 v2/n/m v1/n/m");
    g_autoptr(SourceSet) swapped = set_of("v1/n/m v2/n/m F2,1");
    g_autoptr(SourceSet) sim = set_of("v1/n/m v2/n/m S1,2");
    g_autoptr(SourceSet) copy = source_set_copy(a);
    g_assert_true(source_set_equal(a, shuffled));
    g_assert_true(source_set_equal(a, copy));
    g_assert_false(source_set_equal(a, swapped));
    g_assert_false(source_set_equal(a, sim));
}

/* --- names -------------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    MediaKind kind;
    bool valid;
} names[] = {
    { "ab12-a0", MEDIA_AUDIO, true },    { "ab12-v1", MEDIA_VIDEO, true },   { "ab12-v17", MEDIA_VIDEO, true },
    { "ab12-a0-fr", MEDIA_AUDIO, true }, { "ab12-a0", MEDIA_VIDEO, false },  { "ab12-v0", MEDIA_AUDIO, false },
    { "ab12-v", MEDIA_VIDEO, false },    { "ab12", MEDIA_VIDEO, false },     { "ab13-v0", MEDIA_VIDEO, false },
    { "ab12-v0x", MEDIA_VIDEO, false },  { "ab12-v0-", MEDIA_VIDEO, false }, { "ab12-v0-\"", MEDIA_VIDEO, false },
    { "ab12-v0-é", MEDIA_VIDEO, false }, { "", MEDIA_VIDEO, false },         { "ab12-v0-a b", MEDIA_VIDEO, false },
};

static void test_names(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        g_test_message("%s", names[i].name);
        g_assert_cmpint(source_name_is_valid(names[i].name, "ab12", names[i].kind), ==, names[i].valid);
    }
}

/* --- validation ----------------------------------------------------------------------------------- */

typedef struct {
    const char *name;
    const char *before;       /* of "a"; "b" always has v900/b-v0/bm and a901/b-a0/ba */
    const char *change;       /* added; or, after a minus sign, removed */
    const char *want;         /* of "a" afterwards, or NULL when refused */
    const char *text_or_diff; /* the error, or what was really added or removed */
} CheckCase;

#define GOOD "v1/a-v0/m v2/a-v0/m F1,2"
static const CheckCase checks[] = {
    { "plain", "", GOOD, GOOD, GOOD },
    { "simulcast", "", "v1/a-v0/m v2/a-v0/m v3/a-v0/m v4/a-v0/m S1,3 F1,2 F3,4",
      "v1/a-v0/m v2/a-v0/m v3/a-v0/m v4/a-v0/m S1,3 F1,2 F3,4",
      "v1/a-v0/m v2/a-v0/m v3/a-v0/m v4/a-v0/m S1,3 F1,2 F3,4" },
    { "no names at all", "", "v1/-/m a2/-/x", "v1/-/m a2/-/x", "v1/-/m a2/-/x" },
    { "one msid for audio and video", "", "v1/a-v0/m a2/a-a0/m", "v1/a-v0/m a2/a-a0/m", "v1/a-v0/m a2/a-a0/m" },
    { "nothing", GOOD, "", GOOD, "" },
    { "one name, two msids", "", "v1/a-v0/m v2/a-v0/n", NULL, "Source name is already used: a-v0." },
    { "one name, two groups", "", GOOD " v3/a-v0/n v4/a-v0/n F3,4", NULL, "Source name is already used: a-v0." },
    { "a name that was there, another msid", GOOD, "v3/a-v0/n", NULL, "Source name is already used: a-v0." },
    { "another name, another msid", GOOD, "v3/a-v1/n", GOOD " v3/a-v1/n", "v3/a-v1/n" },
    { "ssrc 0", "", "v0/a-v0/m", NULL, "Invalid SSRC: 0." },
    { "own ssrc again", GOOD, "v1/a-v0/m", NULL, "SSRC is already used: 1." },
    { "ssrc twice in one message", "", "v7/a-v0/m v7/a-v0/m", NULL, "SSRC is already used: 7." },
    { "ssrc of another", "", "v900/a-v0/m", NULL, "SSRC is already used: 900." },
    { "ssrc of another, other kind", "", "a900/a-a0/m", NULL, "SSRC is already used: 900." },
    { "msid of another", "", "v1/a-v0/bm", NULL, "MSID is already used: bm." },
    { "name of another", "", "v1/b-v0/m", NULL, "Invalid source name: b-v0." },
    { "name without owner", "", "v1/camera/m", NULL, "Invalid source name: camera." },
    { "21 sources", "a1 a2 a3 a4 a5 a6 a7 a8 a9 a10 a11 a12 a13 a14 a15 a16 a17 a18 a19", "a20 a21", NULL,
      "SSRC limit (20) exceeded." },
    { "20 sources", "a1 a2 a3 a4 a5 a6 a7 a8 a9 a10 a11 a12 a13 a14 a15 a16 a17 a18", "a20 a21",
      "a1 a2 a3 a4 a5 a6 a7 a8 a9 a10 a11 a12 a13 a14 a15 a16 a17 a18 a20 a21", "a20 a21" },
    { "group of a stranger", "", "v1/a-v0/m F1,2", NULL,
      "An SSRC group contains an SSRC, which hasn't been signaled as a source: 2." },
    { "group with another's ssrc", "", "v1/a-v0/m F1,900", NULL,
      "An SSRC group contains an SSRC, which hasn't been signaled as a source: 900." },
    { "video group of audio", "", "a1/a-a0/m v2/a-v0/m F2,1", NULL,
      "An SSRC group contains an SSRC, which hasn't been signaled as a source: 1." },
    { "FID of three", "", "v1/a-v0/m v2/a-v0/m v3/a-v0/m F1,2,3", NULL, "Invalid FID group: FID[1, 2, 3]" },
    { "FID of one", "", "v1/a-v0/m F1", NULL, "Invalid FID group: FID[1]" },
    { "grouped without msid", "", "v1/a-v0/- v2/a-v0/- F1,2", NULL,
      "Required source parameter 'msid' is not present." },
    { "group with two msids", "", "v1/a-v0/m v2/a-v0/k F1,2", NULL,
      "SsrcGroup contains sources with different MSIDs: FID[1, 2]" },
    { "two FIDs, one msid", "", "v1/a-v0/m v2/a-v0/m F1,2 v3/a-v1/m v4/a-v1/m F3,4", NULL, "MSID is already used: m." },
    { "lone source with a group's msid", "", GOOD " v3/a-v1/m", NULL, "MSID is already used: m." },
    { "two lone sources, one msid", "", "v1/a-v0/m v2/a-v1/m", NULL, "MSID is already used: m." },
    { "clash with what was there", GOOD, "v3/a-v1/m", NULL, "MSID is already used: m." },
    { "two cameras", GOOD, "v3/a-v1/k* v4/a-v1/k F3,4", GOOD " v3/a-v1/k* v4/a-v1/k F3,4",
      "v3/a-v1/k* v4/a-v1/k F3,4" },
    { "empty and repeated groups", GOOD, "F F1,2 v3/a-v1/k", GOOD " v3/a-v1/k", "v3/a-v1/k" },
    { "remove all", GOOD, "-" GOOD, "", GOOD },
    { "remove takes the group", GOOD, "-v2", "v1/a-v0/m", "v2/a-v0/m F1,2" },
    { "remove the group", GOOD, "-F1,2", "v1/a-v0/m v2/a-v0/m", "F1,2" },
    { "remove a stranger", GOOD, "-v3", NULL, "Source does not exist or is not owned by endpoint (ssrc=3)." },
    { "remove another's", GOOD, "-v900", NULL, "Source does not exist or is not owned by endpoint (ssrc=900)." },
    { "remove from nothing", "", "-v1", NULL, "Source does not exist or is not owned by endpoint (ssrc=1)." },
    { "remove an unknown group", GOOD, "-F2,1", NULL, "Source group does not exist" },
    { "remove nothing", GOOD, "-", GOOD, "" },
};

static void test_check(gconstpointer data)
{
    const CheckCase *c = data;
    SourceLimits limits = SOURCE_LIMITS_DEFAULT;
    g_autoptr(GError) error = NULL;
    g_autoptr(SourceMap) m = source_map_new();
    g_autoptr(SourceSet) b = set_of("v900/b-v0/bm a901/b-a0/ba");
    g_autoptr(SourceSet) before = set_of(c->before);
    g_autoptr(SourceSet) diff = NULL;
    g_assert_true(source_map_try_add(m, "b", b, &limits, NULL, NULL));
    g_assert_true(source_map_try_add(m, "a", before, &limits, NULL, NULL));

    bool remove = *c->change == '-';
    g_autoptr(SourceSet) change = set_of(c->change + remove);
    g_autoptr(SourceMap) untouched = source_map_copy(m);
    bool ok = remove ? source_map_try_remove(m, "a", change, &diff, &error)
                     : source_map_try_add(m, "a", change, &limits, &diff, &error);
    g_assert_cmpint(ok, ==, c->want != NULL);
    if (ok) {
        g_autoptr(SourceSet) empty = source_set_new();
        const SourceSet *now = source_map_get(m, "a");
        assert_set(now ? now : empty, c->want);
        assert_set(diff, c->text_or_diff);
    } else {
        g_assert_error(error, JINGLE_ERROR, JINGLE_ERROR_BAD_REQUEST);
        g_assert_cmpstr(error->message, ==, c->text_or_diff);
        g_assert_true(source_map_equal(m, untouched));
    }
    assert_set(source_map_get(m, "b"), "v900/b-v0/bm a901/b-a0/ba");
}

static void test_names_across_owners(void)
{
    /* "x-a0" may write x-a0-a0, and so may "x" (a suffix): the second to come is refused. */
    SourceLimits limits = SOURCE_LIMITS_DEFAULT;
    g_autoptr(GError) error = NULL;
    g_autoptr(SourceMap) m = source_map_new();
    g_autoptr(SourceSet) first = set_of("a1/x-a0-a0/m");
    g_autoptr(SourceSet) second = set_of("a2/x-a0-a0/k");
    g_assert_true(source_map_try_add(m, "x", first, &limits, NULL, NULL));
    g_assert_false(source_map_try_add(m, "x-a0", second, &limits, NULL, &error));
    g_assert_cmpstr(error->message, ==, "Source name is already used: x-a0-a0.");
    limits.check_names = false;
    g_assert_true(source_map_try_add(m, "x-a0", second, &limits, NULL, NULL));
    g_autoptr(SourceSet) same_name = set_of("a3/x-a0-a0/n");
    g_assert_true(source_map_try_add(m, "x-a0", same_name, &limits, NULL, NULL));
}

static void test_freed_on_leave(void)
{
    SourceLimits limits = SOURCE_LIMITS_DEFAULT;
    g_autoptr(SourceMap) m = source_map_new();
    g_autoptr(SourceSet) s = set_of("v1/-/m");
    g_assert_true(source_map_try_add(m, "a", s, &limits, NULL, NULL));
    g_autoptr(SourceSet) taken = source_map_take(m, "a");
    assert_set(taken, "v1/-/m");
    g_assert_null(source_map_take(m, "a"));
    g_assert_true(source_map_is_empty(m));
    g_assert_true(source_map_try_add(m, "b", s, &limits, NULL, NULL)); /* SSRC and msid are free again */
}

/* --- maps --------------------------------------------------------------------------------------- */

static SourceMap *map_of(const char *first, ...)
{
    SourceMap *m = source_map_new();
    va_list args;
    va_start(args, first);
    for (const char *owner = first; owner; owner = va_arg(args, const char *)) {
        g_autoptr(SourceSet) s = set_of(va_arg(args, const char *));
        source_map_set(m, owner, s);
    }
    va_end(args);
    return m;
}

static void test_map_difference(void)
{
    g_autoptr(SourceMap) a = map_of("x", "v1/-/m v2/-/k", "y", "a3/-/z", "same", "a7/-/s", NULL);
    g_autoptr(SourceMap) b = source_map_copy(a);
    g_autoptr(SourceSet) changed = set_of("v1/-/m");
    source_map_set(b, "x", changed);
    source_map_set(b, "y", NULL);
    g_autoptr(SourceMap) d = source_map_difference(a, b);
    g_autoptr(SourceMap) want = map_of("x", "v2/-/k", "y", "a3/-/z", NULL);
    g_assert_true(source_map_equal(d, want));
    g_autoptr(SourceMap) none = source_map_difference(b, a);
    g_assert_true(source_map_is_empty(none));
    assert_set(source_map_get(a, "x"), "v1/-/m v2/-/k"); /* a copy never changes its original */
}

static void test_map_filters(void)
{
    g_autoptr(SourceMap) m = map_of("x", "a9/-/q " SIM3, "y", "v31/-/r", NULL);
    source_map_strip_simulcast(m);
    assert_set(source_map_get(m, "x"), "a9/-/q v1/n/m v4/n/m F1,4");
    source_map_drop_kind(m, MEDIA_VIDEO);
    assert_set(source_map_get(m, "x"), "a9/-/q");
    g_assert_null(source_map_get(m, "y"));
    g_assert_cmpuint(source_map_size(m), ==, 1);
}

/* --- compact JSON --------------------------------------------------------------------------------- */

static void test_json_written(void)
{
    g_autoptr(SourceMap) m =
        map_of("jvb", "v3311/jvb-v0/mixed_v a2210/jvb-a0/mixed_a", "f0",
               "v1001/f0-v0/x v1002/f0-v0/x F1001,1002 a900/f0-a0/y v7/-/-", "d", "v5/d-v1/z*", NULL);
    g_autofree char *json = source_map_to_json(m);
    g_assert_cmpstr(
        json, ==,
        "{\"sources\":{"
        "\"jvb\":[[{\"s\":3311,\"n\":\"jvb-v0\",\"m\":\"mixed_v\"}],[],"
        "[{\"s\":2210,\"n\":\"jvb-a0\",\"m\":\"mixed_a\"}]],"
        "\"f0\":[[{\"s\":1001,\"n\":\"f0-v0\",\"m\":\"x\"},{\"s\":1002,\"n\":\"f0-v0\",\"m\":\"x\"},{\"s\":7}],"
        "[[\"f\",1001,1002]],[{\"s\":900,\"n\":\"f0-a0\",\"m\":\"y\"}]],"
        "\"d\":[[{\"s\":5,\"n\":\"d-v1\",\"m\":\"z\",\"v\":\"d\"}],[],[]]}}");
    g_autoptr(SourceMap) back = source_map_from_json(json, NULL);
    g_assert_nonnull(back);
    g_assert_true(source_map_equal(back, m));
}

static void test_json_audio_groups(void)
{
    uint32_t pair[] = { 1, 2 };
    g_autoptr(SourceSet) s = set_of("a1/-/m a2/-/m");
    source_set_add_group(s, MEDIA_AUDIO, GROUP_FID, pair, 2);
    g_autoptr(SourceMap) m = source_map_new();
    source_map_set(m, "x", s);
    g_autofree char *json = source_map_to_json(m);
    g_assert_cmpstr(json, ==,
                    "{\"sources\":{\"x\":[[],[],[{\"s\":1,\"m\":\"m\"},{\"s\":2,\"m\":\"m\"}],[[\"f\",1,2]]]}}");
    g_autoptr(SourceMap) back = source_map_from_json(json, NULL);
    g_assert_true(source_map_equal(back, m));
}

static void test_json_escaped(void)
{
    g_autoptr(SourceSet) s = source_set_new();
    source_set_add_source(s, MEDIA_AUDIO, 4294967295u, "a\"b\\c", "\x01\n\xc3\xa9", VIDEO_TYPE_UNSET);
    g_autoptr(SourceMap) m = source_map_new();
    source_map_set(m, "o\"]}", s);
    g_autofree char *json = source_map_to_json(m);
    g_assert_cmpstr(json, ==,
                    "{\"sources\":{\"o\\\"]}\":[[],[],[{\"s\":4294967295,\"n\":\"a\\\"b\\\\c\","
                    "\"m\":\"\\u0001\\u000a\xc3\xa9\"}]]}}");
    g_autoptr(SourceMap) back = source_map_from_json(json, NULL);
    g_assert_true(source_map_equal(back, m));
}

static void test_json_refused(void)
{
    static const char *const bad[] = {
        "",
        "{",
        "[]",
        "{}",
        "{\"sources\":[]}",
        "{\"sources\":{\"a\":{}}}",
        "{\"sources\":{\"a\":[{}]}}",
        "{\"sources\":{\"a\":[[{}]]}}",
        "{\"sources\":{\"a\":[[{\"s\":0}]]}}",
        "{\"sources\":{\"a\":[[{\"s\":\"1\"}]]}}",
        "{\"sources\":{\"a\":[[{\"s\":4294967296}]]}}",
        "{\"sources\":{\"a\":[[{\"s\":1,\"n\":7}]]}}",
        "{\"sources\":{\"a\":[[],[[\"x\",1,2]]]}}",
        "{\"sources\":{\"a\":[[],[[\"f\"]]]}}",
        "{\"sources\":{\"a\":[[],[[1,2]]]}}",
        "[[[[[[[[[[[[]]]]]]]]]]]]",
    };
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;
        g_test_message("%s", bad[i]);
        g_assert_null(source_map_from_json(bad[i], &error));
        g_assert_error(error, JINGLE_ERROR, JINGLE_ERROR_BAD_REQUEST);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD_ROWS("/sources/set", set_cases, test_set);
    ADD_ROWS("/sources/check", checks, test_check);
    g_test_add_func("/sources/equal", test_equal);
    g_test_add_func("/sources/names", test_names);
    g_test_add_func("/sources/names across owners", test_names_across_owners);
    g_test_add_func("/sources/freed on leave", test_freed_on_leave);
    g_test_add_func("/sources/map/difference", test_map_difference);
    g_test_add_func("/sources/map/filters", test_map_filters);
    g_test_add_func("/sources/json/written", test_json_written);
    g_test_add_func("/sources/json/audio groups", test_json_audio_groups);
    g_test_add_func("/sources/json/escaped", test_json_escaped);
    g_test_add_func("/sources/json/refused", test_json_refused);
    return g_test_run();
}
