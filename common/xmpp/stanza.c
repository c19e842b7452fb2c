/* SPDX-License-Identifier: Apache-2.0 */
#include "common/xmpp/stanza.h"

#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <stdarg.h>
#include <string.h>

#define X(s) ((const xmlChar *)(s))

G_DEFINE_QUARK(plenum - stanza - error, stanza_error)

/* ---- text that may stand in XML 1.0 ---- */

static gboolean is_xml_char(gunichar c)
{
    return c == '\t' || c == '\n' || c == '\r' || (c >= 0x20 && c != 0xfffe && c != 0xffff);
}

static gboolean is_plain(const char *text)
{
    for (const char *p = text; *p; p++) {
        if ((unsigned char)*p < 0x20 && *p != '\t' && *p != '\n' && *p != '\r')
            return FALSE;
        if ((unsigned char)*p == 0xef) /* U+FFFE, U+FFFF begin so; rare enough to look closer */
            return FALSE;
    }
    return g_utf8_validate(text, -1, NULL);
}

/* Our own values may hold anything (a nick from a database, a text from a form): what XML cannot carry
 * becomes U+FFFD rather than a stream error. Returns NULL when text is fine as it is. */
static char *replace_unwritable(const char *text)
{
    if (is_plain(text))
        return NULL;
    g_autofree char *valid = g_utf8_make_valid(text, -1);
    GString *out = g_string_new(NULL);
    for (const char *p = valid; *p; p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p);
        g_string_append_unichar(out, is_xml_char(c) ? c : 0xfffd);
    }
    return g_string_free(out, FALSE);
}

/* ---- building ---- */

/* Namespace declarations have no prefix and sit on the first element that needs them; an element in its
 * parent's namespace points at the parent's. Nothing has an xmlDoc, so trees own all their strings. */
static void set_ns(xmlNode *node, const char *ns)
{
    if (!ns || !*ns)
        return;
    if (node->parent && node->parent->ns && strcmp((const char *)node->parent->ns->href, ns) == 0)
        node->ns = node->parent->ns;
    else
        node->ns = xmlNewNs(node, X(ns), NULL);
}

Stanza *stanza_new(const char *name, const char *ns)
{
    xmlNode *node = xmlNewNode(NULL, X(name));
    if (!node)
        g_error("out of memory");
    set_ns(node, ns);
    return node;
}

static Stanza *append_child(Stanza *parent, const char *name, const char *ns)
{
    xmlNode *node = xmlNewNode(NULL, X(name));
    if (!node)
        g_error("out of memory");
    xmlAddChild(parent, node);
    set_ns(node, ns);
    return node;
}

Stanza *stanza_child(Stanza *parent, const char *name, const char *ns, ...)
{
    Stanza *child = append_child(parent, name, ns ? ns : stanza_ns(parent));
    va_list ap;
    va_start(ap, ns);
    const char *key;
    while ((key = va_arg(ap, const char *))) {
        const char *value = va_arg(ap, const char *);
        if (value)
            stanza_set(child, key, value);
    }
    va_end(ap);
    return child;
}

static void inherit_ns(xmlNode *node, xmlNs *ns)
{
    if (node->ns)
        return;
    node->ns = ns;
    for (xmlNode *c = node->children; c; c = c->next)
        if (c->type == XML_ELEMENT_NODE)
            inherit_ns(c, ns);
}

Stanza *stanza_adopt(Stanza *parent, Stanza *child)
{
    xmlAddChild(parent, child);
    if (parent->ns)
        inherit_ns(child, parent->ns); /* a root made without namespace means its parent's */
    return child;
}

static void copy_into(Stanza *to, const Stanza *from)
{
    for (const xmlAttr *a = from->properties; a; a = a->next)
        xmlNewProp(to, a->name, a->children && a->children->content ? a->children->content : X(""));
    for (const xmlNode *c = from->children; c; c = c->next) {
        if (c->type == XML_TEXT_NODE)
            xmlAddChild(to, xmlNewText(c->content));
        else if (c->type == XML_ELEMENT_NODE)
            copy_into(append_child(to, (const char *)c->name, stanza_ns(c)), c);
    }
}

Stanza *stanza_copy(const Stanza *s)
{
    Stanza *copy = stanza_new((const char *)s->name, stanza_ns(s));
    copy_into(copy, s);
    return copy;
}

void stanza_free(Stanza *root)
{
    if (root)
        xmlFreeNode(root);
}

