/* SPDX-License-Identifier: Apache-2.0
 *
 * Looking at a conference, and the list its actions go into. */
#include "focus/conference_parts.h"
#include "common/base/json_members.h"

static const char *const event_names[] = {
    [EV_REQUEST] = "request",
    [EV_ROOM_JOINED] = "room-joined",
    [EV_ROOM_FAILED] = "room-failed",
    [EV_ROOM_LOST] = "room-lost",
    [EV_OWNERSHIP] = "ownership",
    [EV_MEMBER_JOINED] = "member-joined",
    [EV_MEMBER_CHANGED] = "member-changed",
    [EV_MEMBER_LEFT] = "member-left",
    [EV_FEATURES] = "features",
    [EV_BRIDGE_SELECTED] = "bridge-selected",
    [EV_BRIDGE_NONE] = "bridge-none",
    [EV_BRIDGE_AVAILABLE] = "bridge-available",
    [EV_BRIDGE_LOST] = "bridge-lost",
    [EV_COLIBRI_ANSWER] = "colibri-answer",
    [EV_ENDPOINT_LOST] = "endpoint-lost",
    [EV_INITIATE_ANSWER] = "initiate-answer",
    [EV_JINGLE] = "jingle",
    [EV_MUTE] = "mute",
    [EV_TICK] = "tick",
    [EV_XMPP_LOST] = "xmpp-lost",
    [EV_XMPP_BACK] = "xmpp-back",
    [EV_SHUTDOWN] = "shutdown",
};
G_STATIC_ASSERT(G_N_ELEMENTS(event_names) == EV_N_TYPES);

static const char *const action_names[] = {
    [DO_JOIN_ROOM] = "join-room",   [DO_REPLY_REQUEST] = "reply-request",
    [DO_REPLY] = "reply",           [DO_GRANT_OWNER] = "grant-owner",
    [DO_PUBLISH] = "publish",       [DO_SELECT_BRIDGE] = "select-bridge",
    [DO_COLIBRI] = "colibri",       [DO_MARK_BRIDGE] = "mark-bridge",
    [DO_JINGLE] = "jingle",         [DO_MUTE] = "mute",
    [DO_LEAVE_ROOM] = "leave-room", [DO_END] = "end",
};

static const char *const member_state_names[] = {
    [MEMBER_IDLE] = "idle",       [MEMBER_SELECTING] = "selecting", [MEMBER_ALLOCATING] = "allocating",
    [MEMBER_PENDING] = "pending", [MEMBER_ACTIVE] = "active",       [MEMBER_ENDED] = "ended",
};

static const char *const state_names[] = {
    [CONF_NEW] = "new",       [CONF_JOINING] = "joining", [CONF_READY] = "ready",
    [CONF_ACTIVE] = "active", [CONF_END] = "end",
};
G_STATIC_ASSERT(G_N_ELEMENTS(member_state_names) == MEMBER_N_STATES);
G_STATIC_ASSERT(G_N_ELEMENTS(state_names) == CONF_N_STATES);

static const char *const role_names[] = { "owner", "moderator", "participant", "visitor" };
static const char *const kind_names[] = { "user", "jibri", "jigasi", "transcriber" };

const char *conference_event_name(ConfEventType type)
{
    return event_names[type];
}

const char *conference_action_name(ConfActionType type)
{
    return action_names[type];
}

const char *conference_state_name(ConfState state)
{
    return state_names[state];
}

const char *conference_member_state_name(guint i)
{
    return i < MEMBER_N_STATES ? member_state_names[i] : NULL;
}

/* --- actions ------------------------------------------------------------------------------------ */

static void action_clear(void *p)
{
    ConfAction *a = p;
    g_free(a->member);
    g_free(a->text);
    g_free(a->jid);
    g_free(a->region);
    g_free(a->bridge);
    g_free(a->actor);
    colibri2_modify_free(a->modify);
    jingle_free(a->jingle);
}

GArray *conference_actions_new(void)
{
    GArray *out = g_array_new(FALSE, TRUE, sizeof(ConfAction));
    g_array_set_clear_func(out, action_clear);
    return out;
}

void conf_act(Conference *c, ConfAction action)
{
    action.member = g_strdup(action.member);
    action.text = g_strdup(action.text);
    action.jid = g_strdup(action.jid);
    action.region = g_strdup(action.region);
    action.bridge = g_strdup(action.bridge);
    action.actor = g_strdup(action.actor);
    g_array_append_val(c->out, action);
}

