/* SPDX-License-Identifier: Apache-2.0
 *
 * What every event does in every state: conference_outcomes.txt says it, one line each, and this holds the machine
 * to it. The table is complete: each state has a line for each event, each value of the enums is met (each event by a
 * conference in each of its states and by a member in each of its states, each Jingle action by a sender in each
 * state, each kind of request to a bridge with each way it can end), and a value added to an enum fails until it has
 * its lines.
 *
 *   [active]
 *   terminate a -> ok, expire a@x, source-remove b [a:v1,v2,a3] | a active>ended
 *   left z; features z -> -
 *
 * Events with the same outcome share a line, which goes on below where it ends in ";". Behind "|" is what changed:
 * the conference's state, members' states, who is new, who is gone. */
#include "tests/flow/conference_every.h"
#include "tests/flow/conference_script.h"

#define TABLE "conference_outcomes.txt"
#define MEMBER_STATES_MAX 16 /* room for them in the tables below; checked */
#define JINGLE_ACTIONS (JINGLE_DESCRIPTION_INFO + 1)
#define COLIBRI_KINDS (COLIBRI_EXPIRE + 1)
#define OUTCOMES (OUTCOME_BAD + 1)
#define MUTE_KINDS (MUTE_DESKTOP + 1)

/* No default anywhere: a new value does not compile until it stands here, and then the counts above want it. */
static void check_is_counted(const ScriptEvent *ev)
{
    switch (ev->colibri) {
    case COLIBRI_ALLOCATE:
    case COLIBRI_UPDATE:
    case COLIBRI_ICE_RESTART:
    case COLIBRI_EXPIRE:
        break;
    }
    switch (ev->outcome) {
    case OUTCOME_RESULT:
    case OUTCOME_ERROR:
    case OUTCOME_TIMEOUT:
    case OUTCOME_BAD:
        break;
    }
    switch (ev->mute_kind) {
    case MUTE_AUDIO:
    case MUTE_VIDEO:
    case MUTE_DESKTOP:
        break;
    }
    switch (ev->jingle) {
    case JINGLE_UNKNOWN:
    case JINGLE_SESSION_INITIATE:
    case JINGLE_SESSION_ACCEPT:
    case JINGLE_SESSION_INFO:
    case JINGLE_SESSION_TERMINATE:
    case JINGLE_SOURCE_ADD:
    case JINGLE_SOURCE_REMOVE:
    case JINGLE_TRANSPORT_INFO:
    case JINGLE_TRANSPORT_ACCEPT:
    case JINGLE_TRANSPORT_REJECT:
    case JINGLE_TRANSPORT_REPLACE:
    case JINGLE_CONTENT_ADD:
    case JINGLE_CONTENT_MODIFY:
    case JINGLE_CONTENT_REMOVE:
    case JINGLE_DESCRIPTION_INFO:
        break;
    }
}

/* --- what has been met ---------------------------------------------------------------------------- */

static guint stories_run, room_met[CONF_N_STATES][EV_N_TYPES], member_met[MEMBER_STATES_MAX][EV_N_TYPES],
    jingle_met[MEMBER_STATES_MAX][JINGLE_ACTIONS], colibri_met[COLIBRI_KINDS][OUTCOMES], initiate_met[OUTCOMES],
    mute_met[MUTE_KINDS];

typedef struct {
    ConfState room;
    JsonNode *dump;
} Look;

static Look look(ConferenceScript *s)
{
    return (Look){ conference_state(script_conference(s)), conference_dump(script_conference(s)) };
}

static JsonArray *members_of(const Look *l)
{
    return json_object_get_array_member(json_node_get_object(l->dump), "members");
}

static const char *text_of(JsonArray *members, guint i, const char *field)
{
    return json_object_get_string_member(json_array_get_object_element(members, i), field);
}

/* NULL: not there. */
static const char *state_of(const Look *l, const char *id)
{
    JsonArray *members = members_of(l);
    for (guint i = 0; i < json_array_get_length(members); i++)
        if (strcmp(text_of(members, i, "id"), id) == 0)
            return text_of(members, i, "state");
    return NULL;
}

static bool is_about_a_member(const ScriptEvent *ev)
{
    switch (ev->type) {
    case EV_MEMBER_JOINED:
    case EV_MEMBER_CHANGED:
    case EV_MEMBER_LEFT:
    case EV_FEATURES:
    case EV_ENDPOINT_LOST:
    case EV_INITIATE_ANSWER:
    case EV_JINGLE:
    case EV_MUTE:
        return true;
    case EV_COLIBRI_ANSWER:
        return ev->colibri != COLIBRI_EXPIRE;
    case EV_REQUEST:
    case EV_ROOM_JOINED:
    case EV_ROOM_FAILED:
    case EV_ROOM_LOST:
    case EV_OWNERSHIP:
    case EV_BRIDGE_SELECTED:
    case EV_BRIDGE_NONE:
    case EV_BRIDGE_AVAILABLE:
    case EV_BRIDGE_LOST:
    case EV_TICK:
    case EV_XMPP_LOST:
    case EV_XMPP_BACK:
    case EV_SHUTDOWN:
    case EV_N_TYPES:
        break;
    }
    return false;
}

