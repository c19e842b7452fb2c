/* SPDX-License-Identifier: Apache-2.0
 *
 * Hysteresis of the allocation (doc/protocols.md, Layers and allocation) in the engine: the bandwidth swings about what a layer costs, and the
 * picture does not swing along with it; each swing would cost its sender a key frame for all receivers. */
#include "bridge/tx/tx_allocate.h"
#include "tests/unit/media/film_kit.h"

#include <string.h>

#define MINUTE (60 * FILM_RATE) /* pictures */

typedef struct {
    const char *name;
    bool on_stage;
    unsigned high, low;   /* pictures that the bandwidth lies above, below what the tallest picture costs */
    int high_pc, low_pc;  /* of that */
    unsigned most_raises; /* in a minute; each swing has room for one */
    bool stays;           /* never smaller than 720 lines */
} Case;

static const Case cases[] = {
    { "stage-fast", true, 12, 13, 115, 90, 2, false },
    { "stage-slow", true, 75, 75, 130, 85, 4, false },
    { "stage-mostly-below", true, 25, 100, 130, 85, 3, false },
    { "tile-fast", false, 12, 13, 115, 90, 1, false },
    { "tile-slow", false, 75, 75, 130, 85, 4, false },
    { "tile-second", false, 45, 45, 130, 85, 1, false }, /* less than a raise waits for */
    { "just-above", true, 12, 13, 130, 104, 1, true },
};

static void stage(Engine *f, bool on_stage, int64_t bps)
{
    WorkerCommand *w = worker_command_new(WORKER_VIDEO_CONSTRAINTS, 1, 11, on_stage ? 1 : 0);
    w->video_constraints.last_n = -1;
    w->video_constraints.default_max_height = 720;
    w->video_constraints.default_max_fps = -1;
    w->video_constraints.assumed_bandwidth_bps = bps;
    if (on_stage) {
        w->video_constraints.constraints[0].on_stage = true;
        g_strlcpy(w->video_constraints.constraints[0].name, "c0-v0", WORKER_NAME_SIZE);
    }
    media_endpoint_set_wishes(f->client[1].ep, w);
    film_allocate(f);
}

static MediaSource *camera(Engine *f)
{
    return media_endpoint_find_source(f->client[0].ep, "c0-v0");
}

/* The next picture: a key frame when the sender was asked for one since the last. */
static void next(Film *m, uint64_t *asked)
{
    const uint64_t *requests = &m->f->w.totals.keyframe_requests_out;
    bool key = *requests != *asked;
    *asked = *requests;
    film_show(m, key);
    timers_run(&m->f->w.timers, m->f->w.now_us, 64);
    for (RtpView v; engine_hear(m->f, 1, &v);)
        ;
}

static void test_swing(Engine *f, gconstpointer data)
{
    const Case *c = data;
    media_source_set_video_type(media_endpoint_find_source(f->client[0].ep, "c0-v1"), WORKER_VIDEO_NONE);
    stage(f, c->on_stage, 1000000000);
    Film m = film_begin(f, FILM_ENCODINGS);
    MediaEndpoint *ep = f->client[1].ep;
    const TxVideo *v = ep->tx->by_source[camera(f)->index].video;
    uint64_t asked = f->w.totals.keyframe_requests_out, first = asked;
    for (int i = 0; i < 10 * FILM_RATE; i++) /* nothing before counts as a wish of the receiver's */
        next(&m, &asked);
    g_assert_cmpint(LAYER_EID(v->target), ==, 2);
    const LayerTable *t = media_source_table(camera(f), f->w.now_us);
    int64_t cost_bps = 0;
    for (uint16_t i = 0; i < t->count; i++)
        cost_bps = t->layer[i].rate_bps > cost_bps ? t->layer[i].rate_bps : cost_bps;
    g_assert_cmpint(cost_bps, >, 150000);

    unsigned raises = 0, falls = 0, crossings = 0;
    int before = v->target;
    bool was_high = true;
    first = f->w.totals.keyframe_requests_out;
    for (unsigned i = 0; i < MINUTE; i++) {
        bool high = i % (c->high + c->low) < c->high;
        ep->wishes->video_constraints.assumed_bandwidth_bps = cost_bps * (high ? c->high_pc : c->low_pc) / 100;
        if (high != was_high)
            tx_allocate_soon(ep, f->w.now_us);
        crossings += high && !was_high;
        was_high = high;
        next(&m, &asked);
        raises += LAYER_EID(v->target) > LAYER_EID(before);
        falls += LAYER_EID(v->target) < LAYER_EID(before);
        before = v->target;
        g_assert_cmpint(v->target, >=, 0);
    }
    uint64_t requests = f->w.totals.keyframe_requests_out - first;
    g_test_message("%u swings, %u raises, %u falls, %u key frames asked for", crossings, raises, falls,
                   (unsigned)requests);
    g_assert_cmpuint(crossings, >, 2 * c->most_raises);
    g_assert_cmpuint(raises, <=, c->most_raises);
    g_assert_cmpuint(requests, <=, 2 * (raises + falls) + 1);
    g_assert_true(c->stays ? falls == 0 : falls > 0);

    ep->wishes->video_constraints.assumed_bandwidth_bps = 2 * cost_bps; /* calm is no standstill */
    tx_allocate_soon(ep, f->w.now_us);
    for (int i = 0; i < (LAYER_HOLD_MOST_US / 1000000 + 1) * FILM_RATE; i++)
        next(&m, &asked);
    g_assert_cmpint(LAYER_EID(v->target), ==, 2);
    g_assert_cmpint(LAYER_EID(projection_current_layer(&v->projection)), ==, 2);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strdup_printf("/media/calm/%s", cases[i].name);
        g_test_add(path, Engine, &cases[i], film_set_up, test_swing, engine_tear_down);
    }
    return g_test_run();
}
