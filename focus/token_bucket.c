/* SPDX-License-Identifier: Apache-2.0 */
#include "focus/token_bucket.h"

static double taken_at(const TokenBucket *b, double per_s, int64_t now_ms)
{
    double refilled = now_ms > b->at_ms ? per_s * (double)(now_ms - b->at_ms) / 1000.0 : 0;
    return b->taken > refilled ? b->taken - refilled : 0;
}

bool token_bucket_is_full(const TokenBucket *b, double per_s, int64_t now_ms)
{
    return taken_at(b, per_s, now_ms) <= 0;
}

bool token_bucket_take(TokenBucket *b, double per_s, double burst, int64_t now_ms)
{
    b->taken = taken_at(b, per_s, now_ms);
    b->at_ms = now_ms;
    if (b->taken > burst - 1)
        return false;
    b->taken += 1;
    return true;
}
