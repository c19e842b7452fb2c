/* SPDX-License-Identifier: Apache-2.0
 *
 * The life of one conference, top to bottom: room, members, end. Their sessions: conference_session.c.
 *
 * Room                NEW           JOINING            READY, ACTIVE                  END
 *   request           join          hold               answer ready; re-arm 15 s      not ready
 *   room-joined       -             answer; READY      no longer owner? END           -
 *   room-failed       -             END                -                              -
 *   room-lost         -             END                END                            -
 *   ownership         -             -                  not owner: END                 -
 *   member-*          -             noted              below                          -
 *   bridge-*, colibri -             -                  conference_bridge.c            -
 *   jingle, mute      refuse        refuse             conference_jingle.c            refuse
 *   tick              -             END (join time)    15 s empty: END; 20 s alone    -
 *   xmpp-lost, -back  -             END                pause, reconcile               -
 *   shutdown          END           END                END                            -
 * READY: nobody is invited. ACTIVE: somebody is.
 *
 * Member              IDLE          SELECTING          ALLOCATING      PENDING        ACTIVE        ENDED
 *   enough members    SELECTING     -                  -               -              -             SELECTING (1)
 *   bridge-selected   -             ALLOCATING         -               -              -             -
 *   bridge-none       -             IDLE (wants)       -               -              -             -
 *   bridge-available  SELECTING (2) -                  -               -              -             -
 *   bridge-lost       -             -                  SELECTING       re-invite      re-invite     -
 *   allocated         -             -                  PENDING: offer  -              -             -
 *   not allocated     -             -                  IDLE, or all SELECTING         -             -
 *   no room (3)       -             -                  IDLE            -              -             -
 *   room due, or left SELECTING (3) -                  -               -              -             -
 *   initiate error    -             -                  -               ENDED          -             -
 *   accept good/bad   -             -                  -               ACTIVE/ENDED   refuse        gone
 *   terminate         -             -                  -               ENDED, or with restart SELECTING
 *   update failed     -             -                  -               re-invite, or whole bridge lost
 *   endpoint lost     -             -                  -               re-invite, too often: ENDED
 *   alone for 20 s    -             IDLE               IDLE            ENDED          ENDED         -
 *   left              gone          gone               gone: expire    expire         expire        gone
 * (1) when nobody is invited, everybody is. (2) when it wants a bridge. (3) the bridge is full: one after the other.
 * A pair that is not named cannot happen or is stale, and changes nothing. */
#include "focus/conference.h"

#include "focus/conference_parts.h"

/* --- parts -------------------------------------------------------------------------------------- */

bool member_has_session(const Member *m)
{
    return m->state == MEMBER_PENDING || m->state == MEMBER_ACTIVE;
}

bool member_is_invited(const Member *m)
{
    return m->state >= MEMBER_SELECTING && m->state <= MEMBER_ACTIVE;
}

static void member_free(void *p)
{
    Member *m = p;
    g_free(m->id);
    g_free(m->real_jid);
    g_free(m->region);
    g_free(m->stats_id);
    g_free(m->sid);
    g_free(m->bridge_ufrag);
    for (guint i = 0; i < OLD_SIDS; i++)
        g_free(m->old_sids[i]);
    ice_transport_free(m->transport);
    source_signaling_free(m->signaling);
    g_free(m);
}

Conference *conference_new(const ConferenceConfig *config, const char *room, ConferenceMakeId make_id, void *user)
{
    Conference *c = g_new0(Conference, 1);
    c->config = config;
    c->room = g_strdup(room);
    c->make_id = make_id;
    c->make_id_user = user;
    c->meeting_id = g_strdup("");
    c->rtcstats = true;
    c->waiting = g_array_new(FALSE, FALSE, sizeof(uint64_t));
    c->members = g_ptr_array_new_with_free_func(member_free);
    c->bridges = g_ptr_array_new_with_free_func(bridge_session_free);
    c->closing = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    c->bridge_jids = g_ptr_array_new();
    g_ptr_array_add(c->bridge_jids, NULL);
    c->sources = source_map_new();
    c->shown = source_map_new();
    c->joins = request_limiter_new(config->invites_per_s, config->invite_burst);
    c->join_due_ms = c->initial_due_ms = c->single_due_ms = c->offline_due_ms = c->room_due_ms = c->admit_due_ms =
        NEVER;
    return c;
}

void conference_free(Conference *c)
{
    if (!c)
        return;
    g_free(c->room);
    g_free(c->meeting_id);
    g_array_unref(c->waiting);
    g_ptr_array_unref(c->members);
    g_ptr_array_unref(c->bridges);
    g_ptr_array_unref(c->bridge_jids);
    g_hash_table_unref(c->closing);
    g_free(c->held_bridge);
    g_free(c->held_region);
    source_map_free(c->sources);
    source_map_free(c->shown);
    request_limiter_free(c->joins);
    g_free(c);
}

