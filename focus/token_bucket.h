/* SPDX-License-Identifier: Apache-2.0
 *
 * A budget that refills: up to `burst` at once, `per_s` a second in the long run. PURE value; zero is a full one. */
#ifndef PLENUM_FOCUS_TOKEN_BUCKET_H
#define PLENUM_FOCUS_TOKEN_BUCKET_H

#include <stdbool.h>
#include <stdint.h>

typedef struct {
    double taken; /* 0..burst, as of at_ms */
    int64_t at_ms;
} TokenBucket;

/* per_s > 0 and burst >= 1, the same at each call; a clock that goes back refills nothing. */
bool token_bucket_is_full(const TokenBucket *b, double per_s, int64_t now_ms);
/* Whether there was a token; it is taken then. */
bool token_bucket_take(TokenBucket *b, double per_s, double burst, int64_t now_ms);

#endif
