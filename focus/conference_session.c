/* SPDX-License-Identifier: Apache-2.0
 *
 * Who is invited, and when, and how a member's session ends. What passes between member
 * and bridge meanwhile is in conference_bridge.c and conference_jingle.c. */
#include "focus/conference_parts.h"

#include <string.h>

guint conf_count_invited(const Conference *c)
{
    guint n = 0;
    for (guint i = 0; i < c->members->len; i++)
        n += member_is_invited(c->members->pdata[i]);
    return n;
}

/* Every join that is invited costs a bridge an endpoint, used or not, so that who comes and goes without end has to
 * wait. A gateway brings many people under one address, and is trusted. */
static bool admit(Conference *c, Member *m)
{
    if (m->is_admitted)
        return true;
    g_autofree char *user = g_strndup(m->real_jid, strcspn(m->real_jid, "/"));
    m->is_admitted = m->kind != MEMBER_USER || !*user || request_limiter_allow(c->joins, user, c->now_ms);
    if (m->is_admitted)
        return true;
    if (c->admit_due_ms == NEVER)
        c->admit_due_ms = c->now_ms + (int64_t)(1000 / c->config->invites_per_s) + 1;
    c->put_off.over_budget += !m->was_put_off;
    m->was_put_off = true;
    return false;
}

/* A nick that is the name of the bridge's sources would speak for them. */
static bool may_be_invited(Conference *c, Member *m)
{
    return m->features_known && (!m->is_visitor || c->config->visitors) && strcmp(m->id, OWNER_BRIDGE) != 0 &&
           admit(c, m);
}

void conf_invite_if_enough(Conference *c, Member *newcomer)
{
    if (!conf_is_running(c) || c->members->len < c->config->min_participants)
        return;
    c->single_due_ms = NEVER;
    bool everybody = !newcomer || conf_count_invited(c) == 0;
    for (guint i = 0; i < c->members->len; i++) {
        Member *m = c->members->pdata[i];
        if ((everybody || m == newcomer) && !member_is_invited(m) && may_be_invited(c, m))
            conf_invite(c, m);
    }
}

void conf_admit_waiting(Conference *c)
{
    c->admit_due_ms = NEVER;
    if (!conf_is_running(c))
        return;
    for (guint i = 0; i < c->members->len; i++) {
        Member *m = c->members->pdata[i];
        if (!m->is_admitted && m->features_known && may_be_invited(c, m))
            conf_invite_if_enough(c, m);
    }
}

void conf_retire_sid(Member *m)
{
    if (!m->sid)
        return;
    g_free(m->old_sids[m->next_old_sid]);
    m->old_sids[m->next_old_sid] = g_steal_pointer(&m->sid);
    m->next_old_sid = (m->next_old_sid + 1) % OLD_SIDS;
}

void conf_invite(Conference *c, Member *m)
{
    conf_retire_sid(m);
    m->state = MEMBER_SELECTING;
    m->wants_bridge = m->wants_room = false;
    c->state = CONF_ACTIVE;
    conf_find_bridge(c, m);
}

void conf_end_session(Conference *c, Member *m, bool expire, JingleReason reason, const char *text)
{
    bool had_session = member_has_session(m);
    g_autoptr(SourceSet) gone = source_map_take(c->sources, m->id);
    if (gone)
        conf_sources_changed(c, m->id, true);
    conf_leave_bridge(c, m, expire);
    if (had_session && reason != JINGLE_REASON_NONE)
        conf_terminate(c, m, reason, text);
    g_clear_pointer(&m->signaling, source_signaling_free);
    g_clear_pointer(&m->transport, ice_transport_free);
    m->flush_due_ms = NEVER;
    m->restart_serial = m->serial = 0;
    m->offer_acked = m->offer_in_doubt = false;
    m->state = had_session || m->state == MEMBER_ENDED ? MEMBER_ENDED : MEMBER_IDLE;
}

void conf_reinvite(Conference *c, Member *m, bool expire)
{
    conf_end_session(c, m, expire, JINGLE_REASON_SUCCESS, "moving");
    conf_invite(c, m);
}

void conf_initiate_answer(Conference *c, const ConfEvent *ev)
{
    Member *m = conf_member_find(c, ev->member);
    if (!m || m->state != MEMBER_PENDING || g_strcmp0(m->sid, ev->sid) != 0)
        return;
    if (ev->outcome == OUTCOME_ERROR) {
        conf_end_session(c, m, true, JINGLE_REASON_GENERAL_ERROR, "jingle session failed");
        return;
    }
    /* A timeout counts as success: the session stays pending until session-accept comes. But it proves
     * nothing about an offer that may have died with the stream. */
    m->offer_acked = true;
    if (ev->outcome == OUTCOME_RESULT)
        m->offer_in_doubt = false;
}

void conf_bridge_available(Conference *c)
{
    if (!conf_is_running(c) || c->members->len < c->config->min_participants)
        return;
    for (guint i = 0; i < c->members->len; i++) {
        Member *m = c->members->pdata[i];
        if (m->state == MEMBER_IDLE && m->wants_bridge)
            conf_invite(c, m);
    }
}

static bool waits_for_room(const Conference *c, const Member *m)
{
    return m->state == MEMBER_IDLE && (m->wants_room || (m->wants_bridge && c->bridges->len == 0));
}

/* One at a time: a bridge that is still full then refuses one, not hundreds; one that took it is asked for the next. */
void conf_try_room(Conference *c)
{
    c->room_due_ms = NEVER;
    if (!conf_is_running(c))
        return;
    bool may_invite = !c->offline && c->members->len >= c->config->min_participants;
    for (guint i = 0; i < c->members->len; i++) {
        Member *m = c->members->pdata[i];
        if (!waits_for_room(c, m))
            continue;
        c->room_due_ms = c->now_ms + CONFERENCE_ROOM_RETRY_MS;
        if (may_invite)
            conf_invite(c, m);
        if (c->bridges->len > 0)
            return;
    }
}

void conf_end_idle_sessions(Conference *c)
{
    for (guint i = 0; i < c->members->len; i++) {
        Member *m = c->members->pdata[i];
        m->wants_bridge = m->wants_room = false;
        if (member_is_invited(m))
            conf_end_session(c, m, true, JINGLE_REASON_EXPIRED, "Idle session timeout");
    }
}