/* An event about a member meets that one's state, any other everybody's. */
static bool meets(const Look *before, const ScriptEvent *ev, const char *state)
{
    JsonArray *members = members_of(before);
    if (is_about_a_member(ev))
        return g_strcmp0(state_of(before, ev->member), state) == 0;
    for (guint i = 0; i < json_array_get_length(members); i++)
        if (strcmp(text_of(members, i, "state"), state) == 0)
            return true;
    return false;
}

static void note_met(const Look *before, const ScriptEvent *ev)
{
    check_is_counted(ev);
    room_met[before->room][ev->type]++;
    for (guint k = 0; conference_member_state_name(k); k++) {
        g_assert_cmpuint(k, <, MEMBER_STATES_MAX);
        bool met = meets(before, ev, conference_member_state_name(k));
        member_met[k][ev->type] += met;
        if (ev->type == EV_JINGLE)
            jingle_met[k][ev->jingle] += met;
    }
    if (ev->type == EV_COLIBRI_ANSWER)
        colibri_met[ev->colibri][ev->outcome]++;
    if (ev->type == EV_INITIATE_ANSWER)
        initiate_met[ev->outcome]++;
    if (ev->type == EV_MUTE)
        mute_met[ev->mute_kind]++;
}

static void test_all_met(void)
{
    if (stories_run < G_N_ELEMENTS(every_state)) {
        g_test_skip("only a part of the stories was run");
        return;
    }
    for (guint type = 0; type < EV_N_TYPES; type++) {
        for (guint state = 0; state < CONF_N_STATES; state++)
            if (room_met[state][type] == 0)
                g_error("no story has %s in a conference that is %s", conference_event_name((ConfEventType)type),
                        conference_state_name((ConfState)state));
        for (guint k = 0; conference_member_state_name(k); k++)
            if (member_met[k][type] == 0)
                g_error("no story has %s with a member that is %s", conference_event_name((ConfEventType)type),
                        conference_member_state_name(k));
    }
    for (guint action = 0; action < JINGLE_ACTIONS; action++)
        for (guint k = 0; conference_member_state_name(k); k++)
            if (jingle_met[k][action] == 0)
                g_error("no story has %s from a member that is %s", jingle_action_name((JingleAction)action),
                        conference_member_state_name(k));
    for (guint outcome = 0; outcome < OUTCOMES; outcome++) {
        g_assert_cmpuint(initiate_met[outcome], >, 0);
        for (guint kind = 0; kind < COLIBRI_KINDS; kind++)
            g_assert_cmpuint(colibri_met[kind][outcome], >, 0);
    }
    for (guint kind = 0; kind < MUTE_KINDS; kind++)
        g_assert_cmpuint(mute_met[kind], >, 0);
}

/* --- what came of it ------------------------------------------------------------------------------ */

static void add_change(GString *out, const char *who, const char *from, const char *to)
{
    if (g_strcmp0(from, to) == 0)
        return;
    g_string_append(out, strstr(out->str, " | ") ? ", " : " | ");
    if (from && to)
        g_string_append_printf(out, "%s%s%s>%s", who, *who ? " " : "", from, to);
    else
        g_string_append_printf(out, "%s %s", who, to ? to : "gone");
}

/* Who has a bridge and a session by which others call it. */
static void check_whole(const Look *l, const char *event)
{
    JsonArray *members = members_of(l);
    for (guint i = 0; l->room != CONF_END && i < json_array_get_length(members); i++) {
        const char *state = text_of(members, i, "state");
        bool has_session = g_str_equal(state, "pending") || g_str_equal(state, "active");
        bool on_bridge = *text_of(members, i, "bridge") != '\0', has_sid = *text_of(members, i, "sid") != '\0';
        if (on_bridge != (has_session || g_str_equal(state, "allocating")) ||
            has_sid != (has_session || g_str_equal(state, "ended")))
            g_error("after %s: %s is %s, with %s bridge and %s sid", event, text_of(members, i, "id"), state,
                    on_bridge ? "a" : "no", has_sid ? "a" : "no");
    }
}