uint64_t conf_next_serial(Conference *c)
{
    return ++c->serial;
}

Member *conf_member_find(const Conference *c, const char *id)
{
    for (guint i = 0; id && i < c->members->len; i++) {
        Member *m = c->members->pdata[i];
        if (strcmp(m->id, id) == 0)
            return m;
    }
    return NULL;
}

bool conf_is_running(const Conference *c)
{
    return c->state == CONF_READY || c->state == CONF_ACTIVE;
}

/* --- room --------------------------------------------------------------------------------------- */

static void answer_waiting(Conference *c, bool ready)
{
    for (guint i = 0; i < c->waiting->len; i++)
        act(c, DO_REPLY_REQUEST, .request = g_array_index(c->waiting, uint64_t, i), .ready = ready);
    g_array_set_size(c->waiting, 0);
}

/* in_room: we may be there, so say goodbye (also after a failed join: the server may have made the room). */
static void end(Conference *c, bool in_room)
{
    answer_waiting(c, false);
    conf_expire_everything(c);
    if (in_room)
        act(c, DO_LEAVE_ROOM);
    c->state = CONF_END;
    c->join_due_ms = c->initial_due_ms = c->single_due_ms = c->offline_due_ms = c->room_due_ms = c->admit_due_ms =
        NEVER;
    act(c, DO_END);
}

static void on_request(Conference *c, const ConfEvent *ev)
{
    switch (c->state) {
    case CONF_NEW:
        c->rtcstats = ev->rtcstats;
        c->start_audio_muted = ev->start_audio_muted;
        c->start_video_muted = ev->start_video_muted;
        c->state = CONF_JOINING;
        c->join_due_ms = c->now_ms + c->config->join_timeout_ms;
        g_array_append_val(c->waiting, ev->request);
        act(c, DO_JOIN_ROOM);
        break;
    case CONF_JOINING:
        if (c->waiting->len < CONFERENCE_MAX_WAITING)
            g_array_append_val(c->waiting, ev->request);
        else
            act(c, DO_REPLY_REQUEST, .request = ev->request, .ready = false);
        break;
    case CONF_READY:
    case CONF_ACTIVE:
        if (c->initial_due_ms != NEVER)
            c->initial_due_ms = c->now_ms + c->config->initial_timeout_ms;
        act(c, DO_REPLY_REQUEST, .request = ev->request, .ready = !c->offline);
        break;
    case CONF_END:
    case CONF_N_STATES:
        act(c, DO_REPLY_REQUEST, .request = ev->request, .ready = false);
        break;
    }
}

static void on_room_joined(Conference *c, const ConfEvent *ev)
{
    if (!ev->owner && (c->state == CONF_JOINING || conf_is_running(c))) {
        end(c, true); /* without ownership we could neither grant it nor see real JIDs */
        return;
    }
    if (c->state != CONF_JOINING)
        return;
    g_free(c->meeting_id);
    c->meeting_id = g_strdup(ev->meeting_id ? ev->meeting_id : "");
    c->breakout = ev->breakout;
    c->state = CONF_READY;
    c->join_due_ms = NEVER;
    if (c->members->len == 0)
        c->initial_due_ms = c->now_ms + c->config->initial_timeout_ms;
    answer_waiting(c, true);
    conf_elect_owner(c);
    conf_invite_if_enough(c, NULL); /* they may have been in the room before us */
}

/* --- members ------------------------------------------------------------------------------------ */

static void keep(char **field, const char *value)
{
    if (!value || g_strcmp0(*field, value) == 0)
        return;
    g_free(*field);
    *field = g_strdup(value);
}

static void update_member(Member *m, const MemberInfo *info)
{
    if (info->real_jid && *info->real_jid)
        keep(&m->real_jid, info->real_jid);
    keep(&m->region, info->region);
    keep(&m->stats_id, info->stats_id);
    m->role = info->role;
    m->kind = info->kind;
    m->diarize = info->diarize;
    m->audio_senders = info->audio_senders;
    m->video_senders = info->video_senders;
}

static void on_member_left(Conference *c, const ConfEvent *ev);

