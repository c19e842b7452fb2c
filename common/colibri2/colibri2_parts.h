/* SPDX-License-Identifier: Apache-2.0
 *
 * Readers and writers of the pieces of COLIBRI2, shared by request and answer. Inside common/colibri2. */
#ifndef PLENUM_COMMON_COLIBRI2_COLIBRI2_PARTS_H
#define PLENUM_COMMON_COLIBRI2_COLIBRI2_PARTS_H

#include "common/colibri2/colibri2.h"

/* Each returns NULL, or false, and *error (BAD_REQUEST) for what it refuses, the limits of colibri2.h among it; else
 * the caller owns the result. */
Colibri2Endpoint *colibri2_endpoint_read(const Stanza *s, GError **error);
Colibri2Relay *colibri2_relay_read(const Stanza *s, GError **error);
Colibri2Sources *colibri2_sources_read(const Stanza *s, GError **error);
bool colibri2_endpoints_read(GPtrArray *into, const Stanza *parent, GError **error);

void colibri2_endpoint_write(const Colibri2Endpoint *e, Stanza *parent);
void colibri2_relay_write(const Colibri2Relay *r, Stanza *parent);
void colibri2_sources_write(const Colibri2Sources *s, Stanza *parent);

bool colibri2_refuse(GError **error, const char *what); /* BAD_REQUEST with that text; always false */
/* The required id attribute: not empty, at most COLIBRI2_MAX_ID. Borrowed; NULL and *error. */
const char *colibri2_read_id(const Stanza *s, const char *attribute, const char *what, GError **error);
GPtrArray *colibri2_endpoint_array_new(void);

#endif
