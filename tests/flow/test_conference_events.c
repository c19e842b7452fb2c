/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/flow/conference_script.h"
#include "tests/flow/conference_stories.h"

/* --- every event in every state ------------------------------------------------------------------- */

static const struct {
    const char *name, *lines;
} states[] = {
    { "new", "" },
    { "joining", "request 1 -> join" },
    { "empty", ROOM },
    { "one", ROOM "came a -> grant a a@meet.example" },
    { "features awaited", ROOM "joined a -> grant a a@meet.example\njoined b" },
    { "selecting", TWO_HERE },
    { "no bridge", TWO_HERE "no-bridge -> publish 0 no-bridge" },
    { "allocating", TWO_ASKED },
    { "pending", TWO_INVITED },
    { "active", TWO_ACTIVE },
    { "one ended", TWO_ACTIVE "terminate a -> ok, expire a@x, source-remove b [a:v1,v2,a3]" },
    { "closing", TWO_ASKED "alloc-error a conflict -> expire x, select a, publish 0\nselected x" },
    { "restarting ice", TWO_ACTIVE "ice-restart a -> ok, ice-restart a@x" },
    { "alone", TWO_ACTIVE "left b -> expire b@x" },
    { "offline", TWO_ACTIVE "xmpp-lost" },
    { "ended", TWO_ACTIVE "shutdown -> expire x, leave, end" },
};

/* clang-format off */
static const char *const events[] = {
    "request 9",
    "room-joined",
    "room-joined not-owner",
    "room-failed",
    "room-lost",
    "not-owner",
    "joined a",
    "joined c",
    "came b json",
    "came c",
    "changed a owner",
    "changed z",
    "left a",
    "left b",
    "left z",
    "left a switching",
    "features a",
    "features b",
    "features z",
    "selected x",
    "selected y",
    "stale selected x",
    "no-bridge",
    "stale no-bridge",
    "bridge-available",
    "bridge-lost x",
    "bridge-lost x reachable",
    "bridge-lost y",
    "allocated a",
    "allocated b no-transport",
    "allocated z",
    "alloc-timeout a",
    "alloc-bad a",
    "alloc-error a bad-request",
    "alloc-error a conflict",
    "alloc-error a item-not-found",
    "alloc-error a service-unavailable graceful_shutdown",
    "update-error a conflict",
    "update-error a item-not-found unknown_endpoint",
    "update-error z item-not-found unknown_endpoint",
    "update-timeout a",
    "restarted a gen=1",
    "restarted a none",
    "restarted z gen=1",
    "expired x",
    "expired y",
    "endpoint-lost a",
    "endpoint-lost a older",
    "endpoint-lost b nameless",
    "endpoint-lost a elsewhere",
    "endpoint-lost z",
    "invited a ok",
    "invited a error",
    "invited a timeout",
    "invited z ok",
    "accept a v21 a22",
    "accept b? v21",
    "accept z v21",
    "accept a v4",
    "add a v31",
    "add b a31",
    "add z v31",
    "remove a v1",
    "remove b v1",
    "info a",
    "trickle a",
    "trickle a none",
    "terminate a",
    "terminate a restart",
    "terminate b elsewhere",
    "terminate z",
    "ice-restart a",
    "ice-restart z",
    "ice-failed a",
    "jingle a content-modify",
    "jingle a session-dance",
    "mute a b",
    "mute b a",
    "mute z a",
    "mute a z",
    "after 0",
    "after 25000",
    "after 70000",
    "xmpp-lost",
    "xmpp-back",
    "shutdown",
};
/* clang-format on */

#define FOLLOWERS 8

/* --- that nothing is left out: each event met each state of the conference, and a member in each state ---- */

#define MEMBER_STATES_MAX 16
static guint stories_run, room_seen[CONF_N_STATES][EV_N_TYPES], member_seen[MEMBER_STATES_MAX][EV_N_TYPES];

static void note_member(JsonArray *array, guint i, JsonNode *node, gpointer seen)
{
    const char *state = json_object_get_string_member(json_node_get_object(node), "state");
    for (guint k = 0; conference_member_state_name(k); k++)
        ((bool *)seen)[k] = ((bool *)seen)[k] || strcmp(state, conference_member_state_name(k)) == 0;
}

/* The first of two events: what it met. */
static char *first_event(ConferenceScript *s, const char *event)
{
    bool members[MEMBER_STATES_MAX] = { false };
    ConfState room = conference_state(script_conference(s));
    g_autoptr(JsonNode) dump = conference_dump(script_conference(s));
    json_array_foreach_element(json_object_get_array_member(json_node_get_object(dump), "members"), note_member,
                               members);
    char *shown = script_event(s, event);
    ConfEventType type = script_last_event(s);
    room_seen[room][type]++;
    for (guint k = 0; k < MEMBER_STATES_MAX; k++)
        member_seen[k][type] += members[k];
    return shown;
}

static void test_all_met(void)
{
    if (stories_run < G_N_ELEMENTS(states)) {
        g_test_skip("only a part of the stories was run");
        return;
    }
    for (guint type = 0; type < EV_N_TYPES; type++) {
        for (guint state = 0; state < CONF_N_STATES; state++)
            if (room_seen[state][type] == 0)
                g_error("no story has %s in a conference that is %s", conference_event_name((ConfEventType)type),
                        conference_state_name((ConfState)state));
        for (guint k = 0; conference_member_state_name(k); k++) {
            g_assert_cmpuint(k, <, MEMBER_STATES_MAX);
            if (member_seen[k][type] == 0)
                g_error("no story has %s with a member that is %s", conference_event_name((ConfEventType)type),
                        conference_member_state_name(k));
        }
    }
}

/* Whatever comes: everything asked is answered once, nothing follows the end but refusals, and the
 * conference can still be ended. Each event is followed by some others, different ones each time. */
static void test_pairs(gconstpointer data)
{
    const ConferenceConfig config = CONFERENCE_CONFIG_DEFAULT;
    stories_run++;
    for (guint i = 0; i < G_N_ELEMENTS(events); i++) {
        for (guint k = 0; k < FOLLOWERS; k++) {
            guint j = (i * 11 + k * 7) % G_N_ELEMENTS(events);
            ConferenceScript *s = script_new(&config);
            script_run(s, data);
            g_autofree char *first = first_event(s, events[i]);
            bool over = conference_state(script_conference(s)) == CONF_END;
            g_autofree char *second = script_event(s, events[j]);
            if (over && (strstr(second, "end") || strstr(second, "@x") || strstr(second, "publish")))
                g_error("%s, %s after the end: %s", events[i], events[j], second);
            g_autofree char *last = script_event(s, "shutdown");
            g_assert_cmpint(conference_state(script_conference(s)), ==, CONF_END);
            g_assert_cmpint(conference_next_due_ms(script_conference(s)), ==, -1);
            g_assert_cmpint(script_unanswered(s), ==, 0);
            JsonNode *dump = conference_dump(script_conference(s));
            json_node_unref(dump);
            script_free(s);
        }
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(states); i++) {
        g_autofree char *path = g_strdup_printf("/conference/every event/%s", states[i].name);
        g_test_add_data_func(path, states[i].lines, test_pairs);
    }
    g_test_add_func("/conference/every event/was met in every state", test_all_met);
    return g_test_run();
}