static void on_member_joined(Conference *c, const ConfEvent *ev)
{
    static const MemberInfo nothing = { .role = MEMBER_PARTICIPANT };
    if (!ev->member || (c->state != CONF_JOINING && !conf_is_running(c)))
        return;
    if (conf_member_find(c, ev->member)) {
        const ConfEvent left = { .type = EV_MEMBER_LEFT, .member = ev->member, .switching_room = true };
        on_member_left(c, &left); /* the nick was reused: another person, as far as sessions go */
    }
    if (c->members->len >= CONFERENCE_MAX_MEMBERS)
        return;
    Member *m = g_new0(Member, 1);
    m->id = g_strdup(ev->member);
    m->real_jid = g_strdup("");
    m->region = g_strdup("");
    m->stats_id = g_strdup("");
    m->flush_due_ms = NEVER;
    g_ptr_array_add(c->members, m);
    update_member(m, ev->info ? ev->info : &nothing);
    m->is_visitor = m->role == MEMBER_VISITOR;
    c->initial_due_ms = NEVER;
    if (c->members->len >= c->config->min_participants)
        c->single_due_ms = NEVER;
    conf_elect_owner(c);
}

static void on_member_changed(Conference *c, const ConfEvent *ev)
{
    Member *m = conf_member_find(c, ev->member);
    if (!m || !ev->info)
        return;
    update_member(m, ev->info);
    conf_elect_owner(c);
}

static void on_features(Conference *c, const ConfEvent *ev)
{
    Member *m = conf_member_find(c, ev->member);
    if (!m || m->features_known)
        return; /* read once; later caps do not change a running session */
    m->features = ev->features;
    m->features_known = true;
    conf_invite_if_enough(c, m);
}

static void on_member_left(Conference *c, const ConfEvent *ev)
{
    Member *m = conf_member_find(c, ev->member);
    if (!m)
        return;
    conf_leave_bridge(c, m, true);
    source_set_free(source_map_take(c->sources, m->id));
    conf_sources_changed(c, m->id, false); /* clients clean up from presence; also drops a removal not told yet */
    g_ptr_array_remove(c->members, m);
    if (!conf_is_running(c))
        return;
    if (c->members->len == 0) {
        c->single_due_ms = NEVER;
        if (!ev->switching_room) {
            end(c, true);
            return;
        }
        c->initial_due_ms = c->now_ms + c->config->initial_timeout_ms;
    } else if (c->members->len < c->config->min_participants && conf_count_invited(c) > 0) {
        c->single_due_ms = c->now_ms + c->config->single_timeout_ms;
    }
    if (c->room_due_ms != NEVER)
        conf_try_room(c); /* its place, for one who waits */
    conf_elect_owner(c);
}

/* --- the stream to the server --------------------------------------------------------------------- */

static void on_xmpp_lost(Conference *c)
{
    if (!conf_is_running(c)) {
        if (c->state == CONF_JOINING)
            end(c, false);
        return;
    }
    c->offline = true;
    c->lost_serial = c->serial;
    c->offline_due_ms = c->now_ms + c->config->xmpp_lost_timeout_ms;
    for (guint i = 0; i < c->members->len; i++) {
        Member *m = c->members->pdata[i];
        if (m->state == MEMBER_PENDING && !m->offer_acked)
            m->offer_in_doubt = true;
    }
}

/* Nobody's call was touched by the broken stream, so nothing is torn down; what may have been lost is said again. */
static void on_xmpp_back(Conference *c)
{
    if (!conf_is_running(c) || !c->offline)
        return;
    c->offline = false;
    c->lost_serial = c->serial;
    c->offline_due_ms = NEVER;
    c->is_published = false;
    if (c->single_due_ms != NEVER)
        c->single_due_ms = c->now_ms + c->config->single_timeout_ms;
    if (c->initial_due_ms != NEVER)
        c->initial_due_ms = c->now_ms + c->config->initial_timeout_ms;
    for (guint i = 0; i < c->members->len; i++) {
        Member *m = c->members->pdata[i];
        if (m->role != MEMBER_OWNER)
            m->grant_sent = false;
        bool unseen = m->state == MEMBER_PENDING && (m->offer_in_doubt || !m->offer_acked);
        if (unseen || (m->state == MEMBER_ALLOCATING && m->serial <= c->lost_serial))
            conf_reinvite(c, m, true);
        else if (m->state == MEMBER_ACTIVE)
            conf_update_endpoint(c, m, m->transport, true, -1);
    }
    conf_elect_owner(c);
}

/* --- time --------------------------------------------------------------------------------------- */

static bool is_due(const Conference *c, int64_t due_ms)
{
    return due_ms != NEVER && due_ms <= c->now_ms;
}

