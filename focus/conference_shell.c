/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "focus/conference_shell.h"

#include <string.h>
#include <sys/random.h>
#include "common/base/clock.h"
#include "common/base/log.h"
#include "focus/bridge_select.h"
#include "focus/focus.h"
#include "focus/focus_presence.h"
#include "focus/member_presence.h"

typedef struct {
    ConferenceShell *shell;
    char *nick;
    MemberPresence presence;
    guint caps_lookup; /* 0: none on its way */
} ShellMember;

/* An answer the conference owes to somebody: one of the two. */
typedef struct {
    ConferenceReadyFunc ready;
    gpointer user;
    IqTicket *ticket;
} Held;

/* An IQ of ours whose answer becomes an event. */
typedef struct {
    ConferenceShell *shell;
    guint number;
    ConfEventType type; /* EV_COLIBRI_ANSWER or EV_INITIATE_ANSWER */
    char *bridge, *member, *sid;
    uint64_t serial;
    ConfColibri colibri;
} Call;

/* A selection made while actions were being performed: told to the conference after them. */
typedef struct {
    char *member, *bridge, *region; /* bridge NULL: none */
    uint64_t serial;
} Selected;

struct ConferenceShell {
    /* set at birth */
    Focus *focus;
    char *room, *document;
    LogContext log;
    /* control */
    Conference *conf;
    MucRoom *muc;
    GHashTable *members; /* nick -> ShellMember */
    GHashTable *held;    /* request -> Held */
    GHashTable *calls;   /* set of Call */
    GQueue selected;
    uint64_t last_request;
    guint timer, publish;
    guint config_left; /* answers of the room still missing before it counts as joined */
    char *meeting_id;
    gboolean breakout, configured, stepping, leaving, ended; /* leaving: what the room says then is our own doing */
};

/* ---- the only way into the conference ---- */

static void perform(ConferenceShell *s, ConfAction *a);
static void arm_timer(ConferenceShell *s);

static void run(ConferenceShell *s, ConfEvent *ev)
{
    g_autoptr(GArray) actions = conference_actions_new();
    ev->now_ms = clock_now_ms();
    log_debug(&s->log, "event %s %s", conference_event_name(ev->type), ev->member ? ev->member : "");
    conference_step(s->conf, ev, actions);
    for (guint i = 0; i < actions->len; i++)
        perform(s, &g_array_index(actions, ConfAction, i));
}

static void selected_free(Selected *sel)
{
    g_free(sel->member);
    g_free(sel->bridge);
    g_free(sel->region);
    g_free(sel);
}

/* Never nested: what actions cause comes back from the main loop, or is queued. */
static void step(ConferenceShell *s, ConfEvent ev)
{
    if (s->ended)
        return;
    g_assert(!s->stepping);
    s->stepping = TRUE;
    run(s, &ev);
    Selected *sel;
    while (!s->ended && (sel = g_queue_pop_head(&s->selected))) {
        ConfEvent next = { .type = sel->bridge ? EV_BRIDGE_SELECTED : EV_BRIDGE_NONE,
                           .member = sel->member,
                           .serial = sel->serial,
                           .bridge = sel->bridge,
                           .bridge_region = sel->region };
        run(s, &next);
        selected_free(sel);
    }
    s->stepping = FALSE;
    arm_timer(s);
}

static gboolean on_timer(gpointer user)
{
    ConferenceShell *s = user;
    s->timer = 0;
    step(s, (ConfEvent){ .type = EV_TICK });
    return G_SOURCE_REMOVE;
}

static void arm_timer(ConferenceShell *s)
{
    if (s->timer)
        g_source_remove(s->timer);
    s->timer = 0;
    int64_t due_ms = s->ended ? -1 : conference_next_due_ms(s->conf);
    if (due_ms >= 0)
        s->timer = g_timeout_add((guint)CLAMP(due_ms - clock_now_ms(), 0, 3600000), on_timer, s);
}

/* ---- answers to our IQs ---- */

static void call_free(Call *c)
{
    g_free(c->bridge);
    g_free(c->member);
    g_free(c->sid);
    g_free(c);
}

