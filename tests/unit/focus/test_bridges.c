/* SPDX-License-Identifier: Apache-2.0
 *
 * Pool and selection. Bridges are told as presence: "jid key=value ..."; several, separated by ";". */
#include "focus/bridge_select.h"
#include "tests/fakes/rows.h"

#define NOW 1000000

static BridgeChange say(BridgePool *pool, const char *text, int64_t now_ms)
{
    g_auto(GStrv) words = g_strsplit(text, " ", -1);
    g_autoptr(Stanza) presence = stanza_new("presence", "jabber:client");
    if (words[1]) {
        Stanza *stats = stanza_child(presence, "stats", "http://jitsi.org/protocol/colibri", NULL);
        for (char **w = words + 1; *w; w++) {
            g_auto(GStrv) pair = g_strsplit(*w, "=", 2);
            stanza_child(stats, "stat", NULL, "name", pair[0], "value", pair[1], NULL);
        }
    }
    return bridge_pool_presence(pool, words[0], presence, now_ms);
}

static BridgePool *pool_of(const char *bridges)
{
    const BridgePoolConfig config = BRIDGE_POOL_CONFIG_DEFAULT;
    BridgePool *pool = bridge_pool_new(&config);
    g_auto(GStrv) each = g_strsplit(bridges, ";", -1);
    for (char **b = each; *b; b++) {
        if (**b)
            say(pool, *b, NOW);
    }
    return pool;
}

/* --- selection -------------------------------------------------------------------------------------- */

typedef struct {
    const char *name, *bridges, *region, *used, *version;
    bool mixed;
    const char *want; /* NULL: none */
} SelectCase;

#define OK " drain=false"
static const SelectCase selects[] = {
    { "nobody", "", "", NULL, "", false, NULL },
    { "the only one", "x" OK, "", NULL, "", false, "x" },
    { "the only one says nothing", "x", "", NULL, "", false, "x" },
    { "least loaded", "x stress_level=0.5" OK ";y stress_level=0.2" OK ";z stress_level=0.3" OK, "", NULL, "", false,
      "y" },
    { "first of equals", "x" OK ";y" OK, "", NULL, "", false, "x" },
    { "the region", "x region=us" OK ";y region=eu stress_level=0.7" OK, "eu", NULL, "", false, "y" },
    { "least loaded of the region", "x region=eu stress_level=0.7" OK ";y region=eu stress_level=0.6" OK ";z" OK, "eu",
      NULL, "", false, "y" },
    { "a region without bridges", "x region=us" OK ";y region=eu" OK, "asia", NULL, "", false, "x" },
    { "no region: that of the focus", "x region=us" OK ";y region=home stress_level=1" OK, "", NULL, "", false, "y" },
    { "draining is avoided", "x drain=true;y stress_level=0.9" OK, "", NULL, "", false, "y" },
    { "draining is better than none", "x drain=true", "", NULL, "", false, "x" },
    { "drain is assumed until told", "x stress_level=0;y stress_level=0.9" OK, "", NULL, "", false, "y" },
    { "graceful is avoided", "x graceful_shutdown=true" OK ";y stress_level=0.9" OK, "", NULL, "", false, "y" },
    { "graceful is better than none", "x graceful_shutdown=true" OK, "", NULL, "", false, "x" },
    { "draining is worse than graceful", "x drain=true;y graceful_shutdown=true" OK, "", NULL, "", false, "y" },
    { "shutting down is never taken", "x shutting_down=true" OK, "", NULL, "", false, NULL },
    { "unhealthy is never taken", "x healthy=false" OK, "", NULL, "", false, NULL },
    { "version", "x version=1 release=a" OK ";y version=1 release=b stress_level=0.9" OK, "", NULL, "1-b", false, "y" },
    { "version nobody has", "x version=1 release=a" OK, "", NULL, "1-b", false, NULL },
    { "mixed versions", "x version=1 release=a" OK, "", NULL, "1-b", true, "x" },
    { "the conference's bridge", "x stress_level=0.9" OK ";y" OK, "", "x", "", false, "x" },
    { "the conference's bridge, though it drains", "x drain=true;y" OK, "", "x", "", false, "x" },
    { "the conference's bridge, in another region", "x region=us" OK ";y region=eu" OK, "eu", "x", "", false, "x" },
    { "the conference's bridge is gone", "y" OK, "", "x", "", false, "y" },
    { "the conference's bridge shuts down", "x shutting_down=true" OK ";y" OK, "", "x", "", false, "y" },
    { "stress that is no number", "x stress_level=nan" OK ";y stress_level=-1" OK ";z stress_level=1e400" OK, "", NULL,
      "", false, "x" },
};

static void test_select(gconstpointer data)
{
    const SelectCase *c = data;
    g_autoptr(BridgePool) pool = pool_of(c->bridges);
    const char *used[] = { c->used, NULL };
    const BridgeWish wish = { .region = c->region,
                              .local_region = "home",
                              .used = used,
                              .version = c->version,
                              .allow_mixed_versions = c->mixed };
    const Bridge *b = bridge_select(pool, &wish, NOW);
    g_assert_cmpstr(b ? b->jid : NULL, ==, c->want);
}

static const char *chosen(BridgePool *pool, int64_t now_ms)
{
    const BridgeWish wish = { 0 };
    const Bridge *b = bridge_select(pool, &wish, now_ms);
    return b ? b->jid : NULL;
}

