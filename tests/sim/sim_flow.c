/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/sim_flow.h"
#include <stdlib.h>
#include <string.h>

#define PACING 2.5         /* of the encoder's rate, as browsers pace */
#define SENDER_RATE_MORE 4 /* a layer is paced by the rate of all layers of its sender */

void sim_flow_init(SimFlow *f, int id, const BweConfig *config, int64_t start_us)
{
    memset(f, 0, sizeof(*f));
    f->id = id;
    f->seed = 77 + (uint32_t)id * 1000003;
    f->start_us = f->next_frame_us = f->next_tick_us = f->next_report_us = start_us;
    f->back_delay_us = 20000;
    f->report_us = 100000;
    f->source_max_bps = INT64_MAX;
    f->frame_us = SIM_FRAME_US;
    f->next_probe_us = INT64_MAX;
    f->bwe = bwe_new(config, start_us);
    bwe_set_wanted_bps(f->bwe, config->max_bps); /* an encoder can use all there is; layers say later what they want */
    f->log = twcc_log_new();
    pacer_init(&f->pacer, config->start_bps, 2000, start_us);
    paced_queue_init(&f->queue, start_us);
    f->layer = -1;
    for (int i = 0; i < SIM_SOURCES; i++)
        f->hold[i].applied = f->layers[i] = LAYER_SUSPENDED;
}

void sim_flow_free(SimFlow *f)
{
    bwe_free(f->bwe);
    twcc_log_free(f->log);
}

static void send_packet(SimFlow *f, SimLink *link, size_t bytes, bool marker, int64_t now_us)
{
    SimPacket p = { .seq = f->seq, .bytes = (uint16_t)bytes, .flow = f->id, .marker = marker };
    bwe_on_sent(f->bwe, f->seq++, bytes, now_us, bwe_probe_id(f->bwe));
    paced_queue_sent(&f->queue, bytes);
    f->sent_bytes += bytes;
    sim_link_send(link, &p, now_us);
}

static size_t send_held(SimFlow *f, SimLink *link, const PacedPacket *p, int64_t now_us)
{
    f->waited_us = now_us - p->since_us > f->waited_us ? now_us - p->since_us : f->waited_us;
    send_packet(f, link, p->bytes, p->stream != NULL, now_us);
    return p->bytes;
}

static void send_probe(SimFlow *f, SimLink *link, size_t after_bytes, int64_t now_us)
{
    PacedPacket held;
    size_t due = bwe_probe_due(f->bwe, after_bytes, now_us, &f->next_probe_us);
    for (size_t sent = 0; sent < due;) {
        if (paced_queue_pop(&f->queue, &held)) { /* media first */
            sent += send_held(f, link, &held, now_us);
            continue;
        }
        size_t bytes = due - sent > BWE_PROBE_LARGE ? SIM_PACKET_BYTES : SIM_PADDING_BYTES; /* RTX or padding */
        send_packet(f, link, bytes, false, now_us);
        sent += bytes;
    }
}

/* A packet of the sender came in: what the bridge does with it. */
static void forward(SimFlow *f, SimLink *link, size_t bytes, bool marker, int64_t now_us)
{
    PacedPacket p = { .stream = marker ? f : NULL, .since_us = now_us, .bytes = (uint16_t)bytes }, oldest;
    paced_queue_begin(&f->queue, now_us);
    if (f->unpaced || !paced_queue_holds(&f->queue)) {
        send_packet(f, link, bytes, marker, now_us);
        send_probe(f, link, bytes, now_us);
        return;
    }
    if (!paced_queue_push(&f->queue, p)) {
        paced_queue_pop(&f->queue, &oldest);
        send_held(f, link, &oldest, now_us);
        paced_queue_push(&f->queue, p);
    }
}

static void release(SimFlow *f, SimLink *link, int64_t now_us)
{
    PacedPacket p;
    paced_queue_set(&f->queue, bwe_target_bps(f->bwe), bwe_queue_us(f->bwe), now_us);
    while (paced_queue_pop_due(&f->queue, now_us, &p)) {
        send_held(f, link, &p, now_us);
        send_probe(f, link, p.bytes, now_us);
    }
}