static void tell_colibri(ConferenceShell *s, const Call *c, IqOutcome outcome, const Stanza *answer)
{
    g_autoptr(Colibri2Modified) modified = NULL;
    g_autoptr(Colibri2Error) error = NULL;
    LogContext ctx = { .room = s->room, .endpoint = c->member, .bridge = c->bridge };
    ConfEvent ev = {
        .type = EV_COLIBRI_ANSWER, .bridge = c->bridge, .member = c->member, .serial = c->serial, .colibri = c->colibri
    };
    if (outcome == IQ_TIMEOUT) {
        ev.outcome = OUTCOME_TIMEOUT;
        log_warning(&ctx, "bridge did not answer");
    } else if (outcome == IQ_ERROR) {
        ev.outcome = OUTCOME_ERROR;
        ev.error = error = colibri2_error_parse(answer);
        log_warning(&ctx, "bridge answered %s, %s %s", stanza_condition_name(error->condition),
                    colibri2_reason_name(error->reason), error->text ? error->text : "");
    } else {
        const Stanza *payload = stanza_find(answer, "conference-modified", NS_COLIBRI2);
        g_autoptr(GError) bad = NULL;
        ev.modified = modified = payload ? colibri2_modified_parse(payload, &bad) : NULL;
        ev.outcome = modified ? OUTCOME_RESULT : OUTCOME_BAD;
        if (!modified)
            log_warning(&ctx, "bridge sent no readable answer: %s", bad ? bad->message : "no conference-modified");
    }
    step(s, ev);
}

static void tell_initiate(ConferenceShell *s, const Call *c, IqOutcome outcome, const Stanza *answer)
{
    LogContext ctx = { .room = s->room, .endpoint = c->member };
    if (outcome == IQ_ERROR) {
        StanzaErrorInfo info;
        stanza_error_read(answer, &info);
        log_warning(&ctx, "offer refused: %s %s", stanza_condition_name(info.condition), info.text);
        stanza_error_info_clear(&info);
    }
    step(s, (ConfEvent){ .type = EV_INITIATE_ANSWER,
                         .member = c->member,
                         .sid = c->sid,
                         .outcome = outcome == IQ_RESULT  ? OUTCOME_RESULT
                                    : outcome == IQ_ERROR ? OUTCOME_ERROR
                                                          : OUTCOME_TIMEOUT });
}

static void on_call_answer(IqOutcome outcome, const Stanza *answer, gpointer user)
{
    Call *c = user;
    ConferenceShell *s = c->shell;
    g_hash_table_remove(s->calls, c);
    if (c->type == EV_COLIBRI_ANSWER)
        tell_colibri(s, c, outcome, answer);
    else
        tell_initiate(s, c, outcome, answer);
    call_free(c);
}

static void call(Call *c, const char *to, Stanza *payload)
{
    ConferenceShell *s = c->shell;
    g_hash_table_add(s->calls, c);
    c->number = iq_router_request(s->focus->router, "set", s->focus->from, to, payload,
                                  (guint)s->focus->config->xmpp.reply_timeout_ms, on_call_answer, c);
    if (!c->number) { /* the router is being freed */
        g_hash_table_remove(s->calls, c);
        call_free(c);
    }
}

static void tell(ConferenceShell *s, const char *nick, Stanza *payload)
{
    g_autofree char *to = g_strdup_printf("%s/%s", s->room, nick);
    iq_router_request(s->focus->router, "set", s->focus->from, to, payload,
                      (guint)s->focus->config->xmpp.reply_timeout_ms, NULL, NULL);
}

/* ---- actions ---- */

static uint64_t hold(ConferenceShell *s, Held held)
{
    uint64_t *key = g_new(uint64_t, 1);
    *key = ++s->last_request;
    g_hash_table_insert(s->held, key, g_memdup2(&held, sizeof(held)));
    return *key;
}

static void answer_held(const Held *h, gboolean ready, IqReply (*reply)(const ConfAction *a), const ConfAction *a)
{
    if (h->ready)
        h->ready(ready, h->user);
    else
        iq_ticket_reply(h->ticket, reply ? reply(a) : iq_error(STANZA_ITEM_NOT_FOUND, NULL));
}

static IqReply reply_of(const ConfAction *a)
{
    return a->ok ? iq_ok() : iq_error(a->condition, a->text);
}

static void do_reply(ConferenceShell *s, const ConfAction *a)
{
    Held *h = g_hash_table_lookup(s->held, &a->request);
    if (!h)
        return;
    Held copy = *h;
    g_hash_table_remove(s->held, &a->request);
    if (a->type == DO_REPLY && !a->ok)
        log_debug(&s->log, "request refused: %s %s", stanza_condition_name(a->condition), a->text ? a->text : "");
    answer_held(&copy, a->ready, reply_of, a);
}

