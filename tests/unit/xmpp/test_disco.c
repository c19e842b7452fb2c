/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include "common/xmpp/disco.h"
#include "tests/fakes/await.h"
#include "tests/fakes/rows.h"

#define Q(content) "<query xmlns='http://jabber.org/protocol/disco#info'>" content "</query>"

typedef struct {
    const char *name, *query, *ver; /* ver NULL: ill-formed */
} Case;

static const Case cases[] = {
    /* XEP-0115 5.2 */
    { "simple example",
      Q("<identity category='client' type='pc' name='Exodus 0.9.1'/><feature "
        "var='http://jabber.org/protocol/disco#info'/>"
        "<feature var='http://jabber.org/protocol/disco#items'/><feature var='http://jabber.org/protocol/muc'/>"
        "<feature var='http://jabber.org/protocol/caps'/>"),
      "QgayPKawpkPSDYmwT/WM94uAlu0=" },
    /* XEP-0115 5.3 */
    { "complex example",
      Q("<identity xml:lang='en' category='client' name='Psi 0.11' type='pc'/>"
        "<identity xml:lang='el' category='client' name='\xce\xa8 0.11' type='pc'/>"
        "<feature var='http://jabber.org/protocol/caps'/><feature var='http://jabber.org/protocol/disco#info'/>"
        "<feature var='http://jabber.org/protocol/disco#items'/><feature var='http://jabber.org/protocol/muc'/>"
        "<x xmlns='jabber:x:data' type='result'><field var='FORM_TYPE' "
        "type='hidden'><value>urn:xmpp:dataforms:softwareinfo</value></field>"
        "<field var='ip_version' type='text-multi'><value>ipv4</value><value>ipv6</value></field><field "
        "var='os'><value>Mac</value></field>"
        "<field var='os_version'><value>10.5.1</value></field><field var='software'><value>Psi</value></field>"
        "<field var='software_version'><value>0.11</value></field></x>"),
      "q07IKJEyjvHSyhy//CH0CxmKi8w=" },
    { "feature twice", Q("<feature var='a'/><feature var='b'/><feature var='a'/>"), NULL },
    { "identity twice", Q("<identity category='c' type='t'/><identity category='c' type='t'/>"), NULL },
};

static void test_ver(gconstpointer data)
{
    const Case *c = data;
    g_autoptr(GError) error = NULL;
    g_autoptr(Stanza) query = stanza_parse(c->query, strlen(c->query), &error);
    g_assert_no_error(error);
    g_autofree char *ver = caps_ver(query);
    g_assert_cmpstr(ver, ==, c->ver);
}

typedef struct {
    IqRouter *router;
    CapsCache *cache;
    Stanza *sent;
    GString *story;
} Fixture;

static void on_send(Stanza *stanza, gpointer user)
{
    Fixture *f = user;
    stanza_free(f->sent);
    f->sent = stanza;
}

static void set_up(Fixture *f, gconstpointer data)
{
    f->router = iq_router_new(on_send, f);
    f->cache = caps_cache_new();
    f->story = g_string_new(NULL);
}

static void tear_down(Fixture *f, gconstpointer data)
{
    iq_router_free(f->router);
    caps_cache_free(f->cache);
    stanza_free(f->sent);
    g_string_free(f->story, TRUE);
}

static void on_caps(const char *const *features, gpointer user)
{
    Fixture *f = user;
    g_autofree char *list = features ? g_strjoinv(",", (char **)features) : g_strdup("none");
    g_string_append_printf(f->story, "%s ", list);
}

static void on_caps_ignored(const char *const *features, gpointer user)
{
}

static Stanza *caps_element(const char *ver)
{
    Stanza *c = stanza_new("c", NS_CAPS);
    stanza_set(c, "hash", "sha-1");
    stanza_set(c, "node", "n");
    stanza_set(c, "ver", ver);
    return c;
}

