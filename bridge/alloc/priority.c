/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include "bridge/alloc/priority.h"

static bool named(const char *const *names, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

/* Adds the enabled sources of that name which are not in the order yet. */
static size_t add_named(const AllocSource *s, size_t n, const char *name, size_t *order, size_t used)
{
    for (size_t i = 0; i < n; i++) {
        if (!video_type_enabled(s[i].type) || strcmp(s[i].name, name) != 0)
            continue;
        bool there = false;
        for (size_t k = 0; k < used; k++)
            there |= order[k] == i;
        if (!there)
            order[used++] = i;
    }
    return used;
}

static int wished_height(const ReceiverWishes *w, const char *name)
{
    for (size_t i = 0; i < w->constraints_n; i++)
        if (strcmp(w->constraints[i].source, name) == 0)
            return w->constraints[i].max_height;
    return w->default_max_height;
}

void priority_arrange(AllocSource *sources, size_t n, const ReceiverWishes *wishes, int bridge_last_n, size_t *order)
{
    size_t used = 0, given = 0;
    for (size_t i = 0; i < wishes->on_stage_n; i++)
        used = add_named(sources, n, wishes->on_stage[i], order, used);
    for (size_t i = 0; i < wishes->selected_n; i++)
        used = add_named(sources, n, wishes->selected[i], order, used);
    size_t chosen = used;
    for (int pass = 0; pass < 2; pass++) /* the other enabled ones, then those without video */
        for (size_t i = 0; i < n; i++) {
            if (video_type_enabled(sources[i].type) != (pass == 0))
                continue;
            bool there = false;
            for (size_t k = 0; k < chosen; k++)
                there |= order[k] == i;
            if (!there)
                order[used++] = i;
        }
    int last_n = wishes->last_n;
    if (bridge_last_n >= 0 && (last_n < 0 || bridge_last_n < last_n))
        last_n = bridge_last_n;
    for (size_t k = 0; k < n; k++) {
        AllocSource *s = &sources[order[k]];
        s->on_stage = named(wishes->on_stage, wishes->on_stage_n, s->name);
        s->max_height = 0;
        if (!video_type_enabled(s->type)) {
            s->reason = FORWARD_SENDER_MUTED;
        } else if (last_n >= 0 && given >= (size_t)last_n) {
            s->reason = FORWARD_LAST_N;
        } else {
            s->max_height = wished_height(wishes, s->name);
            s->reason = s->max_height ? FORWARD_OK : FORWARD_CAP;
            given += s->max_height != 0;
        }
    }
}

int priority_size_limit(const LastNStep *steps, size_t n, size_t source_count)
{
    int limit = ALLOC_UNLIMITED;
    for (size_t i = 0; i < n && (size_t)steps[i].size <= source_count + 1; i++)
        limit = steps[i].last_n;
    return limit;
}
