/* SPDX-License-Identifier: Apache-2.0
 *
 * One stream of an external component (XEP-0114): connects, shakes hands, reads stanzas, writes text. Each
 * received byte costs the same whatever a stanza is made of (doc/decisions/0007). Owned by an XmppLink, which
 * makes a new one for each attempt. One thread, default main context; never waits. */
#ifndef PLENUM_COMMON_XMPP_COMPONENT_STREAM_H
#define PLENUM_COMMON_XMPP_COMPONENT_STREAM_H

#include "common/xmpp/stanza.h"

#define COMPONENT_STREAM_MAX_UNSENT (16 * 1024 * 1024) /* bytes; the server has stopped reading */

/* From the main loop. The stream may be freed inside none of them. */
typedef struct {
    void (*opened)(gpointer user);
    void (*stanza)(const Stanza *stanza, gpointer user); /* any child of the stream; borrowed */
    /* One that is over the limits, or not well-formed: its first tag without content; NULL when that cannot be read. */
    void (*refused)(const Stanza *tag, gpointer user);
    void (*ended)(const char *why, gpointer user); /* once; nothing follows */
} ComponentStreamEvents;

typedef struct {
    const char *host;
    guint16 port;
    const char *domain, *secret;
    guint user_timeout_ms; /* of TCP: unacknowledged data for so long breaks the stream */
} ComponentStreamConfig;

typedef struct ComponentStream ComponentStream;

/* Copies the configuration, events included, and begins to connect. */
ComponentStream *component_stream_new(const ComponentStreamConfig *config, const ComponentStreamEvents *events,
                                      gpointer user);
/* One stanza as text, copied. FALSE: not open, or over COMPONENT_STREAM_MAX_UNSENT; nothing was sent. */
gboolean component_stream_send(ComponentStream *s, const char *text);
/* Says goodbye, as far as the socket takes it at once. */
void component_stream_close(ComponentStream *s);
/* As if the server had gone away: `ended` follows from the main loop. */
void component_stream_break(ComponentStream *s);
/* No event follows; the secret is wiped. NULL is fine. */
void component_stream_free(ComponentStream *s);

#endif
