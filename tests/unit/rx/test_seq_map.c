/* SPDX-License-Identifier: Apache-2.0 */
#include <glib.h>
#include "bridge/rx/seq_map.h"

static void test_steps(void)
{
    SeqMap m;
    int64_t out;
    seq_map_start(&m, 1000, 5);
    g_assert_true(seq_map_accept(&m, 1000, &out));
    g_assert_cmpint(out, ==, 5);
    g_assert_false(seq_map_accept(&m, 999, &out));
    seq_map_withhold(&m, 1001);
    g_assert_true(seq_map_accept(&m, 1004, &out)); /* 1002, 1003 lost: visible */
    g_assert_cmpint(out, ==, 8);
    g_assert_false(seq_map_accept(&m, 1001, &out));
    g_assert_true(seq_map_accept(&m, 1002, &out)); /* late */
    g_assert_cmpint(out, ==, 6);
    seq_map_withhold(&m, 1003); /* too late to close */
    g_assert_true(seq_map_accept(&m, 1005, &out));
    g_assert_cmpint(out, ==, 9);
    seq_map_withhold_through(&m, 1010);
    g_assert_true(seq_map_accept(&m, 1011, &out));
    g_assert_cmpint(out, ==, 10);
    g_assert_false(seq_map_accept(&m, 1007, &out));
}

/* Against the plain definition: out = in minus the numbers left out in order below it. */
static void test_model(void)
{
    for (guint32 seed = 1; seed <= 20; seed++) {
        g_autoptr(GRand) r = g_rand_new_with_seed(seed);
        enum { N = 20000 };
        g_autofree guint8 *left_out = g_new0(guint8, N);
        SeqMap m;
        int64_t top = -1, out;
        seq_map_start(&m, 0, 100);
        for (int step = 0; step < 4000; step++) {
            if (g_rand_double(r) < 0.2) { /* a recent late one */
                int64_t in = top - g_rand_int_range(r, 1, 60);
                if (in < 0 || in >= N)
                    continue;
                int64_t expect = 100 + in;
                for (int64_t i = 0; i < in; i++)
                    expect -= left_out[i];
                gboolean ok = seq_map_accept(&m, in, &out);
                if (ok)
                    g_assert_cmpint(out, ==, expect);
                g_assert_true(!ok || !left_out[in]);
                /* 60 back there are at most 60 runs: everything is remembered */
                g_assert_true(ok || left_out[in]);
                continue;
            }
            int64_t in = top + (g_rand_double(r) < 0.1 ? g_rand_int_range(r, 1, 4) : 1);
            double dice = g_rand_double(r);
            if (dice < 0.4) {
                seq_map_withhold(&m, in);
                left_out[in] = 1;
            } else if (dice < 0.45) {
                seq_map_withhold_through(&m, in);
                for (int64_t i = top + 1; i <= in; i++)
                    left_out[i] = 1;
            } else {
                int64_t expect = 100 + in;
                for (int64_t i = 0; i < in; i++)
                    expect -= left_out[i];
                g_assert_true(seq_map_accept(&m, in, &out));
                g_assert_cmpint(out, ==, expect);
            }
            top = in;
        }
    }
}

/* What is forgotten is refused, never renumbered wrongly. */
static void test_forgotten(void)
{
    SeqMap m;
    int64_t out, refused = 0;
    seq_map_start(&m, 0, 0);
    for (int64_t i = 0; i < 1000; i++) { /* every third left out, every third lost */
        if (i % 3 == 0)
            g_assert_true(seq_map_accept(&m, i, &out));
        else if (i % 3 == 1)
            seq_map_withhold(&m, i);
    }
    for (int64_t i = 2; i < 999; i += 3) {
        if (!seq_map_accept(&m, i, &out))
            refused++;
        else
            g_assert_cmpint(out, ==, i - (i + 1) / 3);
    }
    g_assert_cmpint(refused, >=, 333 - SEQ_MAP_RUNS - 1);
    g_assert_cmpint(refused, <=, 333 - SEQ_MAP_RUNS + 1);
}

static void test_far(void)
{
    SeqMap m;
    int64_t out, base = (int64_t)1 << 40;
    seq_map_start(&m, base, 7);
    seq_map_withhold(&m, base + 1);
    g_assert_true(seq_map_accept(&m, base + 2, &out));
    g_assert_cmpint(out, ==, 8);
    seq_map_withhold(&m, base + 3);
    g_assert_true(seq_map_accept(&m, base + 0xffff, &out));
    g_assert_cmpint(out, ==, 7 + 0xffff - 2);
    g_assert_false(seq_map_accept(&m, base + 1, &out));
    g_assert_true(seq_map_accept(&m, base, &out));
    g_assert_cmpint(out, ==, 7);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/seq_map/steps", test_steps);
    g_test_add_func("/seq_map/model", test_model);
    g_test_add_func("/seq_map/forgotten", test_forgotten);
    g_test_add_func("/seq_map/far", test_far);
    return g_test_run();
}
