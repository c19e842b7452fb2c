/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include "common/xmpp/jid.h"
#include "tests/fakes/rows.h"

typedef struct {
    const char *name, *in;
    const char *full; /* NULL: refused */
    const char *bare, *local, *domain, *resource;
} Case;

static const Case cases[] = {
    { "domain", "meet.example", "meet.example", "meet.example", "", "meet.example", "" },
    { "bare", "a@b", "a@b", "a@b", "a", "b", "" },
    { "full", "a@b/c", "a@b/c", "a@b", "a", "b", "c" },
    { "resource of a domain", "b/c", "b/c", "b", "", "b", "c" },
    { "case folds but for the resource", "Room@Conf.Example/NiCk", "room@conf.example/NiCk", "room@conf.example",
      "room", "conf.example", "NiCk" },
    { "at and slash in the resource", "a@b/c@d/e", "a@b/c@d/e", "a@b", "a", "b", "c@d/e" },
    { "at only in the resource", "b/c@d", "b/c@d", "b", "", "b", "c@d" },
    { "space in the resource", "a@b/x y", "a@b/x y", "a@b", "a", "b", "x y" },
    { "final dot", "a@b.", "a@b", "a@b", "a", "b", "" },
    { "umlaut folds", "\xc3\x84@b", "\xc3\xa4@b", "\xc3\xa4@b", "\xc3\xa4", "b", "" },
    { "decomposed composes", "a\xcc\x88@b", "\xc3\xa4@b", "\xc3\xa4@b", "\xc3\xa4", "b", "" },
    { "escaped local", "a\\20b@c", "a\\20b@c", "a\\20b@c", "a\\20b", "c", "" },
    { "ipv6 domain", "a@[::1]", "a@[::1]", "a@[::1]", "a", "[::1]", "" },
    { "empty", "", NULL, 0, 0, 0, 0 },
    { "empty local", "@b", NULL, 0, 0, 0, 0 },
    { "empty domain", "a@", NULL, 0, 0, 0, 0 },
    { "two final dots", "a@b..", NULL, 0, 0, 0, 0 },
    { "two final dots behind a colon", ":..", NULL, 0, 0, 0, 0 },
    { "empty domain with resource", "a@/c", NULL, 0, 0, 0, 0 },
    { "empty resource", "a@b/", NULL, 0, 0, 0, 0 },
    { "only a dot", "a@.", NULL, 0, 0, 0, 0 },
    { "two dots", "a@b..c", NULL, 0, 0, 0, 0 },
    { "two ats", "a@b@c", NULL, 0, 0, 0, 0 },
    { "space in local", "a b@c", NULL, 0, 0, 0, 0 },
    { "quote in local", "a\"b@c", NULL, 0, 0, 0, 0 },
    { "angle in local", "a<b@c", NULL, 0, 0, 0, 0 },
    { "control in resource", "a@b/\x01", NULL, 0, 0, 0, 0 },
    { "broken utf-8", "a@b/\xff", NULL, 0, 0, 0, 0 },
};

static void test_case(gconstpointer data)
{
    const Case *c = data;
    g_autoptr(Jid) jid = jid_parse(c->in);
    g_assert_true((jid != NULL) == (c->full != NULL));
    if (!jid)
        return;
    g_assert_cmpstr(jid->full, ==, c->full);
    g_assert_cmpstr(jid->bare, ==, c->bare);
    g_assert_cmpstr(jid->local, ==, c->local);
    g_assert_cmpstr(jid->domain, ==, c->domain);
    g_assert_cmpstr(jid->resource, ==, c->resource);
    g_autoptr(Jid) again = jid_parse(jid->full);
    g_autoptr(Jid) copy = jid_copy(jid);
    g_assert_true(jid_equal(jid, again) && jid_equal(jid, copy));
}

static char *part(size_t n)
{
    char *s = g_malloc(n + 1);
    memset(s, 'x', n);
    s[n] = '\0';
    return s;
}

static void test_limits(void)
{
    g_autofree char *most = part(JID_MAX_PART), *more = part(JID_MAX_PART + 1);
    g_autoptr(Jid) fits = jid_build(most, most, most);
    g_assert_nonnull(fits);
    g_assert_cmpuint(strlen(fits->full), ==, JID_MAX_LEN);
    g_assert_null(jid_build(more, "b", NULL));
    g_assert_null(jid_build(NULL, more, NULL));
    g_assert_null(jid_build(NULL, "b", more));
    g_autofree char *long_text = g_strdup_printf("%s@%s/%sy", most, most, most);
    g_assert_null(jid_parse(long_text));
    g_assert_null(jid_parse(NULL));
}

static void expect(Jid *jid, gboolean ok)
{
    g_assert_true((jid != NULL) == ok);
    jid_free(jid);
}

static void test_shapes(void)
{
    expect(jid_parse_bare("a@b"), TRUE);
    expect(jid_parse_bare("b"), TRUE);
    expect(jid_parse_bare("a@b/c"), FALSE);
    expect(jid_parse_full("a@b/c"), TRUE);
    expect(jid_parse_full("b/c"), FALSE);
    expect(jid_parse_occupant("a@b"), FALSE);
    expect(jid_parse_occupant("a@b/c"), TRUE);
    expect(jid_parse_room("a@b"), TRUE);
    expect(jid_parse_room("b"), FALSE);
    expect(jid_parse_room("a@b/c"), FALSE);
    expect(jid_build("a", "b", "c/d"), TRUE);
    expect(jid_build("a/x", "b", NULL), FALSE);
    expect(jid_build("", "b", NULL), FALSE);
    g_autoptr(Jid) jid = jid_parse("x@Meet.Example");
    g_assert_true(jid_is_in(jid, "MEET.example"));
    g_assert_false(jid_is_in(jid, "t.example"));
    g_assert_cmpstr(jid_text_resource("a@b/c/d"), ==, "c/d");
    g_assert_cmpstr(jid_text_resource("a@b"), ==, "");
    g_autofree char *bare = jid_text_bare("a@b/c/d");
    g_assert_cmpstr(bare, ==, "a@b");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD_ROWS("/xmpp/jid", cases, test_case);
    g_test_add_func("/xmpp/jid/limits", test_limits);
    g_test_add_func("/xmpp/jid/shapes", test_shapes);
    return g_test_run();
}
