/* SPDX-License-Identifier: Apache-2.0
 *
 * Jingle with one member, both directions, and mute requests.
 * Sessions are found by the occupant who writes plus sid; initiator and responder are never believed. */
#include "focus/conference_parts.h"

/* --- to the member ------------------------------------------------------------------------------ */

static void send(Conference *c, Member *m, Jingle *j)
{
    j->initiator = g_strdup(c->config->focus_jid);
    act(c, DO_JINGLE, .member = m->id, .jingle = j);
}

/* The first invitation only: nobody is muted in the middle of a call because it moved. */
static bool starts_muted(const Conference *c, const Member *m, guint max_senders, int request_limit)
{
    guint n = c->members->len;
    return !m->was_invited && ((max_senders && n > max_senders) || (request_limit > 0 && n > (guint)request_limit));
}

void conf_send_offer(Conference *c, Member *m, const IceTransport *transport, uint16_t sctp_port)
{
    g_autoptr(SourceMap) sources = conf_sources_for(c, m);
    g_free(m->sid);
    m->sid = c->make_id(c->make_id_user);
    g_free(m->bridge_ufrag);
    m->bridge_ufrag = g_strdup(transport->ufrag);
    Jingle *j = offer_build(m->sid, m->features, &c->config->offer, transport, sctp_port, sources);
    j->has_bridge_session = true;
    j->bridge_session_id = g_strdup(m->bridge->id);
    j->bridge_session_region = *m->bridge->region ? g_strdup(m->bridge->region) : NULL;
    j->startmuted_audio = starts_muted(c, m, c->config->max_audio_senders, c->start_audio_muted);
    j->startmuted_video = starts_muted(c, m, c->config->max_video_senders, c->start_video_muted);
    j->has_startmuted = j->startmuted_audio || j->startmuted_video;

    m->was_invited = true;
    m->state = MEMBER_PENDING;
    m->offer_acked = m->offer_in_doubt = false;
    m->generation = ICE_NO_GENERATION;
    source_signaling_free(m->signaling);
    m->signaling = NULL;
    if (!offer_rewrites_ssrcs(m->features, &c->config->offer)) {
        m->signaling = source_signaling_new(m->features & PEER_AUDIO, m->features & PEER_VIDEO);
        source_signaling_reset(m->signaling, sources);
    }
    send(c, m, j);
}

void conf_terminate(Conference *c, Member *m, JingleReason reason, const char *text)
{
    Jingle *j = jingle_new(JINGLE_SESSION_TERMINATE, m->sid);
    j->reason = reason;
    j->reason_text = g_strdup(text);
    send(c, m, j);
}

void conf_relay_restart(Conference *c, Member *m, const IceTransport *transport)
{
    IceTransport *copy = ice_transport_copy(transport);
    g_ptr_array_set_size(copy->web_sockets, 0);
    Jingle *j = jingle_new(JINGLE_TRANSPORT_INFO, m->sid);
    jingle_add_content(j, "audio", NULL, copy)->creator = g_strdup("initiator");
    m->generation = transport->ice_generation;
    send(c, m, j);
}

/* --- from the member ---------------------------------------------------------------------------- */

typedef struct {
    Conference *c;
    Member *m;
    const Jingle *j;
    uint64_t request;
    bool is_replaced; /* the sid is one of an earlier session of this member */
} Ask;

static void accept_request(const Ask *a)
{
    act(a->c, DO_REPLY, .request = a->request, .ok = true);
}

static void refuse(const Ask *a, StanzaCondition condition, const char *text)
{
    act(a->c, DO_REPLY, .request = a->request, .condition = condition, .text = (char *)text);
}

/* false, with the reply given, when the session is over. replaced_*: what a replaced one answers. */
static bool is_current(const Ask *a, StanzaCondition replaced, const char *replaced_text)
{
    if (a->is_replaced) {
        refuse(a, replaced, replaced_text);
        return false;
    }
    if (a->m->state == MEMBER_ENDED) {
        refuse(a, STANZA_GONE, "session ended");
        return false;
    }
    return true;
}

/* The bridge's own SSRCs are in every offer, and are nobody else's. */
static bool add_sources(const Ask *a, const SourceSet *sources, GError **error)
{
    const BridgeSession *bs = a->m->bridge;
    for (guint i = 0; bs && bs->feedback && i < sources->sources->len; i++) {
        uint32_t ssrc = ((const Source *)sources->sources->pdata[i])->ssrc;
        if (source_set_find(bs->feedback, ssrc)) {
            g_set_error(error, JINGLE_ERROR, JINGLE_ERROR_BAD_REQUEST, "SSRC is already used: %u.", ssrc);
            return false;
        }
    }
    return source_map_try_add(a->c->sources, a->m->id, sources, &a->c->config->source_limits, NULL, error);
}

static void keep_transport(Member *m, const IceTransport *transport)
{
    if (!transport)
        return;
    ice_transport_free(m->transport);
    m->transport = ice_transport_copy(transport);
}

