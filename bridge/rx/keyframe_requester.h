/* SPDX-License-Identifier: Apache-2.0
 *
 * Limits key-frame requests toward one source (RFC 4585 6.3.1, RFC 5104 4.3.1): many receivers miss the same key
 * frame at the same time, and one request serves them all. Pure decisions; time is a parameter. Owner: the source;
 * worker thread. */
#ifndef PLENUM_BRIDGE_RX_KEYFRAME_REQUESTER_H
#define PLENUM_BRIDGE_RX_KEYFRAME_REQUESTER_H

#include <stdbool.h>
#include <stdint.h>

#define KEYFRAME_INTERVAL_US 200000 /* per source, over all receivers */
#define KEYFRAME_PATIENCE 5         /* requests without a key frame; then one a KEYFRAME_SLOW_US */
#define KEYFRAME_SLOW_US 1000000
#define KEYFRAME_RECEIVER_US 200000 /* per receiver and source: min(this, RTT + KEYFRAME_RTT_EXTRA_US) */
#define KEYFRAME_RTT_EXTRA_US 10000
#define KEYFRAME_RECEIVER_BURST 3 /* requests of one receiver per KEYFRAME_WINDOW_US; then one a KEYFRAME_SLOW_US */
#define KEYFRAME_WINDOW_US 10000000
#define KEYFRAME_NEED_BURST 10       /* switches of one receiver per KEYFRAME_WINDOW_US; then one a KEYFRAME_SLOW_US */
#define KEYFRAME_AHEAD_US 10000      /* of a new speaker, after what its round trip is shorter than the receivers' .. */
#define KEYFRAME_AHEAD_MAX_US 500000 /* .. but that is no more */

/* Zero-initialise. Of one source. */
typedef struct {
    int64_t last_us; /* of the last request sent; 0 none */
    uint8_t fir_seq;
    uint8_t unanswered; /* requests since the last key frame, saturating */
    bool pending;       /* asked for again inside the interval: see keyframe_requester_due_us */
    uint64_t asked, sent;
} KeyframeRequester;

/* Zero-initialise. Of one (receiver, source). */
typedef struct {
    int64_t asked_us[KEYFRAME_RECEIVER_BURST]; /* ring of the last accepted ones */
    uint8_t next, needs;                       /* needs: since window_us, saturating */
    int64_t needed_us, window_us;              /* 0 none */
} KeyframeAsker;

/* A receiver sent PLI or FIR: may it count? rtt_us of that receiver, 0 unknown. One that has spent its burst before it could
 * use the key frame, as Firefox does when it negotiates anew at that moment, stands still for a second and not for ten. */
bool keyframe_asker_allows(KeyframeAsker *a, int64_t rtt_us, int64_t now_us);
/* What the receiver is sent cannot begin, or switch, without a key frame: may that count? It goes on being so until one
 * comes, so that refusing is to ask later. Looser than for PLI: a receiver may bring people on stage, and off again. */
bool keyframe_asker_needs(KeyframeAsker *a, int64_t now_us);
/* A new speaker will be on the receivers' stages when they have heard of it, and its key frame is to come then: when to ask
 * for it. Round trips 0 unknown. */
int64_t keyframe_ahead_us(int64_t longest_receiver_rtt_us, int64_t sender_rtt_us, int64_t now_us);
/* True: send a request now. Otherwise it is remembered, see keyframe_requester_due_us. */
bool keyframe_requester_ask(KeyframeRequester *k, int64_t now_us);
/* When a remembered request is to be sent; INT64_MAX for none. */
int64_t keyframe_requester_due_us(const KeyframeRequester *k);
/* True: send the remembered request now. */
bool keyframe_requester_tick(KeyframeRequester *k, int64_t now_us);
/* A key frame arrived: what was remembered is fulfilled. */
void keyframe_requester_fulfilled(KeyframeRequester *k);

#endif
