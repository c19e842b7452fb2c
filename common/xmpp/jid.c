/* SPDX-License-Identifier: Apache-2.0 */
#include "common/xmpp/jid.h"

#include <string.h>

/* One block: the struct, then the strings. `bare` and `full` are texts of their own so that both can be
 * handed out as they are. */
static Jid *make(const char *local, const char *domain, const char *resource)
{
    size_t ll = strlen(local), dl = strlen(domain), rl = strlen(resource);
    size_t bare = ll + (ll > 0) + dl;
    size_t size = sizeof(Jid) + (ll + 1) + (dl + 1) + (rl + 1) + (bare + 1) + (bare + 1 + rl + 1);
    Jid *jid = g_malloc(size);
    char *p = (char *)(jid + 1);
    jid->local = memcpy(p, local, ll + 1);
    p += ll + 1;
    jid->domain = memcpy(p, domain, dl + 1);
    p += dl + 1;
    jid->resource = memcpy(p, resource, rl + 1);
    p += rl + 1;
    jid->bare = p;
    p += g_snprintf(p, bare + 1, "%s%s%s", local, ll ? "@" : "", domain) + 1;
    jid->full = p;
    g_snprintf(p, bare + 1 + rl + 1, "%s%s%s", jid->bare, rl ? "/" : "", resource);
    return jid;
}

static gboolean has_char_in(const char *text, const char *forbidden)
{
    for (const unsigned char *p = (const unsigned char *)text; *p; p++)
        if (*p <= 0x20 || *p == 0x7f || strchr(forbidden, *p))
            return TRUE;
    return FALSE;
}

/* RFC 7622 3.3, 3.4: width mapping and the rest of PRECIS were the server's work; what it let through is
 * compared after folding case. NULL: not valid. */
static char *normalise(const char *text, size_t len, const char *forbidden)
{
    if (len == 0 || len > JID_MAX_PART || !g_utf8_validate(text, (gssize)len, NULL))
        return NULL;
    g_autofree char *part = g_strndup(text, len);
    gboolean ascii = TRUE;
    for (const char *p = part; *p && ascii; p++)
        ascii = !(*p & 0x80);
    char *folded;
    if (ascii) {
        folded = g_ascii_strdown(part, -1);
    } else {
        g_autofree char *lower = g_utf8_strdown(part, -1);
        folded = g_utf8_normalize(lower, -1, G_NORMALIZE_NFC);
    }
    if (!folded || strlen(folded) > JID_MAX_PART || has_char_in(folded, forbidden)) {
        g_free(folded);
        return NULL;
    }
    return folded;
}

static char *normalise_domain(const char *text, size_t len)
{
    if (len > 0 && text[len - 1] == '.')
        len--; /* RFC 7622 3.2: the final dot is not part of it */
    char *domain = normalise(text, len, "@/\"&'<>\\");
    if (domain && (domain[0] == '.' || strstr(domain, "..") || g_str_has_suffix(domain, "."))) {
        g_free(domain);
        return NULL;
    }
    return domain;
}

static gboolean is_resource(const char *text, size_t len)
{
    if (len == 0 || len > JID_MAX_PART || !g_utf8_validate(text, (gssize)len, NULL))
        return FALSE;
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
            return FALSE;
    return TRUE;
}

static Jid *from_parts(const char *local, size_t local_len, const char *domain, size_t domain_len, const char *resource)
{
    g_autofree char *l = local ? normalise(local, local_len, "\"&'/:<>@") : g_strdup("");
    g_autofree char *d = normalise_domain(domain, domain_len);
    if (!l || !d || (resource && !is_resource(resource, strlen(resource))))
        return NULL;
    return make(l, d, resource ? resource : "");
}

Jid *jid_parse(const char *text)
{
    if (!text || strlen(text) > JID_MAX_LEN)
        return NULL;
    const char *slash = strchr(text, '/'); /* first of all: '@' may stand in a resource */
    const char *end = slash ? slash : text + strlen(text);
    const char *at = memchr(text, '@', (size_t)(end - text));
    const char *domain = at ? at + 1 : text;
    return from_parts(at ? text : NULL, at ? (size_t)(at - text) : 0, domain, (size_t)(end - domain),
                      slash ? slash + 1 : NULL);
}

Jid *jid_build(const char *local, const char *domain, const char *resource)
{
    return from_parts(local, local ? strlen(local) : 0, domain, strlen(domain), resource);
}

Jid *jid_copy(const Jid *jid)
{
    return make(jid->local, jid->domain, jid->resource);
}

void jid_free(Jid *jid)
{
    g_free(jid);
}

static Jid *with_shape(const char *text, int local, int resource) /* 1 wanted, 0 unwanted, -1 either */
{
    Jid *jid = jid_parse(text);
    if (!jid)
        return NULL;
    if ((local >= 0 && (*jid->local != '\0') != local) || (resource >= 0 && (*jid->resource != '\0') != resource)) {
        jid_free(jid);
        return NULL;
    }
    return jid;
}

Jid *jid_parse_bare(const char *text)
{
    return with_shape(text, -1, 0);
}

Jid *jid_parse_full(const char *text)
{
    return with_shape(text, 1, 1);
}

Jid *jid_parse_occupant(const char *text)
{
    return with_shape(text, 1, 1);
}

Jid *jid_parse_room(const char *text)
{
    return with_shape(text, 1, 0);
}

gboolean jid_equal(const Jid *a, const Jid *b)
{
    return strcmp(a->full, b->full) == 0;
}

gboolean jid_is_in(const Jid *jid, const char *domain)
{
    return g_ascii_strcasecmp(jid->domain, domain) == 0;
}

const char *jid_text_resource(const char *text)
{
    const char *slash = strchr(text, '/');
    return slash ? slash + 1 : "";
}

char *jid_text_bare(const char *text)
{
    return g_strndup(text, strcspn(text, "/"));
}
