/* SPDX-License-Identifier: Apache-2.0
 *
 * Between the conference and its bridges: which one, endpoints on it, what its answers mean. Requests of one bridge
 * stay in order, so an endpoint may be expired, and made anew, before the answer to its creation is here. */
#include "focus/conference_parts.h"

#define MSID_AUDIO "mixedmslabel mixedlabelaudio0"
#define MSID_VIDEO "mixedmslabel mixedlabelvideo0"
#define MSID_SPARE_AUDIO "mixedmslabel mixedlabelaudio1"
#define MSID_SPARE_VIDEO "mixedmslabel mixedlabelvideo1"

/* Invitations that fail on the bridge's side are repeated elsewhere, but not for ever. */
#define FAILURES_MAX 5
#define FAILURES_WINDOW_MS 60000
/* A client whose packets never get through loses each new endpoint after half a minute or so. */
#define LOSSES_MAX 5
#define LOSSES_WINDOW_MS 600000

/* --- bridge sessions ---------------------------------------------------------------------------- */

void bridge_session_free(void *p)
{
    BridgeSession *bs = p;
    g_free(bs->jid);
    g_free(bs->region);
    g_free(bs->id);
    source_set_free(bs->feedback);
    g_free(bs);
}

static void list_bridges(Conference *c)
{
    g_ptr_array_set_size(c->bridge_jids, 0);
    for (guint i = 0; i < c->bridges->len; i++)
        g_ptr_array_add(c->bridge_jids, ((BridgeSession *)c->bridges->pdata[i])->jid);
    g_ptr_array_add(c->bridge_jids, NULL);
}

static BridgeSession *find_session(const Conference *c, const char *jid)
{
    for (guint i = 0; jid && i < c->bridges->len; i++) {
        BridgeSession *bs = c->bridges->pdata[i];
        if (strcmp(bs->jid, jid) == 0)
            return bs;
    }
    return NULL;
}

static BridgeSession *add_session(Conference *c, const char *jid, const char *region)
{
    BridgeSession *bs = g_new0(BridgeSession, 1);
    bs->jid = g_strdup(jid);
    bs->region = g_strdup(region ? region : "");
    bs->id = c->make_id(c->make_id_user);
    bs->born = conf_next_serial(c);
    g_ptr_array_add(c->bridges, bs);
    list_bridges(c);
    return bs;
}

static void remove_session(Conference *c, BridgeSession *bs)
{
    g_ptr_array_remove(c->bridges, bs);
    list_bridges(c);
}

static guint count_on(const Conference *c, const BridgeSession *bs)
{
    guint n = 0;
    for (guint i = 0; i < c->members->len; i++)
        n += ((const Member *)c->members->pdata[i])->bridge == bs;
    return n;
}

/* --- requests ----------------------------------------------------------------------------------- */

static uint64_t send(Conference *c, BridgeSession *bs, const Member *m, ConfColibri kind, Colibri2Modify *modify)
{
    uint64_t serial = conf_next_serial(c);
    act(c, DO_COLIBRI, .bridge = bs->jid, .member = m ? m->id : NULL, .serial = serial, .colibri = kind,
        .modify = modify);
    return serial;
}

/* COMPAT: Jitsi Videobridge looks for the conference before it queues a request, so a create that follows
 * an expiry without waiting for its answer meets the old conference: conflict. */
static void note_closing(Conference *c, const BridgeSession *bs, uint64_t serial)
{
    g_hash_table_insert(c->closing, g_strdup(bs->jid), GSIZE_TO_POINTER(serial));
}

static void expire_conference(Conference *c, BridgeSession *bs)
{
    Colibri2Modify *modify = colibri2_modify_new(c->meeting_id);
    modify->expire = true;
    note_closing(c, bs, send(c, bs, NULL, COLIBRI_EXPIRE, modify));
}

void conf_expire_everything(Conference *c)
{
    for (guint i = 0; i < c->bridges->len; i++)
        expire_conference(c, c->bridges->pdata[i]);
    for (guint i = 0; i < c->members->len; i++)
        ((Member *)c->members->pdata[i])->bridge = NULL;
    g_ptr_array_set_size(c->bridges, 0);
    list_bridges(c);
}

void conf_leave_bridge(Conference *c, Member *m, bool expire)
{
    BridgeSession *bs = g_steal_pointer(&m->bridge);
    if (!bs)
        return;
    bool last = count_on(c, bs) == 0;
    if (expire) {
        Colibri2Modify *modify = colibri2_modify_new(c->meeting_id);
        colibri2_modify_add_endpoint(modify, m->id)->expire = true;
        modify->expire = last;
        uint64_t serial = send(c, bs, m, COLIBRI_EXPIRE, modify);
        if (last)
            note_closing(c, bs, serial);
    }
    if (last)
        remove_session(c, bs);
}

