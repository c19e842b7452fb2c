/* SPDX-License-Identifier: Apache-2.0 */
#include "common/base/config_text.h"

#include <glib.h>
#include <string.h>

#define MAX_COMPARED 64

char *config_text_unescape(const char *text)
{
    static const char from[] = "sntr\\", to[] = " \n\t\r\\";
    GString *out = g_string_new(NULL);
    for (; *text; text++) {
        const char *hit = *text == '\\' && text[1] ? strchr(from, text[1]) : NULL;
        if (hit)
            text++;
        g_string_append_c(out, hit ? to[hit - from] : *text);
    }
    return g_string_free(out, FALSE);
}

char **config_text_list(const char *text)
{
    GPtrArray *out = g_ptr_array_new();
    g_auto(GStrv) parts = g_strsplit_set(text, ";,", -1);
    for (char **p = parts; *p; p++) {
        const char *entry = g_strstrip(*p);
        if (*entry)
            g_ptr_array_add(out, config_text_unescape(entry));
    }
    g_ptr_array_add(out, NULL);
    return (char **)g_ptr_array_free(out, FALSE);
}

unsigned config_text_distance(const char *a, const char *b)
{
    size_t la = MIN(strlen(a), MAX_COMPARED), lb = MIN(strlen(b), MAX_COMPARED);
    unsigned row[MAX_COMPARED + 1];
    for (size_t j = 0; j <= lb; j++)
        row[j] = (unsigned)j;
    for (size_t i = 1; i <= la; i++) {
        unsigned diagonal = row[0];
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= lb; j++) {
            unsigned above = row[j];
            unsigned change = diagonal + (g_ascii_tolower(a[i - 1]) != g_ascii_tolower(b[j - 1]));
            row[j] = MIN(change, MIN(above, row[j - 1]) + 1);
            diagonal = above;
        }
    }
    return row[lb];
}
