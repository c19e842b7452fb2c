/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/sim_flow.h"
#include <stdlib.h>
#include <string.h>

#define PACING 2.5 /* of the encoder's rate, as browsers pace */

void sim_flow_init(SimFlow *f, int id, const BweConfig *config, int64_t start_us)
{
    memset(f, 0, sizeof(*f));
    f->id = id;
    f->seed = 77 + (uint32_t)id * 1000003;
    f->start_us = f->next_frame_us = f->next_tick_us = f->next_report_us = start_us;
    f->back_delay_us = 20000;
    f->report_us = 100000;
    f->source_max_bps = INT64_MAX;
    f->next_probe_us = INT64_MAX;
    f->bwe = bwe_new(config, start_us);
    f->log = twcc_log_new();
    pacer_init(&f->pacer, config->start_bps, 2000, start_us);
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
    f->sent_bytes += bytes;
    sim_link_send(link, &p, now_us);
}

static void send_probe(SimFlow *f, SimLink *link, size_t after_bytes, int64_t now_us)
{
    size_t due = bwe_probe_due(f->bwe, after_bytes, now_us, &f->next_probe_us);
    for (size_t sent = 0; sent < due;) {
        size_t bytes = due - sent > SIM_PADDING_BYTES ? SIM_PACKET_BYTES : SIM_PADDING_BYTES; /* RTX or padding */
        send_packet(f, link, bytes, false, now_us);
        sent += bytes;
    }
}

/* As an allocator would, but without its hysteresis. */
static int64_t choose_layer(SimFlow *f, int64_t target_bps)
{
    int layer = 0;
    for (int i = 1; i < SIM_LAYERS; i++)
        if (f->layers_bps[i] <= target_bps)
            layer = i;
    f->layer_changes += layer != f->layer;
    f->layer = layer;
    bwe_set_wanted_bps(f->bwe, f->layers_bps[SIM_LAYERS - 1]);
    return f->layers_bps[layer];
}

static void send_padding(SimFlow *f, SimLink *link, int64_t now_us)
{
    PaddingInput in = { .ideal_bps = f->layers_bps[SIM_LAYERS - 1],
                        .target_bps = f->layers_bps[f->layer],
                        .estimate_bps = bwe_target_bps(f->bwe),
                        .below_ideal = f->layer < SIM_LAYERS - 1 };
    size_t due = padding_due(&f->padding, padding_rate_bps(&in), now_us);
    size_t sent = 0;
    for (; sent < due; sent += SIM_PADDING_BYTES)
        send_packet(f, link, SIM_PADDING_BYTES, false, now_us);
    padding_oversent(&f->padding, sent - due);
    f->padding_bytes += sent;
}

void sim_flow_send(SimFlow *f, SimLink *link, int64_t now_us)
{
    if (now_us < f->start_us)
        return;
    if (now_us >= f->next_tick_us) {
        bwe_tick(f->bwe, now_us);
        f->next_tick_us += BWE_TICK_US;
    }
    if (now_us >= f->next_frame_us) {
        int64_t target = bwe_target_bps(f->bwe);
        int64_t rate = f->layers_bps[0] ? choose_layer(f, target) : target;
        rate = rate < f->source_max_bps ? rate : f->source_max_bps;
        f->frame_left += (size_t)(rate * SIM_FRAME_US / 8000000 * (0.8 + 0.4 * sim_random(&f->seed)));
        pacer_set_rate(&f->pacer, (int64_t)(PACING * rate), now_us);
        f->next_frame_us += SIM_FRAME_US;
    }
    while (f->frame_left > 0 && pacer_next_us(&f->pacer, now_us) <= now_us) {
        size_t bytes = f->frame_left < SIM_PACKET_BYTES ? f->frame_left : SIM_PACKET_BYTES;
        f->frame_left -= bytes;
        if (bytes < 100)
            bytes = 100;
        send_packet(f, link, bytes, f->frame_left == 0, now_us);
        pacer_sent(&f->pacer, bytes, now_us);
        send_probe(f, link, bytes, now_us);
    }
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
