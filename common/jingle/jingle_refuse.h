/* SPDX-License-Identifier: Apache-2.0
 *
 * Inside common/jingle: how its parsers and checks say no. PURE; any thread. */
#ifndef PLENUM_COMMON_JINGLE_JINGLE_REFUSE_H
#define PLENUM_COMMON_JINGLE_JINGLE_REFUSE_H

#include <glib.h>
#include <stdbool.h>

/* Sets JINGLE_ERROR_BAD_REQUEST with that text; always false. */
bool jingle_refuse(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);

#endif
