/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/samples.h"

#include <stdlib.h>

static int by_double(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static int by_number(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

double samples_median(double *v, size_t n)
{
    if (n == 0)
        return 0;
    qsort(v, n, sizeof(*v), by_double);
    return n % 2 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
}

void samples_clear(Samples *s)
{
    s->n = 0;
    s->seen = 0;
    s->random = 0x9e3779b97f4a7c15u;
}

void samples_add(Samples *s, uint32_t value)
{
    s->seen++;
    if (s->n < SAMPLES_MAX) {
        s->v[s->n++] = value;
        return;
    }
    s->random ^= s->random << 13;
    s->random ^= s->random >> 7;
    s->random ^= s->random << 17;
    uint64_t place = s->random % s->seen;
    if (place < SAMPLES_MAX)
        s->v[place] = value;
}

uint32_t samples_quantile(Samples *s, double q)
{
    if (s->n == 0)
        return 0;
    qsort(s->v, s->n, sizeof(s->v[0]), by_number);
    double want = q * (double)s->n;
    size_t rank = (size_t)want;
    if ((double)rank < want)
        rank++; /* nearest rank: rounded up, counted from 1 */
    if (rank < 1)
        rank = 1;
    return s->v[(rank < s->n ? rank : s->n) - 1];
}
