/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/tx/bwe.h"
#include <stdlib.h>
#include "bridge/tx/bwe_ack_rate.h"
#include "bridge/tx/bwe_aimd.h"
#include "bridge/tx/bwe_alr.h"
#include "bridge/tx/bwe_history.h"
#include "bridge/tx/bwe_inter_arrival.h"
#include "bridge/tx/bwe_loss.h"
#include "bridge/tx/bwe_probe.h"
#include "bridge/tx/bwe_queue.h"
#include "bridge/tx/bwe_random_loss.h"
#include "bridge/tx/bwe_remb.h"
#include "bridge/tx/bwe_trendline.h"

#define BATCH 512                 /* packets looked at together; longer feedback takes several rounds */
#define SILENCE_US 2000000        /* without feedback: old groups say nothing */
#define REPORT_RTT_AGE_US 5000000 /* an RTT from reports is preferred while younger */
#define RTT_LIMIT_US 3000000
#define RTT_BACKOFF 0.8
#define RTT_BACKOFF_US 1000000
#define INITIAL_PROBE_1 3 /* times the start rate */
#define INITIAL_PROBE_2 6
#define FURTHER_PROBE 2   /* times what was measured */
#define FURTHER_MIN 0.7   /* measured / probed */
#define PERIODIC_PROBE 2  /* times the estimate */
#define PERIODIC_GAIN 1.5 /* a saturated look for more counts from here: at 2 to 1, a fair share looks like 4/3 */
#define LOOK_WEIGHT 0.3
#define LOOK_EQUAL (4 / 3.0) /* measured / estimate, beside one who has as much */
#define LEAST_STEP 0.5
#define MOST_STEP 2
#define PROBE_AFTER_DROP_US 2000000
#define PROBE_FOUND_US 2000000 /* so long after a look found more, the next one comes .. */
#define PROBE_AGAIN_US 400000  /* .. sooner: jitter may have ended the row of them */
#define CONGESTED_QUEUE_US 100000
#define CONGESTED_LOSS 0.02
#define CONGESTED_INTERVAL_US 1000000
#define SURE_US 180000      /* a slope that lasts so long .. */
#define SPIKE_US 33000      /* .. or with so much waiting is overuse */
#define HOLD_QUEUE_US 40000 /* with more waiting on the way, the estimate does not rise */
#define STANDS_INTERVAL_US 500000
#define LOSS_LIMITED_PROBE 1.5
#define SUDDEN_FALL 0.7 /* recent / acknowledged rate, from where the recent one is believed */
#define STANDING_FALL 0.9
#define DROP_SHARE 0.66 /* below it a decrease is a drop */
#define DROP_WINDOW_US 5000000
#define ALR_WINDOW_US 3000000
#define RECOVERY_PROBE 0.85
#define AUDIO_UNTOLD 64 /* audio packets left out of feedback, and none in it: the receiver does not report audio */
#define WANTED_MARGIN 1.1
#define PROBE_QUIET_US 150000 /* after a probe, for its queue to drain */
#define PROBE_QUEUE_US 20000  /* with more waiting on the way, nothing is to be found */

struct Bwe {
    BweConfig config; /* set at birth */
    /* worker */
    BweHistory history;
    BweAckRate ack;
    BweInterArrival groups;
    BweTrendline trend;
    BweAimd aimd;
    BweLoss loss;
    BweRandomLoss random_loss;
    BweAlr alr;
    BweProbe probe;
    BweQueue queue;
    BweRemb remb; /* takes the place of all these without transport-cc */
    double report_loss;
    int64_t target_bps, loss_bps, acked_bps, wanted_bps;
    int64_t feedback_rtt_us, report_rtt_us, report_rtt_at_us; /* 0 unknown */
    int64_t first_sent_us, last_sent_us, last_feedback_us, last_backoff_us;
    int64_t told_bps;                     /* target when something was last told to have come; 0 never */
    int64_t confirm_bps;                  /* what the probe to be confirmed measured */
    double look_ratio;                    /* what looks for more measured / the estimate; 0 unknown */
    int64_t raised_us;                    /* a probe set the estimate */
    int64_t over_since_us, over_queue_us; /* a slope since, and what waited then; 0: none */
    int64_t quiet_until_us;               /* packets sent before it do not count for the trend */
    int64_t dropped_from_bps, dropped_us; /* 0: no drop to recover from */
    int64_t reference;                    /* unwrapped, 64 ms units */
    bool have_reference, rtt_limited, initial_done;
    bool audio_told;
    unsigned audio_untold; /* while !audio_told */
    BweUsage usage;
    uint64_t feedback_packets, unmatched, remb_ignored, overuses, sent_bytes;
    BwePacket batch[BATCH];
};