static xmlAttr *find_attr(const Stanza *s, const char *name)
{
    for (xmlAttr *a = s->properties; a; a = a->next)
        if (strcmp((const char *)a->name, name) == 0)
            return a;
    return NULL;
}

void stanza_set(Stanza *s, const char *name, const char *value)
{
    xmlAttr *old = find_attr(s, name);
    if (!value) {
        if (old)
            xmlRemoveProp(old);
        return;
    }
    g_autofree char *replaced = replace_unwritable(value);
    const char *text = replaced ? replaced : value;
    if (old && old->children)
        xmlNodeSetContent(old->children, X(text)); /* a text node: taken literally, no entities */
    else
        xmlNewProp(s, X(name), X(text));
}

void stanza_set_int(Stanza *s, const char *name, gint64 value)
{
    char text[24];
    g_snprintf(text, sizeof(text), "%" G_GINT64_FORMAT, value);
    stanza_set(s, name, text);
}

void stanza_set_text(Stanza *s, const char *text)
{
    for (xmlNode *c = s->children, *next; c; c = next) {
        next = c->next;
        if (c->type == XML_TEXT_NODE) {
            xmlUnlinkNode(c);
            xmlFreeNode(c);
        }
    }
    if (!text || !*text)
        return;
    g_autofree char *replaced = replace_unwritable(text);
    xmlAddChild(s, xmlNewText(X(replaced ? replaced : text)));
}

/* ---- reading ---- */

const char *stanza_name(const Stanza *s)
{
    return (const char *)s->name;
}

const char *stanza_ns(const Stanza *s)
{
    return s->ns && s->ns->href ? (const char *)s->ns->href : "";
}

gboolean stanza_is(const Stanza *s, const char *name, const char *ns)
{
    return strcmp(stanza_name(s), name) == 0 && (!ns || strcmp(stanza_ns(s), ns) == 0);
}

const char *stanza_get(const Stanza *s, const char *name)
{
    const xmlAttr *a = find_attr(s, name);
    if (!a)
        return NULL;
    return a->children && a->children->content ? (const char *)a->children->content : "";
}

gboolean stanza_get_bool(const Stanza *s, const char *name, gboolean fallback)
{
    const char *v = stanza_get(s, name);
    if (!v)
        return fallback;
    if (strcmp(v, "true") == 0 || strcmp(v, "1") == 0)
        return TRUE;
    if (strcmp(v, "false") == 0 || strcmp(v, "0") == 0)
        return FALSE;
    return fallback;
}

gboolean stanza_get_int(const Stanza *s, const char *name, gint64 min, gint64 max, gint64 *out)
{
    const char *v = stanza_get(s, name);
    if (!v)
        return FALSE;
    const char *digits = *v == '-' ? v + 1 : v;
    size_t n = strspn(digits, "0123456789");
    if (n == 0 || digits[n] != '\0')
        return FALSE;
    gint64 value;
    if (!g_ascii_string_to_signed(v, 10, min, max, &value, NULL))
        return FALSE;
    *out = value;
    return TRUE;
}

char *stanza_text(const Stanza *s)
{
    const xmlNode *first = s->children;
    if (first && !first->next && first->type == XML_TEXT_NODE)
        return g_strdup(first->content ? (const char *)first->content : "");
    GString *text = g_string_new(NULL);
    for (const xmlNode *c = first; c; c = c->next)
        if (c->type == XML_TEXT_NODE && c->content)
            g_string_append(text, (const char *)c->content);
    return g_string_free(text, FALSE);
}

static Stanza *first_match(xmlNode *node, const char *name, const char *ns)
{
    for (; node; node = node->next)
        if (node->type == XML_ELEMENT_NODE && (!name || strcmp(stanza_name(node), name) == 0) &&
            (!ns || strcmp(stanza_ns(node), ns) == 0))
            return node;
    return NULL;
}

Stanza *stanza_find(const Stanza *parent, const char *name, const char *ns)
{
    return first_match(parent->children, name, ns);
}

Stanza *stanza_next(const Stanza *sibling, const char *name, const char *ns)
{
    return first_match(sibling->next, name, ns);
}

/* ---- writing ---- */