static void on_tick(Conference *c)
{
    if (is_due(c, c->join_due_ms) || is_due(c, c->offline_due_ms) || (is_due(c, c->initial_due_ms) && !c->offline)) {
        end(c, true);
    } else if (is_due(c, c->single_due_ms) && !c->offline) {
        c->single_due_ms = NEVER;
        conf_end_idle_sessions(c);
    } else if (is_due(c, c->room_due_ms) && !c->offline) {
        conf_try_room(c);
    } else if (is_due(c, c->admit_due_ms) && !c->offline) {
        conf_admit_waiting(c);
    }
}

static int64_t sooner(int64_t a, int64_t b)
{
    return a == NEVER || (b != NEVER && b < a) ? b : a;
}

int64_t conference_next_due_ms(const Conference *c)
{
    int64_t due = sooner(c->join_due_ms, c->offline_due_ms);
    if (c->offline || c->state == CONF_END)
        return due;
    due = sooner(sooner(due, c->admit_due_ms), sooner(c->room_due_ms, sooner(c->initial_due_ms, c->single_due_ms)));
    for (guint i = 0; i < c->members->len; i++) {
        const Member *m = c->members->pdata[i];
        if (m->state == MEMBER_ACTIVE)
            due = sooner(due, m->flush_due_ms);
    }
    return due;
}

/* What a step leaves to do: batches that are due, our presence when it changed. */
static void settle(Conference *c)
{
    if (!conf_is_running(c) || c->offline)
        return;
    c->state = conf_count_invited(c) > 0 ? CONF_ACTIVE : CONF_READY;
    for (guint i = 0; i < c->members->len; i++) {
        Member *m = c->members->pdata[i];
        if (m->state == MEMBER_ACTIVE && is_due(c, m->flush_due_ms))
            conf_flush_sources(c, m);
    }
    ConfPresence now = conference_presence(c);
    if (c->is_published && now.bridge_count == c->published.bridge_count &&
        now.bridge_not_available == c->published.bridge_not_available &&
        now.audio_limit_reached == c->published.audio_limit_reached &&
        now.video_limit_reached == c->published.video_limit_reached)
        return;
    c->published = now;
    c->is_published = true;
    act(c, DO_PUBLISH);
}

/* --- the machine -------------------------------------------------------------------------------- */

static void dispatch(Conference *c, const ConfEvent *ev)
{
    switch (ev->type) {
    case EV_REQUEST:
        on_request(c, ev);
        break;
    case EV_ROOM_JOINED:
        on_room_joined(c, ev);
        break;
    case EV_ROOM_FAILED:
        if (c->state == CONF_JOINING)
            end(c, true);
        break;
    case EV_ROOM_LOST:
        if (c->state == CONF_JOINING || conf_is_running(c))
            end(c, false);
        break;
    case EV_OWNERSHIP:
        if (!ev->owner && conf_is_running(c))
            end(c, true);
        break;
    case EV_MEMBER_JOINED:
        on_member_joined(c, ev);
        break;
    case EV_MEMBER_CHANGED:
        on_member_changed(c, ev);
        break;
    case EV_MEMBER_LEFT:
        on_member_left(c, ev);
        break;
    case EV_FEATURES:
        on_features(c, ev);
        break;
    case EV_BRIDGE_SELECTED:
        conf_bridge_selected(c, ev);
        break;
    case EV_BRIDGE_NONE:
        conf_bridge_none(c, ev);
        break;
    case EV_BRIDGE_AVAILABLE:
        conf_bridge_available(c);
        break;
    case EV_BRIDGE_LOST:
        conf_bridge_lost(c, ev->bridge, ev->reachable);
        conf_bridge_available(c); /* those whose invitation the dying bridge refused */
        break;
    case EV_COLIBRI_ANSWER:
        conf_colibri_answer(c, ev);
        break;
    case EV_ENDPOINT_LOST:
        conf_endpoint_lost(c, ev);
        break;
    case EV_INITIATE_ANSWER:
        conf_initiate_answer(c, ev);
        break;
    case EV_JINGLE:
        conf_jingle(c, ev);
        break;
    case EV_MUTE:
        conf_mute(c, ev);
        break;
    case EV_TICK:
        on_tick(c);
        break;
    case EV_XMPP_LOST:
        on_xmpp_lost(c);
        break;
    case EV_XMPP_BACK:
        on_xmpp_back(c);
        break;
    case EV_SHUTDOWN:
        end(c, c->state != CONF_NEW);
        break;
    case EV_N_TYPES:
        break;
    }
}

void conference_step(Conference *c, const ConfEvent *ev, GArray *out)
{
    c->now_ms = ev->now_ms;
    c->out = out;
    /* After the end only what somebody waits for is answered. */
    if (c->state != CONF_END || ev->type == EV_REQUEST || ev->type == EV_JINGLE || ev->type == EV_MUTE)
        dispatch(c, ev);
    settle(c);
    c->out = NULL;
}