/* A way that nothing is known of. */
static void begin(Bwe *b, int64_t start_bps, int64_t now_us)
{
    bwe_trendline_init(&b->trend);
    bwe_aimd_init(&b->aimd, start_bps, b->config.min_bps, b->config.max_bps, now_us);
    bwe_loss_init(&b->loss, b->aimd.bps, b->config.min_bps, b->config.max_bps);
    bwe_queue_init(&b->queue);
    b->target_bps = b->loss_bps = b->aimd.bps;
    bwe_alr_set_target(&b->alr, b->target_bps);
}

Bwe *bwe_new(const BweConfig *config, int64_t now_us)
{
    Bwe *b = calloc(1, sizeof(*b));
    if (!b)
        return NULL;
    b->config = *config;
    bwe_remb_init(&b->remb, config->start_bps, config->min_bps, config->max_bps, now_us);
    begin(b, config->start_bps, now_us);
    return b;
}

void bwe_moved(Bwe *b, int64_t now_us)
{
    if (!b->config.transport_cc)
        return;
    int64_t carried_bps = b->acked_bps > b->config.start_bps ? b->acked_bps : b->config.start_bps;
    int64_t start_bps = b->told_bps > 0 && b->told_bps < carried_bps ? b->told_bps : carried_bps;
    bwe_history_forget(&b->history);
    bwe_inter_arrival_reset(&b->groups);
    bwe_probe_cancel(&b->probe);
    b->ack = (BweAckRate){ 0 };
    b->random_loss = (BweRandomLoss){ 0 };
    b->alr = (BweAlr){ 0 };
    b->acked_bps = b->confirm_bps = b->dropped_from_bps = 0;
    b->feedback_rtt_us = b->report_rtt_us = b->report_rtt_at_us = 0;
    b->first_sent_us = b->last_feedback_us = b->last_backoff_us = 0;
    b->raised_us = b->over_since_us = b->over_queue_us = b->quiet_until_us = b->dropped_us = 0;
    b->look_ratio = 0;
    b->rtt_limited = b->initial_done = false;
    b->usage = BWE_NORMAL;
    begin(b, start_bps, now_us);
}

void bwe_free(Bwe *b)
{
    free(b);
}

static int64_t clamp(const Bwe *b, int64_t bps)
{
    return bps < b->config.min_bps ? b->config.min_bps : bps > b->config.max_bps ? b->config.max_bps : bps;
}

static void retarget(Bwe *b, int64_t now_us)
{
    int64_t bps = b->aimd.bps < b->loss_bps ? b->aimd.bps : b->loss_bps;
    b->target_bps = clamp(b, (int64_t)(bps * bwe_queue_factor(&b->queue, now_us)));
    bwe_alr_set_target(&b->alr, b->target_bps);
}

/* ---- probing: when, and how high ---- */

/* Highest rate worth probing; 0 when there is nothing to look for. */
static int64_t probe_ceiling(const Bwe *b)
{
    double wanted = b->wanted_bps > 0 ? WANTED_MARGIN * (double)b->wanted_bps : BWE_UNKNOWN_BPS;
    int64_t most = wanted < (double)b->config.max_bps ? (int64_t)wanted : b->config.max_bps;
    if (b->loss.state != BWE_LOSS_DELAY_BASED && b->loss.excess > CONGESTED_LOSS &&
        LOSS_LIMITED_PROBE * b->target_bps < most)
        most = (int64_t)(LOSS_LIMITED_PROBE * b->target_bps);
    return most > b->target_bps ? most : 0;
}

static bool may_probe(const Bwe *b)
{
    return !b->rtt_limited && b->usage != BWE_OVERUSE;
}

