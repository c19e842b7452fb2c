/* SPDX-License-Identifier: Apache-2.0
 *
 * Says when the next bytes may go so that a stream of bytes keeps to a rate: a budget that fills with time and
 * may not be saved up for longer than the burst. For padding, probes and, if wanted, media.
 * Plain data, embedded by its owner; the owner's thread. Pure. */
#ifndef PLENUM_BRIDGE_TX_PACER_H
#define PLENUM_BRIDGE_TX_PACER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PACER_MAX_DEBT_US 500000 /* what was sent beyond the rate is forgiven down to this much waiting */

typedef struct {
    int64_t rate_bps;
    int64_t burst_us; /* budget saved at most */
    int64_t budget;   /* millionths of a bit; negative: in debt */
    int64_t updated_us;
} Pacer;

/* rate_bps 0..10^10; burst_us 0..10^6. Starts with an empty budget. */
void pacer_init(Pacer *p, int64_t rate_bps, int64_t burst_us, int64_t now_us);
void pacer_set_rate(Pacer *p, int64_t rate_bps, int64_t now_us);
/* Bytes that may go now; 0 while in debt. */
size_t pacer_budget(Pacer *p, int64_t now_us);
/* `bytes` went out, budget or not. */
void pacer_sent(Pacer *p, size_t bytes, int64_t now_us);
/* When the budget is no longer negative (so that a packet may go, which may overdraw it): now_us or later;
 * INT64_MAX at rate 0 while in debt. */
int64_t pacer_next_us(Pacer *p, int64_t now_us);

#endif
