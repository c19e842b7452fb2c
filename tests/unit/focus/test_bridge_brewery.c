/* SPDX-License-Identifier: Apache-2.0
 *
 * The bridges' room with health checks: the test plays server and bridge. */
#include <string.h>
#include "focus/bridge_brewery.h"
#include "tests/fakes/await.h"

#define ROOM "brewery@internal.d"

typedef struct {
    IqRouter *router;
    BridgeBrewery *brewery;
    GQueue asked; /* Stanza: health checks not looked at */
    GString *story;
} Fixture;

static void on_send(Stanza *stanza, gpointer user)
{
    if (strcmp(stanza_name(stanza), "iq") == 0)
        g_queue_push_tail(&((Fixture *)user)->asked, stanza);
    else
        stanza_free(stanza);
}

static void on_available(gpointer user)
{
    g_string_append(((Fixture *)user)->story, "available ");
}

static void on_lost(const char *bridge, gboolean reachable, gpointer user)
{
    g_string_append_printf(((Fixture *)user)->story, "lost(%s,%s) ", strchr(bridge, '/') + 1,
                           reachable ? "there" : "gone");
}

static void presence(Fixture *f, const char *nick, const char *type, const char *children)
{
    g_autofree char *xml = g_strdup_printf("<presence from='" ROOM "/%s'%s>%s</presence>", nick, type, children);
    g_autoptr(Stanza) s = stanza_parse(xml, strlen(xml), NULL);
    g_assert_nonnull(s);
    g_assert_true(bridge_brewery_handle(f->brewery, s));
}

#define STATS(text) "<stats xmlns='http://jitsi.org/protocol/colibri'>" text "</stats>"
#define FINE STATS("<stat name='drain' value='false'/>")

static void set_up_with(Fixture *f, gboolean health_checks)
{
    static const BreweryEvents events = { on_available, on_lost };
    const BreweryConfig config = { .room = ROOM,
                                   .nick = "focus",
                                   .pool = BRIDGE_POOL_CONFIG_DEFAULT,
                                   .health_checks = health_checks,
                                   .health_interval_ms = 20,
                                   .health_retry_ms = 5,
                                   .reply_timeout_ms = 60,
                                   .presence_ms = 40 };
    BreweryConfig quick = config;
    quick.pool.failure_reset_ms = 0;
    f->story = g_string_new(NULL);
    f->router = iq_router_new(on_send, f);
    f->brewery = bridge_brewery_new(f->router, on_send, f, &quick, &events, f);
    bridge_brewery_connected(f->brewery);
    presence(f, "focus", "",
             "<x xmlns='http://jabber.org/protocol/muc#user'><item affiliation='owner' role='moderator'/><status "
             "code='110'/></x>");
    presence(f, "b1", "", FINE);
    g_assert_cmpstr(f->story->str, ==, "available ");
    g_string_truncate(f->story, 0);
}

static void set_up(Fixture *f, gconstpointer data)
{
    set_up_with(f, TRUE);
}

static void set_up_without(Fixture *f, gconstpointer data)
{
    set_up_with(f, FALSE);
}

static void tear_down(Fixture *f, gconstpointer data)
{
    bridge_brewery_free(f->brewery);
    g_assert_cmpuint(iq_router_waiting(f->router), ==, 0); /* its questions went with it */
    iq_router_free(f->router);
    g_queue_clear_full(&f->asked, (GDestroyNotify)stanza_free);
    g_string_free(f->story, TRUE);
}

static Stanza *next_check(Fixture *f)
{
    AWAIT(!g_queue_is_empty(&f->asked));
    Stanza *s = g_queue_pop_head(&f->asked);
    g_assert_cmpstr(stanza_get(s, "type"), ==, "get");
    g_assert_cmpstr(stanza_get(s, "to"), ==, ROOM "/b1");
    g_assert_nonnull(stanza_find(s, "healthcheck", "http://jitsi.org/protocol/healthcheck"));
    return s;
}

/* condition NULL: healthy. */
static void answer(Fixture *f, const char *condition)
{
    g_autoptr(Stanza) check = next_check(f);
    g_autofree char *error =
        condition ? g_strdup_printf("<error type='cancel'><%s xmlns='" NS_STANZAS "'/></error>", condition) : NULL;
    g_autofree char *xml = g_strdup_printf("<iq type='%s' id='%s' from='" ROOM "/b1'>%s</iq>",
                                           error ? "error" : "result", stanza_get(check, "id"), error ? error : "");
    g_autoptr(Stanza) iq = stanza_parse(xml, strlen(xml), NULL);
    g_assert_true(iq_router_handle(f->router, iq));
}

static void test_healthy(Fixture *f, gconstpointer data)
{
    for (int i = 0; i < 3; i++)
        answer(f, NULL);
    g_assert_cmpstr(f->story->str, ==, "");
    g_assert_cmpuint(bridge_brewery_operational(f->brewery), ==, 1);
}

