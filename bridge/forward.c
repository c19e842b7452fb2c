/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/forward.h"

#include "bridge/media_endpoint.h"
#include "bridge/media_share.h"
#include "bridge/rx/rx_feedback.h"
#include "bridge/tx/tx_path.h"
#include "common/base/clock.h"

static void let_go(MediaConference *c)
{
    for (uint32_t i = 0; i < c->n_batch; i++)
        packet_unref(&c->worker->pool, c->batch[i]);
    c->n_batch = 0;
}

static void forward_conference(MediaConference *c)
{
    Worker *w = c->worker;
    if (c->shares)
        media_share_batch(c);
    for (uint32_t r = 0; r < c->n_endpoints; r++) {
        MediaEndpoint *receiver = c->endpoints[r];
        if (receiver->ready)
            tx_path_batch(receiver, c->batch, c->n_batch);
    }
    for (uint32_t i = 0; i < c->n_batch; i++) {
        MediaSource *s = c->batch[i]->source;
        if (s->wants_keyframe) {
            s->wants_keyframe = false;
            rx_feedback_ask_keyframe(s, w->now_us);
        }
    }
    let_go(c);
}

void forward_packet(MediaConference *c, Packet *p)
{
    Worker *w = c->worker;
    if (!c->has_batch) {
        c->has_batch = true;
        c->next_with_batch = w->with_batch;
        w->with_batch = c;
    }
    c->batch[c->n_batch++] = packet_ref(p);
    if (c->n_batch == MEDIA_BATCH_MAX)
        forward_conference(c);
}

void forward_batches(Worker *w)
{
    uint64_t before = w->totals.tx_rtp;
    int64_t from_us = w->batch_since_us ? w->batch_since_us : w->now_us;
    w->batch_since_us = 0;
    if (!w->with_batch)
        return; /* answers to checks leave at the end of the loop */
    while (w->with_batch) {
        MediaConference *c = w->with_batch;
        w->with_batch = c->next_with_batch;
        c->has_batch = false;
        forward_conference(c);
    }
    send_batch_flush(w->batch);
    w->now_us = clock_now_us();
    if (w->totals.tx_rtp != before)
        worker_delay_add(&w->delay, w->now_us - from_us, (uint32_t)(w->totals.tx_rtp - before));
}

void forward_discard(MediaConference *c)
{
    Worker *w = c->worker;
    let_go(c);
    for (MediaConference **at = &w->with_batch; *at; at = &(*at)->next_with_batch) {
        if (*at == c) {
            *at = c->next_with_batch;
            break;
        }
    }
    c->has_batch = false;
}
