/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include "common/xmpp/muc.h"
#include "tests/fakes/await.h"
#include "tests/fakes/rows.h"

typedef struct {
    IqRouter *router;
    MucRoom *room;
    GPtrArray *sent;
    GString *story;
    gboolean free_on_out;
} Fixture;

static void on_send(Stanza *stanza, gpointer user)
{
    g_ptr_array_add(((Fixture *)user)->sent, stanza);
}

static void on_joined(MucRoom *room, gpointer user)
{
    g_string_append(((Fixture *)user)->story, "joined ");
}

static void on_out(MucRoom *room, MucOut why, StanzaCondition condition, gpointer user)
{
    static const char *const names[] = { "left", "refused", "timeout", "kicked", "destroyed", "gone" };
    Fixture *f = user;
    g_string_append_printf(f->story, "out:%s%s%s ", names[why], why == MUC_OUT_REFUSED ? ":" : "",
                           why == MUC_OUT_REFUSED ? stanza_condition_name(condition) : "");
    if (f->free_on_out)
        g_clear_pointer(&f->room, muc_room_free);
}

static void on_occupant_joined(MucRoom *room, const MucOccupant *o, gpointer user)
{
    g_string_append_printf(((Fixture *)user)->story, "+%s(%s,%d,%d) ", o->nick, o->real_jid, o->affiliation, o->role);
}

static void on_occupant_changed(MucRoom *room, const MucOccupant *o, gpointer user)
{
    g_string_append_printf(((Fixture *)user)->story, "~%s(%s,%d,%d) ", o->nick, o->real_jid, o->affiliation, o->role);
}

static void on_occupant_left(MucRoom *room, const MucOccupant *o, const Stanza *unavailable, gpointer user)
{
    g_string_append_printf(((Fixture *)user)->story, "-%s%s ", o->nick, unavailable ? "" : "?");
}

static void on_self_changed(MucRoom *room, MucAffiliation affiliation, MucRole role, gpointer user)
{
    g_string_append_printf(((Fixture *)user)->story, "self(%d,%d) ", affiliation, role);
}

static void on_refused(MucRoom *room, const char *nick, gpointer user)
{
    g_string_append_printf(((Fixture *)user)->story, "full:%s ", nick);
}

static const MucEvents events = { on_joined,        on_out,          on_occupant_joined, on_occupant_changed,
                                  on_occupant_left, on_self_changed, on_refused };

static void set_up(Fixture *f, gconstpointer data)
{
    f->sent = g_ptr_array_new_with_free_func((GDestroyNotify)stanza_free);
    f->story = g_string_new(NULL);
    f->router = iq_router_new(on_send, f);
    f->room = muc_room_new(f->router, on_send, f, "r@c", "focus", "f@d/x", &events, f);
}

static void tear_down(Fixture *f, gconstpointer data)
{
    muc_room_free(f->room);
    iq_router_free(f->router);
    g_ptr_array_unref(f->sent);
    g_string_free(f->story, TRUE);
}

/* One line of a script: "> presence" comes in; "join", "leave", "suspend" call; what the callbacks said must be
 * `story`. */
typedef struct {
    const char *in, *story;
} Step;

static void come_in(Fixture *f, const char *line)
{
    /* "nick type item-attributes | inside x" */
    g_auto(GStrv) parts = g_strsplit(line, "|", 4);
    const char *nick = parts[0], *type = parts[1], *item = parts[2], *more = parts[3] ? parts[3] : "";
    g_autofree char *xml = g_strdup_printf(
        "<presence from='r@c%s%s' %s%s%s><x xmlns='http://jabber.org/protocol/muc#user'><item %s/>%s</x>%s</presence>",
        *nick ? "/" : "", nick, *type ? "type='" : "", type, *type ? "'" : "", item,
        strcmp(type, "error") == 0 ? "" : more, strcmp(type, "error") == 0 ? more : "");
    g_autoptr(GError) error = NULL;
    g_autoptr(Stanza) s = stanza_parse(xml, strlen(xml), &error);
    g_assert_no_error(error);
    g_assert_true(muc_room_handle(f->room, s));
}