/* Conferences move each time, the statistics count one loss, and health brings it back. */
static void test_sick(Fixture *f, gconstpointer data)
{
    answer(f, "internal-server-error");
    g_assert_cmpuint(bridge_brewery_operational(f->brewery), ==, 0);
    answer(f, "service-unavailable");
    g_assert_cmpstr(f->story->str, ==, "lost(b1,there) lost(b1,there) ");
    g_assert_cmpuint(bridge_brewery_lost(f->brewery), ==, 1);
    answer(f, NULL);
    g_assert_cmpstr(f->story->str, ==, "lost(b1,there) lost(b1,there) available ");
    g_assert_cmpuint(bridge_brewery_operational(f->brewery), ==, 1);
}

static void test_other_errors_change_nothing(Fixture *f, gconstpointer data)
{
    answer(f, "forbidden");
    g_assert_cmpstr(f->story->str, ==, "");
    g_assert_cmpuint(bridge_brewery_operational(f->brewery), ==, 1);
}

/* Silence is believed the second time; the conferences there stay. */
static void test_silent(Fixture *f, gconstpointer data)
{
    stanza_free(next_check(f));
    stanza_free(next_check(f));
    g_assert_cmpuint(bridge_brewery_operational(f->brewery), ==, 1); /* one chance more */
    stanza_free(next_check(f));
    g_assert_cmpuint(bridge_brewery_operational(f->brewery), ==, 0);
    g_assert_cmpstr(f->story->str, ==, "");
}

static void test_gone(Fixture *f, gconstpointer data)
{
    stanza_free(next_check(f)); /* not answered: the bridge leaves meanwhile */
    presence(f, "b1", " type='unavailable'", "");
    g_assert_cmpstr(f->story->str, ==, "lost(b1,gone) ");
    g_assert_cmpuint(bridge_pool_size(bridge_brewery_pool(f->brewery)), ==, 0);
    g_assert_cmpuint(iq_router_waiting(f->router), ==, 0);
}

static void test_shutting_down(Fixture *f, gconstpointer data)
{
    presence(f, "b1", "", STATS("<stat name='shutting_down' value='true'/>"));
    presence(f, "b1", "", STATS("<stat name='shutting_down' value='true'/>"));
    g_assert_cmpstr(f->story->str, ==, "lost(b1,there) ");
}

/* Without checks, presence must do: else one failure would be for ever. */
static void test_recovers_by_presence(Fixture *f, gconstpointer data)
{
    bridge_pool_mark_failed(bridge_brewery_pool(f->brewery), ROOM "/b1", 0);
    g_assert_cmpuint(bridge_brewery_operational(f->brewery), ==, 0);
    presence(f, "b1", "", FINE);
    g_assert_cmpuint(bridge_brewery_operational(f->brewery), ==, 1);
    g_assert_cmpstr(f->story->str, ==, "available ");
    g_assert_true(g_queue_is_empty(&f->asked));
}

static void test_silent_without_checks(Fixture *f, gconstpointer data)
{
    AWAIT(bridge_brewery_operational(f->brewery) == 0);
    g_assert_cmpstr(f->story->str, ==, ""); /* the conferences there stay */
    presence(f, "b1", "", FINE);
    g_assert_cmpuint(bridge_brewery_operational(f->brewery), ==, 1);
    g_assert_cmpstr(f->story->str, ==, "available ");
}

/* What a bridge says of itself counts in either mode. */
static void test_says_it_is_sick(Fixture *f, gconstpointer data)
{
    presence(f, "b1", "", STATS("<stat name='healthy' value='false'/>"));
    g_assert_cmpuint(bridge_brewery_operational(f->brewery), ==, 0);
    presence(f, "b1", "", STATS("<stat name='healthy' value='true'/>"));
    g_assert_cmpuint(bridge_brewery_operational(f->brewery), ==, 1);
    g_assert_cmpstr(f->story->str, ==, "lost(b1,there) available ");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name, set_up, func) g_test_add("/focus/brewery/" name, Fixture, NULL, set_up, func, tear_down)
    ADD("healthy", set_up, test_healthy);
    ADD("sick", set_up, test_sick);
    ADD("other errors change nothing", set_up, test_other_errors_change_nothing);
    ADD("silent", set_up, test_silent);
    ADD("gone", set_up, test_gone);
    ADD("shutting down", set_up, test_shutting_down);
    ADD("silent without checks", set_up_without, test_silent_without_checks);
    ADD("says it is sick", set_up, test_says_it_is_sick);
    ADD("says it is sick, without checks", set_up_without, test_says_it_is_sick);
    ADD("recovers by presence", set_up_without, test_recovers_by_presence);
    return g_test_run();
}