static void layer_table(LayerTable *t, const int64_t *bps)
{
    t->count = 0;
    for (int i = 0; i < SIM_LAYERS && bps[i] > 0; i++)
        t->layer[t->count++] =
            (LayerEntry){ (int16_t)LAYER_INDEX(i, 0, 0), (uint16_t)(180 << i), 30, (uint32_t)bps[i] };
}

/* Takes over what was allocated to one source. */
static void settle(SimFlow *f, int i, AllocSource *s, int64_t now_us)
{
    int64_t again_us;
    int index = layer_hold_settle(&f->hold[i], s, &f->result, now_us, &again_us),
        layer = index < 0 ? -1 : LAYER_EID(index);
    f->allocate_us = again_us < f->allocate_us ? again_us : f->allocate_us;
    f->key_due[i] |= layer != f->layers[i] && layer >= 0;
    f->layers[i] = layer;
    if (layer >= 0)
        f->sources_bps += i ? f->tiles_bps[layer] : f->layers_bps[layer];
}

/* One camera on stage with the layers of the flow, and perhaps some tiles. */
static void allocate(SimFlow *f, int64_t now_us)
{
    static const char *const names[SIM_SOURCES] = { "stage", "b", "c", "d", "e" };
    LayerTable tables[2];
    AllocSource sources[SIM_SOURCES];
    size_t n = f->tiles_bps[0] ? SIM_SOURCES : 1, order[SIM_SOURCES];
    layer_table(&tables[0], f->layers_bps);
    layer_table(&tables[1], f->tiles_bps);
    for (size_t i = 0; i < n; i++)
        sources[i] = (AllocSource){ .name = names[i], .type = VIDEO_CAMERA, .layers = &tables[i > 0] };
    VideoConstraint constraint = { names[0], 720 };
    ReceiverWishes w = { .last_n = -1,
                         .on_stage = (const char **)names,
                         .on_stage_n = 1,
                         .default_max_height = 360,
                         .constraints = &constraint,
                         .constraints_n = 1 };
    AllocParams params = { .available_bps = bwe_target_bps(f->bwe) };
    priority_arrange(sources, n, &w, ALLOC_UNLIMITED, order);
    f->result = allocator_run(sources, n, order, &params);
    bwe_set_wanted_bps(f->bwe, f->result.ideal_bps);
    f->allocated_bps = params.available_bps;
    f->allocated_us = now_us;
    f->allocate_us = now_us + ALLOC_PERIOD_MS * 1000;
    f->sources_bps = 0;
    for (size_t i = 0; i < n; i++)
        settle(f, (int)i, &sources[i], now_us);
    f->layer_changes += f->layers[0] != f->layer;
    f->raises += f->layers[0] > f->layer;
    f->layer = f->layers[0];
}

static void send_padding(SimFlow *f, SimLink *link, int64_t now_us)
{
    PaddingInput in = { .ideal_bps = f->result.ideal_bps,
                        .target_bps = f->result.target_bps,
                        .estimate_bps = bwe_target_bps(f->bwe),
                        .below_ideal = f->result.below_ideal };
    size_t due = padding_due(&f->padding, padding_rate_bps(&in) ? in.estimate_bps : 0, bwe_sent_bytes(f->bwe), now_us),
           sent = 0;
    if (f->queue.count > 0)
        return;
    while (sent < due) {
        size_t bytes = due - sent > PADDING_MAX_PACKET ? SIM_PACKET_BYTES : SIM_PADDING_BYTES; /* RTX or padding */
        send_packet(f, link, bytes, false, now_us);
        sent += bytes;
    }
    f->padding_bytes += sent;
    if (sent)
        send_probe(f, link, SIM_PADDING_BYTES, now_us);
}

