/* SPDX-License-Identifier: Apache-2.0
 *
 * Two conferences of one room on the bridge: a focus was killed, and begins anew. */
#include <string.h>
#include "tests/unit/bridge/bridge_fixture.h"

#define ANEW(meeting, room, inside)                                                                                    \
    "<conference-modify xmlns='jitsi:colibri2' meeting-id='" meeting "' create='true' name='" room "'>" inside         \
    "</conference-modify>"
#define STANDUP "standup@conference.meet.example"

static void modify_from(Fixture *f, const char *focus, const char *text)
{
    g_autoptr(Colibri2Error) error = NULL;
    g_autoptr(Stanza) request = stanza_parse(text, strlen(text), NULL);
    g_autoptr(Stanza) answer = colibri_routes_modify(f->bridge, focus, request, &error);
    g_assert_nonnull(answer);
}

/* A focus was killed: the conference it makes anew takes over from its old one, participant by participant. */
static void test_superseded(void)
{
    static const struct {
        const char *focus, *meeting_and_room;
        bool superseded;
    } others[] = {
        { "brewery@i/focus", ANEW("m2", STANDUP, ""), true },
        { "brewery@i/other", ANEW("m2", STANDUP, ""), false },
        { "brewery@i/focus", ANEW("m2", "another@conference.meet.example", ""), false },
        { NULL, ANEW("m2", STANDUP, ""), false },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(others); i++) {
        Fixture f;
        fixture_set_up(&f, NULL);
        modify_from(&f, "brewery@i/focus", ANEW("m1", STANDUP, ENDPOINT("a1", TRANSPORT)));
        modify_from(&f, others[i].focus, others[i].meeting_and_room);
        const Conference *old = bridge_find_meeting(f.bridge, "m1");
        g_assert_cmpint(old->superseded_us != 0, ==, others[i].superseded);
        g_assert_cmpuint(f.env.counters.conferences_superseded, ==, others[i].superseded);
        g_assert_cmpuint(conference_size(old), ==, 1); /* nobody's call is cut */
        fixture_tear_down(&f);
    }
}

static void test_superseded_moves_one_by_one(Fixture *f, gconstpointer data)
{
    modify_from(f, "brewery@i/focus", ANEW("m1", STANDUP, ENDPOINT("a1", TRANSPORT)));
    modify_from(f, "brewery@i/focus", MODIFY("", ENDPOINT("b2", TRANSPORT)));
    modify_from(f, "brewery@i/focus", ANEW("m2", STANDUP, ENDPOINT("a1", TRANSPORT)));
    Conference *old = bridge_find_meeting(f->bridge, "m1"), *anew = bridge_find_meeting(f->bridge, "m2");
    g_assert_cmpuint(conference_size(old), ==, 2);
    fake_transport_connect(conference_find(anew, "a1")->transport);
    fixture_turn();
    g_assert_null(conference_find(old, "a1"));
    g_assert_nonnull(conference_find(old, "b2"));
    g_assert_nonnull(conference_find(anew, "a1"));
    g_assert_cmpstr(f->lost->str, ==, ""); /* nobody is left to be told */
    int64_t since = old->superseded_us;
    g_assert_false(conference_sweep(old, since + BRIDGE_SUPERSEDED_US));
    g_assert_true(
        conference_sweep(old, since + BRIDGE_SUPERSEDED_US + 1)); /* who does not come back does not hold it */
    g_assert_false(conference_sweep(anew, since + BRIDGE_SUPERSEDED_US + 1));
}

static void say_demand(Bridge *b, const Endpoint *ep, int height)
{
    WorkerEvent *ev = fake_event(WORKER_EV_SOURCE_CONSTRAINTS, ep->conference->handle, ep->handle, 0, 0);
    g_strlcpy(ev->source_constraint.source, "a1-v0", sizeof(ev->source_constraint.source));
    ev->source_constraint.max_height = height;
    bridge_on_event(b, ev);
    g_free(ev);
}

static void say_forwarded(Bridge *b, const Endpoint *ep)
{
    WorkerEvent *ev = fake_event(WORKER_EV_FORWARDED_SOURCES, ep->conference->handle, ep->handle, 0, 0);
    bridge_on_event(b, ev);
    g_free(ev);
}

static void expect_heard(const Endpoint *ep, const char *part)
{
    g_autofree char *heard = fake_transport_heard(ep->transport);
    g_assert_cmpint(heard != NULL, ==, part != NULL);
    g_assert_true(!part || strstr(heard, part));
}

/* Two conferences speak to one client for a while. That its first one empties must not make it stop sending. */
static void test_superseded_falls_silent(Fixture *f, gconstpointer data)
{
    modify_from(f, "brewery@i/focus", ANEW("m1", STANDUP, ENDPOINT("a1", TRANSPORT)));
    const Endpoint *old = fixture_endpoint(f, "a1");
    fake_transport_open_channel(old->transport);
    say_demand(f->bridge, old, 360);
    expect_heard(old, "SenderSourceConstraints");
    modify_from(f, "brewery@i/focus", ANEW("m2", STANDUP, ENDPOINT("a1", TRANSPORT)));
    const Endpoint *anew = conference_find(bridge_find_meeting(f->bridge, "m2"), "a1");
    say_demand(f->bridge, old, 0);
    expect_heard(old, NULL);
    say_forwarded(f->bridge, old); /* it has not moved yet and looks at the old one */
    expect_heard(old, "ForwardedSources");
    fake_transport_open_channel(anew->transport);
    say_forwarded(f->bridge, old);
    expect_heard(old, NULL);
    say_demand(f->bridge, anew, 180);
    expect_heard(anew, "\"maxHeight\":180");
    say_forwarded(f->bridge, anew);
    expect_heard(anew, "ForwardedSources");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_log_set_always_fatal(G_LOG_FATAL_MASK | G_LOG_LEVEL_CRITICAL);
#define ADD(name, config, func) g_test_add("/bridge/colibri/" name, Fixture, config, fixture_set_up, func, fixture_end)
    g_test_add_func("/bridge/colibri/superseded", test_superseded);
    ADD("superseded one by one", NULL, test_superseded_moves_one_by_one);
    ADD("superseded falls silent", NULL, test_superseded_falls_silent);
    return g_test_run();
}
