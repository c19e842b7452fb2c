/* SPDX-License-Identifier: Apache-2.0
 *
 * One HTTP request to a server in the same program. Test thread, which owns the default main context. */
#ifndef PLENUM_TESTS_FAKES_HTTP_CLIENT_H
#define PLENUM_TESTS_FAKES_HTTP_CLIENT_H

#include <glib.h>

typedef struct {
    const char *method, *path;
    const char *type, *body;   /* content type and content; body NULL: none */
    gsize len;                 /* of the body */
    const char *authorization; /* the header's value; NULL: none */
} HttpQuestion;

/* Asks 127.0.0.1:port and waits for the answer. Its status; 0: none came. *text, if wanted, is its content, freed by the
 * caller; NULL: no answer. */
unsigned http_client_ask(guint16 port, const HttpQuestion *q, char **text);

#endif
