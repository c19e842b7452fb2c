/* SPDX-License-Identifier: Apache-2.0
 *
 * The small text rules of configuration files, as GKeyFile has them. Pure; any thread; part of config. No text may be
 * NULL. */
#ifndef PLENUM_COMMON_BASE_CONFIG_TEXT_H
#define PLENUM_COMMON_BASE_CONFIG_TEXT_H

/* \s \n \t \r \\ -> what they mean; other backslashes stay. Caller frees. */
char *config_text_unescape(const char *text);
/* Entries between ; or , without surrounding spaces, empty ones left out; caller frees with g_strfreev. */
char **config_text_list(const char *text);
/* How many letters must change (Levenshtein), case ignored; at most 64 letters of each are looked at. */
unsigned config_text_distance(const char *a, const char *b);

#endif
