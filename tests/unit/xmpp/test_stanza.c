/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include "common/xmpp/stanza.h"
#include "tests/fakes/rows.h"

typedef struct {
    const char *name, *in;
    const char *out; /* what is written back; NULL: refused */
    int code;        /* StanzaParseError when refused */
} Case;

static const Case cases[] = {
    { "smallest", "<a/>", "<a/>", 0 },
    { "declaration", "<?xml version='1.0'?><a/>", "<a/>", 0 },
    { "same namespace is not repeated", "<a xmlns='x'><b xmlns='x'/></a>", "<a xmlns=\"x\"><b/></a>", 0 },
    { "other namespace is written", "<a xmlns='x'><b xmlns='y'><c/></b></a>",
      "<a xmlns=\"x\"><b xmlns=\"y\"><c/></b></a>", 0 },
    { "prefix becomes default", "<p:a xmlns:p='x' i='1'><p:b/><q:c xmlns:q='y'/></p:a>",
      "<a xmlns=\"x\" i=\"1\"><b/><c xmlns=\"y\"/></a>", 0 },
    { "namespace undone", "<a xmlns='x'><b xmlns=''/></a>", "<a xmlns=\"x\"><b xmlns=\"\"/></a>", 0 },
    { "xml:lang stays", "<a xml:lang='de'/>", "<a xml:lang=\"de\"/>", 0 },
    { "other prefixed attribute is left out", "<a xmlns:z='zz' z:k='1' k='2'/>", "<a k=\"2\"/>", 0 },
    { "entities of XML", "<a k='&lt;&quot;&#10;&amp;'>&lt;&gt;&amp;&apos;&#x41;</a>",
      "<a k=\"&lt;&quot;&#10;&amp;\">&lt;&gt;&amp;'A</a>", 0 },
    { "cdata is text", "<a><![CDATA[<x a=\"1\">]]></a>", "<a>&lt;x a=\"1\"&gt;</a>", 0 },
    { "text around children", "<a>1<b/>2</a>", "<a>1<b/>2</a>", 0 },
    { "utf-8", "<a>\xc3\xa4\xf0\x9f\x98\x80</a>", "<a>\xc3\xa4\xf0\x9f\x98\x80</a>", 0 },
    { "gt in attribute", "<a k='x>y'><b/></a>", "<a k=\"x&gt;y\"><b/></a>", 0 },
    { "empty", "", NULL, STANZA_ERROR_SYNTAX },
    { "not closed", "<a>", NULL, STANZA_ERROR_SYNTAX },
    { "two roots", "<a/><b/>", NULL, STANZA_ERROR_SYNTAX },
    { "wrong end", "<a></b>", NULL, STANZA_ERROR_SYNTAX },
    { "attribute twice", "<a k='1' k='2'/>", NULL, STANZA_ERROR_SYNTAX },
    { "undeclared prefix", "<p:a/>", NULL, STANZA_ERROR_SYNTAX },
    { "undeclared prefix of an attribute", "<a p:k='1'/>", NULL, STANZA_ERROR_SYNTAX },
    { "unknown entity", "<a>&nbsp;</a>", NULL, STANZA_ERROR_SYNTAX },
    { "broken utf-8", "<a>\xc3(</a>", NULL, STANZA_ERROR_SYNTAX },
    { "control character", "<a>\x01</a>", NULL, STANZA_ERROR_SYNTAX },
    { "control character as reference", "<a>&#1;</a>", NULL, STANZA_ERROR_SYNTAX },
    { "text only", "hello", NULL, STANZA_ERROR_SYNTAX },
    { "doctype", "<!DOCTYPE a [<!ENTITY e 'x'>]><a>&e;</a>", NULL, STANZA_ERROR_FORBIDDEN },
    { "external doctype", "<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>", NULL, STANZA_ERROR_FORBIDDEN },
    { "comment", "<a><!-- c --></a>", NULL, STANZA_ERROR_FORBIDDEN },
    { "processing instruction", "<a><?p x?></a>", NULL, STANZA_ERROR_FORBIDDEN },
};

static void test_case(gconstpointer data)
{
    const Case *c = data;
    g_autoptr(GError) error = NULL;
    size_t len = strlen(c->in);
    char *exact = g_memdup2(c->in, MAX(len, 1)); /* no terminator: a sanitizer sees one byte too many */
    g_autoptr(Stanza) s = stanza_parse(exact, len, &error);
    g_free(exact);
    if (!c->out) {
        g_assert_null(s);
        g_assert_error(error, STANZA_ERROR, c->code);
        return;
    }
    g_assert_no_error(error);
    g_autofree char *out = stanza_to_string(s);
    g_assert_cmpstr(out, ==, c->out);
    g_autoptr(Stanza) copy = stanza_copy(s);
    g_autofree char *again = stanza_to_string(copy);
    g_assert_cmpstr(again, ==, c->out);
    g_autoptr(Stanza) reread = stanza_parse(out, strlen(out), &error);
    g_assert_no_error(error);
    g_autofree char *third = stanza_to_string(reread);
    g_assert_cmpstr(third, ==, c->out);
}

