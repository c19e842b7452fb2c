/* SPDX-License-Identifier: Apache-2.0
 *
 * Who is told of whose sources, and when (doc/protocols.md, Jingle and sources). */
#include "focus/conference_parts.h"

SourceMap *conf_sources_for(const Conference *c, const Member *m)
{
    SourceMap *map =
        offer_rewrites_ssrcs(m->features, &c->config->offer) ? source_map_new() : source_map_copy(c->shown);
    source_map_set(map, m->id, NULL); /* never its own */
    if (m->bridge && m->bridge->feedback)
        source_map_set(map, OWNER_BRIDGE, m->bridge->feedback);
    if (!(m->features & PEER_AUDIO))
        source_map_drop_kind(map, MEDIA_AUDIO);
    if (!(m->features & PEER_VIDEO))
        source_map_drop_kind(map, MEDIA_VIDEO);
    return map;
}

static int64_t delay_ms(const Conference *c)
{
    int64_t delay = 0;
    for (guint i = 0; i < CONFERENCE_MAX_DELAYS; i++) {
        if (c->config->source_delays[i].size && c->members->len >= c->config->source_delays[i].size)
            delay = c->config->source_delays[i].delay_ms;
    }
    return delay;
}

void conf_schedule_flush(Conference *c, Member *m, int64_t due_ms)
{
    if (m->flush_due_ms == NEVER || due_ms < m->flush_due_ms)
        m->flush_due_ms = due_ms;
}

void conf_sources_changed(Conference *c, const char *owner, bool tell_removal)
{
    const SourceSet *own = source_map_get(c->sources, owner);
    g_autoptr(SourceSet) shown = own ? source_set_copy(own) : NULL;
    if (shown && c->config->strip_simulcast)
        source_set_strip_simulcast(shown);
    source_map_set(c->shown, owner, shown);
    for (guint i = 0; i < c->members->len; i++) {
        Member *m = c->members->pdata[i];
        if (!m->signaling || strcmp(m->id, owner) == 0)
            continue;
        source_signaling_want(m->signaling, owner, shown, tell_removal);
        if (m->flush_due_ms == NEVER) /* one batch a period: later changes ride along */
            m->flush_due_ms = c->now_ms + delay_ms(c);
    }
}

static void tell(Conference *c, Member *m, JingleAction action, SourceMap *sources)
{
    if (!sources)
        return;
    Jingle *j = offer_source_change(action, m->sid, m->features, &c->config->offer, sources);
    j->initiator = g_strdup(c->config->focus_jid);
    act(c, DO_JINGLE, .member = m->id, .jingle = j);
    source_map_free(sources);
}

void conf_flush_sources(Conference *c, Member *m)
{
    SourceMap *remove, *add;
    m->flush_due_ms = NEVER;
    if (!m->signaling || m->state != MEMBER_ACTIVE)
        return;
    source_signaling_flush(m->signaling, &remove, &add);
    tell(c, m, JINGLE_SOURCE_REMOVE, remove);
    tell(c, m, JINGLE_SOURCE_ADD, add);
}