static void queue_probe(Bwe *b, BweProbeReason reason, int64_t rate_bps, int64_t now_us)
{
    int64_t most = probe_ceiling(b);
    if (most > 0)
        bwe_probe_add(&b->probe, reason, rate_bps < most ? rate_bps : most, now_us);
}

static void probe_at_start(Bwe *b, int64_t now_us)
{
    b->initial_done = true;
    queue_probe(b, BWE_PROBE_INITIAL, INITIAL_PROBE_1 * b->target_bps, now_us);
    queue_probe(b, BWE_PROBE_INITIAL, INITIAL_PROBE_2 * b->target_bps, now_us);
}

static void probe_periodically(Bwe *b, int64_t now_us)
{
    bool decreased_lately = b->aimd.decreased_us >= 0 && now_us - b->aimd.decreased_us < PROBE_AFTER_DROP_US;
    bool found_lately = b->raised_us > 0 && now_us - b->raised_us < PROBE_FOUND_US;
    if (!b->initial_done || b->probe.count > 0 || !may_probe(b) || decreased_lately ||
        now_us - b->probe.last_queued_us < (found_lately ? PROBE_AGAIN_US : BWE_PROBE_PERIOD_US) ||
        bwe_queue_delay_us(&b->queue) > PROBE_QUEUE_US || now_us - b->last_sent_us > BWE_PROBE_WAIT_US)
        return;
    queue_probe(b, BWE_PROBE_PERIODIC, PERIODIC_PROBE * b->target_bps, now_us);
}

/* The link may have come back after a drop that was seen while little was sent. */
static void probe_for_recovery(Bwe *b, int64_t now_us)
{
    bool alr_lately = b->alr.limited || (b->alr.ended_us > 0 && now_us - b->alr.ended_us < ALR_WINDOW_US);
    if (b->dropped_us > 0 && now_us - b->dropped_us < DROP_WINDOW_US && alr_lately && b->probe.count == 0 &&
        bwe_queue_delay_us(&b->queue) < PROBE_QUEUE_US)
        queue_probe(b, BWE_PROBE_RECOVERY, (int64_t)(RECOVERY_PROBE * b->dropped_from_bps), now_us);
    b->dropped_us = 0;
}

/* Is there more than we thought? A look for more that met the limit must have found much more to count. */
static bool found_more(const Bwe *b, BweProbeReason reason, int64_t bps, bool saturated)
{
    if (reason == BWE_PROBE_INITIAL)
        return saturated || bps > b->aimd.bps;
    bool look = reason == BWE_PROBE_PERIODIC || reason == BWE_PROBE_CONFIRM;
    return bps > (look && saturated ? PERIODIC_GAIN : 1) * b->aimd.bps;
}

/* A look at twice our rate R, on a link of C that others fill up, reads 2 R C / (R + C): R when we are alone, for then
 * R is C, 4/3 of R at fair shares, 2 R when we have next to nothing. Who has more than others thus takes smaller steps
 * than they, and who is alone has nobody to make room for. */
static void note_look(Bwe *b, int64_t bps)
{
    double ratio = (double)bps / BWE_PROBE_UTILISATION / (double)b->aimd.bps;
    b->look_ratio = b->look_ratio > 0 ? (1 - LOOK_WEIGHT) * b->look_ratio + LOOK_WEIGHT * ratio : ratio;
    double factor = (b->look_ratio - 1) / (LOOK_EQUAL - 1);
    b->aimd.step_factor = factor < LEAST_STEP ? LEAST_STEP : factor > MOST_STEP ? MOST_STEP : factor;
}

