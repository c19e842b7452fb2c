/* SPDX-License-Identifier: Apache-2.0
 *
 * One who asks too much, against the whole focus: each request is answered, nothing is kept of them, and nobody
 * else waits longer. Latency is measured in what was asked before: no machine is too slow for that. */
#include <string.h>
#include "tests/unit/focus/focus_world.h"

#define FLOOD 2000
#define VICTIM_EVERY 250
#define FOCUS_NS "xmlns='http://jitsi.org/protocol/focus'"

static gint64 counted(World *w, const char *name, const char *label, const char *value)
{
    return metric_get(metrics_counter(w->focus->registry, name, "", label, value));
}

static void request(GString *to, const char *id, const char *from, const char *type, const char *payload)
{
    g_string_append_printf(to, "<iq type='%s' id='%s' from='%s' to='focus@focus.d/focus'>%s</iq>", type, id, from,
                           payload);
}

static void ask_room(GString *to, const char *id, const char *from, const char *room)
{
    g_autofree char *payload = g_strdup_printf("<conference " FOCUS_NS " room='%s@conference.d'/>", room);
    request(to, id, from, "set", payload);
}

/* What a stranger may say, one after the other; rooms are new ones each time. */
static void add_nonsense(GString *to, guint i)
{
    static const char *const payloads[] = {
        "<query xmlns='no:such:thing'/>",
        "",
        "<jingle xmlns='urn:xmpp:jingle:1' action='session-accept' sid='guessed'/>",
        "<conference " FOCUS_NS "/>",
        "<conference " FOCUS_NS " room='elsewhere@example.net'/>",
        "<mute xmlns='http://jitsi.org/jitmeet/audio' jid='x'>true</mute>",
        "<conference-notification xmlns='jitsi:colibri2' meeting-id='m-1'/>",
    };
    g_autofree char *id = g_strdup_printf("f%u", i);
    guint kind = i % (G_N_ELEMENTS(payloads) + 1);
    if (kind < G_N_ELEMENTS(payloads)) {
        request(to, id, "evil@d/r", "set", payloads[kind]);
    } else {
        g_autofree char *room = g_strdup_printf("flood%u", i);
        ask_room(to, id, "evil@d/r", room);
    }
}

/* Both rooms are there already: no round trip to the server is between request and answer. */
static void make_rooms(World *w)
{
    g_autoptr(GString) ask = g_string_new("");
    ask_room(ask, "c1", "first@d/r", "demo");
    ask_room(ask, "c2", "evil@d/r", "his-own");
    xmpp_server_say(w->server, "%s", ask->str);
    g_autofree char *demo = world_conference_ready(w, "c1");
    g_autofree char *his = world_conference_ready(w, "c2");
    g_assert_cmpstr(demo, ==, "true");
    g_assert_cmpstr(his, ==, "true");
}

static gboolean is_answer(const Stanza *s)
{
    return strcmp(stanza_name(s), "iq") == 0 && strchr("fv", *stanza_get(s, "id"));
}

/* Answers come in the order of the questions, so nobody waits for what was asked after him. */
static void check_answers(World *w, const GPtrArray *asked)
{
    const GPtrArray *unseen = xmpp_server_unseen(w->server);
    guint next = 0;
    for (guint i = 0; i < unseen->len; i++) {
        const Stanza *s = unseen->pdata[i];
        if (!is_answer(s))
            continue;
        g_assert_cmpuint(next, <, asked->len);
        const char *id = stanza_get(s, "id");
        const Stanza *c = stanza_find(s, "conference", NS_JITSI_FOCUS);
        g_assert_cmpstr(id, ==, asked->pdata[next++]);
        if (!c)
            g_assert_cmpstr(stanza_get(s, "type"), ==, "error");
        else
            g_assert_cmpstr(stanza_get(c, "ready"), ==, *id == 'v' ? "true" : "false");
    }
    g_assert_cmpuint(next, ==, asked->len);
}

static void test_flood(World *w, gconstpointer data)
{
    FocusConfig *config = (FocusConfig *)config_values(w->config);
    g_autoptr(GString) all = g_string_new("");
    g_autoptr(GPtrArray) asked = g_ptr_array_new_with_free_func(g_free);
    config->limits.conferences_per_user = 1;
    make_rooms(w);
    xmpp_server_forget(w->server);
    for (guint i = 0; i < FLOOD; i++) {
        add_nonsense(all, i);
        g_ptr_array_add(asked, g_strdup_printf("f%u", i));
        if (i % VICTIM_EVERY == VICTIM_EVERY - 1) {
            g_autofree char *from = g_strdup_printf("v%u@d/r", i), *id = g_strdup_printf("v%u", i);
            ask_room(all, id, from, "demo");
            g_ptr_array_add(asked, g_steal_pointer(&id));
        }
    }
    xmpp_server_say(w->server, "%s", all->str);
    const GPtrArray *unseen = xmpp_server_unseen(w->server);
    AWAIT(unseen->len > 0 &&
          g_strcmp0(stanza_get(unseen->pdata[unseen->len - 1], "id"), g_ptr_array_index(asked, asked->len - 1)) == 0);
    check_answers(w, asked);

    g_assert_cmpuint(g_hash_table_size(w->focus->shells), ==, 2);
    g_assert_cmpuint(iq_router_held(w->focus->router), ==, 0);
    g_assert_cmpuint(request_limiter_size(w->focus->limiter), ==, 2 + FLOOD / VICTIM_EVERY);
    g_assert_cmpint(counted(w, "conference_requests_refused", "reason", "user_conferences"), ==,
                    5); /* of a burst of 6 */
    g_assert_cmpint(counted(w, "conference_requests_refused", "reason", "user_rate"), ==, FLOOD / 8 - 5);
    config->limits.conferences_per_user = 100;
}

