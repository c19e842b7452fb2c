/* SPDX-License-Identifier: Apache-2.0
 *
 * Each text is given whole, byte by byte and in pieces of seven: the frames must be the same. */
#include "common/xmpp/stanza_framer.h"

#include <string.h>
#include "tests/fakes/rows.h"

#define HEAD "<?xml version='1.0'?>\n<s:s a='>' b=\"/\">"

typedef struct {
    const char *name, *in;
    const char *want; /* a line a frame: H header, S stanza, O oversized, E end, B bad; then its text */
} Case;

static const Case cases[] = {
    { "nothing", "", "" },
    { "header", HEAD, "H<s:s a='>' b=\"/\">|" },
    { "header without declaration", "<s>", "H<s>|" },
    { "half a header", "<s a='", "" },
    { "stanzas", HEAD "<a/><b>t</b> \n<c d='e'><f/></c>", "H<s:s a='>' b=\"/\">|S<a/>|S<b>t</b>|S<c d='e'><f/></c>|" },
    { "same name inside", "<s><a><a/><a></a></a><a/>", "H<s>|S<a><a/><a></a></a>|S<a/>|" },
    { "brackets in quotes", "<s><a b='<c>' d=\">/'\"/><e f='/'></e>", "H<s>|S<a b='<c>' d=\">/'\"/>|S<e f='/'></e>|" },
    { "cdata", "<s><a><![CDATA[</a>]> ] ]>]]]></a><c/>", "H<s>|S<a><![CDATA[</a>]> ] ]>]]]></a>|S<c/>|" },
    { "half a stanza", "<s><a><b/>", "H<s>|" },
    { "space before the end of a tag", "<s><a ></a ><b />", "H<s>|S<a ></a >|S<b />|" },
    { "end", "<s><a/></s>", "H<s>|S<a/>|E</s>|" },
    { "after the end", "<s></s><a/>", "H<s>|E</s>|" },
    { "more ends than beginnings are no matter of ours", "<s><a></b><c/>", "H<s>|S<a></b>|S<c/>|" },
    { "empty stream", "<s/>", "B" },
    { "text first", "hello", "B" },
    { "text between", "<s><a/>x", "H<s>|S<a/>|B" },
    { "end first", "</s>", "B" },
    { "doctype first", "<!DOCTYPE s><s>", "B" },
    { "doctype inside", "<s><a><!DOCTYPE b></a>", "H<s>|B" },
    { "comment", "<s><a><!-- --></a>", "H<s>|B" },
    { "cdata between", "<s><![CDATA[x]]>", "H<s>|B" },
    { "declaration later", "<s><?xml version='1.0'?>", "H<s>|B" },
    { "instruction inside", "<s><a><?x?></a>", "H<s>|B" },
    { "empty tag name", "<>", "B" },
};

static void add_frame(GString *out, const Frame *f)
{
    g_string_append_c(out, "-HSOEB"[f->type]);
    if (f->type == FRAME_BAD)
        return;
    g_string_append_len(out, f->text, (gssize)f->len);
    g_string_append_c(out, '|');
}

static char *frames(const char *in, size_t len, size_t piece)
{
    StanzaFramer *f = stanza_framer_new();
    GString *out = g_string_new(NULL);
    gboolean over = FALSE;
    for (size_t at = 0; at < len; at += piece) {
        size_t n = MIN(piece, len - at);
        g_autofree char *exact = g_memdup2(in + at, n);
        stanza_framer_push(f, exact, n);
        Frame one;
        while (!over && (one = stanza_framer_next(f)).type != FRAME_NONE) {
            add_frame(out, &one);
            over = one.type == FRAME_BAD || one.type == FRAME_END;
        }
    }
    stanza_framer_free(f);
    return g_string_free(out, FALSE);
}

static void test_case(gconstpointer data)
{
    const Case *c = data;
    static const size_t pieces[] = { 1, 7, 100000 };
    for (size_t i = 0; i < G_N_ELEMENTS(pieces); i++) {
        g_autofree char *got = frames(c->in, strlen(c->in), pieces[i]);
        g_assert_cmpstr(got, ==, c->want);
    }
}

/* One byte too many, in content or in the tag; the next one is read again. */
static void test_oversized(void)
{
    static const size_t pieces[] = { 1, 1000, 16384, 10000000 };
    g_autofree char *text = g_strnfill(STANZA_MAX_BYTES, 'x');
    g_autofree char *fits = g_strdup_printf("<s><a i='1'>%s</a><b/>", text + strlen("<a i='1'></a>"));
    g_autofree char *content = g_strdup_printf("<s><a i='1'><c>%s</c></a><b/>", text);
    g_autofree char *tag = g_strdup_printf("<s><a i='%s'/><b/>", text);
    g_autofree char *long_tag = g_strdup_printf("<s><a i='%.*s'>%s</a><b/>", STANZA_FRAMER_MAX_TAG, text, text);
    for (size_t i = 0; i < G_N_ELEMENTS(pieces); i++) {
        g_autofree char *a = frames(fits, strlen(fits), pieces[i]);
        g_assert_true(g_str_has_prefix(a, "H<s>|S<a i='1'>x"));
        g_assert_true(g_str_has_suffix(a, "x</a>|S<b/>|"));
        g_autofree char *b = frames(content, strlen(content), pieces[i]);
        g_assert_cmpstr(b, ==, "H<s>|O<a i='1'>|S<b/>|");
        g_autofree char *c = frames(tag, strlen(tag), pieces[i]);
        g_assert_cmpstr(c, ==, "H<s>|O|S<b/>|");
        g_autofree char *d = frames(long_tag, strlen(long_tag), pieces[i]);
        g_assert_cmpstr(d, ==, "H<s>|O|S<b/>|");
    }
    g_autofree char *header = g_strdup_printf("<s a='%.*s'>", STANZA_FRAMER_MAX_TAG, text);
    g_autofree char *bad = frames(header, strlen(header), 1000);
    g_assert_cmpstr(bad, ==, "B");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD_ROWS("/xmpp/framer", cases, test_case);
    g_test_add_func("/xmpp/framer/oversized", test_oversized);
    return g_test_run();
}
