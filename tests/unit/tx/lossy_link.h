/* SPDX-License-Identifier: Apache-2.0
 *
 * One direction of a network that loses packets, between a sender that is asked for them and a receiver that asks as
 * the bridge does, one NackGen for each stream. Repeated packets may be lost too. Virtual time. Test thread. */
#ifndef PLENUM_TESTS_TX_LOSSY_LINK_H
#define PLENUM_TESTS_TX_LOSSY_LINK_H

#include <glib.h>
#include <stdint.h>

#define LOSSY_LINK_STREAMS 4

typedef struct {
    /* A request has arrived: what the sender still has of that number, or NULL. */
    gpointer (*again)(gpointer user, unsigned stream, uint16_t seq);
    /* Each item at most once. */
    void (*arrive)(gpointer user, gpointer item, int64_t now_us);
    gpointer user;
} LossyLinkEnds;

typedef struct LossyLink LossyLink;

LossyLink *lossy_link_new(int loss_percent, int64_t rtt_us, LossyLinkEnds ends);
void lossy_link_send(LossyLink *l, unsigned stream, int64_t seq, gpointer item, int64_t now_us);
/* What comes again up to now, and what is asked for once more; call as time goes on. */
void lossy_link_run(LossyLink *l, int64_t now_us);
/* Packets lost, repeated ones included. */
guint lossy_link_lost(const LossyLink *l);
void lossy_link_free(LossyLink *l);

#endif
