/* SPDX-License-Identifier: Apache-2.0
 *
 * ADDRESS:PORT of a listener, as configuration files have it. PURE. */
#ifndef PLENUM_COMMON_BASE_LISTEN_ADDRESS_H
#define PLENUM_COMMON_BASE_LISTEN_ADDRESS_H

#include <glib.h>

/* "127.0.0.1:8080", "[::1]:8080" -> numeric address (the caller frees) and port, 0 included. FALSE: anything else,
 * names too; nothing is written then. */
gboolean listen_address_parse(const char *text, char **address, guint16 *port);

#endif