static void allocate(Conference *c, Member *m, BridgeSession *bs)
{
    Colibri2Modify *modify = colibri2_modify_new(c->meeting_id);
    if (!bs->created) {
        modify->create = true;
        modify->name = g_strdup(c->room);
        modify->rtcstats_enabled = c->rtcstats;
        bs->created = true;
    }
    Colibri2Endpoint *e = offer_endpoint(modify, m->id, m->features, &c->config->offer);
    e->stats_id = *m->stats_id ? g_strdup(m->stats_id) : NULL;
    e->diarize = m->diarize;
    if (m->is_visitor)
        e->muc_role = COLIBRI2_ROLE_VISITOR;
    m->bridge = bs;
    m->state = MEMBER_ALLOCATING;
    m->serial = send(c, bs, m, COLIBRI_ALLOCATE, modify);
}

static Colibri2Endpoint *update(Conference *c, const Member *m, Colibri2Modify **modify)
{
    *modify = colibri2_modify_new(c->meeting_id);
    Colibri2Endpoint *e = colibri2_modify_add_endpoint(*modify, m->id);
    e->stats_id = *m->stats_id ? g_strdup(m->stats_id) : NULL;
    return e;
}

void conf_update_endpoint(Conference *c, Member *m, const IceTransport *transport, bool with_sources, int32_t last_n)
{
    Colibri2Modify *modify;
    if (!m->bridge)
        return;
    Colibri2Endpoint *e = update(c, m, &modify);
    if (transport) {
        IceTransport *copy = ice_transport_copy(transport);
        copy->rtcp_mux = true;
        e->transport = colibri2_transport_new();
        e->transport->ice = copy;
    }
    if (with_sources) {
        const SourceSet *own = source_map_get(c->sources, m->id);
        e->sources = own ? colibri2_sources_from_set(own, m->id) : colibri2_sources_new();
    }
    e->initial_last_n = last_n;
    send(c, m->bridge, m, COLIBRI_UPDATE, modify);
}

void conf_restart_ice(Conference *c, Member *m)
{
    Colibri2Modify *modify;
    Colibri2Endpoint *e = update(c, m, &modify);
    e->transport = colibri2_transport_new();
    e->transport->ice_restart = true;
    m->restart_serial = send(c, m->bridge, m, COLIBRI_ICE_RESTART, modify);
}

/* --- selection ---------------------------------------------------------------------------------- */

void conf_find_bridge(Conference *c, Member *m)
{
    if (c->bridges->len > 0) {
        allocate(c, m, c->bridges->pdata[0]); /* one bridge a conference: no relays yet */
        return;
    }
    if (c->selecting)
        return; /* asked already; the answer serves everybody who waits */
    c->selecting = conf_next_serial(c);
    act(c, DO_SELECT_BRIDGE, .member = m->id, .serial = c->selecting, .region = m->region);
}

static void place_waiting(Conference *c, const char *bridge, const char *region)
{
    BridgeSession *bs = find_session(c, bridge);
    c->selecting = 0;
    c->no_bridge = false;
    for (guint i = 0; i < c->members->len; i++) {
        Member *m = c->members->pdata[i];
        if (m->state != MEMBER_SELECTING)
            continue;
        if (!bs)
            bs = add_session(c, bridge, region);
        allocate(c, m, bs);
    }
}

void conf_bridge_selected(Conference *c, const ConfEvent *ev)
{
    if (!c->selecting || ev->serial != c->selecting || !ev->bridge || c->held_bridge)
        return;
    if (g_hash_table_contains(c->closing, ev->bridge)) {
        c->held_bridge = g_strdup(ev->bridge);
        c->held_region = g_strdup(ev->bridge_region);
    } else {
        place_waiting(c, ev->bridge, ev->bridge_region);
    }
}

static void on_closed(Conference *c, const char *jid, uint64_t serial)
{
    if (GPOINTER_TO_SIZE(g_hash_table_lookup(c->closing, jid)) != serial)
        return;
    g_hash_table_remove(c->closing, jid);
    if (g_strcmp0(c->held_bridge, jid) != 0)
        return;
    g_autofree char *bridge = g_steal_pointer(&c->held_bridge);
    g_autofree char *region = g_steal_pointer(&c->held_region);
    place_waiting(c, bridge, region);
}