static void do_select_bridge(ConferenceShell *s, const ConfAction *a)
{
    const FocusConfig *config = s->focus->config;
    BridgeWish wish = { .region = a->region,
                        .local_region = config->bridge.region,
                        .used = conference_bridges(s->conf),
                        .version = config->bridge.version,
                        .allow_mixed_versions = config->bridge.allow_mixed_versions };
    const Bridge *b = bridge_select(bridge_brewery_pool(s->focus->brewery), &wish, clock_now_ms());
    Selected *sel = g_new0(Selected, 1);
    sel->member = g_strdup(a->member);
    sel->serial = a->serial;
    if (b) {
        sel->bridge = g_strdup(b->jid);
        sel->region = g_strdup(b->region);
        LogContext ctx = { .room = s->room, .endpoint = a->member, .bridge = b->jid };
        log_info(&ctx, "bridge selected");
    } else {
        log_warning(&s->log, "no bridge for %s", a->member);
    }
    g_queue_push_tail(&s->selected, sel);
}

static void do_colibri(ConferenceShell *s, const ConfAction *a)
{
    Call *c = g_new0(Call, 1);
    *c = (Call){ .shell = s,
                 .type = EV_COLIBRI_ANSWER,
                 .bridge = g_strdup(a->bridge),
                 .member = g_strdup(a->member),
                 .serial = a->serial,
                 .colibri = a->colibri };
    if (a->colibri == COLIBRI_ALLOCATE)
        bridge_pool_endpoint_added(bridge_brewery_pool(s->focus->brewery), a->bridge, clock_now_ms());
    call(c, a->bridge, colibri2_modify_build(a->modify));
}

static void do_mark_bridge(ConferenceShell *s, const ConfAction *a)
{
    BridgePool *pool = bridge_brewery_pool(s->focus->brewery);
    if (a->mark == BRIDGE_MARK_GRACEFUL)
        bridge_pool_mark_graceful(pool, a->bridge);
    else
        bridge_pool_mark_failed(pool, a->bridge, clock_now_ms());
}

static void count_jingle(Focus *focus, JingleAction action, const char *way)
{
    g_autofree char *name = g_strdup_printf("jingle_%s_%s", jingle_action_name(action), way);
    for (char *p = name; *p; p++)
        *p = *p == '-' ? '_' : *p;
    metric_add(metrics_counter(focus->registry, name, "Jingle requests.", NULL, NULL), 1);
}

static void do_jingle(ConferenceShell *s, const ConfAction *a)
{
    LogContext ctx = { .room = s->room, .endpoint = a->member };
    count_jingle(s->focus, a->jingle->action, "sent");
    log_debug(&ctx, "%s sent", jingle_action_name(a->jingle->action));
    if (a->jingle->action != JINGLE_SESSION_INITIATE) {
        tell(s, a->member, jingle_build(a->jingle));
        return;
    }
    log_info(&ctx, "invited");
    Call *c = g_new0(Call, 1);
    *c = (Call){
        .shell = s, .type = EV_INITIATE_ANSWER, .member = g_strdup(a->member), .sid = g_strdup(a->jingle->sid)
    };
    g_autofree char *to = g_strdup_printf("%s/%s", s->room, a->member);
    call(c, to, jingle_build(a->jingle));
}

static const char *const mute_namespaces[] = { "http://jitsi.org/jitmeet/audio", "http://jitsi.org/jitmeet/video",
                                               "http://jitsi.org/jitmeet/desktop" };

static void do_mute(ConferenceShell *s, const ConfAction *a)
{
    g_autofree char *actor = g_strdup_printf("%s/%s", s->room, a->actor);
    Stanza *mute = stanza_new("mute", mute_namespaces[a->mute_kind]);
    stanza_set(mute, "actor", actor);
    stanza_set_text(mute, a->mute ? "true" : "false");
    tell(s, a->member, mute);
}

static gboolean on_publish(gpointer user)
{
    ConferenceShell *s = user;
    s->publish = 0;
    ConfPresence p = conference_presence(s->conf);
    muc_room_set_extensions(
        s->muc, focus_presence_build(disco_caps_element(s->focus->disco), s->document, PACKAGE_VERSION, &p));
    return G_SOURCE_REMOVE;
}

static void do_grant_owner(ConferenceShell *s, const ConfAction *a)
{
    LogContext ctx = { .room = s->room, .endpoint = a->member };
    log_info(&ctx, "becomes owner of the room");
    muc_room_set_affiliation(s->muc, a->jid, MUC_AFFILIATION_OWNER, (guint)s->focus->config->xmpp.reply_timeout_ms,
                             NULL, NULL);
}

