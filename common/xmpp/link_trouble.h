/* SPDX-License-Identifier: Apache-2.0
 *
 * Why a server closed a stream or refused a login (RFC 6120 4.9.3 and 6.5), in words for an operator, with what to look
 * at. Pure; any thread. */
#ifndef PLENUM_COMMON_XMPP_LINK_TROUBLE_H
#define PLENUM_COMMON_XMPP_LINK_TROUBLE_H

#include "common/xmpp/stanza.h"

#define LINK_TROUBLE_TEXT_MAX 200 /* bytes kept of the server's own words */

typedef enum {
    LINK_TROUBLE_STREAM,    /* <stream:error/> of a client's stream */
    LINK_TROUBLE_LOGIN,     /* <failure/> of SASL */
    LINK_TROUBLE_COMPONENT, /* <stream:error/> of a component's stream, which is also how its handshake is refused */
} LinkTrouble;

/* From the element: its first child names the condition. NULL: nothing but the kind is known. Owned by the caller. */
char *link_trouble_read(LinkTrouble kind, const Stanza *error);
/* condition and text may be NULL; both are cut and cleaned, as they come from the server. */
char *link_trouble_text(LinkTrouble kind, const char *condition, const char *text);
/* The part behind the colon for this condition; NULL: none is known. */
const char *link_trouble_remedy(LinkTrouble kind, const char *condition);

#endif
