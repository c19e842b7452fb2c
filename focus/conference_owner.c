/* SPDX-License-Identifier: Apache-2.0
 *
 * Somebody must be able to moderate: the first member becomes owner. */
#include "focus/conference_parts.h"

static bool may_own(const Member *m)
{
    return m->kind == MEMBER_USER && !m->is_visitor;
}

/* Asks once a member: a refusal must not become a stream of requests. */
void conf_elect_owner(Conference *c)
{
    if (!c->config->auto_owner || c->breakout || !conf_is_running(c))
        return;
    for (guint i = 0; i < c->members->len; i++) {
        const Member *m = c->members->pdata[i];
        if (!m->is_visitor && (m->role == MEMBER_OWNER || m->grant_sent))
            return;
    }
    for (guint i = 0; i < c->members->len; i++) {
        Member *m = c->members->pdata[i];
        if (!may_own(m) || !*m->real_jid)
            continue;
        g_autofree char *bare = g_strndup(m->real_jid, strcspn(m->real_jid, "/"));
        m->grant_sent = true;
        act(c, DO_GRANT_OWNER, .member = m->id, .jid = bare);
        return;
    }
}
