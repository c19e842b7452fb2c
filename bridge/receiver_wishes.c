/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/receiver_wishes.h"
#include <string.h>

#define WISHES_DEFAULT_HEIGHT 180 /* when the first update names no default */

void receiver_wishes_init(ReceiverWishes *w)
{
    *w = (ReceiverWishes){ .last_n = -1, .assumed_bandwidth_bps = -1, .default_constraint = { 0, -1 } };
}

static void clear_constraints(ReceiverWishes *w)
{
    for (size_t i = 0; i < w->n_constraints; i++)
        g_free(w->constraints[i].source);
    g_clear_pointer(&w->constraints, g_free);
    w->n_constraints = 0;
}

void receiver_wishes_clear(ReceiverWishes *w)
{
    clear_constraints(w);
    g_clear_pointer(&w->selected, g_strfreev);
    g_clear_pointer(&w->on_stage, g_strfreev);
}

void receiver_wishes_merge(ReceiverWishes *w, ReceiverVideoConstraints *update)
{
    if (update->has_last_n)
        w->last_n = update->last_n;
    if (update->last_n_event)
        return;
    if (update->has_default)
        w->default_constraint = update->default_constraint;
    else if (!w->told)
        w->default_constraint = (VideoConstraint){ WISHES_DEFAULT_HEIGHT, -1 };
    w->told = true;
    if (update->has_assumed_bandwidth)
        w->assumed_bandwidth_bps = update->assumed_bandwidth_bps;
    if (update->selected_sources) {
        g_strfreev(w->selected);
        w->selected = g_steal_pointer(&update->selected_sources);
    }
    if (update->on_stage_sources) {
        g_strfreev(w->on_stage);
        w->on_stage = g_steal_pointer(&update->on_stage_sources);
    }
    if (update->has_constraints) {
        clear_constraints(w);
        w->constraints = g_steal_pointer(&update->constraints);
        w->n_constraints = update->n_constraints;
        update->n_constraints = 0;
    }
}

/* The entries under construction: in order, with an index by name. */
typedef struct {
    WorkerConstraint *entries;
    size_t n;
    GHashTable *by_name; /* borrowed name -> entry */
} Entries;

static WorkerConstraint *entry(Entries *e, const char *name)
{
    WorkerConstraint *found = g_hash_table_lookup(e->by_name, name);
    if (found || e->n == WORKER_CONSTRAINTS_MAX || strlen(name) >= WORKER_NAME_SIZE)
        return found;
    found = &e->entries[e->n++];
    g_strlcpy(found->name, name, sizeof(found->name));
    g_hash_table_insert(e->by_name, found->name, found);
    return found;
}

WorkerCommand *receiver_wishes_command(const ReceiverWishes *w, uint64_t conference, uint64_t endpoint,
                                       int64_t assumed_limit_bps)
{
    size_t n_stage = w->on_stage ? g_strv_length(w->on_stage) : 0;
    size_t n_selected = w->selected ? g_strv_length(w->selected) : 0;
    size_t room = MIN(n_stage + n_selected + w->n_constraints, WORKER_CONSTRAINTS_MAX);
    g_autofree WorkerConstraint *entries = g_new0(WorkerConstraint, room ? room : 1);
    Entries e = { entries, 0, g_hash_table_new(g_str_hash, g_str_equal) };
    WorkerConstraint *one;
    for (size_t i = 0; i < n_stage; i++)
        if ((one = entry(&e, w->on_stage[i])))
            one->on_stage = true;
    for (size_t i = 0; i < n_selected; i++)
        if ((one = entry(&e, w->selected[i])))
            one->selected = true;
    for (size_t i = 0; i < w->n_constraints; i++) {
        if (!(one = entry(&e, w->constraints[i].source)))
            continue;
        one->has_constraint = true;
        one->max_height = w->constraints[i].constraint.max_height;
        one->max_fps = w->constraints[i].constraint.max_frame_rate;
    }
    g_hash_table_unref(e.by_name);

    WorkerCommand *c = worker_command_new(WORKER_VIDEO_CONSTRAINTS, conference, endpoint, e.n);
    c->video_constraints.last_n = w->last_n;
    c->video_constraints.default_max_height = w->default_constraint.max_height;
    c->video_constraints.default_max_fps = w->default_constraint.max_frame_rate;
    c->video_constraints.assumed_bandwidth_bps =
        assumed_limit_bps > 0 && w->assumed_bandwidth_bps >= 0 ? MIN(w->assumed_bandwidth_bps, assumed_limit_bps) : -1;
    memcpy(c->video_constraints.constraints, entries, e.n * sizeof(*entries));
    return c;
}

bool receiver_wishes_has(const ReceiverWishes *w, const char *source)
{
    return (w->on_stage && g_strv_contains((const char *const *)w->on_stage, source)) ||
           (w->selected && g_strv_contains((const char *const *)w->selected, source));
}
