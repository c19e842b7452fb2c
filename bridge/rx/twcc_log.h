/* SPDX-License-Identifier: Apache-2.0
 *
 * Receiver side of transport-wide congestion control (draft-holmer-rmcat-transport-wide-cc-extensions-01): remembers
 * when each packet of one transport arrived and says when to report (format in common/rtp/twcc.h). Also yields the
 * incoming loss. Owner: the endpoint's transport. Worker thread. 33 KB, allocated at birth. Pure. */
#ifndef PLENUM_BRIDGE_RX_TWCC_LOG_H
#define PLENUM_BRIDGE_RX_TWCC_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TWCC_LOG_SPAN 4096             /* numbers held, reported ones included; a wider jump starts anew */
#define TWCC_LOG_INTERVAL_US 100000    /* report at a packet this long after the last report */
#define TWCC_LOG_MIN_INTERVAL_US 20000 /* the same at the last packet of a frame */
#define TWCC_LOG_FLUSH_US 250000       /* by timer, for sparse senders */
#define TWCC_LOG_MAX_PACKET 1200       /* bytes of one feedback packet */

typedef struct TwccLog TwccLog;

/* NULL without memory. */
TwccLog *twcc_log_new(void);
void twcc_log_free(TwccLog *l); /* NULL is fine */

/* Every authenticated packet that carries the extension, audio too. now_us >= 0. True: build a report now. */
bool twcc_log_packet(TwccLog *l, uint16_t seq, bool marker, int64_t now_us);
/* How often the log began anew since the last call, for a number was beyond TWCC_LOG_SPAN. */
uint32_t twcc_log_take_jumps(TwccLog *l);
/* When unreported packets are to be flushed by timer; INT64_MAX when there are none. */
int64_t twcc_log_flush_at_us(const TwccLog *l);
/* Writes one feedback packet; call until it returns 0. `cap` at least TWCC_MIN_SIZE; media_ssrc is the SSRC of
 * the packet that triggered the report. */
size_t twcc_log_build(TwccLog *l, uint8_t *out, size_t cap, uint32_t sender_ssrc, uint32_t media_ssrc, int64_t now_us);

typedef struct {
    uint64_t received, lost; /* packets, since birth; a late one turns from lost to received */
} TwccLogLoss;
/* Of what was sent to us; a number counts once it was reported. */
TwccLogLoss twcc_log_loss(const TwccLog *l);

#endif
