/* SPDX-License-Identifier: Apache-2.0
 *
 * Two events after each other in every state: what holds whatever they are. What each alone does is said in
 * conference_outcomes.txt. */
#include "tests/flow/conference_every.h"
#include "tests/flow/conference_script.h"

#define FOLLOWERS 8

/* Whatever comes: everything asked is answered once, nothing follows the end but refusals, and the
 * conference can still be ended. Each event is followed by some others, different ones each time. */
static void test_pairs(gconstpointer data)
{
    const ConferenceConfig config = CONFERENCE_CONFIG_DEFAULT;
    for (guint i = 0; i < G_N_ELEMENTS(every_event); i++) {
        for (guint k = 0; k < FOLLOWERS; k++) {
            guint j = (i * 11 + k * 7) % G_N_ELEMENTS(every_event);
            ConferenceScript *s = script_new(&config);
            script_run(s, data);
            g_autofree char *first = script_event(s, every_event[i]);
            bool over = conference_state(script_conference(s)) == CONF_END;
            g_autofree char *second = script_event(s, every_event[j]);
            if (over && (strstr(second, "end") || strstr(second, "@x") || strstr(second, "publish")))
                g_error("%s, %s after the end: %s", every_event[i], every_event[j], second);
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
    for (guint i = 0; i < G_N_ELEMENTS(every_state); i++) {
        g_autofree char *path = g_strdup_printf("/conference/two events/%s", every_state[i].name);
        g_test_add_data_func(path, every_state[i].lines, test_pairs);
    }
    return g_test_run();
}
