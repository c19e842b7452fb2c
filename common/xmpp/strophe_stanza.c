/* SPDX-License-Identifier: Apache-2.0 */
#include "common/xmpp/strophe_stanza.h"

#include <string.h>

#define NS_CLIENT "jabber:client"
#define NS_COMPONENT "jabber:component:accept"

typedef struct {
    size_t bytes;
    unsigned elements;
} Budget;

static gboolean spend(Budget *b, const char *text)
{
    size_t len = strlen(text);
    if (len > STANZA_MAX_BYTES - b->bytes)
        return FALSE;
    b->bytes += len;
    return TRUE;
}

static const char *our_ns(const char *ns)
{
    return ns && strcmp(ns, NS_COMPONENT) == 0 ? NS_CLIENT : ns ? ns : "";
}

static gboolean convert_attributes(Stanza *to, xmpp_stanza_t *from, Budget *b)
{
    int n = xmpp_stanza_get_attribute_count(from);
    if (n > STANZA_MAX_ATTRIBUTES)
        return FALSE;
    const char *pairs[2 * STANZA_MAX_ATTRIBUTES];
    n = xmpp_stanza_get_attributes(from, pairs, 2 * n);
    for (int i = 0; i + 1 < n; i += 2) {
        if (!spend(b, pairs[i]) || !spend(b, pairs[i + 1]))
            return FALSE;
        if (strcmp(pairs[i], "xmlns") == 0)
            continue;
        /* libstrophe cuts prefixes off; the only attribute with one that XMPP uses is xml:lang */
        stanza_set(to, strcmp(pairs[i], "lang") == 0 ? "xml:lang" : pairs[i], pairs[i + 1]);
    }
    return TRUE;
}

/* Fills `to`, an element of that name; FALSE: over a limit. */
static gboolean convert_into(Stanza *to, xmpp_stanza_t *from, unsigned depth, Budget *b)
{
    if (depth > STANZA_MAX_DEPTH || ++b->elements > STANZA_MAX_ELEMENTS || !convert_attributes(to, from, b))
        return FALSE;
    GString *text = NULL;
    gboolean ok = TRUE;
    for (xmpp_stanza_t *c = xmpp_stanza_get_children(from); ok && c; c = xmpp_stanza_get_next(c)) {
        if (xmpp_stanza_is_text(c)) {
            const char *t = xmpp_stanza_get_text_ptr(c);
            ok = !t || spend(b, t);
            if (ok && t) {
                text = text ? text : g_string_new(NULL);
                g_string_append(text, t);
            }
        } else if (xmpp_stanza_is_tag(c)) {
            const char *name = xmpp_stanza_get_name(c);
            ok = name && spend(b, name);
            ok = ok && convert_into(stanza_child(to, name, our_ns(xmpp_stanza_get_ns(c)), NULL), c, depth + 1, b);
        }
    }
    if (text) {
        /* Payloads have text or children, not both in an order that matters. */
        if (ok)
            stanza_set_text(to, text->str);
        g_string_free(text, TRUE);
    }
    return ok;
}

Stanza *strophe_stanza_convert(xmpp_stanza_t *from)
{
    const char *name = xmpp_stanza_get_name(from);
    Budget b = { 0 };
    if (!name)
        return NULL;
    Stanza *s = stanza_new(name, our_ns(xmpp_stanza_get_ns(from)));
    if (convert_into(s, from, 1, &b))
        return s;
    stanza_free(s);
    return NULL;
}

Stanza *strophe_stanza_tag(xmpp_stanza_t *from)
{
    const char *name = xmpp_stanza_get_name(from);
    Budget b = { 0 };
    Stanza *s = stanza_new(name ? name : "", our_ns(xmpp_stanza_get_ns(from)));
    if (convert_attributes(s, from, &b))
        return s;
    stanza_free(s);
    return NULL;
}
