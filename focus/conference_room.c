/* SPDX-License-Identifier: Apache-2.0
 *
 * The conference's room: who is in it, how it is set up, whether we are still there. */
#include "focus/conference_shell_parts.h"

#include <string.h>

/* ---- members ---- */

void shell_member_free(gpointer p)
{
    ShellMember *m = p;
    caps_cancel(m->shell->focus->caps, m->caps_lookup);
    member_presence_clear(&m->presence);
    g_free(m->nick);
    g_free(m);
}

static void on_caps(const char *const *features, gpointer user)
{
    ShellMember *m = user;
    m->caps_lookup = 0;
    shell_step(m->shell,
               (ConfEvent){ .type = EV_FEATURES, .member = m->nick, .features = peer_features_from_vars(features) });
}

static void add_member(const MucOccupant *o, gpointer user)
{
    ConferenceShell *s = user;
    Focus *focus = s->focus;
    if (s->ended)
        return;
    ShellMember *m = g_new0(ShellMember, 1);
    m->shell = s;
    m->nick = g_strdup(o->nick);
    member_presence_read(&m->presence, o, focus->config->xmpp.trusted_domains);
    g_hash_table_replace(s->members, m->nick, m);
    metric_add(focus->metrics.participants, 1);
    LogContext ctx = { .room = s->room, .endpoint = o->nick };
    log_info(&ctx, "joined");
    shell_step(s, (ConfEvent){ .type = EV_MEMBER_JOINED, .member = m->nick, .info = &m->presence.info });
    if (s->ended)
        return;
    guint lookup = caps_lookup(focus->caps, focus->router, focus->from, o->jid, stanza_find(o->presence, "c", NS_CAPS),
                               (guint)focus->config->xmpp.reply_timeout_ms, on_caps, m);
    if (lookup)
        m->caps_lookup = lookup;
}

static void on_occupant_joined(MucRoom *room, const MucOccupant *o, gpointer user)
{
    ConferenceShell *s = user;
    if (s->configured) /* earlier ones are taken up when it is */
        add_member(o, s);
}

static void on_occupant_changed(MucRoom *room, const MucOccupant *o, gpointer user)
{
    ConferenceShell *s = user;
    ShellMember *m = g_hash_table_lookup(s->members, o->nick);
    if (!m)
        return;
    member_presence_read(&m->presence, o, s->focus->config->xmpp.trusted_domains);
    shell_step(s, (ConfEvent){ .type = EV_MEMBER_CHANGED, .member = m->nick, .info = &m->presence.info });
}

static void on_occupant_left(MucRoom *room, const MucOccupant *o, const Stanza *unavailable, gpointer user)
{
    ConferenceShell *s = user;
    ShellMember *m = g_hash_table_lookup(s->members, o->nick);
    if (!m || s->leaving)
        return;
    const Stanza *status = unavailable ? stanza_find(unavailable, "status", NULL) : NULL;
    g_autofree char *text = status ? stanza_text(status) : NULL;
    LogContext ctx = { .room = s->room, .endpoint = o->nick };
    log_info(&ctx, "left");
    g_hash_table_remove(s->members, o->nick);
    shell_step(s, (ConfEvent){ .type = EV_MEMBER_LEFT,
                               .member = o->nick,
                               .switching_room = g_strcmp0(text, "switch_room") == 0 });
}

/* ---- the room ---- */

static gboolean is_taken(const ConferenceShell *s, const char *meeting_id)
{
    GHashTableIter it;
    gpointer other;
    g_hash_table_iter_init(&it, s->focus->shells);
    while (g_hash_table_iter_next(&it, NULL, &other))
        if (other != s && strcmp(conference_meeting_id(((ConferenceShell *)other)->conf), meeting_id) == 0)
            return TRUE;
    return FALSE;
}

static void configured(ConferenceShell *s)
{
    if (s->ended || --s->config_left > 0)
        return;
    s->configured = TRUE;
    if (!s->meeting_id || !*s->meeting_id || is_taken(s, s->meeting_id)) {
        g_free(s->meeting_id);
        s->meeting_id = g_uuid_string_random();
    }
    log_info(&s->log, "room joined, meeting %s", s->meeting_id);
    shell_step(s, (ConfEvent){ .type = EV_ROOM_JOINED,
                               .meeting_id = s->meeting_id,
                               .breakout = s->breakout,
                               .owner = muc_room_own_affiliation(s->muc) == MUC_AFFILIATION_OWNER });
    muc_room_each(s->muc, add_member, s);
}

static void on_form(MucRoom *room, GHashTable *fields, gpointer user)
{
    ConferenceShell *s = user;
    if (fields) {
        const char *breakout = g_hash_table_lookup(fields, "muc#roominfo_isbreakout");
        s->breakout = g_strcmp0(breakout, "true") == 0 || g_strcmp0(breakout, "1") == 0;
        s->meeting_id = g_strdup(g_hash_table_lookup(fields, "muc#roominfo_meetingId"));
    } else {
        log_warning(&s->log, "the room does not show its configuration");
    }
    configured(s);
}

static void on_whois(IqOutcome outcome, const Stanza *answer, gpointer user)
{
    ConferenceShell *s = user;
    if (outcome != IQ_RESULT)
        log_warning(&s->log, "the room does not take its configuration; addresses may stay hidden");
    configured(s);
}

static void on_joined(MucRoom *room, gpointer user)
{
    ConferenceShell *s = user;
    guint timeout_ms = (guint)s->focus->config->conference.join_timeout_ms;
    if (s->ended)
        return;
    if (s->configured) { /* back after a lost stream, perhaps in a room that was made anew */
        muc_room_submit_config(room, timeout_ms, NULL, NULL, "muc#roomconfig_whois", "anyone", NULL);
        log_info(&s->log, "back in the room");
        shell_step(s, (ConfEvent){ .type = EV_XMPP_BACK });
        return;
    }
    s->config_left = 2;
    muc_room_read_config(room, timeout_ms, on_form, s);
    muc_room_submit_config(room, timeout_ms, on_whois, s, "muc#roomconfig_whois", "anyone", NULL);
}

static void on_out(MucRoom *room, MucOut why, StanzaCondition condition, gpointer user)
{
    static const char *const reasons[] = { "left", "refused", "no answer", "kicked", "destroyed", "gone" };
    ConferenceShell *s = user;
    if (s->ended || s->leaving)
        return;
    log_warning(&s->log, "not in the room: %s%s%s", reasons[why], why == MUC_OUT_REFUSED ? ", " : "",
                why == MUC_OUT_REFUSED ? stanza_condition_name(condition) : "");
    shell_step(s, (ConfEvent){ .type = s->configured ? EV_ROOM_LOST : EV_ROOM_FAILED });
}

static void on_self_changed(MucRoom *room, MucAffiliation affiliation, MucRole role, gpointer user)
{
    ConferenceShell *s = user;
    if (s->configured)
        shell_step(s, (ConfEvent){ .type = EV_OWNERSHIP, .owner = affiliation == MUC_AFFILIATION_OWNER });
}

static void on_refused(MucRoom *room, const char *nick, gpointer user)
{
    ConferenceShell *s = user;
    LogContext ctx = { .room = s->room, .endpoint = nick };
    log_warning(&ctx, "not invited: there are %d in the room already", MUC_MAX_OCCUPANTS);
    metric_add(s->focus->metrics.participants_refused, 1);
}

const MucEvents shell_room_events = { on_joined,        on_out,          on_occupant_joined, on_occupant_changed,
                                      on_occupant_left, on_self_changed, on_refused };
