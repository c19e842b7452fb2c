/* SPDX-License-Identifier: Apache-2.0
 *
 * How long packets wait on the way: one-way delay above the least seen in the last seconds. The gradient detector
 * sees a queue grow, not one that stands; after a drop of capacity this tells how long to send below the rate until
 * the queue has run empty. Part of Bwe; its owner's thread. Pure. */
#ifndef PLENUM_BRIDGE_TX_BWE_QUEUE_H
#define PLENUM_BRIDGE_TX_BWE_QUEUE_H

#include <stdbool.h>
#include <stdint.h>
#include "bridge/tx/bwe_packet.h"

#define BWE_QUEUE_BASE_US 5000000 /* the least delay is remembered for one to two of these */
#define BWE_QUEUE_HIGH_US 40000   /* above it, drain */
#define BWE_QUEUE_LONG_US 50000   /* above it for BWE_QUEUE_STANDS_US without falling: it stands */
#define BWE_QUEUE_STANDS_US 200000
#define BWE_QUEUE_FALLS 0.9      /* of its longest: it falls */
#define BWE_QUEUE_SPAN_US 300000 /* so much above: drain hardest */
#define BWE_QUEUE_MIN_FACTOR 0.4
#define BWE_QUEUE_DRAIN_US 3000000 /* after a decrease or a probe; later a queue is other people's */

typedef struct {
    int64_t base_us[2]; /* least delay of the running and of the previous period; INT64_MAX none */
    int64_t period_end_us;
    int64_t latest_us;              /* least delay of the latest feedback */
    int64_t drain_until_us;         /* 0: never */
    int64_t long_since_us, long_us; /* above BWE_QUEUE_LONG_US, and not falling, since; longest then; 0: it is not */
    bool known;
} BweQueue;

void bwe_queue_init(BweQueue *q);
/* The least one-way delay (arrival - send, any origin) among the packets of one feedback. */
void bwe_queue_update(BweQueue *q, int64_t delay_us, int64_t now_us);
int64_t bwe_queue_delay_us(const BweQueue *q); /* of the latest feedback; 0 before the first */
/* Long for a while, and not because it is still running empty: more is sent than the path carries. */
bool bwe_queue_stands(const BweQueue *q, int64_t now_us);
/* We may have built a queue: drain it if there is one. */
void bwe_queue_suspect(BweQueue *q, int64_t now_us);
/* To multiply the target with: 1, or less while draining. */
double bwe_queue_factor(const BweQueue *q, int64_t now_us);

#endif
