/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/tx/bwe_trendline.h"
#include <math.h>

#define SMOOTHING 0.9
#define GAIN 4.0
#define MAX_DELTAS 60 /* that raise the confidence in a slope */
#define START_THRESHOLD 12.5
#define MIN_THRESHOLD 6.0
#define MAX_THRESHOLD 600.0
#define ADAPT_UP 0.0087 /* slowly away from a growing queue */
#define ADAPT_DOWN 0.039
#define OUTLIER 15.0
#define MAX_ADAPT_STEP_MS 100.0
#define OVERUSE_MS 10.0

void bwe_trendline_init(BweTrendline *t)
{
    *t = (BweTrendline){ .threshold = START_THRESHOLD, .over_ms = -1 };
}

static double slope(const BweTrendline *t)
{
    double mean_x = 0, mean_y = 0, num = 0, den = 0;
    for (int i = 0; i < BWE_TREND_WINDOW; i++) {
        mean_x += t->arrival_ms[i] / BWE_TREND_WINDOW;
        mean_y += t->delay_ms[i] / BWE_TREND_WINDOW;
    }
    for (int i = 0; i < BWE_TREND_WINDOW; i++) {
        num += (t->arrival_ms[i] - mean_x) * (t->delay_ms[i] - mean_y);
        den += (t->arrival_ms[i] - mean_x) * (t->arrival_ms[i] - mean_x);
    }
    return den > 0 ? num / den : t->trend;
}

static void adapt_threshold(BweTrendline *t, double now_ms)
{
    double m = fabs(t->modified), elapsed = now_ms - t->last_update_ms;
    t->last_update_ms = now_ms;
    if (m > t->threshold + OUTLIER)
        return; /* a sudden drop of capacity must not teach us to bear it */
    double k = m < t->threshold ? ADAPT_DOWN : ADAPT_UP;
    t->threshold += k * (m - t->threshold) * fmin(elapsed, MAX_ADAPT_STEP_MS);
    t->threshold = fmax(MIN_THRESHOLD, fmin(MAX_THRESHOLD, t->threshold));
}

static void detect(BweTrendline *t, double previous_trend, double send_ms)
{
    t->modified = fmin(t->deltas, MAX_DELTAS) * t->trend * GAIN;
    if (t->modified > t->threshold) {
        t->over_ms = t->over_ms < 0 ? send_ms / 2 : t->over_ms + send_ms;
        t->over_count++;
        if (t->over_ms > OVERUSE_MS && t->over_count > 1 && t->trend >= previous_trend) {
            t->over_ms = 0;
            t->over_count = 0;
            t->usage = BWE_OVERUSE;
        }
        return; /* until sure, the usage stays what it was */
    }
    t->over_ms = -1;
    t->over_count = 0;
    t->usage = t->modified < -t->threshold ? BWE_UNDERUSE : BWE_NORMAL;
}

BweUsage bwe_trendline_update(BweTrendline *t, const BweDelta *d, int64_t now_us)
{
    double send_ms = d->send_us / 1000.0, arrival_ms = d->arrival_us / 1000.0, now_ms = now_us / 1000.0;
    if (t->deltas == 0)
        t->last_update_ms = now_ms;
    if (t->deltas < 1000)
        t->deltas++;
    t->arrival_sum_ms += arrival_ms;
    t->accumulated_ms += arrival_ms - send_ms;
    t->smoothed_ms = SMOOTHING * t->smoothed_ms + (1 - SMOOTHING) * t->accumulated_ms;
    t->arrival_ms[t->next] = t->arrival_sum_ms;
    t->delay_ms[t->next] = t->smoothed_ms;
    t->next = (t->next + 1) % BWE_TREND_WINDOW;
    if (t->points < BWE_TREND_WINDOW)
        t->points++;
    double previous = t->trend;
    if (t->points == BWE_TREND_WINDOW)
        t->trend = slope(t);
    detect(t, previous, send_ms);
    adapt_threshold(t, now_ms);
    return t->usage;
}