typedef struct {
    const char *name, *unit; /* repeated n times between "<r>" and "</r>", or inside the tag */
    unsigned n;
    gboolean in_tag, ok;
} Limit;

static const Limit limits[] = {
    { "depth at the limit", "<d>", STANZA_MAX_DEPTH - 1, FALSE, TRUE },
    { "depth over it", "<d>", STANZA_MAX_DEPTH, FALSE, FALSE },
    { "elements at the limit", "<e/>", STANZA_MAX_ELEMENTS - 1, FALSE, TRUE },
    { "elements over it", "<e/>", STANZA_MAX_ELEMENTS, FALSE, FALSE },
    { "attributes at the limit", " a%u='=>'", STANZA_MAX_ATTRIBUTES, TRUE, TRUE },
    { "attributes over it", " a%u='=>'", STANZA_MAX_ATTRIBUTES + 1, TRUE, FALSE },
    { "bytes at the limit", "x", STANZA_MAX_BYTES - 7, FALSE, TRUE },
    { "bytes over it", "x", STANZA_MAX_BYTES - 6, FALSE, FALSE },
    { "bytes as entities", "&lt;", (STANZA_MAX_BYTES - 7) / 4, FALSE, TRUE },
};

static void test_limit(gconstpointer data)
{
    const Limit *l = data;
    GString *xml = g_string_new(l->in_tag ? "<r" : "<r>");
    for (unsigned i = 0; i < l->n; i++) {
        if (l->in_tag)
            g_string_append_printf(xml, " a%u='=>'", i);
        else
            g_string_append(xml, l->unit);
    }
    if (strcmp(l->unit, "<d>") == 0)
        for (unsigned i = 0; i < l->n; i++)
            g_string_append(xml, "</d>");
    g_string_append(xml, l->in_tag ? "/>" : "</r>");
    g_autoptr(GError) error = NULL;
    g_autoptr(Stanza) s = stanza_parse(xml->str, xml->len, &error);
    if (l->ok)
        g_assert_no_error(error);
    else
        g_assert_error(error, STANZA_ERROR, STANZA_ERROR_TOO_LARGE);
    g_assert_true((s != NULL) == l->ok);
    g_string_free(xml, TRUE);
}

static void test_build(void)
{
    g_autoptr(Stanza) iq = stanza_new("iq", NULL);
    stanza_set(iq, "type", "set");
    stanza_set(iq, "gone", "x");
    stanza_set(iq, "gone", NULL);
    stanza_set(iq, "type", "get");
    Stanza *jingle =
        stanza_child(iq, "jingle", "urn:xmpp:jingle:1", "action", "session-initiate", "sid", NULL, "x", "<&>", NULL);
    Stanza *content = stanza_child(jingle, "content", NULL, NULL);
    stanza_set_int(content, "n", -9007199254740993);
    Stanza *text = stanza_child(content, "t", "other", NULL);
    stanza_set_text(text, "one");
    stanza_set_text(text, "a<b\x02 \xff");
    g_autofree char *out = stanza_to_string(iq);
    g_assert_cmpstr(
        out, ==,
        "<iq type=\"get\"><jingle xmlns=\"urn:xmpp:jingle:1\" action=\"session-initiate\" x=\"&lt;&amp;&gt;\">"
        "<content n=\"-9007199254740993\"><t xmlns=\"other\">a&lt;b\xef\xbf\xbd \xef\xbf\xbd</t></content>"
        "</jingle></iq>");
    g_assert_cmpstr(stanza_ns(content), ==, "urn:xmpp:jingle:1");
    g_assert_cmpstr(stanza_ns(iq), ==, "");
    const char *borrowed = stanza_get(jingle, "action");
    g_assert_true(borrowed == stanza_get(jingle, "action")); /* no allocation */
    g_assert_null(stanza_get(jingle, "sid"));
}

static void test_adopt(void)
{
    g_autoptr(Stanza) iq = stanza_new("iq", "jabber:client");
    Stanza *payload = stanza_new("p", NULL);
    stanza_child(payload, "q", NULL, NULL);
    stanza_child(payload, "r", "other", NULL);
    g_assert_true(stanza_adopt(iq, payload) == payload);
    stanza_adopt(payload, stanza_new("s", "jabber:client"));
    g_autofree char *out = stanza_to_string(iq);
    g_assert_cmpstr(out, ==, "<iq xmlns=\"jabber:client\"><p><q/><r xmlns=\"other\"/><s/></p></iq>");
}

