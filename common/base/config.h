/* SPDX-License-Identifier: Apache-2.0
 *
 * One table row an option; from the table come the parser, the defaults, --print-config, the sample file
 * and the manual's section. The syntax is GKeyFile's: [section], key = value, # comment. Values are read
 * once into a struct of the daemon's that nobody writes again. Loading: start-up, one thread; reading the
 * struct: any thread. */
#ifndef PLENUM_COMMON_BASE_CONFIG_H
#define PLENUM_COMMON_BASE_CONFIG_H

#include <gio/gio.h>
#include <stddef.h>

typedef enum {
    CONFIG_STRING, /* const char *; never NULL, "" when empty; min..max bound its length in bytes */
    CONFIG_INT,    /* gint64, min..max */
    CONFIG_DOUBLE, /* double, min..max */
    CONFIG_BOOL,   /* gboolean: true/false/yes/no/on/off/1/0 */
    CONFIG_CHOICE, /* int: index into choices, "off|eager|release" */
    CONFIG_LIST,   /* const char *const *, NULL-terminated, never NULL; separated by ; or , (max entries) */
    /* const char *, NULL when not given. Never written in the file itself: `KEY_file = /path` names a file
     * whose first line it is, or systemd's credential SECTION.KEY holds it ($CREDENTIALS_DIRECTORY). */
    CONFIG_SECRET,
} ConfigType;

typedef struct {
    const char *section, *key;
    ConfigType type;
    size_t offset;        /* of the field in the daemon's struct */
    const char *fallback; /* as it would be written in the file; NULL for secrets */
    double min, max;      /* inclusive */
    const char *unit;     /* "ms", "seconds"; NULL: none */
    const char *choices;  /* CONFIG_CHOICE only */
    const char *help;     /* one sentence or two, for the sample and the manual */
} ConfigOption;

#define CONFIG_ERROR (config_error_quark())
GQuark config_error_quark(void);
typedef enum { CONFIG_ERROR_FILE, CONFIG_ERROR_SYNTAX, CONFIG_ERROR_UNKNOWN, CONFIG_ERROR_VALUE } ConfigError;

#define CONFIG_MAX_FILE_BYTES (1024 * 1024)

typedef struct Config Config;

/* Reads path, then path's folder's conf.d/NAME/ *.conf in name order (focus.conf -> conf.d/focus/), later files
 * winning. path NULL: defaults and credentials only. `table`, of one row at least, must outlive the result; a row
 * whose fallback it does not take itself ends the program. NULL and *error, a CONFIG_ERROR with the file, the line
 * and, for an unknown section or key, the nearest known one; for a bad value the allowed range. Within one file a
 * section has one heading and a key one line. */
Config *config_load(const ConfigOption *table, size_t n_options, size_t struct_size, const char *path, GError **error);
/* The same from a text ending in NUL, of any length; name is used in errors. No drop-ins. */
Config *config_load_text(const ConfigOption *table, size_t n_options, size_t struct_size, const char *name,
                         const char *text, GError **error);
/* The filled struct: cast to the daemon's type. It and all it points to belong to the Config. */
const void *config_values(const Config *config);
/* Was it given in a file (or as a secret), or is it the default? FALSE also for what is no option. */
gboolean config_is_set(const Config *config, const char *section, const char *key);
/* "file:line" of the option that a message beginning with "[section] key" is about; NULL: it was not given.
 * Borrowed. */
const char *config_where(const Config *config, const char *message);
void config_free(Config *config); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Config, config_free)

/* Texts, freed by the caller with g_free. */
char *config_print(const Config *config);                                 /* values in effect; secrets as "(set)" */
char *config_sample(const ConfigOption *table, size_t n_options);         /* every option, commented out */
char *config_manual_section(const ConfigOption *table, size_t n_options); /* roff for the CONFIGURATION section */

#endif