/* The bridge everybody was to go to is gone: look again. */
static void drop_held(Conference *c)
{
    g_clear_pointer(&c->held_bridge, g_free);
    g_clear_pointer(&c->held_region, g_free);
    c->selecting = 0;
    for (guint i = 0; i < c->members->len; i++) {
        Member *m = c->members->pdata[i];
        if (m->state == MEMBER_SELECTING)
            conf_find_bridge(c, m);
    }
}

void conf_bridge_none(Conference *c, const ConfEvent *ev)
{
    if (!c->selecting || ev->serial != c->selecting || c->held_bridge)
        return;
    c->selecting = 0;
    for (guint i = 0; i < c->members->len; i++) {
        Member *m = c->members->pdata[i];
        if (m->state != MEMBER_SELECTING)
            continue;
        m->state = MEMBER_IDLE;
        m->wants_bridge = true;
        c->no_bridge = true;
    }
}

/* --- bridges that fail -------------------------------------------------------------------------- */

/* Everybody who is on it moves elsewhere. expire: the bridge can be told (and hears it before anything new). */
static void abandon(Conference *c, BridgeSession *bs, bool expire, bool is_failure)
{
    g_autoptr(GPtrArray) moved = g_ptr_array_new();
    for (guint i = 0; i < c->members->len; i++) {
        Member *m = c->members->pdata[i];
        if (m->bridge != bs)
            continue;
        m->bridge = NULL; /* so that its session ends without a word to that bridge */
        conf_end_session(c, m, false, JINGLE_REASON_SUCCESS, "moving");
        g_ptr_array_add(moved, m);
    }
    if (expire)
        expire_conference(c, bs);
    remove_session(c, bs);
    for (guint i = 0; i < moved->len; i++) {
        Member *m = moved->pdata[i];
        if (is_failure && !rate_limit_allow(&m->failures, c->now_ms, 0, FAILURES_MAX, FAILURES_WINDOW_MS)) {
            conf_retire_sid(m);
            m->state = MEMBER_IDLE;
            m->wants_bridge = c->no_bridge = true; /* until a bridge appears */
        } else {
            conf_invite(c, m);
        }
    }
    for (guint i = 0; i < c->members->len; i++) {
        Member *m = c->members->pdata[i];
        if (m->state == MEMBER_IDLE && m->wants_room)
            conf_invite(c, m);
    }
}

void conf_bridge_lost(Conference *c, const char *jid, bool reachable)
{
    BridgeSession *bs = find_session(c, jid);
    if (jid && !reachable)
        g_hash_table_remove(c->closing, jid);
    if (jid && g_strcmp0(c->held_bridge, jid) == 0)
        drop_held(c);
    if (bs)
        abandon(c, bs, reachable, false);
}

static void mark(Conference *c, const BridgeSession *bs, ConfBridgeMark how)
{
    act(c, DO_MARK_BRIDGE, .bridge = bs->jid, .mark = how);
}

/* Only this invitation fails; nobody retries on a timer. */
static void fail_invite(Conference *c, Member *m, bool wants_bridge)
{
    conf_leave_bridge(c, m, true);
    m->state = MEMBER_IDLE;
    m->wants_bridge = wants_bridge;
}

static bool has_others(const Conference *c, const Member *m)
{
    for (guint i = 0; i < c->members->len; i++) {
        const Member *other = c->members->pdata[i];
        if (other != m && other->bridge == m->bridge && member_has_session(other))
            return true;
    }
    return false;
}

/* The bridge works, it has no place for one more: no reason to touch those who are on it, and as they are, a place
 * elsewhere would be no use (no relays). A bridge that has nobody of this conference yet is left for another one.
 * Foreign bridges do not answer so for themselves. */
static void on_no_room(Conference *c, Member *m)
{
    BridgeSession *bs = m->bridge;
    c->put_off.no_room++;
    if (c->room_due_ms == NEVER)
        c->room_due_ms = c->now_ms + CONFERENCE_ROOM_RETRY_MS;
    if (has_others(c, m)) {
        fail_invite(c, m, false);
        m->wants_room = true;
    } else {
        mark(c, bs, BRIDGE_MARK_FULL);
        abandon(c, bs, true, true);
    }
}