static void play(Fixture *f, const Step *steps)
{
    for (; steps->in; steps++) {
        g_string_truncate(f->story, 0);
        if (strcmp(steps->in, "join") == 0)
            muc_room_join(f->room, NULL, 5000);
        else if (strcmp(steps->in, "leave") == 0)
            muc_room_leave(f->room);
        else if (strcmp(steps->in, "suspend") == 0)
            muc_room_suspend(f->room);
        else
            come_in(f, steps->in);
        g_assert_cmpstr(f->story->str, ==, steps->story);
    }
}

#define SELF "focus||affiliation='owner' role='moderator'|<status code='110'/>"
#define A "a||affiliation='none' role='participant' jid='a@u/1'"

typedef struct {
    const char *name;
    const Step steps[12];
    gboolean free_on_out;
} Script;

static const Script scripts[] = {
    { "empty room", { { "join", "" }, { SELF, "joined self(4,3) " }, { "leave", "out:left " } }, FALSE },
    { "others first, in order",
      { { "join", "" },
        { A, "" },
        { "b||affiliation='member' role='visitor'", "" },
        { SELF, "joined +a(a@u/1,0,2) +b(,2,1) self(4,3) " } },
      FALSE },
    { "left before we were in",
      { { "join", "" }, { A, "" }, { "a|unavailable|", "" }, { SELF, "joined self(4,3) " } },
      FALSE },
    { "coming and going",
      { { "join", "" },
        { SELF, "joined self(4,3) " },
        { A, "+a(a@u/1,0,2) " },
        { "a||affiliation='owner' role='moderator'", "~a(a@u/1,4,3) " },
        { "a|unavailable|", "-a " },
        { "a|unavailable|", "" },
        { A, "+a(a@u/1,0,2) " } },
      FALSE },
    { "real jid comes later",
      { { "join", "" },
        { SELF, "joined self(4,3) " },
        { "a||role='participant'", "+a(,0,2) " },
        { A, "~a(a@u/1,0,2) " } },
      FALSE },
    { "refused",
      { { "join", "" },
        { "focus|error||<error type='auth'><not-authorized xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>",
          "out:refused:not-authorized " },
        { SELF, "" } },
      FALSE },
    { "error of a later presence is no refusal",
      { { "join", "" }, { SELF, "joined self(4,3) " }, { "focus|error||<error/>", "" }, { A, "+a(a@u/1,0,2) " } },
      FALSE },
    { "kicked",
      { { "join", "" },
        { SELF, "joined self(4,3) " },
        { A, "+a(a@u/1,0,2) " },
        { "focus|unavailable|affiliation='none' role='none'|<status code='110'/><status code='307'/>",
          "-a? out:kicked " } },
      FALSE },
    { "destroyed",
      { { "join", "" }, { SELF, "joined self(4,3) " }, { "focus|unavailable||<destroy/>", "out:destroyed " } },
      FALSE },
    { "freed inside out",
      { { "join", "" },
        { A, "" },
        { SELF, "joined +a(a@u/1,0,2) self(4,3) " },
        { "focus|unavailable||", "-a? out:gone " } },
      TRUE },
    { "freed inside leave", { { "join", "" }, { SELF, "joined self(4,3) " }, { "leave", "out:left " } }, TRUE },
    { "role lost",
      { { "join", "" },
        { SELF, "joined self(4,3) " },
        { "focus||affiliation='none' role='participant'|<status code='110'/>", "self(0,2) " },
        { "focus||affiliation='none' role='participant'|<status code='110'/>", "" } },
      FALSE },
    { "rejoin after a lost stream",
      { { "join", "" },
        { A, "" },
        { "b||role='participant'", "" },
        { SELF, "joined +a(a@u/1,0,2) +b(,0,2) self(4,3) " },
        { "suspend", "" },
        { "join", "" },
        { A, "~a(a@u/1,0,2) " },
        { "c||role='participant'", "+c(,0,2) " },
        { SELF, "-b? joined " } },
      FALSE },
    { "leave and join again at once",
      { { "join", "" },
        { SELF, "joined self(4,3) " },
        { "leave", "out:left " },
        { "join", "" },
        { "focus|unavailable|affiliation='owner' role='none'|<status code='110'/>", "" },
        { A, "" },
        { SELF, "joined +a(a@u/1,0,2) self(4,3) " } },
      FALSE },
    { "leave outside", { { "leave", "" }, { A, "" } }, FALSE },
    { "presence of the room itself", { { "join", "" }, { SELF, "joined self(4,3) " }, { "||", "" } }, FALSE },
};

