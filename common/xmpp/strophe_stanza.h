/* SPDX-License-Identifier: Apache-2.0
 *
 * libstrophe's stanzas as ours, within the limits of stanza.h. Only xmpp_link includes it; the link's thread. */
#ifndef PLENUM_COMMON_XMPP_STROPHE_STANZA_H
#define PLENUM_COMMON_XMPP_STROPHE_STANZA_H

#include <strophe.h>
#include "common/xmpp/stanza.h"

/* NULL: over a limit of stanza.h. The caller owns it. */
Stanza *strophe_stanza_convert(xmpp_stanza_t *from);
/* Its first tag alone. The caller owns it; NULL: that is over a limit, or has no name. */
Stanza *strophe_stanza_tag(xmpp_stanza_t *from);

#endif