/* What became of a request that failed, and who is to blame. */
static void on_allocation_error(Conference *c, Member *m, const Colibri2Error *e)
{
    BridgeSession *bs = m->bridge;
    switch (e->condition) {
    case STANZA_BAD_REQUEST:
        fail_invite(c, m, false);
        return;
    case STANZA_ITEM_NOT_FOUND:
        if (e->reason == COLIBRI2_REASON_CONFERENCE_NOT_FOUND) {
            abandon(c, bs, false, true);
            return;
        }
        if (e->reason == COLIBRI2_REASON_NONE) {
            fail_invite(c, m, true); /* the MUC says that the bridge is gone; its leaving will say so too */
            return;
        }
        break;
    case STANZA_CONFLICT:
        abandon(c, bs, true, true); /* the expiry clears what is left there of an earlier life */
        return;
    case STANZA_SERVICE_UNAVAILABLE:
        if (e->reason == COLIBRI2_REASON_GRACEFUL_SHUTDOWN) {
            mark(c, bs, BRIDGE_MARK_GRACEFUL);
            abandon(c, bs, true, true);
            return;
        }
        break;
    case STANZA_RESOURCE_CONSTRAINT:
        on_no_room(c, m);
        return;
    default:
        break;
    }
    mark(c, bs, BRIDGE_MARK_FAILED);
    abandon(c, bs, true, true);
}

/* --- answers ------------------------------------------------------------------------------------ */

/* What clients are offered of the bridge's own sources: with the msid they know them by. */
static SourceSet *read_feedback(const Colibri2Sources *sources)
{
    SourceSet *out = source_set_new();
    for (guint i = 0; i < sources->media_sources->len; i++) {
        const Colibri2MediaSource *ms = sources->media_sources->pdata[i];
        for (guint j = 0; j < ms->set->sources->len; j++) {
            const Source *src = ms->set->sources->pdata[j];
            source_set_add_source(out, ms->kind, src->ssrc, src->name ? src->name : ms->id,
                                  ms->kind == MEDIA_AUDIO ? MSID_AUDIO : MSID_VIDEO, VIDEO_TYPE_UNSET);
        }
    }
    return out;
}

static bool is_used(const Conference *c, const SourceSet *feedback, uint32_t ssrc)
{
    if (ssrc == 0 || source_set_find(feedback, ssrc))
        return true;
    g_autoptr(GPtrArray) owners = source_map_owners(c->sources);
    for (guint i = 0; i < owners->len; i++)
        if (source_set_find(source_map_get(c->sources, owners->pdata[i]), ssrc))
            return true;
    return false;
}

/* COMPAT: as long as there is one m-line of a kind, Firefox takes an SSRC it was not told of for that line's, by its
 * payload type, and does not let go of it when the source is signalled: a client with a line per source, or per slot of
 * the bridge, begins with the bridge's alone, and stays without sound or picture if packets outrun the line. With a
 * second one, which nobody sends with, the payload type says nothing, and packets that come early are only lost. Not
 * all releases leave mid out of what Firefox is told, without which it would drop them anyway, and none says so. */
static void add_spares(const Conference *c, SourceSet *feedback)
{
    for (guint i = 0, n = feedback->sources->len; i < n; i++) {
        const Source *own = feedback->sources->pdata[i];
        bool audio = own->kind == MEDIA_AUDIO;
        uint32_t ssrc = own->ssrc;
        while (is_used(c, feedback, ssrc))
            ssrc++;
        source_set_add_source(feedback, own->kind, ssrc, audio ? "jvb-a1" : "jvb-v1",
                              audio ? MSID_SPARE_AUDIO : MSID_SPARE_VIDEO, VIDEO_TYPE_UNSET);
    }
}

static bool is_usable(const Colibri2Transport *t, bool needs_sctp)
{
    if (!t || !t->ice || !t->ice->ufrag || t->ice->fingerprints->len == 0)
        return false;
    const DtlsFingerprint *f = t->ice->fingerprints->pdata[0];
    return f->setup == DTLS_ACTPASS && (!needs_sctp || (t->has_sctp && t->sctp_port > 0));
}

static void on_allocated(Conference *c, Member *m, const ConfEvent *ev)
{
    const Colibri2Endpoint *e = ev->modified ? colibri2_modified_find(ev->modified, m->id) : NULL;
    const Colibri2Transport *t = e ? e->transport : NULL;
    bool sctp = offer_has_sctp(m->features, &c->config->offer);
    if (!is_usable(t, sctp)) {
        mark(c, m->bridge, BRIDGE_MARK_FAILED);
        fail_invite(c, m, false);
        return;
    }
    if (ev->modified->sources && !m->bridge->feedback) {
        m->bridge->feedback = read_feedback(ev->modified->sources);
        add_spares(c, m->bridge->feedback);
    }
    conf_send_offer(c, m, t->ice, sctp ? (uint16_t)t->sctp_port : 0);
    if (c->room_due_ms != NEVER)
        conf_try_room(c);
}