static void write_escaped(GString *out, const char *text, gboolean attribute)
{
    const char *run = text, *p;
    for (p = text; *p; p++) {
        const char *escape = NULL;
        switch (*p) {
        case '&':
            escape = "&amp;";
            break;
        case '<':
            escape = "&lt;";
            break;
        case '>':
            escape = "&gt;";
            break;
        case '\r':
            escape = "&#13;"; /* else the reader turns it into a line feed */
            break;
        case '"':
            escape = attribute ? "&quot;" : NULL;
            break;
        case '\n':
            escape = attribute ? "&#10;" : NULL;
            break;
        case '\t':
            escape = attribute ? "&#9;" : NULL;
            break;
        default:
            break;
        }
        if (escape) {
            g_string_append_len(out, run, p - run);
            g_string_append(out, escape);
            run = p + 1;
        }
    }
    g_string_append_len(out, run, p - run);
}

static void write_attribute(GString *out, const char *name, const char *value)
{
    g_string_append_c(out, ' ');
    g_string_append(out, name);
    g_string_append(out, "=\"");
    write_escaped(out, value, TRUE);
    g_string_append_c(out, '"');
}

/* Clients select by a literal xmlns attribute, so a namespace is always written as the default one. */
static void write_element(GString *out, const Stanza *s, const char *outer_ns)
{
    const char *ns = stanza_ns(s);
    g_string_append_c(out, '<');
    g_string_append(out, stanza_name(s));
    if (strcmp(ns, outer_ns) != 0)
        write_attribute(out, "xmlns", ns);
    for (const xmlAttr *a = s->properties; a; a = a->next)
        write_attribute(out, (const char *)a->name,
                        a->children && a->children->content ? (const char *)a->children->content : "");
    if (!s->children) {
        g_string_append(out, "/>");
        return;
    }
    g_string_append_c(out, '>');
    for (const xmlNode *c = s->children; c; c = c->next) {
        if (c->type == XML_ELEMENT_NODE)
            write_element(out, c, ns);
        else if (c->type == XML_TEXT_NODE && c->content)
            write_escaped(out, (const char *)c->content, FALSE);
    }
    g_string_append(out, "</");
    g_string_append(out, stanza_name(s));
    g_string_append_c(out, '>');
}

char *stanza_to_string(const Stanza *s)
{
    GString *out = g_string_sized_new(512);
    write_element(out, s, "");
    return g_string_free(out, FALSE);
}

/* ---- parsing ---- */

static gboolean fail(GError **error, StanzaParseError code, const char *text)
{
    g_set_error_literal(error, STANZA_ERROR, code, text);
    return FALSE;
}

static const char *after(const char *p, const char *end, const char *mark)
{
    const char *hit = g_strstr_len(p, end - p, mark);
    return hit ? hit + strlen(mark) : end;
}

/* Limits and forbidden constructs, before the parser sees a byte: no DTD, comment or processing instruction
 * (RFC 6120 11.1), and none of the parser's own growth. Ill-formed text may pass; the parser refuses it. */
static gboolean scan(const char *p, const char *end, GError **error)
{
    unsigned depth = 0, elements = 0;
    if (end - p > 5 && memcmp(p, "<?xml", 5) == 0 && g_ascii_isspace(p[5]))
        p = after(p, end, "?>");
    while (p < end) {
        const char *tag = memchr(p, '<', (size_t)(end - p));
        if (!tag)
            return TRUE;
        p = tag + 1;
        if (end - tag >= 9 && memcmp(tag, "<![CDATA[", 9) == 0) {
            p = after(tag, end, "]]>");
            continue;
        }
        if (p < end && (*p == '!' || *p == '?'))
            return fail(error, STANZA_ERROR_FORBIDDEN, "DTD, comment or processing instruction");
        gboolean closing = p < end && *p == '/';
        unsigned attributes = 0;
        char quote = 0;
        for (; p < end && (quote || *p != '>'); p++) {
            if (quote)
                quote = *p == quote ? 0 : quote;
            else if (*p == '"' || *p == '\'')
                quote = *p;
            else if (*p == '=')
                attributes++;
        }
        if (attributes > STANZA_MAX_ATTRIBUTES)
            return fail(error, STANZA_ERROR_TOO_LARGE, "too many attributes");
        if (closing) {
            depth -= depth > 0;
            continue;
        }
        if (++elements > STANZA_MAX_ELEMENTS)
            return fail(error, STANZA_ERROR_TOO_LARGE, "too many elements");
        if (depth + 1 > STANZA_MAX_DEPTH)
            return fail(error, STANZA_ERROR_TOO_LARGE, "nested too deeply");
        if (p[-1] != '/')
            depth++;
    }
    return TRUE;
}

