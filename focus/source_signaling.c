/* SPDX-License-Identifier: Apache-2.0 */
#include "focus/source_signaling.h"

struct SourceSignaling {
    bool takes_audio, takes_video; /* set at birth */
    SourceMap *told, *wanted;
};

SourceSignaling *source_signaling_new(bool takes_audio, bool takes_video)
{
    SourceSignaling *s = g_new0(SourceSignaling, 1);
    s->takes_audio = takes_audio;
    s->takes_video = takes_video;
    s->told = source_map_new();
    s->wanted = source_map_new();
    return s;
}

void source_signaling_free(SourceSignaling *s)
{
    if (!s)
        return;
    source_map_free(s->told);
    source_map_free(s->wanted);
    g_free(s);
}

void source_signaling_reset(SourceSignaling *s, const SourceMap *told)
{
    source_map_free(s->told);
    source_map_free(s->wanted);
    s->told = source_map_copy(told);
    s->wanted = source_map_copy(told);
}

void source_signaling_want(SourceSignaling *s, const char *owner, const SourceSet *set, bool tell_removal)
{
    g_autoptr(SourceSet) seen = set ? source_set_copy(set) : source_set_new();
    if (!s->takes_audio)
        source_set_drop_kind(seen, MEDIA_AUDIO);
    if (!s->takes_video)
        source_set_drop_kind(seen, MEDIA_VIDEO);
    source_map_set(s->wanted, owner, seen);
    if (!tell_removal && source_set_is_empty(seen))
        source_map_set(s->told, owner, NULL);
}

bool source_signaling_is_pending(const SourceSignaling *s)
{
    return !source_map_equal(s->told, s->wanted);
}

static SourceMap *non_empty(SourceMap *m)
{
    if (!source_map_is_empty(m))
        return m;
    source_map_free(m);
    return NULL;
}

void source_signaling_flush(SourceSignaling *s, SourceMap **remove, SourceMap **add)
{
    *remove = non_empty(source_map_difference(s->told, s->wanted));
    *add = non_empty(source_map_difference(s->wanted, s->told));
    source_map_free(s->told);
    s->told = source_map_copy(s->wanted);
}

const SourceMap *source_signaling_told(const SourceSignaling *s)
{
    return s->told;
}