static void on_allocation_answer(Conference *c, const ConfEvent *ev)
{
    Member *m = conf_member_find(c, ev->member);
    if (!m || m->state != MEMBER_ALLOCATING || m->serial != ev->serial)
        return; /* about someone who left or was invited anew: the endpoint is expired already */
    switch (ev->outcome) {
    case OUTCOME_RESULT:
        on_allocated(c, m, ev);
        break;
    case OUTCOME_ERROR:
        on_allocation_error(c, m, ev->error);
        break;
    case OUTCOME_TIMEOUT:
        if (c->offline || m->serial <= c->lost_serial)
            break; /* our stream, not the bridge; repeated when it is back */
        mark(c, m->bridge, BRIDGE_MARK_FAILED);
        abandon(c, m->bridge, true, true);
        break;
    case OUTCOME_BAD:
        mark(c, m->bridge, BRIDGE_MARK_FAILED);
        fail_invite(c, m, false);
        break;
    }
}

/* One endpoint's trouble. What a client signals ends up in updates, so a refused one must not move anybody else. */
static void on_member_refused(Conference *c, Member *m, bool expire)
{
    if (rate_limit_allow(&m->failures, c->now_ms, 0, FAILURES_MAX, FAILURES_WINDOW_MS))
        conf_reinvite(c, m, expire);
    else
        conf_end_session(c, m, expire, JINGLE_REASON_GENERAL_ERROR, "the bridge refuses this session");
}

static void on_update_error(Conference *c, BridgeSession *bs, const ConfEvent *ev)
{
    const Colibri2Error *e = ev->error;
    bool unknown = e->reason == COLIBRI2_REASON_UNKNOWN_ENDPOINT && e->endpoint_id;
    if (unknown || e->condition == STANZA_BAD_REQUEST || e->condition == STANZA_RESOURCE_CONSTRAINT) {
        Member *m = conf_member_find(c, unknown ? e->endpoint_id : ev->member);
        if (m && m->bridge == bs && member_has_session(m) && ev->serial > m->serial)
            on_member_refused(c, m, !unknown);
        return;
    }
    abandon(c, bs, e->reason != COLIBRI2_REASON_CONFERENCE_NOT_FOUND, true);
}

static void on_restart_answer(Conference *c, const ConfEvent *ev)
{
    Member *m = conf_member_find(c, ev->member);
    if (!m || m->restart_serial != ev->serial || !member_has_session(m))
        return;
    m->restart_serial = 0;
    bool readable = ev->outcome == OUTCOME_RESULT && ev->modified;
    const Colibri2Endpoint *e = readable ? colibri2_modified_find(ev->modified, m->id) : NULL;
    const IceTransport *ice = e && e->transport ? e->transport->ice : NULL;
    if (!ice)
        conf_reinvite(c, m, true);
    else if (ice->ice_generation > m->generation) /* none: the bridge did not restart */
        conf_relay_restart(c, m, ice);
}

void conf_colibri_answer(Conference *c, const ConfEvent *ev)
{
    if (ev->outcome == OUTCOME_ERROR && !ev->error)
        return;
    if (ev->colibri == COLIBRI_ALLOCATE) {
        on_allocation_answer(c, ev);
        return;
    }
    if (ev->colibri == COLIBRI_EXPIRE && ev->bridge)
        on_closed(c, ev->bridge, ev->serial);
    BridgeSession *bs = find_session(c, ev->bridge);
    if (!bs || ev->serial < bs->born)
        return; /* about a session on that bridge that is over */
    if (ev->outcome == OUTCOME_ERROR)
        on_update_error(c, bs, ev);
    else if (ev->outcome != OUTCOME_TIMEOUT && ev->colibri == COLIBRI_ICE_RESTART)
        on_restart_answer(c, ev);
    /* An update that timed out changes nothing: what is wrong will show in the health check. */
}

/* --- what bridges notice ------------------------------------------------------------------------ */

/* Its packets stopped, so the bridge let the endpoint go. The client may still believe in the session; a new
 * one is all it needs when its network is back. */
void conf_endpoint_lost(Conference *c, const ConfEvent *ev)
{
    Member *m = conf_member_find(c, ev->member);
    if (!m || !member_has_session(m) || !m->bridge || g_strcmp0(m->bridge->jid, ev->bridge) != 0)
        return;
    if (ev->ufrag && g_strcmp0(ev->ufrag, m->bridge_ufrag) != 0)
        return; /* about the one before, which crossed a new one on the way */
    bool again = rate_limit_allow(&m->losses, c->now_ms, 0, LOSSES_MAX, LOSSES_WINDOW_MS);
    conf_end_session(c, m, true, JINGLE_REASON_CONNECTIVITY_ERROR, ev->text ? ev->text : "connection lost");
    if (again)
        conf_invite(c, m);
}
