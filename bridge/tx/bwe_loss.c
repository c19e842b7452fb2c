/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/tx/bwe_loss.h"
#include <math.h>

#define AGE_WEIGHT 0.9
#define INITIAL_INHERENT 0.01
#define MIN_INHERENT 0.001
#define INHERENT_OFFSET 0.05        /* most a path of unlimited bandwidth may lose by itself ... */
#define INHERENT_BALANCE_KBPS 100.0 /* ... and a slow one more */
#define NEWTON_STEP 0.75
#define BIAS_PER_KBPS 0.0002
#define BIAS_PER_LOG 0.02
#define BIAS_LOSS 0.2 /* above it, less bandwidth is preferred */
#define BIAS_SMOOTHING 0.002
#define WINDOW_US 300000
#define WINDOW_FACTOR 1.3
#define RAMP_UP 1.5      /* of what was acknowledged */
#define HOLD_RAMP_UP 1.2 /* the same while the last fall is fresh */
#define HOLD_FRESH 1.3
#define HOLD_US 300000
#define HOLD_MAX_US 60000000

typedef struct {
    double kbps, inherent;
} Candidate;

void bwe_loss_init(BweLoss *l, int64_t start_bps, int64_t min_bps, int64_t max_bps)
{
    *l = (BweLoss){ .min_kbps = min_bps / 1000.0,
                    .max_kbps = max_bps / 1000.0,
                    .kbps = start_bps / 1000.0,
                    .result_kbps = start_bps / 1000.0,
                    .inherent = INITIAL_INHERENT,
                    .hold_for_us = HOLD_US };
}

void bwe_loss_set(BweLoss *l, int64_t bps)
{
    l->kbps = l->result_kbps = bps / 1000.0;
    l->window_limit_kbps = 0;
}

void bwe_loss_forget(BweLoss *l, int64_t bps)
{
    bwe_loss_init(l, bps, (int64_t)(l->min_kbps * 1000), (int64_t)(l->max_kbps * 1000));
}

/* Gathers; true when an observation became complete. */
static bool observe(BweLoss *l, const BwePacket *packets, size_t n)
{
    BweSpan *span = &l->partial;
    bwe_span_add(span, packets, n);
    if (span->first_us == 0)
        return false;
    if (l->last_observation_us == 0)
        l->last_observation_us = span->first_us;
    int64_t duration_us = span->last_us - l->last_observation_us;
    if (duration_us < BWE_LOSS_OBSERVATION_US)
        return false;
    l->observations[l->count++ % BWE_LOSS_OBSERVATIONS] =
        (BweLossObservation){ .lost_kb = span->lost_kb, .kb = span->kb, .send_kbps = span->kb * 8 * 1e6 / duration_us };
    l->last_observation_us = span->last_us;
    *span = (BweSpan){ 0 };
    return true;
}

static unsigned observed(const BweLoss *l)
{
    return l->count < BWE_LOSS_OBSERVATIONS ? l->count : BWE_LOSS_OBSERVATIONS;
}

/* By age, 0 newest. */
static const BweLossObservation *observation(const BweLoss *l, unsigned age)
{
    return &l->observations[(l->count - 1 - age) % BWE_LOSS_OBSERVATIONS];
}

/* What was lost beyond the random losses. */
static double lost_kb(const BweLoss *l, const BweLossObservation *o)
{
    return fmax(0, o->lost_kb - l->random * o->kb);
}

static double average_loss(const BweLoss *l, bool all_losses)
{
    double lost = 0, all = 0, weight = 1;
    for (unsigned age = 0; age < observed(l); age++, weight *= AGE_WEIGHT) {
        lost += weight * (all_losses ? observation(l, age)->lost_kb : lost_kb(l, observation(l, age)));
        all += weight * observation(l, age)->kb;
    }
    return all > 0 ? lost / all : 0;
}

static double max_inherent(double kbps)
{
    return fmin(1, INHERENT_OFFSET + INHERENT_BALANCE_KBPS / fmax(kbps, 1));
}

/* Share of what was sent above the bandwidth. */
static double overshoot(double send_kbps, double kbps)
{
    return send_kbps > kbps ? (send_kbps - kbps) / send_kbps : 0;
}

static double loss_probability(const Candidate *c, double send_kbps)
{
    double p = c->inherent + (1 - c->inherent) * overshoot(send_kbps, c->kbps);
    return fmin(1 - 1e-6, fmax(1e-6, p));
}

static double clamp_inherent(double inherent, double kbps)
{
    return fmax(MIN_INHERENT, fmin(max_inherent(kbps), inherent));
}

/* One Newton step toward the inherent loss that fits this bandwidth best. */
static void fit_inherent(const BweLoss *l, Candidate *c)
{
    double first = 0, second = 0, weight = 1;
    c->inherent = clamp_inherent(c->inherent, c->kbps);
    for (unsigned age = 0; age < observed(l); age++, weight *= AGE_WEIGHT) {
        const BweLossObservation *o = observation(l, age);
        double p = loss_probability(c, o->send_kbps), lost = lost_kb(l, o), ok = o->kb - lost;
        first += weight * (lost / p - ok / (1 - p));
        second -= weight * (lost / (p * p) + ok / ((1 - p) * (1 - p)));
    }
    if (second < 0)
        c->inherent = clamp_inherent(c->inherent - NEWTON_STEP * first / second, c->kbps);
}