/* Takes over what a cluster measured, or not. */
static void use_probe(Bwe *b, BweProbeReason reason, int64_t probed_bps, int64_t bps, bool saturated, int64_t now_us)
{
    bool more = found_more(b, reason, bps, saturated);
    if (saturated)
        bwe_queue_suspect(&b->queue, now_us);
    if (saturated && reason == BWE_PROBE_PERIODIC)
        note_look(b, bps);
    if (more && reason == BWE_PROBE_PERIODIC) {
        b->confirm_bps = bps; /* on a path that jitters one cluster may arrive faster than it could */
        queue_probe(b, BWE_PROBE_CONFIRM, probed_bps, now_us);
        return;
    }
    if (reason == BWE_PROBE_CONFIRM && bps > b->confirm_bps)
        bps = b->confirm_bps;
    if (more) {
        if (b->loss.state != BWE_LOSS_DELAY_BASED && b->loss.excess > CONGESTED_LOSS &&
            bps > LOSS_LIMITED_PROBE * b->loss_bps)
            bps = (int64_t)(LOSS_LIMITED_PROBE * b->loss_bps);
        bwe_aimd_set(&b->aimd, bps, now_us);
        b->raised_us = now_us;
        bwe_loss_set(&b->loss, b->aimd.bps);
        b->loss_bps = b->aimd.bps;
    }
    if (saturated) {
        bwe_probe_cancel(&b->probe);
    } else if (reason != BWE_PROBE_PERIODIC && bps > FURTHER_MIN * probed_bps && b->probe.count == 0) {
        b->target_bps = clamp(b, b->aimd.bps); /* what the ceiling compares with */
        queue_probe(b, BWE_PROBE_FURTHER, FURTHER_PROBE * bps, now_us);
    }
}

/* ---- sending ---- */

static void sent(Bwe *b, uint16_t seq, size_t bytes, bool audio, int64_t now_us, int probe)
{
    b->sent_bytes += bytes;
    if (!b->config.transport_cc) {
        bwe_remb_sent(&b->remb, bytes, now_us);
        return;
    }
    if (b->first_sent_us == 0)
        b->first_sent_us = now_us > 0 ? now_us : 1;
    b->last_sent_us = now_us;
    bwe_history_sent(&b->history, seq, bytes, (uint16_t)probe, audio, now_us);
    bwe_alr_sent(&b->alr, bytes, now_us);
    if (probe != BWE_NO_PROBE)
        bwe_probe_packet_sent(&b->probe, (uint16_t)probe, bytes, now_us);
}

void bwe_on_sent(Bwe *b, uint16_t seq, size_t bytes, int64_t now_us, int probe)
{
    sent(b, seq, bytes, false, now_us, probe);
}

void bwe_on_audio_sent(Bwe *b, uint16_t seq, size_t bytes, int64_t now_us)
{
    if (b->config.transport_cc)
        sent(b, seq, bytes, true, now_us, b->audio_told ? bwe_probe_id(b) : BWE_NO_PROBE);
}

bool bwe_takes_audio(const Bwe *b)
{
    return b->audio_told || b->audio_untold < AUDIO_UNTOLD;
}

int bwe_probe_id(const Bwe *b)
{
    return bwe_probe_running(&b->probe);
}

size_t bwe_probe_due(Bwe *b, size_t packet_bytes, int64_t now_us, int64_t *again_us)
{
    if (!b->initial_done && b->config.transport_cc && packet_bytes >= BWE_PROBE_TRIGGER)
        probe_at_start(b, now_us);
    return bwe_probe_bytes_due(&b->probe, packet_bytes, now_us, again_us);
}

/* ---- feedback ---- */

static int64_t unwrap_reference(Bwe *b, int32_t reference)
{
    if (!b->have_reference) {
        b->reference = reference;
        b->have_reference = true;
    } else {
        int32_t step = (int32_t)(((uint32_t)reference - (uint32_t)b->reference) << 8) / 256; /* signed 24 bits */
        b->reference += step;
    }
    return b->reference;
}

static void by_arrival(BwePacket *packets, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        BwePacket p = packets[i];
        size_t at = i;
        for (; at > 0 && packets[at - 1].arrival_us > p.arrival_us; at--)
            packets[at] = packets[at - 1];
        packets[at] = p;
    }
}

static void measure_rtt(Bwe *b, const BwePacket *received, size_t n, int64_t now_us)
{
    int64_t newest = received[n - 1].arrival_us, least_rtt = INT64_MAX, least_delay = INT64_MAX;
    for (size_t i = 0; i < n; i++) {
        /* what the packet waited at the receiver for the feedback is no part of the way */
        int64_t rtt = now_us - received[i].send_us - (newest - received[i].arrival_us);
        int64_t delay = received[i].arrival_us - received[i].send_us;
        least_rtt = rtt < least_rtt ? rtt : least_rtt;
        least_delay = delay < least_delay ? delay : least_delay;
    }
    if (least_rtt < 0)
        least_rtt = 0;
    b->feedback_rtt_us = b->feedback_rtt_us ? (7 * b->feedback_rtt_us + least_rtt) / 8 : least_rtt;
    bwe_queue_update(&b->queue, least_delay, now_us);
}