static void test_script(gconstpointer data)
{
    const Script *s = data;
    Fixture f = { 0 };
    set_up(&f, NULL);
    f.free_on_out = s->free_on_out;
    play(&f, s->steps);
    g_assert_true((f.room == NULL) == s->free_on_out);
    tear_down(&f, NULL);
}

static void expect_sent(Fixture *f, guint i, const char *xml)
{
    g_assert_cmpuint(f->sent->len, >, i);
    g_autofree char *text = stanza_to_string(g_ptr_array_index(f->sent, i));
    g_assert_cmpstr(text, ==, xml);
}

static GPtrArray *one_element(const char *name)
{
    GPtrArray *list = g_ptr_array_new();
    g_ptr_array_add(list, stanza_new(name, "n"));
    return list;
}

#define P "<presence to=\"r@c/focus\" from=\"f@d/x\""
#define JOIN "<x xmlns=\"http://jabber.org/protocol/muc\"><history maxstanzas=\"0\"/></x>"

static void test_presence_sent(Fixture *f, gconstpointer data)
{
    muc_room_set_extensions(f->room, one_element("one"));
    g_assert_cmpuint(f->sent->len, ==, 0); /* outside: kept for the join */
    muc_room_join(f->room, NULL, 5000);
    expect_sent(f, 0, P ">" JOIN "<one xmlns=\"n\"/></presence>");
    come_in(f, SELF);
    muc_room_set_extensions(f->room, one_element("two"));
    expect_sent(f, 1, P "><two xmlns=\"n\"/></presence>"); /* no second <x muc> */
    muc_room_suspend(f->room);
    muc_room_set_extensions(f->room, one_element("three"));
    g_assert_cmpuint(f->sent->len, ==, 2);
    muc_room_join(f->room, "pw", 5000);
    expect_sent(f, 2,
                P "><x xmlns=\"http://jabber.org/protocol/muc\"><password>pw</password><history "
                  "maxstanzas=\"0\"/></x><three xmlns=\"n\"/></presence>");
    muc_room_leave(f->room);
    expect_sent(f, 3, P " type=\"unavailable\"/>");
}

static void test_timeout(Fixture *f, gconstpointer data)
{
    muc_room_join(f->room, NULL, 5);
    AWAIT(f->story->len > 0);
    g_assert_cmpstr(f->story->str, ==, "out:timeout ");
    expect_sent(f, 1, P " type=\"unavailable\"/>");
}

static void answer(Fixture *f, const char *type, const char *payload)
{
    Stanza *asked = g_ptr_array_index(f->sent, f->sent->len - 1);
    g_autofree char *xml =
        g_strdup_printf("<iq type='%s' from='r@c' id='%s'>%s</iq>", type, stanza_get(asked, "id"), payload);
    g_autoptr(Stanza) iq = stanza_parse(xml, strlen(xml), NULL);
    g_assert_nonnull(iq);
    g_assert_true(iq_router_handle(f->router, iq));
}

static void on_form(MucRoom *room, GHashTable *fields, gpointer user)
{
    Fixture *f = user;
    const char *id = fields ? g_hash_table_lookup(fields, "muc#roominfo_meetingId") : "refused";
    g_string_append_printf(f->story, "form:%s ", id ? id : "without");
}

static void on_submitted(IqOutcome outcome, const Stanza *iq, gpointer user)
{
    g_string_append_printf(((Fixture *)user)->story, "iq:%d ", outcome);
}

