/* SPDX-License-Identifier: Apache-2.0
 *
 * Scripts: "r12@5" a packet arrives at 5 ms, "t@170" the timer runs; "=" and the numbers asked
 * for; "!" when a key frame has to mend it. "k12@5" one begins there. */
#include <glib.h>
#include <stdlib.h>
#include <string.h>
#include "bridge/rx/nack_gen.h"
#include "tests/fakes/rows.h"

typedef struct {
    const char *name;
    int64_t rtt_ms;
    const char *script;
} Case;

static const Case cases[] = {
    { "in order", 0, "r5@0= r6@1= r7@2= t@999=" },
    { "gap is asked for at once", 0, "r5@0= r8@1=6,7" },
    { "arrived in time", 0, "r5@0= r8@1=6,7 r6@2= r7@3= t@200=" },
    { "asked again", 0, "r5@0= r7@1=6 t@150= t@151=6 t@152= t@301=6" },
    { "interval is the RTT", 40, "r5@0= r7@1=6 t@40= t@41=6 t@80= t@81=6" },
    { "interval is 20 ms at least", 2, "r5@0= r7@1=6 t@20= t@21=6" },
    { "requests stay together", 100, "r5@0= r7@1=6 r9@40=8 t@101=6,8 t@150= t@201=6,8" },
    { "fresh ones wait their turn", 100, "r5@0= r7@1=6 r9@90=8 t@101=6 t@190=6,8" },
    { "ten tries", 20,
      "r5@0= r7@0=6 t@20=6 t@40=6 t@60=6 t@80=6 t@100=6 t@120=6 t@140=6 t@160=6 t@180=6 t@200=! t@900=" },
    { "too old", 600, "r5@0= r7@0=6 t@600=6 t@1200=!" },
    { "mended by a key frame", 20, "r5@0= r7@0=6 r9@1=8 k8@2= r10@2= t@21=8 t@1100=!" },
    { "a key frame after the hole", 0, "r1@0= r104@2=! r300@3=! r301@4= k301@4= t@5=" },
    { "widest gap", 0, "r1@0= r101@1=2..100" },
    { "too wide a gap", 0, "r1@0= r3@1=2 r104@2=! t@900=" },
    { "over the wrap", 0, "r65534@0= r65538@1=65535,0,1 r65536@2= t@151=65535,1" },
    { "duplicates change nothing", 0, "r5@0= r7@1=6 r7@2= r5@2= r7@3= t@151=6" },
};

static char *list(const uint16_t *seqs, size_t n)
{
    GString *s = g_string_new(NULL);
    if (n > 20)
        g_string_printf(s, "%u..%u", seqs[0], seqs[n - 1]);
    for (size_t i = 0; i < n && n <= 20; i++)
        g_string_append_printf(s, "%s%u", i ? "," : "", seqs[i]);
    return g_string_free(s, FALSE);
}

static void test_case(gconstpointer data)
{
    const Case *c = data;
    g_auto(GStrv) steps = g_strsplit(c->script, " ", -1);
    NackGen g = { 0 };
    for (size_t i = 0; steps[i]; i++) {
        uint16_t out[NACK_GEN_MAX_MISSING];
        const char *at = strchr(steps[i], '@'), *want = strchr(steps[i], '=');
        int64_t now_us = atoll(at + 1) * 1000;
        int64_t due_at = nack_gen_due_at_us(&g, c->rtt_ms * 1000, now_us);
        size_t n = 0;
        if (steps[i][0] == 'k') {
            nack_gen_keyframe(&g, atoll(steps[i] + 1));
        } else if (steps[i][0] == 'r') {
            n = nack_gen_received(&g, atoll(steps[i] + 1), now_us, out);
        } else {
            n = nack_gen_due(&g, now_us, c->rtt_ms * 1000, out);
            if (n > 0)
                g_assert_cmpint(due_at, ==, now_us);
            else
                g_assert_true(due_at > now_us || g.count == 0);
        }
        g_autofree char *numbers = list(out, n);
        g_autofree char *got = g_strconcat(numbers, nack_gen_take_hole(&g) ? "!" : "", NULL);
        if (strcmp(got, want + 1) != 0)
            g_error("%s: step %s gave %s", c->name, steps[i], got);
    }
}

static void test_limit(void)
{
    NackGen g = { 0 };
    uint16_t out[NACK_GEN_MAX_MISSING];
    int64_t seq = 65000;
    nack_gen_received(&g, seq, 0, out);
    for (int i = 0; i < 100; i++) {
        seq += 51;
        g_assert_cmpuint(nack_gen_received(&g, seq, 1000, out), ==, 50);
        g_assert_cmpuint(g.count, <=, NACK_GEN_MAX_MISSING);
    }
    size_t n = nack_gen_due(&g, 200000, 0, out);
    g_assert_cmpuint(n, ==, NACK_GEN_MAX_MISSING);
    g_assert_cmpuint(out[n - 1], ==, (uint16_t)(seq - 1)); /* the oldest were given up */
    g_assert_cmpuint(g.gave_up, ==, 100 * 50 - NACK_GEN_MAX_MISSING);
    g_assert_cmpint(nack_gen_due_at_us(&(NackGen){ 0 }, 0, 5), ==, INT64_MAX);
}

/* A stale list must not mistake a number one turn later for its own, nor grow. */
static void test_long_silence(void)
{
    NackGen g = { 0 };
    uint16_t out[NACK_GEN_MAX_MISSING];
    nack_gen_received(&g, 100, 0, out);
    nack_gen_received(&g, 110, 0, out);
    for (int64_t s = 111; s < 200000; s++)
        g_assert_cmpuint(nack_gen_received(&g, s, s * 1000, out), ==, 0);
    g_assert_cmpuint(nack_gen_received(&g, 200002, 200002000, out), ==, 2);
    g_assert_cmpuint(g.count, ==, 2);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD_ROWS("/rx/nack", cases, test_case);
    g_test_add_func("/rx/nack/limit", test_limit);
    g_test_add_func("/rx/nack/long silence", test_long_silence);
    return g_test_run();
}