static void detect(Bwe *b, const BwePacket *received, size_t n, int64_t now_us)
{
    for (size_t i = 0; i < n; i++) {
        BweDelta delta;
        if (received[i].probe)
            b->quiet_until_us = received[i].send_us + PROBE_QUIET_US;
        if (received[i].send_us < b->quiet_until_us)
            continue; /* the queue a probe builds is not the estimate's fault; the next delta spans the gap */
        if (bwe_inter_arrival_add(&b->groups, &received[i], now_us, &delta))
            bwe_trendline_update(&b->trend, &delta, now_us);
    }
}

static void decreased(Bwe *b, int64_t before_bps, int64_t now_us)
{
    b->overuses++;
    bwe_probe_cancel(&b->probe);
    bwe_queue_suspect(&b->queue, now_us);
    if (b->aimd.bps < DROP_SHARE * before_bps) {
        b->dropped_from_bps = before_bps;
        b->dropped_us = now_us > 0 ? now_us : 1;
        bwe_loss_forget(&b->loss, b->aimd.bps);
    }
}

static int64_t recent(const Bwe *b)
{
    return bwe_random_loss_restore_bps(&b->random_loss, bwe_ack_rate_recent_bps(&b->ack));
}

/* Packets wait long, and much less arrives than we aim at: the capacity fell faster than a slope can be fitted. Or
 * they go on waiting after a decrease: a queue that stands has no slope. */
static bool congested(const Bwe *b, int64_t now_us)
{
    int64_t recent_bps = recent(b);
    if (recent_bps == 0 || b->alr.limited)
        return false;
    if (bwe_queue_stands(&b->queue, now_us) && recent_bps < b->aimd.bps &&
        now_us - b->aimd.decreased_us > STANDS_INTERVAL_US)
        return true;
    if (bwe_queue_delay_us(&b->queue) < CONGESTED_QUEUE_US)
        return false;
    bool stands = recent_bps < STANDING_FALL * b->aimd.bps || b->loss.excess > CONGESTED_LOSS;
    return recent_bps < SUDDEN_FALL * b->aimd.bps || (stands && now_us - b->aimd.decreased_us > CONGESTED_INTERVAL_US);
}

/* A slope while little waits may be somebody's probe or large frame, which is over at once: were each of those given way
 * to, whoever probes higher would take all. It must still be there, and what waits not fall, some reports later. */
static bool unsure(Bwe *b, int64_t now_us)
{
    int64_t queue_us = bwe_queue_delay_us(&b->queue);
    if (b->usage != BWE_OVERUSE) {
        b->over_since_us = 0;
        return false;
    }
    if (queue_us > SPIKE_US)
        return false;
    if (b->over_since_us == 0 || queue_us < b->over_queue_us) {
        b->over_since_us = now_us > 0 ? now_us : 1;
        b->over_queue_us = queue_us;
    }
    return now_us - b->over_since_us < SURE_US;
}

/* At overuse the long window still remembers the link as it was, or the rate before a probe raised it. */
static int64_t acked_for_aimd(const Bwe *b, int64_t now_us)
{
    int64_t recent_bps = b->usage == BWE_OVERUSE ? recent(b) : 0;
    bool raised = now_us - b->raised_us < BWE_ACK_WINDOW_US && recent_bps > b->acked_bps;
    bool fell = recent_bps > 0 && recent_bps < SUDDEN_FALL * b->acked_bps;
    return raised || fell ? recent_bps : b->acked_bps;
}