static void do_end(ConferenceShell *s)
{
    log_info(&s->log, "conference ended");
    s->ended = TRUE;
    focus_forget(s->focus, s);
}

static void perform(ConferenceShell *s, ConfAction *a)
{
    log_debug(&s->log, "action %s %s", conference_action_name(a->type), a->member ? a->member : "");
    switch (a->type) {
    case DO_JOIN_ROOM:
        on_publish(s); /* nothing is sent yet: it goes along with the join */
        muc_room_join(s->muc, NULL, (guint)s->focus->config->conference.join_timeout_ms);
        break;
    case DO_REPLY_REQUEST:
    case DO_REPLY:
        do_reply(s, a);
        break;
    case DO_GRANT_OWNER:
        do_grant_owner(s, a);
        break;
    case DO_PUBLISH:
        if (!s->publish) /* once for all changes of this turn of the loop */
            s->publish = g_idle_add_full(G_PRIORITY_DEFAULT, on_publish, s, NULL);
        break;
    case DO_SELECT_BRIDGE:
        do_select_bridge(s, a);
        break;
    case DO_COLIBRI:
        do_colibri(s, a);
        break;
    case DO_MARK_BRIDGE:
        do_mark_bridge(s, a);
        break;
    case DO_JINGLE:
        do_jingle(s, a);
        break;
    case DO_MUTE:
        do_mute(s, a);
        break;
    case DO_LEAVE_ROOM:
        s->leaving = TRUE;
        muc_room_leave(s->muc);
        s->leaving = s->configured = FALSE;
        break;
    case DO_END:
        do_end(s);
        break;
    }
}

/* ---- members ---- */

