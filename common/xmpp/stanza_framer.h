/* SPDX-License-Identifier: Apache-2.0
 *
 * The bytes of an XML stream (RFC 6120 4.2, XEP-0114) cut into the texts of its stanzas, in one pass over each
 * byte, whatever they hold. Looks at no more XML than tags, quotes and CDATA need; whether a text is well-formed
 * is for stanza_parse to say. PURE; one thread. */
#ifndef PLENUM_COMMON_XMPP_STANZA_FRAMER_H
#define PLENUM_COMMON_XMPP_STANZA_FRAMER_H

#include "common/xmpp/stanza.h"

#define STANZA_FRAMER_MAX_TAG                                                                                          \
    8192 /* bytes of the stream's header, and of a first tag that is kept of an oversized one */

typedef enum {
    FRAME_NONE,      /* more bytes are needed */
    FRAME_HEADER,    /* text: the stream's opening tag */
    FRAME_STANZA,    /* text: one child of the stream, of at most STANZA_MAX_BYTES */
    FRAME_OVERSIZED, /* text: the opening tag of a child that was longer, "" when that alone was too long */
    FRAME_END,       /* the stream was closed */
    FRAME_BAD,       /* no XML stream, or one with DTD, comments or processing instructions; it stays so */
} FrameType;

typedef struct {
    FrameType type;
    const char *text; /* borrowed until the next call; not NUL-terminated */
    size_t len;
} Frame;

typedef struct StanzaFramer StanzaFramer;

StanzaFramer *stanza_framer_new(void);    /* of one stream, from its first byte */
void stanza_framer_free(StanzaFramer *f); /* NULL is fine */
/* What arrived, copied. Take frames until there is FRAME_NONE before the next: what is kept is then less than
 * STANZA_MAX_BYTES and one push. */
void stanza_framer_push(StanzaFramer *f, const char *bytes, size_t len);
Frame stanza_framer_next(StanzaFramer *f);

#endif
