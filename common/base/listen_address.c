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
    if (!g_hostname_is_ip_address(host))
        return FALSE;
    *address = g_strdup(host);
    *port = (guint16)number;
    return TRUE;
}
