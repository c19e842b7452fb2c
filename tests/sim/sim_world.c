/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/sim_world.h"
#include <glib.h>

#define CROSS_FRAME_US 40000

void sim_world_init(World *w, double capacity_mbit, size_t queue_bytes, size_t n, uint32_t seed)
{
    uint32_t dice = 2463534242u ^ seed * 2654435761u;
    *w = (World){ .n = n, .now_us = SIM_EPOCH_US, .seed = dice };
    for (int i = 0; i < 8; i++)
        sim_random(&dice);
    sim_link_init(&w->link, (int64_t)(capacity_mbit * MBIT), 30000, queue_bytes, seed ? dice : 9);
    BweConfig config = BWE_CONFIG_DEFAULT;
    for (size_t i = 0; i < n; i++) {
        SimFlow *f = &w->flows[i];
        int64_t late_us = seed ? (int64_t)(sim_random(&dice) * SECOND) : 0;
        sim_flow_init(f, (int)i, &config, SIM_EPOCH_US + (int64_t)i * 7 * SECOND + late_us);
        if (!seed)
            continue;
        f->seed ^= dice;
        f->next_tick_us += (int64_t)(sim_random(&dice) * BWE_TICK_US);
        f->next_report_us += (int64_t)(sim_random(&dice) * f->report_us);
    }
}

void sim_world_free(World *w)
{
    for (size_t i = 0; i < w->n; i++)
        sim_flow_free(&w->flows[i]);
}

static void send_cross(World *w, int64_t now_us)
{
    if (!w->cross_frames) {
        w->cross_due_bytes += w->cross_bps * SIM_STEP_US / 8e6;
    } else if (now_us >= w->cross_frame_us) {
        w->cross_due_bytes += w->cross_bps * CROSS_FRAME_US / 8e6 * (0.5 + sim_random(&w->seed));
        w->cross_frame_us = now_us + CROSS_FRAME_US;
    }
    for (; w->cross_due_bytes >= 1200; w->cross_due_bytes -= 1200)
        sim_link_send(&w->link, &(SimPacket){ .bytes = 1200, .flow = -1 }, now_us);
}

Seen sim_world_run(World *w, double seconds)
{
    int64_t begin_us = w->now_us, end_us = begin_us + (int64_t)(seconds * SECOND), steps = 0;
    uint64_t sent = w->flows[0].sent_bytes, received[SIM_FLOWS] = { 0 };
    Seen s = { .target_min = 1e9, .short_s = -1 };
    for (size_t i = 0; i < w->n; i++)
        received[i] = w->flows[i].received_bytes;
    for (; w->now_us < end_us; w->now_us += SIM_STEP_US, steps++) {
        int64_t now_us = w->now_us;
        send_cross(w, now_us);
        for (size_t i = 0; i < w->n; i++)
            sim_flow_send(&w->flows[i], &w->link, now_us);
        SimPacket p;
        while (sim_link_receive(&w->link, now_us, &p))
            if (p.flow >= 0)
                sim_flow_receive(&w->flows[p.flow], &p);
        for (size_t i = 0; i < w->n; i++)
            sim_flow_report(&w->flows[i], now_us);
        double target = bwe_target_bps(w->flows[0].bwe) / MBIT, queue_ms = sim_link_queue_us(&w->link) / 1e3;
        s.target_mean += target;
        s.target_min = MIN(s.target_min, target);
        s.target_max = MAX(s.target_max, target);
        s.queue_max_ms = MAX(s.queue_max_ms, queue_ms);
        s.queue_long += queue_ms >= 100;
        if (s.short_s < 0 && queue_ms < 100)
            s.short_s = (double)(now_us - begin_us) / SECOND;
    }
    uint64_t all = 0;
    for (size_t i = 0; i < w->n; i++)
        all += received[i] = w->flows[i].received_bytes - received[i];
    s.target_mean /= (double)steps;
    s.queue_long /= (double)steps;
    s.sent_mbit = (w->flows[0].sent_bytes - sent) * 8 / seconds / MBIT;
    s.received_mbit = received[0] * 8 / seconds / MBIT;
    s.share = all ? (double)received[0] / all : 0;
    g_test_message("%6.1f s: cap %.2f sent %.2f received %.2f target %.2f..%.2f..%.2f queue %.0f ms share %.2f",
                   (w->now_us - SIM_EPOCH_US) / 1e6, w->link.capacity_bps / MBIT, s.sent_mbit, s.received_mbit,
                   s.target_min, s.target_mean, s.target_max, s.queue_max_ms, s.share);
    return s;
}
