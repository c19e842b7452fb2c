/* SPDX-License-Identifier: Apache-2.0 */
#include <glib.h>
#include <stdlib.h>
#include "bridge/transport/candidates.h"
#include "tests/fakes/rows.h"

/* A row: interface addresses, options, and the candidates expected as "type ip:port priority-order". */
typedef struct {
    const char *name, *addrs, *announced, *options, *want;
} Case;

static const Case cases[] = {
    { "public", "203.0.113.1", "", "", "host 203.0.113.1:10000" },
    { "loopback and link-local left out", "127.0.0.1 169.254.1.1 203.0.113.1 ::1 fe80::1", "", "",
      "host 203.0.113.1:10000" },
    { "loopback asked for", "127.0.0.1 ::1", "", "loopback", "host 127.0.0.1:10000|host [::1]:10000" },
    { "link-local asked for", "169.254.1.1", "", "link-local", "host 169.254.1.1:10000" },
    { "both families", "203.0.113.1 2001:db8::1", "", "", "host 203.0.113.1:10000|host [2001:db8::1]:10000" },
    { "only v4", "203.0.113.1 2001:db8::1", "", "no6", "host 203.0.113.1:10000" },
    { "only v6", "203.0.113.1 2001:db8::1", "", "no4", "host [2001:db8::1]:10000" },
    { "nat", "10.0.0.5", "any=203.0.113.9", "", "host 10.0.0.5:10000|srflx 203.0.113.9:10000" },
    { "nat, private hidden", "10.0.0.5", "any=203.0.113.9", "hide", "srflx 203.0.113.9:10000 hidden" },
    { "private without mapping is not hidden", "10.0.0.5", "", "hide", "host 10.0.0.5:10000" },
    { "mapping of one address", "10.0.0.5 10.0.0.6", "10.0.0.6=203.0.113.9", "hide",
      "host 10.0.0.5:10000|srflx 203.0.113.9:10000 hidden" },
    { "one public address for two", "10.0.0.5 10.0.0.6", "any=203.0.113.9", "",
      "host 10.0.0.5:10000|host 10.0.0.6:10000|srflx 203.0.113.9:10000" },
    { "mapping is the address itself", "203.0.113.9", "any=203.0.113.9", "", "host 203.0.113.9:10000" },
    { "mapping of the other family", "2001:db8::1", "any=203.0.113.9", "", "host [2001:db8::1]:10000" },
    { "same address twice", "203.0.113.1 203.0.113.1", "", "", "host 203.0.113.1:10000" },
    { "none", "", "any=203.0.113.9", "", "" },
};

static void test_case(gconstpointer data)
{
    const Case *c = data;
    Tuple addrs[16];
    size_t n = 0;
    AnnouncedAddress map = { 0 };
    CandidateOptions opt = { .port = 10000,
                             .ipv4 = !strstr(c->options, "no4"),
                             .ipv6 = !strstr(c->options, "no6"),
                             .loopback = strstr(c->options, "loopback") != NULL,
                             .link_local = strstr(c->options, "link-local") != NULL,
                             .hide_private = strstr(c->options, "hide") != NULL,
                             .announced = &map };
    g_auto(GStrv) words = g_strsplit(c->addrs, " ", -1);
    for (char **w = words; *w; w++)
        if (**w)
            g_assert_true(tuple_parse(*w, 0, 0, &addrs[n++]));
    if (*c->announced) {
        g_auto(GStrv) pair = g_strsplit(c->announced, "=", 2);
        if (strcmp(pair[0], "any") != 0)
            g_assert_true(tuple_parse(pair[0], 0, 0, &map.local));
        g_assert_true(tuple_parse(pair[1], 0, 0, &map.public));
        opt.n_announced = 1;
    }
    LocalCandidate out[CANDIDATES_MAX];
    size_t got = candidates_from_addresses(&opt, addrs, n, out);
    g_autoptr(GString) s = g_string_new(NULL);
    for (size_t i = 0; i < got; i++) {
        char text[TUPLE_TEXT_MAX];
        g_string_append_printf(s, "%s%s %s%s", i ? "|" : "", out[i].type == CANDIDATE_HOST ? "host" : "srflx",
                               tuple_text(&out[i].addr, text), out[i].hide_base ? " hidden" : "");
        if (i)
            g_assert_cmpuint(out[i].priority, <, out[i - 1].priority);
        for (size_t j = 0; j < i; j++)
            g_assert_cmpstr(out[i].foundation, !=, out[j].foundation);
    }
    g_assert_cmpstr(s->str, ==, c->want);
}

static void test_priorities(void)
{
    Tuple a;
    LocalCandidate out[CANDIDATES_MAX];
    AnnouncedAddress map = { 0 };
    g_assert_true(tuple_parse("10.0.0.5", 0, 0, &a));
    g_assert_true(tuple_parse("203.0.113.9", 0, 0, &map.public));
    CandidateOptions opt = { .port = 10000, .ipv4 = true, .announced = &map, .n_announced = 1 };
    g_assert_cmpuint(candidates_from_addresses(&opt, &a, 1, out), ==, 2);
    g_assert_cmpuint(out[0].priority, ==, 2130706431);
    g_assert_cmpuint(out[1].priority, ==, 1694498815);
    g_assert_true(tuple_equal(&out[1].base, &out[0].addr));
    map.public.port = 443;
    candidates_from_addresses(&opt, &a, 1, out);
    g_assert_cmpuint(out[1].addr.port, ==, 443);
}

static void test_limit(void)
{
    Tuple addrs[60];
    LocalCandidate out[CANDIDATES_MAX];
    for (int i = 0; i < 60; i++) {
        g_assert_true(tuple_parse("203.0.113.1", 0, 0, &addrs[i]));
        addrs[i].ip[3] = (uint8_t)i;
    }
    CandidateOptions opt = { .port = 1, .ipv4 = true };
    g_assert_cmpuint(candidates_from_addresses(&opt, addrs, 60, out), ==, CANDIDATES_MAX);
}

static void test_private(void)
{
    static const struct {
        const char *ip;
        bool is;
    } rows[] = { { "10.1.2.3", true },    { "172.16.0.1", true }, { "172.31.0.1", true },   { "172.32.0.1", false },
                 { "192.168.1.1", true }, { "100.64.0.1", true }, { "100.128.0.1", false }, { "8.8.8.8", false },
                 { "127.0.0.1", true },   { "fd00::1", true },    { "fe80::1", true },      { "2001:db8::1", false },
                 { "::1", true } };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        Tuple t;
        g_assert_true(tuple_parse(rows[i].ip, 0, 0, &t));
        g_assert_true(candidate_is_private(&t) == rows[i].is);
    }
}

static void test_system(void)
{
    LocalCandidate out[CANDIDATES_MAX];
    Tuple only;
    CandidateOptions opt = { .port = 10000, .ipv4 = true, .loopback = true, .only = &only, .n_only = 1 };
    g_assert_true(tuple_parse("127.0.0.1", 0, 0, &only));
    g_assert_cmpuint(candidates_gather(&opt, out), ==, 1);
    g_assert_true(out[0].addr.ip[0] == 127);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD_ROWS("/candidates", cases, test_case);
    g_test_add_func("/candidates/priorities", test_priorities);
    g_test_add_func("/candidates/limit", test_limit);
    g_test_add_func("/candidates/private", test_private);
    g_test_add_func("/candidates/system", test_system);
    return g_test_run();
}