static void on_session_accept(const Ask *a)
{
    Conference *c = a->c;
    Member *m = a->m;
    g_autoptr(GError) error = NULL;
    g_autoptr(SourceSet) sources = jingle_collect_sources(a->j);
    if (!is_current(a, STANZA_GONE, "session has been replaced"))
        return;
    if (m->state == MEMBER_ACTIVE) {
        refuse(a, STANZA_BAD_REQUEST, "session already accepted");
        return;
    }
    if (m->is_visitor && !source_set_is_empty(sources)) {
        refuse(a, STANZA_FORBIDDEN, "visitors send nothing");
        return;
    }
    if (!add_sources(a, sources, &error)) {
        refuse(a, STANZA_BAD_REQUEST, error->message);
        conf_end_session(c, m, true, JINGLE_REASON_NONE, NULL);
        return;
    }
    /* The client waits 10 s for this answer and publishes its mute state after it: first of all. */
    accept_request(a);
    m->state = MEMBER_ACTIVE;
    m->offer_acked = true;
    m->offer_in_doubt = false;
    const IceTransport *transport = jingle_first_transport(a->j);
    keep_transport(m, transport);
    conf_update_endpoint(c, m, transport, true, jingle_initial_last_n(a->j));
    if (source_map_get(c->sources, m->id))
        conf_sources_changed(c, m->id, true);
    conf_schedule_flush(c, m, c->now_ms); /* what changed since its offer */
}

static bool has_kind(const SourceSet *s, MediaKind kind)
{
    for (guint i = 0; i < s->sources->len; i++) {
        if (((const Source *)s->sources->pdata[i])->kind == kind)
            return true;
    }
    return false;
}

static void on_source_add(const Ask *a)
{
    Conference *c = a->c;
    g_autoptr(GError) error = NULL;
    g_autoptr(SourceSet) sources = jingle_collect_sources(a->j);
    ConfPresence now = conference_presence(c);
    if (!is_current(a, STANZA_ITEM_NOT_FOUND, "jingle session no longer active"))
        return;
    if (source_set_is_empty(sources)) {
        accept_request(a);
    } else if (a->m->is_visitor) {
        refuse(a, STANZA_FORBIDDEN, "visitors send nothing");
    } else if ((now.audio_limit_reached && has_kind(sources, MEDIA_AUDIO)) ||
               (now.video_limit_reached && has_kind(sources, MEDIA_VIDEO))) {
        refuse(a, STANZA_RESOURCE_CONSTRAINT, "sender limit reached");
    } else if (!add_sources(a, sources, &error)) {
        refuse(a, STANZA_BAD_REQUEST, error->message);
    } else {
        conf_update_endpoint(c, a->m, NULL, true, -1);
        conf_sources_changed(c, a->m->id, true);
        accept_request(a);
    }
}

static void on_source_remove(const Ask *a)
{
    Conference *c = a->c;
    g_autoptr(GError) error = NULL;
    g_autoptr(SourceSet) sources = jingle_collect_sources(a->j);
    if (!is_current(a, STANZA_ITEM_NOT_FOUND, "jingle session no longer active"))
        return;
    if (source_set_is_empty(sources)) {
        accept_request(a);
    } else if (!source_map_try_remove(c->sources, a->m->id, sources, NULL, &error)) {
        refuse(a, STANZA_BAD_REQUEST, error->message);
    } else {
        conf_update_endpoint(c, a->m, NULL, true, -1);
        conf_sources_changed(c, a->m->id, true);
        accept_request(a);
    }
}

static void on_transport_info(const Ask *a)
{
    const IceTransport *transport = jingle_first_transport(a->j);
    if (!is_current(a, STANZA_ITEM_NOT_FOUND, "jingle session no longer active"))
        return;
    if (!transport) {
        refuse(a, STANZA_BAD_REQUEST, "missing transport");
        return;
    }
    accept_request(a);
    if (transport->ufrag)
        keep_transport(a->m, transport);
    conf_update_endpoint(a->c, a->m, transport, false, -1);
}

/* The client names the bridge session it means; an answer to an older one must not end the new one. */
static bool is_its_bridge_session(const Ask *a)
{
    return a->m->bridge && a->j->has_bridge_session && g_strcmp0(a->j->bridge_session_id, a->m->bridge->id) == 0;
}

static bool allow(const Ask *a, RateLimit *budget)
{
    const ConferenceConfig *config = a->c->config;
    return rate_limit_allow(budget, a->c->now_ms, config->restart_min_ms, config->restart_max,
                            config->restart_window_ms);
}

/* The client's side of the session is over already, so it is told nothing. */
static void end_and_invite(const Ask *a, bool invite)
{
    conf_end_session(a->c, a->m, true, JINGLE_REASON_NONE, NULL);
    if (invite)
        conf_invite(a->c, a->m);
}

static void on_session_terminate(const Ask *a)
{
    if (!is_current(a, STANZA_ITEM_NOT_FOUND, "session has been replaced"))
        return;
    if (!is_its_bridge_session(a)) {
        refuse(a, STANZA_ITEM_NOT_FOUND, "not the present bridge session");
        return;
    }
    bool restart = a->j->restart && allow(a, &a->m->restarts);
    if (a->j->restart && !restart)
        refuse(a, STANZA_RESOURCE_CONSTRAINT, "rate-limited");
    else
        accept_request(a);
    end_and_invite(a, restart);
}