static void test_config(Fixture *f, gconstpointer data)
{
    muc_room_read_config(f->room, 5000, on_form, f);
    answer(f, "result",
           "<query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data' type='form'><field var='a'/>"
           "<field var='muc#roominfo_meetingId'><value>m-1</value></field></x></query>");
    muc_room_read_config(f->room, 5000, on_form, f);
    answer(f, "error", "<error type='auth'><forbidden xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>");
    muc_room_submit_config(f->room, 5000, on_submitted, f, "muc#roomconfig_whois", "anyone", NULL);
    Stanza *asked = g_ptr_array_index(f->sent, f->sent->len - 1);
    g_autofree char *text = stanza_to_string(stanza_find(asked, NULL, NULL));
    g_assert_cmpstr(text, ==,
                    "<query xmlns=\"http://jabber.org/protocol/muc#owner\"><x xmlns=\"jabber:x:data\" "
                    "type=\"submit\"><field var=\"FORM_TYPE\">"
                    "<value>http://jabber.org/protocol/muc#roomconfig</value></field><field "
                    "var=\"muc#roomconfig_whois\"><value>anyone</value></field></x></query>");
    answer(f, "result", "");
    muc_room_set_affiliation(f->room, "a@u", MUC_AFFILIATION_OWNER, 5000, on_submitted, f);
    asked = g_ptr_array_index(f->sent, f->sent->len - 1);
    g_autofree char *grant = stanza_to_string(stanza_find(asked, NULL, NULL));
    g_assert_cmpstr(
        grant, ==,
        "<query xmlns=\"http://jabber.org/protocol/muc#admin\"><item affiliation=\"owner\" jid=\"a@u\"/></query>");
    muc_room_read_config(f->room, 5000, on_form, f);
    g_clear_pointer(&f->room, muc_room_free); /* with two unanswered: their callbacks never run */
    g_assert_cmpuint(iq_router_waiting(f->router), ==, 0);
    g_assert_cmpstr(f->story->str, ==, "form:m-1 form:refused iq:0 ");
}

static void test_other_rooms(Fixture *f, gconstpointer data)
{
    static const char *const others[] = { "<presence from='r@cc/x'/>", "<presence from='r2@c/x'/>", "<presence/>",
                                          "<message from='r@c/x'/>" };
    for (guint i = 0; i < G_N_ELEMENTS(others); i++) {
        g_autoptr(Stanza) s = stanza_parse(others[i], strlen(others[i]), NULL);
        g_assert_false(muc_room_handle(f->room, s));
    }
}

static void test_occupant_limit(Fixture *f, gconstpointer data)
{
    muc_room_join(f->room, NULL, 5000);
    come_in(f, SELF);
    for (guint i = 0; i < MUC_MAX_OCCUPANTS + 5; i++) {
        g_string_truncate(f->story, 0);
        g_autofree char *line = g_strdup_printf("n%u||role='participant'", i);
        come_in(f, line);
    }
    g_assert_cmpuint(muc_room_n_occupants(f->room), ==, MUC_MAX_OCCUPANTS);
    g_assert_nonnull(muc_room_occupant(f->room, "n0"));
    g_assert_null(muc_room_occupant(f->room, "n2000"));
    g_assert_cmpstr(f->story->str, ==, "full:n2004 ");
}

/* JvbBrewery@internal.meet.example in a configuration: servers write it in lower case. */
static void test_spelling(Fixture *f, gconstpointer data)
{
    MucRoom *room = muc_room_new(f->router, on_send, f, "Bridges@Internal.D", "focus", "f@d/x", &events, f);
    muc_room_join(room, NULL, 5000);
    g_assert_cmpstr(stanza_get(f->sent->pdata[f->sent->len - 1], "to"), ==, "bridges@internal.d/focus");
    static const char back[] =
        "<presence from='bridges@internal.d/focus'><x xmlns='http://jabber.org/protocol/muc#user'>"
        "<item affiliation='owner' role='moderator'/><status code='110'/></x></presence>";
    g_autoptr(Stanza) presence = stanza_parse(back, strlen(back), NULL);
    g_assert_true(muc_room_handle(room, presence));
    g_assert_true(muc_room_is_joined(room));
    muc_room_free(room);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD_ROWS("/xmpp/muc", scripts, test_script);
#define ADD(name, func) g_test_add("/xmpp/muc/" name, Fixture, NULL, set_up, func, tear_down)
    ADD("presence sent", test_presence_sent);
    ADD("timeout", test_timeout);
    ADD("configuration", test_config);
    ADD("other rooms", test_other_rooms);
    ADD("spelling", test_spelling);
    ADD("occupant limit", test_occupant_limit);
    return g_test_run();
}
