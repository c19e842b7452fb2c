/* SPDX-License-Identifier: Apache-2.0
 *
 * Token bucket: how many messages a client may send. PURE: time is a parameter. Owner and thread are those
 * of the struct that holds it. */
#ifndef PLENUM_BRIDGE_CHANNEL_RATE_LIMIT_H
#define PLENUM_BRIDGE_CHANNEL_RATE_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

typedef struct {
    int32_t per_s, burst; /* set at birth */
    int64_t credit_us;    /* stored as time: one message costs 1e6 / per_s of it */
    int64_t last_us;
} RateLimit;

/* per_s and burst in 1..1000000. Starts full. */
static inline RateLimit rate_limit_new(int32_t per_s, int32_t burst, int64_t now_us)
{
    return (RateLimit){ per_s, burst, (int64_t)burst * (1000000 / per_s), now_us };
}

/* True when one more is allowed now; a clock going backwards adds nothing. */
static inline bool rate_limit_take(RateLimit *r, int64_t now_us)
{
    int64_t cost = 1000000 / r->per_s, full = cost * r->burst;
    if (now_us > r->last_us) {
        int64_t passed = now_us - r->last_us;
        r->credit_us = passed > full - r->credit_us ? full : r->credit_us + passed;
        r->last_us = now_us;
    }
    if (r->credit_us < cost)
        return false;
    r->credit_us -= cost;
    return true;
}

#endif
