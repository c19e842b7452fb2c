/* SPDX-License-Identifier: Apache-2.0
 *
 * How much padding lifts a receiver's estimate to what its ideal layers need. Without it the
 * estimate of a sender that is limited by its sources never rises. Pure; any thread. */
#ifndef PLENUM_BRIDGE_TX_PADDING_H
#define PLENUM_BRIDGE_TX_PADDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PADDING_PERIOD_US 15000
#define PADDING_MAX_PACKET 255  /* bytes an RTP packet can pad (RFC 3550 5.1) */
#define PADDING_MAX_BURST 50000 /* bytes a single call returns at most */
#define PADDING_SAVED_US 30000  /* so much of what was not sent may be made up for .. */
#define PADDING_OWED_US 300000  /* .. and of what was sent too much */

typedef struct {
    int64_t ideal_bps;  /* sum over sources of the layer we would send without limits */
    int64_t target_bps; /* sum of the layers being sent */
    int64_t estimate_bps;
    bool below_ideal; /* some source is below its ideal layer */
} PaddingInput;

/* Rate of padding: min(ideal - target, estimate - target), 0 when nothing is below ideal or the estimate already
 * covers the ideal. */
int64_t padding_rate_bps(const PaddingInput *in);

/* Zero-initialise. What may be sent in all, less what was: frames and key frames are larger than their layer's mean,
 * and retransmissions, audio and probes come on top, so that padding of a fixed rate beside them overruns the
 * estimate. */
typedef struct {
    int64_t carry_microbits; /* negative: too much went out */
    int64_t last_us;
    uint64_t sent_bytes;
    bool started;
} Padding;

/* Bytes to send now so that all together comes to `rate_bps`; 0 switches off. sent_bytes: all that ever went to the
 * receiver, padding included. Call every PADDING_PERIOD_US. */
size_t padding_due(Padding *p, int64_t rate_bps, uint64_t sent_bytes, int64_t now_us);

#endif
