/* SPDX-License-Identifier: Apache-2.0
 *
 * A bridge that is told to end: at once when it is empty, else when the last one has left or time is over. */
#include <string.h>
#include "common/base/clock.h"
#include "tests/unit/bridge/bridge_fixture.h"

static void test_graceful_shutdown(Fixture *f, gconstpointer data)
{
    unsigned status;
    fixture_ok(f, CREATE(ENDPOINT("a1", TRANSPORT)));
    bridge_shut_down(f->bridge);
    g_assert_cmpuint(f->state_changes, ==, 1);
    g_assert_true(bridge_is_draining(f->bridge));
    g_autofree char *other =
        fixture_post(f, "<conference-modify xmlns='jitsi:colibri2' meeting-id='m2' create='true'/>", &status);
    g_assert_cmpuint(status, ==, 503);
    g_assert_nonnull(strstr(other, "graceful_shutdown"));
    fixture_ok(f, MODIFY("", ENDPOINT("b2", TRANSPORT))); /* those here go on */
    g_assert_cmpuint(f->emptied, ==, 0);
    fixture_ok(f, MODIFY("", "<endpoint id='a1' expire='true'/><endpoint id='b2' expire='true'/>"));
    g_assert_cmpuint(f->emptied, ==, 1);
    g_assert_cmpint(bridge_state(f->bridge), ==, BRIDGE_SHUTTING_DOWN);
}

static void test_shutdown_when_empty(Fixture *f, gconstpointer data)
{
    bridge_shut_down(f->bridge);
    g_assert_cmpuint(f->emptied, ==, 1);
}

/* 24 hours, and then a minute for the focus to move who is still here. */
static void test_shutdown_takes_too_long(Fixture *f, gconstpointer data)
{
    fixture_ok(f, CREATE(ENDPOINT("a1", TRANSPORT)));
    bridge_shut_down(f->bridge);
    int64_t end_us = clock_now_us() + INT64_C(86400) * 1000000;
    bridge_sweep(f->bridge, end_us - 5000000);
    g_assert_cmpint(bridge_state(f->bridge), ==, BRIDGE_GRACEFUL);
    bridge_sweep(f->bridge, end_us);
    g_assert_cmpint(bridge_state(f->bridge), ==, BRIDGE_SHUTTING_DOWN); /* published: the focus moves them */
    g_assert_cmpuint(f->state_changes, ==, 2);
    g_assert_cmpuint(f->emptied, ==, 0);
    bridge_sweep(f->bridge, end_us + BRIDGE_LEAVE_US - 1);
    g_assert_cmpuint(f->emptied, ==, 0);
    bridge_sweep(f->bridge, end_us + BRIDGE_LEAVE_US);
    bridge_sweep(f->bridge, end_us + 2 * BRIDGE_LEAVE_US);
    g_assert_cmpuint(f->emptied, ==, 1);
}

static void test_shutdown_with_few_left(Fixture *f, gconstpointer data)
{
    unsigned status;
    fixture_ok(f, CREATE(ENDPOINT("a1", TRANSPORT)));
    fixture_ok(f, MODIFY("", ENDPOINT("b2", TRANSPORT)));
    bridge_shut_down(f->bridge);
    g_assert_cmpint(bridge_state(f->bridge), ==, BRIDGE_GRACEFUL);
    fixture_ok(f, MODIFY("", "<endpoint id='a1' expire='true'/>"));
    g_assert_cmpint(bridge_state(f->bridge), ==, BRIDGE_SHUTTING_DOWN);
    g_assert_cmpuint(f->emptied, ==, 0);
    g_autofree char *refused =
        fixture_post(f, "<conference-modify xmlns='jitsi:colibri2' meeting-id='m2' create='true'/>", &status);
    g_assert_cmpuint(status, ==, 503);
    fixture_ok(f, MODIFY("", "<endpoint id='b2' expire='true'/>")); /* moved: no need to wait for the minute */
    g_assert_cmpuint(f->emptied, ==, 1);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_log_set_always_fatal(G_LOG_FATAL_MASK | G_LOG_LEVEL_CRITICAL);
#define ADD(name, config, func) g_test_add("/bridge/colibri/" name, Fixture, config, fixture_set_up, func, fixture_end)
    ADD("graceful shutdown", NULL, test_graceful_shutdown);
    ADD("shutdown when empty", NULL, test_shutdown_when_empty);
    ADD("shutdown takes too long", NULL, test_shutdown_takes_too_long);
    ADD("shutdown with few left", "[bridge]\ngraceful_min_participants = 1\n", test_shutdown_with_few_left);
    return g_test_run();
}