typedef struct {
    const char *default_ns;
    Stanza *root, *open; /* open: the element whose content comes next */
    GString *text;       /* since the last tag; it comes in as many pieces as it has entities */
    gboolean bad;
} Build;

static void flush_text(Build *b)
{
    if (b->text->len > 0 && b->open)
        xmlAddChild(b->open, xmlNewTextLen(X(b->text->str), (int)b->text->len));
    g_string_truncate(b->text, 0);
}

/* The tree is made here rather than by libxml2's own handlers, which would tie it to a document, a string
 * dictionary and the sender's prefixes. */
static void on_start(void *ctx, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri, int n_ns,
                     const xmlChar **namespaces, int n_attributes, int n_defaulted, const xmlChar **attributes)
{
    Build *b = ctx;
    const char *ns = uri ? (const char *)uri : b->default_ns;
    if (b->bad)
        return;
    if (prefix && !uri) { /* undeclared prefix: libxml2 reports it as a mere namespace error */
        b->bad = TRUE;
        return;
    }
    flush_text(b);
    Stanza *s = b->open ? append_child(b->open, (const char *)name, ns) : stanza_new((const char *)name, ns);
    if (!b->root)
        b->root = s;
    b->open = s;
    for (int i = 0; i < n_attributes; i++) {
        const xmlChar **a = attributes + 5 * i; /* name, prefix, uri, value, value's end */
        g_autofree char *value = g_strndup((const char *)a[3], (size_t)(a[4] - a[3]));
        if (!a[1])
            xmlNewProp(s, a[0], X(value));
        else if (strcmp((const char *)a[1], "xml") == 0 && strcmp((const char *)a[0], "lang") == 0)
            xmlNewProp(s, X("xml:lang"), X(value));
        /* other attributes with a prefix mean nothing in XMPP and are left out */
    }
}

static void on_end(void *ctx, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri)
{
    Build *b = ctx;
    if (b->bad || !b->open)
        return;
    flush_text(b);
    b->open = b->open->parent;
}

static void on_text(void *ctx, const xmlChar *text, int len)
{
    Build *b = ctx;
    if (!b->bad && b->open)
        g_string_append_len(b->text, (const char *)text, len);
}

Stanza *stanza_parse(const char *xml, size_t len, GError **error)
{
    return stanza_parse_in("", xml, len, error);
}

Stanza *stanza_parse_in(const char *ns, const char *xml, size_t len, GError **error)
{
    static gsize ready;
    if (g_once_init_enter(&ready)) {
        xmlInitParser();
        g_once_init_leave(&ready, 1);
    }
    if (len > STANZA_MAX_BYTES) {
        fail(error, STANZA_ERROR_TOO_LARGE, "text too long");
        return NULL;
    }
    if (len == 0 || !scan(xml, xml + len, error)) {
        if (len == 0)
            fail(error, STANZA_ERROR_SYNTAX, "empty");
        return NULL;
    }
    Build b = { .default_ns = ns, .text = g_string_new(NULL) };
    xmlSAXHandler sax = { .initialized = XML_SAX2_MAGIC,
                          .startElementNs = on_start,
                          .endElementNs = on_end,
                          .characters = on_text,
                          .ignorableWhitespace = on_text,
                          .cdataBlock = on_text };
    xmlParserCtxt *ctxt = xmlNewParserCtxt();
    if (!ctxt)
        g_error("out of memory");
    *ctxt->sax = sax;
    ctxt->userData = &b;
    /* NOENT makes the five entities of XML plain text; there are no others without a DTD. */
    xmlDoc *doc = xmlCtxtReadMemory(ctxt, xml, (int)len, NULL, "UTF-8", XML_PARSE_NOENT | XML_PARSE_NONET);
    gboolean ok = ctxt->wellFormed && ctxt->nsWellFormed && !b.bad && b.root && !b.open;
    if (doc)
        xmlFreeDoc(doc);
    if (!ok) {
        g_set_error(error, STANZA_ERROR, STANZA_ERROR_SYNTAX, "not well-formed (libxml2 error %d, line %d)",
                    ctxt->lastError.code, ctxt->lastError.line);
        stanza_free(b.root);
        b.root = NULL;
    }
    g_string_free(b.text, TRUE);
    xmlFreeParserCtxt(ctxt);
    return b.root;
}