static guint count_jingle(World *w, const char *action_to)
{
    const GPtrArray *unseen = xmpp_server_unseen(w->server);
    guint n = 0;
    for (guint i = 0; i < unseen->len; i++)
        n += match_jingle(unseen->pdata[i], action_to);
    return n;
}

static void change_sources(GString *to, const char *nick, const char *sid, const char *id, const char *action,
                           guint ssrc)
{
    g_autofree char *from = g_strdup_printf(ROOM "/%s", nick);
    g_autofree char *payload =
        g_strdup_printf("<jingle xmlns='urn:xmpp:jingle:1' action='%s' sid='%s'><content name='audio'><description "
                        "xmlns='urn:xmpp:jingle:apps:rtp:1' media='audio'><source "
                        "xmlns='urn:xmpp:jingle:apps:rtp:ssma:0' ssrc='%u' name='%s-a1'><parameter name='msid' "
                        "value='s1-%s t'/></source></description></content></jingle>",
                        action, sid, ssrc, nick, nick);
    request(to, id, from, "set", payload);
}

/* What a member asks goes to everybody, so he may ask only so much; the others go on as before. */
static void test_member_flood(World *w, gconstpointer data)
{
    enum { EACH = 400 };
    g_autoptr(GString) all = g_string_new("");
    world_start_conference(w);
    world_join(w, "aa");
    world_join(w, "bb");
    g_autofree char *a = world_accept_offer(w, "aa", 11), *b = world_accept_offer(w, "bb", 22);
    xmpp_server_forget(w->server);
    for (guint i = 0; i < EACH; i++) {
        change_sources(all, "bb", b, "add", "source-add", 23);
        change_sources(all, "bb", b, "remove", "source-remove", 23);
    }
    change_sources(all, "aa", a, "mine", "source-add", 12);
    xmpp_server_say(w->server, "%s", all->str);
    g_autoptr(Stanza) mine = xmpp_server_expect(w->server, match_answer, "mine");
    g_assert_cmpstr(stanza_get(mine, "type"), ==, "result");
    g_autoptr(Stanza) told = xmpp_server_expect(w->server, match_jingle, "source-add bb");

    gint64 over = counted(w, "client_requests_refused", "condition", "resource-constraint");
    guint burst = w->focus->conference_config.request_burst;
    g_assert_cmpint(over, >, 0);
    g_assert_cmpint(over, >=, 2 * EACH - 2 * burst); /* some trickle in again while the machine is slow */
    g_assert_cmpuint(count_jingle(w, "source-add aa") + count_jingle(w, "source-remove aa"), <=, 2 * EACH - over);
    g_assert_cmpint(iq_router_held(w->focus->router), ==, 0);
}

/* Rooms that never let us in: only so many at a time, and those who ask are told to wait. */
static void test_joins(World *w, gconstpointer data)
{
    FocusConfig *config = (FocusConfig *)config_values(w->config);
    g_autoptr(GString) all = g_string_new("");
    config->limits.joins = 1;
    config->conference.join_timeout_ms = w->focus->conference_config.join_timeout_ms = 600000;
    w->deaf_rooms = TRUE;
    for (guint i = 0; i <= CONFERENCE_MAX_WAITING + 1; i++) {
        g_autofree char *id = g_strdup_printf("w%u", i), *from = g_strdup_printf("w%u@d/r", i);
        ask_room(all, id, from, "demo");
    }
    ask_room(all, "x", "x@d/r", "other");
    xmpp_server_say(w->server, "%s", all->str);
    g_autofree char *other = world_conference_ready(w, "x");
    g_assert_cmpstr(other, ==, "false");
    g_assert_cmpint(counted(w, "conference_requests_refused", "reason", "joins"), ==, 1);
    g_assert_cmpuint(iq_router_held(w->focus->router), ==, CONFERENCE_MAX_WAITING);
    for (guint i = CONFERENCE_MAX_WAITING; i <= CONFERENCE_MAX_WAITING + 1; i++) {
        g_autofree char *id = g_strdup_printf("w%u", i);
        g_autoptr(Stanza) s = xmpp_server_find(w->server, match_answer, id);
        g_assert_nonnull(s); /* over the limit: at once */
    }
    conference_shell_end(focus_find(w->focus, ROOM));
    g_autofree char *first = world_conference_ready(w, "w0");
    g_assert_cmpstr(first, ==, "false");
    world_wait_members(w, 0);
    g_assert_cmpuint(iq_router_held(w->focus->router), ==, 0);
    config->limits.joins = 200;
}