/* Answers what was asked last with these features. */
static void answer(Fixture *f, const char *features)
{
    g_autofree char *xml =
        g_strdup_printf("<iq type='result' from='r@c/x' id='%s'>" Q("%s") "</iq>", stanza_get(f->sent, "id"), features);
    g_autoptr(Stanza) iq = stanza_parse(xml, strlen(xml), NULL);
    g_assert_nonnull(iq);
    g_assert_true(iq_router_handle(f->router, iq));
}

#define AB "<feature var='b'/><feature var='a'/>"

static char *ver_of(const char *features)
{
    g_autofree char *xml = g_strdup_printf(Q("%s"), features);
    g_autoptr(Stanza) query = stanza_parse(xml, strlen(xml), NULL);
    return caps_ver(query);
}

static void test_verified_is_cached(Fixture *f, gconstpointer data)
{
    g_autofree char *ver = ver_of(AB);
    g_autoptr(Stanza) c = caps_element(ver);
    g_assert_cmpuint(caps_lookup(f->cache, f->router, NULL, "r@c/x", c, 5000, on_caps, f), !=, 0);
    g_autofree char *node = g_strdup_printf("n#%s", ver);
    g_assert_cmpstr(stanza_get(stanza_find(f->sent, "query", NS_DISCO_INFO), "node"), ==, node);
    answer(f, AB);
    g_assert_cmpuint(caps_lookup(f->cache, f->router, NULL, "r@c/y", c, 5000, on_caps, f), ==, 0);
    g_assert_cmpstr(f->story->str, ==, "a,b a,b ");
}

static void test_wrong_hash_is_not_cached(Fixture *f, gconstpointer data)
{
    g_autofree char *ver = ver_of(AB);
    g_autoptr(Stanza) c = caps_element(ver);
    caps_lookup(f->cache, f->router, NULL, "r@c/x", c, 5000, on_caps, f);
    answer(f, "<feature var='poison'/>");
    g_assert_cmpuint(caps_lookup(f->cache, f->router, NULL, "r@c/x", c, 5000, on_caps, f), !=, 0);
    answer(f, AB);
    g_assert_cmpstr(f->story->str, ==, "poison a,b ");
}

/* Each hashes to the same as `honest`, and says something else. */
static const struct {
    const char *name, *honest, *forged;
} forgeries[] = {
    { "two features as one", AB, "<feature var='a&lt;b'/>" },
    { "a feature as form", "<feature var='p'/><feature var='q'/>",
      "<feature var='p'/><x xmlns='jabber:x:data'><field var='FORM_TYPE' type='hidden'><value>q</value></field></x>" },
    { "a feature as identity", "<feature var='http://x.y/z'/><feature var='urn:b'/>",
      "<identity category='http:' type='' xml:lang='x.y' name='z'/><feature var='urn:b'/>" },
    { "two features as identity", "<feature var='a//b/c'/><feature var='d'/>",
      "<identity category='a' type='' xml:lang='b' name='c&lt;d'/>" },
};

static void test_forged_is_not_cached(Fixture *f, gconstpointer data)
{
    for (size_t i = 0; i < G_N_ELEMENTS(forgeries); i++) {
        g_autofree char *ver = ver_of(forgeries[i].honest), *forged = ver_of(forgeries[i].forged);
        g_autoptr(Stanza) c = caps_element(ver);
        g_assert_cmpstr(ver, ==, forged);
        caps_lookup(f->cache, f->router, NULL, "r@c/x", c, 5000, on_caps, f);
        answer(f, forgeries[i].forged);
        g_assert_cmpuint(caps_lookup(f->cache, f->router, NULL, "r@c/x", c, 5000, on_caps, f), !=, 0);
        answer(f, forgeries[i].honest);
    }
}

static void test_without_caps(Fixture *f, gconstpointer data)
{
    caps_lookup(f->cache, f->router, NULL, "r@c/x", NULL, 5000, on_caps, f);
    g_assert_null(stanza_get(stanza_find(f->sent, "query", NS_DISCO_INFO), "node"));
    answer(f, AB);
    caps_lookup(f->cache, f->router, NULL, "r@c/x", NULL, 1, on_caps, f);
    AWAIT(iq_router_waiting(f->router) == 0);
    g_assert_cmpstr(f->story->str, ==, "a,b none ");
}