/* --- looking ------------------------------------------------------------------------------------ */

ConfPresence conference_presence(const Conference *c)
{
    guint audio = 0, video = 0;
    for (guint i = 0; i < c->members->len; i++) {
        const Member *m = c->members->pdata[i];
        audio += m->audio_senders;
        video += m->video_senders;
    }
    return (ConfPresence){
        .bridge_count = c->bridges->len,
        .bridge_not_available = c->no_bridge,
        .audio_limit_reached = c->config->max_audio_senders && audio >= c->config->max_audio_senders,
        .video_limit_reached = c->config->max_video_senders && video >= c->config->max_video_senders,
    };
}

ConfState conference_state(const Conference *c)
{
    return c->state;
}

const char *conference_room(const Conference *c)
{
    return c->room;
}

const char *conference_meeting_id(const Conference *c)
{
    return c->meeting_id;
}

guint conference_n_members(const Conference *c)
{
    return c->members->len;
}

const char *const *conference_bridges(const Conference *c)
{
    return (const char *const *)c->bridge_jids->pdata;
}

guint conference_n_on_bridge(const Conference *c, const char *bridge)
{
    guint n = 0;
    for (guint i = 0; i < c->members->len; i++) {
        const Member *m = c->members->pdata[i];
        n += m->bridge && strcmp(m->bridge->jid, bridge) == 0;
    }
    return n;
}

ConfPutOff conference_put_off(const Conference *c)
{
    return c->put_off;
}

static void dump_member(JsonBuilder *b, const Conference *c, const Member *m)
{
    const SourceSet *own = source_map_get(c->sources, m->id);
    json_builder_begin_object(b);
    json_add_text(b, "id", m->id);
    json_add_text(b, "state", member_state_names[m->state]);
    json_add_text(b, "role", role_names[m->role]);
    json_add_text(b, "kind", kind_names[m->kind]);
    json_add_text(b, "region", m->region);
    json_add_text(b, "statsId", m->stats_id);
    json_add_text(b, "bridge", m->bridge ? m->bridge->jid : "");
    json_add_text(b, "sid", m->sid);
    json_add_bool(b, "visitor", m->is_visitor);
    json_add_bool(b, "featuresKnown", m->features_known);
    json_add_bool(b, "jsonSources", offer_uses_json(m->features, &c->config->offer));
    json_add_bool(b, "ssrcRewriting", offer_rewrites_ssrcs(m->features, &c->config->offer));
    json_add_bool(b, "waitsForBridge", m->wants_bridge);
    json_add_bool(b, "waitsForRoom", m->wants_room);
    json_add_bool(b, "admitted", m->is_admitted);
    json_add_int(b, "sources", own ? own->sources->len : 0);
    json_add_int(b, "groups", own ? own->groups->len : 0);
    json_add_int(b, "iceGeneration", m->generation);
    json_builder_end_object(b);
}

JsonNode *conference_dump(const Conference *c)
{
    g_autoptr(JsonBuilder) b = json_builder_new();
    json_builder_begin_object(b);
    json_add_text(b, "room", c->room);
    json_add_text(b, "meetingId", c->meeting_id);
    json_add_text(b, "state", state_names[c->state]);
    json_add_bool(b, "breakout", c->breakout);
    json_add_bool(b, "offline", c->offline);
    json_add_bool(b, "bridgeNotAvailable", c->no_bridge);
    json_add_int(b, "nextDueMs", conference_next_due_ms(c));
    json_builder_set_member_name(b, "bridges");
    json_builder_begin_array(b);
    for (guint i = 0; i < c->bridges->len; i++) {
        const BridgeSession *bs = c->bridges->pdata[i];
        json_builder_begin_object(b);
        json_add_text(b, "jid", bs->jid);
        json_add_text(b, "region", bs->region);
        json_add_text(b, "session", bs->id);
        json_add_int(b, "endpoints", conference_n_on_bridge(c, bs->jid));
        json_builder_end_object(b);
    }
    json_builder_end_array(b);
    json_builder_set_member_name(b, "members");
    json_builder_begin_array(b);
    for (guint i = 0; i < c->members->len; i++)
        dump_member(b, c, c->members->pdata[i]);
    json_builder_end_array(b);
    json_builder_end_object(b);
    return json_builder_get_root(b);
}
