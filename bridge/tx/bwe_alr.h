/* SPDX-License-Identifier: Apache-2.0
 *
 * Is the sender limited by what it has to send, rather than by the estimate? A budget that fills at 80 % of the
 * target and empties by what is sent. Part of Bwe; its owner's thread. Pure. */
#ifndef PLENUM_BRIDGE_TX_BWE_ALR_H
#define PLENUM_BRIDGE_TX_BWE_ALR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BWE_ALR_USAGE 0.80
#define BWE_ALR_START 0.40 /* of the budget left over: limited */
#define BWE_ALR_STOP (-0.60)
#define BWE_ALR_WINDOW_US 500000

/* Zero-initialise. */
typedef struct {
    double budget_bytes;
    int64_t target_bps, updated_us, ended_us; /* ended_us 0: never was */
    bool limited;
} BweAlr;

/* The estimate; what was sent, with headers; every BWE_TICK_US: sets `limited`. */
void bwe_alr_set_target(BweAlr *a, int64_t target_bps);
void bwe_alr_sent(BweAlr *a, size_t bytes, int64_t now_us);
void bwe_alr_tick(BweAlr *a, int64_t now_us);

#endif
