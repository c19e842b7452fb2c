/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/bridge/bridge_fixture.h"
#include <string.h>

static void on_state_changed(gpointer user)
{
    ((Fixture *)user)->state_changes++;
}

static void on_empty(gpointer user)
{
    ((Fixture *)user)->emptied++;
}

static void on_endpoint_lost(const Endpoint *ep, const char *why, gpointer user)
{
    Fixture *f = user;
    g_string_append_printf(f->lost, "%s:%s;", ep->id, why);
}

void fixture_set_up(Fixture *f, gconstpointer config)
{
    GError *error = NULL;
    *f = (Fixture){ .media = fake_media_new(), .lost = g_string_new("") };
    f->config =
        config_load_text(bridge_options, bridge_n_options, sizeof(BridgeConfig), "test", config ? config : "", &error);
    g_assert_no_error(error);
    f->candidates[0] = (LocalCandidate){ .type = CANDIDATE_HOST, .priority = 2130706431, .foundation = "1" };
    tuple_parse("192.0.2.1", 10000, 0, &f->candidates[0].addr);
    f->candidates[0].base = f->candidates[0].addr;
    f->candidates[1] = (LocalCandidate){ .type = CANDIDATE_SRFLX, .priority = 1694498815, .foundation = "2" };
    tuple_parse("203.0.113.9", 10001, 0, &f->candidates[1].addr);
    f->candidates[1].base = f->candidates[0].addr;
    f->env = (BridgeEnv){
        .config = config_values(f->config),
        .media = fake_media_port(f->media),
        .sctp = (struct SctpClock *)f, /* never looked into by the fake transport */
        .candidates = f->candidates,
        .n_candidates = 2,
        .public_candidates = &f->candidates[1],
        .n_public_candidates = 1,
    };
    f->bridge = bridge_new(&f->env, &(BridgeEvents){ on_state_changed, on_empty, NULL, on_endpoint_lost, f });
}

void fixture_tear_down(Fixture *f)
{
    bridge_free(f->bridge);
    /* Whoever was created was removed. */
    g_assert_cmpuint(fake_media_count(f->media, WORKER_CONFERENCE_CREATE), <=,
                     fake_media_count(f->media, WORKER_CONFERENCE_REMOVE));
    fake_media_free(f->media);
    g_string_free(f->lost, TRUE);
    config_free(f->config);
}

void fixture_end(Fixture *f, gconstpointer config)
{
    fixture_tear_down(f);
}

char *fixture_post(Fixture *f, const char *xml, unsigned *status)
{
    return colibri_routes_post(f->bridge, xml, strlen(xml), status);
}

void fixture_ok(Fixture *f, const char *xml)
{
    unsigned status;
    g_autofree char *answer = fixture_post(f, xml, &status);
    if (status != 200)
        g_error("status %u: %s", status, answer);
}

Endpoint *fixture_endpoint(Fixture *f, const char *id)
{
    Conference *c = bridge_find_meeting(f->bridge, "m1");
    g_assert_nonnull(c);
    Endpoint *ep = conference_find(c, id);
    g_assert_nonnull(ep);
    return ep;
}

void fixture_turn(void)
{
    while (g_main_context_iteration(NULL, FALSE))
        ;
}
