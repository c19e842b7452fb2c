/* SPDX-License-Identifier: Apache-2.0
 *
 * Sender reports toward receivers: the sender's own, translated to the numbers each receiver sees, with the counts
 * of what it was really sent. None is invented. Worker thread. */
#ifndef PLENUM_BRIDGE_TX_TX_REPORTS_H
#define PLENUM_BRIDGE_TX_TX_REPORTS_H

#include "bridge/media_endpoint.h"

/* A report of this encoding has just come: to everyone who is being sent that encoding. */
void tx_reports_forward(MediaSource *s, RxEncoding *e, int64_t now_us);
/* The receiver now gets another encoding: its last report, if any, so that audio and video stay in step. */
void tx_reports_after_switch(MediaEndpoint *ep, int64_t now_us);

#endif