static void test_added_endpoints_count(void)
{
    g_autoptr(BridgePool) pool =
        pool_of("x stress_level=0.10 average_participant_stress=0.05" OK ";y stress_level=0.18" OK);
    g_assert_cmpstr(chosen(pool, NOW), ==, "x");
    bridge_pool_endpoint_added(pool, "x", NOW);
    g_assert_cmpstr(chosen(pool, NOW), ==, "x"); /* 0.15 */
    bridge_pool_endpoint_added(pool, "x", NOW + 1000);
    g_assert_cmpstr(chosen(pool, NOW + 1000), ==, "y");  /* 0.20 */
    g_assert_cmpstr(chosen(pool, NOW + 20000), ==, "x"); /* the first has shown in the report by now */
    bridge_pool_endpoint_added(pool, "nobody", NOW);
    const BridgePoolConfig *config = bridge_pool_config(pool);
    const Bridge *x = bridge_pool_find(pool, "x");
    for (guint i = 0; i < 2 * BRIDGE_MAX_RECENT; i++)
        bridge_pool_endpoint_added(pool, "x", NOW + 2000);
    g_assert_cmpfloat_with_epsilon(bridge_corrected_stress(x, config, NOW + 2000), 0.10 + 0.05 * BRIDGE_MAX_RECENT,
                                   1e-9);
    g_assert_true(bridge_is_overloaded(x, config, NOW + 2000));
    g_assert_false(bridge_is_overloaded(x, config, NOW + 22000));
}

static void test_failed(void)
{
    g_autoptr(BridgePool) pool = pool_of("x" OK);
    g_assert_false(bridge_pool_mark_healthy(pool, "x", NOW)); /* it was not ill */
    bridge_pool_mark_failed(pool, "x", NOW);
    bridge_pool_mark_failed(pool, "nobody", NOW);
    g_assert_null(chosen(pool, NOW));
    g_assert_false(bridge_pool_mark_healthy(pool, "x", NOW + 59999)); /* too soon */
    g_assert_null(chosen(pool, NOW + 59999));
    g_assert_true(bridge_pool_mark_healthy(pool, "x", NOW + 60000));
    g_assert_cmpstr(chosen(pool, NOW + 60000), ==, "x");
    bridge_pool_mark_graceful(pool, "x");
    say(pool, "x graceful_shutdown=false", NOW); /* sticky */
    g_assert_true(bridge_pool_find(pool, "x")->graceful);
}

static void test_full(void)
{
    g_autoptr(BridgePool) pool = pool_of("x" OK ";y stress_level=0.5" OK);
    const char *used[] = { "x", NULL };
    const BridgeWish more = { .used = used };
    bridge_pool_mark_full(pool, "x", NOW);
    bridge_pool_mark_full(pool, "nobody", NOW);
    g_assert_cmpstr(chosen(pool, NOW), ==, "y");
    g_assert_cmpstr(bridge_select(pool, &more, NOW)->jid, ==, "x"); /* what it has stays there */
    bridge_pool_mark_full(pool, "y", NOW + 1);
    g_assert_null(chosen(pool, NOW + 1));
    g_assert_cmpstr(chosen(pool, NOW + BRIDGE_FULL_MS), ==, "x");
    g_assert_true(bridge_is_operational(bridge_pool_find(pool, "y")));
}

static void test_presence(void)
{
    g_autoptr(BridgePool) pool = pool_of("");
    g_assert_cmpint(say(pool, "x", NOW), ==, BRIDGE_ADDED);
    g_assert_cmpint(say(pool, "x stress_level=0.4 version=2.3 region=eu relay_id=r1", NOW), ==, BRIDGE_SEEN);
    const Bridge *x = bridge_pool_find(pool, "x");
    g_assert_cmpstr(x->version, ==, "2.3");
    g_assert_cmpint(say(pool, "x region=us release=r1", NOW + 5000), ==, BRIDGE_SEEN);
    g_assert_cmpstr(x->version, ==, "2.3"); /* last value kept */
    g_assert_cmpstr(x->region, ==, "us");
    g_assert_cmpstr(x->relay_id, ==, "r1");
    g_assert_cmpfloat(x->stress, ==, 0.4);
    g_assert_cmpint(x->seen_ms, ==, NOW + 5000);
    g_assert_true(x->draining);
    g_assert_cmpint(say(pool, "x healthy=false", NOW), ==, BRIDGE_FAILED);
    g_assert_cmpint(say(pool, "x healthy=false", NOW), ==, BRIDGE_SEEN);
    g_assert_cmpint(say(pool, "x healthy=true", NOW), ==, BRIDGE_ADDED);
    g_assert_cmpint(say(pool, "x shutting_down=true", NOW), ==, BRIDGE_FAILED);
    g_assert_cmpint(say(pool, "x shutting_down=false", NOW), ==, BRIDGE_SEEN); /* sticky */
    g_assert_cmpint(say(pool, "y shutting_down=true", NOW), ==, BRIDGE_FAILED);
    g_assert_true(bridge_pool_remove(pool, "x"));
    g_assert_false(bridge_pool_remove(pool, "x"));
    g_assert_cmpuint(bridge_pool_size(pool), ==, 1);
}

static void test_limit(void)
{
    g_autoptr(BridgePool) pool = pool_of("");
    for (guint i = bridge_pool_size(pool); i < BRIDGE_POOL_MAX; i++) {
        g_autofree char *jid = g_strdup_printf("b%u", i);
        g_assert_cmpint(say(pool, jid, NOW), ==, BRIDGE_ADDED);
    }
    g_assert_cmpint(say(pool, "one-more", NOW), ==, BRIDGE_REFUSED);
    g_assert_cmpint(say(pool, "b7", NOW), ==, BRIDGE_SEEN);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD_ROWS("/bridges/select", selects, test_select);
    g_test_add_func("/bridges/added endpoints count", test_added_endpoints_count);
    g_test_add_func("/bridges/failed", test_failed);
    g_test_add_func("/bridges/full", test_full);
    g_test_add_func("/bridges/presence", test_presence);
    g_test_add_func("/bridges/limit", test_limit);
    return g_test_run();
}
