/* SPDX-License-Identifier: Apache-2.0 */
#include "focus/conference_shell.h"

#include <string.h>
#include <sys/random.h>
#include "common/base/clock.h"
#include "focus/conference_shell_parts.h"

/* ---- the only way into the conference ---- */

static void arm_timer(ConferenceShell *s);

/* Who waits has no session that could be told. */
static void count_put_off(ConferenceShell *s)
{
    ConfPutOff now = conference_put_off(s->conf), before = s->put_off;
    s->put_off = now;
    if (now.over_budget != before.over_budget)
        log_warning(&s->log, "who joins too often is invited later: [limits] invites, invite_burst");
    if (now.no_room != before.no_room)
        log_warning(&s->log, "a bridge has no room for one more: tried again in %d s", CONFERENCE_ROOM_RETRY_MS / 1000);
    metric_add(s->focus->metrics.put_off_budget, now.over_budget - before.over_budget);
    metric_add(s->focus->metrics.put_off_no_room, now.no_room - before.no_room);
}

static void run(ConferenceShell *s, ConfEvent *ev)
{
    g_autoptr(GArray) actions = conference_actions_new();
    ev->now_ms = clock_now_ms();
    log_debug(&s->log, "event %s %s", conference_event_name(ev->type), ev->member ? ev->member : "");
    conference_step(s->conf, ev, actions);
    count_put_off(s);
    for (guint i = 0; i < actions->len; i++)
        shell_perform(s, &g_array_index(actions, ConfAction, i));
}

void shell_step(ConferenceShell *s, ConfEvent ev)
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
        shell_selected_free(sel);
    }
    s->stepping = FALSE;
    arm_timer(s);
}

static gboolean on_timer(gpointer user)
{
    ConferenceShell *s = user;
    s->timer = 0;
    shell_step(s, (ConfEvent){ .type = EV_TICK });
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

static uint64_t hold(ConferenceShell *s, Held held)
{
    uint64_t *key = g_new(uint64_t, 1);
    *key = ++s->last_request;
    g_hash_table_insert(s->held, key, g_memdup2(&held, sizeof(held)));
    return *key;
}

void shell_answer(const Held *h, gboolean ready, IqReply (*reply)(const ConfAction *a), const ConfAction *a)
{
    if (h->ready)
        h->ready(ready, h->user);
    else
        iq_ticket_reply(h->ticket, reply ? reply(a) : iq_error(STANZA_ITEM_NOT_FOUND, "the conference is over"));
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
    shell_step(s, (ConfEvent){ .type = EV_REQUEST,
                               .request = hold(s, (Held){ .ready = done, .user = user }),
                               .rtcstats = body->rtcstats,
                               .start_audio_muted = body->start_audio_muted,
                               .start_video_muted = body->start_video_muted });
}

void conference_shell_jingle(ConferenceShell *s, const char *nick, const Jingle *jingle, IqTicket *ticket)
{
    LogContext ctx = { .room = s->room, .endpoint = nick };
    shell_count_jingle(s->focus, jingle->action, "received");
    log_debug(&ctx, "%s received", jingle_action_name(jingle->action));
    if (jingle->action == JINGLE_SESSION_TERMINATE && jingle->restart)
        metric_add(s->focus->metrics.restart_requested, 1);
    shell_step(
        s, (ConfEvent){
               .type = EV_JINGLE, .member = nick, .jingle = jingle, .request = hold(s, (Held){ .ticket = ticket }) });
}

void conference_shell_mute(ConferenceShell *s, const char *nick, const char *target, ConfMuteKind kind, gboolean mute,
                           IqTicket *ticket)
{
    shell_step(s, (ConfEvent){ .type = EV_MUTE,
                               .member = nick,
                               .target = target,
                               .mute_kind = kind,
                               .mute = mute,
                               .request = hold(s, (Held){ .ticket = ticket }) });
}

void conference_shell_disconnected(ConferenceShell *s)
{
    muc_room_suspend(s->muc);
    shell_step(s, (ConfEvent){ .type = EV_XMPP_LOST });
}

void conference_shell_connected(ConferenceShell *s)
{
    if (!s->ended)
        muc_room_join(s->muc, NULL, (guint)s->focus->config->conference.join_timeout_ms);
}

void conference_shell_bridge_available(ConferenceShell *s)
{
    shell_step(s, (ConfEvent){ .type = EV_BRIDGE_AVAILABLE });
}

void conference_shell_bridge_lost(ConferenceShell *s, const char *bridge, gboolean reachable)
{
    guint on_it = conference_n_on_bridge(s->conf, bridge);
    metric_add(s->focus->metrics.participants_moved, on_it);
    if (on_it)
        log_warning(&s->log, "%u participants move away from %s", on_it, bridge);
    shell_step(s, (ConfEvent){ .type = EV_BRIDGE_LOST, .bridge = bridge, .reachable = reachable });
}

void conference_shell_endpoint_lost(ConferenceShell *s, const char *bridge, const Colibri2Notice *notice)
{
    LogContext ctx = { .room = s->room, .endpoint = notice->endpoint_id, .bridge = bridge };
    log_info(&ctx, "endpoint lost: %s", notice->description ? notice->description : notice->type);
    metric_add(s->focus->metrics.participants_lost, 1);
    shell_step(s, (ConfEvent){ .type = EV_ENDPOINT_LOST,
                               .bridge = bridge,
                               .member = notice->endpoint_id,
                               .ufrag = notice->ufrag,
                               .text = notice->description });
}

void conference_shell_end(ConferenceShell *s)
{
    shell_step(s, (ConfEvent){ .type = EV_SHUTDOWN });
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

ConferenceShell *conference_shell_new(Focus *focus, const char *room, const char *asker)
{
    ConferenceShell *s = g_new0(ConferenceShell, 1);
    s->focus = focus;
    s->room = g_strdup(room);
    s->asker = g_strdup(asker);
    s->document = focus->config->conference.random_document_name ? make_id(NULL) : g_strndup(room, strcspn(room, "@"));
    s->log.room = s->room;
    s->conf = conference_new(&focus->conference_config, room, make_id, NULL);
    s->muc = muc_room_new(focus->router, focus_send, focus, room, FOCUS_NICK, focus->from, &shell_room_events, s);
    s->members = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, shell_member_free);
    s->held = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
    s->calls = g_hash_table_new(NULL, NULL);
    g_queue_init(&s->selected);
    log_info(&s->log, "conference created");
    return s;
}

static void answer_rest(gpointer key, gpointer value, gpointer user)
{
    shell_answer(value, FALSE, NULL, NULL);
}

void conference_shell_free(ConferenceShell *s)
{
    s->ended = TRUE;
    if (s->timer)
        g_source_remove(s->timer);
    shell_cancel(s);
    muc_room_free(s->muc);
    g_hash_table_unref(s->members);
    g_hash_table_foreach(s->held, answer_rest, NULL);
    g_hash_table_unref(s->held);
    conference_free(s->conf);
    g_free(s->meeting_id);
    g_free(s->document);
    g_free(s->room);
    g_free(s->asker);
    g_free(s);
}

const char *conference_shell_room(const ConferenceShell *s)
{
    return s->room;
}

const char *conference_shell_asker(const ConferenceShell *s)
{
    return s->asker;
}

const Conference *conference_shell_conference(const ConferenceShell *s)
{
    return s->conf;
}

gboolean conference_shell_is_joining(const ConferenceShell *s)
{
    return !s->configured && !s->ended;
}
