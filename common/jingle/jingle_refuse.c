/* SPDX-License-Identifier: Apache-2.0 */
#include "common/jingle/jingle_refuse.h"

#include "common/jingle/media_desc.h"

bool jingle_refuse(GError **error, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error_literal(error, JINGLE_ERROR, JINGLE_ERROR_BAD_REQUEST, text);
    return false;
}