/* Warnings of the room, while somebody listens. */
static GString *warnings;

static const char *log_field(const GLogField *fields, gsize n, const char *key)
{
    for (gsize i = 0; i < n; i++)
        if (strcmp(fields[i].key, key) == 0)
            return fields[i].value;
    return "";
}

static GLogWriterOutput on_log(GLogLevelFlags level, const GLogField *fields, gsize n, gpointer user)
{
    if (*log_field(fields, n, "PRIORITY") > '0' + LOG_LEVEL_WARNING)
        return G_LOG_WRITER_HANDLED;
    if (!warnings)
        return g_log_writer_default(level, fields, n, user);
    if (strcmp(log_field(fields, n, "ROOM"), ROOM) == 0)
        g_string_append_printf(warnings, "%s\n", log_field(fields, n, "MESSAGE"));
    return G_LOG_WRITER_HANDLED;
}

static guint count_warnings(const char *about)
{
    guint n = 0;
    for (const char *at = warnings->str; (at = strstr(at, about)); at++)
        n++;
    return n;
}

static void listen_to_warnings(void)
{
    warnings = g_string_new(NULL);
    log_set_level(LOG_LEVEL_WARNING);
}

static void listen_no_more(void)
{
    log_set_level(LOG_LEVEL_ERROR);
    g_string_free(g_steal_pointer(&warnings), TRUE);
}

static gint64 put_off(World *w, const char *reason)
{
    return counted(w, "invitations_put_off", "reason", reason);
}

/* Who joins again and again waits in the room at last: counted and said once, however long the wait. */
static void test_put_off_by_budget(World *w, gconstpointer data)
{
    w->focus->conference_config.invite_burst = 2;
    w->focus->conference_config.invites_per_s = 0.01;
    listen_to_warnings();
    world_start_conference(w);
    world_join(w, "aa");
    world_join(w, "bb");
    g_autofree char *a = world_accept_offer(w, "aa", 11), *b = world_accept_offer(w, "bb", 22);
    world_leave(w, "bb");
    world_join(w, "bb");
    g_autofree char *again = world_accept_offer(w, "bb", 22);
    g_assert_cmpint(put_off(w, "budget"), ==, 0);
    g_assert_cmpstr(warnings->str, ==, "");
    world_leave(w, "bb");
    world_join(w, "bb");
    AWAIT(put_off(w, "budget") == 1);
    world_join(w, "cc"); /* the room goes on */
    g_autofree char *c = world_accept_offer(w, "cc", 33);
    g_assert_cmpuint(count_jingle(w, "session-initiate bb"), ==, 0);
    g_assert_cmpint(put_off(w, "budget"), ==, 1);
    g_assert_cmpint(put_off(w, "no_room"), ==, 0);
    g_assert_cmpuint(count_warnings("[limits] invites, invite_burst"), ==, 1);
    g_assert_cmpuint(count_warnings("\n"), ==, 1);
    listen_no_more();
}

/* Those who are on the full bridge stay; each refusal counts and is said. */
static void test_put_off_for_room(World *w, gconstpointer data)
{
    listen_to_warnings();
    world_start_conference(w);
    world_join(w, "aa");
    world_join(w, "bb");
    g_autofree char *a = world_accept_offer(w, "aa", 11), *b = world_accept_offer(w, "bb", 22);
    g_assert_cmpint(put_off(w, "no_room"), ==, 0);
    w->bridge_full = TRUE;
    world_join(w, "cc");
    AWAIT(put_off(w, "no_room") == 1);
    g_assert_cmpuint(count_warnings("no room for one more"), ==, 1);
    world_join(w, "dd");
    AWAIT(put_off(w, "no_room") == 2);
    g_assert_cmpuint(count_warnings("no room for one more"), ==, 2);
    g_assert_cmpuint(count_warnings("[limits]"), ==, 0);
    g_assert_cmpint(put_off(w, "budget"), ==, 0);
    g_assert_cmpuint(count_jingle(w, "session-terminate aa") + count_jingle(w, "session-terminate bb"), ==, 0);
    w->bridge_full = FALSE;
    world_join(w, "ee");
    g_autofree char *e = world_accept_offer(w, "ee", 55);
    g_assert_cmpint(put_off(w, "no_room"), ==, 2);
    listen_no_more();
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    log_set_level(LOG_LEVEL_ERROR);
    g_log_set_writer_func(on_log, NULL, NULL);
#define ADD(name, func) g_test_add("/focus/limits/" name, World, NULL, world_set_up, func, world_tear_down)
    ADD("flood of a stranger", test_flood);
    ADD("flood of a member", test_member_flood);
    ADD("joins", test_joins);
    ADD("put off by the budget", test_put_off_by_budget);
    ADD("put off for want of room", test_put_off_for_room);
    return g_test_run();
}
