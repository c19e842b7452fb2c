/* SPDX-License-Identifier: Apache-2.0
 *
 * The server was restarted under a call of three, and everything comes back at once. Recorded with a real one, it
 * came in the order of `burst`; here it comes in every order there is, with the answers of bridge and clients after
 * them all or (every third order) between the events. In the end everybody who is there is in the call and knows of everybody's sources,
 * everything asked has its answer, and on the way nothing contradicts what bridge and clients know
 * (conference_world.h). */
#include "tests/flow/conference_script.h"
#include "tests/flow/conference_stories.h"

static const char *const burst[] = {
    "left b",              /* not in the room when we come back to it */
    "xmpp-back",           /* in the room ourselves */
    "add a v31",           /* sent while the server was away */
    "bridge-lost x",       /* the brewery comes back without it */
    "terminate c restart", /* the client saw its session fail */
    "bridge-available",    /* the bridge is back in the brewery */
    "came b json",         /* and so is b */
};
#define BURST G_N_ELEMENTS(burst)

typedef struct {
    ConferenceScript *s;
    GQueue answers; /* of char*, events that follow from what the conference did */
    bool bridge_there, at_once;
} Play;

static void say(Play *p, const char *event);

static void answer(Play *p, const char *verb, const char *who, const char *more)
{
    g_queue_push_tail(&p->answers, g_strjoin(" ", verb, who, more, NULL));
}

/* What bridge and clients do about one action, as conference_script_show wrote it. */
static void react(Play *p, const char *action)
{
    static const struct {
        const char *member, *sources;
    } accepts[] = { { "a", "v1/m v2/m F1,2 a3" }, { "b", "a4" }, { "c", "v5" } };
    g_auto(GStrv) w = g_strsplit(action, " ", -1);
    g_auto(GStrv) at = g_strsplit(w[1] ? w[1] : "", "@", 2);
    if (strcmp(w[0], "select") == 0) { /* the pool answers before anything else happens */
        g_queue_push_head(&p->answers, g_strdup(p->bridge_there ? "selected x" : "no-bridge"));
    } else if (strcmp(w[0], "create") == 0 || strcmp(w[0], "allocate") == 0) {
        answer(p, p->bridge_there ? "allocated" : "alloc-error", at[0], p->bridge_there ? NULL : "item-not-found");
    } else if (strcmp(w[0], "expire") == 0 && (!at[1] || g_strcmp0(w[2], "all") == 0)) {
        answer(p, "expired", at[1] ? at[1] : at[0], NULL);
    } else if (strcmp(w[0], "invite") == 0) {
        answer(p, "invited", w[1], "ok");
        for (guint i = 0; i < G_N_ELEMENTS(accepts); i++) {
            if (strcmp(accepts[i].member, w[1]) == 0)
                answer(p, "accept", w[1], accepts[i].sources);
        }
    }
}

static void drain(Play *p, bool selections_only)
{
    char *event;
    while ((event = g_queue_peek_head(&p->answers))) {
        if (selections_only && !g_str_has_prefix(event, "selected") && !g_str_has_prefix(event, "no-bridge"))
            return;
        g_queue_pop_head(&p->answers);
        say(p, event);
        g_free(event);
    }
}

static void say(Play *p, const char *event)
{
    if (strcmp(event, "bridge-lost x") == 0)
        p->bridge_there = false;
    if (strcmp(event, "bridge-available") == 0)
        p->bridge_there = true;
    g_autofree char *actions = script_event(p->s, event);
    g_auto(GStrv) each = g_strsplit(actions, ", ", -1);
    for (char **a = each; *a; a++)
        react(p, *a);
    drain(p, !p->at_once);
}

/* --- what must hold in the end -------------------------------------------------------------------- */

static const char *const *order_now;

static void fail(const char *what, const char *who)
{
    GString *order = g_string_new("");
    for (guint i = 0; i < BURST; i++)
        g_string_append_printf(order, "%s%s", i ? ", " : "", order_now[i]);
    g_error("%s %s after: %s", who, what, order->str);
}

static void check_member(JsonArray *members, guint i, const ConferenceScript *s)
{
    JsonObject *m = json_array_get_object_element(members, i);
    const char *id = json_object_get_string_member(m, "id");
    if (strcmp(json_object_get_string_member(m, "state"), "active") != 0 ||
        strcmp(json_object_get_string_member(m, "bridge"), "x") != 0)
        fail("is not in the call", id);
    for (guint k = 0; k < json_array_get_length(members); k++) {
        JsonObject *other = json_array_get_object_element(members, k);
        const char *owner = json_object_get_string_member(other, "id");
        if (k != i && script_n_told(s, id, owner) != json_object_get_int_member(other, "sources"))
            fail("does not know the others' sources", id);
    }
}

static bool is_before(const char *first, const char *second)
{
    for (guint i = 0; i < BURST; i++) {
        if (strcmp(order_now[i], first) == 0)
            return true;
        if (strcmp(order_now[i], second) == 0)
            return false;
    }
    return false;
}

static void check(const ConferenceScript *s, Conference *c)
{
    guint n = is_before("left b", "came b json") ? 3 : 2;
    if (script_unanswered(s) != 0)
        fail("is not answered", "something");
    if (conference_state(c) != CONF_ACTIVE || conference_n_members(c) != n)
        fail("is not as it should be", "the conference");
    g_autoptr(JsonNode) dump = conference_dump(c);
    JsonArray *members = json_object_get_array_member(json_node_get_object(dump), "members");
    for (guint i = 0; i < n; i++)
        check_member(members, i, s);
}

/* --- every order ---------------------------------------------------------------------------------- */

static void play(const char *const *order, bool at_once)
{
    const ConferenceConfig config = CONFERENCE_CONFIG_DEFAULT;
    Play p = { .s = script_new(&config), .bridge_there = true, .at_once = at_once };
    g_queue_init(&p.answers);
    order_now = order;
    script_run(p.s, THREE_ACTIVE "xmpp-lost");
    for (guint i = 0; i < BURST; i++)
        say(&p, order[i]);
    p.at_once = true;
    drain(&p, false);
    if (!p.bridge_there) /* went after it had come: it will come again */
        say(&p, "bridge-available");
    check(p.s, script_conference(p.s));
    script_free(p.s);
}

#define BETWEEN_EVERY 3 /* with answers between, every third order, to save time */
static guint order_count;

/* Heap's algorithm. */
static guint each_order(const char **order, guint k, bool at_once)
{
    guint n = 0;
    if (k == 1) {
        if (!at_once || order_count++ % BETWEEN_EVERY == 0)
            play(order, at_once);
        return 1;
    }
    for (guint i = 0; i < k; i++) {
        n += each_order(order, k - 1, at_once);
        guint j = k % 2 ? 0 : i;
        const char *moved = order[j];
        order[j] = order[k - 1];
        order[k - 1] = moved;
    }
    return n;
}

static void test_orders(gconstpointer at_once)
{
    const char *order[BURST];
    memcpy(order, burst, sizeof(order));
    play(burst, at_once != NULL);
    g_assert_cmpuint(each_order(order, BURST, at_once != NULL), ==, 5040);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_data_func("/conference/burst/answers between", "yes", test_orders);
    g_test_add_data_func("/conference/burst/answers last", NULL, test_orders);
    return g_test_run();
}
