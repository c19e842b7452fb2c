/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/tx/tx_allocate.h"

#include "bridge/rx/rx_feedback.h"
#include "bridge/tx/tx_pace.h"
#include "bridge/tx/padding.h"
#include "bridge/tx/tx_slots.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What one run works on; freed at its end. */
typedef struct {
    size_t n;
    bool flows; /* some video has ever come */
    AllocSource *alloc;
    MediaSource **sources; /* same order */
    size_t *order;
    const char **on_stage, **selected;
    VideoConstraint *constraints;
    ReceiverWishes wishes;
} Run;

void tx_allocate_soon(MediaEndpoint *ep, int64_t at_us)
{
    TxState *tx = ep->tx;
    if (!tx)
        return;
    int64_t earliest = tx->allocated_us ? tx->allocated_us + TX_REALLOCATE_US : at_us;
    if (at_us < earliest)
        at_us = earliest;
    if (at_us < tx->allocate_at_us)
        tx->allocate_at_us = at_us;
    media_endpoint_wake(ep, tx->allocate_at_us);
}

bool tx_allocate_has_camera_on_stage(const MediaEndpoint *ep)
{
    for (uint32_t i = 0; ep->tx && i < ep->tx->n_sources; i++) {
        const TxSource *t = &ep->tx->by_source[i];
        if (t->source && t->video && t->video->on_stage && t->source->alloc_type == VIDEO_CAMERA)
            return true;
    }
    return false;
}

/* Sources of all others, in speech order. */
static size_t collect_sources(const MediaEndpoint *ep, MediaSource **out)
{
    const MediaConference *c = ep->conference;
    size_t n = 0;
    for (uint32_t i = 0; i < c->n_endpoints; i++) {
        const MediaEndpoint *other = c->speech_order[i];
        for (uint32_t k = 0; other != ep && k < other->n_sources; k++)
            if (other->sources[k]->kind == WORKER_VIDEO)
                out[n++] = other->sources[k];
    }
    return n;
}

/* No frames a second is as good as no lines. */
static int32_t effective_height(int32_t max_height, int32_t max_fps)
{
    return max_fps == 0 ? 0 : max_height;
}

static void read_wishes(const MediaEndpoint *ep, Run *run)
{
    const WorkerCommand *c = ep->wishes;
    ReceiverWishes *w = &run->wishes;
    *w = (ReceiverWishes){ .last_n = ep->initial_last_n,
                           .on_stage = run->on_stage,
                           .selected = run->selected,
                           .constraints = run->constraints };
    if (!c)
        return;
    w->last_n = c->video_constraints.last_n;
    w->default_max_height =
        effective_height(c->video_constraints.default_max_height, c->video_constraints.default_max_fps);
    for (size_t i = 0; i < c->n; i++) {
        const WorkerConstraint *k = &c->video_constraints.constraints[i];
        if (k->on_stage)
            run->on_stage[w->on_stage_n++] = k->name;
        if (k->selected)
            run->selected[w->selected_n++] = k->name;
        if (k->has_constraint)
            run->constraints[w->constraints_n++] =
                (VideoConstraint){ k->name, effective_height(k->max_height, k->max_fps) };
    }
}

static bool prepare(MediaEndpoint *ep, Run *run, int64_t now_us)
{
    size_t room = ep->conference->n_sources + 1, wishes = ep->wishes ? ep->wishes->n + 1 : 1;
    *run = (Run){ 0 };
    run->alloc = calloc(room, sizeof(*run->alloc));
    run->sources = calloc(room, sizeof(MediaSource *));
    run->order = calloc(room, sizeof(*run->order));
    run->on_stage = calloc(wishes, sizeof(char *));
    run->selected = calloc(wishes, sizeof(char *));
    run->constraints = calloc(wishes, sizeof(*run->constraints));
    if (!run->alloc || !run->sources || !run->order || !run->on_stage || !run->selected || !run->constraints)
        return false;
    run->n = collect_sources(ep, run->sources);
    for (size_t i = 0; i < run->n; i++) {
        run->flows |= run->sources[i]->layers != NULL;
        run->alloc[i] = (AllocSource){ .name = run->sources[i]->name,
                                       .type = run->sources[i]->alloc_type,
                                       .layers = media_source_table(run->sources[i], now_us) };
    }
    read_wishes(ep, run);
    return true;
}

