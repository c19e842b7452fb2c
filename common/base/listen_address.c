/* SPDX-License-Identifier: Apache-2.0 */
#include "common/base/listen_address.h"

#include <gio/gio.h>
#include <string.h>

gboolean listen_address_parse(const char *text, char **address, guint16 *port)
{
    g_autoptr(GSocketConnectable) parsed = g_network_address_parse(text, 0, NULL);
    const char *colon = strrchr(text, ':');
    guint64 number;
    if (!parsed || !colon || !g_ascii_string_to_unsigned(colon + 1, 10, 0, 65535, &number, NULL))
        return FALSE;
    const char *host = g_network_address_get_hostname(G_NETWORK_ADDRESS(parsed));
    /* Without brackets "::1:8080" could end in a port, or not. */
    if (!g_hostname_is_ip_address(host) || !strchr(host, ':') != (*text != '['))
        return FALSE;
    *address = g_strdup(host);
    *port = (guint16)number;
    return TRUE;
}

gboolean listen_address_is_host(const char *text)
{
    static const char in_names[] = "-._";
    if (g_hostname_is_ip_address(text))
        return TRUE;
    for (const char *c = text; *c; c++)
        if (!(*c & 0x80) && !g_ascii_isalnum(*c) && !strchr(in_names, *c))
            return FALSE;
    return *text && g_utf8_validate(text, -1, NULL);
}

gboolean listen_address_is_authority(const char *text)
{
    const char *bracket = *text == '[' ? strchr(text, ']') : NULL;
    const char *colon = strrchr(bracket ? bracket : text, ':');
    const char *end = bracket ? bracket + 1 : colon ? colon : text + strlen(text);
    guint64 port;
    g_autofree char *host = bracket ? g_strndup(text + 1, bracket - text - 1) : g_strndup(text, end - text);
    if (end != (colon ? colon : text + strlen(text)))
        return FALSE;
    if (colon && !g_ascii_string_to_unsigned(colon + 1, 10, 1, 65535, &port, NULL))
        return FALSE;
    return listen_address_is_host(host) && !strchr(host, ':') == !bracket;
}