/* Everything known about some packets: those received first in `packets`, by arrival, then those lost. */
static void estimate(Bwe *b, BwePacket *packets, size_t received, size_t n, int64_t now_us)
{
    int64_t probe_bps = 0, probed_bps = 0;
    bool saturated = false;
    BweProbeReason reason = BWE_PROBE_INITIAL;
    by_arrival(packets, received);
    for (size_t i = 0; i < received; i++) {
        bwe_ack_rate_add(&b->ack, &packets[i]);
        if (packets[i].probe)
            bwe_probe_received(&b->probe, &packets[i]);
    }
    if (received > 0) {
        probe_bps = bwe_probe_result(&b->probe, &reason, &probed_bps, &saturated);
        measure_rtt(b, packets, received, now_us);
        detect(b, packets, received, now_us);
    }
    probe_bps = bwe_random_loss_restore_bps(&b->random_loss, probe_bps);
    b->acked_bps = bwe_random_loss_restore_bps(&b->random_loss, bwe_ack_rate_bps(&b->ack));
    b->aimd.rtt_us = bwe_rtt_us(b);
    BweUsage before = b->usage;
    b->usage = b->trend.usage;
    bool wait = unsure(b, now_us);
    if (congested(b, now_us)) {
        b->usage = BWE_OVERUSE;
        wait = false;
    }
    int64_t before_bps = b->aimd.bps;
    if (probe_bps > 0 && b->usage != BWE_OVERUSE)
        use_probe(b, reason, probed_bps, probe_bps, saturated, now_us);
    else if (bwe_aimd_update(&b->aimd, wait ? BWE_UNDERUSE : b->usage, acked_for_aimd(b, now_us),
                             b->alr.limited || bwe_queue_delay_us(&b->queue) > HOLD_QUEUE_US, now_us))
        decreased(b, before_bps, now_us);
    if (before == BWE_OVERUSE && b->usage != BWE_OVERUSE)
        probe_for_recovery(b, now_us);
    size_t kept = 0; /* what a probe or an old, higher estimate overran is not this estimate's loss */
    for (size_t i = 0; i < n; i++)
        if (!packets[i].probe && packets[i].send_us > b->aimd.decreased_us)
            packets[kept++] = packets[i];
    bwe_random_loss_update(&b->random_loss, packets, kept, bwe_queue_delay_us(&b->queue));
    b->loss_bps = bwe_loss_update(&b->loss, packets, kept, b->aimd.bps, b->acked_bps, b->alr.limited,
                                  b->random_loss.share, now_us);
    retarget(b, now_us);
}

int64_t bwe_feedback_us(const Bwe *b)
{
    return b->last_feedback_us > 0 ? b->last_feedback_us : b->first_sent_us;
}

void bwe_on_feedback(Bwe *b, const uint8_t *buf, const TwccView *v, int64_t now_us)
{
    TwccIter it;
    TwccStatus s;
    BwePacket *batch = b->batch;
    size_t received = 0, n = 0;
    bool any = false;
    if (!b->config.transport_cc)
        return;
    b->feedback_packets++;
    if (b->last_feedback_us > 0 && now_us - b->last_feedback_us > SILENCE_US) {
        bwe_inter_arrival_reset(&b->groups);
        bwe_trendline_init(&b->trend);
    }
    int64_t origin_us = (unwrap_reference(b, v->reference_time) - v->reference_time) * TWCC_REFERENCE_US;
    twcc_iter_init(&it, buf, v);
    while (twcc_iter_next(&it, &s)) {
        BwePacket p;
        BweTold told = bwe_history_told(&b->history, s.seq, s.received, now_us, &p);
        b->unmatched += told == BWE_TOLD_UNKNOWN;
        if (told != BWE_TOLD_NEWS)
            continue;
        if (p.audio && !b->audio_told && !s.received) {
            b->audio_untold++;
            continue;
        }
        b->audio_told |= p.audio;
        b->last_feedback_us = now_us > 0 ? now_us : 1;
        any |= s.received;
        if (s.received) {
            p.arrival_us = origin_us + s.arrival_us;
            batch[n++] = batch[received]; /* received ones stay in front */
            batch[received++] = p;
        } else {
            batch[n++] = p;
        }
        if (n == BATCH) {
            estimate(b, batch, received, n, now_us);
            received = n = 0;
        }
    }
    if (n > 0)
        estimate(b, batch, received, n, now_us);
    if (any)
        b->told_bps = b->target_bps;
}

void bwe_on_rtt(Bwe *b, int64_t rtt_us, int64_t now_us)
{
    b->report_rtt_us = rtt_us;
    b->report_rtt_at_us = now_us;
}

