/* SPDX-License-Identifier: Apache-2.0
 *
 * What a conference decides, done: IQs to bridges and clients, presence, answers to who asked. */
#include <config.h>
#include "focus/conference_shell_parts.h"

#include <string.h>
#include "common/base/clock.h"
#include "focus/bridge_select.h"
#include "focus/focus_presence.h"

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
    shell_step(s, ev);
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
    shell_step(s, (ConfEvent){ .type = EV_INITIATE_ANSWER,
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

static IqReply reply_of(const ConfAction *a)
{
    return a->ok ? iq_ok() : iq_error(a->condition, a->text);
}

static void do_reply(ConferenceShell *s, const ConfAction *a)
{
    if (a->type == DO_REPLY && !a->ok)
        metric_add(metrics_counter(s->focus->registry, "client_requests_refused",
                                   "Jingle and mute requests answered with an error.", "condition",
                                   stanza_condition_name(a->condition)),
                   1);
    Held *h = g_hash_table_lookup(s->held, &a->request);
    if (!h)
        return;
    Held copy = *h;
    g_hash_table_remove(s->held, &a->request);
    if (a->type == DO_REPLY && !a->ok)
        log_debug(&s->log, "request refused: %s %s", stanza_condition_name(a->condition), a->text ? a->text : "");
    shell_answer(&copy, a->ready, reply_of, a);
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
    else if (a->mark == BRIDGE_MARK_FULL)
        bridge_pool_mark_full(pool, a->bridge, clock_now_ms());
    else
        bridge_pool_mark_failed(pool, a->bridge, clock_now_ms());
}

void shell_count_jingle(Focus *focus, JingleAction action, const char *way)
{
    g_autofree char *name = g_strdup_printf("jingle_%s_%s", jingle_action_name(action), way);
    for (char *p = name; *p; p++)
        *p = *p == '-' ? '_' : *p;
    g_autofree char *help = g_strdup_printf("Jingle requests %s: %s.", way, jingle_action_name(action));
    metric_add(metrics_counter(focus->registry, name, help, NULL, NULL), 1);
}

static void do_jingle(ConferenceShell *s, const ConfAction *a)
{
    LogContext ctx = { .room = s->room, .endpoint = a->member };
    shell_count_jingle(s->focus, a->jingle->action, "sent");
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

void shell_perform(ConferenceShell *s, const ConfAction *a)
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

/* ---- ends ---- */

void shell_selected_free(Selected *sel)
{
    g_free(sel->member);
    g_free(sel->bridge);
    g_free(sel->region);
    g_free(sel);
}

void shell_cancel(ConferenceShell *s)
{
    GHashTableIter it;
    gpointer p;
    if (s->publish)
        g_source_remove(s->publish);
    g_hash_table_iter_init(&it, s->calls);
    while (g_hash_table_iter_next(&it, &p, NULL)) {
        Call *c = p;
        iq_router_cancel(s->focus->router, c->number);
        call_free(c);
    }
    g_hash_table_unref(s->calls);
    g_queue_clear_full(&s->selected, (GDestroyNotify)shell_selected_free);
}
