/* SPDX-License-Identifier: Apache-2.0
 *
 * Which of a source's encodings (SSRCs) is the lowest. Most clients signal them lowest first, Firefox highest first;
 * what counts is the height of the pictures that come. ISO C, no allocation.
 * Owner: the receive state of one source. Worker thread. */
#ifndef PLENUM_BRIDGE_RX_LAYER_ORDER_H
#define PLENUM_BRIDGE_RX_LAYER_ORDER_H

#include <stdbool.h>
#include <stdint.h>

#define LAYER_ORDER_MAX 4              /* encodings */
#define LAYER_ORDER_FIRST_US 500000    /* at first: how long to wait for the pictures of all encodings */
#define LAYER_ORDER_SETTLED_US 1000000 /* later: a sender that changes size has changed all encodings by then */
#define LAYER_ORDER_SILENT_US 2000000  /* an encoding without packets for so long has no say */

/* Fields private. eids are those in force: 0 lowest. */
typedef struct {
    uint8_t encodings;
    uint8_t sent; /* of them, as the sender says; 0: it does not */
    bool settled;
    uint16_t height[LAYER_ORDER_MAX]; /* pixels, min(width, height); 0 not known yet */
    int64_t heard_us[LAYER_ORDER_MAX];
    int64_t conflict_us; /* heights have contradicted the order since; 0 they do not */
} LayerOrder;

/* encodings 1..LAYER_ORDER_MAX. */
void layer_order_init(LayerOrder *o, int encodings);

/* The sender says that it makes so many of them now (video layers allocation): there is no waiting for the others. */
void layer_order_expect(LayerOrder *o, unsigned sent);

/* A packet of encoding `eid`; height 0: this one does not say. True: the order has to change, and is changed here;
 * encoding i has eid rank[i] from now on. Encodings of equal height, and those whose height is not known, keep their
 * places. */
bool layer_order_packet(LayerOrder *o, int eid, unsigned height, int64_t now_us, uint8_t rank[LAYER_ORDER_MAX]);

#endif