/* Actions, then what changed. */
static char *outcome_of(ConferenceScript *s, const char *event)
{
    Look before = look(s);
    g_autofree char *actions = script_event(s, event);
    Look after = look(s);
    const ScriptEvent last = script_last_event(s);
    note_met(&before, &last);
    check_whole(&after, event);

    GString *out = g_string_new(actions);
    JsonArray *was = members_of(&before), *is = members_of(&after);
    add_change(out, "", conference_state_name(before.room), conference_state_name(after.room));
    for (guint i = 0; i < json_array_get_length(was); i++) {
        const char *id = text_of(was, i, "id");
        add_change(out, id, text_of(was, i, "state"), state_of(&after, id));
    }
    for (guint i = 0; i < json_array_get_length(is); i++) {
        const char *id = text_of(is, i, "id");
        if (!state_of(&before, id))
            add_change(out, id, NULL, text_of(is, i, "state"));
    }
    json_node_unref(before.dump);
    json_node_unref(after.dump);
    return g_string_free(out, FALSE);
}

/* --- the table ------------------------------------------------------------------------------------ */

static GHashTable *table; /* state name -> GHashTable of event -> outcome */

static void add_row(GHashTable *rows, const char *event, const char *outcome)
{
    g_autofree char *key = g_strstrip(g_strdup(event));
    if (g_hash_table_contains(rows, key))
        g_error(TABLE ": \"%s\" stands twice in one state", key);
    g_hash_table_insert(rows, g_steal_pointer(&key), g_strstrip(g_strdup(outcome)));
}

static void read_row(GHashTable *rows, const char *line)
{
    g_auto(GStrv) sides = g_strsplit(line, "->", 2);
    if (g_strv_length(sides) != 2)
        g_error(TABLE ": no outcome in \"%s\"", line);
    g_auto(GStrv) each = g_strsplit(sides[0], ";", -1);
    for (char **event = each; *event; event++)
        add_row(rows, *event, sides[1]);
}

static void read_table(void)
{
    g_autofree char *path = g_test_build_filename(G_TEST_DIST, "tests", "flow", TABLE, NULL);
    g_autofree char *text = NULL;
    g_autoptr(GError) error = NULL;
    g_autoptr(GString) row = g_string_new("");
    GHashTable *rows = NULL;
    g_file_get_contents(path, &text, NULL, &error);
    g_assert_no_error(error);
    table = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_hash_table_unref);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line; line++) {
        char *bracket = strchr(*line, ']');
        if (**line == '\0' || **line == '#')
            continue;
        if (**line == '[' && bracket) {
            rows = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
            g_assert_true(g_hash_table_insert(table, g_strndup(*line + 1, (gsize)(bracket - *line - 1)), rows));
            continue;
        }
        g_assert_nonnull(rows);
        g_string_append(row, *line);
        if (g_str_has_suffix(*line, ";"))
            continue;
        read_row(rows, row->str);
        g_string_truncate(row, 0);
    }
    g_assert_cmpuint(row->len, ==, 0); /* the last one is finished */
}

static void test_state(gconstpointer data)
{
    const ConferenceConfig config = CONFERENCE_CONFIG_DEFAULT;
    guint k = GPOINTER_TO_UINT(data);
    GHashTable *rows = g_hash_table_lookup(table, every_state[k].name);
    g_assert_nonnull(rows);
    stories_run++;
    for (guint i = 0; i < G_N_ELEMENTS(every_event); i++) {
        ConferenceScript *s = script_new(&config);
        script_run(s, every_state[k].lines);
        g_autofree char *got = outcome_of(s, every_event[i]);
        const char *want = g_hash_table_lookup(rows, every_event[i]);
        if (g_strcmp0(got, want) != 0) {
            g_test_message("[%s] %s -> %s", every_state[k].name, every_event[i], got);
            g_test_message("the table says: %s", want ? want : "(no line)");
            g_test_fail();
        }
        script_free(s);
    }
    if (g_hash_table_size(rows) != G_N_ELEMENTS(every_event)) {
        g_test_message("[%s] has %u lines for %zu events", every_state[k].name, g_hash_table_size(rows),
                       G_N_ELEMENTS(every_event));
        g_test_fail();
    }
}

static void test_table_is_whole(void)
{
    g_assert_cmpuint(g_hash_table_size(table), ==, G_N_ELEMENTS(every_state));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    read_table();
    for (guint i = 0; i < G_N_ELEMENTS(every_state); i++) {
        g_autofree char *path = g_strdup_printf("/conference/every event/%s", every_state[i].name);
        g_test_add_data_func(path, GUINT_TO_POINTER(i), test_state);
    }
    g_test_add_func("/conference/every event/was met in every state", test_all_met);
    g_test_add_func("/conference/every event/no state more", test_table_is_whole);
    int status = g_test_run();
    g_hash_table_unref(table);
    return status;
}