static void run_free(Run *run)
{
    free(run->alloc);
    free(run->sources);
    free(run->order);
    free(run->on_stage);
    free(run->selected);
    free(run->constraints);
}

static int smaller(int limit, int other)
{
    return limit < 0 || (other >= 0 && other < limit) ? other : limit;
}

/* The smallest of what is configured for all, for conferences of this size, asked for by the load, and of the slots. */
static int bridge_last_n(const MediaEndpoint *ep, size_t n_sources)
{
    const Worker *w = media_endpoint_worker(ep);
    int load = atomic_load_explicit(&w->group->last_n, memory_order_relaxed);
    int limit = smaller(ep->conference->last_n, load > 0 ? load : ALLOC_UNLIMITED);
    limit = smaller(limit, priority_size_limit(w->config->last_n_limits, w->config->n_last_n_limits, n_sources));
    if (ep->ssrc_rewriting)
        limit = smaller(limit, SLOTS_MAX);
    return limit < 0 ? ALLOC_UNLIMITED : limit;
}

/* Is the estimate what layers are chosen by? */
static bool estimate_rules(const MediaEndpoint *ep)
{
    if (ep->wishes && ep->wishes->video_constraints.assumed_bandwidth_bps >= 0)
        return false;
    return media_endpoint_worker(ep)->config->trust_bwe && ep->has_rtx && (ep->tcc_video || ep->remb);
}

static int64_t available_bps(const MediaEndpoint *ep)
{
    if (ep->tx->estimate_rules) /* as it will begin, while nothing flows */
        return ep->tx->bwe ? bwe_target_bps(ep->tx->bwe) : tx_slots_start_bps(ep);
    return ep->wishes ? ep->wishes->video_constraints.assumed_bandwidth_bps : ALLOC_UNLIMITED;
}

/* Wanted sources first, in the order they are served; then those that are only enabled. */
static void assign_slots(MediaEndpoint *ep, const Run *run, int64_t now_us)
{
    MediaSource **list = calloc(run->n + 1, sizeof(MediaSource *));
    if (!list)
        return;
    size_t n = 0, wanted;
    for (size_t i = 0; i < run->n; i++)
        if (run->alloc[run->order[i]].max_height != 0)
            list[n++] = run->sources[run->order[i]];
    wanted = n;
    for (size_t i = 0; i < run->n && n < SLOTS_MAX; i++)
        if (run->alloc[run->order[i]].max_height == 0 && video_type_enabled(run->alloc[run->order[i]].type))
            list[n++] = run->sources[run->order[i]];
    if (n)
        tx_slots_video(ep, list, wanted, n, now_us);
    free(list);
}

/* The layer to go for now, which may be less than what was allocated. */
static void calm(MediaEndpoint *ep, TxVideo *v, AllocSource *a, int64_t now_us)
{
    int64_t again_us;
    layer_hold_settle(&v->hold, a, &ep->tx->result, now_us, &again_us);
    if (again_us != INT64_MAX)
        tx_allocate_soon(ep, again_us);
}

static void apply(MediaEndpoint *ep, const Run *run, int64_t now_us)
{
    TxState *tx = ep->tx;
    for (size_t i = 0; i < run->n; i++) {
        AllocSource *a = &run->alloc[i];
        MediaSource *s = run->sources[i];
        media_source_set_demand(s, ep->handle, a->max_height);
        TxSource *t = tx_state_source(tx, s);
        if (!t)
            continue;
        TxVideo *v = t->video;
        if (v)
            calm(ep, v, a, now_us);
        t->reason = a->reason;
        if (!v)
            continue;
        v->max_height = a->max_height;
        v->on_stage = a->on_stage;
        v->held = a->held;
        v->target = (int16_t)a->target;
        v->ideal = (int16_t)a->ideal;
        projection_set_target(&v->projection, a->target, a->reason);
        if (v->stream && projection_needs_keyframe(&v->projection) && keyframe_asker_needs(&v->asker, now_us))
            rx_feedback_ask_keyframe(s, now_us);
    }
}