static void test_find(void)
{
    const char *xml = "<r xmlns='x'>t<a i='1'/><b/><a xmlns='y' i='2'/><a i='3'/></r>";
    g_autoptr(Stanza) r = stanza_parse(xml, strlen(xml), NULL);
    g_assert_nonnull(r);
    Stanza *a = stanza_find(r, "a", "x");
    g_assert_cmpstr(stanza_get(a, "i"), ==, "1");
    a = stanza_next(a, "a", "x");
    g_assert_cmpstr(stanza_get(a, "i"), ==, "3");
    g_assert_null(stanza_next(a, "a", "x"));
    a = stanza_find(r, "a", "y");
    g_assert_cmpstr(stanza_get(a, "i"), ==, "2");
    unsigned n = 0;
    for (Stanza *c = stanza_find(r, NULL, NULL); c; c = stanza_next(c, NULL, NULL))
        n++;
    g_assert_cmpuint(n, ==, 4);
    g_assert_null(stanza_find(r, "zz", NULL));
    g_assert_true(stanza_is(r, "r", NULL) && stanza_is(r, "r", "x") && !stanza_is(r, "r", "y"));
}

typedef struct {
    const char *name, *value;
    gint64 min, max;
    gboolean ok;
    gint64 want;
} IntCase;

static const IntCase ints[] = {
    { "zero", "0", 0, 10, TRUE, 0 },
    { "ssrc", "4294967295", 0, 4294967295, TRUE, 4294967295 },
    { "over max", "4294967296", 0, 4294967295, FALSE, 0 },
    { "negative", "-5", -5, 5, TRUE, -5 },
    { "under min", "-6", -5, 5, FALSE, 0 },
    { "plus sign", "+5", 0, 10, FALSE, 0 },
    { "space before", " 5", 0, 10, FALSE, 0 },
    { "space after", "5 ", 0, 10, FALSE, 0 },
    { "empty", "", 0, 10, FALSE, 0 },
    { "only minus", "-", -10, 10, FALSE, 0 },
    { "hex", "0x5", 0, 10, FALSE, 0 },
    { "leading zeros", "007", 0, 10, TRUE, 7 },
    { "beyond 64 bits", "99999999999999999999", 0, G_MAXINT64, FALSE, 0 },
    { "absent", NULL, 0, 10, FALSE, 0 },
};

static void test_int(gconstpointer data)
{
    const IntCase *c = data;
    g_autoptr(Stanza) s = stanza_new("s", NULL);
    stanza_set(s, "v", c->value);
    gint64 out = 77;
    g_assert_cmpint(stanza_get_int(s, "v", c->min, c->max, &out), ==, c->ok);
    g_assert_cmpint(out, ==, c->ok ? c->want : 77);
}

static void test_bool(void)
{
    g_autoptr(Stanza) s = stanza_parse("<s a='true' b='0' c='TRUE' d='1' e='false'/>", 44, NULL);
    g_assert_nonnull(s);
    g_assert_true(stanza_get_bool(s, "a", FALSE));
    g_assert_false(stanza_get_bool(s, "b", TRUE));
    g_assert_true(stanza_get_bool(s, "c", TRUE));
    g_assert_false(stanza_get_bool(s, "c", FALSE));
    g_assert_true(stanza_get_bool(s, "d", FALSE));
    g_assert_false(stanza_get_bool(s, "e", TRUE));
    g_assert_true(stanza_get_bool(s, "none", TRUE));
}

/* A piece of a stream: what names no namespace is in the stream's. */
static void test_parse_in(void)
{
    static const char text[] = "<iq><q xmlns='n'><e/></q><SourceInfo/></iq>";
    g_autoptr(GError) error = NULL;
    g_autoptr(Stanza) s = stanza_parse_in("jabber:client", text, strlen(text), &error);
    g_assert_no_error(error);
    g_assert_cmpstr(stanza_ns(s), ==, "jabber:client");
    g_assert_nonnull(stanza_find(stanza_find(s, "q", "n"), "e", "n"));
    g_assert_nonnull(stanza_find(s, "SourceInfo", "jabber:client"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD_ROWS("/xmpp/stanza/parse", cases, test_case);
    ADD_ROWS("/xmpp/stanza/limit", limits, test_limit);
    ADD_ROWS("/xmpp/stanza/int", ints, test_int);
    g_test_add_func("/xmpp/stanza/build", test_build);
    g_test_add_func("/xmpp/stanza/adopt", test_adopt);
    g_test_add_func("/xmpp/stanza/find", test_find);
    g_test_add_func("/xmpp/stanza/bool", test_bool);
    g_test_add_func("/xmpp/stanza/parse in a stream", test_parse_in);
    return g_test_run();
}
