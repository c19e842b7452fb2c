/* SPDX-License-Identifier: Apache-2.0
 *
 * A stream's text cut into stanzas, for servers inside tests. */
#ifndef PLENUM_TESTS_STANZA_CUTTER_H
#define PLENUM_TESTS_STANZA_CUTTER_H

#include "common/xmpp/stanza.h"

/* The first whole stanza behind the stream header, taken off `raw`; NULL: not there yet. Ours quote with ". */
Stanza *stanza_cut(GString *raw);

#endif
