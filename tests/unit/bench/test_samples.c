/* SPDX-License-Identifier: Apache-2.0
 *
 * The arithmetic of the benchmark. */
#include "tests/bench/load_body.h"
#include "tests/bench/samples.h"

#include <glib.h>
#include <string.h>

static Samples s;

static void fill(uint32_t from, uint32_t to)
{
    samples_clear(&s);
    for (uint32_t v = to; v >= from; v--) /* falling: sorting is part of it */
        samples_add(&s, v);
}

static void test_quantiles(void)
{
    fill(1, 1000);
    g_assert_cmpuint(samples_quantile(&s, 0.5), ==, 500);
    g_assert_cmpuint(samples_quantile(&s, 0.99), ==, 990);
    g_assert_cmpuint(samples_quantile(&s, 0.999), ==, 999);
    g_assert_cmpuint(samples_quantile(&s, 1), ==, 1000);
    g_assert_cmpuint(samples_quantile(&s, 0), ==, 1);
    fill(7, 9);
    g_assert_cmpuint(samples_quantile(&s, 0.5), ==, 8);
    g_assert_cmpuint(samples_quantile(&s, 0.99), ==, 9);
    g_assert_cmpuint(samples_quantile(&s, 0.33), ==, 7);
}

static void test_empty(void)
{
    samples_clear(&s);
    g_assert_cmpuint(samples_quantile(&s, 0.99), ==, 0);
    g_assert_cmpfloat(samples_median(NULL, 0), ==, 0);
}

/* More than there is room for: what is kept stands for all that came, not for the beginning or the end. */
static void test_overflow(void)
{
    uint32_t n = 8 * SAMPLES_MAX;
    samples_clear(&s);
    for (uint32_t v = 0; v < n; v++)
        samples_add(&s, v);
    g_assert_cmpuint(s.n, ==, SAMPLES_MAX);
    g_assert_cmpuint(s.seen, ==, n);
    g_assert_cmpfloat_with_epsilon(samples_quantile(&s, 0.5), n * 0.5, n * 0.01);
    g_assert_cmpfloat_with_epsilon(samples_quantile(&s, 0.99), n * 0.99, n * 0.005);
}

static void test_median(void)
{
    double odd[] = { 9, 1, 5 }, even[] = { 4, 1, 3, 2 }, one[] = { 42 };
    g_assert_cmpfloat(samples_median(odd, 3), ==, 5);
    g_assert_cmpfloat(samples_median(even, 4), ==, 2.5);
    g_assert_cmpfloat(samples_median(one, 1), ==, 42);
}

/* A packet's body is that of no other, and no byte of it may differ. */
static void test_body(void)
{
    static const size_t lengths[] = { LOAD_BODY_MIN, 96, 1176 };
    uint8_t body[1176], other[1176];
    for (size_t k = 0; k < G_N_ELEMENTS(lengths); k++) {
        for (uint32_t number = 0; number < 70000; number += 997) {
            uint32_t read = 0;
            load_body_fill(body, lengths[k], number);
            g_assert_true(load_body_read(body, lengths[k], &read));
            g_assert_cmpuint(read, ==, number);
            load_body_fill(other, lengths[k], number + 1);
            memcpy(other, body, sizeof(number)); /* its number, another's bytes */
            g_assert_false(load_body_read(other, lengths[k], &read));
            for (size_t i = 0; i < lengths[k]; i += 53) {
                body[i] ^= 1;
                g_assert_false(load_body_read(body, lengths[k], &read));
                body[i] ^= 1;
            }
            memmove(body, body + 1, lengths[k] - 1); /* shifted */
            g_assert_false(load_body_read(body, lengths[k], &read));
        }
    }
    g_assert_false(load_body_read(body, LOAD_BODY_MIN - 1, &(uint32_t){ 0 }));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/bench/samples/quantiles", test_quantiles);
    g_test_add_func("/bench/samples/empty", test_empty);
    g_test_add_func("/bench/samples/overflow", test_overflow);
    g_test_add_func("/bench/samples/median", test_median);
    g_test_add_func("/bench/samples/body", test_body);
    return g_test_run();
}