static void on_ice_restart(const Ask *a)
{
    if (!a->c->config->ice_restart)
        refuse(a, STANZA_FEATURE_NOT_IMPLEMENTED, "in-place ICE restart is disabled");
    else if (!is_its_bridge_session(a))
        refuse(a, STANZA_ITEM_NOT_FOUND, "not the present bridge session");
    else if (!allow(a, &a->m->ice_restarts))
        refuse(a, STANZA_RESOURCE_CONSTRAINT, "rate-limited");
    else {
        accept_request(a);
        conf_restart_ice(a->c, a->m);
    }
}

static void on_session_info(const Ask *a)
{
    if (!is_current(a, STANZA_ITEM_NOT_FOUND, "session has been replaced"))
        return;
    if (a->j->ice_restart) {
        on_ice_restart(a);
        return;
    }
    accept_request(a);
    /* COMPAT: older clients report a failed ICE state instead of terminating. */
    if (g_strcmp0(a->j->ice_state, "failed") == 0 && is_its_bridge_session(a) && allow(a, &a->m->restarts))
        conf_reinvite(a->c, a->m, true);
}

/* Whether it is one of this member's; is_replaced tells an earlier session from the present one. */
static bool find_session(Ask *a)
{
    if (!a->m || !*a->j->sid)
        return false;
    for (guint i = 0; i < OLD_SIDS; i++) {
        if (g_strcmp0(a->m->old_sids[i], a->j->sid) == 0)
            a->is_replaced = true;
    }
    return a->is_replaced || g_strcmp0(a->m->sid, a->j->sid) == 0;
}

/* A request to us may become one to each member, so they are rationed. false: refused already. */
static bool is_within_budget(const Ask *a)
{
    const ConferenceConfig *config = a->c->config;
    if (token_bucket_take(&a->m->requests, config->requests_per_s, config->request_burst, a->c->now_ms))
        return true;
    refuse(a, STANZA_RESOURCE_CONSTRAINT, "too many requests");
    return false;
}

void conf_jingle(Conference *c, const ConfEvent *ev)
{
    Ask a = { .c = c, .m = conf_member_find(c, ev->member), .j = ev->jingle, .request = ev->request };
    if (!conf_is_running(c) || !find_session(&a)) {
        refuse(&a, STANZA_BAD_REQUEST, "no such session");
        return;
    }
    if (!is_within_budget(&a))
        return;
    switch (a.j->action) {
    case JINGLE_SESSION_ACCEPT:
        on_session_accept(&a);
        break;
    case JINGLE_SOURCE_ADD:
        on_source_add(&a);
        break;
    case JINGLE_SOURCE_REMOVE:
        on_source_remove(&a);
        break;
    case JINGLE_TRANSPORT_INFO:
        on_transport_info(&a);
        break;
    case JINGLE_SESSION_TERMINATE:
        on_session_terminate(&a);
        break;
    case JINGLE_SESSION_INFO:
        on_session_info(&a);
        break;
    case JINGLE_TRANSPORT_ACCEPT:
    case JINGLE_TRANSPORT_REJECT:
        accept_request(&a);
        break;
    default:
        refuse(&a, STANZA_FEATURE_NOT_IMPLEMENTED, "Unsupported 'action'");
        break;
    }
}

/* --- mute requests ------------------------------------------------------------------------------ */

static bool may_be_muted(const Member *m)
{
    return m->kind != MEMBER_JIBRI && !m->is_visitor && (m->kind != MEMBER_JIGASI || (m->features & PEER_AUDIO_MUTE));
}

void conf_mute(Conference *c, const ConfEvent *ev)
{
    const Ask a = { .c = c, .m = conf_member_find(c, ev->member), .request = ev->request };
    Member *target = conf_member_find(c, ev->target);
    bool is_self = a.m && a.m == target;
    if (!conf_is_running(c))
        refuse(&a, STANZA_ITEM_NOT_FOUND, "no such conference");
    else if (!a.m || !member_is_invited(a.m))
        refuse(&a, STANZA_INTERNAL_SERVER_ERROR, "who asks is not in the call");
    else if (!is_within_budget(&a))
        return;
    else if (!is_self && a.m->role != MEMBER_OWNER && a.m->role != MEMBER_MODERATOR)
        refuse(&a, STANZA_NOT_ALLOWED, "moderators only");
    else if (!target || !member_is_invited(target))
        refuse(&a, STANZA_INTERNAL_SERVER_ERROR, "who is meant is not in the call");
    else if (!is_self && !ev->mute)
        refuse(&a, STANZA_NOT_ALLOWED, "people unmute themselves");
    else if (!may_be_muted(target))
        refuse(&a, STANZA_NOT_ALLOWED, "cannot be muted");
    else {
        accept_request(&a);
        if (!is_self)
            act(c, DO_MUTE, .member = target->id, .actor = a.m->id, .mute_kind = ev->mute_kind, .mute = true);
    }
}