static void member_free(gpointer p)
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
    step(m->shell,
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
    step(s, (ConfEvent){ .type = EV_MEMBER_JOINED, .member = m->nick, .info = &m->presence.info });
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
    step(s, (ConfEvent){ .type = EV_MEMBER_CHANGED, .member = m->nick, .info = &m->presence.info });
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
    step(s, (ConfEvent){
                .type = EV_MEMBER_LEFT, .member = o->nick, .switching_room = g_strcmp0(text, "switch_room") == 0 });
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
    step(s, (ConfEvent){ .type = EV_ROOM_JOINED,
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
        step(s, (ConfEvent){ .type = EV_XMPP_BACK });
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
    step(s, (ConfEvent){ .type = s->configured ? EV_ROOM_LOST : EV_ROOM_FAILED });
}

static void on_self_changed(MucRoom *room, MucAffiliation affiliation, MucRole role, gpointer user)
{
    ConferenceShell *s = user;
    if (s->configured)
        step(s, (ConfEvent){ .type = EV_OWNERSHIP, .owner = affiliation == MUC_AFFILIATION_OWNER });
}

gboolean conference_shell_handle_presence(ConferenceShell *s, const Stanza *presence)
{
    return muc_room_handle(s->muc, presence);
}

/* ---- what others ask ---- */

void conference_shell_request(ConferenceShell *s, const RequestBody *body, ConferenceReadyFunc done, gpointer user)
{
    if (s->ended) {
        done(FALSE, user);
        return;
    }
    step(s, (ConfEvent){ .type = EV_REQUEST,
                         .request = hold(s, (Held){ .ready = done, .user = user }),
                         .rtcstats = body->rtcstats,
                         .start_audio_muted = body->start_audio_muted,
                         .start_video_muted = body->start_video_muted });
}

void conference_shell_jingle(ConferenceShell *s, const char *nick, const Jingle *jingle, IqTicket *ticket)
{
    LogContext ctx = { .room = s->room, .endpoint = nick };
    count_jingle(s->focus, jingle->action, "received");
    log_debug(&ctx, "%s received", jingle_action_name(jingle->action));
    if (jingle->action == JINGLE_SESSION_TERMINATE && jingle->restart)
        metric_add(s->focus->metrics.restart_requested, 1);
    step(s, (ConfEvent){
                .type = EV_JINGLE, .member = nick, .jingle = jingle, .request = hold(s, (Held){ .ticket = ticket }) });
}

void conference_shell_mute(ConferenceShell *s, const char *nick, const char *target, ConfMuteKind kind, gboolean mute,
                           IqTicket *ticket)
{
    step(s, (ConfEvent){ .type = EV_MUTE,
                         .member = nick,
                         .target = target,
                         .mute_kind = kind,
                         .mute = mute,
                         .request = hold(s, (Held){ .ticket = ticket }) });
}

void conference_shell_disconnected(ConferenceShell *s)
{
    muc_room_suspend(s->muc);
    step(s, (ConfEvent){ .type = EV_XMPP_LOST });
}

void conference_shell_connected(ConferenceShell *s)
{
    if (!s->ended)
        muc_room_join(s->muc, NULL, (guint)s->focus->config->conference.join_timeout_ms);
}

void conference_shell_bridge_available(ConferenceShell *s)
{
    step(s, (ConfEvent){ .type = EV_BRIDGE_AVAILABLE });
}

void conference_shell_bridge_lost(ConferenceShell *s, const char *bridge, gboolean reachable)
{
    guint on_it = conference_n_on_bridge(s->conf, bridge);
    metric_add(s->focus->metrics.participants_moved, on_it);
    if (on_it)
        log_warning(&s->log, "%u participants move away from %s", on_it, bridge);
    step(s, (ConfEvent){ .type = EV_BRIDGE_LOST, .bridge = bridge, .reachable = reachable });
}

void conference_shell_endpoint_lost(ConferenceShell *s, const char *bridge, const Colibri2Notice *notice)
{
    LogContext ctx = { .room = s->room, .endpoint = notice->endpoint_id, .bridge = bridge };
    log_info(&ctx, "endpoint lost: %s", notice->description ? notice->description : notice->type);
    metric_add(s->focus->metrics.participants_lost, 1);
    step(s, (ConfEvent){ .type = EV_ENDPOINT_LOST,
                         .bridge = bridge,
                         .member = notice->endpoint_id,
                         .ufrag = notice->ufrag,
                         .text = notice->description });
}

void conference_shell_end(ConferenceShell *s)
{
    step(s, (ConfEvent){ .type = EV_SHUTDOWN });
}

/* ---- life ---- */

static char *make_id(void *user)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz012345";
    guint8 bytes[20];
    if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
        g_error("no random numbers");
    char *id = g_malloc(sizeof(bytes) + 1);
    for (guint i = 0; i < sizeof(bytes); i++)
        id[i] = letters[bytes[i] % 32];
    id[sizeof(bytes)] = '\0';
    return id;
}

ConferenceShell *conference_shell_new(Focus *focus, const char *room)
{
    static const MucEvents events = { on_joined,           on_out,           on_occupant_joined,
                                      on_occupant_changed, on_occupant_left, on_self_changed };
    ConferenceShell *s = g_new0(ConferenceShell, 1);
    s->focus = focus;
    s->room = g_strdup(room);
    s->document = focus->config->conference.random_document_name ? make_id(NULL) : g_strndup(room, strcspn(room, "@"));
    s->log.room = s->room;
    s->conf = conference_new(&focus->conference_config, room, make_id, NULL);
    s->muc = muc_room_new(focus->router, focus_send, focus, room, FOCUS_NICK, focus->from, &events, s);
    s->members = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, member_free);
    s->held = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
    s->calls = g_hash_table_new(NULL, NULL);
    g_queue_init(&s->selected);
    log_info(&s->log, "conference created");
    return s;
}

static void answer_rest(gpointer key, gpointer value, gpointer user)
{
    answer_held(value, FALSE, NULL, NULL);
}

void conference_shell_free(ConferenceShell *s)
{
    GHashTableIter it;
    gpointer p;
    s->ended = TRUE;
    if (s->timer)
        g_source_remove(s->timer);
    if (s->publish)
        g_source_remove(s->publish);
    muc_room_free(s->muc);
    g_hash_table_unref(s->members);
    g_hash_table_iter_init(&it, s->calls);
    while (g_hash_table_iter_next(&it, &p, NULL)) {
        Call *c = p;
        iq_router_cancel(s->focus->router, c->number);
        call_free(c);
    }
    g_hash_table_unref(s->calls);
    g_hash_table_foreach(s->held, answer_rest, NULL);
    g_hash_table_unref(s->held);
    g_queue_clear_full(&s->selected, (GDestroyNotify)selected_free);
    conference_free(s->conf);
    g_free(s->meeting_id);
    g_free(s->document);
    g_free(s->room);
    g_free(s);
}

const char *conference_shell_room(const ConferenceShell *s)
{
    return s->room;
}

const Conference *conference_shell_conference(const ConferenceShell *s)
{
    return s->conf;
}

gboolean conference_shell_is_joining(const ConferenceShell *s)
{
    return !s->configured && !s->ended;
}