static void test_cancel(Fixture *f, gconstpointer data)
{
    guint lookup = caps_lookup(f->cache, f->router, NULL, "r@c/x", NULL, 5000, on_caps, f);
    caps_cancel(f->cache, lookup);
    caps_cancel(f->cache, lookup);
    answer(f, AB);
    g_assert_cmpstr(f->story->str, ==, "");
    caps_lookup(f->cache, f->router, NULL, "r@c/x", NULL, 5000, on_caps, f);
    caps_cache_free(f->cache); /* before the answer */
    answer(f, AB);
    g_assert_cmpstr(f->story->str, ==, "a,b ");
    f->cache = caps_cache_new();
}

static void test_bounded(Fixture *f, gconstpointer data)
{
    g_autofree char *first_ver = NULL;
    for (guint i = 0; i <= CAPS_MAX_CACHED; i++) {
        g_autofree char *features = g_strdup_printf("<feature var='f%u'/>", i);
        g_autofree char *ver = ver_of(features);
        g_autoptr(Stanza) c = caps_element(ver);
        g_assert_cmpuint(caps_lookup(f->cache, f->router, NULL, "r@c/x", c, 5000, on_caps_ignored, f), !=, 0);
        answer(f, features);
        if (i == 0)
            first_ver = g_steal_pointer(&ver);
    }
    g_autoptr(Stanza) first = caps_element(first_ver);
    g_assert_cmpuint(caps_lookup(f->cache, f->router, NULL, "r@c/x", first, 5000, on_caps_ignored, f), !=, 0);
}

static void test_too_many_features(Fixture *f, gconstpointer data)
{
    GString *features = g_string_new(NULL);
    for (guint i = 0; i <= DISCO_MAX_FEATURES; i++)
        g_string_append_printf(features, "<feature var='f%u'/>", i);
    caps_lookup(f->cache, f->router, NULL, "r@c/x", NULL, 5000, on_caps, f);
    answer(f, features->str);
    g_assert_cmpstr(f->story->str, ==, "none ");
    g_string_free(features, TRUE);
}

static void test_own(Fixture *f, gconstpointer data)
{
    static const char *const features[] = { "z", "a", NULL };
    g_autoptr(Disco) d = disco_new(f->router, "conference", "focus", "Plenum", "http://n", features);
    g_autoptr(Stanza) c = disco_caps_element(d);
    const char *asks[] = { "", "node='http://n#%s'", "node='http://n#other'" };
    for (guint i = 0; i < G_N_ELEMENTS(asks); i++) {
        GString *xml =
            g_string_new("<iq type='get' id='1' from='u@d/r'><query xmlns='http://jabber.org/protocol/disco#info' ");
        if (i == 1)
            g_string_append_printf(xml, "node='http://n#%s'", stanza_get(c, "ver"));
        else
            g_string_append(xml, asks[i]);
        g_string_append(xml, "/></iq>");
        g_autoptr(Stanza) iq = stanza_parse(xml->str, xml->len, NULL);
        iq_router_handle(f->router, iq);
        g_string_free(xml, TRUE);
        g_assert_cmpstr(stanza_get(f->sent, "type"), ==, i == 2 ? "error" : "result");
        if (i == 2)
            break;
        g_autofree char *ver = caps_ver(stanza_find(f->sent, "query", NS_DISCO_INFO));
        g_assert_cmpstr(ver, ==, stanza_get(c, "ver"));
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD_ROWS("/xmpp/caps", cases, test_ver);
#define ADD(name, func) g_test_add("/xmpp/caps/" name, Fixture, NULL, set_up, func, tear_down)
    ADD("verified is cached", test_verified_is_cached);
    ADD("wrong hash is not cached", test_wrong_hash_is_not_cached);
    ADD("forged is not cached", test_forged_is_not_cached);
    ADD("without caps", test_without_caps);
    ADD("cancel", test_cancel);
    ADD("bounded", test_bounded);
    ADD("too many features", test_too_many_features);
    ADD("own", test_own);
    return g_test_run();
}
