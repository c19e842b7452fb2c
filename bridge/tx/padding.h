/* SPDX-License-Identifier: Apache-2.0
 *
 * How much padding lifts a receiver's estimate to what its ideal layers need (bridge.md 7.12). Without it the
 * estimate of a sender that is limited by its sources never rises. Pure; any thread. */
#ifndef PLENUM_BRIDGE_TX_PADDING_H
#define PLENUM_BRIDGE_TX_PADDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PADDING_PERIOD_US 15000
#define PADDING_MAX_PACKET 255  /* bytes an RTP packet can pad (RFC 3550 5.1) */
#define PADDING_MAX_BURST 50000 /* bytes a single call returns at most, after a stall */

typedef struct {
    int64_t ideal_bps;  /* sum over sources of the layer we would send without limits */
    int64_t target_bps; /* sum of the layers being sent */
    int64_t estimate_bps;
    bool below_ideal; /* some source is below its ideal layer */
} PaddingInput;

/* Rate of padding: min(ideal - target, estimate - target), 0 when nothing is below ideal or the estimate already
 * covers the ideal. */
int64_t padding_rate_bps(const PaddingInput *in);

/* Zero-initialise. Carries fractions of a byte, and what was sent too much, from call to call. */
typedef struct {
    int64_t carry_microbits; /* negative: sent ahead */
    int64_t last_us;
    bool started;
} Padding;

/* Bytes to send now; call every PADDING_PERIOD_US. */
size_t padding_due(Padding *p, int64_t rate_bps, int64_t now_us);
/* So many bytes went out beyond what padding_due asked for (packets are not divisible): less is due next time. A
 * sender that does not say so pads above the estimate, which at low rates is enough to fill the link. */
void padding_oversent(Padding *p, size_t bytes);

#endif