int64_t bwe_rtt_us(const Bwe *b)
{
    bool fresh = b->report_rtt_us > 0 && b->last_sent_us - b->report_rtt_at_us < REPORT_RTT_AGE_US;
    return fresh || b->feedback_rtt_us == 0 ? b->report_rtt_us : b->feedback_rtt_us;
}

void bwe_on_remb(Bwe *b, uint64_t bitrate_bps, int64_t now_us)
{
    if (b->config.transport_cc) {
        b->remb_ignored++;
        return;
    }
    int64_t bps = bitrate_bps < (uint64_t)b->config.max_bps ? (int64_t)bitrate_bps : b->config.max_bps;
    bwe_remb_told(&b->remb, bps, b->report_loss, now_us);
    b->target_bps = b->remb.bps;
}

void bwe_on_report_loss(Bwe *b, double loss)
{
    b->report_loss = loss;
}

void bwe_set_wanted_bps(Bwe *b, int64_t wanted_bps)
{
    b->wanted_bps = wanted_bps;
}

/* ---- time ---- */

/* Feedback that is late by seconds, or does not come at all although we send. */
static void back_off_by_rtt(Bwe *b, int64_t now_us)
{
    int64_t since_us = b->last_feedback_us > 0 ? b->last_feedback_us : b->first_sent_us;
    int64_t waited = b->first_sent_us > 0 && b->last_sent_us > since_us ? b->last_sent_us - since_us : 0;
    b->rtt_limited = b->feedback_rtt_us + waited > RTT_LIMIT_US;
    if (!b->rtt_limited || now_us - b->last_backoff_us < RTT_BACKOFF_US)
        return;
    b->last_backoff_us = now_us;
    bwe_probe_cancel(&b->probe);
    bwe_aimd_set(&b->aimd, (int64_t)(RTT_BACKOFF * b->target_bps), now_us);
    b->loss_bps = b->loss_bps < b->aimd.bps ? b->loss_bps : b->aimd.bps;
}

void bwe_tick(Bwe *b, int64_t now_us)
{
    if (!b->config.transport_cc) {
        bwe_remb_tick(&b->remb, b->report_loss, now_us);
        b->target_bps = b->remb.bps;
        return;
    }
    bwe_alr_tick(&b->alr, now_us);
    bwe_probe_tick(&b->probe, now_us);
    back_off_by_rtt(b, now_us);
    probe_periodically(b, now_us);
    retarget(b, now_us);
}

int64_t bwe_target_bps(const Bwe *b)
{
    return b->target_bps;
}

int64_t bwe_acked_bps(const Bwe *b)
{
    return b->acked_bps;
}

uint64_t bwe_sent_bytes(const Bwe *b)
{
    return b->sent_bytes;
}

uint64_t bwe_unmatched(const Bwe *b)
{
    return b->unmatched;
}

int64_t bwe_queue_us(const Bwe *b)
{
    return bwe_queue_delay_us(&b->queue);
}

double bwe_loss(const Bwe *b)
{
    return b->config.transport_cc ? b->loss.average : b->report_loss;
}

void bwe_stats(const Bwe *b, BweStats *out)
{
    static const char *const usages[] = { "normal", "overuse", "underuse" };
    static const char *const states[] = { "delay-based", "increasing", "decreasing" };
    *out = (BweStats){ .target_bps = b->target_bps,
                       .delay_bps = b->aimd.bps,
                       .loss_bps = b->loss_bps,
                       .told_bps = b->remb.told_bps,
                       .acked_bps = b->acked_bps,
                       .wanted_bps = b->wanted_bps,
                       .rtt_us = bwe_rtt_us(b),
                       .queue_us = bwe_queue_delay_us(&b->queue),
                       .loss = bwe_loss(b),
                       .trend = b->trend.modified,
                       .threshold = b->trend.threshold,
                       .usage = usages[b->usage],
                       .loss_state = states[b->loss.state],
                       .transport_cc = b->config.transport_cc,
                       .alr = b->alr.limited,
                       .rtt_limited = b->rtt_limited,
                       .feedback_packets = b->feedback_packets,
                       .unmatched = b->unmatched,
                       .remb_ignored = b->remb_ignored,
                       .overuses = b->overuses,
                       .probes_sent = b->probe.sent,
                       .probes_measured = b->probe.measured };
}
