/* SPDX-License-Identifier: Apache-2.0 */
#include "common/xmpp/link_trouble.h"

#include <string.h>

typedef struct {
    const char *condition, *remedy;
} Remedy;

static const Remedy logins[] = {
    { "not-authorized", "wrong password, or the account does not exist on the server (prosodyctl adduser)" },
    { "account-disabled", "the account is disabled on the server" },
    { "credentials-expired", "the password has expired on the server" },
    { "encryption-required", "the server wants TLS for this login: [xmpp] tls" },
    { "mechanism-too-weak", "the server wants a stronger login for this account, TLS perhaps: [xmpp] tls" },
    { "invalid-mechanism", "server and libstrophe have no login method in common" },
    { "temporary-auth-failure", "the server cannot look up accounts now, see its log" },
    { NULL, NULL }
};

static const Remedy streams[] = {
    { "host-unknown", "the server has no such host: [xmpp] domain, and VirtualHost in the server's configuration" },
    { "host-gone", "the server does not serve this domain any more" },
    { "conflict", "the same account is logged in elsewhere under this nickname: each bridge needs its own" },
    { "not-authorized", "the server wants a login, or TLS before it: [xmpp] tls" },
    { "policy-violation", "the server limits what this account may send, see its log" },
    { "resource-constraint", "the server is short of resources" },
    { "system-shutdown", "the server is going down" },
    { NULL, NULL }
};

static const Remedy components[] = {
    { "not-authorized", "the secret is not component_secret of this Component in the server's configuration" },
    { "host-unknown", "the server has no Component of this domain in its configuration" },
    { "conflict", "a component of this domain is connected already: is another focus running?" },
    { "policy-violation", "the server limits what this component may send, see its log" },
    { "system-shutdown", "the server is going down" },
    { NULL, NULL }
};

static const Remedy *const remedies[] = {
    [LINK_TROUBLE_STREAM] = streams, [LINK_TROUBLE_LOGIN] = logins, [LINK_TROUBLE_COMPONENT] = components
};

const char *link_trouble_remedy(LinkTrouble kind, const char *condition)
{
    for (const Remedy *r = remedies[kind]; r->condition && condition; r++)
        if (strcmp(r->condition, condition) == 0)
            return r->remedy;
    return NULL;
}

/* One line, of valid UTF-8. */
static char *clean(const char *text)
{
    g_autofree char *cut = g_strndup(text, LINK_TROUBLE_TEXT_MAX);
    char *valid = g_utf8_make_valid(cut, -1);
    for (char *c = valid; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            *c = ' ';
    return g_strstrip(valid);
}

char *link_trouble_text(LinkTrouble kind, const char *condition, const char *text)
{
    g_autofree char *said = text && *text ? clean(text) : NULL, *name = condition ? clean(condition) : NULL;
    const char *remedy = link_trouble_remedy(kind, condition);
    GString *s = g_string_new(kind == LINK_TROUBLE_LOGIN ? "login refused" : "stream error");
    if (name && *name)
        g_string_append_printf(s, " %s", name);
    if (said && *said)
        g_string_append_printf(s, " (%s)", said);
    if (remedy)
        g_string_append_printf(s, ": %s", remedy);
    return g_string_free(s, FALSE);
}

char *link_trouble_read(LinkTrouble kind, const Stanza *error)
{
    const char *condition = NULL;
    g_autofree char *text = NULL;
    for (const Stanza *c = error ? stanza_find(error, NULL, NULL) : NULL; c; c = stanza_next(c, NULL, NULL)) {
        if (strcmp(stanza_name(c), "text") != 0)
            condition = condition ? condition : stanza_name(c);
        else if (!text)
            text = stanza_text(c);
    }
    return link_trouble_text(kind, condition, text);
}