static double objective(const BweLoss *l, const Candidate *c)
{
    double side = BIAS_LOSS - l->excess;
    double bias = side / (BIAS_SMOOTHING + fabs(side)) * (BIAS_PER_KBPS * c->kbps + BIAS_PER_LOG * log(1 + c->kbps));
    double sum = 0, weight = 1;
    for (unsigned age = 0; age < observed(l); age++, weight *= AGE_WEIGHT) {
        const BweLossObservation *o = observation(l, age);
        double p = loss_probability(c, o->send_kbps), lost = lost_kb(l, o);
        sum += weight * (lost * log(p) + (o->kb - lost) * log(1 - p) + bias * o->kb);
    }
    return sum;
}

/* How high a candidate may reach while loss limits us. */
static double ceiling(const BweLoss *l, double acked_kbps, int64_t now_us)
{
    double most = l->max_kbps;
    if (l->state == BWE_LOSS_DELAY_BASED)
        return most;
    if (l->window_limit_kbps > 0)
        most = fmin(most, l->window_limit_kbps);
    if (acked_kbps > 0) {
        bool fresh = now_us < l->hold_until_us && acked_kbps < HOLD_FRESH * l->hold_kbps;
        most = fmin(most, (fresh ? HOLD_RAMP_UP : RAMP_UP) * acked_kbps);
    }
    return most;
}

static Candidate best_candidate(const BweLoss *l, double delay_kbps, double acked_kbps, bool alr, int64_t now_us)
{
    static const double factors[] = { 1.02, 1.0, 0.95 };
    double kbps[5], best_value = -INFINITY, most = fmax(l->kbps, ceiling(l, acked_kbps, now_us));
    size_t n = 0;
    for (size_t i = 0; i < 3; i++)
        kbps[n++] = factors[i] * l->kbps;
    if (acked_kbps > 0 && !alr)
        kbps[n++] = acked_kbps;
    if (delay_kbps > l->kbps)
        kbps[n++] = delay_kbps;
    Candidate best = { l->kbps, l->inherent };
    for (size_t i = 0; i < n; i++) {
        Candidate c = { fmin(kbps[i], most), l->inherent };
        fit_inherent(l, &c);
        double value = objective(l, &c);
        if (value > best_value) {
            best_value = value;
            best = c;
        }
    }
    return best;
}

static void enter_decreasing(BweLoss *l, double kbps, int64_t now_us)
{
    if (l->state != BWE_LOSS_DECREASING) {
        l->hold_kbps = kbps;
        l->hold_until_us = now_us + l->hold_for_us;
        l->hold_for_us = l->hold_for_us * 2 < HOLD_MAX_US ? l->hold_for_us * 2 : HOLD_MAX_US;
    }
    l->state = BWE_LOSS_DECREASING;
}

static void new_state(BweLoss *l, double kbps, double delay_kbps, int64_t now_us)
{
    bool rising = kbps > l->result_kbps || (kbps == l->result_kbps && l->state == BWE_LOSS_INCREASING);
    if (kbps >= delay_kbps) {
        l->state = BWE_LOSS_DELAY_BASED;
        l->hold_for_us = HOLD_US;
        l->window_limit_kbps = 0;
    } else if (rising) {
        l->state = BWE_LOSS_INCREASING;
    } else {
        enter_decreasing(l, kbps, now_us);
    }
    if (l->state != BWE_LOSS_DELAY_BASED && (l->window_limit_kbps == 0 || now_us - l->window_us > WINDOW_US)) {
        l->window_limit_kbps = WINDOW_FACTOR * kbps;
        l->window_us = now_us;
    }
}

static void measure(BweLoss *l, double random)
{
    l->random = random;
    l->average = average_loss(l, true);
    l->excess = average_loss(l, false);
}

int64_t bwe_loss_update(BweLoss *l, const BwePacket *packets, size_t n, int64_t delay_bps, int64_t acked_bps, bool alr,
                        double random, int64_t now_us)
{
    double delay_kbps = delay_bps / 1000.0, acked_kbps = acked_bps / 1000.0;
    bool complete = observe(l, packets, n);
    if (l->count < BWE_LOSS_READY) {
        l->kbps = l->result_kbps = delay_kbps; /* nothing to say yet */
        measure(l, random);
        return delay_bps;
    }
    if (complete) {
        measure(l, random);
        Candidate best = best_candidate(l, delay_kbps, acked_kbps, alr, now_us);
        if (l->excess > best.inherent && best.kbps > l->kbps)
            best.kbps = l->kbps; /* more than the model can call inherent: no time to rise */
        l->kbps = best.kbps;
        l->inherent = best.inherent;
        double kbps = best.kbps;
        if (l->excess > INHERENT_OFFSET)
            kbps = fmin(kbps, INHERENT_BALANCE_KBPS / (l->excess - INHERENT_OFFSET));
        kbps = fmax(kbps, fmax(acked_kbps, l->min_kbps)); /* what arrives, the path carries */
        kbps = fmin(kbps, delay_kbps);
        if (l->state == BWE_LOSS_DECREASING && now_us < l->hold_until_us && kbps < delay_kbps)
            kbps = fmin(kbps, l->hold_kbps);
        else
            new_state(l, kbps, delay_kbps, now_us);
        l->result_kbps = l->kbps = kbps;
    }
    double result = l->state == BWE_LOSS_DELAY_BASED ? delay_kbps : fmin(l->result_kbps, delay_kbps);
    return (int64_t)(fmax(result, l->min_kbps) * 1000);
}
