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

/* Whatever comes: everything asked is answered once, nothing follows the end but refusals, and the
 * conference can still be ended. Each event is followed by some others, different ones each time. */
static void test_pairs(gconstpointer data)
{
    const ConferenceConfig config = CONFERENCE_CONFIG_DEFAULT;
    for (guint i = 0; i < G_N_ELEMENTS(events); i++) {
        for (guint k = 0; k < FOLLOWERS; k++) {
            guint j = (i * 11 + k * 7) % G_N_ELEMENTS(events);
            ConferenceScript *s = script_new(&config);
            script_run(s, data);
            g_autofree char *first = script_event(s, events[i]);
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
    return g_test_run();
}