static bool wants_slot(const MediaEndpoint *ep, const Run *run)
{
    bool wants = false;
    for (size_t i = 0; i < run->n; i++) {
        const MediaSource *s = run->sources[i];
        const TxVideo *v = s->index < ep->tx->n_sources ? ep->tx->by_source[s->index].video : NULL;
        wants |= run->alloc[i].target >= 0 && (!v || !v->stream);
    }
    return wants;
}

void tx_allocate_tell_forwarded(MediaEndpoint *ep)
{
    if (!ep->tx)
        return;
    Worker *w = media_endpoint_worker(ep);
    WorkerEvent *ev = worker_event_new(w, WORKER_EV_FORWARDED_SOURCES, NULL, ep, ep->tx->n_forwarded);
    if (ep->tx->n_forwarded)
        memcpy(ev->names.entries, ep->tx->forwarded, ep->tx->n_forwarded * sizeof(WorkerName));
    worker_emit(w, ev);
}

static bool was_forwarded(const TxState *tx, const char *name)
{
    for (uint32_t i = 0; i < tx->n_forwarded; i++)
        if (strcmp(tx->forwarded[i].name, name) == 0)
            return true;
    return false;
}

static void update_forwarded(MediaEndpoint *ep, const Run *run)
{
    TxState *tx = ep->tx;
    uint32_t n = 0;
    bool changed = !tx->told_forwarded && run->n > 0;
    for (size_t i = 0; i < run->n; i++) {
        if (run->alloc[i].target < 0)
            continue;
        n++;
        changed |= !was_forwarded(tx, run->alloc[i].name);
    }
    if (!changed && n == tx->n_forwarded)
        return;
    WorkerName *names = calloc(n + 1, sizeof(*names));
    if (!names)
        return;
    uint32_t at = 0;
    for (size_t i = 0; i < run->n; i++)
        if (run->alloc[run->order[i]].target >= 0)
            snprintf(names[at++].name, sizeof(names[0].name), "%s", run->alloc[run->order[i]].name);
    free(tx->forwarded);
    tx->forwarded = names;
    tx->n_forwarded = n;
    tx->told_forwarded = true;
    tx_allocate_tell_forwarded(ep);
}

void tx_allocate_padding(MediaEndpoint *ep, int64_t now_us)
{
    TxState *tx = ep->tx;
    if (!tx->bwe)
        return;
    PaddingInput in = { .ideal_bps = tx->result.ideal_bps,
                        .target_bps = tx->result.target_bps,
                        .estimate_bps = bwe_target_bps(tx->bwe),
                        .below_ideal = tx->result.below_ideal };
    bool starts = tx->padding_bps == 0;
    tx->padding_bps = padding_rate_bps(&in);
    if (tx->padding_bps == 0)
        tx->padding = (Padding){ 0 };
    else if (starts)
        tx->next_padding_us = now_us + PADDING_PERIOD_US;
}

void tx_allocate_run(MediaEndpoint *ep, int64_t now_us)
{
    TxState *tx = ep->tx;
    Run run;
    tx->allocated_us = now_us;
    tx->allocate_at_us = now_us + ALLOC_PERIOD_MS * 1000;
    if (prepare(ep, &run, now_us) && (!run.flows || tx_slots_flows(ep))) {
        if (!run.flows)
            tx->allocate_at_us = INT64_MAX; /* only a change can give it something to do */
        tx->estimate_rules = estimate_rules(ep);
        AllocParams params = { .available_bps = available_bps(ep),
                               .allow_oversend_onstage = !media_endpoint_worker(ep)->config->no_oversend };
        priority_arrange(run.alloc, run.n, &run.wishes, bridge_last_n(ep, run.n), run.order);
        tx->result = allocator_run(run.alloc, run.n, run.order, &params);
        tx->allocated_for_bps = params.available_bps;
        tx_pace_set(ep, now_us);
        assign_slots(ep, &run, now_us);
        apply(ep, &run, now_us);
        update_forwarded(ep, &run);
        if (wants_slot(ep, &run)) { /* every slot was announced a moment ago: soon one may be taken over */
            media_endpoint_worker(ep)->totals.limits[WORKER_LIMIT_SLOTS]++;
            tx_allocate_soon(ep, now_us + SLOT_SETTLE_US);
        }
        if (tx->bwe)
            bwe_set_wanted_bps(tx->bwe, tx->result.ideal_bps);
        tx_allocate_padding(ep, now_us);
    }
    run_free(&run);
}
