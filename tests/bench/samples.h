/* SPDX-License-Identifier: Apache-2.0
 *
 * Measured values and what is said of them: the median of passes, quantiles by nearest rank. Pure; one thread. */
#ifndef PLENUM_TESTS_BENCH_SAMPLES_H
#define PLENUM_TESTS_BENCH_SAMPLES_H

#include <stddef.h>
#include <stdint.h>

/* The middle value, or the mean of the two in the middle; 0 for none. Sorts v. */
double samples_median(double *v, size_t n);

/* A set with room for SAMPLES_MAX; what comes beyond replaces earlier ones at random places, so that each value ever
 * added is as likely to be kept as any other. */
#define SAMPLES_MAX 65536
typedef struct {
    uint32_t v[SAMPLES_MAX];
    size_t n;      /* kept */
    uint64_t seen; /* added */
    uint64_t random;
} Samples;

void samples_clear(Samples *s);
void samples_add(Samples *s, uint32_t value);
/* The smallest value that at least the fraction q (0..1) of all values does not exceed; 0 when empty. Sorts. */
uint32_t samples_quantile(Samples *s, double q);

#endif