/* What the sources make from now on; a frame of the next of them. */
static void next_frame(SimFlow *f, int64_t now_us)
{
    int n = f->tiles_bps[0] ? SIM_SOURCES : 1, i = f->turn++ % n, layer = f->layers[i];
    int64_t rate = !f->layers_bps[0] ? bwe_target_bps(f->bwe)
                   : layer < 0       ? 0
                   : i               ? f->tiles_bps[layer]
                                     : f->layers_bps[layer];
    int64_t all = f->layers_bps[0] ? f->sources_bps : rate;
    rate = rate < f->source_max_bps ? rate : f->source_max_bps;
    double size = rate * f->frame_us / 8e6 * (0.8 + 0.4 * sim_random(&f->seed));
    if (f->key_every_us && now_us >= f->next_key_us) {
        f->key_due[i] = true;
        f->next_key_us = now_us + f->key_every_us;
    }
    if (f->key_due[i] && rate > 0 && f->key_factor > 0)
        size *= f->key_factor;
    f->key_due[i] = false;
    f->frame_left += (size_t)size;
    pacer_set_rate(&f->pacer, (int64_t)(PACING * (f->key_factor > 0 ? SENDER_RATE_MORE : 1) * all), now_us);
    f->next_frame_us += f->frame_us / n;
}

void sim_flow_send(SimFlow *f, SimLink *link, int64_t now_us)
{
    if (now_us < f->start_us)
        return;
    if (now_us >= f->next_tick_us) {
        bwe_tick(f->bwe, now_us);
        f->next_tick_us += BWE_TICK_US;
    }
    if (f->layers_bps[0] &&
        (now_us >= f->allocate_us || (now_us >= f->allocated_us + SIM_REALLOCATE_US &&
                                      allocator_estimate_changed(f->allocated_bps, bwe_target_bps(f->bwe)))))
        allocate(f, now_us);
    if (now_us >= f->next_frame_us)
        next_frame(f, now_us);
    while (f->frame_left > 0 && pacer_next_us(&f->pacer, now_us) <= now_us) {
        size_t bytes = f->frame_left < SIM_PACKET_BYTES ? f->frame_left : SIM_PACKET_BYTES;
        f->frame_left -= bytes;
        bytes = bytes < 100 ? 100 : bytes;
        forward(f, link, bytes, f->frame_left == 0, now_us);
        pacer_sent(&f->pacer, bytes, now_us);
    }
    release(f, link, now_us);
    if (f->layers_bps[0] && now_us >= f->next_padding_us) {
        send_padding(f, link, now_us);
        f->next_padding_us = now_us + PADDING_PERIOD_US;
    }
    if (now_us >= f->next_probe_us)
        send_probe(f, link, 0, now_us);
}

void sim_flow_receive(SimFlow *f, const SimPacket *p)
{
    f->received_bytes += p->bytes;
    twcc_log_packet(f->log, p->seq, p->marker, p->at_us + 1000000000); /* its clock is not ours */
}

void sim_flow_report(SimFlow *f, int64_t now_us)
{
    if (now_us >= f->next_report_us) {
        f->next_report_us += f->report_us;
        uint8_t buf[TWCC_LOG_MAX_PACKET];
        size_t len;
        while ((len = twcc_log_build(f->log, buf, sizeof(buf), 1, 2, now_us + 1000000000)) > 0) {
            if (sim_random(&f->seed) < f->back_loss)
                continue;
            if (f->report_count == SIM_REPORTS)
                abort();
            SimReport *r = &f->reports[(f->report_head + f->report_count++) % SIM_REPORTS];
            r->arrive_us = now_us + f->back_delay_us;
            r->len = len;
            memcpy(r->bytes, buf, len);
        }
    }
    while (f->report_count > 0 && f->reports[f->report_head].arrive_us <= now_us) {
        const SimReport *r = &f->reports[f->report_head];
        RtcpIter it = RTCP_ITER(r->bytes, r->len);
        RtcpPacket p;
        TwccView v;
        if (!rtcp_iter_next(&it, &p) || !twcc_parse(r->bytes, &p, &v))
            abort();
        bwe_on_feedback(f->bwe, r->bytes, &v, now_us);
        f->report_head = (f->report_head + 1) % SIM_REPORTS;
        f->report_count--;
    }
}
