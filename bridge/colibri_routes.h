/* SPDX-License-Identifier: Apache-2.0
 *
 * COLIBRI2 in XML to the bridge's functions: decode, find, hand on, encode. Two ways in, an IQ's payload and
 * the body of POST /colibri2, share it. Control thread. */
#ifndef PLENUM_BRIDGE_COLIBRI_ROUTES_H
#define PLENUM_BRIDGE_COLIBRI_ROUTES_H

#include "bridge/bridge.h"

/* <conference-modify/> -> <conference-modified/>, a tree of its own; or NULL and *error, the caller's. focus: as
 * for bridge_modify. */
Stanza *colibri_routes_modify(Bridge *b, const char *focus, const Stanza *request, Colibri2Error **error);
/* The same on text. The answer is text in both cases, the caller frees; *status is the HTTP status. */
char *colibri_routes_post(Bridge *b, const char *body, size_t len, unsigned *status);

#endif
