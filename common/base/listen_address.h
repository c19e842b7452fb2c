/* SPDX-License-Identifier: Apache-2.0
 *
 * Addresses as configuration files have them: ADDRESS:PORT of a listener, the name or address of a host. No text may be
 * NULL. PURE; any thread. */
#ifndef PLENUM_COMMON_BASE_LISTEN_ADDRESS_H
#define PLENUM_COMMON_BASE_LISTEN_ADDRESS_H

#include <glib.h>

/* "127.0.0.1:8080", "[::1]:8080" (IPv6 and nothing else in brackets) -> numeric address (the caller frees) and port,
 * 0 included. FALSE: anything else, names too; nothing is written then. */
gboolean listen_address_parse(const char *text, char **address, guint16 *port);
/* "xmpp.example", "192.0.2.1", "2001:db8::1": a host alone, without port, brackets, scheme or path. Names: letters,
 * digits, - . _ and what UTF-8 has beyond ASCII. */
gboolean listen_address_is_host(const char *text);
/* HOST or HOST:PORT as in a URL (RFC 3986 3.2), "[2001:db8::1]:443"; port 1..65535. */
gboolean listen_address_is_authority(const char *text);

#endif
